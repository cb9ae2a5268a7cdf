/**
 * The budgets of warm-start studies.
 * @module
 */

/**
 * The series 1, 2, 5, 10, 20, 50, … up to a largest budget, which is the last one in any case.
 *
 * @param largest An integer of at least 1.
 *
 * @example
 * ```ts
 * import { checkpointsUpTo } from "./checkpoints.ts";
 * checkpointsUpTo(30); // [1, 2, 5, 10, 20, 30]
 * ```
 */
export function checkpointsUpTo(largest: number): number[] {
  const budgets: number[] = [];
  for (let power = 1; power < largest; power *= 10) {
    budgets.push(...[power, 2 * power, 5 * power].filter((budget) => budget < largest));
  }
  return [...budgets, largest];
}
