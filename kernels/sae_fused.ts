// What the training steps share that skip what is zero and never write a gradient. Encoder and decoder are
// read as they lie, a row per unit. The units are cut into chunks of a fixed number, so that threads may
// share them and the result does not depend on how many there are. A step takes its batch (sae_fused_start),
// makes the pre-activations of a chunk's units, 5 at a time, and later each unit's gradients from the list of
// its codes, then at once AdamW on its two rows.

import { adamw, adamwAlong, adamwSummed } from "./adam";
import { gather } from "./sae";
import { Sae } from "./sae_record";
import { SupportSae } from "./sae_support";
import { madd } from "./simd";
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

/** AdamW on n values, a multiple of 4, without fused multiply-adds: as on each value alone. */
export function updateEach(f: SaeFused, n: i32, p: usize, g: usize, mean: usize, square: usize): void {
  const scale = f32x4.splat(setting(f, 1)), r1 = f32x4.splat(setting(f, 2)), b2 = f32x4.splat(setting(f, 3));
  const r2 = f32x4.splat(setting(f, 4)), keep = f32x4.splat(setting(f, 5)), step = f32x4.splat(setting(f, 6));
  const root = f32x4.splat(setting(f, 7)), e = f32x4.splat(setting(f, 8));
  for (const end = p + (<usize>n << 2); p < end; p += 16, g += 16, mean += 16, square += 16) {
    const grad = f32x4.mul(v128.load(g), scale), m0 = v128.load(mean);
    const m1 = f32x4.add(m0, f32x4.mul(f32x4.sub(grad, m0), r1));
    const v1 = f32x4.add(f32x4.mul(f32x4.mul(grad, r2), grad), f32x4.mul(v128.load(square), b2));
    v128.store(mean, m1);
    v128.store(square, v1);
    const change = f32x4.div(f32x4.mul(m1, step), f32x4.add(f32x4.mul(f32x4.sqrt(v1), root), e));
    v128.store(p, f32x4.sub(f32x4.mul(v128.load(p), keep), change));
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
 * The pre-activations, without bias, of up to 5 units from j on, in the chunk's buffer, a row per unit; `last`
 * ends the tile. Reads these units' rows of the decoder too where they are needed `soon`. Returns what keeps reads
 * ahead of their use from being left out.
 */
export function encodeUnits(f: SaeFused, j: i32, last: i32, chunk: i32, soon: bool): i32 {
  const s = changetype<Sae>(f.sae), m = <usize>s.m, stride = <usize>s.ldm << 2, ldc = <usize>f.most << 2;
  const at = <usize>chunk * GROUP, group = f.groups + at * stride, buffer = f.buffers + at * ldc;
  const e = s.encoder + <usize>j * stride, zeros = f.zeros;
  const share: usize = (GROUP * stride / 8 + 63) & ~(<usize>63);
  let touched = 0;
  packRows(<usize>min(<i32>GROUP, last - j), m, e, stride, group);
  for (let p: usize = 0; p < <usize>f.rows; p += 8) {
    // rows come from far: ask for an eighth of them beside each of eight panels
    const part = (p & 56) / 8 * share;
    if (j + 2 * <i32>GROUP <= last) touched ^= touch(e + GROUP * stride + part, share);
    if (soon && j + <i32>GROUP <= last) touched ^= touch(s.decoder + <usize>j * stride + part, share);
    tile5x8(m, group, f.panels + m * (p << 2), 32, zeros, 0, buffer + (p << 2), ldc);
  }
  return touched;
}

/** gD ← Σ code·r, gE ← Σ g·x over a list: 6 vectors of columns of both at a time, then 2. */
export function rowGradients(
  n: usize, count: usize, places: usize, values: usize, g: usize, r: usize, x: usize, gD: usize, gE: usize,
): void {
  const end = gD + (n << 2), size = count << 2;
  for (; gD + 96 <= end; gD += 96, gE += 96, r += 96, x += 96) {
    let d0 = f32x4.splat(0), d1 = d0, d2 = d0, d3 = d0, d4 = d0, d5 = d0;
    let e0 = d0, e1 = d0, e2 = d0, e3 = d0, e4 = d0, e5 = d0;
    for (let t: usize = 0; t < size; t += 4) {
      const place = <usize>load<u32>(places + t), rt = r + place, xt = x + place;
      let v = v128.load32_splat(values + t);
      d0 = madd(v, v128.load(rt), d0), d1 = madd(v, v128.load(rt, 16), d1);
      d2 = madd(v, v128.load(rt, 32), d2), d3 = madd(v, v128.load(rt, 48), d3);
      d4 = madd(v, v128.load(rt, 64), d4), d5 = madd(v, v128.load(rt, 80), d5);
      v = v128.load32_splat(g + t);
      e0 = madd(v, v128.load(xt), e0), e1 = madd(v, v128.load(xt, 16), e1);
      e2 = madd(v, v128.load(xt, 32), e2), e3 = madd(v, v128.load(xt, 48), e3);
      e4 = madd(v, v128.load(xt, 64), e4), e5 = madd(v, v128.load(xt, 80), e5);
    }
    v128.store(gD, d0), v128.store(gD, d1, 16), v128.store(gD, d2, 32);
    v128.store(gD, d3, 48), v128.store(gD, d4, 64), v128.store(gD, d5, 80);
    v128.store(gE, e0), v128.store(gE, e1, 16), v128.store(gE, e2, 32);
    v128.store(gE, e3, 48), v128.store(gE, e4, 64), v128.store(gE, e5, 80);
  }
  for (; gD < end; gD += 32, gE += 32, r += 32, x += 32) {
    let d0 = f32x4.splat(0), d1 = d0, e0 = d0, e1 = d0;
    for (let t: usize = 0; t < size; t += 4) {
      const place = <usize>load<u32>(places + t), rt = r + place, xt = x + place;
      let v = v128.load32_splat(values + t);
      d0 = madd(v, v128.load(rt), d0), d1 = madd(v, v128.load(rt, 16), d1);
      v = v128.load32_splat(g + t);
      e0 = madd(v, v128.load(xt), e0), e1 = madd(v, v128.load(xt, 16), e1);
    }
    v128.store(gD, d0), v128.store(gD, d1, 16), v128.store(gE, e0), v128.store(gE, e1, 16);
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
