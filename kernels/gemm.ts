// Dense products of row-major float32 matrices, C = A·B or C = Aᵀ·B, in register blocks of 6 rows
// by 8 columns: 12 accumulators, two vectors of B and one broadcast of A fill the 16 SIMD
// registers, and 12 fused multiply-adds to 8 loads make the arithmetic units the limit, not the
// load ports.
//
// Rows of B and C are padded to a multiple of 8 columns (zeros in B give zeros in C); the number of
// rows and the inner dimension are free. C is overwritten. Every element is summed over k in order,
// whatever block it falls in, so a result does not depend on its neighbours, unless a BLAS makes the
// product (blas.ts).

import { byBlas } from "./blas";
import { block6, ROWS } from "./block6";
import { madd } from "./simd";

// `rowA` and `stepA` are (lda, 4) to multiply by A and (4, lda) to multiply by Aᵀ; see block6.ts. Not
// inlined: the engine optimises a function when it is called often, not a loop while it runs.
export function block6x8(
  k: usize, a: usize, rowA: usize, stepA: usize, b: usize, ldb: usize, c: usize, ldc: usize,
): void {
  block6<f32>(k, a, rowA, stepA, b, ldb, c, ldc, false);
}

export function block1x8(k: usize, a: usize, stepA: usize, b: usize, ldb: usize, c: usize): void {
  let c0 = f32x4.splat(0), c1 = c0;
  for (let i: usize = 0; i < k; i++) {
    const s = v128.load32_splat(a);
    c0 = madd(s, v128.load(b), c0), c1 = madd(s, v128.load(b, 16), c1);
    a += stepA, b += ldb;
  }
  v128.store(c, c0), v128.store(c, c1, 16);
}

/** C = A·B with A given by its strides in bytes (see block6x8); `n` a multiple of 8. */
export function product(
  m: usize, n: usize, k: usize,
  a: usize, rowA: usize, stepA: usize, b: usize, ldb: usize, c: usize, ldc: usize,
): void {
  for (let j: usize = 0; j < n; j += 8) {
    const bj = b + (j << 2), cj = c + (j << 2);
    if (m < ROWS) {
      for (let i: usize = 0; i < m; i++) block1x8(k, a + i * rowA, stepA, bj, ldb, cj + i * ldc);
      continue;
    }
    // The last block is moved up to end at row m: rows that it shares with the block before are
    // computed twice, to the same value.
    for (let i: usize = 0; i < m; i += ROWS) {
      const row = min(i, m - ROWS);
      block6x8(k, a + row * rowA, rowA, stepA, bj, ldb, cj + row * ldc, ldc);
    }
  }
}

/** C (m×n) = A (m×k) · B (k×n); leading dimensions in elements, n, ldb and ldc multiples of 8. */
export function gemm_nn(
  m: i32, n: i32, k: i32, a: usize, lda: i32, b: usize, ldb: i32, c: usize, ldc: i32,
): void {
  if (byBlas(0, m, n, k, a, lda, b, ldb, 0, c, ldc)) return;
  product(m, n, k, a, lda << 2, 4, b, ldb << 2, c, ldc << 2);
}

/** C (m×n) = Aᵀ · B with A (k×m), B (k×n); leading dimensions in elements, n, ldb, ldc multiples of 8. */
export function gemm_tn(
  m: i32, n: i32, k: i32, a: usize, lda: i32, b: usize, ldb: i32, c: usize, ldc: i32,
): void {
  if (byBlas(1, m, n, k, a, lda, b, ldb, 0, c, ldc)) return;
  product(m, n, k, a, 4, lda << 2, b, ldb << 2, c, ldc << 2);
}
