/**
 * Mean and spread over repeated runs, for tables and figures alike.
 * @module
 */

/** What {@linkcode meanAndSd} returns. */
export interface MeanAndSd {
  /** Arithmetic mean. */
  mean: number;
  /** Standard deviation of the population (divisor `count`); 0 for a single value. */
  sd: number;
  /** How many values went in. */
  count: number;
}

/**
 * Mean and standard deviation of a metric over seeds. The deviation is that of the population, as in
 * the paper's bands and tables.
 *
 * @param values At least one finite number, in the metric's own unit.
 * @throws {RangeError} Where `values` is empty or holds a value that is not finite.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { meanAndSd } from "./statistics.ts";
 *
 * assert.deepEqual(meanAndSd([2, 4, 4, 4, 5, 5, 7, 9]), { mean: 5, sd: 2, count: 8 });
 * ```
 */
export function meanAndSd(values: readonly number[]): MeanAndSd {
  const count = values.length;
  if (count === 0) {
    throw new RangeError("Cannot average values: at least one is required, got 0");
  }
  const bad = values.find((value) => !Number.isFinite(value));
  if (bad !== undefined) {
    throw new RangeError(`Cannot average values: each must be a finite number, got ${bad}`);
  }
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / count;
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  return { mean, sd: Math.sqrt(squares / count), count };
}
