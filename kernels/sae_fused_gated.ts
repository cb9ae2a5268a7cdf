// A training step of gated that skips what is zero and never writes a gradient; see sae_fused.ts and
// sae_fused_relu.ts, whose course it has: what is on is what the gates let through, with the code and the gate's own
// size, of both of which there is a reconstruction.
//
// 1. sae_fused_start: the batch.
// 2. sae_gated_encode, per chunk: pre-activations, the open gates of each unit as a list, and the chunk's
//    parts of the two reconstructions.
// 3. sae_gated_residual: the parts' sums − x, and their gradients.
// 4. sae_gated_units, per chunk: a unit's gradients from its list, and AdamW on its two rows.
// 5. sae_fused_end: what comes through the encoder's input to the decoder bias.

import {
  encodeUnits, rowGradients, setting, throughOf, updateEach, updateRows,
} from "./sae_fused";
import { addTotals, dots, FusedLists, TILE, toResidual, totalsOf } from "./sae_fused_lists";
import { Gated } from "./sae_gated";
import { firstUnit } from "./sae_products";
import { madd } from "./simd";
import { GROUP } from "./tile5";
import { axpy, dot } from "./vectors";

/** Bytes of an entry of a sample's list: decoder row, in bytes, code and gate. */
// @ts-ignore: decorator
@inline const ENTRY: usize = 12;

/** The fields of lib/cores/sae_fused_gated.ts. */
// @ts-ignore: decorator
@unmanaged
export class FusedGated extends FusedLists {
  meanMagnitude: usize;
  squareMagnitude: usize;
  meanScale: usize;
  squareScale: usize;
  // with the lists of the units
  gates: usize; // w×most: relu(π)
  inputs: usize; // w×most: u
  residuals: usize; // most×ldm: of the gates as codes; then a row per chunk
  // per chunk
  slopes: usize; // 2×most: gradients by codes and gates of a unit
}

/** Bits of up to 64 pre-activations: which are above 0 with the bias. */
function open(n: i32, bias: f32, a: usize): u64 {
  const b = f32x4.splat(bias), zero = f32x4.splat(0);
  let bits: u64 = 0;
  for (let i = 0; i < n; i += 4, a += 16) {
    bits |= <u64>i32x4.bitmask(f32x4.gt(f32x4.add(v128.load(a), b), zero)) << i;
  }
  return n < 64 ? bits & ((<u64>1 << n) - 1) : bits;
}

/** A tile's lists of one unit and of the samples, from its pre-activations at a. Returns the active codes. */
function listUnit(
  f: FusedGated, s: Gated, j: i32, a: usize, ends: usize, penalty: usize,
): i32 {
  const unit = <usize>j << 2, stride = <usize>s.ldm << 2, row = <u32>(<usize>j * stride);
  const bias = load<f32>(s.encoderBias + unit), magnitude = load<f32>(s.magnitudeBias + unit);
  const factor = Mathf.exp(load<f32>(s.logScale + unit)), start = <usize>j * <usize>f.most << 2;
  let at = start, sum: f32 = 0, active = 0;
  store<f32>(s.factors + unit, factor);
  for (let first = 0; first < f.rows; first += 64) {
    const from = a + (<usize>first << 2);
    for (let bits = open(min(64, f.rows - first), bias, from); bits != 0; bits &= bits - 1, at += 4) {
      const i = <usize>first + <usize>ctz(bits), u = load<f32>(a + (i << 2)), gate = u + bias;
      const code = max<f32>(0, u * factor + magnitude);
      store<u32>(f.places + at, <u32>(i * stride));
      store<f32>(f.values + at, code), store<f32>(f.gates + at, gate), store<f32>(f.inputs + at, u);
      const end = ends + (i << 2), entry = <usize>load<u32>(end);
      store<u32>(entry, row), store<f32>(entry, code, 4), store<f32>(entry, gate, 8);
      store<u32>(end, <u32>(entry + ENTRY));
      sum += gate, active += i32(code > 0);
    }
  }
  store<u32>(f.counts + unit, <u32>((at - start) >> 2));
  store<f64>(penalty, load<f64>(penalty) + <f64>sum);
  return active;
}

