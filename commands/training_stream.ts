/**
 * The steps of a training on rows of a file, cut into rows of its history.
 * @module
 */
import type { Matrix } from "../lib/matrix.ts";
import type { MatrixFile } from "../lib/matrix_stream.ts";
import type { SampleStream } from "../lib/train_sae_stream.ts";

/** What {@linkcode TrainingStream} is made of. */
export interface TrainingStreamOptions {
  /** The activations. */
  matrix: MatrixFile;
  /** Rows from the first on that are trained on. */
  rows: number;
  /** Samples of a step. */
  batchSize: number;
  /** Decides the order. */
  seed: number;
  /** Rows that are shuffled among each other. Default: those of `shuffled`. */
  poolRows?: number;
  /** What samples are multiplied by. */
  factor: number;
  /** Steps of the whole training. */
  steps: number;
  /** Steps from one row of the history to the next. */
  every: number;
  /** Told how many steps have been taken. */
  onStep: (done: number) => void;
}

/**
 * Shuffled rows of a file, pass after pass. What the training takes for epochs are `every` steps, wherever
 * a pass ends: the history of a single pass over a long file has rows, too.
 */
export class TrainingStream implements SampleStream, AsyncDisposable {
  /** Rows that are trained on. */
  readonly rows: number;
  /** Observed dimensions. */
  readonly cols: number;
  /** Steps of the whole training. */
  readonly steps: number;
  readonly #options: TrainingStreamOptions;
  /** Batches from step `#at` on. */
  #source?: AsyncGenerator<Matrix, void, void>;
  #at = -1;

  /** Nothing is read yet. */
  constructor(options: TrainingStreamOptions) {
    this.rows = options.rows;
    this.cols = options.matrix.cols;
    this.steps = options.steps;
    this.#options = options;
  }

  /** Steps that have been taken. */
  get taken(): number {
    return Math.max(0, this.#at);
  }

  /** The batches of one row of the history. */
  async *batches(epoch: number): AsyncGenerator<Matrix, void, void> {
    const { every, steps, factor, onStep } = this.#options;
    const end = Math.min(steps, (epoch + 1) * every);
    for (let step = epoch * every; step < end; step++) {
      if (step !== this.#at || !this.#source) {
        await this[Symbol.asyncDispose]();
        this.#source = this.#from(step);
        this.#at = step;
      }
      const { value } = await this.#source.next();
      const { data } = value!;
      for (let p = 0; p < data.length; p++) data[p] *= factor;
      this.#at = step + 1;
      onStep(this.#at);
      yield value!;
    }
  }

  /** Batches from a step on, without end. */
  async *#from(step: number): AsyncGenerator<Matrix, void, void> {
    const { matrix, rows, batchSize, seed, poolRows } = this.#options;
    const perPass = Math.ceil(rows / batchSize);
    const from = { epoch: Math.floor(step / perPass), batch: step % perPass };
    const pool = poolRows === undefined ? {} : { poolRows };
    for (;; from.epoch++, from.batch = 0) {
      yield* matrix.shuffled({ batchSize, seed, end: rows, from, ...pool });
    }
  }

  /** Waits for what is being read. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#source?.return();
    this.#source = undefined;
  }
}
