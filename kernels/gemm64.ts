// Dense products of float64 matrices in register blocks of 6 rows by 4 columns, as in gemm.ts: 12
// accumulators, two vectors of B and one broadcast of A fill the 16 SIMD registers, and the two
// multiply-add units are the limit.
//
// Every element is summed over k in order, one multiply-add after the other, whatever block it falls in
// and however k is cut: a result does not depend on its neighbours.

import { block6, ROWS } from "./block6";

/** Columns of a register block. */
const COLUMNS: usize = 4;
/** Steps of k at a time: their strip of B (8 KiB) stays in the first-level cache. */
const DEPTH: usize = 256;

function block6x4(
  k: usize, a: usize, rowA: usize, stepA: usize, b: usize, stepB: usize, c: usize, ldc: usize, add: bool,
): void {
  block6<f64>(k, a, rowA, stepA, b, stepB, c, ldc, add);
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
