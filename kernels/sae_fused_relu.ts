// A training step of relu and jumprelu that skips what is zero and never writes a gradient; see sae_fused.ts.
//
// 1. sae_fused_start: the batch.
// 2. sae_relu_encode, per chunk: pre-activations, the active codes of each unit as a list, and the chunk's
//    part of the reconstruction.
// 3. sae_relu_residual: the parts' sum − x, and its gradient.
// 4. sae_relu_units, per chunk: a unit's gradients from its list, and AdamW on its two rows.
// 5. sae_fused_end: what comes through the encoder's input to the decoder bias.

import { encodeUnits, rowGradients, setting, throughOf, update, update1 } from "./sae_fused";
import { addTotals, dots, FusedLists, TILE, toResidual } from "./sae_fused_lists";
import { JumpRelu } from "./sae_jumprelu";
import { firstUnit } from "./sae_products";
import { Sae } from "./sae_record";
import { madd } from "./simd";
import { GROUP } from "./tile5";
import { axpy } from "./vectors";

/** The number of relu in lib/cores/sae_relu.ts. */
// @ts-ignore: decorator
@inline const RELU: i32 = 0;
/** The logarithm of a threshold is capped here, as in sae_jumprelu.ts. */
// @ts-ignore: decorator
@inline const MAX_LOG: f32 = 20;

/** The fields of lib/cores/sae_fused_relu.ts. */
// @ts-ignore: decorator
@unmanaged
export class FusedRelu extends FusedLists {
  meanLog: usize;
  squareLog: usize;
}

/** Bits of up to 64 pre-activations: which are above the threshold, after the bias was added to them. */
function select(n: i32, bias: f32, theta: f32, a: usize): u64 {
  const b = f32x4.splat(bias), t = f32x4.splat(theta);
  let bits: u64 = 0;
  for (let i = 0; i < n; i += 4, a += 16) {
    const v = f32x4.add(v128.load(a), b);
    v128.store(a, v);
    bits |= <u64>i32x4.bitmask(f32x4.gt(v, t)) << i;
  }
  return n < 64 ? bits & ((<u64>1 << n) - 1) : bits;
}

/** Bits of up to 64 values v: where |relu(v) − θ|/ε ≤ 1/2. */
function selectNear(n: i32, theta: f32, bandwidth: f32, a: usize): u64 {
  const t = f32x4.splat(theta), eps = f32x4.splat(bandwidth), zero = f32x4.splat(0);
  let bits: u64 = 0;
  for (let i = 0; i < n; i += 4, a += 16) {
    const distance = f32x4.div(f32x4.sub(f32x4.pmax(zero, v128.load(a)), t), eps);
    bits |= <u64>i32x4.bitmask(f32x4.le(f32x4.abs(distance), f32x4.splat(0.5))) << i;
  }
  return n < 64 ? bits & ((<u64>1 << n) - 1) : bits;
}

/** A tile's lists of one unit and of the samples, from its pre-activations at a. Returns the active codes. */
function listUnit(
  f: FusedRelu, s: Sae, j: i32, a: usize, rowCounts: usize, rowLists: usize, penalty: usize,
): i32 {
  const unit = <usize>j << 2, stride = <usize>s.ldm << 2, row = <u32>(<usize>j * stride);
  const isRelu = s.type == RELU, jump = changetype<JumpRelu>(f.sae);
  const bias = load<f32>(s.encoderBias + unit);
  let theta: f32 = 0, bandwidth: f32 = 1, sum: f32 = 0, active = 0;
  if (!isRelu) {
    theta = Mathf.exp(min(load<f32>(jump.logThreshold + unit), MAX_LOG));
    store<f32>(jump.threshold + unit, theta);
    bandwidth = load<f32>(jump.settings);
  }
  const start = <usize>j * <usize>f.most << 2;
  let places = f.places + start, values = f.values + start;
  for (let first = 0; first < f.rows; first += 64) {
    const n = min(64, f.rows - first), at = a + (<usize>first << 2);
    const on = select(n, bias, theta, at);
    let bits = isRelu ? on : on | selectNear(n, theta, bandwidth, at);
    for (; bits != 0; bits &= bits - 1, places += 4, values += 4) {
      const bit = ctz(bits), i = <usize>first + <usize>bit;
      store<u32>(places, <u32>(i * stride));
      if (!(on >> bit & 1)) {
        store<f32>(values, 0);
        continue;
      }
      const code = load<f32>(a + (i << 2)), count = load<u32>(rowCounts + (i << 2));
      store<f32>(values, code);
      const pair = rowLists + ((i * <usize>TILE + <usize>count) << 3);
      store<u32>(pair, row);
      store<f32>(pair + 4, code);
      store<u32>(rowCounts + (i << 2), count + 1);
      sum += code, active++;
    }
  }
  store<u32>(f.counts + unit, <u32>((places - f.places - start) >> 2));
  store<f64>(penalty, load<f64>(penalty) + (isRelu ? <f64>sum : <f64>active));
  return active;
}

