// The register tile of dense float32 products: 5 rows of A by 8 columns of B. The engine checks every load
// against the end of the memory, so that a tile with few loads is the fastest one: the 10 sums of this one take 10
// multiply-adds from 4 loads and 4 shuffles, where 6×8 takes 12 from 8 loads. For that the 5 rows of A lie side by
// side, [k][5]: a group. Every sum is over k in order.

import { madd } from "./simd";

/** Rows of a group. */
export const GROUP: usize = 5;

/** Bytes of a step of k in a group. */
// @ts-ignore: decorator
@inline export const GROUP_STEP: usize = GROUP << 2;

/**
 * C (5 rows, `ldc` bytes apart, × 8) = start + group · B, with the rows of B `ldb` bytes and those of start
 * `ldStart` bytes apart. Not inlined: the engine optimises a function when it is called often, not a loop
 * while it runs.
 */
export function tile5x8(
  k: usize, group: usize, b: usize, ldb: usize, start: usize, ldStart: usize, c: usize, ldc: usize,
): void {
  let c00 = v128.load(start), c01 = v128.load(start, 16);
  start += ldStart;
  let c10 = v128.load(start), c11 = v128.load(start, 16);
  start += ldStart;
  let c20 = v128.load(start), c21 = v128.load(start, 16);
  start += ldStart;
  let c30 = v128.load(start), c31 = v128.load(start, 16);
  start += ldStart;
  let c40 = v128.load(start), c41 = v128.load(start, 16);
  // not unrolled: the sums of two steps would no longer fit the registers
  for (const end = group + k * GROUP_STEP; group < end; group += GROUP_STEP, b += ldb) {
    const b0 = v128.load(b), b1 = v128.load(b, 16), a = v128.load(group);
    let s = i32x4.shuffle(a, a, 0, 0, 0, 0);
    c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    s = i32x4.shuffle(a, a, 1, 1, 1, 1);
    c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    s = i32x4.shuffle(a, a, 2, 2, 2, 2);
    c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    s = i32x4.shuffle(a, a, 3, 3, 3, 3);
    c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    s = v128.load32_splat(group, 16);
    c40 = madd(s, b0, c40), c41 = madd(s, b1, c41);
  }
  v128.store(c, c00), v128.store(c, c01, 16), c += ldc;
  v128.store(c, c10), v128.store(c, c11, 16), c += ldc;
  v128.store(c, c20), v128.store(c, c21, 16), c += ldc;
  v128.store(c, c30), v128.store(c, c31, 16), c += ldc;
  v128.store(c, c40), v128.store(c, c41, 16);
}

/**
 * Puts up to 5 rows, `rowA` bytes apart, of k values into a group; the places of missing rows get the first row's
 * values, of which nothing is used.
 */
export function packRows(rows: usize, k: usize, a: usize, rowA: usize, group: usize): void {
  const a1 = rows > 1 ? a + rowA : a, a2 = rows > 2 ? a1 + rowA : a;
  const a3 = rows > 3 ? a2 + rowA : a, a4 = rows > 4 ? a3 + rowA : a;
  let t: usize = 0;
  for (const end = (k & ~3) << 2; t < end; t += 16, group += 4 * GROUP_STEP) {
    const r0 = v128.load(a + t), r1 = v128.load(a1 + t), r2 = v128.load(a2 + t), r3 = v128.load(a3 + t);
    const r4 = v128.load(a4 + t);
    const p0 = i32x4.shuffle(r0, r1, 0, 4, 1, 5), p1 = i32x4.shuffle(r2, r3, 0, 4, 1, 5);
    const p2 = i32x4.shuffle(r0, r1, 2, 6, 3, 7), p3 = i32x4.shuffle(r2, r3, 2, 6, 3, 7);
    v128.store(group, i64x2.shuffle(p0, p1, 0, 2)), v128.store32_lane(group, r4, 0, 16);
    v128.store(group, i64x2.shuffle(p0, p1, 1, 3), 20), v128.store32_lane(group, r4, 1, 36);
    v128.store(group, i64x2.shuffle(p2, p3, 0, 2), 40), v128.store32_lane(group, r4, 2, 56);
    v128.store(group, i64x2.shuffle(p2, p3, 1, 3), 60), v128.store32_lane(group, r4, 3, 76);
  }
  for (const end = k << 2; t < end; t += 4, group += GROUP_STEP) {
    store<f32>(group, load<f32>(a + t)), store<f32>(group, load<f32>(a1 + t), 4);
    store<f32>(group, load<f32>(a2 + t), 8), store<f32>(group, load<f32>(a3 + t), 12);
    store<f32>(group, load<f32>(a4 + t), 16);
  }
}

/** The same of up to 5 columns: steps of k are `stepA` bytes apart. */
export function packColumns(columns: usize, k: usize, a: usize, stepA: usize, group: usize): void {
  const end = group + k * GROUP_STEP;
  if (columns == GROUP) {
    for (; group < end; group += GROUP_STEP, a += stepA) {
      v128.store(group, v128.load(a)), store<f32>(group, load<f32>(a, 16), 16);
    }
    return;
  }
  for (; group < end; group += GROUP_STEP, a += stepA) {
    for (let i: usize = 0; i < GROUP << 2; i += 4) {
      store<f32>(group + i, load<f32>(a + (i < columns << 2 ? i : 0)));
    }
  }
}
