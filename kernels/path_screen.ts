// Which atoms may have a large product with a residual: products in 8 bits with known errors, and products in
// float32 of those that the errors leave in doubt. 4 atoms and 8 rows make a tile. Their values are rounded to −45 … 45
// units, so that four products of two pairs each fit one 16-bit sum, 45 · 90 · 2 · 4 ≤ 32767: a multiplication and
// an addition for 16 pairs, where float32 takes a fused one for 4. Rows are stored as 0 … 90, 45 too much, which
// the sums begin with.

import { Path } from "./path_record";
import { dot4, madd } from "./simd";

/** Rows of a tile. */
export const GROUP: usize = 8;
/** Atoms of a panel. */
export const PANEL: usize = 4;
/** Atoms whose products with a block of rows are kept at a time: they stay in the first cache. */
export const CHUNK: usize = 256;
/** Atoms of one program that packs; PACK_ROWS in lib/cores/path_dictionary.ts. */
const PACK_ROWS: usize = 240;

/** Units of the largest value. */
const LEVELS: i32 = 45;
/** Relative error of a float32 operation. */
const UNIT: f64 = 5.9604644775390625e-8;

/** Dimensions of packed rows and atoms. */
// @ts-ignore: decorator
@inline function wide(ldm: usize): usize {
  return (ldm + 15) & ~15;
}

/** Bytes of a panel: 4 int32 to begin the sums with, 4 float32 units, then 4 atoms × 4 dimensions, and so on. */
// @ts-ignore: decorator
@inline function panelBytes(ldm: usize): usize {
  return 32 + (wide(ldm) << 2);
}

/** Bytes of a group: 8 float32 units, then 8 rows × 16 dimensions, and so on. */
// @ts-ignore: decorator
@inline function groupBytes(ldm: usize): usize {
  return 32 + (wide(ldm) << 3);
}

/** The sums of the four lanes that `hsum` adds, in float64: of squares that are rounded off. */
// @ts-ignore: decorator
@inline function sum4(v: v128): f64 {
  return <f64>f32x4.extract_lane(v, 0) + <f64>f32x4.extract_lane(v, 1) +
    <f64>f32x4.extract_lane(v, 2) + <f64>f32x4.extract_lane(v, 3);
}

/** The largest magnitude in a row. */
function largest(ldm: usize, row: usize): f32 {
  let most = f32x4.splat(0);
  for (const end = row + (ldm << 2); row < end; row += 16) most = f32x4.pmax(most, f32x4.abs(v128.load(row)));
  most = f32x4.pmax(most, i32x4.shuffle(most, most, 2, 3, 0, 1));
  return max(f32x4.extract_lane(most, 0), f32x4.extract_lane(most, 1));
}

/** What a value of 45 units is, at least so large that its inverse is finite. */
// @ts-ignore: decorator
@inline function unitOf(most: f32): f32 {
  return most > 1e-30 ? most / <f32>LEVELS : 1;
}

/** Puts an atom at one of the 4 places of a panel; returns the squared norm of what is rounded off. */
function packAtom(ldm: usize, atom: usize, panel: usize, place: usize): f64 {
  const unit = unitOf(largest(ldm, atom)), units = f32x4.splat(unit), pers = f32x4.splat(1 / unit);
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
  store<i32>(panel + (place << 2), -LEVELS * sum);
  store<f32>(panel + 16 + (place << 2), unit);
  return sum4(off);
}

