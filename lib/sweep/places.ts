/**
 * The folders and files that flags name: whether they can be read and written, told in one line.
 * @module
 */
import { dirname } from "node:path";
import { type ExperimentRows, experimentsIn, printable, readResultFolder } from "../results.ts";
import { UsageError } from "./flags.ts";
import { permissionAdvice } from "./permissions.ts";

/**
 * Runs what reads or writes at a place that a flag names.
 *
 * @param rule What the place must be: `--out must be a folder to write to`.
 * @param place The flag's value.
 * @param work Reads or writes there; its RangeErrors pass.
 * @throws {UsageError} One line with the rule, the place and the reason; where a permission lacks, with
 * the command that gives it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { atPlace } from "./places.ts";
 *
 * assert.equal(atPlace("--results must be a readable file", "rows.json", () => 42), 42);
 * assert.throws(
 *   () => atPlace("--out must be a folder", "x", () => Deno.readTextFileSync("x")),
 *   { name: "UsageError", message: /^--out must be a folder, got "x" \(/ },
 * );
 * ```
 */
export function atPlace<Result>(rule: string, place: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError) throw error;
    const advice = permissionAdvice(error);
    if (advice) throw new UsageError(`${rule}, got "${place}": ${advice}`);
    const [reason] = (error as Error).message.split("\n");
    throw new UsageError(`${rule}, got "${place}" (${reason})`);
  }
}

/**
 * Makes a folder, if there is none, and refuses one that cannot be written to: before any work, not
 * after it.
 *
 * @param flag The flag that names it: `--out`.
 * @param folder Its value.
 * @throws {UsageError} One line with the flag, the folder and the reason.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { requireWritableFolder } from "./places.ts";
 *
 * assert.throws(() => requireWritableFolder("--out", "results/exp_vary_latents.json"), {
 *   name: "UsageError",
 *   message: /^--out must be a folder to write to, got "results\/exp_vary_latents.json" \(/,
 * });
 * ```
 */
export function requireWritableFolder(flag: string, folder: string): void {
  atPlace(`${flag} must be a folder to write to`, folder, () => {
    Deno.mkdirSync(folder, { recursive: true });
    Deno.removeSync(Deno.makeTempFileSync({ dir: folder, prefix: ".writable-" }));
  });
}

/**
 * Refuses a place that no file can be written to, before the first of several is.
 *
 * @param flag The flag that names it, or its folder.
 * @param path The file; its folder must exist.
 * @throws {UsageError} One line with the flag, the file and the reason.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { requireWritableFile } from "./places.ts";
 *
 * assert.throws(() => requireWritableFile("--out", "results"), {
 *   name: "UsageError",
 *   message: '--out must be writable, got "results" (it is a folder)',
 * });
 * ```
 */
export function requireWritableFile(flag: string, path: string): void {
  atPlace(`${flag} must be writable`, path, () => {
    const { state } = Deno.permissions.querySync({ name: "write", path });
    if (state !== "granted") {
      throw new Deno.errors.NotCapable(`Requires write access to "${path}", run again with it`);
    }
    if (Deno.lstatSync(dirname(path)).isFile) throw new Error("its folder is a file");
    try {
      if (Deno.lstatSync(path).isDirectory) throw new Error("it is a folder");
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  });
}

/**
 * The rows that the folder of `--results` holds. Tells on stderr which files have none, and which are
 * not as their run left them.
 *
 * @param folder The flag's value.
 * @param experiments Names of the experiments that come first, in that order; those that the folder
 * has besides follow.
 * @throws {UsageError} Where there is no such folder, or no row in it.
 * @throws {RangeError} Where a file is damaged or foreign; the message names it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { readResultsFlag } from "./places.ts";
 *
 * const [{ experiment }] = readResultsFlag("results", ["exp_vary_latents"]);
 * assert.equal(experiment, "exp_vary_latents");
 * ```
 */
export function readResultsFlag(folder: string, experiments: readonly string[]): ExperimentRows[] {
  const tell = (sentence: string) => console.error(printable(sentence));
  const found = atPlace(
    "--results must be a readable folder",
    folder,
    () =>
      readResultFolder(folder, experimentsIn(folder, experiments), {
        onEmpty: (path) => tell(`Left out ${path}: it has no rows`),
        onChanged: tell,
      }),
  );
  if (found.length === 0) {
    throw new UsageError(
      `--results must hold rows in files named exp_*.json, got none in "${folder}"`,
    );
  }
  return found;
}
