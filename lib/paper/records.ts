/**
 * What is recorded of a dictionary while it is learned, by autoencoders and by dictionary learners alike.
 * @module
 */
import type { Matrix } from "../matrix.ts";
import { matchColumns } from "../metrics/matching.ts";

/** Epochs or rounds between two records; the last one has one too. */
export const RECORD_EVERY: number = 10;

/** How close a dictionary is to the true one. */
export interface Closeness {
  /** Mean |cosine| of its columns with their partners in the true dictionary. */
  meanCosine: number;
  /** Share of the partners with |cosine| above 0.9. */
  fracClose: number;
  /** Mean ratio of the columns' norms to their partners'. */
  meanNormRatio: number;
}

/**
 * How close a dictionary is to the true one.
 *
 * @param D m × atoms.
 * @param A The true one, m × n.
 * @throws {RangeError} As `matchColumns`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fromRows } from "../matrix.ts";
 * import { closenessOf } from "./records.ts";
 *
 * const A = fromRows([[1, 0], [0, 1]]), D = fromRows([[0, 2], [2, 0]]);
 * assert.deepEqual(closenessOf(D, A), { meanCosine: 1, fracClose: 1, meanNormRatio: 2 });
 * ```
 */
export function closenessOf(D: Matrix, A: Matrix): Closeness {
  const { meanCosine, fracClose, meanNormRatio } = matchColumns(D, A);
  return { meanCosine, fracClose, meanNormRatio };
}