/** Puts a row at one of the 8 places of a group; returns the squared norm of what is rounded off. */
function packRow(ldm: usize, row: usize, group: usize, place: usize): f64 {
  const unit = unitOf(largest(ldm, row)), units = f32x4.splat(unit), pers = f32x4.splat(1 / unit);
  const shift = i32x4.splat(LEVELS);
  let off = f32x4.splat(0), to = group + 32 + (place << 4);
  for (let k: usize = 0; k < ldm; k += 4) {
    const v = v128.load(row + (k << 2)), q = f32x4.nearest(f32x4.mul(v, pers));
    const rest = f32x4.sub(v, f32x4.mul(q, units));
    off = f32x4.add(off, f32x4.mul(rest, rest));
    const whole = i32x4.add(i32x4.trunc_sat_f32x4_s(q), shift), halves = i16x8.narrow_i32x4_s(whole, whole);
    v128.store32_lane(to + (k >> 4 << 7) + (k & 12), i8x16.narrow_i16x8_u(halves, halves), 0);
  }
  store<f32>(group + (place << 2), unit);
  return sum4(off);
}

/**
 * Packs `count` atoms from `first` on (a multiple of 240), and leaves the largest norm of them and of what was
 * rounded off of one.
 */
export function path_pack(record: usize, first: i32, count: i32): void {
  const p = changetype<Path>(record), ldm = <usize>p.ldm, panel = panelBytes(ldm);
  let norm: f64 = 0, off: f64 = 0;
  for (let j = <usize>first, end = <usize>(first + count); j < end; j++) {
    const atom = p.atoms + (j * ldm << 2);
    let squares = f32x4.splat(0);
    for (let k: usize = 0; k < ldm << 2; k += 16) {
      const v = v128.load(atom + k);
      squares = f32x4.add(squares, f32x4.mul(v, v));
    }
    norm = max(norm, sum4(squares));
    off = max(off, packAtom(ldm, atom, p.panels + j / PANEL * panel, j % PANEL));
  }
  const to = p.norms + (<usize>first / PACK_ROWS << 4);
  store<f64>(to, sqrt(norm)), store<f64>(to, sqrt(off), 8);
}

/** Takes an atom out of the packed ones. */
export function path_unpack(record: usize, atom: i32): void {
  const p = changetype<Path>(record), j = <usize>atom;
  store<f32>(p.panels + j / PANEL * panelBytes(p.ldm) + 16 + (j % PANEL << 2), 0);
}

/** Sums over two dimensions of 4 atoms (signed) times a row (unsigned, below 128), as eight int16. */
// @ts-ignore: decorator
@inline function pairs(atoms: v128, row: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i16x8.relaxed_dot_i8x16_i7x16_s(atoms, row);
  const low = i16x8.extmul_low_i8x16_s(atoms, row), high = i16x8.extmul_high_i8x16_s(atoms, row);
  return i16x8.add(
    i16x8.shuffle(low, high, 0, 2, 4, 6, 8, 10, 12, 14),
    i16x8.shuffle(low, high, 1, 3, 5, 7, 9, 11, 13, 15),
  );
}

/** c + the sums over 16 dimensions of 4 atoms times the row at `row`. */
// @ts-ignore: decorator
@inline function add16(c: v128, b0: v128, b1: v128, b2: v128, b3: v128, row: v128, ones: v128): v128 {
  const s01 = i16x8.add(
    pairs(b0, i32x4.shuffle(row, row, 0, 0, 0, 0)),
    pairs(b1, i32x4.shuffle(row, row, 1, 1, 1, 1)),
  );
  const s23 = i16x8.add(
    pairs(b2, i32x4.shuffle(row, row, 2, 2, 2, 2)),
    pairs(b3, i32x4.shuffle(row, row, 3, 3, 3, 3)),
  );
  return i32x4.add(c, i32x4.dot_i16x8_s(i16x8.add(s01, s23), ones));
}

// @ts-ignore: decorator
@inline function put(c: usize, sums: v128, scale: v128, unit: v128): void {
  v128.store(c, f32x4.mul(f32x4.mul(f32x4.convert_i32x4_s(sums), scale), unit));
}

