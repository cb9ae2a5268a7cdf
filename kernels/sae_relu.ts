// relu: codes = relu(pre), penalty Σ |codes|·s, s being 1 or the norms of the atoms; or a power of it: of
// v = |code|·s the penalty Σ vᵖ, or its root (Σ vᵖ)^(1/p).

import {
  backwardFromCodes, backwardToCodes, denseResidual, DenseSae, denseWeights, sumColumns, throughNorms,
} from "./sae_dense";
import { encoderProduct } from "./sae_products";
import { Sae } from "./sae_record";
import { hsum, relu } from "./simd";

/** c ← relu(c + b); returns Σ c·s. */
function reluRow(n: usize, b: usize, s: usize, c: usize): f32 {
  let sum = f32x4.splat(0);
  const end = c + (n << 2);
  for (; c < end; c += 16, b += 16, s += 16) {
    const v = relu(f32x4.add(v128.load(c), v128.load(b)));
    sum = f32x4.add(sum, f32x4.mul(v, v128.load(s)));
    v128.store(c, v);
  }
  return hsum(sum);
}

/** g ← (g + γ·s) where c > 0, else 0, the gradient by the pre-activations; sum ← sum + g. */
function reluGradient(n: usize, gamma: f32, s: usize, c: usize, g: usize, sum: usize): void {
  const rate = f32x4.splat(gamma), zero = f32x4.splat(0), end = c + (n << 2);
  for (; c < end; c += 16, g += 16, s += 16, sum += 16) {
    const penalty = f32x4.mul(rate, v128.load(s));
    const v = v128.and(f32x4.add(v128.load(g), penalty), f32x4.gt(v128.load(c), zero));
    v128.store(g, v);
    v128.store(sum, f32x4.add(v128.load(sum), v));
  }
}

/** Σ vᵖ over the active codes of a row. */
function powersOf(n: usize, power: f64, s: usize, c: usize): f64 {
  let sum: f64 = 0;
  for (let j: usize = 0; j < n << 2; j += 4) {
    const code = load<f32>(c + j);
    if (code > 0) sum += Math.pow(<f64>code * <f64>load<f32>(s + j), power);
  }
  return sum;
}

/**
 * Adds to g γ times the penalty's derivatives by the active codes of a row, and to `sums` its derivatives by their
 * atoms' norms.
 */
function powerGradient(
  n: usize, gamma: f32, power: f64, isRoot: i32, s: usize, c: usize, g: usize, sums: usize,
): void {
  const outer = isRoot ? Math.pow(powersOf(n, power, s, c), 1 / power - 1) : power;
  for (let j: usize = 0; j < n << 2; j += 4) {
    const code = load<f32>(c + j), weight = load<f32>(s + j);
    if (code <= 0) continue;
    const slope = outer * Math.pow(<f64>code * <f64>weight, power - 1);
    store<f32>(g + j, load<f32>(g + j) + <f32>(<f64>gamma * slope * <f64>weight));
    store<f32>(sums + j, load<f32>(sums + j) + <f32>(slope * <f64>code));
  }
}

/** The fields of lib/cores/sae_relu.ts. */
// @ts-ignore: decorator
@unmanaged
export class Relu extends DenseSae {
  hasPower: i32; // whether the penalty is one of powers
  isRoot: i32; // whether it is their root
  power: usize; // a float64: p

  prepare(): void {
    denseWeights(this);
  }

  forward(rows: i32): f64 {
    const stride = <usize>this.ldw << 2;
    let penalty: f64 = 0;
    encoderProduct(this, rows, this.codes);
    for (let i = 0, c = this.codes; i < rows; i++, c += stride) {
      penalty += reluRow(this.ldw, this.encoderBias, this.weights, c);
    }
    denseResidual(this, rows);
    return this.hasPower ? powerPenalty(this, rows, load<f64>(this.power)) : penalty;
  }

  backward(rows: i32, gamma: f32): void {
    const stride = <usize>this.ldw << 2, power = load<f64>(this.power);
    backwardToCodes(this, rows);
    if (this.hasPower) memory.fill(this.columnSums, 0, stride);
    const linear: f32 = this.hasPower ? 0 : gamma;
    for (let i = 0, c = this.codes, g = this.gCodes; i < rows; i++, c += stride, g += stride) {
      if (this.hasPower) {
        powerGradient(this.ldw, gamma, power, this.isRoot, this.weights, c, g, this.columnSums);
      }
      reluGradient(this.ldw, linear, this.weights, c, g, this.gEncoderBias);
    }
    backwardFromCodes(this, rows);
    if (!this.byNorms) return;
    if (!this.hasPower) sumColumns(this, rows, this.codes);
    throughNorms(this, gamma);
  }
}

/** The penalty of a power, summed over the rows that s.codes has. */
function powerPenalty(s: Relu, rows: i32, power: f64): f64 {
  const stride = <usize>s.ldw << 2;
  let sum: f64 = 0;
  for (let i = 0, c = s.codes; i < rows; i++, c += stride) {
    const powers = powersOf(s.ldw, power, s.weights, c);
    sum += s.isRoot && powers > 0 ? Math.pow(powers, 1 / power) : powers;
  }
  return sum;
}

/** The penalty that the last `rows` codes of a `relu` would have with another power, averaged over them. */
export function sae_power_penalty(s: Sae, rows: i32, power: f64): f64 {
  return powerPenalty(changetype<Relu>(s), rows, power) / <f64>rows;
}
