// Products with the local Gram matrix of `fista`: candidates×candidates, its rows gathered from the
// Gram matrix of D when they are first needed. Which rows a product needs is told by masks, a bit per
// candidate: they cost less than lists to write and to read.

import { Fista } from "./fista_record";
import { gather, gather4 } from "./gather";
import { hsum, madd } from "./simd";
import { BLOCK } from "./sparse";

/** Bytes of the 64 candidates of a mask. */
// @ts-ignore: decorator
@inline export const WORD: usize = 256;

// For `w` vectors (1 … 12) at `at`: c = startC + Σ difference·row, kept in registers over the rows; returns
// the products' share of the drift, differenceᵀ(c − startC). Up to 6 vectors are too few to hide the
// latency of a multiply-add: every second row gets accumulators of its own.
// @ts-ignore: decorator
@inline function strip(w: i32, f: Fista, n: usize, at: usize): f32 {
  const differences = f.difference, rows = f.localGram + at;
  let c0 = f32x4.splat(0), c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0, c6 = c0, c7 = c0, c8 = c0;
  let c9 = c0, c10 = c0, c11 = c0;
  for (let word: usize = 0; word < n; word += WORD) {
    let bits = load<u64>(f.nonzero + (word >> 5));
    const values = differences + word, first = rows + (word >> 2) * n;
    if (w <= 6) {
      for (; bits & (bits - 1); bits &= bits - 1) {
        const i = <usize>ctz(bits), row = first + i * n, s = v128.load32_splat(values + (i << 2));
        bits &= bits - 1;
        const j = <usize>ctz(bits), odd = first + j * n, t = v128.load32_splat(values + (j << 2));
        c0 = madd(s, v128.load(row), c0), c6 = madd(t, v128.load(odd), c6);
        if (w > 1) c1 = madd(s, v128.load(row, 16), c1), c7 = madd(t, v128.load(odd, 16), c7);
        if (w > 2) c2 = madd(s, v128.load(row, 32), c2), c8 = madd(t, v128.load(odd, 32), c8);
        if (w > 3) c3 = madd(s, v128.load(row, 48), c3), c9 = madd(t, v128.load(odd, 48), c9);
        const row1 = row + BLOCK, odd1 = odd + BLOCK;
        if (w > 4) c4 = madd(s, v128.load(row1), c4), c10 = madd(t, v128.load(odd1), c10);
        if (w > 5) c5 = madd(s, v128.load(row1, 16), c5), c11 = madd(t, v128.load(odd1, 16), c11);
      }
    }
    for (; bits; bits &= bits - 1) {
      const i = <usize>ctz(bits), row = first + i * n, s = v128.load32_splat(values + (i << 2));
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
  }
  if (w <= 6) {
    c0 = f32x4.add(c0, c6), c1 = f32x4.add(c1, c7), c2 = f32x4.add(c2, c8);
    c3 = f32x4.add(c3, c9), c4 = f32x4.add(c4, c10), c5 = f32x4.add(c5, c11);
  }
  const d = differences + at, start = f.startC + at, c = f.cC + at;
  let drift = f32x4.mul(v128.load(d), c0);
  v128.store(c, f32x4.add(v128.load(start), c0));
  if (w > 1) {
    drift = madd(v128.load(d, 16), c1, drift);
    v128.store(c, f32x4.add(v128.load(start, 16), c1), 16);
  }
  if (w > 2) {
    drift = madd(v128.load(d, 32), c2, drift);
    v128.store(c, f32x4.add(v128.load(start, 32), c2), 32);
  }
  if (w > 3) {
    drift = madd(v128.load(d, 48), c3, drift);
    v128.store(c, f32x4.add(v128.load(start, 48), c3), 48);
  }
  if (w > 4) {
    drift = madd(v128.load(d, 64), c4, drift);
    v128.store(c, f32x4.add(v128.load(start, 64), c4), 64);
  }
  if (w > 5) {
    drift = madd(v128.load(d, 80), c5, drift);
    v128.store(c, f32x4.add(v128.load(start, 80), c5), 80);
  }
  if (w > 6) {
    drift = madd(v128.load(d, 96), c6, drift);
    v128.store(c, f32x4.add(v128.load(start, 96), c6), 96);
  }
  if (w > 7) {
    drift = madd(v128.load(d, 112), c7, drift);
    v128.store(c, f32x4.add(v128.load(start, 112), c7), 112);
  }
  if (w > 8) {
    drift = madd(v128.load(d, 128), c8, drift);
    v128.store(c, f32x4.add(v128.load(start, 128), c8), 128);
  }
  if (w > 9) {
    drift = madd(v128.load(d, 144), c9, drift);
    v128.store(c, f32x4.add(v128.load(start, 144), c9), 144);
  }
  if (w > 10) {
    drift = madd(v128.load(d, 160), c10, drift);
    v128.store(c, f32x4.add(v128.load(start, 160), c10), 160);
  }
  if (w > 11) {
    drift = madd(v128.load(d, 176), c11, drift);
    v128.store(c, f32x4.add(v128.load(start, 176), c11), 176);
  }
  return hsum(drift);
}

// Not inlined: the engine optimises a function when it is called often.
function strip1(f: Fista, n: usize, at: usize): f32 {
  return strip(1, f, n, at);
}
function strip2(f: Fista, n: usize, at: usize): f32 {
  return strip(2, f, n, at);
}
function strip3(f: Fista, n: usize, at: usize): f32 {
  return strip(3, f, n, at);
}
function strip4(f: Fista, n: usize, at: usize): f32 {
  return strip(4, f, n, at);
}
function strip5(f: Fista, n: usize, at: usize): f32 {
  return strip(5, f, n, at);
}
function strip6(f: Fista, n: usize, at: usize): f32 {
  return strip(6, f, n, at);
}
function strip7(f: Fista, n: usize, at: usize): f32 {
  return strip(7, f, n, at);
}
function strip8(f: Fista, n: usize, at: usize): f32 {
  return strip(8, f, n, at);
}
function strip9(f: Fista, n: usize, at: usize): f32 {
  return strip(9, f, n, at);
}
function strip10(f: Fista, n: usize, at: usize): f32 {
  return strip(10, f, n, at);
}
function strip11(f: Fista, n: usize, at: usize): f32 {
  return strip(11, f, n, at);
}
function strip12(f: Fista, n: usize, at: usize): f32 {
  return strip(12, f, n, at);
}

function anyStrip(w: usize, f: Fista, n: usize, at: usize): f32 {
  switch (<i32>w) {
    case 1: return strip1(f, n, at);
    case 2: return strip2(f, n, at);
    case 3: return strip3(f, n, at);
    case 4: return strip4(f, n, at);
    case 5: return strip5(f, n, at);
    case 6: return strip6(f, n, at);
    case 7: return strip7(f, n, at);
    case 8: return strip8(f, n, at);
    case 9: return strip9(f, n, at);
    case 10: return strip10(f, n, at);
    case 11: return strip11(f, n, at);
    default: return strip12(f, n, at);
  }
}

/**
 * The correlations of the `n` (in bytes) candidates: c = startC + localGram·difference. Returns how far
 * the fit is from that of the start: ‖D·difference‖² = differenceᵀ(c − startC).
 */
export function correlate(f: Fista, n: usize): f32 {
  const vectors = n >> 4;
  if (vectors <= 12) return anyStrip(vectors, f, n, 0);
  // As few strips as registers allow, of nearly equal width
  let strips = (vectors + 11) / 12, drift: f32 = 0;
  for (let v: usize = 0; v < vectors; strips--) {
    const w = (vectors - v + strips - 1) / strips;
    drift += anyStrip(w, f, n, v << 4);
    v += w;
  }
  return drift;
}

/** The address of the row of D's Gram matrix for a candidate. */
// @ts-ignore: decorator
@inline function gramRow(f: Fista, candidate: usize): usize {
  return f.gram + <usize>load<u32>(f.index + (candidate << 2)) * (<usize>f.n << 2);
}

/** Gathers the rows that the next product needs and that are not there yet, for `count` candidates. */
export function needRows(f: Fista, count: usize, n: usize): void {
  const padded = n >> 2, index = f.index, local = f.localGram;
  for (let word: usize = 0; word < n; word += WORD) {
    const nonzero = load<u64>(f.nonzero + (word >> 5)), known = load<u64>(f.known + (word >> 5));
    let missing = nonzero & ~known;
    if (!missing) continue;
    store<u64>(f.known + (word >> 5), known | nonzero);
    const first = word >> 2;
    while (popcnt(missing) >= 4) {
      const i = first + <usize>ctz(missing);
      missing &= missing - 1;
      const j = first + <usize>ctz(missing);
      missing &= missing - 1;
      const k = first + <usize>ctz(missing);
      missing &= missing - 1;
      const l = first + <usize>ctz(missing);
      missing &= missing - 1;
      gather4(
        count, padded, index, gramRow(f, i), gramRow(f, j), gramRow(f, k), gramRow(f, l),
        local + i * n, local + j * n, local + k * n, local + l * n,
      );
    }
    for (; missing; missing &= missing - 1) {
      const i = first + <usize>ctz(missing);
      gather(count, padded, index, gramRow(f, i), local + i * n);
    }
  }
}

/** Gathers all rows, those of the padding as zeros. */
export function needAllRows(f: Fista, count: usize, n: usize): void {
  store<u64>(f.nonzero, (<u64>1 << <u64>count) - 1);
  needRows(f, count, n);
  memory.fill(f.localGram + count * n, 0, ((n >> 2) - count) * n);
}
