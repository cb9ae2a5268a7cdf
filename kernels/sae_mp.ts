// MP: matching pursuit with the decoder's atoms d at unit norm. k times, the atom with the largest
// |correlation| of those not used yet takes its correlation v as coefficient. The correlations
// follow by one row of the Gram matrix per pick, c ← c − v·G_j, instead of a product with the new
// residual; only the rows of picked atoms are ever made.
//
// Backward, with r_t the residual after t picks, s = 2/(rows·m), and g_t the gradient by r_t:
//   g_k = s·r_k,  β_t = g_t·d_t,  ∂d_t −= v_t·g_t + β_t·r_{t−1},  g_{t−1} = g_t − β_t·d_t.
// Since v_t = r_{t−1}·d_t, the β need the Gram matrix alone: β_t = −Σ_{i>t} (s·v_i + β_i)·G_ti.

import { NORM_FLOOR, normalize_rows } from "./rows";
import { completeGram, correlations, gramRow, GramSae, reserveGram, takeAtoms } from "./sae_gram";
import { supportResidual } from "./sae_support";
import { madd } from "./simd";
import { axpy, dot, highestLane, scale } from "./vectors";

/** The first of w places where |c| is `value`; 0 when there is none (values that overflowed). */
function find(w: usize, value: f32, c: usize): usize {
  const target = f32x4.splat(value);
  for (let j: usize = 0; j < w; j += 4) {
    const hits = i32x4.bitmask(f32x4.eq(f32x4.abs(v128.load(c + (j << 2))), target));
    if (hits != 0) return j + <usize>ctz(hits) < w ? j + <usize>ctz(hits) : 0;
  }
  return 0;
}

/** The place of the largest |c| of w in n. NaN marks a used atom: pmax(m, NaN) is m. */
function strongest(w: usize, n: usize, c: usize): usize {
  let m0 = f32x4.splat(0), m1 = m0;
  for (let p = c, end = c + (n << 2); p < end; p += 32) {
    m0 = f32x4.pmax(m0, f32x4.abs(v128.load(p)));
    m1 = f32x4.pmax(m1, f32x4.abs(v128.load(p, 16)));
  }
  return find(w, highestLane(f32x4.pmax(m0, m1)), c);
}

/** c ← c − v·gram, then the place of the largest |c|, in one pass. */
function subtractAndFind(w: usize, n: usize, v: f32, gram: usize, c: usize): usize {
  const minus = f32x4.splat(-v);
  let m0 = f32x4.splat(0), m1 = m0;
  for (let p = c, end = c + (n << 2); p < end; p += 32, gram += 32) {
    const c0 = madd(minus, v128.load(gram), v128.load(p));
    const c1 = madd(minus, v128.load(gram, 16), v128.load(p, 16));
    v128.store(p, c0), v128.store(p, c1, 16);
    m0 = f32x4.pmax(m0, f32x4.abs(c0)), m1 = f32x4.pmax(m1, f32x4.abs(c1));
  }
  return find(w, highestLane(f32x4.pmax(m0, m1)), c);
}

/** Picks and coefficients of the gathered rows. */
function pursue(s: MatchingPursuit, rows: i32): void {
  const n = <usize>s.ldw, stride = n << 2, list = <usize>s.k << 2, last = list - 4;
  reserveGram(s, rows);
  correlations(s, rows, s.x, s.pre);
  for (let i: usize = 0; i < <usize>rows; i++) {
    store<i32>(s.counts + (i << 2), s.k);
    store<u32>(s.indices + i * list, strongest(s.w, n, s.pre + i * stride));
  }
  for (let t: usize = 0; ; t += 4) {
    let c = s.pre, picks = s.indices + t, values = s.values + t;
    if (t < last) completeGram(s, rows, picks);
    for (let i = 0; i < rows; i++, c += stride, picks += list, values += list) {
      const j = <usize>load<u32>(picks), place = c + (j << 2), v = load<f32>(place);
      store<f32>(values, v);
      store<f32>(place, NaN);
      if (t < last) store<u32>(picks, subtractAndFind(s.w, n, v, gramRow(s, j), c), 4);
    }
    if (t == last) return;
  }
}

/**
 * β of one row, from the last pick to the first. `grams`: products of each pick's atom with those of the picks
 * before, k a pick; 0: they are in the Gram matrix.
 */
