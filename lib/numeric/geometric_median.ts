/**
 * The point from which the distances to given points add up to the least.
 * @module
 */
import type { Matrix } from "../matrix.ts";

/** Rounds, and the step between two rounds that counts as none: dictionary_learning's. */
const ROUNDS = 100, TOLERANCE = 1e-5;
/** A smaller distance counts as this: the method would divide by 0 where it meets a point. */
const LEAST_DISTANCE = 1e-12;

/**
 * The geometric median of the rows of `X`, by Weiszfeld's method (1937) from their mean on, until a round
 * moves it by less than 1e-5, or for 100 rounds.
 *
 * @param X Points × dimensions; at least one point.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fromRows } from "../matrix.ts";
 * import { geometricMedian } from "./geometric_median.ts";
 * const [x] = geometricMedian(fromRows([[0], [1], [100]]));
 * assert(Math.abs(x - 1) < 1e-3);
 * ```
 */
export function geometricMedian({ rows, cols, data }: Matrix): Float64Array {
  const weights = new Float64Array(rows).fill(1 / rows);
  let median = new Float64Array(cols);
  for (let round = 0; round <= ROUNDS; round++) {
    const next = new Float64Array(cols);
    for (let i = 0, p = 0; i < rows; i++) {
      for (let j = 0; j < cols; j++, p++) next[j] += weights[i] * data[p];
    }
    const moved = Math.sqrt(next.reduce((sum, value, j) => sum + (value - median[j]) ** 2, 0));
    median = next;
    // the first is the mean
    if (round > 0 && moved < TOLERANCE) break;
    let sum = 0;
    for (let i = 0, p = 0; i < rows; i++) {
      let square = 0;
      for (let j = 0; j < cols; j++, p++) square += (data[p] - median[j]) ** 2;
      sum += weights[i] = 1 / Math.max(LEAST_DISTANCE, Math.sqrt(square));
    }
    for (let i = 0; i < rows; i++) weights[i] /= sum;
  }
  return median;
}
