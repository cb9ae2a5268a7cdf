// Products of a sparse matrix, in compressed rows, with a dense one in float64.

import { madd64 } from "./vectors64";

/** Bytes of a strip of C that stays in registers over a row of the sparse matrix. */
const STRIP: usize = 128;

// c = Σ value·row over the entries from `at` to `end`, for one strip.
function strip8(at: usize, end: usize, columns: usize, values: usize, b: usize, ldb: usize, c: usize): void {
  let c0 = f64x2.splat(0), c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0, c6 = c0, c7 = c0;
  for (; at < end; at++) {
    const row = b + <usize>load<u32>(columns + (at << 2)) * ldb, s = v128.load64_splat(values + (at << 3));
    c0 = madd64(s, v128.load(row), c0), c1 = madd64(s, v128.load(row, 16), c1);
    c2 = madd64(s, v128.load(row, 32), c2), c3 = madd64(s, v128.load(row, 48), c3);
    c4 = madd64(s, v128.load(row, 64), c4), c5 = madd64(s, v128.load(row, 80), c5);
    c6 = madd64(s, v128.load(row, 96), c6), c7 = madd64(s, v128.load(row, 112), c7);
  }
  v128.store(c, c0), v128.store(c, c1, 16), v128.store(c, c2, 32), v128.store(c, c3, 48);
  v128.store(c, c4, 64), v128.store(c, c5, 80), v128.store(c, c6, 96), v128.store(c, c7, 112);
}

// The same for the four columns that a strip can leave over.
function strip2(at: usize, end: usize, columns: usize, values: usize, b: usize, ldb: usize, c: usize): void {
  let c0 = f64x2.splat(0), c1 = c0;
  for (; at < end; at++) {
    const row = b + <usize>load<u32>(columns + (at << 2)) * ldb, s = v128.load64_splat(values + (at << 3));
    c0 = madd64(s, v128.load(row), c0), c1 = madd64(s, v128.load(row, 16), c1);
  }
  v128.store(c, c0), v128.store(c, c1, 16);
}

/**
 * C (m×n) = A·B of a sparse A (m×k) whose row i has the entries starts[i] … starts[i+1] − 1 of `columns`
 * and `values`, and B (k×n). n, the leading dimension of B and C, is a multiple of 4.
 */
export function csr_product64(
  m: i32, n: i32, starts: usize, columns: usize, values: usize, b: usize, c: usize,
): void {
  const row = <usize>n << 3, wide = row / STRIP * STRIP;
  for (let i: usize = 0; i < <usize>m; i++, c += row) {
    const at = <usize>load<u32>(starts + (i << 2)), end = <usize>load<u32>(starts + (i << 2), 4);
    let j: usize = 0;
    for (; j < wide; j += STRIP) strip8(at, end, columns, values, b + j, row, c + j);
    for (; j < row; j += 32) strip2(at, end, columns, values, b + j, row, c + j);
  }
}
