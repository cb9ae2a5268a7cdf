// What the variants with k active codes per sample share: each row's codes as a list of atoms and
// values. After the encoder's product only k rows of encoder and decoder per sample take part.

import { Sae } from "./sae_record";
import { residualGradient, throughInput } from "./sae_products";
import { madd } from "./simd";
import { dot } from "./vectors";

/** SUPPORT_FIELDS in lib/cores/sae_support.ts lists the same fields in the same order. */
// @ts-ignore: decorator
@unmanaged
export class SupportSae extends Sae {
  k: i32; // most active codes per sample
  atoms: usize; // w×ldm: the atoms that decode, one per row
  pre: usize; // rows×ldw, pre-activations or correlations
  // the active codes of each row
  counts: usize; // rows
  indices: usize; // rows×k
  values: usize; // rows×k

  /** The lists as rows of s.codes. */
  scatter(rows: i32): void {
    const list = <usize>this.k << 2, stride = <usize>this.ldw << 2;
    memory.fill(this.codes, 0, <usize>rows * stride);
    let indices = this.indices, values = this.values, codes = this.codes;
    for (let i: usize = 0; i < <usize>rows; i++) {
      for (let t: usize = 0, last = load<u32>(this.counts + (i << 2)) << 2; t < last; t += 4) {
        store<f32>(codes + (load<u32>(indices + t) << 2), load<f32>(values + t));
      }
      indices += list, values += list, codes += stride;
    }
  }
}

/** out ← Σ values[t]·atom[indices[t]] − x, eight columns at a time, the sums in registers. */
function residualRow(
  n: usize, count: usize, indices: usize, values: usize, atoms: usize, x: usize, out: usize,
): void {
  const stride = n << 2, last = count << 2;
  for (let p: usize = 0; p < stride; p += 32) {
    let r0 = f32x4.neg(v128.load(x + p)), r1 = f32x4.neg(v128.load(x + p, 16));
    const column = atoms + p;
    for (let t: usize = 0; t < last; t += 4) {
      const atom = column + <usize>load<u32>(indices + t) * stride;
      const v = v128.load32_splat(values + t);
      r0 = madd(v, v128.load(atom), r0), r1 = madd(v, v128.load(atom, 16), r1);
    }
    v128.store(out + p, r0), v128.store(out + p, r1, 16);
  }
}

/** residual = codes·atoms − x */
export function supportResidual(s: SupportSae, rows: i32): void {
  const list = <usize>s.k << 2, stride = <usize>s.ldm << 2;
  let indices = s.indices, values = s.values, x = s.x, out = s.residual;
  for (let i: usize = 0; i < <usize>rows; i++) {
    residualRow(s.ldm, load<u32>(s.counts + (i << 2)), indices, values, s.atoms, x, out);
    indices += list, values += list, x += stride, out += stride;
  }
}

/** gd ← gd + c·r, ge ← ge + g·x */
function addRows(n: usize, c: f32, r: usize, gd: usize, g: f32, x: usize, ge: usize): void {
  const code = f32x4.splat(c), grad = f32x4.splat(g), end = r + (n << 2);
  for (; r < end; r += 16, x += 16, gd += 16, ge += 16) {
    v128.store(gd, madd(code, v128.load(r), v128.load(gd)));
    v128.store(ge, madd(grad, v128.load(x), v128.load(ge)));
  }
}

/** Adds the gradients of one row with the residual's gradient r. */
function backwardRow(
  s: SupportSae, count: usize, indices: usize, values: usize, r: usize, x: usize,
): void {
  const n = <usize>s.ldm, stride = n << 2;
  for (let t: usize = 0; t < count << 2; t += 4) {
    const j = <usize>load<u32>(indices + t), unit = j * stride, bias = s.gEncoderBias + (j << 2);
    const g = dot(n, r, s.decoder + unit);
    store<f32>(bias, load<f32>(bias) + g);
    addRows(n, load<f32>(values + t), r, s.gDecoder + unit, g, x, s.gEncoder + unit);
  }
}

/** All gradients where the active codes are pre-activations as they are. */
export function supportBackward(s: SupportSae, rows: i32): void {
  const list = <usize>s.k << 2, stride = <usize>s.ldm << 2, weights = <usize>s.w * stride;
  residualGradient(s, rows);
  memory.fill(s.gEncoder, 0, weights);
  memory.fill(s.gDecoder, 0, weights);
  memory.fill(s.gEncoderBias, 0, <usize>s.ldw << 2);
  let indices = s.indices, values = s.values, r = s.residual, x = s.x;
  for (let i: usize = 0; i < <usize>rows; i++) {
    backwardRow(s, load<u32>(s.counts + (i << 2)), indices, values, r, x);
    indices += list, values += list, r += stride, x += stride;
  }
  throughInput(s);
}
