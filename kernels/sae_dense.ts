// What relu and jumprelu share: dense codes, five products per step.

import { gemm_nn, gemm_tn } from "./gemm";
import { Sae } from "./sae_record";
import { residualGradient, throughInput, transposeEncoder } from "./sae_products";
import { transpose } from "./transpose";
import { subtract } from "./vectors";

/** DENSE_FIELDS in lib/cores/sae_dense.ts lists the same fields in the same order. */
// @ts-ignore: decorator
@unmanaged
export class DenseSae extends Sae {
  decoderT: usize; // m×ldw, made from the decoder
  gCodes: usize; // rows×ldw: the gradient by codes, then by pre-activations

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

/** Both transposed copies. */
export function denseWeights(s: DenseSae): void {
  transposeEncoder(s);
  transpose(s.w, s.m, s.decoder, s.ldm, s.decoderT, s.ldw);
}

/** residual = codes·Dᵀ − x */
export function denseResidual(s: DenseSae, rows: i32): void {
  gemm_nn(rows, s.ldm, s.w, s.codes, s.ldw, s.decoder, s.ldm, s.residual, s.ldm);
  subtract(rows * s.ldm, s.residual, s.x, s.residual);
}

/** The gradients by the decoder, its bias and the codes; that by the encoder's bias becomes 0. */
export function backwardToCodes(s: DenseSae, rows: i32): void {
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
