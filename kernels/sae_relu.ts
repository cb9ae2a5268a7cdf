// relu: codes = relu(pre), penalty Σ |codes|·s, s being 1 or the norms of the atoms.

import {
  backwardFromCodes, backwardToCodes, denseResidual, DenseSae, denseWeights, sumColumns, throughNorms,
} from "./sae_dense";
import { encoderProduct } from "./sae_products";
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

// @ts-ignore: decorator
@unmanaged
export class Relu extends DenseSae {
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
    return penalty;
  }

  backward(rows: i32, gamma: f32): void {
    const stride = <usize>this.ldw << 2;
    backwardToCodes(this, rows);
    for (let i = 0, c = this.codes, g = this.gCodes; i < rows; i++, c += stride, g += stride) {
      reluGradient(this.ldw, gamma, this.weights, c, g, this.gEncoderBias);
    }
    backwardFromCodes(this, rows);
    if (!this.byNorms) return;
    sumColumns(this, rows, this.codes);
    throughNorms(this, gamma);
  }
}
