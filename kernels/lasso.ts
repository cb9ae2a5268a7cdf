// The Lasso for many samples and one dictionary, ½‖x − Dz‖² + λ‖z‖₁ with or without z ≥ 0, every solution
// certified by its duality gap in float64.
//
// A pass gives the correlations of all atoms with the residuals of the samples in work, as one dense
// product in 8 bits with known errors; those that matter are computed again. After it each sample goes on alone: if its gap is small enough it is done and another sample takes its
// place; else the atoms with the largest correlations become its working set, and an active-set method (NNLS of
// Lawson and Hanson, with signs where codes are signed, several atoms at a time while that works) finds the
// optimal support within it. It stops while correlations within the set are still a quarter of what they were:
// by then atoms outside it matter as much, and the next pass tells.
//
// Everything depends on the sample alone: its codes are the same whatever samples surround it.

import { bestCodes, join, leave, rebuild } from "./active_set";
import { correlationError, exactMost, narrow, polish, relativeGap } from "./lasso_certificate";
import { solveExactly } from "./lasso_exact";
import {
  BATCH, correlations, enter, Lasso, newCode, newIndex, newSign, packed, pool, Sample, setAddress, setValue,
  solution, stateAt, vector,
} from "./lasso_record";
import { correlateAll, GROUP, groupBytes, packResidual } from "./panels";
import { combine } from "./sparse";
import { dots } from "./gemm_nt";
import { dot64 } from "./vectors64";
import {
  addToSet, banLast, emptySet, fillGroup, pick, removePicked, select, setSize, strongest, survey,
} from "./working_set";

/** The working set is left once its correlations have fallen to this share of the largest one. */
const ENOUGH: f32 = 0.25;
/** Atoms join whose excess over λ is at least this share of the largest. */
const SHARE: f32 = 0.4;
/** Atoms of a later working set have at least this share of λ. */
const NEAR: f64 = 0.9;
/** Most changes of the support between two passes. */
const CHANGES: i32 = 400;
/** A sample that needs more passes is solved in float64. */
const PATIENCE: i32 = 12;

let tol: f64 = 0;

/** The next sample starts: from no codes, or from given ones. */
function begin(l: Lasso, s: Sample, number: usize): void {
  const row = <usize>l.m << 3;
  s.number = <i32>number, s.step = 0, s.size = 0, s.passes = 0, s.careful = 0, s.stalled = 0;
  s.x = l.x + number * row;
  s.lambda = load<f64>(l.lambdas + (number * <usize>l.path << 3));
  s.rr = dot64(row, s.x, s.x);
  s.xr = s.rr, s.half = 0.5 * s.rr, s.l1 = 0, s.most = 0;
  memory.copy(s.exactResidual, s.x, row);
  narrow(l.m, s.x, s.input);
  memory.copy(s.residual, s.input, row >> 1);
  const start = <usize>load<u32>(l.starts + (number << 2)), end = <usize>load<u32>(l.starts + (number << 2), 4);
  if (start < end) beginAt(l, s, start, end);
}

/** The support of given codes, as far as it is independent, with the best codes on it. */
function beginAt(l: Lasso, s: Sample, start: usize, end: usize): void {
  let count: usize = 0;
  for (let at = start; at < end; at++) {
    const value = load<f32>(l.startValues + (at << 2)), atom = load<u32>(l.startColumns + (at << 2));
    if (value > 0 || (value < 0 && l.nonneg == 0)) {
      store<u32>(newIndex + (count << 2), atom);
      store<f32>(newSign + (count << 2), value < 0 ? -1 : 1);
      store<f64>(newCode + (count << 3), 0);
      count++;
    }
    if (count == BATCH || (at + 1 == end && count > 0)) {
      join(l, s, count);
      count = 0;
    }
  }
  emptySet();
  fit(l, s);
  polish(l, s, tol);
}

/** The lowest objective of the support that `fit` has come to, less ½‖x‖². */
let objective: f64 = 0;

/** Atom number `a` of the support stands by. */
function dismiss(l: Lasso, s: Sample, a: usize): void {
  const index = load<u32>(s.index + (a << 2)), address = load<u32>(s.address + (a << 2));
  leave(l, s, a);
  addToSet(index, address);
}

/** Whether a code would have the wrong sign. */
// @ts-ignore: decorator
@inline function isWrong(s: Sample, a: usize): bool {
  return load<f32>(solution + (a << 2)) * load<f32>(s.sign + (a << 2)) <= 0;
}

