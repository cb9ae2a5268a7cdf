/**
 * Absolute products and correlations between the columns of two large matrices, laid out as costs for
 * the assignment: float64 while that is small, float32 beyond, and never more than one such matrix.
 * @module
 */
import { allValues, type Csr, rowReader, type SparseView, transposeCsr } from "../numeric/csr.ts";
import { type Matrix, type Matrix64, type MatrixData, transpose } from "../matrix.ts";
import { multiplyBlocks, type ProductBlock } from "../numeric/product.ts";

/** Above this many entries (256 MB) similarities are kept in float32. */
const FLOAT32_FROM_ENTRIES = 2 ** 25;

/** Columns whose centred norm is not above this count as constant, as in the reference. */
const CONSTANT = 1e-8;

/** Storing every fourth value with its index costs as much as storing all. */
const DENSE_SHARE = 0.25;

/** Mean and centred sum of squares of every column. */
export interface ColumnMoments<T extends MatrixData = MatrixData> {
  /** Mean per column. */
  means: T;
  /** Σ (x − mean)² per column: samples × variance. */
  squares: T;
}

/**
 * Mean and centred sum of squares of every column, in two passes, every step rounded to the type of
 * `Values`.
 *
 * @param M samples × columns.
 * @param Values Float64Array, or Float32Array to get what float32 arithmetic gives.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { columnMoments } from "./correlation.ts";
 * import { fromRows } from "../matrix.ts";
 * assert.deepEqual([...columnMoments(fromRows([[1], [3]]), Float64Array).squares], [2]);
 * ```
 */
export function columnMoments<T extends MatrixData>(
  M: Matrix,
  Values: new (length: number) => T,
): ColumnMoments<T> {
  return allMoments(allValues(M), Values);
}

/** {@linkcode columnMoments} row by row, whatever form the matrix has. */
function allMoments<T extends MatrixData>(
  view: SparseView,
  Values: new (length: number) => T,
): ColumnMoments<T> {
  const { rows, cols } = view, rowOf = rowReader(view);
  const means = new Values(cols), squares = new Values(cols), step = new Values(cols);
  for (let i = 0; i < rows; i++) {
    const row = rowOf(i);
    for (let j = 0; j < cols; j++) means[j] += row[j];
  }
  for (let j = 0; j < cols; j++) means[j] /= rows;
  for (let i = 0; i < rows; i++) {
    const row = rowOf(i);
    for (let j = 0; j < cols; j++) {
      step[j] = row[j] - means[j];
      step[j] *= step[j];
      squares[j] += step[j];
    }
  }
  return { means, squares };
}

/**
 * {@linkcode columnMoments} in float64, from the non-zeros where they are known.
 *
 * @param codes samples × columns.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { momentsOf } from "./correlation.ts";
 * import { findNonzeros } from "../numeric/csr.ts";
 * import { fromRows } from "../matrix.ts";
 * const codes = findNonzeros(fromRows([[0], [0], [0], [4]]));
 * assert.deepEqual([...momentsOf(codes).squares], [12]); // 3·1² + 3²
 * ```
 */
export function momentsOf(view: SparseView): ColumnMoments<Float64Array> {
  const { sparse } = view;
  if (!sparse) return allMoments(view, Float64Array);
  const { rows, cols, columns, values } = sparse;
  const means = new Float64Array(cols), squares = new Float64Array(cols);
  const zeros = new Int32Array(cols).fill(rows);
  for (let p = 0; p < values.length; p++) {
    means[columns[p]] += values[p];
    zeros[columns[p]]--;
  }
  for (let j = 0; j < cols; j++) {
    means[j] /= rows;
    squares[j] = zeros[j] * means[j] * means[j];
  }
  for (let p = 0; p < values.length; p++) {
    const difference = values[p] - means[columns[p]];
    squares[columns[p]] += difference * difference;
  }
  return { means, squares };
}

/**
 * Columns of zero mean and unit norm, each as an offset, which is what its zeros became, and what the
 * other values add to it. A dense column has offset 0 and holds all its values.
 */
export interface StandardColumns {
  /** Number of samples. */
  samples: number;
  /** The sparse columns, one per row. */
  sparse: Csr;
  /** Offset of every sparse column. */
  offsets: Float64Array;
  /** The dense columns: samples × count. */
  dense: Matrix64;
  /** Sum of the values of every column without its offset; sparse columns first. */
  sums: Float64Array;
}

/**
 * Standardizes the chosen columns of codes and all of `extra`, leaving constant ones out (their
 * correlations are 0). Sparse columns come first, so the order is not that of the codes. As in the
 * reference, a float32 matrix without extra columns is centred and scaled in float32.
 *
 * @param codes samples × columns.
 * @param chosen Indices of the columns to take; all when left out.
 * @param extra Further dense columns, samples × any number.
 * @throws {RangeError} When the squares of a column's values overflow.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { standardize } from "./correlation.ts";
 * import { findNonzeros } from "../numeric/csr.ts";
 * import { fromRows } from "../matrix.ts";
 * // the second column is constant
 * assert.equal(standardize(findNonzeros(fromRows([[1, 7], [3, 7]]))).dense.cols, 1);
 * ```
 */
