/**
 * How autoencoders are trained and coded in SynthSAEBench, at sizes of a CPU, and how other coders are brought
 * to the same number of codes.
 * @module
 */
import { settingsOf } from "../cores/sae_config.ts";
import { type SaeOptions, type SaeType, variantOf } from "../cores/sae_variants.ts";
import type { CsrMatrix } from "../csr_matrix.ts";
import { lasso, lassoPath } from "../lasso.ts";
import {
  addRow,
  columnNorms,
  type Matrix,
  type Matrix32,
  normalizeColumns,
  transpose,
} from "../matrix.ts";
import { omp } from "../omp.ts";
import { Sae } from "../saes.ts";
import { synthBatches, type SynthModel } from "../synth_bench.ts";
import { observe } from "../synth_bench/sampler.ts";
import type { SaeConfig } from "../train_sae.ts";
import { trainSaesStream } from "../train_sae_stream.ts";

/** The types that are trained, in the order of rows. */
export const SYNTH_TYPES: readonly SaeType[] = [
  ...["relu", "topk", "jumprelu", "MP", "abstopk"] as const,
  ...["batchtopk", "matryoshka", "gated", "pursuit"] as const,
];

/** Samples of a step, and of a batch that chooses its codes together. */
export const SYNTH_BATCH = 1024;
/** Steps of the published trainings, which the tuner's rate and the dead window are for. */
const PUBLISHED_STEPS = 195_312;
/**
 * The tuner's published rate, and the largest one for shorter trainings, whose number of codes always falls
 * somewhat: with the published patience, 0.01, they would end before the tuner began.
 */
const [TUNING_RATE, LARGEST_RATE, PATIENCE] = [3e-4, 1e-2, 0.2];
/** Steps without a code after which a unit is dead: this share of all, at least so many. */
const [DEAD_SHARE, DEAD_LEAST] = [1 / 20, 20];

/** What trainings of one cell share. */
export interface SynthTraining {
  /** Units. */
  width: number;
  /** Codes per sample. */
  k: number;
  /** Steps of {@linkcode SYNTH_BATCH} samples. */
  steps: number;
  /** Learning rate of Adam, constant. */
  lr: number;
  /** Seed of samples and weights. */
  seed: number;
}

/**
 * What a type has beyond SAELens's defaults. The prefixes of matryoshka are the published shares of the width;
 * topk and abstopk choose by their codes as they are.
 */
function ownOptions(
  type: SaeType,
  { width, k, steps }: SynthTraining,
): SaeOptions & Partial<SaeConfig> {
  const third = Math.floor(steps / 3), schedule = { gammaWarmup: third };
  const rate = Math.min(LARGEST_RATE, TUNING_RATE * PUBLISHED_STEPS / steps);
  const tuneL0 = { target: k, rate, patience: PATIENCE }, late = { ...tuneL0, after: third };
  switch (type) {
    case "relu":
      return { type, decoderNorms: true, gamma: 2, schedule, tuneL0: late };
    case "gated":
      return { type, gamma: 1, schedule, tuneL0: late };
    case "jumprelu":
      return {
        ...{ type, penalty: "step", bandwidth: 1, initialThreshold: 1, gamma: 1, tuneL0 },
        directThreshold: false, // as when the scores were published
      };
    case "topk":
    case "abstopk":
      return { type, kval: k, decoderNorms: false };
    case "matryoshka": {
      const groups = [32, 8, 2, 1].map((part) => Math.ceil(width / part));
      return { type, kval: k, groups: [...new Set(groups)] };
    }
    default:
      return { type, kval: k };
  }
}

/**
 * Trains autoencoders on the same stream of samples, which is drawn once for all: batches of 1024, Adam at a constant rate,
 * gradients clipped at norm 1, SAELens's losses. Where a penalty decides on the number of codes its weight is
 * tuned, from a third of the training on; that of jumprelu from the beginning.
 *
 * @param types Without duplicates.
 * @param onStep Called after every step.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { makeSynthModel } from "../synth_bench.ts";
 * import { trainSynthSaes } from "./synth_protocol.ts";
 * const model = makeSynthModel({ numFeatures: 256 });
 * const training = { width: 64, k: 2, steps: 3, lr: 2e-3, seed: 0 };
 * const saes = await trainSynthSaes(model, ["topk", "relu"], training);
 * assert.equal(saes.get("topk")!.width, 64);
 * ```
 */
export async function trainSynthSaes(
  model: SynthModel,
  types: readonly SaeType[],
  training: SynthTraining,
  onStep: (done: number) => void = () => {},
): Promise<Map<SaeType, Sae>> {
  const { width, steps, lr, seed } = training, inputDim = model.dictionary.rows;
  if (types.length === 0) return new Map();
  const configs = types.map((type) => {
    const config = {
      ...{ conventions: "saelens", width, lr, seed, epochs: 1, batchSize: SYNTH_BATCH },
      ...{ deadAfter: Math.max(DEAD_LEAST, Math.round(DEAD_SHARE * steps)) },
      ...ownOptions(type, training),
    } as SaeConfig;
    if (type !== "jumprelu") return config;
    return { ...config, initial: withNorms(settingsOf(config, { inputDim }).start, 0.5) };
  });
  const train = {
    ...{ rows: steps * SYNTH_BATCH, cols: inputDim },
    *batches() {
      let step = 0;
      for (const { X } of synthBatches(model, { seed, batchSize: SYNTH_BATCH, batches: steps })) {
        yield X; // until its step is done
        onStep(++step);
      }
    },
  };
  const trained = await trainSaesStream({ train }, configs);
  return new Map(trained.map(({ sae }, i) => [types[i], sae]));
}

