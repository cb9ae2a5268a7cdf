/**
 * The one batch of samples that a training has in Wasm memory at a time.
 * @module
 */
import { requireInteger } from "../checks.ts";
import { digestOf } from "../numeric/digest.ts";
import {
  type Arena,
  type Block,
  forBlocks,
  padded,
  toMatrix32,
  writeRows,
} from "../wasm/memory.ts";
import { type Matrix, type Matrix32, requireFloat32, requireMatrix } from "../matrix.ts";

/** Samples that are scored together where the batches are smaller. */
const SCORED_ROWS = 64;

/**
 * Room for a batch, or for a part of the samples that are scored.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fromRows } from "../matrix.ts";
 * import { Arena } from "../wasm/memory.ts";
 * import { SampleBatch } from "./sample_batch.ts";
 * using arena = new Arena();
 * const batch = new SampleBatch(arena, 2, 3);
 * batch.gather(fromRows([[1, 2], [3, 4], [5, 6]]), [2, 0]);
 * assert.equal(batch.rows, 2);
 * assert.deepEqual([...batch.data.view.subarray(0, 2)], [5, 6]);
 * ```
 */
export class SampleBatch {
  /** The samples, rows padded to `padded(cols)`. */
  readonly data: Block;
  /** 0, 1, 2, …: where in `data` each sample is. */
  readonly order: Block<Int32Array>;
  /** Samples that there is room for. */
  readonly capacity: number;
  /** How many samples batches are taken from by their indices; 0 where they are not. */
  readonly recurring: number;
  /** The index of each sample in `data`, where batches are taken by indices. */
  readonly numbers?: Block<Int32Array>;
  /** Samples in `data`. */
  rows = 0;
  readonly #cols: number;
  readonly #batchSize: number;

  /** Room for samples of so many dimensions, from `recurring` that come again and again. */
  constructor(arena: Arena, cols: number, batchSize: number, recurring = 0) {
    this.#cols = cols;
    this.#batchSize = batchSize;
    this.capacity = Math.max(batchSize, SCORED_ROWS);
    this.data = arena.f32(this.capacity * padded(cols));
    this.order = arena.i32(this.capacity);
    this.order.view.forEach((_, i, view) => view[i] = i);
    this.recurring = recurring;
    if (recurring > 0) this.numbers = arena.i32(this.capacity);
  }

  /**
   * Takes the rows of `X` with these indices.
   *
   * @throws {RangeError} When there is none, more than a batch has, or one that is no row.
   */
  gather(X: Matrix, indices: ArrayLike<number>): void {
    const { data } = X,
      view = this.data.view,
      numbers = this.numbers?.view,
      cols = this.#cols,
      stride = padded(cols);
    this.#begin(indices.length, "loader must yield batches of", "indices");
    for (let i = 0, to = 0; i < indices.length; i++, to += stride) {
      requireInteger("loader's index", indices[i], 0, X.rows - 1);
      const from = indices[i] * cols;
      view.set(data.subarray(from, from + cols), to);
      if (numbers) numbers[i] = indices[i];
    }
  }

  /**
   * Takes all rows of `X`.
   *
   * @throws {TypeError | RangeError} When it is no matrix of these dimensions, not finite in float32, empty,
   * or more than a batch has.
   */
  take(X: Matrix): void {
    requireMatrix("a batch", X, { cols: this.#cols });
    requireFloat32("a batch", X);
    this.#begin(X.rows, "a batch must have", "samples");
    writeRows(this.data, X, 0, X.rows);
  }

  /** A copy of the samples. */
  matrix(): Matrix32 {
    return toMatrix32(this.data, this.rows, this.#cols);
  }

  /** A digest of the samples. */
  digest(): string {
    return digestOf(this.data.view.subarray(0, this.rows * padded(this.#cols)));
  }

  #begin(rows: number, what: string, unit: string): void {
    const most = this.#batchSize;
    if (!(rows >= 1 && rows <= most)) {
      throw new RangeError(`${what} 1 to ${most} ${unit}, got ${rows}`);
    }
    this.rows = rows;
  }

  /** Takes the rows of `X` in turn, as many as there is room for, and calls `visit` with their number. */
  eachOf(X: Matrix, visit: (rows: number) => void): void {
    forBlocks(X, this.capacity, this.data, (start, end) => visit(end - start));
  }
}
