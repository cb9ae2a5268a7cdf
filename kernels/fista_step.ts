// The iteration of FISTA itself: on all columns, on many candidates, on few.

import { Fista } from "./fista_record";
import { WORD } from "./local_gram";
import { hsum, madd } from "./simd";
import { BLOCK, packing, shuffled } from "./sparse";

let step: f32 = 0, shrink: f32 = 0, lowest: f32 = 0;

/** Whether the last iteration has changed z or y. */
export let moved: bool = false;

/** Sets the step 1/L, the threshold λ/L, and whether codes are kept at 0 or above. */
export function setStep(size: f32, threshold: f32, nonneg: i32): void {
  step = size, shrink = threshold;
  lowest = nonneg ? -f32.MAX_VALUE : -threshold;
}

// The iteration itself, on columns with correlations c (n in bytes): z ← S(y + c·step, shrink), kept
// at 0 or above where codes must be, then y ← z + momentum·(z − old z). Lists the entries of ref − y
// that are not zero; tells in `moved` whether z or y changed.
export function advance(
  n: usize, c: usize, z: usize, y: usize, ref: usize, rows: usize, listRows: usize, listValues: usize,
  momentum: f32,
): usize {
  const rate = f32x4.splat(step), most = f32x4.splat(shrink), least = f32x4.splat(lowest);
  const push = f32x4.splat(momentum);
  let changed = i32x4.splat(0);
  let count: usize = 0;
  for (let j: usize = 0; j < n; j += 16) {
    const oldY = v128.load(y + j), oldZ = v128.load(z + j);
    const newZ = shrunk(madd(rate, v128.load(c + j), oldY), least, most);
    const newY = madd(push, f32x4.sub(newZ, oldZ), newZ);
    v128.store(z + j, newZ), v128.store(y + j, newY);
    changed = v128.or(changed, differ(newZ, oldZ, newY, oldY));
    const difference = f32x4.sub(v128.load(ref + j), newY);
    const mask = i32x4.bitmask(f32x4.ne(difference, f32x4.splat(0))), order = packing(mask);
    v128.store(listValues + count, shuffled(difference, order));
    v128.store(listRows + count, shuffled(v128.load(rows + j), order));
    count += popcnt(mask) << 2;
  }
  moved = v128.any_true(changed);
  return count >> 2;
}

// @ts-ignore: decorator
@inline function differ(newZ: v128, oldZ: v128, newY: v128, oldY: v128): v128 {
  return v128.or(f32x4.ne(newZ, oldZ), f32x4.ne(newY, oldY));
}

/** u − clamp(u, −shrink, shrink) is the soft threshold; with −∞ below, its positive part. */
// @ts-ignore: decorator
@inline function shrunk(u: v128, least: v128, most: v128): v128 {
  return f32x4.sub(u, f32x4.pmin(f32x4.pmax(u, least), most));
}

// The same for candidates with the local Gram matrix; instead of a list, masks tell which entries of
// startY − y are not zero. Returns their number.
export function advanceLocally(f: Fista, n: usize, momentum: f32): i32 {
  const rate = f32x4.splat(step), most = f32x4.splat(shrink), least = f32x4.splat(lowest);
  const push = f32x4.splat(momentum);
  const c = f.cC, z = f.zC, y = f.yC, startY = f.startY, differences = f.difference;
  let changed = i32x4.splat(0), count: i32 = 0;
  for (let word: usize = 0; word < n; word += WORD) {
    const end = min(n, word + WORD);
    let bits: u64 = 0, at: u64 = 0;
    for (let j = word; j < end; j += 16, at += 4) {
      const oldY = v128.load(y + j), oldZ = v128.load(z + j);
      const newZ = shrunk(madd(rate, v128.load(c + j), oldY), least, most);
      const newY = madd(push, f32x4.sub(newZ, oldZ), newZ);
      v128.store(z + j, newZ), v128.store(y + j, newY);
      changed = v128.or(changed, differ(newZ, oldZ, newY, oldY));
      const difference = f32x4.sub(v128.load(startY + j), newY);
      v128.store(differences + j, difference);
      bits |= <u64>i32x4.bitmask(f32x4.ne(difference, f32x4.splat(0))) << at;
    }
    store<u64>(f.nonzero + (word >> 5), bits);
    count += <i32>popcnt(bits);
  }
  moved = v128.any_true(changed);
  return count;
}

