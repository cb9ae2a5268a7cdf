// The k largest positive values of a row, by bisection of the threshold that k values exceed: a pass
// that counts is one load, one compare and one subtraction per four values, and few passes are
// needed, whatever k is.

import { sumLanes } from "./vectors";

/** Number of values above t, of n (a multiple of 8). */
function countGreater(n: usize, t: f32, a: usize): i32 {
  const bound = f32x4.splat(t), end = a + (n << 2);
  let c0 = i32x4.splat(0), c1 = c0;
  for (; a < end; a += 32) {
    c0 = i32x4.sub(c0, f32x4.gt(v128.load(a), bound)); // true is −1
    c1 = i32x4.sub(c1, f32x4.gt(v128.load(a, 16), bound));
  }
  return sumLanes(i32x4.add(c0, c1));
}

/** Which of 8 values are above the bound, as bits. */
// @ts-ignore: decorator
@inline function hits8(bound: v128, a: usize): u64 {
  const low = f32x4.gt(v128.load(a), bound), high = f32x4.gt(v128.load(a, 16), bound);
  return <u64>i16x8.bitmask(i16x8.narrow_i32x4_s(low, high));
}

/**
 * Writes places and values of all values above t, in order; returns their number. 64 values make one
 * word of bits, so that few branches depend on where the values are: a wrong guess costs as much as
 * the comparison of 64 values.
 */
export function collect(n: usize, t: f32, a: usize, indices: usize, values: usize): i32 {
  const bound = f32x4.splat(t), start = indices;
  for (let j: usize = 0; j < n; j += 64) {
    let hits: u64 = 0;
    for (let i: usize = 0, last = min(n - j, 64); i < last; i += 8) {
      hits |= hits8(bound, a + ((j + i) << 2)) << i;
    }
    for (; hits != 0; hits &= hits - 1, indices += 4, values += 4) {
      const i = j + <usize>ctz(hits);
      store<u32>(indices, i);
      store<f32>(values, load<f32>(a + (i << 2)));
    }
  }
  return <i32>((indices - start) >> 2);
}

/** Adds the places of up to `room` values equal to v, the lowest first; returns their number. */
function collectEqual(n: usize, v: f32, room: i32, a: usize, indices: usize, values: usize): i32 {
  let found = 0;
  for (let j: usize = 0; j < n && found < room; j++) {
    if (load<f32>(a + (j << 2)) != v) continue;
    store<u32>(indices + (<usize>found << 2), j);
    store<f32>(values + (<usize>found << 2), v);
    found++;
  }
  return found;
}

/**
 * The k largest of the positive values among the n at `a` (padding must not be positive), as lists
 * of places and values; of equal values the lowest places come first. `highest` is their maximum.
 * Returns how many there are: fewer than k when fewer are positive.
 */
export function topK(n: usize, k: i32, highest: f32, a: usize, indices: usize, values: usize): i32 {
  let low: f32 = 0, high = highest, above = 0; // more than k exceed low, `above` < k exceed high
  if (countGreater(n, 0, a) <= k) return collect(n, 0, a, indices, values);
  while (true) {
    const middle = low + (high - low) * 0.5;
    if (middle <= low || middle >= high) break; // no number lies between: the rest equals high
    const count = countGreater(n, middle, a);
    if (count == k) return collect(n, middle, a, indices, values);
    if (count > k) low = middle;
    else high = middle, above = count;
  }
  collect(n, high, a, indices, values);
  const rest = <usize>above << 2;
  return above + collectEqual(n, high, k - above, a, indices + rest, values + rest);
}
