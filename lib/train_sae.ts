/**
 * Training of sparse autoencoders with AdamW, on samples in memory.
 * @module
 */
import { requireOptions } from "./checks.ts";
import type { Matrix } from "./matrix.ts";
import { digestOf } from "./numeric/digest.ts";
import { type ShuffledBatches, shuffledBatches, TorchGenerator } from "./random.ts";
import { type SaeConfig, type SaeSettings, settingsOf } from "./cores/sae_config.ts";
import { identityOfData } from "./cores/sae_identity.ts";
import {
  type PartlyScoredSae,
  requireSamples,
  scoredSets,
  type TrainedSae,
} from "./cores/sae_results.ts";
import { SaeSession, settingsOfAll } from "./cores/sae_session.ts";

export type { SaeConfig, SaeEpoch, SaeTraining, StartBias } from "./cores/sae_config.ts";
export type {
  PartlyScoredSae,
  SaeHistoryEntry,
  SaePartialEntry,
  TrainedSae,
} from "./cores/sae_results.ts";
export type { SaeConventions } from "./cores/sae_conventions.ts";
export type { TuneL0 } from "./cores/sae_l0_tuner.ts";
export type { PowerAnnealing } from "./cores/sae_power_annealer.ts";
export type { SaeProgress, SaeState, SaeStateStore } from "./cores/sae_state.ts";
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
  return trainAll(data, [settingsOf(config, requireData(data))])[0];
}

/**
 * Trains several sparse autoencoders on the same batches: each gets the numbers to the bit that
 * {@linkcode trainSae} gives it alone, and each sample is fetched once for all.
 *
 * @param data As for {@linkcode trainSae}.
 * @param configs One per autoencoder: types, widths and all options of the training may differ, but for
 * `batchSize`, and `loader` or, without one, `seed`, which make the batches. An autoencoder with fewer
 * epochs, or with patience, ends before the others.
 * @returns The results in the order of the configurations.
 * @throws As {@linkcode trainSae}; when one training fails, all do.
 * @throws {TypeError} When there is no configuration.
 * @throws {RangeError} When two configurations have other batches.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { trainSae, trainSaes } from "./train_sae.ts";
 * const train = { rows: 16, cols: 8, data: Float32Array.from({ length: 128 }, (_, i) => i % 7) };
 * const shared = { epochs: 5, batchSize: 8, seed: 0 };
 * const [narrow, wide] = trainSaes({ train }, [
 *   { type: "relu", width: 12, ...shared },
 *   { type: "topk", width: 24, kval: 3, ...shared },
 * ]);
 * assert.deepEqual(narrow, trainSae({ train }, { type: "relu", width: 12, ...shared }));
 * assert.equal(wide.sae.width, 24);
 * ```
 */
export function trainSaes(data: SaeData, configs: readonly SaeConfig[]): TrainedSae[];
/** Without the sets that are missing. */
export function trainSaes(data: SaeTrainingData, configs: readonly SaeConfig[]): PartlyScoredSae[];
export function trainSaes(data: SaeTrainingData, configs: readonly SaeConfig[]): PartlyScoredSae[] {
  const settings = settingsOfAll(configs, requireData(data)), [first] = settings;
  settings.forEach(({ loader, seed }, i) => {
    const differs = (name: string, rule: string, got: unknown) =>
      new RangeError(`configs[${i}].${name} must be that of configs[0]${rule}, got ${got}`);
    if (loader !== first.loader) throw differs("loader", "", "another");
    if (loader === undefined && seed !== first.seed) {
      throw differs("seed", `, ${first.seed}, where they have no loader`, seed);
    }
  });
  return trainAll(data, settings);
}

/** What the settings depend on, of data that are checked. */
function requireData(data: SaeTrainingData): { inputDim: number; scoresId: boolean } {
  requireOptions("data", data, ["train", "id", "ood"]);
  const { train, id } = data;
  requireSamples("train", train, train?.cols);
  return { inputDim: train.cols, scoresId: id !== undefined };
}

function trainAll(data: SaeTrainingData, settings: readonly SaeSettings[]): PartlyScoredSae[] {
  const { train } = data, { rows, cols } = train, [{ batchSize, seed, loader }] = settings;
  const sets = scoredSets(data, cols);
  const batches = loader ?? shuffledBatches(rows, batchSize, new TorchGenerator(seed));
  const identity = settings.some(({ checkpoint }) => checkpoint)
    ? identityOfData(rows, digestOf(train.data), sets)
    : undefined;
  const samples = { rows, cols, recur: true, sets, source: "loader", identity };
  using session = new SaeSession(samples, settings);
  if (!session.ended) skipEpochs(batches, session.epoch);
  while (!session.ended) {
    for (const indices of batches) {
      session.batch.gather(train, indices);
      session.step();
    }
    session.endEpoch();
  }
  return session.trained();
}

/** Moves a loader on, as so many epochs do. */
function skipEpochs(loader: Iterable<unknown>, epochs: number): void {
  const { skipEpochs: skip } = loader as Partial<ShuffledBatches>;
  if (typeof skip === "function") return skip.call(loader, epochs);
  for (let epoch = 0; epoch < epochs; epoch++) for (const _ of loader);
}
