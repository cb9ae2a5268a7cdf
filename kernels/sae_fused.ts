// What the training steps share that skip what is zero and never write a gradient. Encoder and decoder are
// read as they lie, a row per unit. The units are cut into chunks of a fixed number, so that threads may
// share them and the result does not depend on how many there are. A step takes its batch (sae_fused_start),
// makes the pre-activations of a chunk's units, 5 at a time, and later each unit's gradients from the list of
// its codes, then at once AdamW on its two rows.

import { adamw, adamwAlong, adamwSummed, unlessTiny } from "./adam";
import { gather } from "./sae";
import { Sae } from "./sae_record";
import { SupportSae } from "./sae_support";
import { madd } from "./simd";
import { firstUnit } from "./sae_products";
import { GROUP, packRows, tile5x8 } from "./tile5";
import { transpose } from "./transpose";
import { axpy, dot } from "./vectors";

/** FUSED_FIELDS in lib/cores/sae_fused.ts lists the same fields in the same order. */
// @ts-ignore: decorator
@unmanaged
export class SaeFused {
  sae: usize;
  chunks: i32;
  most: i32; // rows of a batch at most, rounded up to a multiple of 8
  project: i32; // whether the decoder's gradient loses its part along the atom
  rows: i32; // of this batch
  settings: usize; // float32: γ/rows, then what adamw takes after the addresses
  // running means of gradients and of their squares, laid out like the parameters
  meanEncoder: usize;
  squareEncoder: usize;
  meanEncoderBias: usize;
  squareEncoderBias: usize;
  meanDecoder: usize;
  squareDecoder: usize;
  meanDecoderBias: usize;
  squareDecoderBias: usize;
  panels: usize; // most/8 panels of m×8: the batch transposed, 8 samples a panel
  zeros: usize; // ldm
  // per chunk
  groups: usize; // ldm×5: rows of the encoder, as tile5.ts reads them
  buffers: usize; // 5×most pre-activations, or what belongs to the codes of one unit
  gradients: usize; // 3×ldm: Σ gradient·row of the encoder; by the unit's rows of encoder and decoder
}

// @ts-ignore: decorator
@inline export function setting(f: SaeFused, i: usize): f32 {
  return load<f32>(f.settings + (i << 2));
}

/** AdamW on n values, a multiple of 4. */
export function update(f: SaeFused, n: i32, p: usize, g: usize, mean: usize, square: usize): void {
  adamw(
    n, p, g, mean, square, setting(f, 1), setting(f, 2), setting(f, 3), setting(f, 4), setting(f, 5),
    setting(f, 6), setting(f, 7), setting(f, 8),
  );
}

/**
 * AdamW on the rows of unit j, with gradients gE and gD. Before, `through` gains `sum` times the encoder's row; the
 * decoder's gradient gains `along` times its row.
 */
export function updateRows(
  f: SaeFused, j: usize, gE: usize, sum: f32, through: usize, gD: usize, along: f32,
): void {
  const s = changetype<Sae>(f.sae), row = j * <usize>s.ldm << 2;
  adamwSummed(
    s.ldm, sum, through, s.encoder + row, gE, f.meanEncoder + row, f.squareEncoder + row, setting(f, 1),
    setting(f, 2), setting(f, 3), setting(f, 4), setting(f, 5), setting(f, 6), setting(f, 7), setting(f, 8),
  );
  adamwAlong(
    s.ldm, along, s.decoder + row, gD, f.meanDecoder + row, f.squareDecoder + row, setting(f, 1),
    setting(f, 2), setting(f, 3), setting(f, 4), setting(f, 5), setting(f, 6), setting(f, 7), setting(f, 8),
  );
}

/** AdamW on both rows of a unit that has no code. */
export function updateIdle(f: SaeFused, j: usize): void {
  const s = changetype<Sae>(f.sae), row = j * <usize>s.ldm << 2;
  update(f, s.ldm, s.encoder + row, f.zeros, f.meanEncoder + row, f.squareEncoder + row);
  update(f, s.ldm, s.decoder + row, f.zeros, f.meanDecoder + row, f.squareDecoder + row);
}

