/**
 * The generative model: k of n latents are active in a sample, and a random matrix compresses them to
 * m observed dimensions. In the out-of-distribution split latent 0 meets partners that it never had
 * before.
 * @module
 */
import { requireInteger, requireOptions } from "./checks.ts";
import { compressedSensingBound, largestSparsity } from "./problem_size.ts";
import { type Matrix64, normalizeColumns, zeros } from "./matrix.ts";
import { RandomState } from "./random.ts";

/** What {@linkcode generateDatasets} draws. */
export interface DatasetOptions {
  /** Seed of the one generator that makes everything: an integer from 0 to 2³² − 1. */
  seed: number;
  /** n: number of latents. */
  numLatents: number;
  /** k: active latents per sample, at least 1, below n and at most ⌈n/2⌉. */
  k: number;
  /** In-distribution samples, half of them (rounded down) for training; half as many are OOD. */
  nSamples: number;
  /** m: number of observed dimensions; ⌈2k ln(n/k)⌉ when left out. */
  inputDim?: number;
}

/** The samples of one split. */
export interface Split {
  /** Codes: samples × n, k non-zeros in each row. */
  Z: Matrix64;
  /** Observations Z·Aᵀ: samples × m. */
  Y: Matrix64;
  /** One label per sample: 1 where latent 0 is above 0.5, else 0. */
  labels: Uint8Array;
}

/** Training, validation and out-of-distribution samples of one mixing matrix. */
export interface Datasets {
  /** The first half of the in-distribution samples. */
  train: Split;
  /** The second half of them; it has one more sample when their number is odd. */
  val: Split;
  /** Samples whose latent 0 meets the other half of the latents. */
  ood: Split;
  /** The mixing matrix: m × n, unit columns. */
  A: Matrix64;
}

/**
 * Checks the options of {@linkcode generateDatasets} without drawing anything.
 *
 * @throws {TypeError} When an option is not a number.
 * @throws {RangeError} When an option breaks its rule.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { checkDatasetOptions } from "./data.ts";
 * checkDatasetOptions({ seed: 0, numLatents: 50, k: 10, nSamples: 5000 });
 * const tooDense = { seed: 0, numLatents: 50, k: 50, nSamples: 5000 };
 * assert.throws(() => checkDatasetOptions(tooDense), /k must be below numLatents/);
 * ```
 */
export function checkDatasetOptions(options: DatasetOptions): void {
  requireOptions("options", options);
  const { seed, numLatents, k, nSamples, inputDim } = options;
  requireInteger("seed", seed, 0, 2 ** 32 - 1);
  requireInteger("numLatents", numLatents, 2, 2 ** 31 - 1);
  requireInteger("k", k, 1);
  if (k >= numLatents) {
    throw new RangeError(`Cannot draw ${k} of ${numLatents} latents: k must be below numLatents`);
  }
  const largest = largestSparsity(numLatents);
  if (k > largest) {
    throw new RangeError(
      `Cannot draw ${k} of ${numLatents} latents: latent 0 has ${largest - 1} partners from one ` +
        `half of the others, so k must be at most ${largest}`,
    );
  }
  // one sample would leave the training and the OOD split empty
  requireInteger("nSamples", nSamples, 2);
  if (inputDim !== undefined) requireInteger("inputDim", inputDim, 1);
}

/**
 * Draws the training, validation and out-of-distribution samples of one mixing matrix, number by
 * number those of the paper's generator.
 *
 * With h = ⌊n/2⌋, an in-distribution sample tosses a coin: setting A activates latent 0 and k − 1
 * latents of 1 … n − h − 1, setting B any k latents but latent 0. An OOD sample (setting C) activates
 * latent 0 and k − 1 latents of n − h … n − 1. Active latents are uniform in [0, 1). The matrix has
 * normal entries and unit columns.
 *
 * Beyond what it returns it takes the memory of one n-vector and, for a moment, of a second matrix.
 *
 * @throws {TypeError} When an option is not a number.
 * @throws {RangeError} When an option breaks its rule: k ≥ n, k above ⌈n/2⌉, fewer than 2 samples, a
 * seed, size or dimension that is no integer in its range.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { generateDatasets } from "./data.ts";
 * const { train, A } = generateDatasets({ seed: 0, numLatents: 50, k: 10, nSamples: 5000 });
 * assert.deepEqual([train.Y.rows, train.Y.cols, train.Z.cols], [2500, 33, 50]);
 * assert.deepEqual([A.rows, A.cols], [33, 50]);
 * ```
 */
export function generateDatasets(options: DatasetOptions): Datasets {
  checkDatasetOptions(options);
  const { seed, numLatents: n, k, nSamples } = options;
  const m = options.inputDim ?? compressedSensingBound(n, k, 2);
  const random = new RandomState(seed);
  const A = normalizeColumns({ rows: m, cols: n, data: random.normal(0, 1, m * n) });

  const half = Math.floor(n / 2);
  // each setting shuffles its candidates in the same memory: a fresh pool per sample would cost n
  const candidates = new Int32Array(n - 1);
  const active = new Int32Array(k);

  /** Fills `active` from `from` on with different latents of first … first + count − 1. */
  function choose(from: number, first: number, count: number): void {
    const pool = candidates.subarray(0, count);
    for (let i = 0; i < count; i++) pool[i] = first + i;
    random.shuffle(pool);
    active.set(pool.subarray(0, k - from), from);
  }

  /** Row `row` of the split: the active latents, their values, the observation and the label. */
  function drawSample({ Z, Y, labels }: Split, row: number, inDistribution: boolean): void {
    if (inDistribution && random.binomial(1, 0.5) === 0) {
      choose(0, 1, n - 1);
    } else {
      active[0] = 0;
      if (inDistribution) choose(1, 1, n - half - 1);
      else choose(1, n - half, half);
    }
    const values = random.random(k);
    for (let a = 0; a < k; a++) {
      const latent = active[a], value = values[a];
      Z.data[row * n + latent] = value;
      for (let i = 0; i < m; i++) Y.data[row * m + i] += value * A.data[i * n + latent];
    }
    labels[row] = Z.data[row * n] > 0.5 ? 1 : 0;
  }

  function drawSplit(samples: number, inDistribution: boolean): Split {
    const split = { Z: zeros(samples, n), Y: zeros(samples, m), labels: new Uint8Array(samples) };
    for (let row = 0; row < samples; row++) drawSample(split, row, inDistribution);
    return split;
  }

  const nTrain = Math.floor(nSamples / 2);
  return {
    train: drawSplit(nTrain, true),
    val: drawSplit(nSamples - nTrain, true),
    ood: drawSplit(nTrain, false),
    A,
  };
}
