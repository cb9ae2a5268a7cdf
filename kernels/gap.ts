// The duality gap of the Lasso, in float64.

// @ts-ignore: decorator
@inline function madd64(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f64x2.relaxed_madd(a, b, c);
  return f64x2.add(f64x2.mul(a, b), c);
}

// @ts-ignore: decorator
@inline function sum2(v: v128): f64 {
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

/**
 * Duality gap of the codes z (n) of the sample x for ½‖x − Dz‖² + λ‖z‖₁, with z ≥ 0 if `nonneg`
 * (∞ when it is not). `atoms` has n rows of `ldm` values, `residual` is scratch of that length; the
 * dual point is the residual, scaled down until it is feasible.
 */
export function lasso_gap(
  n: i32, ldm: i32, atoms: usize, x: usize, z: usize, residual: usize, lambda: f64, nonneg: i32,
): f64 {
  const row = <usize>ldm << 3;
  memory.copy(residual, x, row);
  let l1: f64 = 0;
  for (let j: usize = 0; j < <usize>n; j++) {
    const value = load<f64>(z + (j << 3));
    if (value == 0) continue;
    if (nonneg && value < 0) return f64.POSITIVE_INFINITY;
    l1 += abs(value);
    axpy64(row, -value, atoms + j * row, residual);
  }
  let most = lambda;
  for (let j: usize = 0; j < <usize>n; j++) {
    const correlation = dot64(row, atoms + j * row, residual);
    most = max(most, nonneg ? correlation : abs(correlation));
  }
  const scale = lambda / most;
  const rr = dot64(row, residual, residual), xr = dot64(row, x, residual);
  return max<f64>(0.5 * rr + lambda * l1 - scale * (xr - 0.5 * scale * rr), 0);
}