/** Stores the first `count` of four values. */
// @ts-ignore: decorator
@inline function storeFirst(count: usize, a: usize, v: v128): void {
  if (count > 3) return v128.store(a, v);
  v128.store32_lane(a, v, 0);
  if (count > 1) v128.store32_lane(a, v, 1, 4);
  if (count > 2) v128.store32_lane(a, v, 2, 8);
}

/** AdamW on what the units of a chunk have one of, without fused multiply-adds: as on each value alone. */
export function updateEach(f: SaeFused, chunk: i32, p: usize, g: usize, mean: usize, square: usize): void {
  const w = changetype<Sae>(f.sae).w, end = <usize>firstUnit(w, chunk + 1);
  const scale = f32x4.splat(setting(f, 1)), r1 = f32x4.splat(setting(f, 2)), b2 = f32x4.splat(setting(f, 3));
  const r2 = f32x4.splat(setting(f, 4)), keep = f32x4.splat(setting(f, 5)), step = f32x4.splat(setting(f, 6));
  const root = f32x4.splat(setting(f, 7)), e = f32x4.splat(setting(f, 8));
  for (let j = <usize>firstUnit(w, chunk); j < end; j += 4) {
    const at = j << 2, count = end - j, m0 = v128.load(mean + at);
    const grad = f32x4.mul(v128.load(g + at), scale);
    const m1 = unlessTiny(f32x4.add(m0, f32x4.mul(f32x4.sub(grad, m0), r1)));
    const v1 = f32x4.add(f32x4.mul(f32x4.mul(grad, r2), grad), f32x4.mul(v128.load(square + at), b2));
    const change = f32x4.div(f32x4.mul(m1, step), f32x4.add(f32x4.mul(f32x4.sqrt(v1), root), e));
    storeFirst(count, mean + at, m1);
    storeFirst(count, square + at, v1);
    storeFirst(count, p + at, f32x4.sub(f32x4.mul(v128.load(p + at), keep), change));
  }
}

/** Where a chunk's Σ gradient·row of the encoder is; the gradients by a unit's two rows follow it. */
// @ts-ignore: decorator
@inline export function throughOf(f: SaeFused, chunk: usize, stride: usize): usize {
  return f.gradients + chunk * 3 * stride;
}

/** Takes the batch: its rows minus the decoder bias, and their panels. */
export function sae_fused_start(f: SaeFused, data: usize, order: usize, rows: i32): void {
  const s = changetype<Sae>(f.sae), stride = <usize>s.ldm << 2;
  f.rows = rows;
  gather(s, data, order, rows);
  for (let i = 0, panel = f.panels; i < rows; i += 8, panel += <usize>s.m << 5) {
    transpose(min(8, rows - i), s.m, s.x + <usize>i * stride, s.ldm, panel, 8);
  }
}

/** Reads a value of each cache line. */
// @ts-ignore: decorator
@inline function touch(from: usize, bytes: usize): i32 {
  let all = 0;
  for (const end = from + bytes; from < end; from += 64) all ^= load<i32>(from);
  return all;
}

/**
 * The pre-activations, without bias, of up to 5 units from j on, in the chunk's buffer, a row per unit, for samples `from`,
 * a multiple of 8, up to `to`; `last` ends the tile. Reads these units' rows of the decoder too where they are needed
 * `soon`. Returns what keeps reads ahead of their use from being left out.
 */
export function encodeUnits(f: SaeFused, j: i32, last: i32, chunk: i32, soon: bool, from: i32, to: i32): i32 {
  const s = changetype<Sae>(f.sae), m = <usize>s.m, stride = <usize>s.ldm << 2, ldc = <usize>f.most << 2;
  const at = <usize>chunk * GROUP, group = f.groups + at * stride, buffer = f.buffers + at * ldc;
  const e = s.encoder + <usize>j * stride, zeros = f.zeros;
  const share: usize = (GROUP * stride / 8 + 63) & ~(<usize>63);
  let touched = 0;
  packRows(<usize>min(<i32>GROUP, last - j), m, e, stride, group);
  for (let p = <usize>from; p < <usize>to; p += 8) {
    // rows come from far: ask for an eighth of them beside each of eight panels
    const part = (p & 56) / 8 * share;
    if (j + 2 * <i32>GROUP <= last) touched ^= touch(e + GROUP * stride + part, share);
    if (soon && j + <i32>GROUP <= last) touched ^= touch(s.decoder + <usize>j * stride + part, share);
    tile5x8(m, group, f.panels + m * (p << 2), 32, zeros, 0, buffer + (p << 2), ldc);
  }
  return touched;
}