/** C (8 rows, CHUNK apart, × 4) = group · panel. Not inlined: see gemm.ts. */
function tile(ldm: usize, group: usize, panel: usize, c: usize): void {
  const ones = i16x8.splat(1), units = group, scale = v128.load(panel, 16), ldc = CHUNK << 2;
  let c0 = v128.load(panel), c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0, c6 = c0, c7 = c0;
  panel += 32, group += 32;
  for (const end = panel + (wide(ldm) << 2); panel < end; panel += 64, group += 128) {
    const b0 = v128.load(panel), b1 = v128.load(panel, 16), b2 = v128.load(panel, 32), b3 = v128.load(panel, 48);
    c0 = add16(c0, b0, b1, b2, b3, v128.load(group), ones);
    c1 = add16(c1, b0, b1, b2, b3, v128.load(group, 16), ones);
    c2 = add16(c2, b0, b1, b2, b3, v128.load(group, 32), ones);
    c3 = add16(c3, b0, b1, b2, b3, v128.load(group, 48), ones);
    c4 = add16(c4, b0, b1, b2, b3, v128.load(group, 64), ones);
    c5 = add16(c5, b0, b1, b2, b3, v128.load(group, 80), ones);
    c6 = add16(c6, b0, b1, b2, b3, v128.load(group, 96), ones);
    c7 = add16(c7, b0, b1, b2, b3, v128.load(group, 112), ones);
  }
  put(c, c0, scale, v128.load32_splat(units)), c += ldc;
  put(c, c1, scale, v128.load32_splat(units, 4)), c += ldc;
  put(c, c2, scale, v128.load32_splat(units, 8)), c += ldc;
  put(c, c3, scale, v128.load32_splat(units, 12)), c += ldc;
  put(c, c4, scale, v128.load32_splat(units, 16)), c += ldc;
  put(c, c5, scale, v128.load32_splat(units, 20)), c += ldc;
  put(c, c6, scale, v128.load32_splat(units, 24)), c += ldc;
  put(c, c7, scale, v128.load32_splat(units, 28));
}

/** What is being looked for with one row. */
// @ts-ignore: decorator
@unmanaged
export class Row {
  at: usize; // the row, ldm values
  sample: i32; // whose codes' atoms are left out, −1 for none
  most: i32; // how many of the largest are wanted, 0: all above the bound
  least: f32; // products up to this one are not wanted
  bound: f32; // nor are products with errors up to this one
  error: f32; // how far they can be from sums in order in float32
  rounding: f32; // how far float32 products can be from these
  found: i32; // of `most`
  count: i32; // of those that may be wanted
}

/** The place of a row's search in the scratch. */
// @ts-ignore: decorator
@inline export function rowAt(p: Path, i: usize): Row {
  return changetype<Row>(p.rows + i * offsetof<Row>());
}

/** The atoms that a search has found, ascending. */
// @ts-ignore: decorator
@inline export function candidatesAt(p: Path, i: usize): usize {
  return p.candidate + (i * <usize>p.n << 2);
}

/** The candidates' products. */
// @ts-ignore: decorator
@inline export function productsAt(p: Path, i: usize): usize {
  return p.size + (i * <usize>p.n << 2);
}

/** Begins to look for products of a row above `least`, the `most` largest of them or all. */
export function lookFor(p: Path, i: usize, at: usize, sample: i32, least: f32, most: i32): void {
  const ldm = <usize>p.ldm, row = rowAt(p, i);
  let norm: f64 = 0, off: f64 = 0;
  const programs = (<usize>p.n + PACK_ROWS - 1) / PACK_ROWS << 4;
  for (let q: usize = 0; q < programs; q += 16) {
    norm = max(norm, load<f64>(p.norms + q)), off = max(off, load<f64>(p.norms + q, 8));
  }
  let squares = f32x4.splat(0);
  for (let k: usize = 0; k < ldm << 2; k += 16) {
    const v = v128.load(at + k);
    squares = f32x4.add(squares, f32x4.mul(v, v));
  }
  const size = sqrt(sum4(squares)), group = p.groups + i / GROUP * groupBytes(ldm);
  const rest = sqrt(packRow(ldm, at, group, i % GROUP));
  // sums of m products in float32, the norms too, and of roundings of values and units
  const slack = (<f64>p.m + 64) * UNIT, whole = (norm + off) * (size + rest);
  const error = (1 + slack) * (off * size + (norm + off) * rest) + slack * whole + 1e-30;
  row.at = at, row.sample = sample, row.most = most;
  row.least = least, row.bound = <f32>(<f64>least - error), row.error = <f32>((1 + 4 * UNIT) * error);
  row.rounding = <f32>(2 * slack * whole + 1e-30);
  row.found = 0, row.count = 0;
}

