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

/** Wide autoencoders, from FUSED_FROM_WIDTH of lib/cores/sae_fused.ts on, are trained in CHUNKS chunks of units. */
const WIDE: i32 = 1000;
const CHUNKS: i32 = 8;

/** The first unit of a chunk: chunks are multiples of 5 units, but for the last. */
export function firstUnit(w: i32, chunk: i32): i32 {
  const blocks = (w + 4) / 5;
  return min(w, (blocks * chunk / CHUNKS) * 5);
}

/**
 * The decoder bias is also subtracted from the encoder's input: −(Σ gradients by x·A_eᵀ)·A_e. Of a wide
 * autoencoder it is added up by chunks, since threads that share a fused step have the rows of theirs.
 */
export function throughInput(s: Sae, sums: usize = s.gEncoderBias): void {
  const chunks = s.w < WIDE ? 1 : CHUNKS;
  for (let c = 0; c < chunks; c++) {
    const first = chunks == 1 ? 0 : firstUnit(s.w, c), end = chunks == 1 ? s.w : firstUnit(s.w, c + 1);
    const rows = s.encoder + <usize>first * (<usize>s.ldm << 2);
    gemm_nn(1, s.ldm, end - first, sums + (<usize>first << 2), s.ldw, rows, s.ldm, s.scratch, s.ldm);
    subtract(s.ldm, s.gDecoderBias, s.scratch, s.gDecoderBias);
  }
}