/** c ← c + Σ code·row, g ← g + Σ gate·row over a sample's list: 6 vectors of columns at a time, then 2. */
function addRows(n: usize, list: usize, last: usize, rows: usize, c: usize, g: usize): void {
  const end = c + (n << 2);
  for (; c + 96 <= end; c += 96, g += 96, rows += 96) {
    let c0 = v128.load(c), c1 = v128.load(c, 16), c2 = v128.load(c, 32);
    let c3 = v128.load(c, 48), c4 = v128.load(c, 64), c5 = v128.load(c, 80);
    let g0 = v128.load(g), g1 = v128.load(g, 16), g2 = v128.load(g, 32);
    let g3 = v128.load(g, 48), g4 = v128.load(g, 64), g5 = v128.load(g, 80);
    for (let t = list; t < last; t += ENTRY) {
      const d = rows + <usize>load<u32>(t), v = v128.load32_splat(t, 4), w = v128.load32_splat(t, 8);
      let r = v128.load(d);
      c0 = madd(v, r, c0), g0 = madd(w, r, g0), r = v128.load(d, 16);
      c1 = madd(v, r, c1), g1 = madd(w, r, g1), r = v128.load(d, 32);
      c2 = madd(v, r, c2), g2 = madd(w, r, g2), r = v128.load(d, 48);
      c3 = madd(v, r, c3), g3 = madd(w, r, g3), r = v128.load(d, 64);
      c4 = madd(v, r, c4), g4 = madd(w, r, g4), r = v128.load(d, 80);
      c5 = madd(v, r, c5), g5 = madd(w, r, g5);
    }
    v128.store(c, c0), v128.store(c, c1, 16), v128.store(c, c2, 32);
    v128.store(c, c3, 48), v128.store(c, c4, 64), v128.store(c, c5, 80);
    v128.store(g, g0), v128.store(g, g1, 16), v128.store(g, g2, 32);
    v128.store(g, g3, 48), v128.store(g, g4, 64), v128.store(g, g5, 80);
  }
  for (; c < end; c += 32, g += 32, rows += 32) {
    let c0 = v128.load(c), c1 = v128.load(c, 16), g0 = v128.load(g), g1 = v128.load(g, 16);
    for (let t = list; t < last; t += ENTRY) {
      const d = rows + <usize>load<u32>(t), v = v128.load32_splat(t, 4), w = v128.load32_splat(t, 8);
      const r0 = v128.load(d), r1 = v128.load(d, 16);
      c0 = madd(v, r0, c0), c1 = madd(v, r1, c1), g0 = madd(w, r0, g0), g1 = madd(w, r1, g1);
    }
    v128.store(c, c0), v128.store(c, c1, 16), v128.store(g, g0), v128.store(g, g1, 16);
  }
}

/** Pre-activations, lists and the parts of the reconstructions of a chunk. */
export function sae_gated_encode(f: FusedGated, chunk: i32): void {
  const s = changetype<Gated>(f.sae), stride = <usize>s.ldm << 2;
  const most = <usize>f.most, at = <usize>chunk, ldc = most << 2;
  const buffer = f.buffers + at * GROUP * ldc, ends = f.rowEnds + at * ldc;
  const rowLists = f.rowLists + at * most * <usize>TILE * ENTRY;
  const codes = f.parts + 2 * at * most * stride, gates = codes + most * stride;
  const totals = totalsOf(f, at), end = firstUnit(s.w, chunk + 1);
  let active = 0, touched = 0;
  store<f64>(totals, 0);
  memory.fill(codes, 0, 2 * most * stride);
  for (let tile = firstUnit(s.w, chunk); tile < end; tile += TILE) {
    for (let i: usize = 0; i < most; i++) store<u32>(ends + (i << 2), <u32>(rowLists + i * <usize>TILE * ENTRY));
    const last = min(end, tile + TILE);
    for (let j = tile; j < last; j += <i32>GROUP) {
      const units = min(<i32>GROUP, last - j);
      touched ^= encodeUnits(f, j, last, chunk, true, 0, f.rows);
      for (let u = 0; u < units; u++) {
        active += listUnit(f, s, j + u, buffer + <usize>u * ldc, ends, totals);
      }
    }
    for (let i: usize = 0; i < <usize>f.rows; i++) {
      const list = rowLists + i * <usize>TILE * ENTRY, last = <usize>load<u32>(ends + (i << 2));
      addRows(s.ldm, list, last, s.decoder, codes + i * stride, gates + i * stride);
    }
  }
  store<f64>(totals + 8, active);
  store<i32>(buffer, touched); // loads whose result is used are made
}

