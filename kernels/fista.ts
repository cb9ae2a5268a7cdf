// FISTA for the Lasso (Beck and Teboulle, 2009), and ISTA, which is FISTA without momentum:
// min over z of ½‖x − Dz‖² + λ‖z‖₁, optionally with z ≥ 0, for many x and one D.
//
// A full iteration needs the correlations c = Dᵀ(x − Dy) of all atoms with the residual, but most
// columns cannot become active: while the fit D·y moves by at most δ from where c was computed, c_j
// moves by at most δ·‖d_j‖ (Cauchy–Schwarz), so a column with z_j = y_j = 0 and |c_j| + δ·‖d_j‖ ≤ λ
// stays zero. After a full iteration a sample therefore goes on alone, on the columns that can change
// (its candidates), until its fit has moved by δ or its iterations are done. The iterates are those of
// the full iteration, up to rounding.
//
// Full iterations are taken by all waiting samples together, as one dense product; what many codes fit is
// summed by groups of samples, for a part of the atoms at a time, which stays in the cache. Restricted ones
// take the correlations from a local Gram matrix, its rows gathered when they are first needed from the
// Gram matrix of D, or, where that would be too large, from the candidates' atoms; among those the ones
// nearest to being used go on alone in the same way. Many candidates are chosen while the codes still
// move far; once most of them have proved idle, they are chosen anew.
//
// A sample whose z and y an iteration leaves unchanged is at a fixed point and stops. Everything
// depends on the sample alone: its codes are the same whatever samples surround it.

import { Fista } from "./fista_record";
import { advance, advanceFew, advanceLocally, FEW, moved, setStep } from "./fista_step";
import { gather, scatter } from "./gather";
import { dots, gemm_nt } from "./gemm_nt";
import { correlate, needAllRows, needRows, WORD } from "./local_gram";
import { hsum, madd } from "./simd";
import { combine, nonzeros, packing, shuffled } from "./sparse";
import { sumLanes } from "./vectors";

let lambda: f32 = 0;
// the bits of a correlation that do not count: its sign, unless codes are kept at 0 or above
let signs: i32 = 0;
let samples: usize = 0, codes: usize = 0;

// The numbers below were chosen by bench/sparse_coding_bench.ts, groups "sparse coding …". What half and
// double of each does to the time of 100 iterations without the preparation, as the best of many runs at
// n = 50, 100 (also signed), 1000 (also signed) and 2000:
//   the moves         half: +2 to +25 %, −11 % at 2000; double: +4 to +10 %, +44 % at 2000
//   the shares        at most 2 %
//   EARLY, LATE       half: +11 % at 100, else 0; double: −5 to +6 %; never anew: +8 to +22 % up to 100
//   USED_QUARTERS     2: +11 % at 50, else 1 %; 4: 0
//   ALL_ROWS          half: 2 %; double: +21 % at 50, +6 % at 100
//   USED_TENTHS       3: +21 % at 50, +4 % at 100; never: 1 %
// and, with λ = 0.001, where 10,000 atoms have thousands of codes for a sample, on an autoencoder's decoder (on
// noise, group "sparse coding of noise"):
//   PART              double: 0; four times: +35 %; all atoms: +55 % (+25 %)
//   CACHED            half, double: at most 5 % at any λ

/**
 * Three choices of δ, each so many movements of the fit in the last iteration and a share of λ: the wide
 * one is taken where its candidates fill at most half of the room for them, else the middle or the
 * narrow one, where they fit.
 */
// @ts-ignore: decorator
@inline const WIDE_MOVES: f32 = 10, WIDE_SHARE: f32 = 0.015;
// @ts-ignore: decorator
@inline const MIDDLE_MOVES: f32 = 6, MIDDLE_SHARE: f32 = 0.02;
// @ts-ignore: decorator
@inline const NARROW_MOVES: f32 = 3;
/** The smaller δ within which the nearest of many candidates go on alone, likewise. */
// @ts-ignore: decorator
@inline const NEAR_MOVES: f32 = 4, NEAR_SHARE: f32 = 0.004;
/** Iterations after which candidates are chosen anew where few of them have come into use … */
const EARLY: i32 = 15, LATE: i32 = 40;
/** … fewer than so many quarters. */
// @ts-ignore: decorator
@inline const USED_QUARTERS: i32 = 3;
/** Up to so many bytes of candidates all rows of the local Gram matrix are used from the start … */
// @ts-ignore: decorator
@inline const ALL_ROWS: usize = 64;
/** … and up to FEW bytes where so many tenths of the candidates are in use. */
// @ts-ignore: decorator
@inline const USED_TENTHS: i32 = 7;