export function standardize(
  view: SparseView,
  chosen?: ArrayLike<number>,
  extra?: Matrix64,
): StandardColumns {
  const { rows: samples, cols, sparse } = view, rowOf = rowReader(view);
  const Values = view.isFloat32 && !extra ? Float32Array : Float64Array;
  const { means, squares } = Values === Float32Array
    ? allMoments(view, Float32Array)
    : momentsOf(view);
  const norms = squares.map(Math.sqrt);
  const counts = new Int32Array(cols);
  // the mean of equal values is rounded, and what that leaves of them is not 0
  const varies = new Uint8Array(cols), first = Float64Array.from(samples > 0 ? rowOf(0) : []);
  if (sparse) {
    sparse.columns.forEach((j, p) => {
      counts[j]++;
      if (sparse.values[p] !== first[j]) varies[j] = 1;
    });
    for (let j = 0; j < cols; j++) if (counts[j] > 0 && counts[j] < samples) varies[j] = 1;
  } else {
    for (let i = 0; i < samples; i++) {
      const values = rowOf(i);
      for (let j = 0; j < cols; j++) {
        if (values[j] !== 0) counts[j]++;
        if (values[j] !== first[j]) varies[j] = 1;
      }
    }
  }
  const place = new Int32Array(cols).fill(-1); // of a sparse column among its like
  const ownDense: number[] = [];
  let sparseCount = 0;
  for (let c = 0; c < (chosen?.length ?? cols); c++) {
    const j = chosen ? chosen[c] : c;
    if (!Number.isFinite(norms[j])) {
      throw new RangeError(
        `Cannot correlate codes: squares of their values must stay finite, got ${
          norms[j]
        } in column ${j}; scale the codes down`,
      );
    }
    if (!varies[j] || norms[j] <= CONSTANT) continue;
    if (counts[j] <= DENSE_SHARE * samples) place[j] = sparseCount++;
    else ownDense.push(j);
  }
  const denseCount = ownDense.length + (extra?.cols ?? 0);

  const dense = new Float64Array(samples * denseCount);
  const sums = new Float64Array(sparseCount + denseCount);
  const offsets = new Float64Array(sparseCount);
  const starts = new Int32Array(sparseCount + 1);
  const row = new Values(1); // rounds each step of the one value that it holds
  for (let j = 0; j < cols; j++) {
    if (place[j] < 0) continue;
    starts[place[j] + 1] = counts[j];
    row[0] = -means[j];
    row[0] /= norms[j];
    offsets[place[j]] = row[0];
  }
  for (let q = 0; q < sparseCount; q++) starts[q + 1] += starts[q];
  const next = starts.slice();
  const columns = new Int32Array(starts[sparseCount]), values = new Float64Array(columns.length);
  /** Adds entry (i, j), standardized, to its column. */
  const deal = (i: number, j: number, entry: number): void => {
    const q = place[j];
    if (q < 0) return;
    row[0] = entry - means[j];
    row[0] /= norms[j];
    const value = row[0] - offsets[q];
    sums[q] += value;
    columns[next[q]] = i;
    values[next[q]++] = value;
  };
  for (let i = 0; i < samples; i++) {
    if (sparse) {
      for (let e = sparse.starts[i]; e < sparse.starts[i + 1]; e++) {
        deal(i, sparse.columns[e], sparse.values[e]);
      }
    } else if (sparseCount > 0) {
      const values = rowOf(i);
      for (let j = 0; j < cols; j++) if (values[j] !== 0) deal(i, j, values[j]);
    }
    const all = ownDense.length > 0 ? rowOf(i) : [];
    for (let c = 0, q = i * denseCount; c < ownDense.length; c++, q++) {
      const j = ownDense[c];
      row[0] = all[j] - means[j];
      row[0] /= norms[j];
      dense[q] = row[0];
      sums[sparseCount + c] += row[0];
    }
  }
  if (extra) {
    const { means, squares } = columnMoments(extra, Float64Array);
    for (let i = 0, p = 0; i < samples; i++) {
      for (let j = 0; j < extra.cols; j++, p++) {
        const value = (extra.data[p] - means[j]) / Math.sqrt(squares[j]);
        dense[i * denseCount + ownDense.length + j] = value;
        sums[sparseCount + ownDense.length + j] += value;
      }
    }
  }
  return {
    samples,
    sparse: { rows: sparseCount, cols: samples, starts, columns, values },
    offsets,
    dense: { rows: samples, cols: denseCount, data: dense },
    sums,
  };
}

