/**
 * Training of a sparse autoencoder with AdamW.
 * @module
 */
import { INTERRUPTIBLE, type Interruptible, watch } from "./interruptible.ts";
import {
  requireFunction,
  requireInstance,
  requireInteger,
  requireIterable,
  requireNonNegative,
  requireOptions,
  requirePositive,
} from "./checks.ts";
import { Arena, type Block } from "./wasm/memory.ts";
import { type Matrix, type Matrix32, requireFloat32, requireMatrix, transpose } from "./matrix.ts";
import { shuffledBatches, TorchGenerator } from "./random.ts";
import {
  SAE_CONVENTIONS,
  type SaeConventions,
  trainingDefaults,
  variantDefaults,
} from "./cores/sae_conventions.ts";
import { halves } from "./cores/sae_matryoshka.ts";
import { requireSchedule, type SaeSchedule, scheduled } from "./cores/sae_schedule.ts";
import { type DecoderNorm, type LossScale, SaeTrainer } from "./cores/sae_training.ts";
import { type AuxK, type SaeSizes, takeOptions } from "./cores/sae_variant.ts";
import {
  type SaeOptions,
  type SaeParameters,
  VARIANT_OPTIONS,
  variantOf,
} from "./cores/sae_variants.ts";
import { Sae } from "./saes.ts";

export type { SaeConventions } from "./cores/sae_conventions.ts";
export type { SaeSchedule } from "./cores/sae_schedule.ts";
export type { DecoderNorm, LossScale } from "./cores/sae_training.ts";
export type { AuxK } from "./cores/sae_variant.ts";
export type { SaeOptions, SaeType } from "./cores/sae_variants.ts";

/** Training samples alone, or with one set to score: what {@linkcode trainSae} takes too. */
export interface SaeTrainingData {
  /** What the weights are fitted to. */
  train: Matrix;
  /** Held-out samples, scored only. */
  id?: Matrix;
  /** Samples of another distribution, scored only. */
  ood?: Matrix;
}

/** The observations that {@linkcode trainSae} sees, samples × inputDim each; rounded to float32. */
export interface SaeData extends SaeTrainingData {
  /** What the weights are fitted to. */
  train: Matrix;
  /** Held-out samples of the training distribution: scored only. */
  id: Matrix;
  /** Samples of the shifted distribution: scored only. */
  ood: Matrix;
}

/** One entry of the training history. */
export interface SaeHistoryEntry {
  /** Counted from 0. */
  epoch: number;
  /** Mean squared error in training, averaged over the epoch's batches. */
  trainRecon: number;
  /** Penalty in training, averaged over the epoch's batches. */
  trainReg: number;
  /** Mean squared error on the ID samples after the epoch. */
  mseId: number;
  /** The same on the OOD samples. */
  mseOod: number;
  /** Mean number of codes per ID sample with |code| > 0.01 after the epoch. */
  l0Id: number;
  /** The same on the OOD samples. */
  l0Ood: number;
  /** The part of the ID samples' variance that is explained after the epoch: 1 − error/variance. */
  explainedId: number;
  /** The same of the OOD samples. */
  explainedOod: number;
  /** The loss in training, penalty and all else included, averaged over the epoch's batches. */
  trainLoss: number;
  /** Dead units after the epoch, where `deadAfter` has them counted. */
  dead?: number;
}

/** An entry where a set may be missing: what is of that set is not there. */
export type SaePartialEntry =
  & Pick<SaeHistoryEntry, "epoch" | "trainRecon" | "trainReg" | "trainLoss">
  & Partial<SaeHistoryEntry>;

/** What `onEpoch` gets after every epoch. */
export interface SaeEpoch {
  /** Counted from 0. */
  epoch: number;
  /** Number of epochs. */
  epochs: number;
  /** The epoch's entry of the history, in the epochs that have one (see `historyEvery`). */
  entry?: SaeHistoryEntry;
  /** A copy of the autoencoder as it is now. */
  snapshot(): Sae;
}

