/**
 * What the parts of an experiment cost: rough seconds of one core, for scheduling, progress and
 * shares of a cluster's work. Measured for n from 50 to 1000 with 5000 samples; a factor of two off
 * does no harm.
 * @module
 */
import type { Setting } from "./trained_saes.ts";

/** Multiply-adds of one product of all samples with a dictionary. */
function product({ nSamples, inputDim, width }: Setting): number {
  return nSamples * inputDim * width;
}

/**
 * Training of one autoencoder.
 *
 * @example
 * ```ts
 * import { training } from "./estimates.ts";
 * training({ numLatents: 50, k: 10, inputDim: 33, nSamples: 5000, width: 50, seed: 0 }, 500); // 1.2…
 * ```
 */
export function training(problem: Setting, epochs: number): number {
  return 3e-10 * epochs * product(problem);
}

/**
 * FISTA on both scored splits.
 *
 * @example
 * ```ts
 * import { fista } from "./estimates.ts";
 * fista({ numLatents: 50, k: 10, inputDim: 33, nSamples: 5000, width: 50, seed: 0 }, 100); // 0.03
 * ```
 */
export function fista(problem: Setting, iterations: number): number {
  return 3e-11 * iterations * product(problem);
}

/**
 * Rounds of DL-FISTA on both scored splits, with so many iterations of FISTA in each.
 *
 * @example
 * ```ts
 * import { dictionaryLearning } from "./estimates.ts";
 * const problem = { numLatents: 50, k: 10, inputDim: 33, nSamples: 5000, width: 50, seed: 0 };
 * dictionaryLearning(problem, 1000, 100); // 8.25
 * ```
 */
export function dictionaryLearning(
  problem: Setting,
  rounds: number,
  iterations: number,
): number {
  return 1e-11 * rounds * iterations * product(problem);
}

/**
 * Steps of Softplus-Adam on both scored splits.
 *
 * @example
 * ```ts
 * import { softplusAdam } from "./estimates.ts";
 * const problem = { numLatents: 50, k: 10, inputDim: 33, nSamples: 5000, width: 50, seed: 0 };
 * softplusAdam(problem, 50_000); // 82.5
 * ```
 */
export function softplusAdam(problem: Setting, steps: number): number {
  return 2e-10 * steps * product(problem);
}

/**
 * The scores of one result row.
 *
 * @example
 * ```ts
 * import { scoring } from "./estimates.ts";
 * scoring({ numLatents: 50, k: 10, inputDim: 33, nSamples: 5000, width: 50, seed: 0 }); // 0.1
 * ```
 */
export function scoring({ nSamples, width }: Setting): number {
  return 4e-7 * nSamples * width;
}
