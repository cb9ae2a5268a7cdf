// One step of AdamW (Loshchilov & Hutter, 2019) over a range of parameters, in one pass: with a
// decay of 1 it is Adam (Kingma & Ba, 2015). A division and a square root per four values bound it
// while the range stays in cache, memory beyond.

import { madd } from "./simd";
import { dot } from "./vectors";

/**
 * First moments below this are 0. A unit that is never active again has none but what is left of its last
 * gradients, a tenth less in every step, which ends in denormal numbers: sums and products of those take
 * a hundred times as long on some processors, and rounding keeps them from ever becoming 0. Over eps, 1e-8,
 * a moment of this size does not move a parameter by a bit.
 */
const LEAST: f32 = 1e-30;

/** A first moment, or 0 where it is too small to move anything; what is not a number stays. */
// @ts-ignore: decorator
@inline export function unlessTiny(m: v128): v128 {
  return v128.andnot(m, f32x4.lt(f32x4.abs(m), f32x4.splat(LEAST)));
}

/** p ← decay·p − stepSize · m / (√v · rootScale + eps) after m and v took a gradient, on four values. */
// @ts-ignore: decorator
@inline function move(
  p: usize, value: v128, grad: v128, m: usize, v: usize,
  r1: v128, b2: v128, r2: v128, keep: v128, step: v128, root: v128, e: v128,
): void {
  const m0 = v128.load(m), m1 = unlessTiny(madd(f32x4.sub(grad, m0), r1, m0));
  const v1 = madd(f32x4.mul(grad, r2), grad, f32x4.mul(v128.load(v), b2));
  v128.store(m, m1);
  v128.store(v, v1);
  const change = f32x4.div(f32x4.mul(m1, step), madd(f32x4.sqrt(v1), root, e));
  v128.store(p, f32x4.sub(f32x4.mul(value, keep), change));
}

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
    move(p, v128.load(p), f32x4.mul(v128.load(g), scale), m, v, r1, b2, r2, keep, step, root, e);
  }
}

/** The same with gradient (g + along·p)·gradScale. */
export function adamwAlong(
  n: i32, along: f32, p: usize, g: usize, m: usize, v: usize, gradScale: f32,
  rate1: f32, beta2: f32, rate2: f32, decay: f32, stepSize: f32, rootScale: f32, eps: f32,
): void {
  const end = p + (<usize>n << 2), part = f32x4.splat(along);
  const scale = f32x4.splat(gradScale), r1 = f32x4.splat(rate1), b2 = f32x4.splat(beta2);
  const r2 = f32x4.splat(rate2), keep = f32x4.splat(decay), step = f32x4.splat(stepSize);
  const root = f32x4.splat(rootScale), e = f32x4.splat(eps);
  for (; p < end; p += 16, g += 16, m += 16, v += 16) {
    const value = v128.load(p), grad = f32x4.mul(madd(part, value, v128.load(g)), scale);
    move(p, value, grad, m, v, r1, b2, r2, keep, step, root, e);
  }
}

/** The same as adamw; before, sums ← sums + weight·p. */
export function adamwSummed(
  n: i32, weight: f32, sums: usize, p: usize, g: usize, m: usize, v: usize, gradScale: f32,
  rate1: f32, beta2: f32, rate2: f32, decay: f32, stepSize: f32, rootScale: f32, eps: f32,
): void {
  const end = p + (<usize>n << 2), part = f32x4.splat(weight);
  const scale = f32x4.splat(gradScale), r1 = f32x4.splat(rate1), b2 = f32x4.splat(beta2);
  const r2 = f32x4.splat(rate2), keep = f32x4.splat(decay), step = f32x4.splat(stepSize);
  const root = f32x4.splat(rootScale), e = f32x4.splat(eps);
  for (; p < end; p += 16, g += 16, m += 16, v += 16, sums += 16) {
    const value = v128.load(p);
    v128.store(sums, madd(part, value, v128.load(sums)));
    move(p, value, f32x4.mul(v128.load(g), scale), m, v, r1, b2, r2, keep, step, root, e);
  }
}

/** Σ xᵢ² over n values (a multiple of 8), added up in float64 from runs of 256. */
export function sum_squares(n: i32, x: usize): f64 {
  let sum: f64 = 0;
  for (let i = 0; i < n; i += 256, x += 1024) sum += dot(min(256, n - i), x, x);
  return sum;
}
