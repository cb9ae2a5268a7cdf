/**
 * The files of rows of a folder, one by one, each with the options that it was made with.
 * @module
 */
import { basename, join } from "node:path";
import {
  experimentOf,
  experimentsIn,
  formatResultName,
  type NamedRows,
  parseResultName,
  readProvenance,
  readRows,
} from "../results.ts";

/** A file of rows. */
export interface RowFile extends NamedRows {
  /** The options in its provenance file; absent where there is none that can be read. */
  readonly options?: Readonly<Record<string, unknown>>;
}

const collator = new Intl.Collator("en", { numeric: true });

/**
 * Reads the files of rows in a folder, those of one experiment together and by ascending n. Trials,
 * under a suffix of their own, are left out.
 *
 * @param folder The folder.
 * @returns The files, and the names of the experiments that the folder is of.
 * @throws {RangeError} Where a file is damaged; the message names it.
 * @throws {Deno.errors.NotFound} Where there is no such folder.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { readRowFiles } from "./row_files.ts";
 *
 * const { files } = readRowFiles("results");
 * const probe = files.find(({ name }) => name === "exp_vary_latents.json");
 * assert.equal(probe?.options?.epochs, 500);
 * ```
 */
export function readRowFiles(folder: string): { files: RowFile[]; experiments: string[] } {
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
  const experiments = experimentsIn(folder, []);
  const files = names.filter((name) => experimentOf(name, experiments) !== undefined)
    .sort((a, b) => collator.compare(basename(a, ".json"), basename(b, ".json")))
    .map((name): RowFile => {
      const options = optionsOf(folder, name, experiments);
      return { name, rows: readRows(join(folder, name)) ?? [], ...options && { options } };
    });
  return { files, experiments };
}

function optionsOf(
  folder: string,
  name: string,
  experiments: readonly string[],
): RowFile["options"] {
  const parts = parseResultName(name, experiments)!;
  try {
    return readProvenance(join(folder, formatResultName({ ...parts, kind: "meta" })))?.options;
  } catch (error) {
    // who reads the rows is told of it by `changedRows`
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
