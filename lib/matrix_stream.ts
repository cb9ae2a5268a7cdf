/**
 * Matrices larger than memory: rows of one file or several, block by block, in any order, or shuffled
 * for training.
 * @module
 */
import { requireArray, requireInteger, requireOptions } from "./checks.ts";
import { arrayFor } from "./formats/dtype.ts";
import { RowFile } from "./formats/row_file.ts";
import { type Pool, shufflePlan } from "./formats/shuffle_plan.ts";
import { INTERRUPTIBLE, type Interruptible, watch } from "./interruptible.ts";
import type { Matrix } from "./matrix.ts";

/** Options of {@linkcode openMatrix}. */
export interface OpenMatrixOptions {
  /** Name of the array, as in `readMatrix`; every file must have it. */
  key?: string;
}

/** Options of {@linkcode MatrixFile.blocks}. */
export interface BlocksOptions {
  /** Rows of a block; the last one has what is left. Default: as many as make 16 MiB of numbers. */
  blockRows?: number;
  /** The first row. Default 0. */
  start?: number;
  /** The row to stop before. Default: the file's end. */
  end?: number;
}

/** Batches in a random order: every iteration is one epoch, or the rest of one. */
export interface ShuffledRows extends AsyncIterable<Matrix> {
  /** Batches of a whole epoch. */
  readonly batches: number;
  /** Where it stands, the batch that was taken last included. */
  readonly state: ShuffleState;
}

/** Where {@linkcode ShuffledRows} stand: plain numbers, to be kept with a checkpoint. */
export interface ShuffleState {
  /** Epochs that have been gone through. */
  epoch: number;
  /** Batches that have been taken of the one after them. */
  batch: number;
}

/** Options of {@linkcode MatrixFile.shuffled}. */
export interface ShuffleOptions {
  /** Rows of a batch; the last one of an epoch has what is left. */
  batchSize: number;
  /** An integer from 0 to 2³² − 1: the order follows from it and the options alone. */
  seed: number;
  /**
   * Rows that are shuffled among each other: the larger, the nearer to an order of all rows. Two pools
   * are held in memory. Default: as many as make 128 MiB of numbers.
   */
  poolRows?: number;
  /** Consecutive rows that are read at once; a pool is drawn from blocks anywhere. Default: poolRows / 16. */
  blockRows?: number;
  /** Where to go on. Default: at the beginning of the first epoch. */
  from?: ShuffleState;
  /** The first row of those that are shuffled. Default 0. */
  start?: number;
  /** The row to stop before: what is held out may lie behind it. Default: the file's end. */
  end?: number;
}

/** Options of {@linkcode MatrixFile.statistics}. */
export interface StatisticsOptions extends Interruptible, Pick<BlocksOptions, "start" | "end"> {}

/** What one pass over a matrix tells. */
export interface MatrixStatistics {
  /** Rows that were read: all, but where an abort ended the pass. */
  rows: number;
  /** Mean of each column. */
  mean: Float64Array;
  /** Mean squared distance of each column from its mean (divisor: rows). */
  variance: Float64Array;
  /** Mean Euclidean norm of a row. */
  meanNorm: number;
  /** √cols / meanNorm: rows times this have the norm √cols on average; infinite where all rows are 0. */
  normFactor: number;
}

/** Bytes of a block and of a pool where nobody says how many rows. */
const BLOCK_BYTES = 2 ** 24, POOL_BYTES = 2 ** 27;
/** Blocks that a pool is drawn from, where nobody says. */
const POOL_BLOCKS = 16;
const MOST_VALUES = 2 ** 32;

const SHUFFLE_OPTIONS: readonly (keyof ShuffleOptions)[] = [
  ...["batchSize", "seed", "poolRows", "blockRows", "from", "start", "end"] as const,
];

/** A file of rows, and the number of its first one among all. */
interface Shard {
  file: RowFile;
  first: number;
}

/**
 * A matrix in one file or several, of which rows are read when they are asked for. Close it, or declare
 * it with `using`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fromRows } from "./matrix.ts";
 * import { writeNpy } from "./matrix_file.ts";
 * import { openMatrix } from "./matrix_stream.ts";
 *
 * writeNpy("a.npy", fromRows([[1, 2], [3, 4]]));
 * writeNpy("b.npy", fromRows([[5, 6]]));
 * using acts = openMatrix(["a.npy", "b.npy"]);
 * assert.deepEqual([acts.rows, acts.cols], [3, 2]);
 * assert.deepEqual(acts.read(1, 2), fromRows([[3, 4], [5, 6]]));
 * ```
 */
export class MatrixFile implements Disposable {
  /** Rows of all files. */
  readonly rows: number;
  /** Columns. */
  readonly cols: number;
  readonly #shards: readonly Shard[];
  /** Whether the rows become float64: where one file needs it. */
  readonly #float64: boolean;

