/**
 * The progress of a task of several parts.
 * @module
 */

/**
 * Splits a progress report among parts that come one after another.
 *
 * @param progress Takes the share of the whole that is done, from 0 to 1.
 * @param costs Estimated cost of every part.
 * @returns Per part, a function that takes the share of that part that is done.
 *
 * @example
 * ```ts
 * import { inShares } from "./progress_shares.ts";
 * const [first, second] = inShares((share) => console.log(share), [1, 3]);
 * first(1); // 0.25
 * second(0.5); // 0.625
 * ```
 */
export function inShares(
  progress: (share: number) => void,
  costs: readonly number[],
): ((share: number) => void)[] {
  const total = costs.reduce((sum, cost) => sum + cost, 0);
  let before = 0;
  return costs.map((cost) => {
    const start = before;
    before += cost;
    return (share) => progress((start + share * cost) / total);
  });
}
