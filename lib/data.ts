/**
 * The generative model: k of n latents are active in a sample, and a random matrix compresses them to
 * m observed dimensions. In the out-of-distribution split latent 0 meets partners that it never had
 * before.
 * @module
 */
import { requireFunction, requireInteger, requireNonNegative, requireOptions } from "./checks.ts";
import {
  type Matrix,
  type Matrix64,
  normalizeColumns,
  requireMatrix,
  toFloat64,
  zeros,
} from "./matrix.ts";
import { compressedSensingBound, largestSparsity } from "./problem_size.ts";
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
  /** m: number of observed dimensions; ⌈2k ln(n/k)⌉ when left out, or what `mixing` has. */
  inputDim?: number;
  /**
   * The mixing matrix A, m × n, used as it is. The generator moves on as if it had drawn its own, so
   * that the codes stay the same.
   */
  mixing?: Matrix;
  /**
   * Standard deviation of normal noise on every value of Y. It comes from a generator of its own, so
   * that codes and matrix are those of the same seed without noise. Default 0.
   */
  noise?: number;
  /**
   * Draws the values of a sample's active latents. Default: uniform in [0, 1).
   *
   * @param random The generator of the data.
   * @param count Number of values.
   */
  coefficients?: (random: RandomState, count: number) => ArrayLike<number>;
  /**
   * Draws the active latents of a sample: different integers from 0 to n − 1, at least one. Default:
   * settings A, B and C of {@linkcode generateDatasets}; with draws of one's own, k only sets m.
   *
   * @param random The generator of the data.
   * @param split Whether the sample is in the training distribution.
   */
  support?: (
    random: RandomState,
    split: { inDistribution: boolean; numLatents: number; k: number },
  ) => ArrayLike<number>;
}

const DATASET_OPTIONS: readonly (keyof DatasetOptions)[] = [
  ...["seed", "numLatents", "k", "nSamples", "inputDim"] as const,
  ...["mixing", "noise", "coefficients", "support"] as const,
];

/** Added to the seed, modulo 2³², for the generator of the noise: half of all seeds away. */
const NOISE_SEED = 2 ** 31;

