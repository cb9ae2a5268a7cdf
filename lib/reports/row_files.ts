/**
 * The files of rows of a folder, one by one, each with the options that it was made with.
 * @module
 */
import { basename, join } from "node:path";
import {
  experimentOf,
  experimentsIn,
  formatResultName,
  makingsOf,
  matchCells,
  type NamedRows,
  parseResultName,
  readProvenance,
  readRows,
  type Row,
} from "../results.ts";
import { otherwiseMade } from "./paper_options.ts";

/** Options by their names. */
export type Options = Readonly<Record<string, unknown>>;

/** A file of rows. */
export interface RowFile extends NamedRows {
  /** The options in its provenance file; absent where there is none that can be read. */
  readonly options?: Options;
  /**
   * For every row of a file that was merged of parts made otherwise, the options that it may have been
   * made with: all of the file where its provenance does not say which.
   */
  readonly mixed?: readonly (readonly Options[])[];
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
      const rows = readRows(join(folder, name)) ?? [];
      return { name, rows, ...optionsOf(rows, folder, name, experiments) };
    });
  return { files, experiments };
}

/**
 * How a row of a file was made otherwise than it is to be: see {@linkcode otherwiseMade}. Where the file
 * does not say with which of several options, one of them that differs is enough.
 *
 * @param file The file, its rows under today's names.
 * @param index Of the row in it.
 * @param expected The options that it is to be made with. Default: the paper's.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { otherwiseMadeIn } from "./row_files.ts";
 *
 * const rows = [0, 1].map((seed) => ({ method: "fista_oracle", seed }));
 * const [options, other] = [0.1, 0.2].map((lambda) => ({ lambda }));
 * const file = { name: "exp_toy.json", rows, options, mixed: [[options], [other]] };
 * assert.equal(otherwiseMadeIn(file, 0), undefined);
 * assert.equal(otherwiseMadeIn(file, 1), "lambda 0.2 instead of 0.1");
 * ```
 */
export function otherwiseMadeIn(
  { rows, options, mixed }: RowFile,
  index: number,
  expected?: Options,
): string | undefined {
  return (mixed?.[index] ?? [options])
    .map((possible) => otherwiseMade(rows[index], possible, expected))
    .find((otherwise) => otherwise !== undefined);
}

function optionsOf(
  rows: readonly Row[],
  folder: string,
  name: string,
  experiments: readonly string[],
): Pick<RowFile, "options" | "mixed"> | undefined {
  const parts = parseResultName(name, experiments)!;
  try {
    const path = join(folder, formatResultName({ ...parts, kind: "meta" }));
    const provenance = readProvenance(path);
    if (!provenance?.mixed) return provenance && { options: provenance.options };
    const { cells } = matchCells(provenance, rows);
    const byRow = new Map(
      cells.flatMap((cell) => cell.rows.map((row) => [row, makingsOf(provenance, cell)] as const)),
    );
    return {
      options: provenance.options,
      mixed: rows.map((row) =>
        // a row of no cell may have been made in any way
        (byRow.get(row) ?? makingsOf(provenance, {})).map(({ options }) => options)
      ),
    };
  } catch (error) {
    // who reads the rows is told of it by `changedRows`
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
