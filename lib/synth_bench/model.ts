/**
 * The models of SynthSAEBench (Chanin and Garriga-Alonso, 2026): features in a hierarchy, with
 * correlations and magnitudes, in superposition.
 * @module
 */
import {
  requireBoolean,
  requireInstance,
  requireInteger,
  requireNonNegative,
  requireOptions,
  requirePositive,
} from "../checks.ts";
import { type Matrix32, requireMatrix, transpose } from "../matrix.ts";
import { gram, multiply } from "../numeric/product.ts";
import { TorchGenerator } from "../random.ts";

/**
 * What {@linkcode makeSynthModel} makes. The defaults are those of SynthSAEBench-16k, version 2, in its ratios
 * to N = 16,384.
 */
export interface SynthOptions {
  /** N: number of features, at least 2. The benchmark has 16,384. */
  numFeatures: number;
  /** D: number of observed dimensions. Default ⌈N·3/64⌉: of 16,384, 768. */
  inputDim?: number;
  /** Features without a parent that have children. Default ⌈N/128⌉. 0: no hierarchy. */
  roots?: number;
  /** Children of a feature that has some. Default 4. */
  branching?: number;
  /** Levels below the roots. Default 3. */
  depth?: number;
  /** Whether of the children of one feature at most one is active. Default true. */
  exclusive?: boolean;
  /** Whether a child's value is scaled by its parent's over that one's mean. Default true. */
  scaled?: boolean;
  /** Whether children fire more often to make up for what the hierarchy takes. Default true. */
  compensated?: boolean;
  /** Exponent of Zipf's law of the firing probabilities. Default 0.5. */
  exponent?: number;
  /** The largest and the smallest firing probability, before compensation. Default 0.4 and 5e-4. */
  probabilities?: readonly [most: number, least: number];
  /** Common factors of the correlations between features; 0: independent. Default 25. */
  rank?: number;
  /** Standard deviation of the factors' weights. Default 0.1. */
  correlation?: number;
  /** Mean magnitude of the first and the last feature, linear in between. Default 5 and 4. */
  means?: readonly [first: number, last: number];
  /** Deviations of the magnitudes are |N(mean, deviation²)|. Default 0.5 and 0.5. */
  deviations?: readonly [mean: number, deviation: number];
  /** Steps of Adam that make the feature vectors more orthogonal. Default 100. */
  orthogonalSteps?: number;
  /** Their learning rate. Default 3e-4. */
  orthogonalRate?: number;
  /** Norm of the bias. Default 0.5. */
  biasNorm?: number;
  /** Seed of everything, from 0 to 2³² − 5. Default 42. */
  seed?: number;
}

/** A model: N features with unit vectors in D dimensions, and how they fire. */
export interface SynthModel {
  /** The feature vectors: D × N, unit columns. */
  dictionary: Matrix32;
  /** D values that every sample has. */
  bias: Float32Array;
  /** Probability that each feature fires, where the hierarchy lets it. */
  probabilities: Float32Array;
  /** Mean magnitude of each. */
  means: Float32Array;
  /** Standard deviation of the magnitude of each. */
  deviations: Float32Array;
  /** Weights of the common normal factors: N × rank. */
  factors: Matrix32;
  /** Variance of each feature's own normal number. */
  ownVariances: Float32Array;
  /** Each feature's parent; −1 where it has none. */
  parents: Int32Array;
  /** Whether (1) at most one of each feature's children is active. */
  exclusive: Uint8Array;
  /** Whether (1) the values of each feature's children are scaled by its own. */
  scaled: Uint8Array;
}

const OPTIONS: readonly (keyof SynthOptions)[] = [
  ...["numFeatures", "inputDim", "roots", "branching", "depth", "exclusive", "scaled"] as const,
  ...["compensated", "exponent", "probabilities", "rank", "correlation", "means"] as const,
  ...["deviations", "orthogonalSteps", "orthogonalRate", "biasNorm", "seed"] as const,
];

