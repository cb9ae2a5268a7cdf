// Correlations of many samples with many atoms in 8 bits: integers from −127 to 127 for the dimensions of an
// atom, from 0 to 127 (64 too much) for those of a residual. They tell which atoms to look at more closely: their
// errors are known, as norms of what was rounded off. One instruction multiplies 16 pairs, and the dictionary
// takes a quarter of its float32 size. Integer sums are exact, so a result depends on nothing beside it.
//
// 8 atoms side by side make a panel: 8 int32 to begin the sums with (−64·Σ of the atom's integers), 8 float32
// units, then 8 atoms × 4 dimensions, and so on. 4 residuals side by side make a group: 4 float32 units, then 4
// residuals × 4 dimensions, and so on.

/** Residuals of a group. */
export const GROUP: usize = 4;

/** Bytes of a panel and of a group for rows of m values, a multiple of 8. */
// @ts-ignore: decorator
@inline export function panelBytes(m: usize): usize {
  return 64 + (m << 3);
}
// @ts-ignore: decorator
@inline export function groupBytes(m: usize): usize {
  return 16 + (m << 2);
}

/** c + the sums over 4 dimensions of 4 atoms (signed) times a residual (unsigned, below 128). */
// @ts-ignore: decorator
@inline function multiplyAdd(atoms: v128, residual: v128, c: v128, ones: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) {
    return i32x4.add(c, i32x4.dot_i16x8_s(i16x8.relaxed_dot_i8x16_i7x16_s(atoms, residual), ones));
  }
  const low = i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_s(atoms), i16x8.extend_low_i8x16_s(residual));
  const high = i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_s(atoms), i16x8.extend_high_i8x16_s(residual));
  const even = i32x4.shuffle(low, high, 0, 2, 4, 6), odd = i32x4.shuffle(low, high, 1, 3, 5, 7);
  return i32x4.add(c, i32x4.add(even, odd));
}

/** C (4 rows, `ldc` bytes apart, × 8) = group · panel. Not inlined: see gemm.ts. */
function tile(m: usize, group: usize, panel: usize, c: usize, ldc: usize): void {
  const ones = i16x8.splat(1), units = group;
  const scale0 = v128.load(panel, 32), scale1 = v128.load(panel, 48);
  let c00 = v128.load(panel), c01 = v128.load(panel, 16);
  let c10 = c00, c11 = c01, c20 = c00, c21 = c01, c30 = c00, c31 = c01;
  panel += 64, group += 16;
  for (const end = group + (m << 2); group < end; group += 32, panel += 64) {
    let b0 = v128.load(panel), b1 = v128.load(panel, 16);
    let r = v128.load32_splat(group);
    c00 = multiplyAdd(b0, r, c00, ones), c01 = multiplyAdd(b1, r, c01, ones);
    r = v128.load32_splat(group, 4);
    c10 = multiplyAdd(b0, r, c10, ones), c11 = multiplyAdd(b1, r, c11, ones);
    r = v128.load32_splat(group, 8);
    c20 = multiplyAdd(b0, r, c20, ones), c21 = multiplyAdd(b1, r, c21, ones);
    r = v128.load32_splat(group, 12);
    c30 = multiplyAdd(b0, r, c30, ones), c31 = multiplyAdd(b1, r, c31, ones);
    b0 = v128.load(panel, 32), b1 = v128.load(panel, 48);
    r = v128.load32_splat(group, 16);
    c00 = multiplyAdd(b0, r, c00, ones), c01 = multiplyAdd(b1, r, c01, ones);
    r = v128.load32_splat(group, 20);
    c10 = multiplyAdd(b0, r, c10, ones), c11 = multiplyAdd(b1, r, c11, ones);
    r = v128.load32_splat(group, 24);
    c20 = multiplyAdd(b0, r, c20, ones), c21 = multiplyAdd(b1, r, c21, ones);
    r = v128.load32_splat(group, 28);
    c30 = multiplyAdd(b0, r, c30, ones), c31 = multiplyAdd(b1, r, c31, ones);
  }
  put(c, c00, c01, scale0, scale1, v128.load32_splat(units)), c += ldc;
  put(c, c10, c11, scale0, scale1, v128.load32_splat(units, 4)), c += ldc;
  put(c, c20, c21, scale0, scale1, v128.load32_splat(units, 8)), c += ldc;
  put(c, c30, c31, scale0, scale1, v128.load32_splat(units, 12));
}