/** Bytes of an atom up to which a list is not summed in its order, but even and odd entries apart: see sparse.ts. */
// @ts-ignore: decorator
@inline const NARROW: usize = 96;
/** Bytes of a list's atoms from which several samples go through them together, … */
// @ts-ignore: decorator
@inline const CACHED: usize = 1 << 17;
/** … and of the part of all atoms that they take at once. */
// @ts-ignore: decorator
@inline const PART: usize = 1 << 15;

/** Number of candidates whose code, or whose y at the start, is not zero. */
function countUsed(f: Fista, n: usize): i32 {
  let count: i32 = 0;
  for (let j: usize = 0; j < n; j += 16) {
    count += popcnt(i32x4.bitmask(inUse(v128.load(f.zC + j), v128.load(f.yC + j), v128.load(f.startY + j))));
  }
  return count;
}

/** startY − y and its mask where the restricted iterations begin. */
function firstDifferences(f: Fista, n: usize): void {
  for (let word: usize = 0; word < n; word += WORD) {
    const end = min(n, word + WORD);
    let bits: u64 = 0, at: u64 = 0;
    for (let j = word; j < end; j += 16, at += 4) {
      const difference = f32x4.sub(v128.load(f.startY + j), v128.load(f.yC + j));
      v128.store(f.difference + j, difference);
      bits |= <u64>i32x4.bitmask(f32x4.ne(difference, f32x4.splat(0))) << at;
    }
    store<u64>(f.nonzero + (word >> 5), bits), store<u64>(f.known + (word >> 5), 0);
  }
}

/** Squared distance of two vectors; n in bytes. */
function distance2(n: usize, a: usize, b: usize): f32 {
  let sum = f32x4.splat(0);
  for (let i: usize = 0; i < n; i += 16) {
    const d = f32x4.sub(v128.load(a + i), v128.load(b + i));
    sum = madd(d, d, sum);
  }
  return hsum(sum);
}

// Candidates for three choices of δ.
let count0: usize = 0, count1: usize = 0, count2: usize = 0;

/** In lanes that are candidates all bits set: columns that are in use, or may be within δ. */
// @ts-ignore: decorator
@inline function candidates(slack: v128, norm: v128, delta: v128, used: v128): v128 {
  return v128.or(used, f32x4.lt(slack, f32x4.mul(norm, delta)));
}

/** λ minus how strongly the residual pulls towards a code that is not zero. */
// @ts-ignore: decorator
@inline function slackOf(c: v128): v128 {
  return f32x4.sub(f32x4.splat(lambda), v128.andnot(c, i32x4.splat(signs)));
}

// @ts-ignore: decorator
@inline function inUse(z: v128, y: v128, oldY: v128): v128 {
  return f32x4.ne(v128.or(v128.or(z, y), oldY), f32x4.splat(0));
}

function countCandidates(
  n: usize, c: usize, norms: usize, z: usize, y: usize, oldY: usize, d0: f32, d1: f32, d2: f32,
): void {
  const delta0 = f32x4.splat(d0), delta1 = f32x4.splat(d1), delta2 = f32x4.splat(d2);
  let c0 = i32x4.splat(0), c1 = c0, c2 = c0;
  for (let j: usize = 0; j < n; j += 16) {
    const slack = slackOf(v128.load(c + j)), norm = v128.load(norms + j);
    const used = inUse(v128.load(z + j), v128.load(y + j), v128.load(oldY + j));
    // a set lane is −1
    c0 = i32x4.sub(c0, candidates(slack, norm, delta0, used));
    c1 = i32x4.sub(c1, candidates(slack, norm, delta1, used));
    c2 = i32x4.sub(c2, candidates(slack, norm, delta2, used));
  }
  count0 = sumLanes(c0), count1 = sumLanes(c1), count2 = sumLanes(c2);
}

function listCandidates(
  n: usize, c: usize, norms: usize, z: usize, y: usize, oldY: usize, d: f32, index: usize,
): usize {
  const delta = f32x4.splat(d), start = index;
  let columns = i32x4(0, 1, 2, 3);
  for (let j: usize = 0; j < n; j += 16) {
    const slack = slackOf(v128.load(c + j));
    const used = inUse(v128.load(z + j), v128.load(y + j), v128.load(oldY + j));
    const mask = i32x4.bitmask(candidates(slack, v128.load(norms + j), delta, used));
    v128.store(index, shuffled(columns, packing(mask)));
    index += popcnt(mask) << 2;
    columns = i32x4.add(columns, i32x4.splat(4));
  }
  return index - start >> 2;
}

