// Sparse coding of many samples whose codes are lists: min over z of ½‖x − Dz‖² + Σ penalty(z_j), by
// coordinate descent on the atoms in a sample's list. Atoms enter the list by products of the residuals of 24
// samples with all atoms: see path_screen.ts. An entry has a threshold of its own above λ: what a sample's code gains from the sample's
// own part in its atom (leave-one-out). The penalty is λ|z|, or with γ > 0 the minimax concave penalty
// (MCP; Zhang, 2010), which leaves large codes unshrunk.

import { BLOCK_ROWS, Path } from "./path_record";
import { candidatesAt, lookFor, productsAt, rowAt, search } from "./path_screen";
import { dot4 } from "./simd";
import { axpy } from "./vectors";

/** A sweep over a list is the last one when no code has moved by more. */
const TOLERANCE: f32 = 1e-3;

/** r = x − Dz of one sample. */
function residual(p: Path, sample: usize): void {
  const ldm = <usize>p.ldm, stride = ldm << 2, r = p.r + sample * stride;
  memory.copy(r, p.x + sample * stride, stride);
  const list = sample * <usize>p.capacity << 2;
  const columns = p.column + list, values = p.value + list;
  const end = <usize>load<i32>(p.count + (sample << 2)) << 2;
  for (let e: usize = 0; e < end; e += 4) {
    axpy(ldm, -load<f32>(values + e), p.atoms + <usize>load<u32>(columns + e) * stride, r);
  }
}

// How much larger z's correlation g with its atom is than with the atom as the last update would have
// made it without this sample: g − (g·u − z·y²) / ‖u·d − z·e‖, where e = r + z·d is the sample as the
// atom saw it, y² = ‖e‖² and u·d the sum that the update scaled to unit norm.
// @ts-ignore: decorator
@inline function ownPart(z: f32, product: f32, rr: f32, u: f32): f32 {
  const g = z + product, y2 = rr + 2 * z * product + z * z;
  const left = u * u - 2 * z * g * u + z * z * y2;
  if (!(left > 0)) return max<f32>(g, 0); // nothing but this sample: no atom without it
  return max<f32>(g - (g * u - z * y2) / sqrt(left), 0);
}

/** What the codes of a sample must exceed λ by. */
function weigh(p: Path, sample: usize, thresholds: usize, leaveOut: f32): void {
  const ldm = <usize>p.ldm, stride = ldm << 2, r = p.r + sample * stride;
  const list = sample * <usize>p.capacity << 2;
  const columns = p.column + list, values = p.value + list;
  const end = <usize>load<i32>(p.count + (sample << 2)) << 2;
  if (leaveOut == 0) return memory.fill(thresholds, 0, end);
  const rr = dot4(ldm, r, r);
  for (let e: usize = 0; e < end; e += 4) {
    const j = <usize>load<u32>(columns + e), z = load<f32>(values + e);
    const product = dot4(ldm, p.atoms + j * stride, r);
    const own = ownPart(abs(z), z < 0 ? -product : product, rr, load<f32>(p.strength + (j << 2)));
    store<f32>(thresholds + e, leaveOut * own);
  }
}

/** How many atoms may enter a sample's list. */
// @ts-ignore: decorator
@inline function room(p: Path, sample: usize, added: i32): i32 {
  return min(added, p.capacity - load<i32>(p.count + (sample << 2)));
}

/**
 * Adds the atoms with the largest products above λ to a sample's list, as many as were looked for, with code 0.
 * Returns their number.
 */
function enter(p: Path, i: usize, thresholds: usize, lambda: f32): i32 {
  const row = rowAt(p, i), most = row.most, sample = <usize>row.sample, signed = p.signed != 0;
  const columns = candidatesAt(p, i), products = productsAt(p, i), end = <usize>row.count << 2;
  const last = p.best + (<usize>(most - 1) << 2);
  let found = 0, bound = lambda;
  for (let at: usize = 0; at < end; at += 4) {
    const value = signed ? abs(load<f32>(products + at)) : load<f32>(products + at);
    if (!(value > bound)) continue;
    // sorted insertion; equals stay in the order of their atoms
    let e = p.best + (<usize>min(found, most - 1) << 2), c = p.bestColumn + (e - p.best);
    for (; e > p.best && load<f32>(e - 4) < value; e -= 4, c -= 4) {
      store<f32>(e, load<f32>(e - 4)), store<u32>(c, load<u32>(c - 4));
    }
    store<f32>(e, value), store<u32>(c, load<u32>(columns + at));
    if (found < most) found++;
    if (found == most) bound = load<f32>(last);
  }
  const old = load<i32>(p.count + (sample << 2));
  const list = (sample * <usize>p.capacity + <usize>old) << 2, bytes = <usize>found << 2;
  memory.copy(p.column + list, p.bestColumn, bytes);
  memory.fill(p.value + list, 0, bytes);
  memory.fill(thresholds + (<usize>old << 2), 0, bytes);
  store<i32>(p.count + (sample << 2), old + found);
  return found;
}

/** The code for correlation g: soft threshold t, or MCP's with γ > 1. */
// @ts-ignore: decorator
@inline function shrink(g: f32, t: f32, gamma: f32, signed: bool): f32 {
  const size = signed ? abs(g) : g;
  if (size <= t) return 0;
  let z = size - t;
  if (gamma > 0) z = size < gamma * t ? z / (1 - 1 / gamma) : size;
  return signed && g < 0 ? -z : z;
}

