// Dense products of float64 matrices in register blocks of 6 rows by 4 columns, as in gemm.ts: 12
// accumulators, two vectors of B and one broadcast of A fill the 16 SIMD registers, and the two
// multiply-add units are the limit.
//
// Every element is summed over k in order, one multiply-add after the other, whatever block it falls in
// and however k is cut: a result does not depend on its neighbours.

import { madd64 } from "./vectors64";

/** Rows and columns of a register block. */
const ROWS: usize = 6, COLUMNS: usize = 4;
/** Steps of k at a time: their strip of B (8 KiB) stays in the first-level cache. */
const DEPTH: usize = 256;

// C += A·B of one block, or C = A·B when not `add`. In bytes, `rowA` and `stepA` are the distances of A
// between two rows of the block and between two steps of k, `stepB` that between two steps of k in B.
function block6x4(
  k: usize, a: usize, rowA: usize, stepA: usize, b: usize, stepB: usize, c: usize, ldc: usize, add: bool,
): void {
  let c00 = f64x2.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00;
  let c30 = c00, c31 = c00, c40 = c00, c41 = c00, c50 = c00, c51 = c00;
  if (add) {
    let at = c;
    c00 = v128.load(at), c01 = v128.load(at, 16), at += ldc;
    c10 = v128.load(at), c11 = v128.load(at, 16), at += ldc;
    c20 = v128.load(at), c21 = v128.load(at, 16), at += ldc;
    c30 = v128.load(at), c31 = v128.load(at, 16), at += ldc;
    c40 = v128.load(at), c41 = v128.load(at, 16), at += ldc;
    c50 = v128.load(at), c51 = v128.load(at, 16);
  }
  let a1 = a + rowA, a2 = a1 + rowA, a3 = a2 + rowA, a4 = a3 + rowA, a5 = a4 + rowA;
  for (let i: usize = 0; i < k; i++) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    b += stepB;
    let s = v128.load64_splat(a);
    a += stepA;
    c00 = madd64(s, b0, c00), c01 = madd64(s, b1, c01);
    s = v128.load64_splat(a1);
    a1 += stepA;
    c10 = madd64(s, b0, c10), c11 = madd64(s, b1, c11);
    s = v128.load64_splat(a2);
    a2 += stepA;
    c20 = madd64(s, b0, c20), c21 = madd64(s, b1, c21);
    s = v128.load64_splat(a3);
    a3 += stepA;
    c30 = madd64(s, b0, c30), c31 = madd64(s, b1, c31);
    s = v128.load64_splat(a4);
    a4 += stepA;
    c40 = madd64(s, b0, c40), c41 = madd64(s, b1, c41);
    s = v128.load64_splat(a5);
    a5 += stepA;
    c50 = madd64(s, b0, c50), c51 = madd64(s, b1, c51);
  }
  v128.store(c, c00), v128.store(c, c01, 16);
  c += ldc;
  v128.store(c, c10), v128.store(c, c11, 16);
  c += ldc;
  v128.store(c, c20), v128.store(c, c21, 16);
  c += ldc;
  v128.store(c, c30), v128.store(c, c31, 16);
  c += ldc;
  v128.store(c, c40), v128.store(c, c41, 16);
  c += ldc;
  v128.store(c, c50), v128.store(c, c51, 16);
}

/**
 * C (m×n) = A (m×k) · B (k×n); m a multiple of 6, n of 4. B comes in strips of 4 columns, each k×4 and
 * contiguous; leading dimensions in elements.
 */
export function gemm64(m: i32, n: i32, k: i32, a: usize, lda: i32, b: usize, c: usize, ldc: i32): void {
  const rows = <usize>m, cols = <usize>n, depth = <usize>k;
  const rowA = <usize>lda << 3, rowC = <usize>ldc << 3;
  for (let at: usize = 0; at < depth; at += DEPTH) {
    const steps = min(DEPTH, depth - at);
    for (let j: usize = 0; j < cols; j += COLUMNS) {
      const bj = b + (j * depth + at * COLUMNS << 3), cj = c + (j << 3);
      for (let i: usize = 0; i < rows; i += ROWS) {
        block6x4(steps, a + i * rowA + (at << 3), rowA, 8, bj, 32, cj + i * rowC, rowC, at > 0);
      }
    }
  }
}

/**
 * The upper triangle of C (n×n) += AᵀA of A (k×n), with what of the lower one its blocks hold; n, the
 * leading dimension of both, is a multiple of 12.
 */
export function gram64(n: i32, k: i32, a: usize, c: usize): void {
  const size = <usize>n, row = size << 3;
  for (let j: usize = 0; j < size; j += COLUMNS) {
    for (let i: usize = 0; i < j + COLUMNS; i += ROWS) {
      block6x4(k, a + (i << 3), 8, row, a + (j << 3), row, c + i * row + (j << 3), row, true);
    }
  }
}
