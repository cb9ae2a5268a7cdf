/**
 * One file of rows: a JSON array, read with its form checked and written as a pretty-printer would.
 * @module
 */
import * as z from "npm:zod@4.6.7";
import { readJson } from "./json_file.ts";
import type { Row } from "./row.ts";

const rowSchema = z.record(
  z.string(),
  z.union([z.string(), z.number(), z.boolean(), z.null()]),
);
/**
 * Reads a file of rows, ours or one published with the paper.
 *
 * @returns The rows, or undefined where there is no such file.
 * @throws {RangeError} When the file is not a JSON array of flat rows, e.g. because it is cut off.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { readRows } from "./rows_file.ts";
 *
 * assert(readRows("results/exp_dict_quality.json")!.length > 0);
 * assert.equal(readRows("results/exp_no_such.json"), undefined);
 * ```
 */
export function readRows(path: string): Row[] | undefined {
  return readJson(path, z.array(rowSchema), "a JSON array of flat rows");
}

/**
 * The text of a file of rows.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { formatRows } from "./rows_file.ts";
 *
 * assert.equal(formatRows([{ seed: 0 }]), '[\n  {\n    "seed": 0\n  }\n]\n');
 * ```
 */
export function formatRows(rows: readonly Row[]): string {
  return JSON.stringify(rows, null, 2) + "\n";
}