// @ts-ignore: decorator
@inline function put(c: usize, c0: v128, c1: v128, scale0: v128, scale1: v128, unit: v128): void {
  v128.store(c, f32x4.mul(f32x4.mul(f32x4.convert_i32x4_s(c0), scale0), unit));
  v128.store(c, f32x4.mul(f32x4.mul(f32x4.convert_i32x4_s(c1), scale1), unit), 16);
}

/** Correlations (groups·4 rows × n) of packed residuals with all atoms; n and m multiples of 8. */
export function correlateAll(
  groups: usize, n: usize, m: usize, residuals: usize, panels: usize, c: usize,
): void {
  const panel = panelBytes(m), group = groupBytes(m), ldc = n << 2, rows = GROUP * ldc;
  for (let j: usize = 0; j < n; j += 8, panels += panel, c += 32) {
    for (let g: usize = 0; g < groups; g++) tile(m, residuals + g * group, panels, c + g * rows, ldc);
  }
}

/** The largest magnitude in a row. */
function largest(m: usize, row: usize): f32 {
  let m0 = f32x4.splat(0), m1 = m0;
  for (const end = row + (m << 2); row < end; row += 32) {
    m0 = f32x4.pmax(m0, f32x4.abs(v128.load(row))), m1 = f32x4.pmax(m1, f32x4.abs(v128.load(row, 16)));
  }
  m0 = f32x4.pmax(m0, m1), m0 = f32x4.pmax(m0, i32x4.shuffle(m0, m0, 2, 3, 0, 1));
  return max(f32x4.extract_lane(m0, 0), f32x4.extract_lane(m0, 1));
}

/** Puts a residual at one of the 4 places of a group; returns the squared norm of what is rounded off. */
export function packResidual(m: usize, row: usize, group: usize, place: usize): f32 {
  const most = largest(m, row), unit: f32 = most > 0 ? most / 63 : 1, per: f32 = 1 / unit;
  store<f32>(group + (place << 2), unit);
  const pers = f32x4.splat(per), units = f32x4.splat(unit), shift = i32x4.splat(64);
  let off = f32x4.splat(0);
  group += 16 + (place << 2);
  for (const end = row + (m << 2); row < end; row += 16, group += 16) {
    const r = v128.load(row), q = f32x4.nearest(f32x4.mul(r, pers));
    const rest = f32x4.sub(r, f32x4.mul(q, units));
    off = f32x4.add(off, f32x4.mul(rest, rest));
    const v = i32x4.add(i32x4.trunc_sat_f32x4_s(q), shift), halves = i16x8.narrow_i32x4_s(v, v);
    v128.store32_lane(group, i8x16.narrow_i16x8_u(halves, halves), 0);
  }
  off = f32x4.add(off, i32x4.shuffle(off, off, 2, 3, 0, 1));
  return f32x4.extract_lane(off, 0) + f32x4.extract_lane(off, 1);
}

/** Puts an atom at one of the 8 places of a panel; returns the squared norm of what is rounded off. */
export function packAtom(m: usize, row: usize, panel: usize, place: usize): f64 {
  const most = largest(m, row), unit: f32 = most > 0 ? most / 127 : 1;
  let sum = 0, off: f64 = 0;
  const to = panel + 64 + (place << 2);
  for (let k: usize = 0; k < m; k++) {
    const value = load<f32>(row + (k << 2)), q = nearest(value / unit);
    const rest = <f64>value - <f64>q * <f64>unit;
    off += rest * rest, sum += <i32>q;
    store<i8>(to + (k >> 2 << 5) + (k & 3), <i8>q);
  }
  store<i32>(panel + (place << 2), -64 * sum);
  store<f32>(panel + 32 + (place << 2), unit);
  return off;
}
