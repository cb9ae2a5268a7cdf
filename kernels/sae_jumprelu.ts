// jumprelu: codes = pre where pre > θ, else 0, penalty the number of codes above θ (Rajamanoharan et
// al., 2024), with log θ as the parameter.

import { backwardFromCodes, backwardToCodes, denseResidual, DenseSae, denseWeights } from "./sae_dense";
import { encoderProduct } from "./sae_products";
import { relu } from "./simd";
import { sumLanes } from "./vectors";

/** Bandwidth ε of the pseudo-gradients: they live on |value − θ| ≤ ε/2. */
// @ts-ignore: decorator
@inline const BANDWIDTH: f32 = 1e-3;
/** The logarithm of a threshold is capped here, so that its exponential is finite. */
// @ts-ignore: decorator
@inline const MAX_LOG: f32 = 20;

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

/** Ones where |v − θ| ≤ ε/2, as a mask. */
// @ts-ignore: decorator
@inline function near(v: v128, theta: v128): v128 {
  const distance = f32x4.div(f32x4.sub(v, theta), f32x4.splat(BANDWIDTH));
  return f32x4.le(f32x4.abs(distance), f32x4.splat(0.5));
}

/**
 * g ← g where a > θ, else 0, the gradient by the pre-activations (the penalty has none by the codes);
 * sum ← sum + g. Adds to gTheta the pseudo-gradients −(θ/ε)·rect((u − θ)/ε)·g of the codes and
 * −(1/ε)·rect((codes − θ)/ε)·γ of the penalty, with u = relu(a).
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

/** The fields of lib/cores/sae_jumprelu.ts. */
// @ts-ignore: decorator
@unmanaged
export class JumpRelu extends DenseSae {
  logThreshold: usize; // ldw
  gLogThreshold: usize; // ldw
  threshold: usize; // ldw: θ = exp(min(log θ, 20))
  pre: usize; // rows×ldw, pre-activations

  prepare(): void {
    denseWeights(this);
    for (let j: usize = 0, n = <usize>this.ldw << 2; j < n; j += 4) {
      store<f32>(this.threshold + j, Mathf.exp(min(load<f32>(this.logThreshold + j), MAX_LOG)));
    }
  }

  forward(rows: i32): f64 {
    const stride = <usize>this.ldw << 2;
    let penalty: f64 = 0;
    encoderProduct(this, rows, this.pre);
    for (let i = 0, a = this.pre, c = this.codes; i < rows; i++, a += stride, c += stride) {
      penalty += jumpRow(this.ldw, this.encoderBias, this.threshold, a, c);
    }
    denseResidual(this, rows);
    return penalty;
  }

  backward(rows: i32, gamma: f32): void {
    const stride = <usize>this.ldw << 2, theta = this.threshold, gTheta = this.gLogThreshold;
    backwardToCodes(this, rows);
    memory.fill(gTheta, 0, stride);
    for (let i = 0, a = this.pre, c = this.codes, g = this.gCodes; i < rows; i++) {
      jumpGradient(this.ldw, gamma, theta, a, c, g, this.gEncoderBias, gTheta);
      a += stride, c += stride, g += stride;
    }
    backwardFromCodes(this, rows);
    this.throughLogarithm();
  }

  /** ∂/∂log θ = θ · ∂/∂θ, and 0 above the cap. */
  throughLogarithm(): void {
    for (let j: usize = 0, n = <usize>this.ldw << 2; j < n; j += 4) {
      const g = load<f32>(this.gLogThreshold + j) * load<f32>(this.threshold + j);
      store<f32>(this.gLogThreshold + j, load<f32>(this.logThreshold + j) > MAX_LOG ? 0 : g);
    }
  }
}
