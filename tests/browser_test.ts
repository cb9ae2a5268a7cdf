/**
 * The site in a browser: what its pages ask of a reader and what they request; the Lab's numbers against
 * Deno's, and its controls. Its name stands early among the tests: the longest of those that run at the
 * same time, it must not begin last.
 */
import assert from "node:assert/strict";
import { join } from "node:path/posix";
import { withSite } from "./built_site.ts";
import { freshFolder, hasProgram, runDeno } from "./result_files.ts";
import type { Saved } from "./fixtures/lab_page.ts";
import type { EmptyLab, LabUse } from "./fixtures/lab_use.ts";

const ignore = !await hasProgram("chromium");

Deno.test({
  name:
    "every page is without violations, light and wide, dark and narrow, and requests nothing else",
  ignore,
  async fn() {
    await withSite(async (address, site) => {
      const pages = [...Deno.readDirSync(site)].flatMap(({ name, isDirectory }) =>
        isDirectory
          ? [...Deno.readDirSync(join(site, name))].map((file) => `${name}/${file.name}`)
          : [name]
      ).filter((path) => path.endsWith(".html") && path !== "lab/index.html");
      assert(pages.length > 5, pages.join());
      const { code, stdout, stderr } = await runDeno(
        ...["run", "--quiet", "--no-prompt", "--lock=tests/deno.lock", "--allow-run=chromium"],
        ...["--allow-net=127.0.0.1", "tests/fixtures/use_pages.ts"],
        `${Deno.cwd()}/${freshFolder("profile-")}`,
        ...pages.map((page) => address + page),
      );
      assert.equal(code, 0, stderr);
      const { violations, requested, complaints } = JSON.parse(stdout);
      assert.deepEqual(violations, []);
      assert.deepEqual(complaints, []);
      assert.deepEqual(requested.filter((url: string) => !url.startsWith(address)), []);
      assert(requested.length > pages.length);
    });
  },
});

/** A small problem, so that the trainings end within a second. */
const SEARCH = "?n=30&k=3&samples=600&epochs=20&lambda=0.05&noise=0.01&seed=3&sample=2&step=40";

