/**
 * The course of one training: steps by their schedule, epochs with their history, and an early end. Whoever
 * has the batches drives it.
 * @module
 */
import { geometricMedian } from "../numeric/geometric_median.ts";
import { TorchGenerator } from "../random.ts";
import { Sae } from "../saes.ts";
import type { Arena } from "../wasm/memory.ts";
import { decodeBy, type SaeSums, type SaeWorkspace } from "./sae.ts";
import type { SampleBatch } from "./sample_batch.ts";
import type { SaeSettings } from "./sae_config.ts";
import { L0Tuner } from "./sae_l0_tuner.ts";
import type { Identity } from "./identity.ts";
import { identityOf, requireSameTraining } from "./sae_identity.ts";
import type {
  PartlyScoredSae,
  SaeHistoryEntry,
  SaePartialEntry,
  ScoredSet,
} from "./sae_results.ts";
import { PowerAnnealer } from "./sae_power_annealer.ts";
import { annealedKval, scheduled } from "./sae_schedule.ts";
import { packed, type SaeState, unpacked } from "./sae_state.ts";
import { SaeTrainer } from "./sae_training.ts";
import { type SaeParameters, variantOf } from "./sae_variants.ts";

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
  /** What identifies the samples; needed where the settings have a checkpoint. */
  identity?: Identity;
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
  readonly #options: SaeRunOptions;
  readonly #resampler: TorchGenerator;
  readonly #identity?: Identity;
  readonly #tuner?: L0Tuner;
  readonly #annealer?: PowerAnnealer;
  readonly #mostCodes?: number;
  #epoch = 0;
  /** Steps of this epoch. */
  #batches = 0;
  #step = 0;
  #ended = false;
  /** Whether it ended by itself, not by a signal. */
  #finished = false;
  /** What weights other than the settings' have added to the penalties of this epoch's steps. */
  #excess = 0;
  /** Numbers that the resampler has drawn. */
  #draws = 0;
  /** Batches of this epoch that come again after a resumption, and the digest of the last of them. */
  #again = 0;
  /** Whether the kernels have seen the parameters since they last changed. */
  #prepared = false;
  #lastBatch = "";
  #least = Infinity;
  /** Entries since `least`. */
  #worse = 0;

  /**
   * Starts from the parameters of the settings, or where their checkpoint is.
   *
   * @throws {Error} When the checkpoint cannot be read, or is of another training.
   */
  constructor(arena: Arena, settings: SaeSettings, options: SaeRunOptions) {
    const { start, stepping, seed, deadAfter, auxK, checkpoint, tuneL0 } = settings;
    const { sets, batch, identity, steps } = options, { schedule, annealPower } = settings;
    const samples = Math.max(1, ...sets.map(({ X }) => X.rows));
    const mostCodes = schedule.kvalAnneal ? Math.min(start.inputDim, start.width) : undefined;
    const { everyCode } = settings;
    const sizes = {
      rows: batch.capacity,
      samples,
      deadAfter,
      auxK,
      mostCodes,
      everyCode,
      recurring: batch.recurring,
    };
    this.#trainer = new SaeTrainer(arena, start, stepping, sizes);
    this.#workspace = this.#trainer.workspace;
    this.#settings = settings;
    this.#options = options;
    this.#resampler = new TorchGenerator(seed);
    this.#mostCodes = mostCodes;
    this.#tuner = tuneL0 && new L0Tuner(tuneL0);
    const { penaltyPower: from = 1 } = start.options as { penaltyPower?: number };
    this.#annealer = annealPower && new PowerAnnealer(annealPower, { from, steps });
    if (!checkpoint) return;
    this.#identity = identityOf(settings, identity!);
    const state = checkpoint.load();
    if (state) this.#resume(state, checkpoint.name);
  }

  #resume(state: SaeState, name: string): void {
    requireSameTraining(name, state.training, this.#identity!);
    const { position, trainer, history } = unpacked(name, state, this.#trainer.state);
    this.#trainer.state = trainer;
    this.#epoch = position.epoch;
    this.#batches = this.#again = position.batch;
    this.#step = position.step;
    this.#ended = this.#finished = position.finished;
    this.#lastBatch = position.lastBatch;
    this.#excess = position.excess;
    this.#draws = position.draws;
    this.#resampler.skip(position.draws);
    (this.#tuner ?? this.#annealer)?.restore(position.tuner);
    for (const entry of history) this.#note(entry);
  }

  /** The epoch of the next step. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Whether there is nothing left to do. */
  get ended(): boolean {
    return this.#ended;
  }

  /**
   * A step on the samples that are in the batch.
   *
   * @throws {Error} When the training goes on from a checkpoint and the batches are others than before, or
   * when its state is to be saved and the loss is no longer finite, or the state cannot be saved.
   */
  step(): void {
    const { stepping, schedule, resampleEvery, startBias, checkpoint } = this.#settings;
    const { batch, steps } = this.#options, { data, order, rows, numbers } = batch;
    if (this.#again > 0) {
      if (--this.#again === 0 && batch.digest() !== this.#lastBatch) throw this.#otherBatches();
      return;
    }
    if (startBias === "geometricMedian" && this.#step === 0) {
      this.#workspace.parameters.block("decoderBias")!.view.set(geometricMedian(batch.matrix()));
    }
    const { rate, penalty } = scheduled(schedule, this.#step, steps);
    const gamma = stepping.gamma * penalty * this.#factor;
    this.#setCodes(this.#step);
    if (this.#annealer) this.#workspace.setPower(this.#annealer.power);
    this.#prepared = false;
    const before = this.#penalties;
    this.#trainer.step(data, order, rows, { lr: stepping.lr * rate, gamma, numbers });
    this.#excess += (gamma - stepping.gamma) * (this.#penalties - before);
    this.#tuner?.observe(this.#trainer.l0(rows), this.#step);
    this.#annealer?.observe(this.#step, (power) => this.#workspace.penaltyAt(power, rows));
    this.#setCodes(Infinity);
    this.#step++;
    this.#batches++;
    if (resampleEvery > 0 && this.#step % resampleEvery === 0) {
      this.#draws += this.#trainer.resample(data, order, rows, this.#resampler);
    }
    if (checkpoint && isDue(checkpoint.everySteps, this.#step)) this.#save();
  }

  /** The penalties of this epoch's steps, without their weights. */
  get #penalties(): number {
    return this.#workspace.sums.view[1];
  }

  /** What the penalty's weight is multiplied by. */
  get #factor(): number {
    return (this.#tuner ?? this.#annealer)?.factor ?? 1;
  }

  /** Has the codes per sample of a step, where their number falls; that of the end for Infinity. */
  #setCodes(step: number): void {
    if (this.#mostCodes === undefined) return;
    const { start, schedule } = this.#settings;
    this.#workspace.setKval(annealedKval(schedule, step, start.kval!, this.#mostCodes));
  }

  /**
   * Ends in the middle of an epoch when the signal has been aborted.
   *
   * @throws The signal's reason, when no partial result is wanted.
   */
  heedSignal(): void {
    const { signal, partial } = this.#settings;
    if (!signal?.aborted) return;
    this.#save();
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
    const { epochs, renormEvery, historyEvery, patience, checkpoint } = this.#settings;
    const { onEpoch, endsAfter, signal } = this.#settings, epoch = this.#epoch;
    if (this.#again > 0) throw this.#otherBatches();
    if (this.#batches === 0) {
      throw new RangeError(`${this.#options.source} must yield at least one batch per epoch`);
    }
    const sums = this.#workspace.takeSums();
    this.#requireFinite(sums.recon);
    this.#requireFiniteParameters();
    if (isDue(renormEvery, epoch)) this.#trainer.renorm();
    let entry: SaePartialEntry | undefined;
    if (epoch === epochs - 1 || isDue(historyEvery, epoch)) {
      this.#note(entry = this.#entry(sums));
    }
    this.#excess = 0;
    const snapshot = () => this.sae();
    onEpoch?.({ epoch, epochs, entry: entry as SaeHistoryEntry | undefined, snapshot });
    const done = ++this.#epoch;
    this.#batches = 0;
    this.#finished = done === epochs || patience > 0 && this.#worse >= patience;
    const due = this.#finished || isDue(checkpoint?.everyEpochs ?? 0, done);
    if (due) this.#save();
    try {
      this.#ended = endsAfter(done, epochs) || this.#finished;
    } finally {
      if (!due && signal?.aborted) this.#save();
    }
  }

  #note(entry: SaePartialEntry): void {
    this.history.push(entry);
    this.#worse = entry.mseId! < this.#least ? 0 : this.#worse + 1;
    this.#least = Math.min(this.#least, entry.mseId ?? Infinity);
  }

  /** Saves the state where there is a place for it, unless it is still that of before. */
  #save(): void {
    const { checkpoint } = this.#settings, batch = this.#batches;
    if (!checkpoint || this.#again > 0) return;
    this.#requireFinite(this.#workspace.sums.view[0]);
    this.#requireFiniteParameters();
    const lastBatch = batch > 0 ? this.#options.batch.digest() : "";
    const tuner = (this.#tuner ?? this.#annealer)?.state ?? [];
    const position = {
      ...{ epoch: this.#epoch, batch, step: this.#step },
      ...{ tuner, excess: this.#excess, draws: this.#draws, lastBatch },
    };
    checkpoint.save(packed(
      this.#identity!,
      { ...position, finished: this.#finished },
      this.#trainer.state,
      this.history,
    ));
  }

  #requireFinite(value: number, what = "loss"): void {
    if (Number.isFinite(value)) return;
    const { lr } = this.#settings.stepping;
    throw new Error(
      `Cannot go on training: the ${what} must be finite, got ${value} in epoch ${this.#epoch} with lr ${lr}`,
    );
  }

  /** What the last step made of them no loss has seen yet. */
  #requireFiniteParameters(): void {
    const { view } = this.#workspace.parameters.all;
    let sum = 0;
    for (let p = 0; p < view.length; p++) sum += 0 * view[p];
    if (sum !== 0) {
      this.#requireFinite(view.find((value) => !Number.isFinite(value))!, "parameters");
    }
  }

  #otherBatches(): Error {
    return new Error(
      `Cannot go on from ${
        this.#settings.checkpoint!.name
      }: ${this.#options.source} must yield the batches ` +
        `of before, it has others in epoch ${this.#epoch}`,
    );
  }

  /** The history's entry of this epoch, with the sums of its steps. */
  #entry({ recon, penalty, others }: SaeSums): SaePartialEntry {
    const workspace = this.#workspace, batches = this.#batches;
    const { start: { inputDim }, stepping: { gamma, lossScale }, deadAfter } = this.#settings;
    const loss = (lossScale === "sum" ? inputDim : 1) * (recon + others) + gamma * penalty +
      this.#excess;
    const entry: SaePartialEntry = {
      epoch: this.#epoch,
      trainRecon: recon / batches,
      trainReg: penalty / batches,
      trainLoss: loss / batches,
    };
    const score = this.#trainer.scorer();
    if (!score) this.#prepare();
    for (const { X, suffix, variance } of this.#options.sets) {
      const { data, order } = this.#options.batch;
      this.#options.batch.eachOf(X, (rows) => {
        if (score) score(data, order, rows);
        else workspace.forward(data, order, rows);
      });
      const { recon, active } = workspace.takeSums(), mse = recon / (X.rows * inputDim);
      entry[`mse${suffix}`] = mse;
      entry[`l0${suffix}`] = active / X.rows;
      if (variance !== undefined) entry[`explained${suffix}`] = 1 - mse / variance;
    }
    if (deadAfter !== undefined) entry.dead = countAbove(workspace.silent.view, deadAfter);
    if (this.#tuner || this.#annealer) entry.gammaFactor = this.#factor;
    if (this.#annealer) entry.penaltyPower = this.#annealer.power;
    return entry;
  }

  /** What the training has made: the weights, how they came about, and what they make of the scored sets. */
  trained(): PartlyScoredSae {
    const { parameters } = this.#workspace, { data, order } = this.#options.batch;
    this.#requireFiniteParameters();
    const sae = this.sae(), results: PartlyScoredSae = { sae, history: this.history };
    const { unitAtoms } = variantOf(sae.type);
    this.#prepare();
    for (const { X, suffix } of this.#options.sets) {
      const codes = this.#workspace.encode(X, data, order);
      results[`codes${suffix}`] = codes;
      results[`recon${suffix}`] = unitAtoms
        ? sae.decode(codes)
        : decodeBy(parameters.block("decoder")!, sae.bias, codes);
    }
    return results;
  }

  /** Makes the workspace ready for forward passes, unless it is. */
  #prepare(): void {
    if (!this.#prepared) this.#workspace.prepare();
    this.#prepared = true;
  }

  /** A copy of the autoencoder as it is now. */
  sae(): Sae {
    const parameters = this.#workspace.parameters.read() as SaeParameters;
    return new Sae({ ...this.#settings.start.options, parameters });
  }
}

/** Whether something that is done every so many times is to be done at a count; 0 is never. */
function isDue(every: number, count: number): boolean {
  return every > 0 && count % every === 0;
}

/** Number of values above a bound. */
function countAbove(values: Int32Array, bound: number): number {
  return values.reduce((count, value) => count + Number(value > bound), 0);
}
