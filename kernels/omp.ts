// Orthogonal matching pursuit: the atom with the largest correlation with the residual joins the support, and the
// codes become the best ones on it, again and again (Pati, Rezaiifar and Krishnaprasad, 1993). And the best codes on
// supports that are given.
//
// Correlations come from the Gram matrix, c = Dᵀx − Gz, where the record has it, else from passes that all samples
// in work take together; then those within the passes' error of the largest are computed in float64.

import { bestCodes, join } from "./active_set";
import { correlationError, exactStrongest, polish } from "./lasso_certificate";
import { solveExactly } from "./lasso_exact";
import { gemm_nt } from "./gemm_nt";
import {
  correlations, enter, Lasso, newCode, newIndex, newSign, packed, pool, row, Sample, stateAt, vector,
} from "./lasso_record";
import { barOthers, enterSample, given, hideSupport, joinGiven, pass, report, standBy } from "./lasso_samples";
import { combine } from "./sparse";
import { fit, improve, objective, renew } from "./support_search";
import { emptySet, placeOf, setSize, strongest, survey } from "./working_set";

/** Correlations smaller than this share of the largest possible one are rounding. */
const ROUNDING: f64 = 1e-6;
/** Part of the largest possible correlation that counts as one that matters. */
const LEVEL: f64 = 0.05;

/** A sample comes in, without a penalty. */
function begin(l: Lasso, s: Sample, number: usize): void {
  enterSample(l, s, number);
  s.lambda = 0, s.level = LEVEL * load<f64>(l.norms) * sqrt(s.rr), s.careful = 1, s.free = 1 - l.nonneg;
}

/** The least correlation that cannot be rounding. */
// @ts-ignore: decorator
@inline function leastOf(l: Lasso, s: Sample): f64 {
  return ROUNDING * load<f64>(l.norms) * sqrt(2 * s.half);
}

/** An atom joins, and the codes become the best. Returns whether it has joined. */
function extend(l: Lasso, s: Sample, c: usize, atom: i32): bool {
  if (atom < 0) return false;
  store<u32>(newIndex, atom);
  store<f32>(newSign, load<f32>(c + (<usize>atom << 2)) < 0 ? -1 : 1);
  store<f64>(newCode, 0);
  if (join(l, s, 1) == 0) return false;
  emptySet();
  fit(l, s);
  renew(l, s);
  return true;
}

/** Whether a sample has all its atoms, or what is left of it is at most `tol` of it. */
function isDone(l: Lasso, s: Sample, k: i32, tol: f64): bool {
  if (s.size == k || s.size == l.rank) return true;
  const r = s.residual;
  let sum: f64 = 0;
  for (let at = r, end = r + (<usize>l.m << 2); at < end; at += 4) sum += <f64>load<f32>(at) * <f64>load<f32>(at);
  s.rr = sum;
  return sum <= tol * 2 * s.half;
}

/** The codes, and what they leave of the sample. */
function reportFit(l: Lasso, s: Sample): void {
  report(l, s, s.half == 0 ? 0 : 0.5 * s.rr / s.half);
}

/** The best codes of the support, refined. */
function end(l: Lasso, s: Sample): void {
  polish(l, s, 0);
  reportFit(l, s);
}

/** Pursues samples `first` … `last` − 1 of the record, up to k atoms or until ‖r‖² ≤ tol·‖x‖². */
export function omp(record: usize, first: i32, last: i32, k: i32, tol: f64): void {
  const l = changetype<Lasso>(record);
  enter(l);
  if (l.withGram != 0) pursueWithGram(l, first, last, k, tol);
  else pursueInPasses(l, first, last, k, tol);
}

