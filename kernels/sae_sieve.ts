// A sieve for the encoder's product: products in 8 bits whose errors are known (levels.ts) tell which pre-activations
// can be large enough. Only these are made in float32, each summed in the order of the dense product, so that what is
// chosen among them is the same, to the bit.

import { orderedDots8, packAtom, packRow, PANEL, panelBytes, sift, slackOf, squaresOf, UNIT } from "./levels";
import { ABSTOPK, Sae } from "./sae_record";
import { WeighedSae } from "./sae_weighed";
import { dot4, madd } from "./simd";
import { topK } from "./top_k";
import { highestLane } from "./vectors";

/** The bit that marks a candidate below 0. */
// @ts-ignore: decorator
@inline export const NEGATIVE: u32 = 0x80000000;

/** Squares that underflow make a norm too small by less, and products of norms of this size exceed what underflows. */
const TINY: f64 = 1e-15;

/**
 * Puts samples in 8 bits. `sizes` gets for each what its norm is at most, with what is rounded off of it; returns the
 * largest part of that which is rounded off.
 */
export function packSamples(s: Sae, rows: i32, panels: usize, sizes: usize): f64 {
  const n = <usize>s.ldm, slack = slackOf(s.m);
  let most: f64 = 0;
  for (let i: usize = 0, x = s.x; i < <usize>rows; i++, x += n << 2) {
    const off = sqrt(packAtom(n, x, panels + i / PANEL * panelBytes(n), i % PANEL)) + TINY;
    const size = (1 + slack) * (sqrt(squaresOf(n, x)) + off);
    store<f32>(sizes + (i << 2), <f32>size);
    most = max(most, off / size);
  }
  return most;
}

/**
 * Puts the row of a unit at a place of a group; its norm with what is rounded off, at most, and that alone are stored as
 * two float32.
 */
export function packUnit(s: Sae, j: usize, group: usize, place: usize, sizes: usize): void {
  const n = <usize>s.ldm, row = s.encoder + j * (n << 2);
  const off = sqrt(packRow(n, row, group, place)) + TINY;
  store<f32>(sizes, <f32>((1 + 2 * UNIT) * (<f64>sqrt(dot4(n, row, row)) + off)));
  store<f32>(sizes, <f32>((1 + 2 * UNIT) * off), 4);
}

/** How far off products of a unit with samples of size 1 can be, of which the part `rest` is rounded off. */
export function errorOf(s: Sae, sizes: usize, rest: f64): f32 {
  const slack = 4 * slackOf(s.m);
  return <f32>((1 + slack) * (<f64>load<f32>(sizes, 4) + (rest + slack) * <f64>load<f32>(sizes)));
}

/** Which of four values (a + error·size + bias)·weight are up to the bounds. */
// @ts-ignore: decorator
@inline function upTo(a: v128, error: v128, size: v128, bias: v128, weight: v128, bound: v128): v128 {
  return f32x4.le(f32x4.mul(f32x4.add(madd(error, size, a), bias), weight), bound);
}

/** Which of four are at most so large, whatever their error is. */
// @ts-ignore: decorator
@inline function within(
  isAbs: bool, a: v128, error: v128, size: v128, bias: v128, weight: v128, bound: v128,
): v128 {
  const out = upTo(a, error, size, bias, weight, bound);
  return isAbs ? v128.and(out, upTo(f32x4.neg(a), error, size, f32x4.neg(bias), weight, bound)) : out;
}

/** Bits of n ≤ 64 products of a unit with samples in 8 bits: which pre-activations can exceed the bounds, or are NaN. */
export function canExceed(
  s: WeighedSae, j: usize, error: f32, n: i32, a: usize, sizes: usize, bounds: usize,
): u64 {
  const isAbs = s.type == ABSTOPK, e = f32x4.splat(error);
  const bias = v128.load32_splat(s.encoderBias + (j << 2)), weight = v128.load32_splat(s.weights + (j << 2));
  let bits: u64 = 0;
  for (let i = 0; i < n; i += 8, a += 32, sizes += 32, bounds += 32) {
    const low = within(isAbs, v128.load(a), e, v128.load(sizes), bias, weight, v128.load(bounds));
    const high = within(isAbs, v128.load(a, 16), e, v128.load(sizes, 16), bias, weight, v128.load(bounds, 16));
    bits |= <u64>(i16x8.bitmask(i16x8.narrow_i32x4_s(low, high)) ^ 0xff) << i;
  }
  return bits;
}