/** Chooses δ so that few columns are candidates and yet many iterations fit within it; 0 if none does. */
function chooseDelta(f: Fista, c: usize, z: usize, y: usize, oldY: usize, movement: f32): f32 {
  const n = <usize>f.n << 2;
  const d0: f32 = movement * WIDE_MOVES + lambda * WIDE_SHARE;
  const d1: f32 = movement * MIDDLE_MOVES + lambda * MIDDLE_SHARE;
  const d2: f32 = movement * NARROW_MOVES;
  // Then every atom that the residual leans towards is a candidate
  if (d2 >= lambda) return 0;
  countCandidates(n, c, f.norms, z, y, oldY, d0, d1, d2);
  const capacity = <usize>f.capacity;
  if (count0 <= capacity / 2) return d0;
  if (count1 <= capacity) {
    count0 = count1;
    return d1;
  }
  count0 = count2;
  return count2 <= capacity ? d2 : 0;
}

/** The iteration that a sample has reached after another one: the last, if that changed nothing. */
// @ts-ignore: decorator
@inline function finish(f: Fista, i: i32): i32 {
  return moved ? i + 1 : f.last;
}

/**
 * Restricted iterations with the local Gram matrix, from iteration `i` to `end` or to the edge of
 * what the candidates are good for; returns the iteration reached.
 */
function iterateLocally(f: Fista, count: usize, n: usize, i: i32, end: i32, limit: f32): i32 {
  firstDifferences(f, n);
  // Where most candidates are in use, their zeros cost less than telling them apart
  if (n <= FEW && (n <= ALL_ROWS || countUsed(f, n) * 10 >= <i32>(n >> 2) * USED_TENTHS)) {
    needAllRows(f, count, n);
    return advanceFew(f, n, i, end, limit);
  }
  needRows(f, count, n);
  while (i < end) {
    // Beyond the limit no step is taken
    if (correlate(f, n) > limit) break;
    const nonzero = advanceLocally(f, n, load<f32>(f.momentum + (<usize>i << 2)));
    needRows(f, count, n);
    i = finish(f, i);
    if ((i == EARLY || i == LATE) && nonzero * 16 < <i32>n * USED_QUARTERS) break;
  }
  return i;
}

/**
 * The same with the candidates' atoms. As the candidates are chosen among all columns, the nearest of them
 * to being used are chosen among the candidates, and go on alone until the fit has moved by a smaller δ.
 * Every iterate is that of a full iteration to the bit: each residual is summed from x over the codes in
 * use, in the order of their columns, and each correlation is one dot product, whatever columns surround it.
 */
function iterateOnAtoms(
  f: Fista, n: usize, m: usize, x: usize, residual: usize, i: i32, end: i32, limit: f32,
): i32 {
  const rows = f.listRows, values = f.listValues;
  combine(nonzeros(n, f.yC, f.zeros, f.rowsC, rows, values), rows, values, m, x, f.newResidual);
  while (i < end && distance2(m, f.newResidual, residual) <= limit) {
    dots(n >> 2, m, f.newResidual, f.rowsC, f.cC);
    const momentum = load<f32>(f.momentum + (<usize>i << 2));
    const list = advance(n, f.cC, f.zC, f.yC, f.zeros, f.rowsC, rows, values, momentum);
    i = finish(f, i);
    if (i >= end) break;
    memory.copy(f.nearResidual, f.newResidual, m);
    combine(list, rows, values, m, x, f.newResidual);
    const movement = sqrt(distance2(m, f.newResidual, f.nearResidual));
    const delta = movement * NEAR_MOVES + lambda * NEAR_SHARE;
    const count = listCandidates(n, f.cC, f.normsC, f.zC, f.yC, f.zeros, delta, f.nearIndex);
    i = iterateNearest(f, count, m, x, residual, i, end, limit, delta * delta);
  }
  return i;
}

/**
 * The same with the `count` nearest candidates, until the fit has moved by their δ or by that of all
 * candidates. Begins and ends with the residual of y in `newResidual`, unless its iterations are done.
 */
