// The search for the best support among the atoms of the support and the working set: an active-set method (NNLS
// of Lawson and Hanson, with signs where codes are signed), several atoms at a time while that works.

import { bestCodes, join, leave, rebuild } from "./active_set";
import { dots } from "./gemm_nt";
import { BATCH, Lasso, newIndex, Sample, setAddress, setValue, solution, vector } from "./lasso_record";
import { combine } from "./sparse";
import { addToSet, banLast, fillGroup, pick, removePicked, setSize, strongest } from "./working_set";

/** Atoms join whose excess over λ is at least this share of the largest. */
const SHARE: f32 = 0.4;
/** Most changes of the support. */
const CHANGES: i32 = 400;

/** The lowest objective of the support that `fit` has come to, less ½‖x‖². */
export let objective: f64 = 0;

/** Atom number `a` of the support stands by. */
function dismiss(l: Lasso, s: Sample, a: usize): void {
  const index = load<u32>(s.index + (a << 2)), address = load<u32>(s.address + (a << 2));
  leave(l, s, a);
  addToSet(index, address);
}

/** Whether a code would have the wrong sign. */
// @ts-ignore: decorator
@inline function isWrong(s: Sample, a: usize): bool {
  return s.free == 0 && load<f32>(solution + (a << 2)) * load<f32>(s.sign + (a << 2)) <= 0;
}

/** The best codes on the support; atoms whose codes would have the wrong sign are dismissed. */
export function fit(l: Lasso, s: Sample): void {
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
export function renew(l: Lasso, s: Sample): void {
  for (let a: usize = 0, size = <usize>s.size; a < size; a++) {
    store<f32>(vector + (a << 2), -<f32>load<f64>(s.code + (a << 3)));
  }
  combine(s.size, s.address, vector, <usize>l.m << 2, s.input, s.residual);
  correlate(l, s);
}

/** Correlations of r with the working set, in float32. */
export function correlate(l: Lasso, s: Sample): void {
  dots(fillGroup(l), <usize>l.m << 2, s.residual, setAddress, setValue);
}

/** Whether the support holds an atom; sought from its last place on. */
// @ts-ignore: decorator
@inline export function holds(s: Sample, atom: u32): bool {
  for (let a = <usize>s.size; a-- > 0;) if (load<u32>(s.index + (a << 2)) == atom) return true;
  return false;
}

/** Seeks the optimal support within the working set, down to correlations of `floor`. */
export function improve(l: Lasso, s: Sample, floor: f32): void {
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

