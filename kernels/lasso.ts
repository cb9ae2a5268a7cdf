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

import { correlationError, exactMost, polish, relativeGap } from "./lasso_certificate";
import { solveExactly } from "./lasso_exact";
import { correlations, enter, Lasso, pool, row, Sample, stateAt } from "./lasso_record";
import { enterSample, hideSupport, joinGiven, pass, report } from "./lasso_samples";
import { correlate, fit, improve, renew } from "./support_search";
import { emptySet, select, strongest, survey } from "./working_set";

/** The working set is left once its correlations have fallen to this share of the largest one. */
const ENOUGH: f32 = 0.25;
/** Atoms of a later working set have at least this share of λ. */
const NEAR: f64 = 0.9;
/** A sample that needs more passes is solved in float64. */
const PATIENCE: i32 = 12;

/** The largest gap that is wanted. */
let tol: f64 = 0;

/** The next sample starts: from no codes, or from given ones. */
function begin(l: Lasso, s: Sample, number: usize): void {
  enterSample(l, s, number);
  s.lambda = s.level = load<f64>(l.lambdas + (number * <usize>l.path << 3));
  if (!joinGiven(l, s)) return;
  emptySet();
  fit(l, s);
  polish(l, s, tol);
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
    memory.fill(row, 0, <usize>l.n << 2);
    const gap = solveExactly(l, s, s.lambda * (1 + min(max(0.1 * tol, 1e-10), 1e-3)));
    s.passes++;
    return finish(l, s, c, gap);
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
  report(l, s, gap);
  if (++s.step >= l.path) return true;
  s.lambda = s.level = load<f64>(l.lambdas + (<usize>(s.number * l.path + s.step) << 3));
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