/**
 * Computes |correlation| row by row: of one column of `X` with all columns of `Y`. A row costs one
 * step for every pair of stored values that share a sample.
 *
 * @returns A function that writes row `i` to `out`, which has a place for every column of `Y`, or for
 * the sparse ones only.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { correlationRows, standardize } from "./correlation.ts";
 * import { allValues } from "../numeric/csr.ts";
 * import { fromRows } from "../matrix.ts";
 * const columns = standardize(allValues(fromRows([[1, 0], [3, 1], [2, 5]])));
 * const row = new Float64Array(2);
 * correlationRows(columns, columns)(0, row);
 * assert(Math.abs(row[0] - 1) < 1e-12);
 * ```
 */
export function correlationRows(
  X: StandardColumns,
  Y: StandardColumns,
): (i: number, out: Float64Array) => void {
  const { samples, sparse: { starts, columns, values } } = X;
  const left = Y.sparse.rows, right = Y.dense.cols;
  const bySample = transposeCsr(Y.sparse);
  // Σ (α + a)(β + b) = Σ ab + α (Σ b + samples·β) + β Σ a, with offsets α, β and stored values a, b
  const totals = Y.sums.map((sum, j) => sum + (j < left ? samples * Y.offsets[j] : 0));
  const denseOfX = transpose(X.dense);

  /** Adds `weight` times one sample of `Y` to the row. */
  function addSample(sample: number, weight: number, out: Float64Array): void {
    const end = bySample.starts[sample + 1];
    for (let p = bySample.starts[sample]; p < end; p++) {
      out[bySample.columns[p]] += weight * bySample.values[p];
    }
    for (let j = left, q = sample * right; j < out.length; j++, q++) {
      out[j] += weight * Y.dense.data[q];
    }
  }

  return (i, out) => {
    out.fill(0);
    const isSparse = i < X.sparse.rows;
    if (isSparse) {
      for (let p = starts[i]; p < starts[i + 1]; p++) addSample(columns[p], values[p], out);
    } else {
      const at = (i - X.sparse.rows) * samples;
      for (let s = 0; s < samples; s++) addSample(s, denseOfX.data[at + s], out);
    }
    const offset = isSparse ? X.offsets[i] : 0;
    for (let j = 0; j < out.length; j++) {
      const shift = offset * totals[j] + (j < left ? Y.offsets[j] * X.sums[i] : 0);
      out[j] = Math.abs(out[j] + shift);
    }
  };
}

/**
 * The matrix of |correlation| between the columns of `X` (rows of the result) and of `Y` (columns of
 * the result). Its cost is one step for every pair of stored values that share a sample.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { absoluteCorrelations, standardize } from "./correlation.ts";
 * import { allValues } from "../numeric/csr.ts";
 * import { fromRows } from "../matrix.ts";
 * const columns = standardize(allValues(fromRows([[1, 0], [3, 1], [2, 5]])));
 * assert(Math.abs(absoluteCorrelations(columns, columns).data[0] - 1) < 1e-12);
 * ```
 */
export function absoluteCorrelations(X: StandardColumns, Y: StandardColumns): Matrix {
  const left = Y.sparse.rows, right = Y.dense.cols;
  const out = similarities(X.sparse.rows + X.dense.cols, left + right);
  const fillRow = correlationRows(X, Y);
  // between dense columns one large product is quicker than rows
  const whole = new Float64Array(left + right), sparseOnly = whole.subarray(0, left);
  for (let i = 0; i < out.rows; i++) {
    const row = i < X.sparse.rows ? whole : sparseOnly;
    fillRow(i, row);
    out.data.set(row, i * out.cols);
  }
  multiplyBlocks(
    transpose(X.dense),
    Y.dense,
    (block) => writeAbsolute(out, block, X.sparse.rows, left),
  );
  return out;
}

/**
 * |A·B|, in float64 or, where that were large, in float32.
 *
 * @param A m × k.
 * @param B k × n.
 * @returns m × n.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { absoluteProducts } from "./correlation.ts";
 * import { fromRows } from "../matrix.ts";
 * assert.deepEqual([...absoluteProducts(fromRows([[-1]]), fromRows([[2]])).data], [2]);
 * ```
 */
export function absoluteProducts(A: Matrix64, B: Matrix64): Matrix {
  const out = similarities(A.rows, B.cols);
  multiplyBlocks(A, B, (block) => writeAbsolute(out, block, 0, 0));
  return out;
}

function similarities(rows: number, cols: number): Matrix<MatrixData> {
  const count = rows * cols;
  return {
    rows,
    cols,
    data: count > FLOAT32_FROM_ENTRIES ? new Float32Array(count) : new Float64Array(count),
  };
}

/** Writes the absolute values of a block of a product that begins at (top, left) of `out`. */
function writeAbsolute(
  out: Matrix,
  { row, col, rows, cols, stride, data }: ProductBlock,
  top: number,
  left: number,
): void {
  for (let i = 0; i < rows; i++) {
    let q = (top + row + i) * out.cols + left + col;
    for (let p = i * stride, end = p + cols; p < end; p++, q++) out.data[q] = Math.abs(data[p]);
  }
}
