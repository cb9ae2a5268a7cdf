// The working set: the atoms outside the support whose correlations with the residual are largest. A
// sample's support is sought among these before all atoms are looked at again.

import { BATCH, Lasso, newCode, newIndex, newPlace, newSign, setAddress, setIndex, setValue } from "./lasso_record";
import { sumLanes } from "./vectors";

/** Number of atoms in the working set. */
export let setSize: usize = 0;
/** What `scan` and `strongest` find. */
export let highest: f32 = 0;
let above: i32 = 0;

/** The sizes of four correlations: their absolute values where codes are signed, else they themselves. */
// @ts-ignore: decorator
@inline function sizes(c: usize, signs: v128): v128 {
  return v128.andnot(v128.load(c), signs);
}

// @ts-ignore: decorator
@inline function signBits(l: Lasso): v128 {
  return i32x4.splat(l.nonneg != 0 ? 0 : i32.MIN_VALUE);
}

// @ts-ignore: decorator
@inline function highestLane(v: v128): f32 {
  const pairs = f32x4.pmax(v, i32x4.shuffle(v, v, 2, 3, 0, 1));
  return max(f32x4.extract_lane(pairs, 0), f32x4.extract_lane(pairs, 1));
}

/** The largest size among n correlations (at least 0), and how many are above `low`. */
function scan(n: usize, c: usize, low: f32, signs: v128): void {
  const bound = f32x4.splat(low);
  let m0 = f32x4.splat(0), m1 = m0, c0 = i32x4.splat(0), c1 = c0;
  for (const end = c + (n << 2); c < end; c += 32) {
    const u = sizes(c, signs), v = sizes(c + 16, signs);
    m0 = f32x4.pmax(m0, u), m1 = f32x4.pmax(m1, v);
    c0 = i32x4.sub(c0, f32x4.gt(u, bound)), c1 = i32x4.sub(c1, f32x4.gt(v, bound)); // true is −1
  }
  highest = highestLane(f32x4.pmax(m0, m1));
  above = sumLanes(i32x4.add(c0, c1));
}

/** Counts of sizes above three bounds, for bisection by two bits at once. */
let count0: i32 = 0, count1: i32 = 0, count2: i32 = 0;
function count3(n: usize, c: usize, t0: f32, t1: f32, t2: f32, signs: v128): void {
  const b0 = f32x4.splat(t0), b1 = f32x4.splat(t1), b2 = f32x4.splat(t2);
  let n0 = i32x4.splat(0), n1 = n0, n2 = n0;
  for (const end = c + (n << 2); c < end; c += 16) {
    const v = sizes(c, signs);
    n0 = i32x4.sub(n0, f32x4.gt(v, b0)), n1 = i32x4.sub(n1, f32x4.gt(v, b1));
    n2 = i32x4.sub(n2, f32x4.gt(v, b2));
  }
  count0 = sumLanes(n0), count1 = sumLanes(n1), count2 = sumLanes(n2);
}

/** Lists the atoms whose size is above a bound, with their rows and correlations. */
function collect(n: usize, c: usize, low: f32, signs: v128, atoms: usize, row: usize): void {
  const bound = f32x4.splat(low);
  let size: usize = 0;
  for (let j: usize = 0; j < n; j += 16) {
    const at = c + (j << 2);
    const low8 = i16x8.narrow_i32x4_s(f32x4.gt(sizes(at, signs), bound), f32x4.gt(sizes(at + 16, signs), bound));
    let bits = <u32>i16x8.bitmask(low8);
    if (j + 8 < n) {
      const high8 = i16x8.narrow_i32x4_s(
        f32x4.gt(sizes(at + 32, signs), bound), f32x4.gt(sizes(at + 48, signs), bound),
      );
      bits |= <u32>i16x8.bitmask(high8) << 8;
    }
    for (; bits != 0; bits &= bits - 1) {
      const i = j + <usize>ctz(bits), to = size++ << 2;
      store<u32>(setIndex + to, i);
      store<u32>(setAddress + to, atoms + i * row);
      store<f32>(setValue + to, load<f32>(c + (i << 2)));
    }
  }
  setSize = size;
}

/** The largest size of a correlation among all atoms; `select` with the same bound must follow. */
export function survey(l: Lasso, c: usize, low: f32): f32 {
  scan(l.n, c, low, signBits(l));
  return highest;
}

/** The first atom with a correlation of this size; −1 if there is none. */
export function placeOf(l: Lasso, c: usize, size: f32): i32 {
  const signs = signBits(l), wanted = f32x4.splat(size);
  for (let j: usize = 0, n = <usize>l.n; j < n; j += 4) {
    const hits = i32x4.bitmask(f32x4.eq(sizes(c + (j << 2), signs), wanted));
    if (hits != 0) return <i32>j + ctz(hits);
  }
  return -1;
}

