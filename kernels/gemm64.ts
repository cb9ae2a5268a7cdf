// Dense products of float64 matrices. C = A·B in register tiles of 5 rows by 4 columns, as in tile5.ts: the 5 rows
// of A lie side by side in the thread's scratch, so that 10 multiply-adds take 5 loads. Gram matrices in blocks of 6
// rows by 4 columns.
//
// Every element is summed over k in order, one multiply-add after the other, whatever block it falls in
// and however k is cut: a result does not depend on its neighbours.

import { block6, ROWS } from "./block6";
import { copyRows, GROUP_BYTES, GROUPS, scratch, ZEROS } from "./scratch";
import { madd64 } from "./vectors64";

/** Columns of a register block. */
const COLUMNS: usize = 4;
/** Steps of k at a time: their strip of B (8 KiB) stays in the first-level cache. */
const DEPTH: usize = 256;
/** Rows of a group, and bytes of one of its steps of k. */
const GROUP: usize = 5;
const STEP: usize = GROUP << 3;

/** Steps of k that the groups may have together. */
const STEPS: usize = GROUP_BYTES / STEP;

function block6x4(
  k: usize, a: usize, rowA: usize, stepA: usize, b: usize, stepB: usize, c: usize, ldc: usize, add: bool,
): void {
  block6<f64>(k, a, rowA, stepA, b, stepB, c, ldc, add);
}

/** C (5 rows, `ldc` bytes apart, × 4) = start + group · B, rows of start `ldStart` bytes apart. Not inlined: see tile5.ts. */
function tile5x4(k: usize, group: usize, b: usize, start: usize, ldStart: usize, c: usize, ldc: usize): void {
  let c00 = v128.load(start), c01 = v128.load(start, 16);
  start += ldStart;
  let c10 = v128.load(start), c11 = v128.load(start, 16);
  start += ldStart;
  let c20 = v128.load(start), c21 = v128.load(start, 16);
  start += ldStart;
  let c30 = v128.load(start), c31 = v128.load(start, 16);
  start += ldStart;
  let c40 = v128.load(start), c41 = v128.load(start, 16);
  for (const end = group + k * STEP; group < end; group += STEP, b += 32) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let a = v128.load(group), s = i64x2.shuffle(a, a, 0, 0);
    c00 = madd64(s, b0, c00), c01 = madd64(s, b1, c01);
    s = i64x2.shuffle(a, a, 1, 1);
    c10 = madd64(s, b0, c10), c11 = madd64(s, b1, c11);
    a = v128.load(group, 16), s = i64x2.shuffle(a, a, 0, 0);
    c20 = madd64(s, b0, c20), c21 = madd64(s, b1, c21);
    s = i64x2.shuffle(a, a, 1, 1);
    c30 = madd64(s, b0, c30), c31 = madd64(s, b1, c31);
    s = v128.load64_splat(group, 32);
    c40 = madd64(s, b0, c40), c41 = madd64(s, b1, c41);
  }
  v128.store(c, c00), v128.store(c, c01, 16), c += ldc;
  v128.store(c, c10), v128.store(c, c11, 16), c += ldc;
  v128.store(c, c20), v128.store(c, c21, 16), c += ldc;
  v128.store(c, c30), v128.store(c, c31, 16), c += ldc;
  v128.store(c, c40), v128.store(c, c41, 16);
}

/** Puts up to 5 rows of k values into a group; the places of missing rows get the first row's values. */
function packRows(rows: usize, k: usize, a: usize, rowA: usize, group: usize): void {
  const a1 = rows > 1 ? a + rowA : a, a2 = rows > 2 ? a1 + rowA : a;
  const a3 = rows > 3 ? a2 + rowA : a, a4 = rows > 4 ? a3 + rowA : a;
  for (let t: usize = 0; t < k << 3; t += 8, group += STEP) {
    store<f64>(group, load<f64>(a + t)), store<f64>(group, load<f64>(a1 + t), 8);
    store<f64>(group, load<f64>(a2 + t), 16), store<f64>(group, load<f64>(a3 + t), 24);
    store<f64>(group, load<f64>(a4 + t), 32);
  }
}

/** A strip of C (rows × 4) from the groups in the scratch, on top of what C holds where it goes on. */
function strip(rows: usize, k: usize, b: usize, goesOn: bool, c: usize, ldc: usize): void {
  let group = scratch + GROUPS;
  for (; rows >= GROUP; rows -= GROUP, group += k * STEP, c += ldc * GROUP) {
    tile5x4(k, group, b, goesOn ? c : scratch + ZEROS, goesOn ? ldc : 0, c, ldc);
  }
  if (rows == 0) return;
  if (goesOn) copyRows(rows, c, ldc, scratch, 32);
  tile5x4(k, group, b, goesOn ? scratch : scratch + ZEROS, goesOn ? 32 : 0, scratch, 32);
  copyRows(rows, scratch, 32, c, ldc);
}

/**
 * C (m×n) = A (m×k) · B (k×n); n a multiple of 4. B comes in strips of 4 columns, each k×4 and
 * contiguous; leading dimensions in elements.
 */
export function gemm64(m: i32, n: i32, k: i32, a: usize, lda: i32, b: usize, c: usize, ldc: i32): void {
  const cols = <usize>n, depth = <usize>k, rowA = <usize>lda << 3, rowC = <usize>ldc << 3;
  for (let at: usize = 0; at < depth; at += DEPTH) {
    const steps = min(DEPTH, depth - at), most = STEPS / steps * GROUP;
    for (let i: usize = 0; i < <usize>m; i += most) {
      const rows = min(most, <usize>m - i), from = a + i * rowA + (at << 3), ci = c + i * rowC;
      let group = scratch + GROUPS;
      for (let r: usize = 0; r < rows; r += GROUP, group += steps * STEP) {
        packRows(min(GROUP, rows - r), steps, from + r * rowA, rowA, group);
      }
      for (let j: usize = 0; j < cols; j += COLUMNS) {
        strip(rows, steps, b + (j * depth + at * COLUMNS << 3), at > 0, ci + (j << 3), rowC);
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