/** Bytes of the most candidates that `advanceFew` takes. */
// @ts-ignore: decorator
@inline export const FEW: usize = 128;

// For `w` vectors (1 … 8) of candidates: iterations with all rows of the local Gram matrix, codes in
// registers or on the engine's stack. Each iteration waits for the one before, so what counts is how
// soon its result is there: nothing depends on which codes are 0, and where there are few vectors, even
// and odd rows have accumulators of their own.
// @ts-ignore: decorator
@inline function few(w: i32, f: Fista, i: i32, end: i32, limit: f32): i32 {
  const rate = f32x4.splat(step), most = f32x4.splat(shrink), least = f32x4.splat(lowest);
  const n = <usize>w << 4, z = f.zC, y = f.yC, d = f.difference, gram = f.localGram;
  const startY = f.startY, startC = f.startC;
  let z0 = v128.load(z), y0 = v128.load(y), d0 = v128.load(d);
  const a0 = v128.load(startY), b0 = v128.load(startC);
  let z1 = z0, z2 = z0, z3 = z0, z4 = z0, z5 = z0, z6 = z0, z7 = z0;
  let y1 = y0, y2 = y0, y3 = y0, y4 = y0, y5 = y0, y6 = y0, y7 = y0;
  let d1 = d0, d2 = d0, d3 = d0, d4 = d0, d5 = d0, d6 = d0, d7 = d0;
  let a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0, a7 = a0;
  let b1 = b0, b2 = b0, b3 = b0, b4 = b0, b5 = b0, b6 = b0, b7 = b0;
  if (w > 1) {
    z1 = v128.load(z, 16), y1 = v128.load(y, 16), d1 = v128.load(d, 16);
    a1 = v128.load(startY, 16), b1 = v128.load(startC, 16);
  }
  if (w > 2) {
    z2 = v128.load(z, 32), y2 = v128.load(y, 32), d2 = v128.load(d, 32);
    a2 = v128.load(startY, 32), b2 = v128.load(startC, 32);
  }
  if (w > 3) {
    z3 = v128.load(z, 48), y3 = v128.load(y, 48), d3 = v128.load(d, 48);
    a3 = v128.load(startY, 48), b3 = v128.load(startC, 48);
  }
  if (w > 4) {
    z4 = v128.load(z, 64), y4 = v128.load(y, 64), d4 = v128.load(d, 64);
    a4 = v128.load(startY, 64), b4 = v128.load(startC, 64);
  }
  if (w > 5) {
    z5 = v128.load(z, 80), y5 = v128.load(y, 80), d5 = v128.load(d, 80);
    a5 = v128.load(startY, 80), b5 = v128.load(startC, 80);
  }
  if (w > 6) {
    z6 = v128.load(z, 96), y6 = v128.load(y, 96), d6 = v128.load(d, 96);
    a6 = v128.load(startY, 96), b6 = v128.load(startC, 96);
  }
  if (w > 7) {
    z7 = v128.load(z, 112), y7 = v128.load(y, 112), d7 = v128.load(d, 112);
    a7 = v128.load(startY, 112), b7 = v128.load(startC, 112);
  }
  while (i < end) {
    const zero = f32x4.splat(0);
    let c0 = zero, c1 = zero, c2 = zero, c3 = zero, c4 = zero, c5 = zero, c6 = zero, c7 = zero;
    let e0 = zero, e1 = zero, e2 = zero, e3 = zero;
    for (let at = d, row = gram; at < d + n; at += 16, row += n << 2) {
      const four = v128.load(at), row1 = row + n, row2 = row1 + n, row3 = row2 + n;
      const s0 = i32x4.shuffle(four, four, 0, 0, 0, 0), s1 = i32x4.shuffle(four, four, 1, 1, 1, 1);
      const s2 = i32x4.shuffle(four, four, 2, 2, 2, 2), s3 = i32x4.shuffle(four, four, 3, 3, 3, 3);
      if (w <= 4) {
        c0 = madd(s2, v128.load(row2), madd(s0, v128.load(row), c0));
        e0 = madd(s3, v128.load(row3), madd(s1, v128.load(row1), e0));
        if (w > 1) {
          c1 = madd(s2, v128.load(row2, 16), madd(s0, v128.load(row, 16), c1));
          e1 = madd(s3, v128.load(row3, 16), madd(s1, v128.load(row1, 16), e1));
        }
        if (w > 2) {
          c2 = madd(s2, v128.load(row2, 32), madd(s0, v128.load(row, 32), c2));
          e2 = madd(s3, v128.load(row3, 32), madd(s1, v128.load(row1, 32), e2));
        }
        if (w > 3) {
          c3 = madd(s2, v128.load(row2, 48), madd(s0, v128.load(row, 48), c3));
          e3 = madd(s3, v128.load(row3, 48), madd(s1, v128.load(row1, 48), e3));
        }
      } else {
        const far = row + BLOCK, far1 = row1 + BLOCK, far2 = row2 + BLOCK, far3 = row3 + BLOCK;
        c0 = madd(s1, v128.load(row1), madd(s0, v128.load(row), c0));
        c1 = madd(s1, v128.load(row1, 16), madd(s0, v128.load(row, 16), c1));
        c2 = madd(s1, v128.load(row1, 32), madd(s0, v128.load(row, 32), c2));
        c3 = madd(s1, v128.load(row1, 48), madd(s0, v128.load(row, 48), c3));
        c4 = madd(s1, v128.load(far1), madd(s0, v128.load(far), c4));
        if (w > 5) c5 = madd(s1, v128.load(far1, 16), madd(s0, v128.load(far, 16), c5));
        if (w > 6) c6 = madd(s1, v128.load(far1, 32), madd(s0, v128.load(far, 32), c6));
        if (w > 7) c7 = madd(s1, v128.load(far1, 48), madd(s0, v128.load(far, 48), c7));
        c0 = madd(s3, v128.load(row3), madd(s2, v128.load(row2), c0));
        c1 = madd(s3, v128.load(row3, 16), madd(s2, v128.load(row2, 16), c1));
        c2 = madd(s3, v128.load(row3, 32), madd(s2, v128.load(row2, 32), c2));
        c3 = madd(s3, v128.load(row3, 48), madd(s2, v128.load(row2, 48), c3));
        c4 = madd(s3, v128.load(far3), madd(s2, v128.load(far2), c4));
        if (w > 5) c5 = madd(s3, v128.load(far3, 16), madd(s2, v128.load(far2, 16), c5));
        if (w > 6) c6 = madd(s3, v128.load(far3, 32), madd(s2, v128.load(far2, 32), c6));
        if (w > 7) c7 = madd(s3, v128.load(far3, 48), madd(s2, v128.load(far2, 48), c7));
      }
    }
    if (w <= 4) {
      c0 = f32x4.add(c0, e0), c1 = f32x4.add(c1, e1);
      c2 = f32x4.add(c2, e2), c3 = f32x4.add(c3, e3);
    }
    let drift = f32x4.mul(d0, c0);
    if (w > 1) drift = madd(d1, c1, drift);
    if (w > 2) drift = madd(d2, c2, drift);
    if (w > 3) drift = madd(d3, c3, drift);
    if (w > 4) drift = madd(d4, c4, drift);
    if (w > 5) drift = madd(d5, c5, drift);
    if (w > 6) drift = madd(d6, c6, drift);
    if (w > 7) drift = madd(d7, c7, drift);
    // Beyond the limit no step is taken
    if (hsum(drift) > limit) break;
    const push = v128.load32_splat(f.momentum + (<usize>i << 2));
    let newZ = shrunk(madd(rate, f32x4.add(b0, c0), y0), least, most);
    let newY = madd(push, f32x4.sub(newZ, z0), newZ);
    let changed = differ(newZ, z0, newY, y0);
    z0 = newZ, y0 = newY, d0 = f32x4.sub(a0, newY);
    v128.store(d, d0);
    if (w > 1) {
      newZ = shrunk(madd(rate, f32x4.add(b1, c1), y1), least, most);
      newY = madd(push, f32x4.sub(newZ, z1), newZ);
      changed = v128.or(changed, differ(newZ, z1, newY, y1));
      z1 = newZ, y1 = newY, d1 = f32x4.sub(a1, newY);
      v128.store(d, d1, 16);
    }
    if (w > 2) {
      newZ = shrunk(madd(rate, f32x4.add(b2, c2), y2), least, most);
      newY = madd(push, f32x4.sub(newZ, z2), newZ);
      changed = v128.or(changed, differ(newZ, z2, newY, y2));
      z2 = newZ, y2 = newY, d2 = f32x4.sub(a2, newY);
      v128.store(d, d2, 32);
    }
    if (w > 3) {
      newZ = shrunk(madd(rate, f32x4.add(b3, c3), y3), least, most);
      newY = madd(push, f32x4.sub(newZ, z3), newZ);
      changed = v128.or(changed, differ(newZ, z3, newY, y3));
      z3 = newZ, y3 = newY, d3 = f32x4.sub(a3, newY);
      v128.store(d, d3, 48);
    }
    if (w > 4) {
      newZ = shrunk(madd(rate, f32x4.add(b4, c4), y4), least, most);
      newY = madd(push, f32x4.sub(newZ, z4), newZ);
      changed = v128.or(changed, differ(newZ, z4, newY, y4));
      z4 = newZ, y4 = newY, d4 = f32x4.sub(a4, newY);
      v128.store(d, d4, 64);
    }
    if (w > 5) {
      newZ = shrunk(madd(rate, f32x4.add(b5, c5), y5), least, most);
      newY = madd(push, f32x4.sub(newZ, z5), newZ);
      changed = v128.or(changed, differ(newZ, z5, newY, y5));
      z5 = newZ, y5 = newY, d5 = f32x4.sub(a5, newY);
      v128.store(d, d5, 80);
    }
    if (w > 6) {
      newZ = shrunk(madd(rate, f32x4.add(b6, c6), y6), least, most);
      newY = madd(push, f32x4.sub(newZ, z6), newZ);
      changed = v128.or(changed, differ(newZ, z6, newY, y6));
      z6 = newZ, y6 = newY, d6 = f32x4.sub(a6, newY);
      v128.store(d, d6, 96);
    }
    if (w > 7) {
      newZ = shrunk(madd(rate, f32x4.add(b7, c7), y7), least, most);
      newY = madd(push, f32x4.sub(newZ, z7), newZ);
      changed = v128.or(changed, differ(newZ, z7, newY, y7));
      z7 = newZ, y7 = newY, d7 = f32x4.sub(a7, newY);
      v128.store(d, d7, 112);
    }
    moved = v128.any_true(changed);
    if (!moved) {
      i = f.last;
      break;
    }
    i++;
  }
  v128.store(z, z0), v128.store(y, y0);
  if (w > 1) v128.store(z, z1, 16), v128.store(y, y1, 16);
  if (w > 2) v128.store(z, z2, 32), v128.store(y, y2, 32);
  if (w > 3) v128.store(z, z3, 48), v128.store(y, y3, 48);
  if (w > 4) v128.store(z, z4, 64), v128.store(y, y4, 64);
  if (w > 5) v128.store(z, z5, 80), v128.store(y, y5, 80);
  if (w > 6) v128.store(z, z6, 96), v128.store(y, y6, 96);
  if (w > 7) v128.store(z, z7, 112), v128.store(y, y7, 112);
  return i;
}

