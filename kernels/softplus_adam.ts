// Codes Z = f(P) with f softplus or ReLU, learned with their dictionary by Adam. A step takes a block
// of samples through `softplus` (codes, derivative, column sums), two products and `codes_adam`, so
// that the pre-codes and their moments pass from and to memory once; `atoms_adam` ends the step.

import { adam } from "./adam_step";
import { hsum, madd } from "./simd";

// e^−a for a ≥ 0 by a = k·ln 2 − r, |r| ≤ ln 2 / 2, and a polynomial whose relative error is 3e-9
// (least maximum, fitted for this file); below e^−86.5 the result stays there, to be a normal number.
// @ts-ignore: decorator
@inline function expMinus(a: v128): v128 {
  const x = f32x4.neg(f32x4.pmin(f32x4.splat(86.5), a));
  // adding 1.5·2²³ rounds to an integer, which then stands in the low bits
  const magic = f32x4.splat(12582912);
  const shifted = madd(x, f32x4.splat(1.44269502), magic);
  const k = f32x4.sub(shifted, magic);
  // ln 2 in two parts; k times the first one is exact
  let r = madd(k, f32x4.splat(-0.693359375), x);
  r = madd(k, f32x4.splat(2.12194440e-4), r);
  let q = madd(r, f32x4.splat(0.001381461275741458), f32x4.splat(0.008368710055947304));
  q = madd(q, r, f32x4.splat(0.04166838899254799));
  q = madd(q, r, f32x4.splat(0.1666652113199234));
  q = madd(q, r, f32x4.splat(0.5));
  const e = madd(f32x4.mul(r, r), q, f32x4.add(r, f32x4.splat(1)));
  return i32x4.add(e, i32x4.shl(shifted, 23));
}

// With e = e^−|x|: softplus(x) = max(x, 0) + log(1 + e), log(1 + e) = 2·artanh(t) for t = e/(2 + e),
// with an odd polynomial of relative error 5e-9; softplus'(x) is 1/(1 + e), or e/(1 + e) below 0.
// One division serves both.
function softplusRow(end: usize, p: usize, z: usize, s: usize, sums: usize): void {
  const one = f32x4.splat(1);
  for (; p < end; p += 16, z += 16, s += 16, sums += 16) {
    const x = v128.load(p);
    const e = expMinus(f32x4.abs(x));
    const e1 = f32x4.add(e, one), e2 = f32x4.add(e1, one);
    const inverse = f32x4.div(one, f32x4.mul(e1, e2));
    const t = f32x4.mul(f32x4.mul(e, e1), inverse), u = f32x4.mul(t, t);
    let q = madd(u, f32x4.splat(0.1400599330663681), f32x4.splat(0.14000903069972992));
    q = madd(q, u, f32x4.splat(0.2001076340675354));
    q = madd(q, u, f32x4.splat(0.3333320915699005));
    const t2 = f32x4.add(t, t), log = madd(f32x4.mul(t2, u), q, t2);
    const value = f32x4.add(f32x4.pmax(f32x4.splat(0), x), log);
    const upper = f32x4.mul(e2, inverse);
    const slope = v128.bitselect(f32x4.mul(e, upper), upper, i32x4.shr_s(x, 31));
    v128.store(z, value);
    v128.store(s, slope);
    v128.store(sums, f32x4.add(v128.load(sums), value));
  }
}

function reluRow(end: usize, p: usize, z: usize, s: usize, sums: usize): void {
  const zero = f32x4.splat(0), one = f32x4.splat(1);
  for (; p < end; p += 16, z += 16, s += 16, sums += 16) {
    const x = v128.load(p), value = f32x4.pmax(zero, x);
    v128.store(z, value);
    v128.store(s, v128.and(f32x4.gt(x, zero), one));
    v128.store(sums, f32x4.add(v128.load(sums), value));
  }
}