/** Options of a training, whatever is trained. */
export interface SaeTraining extends Interruptible {
  /** Number of units. */
  width: number;
  /** Passes over the training samples. Default 500. */
  epochs?: number;
  /** Learning rate. Default 5e-4. */
  lr?: number;
  /** Weight of the penalty, for the kinds that have one. Default 1e-4. */
  gamma?: number;
  /**
   * Whose defaults all other options of the training and of the kind have. `"paper"`, the default: those
   * told here. `"saelens"`: SAELens 6.37, errors added up over dimensions, a free decoder that starts
   * with norms 0.1, clipping at 1, AuxK, penalties by the atoms' norms, lr 3e-4, γ 1. In
   * `"dictionary_learning"` columns have unit norm, lr and γ depend on the kind, and warm up. Number of
   * units, `kval`, epochs and batches are yours; `topk` chooses by pre-activations alone.
   */
  conventions?: SaeConventions;
  /** Decay rates of AdamW's running means, each in [0, 1). Default 0.9 and 0.999. */
  betas?: readonly [number, number];
  /** AdamW's decoupled weight decay. Default 0.01. */
  weightDecay?: number;
  /** Whether squared errors are averaged, the default, or added up over the dimensions (`"sum"`). */
  lossScale?: LossScale;
  /**
   * What keeps the decoder's columns at their norms. `"projected"`, the default: gradients lose their
   * part along each column. `"unit"`: that, and columns get unit norm after each step. `"free"`: nothing.
   */
  decoderNorm?: DecoderNorm;
  /** How learning rate and penalty change, counted in steps of `batchSize`. Default: not at all. */
  schedule?: SaeSchedule;
  /** A unit is dead after more than so many training steps without a code. Default: not counted. */
  deadAfter?: number;
  /**
   * What dead units learn: to predict what is left over, for topk, abstopk, batchtopk and matryoshka.
   * `latents`: at most how many, default half the dimensions; `weight`: default 1/32; `relative`: see
   * {@linkcode AuxK}, default true. Needs `deadAfter`. Default: nothing.
   */
  auxK?: Partial<AuxK>;
  /**
   * Dead units get new weights every so many steps, towards samples that are reconstructed badly (Bricken
   * et al., 2023). Needs `deadAfter`. Default 0: never.
   */
  resampleEvery?: number;
  /** Ends after so many history entries in a row without a new least `mseId`. Default 0: never. */
  patience?: number;
  /** Samples per step; the last batch of an epoch may be smaller. Default 64. */
  batchSize?: number;
  /** The decoder's columns get unit norm after epoch 0 and every so many epochs. Default 50; 0: never. */
  renormEvery?: number;
  /** Largest norm of all gradients together; 0, the default, does not clip. */
  gradClip?: number;
  /** Seed of the initial weights and of the default loader, from 0 to 2³² − 1. */
  seed: number;
  /** Starts from these parameters, which stay as they are, instead of the seed's. */
  initial?: Sae;
  /**
   * Batches of indices of training samples, iterated once per epoch. Default:
   * `shuffledBatches(train.rows, batchSize, new TorchGenerator(seed))`. Pass one loader to several
   * trainings to share its generator.
   */
  loader?: Iterable<ArrayLike<number>>;
  /** The history has an entry for every so many epochs, and the last. Default 1; 0: the last alone. */
  historyEvery?: number;
  /** Called after every epoch. */
  onEpoch?: (progress: SaeEpoch) => void;
}

/**
 * Options of {@linkcode trainSae}: the kind of autoencoder, the options of this kind, and those of the
 * training. `{ type: "relu", width, seed }` is complete; `topk`, `MP` and `abstopk` also need `kval`,
 * which the others accept without effect.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { type SaeConfig, trainSae } from "./train_sae.ts";
 * const X = { rows: 16, cols: 8, data: Float32Array.from({ length: 128 }, (_, i) => i % 7) };
 * const config: SaeConfig = { type: "topk", kval: 3, width: 12, epochs: 2, seed: 0 };
 * const { codesId } = trainSae({ train: X, id: X, ood: X }, config);
 * assert(codesId.data.slice(0, 12).filter((code) => code !== 0).length <= 3);
 * ```
 */
export type SaeConfig = SaeOptions & SaeTraining;

const CONFIG = [
  ...["type", "width", "epochs", "lr", "gamma", "batchSize", "renormEvery", "gradClip", "seed"],
  ...["initial", "loader", "historyEvery", "onEpoch", ...VARIANT_OPTIONS, ...INTERRUPTIBLE],
  ...["conventions", "betas", "weightDecay", "lossScale", "decoderNorm", "schedule", "deadAfter"],
  ...["auxK", "resampleEvery", "patience"],
];

/** What {@linkcode trainSae} returns. */
export interface TrainedSae {
  /** The trained autoencoder. */
  sae: Sae;
  /** Codes of the ID samples, samples × width. */
  codesId: Matrix32;
  /** Codes of the OOD samples, samples × width. */
  codesOod: Matrix32;
  /** Reconstructed ID samples, samples × inputDim. */
  reconId: Matrix32;
  /** Reconstructed OOD samples, samples × inputDim. */
  reconOod: Matrix32;
  /** Losses by epoch. */
  history: SaeHistoryEntry[];
}

