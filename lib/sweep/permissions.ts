/**
 * What a task may not touch, and the command that lets it: every task of `deno.json` takes further
 * permissions from the variable PERMIT, which Deno's task runner puts before the script.
 * @module
 */
import { dirname, isAbsolute, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { pathsOf } from "./kinds.ts";
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

/** What the shell and Deno's task runner, which takes PERMIT apart at blanks, leave as it is. */
const PERMIT_WORD = /^[\p{L}\p{M}\p{N}_@%+=:,./-]+$/u;

/** Files of codes, which are put into their folder as a whole, beside what is not yet done. */
const WRITTEN_FILE = /\.np[yz]$/;

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
    const paths = path === undefined ? [] : name === LIST_FLAG ? pathsOf(path) : [path];
    const writes = PLACE_FLAGS[name];
    return paths.filter(Boolean).map((path) => ({
      path: writes && WRITTEN_FILE.test(path) ? dirname(path) : path,
      writes,
    }));
  });
}

/** What Deno can permit for a path: between commas it sees two, so the folder above the first one. */
function permittable(path: string): string {
  return path.includes(",") ? permittable(dirname(path)) : path;
}

/**
 * Deno's flags that permit to read places, and to write to some of them. For a path with a comma, which
 * they cannot name, they permit the folder above it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { permitFlags } from "./permissions.ts";
 *
 * const places = [{ path: "/a", writes: true }, { path: "/b", writes: false }];
 * assert.deepEqual(permitFlags(places), ["--allow-read=/a,/b", "--allow-write=/a"]);
 * assert.deepEqual(permitFlags([{ path: "/a/x,y/z", writes: false }]), ["--allow-read=/a"]);
 * assert.deepEqual(permitFlags([]), []);
 * ```
 */
export function permitFlags(places: readonly Place[]): string[] {
  const list = (some: readonly Place[]) =>
    [...new Set(some.map(({ path }) => permittable(path)))].join(",");
  const read = list(places), write = list(places.filter(({ writes }) => writes));
  return [...(read ? [`--allow-read=${read}`] : []), ...(write ? [`--allow-write=${write}`] : [])];
}

/** Whether a command permits a path by a folder that it names. */
function isPermitted(command = "", name: "read" | "write", path: string): boolean {
  const folders = [...command.matchAll(new RegExp(`--allow-${name}=(\\S+)`, "g"))]
    .flatMap(([, list]) => list.split(","));
  return folders.some((folder) => {
    const way = relative(folder, path);
    return way !== ".." && !way.startsWith("../") && !isAbsolute(way);
  });
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
  const [, path = ""] = error.message.match(/"(.*)", run again/s) ?? [];
  const writes = error.message.includes("write access");
  return `this task may not touch "${path}". Permit it: ${permitCommand({ path, writes })}`;
}

/**
 * The command that runs the present one with the permissions that its task lacks for the places that its
 * flags name, and for one that it was refused.
 *
 * @param refused Left out where it lies within one of those.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { permitCommand } from "./permissions.ts";
 *
 * // of no task of deno.json; with one it is PERMIT="…" deno task NAME …, or where PERMIT cannot
 * // hold a path, the task's own command
 * const command = permitCommand({ path: "/scratch", writes: true });
 * assert.match(command, /^deno run --allow-read=\/scratch --allow-write=\/scratch /);
 * ```
 */
export function permitCommand(refused?: Place): string {
  const script = relative(Deno.cwd(), fileURLToPath(Deno.mainModule)), task = taskOfScript(script);
  // what an earlier PERMIT gave is needed again
  const places = placesIn(Deno.args).filter(({ path, writes }) =>
    !(isPermitted(task?.command, "read", path) &&
      (!writes || isPermitted(task?.command, "write", path)))
  );
  const within = ({ path }: Place) =>
    refused && (refused.path === path || refused.path.startsWith(`${path}/`));
  if (refused && !places.some(within)) places.push(refused);
  const words = (list: string[]) => list.map(shellQuote).join(" ");
  const flags = permitFlags(places);
  if (!task) return words(["deno", "run", ...flags, script, ...Deno.args]);
  return flags.every((flag) => PERMIT_WORD.test(flag))
    ? `PERMIT="${flags.join(" ")}" ${words(["deno", "task", task.name, ...Deno.args])}`
    : `${task.command.replace("$PERMIT", () => words(flags))} ${words(Deno.args)}`;
}