/** out ← out + Σ code·row over a sample's list: 12 vectors of columns at a time, then 4, then 2. */
function addRows(n: usize, list: usize, count: u32, rows: usize, out: usize): void {
  const end = out + (n << 2), last = list + (<usize>count << 3);
  for (; out + 192 <= end; out += 192, rows += 192) {
    let c0 = v128.load(out), c1 = v128.load(out, 16), c2 = v128.load(out, 32);
    let c3 = v128.load(out, 48), c4 = v128.load(out, 64), c5 = v128.load(out, 80);
    let c6 = v128.load(out, 96), c7 = v128.load(out, 112), c8 = v128.load(out, 128);
    let c9 = v128.load(out, 144), c10 = v128.load(out, 160), c11 = v128.load(out, 176);
    for (let t = list; t < last; t += 8) {
      const d = rows + <usize>load<u32>(t), v = v128.load32_splat(t, 4);
      c0 = madd(v, v128.load(d), c0), c1 = madd(v, v128.load(d, 16), c1);
      c2 = madd(v, v128.load(d, 32), c2), c3 = madd(v, v128.load(d, 48), c3);
      c4 = madd(v, v128.load(d, 64), c4), c5 = madd(v, v128.load(d, 80), c5);
      c6 = madd(v, v128.load(d, 96), c6), c7 = madd(v, v128.load(d, 112), c7);
      c8 = madd(v, v128.load(d, 128), c8), c9 = madd(v, v128.load(d, 144), c9);
      c10 = madd(v, v128.load(d, 160), c10), c11 = madd(v, v128.load(d, 176), c11);
    }
    v128.store(out, c0), v128.store(out, c1, 16), v128.store(out, c2, 32);
    v128.store(out, c3, 48), v128.store(out, c4, 64), v128.store(out, c5, 80);
    v128.store(out, c6, 96), v128.store(out, c7, 112), v128.store(out, c8, 128);
    v128.store(out, c9, 144), v128.store(out, c10, 160), v128.store(out, c11, 176);
  }
  for (; out + 64 <= end; out += 64, rows += 64) {
    let c0 = v128.load(out), c1 = v128.load(out, 16);
    let c2 = v128.load(out, 32), c3 = v128.load(out, 48);
    for (let t = list; t < last; t += 8) {
      const d = rows + <usize>load<u32>(t), v = v128.load32_splat(t, 4);
      c0 = madd(v, v128.load(d), c0), c1 = madd(v, v128.load(d, 16), c1);
      c2 = madd(v, v128.load(d, 32), c2), c3 = madd(v, v128.load(d, 48), c3);
    }
    v128.store(out, c0), v128.store(out, c1, 16), v128.store(out, c2, 32), v128.store(out, c3, 48);
  }
  for (; out < end; out += 32, rows += 32) {
    let c0 = v128.load(out), c1 = v128.load(out, 16);
    for (let t = list; t < last; t += 8) {
      const d = rows + <usize>load<u32>(t), v = v128.load32_splat(t, 4);
      c0 = madd(v, v128.load(d), c0), c1 = madd(v, v128.load(d, 16), c1);
    }
    v128.store(out, c0), v128.store(out, c1, 16);
  }
}

/** Pre-activations, lists and the part of the reconstruction of a chunk. */
export function sae_relu_encode(f: FusedRelu, chunk: i32): void {
  const s = changetype<Sae>(f.sae), stride = <usize>s.ldm << 2;
  const most = <usize>f.most, at = <usize>chunk, ldc = most << 2;
  const buffer = f.buffers + at * GROUP * ldc, rowCounts = f.rowCounts + at * ldc;
  const rowLists = f.rowLists + at * most * (<usize>TILE << 3), part = f.parts + at * most * stride;
  const totals = f.totals + (at << 4), end = firstUnit(s.w, chunk + 1);
  let active = 0, touched = 0;
  store<f64>(totals, 0);
  memory.fill(part, 0, most * stride);
  for (let tile = firstUnit(s.w, chunk); tile < end; tile += TILE) {
    memory.fill(rowCounts, 0, ldc);
    const last = min(end, tile + TILE);
    for (let j = tile; j < last; j += <i32>GROUP) {
      const units = min(<i32>GROUP, last - j);
      touched ^= encodeUnits(f, j, last, chunk);
      for (let u = 0; u < units; u++) {
        active += listUnit(f, s, j + u, buffer + <usize>u * ldc, rowCounts, rowLists, totals);
      }
    }
    for (let i: usize = 0; i < <usize>f.rows; i++) {
      const list = rowLists + i * (<usize>TILE << 3), count = load<u32>(rowCounts + (i << 2));
      addRows(s.ldm, list, count, s.decoder, part + i * stride);
    }
  }
  store<f64>(totals + 8, active);
  store<i32>(buffer, touched); // loads whose result is used are made
}

