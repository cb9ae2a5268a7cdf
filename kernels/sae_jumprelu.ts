// jumprelu: codes = pre where pre > θ, else 0, penalty the number of codes above θ (Rajamanoharan et
// al., 2024), with log θ, or θ itself, as the parameter.

import {
  backwardFromCodes, backwardToCodes, denseResidual, DenseSae, denseWeights, throughNorms,
} from "./sae_dense";
import { encoderProduct } from "./sae_products";
import { scale, sumLanes } from "./vectors";

// The penalties. 0: the number of codes above θ, as a step of the codes. STEP: the same as a step of the
// pre-activations. TANH: Σ tanh(scale·code·s). TARGET: (L0/target − 1)², as a step of the codes.
// QUADRATIC: (2/target)·(L0 − target)² of each row, as a step of the pre-activations.
// @ts-ignore: decorator
@inline const STEP: i32 = 1;
// @ts-ignore: decorator
@inline const TANH: i32 = 2;
// @ts-ignore: decorator
@inline const TARGET: i32 = 3;
// @ts-ignore: decorator
@inline const QUADRATIC: i32 = 4;
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
@inline function near(v: v128, theta: v128, bandwidth: v128): v128 {
  const distance = f32x4.div(f32x4.sub(v, theta), bandwidth);
  return f32x4.le(f32x4.abs(distance), f32x4.splat(0.5));
}

/**
 * g ← g where a > θ, else 0, the gradient by the pre-activations (the penalty has none by the codes);
 * sum ← sum + g. Adds to gTheta the pseudo-gradients −(θ/ε)·rect((u − θ)/ε)·g of the codes and
 * −(1/ε)·rect((step − θ)/ε)·γ of the penalty, with u = max(a, floor) and `step` a or c. With `toInput`
 * their negatives are also part of g: what has a pseudo-gradient is a function of a − θ.
 */
// @ts-ignore: decorator
@inline function jumpGradient(
  toInput: bool, n: usize, gamma: f32, bandwidth: f32, floor: f32, theta: usize, a: usize, c: usize, step: usize, g: usize,
  sum: usize, gTheta: usize,
): void {
  const penalty = f32x4.splat(gamma), eps = f32x4.splat(bandwidth), end = c + (n << 2);
  const toStep = step - c, least = f32x4.splat(floor);
  for (; c < end; theta += 16, a += 16, c += 16, g += 16, sum += 16, gTheta += 16) {
    const t = v128.load(theta), grad = v128.load(g), u = v128.load(a);
    let v = v128.and(grad, f32x4.gt(u, t));
    const near1 = v128.and(f32x4.mul(t, grad), near(f32x4.pmax(least, u), t, eps));
    const both = f32x4.add(near1, v128.and(penalty, near(v128.load(c + toStep), t, eps)));
    const change = f32x4.div(both, eps);
    v128.store(gTheta, f32x4.sub(v128.load(gTheta), change));
    if (toInput) v = f32x4.add(v, change);
    v128.store(g, v);
    v128.store(sum, f32x4.add(v128.load(sum), v));
  }
}

/**
 * The penalty Σ tanh(scale·c·s) of one row: when g is given, adds γ times its derivative by c to g, and its
 * derivative by s to `sums`.
 */
function tanhRow(
  n: usize, scale: f32, gamma: f32, s: usize, c: usize, g: usize, sums: usize,
): f64 {
  let sum: f64 = 0;
  for (let j: usize = 0; j < n << 2; j += 4) {
    const code = load<f32>(c + j), weight = load<f32>(s + j);
    const t: f32 = code == 0 ? 0 : Mathf.tanh(scale * code * weight);
    sum += t;
    if (!g) continue;
    const slope = scale * (1 - t * t);
    store<f32>(g + j, load<f32>(g + j) + gamma * slope * weight);
    store<f32>(sums + j, load<f32>(sums + j) + slope * code);
  }
  return sum;
}

/** The fields of lib/cores/sae_jumprelu.ts. */
// @ts-ignore: decorator
@unmanaged
export class JumpRelu extends DenseSae {
  logThreshold: usize; // ldw: θ itself where `direct`
  gLogThreshold: usize; // ldw: the gradient by that
  threshold: usize; // ldw: θ = exp(min(log θ, 20)), or max(θ, 0)
  pre: usize; // rows×ldw, pre-activations
  penalty: i32;
  settings: usize; // float32: bandwidth ε, scale of tanh, weight of the dead units' term, target of L0
  active: i32; // codes above θ in the last forward pass
  direct: i32; // whether θ itself is the parameter
  rowCounts: usize; // rows: codes above θ of each
  toInput: i32; // whether pseudo-gradients reach the pre-activations

  prepare(): void {
    denseWeights(this);
    if (this.direct) return this.takeThresholds();
    for (let j: usize = 0, n = <usize>this.ldw << 2; j < n; j += 4) {
      const log = min(load<f32>(this.logThreshold + j), MAX_LOG);
      // no code of the padding is near its threshold
      store<f32>(this.threshold + j, j < <usize>this.w << 2 ? Mathf.exp(log) : f32.MAX_VALUE);
    }
  }

  /** Thresholds that are the parameter, of which those below 0 become 0 for good. */
  takeThresholds(): void {
    for (let j: usize = 0, n = <usize>this.ldw << 2; j < n; j += 4) {
      const isUnit = j < <usize>this.w << 2, theta = max(load<f32>(this.logThreshold + j), 0);
      if (isUnit) store<f32>(this.logThreshold + j, theta);
      store<f32>(this.threshold + j, isUnit ? theta : f32.MAX_VALUE);
    }
  }

