// Loops over one vector of float32 values. Lengths are in elements and multiples of 8: rows are
// padded with zeros, which change none of these results.

import { hsum, madd } from "./simd";

/** Σ aᵢ·bᵢ */
export function dot(n: usize, a: usize, b: usize): f32 {
  let s0 = f32x4.splat(0), s1 = s0;
  const end = a + (n << 2);
  for (; a < end; a += 32, b += 32) {
    s0 = madd(v128.load(a), v128.load(b), s0);
    s1 = madd(v128.load(a, 16), v128.load(b, 16), s1);
  }
  return hsum(f32x4.add(s0, s1));
}

/** y ← y + α·x */
export function axpy(n: usize, alpha: f32, x: usize, y: usize): void {
  const a = f32x4.splat(alpha), end = x + (n << 2);
  for (; x < end; x += 32, y += 32) {
    v128.store(y, madd(a, v128.load(x), v128.load(y)));
    v128.store(y, madd(a, v128.load(x, 16), v128.load(y, 16)), 16);
  }
}

/** y ← α·x; x and y may be the same */
export function scale(n: usize, alpha: f32, x: usize, y: usize): void {
  const a = f32x4.splat(alpha), end = x + (n << 2);
  for (; x < end; x += 16, y += 16) v128.store(y, f32x4.mul(a, v128.load(x)));
}

/** y ← x − b */
export function subtract(n: usize, x: usize, b: usize, y: usize): void {
  const end = x + (n << 2);
  for (; x < end; x += 16, b += 16, y += 16) {
    v128.store(y, f32x4.sub(v128.load(x), v128.load(b)));
  }
}

/** Number of elements with |xᵢ| > bound. */
export function countAbove(n: usize, bound: f32, x: usize): i32 {
  const b = f32x4.splat(bound), end = x + (n << 2);
  let count = i32x4.splat(0);
  for (; x < end; x += 16) {
    count = i32x4.sub(count, f32x4.gt(f32x4.abs(v128.load(x)), b)); // true is −1
  }
  return sumLanes(count);
}

/** Sum of the four int32 lanes. */
// @ts-ignore: decorator
@inline export function sumLanes(v: v128): i32 {
  return i32x4.extract_lane(v, 0) + i32x4.extract_lane(v, 1) +
    i32x4.extract_lane(v, 2) + i32x4.extract_lane(v, 3);
}

/** Maximum of the four float32 lanes, none of them NaN. */
// @ts-ignore: decorator
@inline export function highestLane(v: v128): f32 {
  const pairs = f32x4.pmax(v, i32x4.shuffle(v, v, 2, 3, 0, 1));
  return max(f32x4.extract_lane(pairs, 0), f32x4.extract_lane(pairs, 1));
}