const PARTS: readonly (keyof SynthModel)[] = [
  ...["dictionary", "bias", "probabilities", "means", "deviations", "factors"] as const,
  ...["ownVariances", "parents", "exclusive", "scaled"] as const,
];

/** The largest row sum of squared factors where they leave a feature no variance of its own. */
const MOST_SHARED = 0.99;

/**
 * The model of SynthSAEBench with these sizes and this seed: that which SAELens 6.37 builds on a CPU, up to
 * rounding. (The published 16k model was built on a GPU, whose random numbers are others: read its files
 * with `loadSynthModel`.) Takes the memory of four copies of the dictionary in float64; the orthogonalisation's
 * 2·N·D² products per step are the work.
 *
 * @param options See {@linkcode SynthOptions}.
 * @throws {TypeError} When an option is of the wrong kind or unknown.
 * @throws {RangeError} When an option is out of its range, or a hierarchy needs more features than there are
 * for its roots.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { makeSynthModel } from "../synth_bench.ts";
 * const { dictionary, parents } = makeSynthModel({ numFeatures: 256 });
 * assert.deepEqual([dictionary.rows, dictionary.cols], [12, 256]);
 * // features 0 and 1 are roots, and 2 to 5 the children of 0
 * assert.deepEqual([...parents.slice(0, 7)], [-1, -1, 0, 0, 0, 0, 1]);
 * ```
 */
export function makeSynthModel(options: SynthOptions): SynthModel {
  requireOptions("options", options, OPTIONS);
  const { numFeatures: N, branching = 4, depth = 3, exponent = 0.5, rank = 25 } = options;
  requireInteger("numFeatures", N, 2, 2 ** 24);
  const { inputDim: D = Math.ceil(N * 3 / 64), roots = Math.ceil(N / 128) } = options;
  const { exclusive = true, scaled = true, compensated = true, correlation = 0.1 } = options;
  const [most, least] = pair("probabilities", options.probabilities, [0.4, 5e-4]);
  const [first, last] = pair("means", options.means, [5, 4]);
  const [deviation, spread] = pair("deviations", options.deviations, [0.5, 0.5]);
  const { orthogonalSteps = 100, orthogonalRate = 3e-4, biasNorm = 0.5, seed = 42 } = options;
  requireInteger("inputDim", D, 1, 2 ** 24);
  requireInteger("roots", roots, 0, N);
  requireInteger("branching", branching, 2);
  requireInteger("depth", depth, 0);
  for (const [name, value] of Object.entries({ exclusive, scaled, compensated })) {
    requireBoolean(name, value);
  }
  requirePositive("exponent", exponent);
  requirePositive("probabilities[1]", least);
  if (!(most > least && most <= 1)) {
    throw new RangeError(`probabilities must descend from at most 1, got ${most} and ${least}`);
  }
  requireInteger("rank", rank, 0, 2 ** 16);
  requireNonNegative("correlation", correlation);
  requirePositive("means[0]", first);
  requirePositive("means[1]", last);
  requireNonNegative("deviations[0]", deviation);
  requireNonNegative("deviations[1]", spread);
  requireInteger("orthogonalSteps", orthogonalSteps, 0, 100_000);
  requirePositive("orthogonalRate", orthogonalRate);
  requireNonNegative("biasNorm", biasNorm);
  requireInteger("seed", seed, 0, 2 ** 32 - 5);

  const parents = hierarchy(N, { roots, branching, depth });
  const flags = (value: boolean) => {
    const of = new Uint8Array(N);
    if (value) parents.forEach((parent) => parent >= 0 && (of[parent] = 1));
    return of;
  };
  const base = zipf(N, exponent, most, least), excluding = flags(exclusive);
  const generator = new TorchGenerator(seed);
  const vectors = unitRows({ rows: N, cols: D, data: generator.randn(N * D) });
  const dictionary = transpose(orthogonalised(vectors, orthogonalSteps, orthogonalRate));
  const bias = unitRows({ rows: 1, cols: D, data: generator.randn(D) }).data;
  return {
    dictionary,
    bias: bias.map((value) => biasNorm * value),
    probabilities: compensated ? compensate(base, parents, excluding) : base,
    means: linear(first, last, N),
    deviations: foldedNormal(deviation, spread, new TorchGenerator(seed + 1).randn(N)),
    ...correlations(N, rank, correlation, seed + 4),
    parents,
    exclusive: excluding,
    scaled: flags(scaled),
  };
}

