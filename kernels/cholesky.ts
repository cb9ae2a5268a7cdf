// Cholesky factorisation and solution of symmetric positive definite systems in float64, blocked so
// that nearly all work is C −= A·Bᵀ on contiguous rows.
//
// Sizes and leading dimensions are multiples of 8; a smaller system is filled up with ones on the
// diagonal.

import { madd64, sum2 } from "./vectors64";

/** Columns of a panel. */
const PANEL: usize = 32;
/** Bytes of a row that one pass of `subtractProduct` takes: 32 rows of B stay in the first-level cache. */
const DEPTH: usize = 1024;

/** `k` in bytes, a multiple of 32; two rows of A with 4 rows of B. The two rows may be the same. */
function block2x4(k: usize, a0: usize, a1: usize, b0: usize, ldb: usize, c0: usize, c1: usize): void {
  let s00 = f64x2.splat(0), s01 = s00, s02 = s00, s03 = s00;
  let s10 = s00, s11 = s00, s12 = s00, s13 = s00;
  let b1 = b0 + ldb, b2 = b1 + ldb, b3 = b2 + ldb;
  for (const end = a0 + k; a0 < end; a0 += 32, a1 += 32, b0 += 32, b1 += 32, b2 += 32, b3 += 32) {
    let u = v128.load(a0), v = v128.load(a1);
    let b = v128.load(b0);
    s00 = madd64(u, b, s00), s10 = madd64(v, b, s10);
    b = v128.load(b1);
    s01 = madd64(u, b, s01), s11 = madd64(v, b, s11);
    b = v128.load(b2);
    s02 = madd64(u, b, s02), s12 = madd64(v, b, s12);
    b = v128.load(b3);
    s03 = madd64(u, b, s03), s13 = madd64(v, b, s13);
    u = v128.load(a0, 16), v = v128.load(a1, 16);
    b = v128.load(b0, 16);
    s00 = madd64(u, b, s00), s10 = madd64(v, b, s10);
    b = v128.load(b1, 16);
    s01 = madd64(u, b, s01), s11 = madd64(v, b, s11);
    b = v128.load(b2, 16);
    s02 = madd64(u, b, s02), s12 = madd64(v, b, s12);
    b = v128.load(b3, 16);
    s03 = madd64(u, b, s03), s13 = madd64(v, b, s13);
  }
  // Both rows are read before either is written: they may be the same
  const t0 = f64x2.sub(v128.load(c0), pair(s00, s01)), t1 = f64x2.sub(v128.load(c0, 16), pair(s02, s03));
  const t2 = f64x2.sub(v128.load(c1), pair(s10, s11)), t3 = f64x2.sub(v128.load(c1, 16), pair(s12, s13));
  v128.store(c0, t0), v128.store(c0, t1, 16);
  v128.store(c1, t2), v128.store(c1, t3, 16);
}

/** The sums of the lanes of two vectors. */
// @ts-ignore: decorator
@inline function pair(a: v128, b: v128): v128 {
  return f64x2.add(i64x2.shuffle(a, b, 0, 2), i64x2.shuffle(a, b, 1, 3));
}

/** C (m×n) −= A (m×k) · Bᵀ of B (n×k); n a multiple of 4; k and leading dimensions in bytes. */
function subtractProduct(
  m: usize, n: usize, k: usize, a: usize, lda: usize, b: usize, ldb: usize, c: usize, ldc: usize,
): void {
  for (let at: usize = 0; at < k; at += DEPTH) {
    const depth = min(DEPTH, k - at);
    for (let i: usize = 0; i < m; i += 2) {
      // An odd last row is paired with itself
      const next: usize = i + 1 < m ? 1 : 0, ai = a + i * lda + at, ci = c + i * ldc;
      for (let j: usize = 0; j < n; j += 4) {
        const cj = ci + (j << 3);
        block2x4(depth, ai, ai + next * lda, b + j * ldb + at, ldb, cj, cj + next * ldc);
      }
    }
  }
}