/** What {@linkcode trainSae} returns where a set may be missing: nothing of that set. */
export interface PartlyScoredSae extends Partial<Omit<TrainedSae, "sae" | "history">> {
  /** The trained autoencoder. */
  sae: Sae;
  /** Losses by epoch. */
  history: SaePartialEntry[];
}

/** Samples that are scored together where the batches are smaller. */
const SCORED_ROWS = 64;

/**
 * Trains a sparse autoencoder on mean squared error + γ·penalty with AdamW (betas 0.9 and 0.999,
 * eps 1e-8, weight decay 0.01 on every parameter that has a gradient). Before each step the
 * decoder's gradient loses its part along each decoder column. With the same seed the numbers are
 * those of the reference in PyTorch up to float32 rounding.
 *
 * All state stays in Wasm memory from the first step to the last.
 *
 * @throws {TypeError | RangeError} When the data or an option breaks its rule, `initial` is of another
 * type or size, or the loader yields no batch, an empty one, one above `batchSize`, or an index that
 * is not a training sample.
 * @throws {Error} When the loss is no longer finite: the training diverged.
 * @throws The signal's reason, when it is aborted and no partial result is wanted.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { trainSae } from "./train_sae.ts";
 * const X = { rows: 16, cols: 8, data: Float32Array.from({ length: 128 }, (_, i) => i % 7) };
 * const { sae, history } = trainSae(
 *   { train: X, id: X, ood: X },
 *   { type: "relu", width: 12, epochs: 5, batchSize: 8, seed: 0 },
 * );
 * assert.equal(sae.width, 12);
 * assert(history[4].mseId < history[0].mseId);
 * ```
 */