/**
 * Makes a working set of at most `most` atoms with the largest sizes above `low`: those above the least
 * bound that a short bisection finds for it.
 */
export function select(l: Lasso, c: usize, low: f32, most: i32): void {
  const signs = signBits(l), n = <usize>l.n;
  let from = low;
  if (above > most) {
    let to = highest, kept = 0;
    for (let turn = 0; turn < 8; turn++) {
      const quarter = (to - from) * 0.25;
      const t0 = from + quarter, t1 = from + 2 * quarter, t2 = from + 3 * quarter;
      count3(n, c, t0, t1, t2, signs);
      let found = 0;
      if (count0 <= most) to = t0, found = count0;
      else if (count1 <= most) from = t0, to = t1, found = count1;
      else if (count2 <= most) from = t1, to = t2, found = count2;
      else from = t2;
      if (found > 0) kept = found;
      if (found * 8 >= most * 7) break;
    }
    // more equal sizes than there should be atoms are taken all
    if (kept > 0) from = to;
  }
  collect(n, c, from, signs, l.atoms, <usize>l.m << 2);
}

/** Fills the last group of 8 rows, so that products may be made of whole groups. */
export function fillGroup(l: Lasso): usize {
  const whole = setSize + 7 & ~7;
  for (let i = setSize; i < whole; i++) store<u32>(setAddress + (i << 2), l.atoms);
  return whole;
}

/** The largest size in the working set. */
export function strongest(l: Lasso): f32 {
  let most: f32 = 0;
  const signed = l.nonneg == 0;
  for (let at = setValue, end = setValue + (setSize << 2); at < end; at += 4) {
    const value = load<f32>(at);
    most = max(most, signed ? abs(value) : value);
  }
  return most;
}

/** Takes up to `room` atoms with the largest sizes of at least `low` as the new ones; returns their number. */
export function pick(l: Lasso, low: f32, room: usize): usize {
  const signed = l.nonneg == 0;
  let count: usize = 0, least = low;
  for (let i: usize = 0; i < setSize; i++) {
    const value = load<f32>(setValue + (i << 2)), size = signed ? abs(value) : value;
    if (size < least) continue;
    // newCode holds the sizes while the list is made, the largest first
    let k = count < room ? count++ : room - 1;
    for (; k > 0 && load<f64>(newCode + (k - 1 << 3)) < <f64>size; k--) {
      store<f64>(newCode + (k << 3), load<f64>(newCode + (k - 1 << 3)));
      store<u32>(newPlace + (k << 2), load<u32>(newPlace + (k - 1 << 2)));
    }
    store<f64>(newCode + (k << 3), size);
    store<u32>(newPlace + (k << 2), i);
    if (count == room) least = <f32>load<f64>(newCode + (room - 1 << 3));
  }
  for (let k: usize = 0; k < count; k++) {
    const place = <usize>load<u32>(newPlace + (k << 2)) << 2;
    store<u32>(newIndex + (k << 2), load<u32>(setIndex + place));
    store<f32>(newSign + (k << 2), load<f32>(setValue + place) < 0 ? -1 : 1);
    store<f64>(newCode + (k << 3), 0);
  }
  return count;
}

/** Takes the new atoms out of the working set. */
export function removePicked(count: usize): void {
  for (; count > 0; count--) {
    // the last place first: the last atom, which fills the gap, is none of the others then
    let last: usize = 0;
    for (let k: usize = 1; k < count; k++) {
      if (load<u32>(newPlace + (k << 2)) > load<u32>(newPlace + (last << 2))) last = k;
    }
    const to = <usize>load<u32>(newPlace + (last << 2)) << 2, from = --setSize << 2;
    store<u32>(setIndex + to, load<u32>(setIndex + from));
    store<u32>(setAddress + to, load<u32>(setAddress + from));
    store<u32>(setValue + to, load<u32>(setValue + from));
    store<u32>(newPlace + (last << 2), load<u32>(newPlace + (count - 1 << 2)));
  }
}

/** An atom that has left the support stands by again. */
export function addToSet(atom: u32, address: u32): void {
  const to = setSize++ << 2;
  store<u32>(setIndex + to, atom), store<u32>(setAddress + to, address), store<f32>(setValue + to, 0);
}

/** The atom that stands by last is out for this round. */
export function banLast(): void {
  setSize--;
}

/** Empties the working set. */
export function emptySet(): void {
  setSize = 0;
}