function iterateNearest(
  f: Fista, count: usize, m: usize, x: usize, residual: usize, i: i32, end: i32, limit: f32, near: f32,
): i32 {
  const padded = count + 7 & ~7, n = padded << 2, rows = f.listRows, values = f.listValues;
  gather(count, padded, f.nearIndex, f.zC, f.nearZ);
  gather(count, padded, f.nearIndex, f.yC, f.nearY);
  gather(count, padded, f.nearIndex, f.rowsC, f.nearRows);
  // a zero atom fills the list up
  for (let p = count; p < padded; p++) store<u32>(f.nearRows + (p << 2), <u32>f.zeros);
  while (
    distance2(m, f.newResidual, f.nearResidual) <= near &&
    distance2(m, f.newResidual, residual) <= limit
  ) {
    dots(padded, m, f.newResidual, f.nearRows, f.nearC);
    const momentum = load<f32>(f.momentum + (<usize>i << 2));
    const list = advance(n, f.nearC, f.nearZ, f.nearY, f.zeros, f.nearRows, rows, values, momentum);
    i = finish(f, i);
    if (i >= end) break;
    combine(list, rows, values, m, x, f.newResidual);
  }
  scatter(count, f.nearIndex, f.nearZ, f.zC);
  scatter(count, f.nearIndex, f.nearY, f.yC);
  return i;
}

/**
 * Restricted iterations of sample `s`, the `p`-th of those waiting, up to iteration `end`. Returns
 * whether they end because they are done; if not, the residual is that of the new y.
 */
function restrict(f: Fista, s: usize, p: usize, oldY: usize, end: i32, delta: f32): bool {
  // `dots` takes eight atoms at a time, everything else vectors of four
  const n = <usize>f.n << 2, m = <usize>f.m << 2, count = count0;
  const padded = f.local ? count + 3 & ~3 : count + 7 & ~7;
  const bytes = padded << 2, limit = delta * delta;
  const z = codes + s * n, y = f.y + s * n, c = f.correlation + p * n;
  const residual = f.residual + p * m, x = samples + s * m;
  const iterationAt = f.iteration + (s << 2);
  listCandidates(n, c, f.norms, z, y, oldY, delta, f.index);
  gather(count, padded, f.index, z, f.zC);
  gather(count, padded, f.index, y, f.yC);
  gather(count, padded, f.index, f.rows, f.rowsC);
  // a zero atom fills the list up
  for (let i = count; i < padded; i++) store<u32>(f.rowsC + (i << 2), <u32>f.zeros);
  let i = load<i32>(iterationAt);
  if (f.local) {
    gather(count, padded, f.index, oldY, f.startY);
    gather(count, padded, f.index, c, f.startC);
    i = iterateLocally(f, count, bytes, i, end, limit);
  } else {
    gather(count, padded, f.index, f.norms, f.normsC);
    i = iterateOnAtoms(f, bytes, m, x, residual, i, end, limit);
  }
  store<i32>(iterationAt, i);
  scatter(count, f.index, f.zC, z);
  scatter(count, f.index, f.yC, y);
  if (i >= end) return true;
  const list = nonzeros(bytes, f.yC, f.zeros, f.rowsC, f.listRows, f.listValues);
  combine(list, f.listRows, f.listValues, m, x, residual);
  return false;
}

/** Whether the atoms of a list of `count` do not stay in the cache from one sample to the next. */
// @ts-ignore: decorator
@inline function isLong(count: usize, m: usize): bool {
  return m > NARROW && count * m > CACHED;
}

/**
 * A full iteration of sample `s`, the `p`-th of those waiting and the `g`-th of its group. Returns whether
 * its fit is left to `fitTogether`.
 */
function step(f: Fista, s: usize, p: usize, g: usize, end: i32): bool {
  const n = <usize>f.n << 2, m = <usize>f.m << 2, y = f.y + s * n;
  const iterationAt = f.iteration + (s << 2), i = load<i32>(iterationAt);
  memory.copy(f.oldY + g * n, y, n);
  const momentum = load<f32>(f.momentum + (<usize>i << 2)), c = f.correlation + p * n;
  const list = advance(n, c, codes + s * n, y, f.zeros, f.rows, f.listRows, f.listValues, momentum);
  const next = finish(f, i);
  store<i32>(iterationAt, next);
  if (next >= end) return false;
  if (isLong(list, m)) return true;
  combine(list, f.listRows, f.listValues, m, samples + s * m, f.fitted + g * m);
  return false;
}

/**
 * x − Dy of some samples of a group, whose bits in `long` are set and the first of which is the `first`-th
 * of those waiting: part by part of the atoms, so that these come from the cache for all samples but one.
 * A residual is summed in the order of the columns, as that of a sample alone.
 */