/** Sweeps of coordinate descent over a sample's list, then leaves out what is 0. Returns whether a code moved. */
function descend(p: Path, sample: usize, thresholds: usize, lambda: f32, gamma: f32, sweeps: i32): bool {
  const ldm = <usize>p.ldm, stride = ldm << 2, r = p.r + sample * stride, signed = p.signed != 0;
  const list = sample * <usize>p.capacity << 2;
  const columns = p.column + list, values = p.value + list;
  const end = <usize>load<i32>(p.count + (sample << 2)) << 2;
  let moved = false;
  for (let sweep = 0; sweep < sweeps; sweep++) {
    let most: f32 = 0;
    for (let e: usize = 0; e < end; e += 4) {
      const atom = p.atoms + <usize>load<u32>(columns + e) * stride, old = load<f32>(values + e);
      const g = dot4(ldm, atom, r) + old;
      const z = shrink(g, lambda + load<f32>(thresholds + e), gamma, signed), change = z - old;
      if (change == 0) continue;
      store<f32>(values + e, z);
      axpy(ldm, -change, atom, r);
      most = max(most, abs(change)), moved = true;
    }
    if (most <= TOLERANCE) break;
  }
  let kept: usize = 0;
  for (let e: usize = 0; e < end; e += 4) {
    const z = load<f32>(values + e);
    if (z == 0) continue;
    store<f32>(values + kept, z);
    store<u32>(columns + kept, load<u32>(columns + e));
    store<f32>(thresholds + kept, load<f32>(thresholds + e));
    kept += 4;
  }
  store<i32>(p.count + (sample << 2), <i32>(kept >> 2));
  return moved;
}

/** ½‖r‖² + Σ penalty of one sample. */
function objective(p: Path, sample: usize, lambda: f32, gamma: f32): f64 {
  const ldm = <usize>p.ldm, r = p.r + sample * (ldm << 2);
  const values = p.value + (sample * <usize>p.capacity << 2);
  const end = values + (<usize>load<i32>(p.count + (sample << 2)) << 2);
  let sum = 0.5 * <f64>dot4(ldm, r, r);
  for (let e = values; e < end; e += 4) {
    const z = <f64>abs(load<f32>(e)), l = <f64>lambda, g = <f64>gamma;
    if (gamma > 0) sum += z < g * l ? l * z - z * z / (2 * g) : 0.5 * g * l * l;
    else sum += l * z;
  }
  return sum;
}

/**
 * Codes `count` samples from `first` on, starting at the codes that they have: `passes` times, the at most
 * `added` best atoms enter, then at most `sweeps` sweeps of coordinate descent. Writes residuals, codes
 * and objectives.
 *
 * @param added 0: none is looked for, and the products are saved.
 * @param leaveOut Share of a sample's own part in its atoms that its codes must exceed λ by; 0: none.
 * @param without An atom that does not enter, −1 for none.
 */
export function path_code(
  record: usize, first: i32, count: i32, lambda: f32, gamma: f32, leaveOut: f32,
  passes: i32, added: i32, sweeps: i32, without: i32,
): void {
  const p = changetype<Path>(record), stride = <usize>p.ldm << 2, list = <usize>p.capacity << 2;
  const end = <usize>(first + count);
  for (let s: usize = first; s < end; s += BLOCK_ROWS) {
    const rows = min(BLOCK_ROWS, end - s);
    for (let i: usize = 0; i < rows; i++) {
      residual(p, s + i);
      weigh(p, s + i, p.threshold + i * list, leaveOut);
      store<u8>(p.settled + i, 0);
    }
    for (let pass = 0; pass < passes; pass++) {
      let looking: usize = 0;
      for (let i: usize = 0; i < rows; i++) {
        const most = room(p, s + i, added);
        if (most <= 0 || load<u8>(p.settled + i)) continue;
        lookFor(p, looking++, p.r + (s + i) * stride, <i32>(s + i), lambda, most);
      }
      if (looking > 0) search(p, looking, 0, without);
      for (let i: usize = 0, next: usize = 0; i < rows; i++) {
        if (load<u8>(p.settled + i)) continue;
        const thresholds = p.threshold + i * list;
        let entered = 0;
        if (next < looking && <usize>rowAt(p, next).sample == s + i) entered = enter(p, next++, thresholds, lambda);
        const moved = descend(p, s + i, thresholds, lambda, gamma, sweeps);
        // the next pass would find what this one has found
        store<u8>(p.settled + i, entered == 0 && !moved ? 1 : 0);
      }
    }
    for (let i: usize = 0; i < rows; i++) {
      store<f64>(p.objective + (s + i << 3), objective(p, s + i, lambda, gamma));
    }
  }
}

/**
 * Lists pairs i < j of atoms with |dᵢ·dⱼ| > limit, i from `first` on for `count` atoms, as (i, j) in `pairs`, at
 * most `room` of them. Returns their number.
 */
export function path_coherent(
  record: usize, first: i32, count: i32, limit: f32, pairs: usize, room: i32,
): i32 {
  const p = changetype<Path>(record);
  const stride = <usize>p.ldm << 2, end = <usize>(first + count);
  let found = 0;
  for (let s: usize = first; s < end; s += BLOCK_ROWS) {
    const rows = min(BLOCK_ROWS, end - s);
    for (let i: usize = 0; i < rows; i++) lookFor(p, i, p.atoms + (s + i) * stride, -1, limit, 0);
    search(p, rows, s, -1);
    for (let i: usize = 0; i < rows; i++) {
      const others = candidatesAt(p, i), products = productsAt(p, i), last = <usize>rowAt(p, i).count << 2;
      for (let e: usize = 0; e < last; e += 4) {
        const other = load<u32>(others + e);
        if (other <= <u32>(s + i) || !(abs(load<f32>(products + e)) > limit) || found == room) continue;
        store<u32>(pairs + (<usize>found << 3), <u32>(s + i));
        store<u32>(pairs + (<usize>found << 3), other, 4);
        found++;
      }
    }
  }
  return found;
}
