/**
 * What the parts of an experiment take, before any work: seconds and bytes.
 *
 * Seconds are of one core. They decide in which order cells are computed, how a cluster's shards are
 * cut, whether a cell is computed alone on all cores, and what progress says; no result depends on
 * them. `deno task bench:estimates` measures every constant; those of training, Softplus-Adam and DL-FISTA
 * also bear out in the seconds of the cells in `results/shipped`, which two workers on two cores took. One
 * constant taken twice or halved makes the longest of eight shards of the paper's grids less than 1 %
 * longer (`tests/estimates_test.ts`), because all parts grow alike with a setting; the time left, and the
 * part of a run's progress, are wrong by up to as much as the constant.
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
  /**
   * Per epoch of an autoencoder, forward and backward, its types taken together; and per sample and unit,
   * which is as much at 33 dimensions: activations, batches, AdamW. Cells that train alone take 0.9 to 1.1
   * of it (50 to 200 units, 2000 to 100,000 samples).
   */
  training: 1e-10,
  trainingUnit: 3.3e-9,
  /** Per iteration: 1.7, 0.9 and 1.0 at 50, 200 and 1000 latents. */
  fista: 3e-11,
  /**
   * Per iteration within a round, the update shared out among them: per sample, and per sample, latent and
   * latent of at most WIDEST. It takes no products with the dictionary, but goes on alone with a sample's
   * candidates, of which there are more among more latents. 0.6 to 1.6 from 50 to 5000 latents, 0.3 where
   * the dictionary settles early, 3 where the observed dimensions are a tenth of the latents or fewer.
   */
  dictionaryLearning: 5e-9,
  dictionaryLearningPair: 1e-12,
  /** Per round of the search: a third of the products, and as much for lists and atoms: see pathDictionary. */
  pathDictionary: 4e-11,
  /** Per step; what a code takes besides is as much as CODE_DIMENSIONS of them: 0.9 to 1.1. */
  softplusAdam: 6.5e-11,
  /** Per sample, observed dimension and latent or dimension: 2.8, 0.5 and 0.2. */
  ridge: 1e-9,
  /** Per sample and code of a row, all six scores: 1.0, 0.7 and 0.2. */
  scoring: 4e-7,
};

/** Latents beyond which a sample's candidates become no more. */
const WIDEST = 1500;

/** Observed dimensions that cost as much as a code's softplus, its derivative and its step of Adam. */
const CODE_DIMENSIONS = 80;

/**
 * Steps after which Softplus-Adam has usually stopped by itself, which it may after 10,000: of the
 * paper's 50,000 it takes a quarter.
 */
const SOFTPLUS_STEPS = 12_500;

/**
 * Rounds after which DL-FISTA has come to rest where there are more atoms than samples to learn from, and
 * each sample gets one of its own: 105 to 175 of 5000 and 10,000 atoms and 2500 samples.
 */
const SETTLING_ROUNDS = 150;

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
 * assert.equal(training(setting, 500).toFixed(2), "0.82");
 * ```
 */
export function training(setting: Setting, epochs: number): number {
  const { nSamples, width } = setting;
  return epochs * (SECONDS.training * product(setting) + SECONDS.trainingUnit * nSamples * width);
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
 * assert.equal(dictionaryLearning(setting, 1000, 100).toFixed(2), "3.75");
 * ```
 */
export function dictionaryLearning(
  setting: Setting,
  rounds: number,
  iterations: number,
): number {
  const { nSamples, width } = setting;
  const perSample = SECONDS.dictionaryLearning +
    SECONDS.dictionaryLearningPair * width * Math.min(width, WIDEST);
  // half of the samples in distribution are scored, and learned from
  const done = 2 * width > nSamples ? Math.min(rounds, SETTLING_ROUNDS) : rounds;
  return done * iterations * nSamples * perSample;
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
 * assert.equal(softplusAdam(setting, 50_000).toFixed(1), "23.0");
 * ```
 */
export function softplusAdam(setting: Setting, steps: number): number {
  const { nSamples, inputDim, width } = setting;
  const perStep = SECONDS.softplusAdam * nSamples * width * (inputDim + CODE_DIMENSIONS);
  return Math.min(steps, SOFTPLUS_STEPS) * perStep;
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
