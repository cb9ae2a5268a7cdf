/**
 * The package for npm, as its users have it: packed, installed and run under Node, and Bun where it is.
 */
import assert from "node:assert/strict";
import { freshFolder, hasProgram, runDeno } from "./result_files.ts";

const LOCK = ["--quiet", "--no-prompt", "--ignore-env", "--lock=web/deno.lock", "--allow-read=."];
const hasBun = await hasProgram("bun"), PROGRAMS = ["node", ...hasBun ? ["bun"] : []];
const TEN_LINES = "tests/fixtures/ten_lines.js";

/** What an engine without relaxed SIMD says of the probe for it. */
const PLAIN = `const validate = WebAssembly.validate;
WebAssembly.validate = (bytes) => !String(bytes).includes("253,128,2") && validate(bytes);
await import("./script.js");
`;

/** The package, installed in a folder of a user. */
interface Installed {
  /** Folder in which the user's folder and others may stand. */
  folder: string;
  /** What the user's script printed, by program. */
  printed: Record<string, string>;
}

let installed: Promise<Installed> | undefined;

/** Builds the package, packs it and installs it, once for all tests here. */
function install(): Promise<Installed> {
  return installed ??= (async () => {
    const folder = freshFolder("npm-"), here = `${Deno.cwd()}/${folder}`;
    const built = await runDeno(
      ...["run", ...LOCK, `--allow-write=${folder}`, "web/npm.ts", "--out", `${folder}/package`],
    );
    assert.deepEqual([built.code, built.stderr], [0, ""]);
    Deno.mkdirSync(`${folder}/user`);
    Deno.writeTextFileSync(`${folder}/user/package.json`, '{ "private": true, "type": "module" }');
    Deno.copyFileSync(TEN_LINES, `${folder}/user/script.js`);
    const ran = await runDeno(
      ...["run", "--quiet", "--no-prompt", `--allow-run=npm,${PROGRAMS}`],
      ...["tests/fixtures/npm_package.ts", `${here}/package`, `${here}/user`, "script.js"],
      ...PROGRAMS,
    );
    assert.equal(ran.code, 0, ran.stderr);
    const lines = ran.stdout.split("\n");
    return { folder, printed: Object.fromEntries(PROGRAMS.map((name, i) => [name, lines[i]])) };
  })();
}

let expected: Promise<{ relaxed: string; plain: string }> | undefined;

/** What the script prints in Deno on both builds of the kernels, once for all tests here. */
function inDeno(): Promise<{ relaxed: string; plain: string }> {
  return expected ??= (async () => {
    const { folder } = await install();
    const toolkit = new URL("../mod.ts", import.meta.url).href;
    Deno.mkdirSync(`${folder}/deno`);
    Deno.writeTextFileSync(
      `${folder}/deno/script.js`,
      Deno.readTextFileSync(TEN_LINES).replace("@startcoding/toolkit", toolkit).replaceAll(
        '"sae.safetensors"',
        `"${folder}/sae.safetensors"`,
      ),
    );
    Deno.writeTextFileSync(`${folder}/deno/plain.js`, PLAIN);
    // one after the other, since both save to one file
    const run = (name: string) =>
      runDeno(
        ...["run", "--quiet", "--no-prompt", "--ignore-env", "--allow-read=."],
        ...[`--allow-write=${folder}`, `${folder}/deno/${name}`],
      );
    const relaxed = await run("script.js"), plain = await run("plain.js");
    assert.deepEqual([relaxed.stderr, plain.stderr], ["", ""]);
    assert.notEqual(relaxed.stdout, plain.stdout, "the two builds differ in their last bits");
    return { relaxed: relaxed.stdout, plain: plain.stdout };
  })();
}

Deno.test("the packed package computes under Node what Deno computes, to the bit", async () => {
  const { folder, printed: { node } } = await install();
  const manifest = JSON.parse(Deno.readTextFileSync(`${folder}/package/package.json`));
  assert.deepEqual(Object.keys(manifest.dependencies), ["ml-matrix"]);
  // Node 20 has no relaxed SIMD, later ones have
  const { relaxed, plain } = await inDeno();
  assert([relaxed, plain].includes(node), node);
});

Deno.test({
  name: "the packed package computes under Bun what Deno computes without relaxed SIMD, to the bit",
  ignore: !hasBun,
  async fn() {
    const { printed: { bun } } = await install();
    // Bun before 1.4 has none, later ones round a product before they add to it
    assert.equal(bun, (await inDeno()).plain);
  },
});

Deno.test("the package's types are right, all of them, and those of what it exports", async () => {
  const { folder } = await install(), use = `${folder}/user/use.ts`;
  Deno.writeTextFileSync(
    use,
    `import { fista, type Matrix32 } from "@startcoding/toolkit";
declare const X: Matrix32;
export const codes: Matrix32 = fista(X, X, { lambda: 0.1 });
// @ts-expect-error -- lambda is a number
fista(X, X, { lambda: "0.1" });
`,
  );
  // the compiler as the package's users have it, which reads its own files, too
  const { code, stdout, stderr } = await runDeno(
    ...["run", "--quiet", "--no-prompt", "--lock=web/deno.lock", "--allow-read", "--allow-env"],
    ...["npm:typescript@5.9.3/tsc", "--noEmit", "--strict", "--module", "nodenext"],
    ...["--target", "esnext", "--lib", "esnext,dom", use],
  );
  assert.deepEqual([code, stdout, stderr], [0, "", ""]);
});
