/**
 * The course of one training: steps by their schedule, epochs with their history, and an early end. Whoever
 * has the batches drives it.
 * @module
 */
import { TorchGenerator } from "../random.ts";
import { Sae } from "../saes.ts";
import type { Arena } from "../wasm/memory.ts";
import type { SaeSums, SaeWorkspace } from "./sae.ts";
import type { SampleBatch } from "./sample_batch.ts";
import type { SaeSettings } from "./sae_config.ts";
import type { SaeHistoryEntry, SaePartialEntry, ScoredSet } from "./sae_results.ts";
import { scheduled } from "./sae_schedule.ts";
import { SaeTrainer } from "./sae_training.ts";
import type { SaeParameters } from "./sae_variants.ts";

/** What {@linkcode SaeRun} needs beside the settings. */
export interface SaeRunOptions {
  /** Steps of the whole training. */
  steps: number;
  /** What is scored. */
  sets: readonly ScoredSet[];
  /** Where the samples of each step are. */
  batch: SampleBatch;
  /** What yields the batches, for messages. */
  source: string;
}

/**
 * An autoencoder in training.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fromRows } from "../matrix.ts";
 * import { Arena } from "../wasm/memory.ts";
 * import { SampleBatch } from "./sample_batch.ts";
 * import { settingsOf } from "./sae_config.ts";
 * import { SaeRun } from "./sae_run.ts";
 * using arena = new Arena();
 * const batch = new SampleBatch(arena, 2, 3);
 * const settings = settingsOf({ type: "relu", width: 4, epochs: 1, seed: 0 }, { inputDim: 2 });
 * const run = new SaeRun(arena, settings, { steps: 1, sets: [], batch, source: "batches" });
 * batch.gather(fromRows([[1, 2], [3, 4], [5, 6]]), [2, 0]);
 * run.step();
 * run.endEpoch();
 * assert.equal(run.ended, true);
 * assert.equal(run.history.length, 1);
 * ```
 */
export class SaeRun {
  /** The entries so far. */
  readonly history: SaePartialEntry[] = [];
  readonly #trainer: SaeTrainer;
  readonly #workspace: SaeWorkspace;
  readonly #settings: SaeSettings;
  readonly #steps: number;
  readonly #sets: readonly ScoredSet[];
  readonly #batch: SampleBatch;
  readonly #source: string;
  readonly #resampler: TorchGenerator;
  #ended = false;
  #epoch = 0;
  #step = 0;
  /** Steps of this epoch. */
  #batches = 0;
  #least = Infinity;
  /** Entries since `least`. */
  #worse = 0;

  /** Starts from the parameters of the settings. */
  constructor(arena: Arena, settings: SaeSettings, { steps, sets, batch, source }: SaeRunOptions) {
    const { start, stepping, seed, deadAfter, auxK } = settings;
    const samples = Math.max(1, ...sets.map(({ X }) => X.rows));
    const sizes = { rows: batch.capacity, samples, deadAfter, auxK };
    this.#trainer = new SaeTrainer(arena, start, stepping, sizes);
    this.#workspace = this.#trainer.workspace;
    this.#settings = settings;
    this.#steps = steps;
    this.#sets = sets;
    this.#batch = batch;
    this.#source = source;
    this.#resampler = new TorchGenerator(seed);
  }

  /** Whether there is nothing left to do. */
  get ended(): boolean {
    return this.#ended;
  }

  /** A step on the samples that are in the batch. */
  step(): void {
    const { stepping, schedule, resampleEvery } = this.#settings,
      { data, order, rows } = this.#batch;
    const { rate, penalty } = scheduled(schedule, this.#step, this.#steps);
    const now = { lr: stepping.lr * rate, gamma: stepping.gamma * penalty };
    this.#trainer.step(data, order, rows, now);
    this.#step++;
    this.#batches++;
    if (resampleEvery > 0 && this.#step % resampleEvery === 0) {
      this.#trainer.resample(data, order, rows, this.#resampler);
    }
  }

  /**
   * Ends in the middle of an epoch when the signal has been aborted.
   *
   * @throws The signal's reason, when no partial result is wanted.
   */
  heedSignal(): void {
    const { signal, partial } = this.#settings;
    if (!signal?.aborted) return;
    if (!partial) signal.throwIfAborted();
    this.#ended = true;
  }

  /**
   * Concludes an epoch.
   *
   * @throws {RangeError} When it had no step.
   * @throws {Error} When the loss is no longer finite.
   * @throws The signal's reason, when it is aborted and no partial result is wanted.
   */
  endEpoch(): void {
    const { epochs, renormEvery, historyEvery, patience, onEpoch, endsAfter } = this.#settings;
    if (this.#batches === 0) {
      throw new RangeError(`${this.#source} must yield at least one batch per epoch`);
    }
    const epoch = this.#epoch, sums = this.#workspace.takeSums();
    if (!Number.isFinite(sums.recon)) {
      const { lr } = this.#settings.stepping;
      throw new Error(
        `Cannot go on training: the loss must be finite, got ${sums.recon} in epoch ${epoch} with lr ${lr}`,
      );
    }
    if (renormEvery > 0 && epoch % renormEvery === 0) this.#trainer.renorm();
    let entry: SaePartialEntry | undefined;
    if (epoch === epochs - 1 || historyEvery > 0 && epoch % historyEvery === 0) {
      this.history.push(entry = this.#entry(sums));
      this.#worse = entry.mseId! < this.#least ? 0 : this.#worse + 1;
      this.#least = Math.min(this.#least, entry.mseId ?? Infinity);
    }
    const snapshot = () => this.sae();
    onEpoch?.({ epoch, epochs, entry: entry as SaeHistoryEntry | undefined, snapshot });
    this.#epoch++;
    this.#batches = 0;
    this.#ended = endsAfter(this.#epoch, epochs) || this.#epoch === epochs ||
      patience > 0 && this.#worse >= patience;
  }

  /** The history's entry of this epoch, with the sums of its steps. */
  #entry({ recon, penalty, others }: SaeSums): SaePartialEntry {
    const workspace = this.#workspace, batches = this.#batches;
    const { start: { inputDim }, stepping: { gamma, lossScale }, deadAfter } = this.#settings;
    const loss = (lossScale === "sum" ? inputDim : 1) * (recon + others) + gamma * penalty;
    const entry: SaePartialEntry = {
      epoch: this.#epoch,
      trainRecon: recon / batches,
      trainReg: penalty / batches,
      trainLoss: loss / batches,
    };
    workspace.prepare();
    for (const { X, suffix, variance } of this.#sets) {
      const { data, order } = this.#batch;
      this.#batch.eachOf(X, (rows) => workspace.forward(data, order, rows));
      const { recon, active } = workspace.takeSums(), mse = recon / (X.rows * inputDim);
      entry[`mse${suffix}`] = mse;
      entry[`l0${suffix}`] = active / X.rows;
      entry[`explained${suffix}`] = 1 - mse / variance;
    }
    if (deadAfter !== undefined) entry.dead = countAbove(workspace.silent.view, deadAfter);
    return entry;
  }

  /** A copy of the autoencoder as it is now. */
  sae(): Sae {
    const parameters = this.#workspace.parameters.read() as SaeParameters;
    return new Sae({ ...this.#settings.start.options, parameters });
  }
}

/** Number of values above a bound. */
function countAbove(values: Int32Array, bound: number): number {
  return values.reduce((count, value) => count + Number(value > bound), 0);
}