function pair(
  name: string,
  value: readonly [number, number] | undefined,
  otherwise: readonly [number, number],
): readonly [number, number] {
  if (value === undefined) return otherwise;
  if (!Array.isArray(value) || value.length !== 2) {
    throw new TypeError(`${name} must be two numbers, got ${typeof value}`);
  }
  return value;
}

/**
 * Parents by feature: indices are given out breadth first, the next `branching` to each feature of the level
 * before, until they are used up.
 */
function hierarchy(
  N: number,
  { roots, branching, depth }: { roots: number; branching: number; depth: number },
): Int32Array {
  const parents = new Int32Array(N).fill(-1);
  let [start, end] = [0, roots];
  for (let level = 0, next = roots; level < depth && start < end; level++) {
    for (let parent = start; parent < end; parent++) {
      for (let c = 0; c < branching && next < N; c++) parents[next++] = parent;
    }
    [start, end] = [end, next];
  }
  return parents;
}

/** Probabilities by Zipf's law, shifted and scaled so that the first and the last are as given. */
function zipf(N: number, exponent: number, most: number, least: number): Float32Array {
  const q = Float32Array.from({ length: N }, (_, i) => (i + 1) ** -exponent);
  return q.map((value) => least + (most - least) * (value - q[N - 1]) / (q[0] - q[N - 1]));
}

/** More for children: by their direct parent's rarity, and by what siblings that exclude them take. */
function compensate(base: Float32Array, parents: Int32Array, exclusive: Uint8Array): Float32Array {
  const children = new Float64Array(base.length), counts = new Int32Array(base.length);
  parents.forEach((parent, i) => {
    if (parent < 0) return;
    children[parent] += base[i];
    counts[parent]++;
  });
  return base.map((own, i) => {
    const parent = parents[i];
    if (parent < 0) return own;
    const factor = exclusive[parent] && counts[parent] > 1
      ? 1 + (children[parent] - own) / base[parent]
      : 1;
    return Math.min(1, own * factor / base[parent]);
  });
}

/** Weights of common factors and the variance that is left, which must be above 0. */
function correlations(
  N: number,
  rank: number,
  scale: number,
  seed: number,
): Pick<SynthModel, "factors" | "ownVariances"> {
  const data = new TorchGenerator(seed).randn(N * rank).map((normal) => scale * normal);
  const shared = new Float64Array(N);
  data.forEach((weight, p) => shared[Math.floor(p / rank)] += weight * weight);
  const largest = shared.reduce((a, b) => Math.max(a, b), 0);
  const shrink = largest >= 1 ? MOST_SHARED / largest : 1;
  return {
    factors: { rows: N, cols: rank, data: data.map((weight) => Math.sqrt(shrink) * weight) },
    ownVariances: Float32Array.from(shared, (sum) => 1 - shrink * sum),
  };
}

/** |mean + spread·normal| for each of the numbers. */
export function foldedNormal(mean: number, spread: number, normals: Float32Array): Float32Array {
  return normals.map((normal) => Math.abs(mean + spread * normal));
}

/** As torch.linspace rounds it: from both ends. */
export function linear(first: number, last: number, N: number): Float32Array {
  const step = Math.fround((last - first) / (N - 1));
  return Float32Array.from(
    { length: N },
    (_, i) => i < N / 2 ? first + step * i : last - step * (N - 1 - i),
  );
}

