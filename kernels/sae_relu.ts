// relu: codes = relu(pre), penalty Σ |codes|.

import { backwardFromCodes, backwardToCodes, denseResidual, DenseSae, denseWeights } from "./sae_dense";
import { encoderProduct } from "./sae_products";
import { hsum, relu } from "./simd";

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

/** g ← (g + γ) where c > 0, else 0, the gradient by the pre-activations; sum ← sum + g. */
function reluGradient(n: usize, gamma: f32, c: usize, g: usize, sum: usize): void {
  const penalty = f32x4.splat(gamma), zero = f32x4.splat(0), end = c + (n << 2);
  for (; c < end; c += 16, g += 16, sum += 16) {
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
      penalty += reluRow(this.ldw, this.encoderBias, c);
    }
    denseResidual(this, rows);
    return penalty;
  }

  backward(rows: i32, gamma: f32): void {
    const stride = <usize>this.ldw << 2;
    backwardToCodes(this, rows);
    for (let i = 0, c = this.codes, g = this.gCodes; i < rows; i++, c += stride, g += stride) {
      reluGradient(this.ldw, gamma, c, g, this.gEncoderBias);
    }
    backwardFromCodes(this, rows);
  }
}