function fitTogether(f: Fista, first: usize, long: u32): void {
  const n = <usize>f.n << 2, m = <usize>f.m << 2;
  const part = max<usize>(PART / (m << 2), 1) << 4; // vectors of columns
  for (let j: usize = 0; j < n; j += part) {
    const length = min(part, n - j);
    for (let bits = long; bits; bits &= bits - 1) {
      const g = <usize>ctz(bits), s = <usize>load<i32>(f.waiting + (first + g << 2));
      const y = f.y + s * n + j, out = f.fitted + g * m;
      const list = nonzeros(length, y, f.zeros, f.rows + j, f.listRows, f.listValues);
      combine(list, f.listRows, f.listValues, m, j ? out : samples + s * m, out);
    }
  }
}

/** What can follow a full iteration, see `restrict`; returns whether the sample is done. */
function follow(f: Fista, s: usize, p: usize, g: usize, end: i32): bool {
  const n = <usize>f.n << 2, m = <usize>f.m << 2;
  if (load<i32>(f.iteration + (s << 2)) >= end) return true;
  const z = codes + s * n, y = f.y + s * n, c = f.correlation + p * n, oldY = f.oldY + g * n;
  const residual = f.residual + p * m, fitted = f.fitted + g * m;
  const delta = chooseDelta(f, c, z, y, oldY, sqrt(distance2(m, fitted, residual)));
  if (delta > 0) return restrict(f, s, p, oldY, end, delta);
  memory.copy(residual, fitted, m);
  return false;
}

/** Prepares the record for the dictionary in `atoms`: addresses, norms, Gram matrix. */
export function fista_prepare(f: Fista): void {
  const n = <usize>f.n, m = <usize>f.m << 2;
  for (let j: usize = 0; j < n; j++) {
    const atom = f.atoms + j * m;
    store<u32>(f.rows + (j << 2), <u32>atom);
    store<f32>(f.norms + (j << 2), sqrt(distance2(m, atom, f.zeros)));
  }
  if (f.local) gemm_nt(f.n, f.n, f.m, f.atoms, f.m, f.atoms, f.m, f.gram, f.n);
}

/** Σ‖x − Dz‖² over `count` samples; rows as in `fista`. */
export function fit_error(f: Fista, x: usize, z: usize, count: i32): f64 {
  const n = <usize>f.n << 2, m = <usize>f.m << 2;
  let sum: f64 = 0;
  for (let s: usize = 0; s < <usize>count; s++) {
    const list = nonzeros(n, z + s * n, f.zeros, f.rows, f.listRows, f.listValues);
    combine(list, f.listRows, f.listValues, m, x + s * m, f.newResidual);
    sum += distance2(m, f.newResidual, f.zeros);
  }
  return sum;
}

/**
 * Takes the first `count` waiting samples to iteration `end` (or to a fixed point: then their
 * iteration is `last`), with step 1/L, threshold λ/L and λ. Row s of `x` (m wide) is sample s, row s of
 * `z` (n wide) its codes, which are updated in place.
 */
export function fista(
  f: Fista, x: usize, z: usize, count: i32, end: i32,
  stepSize: f32, threshold: f32, penalty: f32, nonneg: i32,
): void {
  const n = <usize>f.n << 2, m = <usize>f.m << 2;
  samples = x, codes = z;
  setStep(stepSize, threshold, nonneg);
  lambda = penalty;
  signs = nonneg ? 0 : i32.MIN_VALUE;
  let left: usize = 0;
  for (let p: usize = 0; p < <usize>count; p++) {
    const s = <usize>load<i32>(f.waiting + (p << 2));
    if (load<i32>(f.iteration + (s << 2)) >= end) continue;
    const list = nonzeros(n, f.y + s * n, f.zeros, f.rows, f.listRows, f.listValues);
    combine(list, f.listRows, f.listValues, m, samples + s * m, f.residual + left * m);
    store<i32>(f.waiting + (left << 2), <i32>s);
    left++;
  }
  while (left > 0) {
    const waiting = left, group = <usize>f.group;
    gemm_nt(<i32>waiting, f.n, f.m, f.residual, f.m, f.atoms, f.m, f.correlation, f.n);
    left = 0;
    for (let first: usize = 0; first < waiting; first += group) {
      const last = min(first + group, waiting);
      let long: u32 = 0;
      for (let p = first; p < last; p++) {
        const s = <usize>load<i32>(f.waiting + (p << 2));
        if (step(f, s, p, p - first, end)) long |= 1 << <u32>(p - first);
      }
      if (long) fitTogether(f, first, long);
      for (let p = first; p < last; p++) {
        const s = load<i32>(f.waiting + (p << 2));
        if (follow(f, s, p, p - first, end)) continue;
        store<i32>(f.waiting + (left << 2), s);
        if (left < p) memory.copy(f.residual + left * m, f.residual + p * m, m);
        left++;
      }
    }
  }
}
