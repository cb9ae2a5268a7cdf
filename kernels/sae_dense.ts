// What relu and jumprelu share: dense codes, five products per step.

import { gemm_nn, gemm_tn } from "./gemm";
import { Sae } from "./sae_record";
import { residualGradient, throughInput, transposeEncoder } from "./sae_products";
import { NORM_FLOOR, norms } from "./rows";
import { transpose } from "./transpose";
import { axpy, subtract } from "./vectors";

/** DENSE_FIELDS in lib/cores/sae_dense.ts lists the same fields in the same order. */
// @ts-ignore: decorator
@unmanaged
export class DenseSae extends Sae {
  decoderT: usize; // m×ldw, made from the decoder by a backward pass
  gCodes: usize; // rows×ldw: the gradient by codes, then by pre-activations
  byNorms: i32; // whether the penalty weighs codes by the norms of their atoms
  weights: usize; // ldw: these norms, or ones
  columnSums: usize; // ldw

  scatter(rows: i32): void {} // the codes are where they belong

  age(rows: i32): void {
    const stride = <usize>this.ldw << 2;
    for (let j: usize = 0, n = <usize>this.w << 2; j < n; j += 4) {
      let silent = 1;
      for (let i = 0, c = this.codes + j; i < rows && silent; i++, c += stride) {
        silent = i32(load<f32>(c) == 0);
      }
      store<i32>(this.silent + j, silent ? load<i32>(this.silent + j) + 1 : 0);
    }
  }
}

/** What a forward pass needs of the weights. */
export function denseWeights(s: DenseSae): void {
  transposeEncoder(s);
  if (s.byNorms) norms(s.w, s.ldm, NORM_FLOOR, s.decoder, s.weights);
}

/** Adds to the decoder's gradient what comes through the atoms' norms: rate·s.columnSums by each. */
export function throughNorms(s: DenseSae, rate: f32): void {
  const n = <usize>s.ldm, stride = n << 2;
  let d = s.decoder, g = s.gDecoder;
  for (let j: usize = 0; j < <usize>s.w << 2; j += 4, d += stride, g += stride) {
    axpy(n, rate * load<f32>(s.columnSums + j) / load<f32>(s.weights + j), d, g);
  }
}

/** s.columnSums ← the sums of the columns of a (rows×ldw). */
export function sumColumns(s: DenseSae, rows: i32, a: usize): void {
  const stride = <usize>s.ldw << 2;
  memory.fill(s.columnSums, 0, stride);
  for (let i = 0; i < rows; i++, a += stride) axpy(s.ldw, 1, a, s.columnSums);
}

/** residual = codes·Dᵀ − x */
export function denseResidual(s: DenseSae, rows: i32): void {
  gemm_nn(rows, s.ldm, s.w, s.codes, s.ldw, s.decoder, s.ldm, s.residual, s.ldm);
  subtract(rows * s.ldm, s.residual, s.x, s.residual);
}

/** The gradients by the decoder, its bias and the codes; that by the encoder's bias becomes 0. */
export function backwardToCodes(s: DenseSae, rows: i32): void {
  transpose(s.w, s.m, s.decoder, s.ldm, s.decoderT, s.ldw);
  residualGradient(s, rows);
  gemm_tn(s.w, s.ldm, rows, s.codes, s.ldw, s.residual, s.ldm, s.gDecoder, s.ldm);
  gemm_nn(rows, s.ldw, s.m, s.residual, s.ldm, s.decoderT, s.ldw, s.gCodes, s.ldw);
  memory.fill(s.gEncoderBias, 0, <usize>s.ldw << 2);
}

/** From the gradients by pre-activations and encoder bias to those by the encoder and the input. */
export function backwardFromCodes(s: DenseSae, rows: i32): void {
  gemm_tn(s.w, s.ldm, rows, s.gCodes, s.ldw, s.x, s.ldm, s.gEncoder, s.ldm);
  throughInput(s);
}