function addToSums(cols: usize, totals: usize, sums: usize): void {
  for (let j: usize = 0; j < cols; j++) {
    store<f64>(totals + (j << 3), load<f64>(totals + (j << 3)) + load<f32>(sums + (j << 2)));
  }
}

/**
 * Z = f(P) and S = f′(P) for a block of samples (rows × cols, cols a multiple of 8); f is softplus,
 * or ReLU where `rectify` is not 0. Adds the column sums of Z to `totals` (float64), by way of `sums`
 * (cols floats of scratch).
 */
export function codes_forward(
  rows: i32, cols: i32, p: usize, z: usize, s: usize, totals: usize, sums: usize, rectify: i32,
): void {
  const stride = <usize>cols << 2;
  memory.fill(sums, 0, stride);
  for (let i = 0; i < rows; i++, p += stride, z += stride, s += stride) {
    if (rectify) reluRow(p + stride, p, z, s, sums);
    else softplusRow(p + stride, p, z, s, sums);
  }
  addToSums(cols, totals, sums);
}

function codesRow(
  end: usize, p: usize, m: usize, v: usize, g: usize, s: usize, norms: usize,
  scale: f32, penalty: f32, step: f32, root: f32,
): void {
  const scale4 = f32x4.splat(scale), penalty4 = f32x4.splat(penalty);
  const step4 = f32x4.splat(step), root4 = f32x4.splat(root);
  for (; p < end; p += 16, m += 16, v += 16, g += 16, s += 16, norms += 16) {
    const data = f32x4.mul(scale4, v128.load(g));
    const gradient = f32x4.mul(madd(penalty4, v128.load(norms), data), v128.load(s));
    adam(p, m, v, gradient, step4, root4);
  }
}

/**
 * One Adam step of a block of pre-codes P with moments M and V: the gradient is
 * (scale·G + penalty·norms) ∘ S, with G = R·D; `step` and `root` as in adam_step.ts.
 */
export function codes_adam(
  rows: i32, cols: i32, p: usize, m: usize, v: usize, g: usize, s: usize, norms: usize,
  scale: f32, penalty: f32, step: f32, root: f32,
): void {
  const stride = <usize>cols << 2;
  for (let i = 0; i < rows; i++) {
    codesRow(p + stride, p, m, v, g, s, norms, scale, penalty, step, root);
    p += stride, m += stride, v += stride, g += stride, s += stride;
  }
}

/** One atom; returns its new squared norm. */
function atomRow(
  end: usize, d: usize, m: usize, v: usize, g: usize, scale: f32, pull: f32, step: f32, root: f32,
): f32 {
  const scale4 = f32x4.splat(scale), pull4 = f32x4.splat(pull);
  const step4 = f32x4.splat(step), root4 = f32x4.splat(root);
  let sum = f32x4.splat(0);
  for (; d < end; d += 16, m += 16, v += 16, g += 16) {
    const data = f32x4.mul(scale4, v128.load(g));
    const atom = adam(d, m, v, madd(pull4, v128.load(d), data), step4, root4);
    sum = madd(atom, atom, sum);
  }
  return hsum(sum);
}

/**
 * One Adam step of the atoms (rows of the transposed dictionary, atoms × cols): the gradient of atom
 * j is scale·G_j + penalty·totals_j·d_j/‖d_j‖, where the last factor is 0 for a zero atom. Replaces
 * `norms` by the new ones.
 */
export function atoms_adam(
  atoms: i32, cols: i32, d: usize, m: usize, v: usize, g: usize, norms: usize, totals: usize,
  scale: f32, penalty: f32, step: f32, root: f32,
): void {
  const stride = <usize>cols << 2;
  for (let j = 0; j < atoms; j++) {
    const norm = load<f32>(norms);
    const pull: f32 = norm > 0 ? penalty * <f32>load<f64>(totals) / norm : 0;
    store<f32>(norms, sqrt<f32>(atomRow(d + stride, d, m, v, g, scale, pull, step, root)));
    d += stride, m += stride, v += stride, g += stride, norms += 4, totals += 8;
  }
}