  /** Opens files: {@linkcode openMatrix} says how. */
  constructor(paths: readonly string[], key?: string) {
    const shards: Shard[] = [];
    this.#shards = shards;
    let rows = 0;
    try {
      for (const path of paths) {
        const file = new RowFile(path, key);
        shards.push({ file, first: rows });
        rows += file.array.rows;
        const { cols } = shards[0].file.array;
        if (file.array.cols !== cols) {
          throw file.refused(
            `it must have the ${cols} columns of ${paths[0]}, it has ${file.array.cols}`,
          );
        }
      }
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
    this.rows = rows;
    this.cols = shards[0].file.array.cols;
    this.#float64 = shards.some(({ file }) =>
      arrayFor(file.array.dtype, 0) instanceof Float64Array
    );
  }

  /** Texts whose first line is 0, 1, 2, …, which was taken as names of columns: pandas writes such. */
  get numberedNames(): string[] {
    return this.#shards.filter(({ file }) => file.array.numberedNames).map(({ file }) => file.path);
  }

  /** Bytes of a row in memory. */
  get #rowBytes(): number {
    return Math.max(1, this.cols * (this.#float64 ? 8 : 4));
  }

  #newArray(rows: number): Float32Array | Float64Array {
    const length = rows * this.cols;
    return this.#float64 ? new Float64Array(length) : new Float32Array(length);
  }

