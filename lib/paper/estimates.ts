/**
 * What the parts of an experiment take, before any work: seconds and bytes.
 *
 * Seconds are of one core. They decide in which order cells are computed, how a cluster's shards are
 * cut, whether a cell is computed alone on all cores, and what progress says; no result depends on
 * them. `deno task bench:estimates` measures every constant: beside it, on two cores of a machine that
 * was busy otherwise, stands what it found for 50, 200 and 1000 latents and 5000 samples, as measured
 * over estimated seconds. One constant taken twice or halved makes the longest of eight shards of the
 * paper's grids less than 1 % longer (`tests/estimates_test.ts`), because all parts grow alike with a
 * setting; the time left, and the part of a run's progress, are wrong by up to as much as the constant.
 *
 * Bytes decide which cells a machine refuses, and how many it computes at once.
 * @module
 */
import { BYTES_PER_BIDDER } from "../metrics/auction.ts";
import { MOST_PAIRS } from "../metrics/mcc.ts";
import { searchDefaults } from "../path_dictionary.ts";
import type { Setting } from "./settings.ts";

/** Seconds per multiply-add of a product of all samples with a dictionary, or as said. */
const SECONDS = {
  /** Per epoch of an autoencoder, forward and backward: 0.9–1.4, 0.4–0.8 and 0.3–1.1 by its type. */
  training: 3e-10,
  /** Per iteration: 1.7, 0.9 and 1.0. */
  fista: 3e-11,
  /**
   * Per iteration within a round, the update shared out among them: 3.1, 1.4 and 1.6 in the first
   * hundred rounds, whose codes are far from settled. In the paper's thousand less than 1: by the
   * seconds in `results/shipped`, those and four trainings take 7 s together at 50 latents.
   */
  dictionaryLearning: 1e-11,
  /** Per round of the search: a third of the products, and as much for lists and atoms: see pathDictionary. */
  pathDictionary: 4e-11,
  /** Per step: 1.6, 1.1 and 1.0. */
  softplusAdam: 2e-10,
  /** Per sample, observed dimension and latent or dimension: 2.8, 0.5 and 0.2. */
  ridge: 1e-9,
  /** Per sample and code of a row, all six scores: 1.0, 0.7 and 0.2. */
  scoring: 4e-7,
};

/** Multiply-adds of one product of all samples with a dictionary. */
function product({ nSamples, inputDim, width }: Setting): number {
  return nSamples * inputDim * width;
}

/**
 * Seconds of training one autoencoder.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { training } from "./estimates.ts";
 *
 * const setting = { numLatents: 50, k: 10, inputDim: 33, nSamples: 5000, width: 50, seed: 0 };
 * assert.equal(training(setting, 500).toFixed(2), "1.24");
 * ```
 */
export function training(setting: Setting, epochs: number): number {
  return SECONDS.training * epochs * product(setting);
}

/**
 * Seconds of FISTA on both scored splits.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fista } from "./estimates.ts";
 *
 * const setting = { numLatents: 50, k: 10, inputDim: 33, nSamples: 5000, width: 50, seed: 0 };
 * assert.equal(fista(setting, 100).toFixed(3), "0.025");
 * ```
 */
export function fista(setting: Setting, iterations: number): number {
  return SECONDS.fista * iterations * product(setting);
}

/**
 * Seconds of DL-FISTA on both scored splits.
 *
 * @param rounds Its rounds.
 * @param iterations Those of FISTA in each round.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { dictionaryLearning } from "./estimates.ts";
 *
 * const setting = { numLatents: 50, k: 10, inputDim: 33, nSamples: 5000, width: 50, seed: 0 };
 * assert.equal(dictionaryLearning(setting, 1000, 100).toFixed(2), "8.25");
 * ```
 */
export function dictionaryLearning(
  setting: Setting,
  rounds: number,
  iterations: number,
): number {
  return SECONDS.dictionaryLearning * rounds * iterations * product(setting);
}

/**
 * Seconds of the path learner on the samples in distribution.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { pathDictionary } from "./estimates.ts";
 *
 * const setting = { numLatents: 50, k: 10, inputDim: 33, nSamples: 5000, width: 50, seed: 0 };
 * assert.equal(pathDictionary(setting).toFixed(2), "0.05");
 * ```
 */
export function pathDictionary(setting: Setting): number {
  const { nSamples, inputDim, width } = setting;
  const { rounds } = searchDefaults(Math.ceil(nSamples / 2), inputDim, width);
  return SECONDS.pathDictionary * rounds * product(setting);
}

/**
 * Seconds of Softplus-Adam on both scored splits.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { softplusAdam } from "./estimates.ts";
 *
 * const setting = { numLatents: 50, k: 10, inputDim: 33, nSamples: 5000, width: 50, seed: 0 };
 * assert.equal(softplusAdam(setting, 50_000).toFixed(1), "82.5");
 * ```
 */
export function softplusAdam(setting: Setting, steps: number): number {
  return SECONDS.softplusAdam * steps * product(setting);
}

/**
 * Seconds of the linear probe: ridge regression from the observations to the codes.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { ridge } from "./estimates.ts";
 *
 * const setting = { numLatents: 50, k: 10, inputDim: 33, nSamples: 5000, width: 50, seed: 0 };
 * assert.equal(ridge(setting).toFixed(3), "0.014");
 * ```
 */
export function ridge({ nSamples, inputDim, numLatents }: Setting): number {
  return SECONDS.ridge * nSamples * inputDim * (inputDim + numLatents);
}

/**
 * Seconds of scoring the codes of one result row.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { scoring } from "./estimates.ts";
 *
 * const setting = { numLatents: 50, k: 10, inputDim: 33, nSamples: 5000, width: 50, seed: 0 };
 * assert.equal(scoring(setting).toFixed(1), "0.1");
 * ```
 */
export function scoring({ nSamples, width }: Setting): number {
  return SECONDS.scoring * nSamples * width;
}

/**
 * Bytes that a cell takes at its peak: when codes of both scored splits are scored. The sizes of the
 * arrays that are held then, without a measured constant; `deno task bench:estimates` compares it
 * with the process's largest resident memory, which was 1.07 of it at 1000 latents, 0.92 at 2000 and
 * 0.79 at 5000. At half of it cells would begin that
 * do not fit, at twice of it cells would be refused that do.
 *
 * @param setting Its sizes.
 * @param options `codes`: how many codes of both splits are held at once. Default 1.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { peakMemory } from "./estimates.ts";
 *
 * const setting = { numLatents: 50, k: 10, inputDim: 33, nSamples: 5000, width: 50, seed: 0 };
 * assert.equal((peakMemory(setting) / 1e6).toFixed(1), "8.0");
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
