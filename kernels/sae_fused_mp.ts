// A training step of MP that makes no Gram matrix and never writes a gradient; see sae_fused.ts and sae_mp.ts. Products
// in 8 bits whose errors are known (levels.ts) tell which atoms can be the strongest of a pick, and products in float32
// which of them still can. A correlation of those few is made as the dense step makes it, c ← c − v·G_j from pick to
// pick with every product summed in order, so that both steps choose the same, to the bit.
//
// 1. sae_mp_start: the batch.
// 2. sae_mp_pack, per chunk: the unit atoms, and in 8 bits.
// 3. sae_mp_rows, per part of the samples: picks, residual, and the gradients by the picks' atoms.
// 4. sae_mp_sums: sums over samples, and the lists turned round: by unit.
// 5. sae_mp_units, per chunk: a unit's gradient, and AdamW on its row.
// 6. sae_mp_end: AdamW on the decoder bias.

import {
  GROUP, groupBytes, orderedDots, packAtom, packRow, PANEL, panelBytes, sift, slackOf, squaresOf, tiles,
} from "./levels";
import { NORM_FLOOR, normalize_rows } from "./rows";
import { gather } from "./sae";
import { SaeFused, turnRound, update } from "./sae_fused";
import { backwardRow, betas, MatchingPursuit, throughNorm } from "./sae_mp";
import { firstUnit } from "./sae_products";
import { residualRow } from "./sae_support";
import { AGE, callVariant } from "./sae_variants";
import { dot4, madd } from "./simd";
import { axpy, dot, highestLane, subtract } from "./vectors";

/** Atoms whose products with a block of samples are kept at a time: they stay in the first cache. */
const ATOMS: usize = 256;
/** Samples of a block, as in lib/cores/sae_fused_mp.ts. */
const ROWS: usize = 16;

/** The fields of lib/cores/sae_fused_mp.ts. */
// @ts-ignore: decorator
@unmanaged
export class FusedMp extends SaeFused {
  panels8: usize; // the atoms in 8 bits
  offs: usize; // a float64 per chunk: the largest norm of what was rounded off of an atom
  // per sample
  searches: usize; // records of Search
  remains: usize; // most×ldm: what the picks so far leave over
  grams: usize; // most×k×k: products of a pick's atom with those of the picks before
  byAtoms: usize; // most×k×ldm: gradients by the picks' atoms, to be subtracted
  squares: usize; // most, float64: squared errors
  // per part of the samples
  groups8: usize; // a block of samples in 8 bits
  products: usize; // ROWS×ATOMS
  dots: usize; // k+4
  // of codes, in the order of the samples' lists
  samples: usize;
  nexts: usize; // the next code of the same unit, or −1
  heads: usize; // w: the first code of a unit, or −1
}

/** The search for a sample's next pick. */
// @ts-ignore: decorator
@unmanaged
class Search {
  size: f64; // bounds how far off any correlation of the sample can be: ‖x‖ + Σ|v|
  error: f32; // how far products in 8 bits can be from the correlations
  bound: f32; // atoms with products up to this one are out
  best: f32; // the largest product
  count: i32; // atoms that are not out
}

// @ts-ignore: decorator
@inline function searchAt(f: FusedMp, i: usize): Search {
  return changetype<Search>(f.searches + i * offsetof<Search>());
}

/** Takes the batch. */
export function sae_mp_start(f: FusedMp, data: usize, order: usize, rows: i32): void {
  f.rows = rows;
  gather(changetype<MatchingPursuit>(f.sae), data, order, rows);
}

/** The unit atoms of a chunk, and in 8 bits. */
export function sae_mp_pack(f: FusedMp, chunk: i32): void {
  const s = changetype<MatchingPursuit>(f.sae), n = <usize>s.ldm, w = <usize>s.w, bytes = panelBytes(n);
  const panels = (w + PANEL - 1) / PANEL, at = <usize>chunk, chunks = <usize>f.chunks;
  const first = panels * at / chunks * PANEL, end = min(w, panels * (at + 1) / chunks * PANEL);
  let off: f64 = 0;
  for (let j = first; j < end; j++) {
    const row = j * n << 2;
    normalize_rows(1, s.ldm, NORM_FLOOR, s.decoder + row, s.atoms + row, s.norms + (j << 2));
    off = max(off, packAtom(n, s.atoms + row, f.panels8 + j / PANEL * bytes, j % PANEL));
  }
  store<f64>(f.offs + (at << 3), sqrt(off));
}