  /** The parts of a range of rows, file by file. */
  *#partsOf(
    start: number,
    count: number,
  ): Generator<{ file: RowFile; from: number; count: number; at: number }> {
    for (const { file, first } of this.#shards) {
      const from = Math.max(start, first), end = Math.min(start + count, first + file.array.rows);
      if (from < end) yield { file, from: from - first, count: end - from, at: from - start };
    }
  }

  /** Requires a range of rows that fits into a matrix. */
  #requireRows(start: number, count: number): void {
    requireInteger("start", start, 0, this.rows);
    requireInteger("count", count, 0, this.rows - start);
    if (count * this.cols > MOST_VALUES) {
      throw new RangeError(`A matrix must hold at most 2³² values, got ${count} × ${this.cols}`);
    }
  }

  /**
   * Consecutive rows.
   *
   * @param start The first.
   * @param count How many.
   * @returns count × cols, float64 where a file needs it, else float32.
   * @throws {RangeError} When there are no such rows, or too many for a matrix.
   * @throws {FileError} When the file is damaged, or a value in them is not finite.
   */
  read(start: number, count: number): Matrix {
    this.#requireRows(start, count);
    const data = this.#newArray(count);
    for (const { file, from, count: rows, at } of this.#partsOf(start, count)) {
      file.read(from, rows, data.subarray(at * this.cols, (at + rows) * this.cols));
    }
    return { rows: count, cols: this.cols, data };
  }

  /** {@linkcode MatrixFile.read}, while other work goes on. */
  async #readAhead(start: number, count: number, data = this.#newArray(count)): Promise<Matrix> {
    for (const { file, from, count: rows, at } of this.#partsOf(start, count)) {
      await file.readAhead(from, rows, data.subarray(at * this.cols, (at + rows) * this.cols));
    }
    return { rows: count, cols: this.cols, data };
  }

  /**
   * Consecutive blocks of rows, from the first to the last. Each is read while the one before it is
   * used, and is the caller's to keep: memory holds two as long as none is kept.
   *
   * @throws {TypeError | RangeError} When an option is of the wrong kind or value.
   * @throws {FileError} From the iteration, when the file is damaged, or a value is not finite.
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   * import { fromRows } from "./matrix.ts";
   * import { writeNpy } from "./matrix_file.ts";
   * import { openMatrix } from "./matrix_stream.ts";
   *
   * writeNpy("acts.npy", fromRows([[1], [2], [3], [4], [5]]));
   * using acts = openMatrix("acts.npy");
   * const rows: number[] = [];
   * for await (const block of acts.blocks({ blockRows: 2 })) rows.push(block.rows);
   * assert.deepEqual(rows, [2, 2, 1]);
   * ```
   */
  blocks(options: BlocksOptions = {}): AsyncIterable<Matrix> {
    requireOptions("options", options, ["blockRows", "start", "end"]);
    const { blockRows = this.#rowsOf(BLOCK_BYTES), start = 0, end = this.rows } = options;
    requireInteger("blockRows", blockRows, 1);
    requireInteger("start", start, 0, this.rows);
    requireInteger("end", end, start, this.rows);
    this.#requireRows(start, Math.min(blockRows, end - start));
    const read = (at: number) =>
      at < end ? this.#readAhead(at, Math.min(blockRows, end - at)) : undefined;
    return {
      async *[Symbol.asyncIterator]() {
        let next = read(start);
        try {
          for (let at = start; next;) {
            const block: Matrix = await next;
            at += block.rows;
            next = read(at);
            // it is waited for in the next round only
            next?.catch(() => {});
            yield block;
          }
        } finally {
          // whoever leaves early leaves no read behind
          await next?.catch(() => {});
        }
      },
    };
  }

  /** As many rows as take some bytes, one at least. */
  #rowsOf(bytes: number): number {
    return Math.max(1, Math.floor(bytes / this.#rowBytes));
  }

  /**
   * Batches of all rows in a random order, for training: blocks of consecutive rows are drawn into a
   * pool, whose rows are shuffled, while the next pool is read. Every iteration is one epoch, or the
   * rest of one, in an order of its own.
   *
   * @throws {TypeError | RangeError} When an option is missing, or of the wrong kind or value.
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   * import { fromRows } from "./matrix.ts";
   * import { writeNpy } from "./matrix_file.ts";
   * import { openMatrix } from "./matrix_stream.ts";
   *
   * writeNpy("acts.npy", fromRows([[1], [2], [3], [4], [5]]));
   * using acts = openMatrix("acts.npy");
   * const batches = acts.shuffled({ batchSize: 2, seed: 0 });
   * const seen: number[] = [];
   * for await (const batch of batches) seen.push(...batch.data);
   * assert.deepEqual(seen.toSorted(), [1, 2, 3, 4, 5]);
   * assert.deepEqual(batches.state, { epoch: 1, batch: 0 });
   * ```
   */
  shuffled(options: ShuffleOptions): ShuffledRows {
    requireOptions("options", options, SHUFFLE_OPTIONS);
    const { batchSize, seed, start = 0, end = this.rows } = options;
    requireInteger("start", start, 0, this.rows);
    requireInteger("end", end, start, this.rows);
    const rows = end - start;
    requireInteger("batchSize", batchSize, 1);
    requireInteger("seed", seed, 0, 2 ** 32 - 1);
    const { poolRows = Math.max(batchSize, this.#rowsOf(POOL_BYTES)) } = options;
    requireInteger("poolRows", poolRows, 1);
    const { blockRows = Math.ceil(poolRows / POOL_BLOCKS) } = options;
    requireInteger("blockRows", blockRows, 1, poolRows);
    if (rows * this.cols === 0) {
      throw new RangeError(`Cannot shuffle rows: there are ${rows} × ${this.cols} values`);
    }
    this.#requireRows(start, Math.min(poolRows, rows));
    const batches = Math.ceil(rows / batchSize);
    const { from = { epoch: 0, batch: 0 } } = options;
    requireOptions("from", from, ["epoch", "batch"]);
    requireInteger("from.epoch", from.epoch, 0);
    requireInteger("from.batch", from.batch, 0, batches - 1);

    const poolBlocks = Math.floor(poolRows / blockRows);
    const state = { ...from };
    const epochFrom = (state: ShuffleState) =>
      this.#epoch(
        shufflePlan({ rows, blockRows, poolBlocks, seed, epoch: state.epoch }),
        batchSize,
        { start, rows, skipped: state.batch * batchSize },
      );
    return {
      batches,
      get state() {
        return { ...state };
      },
      async *[Symbol.asyncIterator]() {
        for await (const batch of epochFrom(state)) {
          state.batch++;
          if (state.batch === batches) Object.assign(state, { epoch: state.epoch + 1, batch: 0 });
          yield batch;
        }
      },
    };
  }

  /** Batches of the rows of pools, which count from row `start`, without the first `skipped` rows. */
  async *#epoch(
    pools: readonly Pool[],
    batchSize: number,
    { start: origin, rows: total, skipped }: { start: number; rows: number; skipped: number },
  ): AsyncGenerator<Matrix, void, void> {
    const { cols } = this, most = Math.max(...pools.map(({ rows }) => rows));
    // one is taken from while the other is filled
    const buffers = [this.#newArray(0), this.#newArray(0)];
    const load = async (index: number) => {
      if (index >= pools.length) return buffers[0];
      const turn = index % 2;
      if (buffers[turn].length === 0) buffers[turn] = this.#newArray(most);
      let at = 0;
      for (const { start, count } of pools[index].blocks) {
        await this.#readAhead(
          origin + start,
          count,
          buffers[turn].subarray(at, at += count * cols),
        );
      }
      return buffers[turn];
    };
    let first = 0, skip = skipped;
    while (skip >= pools[first].rows) skip -= pools[first++].rows;
    let left = total - skipped, filled = 0;
    let batch = this.#newArray(Math.min(batchSize, left));
    let next = load(first);
    try {
      for (const [index, pool] of pools.entries()) {
        if (index < first) continue;
        const rows = await next;
        next = load(index + 1);
        // it is waited for in the next round only
        next.catch(() => {});
        for (const row of pool.order().subarray(skip)) {
          batch.set(rows.subarray(row * cols, (row + 1) * cols), filled);
          filled += cols;
          if (filled < batch.length) continue;
          const data = batch, count = data.length / cols;
          left -= count;
          batch = this.#newArray(Math.min(batchSize, left));
          filled = 0;
          yield { rows: count, cols, data };
        }
        skip = 0;
      }
    } finally {
      await next.catch(() => {});
    }
  }

  /**
   * Mean, variance and norms in one pass, of all rows or those of a range.
   *
   * @throws {FileError} When the file is damaged, or a value is not finite.
   * @throws {RangeError} When there is no row, or no such range.
   * @throws The signal's reason, where it is aborted and partial results are not wanted.
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   * import { fromRows } from "./matrix.ts";
   * import { writeNpy } from "./matrix_file.ts";
   * import { openMatrix } from "./matrix_stream.ts";
   *
   * writeNpy("acts.npy", fromRows([[3, 4], [0, 5]]));
   * using acts = openMatrix("acts.npy");
   * const { mean, meanNorm, normFactor } = await acts.statistics();
   * assert.deepEqual([[...mean], meanNorm], [[1.5, 4.5], 5]);
   * assert.equal(normFactor, Math.SQRT2 / 5);
   * ```
   */
  async statistics(options: StatisticsOptions = {}): Promise<MatrixStatistics> {
    requireOptions("options", options, ["start", "end", ...INTERRUPTIBLE]);
    const endsAfter = watch(options), { start = 0, end = this.rows } = options;
    const blocks = this.blocks({ start, end }), total = end - start;
    if (total === 0) throw new RangeError("Cannot take the mean of rows: the matrix has none");
    const { cols } = this;
    // distances from the first row: sums of squares of values far from 0 would cancel
    let origin = new Float64Array(cols), rows = 0, norms = 0;
    const sums = new Float64Array(cols), squares = new Float64Array(cols);
    for await (const { rows: count, data } of blocks) {
      if (rows === 0) origin = Float64Array.from(data.subarray(0, cols));
      for (let i = 0, p = 0; i < count; i++) {
        let norm = 0;
        for (let j = 0; j < cols; j++, p++) {
          const value = data[p], distance = value - origin[j];
          sums[j] += distance;
          squares[j] += distance * distance;
          norm += value * value;
        }
        norms += Math.sqrt(norm);
      }
      rows += count;
      if (endsAfter(rows, total)) break;
    }
    const meanNorm = norms / rows;
    return {
      rows,
      mean: sums.map((sum, j) => origin[j] + sum / rows),
      variance: squares.map((square, j) => Math.max(0, square / rows - (sums[j] / rows) ** 2)),
      meanNorm,
      normFactor: Math.sqrt(cols) / meanNorm,
    };
  }

  /** Closes the files. */
  [Symbol.dispose](): void {
    for (const { file } of this.#shards) file[Symbol.dispose]();
  }
}

/**
 * Opens a matrix that may be larger than memory: a file of any format that `readMatrix` reads, or several
 * that are taken as one, row below row. Of a `.npy` file, a stored member of an `.npz`, safetensors and
 * `.pt`, rows are read where they lie; a text of numbers is held in memory, and so is a deflated member of up
 * to 128 MiB. A larger one is inflated as it is read, anew in each pass (and slowly where its columns lie
 * one after another: in Fortran's order); a read of rows anywhere begins at one of 1024 places at most, each
 * of which takes 32 KiB. Needs read permission on the files.
 *
 * @param paths The file, or the files in order.
 * @throws {TypeError} When an argument is of the wrong kind.
 * @throws {RangeError} When `paths` is empty.
 * @throws {Deno.errors.NotFound} When there is no file.
 * @throws {FileError} When a file cannot be read as rows, or has not the columns of the first.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fromRows } from "./matrix.ts";
 * import { writeNpy } from "./matrix_file.ts";
 * import { openMatrix } from "./matrix_stream.ts";
 *
 * writeNpy("acts.npy", fromRows([[1, 2], [3, 4]]));
 * using acts = openMatrix("acts.npy");
 * for await (const block of acts.blocks()) assert.deepEqual(block, fromRows([[1, 2], [3, 4]]));
 * ```
 */
export function openMatrix(
  paths: string | readonly string[],
  options: OpenMatrixOptions = {},
): MatrixFile {
  requireOptions("options", options, ["key"]);
  if (typeof paths !== "string") {
    requireArray("paths", paths);
    if (paths.length === 0) throw new RangeError("paths must name a file, got none");
  }
  return new MatrixFile(typeof paths === "string" ? [paths] : paths, options.key);
}
