/**
 * The site, built and served: for its tests.
 * @module
 */
import assert from "node:assert/strict";
import { serveFolder } from "./fixtures/serve_folder.ts";
import { freshFolder, runDeno } from "./result_files.ts";

let site: Promise<string> | undefined;

/** The folder of the site, built as its task does, once for the tests of a file, which only read it. */
export function builtSite(): Promise<string> {
  return site ??= buildSite();
}

async function buildSite(): Promise<string> {
  const folder = freshFolder("site-");
  const shelf = [...Deno.readDirSync("lib")].filter(({ isFile, name }) =>
    isFile && name.endsWith(".ts")
  );
  const api = `${folder}.api`;
  const told = await runDeno(
    ...["doc", "--quiet", "--html", "--name=toolkit", `--output=${api}`],
    ...shelf.map(({ name }) => `lib/${name}`),
  );
  assert.equal(told.code, 0, told.stderr);
  const built = await runDeno(
    ...["run", "--quiet", "--no-prompt", "--ignore-env", "--lock=web/deno.lock"],
    ...["--allow-read=.", `--allow-write=${folder}`, "web/site.ts", "--out", folder, "--api", api],
  );
  const hint = `To look at it:\n  python3 -m http.server --directory ${folder}`;
  assert.deepEqual([built.code, built.stderr], [0, hint]);
  return folder;
}

/** Serves the site under a path that is not a server's root. */
export async function withSite(
  work: (address: string, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await builtSite();
  // Wasm comes without its type, as from servers that do not know it
  const { server, address } = serveFolder(folder, { under: "/some/path/", unknown: [".wasm"] });
  try {
    await work(address, folder);
  } finally {
    await server.shutdown();
  }
}
