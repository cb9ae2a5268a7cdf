// The Lasso of one sample in float64 throughout, for the few whose support is too ill-conditioned for a
// float32 inverse: one atom at a time (Lawson and Hanson), with the correlations of all atoms after each.

import { rebuild } from "./active_set";
import { dualValue, exactResidual, gapAbove, refreshSums, round } from "./lasso_certificate";
import { Lasso, row as barred, Sample, saved, wide, wideLists } from "./lasso_record";
import { axpy64, dot64 } from "./vectors64";

/** An atom joins if what the support leaves of it has more than this share of its squared norm. */
const INDEPENDENT: f64 = 1e-11;
/** Codes are the best of their support if it is stationary to this share of the level. */
const STATIONARY: f64 = 1e-11;

// Lists: factors of a new atom or of the last row, right sides, solutions
let part: usize = 0, right: usize = 0, best: usize = 0;
let stride: usize = 0;

// @ts-ignore: decorator
@inline function atomAt(l: Lasso, atom: u32): usize {
  return l.exactAtoms + <usize>atom * (<usize>l.m << 3);
}

// @ts-ignore: decorator
@inline function lanesBytes(size: i32): usize {
  return <usize>(size + 7 & ~7) << 3;
}

// @ts-ignore: decorator
@inline function signAt(s: Sample, a: usize): f64 {
  return load<f32>(s.sign + (a << 2));
}

/** `out` = M·v; v has zeros up to a multiple of 8. */
function timesInverse(s: Sample, v: usize, out: usize): void {
  const bytes = lanesBytes(s.size);
  for (let a: usize = 0; a < <usize>s.size; a++) {
    store<f64>(out + (a << 3), dot64(bytes, wide + a * stride, v));
  }
}

/** `out` = D_Pᵀv for a row v, with zeros up to a multiple of 8. */
function products(l: Lasso, s: Sample, v: usize, out: usize): void {
  memory.fill(out, 0, stride + 64);
  for (let a: usize = 0; a < <usize>s.size; a++) {
    store<f64>(out + (a << 3), dot64(<usize>l.m << 3, v, atomAt(l, load<u32>(s.index + (a << 2)))));
  }
}

/** An atom joins the support, unless it depends on it: then `part` has the factors by which it does. */
function join(l: Lasso, s: Sample, atom: u32, sign: f32, code: f64): bool {
  const row = <usize>l.m << 3, size = <usize>s.size, d = atomAt(l, atom), rest = s.exactResidual;
  memory.fill(part, 0, stride + 64);
  memory.copy(rest, d, row);
  // What the support leaves of the atom, twice: the second time corrects the factors
  for (let turn = 0; turn < 2; turn++) {
    products(l, s, rest, right);
    timesInverse(s, right, best);
    for (let a: usize = 0; a < size; a++) {
      const factor = load<f64>(best + (a << 3)), at = part + (a << 3);
      store<f64>(at, load<f64>(at) + factor);
      axpy64(row, -factor, atomAt(l, load<u32>(s.index + (a << 2))), rest);
    }
  }
  const pivot = dot64(row, rest, rest);
  if (s.size == l.rank || !(pivot > INDEPENDENT * dot64(row, d, d))) return false;
  store<f64>(part + (size << 3), -1);
  const bytes = lanesBytes(s.size), next = lanesBytes(s.size + 1);
  memory.fill(wide + size * stride, 0, next);
  for (let a: usize = 0; a <= size; a++) {
    const to = wide + a * stride;
    // what lies beyond the support's lanes is of an earlier one
    if (next > bytes) memory.fill(to + bytes, 0, next - bytes);
    axpy64(next, load<f64>(part + (a << 3)) / pivot, part, to);
  }
  store<u32>(s.index + (size << 2), atom);
  store<f32>(s.sign + (size << 2), sign);
  store<f64>(s.code + (size << 3), code);
  s.size++;
  return true;
}

/** Atom number `a` leaves the support; the last one takes its place. */
function leave(s: Sample, a: usize): void {
  const bytes = lanesBytes(s.size), last = <usize>(s.size - 1), row = wide + a * stride;
  memory.copy(part, row, bytes);
  const pivot = load<f64>(part + (a << 3));
  for (let i: usize = 0; i <= last; i++) {
    if (i != a) axpy64(bytes, -load<f64>(part + (i << 3)) / pivot, part, wide + i * stride);
  }
  memory.copy(row, wide + last * stride, bytes);
  for (let i: usize = 0; i < last; i++) {
    const to = wide + i * stride;
    if (i != a) store<f64>(to + (a << 3), load<f64>(to + (last << 3)));
    else store<f64>(to + (a << 3), load<f64>(wide + last * stride + (last << 3)));
    store<f64>(to + (last << 3), 0);
  }
  store<u32>(s.index + (a << 2), load<u32>(s.index + (last << 2)));
  store<u32>(s.sign + (a << 2), load<u32>(s.sign + (last << 2)));
  store<f64>(s.code + (a << 3), load<f64>(s.code + (last << 3)));
  s.size = <i32>last;
}

/**
 * An atom d that depends on the support, d = Σ part·atom, joins in place of another one: its code grows
 * while the others keep the fit as it is, until one of them is zero and leaves.
 */