/** Hides the products of the atoms of a row's sample, and of the atom `without`. */
function hide(p: Path, sample: i32, without: i32, first: usize, products: usize): void {
  if (without >= 0 && <usize>without - first < CHUNK) {
    store<f32>(products + (<usize>without - first << 2), NaN);
  }
  if (sample < 0) return;
  const columns = p.column + (<usize>sample * <usize>p.capacity << 2);
  const end = columns + (<usize>load<i32>(p.count + (<usize>sample << 2)) << 2);
  for (let e = columns; e < end; e += 4) {
    const place = <usize>load<u32>(e) - first;
    if (place < CHUNK) store<f32>(products + (place << 2), NaN);
  }
}

/** Takes a value into account: what is below the last of the largest, by more than both errors, is not wanted. */
// @ts-ignore: decorator
@inline function rank(p: Path, i: usize, value: f32): void {
  const row = rowAt(p, i), most = row.most, best = p.best + (i * <usize>p.added << 2);
  let e = best + (<usize>min(row.found, most - 1) << 2);
  for (; e > best && load<f32>(e - 4) < value; e -= 4) store<f32>(e, load<f32>(e - 4));
  store<f32>(e, value);
  if (row.found < most) row.found++;
  if (row.found == most) {
    row.bound = max<f32>(row.bound, load<f32>(best + (<usize>(most - 1) << 2)) - (row.error + row.error));
  }
}

/** Lists which of `atoms` products may be wanted, the first of them that of atom `first`. */
function gather(p: Path, i: usize, first: usize, atoms: usize, products: usize): void {
  const row = rowAt(p, i), signed = p.signed != 0 || row.sample < 0;
  const columns = candidatesAt(p, i), values = productsAt(p, i);
  let bound = row.bound, count = <usize>row.count;
  for (let j: usize = 0; j < atoms << 2; j += 16) {
    let four = v128.load(products + j);
    if (signed) four = f32x4.abs(four);
    for (let mask = i32x4.bitmask(f32x4.gt(four, f32x4.splat(bound))); mask; mask &= mask - 1) {
      const at = j + (<usize>ctz(mask) << 2);
      const value = signed ? abs(load<f32>(products + at)) : load<f32>(products + at);
      if (!(value > bound)) continue;
      store<u32>(columns + (count << 2), <u32>(first + (at >> 2)));
      store<f32>(values + (count << 2), value);
      count++;
      if (row.most > 0) rank(p, i, value), bound = row.bound;
    }
  }
  row.count = <i32>count;
}

/** Goes through all atoms from `from` on with the searches that have begun; then each has its candidates. */
export function search(p: Path, rows: usize, from: usize, without: i32): void {
  const n = <usize>p.n, ldm = <usize>p.ldm, panel = panelBytes(ldm), group = groupBytes(ldm);
  for (let first = from / CHUNK * CHUNK; first < n; first += CHUNK) {
    const atoms = min(n - first, CHUNK);
    let panels = p.panels + first / PANEL * panel;
    for (let j: usize = 0; j < atoms; j += PANEL, panels += panel) {
      for (let i: usize = 0, g = p.groups; i < rows; i += GROUP, g += group) {
        tile(ldm, g, panels, p.products + (i * CHUNK + j << 2));
      }
    }
    for (let i: usize = 0; i < rows; i++) {
      const products = p.products + (i * CHUNK << 2);
      hide(p, rowAt(p, i).sample, without, first, products);
      gather(p, i, first, atoms, products);
    }
  }
  for (let i: usize = 0; i < rows; i++) narrow(p, i);
}

