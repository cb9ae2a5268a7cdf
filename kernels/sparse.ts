// Sparse vectors as lists of (row address, value), and what the solvers do with them: linear
// combinations of the rows of a dense matrix.

import { madd } from "./simd";

// For each mask of 4 lanes: the bytes of the lanes that are set, moved to the front.
// deno-fmt-ignore
const PACK = memory.data<u8>([
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
  4, 5, 6, 7, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
  8, 9, 10, 11, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
  0, 1, 2, 3, 8, 9, 10, 11, 8, 9, 10, 11, 12, 13, 14, 15,
  4, 5, 6, 7, 8, 9, 10, 11, 8, 9, 10, 11, 12, 13, 14, 15,
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
  12, 13, 14, 15, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
  0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15,
  4, 5, 6, 7, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15,
  0, 1, 2, 3, 4, 5, 6, 7, 12, 13, 14, 15, 12, 13, 14, 15,
  8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15,
  0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15, 12, 13, 14, 15,
  4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 12, 13, 14, 15,
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
], 16);

/** The shuffle that moves the lanes of `mask` to the front. */
// @ts-ignore: decorator
@inline export function packing(mask: i32): v128 {
  return v128.load(PACK + (<usize>mask << 4));
}

/** Lanes of `v` in the order of a shuffle from `packing`. */
// @ts-ignore: decorator
@inline export function shuffled(v: v128, order: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i8x16.relaxed_swizzle(v, order);
  return i8x16.swizzle(v, order);
}

/**
 * Lists the entries of ref − v that are not zero, with their rows' addresses; `n` in bytes, a
 * multiple of 16. The lists need room for 4 more entries than there are. Returns their number.
 */
export function nonzeros(
  n: usize, v: usize, ref: usize, rows: usize, listRows: usize, listValues: usize,
): usize {
  let count: usize = 0;
  for (let j: usize = 0; j < n; j += 16) {
    const difference = f32x4.sub(v128.load(ref + j), v128.load(v + j));
    const mask = i32x4.bitmask(f32x4.ne(difference, f32x4.splat(0))), order = packing(mask);
    v128.store(listValues + count, shuffled(difference, order));
    v128.store(listRows + count, shuffled(v128.load(rows + j), order));
    count += popcnt(mask) << 2;
  }
  return count >> 2;
}

/**
 * A row is read from addresses this many bytes apart, with 4 offsets from each: so few bounds for the
 * engine to check against that they stay in registers.
 */
// @ts-ignore: decorator
@inline export const BLOCK: usize = 64;

// out = start + Σ value·row for `w` vectors (1 … 12) at `at`, kept in registers over the list. Up to 6
// vectors are too few to hide the latency of a multiply-add: even and odd entries get accumulators of
// their own.
// @ts-ignore: decorator
@inline function strip(
  w: i32, end: usize, rows: usize, values: usize, at: usize, start: usize, out: usize,
): void {
  start += at, out += at;
  let c0 = v128.load(start), c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0, c6 = c0, c7 = c0, c8 = c0;
  let c9 = c0, c10 = c0, c11 = c0;
  if (w > 1) c1 = v128.load(start, 16);
  if (w > 2) c2 = v128.load(start, 32);
  if (w > 3) c3 = v128.load(start, 48);
  if (w > 4) c4 = v128.load(start, 64);
  if (w > 5) c5 = v128.load(start, 80);
  if (w > 6) c6 = v128.load(start, 96);
  if (w > 7) c7 = v128.load(start, 112);
  if (w > 8) c8 = v128.load(start, 128);
  if (w > 9) c9 = v128.load(start, 144);
  if (w > 10) c10 = v128.load(start, 160);
  if (w > 11) c11 = v128.load(start, 176);
  if (w <= 6) {
    c6 = f32x4.splat(0), c7 = c6, c8 = c6, c9 = c6, c10 = c6, c11 = c6;
    for (; rows + 4 < end; rows += 8, values += 8) {
      const row = <usize>load<u32>(rows) + at, s = v128.load32_splat(values);
    const row1 = row + BLOCK, row2 = row1 + BLOCK;
      const odd = <usize>load<u32>(rows, 4) + at, t = v128.load32_splat(values, 4);
      const odd1 = odd + BLOCK;
      c0 = madd(s, v128.load(row), c0), c6 = madd(t, v128.load(odd), c6);
      if (w > 1) c1 = madd(s, v128.load(row, 16), c1), c7 = madd(t, v128.load(odd, 16), c7);
      if (w > 2) c2 = madd(s, v128.load(row, 32), c2), c8 = madd(t, v128.load(odd, 32), c8);
      if (w > 3) c3 = madd(s, v128.load(row, 48), c3), c9 = madd(t, v128.load(odd, 48), c9);
      if (w > 4) c4 = madd(s, v128.load(row1), c4), c10 = madd(t, v128.load(odd1), c10);
      if (w > 5) c5 = madd(s, v128.load(row1, 16), c5), c11 = madd(t, v128.load(odd1, 16), c11);
    }
    c0 = f32x4.add(c0, c6), c1 = f32x4.add(c1, c7), c2 = f32x4.add(c2, c8);
    c3 = f32x4.add(c3, c9), c4 = f32x4.add(c4, c10), c5 = f32x4.add(c5, c11);
  }
  for (; rows < end; rows += 4, values += 4) {
    const row = <usize>load<u32>(rows) + at, s = v128.load32_splat(values);
    const row1 = row + BLOCK, row2 = row1 + BLOCK;
    c0 = madd(s, v128.load(row), c0);
    if (w > 1) c1 = madd(s, v128.load(row, 16), c1);
    if (w > 2) c2 = madd(s, v128.load(row, 32), c2);
    if (w > 3) c3 = madd(s, v128.load(row, 48), c3);
    if (w > 4) c4 = madd(s, v128.load(row1), c4);
    if (w > 5) c5 = madd(s, v128.load(row1, 16), c5);
    if (w > 6) c6 = madd(s, v128.load(row1, 32), c6);
    if (w > 7) c7 = madd(s, v128.load(row1, 48), c7);
    if (w > 8) c8 = madd(s, v128.load(row2), c8);
    if (w > 9) c9 = madd(s, v128.load(row2, 16), c9);
    if (w > 10) c10 = madd(s, v128.load(row2, 32), c10);
    if (w > 11) c11 = madd(s, v128.load(row2, 48), c11);
  }
  v128.store(out, c0);
  if (w > 1) v128.store(out, c1, 16);
  if (w > 2) v128.store(out, c2, 32);
  if (w > 3) v128.store(out, c3, 48);
  if (w > 4) v128.store(out, c4, 64);
  if (w > 5) v128.store(out, c5, 80);
  if (w > 6) v128.store(out, c6, 96);
  if (w > 7) v128.store(out, c7, 112);
  if (w > 8) v128.store(out, c8, 128);
  if (w > 9) v128.store(out, c9, 144);
  if (w > 10) v128.store(out, c10, 160);
  if (w > 11) v128.store(out, c11, 176);
}

