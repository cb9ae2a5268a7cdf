/**
 * Compressed sparse rows: codes are mostly exact zeros, and the metrics walk only the rest.
 * @module
 */
import { type AnyMatrix, type CsrMatrix, isCsrMatrix, toDense } from "../csr_matrix.ts";
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
  for (let p = 0; p < data.length; p += RUN) count += nonzerosIn(data, p, p + RUN);
  return count;
}

/** Values that are counted in one call: an engine makes a function fast by how often it is called. */
const RUN = 1024;

function nonzerosIn(data: ArrayLike<number>, start: number, end: number): number {
  let count = 0;
  for (let p = start, last = Math.min(end, data.length); p < last; p++) if (data[p] !== 0) count++;
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

/** A matrix by all of its values, or its non-zeros where walking only those is quicker, or both. */
export type SparseView =
  & {
    /** Number of rows. */
    rows: number;
    /** Number of columns. */
    cols: number;
    /** Whether its values are of float32. */
    isFloat32: boolean;
  }
  & (
    | {
      /** All values; left out where the matrix was given by its non-zeros. */
      dense: Matrix;
      /** The non-zeros; left out where they are more than 30 %. */
      sparse?: Csr;
    }
    | { dense?: undefined; sparse: Csr }
  );

/**
 * All values of a dense matrix.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { allValues } from "./csr.ts";
 * import { fromRows } from "../matrix.ts";
 * assert.equal(allValues(fromRows([[0, 2, 0, 0]])).sparse, undefined);
 * ```
 */
export function allValues(dense: Matrix): SparseView & { dense: Matrix } {
  const { rows, cols, data } = dense;
  return { rows, cols, isFloat32: data instanceof Float32Array, dense };
}

/**
 * The matrix with its non-zeros, if they are few: one pass over it. A sparse matrix, if it is one, stays
 * without its zeros.
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
export function findNonzeros(M: AnyMatrix): SparseView {
  const { rows, cols } = M, most = Math.floor(SPARSE_SHARE * rows * cols);
  if (!isCsrMatrix(M)) return { ...allValues(M), sparse: gather(M, most) };
  const sparse = withoutZeros(M);
  return sparse.values.length > most
    ? allValues(toDense(M))
    : { rows, cols, isFloat32: true, sparse };
}

/** The entries that are not 0. */
function withoutZeros({ rows, cols, indptr, indices, data }: CsrMatrix): Csr {
  const starts = new Int32Array(rows + 1), columns = Int32Array.from(indices);
  const values = Float64Array.from(data);
  let at = 0;
  for (let i = 0; i < rows; i++) {
    for (let p = indptr[i]; p < indptr[i + 1]; p++) {
      columns[at] = indices[p];
      values[at] = data[p];
      at += Number(data[p] !== 0);
    }
    starts[i + 1] = at;
  }
  return { rows, cols, starts, columns: columns.slice(0, at), values: values.slice(0, at) };
}

/**
 * Reads a matrix row by row: the returned function gives the values of row i, valid until its next call.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { findNonzeros, rowReader } from "./csr.ts";
 * import { fromDense } from "../csr_matrix.ts";
 * import { fromRows } from "../matrix.ts";
 * const read = rowReader(findNonzeros(fromDense(fromRows([[0, 0, 0, 2], [3, 0, 0, 0]]))));
 * assert.deepEqual(Array.from(read(0)), [0, 0, 0, 2]);
 * assert.deepEqual(Array.from(read(1)), [3, 0, 0, 0]);
 * ```
 */
export function rowReader({ cols, dense, sparse }: SparseView): (i: number) => ArrayLike<number> {
  if (dense) return (i) => dense.data.subarray(i * cols, (i + 1) * cols);
  const row = new Float64Array(cols), { starts, columns, values } = sparse;
  let last = 0;
  return (i) => {
    for (let p = starts[last]; p < starts[last + 1]; p++) row[columns[p]] = 0;
    for (let p = starts[i]; p < starts[i + 1]; p++) row[columns[p]] = values[p];
    last = i;
    return row;
  };
}

/** The non-zeros, unless there are more than `most`. */
function gather({ rows, cols, data }: Matrix, most: number): Csr | undefined {
  const starts = new Int32Array(rows + 1);
  // every value is written, and overwritten if it is 0: cheaper than a branch that nobody can foresee
  const columns = new Int32Array(most + cols), values = new Float64Array(most + cols);
  let at = 0;
  for (let i = 0; i < rows; i++) {
    at = gatherRow(data, i * cols, cols, columns, values, at);
    if (at > most) return undefined;
    starts[i + 1] = at;
  }
  return { rows, cols, starts, columns: columns.slice(0, at), values: values.slice(0, at) };
}

/** Writes the non-zeros of `cols` values from place `start` on to place `at` on; returns where they end. */
function gatherRow(
  data: ArrayLike<number>,
  start: number,
  cols: number,
  columns: Int32Array,
  values: Float64Array,
  at: number,
): number {
  for (let j = 0; j < cols; j++) {
    const value = data[start + j];
    columns[at] = j;
    values[at] = value;
    if (value !== 0) at++;
  }
  return at;
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