/** Dot product of `count` values. */
function shortDot(count: usize, a: usize, b: usize): f64 {
  let sum = f64x2.splat(0);
  const even = count & ~1;
  for (const end = a + (even << 3); a < end; a += 16, b += 16) {
    sum = madd64(v128.load(a), v128.load(b), sum);
  }
  return sum2(sum) + (count > even ? load<f64>(a) * load<f64>(b) : 0);
}

/** Row of L in the panel's columns: y ← y·L₁₁⁻ᵀ for the first `count` columns of the row at `row`. */
function solveRow(count: usize, row: usize, diagonal: usize, ld: usize): void {
  for (let j: usize = 0; j < count; j++) {
    const l = diagonal + j * ld, at = row + (j << 3);
    store<f64>(at, (load<f64>(at) - shortDot(j, row, l)) / load<f64>(l + (j << 3)));
  }
}

/** The same from the last column down, with the upper triangle: y ← y·L₁₁⁻¹. */
function solveRowBack(count: usize, row: usize, diagonal: usize, ld: usize): void {
  for (let j = count; j > 0;) {
    j--;
    const u = diagonal + j * ld + (j << 3), at = row + (j << 3);
    store<f64>(at, (load<f64>(at) - shortDot(count - j - 1, at + 8, u + 8)) / load<f64>(u));
  }
}

function mirrorRow(i: usize, a: usize, ld: usize): void {
  for (let j: usize = 0; j < i; j++) {
    store<f64>(a + j * ld + (i << 3), load<f64>(a + i * ld + (j << 3)));
  }
}

/**
 * Replaces the symmetric matrix whose lower triangle is given (n×n) by L with A = L·Lᵀ in the lower
 * and Lᵀ in the upper triangle. Returns 0, or the number of the row (from 1) whose pivot is not
 * positive.
 */
export function cholesky(n: i32, a: usize, lda: i32): i32 {
  const size = <usize>n, ld = <usize>lda << 3;
  for (let start: usize = 0; start < size; start += PANEL) {
    const width = min(PANEL, size - start), panel = a + start * ld, columns = start << 3;
    subtractProduct(size - start, width, columns, panel, ld, panel, ld, panel + columns, ld);
    for (let i = start; i < size; i++) {
      const row = a + i * ld + columns;
      if (i >= start + width) {
        solveRow(width, row, panel + columns, ld);
        continue;
      }
      const j = i - start, at = row + (j << 3);
      solveRow(j, row, panel + columns, ld);
      const pivot = load<f64>(at) - shortDot(j, row, row);
      if (!(pivot > 0)) return <i32>i + 1;
      store<f64>(at, sqrt(pivot));
    }
  }
  for (let i: usize = 0; i < size; i++) mirrorRow(i, a, ld);
  return 0;
}

/** Replaces every row b of B (m×n) by b·A⁻¹, with the factors from `cholesky`. */
export function cholesky_solve(m: i32, n: i32, a: usize, lda: i32, b: usize, ldb: i32): void {
  const rows = <usize>m, size = <usize>n, ld = <usize>lda << 3, stride = <usize>ldb << 3;
  for (let start: usize = 0; start < size; start += PANEL) {
    const width = min(PANEL, size - start), panel = a + start * ld, columns = start << 3;
    subtractProduct(rows, width, columns, b, stride, panel, ld, b + columns, stride);
    for (let i: usize = 0; i < rows; i++) {
      solveRow(width, b + i * stride + columns, panel + columns, ld);
    }
  }
  for (let end = size; end > 0;) {
    const width = (end - 1) % PANEL + 1, start = end - width;
    const panel = a + start * ld, columns = start << 3, after = end << 3;
    subtractProduct(
      rows, width, (size << 3) - after, b + after, stride, panel + after, ld, b + columns, stride,
    );
    for (let i: usize = 0; i < rows; i++) {
      solveRowBack(width, b + i * stride + columns, panel + columns, ld);
    }
    end = start;
  }
}