/** How far off correlations and products in float32 can be together. */
// @ts-ignore: decorator
@inline function roundingOf(s: MatchingPursuit, search: Search): f64 {
  return 4 * slackOf(s.m + 4 * s.k) * search.size + 1e-30;
}

/** Begins the search for the next pick of sample i, the sample `place` of its block. */
function begin(f: FusedMp, s: MatchingPursuit, i: usize, groups: usize, place: usize, off: f64): void {
  const n = <usize>s.ldm, r = f.remains + (i * n << 2), search = searchAt(f, i), slack = slackOf(s.m);
  const size = sqrt(squaresOf(n, r));
  const rest = sqrt(packRow(n, r, groups + place / GROUP * groupBytes(n), place % GROUP));
  const whole = (1 + off) * (size + rest), error = off * size + (1 + off) * rest;
  search.error = <f32>((1 + 4 * slack) * error + 2 * slack * whole + roundingOf(s, search));
  search.bound = -1, search.best = 0, search.count = 0;
}

/** Hides the products of atoms that sample i has, and what comes after the last atom up to a multiple of 16. */
function hide(s: MatchingPursuit, i: usize, t: usize, first: usize, atoms: usize, products: usize): void {
  const indices = s.indicesOf(i);
  for (let q: usize = 0; q < t << 2; q += 4) {
    const place = <usize>load<u32>(indices + q) - first;
    if (place < atoms) store<f32>(products + (place << 2), NaN);
  }
  for (let j = atoms; j & 15; j++) store<f32>(products + (j << 2), NaN);
}

/** Bits of the 8 values at `a` whose magnitudes are above the bound, as eight int16. */
// @ts-ignore: decorator
@inline function above(a: usize, bound: v128): v128 {
  return i16x8.narrow_i32x4_s(
    f32x4.gt(f32x4.abs(v128.load(a)), bound), f32x4.gt(f32x4.abs(v128.load(a, 16)), bound),
  );
}

/** Lists which of these products can be the largest magnitude of all. */
function scan(f: FusedMp, s: MatchingPursuit, i: usize, first: usize, atoms: usize, products: usize): void {
  const search = searchAt(f, i), row = i * <usize>s.ldw << 2, end = atoms << 2;
  // NaN marks a hidden one: pmax(m, NaN) is m
  let m0 = f32x4.splat(0), m1 = m0, m2 = m0, m3 = m0;
  for (let j: usize = 0; j < end; j += 64) {
    const at = products + j;
    m0 = f32x4.pmax(m0, f32x4.abs(v128.load(at))), m1 = f32x4.pmax(m1, f32x4.abs(v128.load(at, 16)));
    m2 = f32x4.pmax(m2, f32x4.abs(v128.load(at, 32))), m3 = f32x4.pmax(m3, f32x4.abs(v128.load(at, 48)));
  }
  const most = highestLane(f32x4.pmax(f32x4.pmax(m0, m1), f32x4.pmax(m2, m3)));
  if (most > search.best) {
    search.best = most;
    search.bound = most - 2 * search.error;
  }
  if (!(most > search.bound)) return;
  const bound = f32x4.splat(search.bound);
  let to = row + (<usize>search.count << 2);
  for (let j: usize = 0; j < end; j += 64) {
    const sixteen = i8x16.narrow_i16x8_s(above(products + j, bound), above(products + j + 32, bound));
    for (let mask = i8x16.bitmask(sixteen); mask; mask &= mask - 1, to += 4) {
      const at = j + (<usize>ctz(mask) << 2);
      store<u32>(s.codes + to, <u32>(first + (at >> 2)));
      store<f32>(s.pre + to, abs(load<f32>(products + at)));
    }
  }
  search.count = <i32>((to - row) >> 2);
}