function exchange(l: Lasso, s: Sample, atom: u32, sign: f32): bool {
  let step = f64.POSITIVE_INFINITY, out: usize = usize.MAX_VALUE;
  for (let a: usize = 0; a < <usize>s.size; a++) {
    const change = <f64>sign * load<f64>(part + (a << 3)), code = load<f64>(s.code + (a << 3));
    if (change * signAt(s, a) > 0 && code / change < step) step = code / change, out = a;
  }
  if (out == usize.MAX_VALUE) return false;
  for (let a: usize = 0; a < <usize>s.size; a++) {
    const at = s.code + (a << 3);
    store<f64>(at, load<f64>(at) - step * <f64>sign * load<f64>(part + (a << 3)));
  }
  leave(s, out);
  return join(l, s, atom, sign, step * <f64>sign);
}

/**
 * The best codes on the support, by z + M·(D_Pᵀ(x − Dz) − λ·sign) until that changes nothing; codes go as far as
 * the first that would change its sign, which leaves.
 */
function fit(l: Lasso, s: Sample): void {
  let before = f64.POSITIVE_INFINITY;
  while (s.size > 0) {
    exactResidual(l, s);
    products(l, s, s.exactResidual, right);
    let worst: f64 = 0;
    for (let a: usize = 0; a < <usize>s.size; a++) {
      const at = right + (a << 3), error = load<f64>(at) - s.lambda * signAt(s, a);
      store<f64>(at, error);
      worst = max(worst, abs(error));
    }
    if (worst <= STATIONARY * s.level || worst > 0.5 * before) return;
    timesInverse(s, right, best);
    let step: f64 = 1, out: usize = usize.MAX_VALUE;
    for (let a: usize = 0; a < <usize>s.size; a++) {
      const code = load<f64>(s.code + (a << 3)), change = load<f64>(best + (a << 3));
      if ((code + change) * signAt(s, a) > 0) continue;
      const until = code == 0 ? 0 : code / -change;
      if (out == usize.MAX_VALUE || until < step) step = until, out = a;
    }
    for (let a: usize = 0; a < <usize>s.size; a++) {
      const at = s.code + (a << 3);
      store<f64>(at, load<f64>(at) + step * load<f64>(best + (a << 3)));
    }
    before = f64.POSITIVE_INFINITY;
    if (out == usize.MAX_VALUE) before = worst;
    else leave(s, out);
  }
  exactResidual(l, s);
}

function contains(list: usize, count: usize, atom: u32): bool {
  for (let a: usize = 0; a < count; a++) if (load<u32>(list + (a << 2)) == atom) return true;
  return false;
}

/**
 * Solves the sample from where it stands, down to correlations of `floor`, without the atoms that `barred` has a 1
 * for, to which those are added that turn out to be of no use; returns the gap of the rounded codes over ½‖x‖².
 */
export function solveExactly(l: Lasso, s: Sample, floor: f64): f64 {
  stride = <usize>l.capacity << 3;
  const list = stride + 64;
  part = wideLists, right = part + list, best = right + list;
  const row = <usize>l.m << 3, n = <usize>l.n, signed = l.nonneg == 0;
  const size = <usize>s.size, codes = saved, atoms = codes + (size << 3), signs = atoms + (size << 2);
  memory.copy(codes, s.code, size << 3);
  memory.copy(atoms, s.index, size << 2);
  memory.copy(signs, s.sign, size << 2);
  s.size = 0;
  for (let a: usize = 0; a < size; a++) {
    const four = a << 2;
    join(l, s, load<u32>(atoms + four), load<f32>(signs + four), load<f64>(codes + (a << 3)));
  }
  for (let change = 0, limit = 8 * l.capacity + 100; change < limit; change++) {
    fit(l, s);
    let most = floor, strongest: u32 = u32.MAX_VALUE, sign: f32 = 1;
    for (let j: usize = 0; j < n; j++) {
      const c = dot64(row, s.exactResidual, l.exactAtoms + j * row), value = signed ? abs(c) : c;
      if (value <= most || load<u32>(barred + (j << 2)) != 0 || contains(s.index, s.size, <u32>j)) continue;
      most = value, strongest = <u32>j, sign = c < 0 ? -1 : 1;
    }
    if (strongest == u32.MAX_VALUE) break;
    const joins = join(l, s, strongest, sign, 0) || exchange(l, s, strongest, sign);
    if (joins) fit(l, s);
    if (!joins || !contains(s.index, s.size, strongest)) {
      store<u32>(barred + (<usize>strongest << 2), 1);
    }
  }
  // the dual point of the codes in float64: rounded ones leave correlations above λ that may be large beside it
  exactResidual(l, s);
  refreshSums(l, s);
  let most: f64 = 0;
  for (let j: usize = 0; j < n; j++) {
    const c = dot64(row, s.exactResidual, l.exactAtoms + j * row);
    most = max(most, signed ? abs(c) : c);
  }
  const dual = dualValue(s, most);
  round(l, s);
  exactResidual(l, s);
  refreshSums(l, s);
  // the float32 inverse again, for the penalties to come
  if (s.step + 1 < l.path) rebuild(l, s);
  return gapAbove(s, dual);
}
