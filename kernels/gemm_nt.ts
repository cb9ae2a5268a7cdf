// C = A·Bᵀ of row-major float32 matrices: every element is the dot product of two contiguous rows.
// Blocks of 2 rows of A by 4 rows of B: 8 accumulators hide the latency of the multiply-adds, and 6
// loads feed 8 of them. Every dot product is summed in the same order, whatever block it falls in,
// also by `dots`.

import { hsum4, madd } from "./simd";

/** Bytes of B that stay in the first-level cache while all rows of A pass by. */
const TILE_BYTES: usize = 20480;

/** `k` in bytes, a multiple of 32; one row of A, or two, with 4 rows of B. */
function block2x4(k: usize, a0: usize, a1: usize, b0: usize, ldb: usize, c0: usize, c1: usize): void {
  let s00 = f32x4.splat(0), s01 = s00, s02 = s00, s03 = s00;
  let s10 = s00, s11 = s00, s12 = s00, s13 = s00;
  let b1 = b0 + ldb, b2 = b1 + ldb, b3 = b2 + ldb;
  for (const end = a0 + k; a0 < end; a0 += 32, a1 += 32, b0 += 32, b1 += 32, b2 += 32, b3 += 32) {
    let u = v128.load(a0), v = v128.load(a1);
    let b = v128.load(b0);
    s00 = madd(u, b, s00), s10 = madd(v, b, s10);
    b = v128.load(b1);
    s01 = madd(u, b, s01), s11 = madd(v, b, s11);
    b = v128.load(b2);
    s02 = madd(u, b, s02), s12 = madd(v, b, s12);
    b = v128.load(b3);
    s03 = madd(u, b, s03), s13 = madd(v, b, s13);
    u = v128.load(a0, 16), v = v128.load(a1, 16);
    b = v128.load(b0, 16);
    s00 = madd(u, b, s00), s10 = madd(v, b, s10);
    b = v128.load(b1, 16);
    s01 = madd(u, b, s01), s11 = madd(v, b, s11);
    b = v128.load(b2, 16);
    s02 = madd(u, b, s02), s12 = madd(v, b, s12);
    b = v128.load(b3, 16);
    s03 = madd(u, b, s03), s13 = madd(v, b, s13);
  }
  v128.store(c0, hsum4(s00, s01, s02, s03));
  v128.store(c1, hsum4(s10, s11, s12, s13));
}

function tile(
  m: usize, n: usize, k: usize, a: usize, lda: usize, b: usize, ldb: usize, c: usize, ldc: usize,
): void {
  for (let i: usize = 0; i < m; i += 2) {
    // An odd last row is paired with itself
    const next: usize = i + 1 < m ? 1 : 0, a0 = a + i * lda, c0 = c + i * ldc;
    for (let j: usize = 0; j < n; j += 4) {
      block2x4(k, a0, a0 + next * lda, b + j * ldb, ldb, c0 + (j << 2), c0 + next * ldc + (j << 2));
    }
  }
}

/**
 * C (m×n) = A (m×k) · Bᵀ of B (n×k). The rows of A and B are padded with zeros to a multiple of 8
 * columns; n is a multiple of 4. Leading dimensions in elements.
 */
export function gemm_nt(
  m: i32, n: i32, k: i32, a: usize, lda: i32, b: usize, ldb: i32, c: usize, ldc: i32,
): void {
  const bytesK = <usize>(k + 7 & ~7) << 2, rowB = <usize>ldb << 2, rows = <usize>n;
  const step = max<usize>(TILE_BYTES / rowB & ~3, 4);
  for (let j: usize = 0; j < rows; j += step) {
    const width = min<usize>(step, rows - j);
    tile(m, width, bytesK, a, lda << 2, b + j * rowB, rowB, c + (j << 2), ldc << 2);
  }
}

/** Dot products of the row at `a` with the `n` rows whose addresses stand at `rows`; n a multiple of 8. */
export function dots(n: usize, k: usize, a: usize, rows: usize, c: usize): void {
  for (const end = c + (n << 2); c < end; c += 32, rows += 32) dots8(k, a, rows, c);
}

function dots8(k: usize, a: usize, rows: usize, c: usize): void {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
  const b0 = <usize>load<u32>(rows), b1 = <usize>load<u32>(rows, 4), b2 = <usize>load<u32>(rows, 8);
  const b3 = <usize>load<u32>(rows, 12), b4 = <usize>load<u32>(rows, 16);
  const b5 = <usize>load<u32>(rows, 20), b6 = <usize>load<u32>(rows, 24);
  const b7 = <usize>load<u32>(rows, 28);
  for (let i: usize = 0; i < k; i += 32) {
    const u = v128.load(a + i), v = v128.load(a + i, 16);
    const r0 = b0 + i;
    s0 = madd(v, v128.load(r0, 16), madd(u, v128.load(r0), s0));
    const r1 = b1 + i;
    s1 = madd(v, v128.load(r1, 16), madd(u, v128.load(r1), s1));
    const r2 = b2 + i;
    s2 = madd(v, v128.load(r2, 16), madd(u, v128.load(r2), s2));
    const r3 = b3 + i;
    s3 = madd(v, v128.load(r3, 16), madd(u, v128.load(r3), s3));
    const r4 = b4 + i;
    s4 = madd(v, v128.load(r4, 16), madd(u, v128.load(r4), s4));
    const r5 = b5 + i;
    s5 = madd(v, v128.load(r5, 16), madd(u, v128.load(r5), s5));
    const r6 = b6 + i;
    s6 = madd(v, v128.load(r6, 16), madd(u, v128.load(r6), s6));
    const r7 = b7 + i;
    s7 = madd(v, v128.load(r7, 16), madd(u, v128.load(r7), s7));
  }
  v128.store(c, hsum4(s0, s1, s2, s3));
  v128.store(c, hsum4(s4, s5, s6, s7), 16);
}
