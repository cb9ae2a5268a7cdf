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
 * Lists the entries of v − ref that are not zero, with their rows' addresses; `n` in bytes, a
 * multiple of 16. The lists need room for 4 more entries than there are. Returns their number.
 */
export function nonzeros(
  n: usize, v: usize, ref: usize, rows: usize, listRows: usize, listValues: usize,
): usize {
  let count: usize = 0;
  for (let j: usize = 0; j < n; j += 16) {
    const difference = f32x4.sub(v128.load(v + j), v128.load(ref + j));
    const mask = i32x4.bitmask(f32x4.ne(difference, f32x4.splat(0))), order = packing(mask);
    v128.store(listValues + count, shuffled(difference, order));
    v128.store(listRows + count, shuffled(v128.load(rows + j), order));
    count += popcnt(mask) << 2;
  }
  return count >> 2;
}

// Strips of 12, 8, 4 and 2 vectors of out = start + Σ value·row, kept in registers over the list.
// Not inlined: the engine optimises a function when it is called often.

function strip12(end: usize, rows: usize, values: usize, at: usize, start: usize, out: usize): void {
  start += at, out += at;
  let c0 = v128.load(start), c1 = v128.load(start, 16), c2 = v128.load(start, 32);
  let c3 = v128.load(start, 48), c4 = v128.load(start, 64), c5 = v128.load(start, 80);
  let c6 = v128.load(start, 96), c7 = v128.load(start, 112), c8 = v128.load(start, 128);
  let c9 = v128.load(start, 144), c10 = v128.load(start, 160), c11 = v128.load(start, 176);
  for (; rows < end; rows += 4, values += 4) {
    const row = <usize>load<u32>(rows) + at, s = v128.load32_splat(values);
    c0 = madd(s, v128.load(row), c0), c1 = madd(s, v128.load(row, 16), c1);
    c2 = madd(s, v128.load(row, 32), c2), c3 = madd(s, v128.load(row, 48), c3);
    c4 = madd(s, v128.load(row, 64), c4), c5 = madd(s, v128.load(row, 80), c5);
    c6 = madd(s, v128.load(row, 96), c6), c7 = madd(s, v128.load(row, 112), c7);
    c8 = madd(s, v128.load(row, 128), c8), c9 = madd(s, v128.load(row, 144), c9);
    c10 = madd(s, v128.load(row, 160), c10), c11 = madd(s, v128.load(row, 176), c11);
  }
  v128.store(out, c0), v128.store(out, c1, 16), v128.store(out, c2, 32);
  v128.store(out, c3, 48), v128.store(out, c4, 64), v128.store(out, c5, 80);
  v128.store(out, c6, 96), v128.store(out, c7, 112), v128.store(out, c8, 128);
  v128.store(out, c9, 144), v128.store(out, c10, 160), v128.store(out, c11, 176);
}

function strip8(end: usize, rows: usize, values: usize, at: usize, start: usize, out: usize): void {
  start += at, out += at;
  let c0 = v128.load(start), c1 = v128.load(start, 16), c2 = v128.load(start, 32);
  let c3 = v128.load(start, 48), c4 = v128.load(start, 64), c5 = v128.load(start, 80);
  let c6 = v128.load(start, 96), c7 = v128.load(start, 112);
  for (; rows < end; rows += 4, values += 4) {
    const row = <usize>load<u32>(rows) + at, s = v128.load32_splat(values);
    c0 = madd(s, v128.load(row), c0), c1 = madd(s, v128.load(row, 16), c1);
    c2 = madd(s, v128.load(row, 32), c2), c3 = madd(s, v128.load(row, 48), c3);
    c4 = madd(s, v128.load(row, 64), c4), c5 = madd(s, v128.load(row, 80), c5);
    c6 = madd(s, v128.load(row, 96), c6), c7 = madd(s, v128.load(row, 112), c7);
  }
  v128.store(out, c0), v128.store(out, c1, 16), v128.store(out, c2, 32);
  v128.store(out, c3, 48), v128.store(out, c4, 64), v128.store(out, c5, 80);
  v128.store(out, c6, 96), v128.store(out, c7, 112);
}

// Four vectors are too few to hide the latency of a multiply-add: even and odd entries get
// accumulators of their own.
function strip4(end: usize, rows: usize, values: usize, at: usize, start: usize, out: usize): void {
  start += at, out += at;
  let c0 = v128.load(start), c1 = v128.load(start, 16), c2 = v128.load(start, 32);
  let c3 = v128.load(start, 48);
  let d0 = f32x4.splat(0), d1 = d0, d2 = d0, d3 = d0;
  for (; rows + 4 < end; rows += 8, values += 8) {
    let row = <usize>load<u32>(rows) + at, s = v128.load32_splat(values);
    c0 = madd(s, v128.load(row), c0), c1 = madd(s, v128.load(row, 16), c1);
    c2 = madd(s, v128.load(row, 32), c2), c3 = madd(s, v128.load(row, 48), c3);
    row = <usize>load<u32>(rows, 4) + at, s = v128.load32_splat(values, 4);
    d0 = madd(s, v128.load(row), d0), d1 = madd(s, v128.load(row, 16), d1);
    d2 = madd(s, v128.load(row, 32), d2), d3 = madd(s, v128.load(row, 48), d3);
  }
  if (rows < end) {
    const row = <usize>load<u32>(rows) + at, s = v128.load32_splat(values);
    c0 = madd(s, v128.load(row), c0), c1 = madd(s, v128.load(row, 16), c1);
    c2 = madd(s, v128.load(row, 32), c2), c3 = madd(s, v128.load(row, 48), c3);
  }
  v128.store(out, f32x4.add(c0, d0)), v128.store(out, f32x4.add(c1, d1), 16);
  v128.store(out, f32x4.add(c2, d2), 32), v128.store(out, f32x4.add(c3, d3), 48);
}

function strip2(end: usize, rows: usize, values: usize, at: usize, start: usize, out: usize): void {
  let c0 = v128.load(start + at), c1 = v128.load(start + at, 16);
  for (; rows < end; rows += 4, values += 4) {
    const row = <usize>load<u32>(rows) + at, s = v128.load32_splat(values);
    c0 = madd(s, v128.load(row), c0), c1 = madd(s, v128.load(row, 16), c1);
  }
  v128.store(out + at, c0), v128.store(out + at, c1, 16);
}

/**
 * out = start + Σ value·row over a list of `count` entries; `n`, the length of a row, in bytes, a
 * multiple of 32. `out` must not overlap `start`: the last strip is moved back to end with the row,
 * and what it shares with the strip before is computed twice.
 */
export function combine(
  count: usize, rows: usize, values: usize, n: usize, start: usize, out: usize,
): void {
  const end = rows + (count << 2);
  if (n >= 192) {
    for (let at: usize = 0; at < n; at += 192) {
      strip12(end, rows, values, min(at, n - 192), start, out);
    }
  } else if (n >= 128) {
    for (let at: usize = 0; at < n; at += 128) strip8(end, rows, values, min(at, n - 128), start, out);
  } else if (n >= 64) {
    for (let at: usize = 0; at < n; at += 64) strip4(end, rows, values, min(at, n - 64), start, out);
  } else strip2(end, rows, values, 0, start, out);
}