/** The residual's gradient, its sum over the samples, and what adds to the sums. */
export function sae_relu_residual(f: FusedRelu): f64 {
  const s = changetype<Sae>(f.sae), n = <usize>s.ldm, stride = n << 2, r = s.residual;
  const squares = toResidual(f, f.parts, <usize>f.most * stride, r);
  store<f64>(s.sums, load<f64>(s.sums) + squares);
  memory.fill(s.gDecoderBias, 0, stride);
  for (let i: usize = 0; i < <usize>f.rows; i++) axpy(n, 1, r + i * stride, s.gDecoderBias);
  return addTotals(f);
}

/** The gradients by pre-activations from those by codes, in place; updates log θ. Returns their sum. */
function throughJump(f: FusedRelu, j: usize, count: usize, values: usize, g: usize): f32 {
  const jump = changetype<JumpRelu>(f.sae), unit = j << 2, gamma = setting(f, 0);
  const theta = load<f32>(jump.threshold + unit), bandwidth = load<f32>(jump.settings);
  let sum: f32 = 0, gTheta: f32 = 0, active = 0;
  for (let t: usize = 0; t < count << 2; t += 4) {
    const code = load<f32>(values + t), grad = load<f32>(g + t);
    const near = abs((code - theta) / bandwidth) <= 0.5;
    // a listed sample without a code is there because relu(pre) is near θ
    if (code == 0) gTheta -= (theta * grad) / bandwidth, store<f32>(g + t, 0);
    else {
      active++, sum += grad;
      if (near) gTheta -= (theta * grad + gamma) / bandwidth;
    }
  }
  // the penalty sees codes of 0 near θ as well
  if (abs(-theta / bandwidth) <= 0.5) gTheta -= <f32>(f.rows - active) * gamma / bandwidth;
  const log = load<f32>(jump.logThreshold + unit);
  const gLog: f32 = log > MAX_LOG ? 0 : gTheta * theta;
  update1(f, unit, gLog, jump.logThreshold, f.meanLog, f.squareLog);
  return sum;
}

/** Gradients of a chunk's units, and AdamW on them. */
export function sae_relu_units(f: FusedRelu, chunk: i32): void {
  const s = changetype<Sae>(f.sae), n = <usize>s.ldm, stride = n << 2, at = <usize>chunk;
  const most = <usize>f.most, g = f.buffers + at * GROUP * (most << 2), gamma = setting(f, 0);
  const through = throughOf(f, at, stride), gE = through + stride, gD = gE + stride;
  memory.fill(through, 0, stride);
  const end = <usize>firstUnit(s.w, chunk + 1);
  for (let j = <usize>firstUnit(s.w, chunk); j < end; j++) {
    const unit = j << 2, row = j * stride, start = j * most << 2;
    const count = <usize>load<u32>(f.counts + unit);
    const places = f.places + start, values = f.values + start;
    const d = s.decoder + row, e = s.encoder + row;
    dots(n, count, places, s.residual, d, g);
    let along: f32 = 0, sum: f32 = 0;
    for (let t: usize = 0; t < count << 2; t += 4) along += load<f32>(values + t) * load<f32>(g + t);
    if (s.type != RELU) sum = throughJump(f, j, count, values, g);
    else {
      for (let t: usize = 0; t < count << 2; t += 4) {
        const v = load<f32>(g + t) + gamma;
        store<f32>(g + t, v);
        sum += v;
      }
    }
    rowGradients(n, count, places, values, g, s.residual, s.x, gD, gE);
    if (f.project) axpy(n, -along, d, gD);
    axpy(n, sum, e, through);
    update(f, s.ldm, e, gE, f.meanEncoder + row, f.squareEncoder + row);
    update(f, s.ldm, d, gD, f.meanDecoder + row, f.squareDecoder + row);
    update1(f, unit, sum, s.encoderBias, f.meanEncoderBias, f.squareEncoderBias);
    if (s.tracked) {
      const silent = s.silent + unit;
      store<i32>(silent, anyCode(count, values) ? 0 : load<i32>(silent) + 1);
    }
  }
}

/** Whether a list has a code that is not 0. */
function anyCode(count: usize, values: usize): bool {
  for (let t: usize = 0; t < count << 2; t += 4) if (load<f32>(values + t) != 0) return true;
  return false;
}
