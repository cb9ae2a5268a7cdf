// Correlations of many samples with many atoms, C = R·D, by register blocks of 6 samples by 8 atoms on
// packed operands: 8 atoms side by side make a panel, 6 samples side by side a group, so that both are
// read from one end to the other. A correlation is summed over the dimensions in order, whatever stands
// beside it.

import { madd } from "./simd";

/** Samples of a group. */
export const GROUP: usize = 6;

/** C (6 rows, `ldc` bytes apart, × 8) = group · panel; depth a multiple of 2. Not inlined: see gemm.ts. */
function tile(depth: usize, r: usize, panel: usize, c: usize, ldc: usize): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00;
  let c30 = c00, c31 = c00, c40 = c00, c41 = c00, c50 = c00, c51 = c00;
  for (const end = panel + (depth << 5); panel < end; panel += 64, r += 48) {
    let b0 = v128.load(panel), b1 = v128.load(panel, 16);
    let s = v128.load32_splat(r);
    c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    s = v128.load32_splat(r, 4);
    c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    s = v128.load32_splat(r, 8);
    c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    s = v128.load32_splat(r, 12);
    c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    s = v128.load32_splat(r, 16);
    c40 = madd(s, b0, c40), c41 = madd(s, b1, c41);
    s = v128.load32_splat(r, 20);
    c50 = madd(s, b0, c50), c51 = madd(s, b1, c51);
    b0 = v128.load(panel, 32), b1 = v128.load(panel, 48);
    s = v128.load32_splat(r, 24);
    c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    s = v128.load32_splat(r, 28);
    c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    s = v128.load32_splat(r, 32);
    c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    s = v128.load32_splat(r, 36);
    c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    s = v128.load32_splat(r, 40);
    c40 = madd(s, b0, c40), c41 = madd(s, b1, c41);
    s = v128.load32_splat(r, 44);
    c50 = madd(s, b0, c50), c51 = madd(s, b1, c51);
  }
  v128.store(c, c00), v128.store(c, c01, 16), c += ldc;
  v128.store(c, c10), v128.store(c, c11, 16), c += ldc;
  v128.store(c, c20), v128.store(c, c21, 16), c += ldc;
  v128.store(c, c30), v128.store(c, c31, 16), c += ldc;
  v128.store(c, c40), v128.store(c, c41, 16), c += ldc;
  v128.store(c, c50), v128.store(c, c51, 16);
}

/** Puts a row of m values at one of the 6 places of a group. */
export function packRow(m: usize, row: usize, group: usize, place: usize): void {
  let to = group + (place << 2);
  for (const end = row + (m << 2); row < end; row += 16, to += 96) {
    const v = v128.load(row);
    v128.store32_lane(to, v, 0), v128.store32_lane(to, v, 1, 24);
    v128.store32_lane(to, v, 2, 48), v128.store32_lane(to, v, 3, 72);
  }
}

/** Correlations (groups·6 rows × n) of packed residuals with all atoms; n and m multiples of 8. */
export function correlateAll(
  groups: usize, n: usize, m: usize, residuals: usize, panels: usize, c: usize,
): void {
  const panel = m << 5, group = m * (GROUP << 2), ldc = n << 2, rows = GROUP * ldc;
  for (let j: usize = 0; j < n; j += 8, panels += panel, c += 32) {
    for (let g: usize = 0; g < groups; g++) tile(m, residuals + g * group, panels, c + g * rows, ldc);
  }
}
