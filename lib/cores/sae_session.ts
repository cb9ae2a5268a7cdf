/**
 * Trainings that share their batches. train_sae.ts and train_sae_stream.ts bring the batches.
 * @module
 */
import { requireArray } from "../checks.ts";
import { Arena } from "../wasm/memory.ts";
import { type SaeConfig, type SaeSettings, settingsOf } from "./sae_config.ts";
import type { Identity } from "./identity.ts";
import type { PartlyScoredSae, ScoredSet } from "./sae_results.ts";
import { SaeRun } from "./sae_run.ts";
import { SampleBatch } from "./sample_batch.ts";

/** The samples that the batches are made of. */
export interface SessionData {
  /** Samples of an epoch. */
  readonly rows: number;
  /** Whether an epoch has the same samples as the last, taken by their indices. Default: false. */
  readonly recur?: boolean;
  /** Observed dimensions. */
  readonly cols: number;
  /** Steps of the whole training, where that is not its epochs times the batches of `rows` samples. */
  readonly steps?: number;
  /** What is scored. */
  readonly sets: readonly ScoredSet[];
  /** What yields the batches, for messages. */
  readonly source: string;
  /** What identifies the samples; needed where one of the settings has a checkpoint. */
  readonly identity?: Identity;
}

/**
 * Several trainings, each of which sees every batch. It keeps an arena open until it is disposed.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fromRows } from "../matrix.ts";
 * import { settingsOf } from "./sae_config.ts";
 * import { SaeSession } from "./sae_session.ts";
 * const X = fromRows([[1, 2], [3, 4], [5, 6]]);
 * const settings = [4, 6].map((width) =>
 *   settingsOf({ type: "relu", width, epochs: 2, batchSize: 3, seed: 0 }, { inputDim: 2 })
 * );
 * const data = { rows: 3, cols: 2, sets: [], source: "batches" };
 * using session = new SaeSession(data, settings);
 * while (!session.ended) {
 *   session.batch.gather(X, [2, 0, 1]);
 *   session.step();
 *   session.endEpoch();
 * }
 * assert.deepEqual(session.trained().map(({ sae }) => sae.width), [4, 6]);
 * ```
 */
export class SaeSession implements Disposable {
  /** Where the samples of each step go. */
  readonly batch: SampleBatch;
  readonly #arena: Arena;
  readonly #runs: SaeRun[];
  #epoch: number;

  /**
   * Starts the trainings, which have the same batch size, or goes on with them.
   *
   * @throws As the constructor of {@linkcode SaeRun}.
   */
  constructor({ rows, cols, recur, ...data }: SessionData, settings: readonly SaeSettings[]) {
    const [{ batchSize }] = settings, perEpoch = Math.ceil(rows / batchSize);
    using opened = new DisposableStack();
    const arena = this.#arena = opened.use(new Arena());
    const batch = this.batch = new SampleBatch(arena, cols, batchSize, recur ? rows : 0);
    this.#runs = settings.map((one) =>
      new SaeRun(arena, one, { ...data, steps: data.steps ?? one.epochs * perEpoch, batch })
    );
    this.#epoch = Math.min(...this.#unfinished.map((run) => run.epoch));
    opened.move();
  }

  /** The epoch that is under way: the first one for which a training is left. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Whether all trainings have ended. */
  get ended(): boolean {
    return this.#unfinished.length === 0;
  }

  get #unfinished(): SaeRun[] {
    return this.#runs.filter((run) => !run.ended);
  }

  /** Those that go on in this epoch: after a resumption others may be further. */
  get #running(): SaeRun[] {
    return this.#unfinished.filter((run) => run.epoch === this.#epoch);
  }

  /**
   * A step of each training on the samples that are in the batch.
   *
   * @throws As {@linkcode SaeRun.step}.
   */
  step(): void {
    for (const run of this.#running) run.step();
  }

  /**
   * Ends trainings in the middle of an epoch whose signal has been aborted.
   *
   * @throws A signal's reason, when no partial result is wanted.
   */
  heedSignals(): void {
    for (const run of this.#unfinished) run.heedSignal();
  }

  /**
   * Concludes an epoch of each training that has not ended.
   *
   * @throws As {@linkcode SaeRun.endEpoch}.
   */
  endEpoch(): void {
    for (const run of this.#running) run.endEpoch();
    this.#epoch++;
  }

  /** What has been trained, in the order of the settings. */
  trained(): PartlyScoredSae[] {
    return this.#runs.map((run) => run.trained());
  }

  /** Gives the memory back. */
  [Symbol.dispose](): void {
    this.#arena[Symbol.dispose]();
  }
}

/**
 * Checks the configurations of trainings that share their batches.
 *
 * @throws {TypeError} When there is none.
 * @throws {RangeError} When they differ in the size of batches, or have the same checkpoint.
 * @throws As {@linkcode settingsOf}.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { settingsOfAll } from "./sae_session.ts";
 * const configs = [8, 16].map((batchSize) => ({ type: "relu", width: 4, batchSize, seed: 0 } as const));
 * assert.throws(
 *   () => settingsOfAll(configs, { inputDim: 2 }),
 *   /configs\[1\]\.batchSize must be that of configs\[0\], 8, got 16/,
 * );
 * ```
 */
export function settingsOfAll(
  configs: readonly SaeConfig[],
  data: Parameters<typeof settingsOf>[1],
): SaeSettings[] {
  requireArray("configs", configs);
  if (configs.length === 0) throw new TypeError("configs must have at least one entry, got none");
  const settings = configs.map((config) => settingsOf(config, data)), [first] = settings;
  settings.forEach(({ batchSize, checkpoint }, i) => {
    if (batchSize !== first.batchSize) {
      throw new RangeError(
        `configs[${i}].batchSize must be that of configs[0], ${first.batchSize}, got ${batchSize}`,
      );
    }
    const same = settings.findIndex((other) => other.checkpoint?.name === checkpoint?.name);
    if (checkpoint && same < i) {
      throw new RangeError(
        `configs[${i}].checkpoint must be another than that of configs[${same}], got ${checkpoint.name}`,
      );
    }
  });
  return settings;
}
