/**
 * How much memory a problem takes: what an experiment's cells are refused by where a machine has less.
 * @module
 */
import { BYTES_PER_BIDDER } from "../metrics/auction.ts";
import { MOST_PAIRS } from "../metrics/mcc.ts";
import type { Setting } from "./trained_saes.ts";

/**
 * Bytes that a problem takes at its peak: when codes of both scored splits are scored.
 *
 * @param problem Its sizes.
 * @param options `codes`: how many codes of both splits are held at once. Default 1.
 *
 * @example
 * ```ts
 * import { peakMemory } from "./problem_memory.ts";
 * peakMemory({ numLatents: 50, k: 10, inputDim: 33, nSamples: 5000, width: 50, seed: 0 }); // 8.0…e6
 * ```
 */
export function peakMemory(
  { numLatents: n, inputDim, nSamples, width }: Setting,
  { codes = 1 }: { codes?: number } = {},
): number {
  const scored = nSamples / 2;
  const data = 8 * (3 * scored * n + 2 * inputDim * n);
  const scoredCodes = 8 * 2 * scored * width;
  // those of a series are float32, as the solvers return them
  const otherCodes = 4 * 2 * scored * width * (codes - 1);
  // the MCC fills the few truly active columns up with noise, then matches all
  const standardized = 8 * scored * (2 * n + width);
  const pairs = n * width;
  const match = pairs > MOST_PAIRS ? BYTES_PER_BIDDER * width : 8 * pairs;
  return data + scoredCodes + otherCodes + standardized + match;
}