// @ts-ignore: decorator
@inline export function betas(
  s: MatchingPursuit, rate: f32, indices: usize, values: usize, beta: usize, grams: usize,
): void {
  const list = <usize>s.k << 2, last = <isize>list - 4;
  store<f32>(beta + last, 0); // r_k is orthogonal to the last atom
  for (let t = last - 4; t >= 0; t -= 4) {
    const row = grams ? grams + t : gramRow(s, load<u32>(indices + t));
    let sum: f32 = 0;
    for (let i = t + 4; i <= last; i += 4) {
      const weight = rate * load<f32>(values + i) + load<f32>(beta + i);
      sum += weight * load<f32>(row + (grams ? <usize>i * <usize>s.k : <usize>load<u32>(indices + i) << 2));
    }
    store<f32>(beta + t, -sum);
  }
}

/**
 * Takes one row's gradients from those that have been added up, eight columns at a time, residual r and gradient g in
 * registers. `apart`: where the gradients by the picks' atoms go instead, a row per pick; that by the decoder bias
 * then takes the residual's place.
 */
// @ts-ignore: decorator
@inline export function backwardRow(
  s: MatchingPursuit, rate: f32, indices: usize, values: usize, beta: usize, residual: usize, apart: usize,
): void {
  const stride = <usize>s.ldm << 2, last = (<isize>s.k - 1) << 2, scaled = f32x4.splat(rate);
  for (let p: usize = 0; p < stride; p += 32) {
    let r0 = f32x4.neg(v128.load(residual + p)), r1 = f32x4.neg(v128.load(residual + p, 16));
    let g0 = f32x4.mul(scaled, r0), g1 = f32x4.mul(scaled, r1);
    for (let t = last; t >= 0; t -= 4) {
      const unit = <usize>load<u32>(indices + t) * stride + p, atom = s.atoms + unit;
      const v = v128.load32_splat(values + t), b = v128.load32_splat(beta + t);
      const d0 = v128.load(atom), d1 = v128.load(atom, 16);
      r0 = madd(v, d0, r0), r1 = madd(v, d1, r1);
      const by0 = madd(v, g0, f32x4.mul(b, r0)), by1 = madd(v, g1, f32x4.mul(b, r1));
      if (apart) {
        const out = apart + (<usize>t >> 2) * stride + p;
        v128.store(out, by0), v128.store(out, by1, 16);
      } else {
        const out = s.gDecoder + unit;
        v128.store(out, f32x4.sub(v128.load(out), by0));
        v128.store(out, f32x4.sub(v128.load(out, 16), by1), 16);
      }
      g0 = f32x4.sub(g0, f32x4.mul(b, d0)), g1 = f32x4.sub(g1, f32x4.mul(b, d1));
    }
    if (apart) v128.store(residual + p, g0), v128.store(residual + p, g1, 16);
    else {
      const bias = s.gDecoderBias + p;
      v128.store(bias, f32x4.sub(v128.load(bias), g0));
      v128.store(bias, f32x4.sub(v128.load(bias, 16), g1), 16);
    }
  }
}

/** From the gradient by the unit atom d to the one by its row of the decoder: (g − (g·d)·d)/norm. */
export function throughNorm(n: usize, norm: f32, d: usize, g: usize): void {
  axpy(n, -dot(n, g, d), d, g);
  scale(n, 1 / norm, g, g);
}

/** The fields of lib/cores/sae_mp.ts. */
// @ts-ignore: decorator
@unmanaged
export class MatchingPursuit extends GramSae {
  norms: usize; // w: of the decoder's atoms
  betas: usize; // rows×k

  /** The unit atoms, and an empty Gram matrix. */
  prepare(): void {
    normalize_rows(this.w, this.ldm, NORM_FLOOR, this.decoder, this.atoms, this.norms);
    takeAtoms(this);
  }

  forward(rows: i32): f64 {
    pursue(this, rows);
    supportResidual(this, rows);
    return 0;
  }

  /** The gradients by decoder and decoder bias; encoder and encoder bias have none. */
  backward(rows: i32, gamma: f32): void {
    const list = <usize>this.k << 2, stride = <usize>this.ldm << 2;
    const rate: f32 = 2 / <f32>(rows * this.m);
    memory.fill(this.gDecoder, 0, <usize>this.w * stride);
    memory.fill(this.gDecoderBias, 0, stride);
    let indices = this.indices, values = this.values, beta = this.betas, residual = this.residual;
    for (let i = 0; i < rows; i++) {
      betas(this, rate, indices, values, beta, 0);
      backwardRow(this, rate, indices, values, beta, residual, 0);
      indices += list, values += list, beta += list, residual += stride;
    }
    let d = this.atoms, g = this.gDecoder;
    for (let j: usize = 0; j < <usize>this.w; j++, d += stride, g += stride) {
      throughNorm(this.ldm, load<f32>(this.norms + (j << 2)), d, g);
    }
  }
}
