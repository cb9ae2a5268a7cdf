/**
 * Training of a sparse autoencoder with AdamW.
 * @module
 */
import { requireInteger, requireOptions } from "./checks.ts";
import { type Matrix, type Matrix32, requireFloat32, requireMatrix } from "./matrix.ts";
import { shuffledBatches, TorchGenerator } from "./random.ts";
import { SampleBatch } from "./cores/sample_batch.ts";
import {
  type SaeConfig,
  type SaeHistoryEntry,
  type SaePartialEntry,
  settingsOf,
} from "./cores/sae_config.ts";
import { SaeRun, type ScoredSet } from "./cores/sae_run.ts";
import type { Sae } from "./saes.ts";
import { Arena } from "./wasm/memory.ts";

export type {
  SaeConfig,
  SaeEpoch,
  SaeHistoryEntry,
  SaePartialEntry,
  SaeTraining,
} from "./cores/sae_config.ts";
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

type Trained = Pick<PartlyScoredSae, "sae" | "history">;

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
  const { train } = data;
  requireSamples("train", train, train?.cols);
  const sets = scoredSets(data, train.cols);
  const settings = settingsOf(config, { inputDim: train.cols, scoresId: data.id !== undefined });
  const { seed, batchSize, epochs } = settings;
  const loader = settings.loader ??
    shuffledBatches(train.rows, batchSize, new TorchGenerator(seed));
  const steps = epochs * Math.ceil(train.rows / batchSize);
  let trained: Trained;
  {
    using arena = new Arena();
    const batch = new SampleBatch(arena, train.cols, batchSize);
    const run = new SaeRun(arena, settings, { steps, sets, batch });
    while (!run.ended) {
      for (const indices of loader) {
        batch.gather(train, indices);
        run.step();
      }
      run.endEpoch();
    }
    trained = { sae: run.sae(), history: run.history };
  }
  return scored(trained, sets);
}

/** Requires samples of so many dimensions. */
function requireSamples(name: string, X: Matrix, cols: number): void {
  requireMatrix(name, X, { cols });
  requireFloat32(name, X);
  requireInteger(`${name}.rows`, X.rows, 1);
}

/** The sets that are scored, checked. */
function scoredSets({ id, ood }: Pick<SaeTrainingData, "id" | "ood">, cols: number): ScoredSet[] {
  const sets = [["id", "Id", id], ["ood", "Ood", ood]] as const;
  return sets.flatMap(([name, suffix, X]) => {
    if (X === undefined) return [];
    requireSamples(name, X, cols);
    return [{ suffix, X, variance: variance(X) }];
  });
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

/** A trained autoencoder with what it makes of the scored sets. */
function scored(trained: Trained, sets: readonly ScoredSet[]): PartlyScoredSae {
  const results: PartlyScoredSae = { ...trained };
  for (const { suffix, X } of sets) {
    const { codes, reconstruction } = trained.sae.forward(X);
    results[`codes${suffix}`] = codes;
    results[`recon${suffix}`] = reconstruction;
  }
  return results;
}
