/**
 * The site as it is built, and the check that the science shelf can run in a browser.
 */
import assert from "node:assert/strict";
import { dirname, join, normalize } from "node:path/posix";
import { freshFolder, runDeno } from "./result_files.ts";

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

Deno.test("every address in the site's pages is relative and leads to a file of the site", async () => {
  const folder = freshFolder("site-");
  const { code, stderr } = await runDeno(
    ...["run", ...LOCK, `--allow-write=${folder}`, "web/site.ts", "--out", folder],
  );
  assert.deepEqual([code, stderr], [0, ""]);
  const files = filesIn(folder), pages = files.filter((path) => path.endsWith(".html"));
  assert(pages.includes("lab/index.html"), pages.join());
  let links = 0;
  for (const page of pages) {
    const text = Deno.readTextFileSync(join(folder, page));
    for (const [, address] of text.matchAll(/ (?:href|src)="([^"#]*)(?:#[^"]*)?"/g)) {
      // what is not on the site is only linked to, never loaded
      if (/^(https?|data):/.test(address) || address === "") continue;
      assert(!address.startsWith("/"), `${page} has the address ${address} of a server's root`);
      assert(files.includes(normalize(join(dirname(page), address))), `${page} -> ${address}`);
      links++;
    }
  }
  assert(links > 5, "the reader of links finds none");
});
