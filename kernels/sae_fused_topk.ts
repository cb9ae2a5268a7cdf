// A training step of the variants that choose by size (topk, abstopk, batchtopk, matryoshka) that chooses
// while the encoder's product is made and never writes a gradient; see sae_fused.ts. What can be chosen is
// listed as it comes: what exceeds a bound guessed from the last step. Where a bound was too high, the product is
// made again without it, so the choice never depends on the guess. All sums come in the order of the
// dense step, to the bit.
//
// 1. sae_topk_encode, per chunk: pre-activations, and lists of candidates by sample and chunk; where products in 8 bits
//    sieve (sae_sieve.ts), sae_topk_sieve: of what can be one, and what it can be at most.
// 2. sae_topk_choose: what the batch chooses.
// 3. sae_topk_rows, per part of the samples: what a sample chooses, and its residual.
//    Where nothing is trained, sae_topk_score sums up what the samples give.
// 4. sae_topk_sums: sums over samples, and the lists turned round: by unit.
// 5. sae_topk_units, per chunk: a unit's gradients from its list, and AdamW on its two rows.
// 6. sae_topk_end: AdamW on the biases.
//
// What belongs to a unit is read and written by the thread that has its chunk, wherever the step allows: a row that
// another processor has written comes from far.

import { GROUP as UNITS, groupBytes, tiles } from "./levels";
import { activeFrom, add } from "./sae";
import { BatchSae, takeLargest } from "./sae_batch";
import {
  encodeUnits, rowGradients, sae_fused_end, sae_fused_start, SaeFused, throughOf, turnRound, update, updateIdle,
  updateRows,
} from "./sae_fused";
import { Matryoshka, prefixRow, sumPrefixes } from "./sae_matryoshka";
import { firstUnit } from "./sae_products";
import { ABSTOPK, BATCHTOPK, MATRYOSHKA, Sae } from "./sae_record";
import { canExceed, errorOf, mostOf, narrow, NEGATIVE, packSamples, packUnit, takeCandidates } from "./sae_sieve";
import { residualRow, SupportSae } from "./sae_support";
import { AGE, callVariant } from "./sae_variants";
import { unweigh, WeighedSae, weighAtoms } from "./sae_weighed";
import { GROUP } from "./tile5";
import { axpy, dot, scale, subtract } from "./vectors";

/** Bounds are so many times what the last step makes one expect. */
// @ts-ignore: decorator
@inline const SHARE: f32 = 0.85;
/** A smallest choice below this share of the largest changes too much to guess from, and has little below it. */
// @ts-ignore: decorator
@inline const SMALL: f32 = 0.2;

/** The fields of lib/cores/sae_fused_topk.ts. */
// @ts-ignore: decorator
@unmanaged
export class FusedTopK extends SaeFused {
  bounds: usize; // most: only what is larger can be chosen
  guess: usize; // a float32: the last smallest choice, of samples over their norm
  smallest: usize; // most: the smallest choice of each sample over its norm
  numbers: usize; // int32 per sample of the batch: which of those that come again it is, or −1
  known: usize; // by these numbers: what `smallest` was the last time, 0 where it was SMALL or fewer than k were chosen; −1 before
  squares: usize; // most, float64: squared errors
  counts: usize; // chunks×most: candidates
  // of codes, in the order of the samples' lists
  samples: usize;
  nexts: usize; // the next code of the same unit, or −1
  heads: usize; // w: the first code of a unit, or −1
  // where products in 8 bits sieve
  sieves: i32; // 0: they do not; 1: units are put in 8 bits as they come; 2: all have been (sae_topk_pack)
  panels8: usize; // the batch in 8 bits
  sizes: usize; // most: what norms of samples are at most
  rest: usize; // a float64: the largest part of a sample that is rounded off
  groups8: usize; // per chunk: 8 units in 8 bits
  kept8: usize; // per chunk: all units in 8 bits
  kept: usize; // per unit two float32: see packUnit
  products: usize; // per chunk: 8×most products
}

// @ts-ignore: decorator
@inline function byBatch(s: Sae): bool {
  return s.type == BATCHTOPK || s.type == MATRYOSHKA;
}

