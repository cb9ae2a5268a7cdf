// Products in 8 bits: 4 atoms and 8 rows make a tile. Values of atoms are rounded to −127 … 127 units, those of rows to
// −63 … 63 and stored as 0 … 126, 63 too much, which the sums begin with: relaxed SIMD multiplies 8 by 7 bits, on many
// processors 16 pairs in one instruction, where float32 takes one for 4, and two products fit 16 bits, 127·126·2 ≤ 32767.
// Integer sums are exact, so a product depends on nothing beside it; what was rounded off is known by its norm.

import { madd } from "./simd";
import { highestLane } from "./vectors";

/** Rows of a tile. */
export const GROUP: usize = 8;

/** Atoms of a panel. */
export const PANEL: usize = 4;

/** Relative error of a float32 operation. */
export const UNIT: f64 = 5.9604644775390625e-8;

/** Units of the largest value of an atom. */
const ATOM_LEVELS: i32 = 127;

/** Units of the largest value of a row. */
const ROW_LEVELS: i32 = 63;

/** Float32 of this size are whole numbers; the last byte of this one is ROW_LEVELS. */
const SHIFT: f32 = 12582912 + <f32>ROW_LEVELS;

/** How far off a sum of m products can be in float32, by the norms of the two rows. */
// @ts-ignore: decorator
@inline export function slackOf(m: i32): f64 {
  return <f64>(m + 64) * UNIT;
}

/** Dimensions of packed rows and atoms. */
// @ts-ignore: decorator
@inline function wide(ldm: usize): usize {
  return (ldm + 15) & ~15;
}

/** Bytes of a panel: 4 int32 to begin the sums with, 4 float32 units, then 4 atoms × 4 dimensions, and so on. */
// @ts-ignore: decorator
@inline export function panelBytes(ldm: usize): usize {
  return 32 + (wide(ldm) << 2);
}

/** Bytes of a group: 8 float32 units, then 8 rows × 16 dimensions, and so on. */
// @ts-ignore: decorator
@inline export function groupBytes(ldm: usize): usize {
  return 32 + (wide(ldm) << 3);
}

/** The sums of the four lanes that `hsum` adds, in float64: of squares that are rounded off. */
// @ts-ignore: decorator
@inline function sum4(v: v128): f64 {
  return <f64>f32x4.extract_lane(v, 0) + <f64>f32x4.extract_lane(v, 1) +
    <f64>f32x4.extract_lane(v, 2) + <f64>f32x4.extract_lane(v, 3);
}

/** The squared norm of a row, summed in float32 by lanes. */
export function squaresOf(ldm: usize, row: usize): f64 {
  let squares = f32x4.splat(0);
  for (const end = row + (ldm << 2); row < end; row += 16) {
    const v = v128.load(row);
    squares = f32x4.add(squares, f32x4.mul(v, v));
  }
  return sum4(squares);
}

/** The largest magnitude in a row. */
function largest(ldm: usize, row: usize): f32 {
  let most = f32x4.splat(0), other = most;
  for (const end = row + (ldm << 2); row < end; row += 32) {
    most = f32x4.pmax(most, f32x4.abs(v128.load(row)));
    other = f32x4.pmax(other, f32x4.abs(v128.load(row, 16)));
  }
  return highestLane(f32x4.pmax(most, other));
}

/** The unit of which the largest value has so many, at least so large that its inverse is finite. */
// @ts-ignore: decorator
@inline function unitOf(most: f32, levels: i32): f32 {
  return most > 1e-30 ? most / <f32>levels : 1;
}

/** Puts an atom at one of the 4 places of a panel; returns the squared norm of what is rounded off. */
export function packAtom(ldm: usize, atom: usize, panel: usize, place: usize): f64 {
  const unit = unitOf(largest(ldm, atom), ATOM_LEVELS), units = f32x4.splat(unit), pers = f32x4.splat(1 / unit);
  let off = f32x4.splat(0), sums = i32x4.splat(0), to = panel + 32 + (place << 2);
  for (const end = atom + (ldm << 2); atom < end; atom += 16, to += 16) {
    const v = v128.load(atom), q = f32x4.nearest(f32x4.mul(v, pers));
    const rest = f32x4.sub(v, f32x4.mul(q, units)), whole = i32x4.trunc_sat_f32x4_s(q);
    off = f32x4.add(off, f32x4.mul(rest, rest)), sums = i32x4.add(sums, whole);
    const halves = i16x8.narrow_i32x4_s(whole, whole);
    v128.store32_lane(to, i8x16.narrow_i16x8_s(halves, halves), 0);
  }
  const sum = i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1) +
    i32x4.extract_lane(sums, 2) + i32x4.extract_lane(sums, 3);
  store<i32>(panel + (place << 2), -ROW_LEVELS * sum);
  store<f32>(panel + 16 + (place << 2), unit);
  return sum4(off);
}

