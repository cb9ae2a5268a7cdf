// gated (Rajamanoharan et al., 2024): with u = x·A_eᵀ and π = u + b_e the codes are relu(u·e^r + b_mag)
// where π > 0, else 0. The loss also has the error of relu(π) as codes, and the penalty is Σ relu(π)·s,
// s being 1 or the norms of the atoms.

import { gemm_nn, gemm_tn } from "./gemm";
import { gemm_tn_add } from "./gemm_add";
import {
  backwardToCodes, denseResidual, DenseSae, denseWeights, sumColumns, throughNorms,
} from "./sae_dense";
import { encoderProduct, throughInput } from "./sae_products";
import { hsum, relu } from "./simd";
import { axpy, dot, scale, subtract } from "./vectors";

/** gates ← relu(u + b), c ← relu(u·factor + bMag) where gates > 0; returns Σ gates·s. */
function gateRow(
  n: usize, u: usize, b: usize, factor: usize, bMag: usize, s: usize, gates: usize, c: usize,
): f32 {
  let sum = f32x4.splat(0);
  const zero = sum;
  for (let j: usize = 0; j < n << 2; j += 16) {
    const value = v128.load(u + j), gate = relu(f32x4.add(value, v128.load(b + j)));
    const size = relu(f32x4.add(f32x4.mul(value, v128.load(factor + j)), v128.load(bMag + j)));
    v128.store(gates + j, gate);
    v128.store(c + j, v128.and(size, f32x4.gt(gate, zero)));
    sum = f32x4.add(sum, f32x4.mul(gate, v128.load(s + j)));
  }
  return hsum(sum);
}

/** The fields of lib/cores/sae_gated.ts. */
// @ts-ignore: decorator
@unmanaged
export class Gated extends DenseSae {
  magnitudeBias: usize; // ldw
  gMagnitudeBias: usize;
  logScale: usize; // ldw: r
  gLogScale: usize;
  factors: usize; // ldw: e^r
  pre: usize; // rows×ldw: u
  gates: usize; // rows×ldw: relu(π)
  gGates: usize; // rows×ldw
  gateResidual: usize; // rows×ldm: of relu(π) as codes
  gInput: usize; // ldw: Σ gradients by u
  frozen: i32; // whether the error of relu(π) leaves decoder and decoder bias alone

  prepare(): void {
    denseWeights(this);
    for (let j: usize = 0; j < <usize>this.ldw << 2; j += 4) {
      store<f32>(this.factors + j, Mathf.exp(load<f32>(this.logScale + j)));
    }
  }

  forward(rows: i32): f64 {
    const stride = <usize>this.ldw << 2;
    let penalty: f64 = 0;
    encoderProduct(this, rows, this.pre);
    for (let i: usize = 0; i < <usize>rows; i++) {
      const at = i * stride;
      penalty += gateRow(
        this.ldw, this.pre + at, this.encoderBias, this.factors, this.magnitudeBias, this.weights,
        this.gates + at, this.codes + at,
      );
    }
    denseResidual(this, rows);
    return penalty;
  }

  /** The residual of relu(π) as codes; adds its mean square to the sums. */
  gateError(rows: i32): void {
    const r = this.gateResidual, stride = <usize>this.ldm << 2;
    gemm_nn(rows, this.ldm, this.w, this.gates, this.ldw, this.decoder, this.ldm, r, this.ldm);
    subtract(rows * this.ldm, r, this.x, r);
    let sum: f64 = 0;
    for (let i: usize = 0; i < <usize>rows; i++) sum += dot(this.ldm, r + i * stride, r + i * stride);
    store<f64>(this.sums + 24, load<f64>(this.sums + 24) + sum / <f64>(rows * this.m));
    scale(rows * this.ldm, 2 / <f32>(rows * this.m), r, r);
  }

  backward(rows: i32, gamma: f32): void {
    const n = <usize>this.ldw, stride = n << 2, r = this.gateResidual;
    this.gateError(rows);
    backwardToCodes(this, rows);
    gemm_nn(rows, this.ldw, this.m, r, this.ldm, this.decoderT, this.ldw, this.gGates, this.ldw);
    if (!this.frozen) {
      gemm_tn_add(this.w, this.ldm, rows, this.gates, this.ldw, r, this.ldm, this.gDecoder, this.ldm);
      for (let i: usize = 0; i < <usize>rows; i++) {
        axpy(this.ldm, 1, r + i * (<usize>this.ldm << 2), this.gDecoderBias);
      }
    }
    memory.fill(this.gMagnitudeBias, 0, stride);
    memory.fill(this.gLogScale, 0, stride);
    memory.fill(this.gInput, 0, stride);
    for (let i: usize = 0; i < <usize>rows; i++) this.throughGates(i * stride, gamma);
    gemm_tn(this.w, this.ldm, rows, this.gCodes, this.ldw, this.x, this.ldm, this.gEncoder, this.ldm);
    throughInput(this, this.gInput);
    if (!this.byNorms) return;
    sumColumns(this, rows, this.gates);
    throughNorms(this, gamma);
  }

  /** From the gradients by codes and gates of a row to that by u, in gCodes, and the vectors. */
  throughGates(row: usize, gamma: f32): void {
    const zero = f32x4.splat(0), rate = f32x4.splat(gamma);
    for (let j: usize = 0; j < <usize>this.ldw << 2; j += 16) {
      const at = row + j, factor = v128.load(this.factors + j);
      const byCode = v128.and(v128.load(this.gCodes + at), f32x4.gt(v128.load(this.codes + at), zero));
      const penalty = f32x4.mul(rate, v128.load(this.weights + j));
      const byGate = v128.and(
        f32x4.add(v128.load(this.gGates + at), penalty),
        f32x4.gt(v128.load(this.gates + at), zero),
      );
      const scaled = f32x4.mul(byCode, factor), byInput = f32x4.add(byGate, scaled);
      v128.store(this.gCodes + at, byInput);
      add(this.gMagnitudeBias + j, byCode);
      add(this.gLogScale + j, f32x4.mul(scaled, v128.load(this.pre + at)));
      add(this.gEncoderBias + j, byGate);
      add(this.gInput + j, byInput);
    }
  }
}

// @ts-ignore: decorator
@inline function add(to: usize, v: v128): void {
  v128.store(to, f32x4.add(v128.load(to), v));
}
