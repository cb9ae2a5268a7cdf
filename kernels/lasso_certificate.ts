// Codes of a support made stationary in float64, and the duality gap that certifies them.

import { lanesOf, leave, rebuild, timesInverse } from "./active_set";
import { errors, Lasso, Sample, solution, vector } from "./lasso_record";
import { dot64, madd64, sum2 } from "./vectors64";

/** Rounds of refinement. */
const POLISH: i32 = 6;
/** Relative error of a float32 operation. */
const UNIT: f64 = 5.9604644775390625e-8;

/** Row += −code·atom over the support, for 16 dimensions at `at` (in bytes). */
function fitStrip(s: Sample, atoms: usize, row: usize, at: usize): void {
  const to = s.exactResidual + at;
  let c0 = v128.load(to), c1 = v128.load(to, 16), c2 = v128.load(to, 32), c3 = v128.load(to, 48);
  let c4 = v128.load(to, 64), c5 = v128.load(to, 80), c6 = v128.load(to, 96), c7 = v128.load(to, 112);
  let index = s.index, code = s.code;
  for (const end = index + (<usize>s.size << 2); index < end; index += 4, code += 8) {
    const z = f64x2.neg(v128.load64_splat(code)), d = atoms + <usize>load<u32>(index) * row + at;
    c0 = madd64(z, v128.load(d), c0), c1 = madd64(z, v128.load(d, 16), c1);
    c2 = madd64(z, v128.load(d, 32), c2), c3 = madd64(z, v128.load(d, 48), c3);
    c4 = madd64(z, v128.load(d, 64), c4), c5 = madd64(z, v128.load(d, 80), c5);
    c6 = madd64(z, v128.load(d, 96), c6), c7 = madd64(z, v128.load(d, 112), c7);
  }
  v128.store(to, c0), v128.store(to, c1, 16), v128.store(to, c2, 32), v128.store(to, c3, 48);
  v128.store(to, c4, 64), v128.store(to, c5, 80), v128.store(to, c6, 96), v128.store(to, c7, 112);
}

/** The same for the 8 dimensions that strips can leave over. */
function fitHalfStrip(s: Sample, atoms: usize, row: usize, at: usize): void {
  const to = s.exactResidual + at;
  let c0 = v128.load(to), c1 = v128.load(to, 16), c2 = v128.load(to, 32), c3 = v128.load(to, 48);
  let index = s.index, code = s.code;
  for (const end = index + (<usize>s.size << 2); index < end; index += 4, code += 8) {
    const z = f64x2.neg(v128.load64_splat(code)), d = atoms + <usize>load<u32>(index) * row + at;
    c0 = madd64(z, v128.load(d), c0), c1 = madd64(z, v128.load(d, 16), c1);
    c2 = madd64(z, v128.load(d, 32), c2), c3 = madd64(z, v128.load(d, 48), c3);
  }
  v128.store(to, c0), v128.store(to, c1, 16), v128.store(to, c2, 32), v128.store(to, c3, 48);
}

/** r = x − Dz in float64. */
export function exactResidual(l: Lasso, s: Sample): void {
  const row = <usize>l.m << 3, whole = row & ~127;
  memory.copy(s.exactResidual, s.x, row);
  for (let at: usize = 0; at < whole; at += 128) fitStrip(s, l.exactAtoms, row, at);
  if (whole < row) fitHalfStrip(s, l.exactAtoms, row, whole);
}

/** Dot products of r with two atoms. */
function dots2(bytes: usize, r: usize, d0: usize, d1: usize, out0: usize, out1: usize): void {
  let a0 = f64x2.splat(0), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
  for (const end = r + bytes; r < end; r += 64, d0 += 64, d1 += 64) {
    let v = v128.load(r);
    a0 = madd64(v, v128.load(d0), a0), b0 = madd64(v, v128.load(d1), b0);
    v = v128.load(r, 16);
    a1 = madd64(v, v128.load(d0, 16), a1), b1 = madd64(v, v128.load(d1, 16), b1);
    v = v128.load(r, 32);
    a2 = madd64(v, v128.load(d0, 32), a2), b2 = madd64(v, v128.load(d1, 32), b2);
    v = v128.load(r, 48);
    a3 = madd64(v, v128.load(d0, 48), a3), b3 = madd64(v, v128.load(d1, 48), b3);
  }
  store<f64>(out0, sum2(f64x2.add(f64x2.add(a0, a1), f64x2.add(a2, a3))));
  store<f64>(out1, sum2(f64x2.add(f64x2.add(b0, b1), f64x2.add(b2, b3))));
}

