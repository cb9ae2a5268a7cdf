/**
 * What a training gives beside the weights: its history, and what it makes of the samples that are scored.
 * @module
 */
import { requireInteger } from "../checks.ts";
import { type Matrix, type Matrix32, requireFloat32, requireMatrix } from "../matrix.ts";
import { rowsDiffer } from "../numeric/rows_differ.ts";
import type { Sae } from "../saes.ts";

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
  /**
   * Mean number of active codes per ID sample after the epoch: with the paper's conventions those with
   * |code| > 0.01, with others all that are not 0.
   */
  l0Id: number;
  /** The same on the OOD samples. */
  l0Ood: number;
  /**
   * The part of the ID samples' variance that is explained after the epoch: 1 − error/variance. Not there
   * where all of them are the same: they have none.
   */
  explainedId?: number;
  /** The same of the OOD samples. */
  explainedOod?: number;
  /** The loss in training, penalty and all else included, averaged over the epoch's batches. */
  trainLoss: number;
  /** Dead units after the epoch, where `deadAfter` has them counted. */
  dead?: number;
  /** What the penalty's weight is multiplied by after the epoch, where `tuneL0` or `annealPower` changes it. */
  gammaFactor?: number;
  /** The power of the penalty after the epoch, where `annealPower` lets it fall. */
  penaltyPower?: number;
}

/** An entry where a set may be missing: what is of that set is not there. */
export type SaePartialEntry =
  & Pick<SaeHistoryEntry, "epoch" | "trainRecon" | "trainReg" | "trainLoss">
  & Partial<SaeHistoryEntry>;

/** What a training returns. */
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

/** What it returns where a set may be missing: nothing of that set. */
export interface PartlyScoredSae extends Partial<Omit<TrainedSae, "sae" | "history">> {
  /** The trained autoencoder. */
  sae: Sae;
  /** Losses by epoch. */
  history: SaePartialEntry[];
}

/** Sets to score. */
export interface SetsToScore {
  /** Held-out samples, scored only. */
  id?: Matrix;
  /** Samples of another distribution, scored only. */
  ood?: Matrix;
}

/** Samples that are scored after epochs. */
export interface ScoredSet {
  /** The end of the names of their scores. */
  readonly suffix: "Id" | "Ood";
  /** The samples. */
  readonly X: Matrix;
  /** Mean squared distance of the entries from their column's mean, where rows differ. */
  readonly variance?: number;
}

/**
 * Requires samples of so many dimensions.
 *
 * @throws {TypeError | RangeError} When they are no matrix, none, of other dimensions or not finite.
 */
export function requireSamples(name: string, X: Matrix, cols: number): void {
  requireMatrix(name, X, { cols });
  requireFloat32(name, X);
  requireInteger(`${name}.rows`, X.rows, 1);
}

/**
 * The sets that there are, checked.
 *
 * @throws {TypeError | RangeError} As {@linkcode requireSamples}.
 */
export function scoredSets({ id, ood }: SetsToScore, cols: number): ScoredSet[] {
  const sets = [["id", "Id", id], ["ood", "Ood", ood]] as const;
  return sets.flatMap(([name, suffix, X]) => {
    if (X === undefined) return [];
    requireSamples(name, X, cols);
    return [{ suffix, X, variance: rowsDiffer(X) ? variance(X) : undefined }];
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
