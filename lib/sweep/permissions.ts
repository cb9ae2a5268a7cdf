/**
 * What a task may not touch, and the command that lets it: every task of `deno.json` takes further
 * permissions from the variable PERMIT, which Deno's task runner puts before the script.
 * @module
 */
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { shellQuote } from "./slurm.ts";
import { taskOfScript } from "./tasks.ts";

/** A folder or file that a flag names. */
export interface Place {
  /** As it stands on the command line. */
  path: string;
  /** Whether it is written to; else it is read only. */
  writes: boolean;
}

/** The flags that name places, and whether these are written to. */
const PLACE_FLAGS: Record<string, boolean> = {
  out: true,
  figures: true,
  cache: true,
  parity: true,
  results: false,
  published: false,
  data: false,
  sae: false,
  dictionary: false,
  offset: false,
  start: false,
  labels: false,
};

/** The flag whose value is a list of places. */
const LIST_FLAG = "data";

/**
 * The folders and files that a command line names.
 *
 * @param args Arguments, as in `Deno.args`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { placesIn } from "./permissions.ts";
 *
 * assert.deepEqual(placesIn(["--n", "50", "--out", "/scratch/a", "--published=/data"]), [
 *   { path: "/scratch/a", writes: true },
 *   { path: "/data", writes: false },
 * ]);
 * ```
 */
export function placesIn(args: readonly string[]): Place[] {
  return args.flatMap((arg, index) => {
    const [, name, value] = arg.match(/^--([\w-]+)(?:=(.*))?$/s) ?? [];
    if (!Object.hasOwn(PLACE_FLAGS, name ?? "")) return [];
    const path = value ?? args[index + 1];
    const paths = path === undefined ? [] : name === LIST_FLAG ? path.split(",") : [path];
    return paths.filter(Boolean).map((path) => ({ path, writes: PLACE_FLAGS[name] }));
  });
}

/**
 * Deno's flags that permit to read places, and to write to some of them.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { permitFlags } from "./permissions.ts";
 *
 * const places = [{ path: "/a", writes: true }, { path: "/b", writes: false }];
 * assert.deepEqual(permitFlags(places), ["--allow-read=/a,/b", "--allow-write=/a"]);
 * assert.deepEqual(permitFlags([]), []);
 * ```
 */
export function permitFlags(places: readonly Place[]): string[] {
  const list = (some: readonly Place[]) => [...new Set(some.map(({ path }) => path))].join(",");
  const read = list(places), write = list(places.filter(({ writes }) => writes));
  return [...(read ? [`--allow-read=${read}`] : []), ...(write ? [`--allow-write=${write}`] : [])];
}

/**
 * What to tell of an error in one line, where it comes from a permission that the run has not.
 *
 * @returns Undefined for every other error.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { permissionAdvice } from "./permissions.ts";
 *
 * const error = new Deno.errors.NotCapable('Requires write access to "/scratch", run again …');
 * assert.match(permissionAdvice(error)!, /^this task may not touch "\/scratch"\. Permit it: deno /);
 * assert.equal(permissionAdvice(new Error("no")), undefined);
 * ```
 */
export function permissionAdvice(error: unknown): string | undefined {
  if (!(error instanceof Deno.errors.NotCapable)) return undefined;
  const [, path = ""] = error.message.match(/"(.*?)"/s) ?? [];
  const writes = error.message.includes("write access");
  return `this task may not touch "${path}". Permit it: ${permitCommand({ path, writes })}`;
}

/**
 * The command that runs the present one with the permissions that it lacks for the places that its
 * flags name, and for one that it was refused.
 *
 * @param refused Left out where it lies within one of those.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { permitCommand } from "./permissions.ts";
 *
 * // of no task of deno.json; with one it is PERMIT="…" deno task NAME …
 * const command = permitCommand({ path: "/scratch", writes: true });
 * assert.match(command, /^deno run --allow-read=\/scratch --allow-write=\/scratch /);
 * ```
 */
export function permitCommand(refused?: Place): string {
  const places = placesIn(Deno.args).filter(({ path, writes }) => {
    const denied = (name: "read" | "write") =>
      Deno.permissions.querySync({ name, path }).state !== "granted";
    return denied("read") || writes && denied("write");
  });
  const within = ({ path }: Place) =>
    refused && (refused.path === path || refused.path.startsWith(`${path}/`));
  if (refused && !places.some(within)) places.push(refused);
  const script = relative(Deno.cwd(), fileURLToPath(Deno.mainModule));
  const task = taskOfScript(script), words = (list: string[]) => list.map(shellQuote).join(" ");
  return task
    ? `PERMIT="${permitFlags(places).join(" ")}" ${words(["deno", "task", task, ...Deno.args])}`
    : words(["deno", "run", ...permitFlags(places), script, ...Deno.args]);
}
