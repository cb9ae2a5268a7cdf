// What the variants with k active codes per sample share: each row's codes as a list of atoms and
// values. After the encoder's product only k rows of encoder and decoder per sample take part.

import { Sae } from "./sae_record";
import { auxK } from "./sae_aux";
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
  starts: usize; // rows: where a row's list begins
  counts: usize; // rows
  indices: usize; // rows×k, or as many as there can be
  values: usize; // as many
  // AuxK, see auxK
  auxLatents: i32; // most dead units that predict a row's residual; 0: none do
  auxRelative: i32;
  auxWeight: usize; // a float32
  auxUnits: usize; // w: the dead units
  auxKeys: usize; // w rounded up to a multiple of 8
  auxIndices: usize; // auxLatents: a row's list
  auxValues: usize; // auxLatents
  auxScratch: usize; // 2×ldm

  /** The lists as rows of s.codes. */
  scatter(rows: i32): void {
    const stride = <usize>this.ldw << 2;
    memory.fill(this.codes, 0, <usize>rows * stride);
    for (let i: usize = 0, codes = this.codes; i < <usize>rows; i++, codes += stride) {
      const indices = this.indicesOf(i), values = this.valuesOf(i);
      for (let t: usize = 0, last = this.countOf(i) << 2; t < last; t += 4) {
        const code = codes + (load<u32>(indices + t) << 2); // a list may name a unit more than once
        store<f32>(code, load<f32>(code) + load<f32>(values + t));
      }
    }
  }

  age(rows: i32): void {
    for (let j: usize = 0, n = <usize>this.w << 2; j < n; j += 4) {
      store<i32>(this.silent + j, load<i32>(this.silent + j) + 1);
    }
    for (let i: usize = 0; i < <usize>rows; i++) {
      const indices = this.indicesOf(i), values = this.valuesOf(i);
      for (let t: usize = 0, last = this.countOf(i) << 2; t < last; t += 4) {
        if (load<f32>(values + t) != 0) store<i32>(this.silent + (load<u32>(indices + t) << 2), 0);
      }
    }
  }

  // the list of a row
  @inline indicesOf(row: usize): usize {
    return this.indices + (<usize>load<u32>(this.starts + (row << 2)) << 2);
  }
  @inline valuesOf(row: usize): usize {
    return this.values + (<usize>load<u32>(this.starts + (row << 2)) << 2);
  }
  @inline countOf(row: usize): usize {
    return <usize>load<u32>(this.counts + (row << 2));
  }
}

/** out ← Σ values[t]·atom[indices[t]] − x, eight columns at a time, the sums in registers. */
export function residualRow(
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
  const stride = <usize>s.ldm << 2;
  let x = s.x, out = s.residual;
  for (let i: usize = 0; i < <usize>rows; i++, x += stride, out += stride) {
    residualRow(s.ldm, s.countOf(i), s.indicesOf(i), s.valuesOf(i), s.atoms, x, out);
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

/** Adds the gradients of some active codes of one row with the residual's gradient r. */
export function backwardRow(
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

/** Clears the gradients that are added up. */
export function clearGradients(s: SupportSae): void {
  const bytes = <usize>s.w * <usize>s.ldm << 2;
  memory.fill(s.gEncoder, 0, bytes);
  memory.fill(s.gDecoder, 0, bytes);
  memory.fill(s.gEncoderBias, 0, <usize>s.ldw << 2);
}

/** All gradients where the active codes are pre-activations, in s.pre times `weights` (0: as they are). */
export function supportBackward(s: SupportSae, rows: i32, weights: usize): void {
  const stride = <usize>s.ldm << 2;
  clearGradients(s);
  auxK(s, rows, weights);
  residualGradient(s, rows);
  let r = s.residual, x = s.x;
  for (let i: usize = 0; i < <usize>rows; i++, r += stride, x += stride) {
    backwardRow(s, s.countOf(i), s.indicesOf(i), s.valuesOf(i), r, x);
  }
  throughInput(s);
}