/** errors = D_Pᵀr, the correlations of the support. */
function supportCorrelations(l: Lasso, s: Sample): void {
  const row = <usize>l.m << 3, size = <usize>s.size;
  for (let a: usize = 0; a < size; a += 2) {
    const second = min(a + 1, size - 1);
    const d0 = l.exactAtoms + <usize>load<u32>(s.index + (a << 2)) * row;
    const d1 = l.exactAtoms + <usize>load<u32>(s.index + (second << 2)) * row;
    dots2(row, s.exactResidual, d0, d1, errors + (a << 3), errors + (second << 3));
  }
}

/** Rounds the codes to what will be returned: float32 values, divided by the weights. */
export function round(l: Lasso, s: Sample): void {
  for (let a: usize = 0, size = <usize>s.size; a < size; a++) {
    const weight = load<f64>(l.weights + (<usize>load<u32>(s.index + (a << 2)) << 3));
    const code = <f32>(load<f64>(s.code + (a << 3)) / weight);
    store<f32>(s.output + (a << 2), code);
    store<f64>(s.code + (a << 3), <f64>code * weight);
  }
}

/**
 * The largest |correlation − λ·sign| of the support, with `errors` becoming these; sets `most`. A
 * correlation whose size matters for the dual point is one that pulls towards a code.
 */
function stationarity(l: Lasso, s: Sample): f64 {
  let worst: f64 = 0, most: f64 = 0;
  for (let a: usize = 0, size = <usize>s.size; a < size; a++) {
    const at = errors + (a << 3), c = load<f64>(at);
    const error = c - s.lambda * <f64>load<f32>(s.sign + (a << 2));
    store<f64>(at, error);
    worst = max(worst, abs(error));
    most = max(most, l.nonneg != 0 ? c : abs(c));
  }
  s.most = most;
  return worst;
}

/** The sums of which the gap consists, and the residual in float32, from the codes and the exact residual. */
export function refreshSums(l: Lasso, s: Sample): void {
  const row = <usize>l.m << 3;
  s.rr = dot64(row, s.exactResidual, s.exactResidual);
  s.xr = dot64(row, s.x, s.exactResidual);
  let l1: f64 = 0;
  for (let a: usize = 0, size = <usize>s.size; a < size; a++) l1 += abs(load<f64>(s.code + (a << 3)));
  s.l1 = l1;
  narrow(l.m, s.exactResidual, s.residual);
}

/** A float64 row of n values (a multiple of 4) in float32. */
export function narrow(n: usize, from: usize, to: usize): void {
  for (const end = to + (n << 2); to < end; to += 16, from += 32) {
    const low = f32x4.demote_f64x2_zero(v128.load(from));
    const high = f32x4.demote_f64x2_zero(v128.load(from, 16));
    v128.store(to, i64x2.shuffle(low, high, 0, 2));
  }
}

/** Codes with the sign that they must not have leave the support. */
export function dropWrong(l: Lasso, s: Sample): void {
  if (s.free != 0) return;
  for (let a = <usize>s.size; a-- > 0;) {
    if (load<f64>(s.code + (a << 3)) * <f64>load<f32>(s.sign + (a << 2)) <= 0) leave(l, s, a);
  }
}

/**
 * Refines the codes of the support until it is stationary to `tol`·0.3 of λ or as far as
 * float32 codes can be, by z += M·(D_Pᵀr − λ·sign) with everything but M in float64.
 */