/** Where a sample's last smallest choice is; 0 where it has no number. */
// @ts-ignore: decorator
@inline function knownOf(f: FusedTopK, i: usize): usize {
  const number = load<i32>(f.numbers + (i << 2));
  return number < 0 ? 0 : f.known + (<usize>number << 2);
}

/** Takes the batch, and guesses the bounds. */
export function sae_topk_start(
  f: FusedTopK, data: usize, order: usize, rows: i32, sieves: i32, numbers: usize,
): void {
  f.sieves = sieves, f.numbers = numbers;
  const s = changetype<BatchSae>(f.sae), n = <usize>s.ldm, guess = load<f32>(f.guess);
  sae_fused_start(f, data, order, rows);
  const whole = byBatch(s);
  weighAtoms(s);
  for (let i: usize = 0; i < <usize>f.most; i++) {
    const x = s.x + i * (n << 2);
    let bound = f32.MAX_VALUE;
    if (i < <usize>rows) {
      const known = knownOf(f, i), own: f32 = known ? load<f32>(known) : -1;
      bound = SHARE * (whole ? guess : (own >= 0 ? own : guess) * sqrt(dot(n, x, x)));
    }
    store<f32>(f.bounds + (i << 2), bound);
  }
  if (sieves) store<f64>(f.rest, packSamples(s, rows, f.panels8, f.sizes));
}

/** Bits of up to 64 values (a + bias)·weight, of which the mask leaves the size: which exceed the bounds. */
function exceeding(n: i32, bias: v128, weight: v128, mask: v128, bounds: usize, a: usize): u64 {
  let bits: u64 = 0;
  for (let i = 0; i < n; i += 8, a += 32, bounds += 32) {
    const low = v128.and(f32x4.mul(f32x4.add(v128.load(a), bias), weight), mask);
    const high = v128.and(f32x4.mul(f32x4.add(v128.load(a, 16), bias), weight), mask);
    const above = i16x8.narrow_i32x4_s(
      f32x4.gt(low, v128.load(bounds)), f32x4.gt(high, v128.load(bounds, 16)),
    );
    bits |= <u64>i16x8.bitmask(above) << i;
  }
  return bits;
}

/** Candidates of a chunk's units: values and places i·ldw + unit, of sample i from place i·ldw + the first unit on. */
export function sae_topk_encode(f: FusedTopK, chunk: i32): void {
  const s = changetype<BatchSae>(f.sae), ldc = <usize>f.most << 2, stride = <usize>s.ldw << 2;
  const buffer = f.buffers + <usize>chunk * GROUP * ldc, counts = f.counts + <usize>chunk * ldc;
  const first = firstUnit(s.w, chunk), end = firstUnit(s.w, chunk + 1);
  const mask = i32x4.splat(s.type == ABSTOPK ? 0x7fffffff : -1);
  let touched = 0;
  memory.fill(counts, 0, ldc);
  for (let j = first; j < end; j++) {
    const u = (j - first) % <i32>GROUP;
    if (u == 0) touched ^= encodeUnits(f, j, end, chunk, false, 0, f.rows);
    const bias = load<f32>(s.encoderBias + (<usize>j << 2));
    const weight = load<f32>(s.weights + (<usize>j << 2));
    for (let block = 0; block < f.rows; block += 64) {
      const a = buffer + <usize>u * ldc + (<usize>block << 2), bounds = f.bounds + (<usize>block << 2);
      let bits = exceeding(
        min(64, f.most - block), f32x4.splat(bias), f32x4.splat(weight), mask, bounds, a,
      );
      for (; bits != 0; bits &= bits - 1) {
        const bit = <usize>ctz(bits), i = <usize>block + bit, to = counts + (i << 2);
        const value = (load<f32>(a + (bit << 2)) + bias) * weight, count = load<u32>(to);
        const at = i * stride + (<usize>(first + count) << 2);
        const isNegative = s.type == ABSTOPK && value < 0, place = <u32>i * <u32>s.ldw + <u32>j;
        store<f32>(s.pre + at, isNegative ? -value : value);
        store<u32>(s.codes + at, isNegative ? place | NEGATIVE : place);
        store<u32>(to, count + 1);
      }
    }
  }
  store<i32>(buffer, touched); // loads whose result is used are made
}