  forward(rows: i32): f64 {
    const stride = <usize>this.ldw << 2;
    let active = 0;
    encoderProduct(this, rows, this.pre);
    for (let i = 0, a = this.pre, c = this.codes; i < rows; i++, a += stride, c += stride) {
      const count = jumpRow(this.ldw, this.encoderBias, this.threshold, a, c);
      store<i32>(this.rowCounts + (<usize>i << 2), count);
      active += count;
    }
    this.active = active;
    denseResidual(this, rows);
    if (this.penalty == TANH) return this.tanhs(rows, 0, 0);
    if (this.penalty == QUADRATIC) return this.squares(rows);
    if (this.penalty != TARGET) return active;
    const over = <f64>active / <f64>rows / <f64>load<f32>(this.settings, 12) - 1;
    return <f64>rows * over * over;
  }

  /** How far the number of codes of row i is above the target. */
  over(i: i32): f64 {
    return <f64>load<i32>(this.rowCounts + (<usize>i << 2)) - <f64>load<f32>(this.settings, 12);
  }

  /** Σ (2/target)·(L0 − target)² */
  squares(rows: i32): f64 {
    let sum: f64 = 0;
    for (let i = 0; i < rows; i++) sum += this.over(i) * this.over(i);
    return 2 * sum / <f64>load<f32>(this.settings, 12);
  }

  /** Σ tanh; with g the gradients too. */
  tanhs(rows: i32, gamma: f32, g: usize): f64 {
    const stride = <usize>this.ldw << 2, scale = load<f32>(this.settings, 4);
    let sum: f64 = 0;
    for (let i = 0, c = this.codes; i < rows; i++, c += stride) {
      sum += tanhRow(this.ldw, scale, gamma, this.weights, c, g, this.columnSums);
      if (g) g += stride;
    }
    return sum;
  }

  /**
   * The term weight·mean Σ relu(θ − a)·s over dead units: adds it to the sums, and its gradients, with the
   * weight already over the number of rows.
   */
  revive(rows: i32, weight: f32): void {
    const stride = <usize>this.ldw << 2;
    let sum: f64 = 0;
    for (let j: usize = 0; j < <usize>this.w << 2; j += 4) {
      if (load<i32>(this.silent + j) <= this.deadAfter) continue;
      const theta = load<f32>(this.threshold + j), s = load<f32>(this.weights + j);
      const bias = this.gEncoderBias + j, gTheta = this.gLogThreshold + j, sums = this.columnSums + j;
      for (let i = 0, a = this.pre + j, g = this.gCodes + j; i < rows; i++, a += stride, g += stride) {
        const below = theta - load<f32>(a);
        if (below <= 0) continue;
        sum += <f64>(weight * below * s);
        store<f32>(g, load<f32>(g) - weight * s);
        store<f32>(bias, load<f32>(bias) - weight * s);
        store<f32>(gTheta, load<f32>(gTheta) + weight * s);
        store<f32>(sums, load<f32>(sums) + weight * below);
      }
    }
    store<f64>(this.sums + 24, load<f64>(this.sums + 24) + sum);
  }

  backward(rows: i32, gamma: f32): void {
    const stride = <usize>this.ldw << 2, theta = this.threshold, gTheta = this.gLogThreshold;
    const bandwidth = load<f32>(this.settings), dead = load<f32>(this.settings, 8);
    backwardToCodes(this, rows);
    memory.fill(gTheta, 0, stride);
    memory.fill(this.columnSums, 0, stride);
    let rate = gamma;
    if (this.penalty == TANH) {
      this.tanhs(rows, gamma, this.gCodes);
      scale(this.ldw, gamma, this.columnSums, this.columnSums);
      rate = 0;
    } else if (this.penalty == TARGET) {
      const target = load<f32>(this.settings, 12);
      rate = gamma * 2 * (<f32>this.active / <f32>rows / target - 1) / target;
    }
    const seesPre = this.penalty == STEP || this.penalty == QUADRATIC;
    const floor: f32 = seesPre || this.penalty == TANH ? -f32.MAX_VALUE : 0;
    const toStep = seesPre ? this.pre - this.codes : 0;
    for (let i = 0, a = this.pre, c = this.codes, g = this.gCodes; i < rows; i++) {
      if (this.penalty == QUADRATIC) {
        rate = gamma * <f32>(4 * this.over(i) / <f64>load<f32>(this.settings, 12));
      }
      const n = this.ldw, sum = this.gEncoderBias;
      if (this.toInput) jumpGradient(true, n, rate, bandwidth, floor, theta, a, c, c + toStep, g, sum, gTheta);
      else jumpGradient(false, n, rate, bandwidth, floor, theta, a, c, c + toStep, g, sum, gTheta);
      a += stride, c += stride, g += stride;
    }
    if (dead > 0 && this.tracked) this.revive(rows, dead / <f32>rows);
    backwardFromCodes(this, rows);
    if (this.byNorms) throughNorms(this, 1);
    if (!this.direct) this.throughLogarithm();
  }

  /** ∂/∂log θ = θ · ∂/∂θ, and 0 above the cap. */
  throughLogarithm(): void {
    for (let j: usize = 0, n = <usize>this.ldw << 2; j < n; j += 4) {
      const g = load<f32>(this.gLogThreshold + j) * load<f32>(this.threshold + j);
      store<f32>(this.gLogThreshold + j, load<f32>(this.logThreshold + j) > MAX_LOG ? 0 : g);
    }
  }
}