/** Uses the page, with relaxed SIMD or without it. */
async function useLab(address: string, build = ""): Promise<LabUse> {
  const { code, stdout, stderr } = await runDeno(
    ...["run", "--quiet", "--no-prompt", "--lock=tests/deno.lock", "--allow-run=chromium"],
    ...["--allow-net=127.0.0.1", "tests/fixtures/use_lab.ts", address + SEARCH],
    ...[`${Deno.cwd()}/${freshFolder("profile-")}`, build],
  );
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

const FIGURES = ["codes", "training", "learners", "plane"];

/**
 * Runs scripts on a build of the kernels, in a folder that has nothing else in it, with the path of
 * `mod.ts` in their import; reads the line that each prints.
 */
async function inDeno(scripts: readonly string[], build: string): Promise<unknown[]> {
  const folder = freshFolder("lab-"), toolkit = new URL("../mod.ts", import.meta.url).href;
  const paths = scripts.map((script) => {
    const path = Deno.makeTempFileSync({ dir: folder, suffix: ".ts" });
    assert(script.includes('from "./mod.ts"'), script);
    Deno.writeTextFileSync(path, script.replace('"./mod.ts"', JSON.stringify(toolkit)));
    return path;
  });
  const plain = `const validate = WebAssembly.validate;
WebAssembly.validate = (bytes) => !String(bytes).includes("253,128,2") && validate(bytes);\n`;
  const imports = paths.map((path) => `await import("./${path.split("/").at(-1)}");\n`).join("");
  const start = Deno.makeTempFileSync({ dir: folder, suffix: ".ts" });
  Deno.writeTextFileSync(start, (build === "plain" ? plain : "") + imports);
  // their types are right, too; one build's stand for the other's
  const check = build === "plain" ? "--no-check" : "--check";
  const { stdout, stderr } = await runDeno(
    ...["run", "--quiet", "--no-prompt", "--ignore-env", check, "--allow-read=.", start],
  );
  assert.equal(stderr, "");
  return stdout.split("\n").map((line) => JSON.parse(line));
}

/** What each build computed in Deno: one browser after the other is held against the same. */
const computed = new Map<string, Promise<unknown[]>>();

/**
 * The rows that were saved, and the dictionaries, against what the scripts that were saved compute in Deno.
 *
 * @param cosineError What the cosines of atoms may differ by; all else is the same to the bit.
 */
async function assertSame(
  { saved, dictionaries }: Saved,
  build: string,
  cosineError = 0,
): Promise<void> {
  const scripts = FIGURES.map((name) => saved[`${name}.ts`]);
  const print = "console.log(JSON.stringify(Object.entries(learned)" +
    ".map(([name, { data }]) => [name, [...data]])));";
  const all = [...scripts, saved["learners.ts"].replace(/^console\.log.*$/m, print)];
  const key = [build, ...all].join("\n");
  if (!computed.has(key)) computed.set(key, inDeno(all, build));
  const printed = await computed.get(key)!;
  FIGURES.forEach((name, figure) => {
    const rows = JSON.parse(saved[`${name}.json`]), expected = printed[figure] as typeof rows;
    assert(rows.length >= 10, `${name} has ${rows.length} rows`);
    // two lines that say how to run it, ten, and the brackets of what is done after an epoch
    assert(scripts[figure].trim().split("\n").length <= 15, scripts[figure]);
    for (const [i, row] of rows.entries()) {
      if (Math.abs(row.cosine - expected[i]?.cosine) <= cosineError) {
        row.cosine = expected[i].cosine;
      }
    }
    assert.deepEqual(rows, expected, `${name} ${build}`);
  });
  const byName = (a: [string, number[]], b: [string, number[]]) => a[0] < b[0] ? -1 : 1;
  assert.deepEqual(
    dictionaries.sort(byName),
    (printed.at(-1) as [string, number[]][]).toSorted(byName),
  );
}

Deno.test({
  name: "the Lab computes what Deno computes, to the bit, on both builds, and every control works",
  ignore,
  async fn() {
    await withSite(async (site) => {
      const address = `${site}lab/index.html`;
      const use = await useLab(address);
      assert.deepEqual(use.complaints, []);
      assert.deepEqual(use.violations, []);
      const outside = use.requested.filter((url) =>
        !url.startsWith(new URL("../", address).href) && !/^(blob|data):/.test(url)
      );
      assert.deepEqual(outside, []);
      assert(use.requested.some((url) => url.endsWith("kernels.wasm")));
      await assertSame(use, "");

      assert(use.controls.length > 40, `${use.controls.length} controls`);
      assert.deepEqual(use.used, use.controls);
      assert.equal(Object.keys(use.saved).length, 12);
      for (const name of FIGURES) assert.match(use.saved[`${name}.svg`], /^svg \d+$/, name);
      const [before, dragged, turned] = use.atom;
      assert.notDeepEqual(dragged, before);
      assert.notDeepEqual(turned, dragged);
      assert.equal(use.addresses[1], use.addresses[0], "an address gives its own state again");
      assert(use.addresses[0].includes("atoms="), use.addresses[0]);
      assert.equal(use.hidden.status, "Stopped while the page is hidden");
      assert.equal(use.hidden.records[0], use.hidden.records[1], "a hidden page computes nothing");
      assert.equal(use.hidden.end, "Done");

      const plain = await useLab(address, "plain");
      assert.deepEqual(plain.complaints, []);
      assert(plain.requested.some((url) => url.endsWith("kernels_simd.wasm")));
      assert.notDeepEqual(plain.dictionaries, use.dictionaries, "the builds differ in last bits");
      await assertSame(plain, "plain");
    });
  },
});

Deno.test({
  name:
    "the Lab's figures have no ticks before there are numbers, and no words cut off in a narrow window",
  ignore,
  async fn() {
    await withSite(async (site) => {
      const { code, stdout, stderr } = await runDeno(
        ...["run", "--quiet", "--no-prompt", "--lock=tests/deno.lock", "--allow-run=chromium"],
        ...["--allow-net=127.0.0.1", "tests/fixtures/use_empty_lab.ts"],
        `${Deno.cwd()}/${freshFolder("profile-")}`,
        // a map of all pairs, and one of blocks
        ...[100, 300].map((n) => `${site}lab/index.html?n=${n}&samples=200&atoms=1,0_0,1`),
      );
      assert.equal(code, 0, stderr);
      const found: EmptyLab[] = JSON.parse(stdout);
      assert.equal(found.length, 2);
      for (const { cut, learners, readings } of found) {
        assert.deepEqual(cut, []);
        assert.match(readings.learners, /^Nothing learned yet/);
        const label = learners.indexOf("training samples that use the atom");
        // before it stands the upper tick of the strip above
        assert.equal(learners[label - 1], "1", learners.join("\n"));
        assert.match(readings.plane, /^2 atoms, 1 pair: /);
      }
    });
  },
});

Deno.test({
  name: "Firefox computes in the Lab what Deno computes: all but cosines to the bit",
  ignore: !await hasProgram("firefox-esr"),
  async fn() {
    await withSite(async (site) => {
      const { code, stdout, stderr } = await runDeno(
        ...["run", "--quiet", "--no-prompt", "--no-lock", "--allow-run=firefox-esr"],
        ...["--allow-net=127.0.0.1", "tests/fixtures/use_firefox.ts"],
        ...[`${site}lab/index.html${SEARCH}`, `${Deno.cwd()}/${freshFolder("firefox-")}`],
      );
      assert.equal(code, 0, stderr);
      const { complaints, ...saved }: Saved & { complaints: string[] } = JSON.parse(stdout);
      assert.deepEqual(complaints, []);
      // the true atoms' normal numbers need Math.log, whose last bit is the engine's own; samples are
      // rounded to float32, and of two unit vectors a cosine is wrong by a few times 2⁻⁵²
      await assertSame(saved, "", 1e-15);
    });
  },
});