/** Where a chunk's products in 8 bits are; later scratch of one of as many parts of the samples. */
// @ts-ignore: decorator
@inline function productsOf(f: FusedTopK, chunk: usize): usize {
  return f.products + chunk * (UNITS << 2) * <usize>f.most;
}

/** Where a chunk's units are that have all been put in 8 bits. */
// @ts-ignore: decorator
@inline function keptOf(f: FusedTopK, chunk: i32): usize {
  const s = changetype<Sae>(f.sae), most = <usize>(s.w + f.chunks - 1) / <usize>f.chunks;
  return f.kept8 + <usize>chunk * ((most + UNITS - 1) / UNITS) * groupBytes(<usize>s.ldm);
}

/** Puts a chunk's units in 8 bits, for steps that change no weights. */
export function sae_topk_pack(f: FusedTopK, chunk: i32): void {
  const s = changetype<Sae>(f.sae), n = <usize>s.ldm, groups = keptOf(f, chunk);
  const first = <usize>firstUnit(s.w, chunk), end = <usize>firstUnit(s.w, chunk + 1);
  for (let j = first; j < end; j++) {
    const place = j - first;
    packUnit(s, j, groups + place / UNITS * groupBytes(n), place % UNITS, f.kept + (j << 3));
  }
}

/** The same where products in 8 bits sieve: candidates are what can exceed the bounds, values what they can be at most. */
export function sae_topk_sieve(f: FusedTopK, chunk: i32): void {
  const s = changetype<BatchSae>(f.sae), n = <usize>s.ldm, ldc = <usize>f.most << 2, ldw = <usize>s.ldw;
  const counts = f.counts + <usize>chunk * ldc, keeps = f.sieves == 2;
  const products = productsOf(f, chunk), rest = load<f64>(f.rest);
  const first = <usize>firstUnit(s.w, chunk), end = <usize>firstUnit(s.w, chunk + 1);
  let group = keeps ? keptOf(f, chunk) : f.groups8 + <usize>chunk * groupBytes(n);
  memory.fill(counts, 0, ldc);
  for (let tile = first; tile < end; tile += UNITS) {
    const units = min(UNITS, end - tile);
    if (!keeps) for (let u: usize = 0; u < units; u++) packUnit(s, tile + u, group, u, f.kept + (tile + u << 3));
    tiles(n, UNITS, group, f.most, f.panels8, products, ldc);
    if (keeps) group += groupBytes(n);
    for (let u: usize = 0; u < units; u++) {
      const j = tile + u, error = errorOf(s, f.kept + (j << 3), rest);
      for (let block = 0; block < f.rows; block += 64) {
        const from = <usize>block << 2, a = products + u * ldc + from, left = <u64>(f.rows - block);
        let bits = canExceed(s, j, error, min(64, f.most - block), a, f.sizes + from, f.bounds + from);
        if (left < 64) bits &= (1 << left) - 1;
        for (; bits != 0; bits &= bits - 1) {
          const bit = <usize>ctz(bits), i = <usize>block + bit, to = counts + (i << 2);
          const count = load<u32>(to), at = (i * ldw + first + count) << 2;
          const off = error * load<f32>(f.sizes + (i << 2));
          store<f32>(s.pre + at, mostOf(s, j, load<f32>(a + (bit << 2)), off));
          store<u32>(s.codes + at, <u32>(i * ldw + j));
          store<u32>(to, count + 1);
        }
      }
    }
  }
}

/** Moves the candidates of a sample from all chunks together, to the place `to`; returns their number. */
function gatherCandidates(f: FusedTopK, s: SupportSae, i: usize, to: usize): usize {
  const row = i * <usize>s.ldw;
  let count: usize = 0;
  for (let chunk = 0; chunk < f.chunks; chunk++) {
    const own = <usize>load<u32>(f.counts + ((<usize>chunk * <usize>f.most + i) << 2));
    const from = (row + <usize>firstUnit(s.w, chunk)) << 2, at = (to + count) << 2;
    memory.copy(s.pre + at, s.pre + from, own << 2);
    memory.copy(s.codes + at, s.codes + from, own << 2);
    count += own;
  }
  return count;
}

