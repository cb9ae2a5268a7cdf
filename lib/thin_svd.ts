/**
 * The thin singular value decomposition of a tall or wide matrix.
 * @module
 */
import { EigenvalueDecomposition, Matrix as MlMatrix } from "npm:ml-matrix@6.15.1";
import { type Matrix, type Matrix64, toFloat64, transpose, zeros } from "./matrix.ts";
import { multiply } from "./product.ts";

/** A = U·diag(s)·Vᵀ */
export interface ThinSvd {
  /** Left singular vectors: rows × r. */
  U: Matrix64;
  /** r singular values, largest first. */
  values: Float64Array;
  /** Right singular vectors: cols × r; a column of a singular value of 0 is 0. */
  V: Matrix64;
}

/**
 * The thin singular value decomposition, by the eigenvectors of the smaller of A·Aᵀ and Aᵀ·A: one
 * factorization of size min(rows, cols). Singular values below about 1e-8 of the largest are lost to
 * rounding. A wide matrix gets r = rows with all of its left vectors; a tall one leaves vanishing
 * singular values out.
 *
 * @param A rows × cols, finite.
 *
 * @example
 * ```ts
 * import { thinSvd } from "./thin_svd.ts";
 * import { fromRows } from "./matrix.ts";
 * thinSvd(fromRows([[3, 0], [0, 4], [0, 0]])).values; // [4, 3]
 * ```
 */
export function thinSvd(A: Matrix): ThinSvd {
  if (A.rows > A.cols) {
    const { U: V, values, V: U } = wideSvd(transpose(toFloat64(A)));
    const rank = values.findLastIndex((value) => value > 0) + 1;
    return { U: firstColumns(U, rank), values: values.slice(0, rank), V: firstColumns(V, rank) };
  }
  return wideSvd(toFloat64(A));
}

function wideSvd(A: Matrix64): ThinSvd {
  const { rows, cols } = A;
  const flipped = transpose(A);
  const { data } = multiply(A, flipped);
  const gram = new MlMatrix(rows, rows);
  for (let i = 0; i < rows; i++) {
    gram.setRow(i, Array.from(data.subarray(i * rows, (i + 1) * rows)));
  }
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(gram, {
    assumeSymmetric: true,
  });
  // ascending in the library's order
  const floor = rows * Number.EPSILON * Math.max(0, realEigenvalues[rows - 1]);
  const values = Float64Array.from(
    { length: rows },
    (_, r) => Math.sqrt(Math.max(0, realEigenvalues[rows - 1 - r])),
  ).map((value) => value * value > floor ? value : 0);
  const U = zeros(rows, rows);
  for (let i = 0; i < rows; i++) {
    for (let r = 0; r < rows; r++) U.data[i * rows + r] = eigenvectorMatrix.get(i, rows - 1 - r);
  }
  const V = multiply(flipped, U);
  for (let p = 0; p < V.data.length; p++) {
    const value = values[p % rows];
    V.data[p] = value > 0 ? V.data[p] / value : 0;
  }
  return { U, values, V: { rows: cols, cols: rows, data: V.data } };
}

function firstColumns(M: Matrix64, cols: number): Matrix64 {
  if (cols === M.cols) return M;
  const out = zeros(M.rows, cols);
  for (let i = 0; i < M.rows; i++) {
    out.data.set(M.data.subarray(i * M.cols, i * M.cols + cols), i * cols);
  }
  return out;
}