/** gD ← Σ code·r, gE ← Σ g·x over a list. */
export function rowGradients(
  n: usize, count: usize, places: usize, values: usize, g: usize, r: usize, x: usize, gD: usize, gE: usize,
): void {
  sumRows(n, count, places, values, r, gD);
  sumRows(n, count, places, g, x, gE);
}

/** out ← Σ value·row over a list: 12 vectors of columns at a time, then 4, then 2. */
function sumRows(n: usize, count: usize, places: usize, values: usize, rows: usize, out: usize): void {
  const end = out + (n << 2), last = places + (count << 2), toValues = values - places;
  for (; out + 192 <= end; out += 192, rows += 192) {
    let c0 = f32x4.splat(0), c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0;
    let c6 = c0, c7 = c0, c8 = c0, c9 = c0, c10 = c0, c11 = c0;
    for (let t = places; t < last; t += 4) {
      const d = rows + <usize>load<u32>(t), v = v128.load32_splat(t + toValues);
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
    let c0 = f32x4.splat(0), c1 = c0, c2 = c0, c3 = c0;
    for (let t = places; t < last; t += 4) {
      const d = rows + <usize>load<u32>(t), v = v128.load32_splat(t + toValues);
      c0 = madd(v, v128.load(d), c0), c1 = madd(v, v128.load(d, 16), c1);
      c2 = madd(v, v128.load(d, 32), c2), c3 = madd(v, v128.load(d, 48), c3);
    }
    v128.store(out, c0), v128.store(out, c1, 16), v128.store(out, c2, 32), v128.store(out, c3, 48);
  }
  for (; out < end; out += 32, rows += 32) {
    let c0 = f32x4.splat(0), c1 = c0;
    for (let t = places; t < last; t += 4) {
      const d = rows + <usize>load<u32>(t), v = v128.load32_splat(t + toValues);
      c0 = madd(v, v128.load(d), c0), c1 = madd(v, v128.load(d, 16), c1);
    }
    v128.store(out, c0), v128.store(out, c1, 16);
  }
}

/**
 * The lists of the samples turned round: `heads` gets each unit's first code or −1, `nexts` each code's next one of the
 * same unit or −1, `samples` whose it is. Codes are told by their place in the lists, a unit's in their order.
 */
export function turnRound(s: SupportSae, rows: i32, heads: usize, nexts: usize, samples: usize): void {
  memory.fill(heads, 0xff, <usize>s.w << 2);
  for (let i = <usize>rows; i-- > 0;) {
    const indices = s.indicesOf(i), at = indices - s.indices;
    for (let t: usize = 0; t < s.countOf(i) << 2; t += 4) {
      const head = heads + (<usize>load<u32>(indices + t) << 2);
      store<u32>(samples + at + t, <u32>i);
      store<i32>(nexts + at + t, load<i32>(head));
      store<u32>(head, <u32>((at + t) >> 2));
    }
  }
}

/** Takes what comes through the encoder's input from the decoder bias's gradient, and updates it. */
export function sae_fused_end(f: SaeFused): void {
  const s = changetype<Sae>(f.sae), n = <usize>s.ldm, stride = n << 2;
  for (let c: usize = 0; c < <usize>f.chunks; c++) {
    axpy(n, -1, throughOf(f, c, stride), s.gDecoderBias);
  }
  update(f, s.ldm, s.decoderBias, s.gDecoderBias, f.meanDecoderBias, f.squareDecoderBias);
}