export function polish(l: Lasso, s: Sample, tol: f64): void {
  const enough = max<f64>(1e-6, 0.3 * tol) * s.level;
  let before: f64 = f64.POSITIVE_INFINITY, rebuilt = false;
  for (let turn = 0;; turn++) {
    round(l, s);
    exactResidual(l, s);
    supportCorrelations(l, s);
    const worst = stationarity(l, s);
    if (worst <= enough) break;
    if (turn >= POLISH || worst > 0.5 * before) {
      // float32 codes cannot be exact; the gap tells whether they are good enough
      if (worst < 1e-5 * s.level) break;
      if (rebuilt) {
        s.stalled = 1;
        break;
      }
      rebuild(l, s);
      rebuilt = true, before = f64.POSITIVE_INFINITY, turn = 0;
      continue;
    }
    if (worst > 0.03 * s.level && !rebuilt) {
      const size = s.size;
      rebuild(l, s);
      rebuilt = true;
      if (s.size != size) continue;
    }
    before = worst;
    const lanes = lanesOf(s.size), size = <usize>s.size;
    for (let a: usize = 0; a < lanes; a++) {
      store<f32>(vector + (a << 2), a < size ? <f32>load<f64>(errors + (a << 3)) : 0);
    }
    timesInverse(s);
    for (let a: usize = 0; a < size; a++) {
      const at = s.code + (a << 3);
      store<f64>(at, load<f64>(at) + <f64>load<f32>(solution + (a << 2)));
    }
    dropWrong(l, s);
  }
  refreshSums(l, s);
}

/** The dual's value at the residual, scaled to be feasible, if `most` is the largest correlation of all atoms. */
export function dualValue(s: Sample, most: f64): f64 {
  const scale = most > s.lambda ? s.lambda / most : 1;
  return scale * (s.xr - 0.5 * scale * s.rr);
}

/** The gap over ½‖x‖² between the codes and a value of the dual. */
export function gapAbove(s: Sample, dual: f64): f64 {
  if (s.half == 0) return 0;
  return max<f64>(0.5 * s.rr + s.lambda * s.l1 - dual, 0) / s.half;
}

/** The gap over ½‖x‖² if `most` is the largest correlation of all atoms. */
export function relativeGap(s: Sample, most: f64): f64 {
  return gapAbove(s, dualValue(s, most));
}

/** How far a correlation of a pass can be from the true one: by what was rounded off of r and of the atom. */
export function correlationError(l: Lasso, s: Sample): f64 {
  const norm = load<f64>(l.norms), off = load<f64>(l.norms, 8), r = sqrt(s.rr);
  // 8 units: r and the atoms are rounded to float32 first, and so are the products with their units
  return off * r + (norm + off) * s.off + 8 * UNIT * (norm + off) * (r + s.off) + 1e-37;
}

/** The largest correlation in float64 among atoms whose one from the pass is above `bound`, and `most`. */
export function exactMost(l: Lasso, s: Sample, c: usize, bound: f32, most: f64): f64 {
  const row = <usize>l.m << 3, bounds = f32x4.splat(bound), signed = l.nonneg == 0;
  for (let j: usize = 0, n = <usize>l.n; j < n; j += 4) {
    let v = v128.load(c + (j << 2));
    if (signed) v = f32x4.abs(v);
    for (let hits = i32x4.bitmask(f32x4.gt(v, bounds)); hits != 0; hits &= hits - 1) {
      const value = dot64(row, l.exactAtoms + (j + <usize>ctz(hits)) * row, s.exactResidual);
      most = max(most, signed ? abs(value) : value);
    }
  }
  return most;
}

/** The atom with the largest correlation in float64 among those above `bound` and `least`; −1 if there is none. */
export function exactStrongest(l: Lasso, s: Sample, c: usize, bound: f32, least: f64): i32 {
  const row = <usize>l.m << 3, signed = l.nonneg == 0;
  let best = -1, most = least, bounds = f32x4.splat(bound), wide = false;
  for (let j: usize = 0, n = <usize>l.n; j < n; j += 4) {
    let v = v128.load(c + (j << 2));
    if (signed) v = f32x4.abs(v);
    for (let hits = i32x4.bitmask(f32x4.ge(v, bounds)); hits != 0; hits &= hits - 1) {
      const i = j + <usize>ctz(hits);
      if (!wide) widen(l.m, s.residual, s.exactResidual), wide = true;
      let value = dot64(row, l.exactAtoms + i * row, s.exactResidual);
      if (signed) value = abs(value);
      if (value > most) most = value, best = <i32>i;
    }
  }
  return best;
}

/** A float32 row of n values (a multiple of 4) in float64. */
function widen(n: usize, from: usize, to: usize): void {
  for (const end = from + (n << 2); from < end; from += 16, to += 32) {
    const v = v128.load(from);
    v128.store(to, f64x2.promote_low_f32x4(v));
    v128.store(to, f64x2.promote_low_f32x4(i64x2.shuffle(v, v, 1, 0)), 16);
  }
}
