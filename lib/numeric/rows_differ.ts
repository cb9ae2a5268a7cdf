/**
 * Whether there is any variance between rows, told by their values: sums of squares around a mean that is
 * rounded are not 0 where all rows are the same.
 * @module
 */
import type { Matrix } from "../matrix.ts";

/**
 * Whether some row is not as the first.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fromRows } from "../matrix.ts";
 * import { rowsDiffer } from "./rows_differ.ts";
 *
 * assert(rowsDiffer(fromRows([[0.1, 2], [0.1, 2], [0.1, 3]])));
 * assert(!rowsDiffer(fromRows([[0.1, 2], [0.1, 2]])));
 * ```
 */
export function rowsDiffer({ cols, data }: Matrix): boolean {
  for (let p = cols; p < data.length; p++) if (data[p] !== data[p % cols]) return true;
  return false;
}