export function trainSae(data: SaeData, config: SaeConfig): TrainedSae;
/** Without the sets that are missing. */
export function trainSae(data: SaeTrainingData, config: SaeConfig): PartlyScoredSae;
export function trainSae(data: SaeTrainingData, config: SaeConfig): PartlyScoredSae {
  requireOptions("data", data, ["train", "id", "ood"]);
  requireOptions("config", config, CONFIG);
  const { train, id, ood } = data;
  const variant = variantOf(config.type);
  const { width, seed, epochs = 500, batchSize = 64, historyEvery = 1, patience = 0 } = config;
  const { conventions = "paper", initial, onEpoch } = config;
  if (!SAE_CONVENTIONS.includes(conventions)) {
    throw new TypeError(
      `conventions must be one of ${SAE_CONVENTIONS.join(", ")}, got ${conventions}`,
    );
  }
  const sets = Object.entries({ id, ood }).filter(([, X]) => X !== undefined) as [string, Matrix][];
  for (const [name, X] of [["train", train], ...sets] as [string, Matrix][]) {
    requireMatrix(name, X, { cols: train?.cols });
    requireFloat32(name, X);
    requireInteger(`${name}.rows`, X.rows, 1);
  }
  const inputDim = train.cols;
  requireInteger("width", width, 1);
  const defaults = trainingDefaults(conventions, config.type, { inputDim, width }, batchSize);
  const {
    lr = defaults.lr,
    betas = defaults.betas,
    weightDecay = defaults.weightDecay,
    gamma = variant.penalty ? defaults.gamma ?? variant.penalty.gamma : 0,
    lossScale = defaults.lossScale,
    decoderNorm = defaults.decoderNorm,
    renormEvery = defaults.renormEvery,
    gradClip = defaults.gradClip,
    schedule = defaults.schedule,
    deadAfter = defaults.deadAfter,
    resampleEvery = 0,
  } = config;
  requireInteger("epochs", epochs, 1);
  requirePositive("lr", lr);
  requireNonNegative("gamma", gamma);
  requireInteger("batchSize", batchSize, 1);
  requireInteger("renormEvery", renormEvery, 0);
  requireNonNegative("gradClip", gradClip);
  requireInteger("historyEvery", historyEvery, 0);
  if (initial !== undefined) requireInstance("initial", initial, Sae);
  if (config.loader !== undefined) requireIterable("loader", config.loader);
  if (onEpoch !== undefined) requireFunction("onEpoch", onEpoch);
  requireNonNegative("weightDecay", weightDecay);
  requireBetas(betas);
  requireOneOf("lossScale", lossScale, ["mean", "sum"]);
  requireOneOf("decoderNorm", decoderNorm, ["projected", "unit", "free"]);
  requireOptions("schedule", schedule, SCHEDULE);
  requireSchedule(schedule);
  requireInteger("resampleEvery", resampleEvery, 0);
  requireInteger("patience", patience, 0);
  if (patience > 0 && id === undefined) throw new TypeError("patience needs data.id, got none");
  if (deadAfter !== undefined) requireInteger("deadAfter", deadAfter, 0);
  if (resampleEvery > 0 && deadAfter === undefined) {
    throw new TypeError("resampleEvery needs deadAfter, got none");
  }
  if (resampleEvery > 0 && !variant.parameters.find(({ name }) => name === "encoder")!.trained) {
    throw new TypeError(`resampleEvery needs a type that trains an encoder, got ${config.type}`);
  }
  const auxK = auxKOf(config, variant.auxK ? defaults.auxK : undefined, inputDim);
  const endsAfter = watch(config);
  const own = { ...variantDefaults(conventions, config.type, groupCount(config)), ...config };
  const options = takeOptions(variant, own as SaeConfig, { inputDim, width });
  const start = initial ?? begin(options, { inputDim, width, seed }, defaults.initialNorm);
  requireSame("initial", start, { ...options, inputDim, width });
  const loader = config.loader ??
    shuffledBatches(train.rows, batchSize, new TorchGenerator(seed));

  using arena = new Arena();
  const scored = Math.max(1, ...sets.map(([, X]) => X.rows));
  const sizes = { rows: Math.max(batchSize, SCORED_ROWS), samples: scored, deadAfter, auxK };
  const settings = { lr, gamma, gradClip, betas, weightDecay, lossScale, decoderNorm };
  const trainer = new SaeTrainer(arena, start, settings, sizes);
  const { workspace } = trainer;
  const trainBlock = arena.matrix(train);
  const scoredSets = sets.map(([name, X]) => ({
    ...{ block: arena.matrix(X), rows: X.rows, variance: variance(X) },
    suffix: name === "id" ? "Id" as const : "Ood" as const,
  }));
  const batchOrder = arena.i32(batchSize), inOrder = arena.i32(scored);
  inOrder.view.forEach((_, i, view) => view[i] = i);

  function score(block: Block, rows: number): { mse: number; l0: number } {
    for (let i = 0; i < rows; i += workspace.rows) {
      workspace.forward(block, inOrder.from(i), Math.min(workspace.rows, rows - i));
    }
    const { recon, active } = workspace.takeSums();
    return { mse: recon / (rows * inputDim), l0: active / rows };
  }

  const snapshot = () =>
    new Sae({ ...start.options, parameters: workspace.parameters.read() as SaeParameters });
  const steps = epochs * Math.ceil(train.rows / batchSize);
  const resampler = new TorchGenerator(seed);
  const lossFactor = lossScale === "sum" ? inputDim : 1;
  const history: SaePartialEntry[] = [];
  let step = 0, least = Infinity, worse = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    let batches = 0;
    for (const batch of loader) {
      requireBatch(batch, batchSize, train.rows);
      batchOrder.view.set(batch);
      const { rate, penalty } = scheduled(schedule, step, steps);
      const now = { lr: lr * rate, gamma: gamma * penalty };
      trainer.step(trainBlock, batchOrder, batch.length, now);
      step++, batches++;
      if (resampleEvery > 0 && step % resampleEvery === 0) {
        trainer.resample(trainBlock, batchOrder, batch.length, resampler);
      }
    }
    if (batches === 0) throw new RangeError("loader must yield at least one batch per epoch");
    const { recon, penalty, others } = workspace.takeSums();
    if (!Number.isFinite(recon)) {
      throw new Error(
        `Cannot go on training: the loss must be finite, got ${recon} in epoch ${epoch} with lr ${lr}`,
      );
    }
    if (renormEvery > 0 && epoch % renormEvery === 0) trainer.renorm();
    let entry: SaePartialEntry | undefined;
    if (epoch === epochs - 1 || historyEvery > 0 && epoch % historyEvery === 0) {
      workspace.prepare();
      const loss = lossFactor * (recon + others) + gamma * penalty;
      const scores: SaePartialEntry = {
        epoch,
        trainRecon: recon / batches,
        trainReg: penalty / batches,
        trainLoss: loss / batches,
      };
      for (const { block, rows, variance, suffix } of scoredSets) {
        const { mse, l0 } = score(block, rows);
        scores[`mse${suffix}`] = mse;
        scores[`l0${suffix}`] = l0;
        scores[`explained${suffix}`] = 1 - mse / variance;
      }
      if (deadAfter !== undefined) scores.dead = countAbove(workspace.silent.view, deadAfter);
      history.push(entry = scores);
      worse = scores.mseId! < least ? 0 : worse + 1;
      least = Math.min(least, scores.mseId ?? Infinity);
    }
    onEpoch?.({ epoch, epochs, entry: entry as SaeHistoryEntry | undefined, snapshot });
    if (endsAfter(epoch + 1, epochs) || patience > 0 && worse >= patience) break;
  }

  const sae = snapshot();
  const results: PartlyScoredSae = { sae, history };
  for (const [name, X] of sets) {
    const { codes, reconstruction } = sae.forward(X), suffix = name === "id" ? "Id" : "Ood";
    results[`codes${suffix}`] = codes;
    results[`recon${suffix}`] = reconstruction;
  }
  return results;
}

