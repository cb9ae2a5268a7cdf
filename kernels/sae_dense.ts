// relu and jumprelu: dense codes, five products per step.

import { gemm_nn, gemm_tn } from "./gemm";
import { JUMPRELU, Sae } from "./sae_record";
import { residualGradient, throughInput } from "./sae_residual";
import { hsum, relu } from "./simd";
import { subtract, sumLanes } from "./vectors";

/** Bandwidth ε of jumprelu's pseudo-gradients: they live on |value − θ| ≤ ε/2. */
// @ts-ignore: decorator
@inline const BANDWIDTH: f32 = 1e-3;
/** The logarithm of a threshold is capped here, so that its exponential is finite. */
// @ts-ignore: decorator
@inline const MAX_LOG: f32 = 20;

/** θ = exp(min(log θ, 20)) */
export function thresholds(s: Sae): void {
  for (let j: usize = 0, n = <usize>s.ldw << 2; j < n; j += 4) {
    store<f32>(s.threshold + j, Mathf.exp(min(load<f32>(s.logThreshold + j), MAX_LOG)));
  }
}

/** c ← relu(c + b); returns Σ c. */
function reluRow(n: usize, b: usize, c: usize): f32 {
  let sum = f32x4.splat(0);
  const end = c + (n << 2);
  for (; c < end; c += 16, b += 16) {
    const v = relu(f32x4.add(v128.load(c), v128.load(b)));
    sum = f32x4.add(sum, v);
    v128.store(c, v);
  }
  return hsum(sum);
}

/** a ← a + b, c ← a where a > θ, else 0; returns the number of codes above θ. */
function jumpRow(n: usize, b: usize, theta: usize, a: usize, c: usize): i32 {
  let count = i32x4.splat(0);
  const end = c + (n << 2);
  for (; c < end; a += 16, c += 16, b += 16, theta += 16) {
    const v = f32x4.add(v128.load(a), v128.load(b)), on = f32x4.gt(v, v128.load(theta));
    v128.store(a, v);
    v128.store(c, v128.and(v, on));
    count = i32x4.sub(count, on); // true is −1
  }
  return sumLanes(count);
}

/** Codes of the gathered rows; returns the penalty: Σ |codes| (relu) or their number (jumprelu). */
export function denseForward(s: Sae, rows: i32): f64 {
  const stride = <usize>s.ldw << 2, jump = s.type == JUMPRELU;
  let penalty: f64 = 0, a = jump ? s.pre : s.codes, c = s.codes;
  gemm_nn(rows, s.ldw, s.m, s.x, s.ldm, s.encoderT, s.ldw, a, s.ldw);
  for (let i = 0; i < rows; i++, a += stride, c += stride) {
    if (jump) penalty += jumpRow(s.ldw, s.encoderBias, s.threshold, a, c);
    else penalty += reluRow(s.ldw, s.encoderBias, c);
  }
  return penalty;
}

/** residual = codes·Dᵀ − x */
export function denseResidual(s: Sae, rows: i32): void {
  gemm_nn(rows, s.ldm, s.w, s.codes, s.ldw, s.decoder, s.ldm, s.residual, s.ldm);
  subtract(rows * s.ldm, s.residual, s.x, s.residual);
}

/** g ← (g + γ) where c > 0, else 0, the gradient by the pre-activations; sum ← sum + g. */
function reluGradient(n: usize, gamma: f32, c: usize, g: usize, sum: usize): void {
  const penalty = f32x4.splat(gamma), zero = f32x4.splat(0), end = c + (n << 2);
  for (; c < end; c += 16, g += 16, sum += 16) {
    const v = v128.and(f32x4.add(v128.load(g), penalty), f32x4.gt(v128.load(c), zero));
    v128.store(g, v);
    v128.store(sum, f32x4.add(v128.load(sum), v));
  }
}

/** Ones where |v − θ| ≤ ε/2, as a mask. */
// @ts-ignore: decorator
@inline function near(v: v128, theta: v128): v128 {
  const distance = f32x4.div(f32x4.sub(v, theta), f32x4.splat(BANDWIDTH));
  return f32x4.le(f32x4.abs(distance), f32x4.splat(0.5));
}

/**
 * The same for jumprelu, whose penalty has no gradient by the codes; adds to gTheta the
 * pseudo-gradients −(θ/ε)·rect((u − θ)/ε)·g of the codes and −(1/ε)·rect((codes − θ)/ε)·γ of the
 * penalty, with u = relu(a).
 */
function jumpGradient(
  n: usize, gamma: f32, theta: usize, a: usize, c: usize, g: usize, sum: usize, gTheta: usize,
): void {
  const penalty = f32x4.splat(gamma), end = c + (n << 2);
  for (; c < end; theta += 16, a += 16, c += 16, g += 16, sum += 16, gTheta += 16) {
    const t = v128.load(theta), grad = v128.load(g), u = v128.load(a);
    const v = v128.and(grad, f32x4.gt(u, t));
    v128.store(g, v);
    v128.store(sum, f32x4.add(v128.load(sum), v));
    const near1 = v128.and(f32x4.mul(t, grad), near(relu(u), t));
    const both = f32x4.add(near1, v128.and(penalty, near(v128.load(c), t)));
    const change = f32x4.div(both, f32x4.splat(BANDWIDTH));
    v128.store(gTheta, f32x4.sub(v128.load(gTheta), change));
  }
}

/** ∂/∂log θ = θ · ∂/∂θ, and 0 above the cap. */
function throughLogarithm(s: Sae): void {
  for (let j: usize = 0, n = <usize>s.ldw << 2; j < n; j += 4) {
    const g = load<f32>(s.gLogThreshold + j) * load<f32>(s.threshold + j);
    store<f32>(s.gLogThreshold + j, load<f32>(s.logThreshold + j) > MAX_LOG ? 0 : g);
  }
}

/** All gradients; `gamma` is γ over the number of rows. */
export function denseBackward(s: Sae, rows: i32, gamma: f32): void {
  const stride = <usize>s.ldw << 2, jump = s.type == JUMPRELU;
  residualGradient(s, rows);
  gemm_tn(s.w, s.ldm, rows, s.codes, s.ldw, s.residual, s.ldm, s.gDecoder, s.ldm);
  gemm_nn(rows, s.ldw, s.m, s.residual, s.ldm, s.decoderT, s.ldw, s.gCodes, s.ldw);
  memory.fill(s.gEncoderBias, 0, stride);
  if (jump) memory.fill(s.gLogThreshold, 0, stride);
  for (let i = 0, a = s.pre, c = s.codes, g = s.gCodes; i < rows; i++) {
    if (jump) jumpGradient(s.ldw, gamma, s.threshold, a, c, g, s.gEncoderBias, s.gLogThreshold);
    else reluGradient(s.ldw, gamma, c, g, s.gEncoderBias);
    a += stride, c += stride, g += stride;
  }
  gemm_tn(s.w, s.ldm, rows, s.gCodes, s.ldw, s.x, s.ldm, s.gEncoder, s.ldm);
  throughInput(s);
  if (jump) throughLogarithm(s);
}
