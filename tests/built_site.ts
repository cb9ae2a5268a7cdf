/**
 * The site, built and served: for its tests.
 * @module
 */
import assert from "node:assert/strict";
import { freshFolder, runDeno } from "./result_files.ts";

/** Whether there is a browser to open pages in; says so where there is none. */
export async function hasChromium(): Promise<boolean> {
  const { code } = await runDeno(
    "eval",
    'await new Deno.Command("chromium", { args: ["--version"], stdout: "null" }).output()',
  );
  if (code !== 0) console.log("skipped: there is no chromium to open pages in");
  return code === 0;
}

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
  assert.deepEqual([built.code, built.stderr], [0, ""]);
  return folder;
}

const TYPES: Record<string, string> = {
  html: "text/html",
  js: "text/javascript",
  css: "text/css",
  svg: "image/svg+xml",
  json: "application/json",
};

/** Serves the site under a path that is not a server's root. */
export async function withSite(
  work: (address: string, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await builtSite();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const path = new URL(request.url).pathname.replace(/^\/some\/path\//, "");
    try {
      // Wasm comes without its type, as from servers that do not know it
      const type = TYPES[path.split(".").at(-1)!] ?? "application/octet-stream";
      const body = await Deno.readFile(`${folder}/${path}`);
      return new Response(body, { headers: { "content-type": type } });
    } catch {
      return new Response("not found", { status: 404 });
    }
  });
  try {
    await work(`http://127.0.0.1:${server.addr.port}/some/path/`, folder);
  } finally {
    await server.shutdown();
  }
}
