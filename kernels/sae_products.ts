// The parts of the passes that do not depend on how codes are chosen.

import { gemm_nn } from "./gemm";
import { Sae } from "./sae_record";
import { transpose } from "./transpose";
import { axpy, scale, subtract } from "./vectors";

/** Brings s.encoderT up to date with the encoder. */
export function transposeEncoder(s: Sae): void {
  transpose(s.w, s.m, s.encoder, s.ldm, s.encoderT, s.ldw);
}

/** a (rows×ldw) = x·encoderT */
export function encoderProduct(s: Sae, rows: i32, a: usize): void {
  gemm_nn(rows, s.ldw, s.m, s.x, s.ldm, s.encoderT, s.ldw, a, s.ldw);
}

/** residual ← its gradient 2·residual/(rows·m); the decoder bias gets the sum over the rows. */
export function residualGradient(s: Sae, rows: i32): void {
  const stride = <usize>s.ldm << 2;
  scale(rows * s.ldm, 2 / <f32>(rows * s.m), s.residual, s.residual);
  memory.fill(s.gDecoderBias, 0, stride);
  for (let i = 0, r = s.residual; i < rows; i++, r += stride) axpy(s.ldm, 1, r, s.gDecoderBias);
}

/** The decoder bias is also subtracted from the encoder's input: −(Σ gradients by x·A_eᵀ)·A_e. */
export function throughInput(s: Sae, sums: usize = s.gEncoderBias): void {
  gemm_nn(1, s.ldm, s.w, sums, s.ldw, s.encoder, s.ldm, s.scratch, s.ldm);
  subtract(s.ldm, s.gDecoderBias, s.scratch, s.gDecoderBias);
}
