// A training step of relu and jumprelu that skips what is zero and never writes a gradient; see sae_fused.ts.
//
// 1. sae_fused_start: the batch.
// 2. sae_relu_encode, per chunk: pre-activations, the active codes of each unit as a list, and the chunk's
//    part of the reconstruction.
// 3. sae_relu_residual: the parts' sum − x, and its gradient.
// 4. sae_relu_units, per chunk: a unit's gradients from its list, and AdamW on its two rows.
// 5. sae_fused_end: what comes through the encoder's input to the decoder bias.

import { activeFrom, add } from "./sae";
import {
  encodeUnits, rowGradients, setting, throughOf, updateEach, updateIdle, updateRows,
} from "./sae_fused";
import { addTotals, dots, FusedLists, TILE, toResidual, totalsOf } from "./sae_fused_lists";
import { JumpRelu } from "./sae_jumprelu";
import { firstUnit } from "./sae_products";
import { Sae } from "./sae_record";
import { madd } from "./simd";
import { GROUP } from "./tile5";
import { axpy, dot, subtract } from "./vectors";

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
  squares: usize; // most, float64: squared errors of samples that are scored
}

/** Bits of up to 64 values a + bias: which are above the threshold. */
function select(n: i32, bias: f32, theta: f32, a: usize): u64 {
  const b = f32x4.splat(bias), t = f32x4.splat(theta);
  let bits: u64 = 0;
  for (let i = 0; i < n; i += 4, a += 16) {
    bits |= <u64>i32x4.bitmask(f32x4.gt(f32x4.add(v128.load(a), b), t)) << i;
  }
  return n < 64 ? bits & ((<u64>1 << n) - 1) : bits;
}

/** Bits of up to 64 values v = a + bias: which are above the threshold θ, or have relu(v) within `half` of it. */
function selectNear(n: i32, bias: f32, theta: f32, half: f32, a: usize): u64 {
  const b = f32x4.splat(bias), t = f32x4.splat(theta), least = f32x4.splat(-half), zero = f32x4.splat(0);
  let bits: u64 = 0;
  for (let i = 0; i < n; i += 4, a += 16) {
    const v = f32x4.add(v128.load(a), b);
    bits |= <u64>i32x4.bitmask(f32x4.ge(f32x4.sub(f32x4.pmax(zero, v), t), least)) << i;
  }
  return n < 64 ? bits & ((<u64>1 << n) - 1) : bits;
}

/**
 * Half the bandwidth ε: a distance d from the threshold is near it, d/ε ≤ 1/2, where d ≤ ε/2, also as these are rounded.
 */
// @ts-ignore: decorator
@inline function halfBandwidth(jump: JumpRelu): f32 {
  return load<f32>(jump.settings) * 0.5;
}

/** θ of the unit at this distance. */
// @ts-ignore: decorator
@inline function thresholdOf(jump: JumpRelu, unit: usize): f32 {
  return Mathf.exp(min(load<f32>(jump.logThreshold + unit), MAX_LOG));
}

/** A tile's lists of one unit, from `at` on, and of the samples, from its pre-activations at a. Returns the active codes. */
function listUnit(f: FusedRelu, s: Sae, j: i32, at: usize, a: usize, ends: usize, penalty: usize): i32 {
  const unit = <usize>j << 2, stride = <usize>s.ldm << 2, row = <u32>(<usize>j * stride);
  const isRelu = s.type == RELU, jump = changetype<JumpRelu>(f.sae);
  const bias = load<f32>(s.encoderBias + unit);
  let theta: f32 = 0, half: f32 = 0, sum: f32 = 0, active = 0;
  if (!isRelu) {
    theta = thresholdOf(jump, unit);
    store<f32>(jump.threshold + unit, theta);
    half = halfBandwidth(jump);
  }
  let places = f.places + at, values = f.values + at;
  for (let first = 0; first < f.rows; first += 64) {
    const n = min(64, f.rows - first), from = a + (<usize>first << 2);
    let bits = isRelu ? select(n, bias, theta, from) : selectNear(n, bias, theta, half, from);
    for (; bits != 0; bits &= bits - 1, places += 4, values += 4) {
      const i = <usize>first + <usize>ctz(bits), code = load<f32>(a + (i << 2)) + bias;
      store<u32>(places, <u32>(i * stride));
      if (!(code > theta)) {
        store<f32>(values, 0);
        continue;
      }
      store<f32>(values, code);
      const end = ends + (i << 2), entry = <usize>load<u32>(end);
      store<u32>(entry, row);
      store<f32>(entry, code, 4);
      store<u32>(end, <u32>(entry + 8));
      sum += code, active++;
    }
  }
  store<u32>(f.counts + unit, <u32>((places - f.places - at) >> 2));
  store<f64>(penalty, load<f64>(penalty) + (isRelu ? <f64>sum : <f64>active));
  return active;
}

