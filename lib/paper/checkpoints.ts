/**
 * The iteration and round counts at which warm-start studies look at the codes.
 * @module
 */

/**
 * The series 1, 2, 5, 10, 20, 50, … up to a largest count, which is the last one in any case.
 *
 * @param largest An integer of at least 1.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { checkpointsUpTo } from "./checkpoints.ts";
 *
 * assert.deepEqual(checkpointsUpTo(30), [1, 2, 5, 10, 20, 30]);
 * ```
 */
export function checkpointsUpTo(largest: number): number[] {
  const checkpoints: number[] = [];
  for (let power = 1; power < largest; power *= 10) {
    checkpoints.push(...[power, 2 * power, 5 * power].filter((count) => count < largest));
  }
  return [...checkpoints, largest];
}
