/**
 * Rows of an audit: which are held out, and parts of matrices.
 * @module
 */
import { type Matrix, type Matrix32, zeros32 } from "../matrix.ts";
import { RandomState } from "../random.ts";

/** Rows that serve for learning and rows that are held out, each in a random order. */
export interface RowSplit {
  /** Rows to learn from. */
  train: Int32Array;
  /** Rows to judge on. */
  test: Int32Array;
}

/**
 * Splits rows at random, the same way for a seed.
 *
 * @param rows How many there are.
 * @param options `share` of them is held out, `block` consecutive ones stay together;
 * with `last` the last ones are held out instead of random ones.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { splitRows } from "./rows.ts";
 * const { train, test } = splitRows(10, { share: 0.2, block: 2, seed: 0 });
 * assert.equal(train.length, 8);
 * assert.equal(test[1], test[0] + 1);
 * ```
 */
export function splitRows(
  rows: number,
  { share, block, seed, last = false }: {
    share: number;
    block: number;
    seed: number;
    last?: boolean;
  },
): RowSplit {
  const blocks = Math.ceil(rows / block);
  const heldOut = Math.min(blocks - 1, Math.max(1, Math.round(share * blocks)));
  const random = new RandomState(seed);
  const train = random.permutation(last ? blocks - heldOut : blocks);
  const test = last
    ? random.permutation(heldOut).map((place) => blocks - heldOut + place)
    : train.subarray(0, heldOut);
  const rowsOf = (places: Int32Array) =>
    Int32Array.from([...places].flatMap((place) => {
      const start = place * block;
      return Array.from({ length: Math.min(block, rows - start) }, (_, i) => start + i);
    }));
  return { test: rowsOf(test), train: rowsOf(last ? train : train.subarray(heldOut)) };
}

/** Rows of a matrix in the order of their indices, minus `shift`, in float32. */
export function takeRows(
  X: Matrix,
  rows: ArrayLike<number>,
  shift?: ArrayLike<number>,
): Matrix32 {
  const out = zeros32(rows.length, X.cols);
  for (let i = 0, p = 0; i < rows.length; i++) {
    for (let j = 0, from = rows[i] * X.cols; j < X.cols; j++, p++) {
      out.data[p] = X.data[from + j] - (shift ? shift[j] : 0);
    }
  }
  return out;
}

/** Mean of the rows. */
export function meanRow({ rows, cols, data }: Matrix): Float64Array {
  const mean = new Float64Array(cols);
  for (let i = 0, p = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++, p++) mean[j] += data[p];
  }
  return mean.map((sum) => sum / rows);
}

/** Sum of the squared entries of each row. */
export function rowEnergies({ rows, cols, data }: Matrix): Float64Array {
  const energies = new Float64Array(rows);
  for (let i = 0, p = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++, p++) energies[i] += data[p] * data[p];
  }
  return energies;
}