/** The best codes on the support; atoms whose codes would have the wrong sign are dismissed. */
function fit(l: Lasso, s: Sample): void {
  while (s.size > 0) {
    bestCodes(s);
    let wrong = false, sum: f64 = 0, step: f64 = 1;
    for (let a: usize = 0, size = <usize>s.size; a < size; a++) {
      const best = <f64>load<f32>(solution + (a << 2));
      sum += best * <f64>load<f32>(vector + (a << 2));
      if (!isWrong(s, a)) continue;
      wrong = true;
      const code = load<f64>(s.code + (a << 3));
      step = min(step, code == 0 ? 0 : code / (code - best));
    }
    if (!wrong) {
      objective = -0.5 * sum;
      for (let a: usize = 0, size = <usize>s.size; a < size; a++) {
        store<f64>(s.code + (a << 3), load<f32>(solution + (a << 2)));
      }
      return;
    }
    for (let a = <usize>s.size; a-- > 0;) {
      const at = s.code + (a << 3), code = load<f64>(at), best = <f64>load<f32>(solution + (a << 2));
      if (s.careful == 0) {
        if (isWrong(s, a)) dismiss(l, s, a);
        continue;
      }
      // up to the first code that becomes zero
      if (isWrong(s, a) && (code == 0 || code / (code - best) <= step)) dismiss(l, s, a);
      else store<f64>(at, code + step * (best - code));
    }
  }
  objective = 0;
}

/** r = x − Dz in float32, and its correlations with the working set. */
function renew(l: Lasso, s: Sample): void {
  for (let a: usize = 0, size = <usize>s.size; a < size; a++) {
    store<f32>(vector + (a << 2), -<f32>load<f64>(s.code + (a << 3)));
  }
  combine(s.size, s.address, vector, <usize>l.m << 2, s.input, s.residual);
  correlate(l, s);
}

/** Correlations of r with the working set, in float32. */
function correlate(l: Lasso, s: Sample): void {
  dots(fillGroup(l), <usize>l.m << 2, s.residual, setAddress, setValue);
}

/** Whether the support holds an atom in its last place. */
// @ts-ignore: decorator
@inline function holds(s: Sample, atom: u32): bool {
  for (let a = <usize>s.size; a-- > 0;) if (load<u32>(s.index + (a << 2)) == atom) return true;
  return false;
}

/** Seeks the optimal support within the working set, down to correlations of `floor`. */
function improve(l: Lasso, s: Sample, floor: f32): void {
  const lambda = <f32>s.lambda;
  let best = f64.POSITIVE_INFINITY, failures = 0, rebuilds = 0;
  for (let change = 0; change < CHANGES && setSize > 0; change++) {
    const most = strongest(l);
    if (most <= floor) return;
    const low = max(floor, lambda + SHARE * (most - lambda));
    const count = pick(l, low, s.careful != 0 ? 1 : BATCH);
    removePicked(count);
    if (join(l, s, count) == 0) continue;
    const newest = load<u32>(newIndex);
    fit(l, s);
    if (s.careful == 0) {
      if (objective > best - 1e-6 * s.half) s.careful = ++failures >= 2 ? 1 : 0;
      best = min(best, objective);
    } else if (!holds(s, newest)) {
      // a new atom's code cannot have the wrong sign: the inverse is inexact
      if (rebuilds++ < 3) rebuild(l, s);
      else banLast();
    }
    renew(l, s);
  }
}

/** Leaves the correlations of the atoms outside the support. */
function hideSupport(s: Sample, c: usize): void {
  for (let a: usize = 0, size = <usize>s.size; a < size; a++) {
    store<f32>(c + (<usize>load<u32>(s.index + (a << 2)) << 2), 0);
  }
}

/** Sample `s` after a pass, with its correlations `c`; returns whether it is done with all its penalties. */
function advance(l: Lasso, s: Sample, c: usize): bool {
  s.passes++;
  hideSupport(s, c);
  const error = correlationError(l, s), low = leastToLookAt(s, error);
  const most = <f64>survey(l, c, <f32>low), last = s.passes >= l.most;
  if (last || relativeGap(s, max(s.most, most - error)) <= tol) {
    const bound = max(max(s.lambda, s.most) - error, most - 2 * error);
    const gap = relativeGap(s, exactMost(l, s, c, <f32>bound, s.most));
    if (last || gap <= tol) return finish(l, s, c, gap);
  }
  select(l, c, <f32>low, s.size == 0 ? l.first : l.later);
  correlate(l, s);
  const strong = strongest(l), floor = max(<f32>(s.lambda * (1 + slack())), ENOUGH * strong);
  if (strong <= floor || s.stalled != 0 || s.passes >= PATIENCE) {
    // No atom is missing, or codes cannot be improved, and yet the gap is too large
    const exact = solveExactly(l, s, tol);
    s.passes++;
    return finish(l, s, c, relativeGap(s, exact));
  }
  improve(l, s, floor);
  polish(l, s, tol);
  return false;
}

