// C += A·B and C += Aᵀ·B: blocks of 6 rows by 8 columns, made in a scratch tile and added from there, so that
// the rows that two blocks share (the last is moved up to end at the last row) are added once. The addition costs
// a few percent of a tile whose inner dimension is a block of samples.

import { byBlas } from "./blas";
import { block6, ROWS } from "./block6";
import { block1x8 } from "./gemm";
import { scratch } from "./scratch";

// `rowA` and `stepA` are (lda, 4) to multiply by A and (4, lda) to multiply by Aᵀ; see block6.ts. Not
// inlined: see tile5.ts.
function block6x8(
  k: usize, a: usize, rowA: usize, stepA: usize, b: usize, ldb: usize, c: usize, ldc: usize,
): void {
  block6<f32>(k, a, rowA, stepA, b, ldb, c, ldc, false);
}

function addRows(rows: usize, tile: usize, c: usize, ldc: usize): void {
  for (let i: usize = 0; i < rows; i++) {
    v128.store(c, f32x4.add(v128.load(c), v128.load(tile)));
    v128.store(c, f32x4.add(v128.load(c, 16), v128.load(tile, 16)), 16);
    c += ldc, tile += 32;
  }
}

/** C += A·B with A given by its strides in bytes, like product in gemm.ts. */
function addProduct(
  m: usize, n: usize, k: usize,
  a: usize, rowA: usize, stepA: usize, b: usize, ldb: usize, c: usize, ldc: usize,
): void {
  for (let j: usize = 0; j < n; j += 8) {
    const bj = b + (j << 2), cj = c + (j << 2);
    for (let i: usize = 0; i < m; i += ROWS) {
      const ci = cj + i * ldc;
      if (m < ROWS) {
        for (let r: usize = 0; r < m; r++) block1x8(k, a + r * rowA, stepA, bj, ldb, scratch + (r << 5));
        addRows(m, scratch, ci, ldc);
      } else {
        const row = min(i, m - ROWS);
        block6x8(k, a + row * rowA, rowA, stepA, bj, ldb, scratch, 32);
        addRows(row + ROWS - i, scratch + ((i - row) << 5), ci, ldc);
      }
    }
  }
}

/** C (m×n) += A (m×k) · B (k×n); leading dimensions in elements, n, ldb and ldc multiples of 8. */
export function gemm_nn_add(
  m: i32, n: i32, k: i32, a: usize, lda: i32, b: usize, ldb: i32, c: usize, ldc: i32,
): void {
  if (byBlas(0, m, n, k, a, lda, b, ldb, 1, c, ldc)) return;
  addProduct(m, n, k, a, lda << 2, 4, b, ldb << 2, c, ldc << 2);
}

/** C (m×n) += Aᵀ · B with A (k×m), B (k×n); leading dimensions in elements, n, ldb, ldc multiples of 8. */
export function gemm_tn_add(
  m: i32, n: i32, k: i32, a: usize, lda: i32, b: usize, ldb: i32, c: usize, ldc: i32,
): void {
  if (byBlas(1, m, n, k, a, lda, b, ldb, 1, c, ldc)) return;
  addProduct(m, n, k, a, 4, lda << 2, b, ldb << 2, c, ldc << 2);
}