/** The residuals' gradients, their sum over the samples, and what adds to the sums. */
export function sae_gated_residual(f: FusedGated): f64 {
  const s = changetype<Gated>(f.sae), n = <usize>s.ldm, stride = n << 2;
  const gates = f.parts + <usize>f.most * stride, step = (<usize>f.most << 1) * stride;
  store<f64>(s.sums, load<f64>(s.sums) + toResidual(f, f.parts, step, s.residual));
  store<f64>(s.sums + 24, load<f64>(s.sums + 24) + toResidual(f, gates, step, f.residuals));
  memory.fill(s.gDecoderBias, 0, stride);
  for (let i: usize = 0; i < <usize>f.rows; i++) {
    axpy(n, 1, s.residual + i * stride, s.gDecoderBias);
    if (!s.frozen) axpy(n, 1, f.residuals + i * stride, s.gDecoderBias);
  }
  return addTotals(f);
}

/** Gradients of a chunk's units, and AdamW on them. */
export function sae_gated_units(f: FusedGated, chunk: i32): void {
  const s = changetype<Gated>(f.sae), n = <usize>s.ldm, stride = n << 2, at = <usize>chunk;
  const most = <usize>f.most << 2, byCodes = f.slopes + 2 * at * most, byGates = byCodes + most;
  const through = throughOf(f, at, stride), gE = through + stride, gD = gE + stride, gamma = setting(f, 0);
  memory.fill(through, 0, stride);
  const end = <usize>firstUnit(s.w, chunk + 1);
  for (let j = <usize>firstUnit(s.w, chunk); j < end; j++) {
    const unit = j << 2, list = j * most, count = <usize>load<u32>(f.counts + unit);
    const places = f.places + list, values = f.values + list, gates = f.gates + list;
    const d = s.decoder + j * stride, factor = load<f32>(s.factors + unit);
    dots(n, count, places, s.residual, d, byCodes);
    dots(n, count, places, f.residuals, d, byGates);
    let magnitude: f32 = 0, log: f32 = 0, bias: f32 = 0, input: f32 = 0, silent = 1;
    for (let t: usize = 0; t < count << 2; t += 4) {
      const isOn = load<f32>(values + t) > 0, byCode: f32 = isOn ? load<f32>(byCodes + t) : 0;
      const byGate = load<f32>(byGates + t) + gamma, scaled = byCode * factor, byInput = byGate + scaled;
      store<f32>(byGates + t, byInput);
      magnitude += byCode, log += scaled * load<f32>(f.inputs + list + t), bias += byGate, input += byInput;
      if (isOn) silent = 0;
    }
    if (!s.frozen) {
      // the second of the pair is what both calls make
      rowGradients(n, count, places, gates, byGates, f.residuals, s.x, gD, gE);
      memory.copy(f.residuals + (<usize>f.most + at) * stride, gD, stride);
    }
    rowGradients(n, count, places, values, byGates, s.residual, s.x, gD, gE);
    if (!s.frozen) axpy(n, 1, f.residuals + (<usize>f.most + at) * stride, gD);
    updateRows(f, j, gE, input, through, gD, f.project ? -dot(n, gD, d) : 0);
    store<f32>(s.gEncoderBias + unit, bias);
    store<f32>(s.gMagnitudeBias + unit, magnitude);
    store<f32>(s.gLogScale + unit, log);
    if (s.tracked) store<i32>(s.silent + unit, silent ? load<i32>(s.silent + unit) + 1 : 0);
  }
  updateEach(f, chunk, s.encoderBias, s.gEncoderBias, f.meanEncoderBias, f.squareEncoderBias);
  updateEach(f, chunk, s.magnitudeBias, s.gMagnitudeBias, f.meanMagnitude, f.squareMagnitude);
  updateEach(f, chunk, s.logScale, s.gLogScale, f.meanScale, f.squareScale);
}