/** Leaves out candidates whose values are not above the bound. */
function sift(p: Path, i: usize): void {
  const row = rowAt(p, i), columns = candidatesAt(p, i), values = productsAt(p, i);
  const bound = row.bound, end = <usize>row.count << 2;
  let kept: usize = 0;
  for (let e: usize = 0; e < end; e += 4) {
    const value = load<f32>(values + e), column = load<u32>(columns + e);
    store<f32>(values + kept, value), store<u32>(columns + kept, column);
    kept += <usize>(value > bound) << 2;
  }
  row.count = <i32>(kept >> 2);
}

/**
 * Leaves out what the last bound leaves out, then what products in float32 leave out, and takes the products of the
 * others as sums in order, which decide.
 */
function narrow(p: Path, i: usize): void {
  const row = rowAt(p, i), columns = candidatesAt(p, i), values = productsAt(p, i);
  sift(p, i);
  if (row.most > 0 && row.count > row.most) {
    const end = <usize>row.count << 2, signed = p.signed != 0, ldm = <usize>p.ldm, stride = ldm << 2;
    row.bound = row.least - row.rounding, row.error = row.rounding, row.found = 0;
    for (let e: usize = 0; e < end; e += 4) {
      const product = dot4(ldm, row.at, p.atoms + <usize>load<u32>(columns + e) * stride);
      const value = signed ? abs(product) : product;
      store<f32>(values + e, value);
      if (value > row.bound) rank(p, i, value);
    }
    sift(p, i);
  }
  const bytes = <usize>row.count << 2;
  for (let e: usize = 0; e < bytes; e += 16) products4(p, row.at, columns + e, bytes - e, values + e);
}

/** Products of a row with up to 4 atoms, each the sum over the dimensions in order. */
function products4(p: Path, at: usize, columns: usize, bytes: usize, out: usize): void {
  const stride = <usize>p.ldm << 2;
  const a = p.atoms + <usize>load<u32>(columns) * stride;
  const b = bytes > 4 ? p.atoms + <usize>load<u32>(columns, 4) * stride : a;
  const c = bytes > 8 ? p.atoms + <usize>load<u32>(columns, 8) * stride : a;
  const d = bytes > 12 ? p.atoms + <usize>load<u32>(columns, 12) * stride : a;
  let sums = f32x4.splat(0);
  for (let k: usize = 0; k < stride; k += 16) {
    const va = v128.load(a + k), vb = v128.load(b + k), vc = v128.load(c + k), vd = v128.load(d + k);
    const ab = i32x4.shuffle(va, vb, 0, 4, 1, 5), cd = i32x4.shuffle(vc, vd, 0, 4, 1, 5);
    const ab2 = i32x4.shuffle(va, vb, 2, 6, 3, 7), cd2 = i32x4.shuffle(vc, vd, 2, 6, 3, 7);
    const r = v128.load(at + k);
    sums = madd(i32x4.shuffle(r, r, 0, 0, 0, 0), i64x2.shuffle(ab, cd, 0, 2), sums);
    sums = madd(i32x4.shuffle(r, r, 1, 1, 1, 1), i64x2.shuffle(ab, cd, 1, 3), sums);
    sums = madd(i32x4.shuffle(r, r, 2, 2, 2, 2), i64x2.shuffle(ab2, cd2, 0, 2), sums);
    sums = madd(i32x4.shuffle(r, r, 3, 3, 3, 3), i64x2.shuffle(ab2, cd2, 1, 3), sums);
  }
  v128.store(out, sums);
}
