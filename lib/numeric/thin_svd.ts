/**
 * The thin singular value decomposition of a tall or wide matrix.
 * @module
 */
import { type Matrix, type Matrix64, transpose, zeros } from "../matrix.ts";
import { Arena, run } from "../wasm/memory.ts";
import { gram, multiply } from "./product.ts";

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
 * import assert from "node:assert/strict";
 * import { thinSvd } from "./thin_svd.ts";
 * import { fromRows } from "../matrix.ts";
 * assert.deepEqual([...thinSvd(fromRows([[3, 0], [0, 4], [0, 0]])).values], [4, 3]);
 * ```
 */
export function thinSvd(A: Matrix): ThinSvd {
  const isTall = A.rows > A.cols, scale = scaleOf(A);
  const inScale = scale === 1
    ? A
    : { ...A, data: Float64Array.from(A.data, (value) => value / scale) };
  const tall = isTall ? inScale : transpose(inScale);
  const size = tall.cols;
  const { values: eigenvalues, vectors: eigenvectors } = symmetricEigen(gram(tall));
  const floor = size * Number.EPSILON * Math.max(0, eigenvalues[size - 1]);
  const all = Float64Array.from(
    { length: size },
    (_, r) => Math.sqrt(Math.max(0, eigenvalues[size - 1 - r])),
  ).map((value) => value * value > floor ? value : 0);
  const values = isTall ? all.subarray(0, all.findLastIndex((value) => value > 0) + 1) : all;

  const rank = values.length;
  const vectors = zeros(size, rank), scaled = zeros(size, rank);
  for (let i = 0, p = 0; i < size; i++) {
    for (let r = 0; r < rank; r++, p++) {
      vectors.data[p] = eigenvectors[(size - 1 - r) * size + i];
      scaled.data[p] = values[r] > 0 ? vectors.data[p] / values[r] : 0;
    }
  }
  const others = multiply(tall, scaled);
  const own = values.map((value) => value * scale);
  return isTall ? { U: others, values: own, V: vectors } : { U: vectors, values: own, V: others };
}

/**
 * The largest absolute value, 0 of none.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { largestSize } from "./thin_svd.ts";
 * assert.equal(largestSize(Float64Array.of(1, -3, 2)), 3);
 * ```
 */
export function largestSize(values: Matrix["data"]): number {
  let most = 0;
  for (const value of values) most = Math.max(most, Math.abs(value));
  return most;
}

/** Values of up to this many powers of two from 1 have products that the decomposition can square. */
const MOST_EXPONENT = 64;

/** The power of two of the largest value where squares would leave float64, else 1. */
function scaleOf({ data }: Matrix): number {
  const most = largestSize(data);
  const exponent = most > 0 ? Math.floor(Math.log2(most)) : 0;
  return Math.abs(exponent) <= MOST_EXPONENT ? 1 : 2 ** exponent;
}

/** Eigenvalues of a symmetric matrix, ascending, and the eigenvectors, one after the other. */
function symmetricEigen({ rows, data }: Matrix64): { values: Float64Array; vectors: Float64Array } {
  using arena = new Arena();
  const v = arena.f64(rows * rows), d = arena.f64(rows), e = arena.f64(rows);
  v.view.set(data);
  run("symmetric_eigen", rows, v, d, e);
  return { values: d.view.slice(), vectors: v.view.slice() };
}