function unitRows({ rows, cols, data }: Matrix32): Matrix32 {
  const unit = new Float32Array(data.length);
  for (let start = 0; start < data.length; start += cols) {
    let sum = 0;
    for (let p = start; p < start + cols; p++) sum += data[p] * data[p];
    const norm = Math.sqrt(sum);
    for (let p = start; p < start + cols; p++) unit[p] = data[p] / norm;
  }
  return { rows, cols, data: unit };
}

/**
 * Full-batch Adam on Σ_{i≠j} (eᵢ·eⱼ)² + N·Σ (‖eᵢ‖² − 1)² over the rows. The gradient of the first sum is
 * 4(E·EᵀE − diag(‖eᵢ‖²)E): with EᵀE, D × D, instead of the N × N products.
 */
function orthogonalised(vectors: Matrix32, steps: number, rate: number): Matrix32 {
  const { rows: N, cols: D } = vectors,
    E = { rows: N, cols: D, data: Float64Array.from(vectors.data) };
  const first = new Float64Array(N * D), second = new Float64Array(N * D);
  for (let step = 1; step <= steps; step++) {
    const product = multiply(E, gram(E)).data;
    const [c1, c2] = [1 - 0.9 ** step, 1 - 0.999 ** step];
    for (let i = 0, p = 0; i < N; i++) {
      let square = 0;
      for (let q = p; q < p + D; q++) square += E.data[q] ** 2;
      const own = N * (square - 1) - square;
      for (const end = p + D; p < end; p++) {
        const gradient = 4 * (product[p] + own * E.data[p]);
        first[p] += 0.1 * (gradient - first[p]);
        second[p] += 0.001 * (gradient * gradient - second[p]);
        E.data[p] -= rate / c1 * first[p] / (Math.sqrt(second[p] / c2) + 1e-8);
      }
    }
  }
  return unitRows({ ...vectors, data: Float32Array.from(E.data) });
}

/**
 * Requires a model whose parts fit together.
 *
 * @throws {TypeError} When it or a part is of the wrong kind.
 * @throws {RangeError} When sizes differ, a parent is none, or a feature is its own ancestor.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { makeSynthModel, requireSynthModel } from "./model.ts";
 * const model = makeSynthModel({ numFeatures: 128, orthogonalSteps: 0 });
 * requireSynthModel("model", model);
 * assert.throws(
 *   () => requireSynthModel("model", { ...model, bias: new Float32Array(2) }),
 *   /model.bias must have 6 values, got 2/,
 * );
 * ```
 */
export function requireSynthModel(name: string, model: SynthModel): void {
  requireOptions(name, model, PARTS);
  requireMatrix(`${name}.dictionary`, model.dictionary);
  const { rows: D, cols: N } = model.dictionary;
  requireMatrix(`${name}.factors`, model.factors, { rows: N });
  const parts: [keyof SynthModel, number, new () => { length: number }][] = [
    ["bias", D, Float32Array],
    ["probabilities", N, Float32Array],
    ["means", N, Float32Array],
    ["deviations", N, Float32Array],
    ["ownVariances", N, Float32Array],
    ["parents", N, Int32Array],
    ["exclusive", N, Uint8Array],
    ["scaled", N, Uint8Array],
  ];
  for (const [part, length, kind] of parts) {
    const values = model[part] as Float32Array;
    requireInstance(`${name}.${part}`, values, kind);
    if (values.length !== length) {
      throw new RangeError(`${name}.${part} must have ${length} values, got ${values.length}`);
    }
  }
  for (let i = 0; i < N; i++) {
    if (!(model.probabilities[i] >= 0 && model.probabilities[i] <= 1)) {
      throw new RangeError(
        `${name}.probabilities must be from 0 to 1, got ${model.probabilities[i]} at ${i}`,
      );
    }
    for (let at = i, steps = 0; at >= 0; at = model.parents[at]) {
      if (at >= N || steps++ > N) {
        throw new RangeError(
          `${name}.parents must lead from each feature to one without a parent, got ` +
            `${model.parents[i]} at ${i}`,
        );
      }
    }
  }
}
