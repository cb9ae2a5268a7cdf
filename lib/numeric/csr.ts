/**
 * Compressed sparse rows: codes are mostly exact zeros, and the metrics walk only the rest.
 * @module
 */
import type { Matrix } from "../matrix.ts";

/** The non-zeros of a matrix, row after row, columns ascending within a row. */
export interface Csr {
  /** Number of rows. */
  rows: number;
  /** Number of columns. */
  cols: number;
  /** Row i holds the entries `starts[i]` up to, not including, `starts[i + 1]`. */
  starts: Int32Array;
  /** Column of each entry. */
  columns: Int32Array;
  /** Value of each entry. */
  values: Float64Array;
}

/**
 * Number of entries that are not 0.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { countNonzeros } from "./csr.ts";
 * import { fromRows } from "../matrix.ts";
 * assert.equal(countNonzeros(fromRows([[0, 2], [3, 0]])), 2);
 * ```
 */
export function countNonzeros({ data }: Matrix): number {
  let count = 0;
  for (let p = 0; p < data.length; p++) if (data[p] !== 0) count++;
  return count;
}

/**
 * The non-zeros of a dense matrix, in float64.
 *
 * @param M A dense matrix with fewer than 2³¹ non-zeros.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { toCsr } from "./csr.ts";
 * import { fromRows } from "../matrix.ts";
 * assert.deepEqual([...toCsr(fromRows([[0, 2], [3, 0]])).columns], [1, 0]);
 * ```
 */
export function toCsr(M: Matrix): Csr {
  return gather(M, countNonzeros(M))!;
}

/** Below this share of non-zeros, walking only them is quicker than walking all values. */
const SPARSE_SHARE = 0.3;

/** A dense matrix and, where walking only those is quicker, its non-zeros. */
export interface SparseView {
  /** All values. */
  dense: Matrix;
  /** The non-zeros; left out where they are more than 30 %. */
  sparse?: Csr;
}

/**
 * The matrix with its non-zeros, if they are few: one pass over it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { findNonzeros } from "./csr.ts";
 * import { fromRows } from "../matrix.ts";
 * assert.deepEqual(findNonzeros(fromRows([[0, 2, 0, 0]])).sparse?.columns, Int32Array.of(1));
 * assert.equal(findNonzeros(fromRows([[1, 2]])).sparse, undefined);
 * ```
 */
export function findNonzeros(dense: Matrix): SparseView {
  return { dense, sparse: gather(dense, Math.floor(SPARSE_SHARE * dense.data.length)) };
}

/** The non-zeros, unless there are more than `most`. */
function gather({ rows, cols, data }: Matrix, most: number): Csr | undefined {
  const starts = new Int32Array(rows + 1);
  // every value is written, and overwritten if it is 0: cheaper than a branch that nobody can foresee
  const columns = new Int32Array(most + cols), values = new Float64Array(most + cols);
  let at = 0;
  for (let i = 0, p = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++, p++) {
      const value = data[p];
      columns[at] = j;
      values[at] = value;
      at += Number(value !== 0);
    }
    if (at > most) return undefined;
    starts[i + 1] = at;
  }
  return { rows, cols, starts, columns: columns.slice(0, at), values: values.slice(0, at) };
}

/**
 * The transposed matrix: its rows are the columns of `M`, samples ascending.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { toCsr, transposeCsr } from "./csr.ts";
 * import { fromRows } from "../matrix.ts";
 * assert.deepEqual([...transposeCsr(toCsr(fromRows([[0, 2], [3, 0]]))).values], [3, 2]);
 * ```
 */
export function transposeCsr(M: Csr): Csr {
  const count = M.values.length;
  const starts = new Int32Array(M.cols + 1);
  for (let p = 0; p < count; p++) starts[M.columns[p] + 1]++;
  for (let j = 0; j < M.cols; j++) starts[j + 1] += starts[j];
  const next = starts.slice();
  const columns = new Int32Array(count), values = new Float64Array(count);
  for (let i = 0; i < M.rows; i++) {
    for (let p = M.starts[i]; p < M.starts[i + 1]; p++) {
      const at = next[M.columns[p]]++;
      columns[at] = i;
      values[at] = M.values[p];
    }
  }
  return { rows: M.cols, cols: M.rows, starts, columns, values };
}