const SCHEDULE: readonly (keyof SaeSchedule)[] = [
  ...["warmup", "decay", "shape", "fromZero", "gammaWarmup"] as const,
];

/** Number of prefixes of a matryoshka: those that are given, or the default's. */
function groupCount(config: SaeConfig): number {
  return config.type === "matryoshka" ? (config.groups ?? halves(config.width)).length : 0;
}

/** The autoencoder that a training starts from. */
function begin(
  options: SaeOptions,
  shape: SaeSizes & { seed: number },
  norm: number | undefined,
): Sae {
  const sae = Sae.initialize({ ...options, ...shape });
  if (norm === undefined) return sae;
  const decoder = { ...sae.dictionary, data: sae.dictionary.data.map((value) => norm * value) };
  return new Sae({
    ...options,
    parameters: { ...sae.parameters, decoder, encoder: transpose(decoder) },
  });
}

/** What dead units learn, checked. */
function auxKOf(config: SaeConfig, given: AuxK | undefined, inputDim: number): AuxK | undefined {
  if (config.auxK === undefined) return given;
  requireOptions("auxK", config.auxK, ["weight", "latents", "relative"]);
  if (!variantOf(config.type).auxK) {
    throw new TypeError(`auxK needs a type that chooses its codes, got ${config.type}`);
  }
  const base = given ?? { weight: 1 / 32, latents: Math.max(1, inputDim >> 1), relative: true };
  const auxK = { ...base, ...config.auxK };
  requireNonNegative("auxK.weight", auxK.weight);
  requireInteger("auxK.latents", auxK.latents, 1);
  if (typeof auxK.relative !== "boolean") {
    throw new TypeError(`auxK.relative must be true or false, got ${typeof auxK.relative}`);
  }
  if (config.deadAfter === undefined && given === undefined) {
    throw new TypeError("auxK needs deadAfter, got none");
  }
  return auxK;
}

function requireOneOf(name: string, value: string, allowed: readonly string[]): void {
  if (allowed.includes(value)) return;
  throw new TypeError(`${name} must be one of ${allowed.join(", ")}, got ${value}`);
}

function requireBetas(betas: unknown): void {
  if (!Array.isArray(betas) || betas.length !== 2) {
    throw new TypeError(`betas must be two numbers, got ${typeof betas}`);
  }
  for (const beta of betas) {
    if (!(beta >= 0 && beta < 1)) throw new RangeError(`betas must be in [0, 1), got ${beta}`);
  }
}

/** Number of values above a bound. */
function countAbove(values: Int32Array, bound: number): number {
  return values.reduce((count, value) => count + Number(value > bound), 0);
}

/** Mean squared distance of the entries from their column's mean. */
function variance({ rows, cols, data }: Matrix): number {
  let sum = 0;
  for (let j = 0; j < cols; j++) {
    let mean = 0;
    for (let p = j; p < data.length; p += cols) mean += data[p];
    mean /= rows;
    for (let p = j; p < data.length; p += cols) sum += (data[p] - mean) ** 2;
  }
  return sum / (rows * cols);
}

/** Requires a batch that fits: the kernels read the rows that it names without a check. */
function requireBatch(batch: ArrayLike<number>, batchSize: number, samples: number): void {
  if (!(batch.length >= 1 && batch.length <= batchSize)) {
    throw new RangeError(
      `loader must yield batches of 1 to ${batchSize} indices, got ${batch.length}`,
    );
  }
  for (let i = 0; i < batch.length; i++) {
    requireInteger("loader's index", batch[i], 0, samples - 1);
  }
}

/** Requires an autoencoder of this kind, with these options, as far as both have them, and sizes. */
function requireSame(name: string, sae: Sae, shape: SaeOptions & SaeSizes): void {
  const actual: Record<string, unknown> = {
    ...sae.options,
    inputDim: sae.inputDim,
    width: sae.width,
  };
  for (const [option, value] of Object.entries(shape)) {
    const wanted = JSON.stringify(value), found = JSON.stringify(actual[option] ?? value);
    if (found !== wanted) throw new RangeError(`${name}.${option} must be ${wanted}, got ${found}`);
  }
}
