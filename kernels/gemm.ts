// Dense products of row-major float32 matrices, C = A·B or C = Aᵀ·B, in register tiles of 5 rows by 8 columns
// (tile5.ts). A is put into groups of 5 rows in the thread's scratch, as many as it holds, and all columns of B pass
// by. Where k is long, that is done part by part, and the sums go on from what C holds.
//
// Rows of B and C are padded to a multiple of 8 columns (zeros in B give zeros in C); the number of
// rows and the inner dimension are free. C is overwritten. Every element is summed over k in order,
// whatever tile it falls in, so a result does not depend on its neighbours, unless a BLAS makes the
// product (blas.ts).

import { byBlas } from "./blas";
import { copyRows, GROUP_BYTES, GROUPS, scratch, ZEROS } from "./scratch";
import { madd } from "./simd";
import { GROUP, GROUP_STEP, packColumns, packRows, tile5x8 } from "./tile5";

/** Steps of k that the groups may have together. */
const STEPS: usize = GROUP_BYTES / GROUP_STEP;
/** A part of k is at most so long that the groups of 64 rows fit. */
const LONGEST: usize = STEPS / 13;

export function block1x8(k: usize, a: usize, stepA: usize, b: usize, ldb: usize, c: usize): void {
  let c0 = f32x4.splat(0), c1 = c0;
  for (let i: usize = 0; i < k; i++) {
    const s = v128.load32_splat(a);
    c0 = madd(s, v128.load(b), c0), c1 = madd(s, v128.load(b, 16), c1);
    a += stepA, b += ldb;
  }
  v128.store(c, c0), v128.store(c, c1, 16);
}

/** A tile of fewer than 5 rows of C. */
function lastTile(
  rows: usize, k: usize, group: usize, b: usize, ldb: usize, goesOn: bool, c: usize, ldc: usize,
): void {
  if (goesOn) copyRows(rows, c, ldc, scratch, 32);
  tile5x8(k, group, b, ldb, goesOn ? scratch : scratch + ZEROS, goesOn ? 32 : 0, scratch, 32);
  copyRows(rows, scratch, 32, c, ldc);
}

/** C ← groups · B, or C + groups · B where it goes on, of `m` rows; the groups stand in the scratch. */
function groupsProduct(
  m: usize, n: usize, k: usize, b: usize, ldb: usize, panel: usize, goesOn: bool, c: usize, ldc: usize,
): void {
  const step = k * GROUP_STEP, rows = ldc * GROUP, whole = m / GROUP * GROUP;
  for (const end = c + (n << 2); c < end; b += panel, c += 32) {
    let group = scratch + GROUPS, ci = c;
    for (let i: usize = 0; i < whole; i += GROUP, group += step, ci += rows) {
      tile5x8(k, group, b, ldb, goesOn ? ci : scratch + ZEROS, goesOn ? ldc : 0, ci, ldc);
    }
    if (whole < m) lastTile(m - whole, k, group, b, ldb, goesOn, ci, ldc);
  }
}

/**
 * C = A·B with A given by the distances in bytes of its rows and of its steps of k: (lda, 4) to multiply by A,
 * (4, lda) to multiply by Aᵀ; B by those of its steps of k and of 8 columns from the next; `n` a multiple of 8.
 */
export function product(
  m: usize, n: usize, k: usize, a: usize, rowA: usize, stepA: usize,
  b: usize, ldb: usize, panel: usize, c: usize, ldc: usize,
): void {
  if (m < GROUP || k == 0) {
    for (const end = c + (n << 2); c < end; b += panel, c += 32) {
      for (let i: usize = 0; i < m; i++) block1x8(k, a + i * rowA, stepA, b, ldb, c + i * ldc);
    }
    return;
  }
  const parts = (k + LONGEST - 1) / LONGEST, most = STEPS / ((k + parts - 1) / parts) * GROUP;
  for (let i: usize = 0; i < m; i += most) {
    const rows = min(most, m - i), end = i + rows, ci = c + i * ldc;
    for (let p: usize = 0; p < parts; p++) {
      const first = k * p / parts, depth = k * (p + 1) / parts - first;
      let group = scratch + GROUPS;
      for (let r = i; r < end; r += GROUP, group += depth * GROUP_STEP) {
        const from = a + r * rowA + first * stepA, own = min(GROUP, end - r);
        if (stepA == 4) packRows(own, depth, from, rowA, group);
        else packColumns(own, depth, from, stepA, group);
      }
      groupsProduct(rows, n, depth, b + first * ldb, ldb, panel, p > 0, ci, ldc);
    }
  }
}

/** C (m×n) = A (m×k) · B (k×n); leading dimensions in elements, n, ldb and ldc multiples of 8. */
export function gemm_nn(
  m: i32, n: i32, k: i32, a: usize, lda: i32, b: usize, ldb: i32, c: usize, ldc: i32,
): void {
  if (byBlas(0, m, n, k, a, lda, b, ldb, 0, c, ldc)) return;
  product(m, n, k, a, lda << 2, 4, b, ldb << 2, 32, c, ldc << 2);
}

/** C (m×n) = Aᵀ · B with A (k×m), B (k×n); leading dimensions in elements, n, ldb, ldc multiples of 8. */
export function gemm_tn(
  m: i32, n: i32, k: i32, a: usize, lda: i32, b: usize, ldb: i32, c: usize, ldc: i32,
): void {
  if (byBlas(1, m, n, k, a, lda, b, ldb, 0, c, ldc)) return;
  product(m, n, k, a, 4, lda << 2, b, ldb << 2, 32, c, ldc << 2);
}
