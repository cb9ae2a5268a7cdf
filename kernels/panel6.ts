// 6 rows of A by a panel of B, that is 8 columns side by side, k×8: the register block of block6.ts where
// both lie in memory as they are read, so that one addition moves a pointer by four steps of k. Every element is
// summed over k in order.

import { block1x8 } from "./gemm";
import { madd } from "./simd";
import { transpose } from "./transpose";

/** C (6 rows, `ldc` bytes apart, × 8) = A (6 rows, `rowA` bytes apart, × k) · panel. Not inlined: see gemm.ts. */
function panel6x8(k: usize, a: usize, rowA: usize, panel: usize, c: usize, ldc: usize): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00;
  let c30 = c00, c31 = c00, c40 = c00, c41 = c00, c50 = c00, c51 = c00;
  let a1 = a + rowA, a2 = a1 + rowA, a3 = a2 + rowA, a4 = a3 + rowA, a5 = a4 + rowA;
  for (const end = a + (k & ~3) * 4; a < end; a += 16, panel += 128) {
    let b0 = v128.load(panel), b1 = v128.load(panel, 16), s = v128.load32_splat(a);
    c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    s = v128.load32_splat(a1), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    s = v128.load32_splat(a2), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    s = v128.load32_splat(a3), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    s = v128.load32_splat(a4), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41);
    s = v128.load32_splat(a5), c50 = madd(s, b0, c50), c51 = madd(s, b1, c51);
    b0 = v128.load(panel, 32), b1 = v128.load(panel, 48), s = v128.load32_splat(a, 4);
    c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    s = v128.load32_splat(a1, 4), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    s = v128.load32_splat(a2, 4), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    s = v128.load32_splat(a3, 4), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    s = v128.load32_splat(a4, 4), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41);
    s = v128.load32_splat(a5, 4), c50 = madd(s, b0, c50), c51 = madd(s, b1, c51);
    b0 = v128.load(panel, 64), b1 = v128.load(panel, 80), s = v128.load32_splat(a, 8);
    c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    s = v128.load32_splat(a1, 8), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    s = v128.load32_splat(a2, 8), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    s = v128.load32_splat(a3, 8), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    s = v128.load32_splat(a4, 8), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41);
    s = v128.load32_splat(a5, 8), c50 = madd(s, b0, c50), c51 = madd(s, b1, c51);
    b0 = v128.load(panel, 96), b1 = v128.load(panel, 112), s = v128.load32_splat(a, 12);
    c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    s = v128.load32_splat(a1, 12), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    s = v128.load32_splat(a2, 12), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    s = v128.load32_splat(a3, 12), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    s = v128.load32_splat(a4, 12), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41);
    s = v128.load32_splat(a5, 12), c50 = madd(s, b0, c50), c51 = madd(s, b1, c51);
    a1 += 16, a2 += 16, a3 += 16, a4 += 16, a5 += 16;
  }
  for (const end = a + (k & 3) * 4; a < end; a += 4, panel += 32) {
    const b0 = v128.load(panel), b1 = v128.load(panel, 16);
    let s = v128.load32_splat(a);
    c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    s = v128.load32_splat(a1), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    s = v128.load32_splat(a2), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    s = v128.load32_splat(a3), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    s = v128.load32_splat(a4), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41);
    s = v128.load32_splat(a5), c50 = madd(s, b0, c50), c51 = madd(s, b1, c51);
    a1 += 4, a2 += 4, a3 += 4, a4 += 4, a5 += 4;
  }
  v128.store(c, c00), v128.store(c, c01, 16), c += ldc;
  v128.store(c, c10), v128.store(c, c11, 16), c += ldc;
  v128.store(c, c20), v128.store(c, c21, 16), c += ldc;
  v128.store(c, c30), v128.store(c, c31, 16), c += ldc;
  v128.store(c, c40), v128.store(c, c41, 16), c += ldc;
  v128.store(c, c50), v128.store(c, c51, 16);
}

/** C (rows×8) = A (rows×k) · panel, for up to 6 rows; distances of rows in bytes. */
export function panelProduct(
  rows: usize, k: usize, a: usize, rowA: usize, panel: usize, c: usize, ldc: usize,
): void {
  if (rows == 6) return panel6x8(k, a, rowA, panel, c, ldc);
  for (let i: usize = 0; i < rows; i++) block1x8(k, a + i * rowA, 4, panel, 32, c + i * ldc);
}

/** The rows of B (n×m, `ldb` in elements) as panels of 8 side by side; places beyond the last stay as they are. */
export function toPanels(n: i32, m: i32, b: usize, ldb: i32, panels: usize): void {
  const rows = <usize>ldb << 5;
  for (let j = 0; j < n; j += 8, b += rows, panels += <usize>m << 5) {
    transpose(min(8, n - j), m, b, ldb, panels, 8);
  }
}

/** C (rows×n) = A (rows×k) · panels, n a multiple of 8; leading dimensions in elements. */
export function panelsProduct(
  rows: usize, n: usize, k: usize, a: usize, lda: usize, panels: usize, c: usize, ldc: usize,
): void {
  const rowA = lda << 2, rowC = ldc << 2;
  for (let j: usize = 0; j < n; j += 8, panels += k << 5, c += 32) {
    // the last block is moved up to end at the last row, as in gemm.ts
    for (let i: usize = 0; i < rows; i += 6) {
      const row = rows < 6 ? i : min(i, rows - 6);
      panelProduct(min(rows, 6), k, a + row * rowA, rowA, panels, c + row * rowC, rowC);
    }
  }
}