/** Four values in units, ROW_LEVELS too much, in the last bytes: a sum with SHIFT is rounded to a whole number. */
// @ts-ignore: decorator
@inline function shifted(v: v128, pers: v128): v128 {
  return madd(v, pers, f32x4.splat(SHIFT));
}

/** What four values have over their units. */
// @ts-ignore: decorator
@inline function restOf(v: v128, shifted: v128, minusUnits: v128): v128 {
  return madd(f32x4.sub(shifted, f32x4.splat(SHIFT)), minusUnits, v);
}

/** The last bytes of eight int32 as int16. */
// @ts-ignore: decorator
@inline function lastBytes(a: v128, b: v128): v128 {
  const low = i32x4.splat(0xff);
  return i16x8.narrow_i32x4_s(v128.and(a, low), v128.and(b, low));
}

/** Puts a row at one of the 8 places of a group; returns the squared norm of what is rounded off. */
export function packRow(ldm: usize, row: usize, group: usize, place: usize): f64 {
  const end = row + (ldm << 2), unit = unitOf(largest(ldm, row), ROW_LEVELS);
  const pers = f32x4.splat(1 / unit), minus = f32x4.splat(-unit);
  store<f32>(group + (place << 2), unit);
  let off0 = f32x4.splat(0), off1 = off0, to = group + 32 + (place << 4);
  for (; row + 64 <= end; row += 64, to += 128) {
    const v0 = v128.load(row), v1 = v128.load(row, 16), v2 = v128.load(row, 32), v3 = v128.load(row, 48);
    const s0 = shifted(v0, pers), s1 = shifted(v1, pers), s2 = shifted(v2, pers), s3 = shifted(v3, pers);
    v128.store(to, i8x16.narrow_i16x8_u(lastBytes(s0, s1), lastBytes(s2, s3)));
    const r0 = restOf(v0, s0, minus), r1 = restOf(v1, s1, minus);
    const r2 = restOf(v2, s2, minus), r3 = restOf(v3, s3, minus);
    off0 = madd(r0, r0, off0), off1 = madd(r1, r1, off1);
    off0 = madd(r2, r2, off0), off1 = madd(r3, r3, off1);
  }
  if (row < end) {
    const v0 = v128.load(row), v1 = v128.load(row, 16), s0 = shifted(v0, pers), s1 = shifted(v1, pers);
    const halves = lastBytes(s0, s1), r0 = restOf(v0, s0, minus), r1 = restOf(v1, s1, minus);
    v128.store64_lane(to, i8x16.narrow_i16x8_u(halves, halves), 0);
    off0 = madd(r0, r0, off0), off1 = madd(r1, r1, off1);
  }
  return sum4(f32x4.add(off0, off1));
}

/** c + the sums over 4 dimensions of 4 atoms (signed) times a row (unsigned, below 128). */
// @ts-ignore: decorator
@inline function add4(c: v128, atoms: v128, row: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i32x4.relaxed_dot_i8x16_i7x16_add_s(atoms, row, c);
  const low = i16x8.extmul_low_i8x16_s(atoms, row), high = i16x8.extmul_high_i8x16_s(atoms, row);
  const pairs = i16x8.add(
    i16x8.shuffle(low, high, 0, 2, 4, 6, 8, 10, 12, 14),
    i16x8.shuffle(low, high, 1, 3, 5, 7, 9, 11, 13, 15),
  );
  return i32x4.add(c, i32x4.extadd_pairwise_i16x8_s(pairs));
}

/** c + the sums over 16 dimensions of 4 atoms times a row. */
// @ts-ignore: decorator
@inline function add16(c: v128, b0: v128, b1: v128, b2: v128, b3: v128, row: v128): v128 {
  c = add4(c, b0, i32x4.shuffle(row, row, 0, 0, 0, 0));
  c = add4(c, b1, i32x4.shuffle(row, row, 1, 1, 1, 1));
  c = add4(c, b2, i32x4.shuffle(row, row, 2, 2, 2, 2));
  return add4(c, b3, i32x4.shuffle(row, row, 3, 3, 3, 3));
}

// @ts-ignore: decorator
@inline function put(c: usize, sums: v128, scale: v128, unit: v128): void {
  v128.store(c, f32x4.mul(f32x4.mul(f32x4.convert_i32x4_s(sums), scale), unit));
}