/** Sample i's correlation with an atom after t picks; `dots` gets the products that it is made of. */
function correlation(s: MatchingPursuit, i: usize, t: usize, j: usize, dots: usize): f32 {
  const stride = <usize>s.ldm << 2, d = s.atoms + j * stride, indices = s.indicesOf(i), values = s.valuesOf(i);
  for (let q: usize = 0; q <= t; q += 4) {
    const a = q == 0 ? s.x + i * stride : s.atoms + <usize>load<u32>(indices + (q << 2) - 4) * stride;
    const b = q < t ? s.atoms + <usize>load<u32>(indices + (q << 2)) * stride : a;
    const c = q + 1 < t ? s.atoms + <usize>load<u32>(indices + (q << 2) + 4) * stride : a;
    const e = q + 2 < t ? s.atoms + <usize>load<u32>(indices + (q << 2) + 8) * stride : a;
    v128.store(dots + (q << 2), orderedDots(stride, d, a, b, c, e));
  }
  let sum = v128.load32_splat(dots);
  for (let q: usize = 0; q < t << 2; q += 4) {
    sum = madd(f32x4.splat(-load<f32>(values + q)), v128.load32_splat(dots + q, 4), sum);
  }
  return f32x4.extract_lane(sum, 0);
}

/** Takes the strongest atom of those that the search has left, as the pick t of sample i. */
function pick(f: FusedMp, s: MatchingPursuit, i: usize, t: usize, dots: usize): void {
  const n = <usize>s.ldm, stride = n << 2, row = i * <usize>s.ldw << 2, search = searchAt(f, i);
  const columns = s.codes + row, values = s.pre + row;
  const r = f.remains + i * stride, k = <usize>s.k, grams = f.grams + ((i * k + t) * k << 2);
  search.count = <i32>sift(<usize>search.count, search.bound, columns, values);
  if (search.count > 1) {
    search.best = 0;
    for (let e: usize = 0, end = <usize>search.count << 2; e < end; e += 4) {
      const value = abs(dot4(n, r, s.atoms + <usize>load<u32>(columns + e) * stride));
      store<f32>(values + e, value);
      search.best = max(search.best, value);
    }
    search.bound = search.best - <f32>(2 * roundingOf(s, search));
    search.count = <i32>sift(<usize>search.count, search.bound, columns, values);
  }
  // none is left of values that overflowed
  if (search.count == 0) store<u32>(columns, 0);
  let best: f32 = -1, v: f32 = NaN, j: usize = 0;
  for (let e: usize = 0, end = <usize>max(1, search.count) << 2; e < end; e += 4) {
    const atom = <usize>load<u32>(columns + e), c = correlation(s, i, t, atom, dots);
    if (abs(c) <= best) continue;
    best = abs(c), v = c, j = atom;
    memory.copy(grams, dots + 4, t << 2);
  }
  store<u32>(s.indicesOf(i) + (t << 2), <u32>j);
  store<f32>(s.valuesOf(i) + (t << 2), v);
  axpy(n, -v, s.atoms + j * stride, r);
  search.size += <f64>abs(v);
}

/** The picks of up to ROWS samples. */
function pursueBlock(f: FusedMp, s: MatchingPursuit, part: usize, from: usize, rows: usize, off: f64): void {
  const n = <usize>s.ldm, w = <usize>s.w, panel = panelBytes(n), group = groupBytes(n), k = <usize>s.k;
  const groups = f.groups8 + part * (ROWS / GROUP) * group, products = f.products + part * ROWS * (ATOMS << 2);
  const dots = f.dots + part * ((k + 4) << 2), size = n * rows << 2, begins = from * n << 2;
  memory.copy(f.remains + begins, s.x + begins, size);
  for (let i = from; i < from + rows; i++) {
    const x = s.x + (i * n << 2);
    searchAt(f, i).size = (1 + slackOf(s.m)) * <f64>sqrt(dot(n, x, x));
  }
  for (let t: usize = 0; t < k; t++) {
    for (let i: usize = 0; i < rows; i++) begin(f, s, from + i, groups, i, off);
    for (let first: usize = 0; first < w; first += ATOMS) {
      const atoms = min(w - first, ATOMS);
      tiles(n, rows, groups, atoms, f.panels8 + first / PANEL * panel, products, ATOMS << 2);
      for (let i: usize = 0; i < rows; i++) {
        const own = products + (i * ATOMS << 2);
        hide(s, from + i, t, first, atoms, own);
        scan(f, s, from + i, first, atoms, own);
      }
    }
    for (let i = from; i < from + rows; i++) pick(f, s, i, t, dots);
  }
}