function pursueInPasses(l: Lasso, first: usize, last: usize, k: i32, tol: f64): void {
  let active: usize = 0, next = first;
  for (; active < <usize>l.work && next < last; active++) {
    const s = stateAt(l, active);
    store<u32>(pool + (active << 2), changetype<u32>(s));
    begin(l, s, next++);
  }
  while (active > 0) {
    pass(l, active);
    for (let i = active; i-- > 0;) {
      const s = changetype<Sample>(<usize>load<u32>(pool + (i << 2))), c = correlations + i * (<usize>l.n << 2);
      s.passes++;
      // as many turns as twice the atoms: those that leave make room for others
      const more = s.passes <= 2 * k && extend(l, s, c, strongestAfterPass(l, s, c));
      if (more && !isDone(l, s, k, tol)) continue;
      end(l, s);
      if (next < last) begin(l, s, next++);
      else if (i < --active) store<u32>(pool + (i << 2), load<u32>(pool + (active << 2)));
    }
  }
}

/** The atom with the largest correlation after a pass; −1 if there is none. */
function strongestAfterPass(l: Lasso, s: Sample, c: usize): i32 {
  hideSupport(s, c);
  const most = <f64>survey(l, c, 0);
  return exactStrongest(l, s, c, <f32>(most - 2 * correlationError(l, s)), leastOf(l, s));
}

function pursueWithGram(l: Lasso, first: usize, last: usize, k: i32, tol: f64): void {
  const m = <usize>l.m, n = <usize>l.n, work = <usize>l.work, s = stateAt(l, 0);
  for (let from = first; from < last; from += work) {
    const count = min(work, last - from);
    for (let i: usize = 0; i < count; i++) {
      begin(l, s, from + i);
      memory.copy(packed + i * (m << 2), s.input, m << 2);
    }
    gemm_nt(<i32>count, l.n, l.m, packed, l.m, l.atoms, l.m, correlations, l.n);
    for (let i: usize = 0; i < count; i++) {
      begin(l, s, from + i);
      pursue(l, s, correlations + i * (n << 2), k, tol);
    }
  }
}

/** One sample from its correlations with all atoms on. */
function pursue(l: Lasso, s: Sample, start: usize, k: i32, tol: f64): void {
  const bytes = <usize>l.n << 2;
  let c = start;
  while (!isDone(l, s, k, tol) && s.passes++ < 2 * k) {
    if (s.size > 0) {
      // c = Dᵀx − Gz, with rows of the Gram matrix in place of the atoms'
      for (let a: usize = 0, size = <usize>s.size; a < size; a++) {
        store<u32>(s.output + (a << 2), <usize>load<u32>(s.index + (a << 2)) * bytes + l.gram);
      }
      combine(s.size, s.output, vector, bytes, start, row);
      c = row;
      hideSupport(s, c);
    }
    const most = survey(l, c, 0);
    if (<f64>most <= leastOf(l, s) || !extend(l, s, c, placeOf(l, c, most))) break;
  }
  end(l, s);
}

/** Makes the codes on a given support the best that are not negative; returns whether float32 suffices for that. */
function improveGiven(l: Lasso, s: Sample, floor: f32): bool {
  let before = f64.POSITIVE_INFINITY;
  while (true) {
    // atoms that have left, or that depended on others, may be wanted again
    standBy(l, s);
    if (setSize == 0) return true;
    renew(l, s);
    if (strongest(l) <= floor) return true;
    // a round can end early, with atoms that depended on a support which has changed since
    if (!(objective < before - 1e-7 * s.half)) return false;
    before = objective;
    improve(l, s, floor);
    s.careful = 1;
  }
}

/** The best codes of samples `first` … `last` − 1 on the supports of the codes to start from. */
export function debias(record: usize, first: i32, last: i32): void {
  const l = changetype<Lasso>(record), s = stateAt(l, 0);
  enter(l);
  for (let number = first; number < last; number++) {
    begin(l, s, number);
    s.careful = 0;
    joinGiven(l, s);
    // what joins of more atoms than are independent is as badly conditioned as can be: the support is sought anew
    if (l.nonneg != 0 && s.size < given(l, s)) s.size = 0;
    emptySet();
    fit(l, s);
    const solved = l.nonneg == 0 || improveGiven(l, s, <f32>(1e-5 * s.level));
    polish(l, s, 0);
    if (!solved || (l.nonneg != 0 && s.stalled != 0)) {
      barOthers(l, s);
      s.size = 0;
      solveExactly(l, s, 1e-6 * s.level);
    }
    reportFit(l, s);
  }
}
