// Samples on their way through a solver: how they enter it, how all in work take a pass, how they are reported.

import { join } from "./active_set";
import { narrow } from "./lasso_certificate";
import {
  BATCH, correlations, Lasso, newCode, newIndex, newSign, packed, pool, row as barred, Sample,
} from "./lasso_record";
import { correlateAll, GROUP, groupBytes, packResidual } from "./panels";
import { holds } from "./support_search";
import { dot64 } from "./vectors64";
import { addToSet, emptySet } from "./working_set";

/** A sample comes in, with no codes. */
export function enterSample(l: Lasso, s: Sample, number: usize): void {
  const row = <usize>l.m << 3;
  s.number = <i32>number, s.step = 0, s.size = 0, s.passes = 0, s.careful = 0, s.stalled = 0, s.free = 0;
  s.x = l.x + number * row;
  s.rr = dot64(row, s.x, s.x);
  s.xr = s.rr, s.half = 0.5 * s.rr, s.l1 = 0, s.most = 0;
  memory.copy(s.exactResidual, s.x, row);
  narrow(l.m, s.x, s.input);
  memory.copy(s.residual, s.input, row >> 1);
}

/** Whether a given code is part of the support. */
// @ts-ignore: decorator
@inline function counts(l: Lasso, value: f32): bool {
  return value > 0 || (value < 0 && l.nonneg == 0);
}

/** How many atoms the support of the given codes has. */
export function given(l: Lasso, s: Sample): i32 {
  const at = l.starts + (<usize>s.number << 2), end = <usize>load<u32>(at, 4);
  let count = 0;
  for (let p = <usize>load<u32>(at); p < end; p++) {
    if (counts(l, load<f32>(l.startValues + (p << 2)))) count++;
  }
  return count;
}

/** The support of the given codes joins, as far as it is independent; returns whether there are codes. */
export function joinGiven(l: Lasso, s: Sample): bool {
  const at = l.starts + (<usize>s.number << 2), end = <usize>load<u32>(at, 4);
  let count: usize = 0;
  for (let p = <usize>load<u32>(at); p < end; p++) {
    const value = load<f32>(l.startValues + (p << 2)), atom = load<u32>(l.startColumns + (p << 2));
    if (counts(l, value)) {
      store<u32>(newIndex + (count << 2), atom);
      store<f32>(newSign + (count << 2), value < 0 ? -1 : 1);
      store<f64>(newCode + (count << 3), 0);
      count++;
    }
    if (count == BATCH || (p + 1 == end && count > 0)) {
      join(l, s, count);
      count = 0;
    }
  }
  return s.size > 0;
}

/** The atoms of the given codes that the support does not hold become the working set. */
export function standBy(l: Lasso, s: Sample): void {
  const at = l.starts + (<usize>s.number << 2), end = <usize>load<u32>(at, 4);
  emptySet();
  for (let p = <usize>load<u32>(at); p < end; p++) {
    const atom = load<u32>(l.startColumns + (p << 2));
    if (!counts(l, load<f32>(l.startValues + (p << 2))) || holds(s, atom)) continue;
    addToSet(atom, <u32>(l.atoms + <usize>atom * (<usize>l.m << 2)));
  }
}

/** Bars all atoms but those of the given codes from `solveExactly`. */
export function barOthers(l: Lasso, s: Sample): void {
  const at = l.starts + (<usize>s.number << 2), end = <usize>load<u32>(at, 4);
  for (let j: usize = 0, n = <usize>l.n; j < n; j++) store<u32>(barred + (j << 2), 1);
  for (let p = <usize>load<u32>(at); p < end; p++) {
    if (!counts(l, load<f32>(l.startValues + (p << 2)))) continue;
    store<u32>(barred + (load<u32>(l.startColumns + (p << 2)) << 2), 0);
  }
}

/** The correlations of all atoms with the residuals of all samples in work. */
export function pass(l: Lasso, active: usize): void {
  const m = <usize>l.m, group = groupBytes(m);
  for (let i: usize = 0; i < active; i++) {
    const s = changetype<Sample>(<usize>load<u32>(pool + (i << 2)));
    s.off = sqrt<f64>(packResidual(m, s.residual, packed + i / GROUP * group, i % GROUP));
  }
  correlateAll((active + GROUP - 1) / GROUP, l.n, m, packed, l.panels, correlations);
}

/** Leaves the correlations of the atoms outside the support. */
export function hideSupport(s: Sample, c: usize): void {
  for (let a: usize = 0, size = <usize>s.size; a < size; a++) {
    store<f32>(c + (<usize>load<u32>(s.index + (a << 2)) << 2), 0);
  }
}

/** Writes the codes, passes and `gap` of a sample. */
export function report(l: Lasso, s: Sample, gap: f64): void {
  const at = <usize>s.step * <usize>l.rows + <usize>s.number, list = at * <usize>l.capacity << 2;
  store<u32>(l.counts + (at << 2), write(s, l.columns + list, l.values + list));
  store<f64>(l.gaps + (at << 3), gap);
  store<u32>(l.passes + (at << 2), s.passes);
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