/** The same autoencoder with atoms of this norm, and their transpose as the encoder. */
function withNorms(sae: Sae, norm: number): Sae {
  const unit = normalizeColumns(sae.dictionary);
  const decoder = { ...unit, data: unit.data.map((value) => norm * value) };
  const parameters = { ...sae.parameters, decoder, encoder: transpose(decoder) };
  return new Sae({ ...sae.options, parameters });
}

/**
 * Codes and reconstruction as the benchmark has them of classes in training: batchtopk and matryoshka choose the k
 * largest per sample of each batch of 1024, not those above a threshold.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Sae } from "../saes.ts";
 * import { codeAsTrained } from "./synth_protocol.ts";
 * const sae = Sae.initialize({ type: "batchtopk", kval: 2, inputDim: 4, width: 8, seed: 0 });
 * const X = { rows: 2, cols: 4, data: Float32Array.of(9, 8, 7, 6, 1, 1, 1, 1) };
 * const { codes } = codeAsTrained(sae, X, 1.5);
 * assert.equal(codes.data.filter((code) => code > 0).length, 3);
 * ```
 */
export function codeAsTrained(
  sae: Sae,
  X: Matrix,
  k: number,
): { codes: Matrix32; reconstruction: Matrix32 } {
  if (!variantOf(sae.type).byBatch) return sae.forward(X);
  const { encoder, encoderBias, decoder, decoderBias } = sae.parameters;
  const dense = new Sae({
    type: "relu",
    parameters: { encoder, encoderBias, decoder, decoderBias },
  });
  const codes = dense.encode(X), { cols } = codes;
  const norms = columnNorms(decoder);
  for (let row = 0; row < X.rows; row += SYNTH_BATCH) {
    const rows = Math.min(SYNTH_BATCH, X.rows - row);
    const part = codes.data.subarray(row * cols, (row + rows) * cols);
    const weighed = part.map((value, p) => value * norms[p % cols]);
    const least = weighed.toSorted()[Math.max(0, weighed.length - Math.floor(k * rows))];
    weighed.forEach((value, p) => value < least && (part[p] = 0));
  }
  return { codes, reconstruction: sae.decode(codes) };
}

/** A dictionary with what is to be subtracted from the samples before they are coded. */
export interface Codebook {
  /** D × width, an atom per column. */
  dictionary: Matrix;
  /** D values. */
  bias: ArrayLike<number>;
}

/** Weights of the penalty that are tried for a number of codes: largest and smallest, and how many. */
const [STRONGEST, WEAKEST, TRIED] = [10, 0.03, 24];

/** Codes of samples and what they reconstruct. */
export interface Coded {
  /** Samples × width. */
  codes: CsrMatrix;
  /** Samples × D. */
  reconstruction: Matrix32;
}

/**
 * Non-negative codes by the Lasso on unit atoms, with the one penalty that gives `tuning` k codes per sample on
 * average.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fromRows } from "../matrix.ts";
 * import { lassoCodes } from "./synth_protocol.ts";
 * const book = { dictionary: fromRows([[2, 0], [0, 1]]), bias: [1, 1] };
 * const X = fromRows([[5, 1], [1, 4], [4, 1]]);
 * const { codes } = lassoCodes(X, book, 1, X);
 * assert.deepEqual([...codes.indices], [0, 1, 0]);
 * ```
 */
export function lassoCodes(X: Matrix, book: Codebook, k: number, tuning: Matrix): Coded {
  const { D, centred } = prepared(book);
  const ratio = (WEAKEST / STRONGEST) ** (1 / (TRIED - 1));
  const lambdas = Array.from({ length: TRIED }, (_, i) => STRONGEST * ratio ** i);
  const counts = lassoPath(centred(tuning), D, { lambdas, nonneg: true })
    .map(({ codes }) => codes.data.length / codes.rows);
  const at = counts.findIndex((count) => count >= k);
  // between two penalties the number of codes is about linear in the logarithm
  const lambda = at < 0
    ? WEAKEST
    : at === 0
    ? STRONGEST
    : lambdas[at - 1] * ratio ** ((k - counts[at - 1]) / (counts[at] - counts[at - 1]));
  return reconstructed(lasso(centred(X), D, { lambda, nonneg: true }).codes, D, book);
}

/**
 * Non-negative codes by orthogonal matching pursuit on unit atoms, k per sample.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fromRows } from "../matrix.ts";
 * import { ompCodes } from "./synth_protocol.ts";
 * const book = { dictionary: fromRows([[2, 0], [0, 1]]), bias: [1, 1] };
 * const { codes, reconstruction } = ompCodes(fromRows([[5, 2]]), book, 1);
 * assert.deepEqual([...codes.data], [4]); // on atoms of norm 1
 * assert.deepEqual([...reconstruction.data], [5, 1]);
 * ```
 */
export function ompCodes(X: Matrix, book: Codebook, k: number): Coded {
  const { D, centred } = prepared(book);
  return reconstructed(omp(centred(X), D, { k, nonneg: true }).codes, D, book);
}

function prepared({ dictionary, bias }: Codebook): {
  D: Matrix;
  centred: (X: Matrix) => Matrix;
} {
  return {
    D: normalizeColumns(dictionary),
    centred: (X) => addRow(X, bias, -1, new Float32Array(X.data.length)),
  };
}

function reconstructed(codes: CsrMatrix, D: Matrix, { bias }: Codebook): Coded {
  const atoms = transpose({ ...D, data: Float32Array.from(D.data) });
  return { codes, reconstruction: observe(codes, atoms, Float32Array.from(bias)) };
}