/** The most that a pre-activation whose product in 8 bits is `a` can count when the largest are chosen. */
export function mostOf(s: WeighedSae, j: usize, a: f32, error: f32): f32 {
  const bias = load<f32>(s.encoderBias + (j << 2)), weight = load<f32>(s.weights + (j << 2));
  let most = (a + error + bias) * weight;
  if (s.type == ABSTOPK) most = max(most, (error - a - bias) * weight);
  return most <= f32.MAX_VALUE ? most : f32.MAX_VALUE; // of NaN nothing is known
}

/**
 * The k largest of `count` candidates at `at`, the keys in s.pre, with what stands for them in s.codes.
 */
export function takeCandidates(
  s: WeighedSae, count: usize, k: i32, at: usize, indices: usize, values: usize,
): i32 {
  const keys = s.pre + (at << 2), marks = s.codes + (at << 2), n = (count + 7) & ~(<usize>7);
  let highest = f32x4.splat(0);
  for (let t = count; t < n; t++) store<f32>(keys + (t << 2), 0);
  for (let t: usize = 0; t < n; t += 4) highest = f32x4.pmax(highest, v128.load(keys + (t << 2)));
  const taken = topK(n, k, highestLane(highest), keys, indices, values);
  for (let t: usize = 0; t < <usize>taken << 2; t += 4) {
    store<u32>(indices + t, load<u32>(marks + (load<u32>(indices + t) << 2)));
  }
  return taken;
}

/**
 * Makes those of a sorted list of places (sample·ldw + unit) that exceed the bound: their sizes in `values`, with the mark
 * of what is below 0 at their places. Returns how many there are.
 */
function make(s: WeighedSae, count: usize, bound: f32, places: usize, values: usize, scratch: usize): usize {
  const n = <u32>s.ldw, row = <usize>s.ldm << 2, isAbs = s.type == ABSTOPK, end = places + (count << 2);
  let to = places;
  for (let from = places; from < end;) {
    const first = load<u32>(from) / n * n, x = s.x + <usize>(first / n) * row;
    let some: usize = 0;
    for (; some < 32 && from + some < end; some += 4) {
      const unit = load<u32>(from + some) - first;
      if (unit >= n) break;
      store<usize>(scratch + some, s.encoder + <usize>unit * row);
    }
    for (let t = some; t < 32; t += 4) store<usize>(scratch + t, s.encoder);
    orderedDots8(row, x, scratch, scratch);
    for (let t: usize = 0; t < some; t += 4) {
      const place = load<u32>(from + t), unit = <usize>(place - first) << 2;
      const value = (load<f32>(scratch + t) + load<f32>(s.encoderBias + unit)) * load<f32>(s.weights + unit);
      const isNegative = isAbs && value < 0, size = isNegative ? -value : value;
      if (!(size > bound)) continue;
      store<u32>(to, isNegative ? place | NEGATIVE : place);
      store<f32>(values + (to - places), size);
      to += 4;
    }
    from += some;
  }
  return (to - places) >> 2;
}

/**
 * From what candidates at `at` can be at most to those that exceed the bound and can be among the k largest, and their
 * sizes. Returns how many there are. Indices and values have room for k.
 */
export function narrow(
  s: WeighedSae, count: usize, k: i32, at: usize, bound: f32, indices: usize, values: usize, scratch: usize,
): usize {
  const places = s.codes + (at << 2), keys = s.pre + (at << 2);
  // what k candidates reach is reached by the k largest
  if (count > <usize>k && takeCandidates(s, count, k, at, indices, values) == k) {
    if (make(s, k, bound, indices, values, scratch) == k) {
      let least = f32.MAX_VALUE;
      for (let t: usize = 0; t < <usize>k << 2; t += 4) least = min(least, load<f32>(values + t));
      bound = reinterpret<f32>(reinterpret<u32>(least) - 1); // the next smaller number
      count = sift(count, bound, places, keys);
    }
  }
  return make(s, count, bound, places, keys, scratch);
}