/** The samples of one split. */
export interface Split {
  /** Codes: samples × n, k non-zeros in each row. */
  Z: Matrix64;
  /** Observations Z·Aᵀ, and the noise: samples × m. */
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
 * @throws {TypeError} When an option is of the wrong kind or unknown.
 * @throws {RangeError} When an option breaks its rule.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { checkDatasetOptions } from "./data.ts";
 *
 * checkDatasetOptions({ seed: 0, numLatents: 50, k: 10, nSamples: 5000 });
 * assert.throws(
 *   () => checkDatasetOptions({ seed: 0, numLatents: 50, k: 50, nSamples: 5000 }),
 *   /k must be below numLatents/,
 * );
 * ```
 */
export function checkDatasetOptions(options: DatasetOptions): void {
  requireOptions("options", options, DATASET_OPTIONS);
  const { seed, numLatents, k, nSamples, inputDim, mixing, noise, coefficients, support } = options;
  requireInteger("seed", seed, 0, 2 ** 32 - 1);
  requireInteger("numLatents", numLatents, 2, 2 ** 31 - 1);
  requireInteger("k", k, 1);
  if (k >= numLatents) {
    throw new RangeError(`Cannot draw ${k} of ${numLatents} latents: k must be below numLatents`);
  }
  const largest = largestSparsity(numLatents);
  if (k > largest && !support) {
    throw new RangeError(
      `Cannot draw ${k} of ${numLatents} latents: latent 0 has ${largest - 1} partners from one ` +
        `half of the others, so k must be at most ${largest}`,
    );
  }
  // one sample would leave the training and the OOD split empty
  requireInteger("nSamples", nSamples, 2);
  if (inputDim !== undefined) requireInteger("inputDim", inputDim, 1);
  if (mixing !== undefined) requireMatrix("mixing", mixing, { rows: inputDim, cols: numLatents });
  if (noise !== undefined) requireNonNegative("noise", noise);
  if (coefficients !== undefined) requireFunction("coefficients", coefficients);
  if (support !== undefined) requireFunction("support", support);
}

/**
 * Draws the training, validation and out-of-distribution samples of one mixing matrix, number by
 * number those of the paper's generator unless `mixing`, `noise`, `coefficients` or `support` vary it.
 *
 * With h = ⌊n/2⌋, an in-distribution sample tosses a coin: setting A activates latent 0 and k − 1
 * latents of 1 … n − h − 1, setting B any k latents but latent 0. An OOD sample (setting C) activates
 * latent 0 and k − 1 latents of n − h … n − 1, with k = 1 none, which is nothing new. Active latents are
 * uniform in [0, 1). The matrix has normal entries and unit columns.
 *
 * Beyond what it returns it takes the memory of one n-vector and, for a moment, of a second matrix.
 *
 * @throws {TypeError} When an option is of the wrong kind or unknown.
 * @throws {RangeError} When an option breaks its rule: k ≥ n, k above ⌈n/2⌉, fewer than 2 samples, a
 * seed, size or dimension that is no integer in its range, a matrix of another shape, a draw of one's
 * own that yields another number of values, a latent twice, or one that is not there.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { generateDatasets } from "./data.ts";
 *
 * const options = { seed: 0, numLatents: 50, k: 10, nSamples: 5000 };
 * const { train, A } = generateDatasets(options);
 * assert.deepEqual([train.Y.rows, A.rows], [2500, 33]);
 *
 * // two-sided coefficients and noisy observations of the same supports
 * const noisy = generateDatasets({
 *   ...options,
 *   noise: 0.05,
 *   coefficients: (random, count) => random.uniform(-1, 1, count),
 * });
 * assert(noisy.train.Z.data.some((value) => value < 0));
 * ```
 */
export function generateDatasets(options: DatasetOptions): Datasets {
  checkDatasetOptions(options);
  const { seed, numLatents: n, k, nSamples, mixing, noise = 0, coefficients, support } = options;
  const m = mixing?.rows ?? options.inputDim ?? compressedSensingBound(n, k, 2);
  const random = new RandomState(seed);
  const drawn = random.normal(0, 1, m * n);
  const A = mixing ? toFloat64(mixing) : normalizeColumns({ rows: m, cols: n, data: drawn });
  const noises = new RandomState((seed + NOISE_SEED) % 2 ** 32);

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

  /** The active latents by settings A, B and C. */
  function drawSupport(inDistribution: boolean): Int32Array {
    if (inDistribution && random.binomial(1, 0.5) === 0) {
      choose(0, 1, n - 1);
    } else {
      active[0] = 0;
      if (inDistribution) choose(1, 1, n - half - 1);
      else choose(1, n - half, half);
    }
    return active;
  }

  /** The active latents of a sample and their values. */
  function drawCode(inDistribution: boolean): Code {
    const latents = support
      ? requireSupport(support(random, { inDistribution, numLatents: n, k }), n)
      : drawSupport(inDistribution).slice();
    const values = coefficients
      ? requireCoefficients(coefficients(random, latents.length), latents.length)
      : random.random(latents.length);
    return { latents, values };
  }

  function drawSplit(samples: number, inDistribution: boolean): Split {
    const split = { Z: zeros(samples, n), Y: zeros(samples, m), labels: new Uint8Array(samples) };
    for (let first = 0; first < samples; first += BLOCK) {
      const count = Math.min(BLOCK, samples - first);
      const codes = Array.from({ length: count }, () => drawCode(inDistribution));
      writeSamples(split, first, codes, A);
      if (noise === 0) continue;
      const values = noises.normal(0, noise, count * m);
      for (let p = 0; p < values.length; p++) split.Y.data[first * m + p] += values[p];
    }
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

/** The active latents of a sample, and their values. */
interface Code {
  latents: ArrayLike<number>;
  values: ArrayLike<number>;
}

/** Samples that are mixed together: a row of the matrix stays in the cache for all of them. */
const BLOCK = 64;

/** Writes codes, observations and labels from row `first` on. */
function writeSamples({ Z, Y, labels }: Split, first: number, codes: Code[], A: Matrix): void {
  const { rows: m, cols: n } = A;
  codes.forEach(({ latents, values }, s) => {
    const row = (first + s) * n;
    for (let a = 0; a < latents.length; a++) Z.data[row + latents[a]] = values[a];
    labels[first + s] = Z.data[row] > 0.5 ? 1 : 0;
  });
  for (let i = 0; i < m; i++) {
    const mixing = A.data.subarray(i * n, (i + 1) * n);
    for (let s = 0; s < codes.length; s++) {
      const { latents, values } = codes[s];
      let sum = 0;
      for (let a = 0; a < latents.length; a++) sum += values[a] * mixing[latents[a]];
      Y.data[(first + s) * m + i] = sum;
    }
  }
}

/** Requires what a draw of one's own yields to be different latents. */
function requireSupport(latents: ArrayLike<number>, n: number): ArrayLike<number> {
  requireOptions("support's latents", latents);
  requireInteger("the number of support's latents", latents.length, 1, n);
  const seen = new Set<number>();
  for (let a = 0; a < latents.length; a++) {
    requireInteger("support's latent", latents[a], 0, n - 1);
    if (seen.has(latents[a])) {
      throw new RangeError(`support's latents must be different, got ${latents[a]} twice`);
    }
    seen.add(latents[a]);
  }
  return latents;
}

/** Requires what a draw of one's own yields to be one finite value per active latent. */
function requireCoefficients(values: ArrayLike<number>, count: number): ArrayLike<number> {
  requireOptions("coefficients' values", values);
  requireInteger("the number of coefficients' values", values.length, count, count);
  for (let a = 0; a < count; a++) {
    if (!Number.isFinite(values[a])) {
      throw new RangeError(`coefficients' values must be finite, got ${values[a]}`);
    }
  }
  return values;
}
