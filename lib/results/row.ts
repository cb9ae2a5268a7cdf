/**
 * What result files hold: flat rows, and the key columns that tell one cell's rows from another's.
 * @module
 */

import { printable } from "./printable.ts";

/** A value of a result row. */
export type Value = string | number | boolean | null;

/** One flat result row, as the result files store it. */
export type Row = Record<string, Value>;

/** The columns that tell one cell's rows from another's, in the order that rows are sorted by. */
export type CellKey = Record<string, string | number>;

/** What a cell yields; the two lists go to two files. */
export interface CellResult {
  /** Rows for `results/<name>.json`, in their final order. */
  rows: Row[];
  /** Rows for the diagnostics file, in experiments that have one. */
  diagnostics?: Row[];
}

/** How the table at the end of a run summarises the rows. */
export interface SummarySpec {
  /** Columns that tell the table's lines apart, besides the key columns (without the seed). */
  by: string[];
  /** Columns to average over the seeds. */
  metrics: string[];
}

/**
 * Compares two keys column by column: numbers by size, text by code units. The order of rows in a
 * result file, whatever the order in which the cells ended. Both keys have the columns of the first.
 *
 * @returns Below 0 where `a` comes first, above 0 where `b` does, 0 where they are equal.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { compareKeys } from "./row.ts";
 *
 * assert(compareKeys({ n: 50, seed: 1 }, { n: 100, seed: 0 }) < 0);
 * ```
 */
export function compareKeys(a: CellKey, b: CellKey): number {
  for (const column of Object.keys(a)) {
    if (a[column] !== b[column]) return a[column] < b[column] ? -1 : 1;
  }
  return 0;
}

/**
 * A key in words: `num_latents 50, seed 0`; safe to print, for rows may come from outside.
 *
 * @param row A key, or a row that has its columns.
 * @param columns The columns to name, in order.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { keyInWords } from "./row.ts";
 *
 * assert.equal(keyInWords({ num_latents: 50, seed: 0 }), "num_latents 50, seed 0");
 * ```
 */
export function keyInWords(row: Row, columns: readonly string[] = Object.keys(row)): string {
  return columns.map((column) => printable(`${column} ${row[column]}`)).join(", ");
}