/** Picks, residual and gradients of every eighth block of samples: there are as many parts as chunks. */
export function sae_mp_rows(f: FusedMp, part: i32): void {
  const s = changetype<MatchingPursuit>(f.sae), n = <usize>s.ldm, stride = n << 2, k = <usize>s.k;
  const rows = <usize>f.rows, at = <usize>part, chunks = <usize>f.chunks, rate: f32 = 2 / <f32>(f.rows * s.m);
  let off: f64 = 0;
  for (let c: usize = 0; c < chunks; c++) off = max(off, load<f64>(f.offs + (c << 3)));
  for (let first = at * ROWS; first < rows; first += chunks * ROWS) {
    const count = min(ROWS, rows - first);
    pursueBlock(f, s, at, first, count, off);
    for (let i = first; i < first + count; i++) {
      const indices = s.indicesOf(i), values = s.valuesOf(i), beta = s.betas + (i * k << 2);
      const r = s.residual + i * stride;
      store<i32>(s.counts + (i << 2), s.k);
      residualRow(n, k, indices, values, s.atoms, s.x + i * stride, r);
      store<f64>(f.squares + (i << 3), dot(n, r, r));
      betas(s, rate, indices, values, beta, f.grams + (i * k * k << 2));
      backwardRow(s, rate, indices, values, beta, r, f.byAtoms + i * k * stride);
    }
  }
}

/** Sums over the samples, and the codes of each unit. */
export function sae_mp_sums(f: FusedMp): void {
  const s = changetype<MatchingPursuit>(f.sae), n = <usize>s.ldm, stride = n << 2;
  let squares: f64 = 0;
  memory.fill(s.gDecoderBias, 0, stride);
  for (let i: usize = 0; i < <usize>f.rows; i++) {
    squares += load<f64>(f.squares + (i << 3));
    subtract(n, s.gDecoderBias, s.residual + i * stride, s.gDecoderBias);
  }
  store<f64>(s.sums, load<f64>(s.sums) + squares / <f64>(f.rows * s.m));
  turnRound(s, f.rows, f.heads, f.nexts, f.samples);
  if (s.tracked) callVariant(s, AGE, f.rows);
}

/** Gradients of a chunk's units, and AdamW on them. */
export function sae_mp_units(f: FusedMp, chunk: i32): void {
  const s = changetype<MatchingPursuit>(f.sae), n = <usize>s.ldm, stride = n << 2, end = firstUnit(s.w, chunk + 1);
  const g = f.gradients + 3 * <usize>chunk * stride;
  for (let j = <usize>firstUnit(s.w, chunk); j < <usize>end; j++) {
    const row = j * stride, unit = j << 2, d = s.decoder + row;
    let sum = f.zeros;
    for (let c = load<i32>(f.heads + unit); c >= 0; c = load<i32>(f.nexts + (<usize>c << 2)), sum = g) {
      subtract(n, sum, f.byAtoms + <usize>c * stride, g);
    }
    if (sum == g) {
      throughNorm(n, load<f32>(s.norms + unit), s.atoms + row, g);
      if (f.project) axpy(n, -dot(n, g, d), d, g);
    }
    update(f, s.ldm, d, sum, f.meanDecoder + row, f.squareDecoder + row);
  }
}

/** The decoder bias. */
export function sae_mp_end(f: FusedMp): void {
  const s = changetype<MatchingPursuit>(f.sae);
  update(f, s.ldm, s.decoderBias, s.gDecoderBias, f.meanDecoderBias, f.squareDecoderBias);
}
