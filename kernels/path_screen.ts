// Which atoms may have a large product with a residual: products in 8 bits with known errors (levels.ts), and
// products in float32 of those that the errors leave in doubt.

import {
  GROUP, groupBytes, orderedDots, packAtom, packRow, PANEL, panelBytes, sift, slackOf, squaresOf, tiles, UNIT,
} from "./levels";
import { Path } from "./path_record";
import { dot4 } from "./simd";

/** Atoms whose products with a block of rows are kept at a time: they stay in the first cache. */
export const CHUNK: usize = 256;
/** Atoms of one program that packs; PROGRAM_ROWS in lib/cores/path_dictionary.ts. */
const PACK_ROWS: usize = 240;

/**
 * Packs `count` atoms from `first` on (a multiple of 240), and leaves the largest norm of them and of what was
 * rounded off of one.
 */
export function path_pack(record: usize, first: i32, count: i32): void {
  const p = changetype<Path>(record), ldm = <usize>p.ldm, panel = panelBytes(ldm);
  let norm: f64 = 0, off: f64 = 0;
  for (let j = <usize>first, end = <usize>(first + count); j < end; j++) {
    const atom = p.atoms + (j * ldm << 2);
    norm = max(norm, squaresOf(ldm, atom));
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
  const size = sqrt(squaresOf(ldm, at)), group = p.groups + i / GROUP * groupBytes(ldm);
  const rest = sqrt(packRow(ldm, at, group, i % GROUP));
  // sums of m products in float32, the norms too, and of roundings of values and units
  const slack = slackOf(p.m), whole = (norm + off) * (size + rest);
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
  const n = <usize>p.n, ldm = <usize>p.ldm, panel = panelBytes(ldm);
  for (let first = from / CHUNK * CHUNK; first < n; first += CHUNK) {
    const atoms = min(n - first, CHUNK);
    tiles(ldm, rows, p.groups, atoms, p.panels + first / PANEL * panel, p.products, CHUNK << 2);
    for (let i: usize = 0; i < rows; i++) {
      const products = p.products + (i * CHUNK << 2);
      hide(p, rowAt(p, i).sample, without, first, products);
      gather(p, i, first, atoms, products);
    }
  }
  for (let i: usize = 0; i < rows; i++) narrow(p, i);
}

/**
 * Leaves out what the last bound leaves out, then what products in float32 leave out, and takes the products of the
 * others as sums in order, which decide.
 */
function narrow(p: Path, i: usize): void {
  const row = rowAt(p, i), columns = candidatesAt(p, i), values = productsAt(p, i);
  row.count = <i32>sift(<usize>row.count, row.bound, columns, values);
  if (row.most > 0 && row.count > row.most) {
    const end = <usize>row.count << 2, signed = p.signed != 0, ldm = <usize>p.ldm, stride = ldm << 2;
    row.bound = row.least - row.rounding, row.error = row.rounding, row.found = 0;
    for (let e: usize = 0; e < end; e += 4) {
      const product = dot4(ldm, row.at, p.atoms + <usize>load<u32>(columns + e) * stride);
      const value = signed ? abs(product) : product;
      store<f32>(values + e, value);
      if (value > row.bound) rank(p, i, value);
    }
    row.count = <i32>sift(<usize>row.count, row.bound, columns, values);
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
  v128.store(out, orderedDots(stride, at, a, b, c, d));
}