/** What a batch chooses; returns whether bounds were too high. */
export function sae_topk_choose(f: FusedTopK): i32 {
  const s = changetype<BatchSae>(f.sae);
  if (!byBatch(s)) return 0;
  let count: usize = 0;
  for (let i: usize = 0; i < <usize>f.rows; i++) count += gatherCandidates(f, s, i, count);
  const most = s.mostOf(f.rows), bound = load<f32>(f.bounds);
  if (f.sieves) count = narrow(s, count, most, 0, bound, s.indices, s.values, productsOf(f, 0));
  const taken = takeCandidates(s, count, most, 0, s.indices, s.values);
  if (taken < most && bound > 0) {
    for (let i: usize = 0; i < <usize>f.rows; i++) store<f32>(f.bounds + (i << 2), 0);
    return 1;
  }
  const least = takeLargest(s, f.rows, taken);
  store<f32>(f.guess, taken == most ? least : 0);
  return 0;
}

/** What a sample chooses; returns whether its bound was too high. */
function chooseOwn(f: FusedTopK, s: WeighedSae, i: usize, scratch: usize): i32 {
  const row = i * <usize>s.ldw, x = s.x + i * (<usize>s.ldm << 2);
  const indices = s.indicesOf(i), values = s.valuesOf(i), bound = f.bounds + (i << 2);
  let count = gatherCandidates(f, s, i, row);
  if (f.sieves) count = narrow(s, count, s.k, row, load<f32>(bound), indices, values, scratch);
  const taken = takeCandidates(s, count, s.k, row, indices, values);
  if (taken < s.k && load<f32>(bound) > 0) {
    store<f32>(bound, 0);
    return 1;
  }
  let least = f32.MAX_VALUE, largest: f32 = 0;
  for (let t: usize = 0; t < <usize>taken << 2; t += 4) {
    const mark = load<u32>(indices + t), value = load<f32>(values + t);
    least = min(least, value), largest = max(largest, value);
    store<u32>(indices + t, (mark & ~NEGATIVE) - <u32>row);
    if (mark & NEGATIVE) store<f32>(values + t, -value);
  }
  if (s.byNorms) unweigh(s, taken, indices, values);
  store<i32>(s.counts + (i << 2), taken);
  const norm = sqrt(dot(s.ldm, x, x)), isFull = taken == s.k && norm > 0, known = knownOf(f, i);
  store<f32>(f.smallest + (i << 2), isFull ? least / norm : f32.MAX_VALUE);
  if (known) store<f32>(known, isFull && least >= SMALL * largest ? least / norm : 0);
  return 0;
}

/** The samples of one of as many parts as there are chunks. Returns how many bounds were too high. */
export function sae_topk_rows(f: FusedTopK, part: i32): i32 {
  const s = changetype<WeighedSae>(f.sae), n = <usize>s.ldm, stride = n << 2;
  const first = <usize>(f.rows * part / f.chunks), end = <usize>(f.rows * (part + 1) / f.chunks);
  const rate: f32 = 2 / <f32>(f.rows * s.m);
  let failed = 0;
  if (!byBatch(s)) for (let i = first; i < end; i++) failed += chooseOwn(f, s, i, productsOf(f, part));
  if (failed) return failed;
  for (let i = first; i < end; i++) {
    const r = s.residual + i * stride;
    if (s.type == MATRYOSHKA) prefixRow(changetype<Matryoshka>(f.sae), i, <usize>f.rows * stride);
    else residualRow(n, s.countOf(i), s.indicesOf(i), s.valuesOf(i), s.atoms, s.x + i * stride, r);
    store<f64>(f.squares + (i << 3), dot(n, r, r));
    if (s.type != MATRYOSHKA) scale(n, rate, r, r);
  }
  return 0;
}

