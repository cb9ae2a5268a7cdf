// The few SIMD words that every kernel uses. One source serves two builds: with relaxed SIMD a
// multiply-add is one fused instruction, without it a product and a sum.

// @ts-ignore: decorator
@inline export const LANES: usize = 4;

/** a·b + c */
// @ts-ignore: decorator
@inline export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** Sum of the four lanes, pairwise: (0+2) + (1+3). */
// @ts-ignore: decorator
@inline export function hsum(v: v128): f32 {
  const pairs = f32x4.add(v, i32x4.shuffle(v, v, 2, 3, 2, 3));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}

/** max(v, 0) in every lane. */
// @ts-ignore: decorator
@inline export function relu(v: v128): v128 {
  return f32x4.pmax(f32x4.splat(0), v);
}

/** The sums of the four lanes of four vectors, each in the order (0+2) + (1+3). */
// @ts-ignore: decorator
@inline export function hsum4(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(i32x4.shuffle(a, b, 0, 4, 1, 5), i32x4.shuffle(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(i32x4.shuffle(c, d, 0, 4, 1, 5), i32x4.shuffle(c, d, 2, 6, 3, 7));
  return f32x4.add(i64x2.shuffle(ab, cd, 0, 2), i64x2.shuffle(ab, cd, 1, 3));
}