/** C (8 rows, `ldc` bytes apart, × 4) = group · panel. Not inlined: see gemm.ts. */
function tile(ldm: usize, group: usize, panel: usize, c: usize, ldc: usize): void {
  const units = group, begin = panel;
  let c0 = v128.load(panel), c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0, c6 = c0, c7 = c0;
  panel += 32, group += 32;
  for (const end = panel + (wide(ldm) << 2); panel < end; panel += 64, group += 128) {
    const b0 = v128.load(panel), b1 = v128.load(panel, 16), b2 = v128.load(panel, 32), b3 = v128.load(panel, 48);
    c0 = add16(c0, b0, b1, b2, b3, v128.load(group));
    c1 = add16(c1, b0, b1, b2, b3, v128.load(group, 16));
    c2 = add16(c2, b0, b1, b2, b3, v128.load(group, 32));
    c3 = add16(c3, b0, b1, b2, b3, v128.load(group, 48));
    c4 = add16(c4, b0, b1, b2, b3, v128.load(group, 64));
    c5 = add16(c5, b0, b1, b2, b3, v128.load(group, 80));
    c6 = add16(c6, b0, b1, b2, b3, v128.load(group, 96));
    c7 = add16(c7, b0, b1, b2, b3, v128.load(group, 112));
  }
  const scale = v128.load(begin, 16);
  put(c, c0, scale, v128.load32_splat(units)), c += ldc;
  put(c, c1, scale, v128.load32_splat(units, 4)), c += ldc;
  put(c, c2, scale, v128.load32_splat(units, 8)), c += ldc;
  put(c, c3, scale, v128.load32_splat(units, 12)), c += ldc;
  put(c, c4, scale, v128.load32_splat(units, 16)), c += ldc;
  put(c, c5, scale, v128.load32_splat(units, 20)), c += ldc;
  put(c, c6, scale, v128.load32_splat(units, 24)), c += ldc;
  put(c, c7, scale, v128.load32_splat(units, 28));
}

/** Products of `rows` rows, whose groups are at `groups`, with `atoms` atoms: a row of C, `ldc` bytes, for each. */
export function tiles(
  ldm: usize, rows: usize, groups: usize, atoms: usize, panels: usize, c: usize, ldc: usize,
): void {
  const panel = panelBytes(ldm), group = groupBytes(ldm);
  for (let j: usize = 0; j < atoms; j += PANEL, panels += panel) {
    for (let i: usize = 0, g = groups; i < rows; i += GROUP, g += group) {
      tile(ldm, g, panels, c + i * ldc + (j << 2), ldc);
    }
  }
}

/** Leaves out the candidates whose values are not above the bound; returns how many stay. */
export function sift(count: usize, bound: f32, columns: usize, values: usize): usize {
  let to: usize = 0;
  for (let from: usize = 0; from < count << 2; from += 4) {
    const value = load<f32>(values + from), column = load<u32>(columns + from);
    store<f32>(values + to, value), store<u32>(columns + to, column);
    to += <usize>(value > bound) << 2;
  }
  return to >> 2;
}

/** sums + the products of four values of a row with those of four rows, one after the other. */
// @ts-ignore: decorator
@inline function addInOrder(sums: v128, r: v128, va: v128, vb: v128, vc: v128, vd: v128): v128 {
  const ab = i32x4.shuffle(va, vb, 0, 4, 1, 5), cd = i32x4.shuffle(vc, vd, 0, 4, 1, 5);
  const ab2 = i32x4.shuffle(va, vb, 2, 6, 3, 7), cd2 = i32x4.shuffle(vc, vd, 2, 6, 3, 7);
  sums = madd(i32x4.shuffle(r, r, 0, 0, 0, 0), i64x2.shuffle(ab, cd, 0, 2), sums);
  sums = madd(i32x4.shuffle(r, r, 1, 1, 1, 1), i64x2.shuffle(ab, cd, 1, 3), sums);
  sums = madd(i32x4.shuffle(r, r, 2, 2, 2, 2), i64x2.shuffle(ab2, cd2, 0, 2), sums);
  return madd(i32x4.shuffle(r, r, 3, 3, 3, 3), i64x2.shuffle(ab2, cd2, 1, 3), sums);
}

/**
 * Products of a row with four rows a, b, c, d, each the sum over the `bytes` of it in order, as a dense product
 * makes it.
 */
export function orderedDots(bytes: usize, row: usize, a: usize, b: usize, c: usize, d: usize): v128 {
  let sums = f32x4.splat(0);
  for (let k: usize = 0; k < bytes; k += 16) {
    sums = addInOrder(
      sums, v128.load(row + k), v128.load(a + k), v128.load(b + k), v128.load(c + k), v128.load(d + k),
    );
  }
  return sums;
}

/** The same with the eight rows at these addresses, at `dots`: two sums at a time, each of which waits for itself. */
export function orderedDots8(bytes: usize, row: usize, addresses: usize, dots: usize): void {
  const a = load<usize>(addresses), b = load<usize>(addresses, 4), c = load<usize>(addresses, 8);
  const d = load<usize>(addresses, 12), e = load<usize>(addresses, 16), f = load<usize>(addresses, 20);
  const g = load<usize>(addresses, 24), h = load<usize>(addresses, 28);
  let low = f32x4.splat(0), high = low;
  for (let k: usize = 0; k < bytes; k += 16) {
    const r = v128.load(row + k);
    low = addInOrder(low, r, v128.load(a + k), v128.load(b + k), v128.load(c + k), v128.load(d + k));
    high = addInOrder(high, r, v128.load(e + k), v128.load(f + k), v128.load(g + k), v128.load(h + k));
  }
  v128.store(dots, low), v128.store(dots, high, 16);
}