/** The least correlation of a pass that makes an atom interesting. */
// @ts-ignore: decorator
@inline function leastToLookAt(s: Sample, error: f64): f64 {
  return s.size == 0 ? s.lambda : max(min(s.lambda * NEAR, s.lambda - error), 0);
}

/** How far above λ, relative to it, correlations may stay. */
// @ts-ignore: decorator
@inline function slack(): f64 {
  return min(max(0.3 * tol, 1e-6), 1e-3);
}

/** Writes the codes and the gap; returns whether that was the sample's last penalty, else turns to the next. */
function finish(l: Lasso, s: Sample, c: usize, gap: f64): bool {
  const at = <usize>s.step * <usize>l.rows + <usize>s.number, list = at * <usize>l.capacity << 2;
  store<u32>(l.counts + (at << 2), write(s, l.columns + list, l.values + list));
  store<f64>(l.gaps + (at << 3), gap);
  store<u32>(l.passes + (at << 2), s.passes);
  if (++s.step >= l.path) return true;
  s.lambda = load<f64>(l.lambdas + (<usize>(s.number * l.path + s.step) << 3));
  s.passes = 0;
  // The correlations of the last solution tell which atoms the next one is likely to need
  hideSupport(s, c); // it has changed if the sample was solved exactly
  const low = <f32>leastToLookAt(s, correlationError(l, s));
  survey(l, c, low);
  select(l, c, low, l.later);
  fit(l, s);
  renew(l, s);
  improve(l, s, max(<f32>(s.lambda * (1 + slack())), ENOUGH * strongest(l)));
  polish(l, s, tol);
  return false;
}

/** Writes the codes that are not zero, atoms ascending; returns their number. */
function write(s: Sample, columns: usize, values: usize): i32 {
  let count: usize = 0;
  for (let a: usize = 0, size = <usize>s.size; a < size; a++) {
    const value = load<f32>(s.output + (a << 2)), column = load<u32>(s.index + (a << 2));
    if (value == 0) continue;
    let to = count++ << 2;
    for (; to > 0 && load<u32>(columns + to - 4) > column; to -= 4) {
      store<u32>(columns + to, load<u32>(columns + to - 4));
      store<f32>(values + to, load<f32>(values + to - 4));
    }
    store<u32>(columns + to, column);
    store<f32>(values + to, value);
  }
  return <i32>count;
}

/** Solves samples `first` … `end` − 1 of the record to relative gaps of at most `gap`. */
export function lasso(record: usize, first: i32, end: i32, gap: f64): void {
  const l = changetype<Lasso>(record);
  enter(l);
  tol = gap;
  let active: usize = 0, next = <usize>first;
  for (; active < <usize>l.work && next < <usize>end; active++) {
    const s = stateAt(l, active);
    store<u32>(pool + (active << 2), changetype<u32>(s));
    begin(l, s, next++);
  }
  while (active > 0) {
    pass(l, active);
    for (let i = active; i-- > 0;) {
      const s = changetype<Sample>(<usize>load<u32>(pool + (i << 2)));
      if (!advance(l, s, correlations + i * (<usize>l.n << 2))) continue;
      if (next < <usize>end) begin(l, s, next++);
      else if (i < --active) store<u32>(pool + (i << 2), load<u32>(pool + (active << 2)));
    }
  }
}

/** The correlations of all atoms with the residuals of all samples in work. */
function pass(l: Lasso, active: usize): void {
  const m = <usize>l.m, group = groupBytes(m);
  for (let i: usize = 0; i < active; i++) {
    const s = changetype<Sample>(<usize>load<u32>(pool + (i << 2)));
    s.off = sqrt<f64>(packResidual(m, s.residual, packed + i / GROUP * group, i % GROUP));
  }
  correlateAll((active + GROUP - 1) / GROUP, l.n, m, packed, l.panels, correlations);
}
