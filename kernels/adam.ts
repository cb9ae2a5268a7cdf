// One step of AdamW (Loshchilov & Hutter, 2019) over a range of parameters, in one pass: with a
// decay of 1 it is Adam (Kingma & Ba, 2015). A division and a square root per four values bound it
// while the range stays in cache, memory beyond.

import { madd } from "./simd";
import { dot } from "./vectors";

/**
 * For each of n parameters (a multiple of 4) with gradient g·gradScale:
 *
 * m ← m + rate1·(g − m), v ← beta2·v + rate2·g²,
 * p ← decay·p − stepSize · m / (√v · rootScale + eps)
 *
 * where rate = 1 − β and, with bias correction at step t, stepSize = lr/(1 − β₁ᵗ) and
 * rootScale = 1/√(1 − β₂ᵗ).
 */
export function adamw(
  n: i32, p: usize, g: usize, m: usize, v: usize, gradScale: f32,
  rate1: f32, beta2: f32, rate2: f32, decay: f32, stepSize: f32, rootScale: f32, eps: f32,
): void {
  const end = p + (<usize>n << 2);
  const scale = f32x4.splat(gradScale), r1 = f32x4.splat(rate1), b2 = f32x4.splat(beta2);
  const r2 = f32x4.splat(rate2), keep = f32x4.splat(decay), step = f32x4.splat(stepSize);
  const root = f32x4.splat(rootScale), e = f32x4.splat(eps);
  for (; p < end; p += 16, g += 16, m += 16, v += 16) {
    const grad = f32x4.mul(v128.load(g), scale), m0 = v128.load(m);
    const m1 = madd(f32x4.sub(grad, m0), r1, m0);
    const v1 = madd(f32x4.mul(grad, r2), grad, f32x4.mul(v128.load(v), b2));
    v128.store(m, m1);
    v128.store(v, v1);
    const change = f32x4.div(f32x4.mul(m1, step), madd(f32x4.sqrt(v1), root, e));
    v128.store(p, f32x4.sub(f32x4.mul(v128.load(p), keep), change));
  }
}

/** Σ xᵢ² over n values (a multiple of 8), added up in float64 from runs of 256. */
export function sum_squares(n: i32, x: usize): f64 {
  let sum: f64 = 0;
  for (let i = 0; i < n; i += 256, x += 1024) sum += dot(min(256, n - i), x, x);
  return sum;
}