/** Σ of the samples' squared errors; where each chooses on its own, the next guess too. */
function sumSamples(f: FusedTopK): f64 {
  let squares: f64 = 0, smallest = f32.MAX_VALUE;
  for (let i: usize = 0; i < <usize>f.rows; i++) {
    squares += load<f64>(f.squares + (i << 3));
    smallest = min(smallest, load<f32>(f.smallest + (i << 2)));
  }
  if (!byBatch(changetype<Sae>(f.sae))) store<f32>(f.guess, smallest < f32.MAX_VALUE ? smallest : 0);
  return squares;
}

/** Adds the squared residuals and the number of active codes to the sums, as sae_forward does and to the bit. */
export function sae_topk_score(f: FusedTopK): void {
  const s = changetype<SupportSae>(f.sae), least = activeFrom(s);
  let active = 0;
  for (let i: usize = 0; i < <usize>f.rows; i++) {
    const values = s.valuesOf(i);
    for (let t: usize = 0; t < s.countOf(i) << 2; t += 4) active += i32(abs(load<f32>(values + t)) > least);
  }
  add(s.sums, sumSamples(f));
  add(s.sums + 16, active);
}

/** Sums over the samples, and the codes of each unit. */
export function sae_topk_sums(f: FusedTopK): void {
  const s = changetype<SupportSae>(f.sae), n = <usize>s.ldm, stride = n << 2;
  add(s.sums, sumSamples(f) / <f64>(f.rows * s.m));
  if (s.type == MATRYOSHKA) sumPrefixes(changetype<Matryoshka>(f.sae), f.rows);
  else {
    memory.fill(s.gDecoderBias, 0, stride);
    for (let i: usize = 0; i < <usize>f.rows; i++) axpy(n, 1, s.residual + i * stride, s.gDecoderBias);
  }
  turnRound(s, f.rows, f.heads, f.nexts, f.samples);
  if (s.tracked) callVariant(s, AGE, f.rows);
}

/** The residual's gradients that a unit sees. */
function residualOf(f: FusedTopK, j: usize): usize {
  const s = changetype<Matryoshka>(f.sae), size = <usize>(f.rows * s.ldm) << 2;
  if (s.type != MATRYOSHKA) return s.residual;
  let r = s.prefixes;
  for (let end = s.ends; j >= <usize>load<u32>(end); end += 4) r += size;
  return r;
}

/** Gradients of a chunk's units, and AdamW on them. */
export function sae_topk_units(f: FusedTopK, chunk: i32): void {
  const s = changetype<SupportSae>(f.sae), n = <usize>s.ldm, stride = n << 2, at = <usize>chunk;
  const most = <usize>f.most << 2, places = f.buffers + at * GROUP * most, values = places + most;
  const g = values + most, through = throughOf(f, at, stride), gE = through + stride, gD = gE + stride;
  memory.fill(through, 0, stride);
  const end = <usize>firstUnit(s.w, chunk + 1);
  for (let j = <usize>firstUnit(s.w, chunk); j < end; j++) {
    const d = s.decoder + j * stride, residual = residualOf(f, j);
    let count: usize = 0, sum: f32 = 0;
    for (let c = load<i32>(f.heads + (j << 2)); c >= 0; c = load<i32>(f.nexts + (<usize>c << 2)), count += 4) {
      const code = <usize>c << 2;
      const place = load<u32>(f.samples + code) * <u32>stride, slope = dot(n, residual + place, d);
      store<u32>(places + count, place);
      store<f32>(values + count, load<f32>(s.values + code));
      store<f32>(g + count, slope);
      sum += slope;
    }
    store<f32>(s.gEncoderBias + (j << 2), sum);
    if (count == 0) updateIdle(f, j);
    else {
      rowGradients(n, count >> 2, places, values, g, residual, s.x, gD, gE);
      updateRows(f, j, gE, sum, through, gD, f.project ? -dot(n, gD, d) : 0);
    }
  }
}

/** The biases. */
export function sae_topk_end(f: FusedTopK): void {
  const s = changetype<Sae>(f.sae);
  update(f, s.ldw, s.encoderBias, s.gEncoderBias, f.meanEncoderBias, f.squareEncoderBias);
  sae_fused_end(f);
}
