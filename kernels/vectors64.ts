// Vectors of float64 values; lengths in bytes.

// @ts-ignore: decorator
@inline export function madd64(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f64x2.relaxed_madd(a, b, c);
  return f64x2.add(f64x2.mul(a, b), c);
}

// @ts-ignore: decorator
@inline export function sum2(v: v128): f64 {
  return f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1);
}

/** y += scale·x; n in bytes, a multiple of 64. */
export function axpy64(n: usize, scale: f64, x: usize, y: usize): void {
  const s = f64x2.splat(scale);
  for (const end = y + n; y < end; y += 32, x += 32) {
    v128.store(y, madd64(s, v128.load(x), v128.load(y)));
    v128.store(y, madd64(s, v128.load(x, 16), v128.load(y, 16)), 16);
  }
}

/** Dot product; n in bytes, a multiple of 64. */
export function dot64(n: usize, a: usize, b: usize): f64 {
  let s0 = f64x2.splat(0), s1 = s0, s2 = s0, s3 = s0;
  for (const end = a + n; a < end; a += 64, b += 64) {
    s0 = madd64(v128.load(a), v128.load(b), s0), s1 = madd64(v128.load(a, 16), v128.load(b, 16), s1);
    s2 = madd64(v128.load(a, 32), v128.load(b, 32), s2);
    s3 = madd64(v128.load(a, 48), v128.load(b, 48), s3);
  }
  return sum2(f64x2.add(f64x2.add(s0, s1), f64x2.add(s2, s3)));
}
