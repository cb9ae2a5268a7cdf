/**
 * The site as it is built, and the check that the science shelf can run in a browser.
 */
import assert from "node:assert/strict";
import { dirname, join, normalize } from "node:path/posix";
import { claimRows, judgeClaims } from "../lib/reports/claims.ts";
import { paperClaims } from "../lib/reports/paper_claims.ts";
import { readRowFiles } from "../lib/reports/row_files.ts";
import { builtSite } from "./built_site.ts";
import { runDeno } from "./result_files.ts";

const LOCK = ["--quiet", "--no-prompt", "--ignore-env", "--lock=web/deno.lock", "--allow-read=."];

Deno.test("the science shelf names no API of Deno but where it has asked for it", async () => {
  const { code, stdout, stderr } = await runDeno("run", ...LOCK, "web/browser_check.ts");
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(stdout, /^\d{2,} modules, 0 places that name Deno$/);
});

/** All files below a folder, by their path in it. */
function filesIn(folder: string, below = ""): string[] {
  return [...Deno.readDirSync(join(folder, below))].flatMap(({ name, isDirectory }) => {
    const path = join(below, name);
    return isDirectory ? filesIn(folder, path) : [path];
  });
}

Deno.test("every address in the site's pages is relative and leads to a place in a file of the site", async () => {
  const folder = await builtSite();
  const files = filesIn(folder), pages = files.filter((path) => path.endsWith(".html"));
  const text = new Map(pages.map((page) => [page, Deno.readTextFileSync(join(folder, page))]));
  const parts = new Map([...text].map(([page, html]) => {
    const ids = [...html.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
    assert.equal(new Set(ids).size, ids.length, `${page} has an id twice`);
    return [page, new Set(ids)];
  }));
  for (const page of ["lab", "gallery", "guides", "parity", "benchmarks"]) {
    assert(text.has(`${page}/index.html`), page);
  }
  let links = 0;
  for (const [page, html] of text) {
    for (const [, tag, name, value] of html.matchAll(/<(\w+)[^>]*? (href|src|srcset)="([^"]*)"/g)) {
      // what is not on the site is only linked to, never loaded
      if (/^https:/.test(value) && tag === "a" && name === "href") continue;
      assert.doesNotMatch(value, /^(\w+:|\/)/, `${page} has the address ${value}`);
      const [address, part] = value.split("#");
      const target = address === "" ? page : normalize(join(dirname(page), address));
      assert(files.includes(target), `${page} -> ${value}`);
      if (part !== undefined) {
        assert(parts.get(target)?.has(decodeURIComponent(part)), `${page} -> ${value}`);
      }
      links++;
    }
  }
  assert(links > 200, `the reader of links finds ${links}`);
});

Deno.test("a figure that a narrow window has no room for has a drawing for it", async () => {
  const folder = await builtSite();
  const pages = filesIn(folder).filter((path) => path.endsWith(".html"));
  const widthOf = (path: string) =>
    Number(/<svg[^>]* width="(\d+)/.exec(Deno.readTextFileSync(path))![1]);
  let wide = 0;
  for (const page of pages) {
    const html = Deno.readTextFileSync(join(folder, page));
    for (const [, source, image] of html.matchAll(PICTURE)) {
      const [file, narrow] = [image, source]
        .map((path) => path && join(folder, dirname(page), path));
      // what is shown at 358 pixels, as in a window of 390, must stay above three quarters of its size
      if (widthOf(file) <= 480) continue;
      assert(narrow, `${page} shows ${image} in every window`);
      assert(widthOf(narrow) <= 480, `${narrow} is as wide`);
      wide++;
    }
  }
  assert(wide > 20, `${wide} wide figures`);
});

/** An image of a drawing, with the drawing for narrow windows before it where there is one. */
const PICTURE = /(?:<source media="[^"]*" srcset="([^"]*)">\s*)?<img src="([^"]*\.svg)"/g;

Deno.test("every figure and every file of rows that ships is in the gallery", async () => {
  const folder = await builtSite(), gallery = join(folder, "gallery");
  const html = Deno.readTextFileSync(join(gallery, "index.html"));
  for (const [shipped, copies] of [["figures", "figures"], ["results", "rows"]]) {
    const names = filesIn(`${shipped}/shipped`).filter((name) => /\.(svg|json)$/.test(name));
    assert(names.length > 20, shipped);
    for (const name of names) {
      const own = Deno.readTextFileSync(`${shipped}/shipped/${name}`);
      assert.equal(Deno.readTextFileSync(join(gallery, copies, name)), own, name);
      assert(html.includes(`href="${copies}/${name}"`), name);
    }
  }
  assert.doesNotMatch(html, /<img(?![^>]* alt="[^"])/, "a picture without words");
});

Deno.test("the number beside a claim's verdict bears it out, and a claim that is not decided says what is missing", async () => {
  const html = Deno.readTextFileSync(join(await builtSite(), "index.html"));
  const claims = judgeClaims(paperClaims, claimRows(readRowFiles("results/shipped").files));
  const rows = [...html.matchAll(/<td class="[a-z-]+">([a-z ]+)<\/td><td>(.*?)<\/td>/g)];
  assert(html.includes("<code>deno task claims --results results/shipped</code>"));
  assert.deepEqual(rows.map(([, verdict]) => verdict), claims.map(({ verdict }) => verdict));
  for (const [i, { id, verdict, conditions }] of claims.entries()) {
    const [, says, value, sign, threshold, more] =
      /^(.*): (\S+) \(asked:\s([≥≤])\s([^;]+?)(; .*)?\)$/.exec(rows[i][2]) ?? [];
    const [found, asked] = [value, threshold].map((text) => Number(text?.replace("−", "-")));
    assert(conditions.some((one) => one.says === says && one.threshold === asked), rows[i][2]);
    const bearsOut = sign === "≥" ? found >= asked : found <= asked;
    const cases = conditions.flatMap(({ cases }) => cases);
    assert.equal(bearsOut, cases.every(({ holds }) => holds !== false), `${id}: ${rows[i][2]}`);
    const open = cases.filter(({ holds }) => holds === undefined).length;
    const missing = `; ${open} of ${cases.length} cases without rows`;
    assert.equal(more, verdict === "not decided" ? missing : undefined, id);
  }
});

Deno.test("the README says how to look at the site, as the task's --help does", async () => {
  const { stdout } = await runDeno("run", ...LOCK, "web/site.ts", "--help");
  const [command] = /python3 .*$/m.exec(stdout)!;
  const readme = Deno.readTextFileSync("README.md");
  assert(readme.includes(`\ndeno task site\n${command}\n`), command);
});
