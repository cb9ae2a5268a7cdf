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
import { type Matrix, type Matrix32, requireFloat32, requireMatrix } from "./matrix.ts";
import { shuffledBatches, TorchGenerator } from "./random.ts";
import { SaeTrainer } from "./cores/sae_training.ts";
import { type SaeSizes, takeOptions } from "./cores/sae_variant.ts";
import {
  type SaeOptions,
  type SaeParameters,
  VARIANT_OPTIONS,
  variantOf,
} from "./cores/sae_variants.ts";
import { Sae } from "./saes.ts";

export type { SaeOptions, SaeType } from "./cores/sae_variants.ts";

/** The observations that {@linkcode trainSae} sees, samples × inputDim each; rounded to float32. */
export interface SaeData {
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
}

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
export function trainSae(data: SaeData, config: SaeConfig): TrainedSae {
  requireOptions("data", data);
  requireOptions("config", config, CONFIG);
  const { train, id, ood } = data;
  const variant = variantOf(config.type);
  const {
    width,
    seed,
    epochs = 500,
    lr = 5e-4,
    gamma = variant.penalty?.gamma ?? 0,
    batchSize = 64,
    renormEvery = 50,
    gradClip = 0,
    historyEvery = 1,
    initial,
    onEpoch,
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
  for (const [name, X] of Object.entries({ train, id, ood })) {
    requireMatrix(name, X, { cols: train?.cols });
    requireFloat32(name, X);
    requireInteger(`${name}.rows`, X.rows, 1);
  }
  const inputDim = train.cols;
  const endsAfter = watch(config);
  requireInteger("width", width, 1);
  const options = takeOptions(variant, config, { inputDim, width });
  const start = initial ?? Sae.initialize({ ...options, inputDim, width, seed });
  requireSame("initial", start, { ...options, inputDim, width });
  const loader = config.loader ??
    shuffledBatches(train.rows, batchSize, new TorchGenerator(seed));

  using arena = new Arena();
  const scored = Math.max(id.rows, ood.rows);
  const sizes = { rows: Math.max(batchSize, SCORED_ROWS), samples: scored };
  const trainer = new SaeTrainer(arena, start, { lr, gamma, gradClip }, sizes);
  const { workspace } = trainer;
  const [trainBlock, idBlock, oodBlock] = [train, id, ood].map((X) => arena.matrix(X));
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
  const history: SaeHistoryEntry[] = [];
  for (let epoch = 0; epoch < epochs; epoch++) {
    let batches = 0;
    for (const batch of loader) {
      requireBatch(batch, batchSize, train.rows);
      batchOrder.view.set(batch);
      trainer.step(trainBlock, batchOrder, batch.length);
      batches++;
    }
    if (batches === 0) throw new RangeError("loader must yield at least one batch per epoch");
    const { recon, penalty } = workspace.takeSums();
    if (!Number.isFinite(recon)) {
      throw new Error(
        `Cannot go on training: the loss must be finite, got ${recon} in epoch ${epoch} with lr ${lr}`,
      );
    }
    if (renormEvery > 0 && epoch % renormEvery === 0) trainer.renorm();
    let entry: SaeHistoryEntry | undefined;
    if (epoch === epochs - 1 || historyEvery > 0 && epoch % historyEvery === 0) {
      workspace.prepare();
      const [onId, onOod] = [score(idBlock, id.rows), score(oodBlock, ood.rows)];
      entry = {
        epoch,
        trainRecon: recon / batches,
        trainReg: penalty / batches,
        mseId: onId.mse,
        mseOod: onOod.mse,
        l0Id: onId.l0,
        l0Ood: onOod.l0,
      };
      history.push(entry);
    }
    onEpoch?.({ epoch, epochs, entry, snapshot });
    if (endsAfter(epoch + 1, epochs)) break;
  }

  const sae = snapshot();
  const [onId, onOod] = [sae.forward(id), sae.forward(ood)];
  return {
    sae,
    codesId: onId.codes,
    codesOod: onOod.codes,
    reconId: onId.reconstruction,
    reconOod: onOod.reconstruction,
    history,
  };
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