/** out ← out + Σ code·row over a sample's list: 12 vectors of columns at a time, then 4, then 2. */
function addRows(n: usize, list: usize, last: usize, rows: usize, out: usize): void {
  const end = out + (n << 2);
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

/** Begins a tile's lists of samples `from` up to `to`. */
function beginTile(from: i32, to: i32, ends: usize, lists: usize): void {
  for (let i = <usize>from; i < <usize>to; i++) store<u32>(ends + (i << 2), <u32>(lists + i * (<usize>TILE << 3)));
}

/** Adds what a tile's lists say to the rows of these samples in `out`. */
function endTile(from: i32, to: i32, n: usize, ends: usize, lists: usize, rows: usize, out: usize): void {
  for (let i = <usize>from; i < <usize>to; i++) {
    addRows(n, lists + i * (<usize>TILE << 3), <usize>load<u32>(ends + (i << 2)), rows, out + i * (n << 2));
  }
}

/** Pre-activations, lists and the part of the reconstruction of a chunk. */
export function sae_relu_encode(f: FusedRelu, chunk: i32): void {
  const s = changetype<Sae>(f.sae), stride = <usize>s.ldm << 2;
  const most = <usize>f.most, at = <usize>chunk, ldc = most << 2;
  const buffer = f.buffers + at * GROUP * ldc, ends = f.rowEnds + at * ldc;
  const rowLists = f.rowLists + at * most * (<usize>TILE << 3), part = f.parts + at * most * stride;
  const totals = totalsOf(f, at), end = firstUnit(s.w, chunk + 1);
  let active = 0, touched = 0, list = <usize>firstUnit(s.w, chunk) * ldc;
  store<f64>(totals, 0);
  memory.fill(part, 0, most * stride);
  for (let tile = firstUnit(s.w, chunk); tile < end; tile += TILE) {
    const last = min(end, tile + TILE);
    beginTile(0, f.rows, ends, rowLists);
    for (let j = tile; j < last; j += <i32>GROUP) {
      const units = min(<i32>GROUP, last - j);
      touched ^= encodeUnits(f, j, last, chunk, true, 0, f.rows);
      for (let u = 0; u < units; u++) {
        active += listUnit(f, s, j + u, list, buffer + <usize>u * ldc, ends, totals);
        list += <usize>load<u32>(f.counts + (<usize>(j + u) << 2)) << 2;
      }
    }
    endTile(0, f.rows, s.ldm, ends, rowLists, s.decoder, part);
  }
  store<f64>(totals + 8, active);
  store<i32>(buffer, touched); // loads whose result is used are made
}

/** A tile's lists of samples `from` up to `to`, from the pre-activations of one unit. Returns its codes that count in l0. */
function listCodes(f: FusedRelu, s: Sae, j: i32, from: i32, to: i32, a: usize, ends: usize): i32 {
  const unit = <usize>j << 2, row = <u32>(<usize>j * (<usize>s.ldm << 2)), bias = load<f32>(s.encoderBias + unit);
  const theta: f32 = s.type == RELU ? 0 : thresholdOf(changetype<JumpRelu>(f.sae), unit), least = activeFrom(s);
  let active = 0;
  for (let first = from; first < to; first += 64) {
    const at = a + (<usize>first << 2);
    for (let bits = select(min(64, to - first), bias, theta, at); bits != 0; bits &= bits - 1) {
      const i = <usize>ctz(bits), code = load<f32>(at + (i << 2)) + bias;
      const end = ends + ((<usize>first + i) << 2), entry = <usize>load<u32>(end);
      store<u32>(entry, row);
      store<f32>(entry, code, 4);
      store<u32>(end, <u32>(entry + 8));
      active += i32(code > least);
    }
  }
  return active;
}

/**
 * Residuals and active codes of samples `from`, a multiple of 8, up to `to`, as sae_forward has them and to the bit: all
 * units in turn, in the room of a chunk, of which no other thread makes use.
 */
export function sae_relu_score(f: FusedRelu, chunk: i32, from: i32, to: i32): void {
  const s = changetype<Sae>(f.sae), n = <usize>s.ldm, stride = n << 2, at = <usize>chunk, ldc = <usize>f.most << 2;
  const buffer = f.buffers + at * GROUP * ldc, ends = f.rowEnds + at * ldc, r = f.parts;
  const rowLists = f.rowLists + at * <usize>f.most * (<usize>TILE << 3);
  const own = r + <usize>from * stride, count = <usize>(to - from);
  let active = 0, touched = 0;
  memory.fill(own, 0, count * stride);
  for (let tile = 0; tile < s.w; tile += TILE) {
    const last = min(s.w, tile + TILE);
    beginTile(from, to, ends, rowLists);
    for (let j = tile; j < last; j += <i32>GROUP) {
      touched ^= encodeUnits(f, j, last, chunk, true, from, to);
      for (let u = j; u < min(j + <i32>GROUP, last); u++) {
        active += listCodes(f, s, u, from, to, buffer + <usize>(u - j) * ldc, ends);
      }
    }
    endTile(from, to, n, ends, rowLists, s.decoder, r);
  }
  subtract(count * n, own, s.x + <usize>from * stride, own);
  for (let i = <usize>from; i < <usize>to; i++) {
    store<f64>(f.squares + (i << 3), dot(n, r + i * stride, r + i * stride));
  }
  store<f64>(totalsOf(f, at) + 8, active);
  store<i32>(buffer, touched); // loads whose result is used are made
}

/** Adds what so many parts of the samples gave to the sums. */
export function sae_relu_score_end(f: FusedRelu, parts: i32): void {
  const sums = changetype<Sae>(f.sae).sums;
  let squares: f64 = 0, active: f64 = 0;
  for (let i: usize = 0; i < <usize>f.rows; i++) squares += load<f64>(f.squares + (i << 3));
  for (let c: usize = 0; c < <usize>parts; c++) active += load<f64>(totalsOf(f, c) + 8);
  add(sums, squares), add(sums + 16, active);
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

/** Whether one of `count` values, or of up to 3 that follow, is at most `bound` above θ. */
function anyNear(count: usize, values: usize, theta: f32, bound: f32): bool {
  const t = f32x4.splat(theta), most = f32x4.splat(bound);
  let near = i32x4.splat(0);
  for (const end = values + (count << 2); values < end; values += 16) {
    near = v128.or(near, f32x4.le(f32x4.sub(v128.load(values), t), most));
  }
  return v128.any_true(near);
}

/** The gradients by pre-activations from those by codes, in place, and the one by log θ. Returns their sum. */
function throughJump(f: FusedRelu, j: usize, count: usize, values: usize, g: usize): f32 {
  const jump = changetype<JumpRelu>(f.sae), unit = j << 2, gamma = setting(f, 0);
  const theta = load<f32>(jump.threshold + unit), bandwidth = load<f32>(jump.settings);
  const half = halfBandwidth(jump);
  let sum: f32 = 0, gTheta: f32 = 0, active = <i32>count;
  // a listed sample without a code is there because relu(pre) is near θ
  if (anyNear(count, values, theta, half)) {
    for (let t: usize = 0; t < count << 2; t += 4) {
      const code = load<f32>(values + t), grad = load<f32>(g + t);
      if (code == 0) gTheta -= (theta * grad) / bandwidth, store<f32>(g + t, 0), active--;
      else if (abs(code - theta) <= half) gTheta -= (theta * grad + gamma) / bandwidth;
    }
  }
  for (let t: usize = 0; t < count << 2; t += 4) sum += load<f32>(g + t);
  // the penalty sees codes of 0 near θ as well
  if (theta <= half) gTheta -= <f32>(f.rows - active) * gamma / bandwidth;
  const log = load<f32>(jump.logThreshold + unit);
  store<f32>(jump.gLogThreshold + unit, log > MAX_LOG ? 0 : gTheta * theta);
  return sum;
}

/** Gradients of a chunk's units, and AdamW on them. */
export function sae_relu_units(f: FusedRelu, chunk: i32): void {
  const s = changetype<Sae>(f.sae), n = <usize>s.ldm, stride = n << 2, at = <usize>chunk;
  const most = <usize>f.most, g = f.buffers + at * GROUP * (most << 2), gamma = setting(f, 0);
  const isRelu = s.type == RELU;
  const through = throughOf(f, at, stride), gE = through + stride, gD = gE + stride;
  memory.fill(through, 0, stride);
  const first = <usize>firstUnit(s.w, chunk), end = <usize>firstUnit(s.w, chunk + 1);
  let list = first * most << 2;
  for (let j = first; j < end; j++) {
    const unit = j << 2, d = s.decoder + j * stride, count = <usize>load<u32>(f.counts + unit);
    const places = f.places + list, values = f.values + list;
    dots(n, count, places, s.residual, d, g);
    let along: f32 = 0, sum: f32 = 0;
    for (let t: usize = 0; t < count << 2; t += 4) {
      const slope = load<f32>(g + t), v = slope + gamma;
      along += load<f32>(values + t) * slope;
      if (!isRelu) continue;
      store<f32>(g + t, v);
      sum += v;
    }
    if (!isRelu) sum = throughJump(f, j, count, values, g);
    store<f32>(s.gEncoderBias + unit, sum);
    if (count == 0) updateIdle(f, j);
    else {
      rowGradients(n, count, places, values, g, s.residual, s.x, gD, gE);
      updateRows(f, j, gE, sum, through, gD, f.project ? -along : 0);
    }
    if (s.tracked) {
      const silent = s.silent + unit;
      store<i32>(silent, anyCode(count, values) ? 0 : load<i32>(silent) + 1);
    }
    list += count << 2;
  }
  updateEach(f, chunk, s.encoderBias, s.gEncoderBias, f.meanEncoderBias, f.squareEncoderBias);
  if (isRelu) return;
  const jump = changetype<JumpRelu>(f.sae);
  updateEach(f, chunk, jump.logThreshold, jump.gLogThreshold, f.meanLog, f.squareLog);
}

/** Whether a list has a code that is not 0. */
function anyCode(count: usize, values: usize): bool {
  for (let t: usize = 0; t < count << 2; t += 4) if (load<f32>(values + t) != 0) return true;
  return false;
}
