/**
 * `deno task browser-check`: proves that the science shelf, and all that the pages are made of, can be
 * bundled for a browser and names no API of Deno but where it has asked for it before.
 *
 * Permissions: read on the checkout.
 * @module
 */
import { type Command, runCommand } from "../lib/sweep/command.ts";
import { bundle, toJavaScript } from "./bundle.ts";
import { LAB_ENTRIES } from "./lab_page.ts";

/** The command, for its usage. */
export const command: Command<Record<never, never>> = {
  task: "browser-check",
  action: "check",
  about:
    `Bundles mod.ts, the science modules of lib/ and the scripts of the pages for a browser, and
lists every place that names an API of Deno.`,
  flags: {},
  closing: "Exit code: 0 there is none, 1 there is one, 2 bad usage.",
};

/** Modules that name Deno's API after they have asked whether it is there, and how they ask. */
const GUARDED = new Map([["lib/system_blas.ts", 'typeof Deno === "undefined"']]);

/** Modules of the shelf that are about rows, files and figures, not about mathematics. */
const STUDY = ["lib/results.ts", "lib/sweep.ts", "lib/figures.ts", "lib/atomic_file.ts"];

if (import.meta.main) await runCommand(command, check);

async function check(): Promise<number> {
  const shelf = [...Deno.readDirSync("lib")].map(({ name }) => `lib/${name}`)
    .filter((path) => path.endsWith(".ts") && !STUDY.includes(path));
  const entries = Object.fromEntries(["mod.ts", ...shelf].map((path) => [path, path]));
  const { sources } = await bundle({ ...entries, ...LAB_ENTRIES });
  const found: string[] = [];
  for (const path of sources) {
    const source = await Deno.readTextFile(path);
    const guard = GUARDED.get(path);
    if (guard && source.includes(guard)) continue;
    const code = await toJavaScript(source, { bare: true });
    for (const [place] of code.matchAll(/.{0,40}\bDeno\b.{0,40}/g)) found.push(`${path}: ${place}`);
  }
  for (const line of found) console.error(line);
  console.log(`${sources.length} modules, ${found.length} places that name Deno`);
  return found.length === 0 ? 0 : 1;
}