function few1(f: Fista, i: i32, end: i32, limit: f32): i32 {
  return few(1, f, i, end, limit);
}
function few2(f: Fista, i: i32, end: i32, limit: f32): i32 {
  return few(2, f, i, end, limit);
}
function few3(f: Fista, i: i32, end: i32, limit: f32): i32 {
  return few(3, f, i, end, limit);
}
function few4(f: Fista, i: i32, end: i32, limit: f32): i32 {
  return few(4, f, i, end, limit);
}
function few5(f: Fista, i: i32, end: i32, limit: f32): i32 {
  return few(5, f, i, end, limit);
}
function few6(f: Fista, i: i32, end: i32, limit: f32): i32 {
  return few(6, f, i, end, limit);
}
function few7(f: Fista, i: i32, end: i32, limit: f32): i32 {
  return few(7, f, i, end, limit);
}
function few8(f: Fista, i: i32, end: i32, limit: f32): i32 {
  return few(8, f, i, end, limit);
}

/**
 * Iterations on at most FEW bytes of candidates, all rows of whose local Gram matrix are there, from `i`
 * to `end` or until the fit has moved by the root of `limit`; returns the iteration reached.
 */
export function advanceFew(f: Fista, n: usize, i: i32, end: i32, limit: f32): i32 {
  switch (<i32>n >> 4) {
    case 1: return few1(f, i, end, limit);
    case 2: return few2(f, i, end, limit);
    case 3: return few3(f, i, end, limit);
    case 4: return few4(f, i, end, limit);
    case 5: return few5(f, i, end, limit);
    case 6: return few6(f, i, end, limit);
    case 7: return few7(f, i, end, limit);
    default: return few8(f, i, end, limit);
  }
}