// Not inlined: the engine optimises a function when it is called often.
function strip1(end: usize, rows: usize, values: usize, at: usize, start: usize, out: usize): void {
  strip(1, end, rows, values, at, start, out);
}
function strip2(end: usize, rows: usize, values: usize, at: usize, start: usize, out: usize): void {
  strip(2, end, rows, values, at, start, out);
}
function strip3(end: usize, rows: usize, values: usize, at: usize, start: usize, out: usize): void {
  strip(3, end, rows, values, at, start, out);
}
function strip4(end: usize, rows: usize, values: usize, at: usize, start: usize, out: usize): void {
  strip(4, end, rows, values, at, start, out);
}
function strip5(end: usize, rows: usize, values: usize, at: usize, start: usize, out: usize): void {
  strip(5, end, rows, values, at, start, out);
}
function strip6(end: usize, rows: usize, values: usize, at: usize, start: usize, out: usize): void {
  strip(6, end, rows, values, at, start, out);
}
function strip7(end: usize, rows: usize, values: usize, at: usize, start: usize, out: usize): void {
  strip(7, end, rows, values, at, start, out);
}
function strip8(end: usize, rows: usize, values: usize, at: usize, start: usize, out: usize): void {
  strip(8, end, rows, values, at, start, out);
}
function strip9(end: usize, rows: usize, values: usize, at: usize, start: usize, out: usize): void {
  strip(9, end, rows, values, at, start, out);
}
function strip10(end: usize, rows: usize, values: usize, at: usize, start: usize, out: usize): void {
  strip(10, end, rows, values, at, start, out);
}
function strip11(end: usize, rows: usize, values: usize, at: usize, start: usize, out: usize): void {
  strip(11, end, rows, values, at, start, out);
}
function strip12(end: usize, rows: usize, values: usize, at: usize, start: usize, out: usize): void {
  strip(12, end, rows, values, at, start, out);
}

function anyStrip(
  w: usize, end: usize, rows: usize, values: usize, at: usize, start: usize, out: usize,
): void {
  switch (<i32>w) {
    case 1: return strip1(end, rows, values, at, start, out);
    case 2: return strip2(end, rows, values, at, start, out);
    case 3: return strip3(end, rows, values, at, start, out);
    case 4: return strip4(end, rows, values, at, start, out);
    case 5: return strip5(end, rows, values, at, start, out);
    case 6: return strip6(end, rows, values, at, start, out);
    case 7: return strip7(end, rows, values, at, start, out);
    case 8: return strip8(end, rows, values, at, start, out);
    case 9: return strip9(end, rows, values, at, start, out);
    case 10: return strip10(end, rows, values, at, start, out);
    case 11: return strip11(end, rows, values, at, start, out);
    case 12: return strip12(end, rows, values, at, start, out);
  }
}

/**
 * out = start + Σ value·row over a list of `count` entries; `n`, the length of a row, in bytes, a
 * multiple of 16. The row is cut into as few strips as registers allow, of nearly equal width.
 */
export function combine(
  count: usize, rows: usize, values: usize, n: usize, start: usize, out: usize,
): void {
  combineAt(count, rows, values, 0, n, start, out);
}

/** The same for `n` bytes from `at` on of the rows, of `start` and of `out`. */
export function combineAt(
  count: usize, rows: usize, values: usize, at: usize, n: usize, start: usize, out: usize,
): void {
  const end = rows + (count << 2), vectors = n >> 4;
  if (vectors <= 12) return anyStrip(vectors, end, rows, values, at, start, out);
  let strips = (vectors + 11) / 12;
  for (let v: usize = 0; v < vectors; strips--) {
    const w = (vectors - v + strips - 1) / strips;
    anyStrip(w, end, rows, values, at + (v << 4), start, out);
    v += w;
  }
}
