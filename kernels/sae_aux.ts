// AuxK (Gao et al., 2024): units that have been silent for long predict what the others leave over,
// r = x − reconstruction, which is taken as given. Per row the largest of their pre-activations are
// the values of the prediction, without bias.

import { ABSTOPK } from "./sae_record";
import { backwardRow, residualRow, SupportSae } from "./sae_support";
import { axpy, dot, scale, subtract, sumLanes } from "./vectors";

/** The order of float32 as the order of int32. */
// @ts-ignore: decorator
@inline function key(value: f32): i32 {
  const bits = reinterpret<i32>(value);
  return bits ^ (bits >> 31 & 0x7fffffff);
}

/** Number of keys of n (a multiple of 4) above t. */
function countKeys(n: usize, t: i32, keys: usize): i32 {
  const bound = i32x4.splat(t), end = keys + (n << 2);
  let count = i32x4.splat(0);
  for (; keys < end; keys += 16) count = i32x4.sub(count, i32x4.gt_s(v128.load(keys), bound));
  return sumLanes(count);
}

/** The smallest key that fewer than k of n exceed. */
function kthKey(n: usize, k: i32, keys: usize): i32 {
  let low: i64 = i32.MIN_VALUE, high: i64 = i32.MAX_VALUE;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (countKeys(n, <i32>middle, keys) < k) high = middle;
    else low = middle + 1;
  }
  return <i32>low;
}

/** The dead ones of the units from `first` to `end` in s.auxUnits; returns their number. */
function findDead(s: SupportSae, first: i32, end: i32): i32 {
  let count = 0;
  for (let j = first; j < end; j++) {
    if (load<i32>(s.silent + (<usize>j << 2)) <= s.deadAfter) continue;
    store<i32>(s.auxUnits + (<usize>count << 2), j);
    count++;
  }
  return count;
}

/**
 * The k largest of the dead units' pre-activations in one row, as a list; their values are divided by
 * `weights` (0: none), and when `relative` negative ones are left out. Returns the list's length.
 */
function choose(
  s: SupportSae, dead: i32, k: i32, pre: usize, weights: usize, indices: usize, values: usize,
): i32 {
  const n = <usize>(dead + 3 & ~3), keys = s.auxKeys, isSigned = s.type == ABSTOPK; // by magnitude
  for (let t: usize = 0; t < n << 2; t += 4) {
    const unit = <usize>load<u32>(s.auxUnits + t) << 2;
    const value = load<f32>(pre + unit);
    const own = key(isSigned ? abs(value) : value);
    store<i32>(keys + t, t < <usize>dead << 2 ? own : i32.MIN_VALUE);
  }
  const bound = kthKey(n, k, keys);
  let equal = k - countKeys(n, bound, keys), count: usize = 0;
  for (let t: usize = 0; t < <usize>dead << 2; t += 4) {
    const own = load<i32>(keys + t);
    if (own < bound || own == bound && equal-- <= 0) continue;
    const j = <usize>load<u32>(s.auxUnits + t), value = load<f32>(pre + (j << 2));
    if (s.auxRelative && !isSigned && value <= 0) continue;
    store<u32>(indices + (count << 2), j);
    store<f32>(values + (count << 2), weights ? value / load<f32>(weights + (j << 2)) : value);
    count++;
  }
  return <i32>count;
}

/** Σ over rows of ‖r − mean of r‖², in float64; `mean` is scratch. */
function spread(s: SupportSae, rows: i32, residual: usize, mean: usize): f64 {
  const n = <usize>s.ldm, stride = n << 2;
  memory.fill(mean, 0, stride);
  for (let i = 0, r = residual; i < rows; i++, r += stride) axpy(n, 1 / <f32>rows, r, mean);
  let sum: f64 = 0;
  const difference = mean + stride;
  for (let i = 0, r = residual; i < rows; i++, r += stride) {
    subtract(n, r, mean, difference);
    sum += dot(n, difference, difference);
  }
  return sum;
}

/** Adds the term of all units, whose pre-activations s.pre holds, times `weights` (0: as they are). */
export function auxK(s: SupportSae, rows: i32, weights: usize): void {
  if (s.auxLatents > 0) auxOf(s, rows, weights, s.residual, 0, s.w);
}

/**
 * Adds the gradients of the auxiliary error of the units from `first` to `end`, and the error itself to the
 * sums, from residuals that are not scaled yet. With e the mean squared error of the prediction and D the
 * number of dead units the term is weight·min(D/auxLatents, 1)·e, or when `auxRelative`, with negative
 * pre-activations counted as 0 but for abstopk, weight·e/(the mean of (r − mean of r)²).
 */
export function auxOf(
  s: SupportSae, rows: i32, weights: usize, residual: usize, first: i32, end: i32,
): void {
  const dead = findDead(s, first, end), k = min(s.auxLatents, dead);
  if (k == 0) return;
  const n = <usize>s.ldm, stride = n << 2, error = s.scratch, elements = <f64>(rows * s.m);
  let weight = <f64>load<f32>(s.auxWeight);
  if (s.auxRelative) {
    const total = spread(s, rows, residual, s.auxScratch);
    if (total == 0) return;
    weight *= elements / total;
  } else weight *= min(<f64>dead / <f64>s.auxLatents, 1);
  const indices = s.auxIndices, values = s.auxValues, rate = <f32>(2 * weight / elements);
  let sum: f64 = 0, r = residual, x = s.x, pre = s.pre;
  for (let i = 0; i < rows; i++, r += stride, x += stride, pre += <usize>s.ldw << 2) {
    const count = <usize>choose(s, dead, k, pre, weights, indices, values);
    scale(n, -1, r, error);
    residualRow(n, count, indices, values, s.decoder, error, error);
    sum += dot(n, error, error);
    scale(n, rate, error, error);
    backwardRow(s, count, indices, values, error, x);
  }
  store<f64>(s.sums + 24, load<f64>(s.sums + 24) + weight * sum / elements);
}
