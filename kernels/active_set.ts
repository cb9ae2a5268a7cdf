// Least squares on a support that grows and shrinks, by the explicit inverse M of its Gram matrix: unlike
// triangular factors it has no chains of dependent steps, and a support of ten atoms fits into few vectors.
//
// Up to 4 atoms join together. With G their products with the support, U = M·G, S = (their Gram matrix) −
// GᵀU and Ũ = [U; −I], the new inverse is [M 0; 0 0] + Ũ·S⁻¹·Ũᵀ: one pass over M. S is eliminated in
// order, and an atom whose pivot tells that it depends on those before it is left out.
// Lanes of M beyond the support hold anything finite; vectors that meet them are zero there.

import { dots } from "./gemm_nt";
import {
  BATCH, between, columns4, joined, Lasso, newCode, newIndex, newSign, parts, products, Sample, saved, solution,
  transform, vector,
} from "./lasso_record";
import { hsum4, madd } from "./simd";
import { dot } from "./vectors";

/** An atom joins if what the support leaves of it has more than this share of its squared norm. */
const INDEPENDENT: f32 = 1e-5;

/** Products of two rows, m values each, with four vectors. */
function quads2(
  bytes: usize, row0: usize, row1: usize, v0: usize, v1: usize, v2: usize, v3: usize, out0: usize, out1: usize,
): void {
  let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
  for (const end = row0 + bytes; row0 < end; row0 += 16, row1 += 16) {
    const r = v128.load(row0), q = v128.load(row1);
    let v = v128.load(v0);
    a0 = madd(r, v, a0), b0 = madd(q, v, b0);
    v = v128.load(v1);
    a1 = madd(r, v, a1), b1 = madd(q, v, b1);
    v = v128.load(v2);
    a2 = madd(r, v, a2), b2 = madd(q, v, b2);
    v = v128.load(v3);
    a3 = madd(r, v, a3), b3 = madd(q, v, b3);
    v0 += 16, v1 += 16, v2 += 16, v3 += 16;
  }
  v128.store(out0, hsum4(a0, a1, a2, a3));
  v128.store(out1, hsum4(b0, b1, b2, b3));
}

/** U = M·G for 4 rows of M, `stride` bytes apart; G and U have 4 values per row. */
function multiply4(size: usize, stride: usize, inverse: usize, g: usize, u: usize): void {
  const i1 = inverse + stride, i2 = i1 + stride, i3 = i2 + stride;
  let u0 = f32x4.splat(0), u1 = u0, u2 = u0, u3 = u0;
  for (let a: usize = 0, end = size << 2; a < end; a += 4, g += 16) {
    const v = v128.load(g);
    u0 = madd(v128.load32_splat(inverse + a), v, u0), u1 = madd(v128.load32_splat(i1 + a), v, u1);
    u2 = madd(v128.load32_splat(i2 + a), v, u2), u3 = madd(v128.load32_splat(i3 + a), v, u3);
  }
  v128.store(u, u0), v128.store(u, u1, 16), v128.store(u, u2, 32), v128.store(u, u3, 48);
}

/** S = between − GᵀU, in place. */
function schur(size: usize, g: usize, u: usize): void {
  let s0 = v128.load(between), s1 = v128.load(between, 16);
  let s2 = v128.load(between, 32), s3 = v128.load(between, 48);
  for (const end = g + (size << 4); g < end; g += 16, u += 16) {
    const v = f32x4.neg(v128.load(u));
    s0 = madd(v128.load32_splat(g), v, s0), s1 = madd(v128.load32_splat(g, 4), v, s1);
    s2 = madd(v128.load32_splat(g, 8), v, s2), s3 = madd(v128.load32_splat(g, 12), v, s3);
  }
  v128.store(between, s0), v128.store(between, s1, 16);
  v128.store(between, s2, 32), v128.store(between, s3, 48);
}

// @ts-ignore: decorator
@inline function at4(matrix: usize, row: usize, col: usize): f32 {
  return load<f32>(matrix + (row << 4) + (col << 2));
}

/**
 * With S = L·Δ·Lᵀ, `transform` becomes L⁻ᵀ·Δ^−½, with columns of zeros for atoms that do not join.
 * Returns how many join of `count`; `norms` are the squared norms.
 */
function eliminate(count: usize, norms: v128): usize {
  let size: usize = 0;
  memory.fill(joined, 0, 16);
  memory.fill(transform, 0, 64);
  v128.store(vector, norms);
  for (let k: usize = 0; k < count; k++) {
    const pivot = at4(between, k, k);
    if (!(pivot > INDEPENDENT * load<f32>(vector + (k << 2)))) continue;
    store<u32>(joined + (k << 2), 1);
    size++;
    // column k of L⁻ᵀ: the unit vector minus what it has of the columns before
    store<f32>(transform + (k << 4) + (k << 2), 1);
    for (let l: usize = 0; l < k; l++) {
      if (load<u32>(joined + (l << 2)) == 0) continue;
      // S_lk as it was when l was eliminated, over the pivot of l
      const factor = at4(between, l, k) / at4(between, l, l);
      for (let i: usize = 0; i <= l; i++) {
        const to = transform + (i << 4) + (k << 2);
        store<f32>(to, load<f32>(to) - factor * at4(transform, i, l));
      }
    }
    for (let i = k + 1; i < count; i++) {
      const factor = at4(between, i, k) / pivot;
      for (let j = k + 1; j < count; j++) {
        const to = between + (i << 4) + (j << 2);
        store<f32>(to, load<f32>(to) - factor * at4(between, k, j));
      }
    }
  }
  for (let k: usize = 0; k < count; k++) {
    if (load<u32>(joined + (k << 2)) == 0) continue;
    const root: f32 = 1 / sqrt<f32>(at4(between, k, k));
    for (let i: usize = 0; i <= k; i++) {
      const to = transform + (i << 4) + (k << 2);
      store<f32>(to, load<f32>(to) * root);
    }
  }
  return size;
}

/** V = U·T for `size` rows of 4; also as 4 columns, `stride` bytes apart. */
function transformRows(size: usize, u: usize, columns: usize, stride: usize): void {
  const t0 = v128.load(transform), t1 = v128.load(transform, 16);
  const t2 = v128.load(transform, 32), t3 = v128.load(transform, 48);
  for (const end = u + (size << 4); u < end; u += 16, columns += 4) {
    let v = f32x4.mul(v128.load32_splat(u), t0);
    v = madd(v128.load32_splat(u, 4), t1, v), v = madd(v128.load32_splat(u, 8), t2, v);
    v = madd(v128.load32_splat(u, 12), t3, v);
    v128.store(u, v);
    putColumn(v, columns, stride);
  }
}

// @ts-ignore: decorator
@inline function putColumn(v: v128, columns: usize, stride: usize): void {
  v128.store32_lane(columns, v, 0), columns += stride;
  v128.store32_lane(columns, v, 1), columns += stride;
  v128.store32_lane(columns, v, 2), columns += stride;
  v128.store32_lane(columns, v, 3);
}

/** Two rows of M += V·Vᵀ, `bytes` of each; v0 and v1 are rows of V. */
function update2(bytes: usize, row0: usize, row1: usize, v0: usize, v1: usize, columns: usize, stride: usize): void {
  const a0 = v128.load32_splat(v0), a1 = v128.load32_splat(v0, 4);
  const a2 = v128.load32_splat(v0, 8), a3 = v128.load32_splat(v0, 12);
  const b0 = v128.load32_splat(v1), b1 = v128.load32_splat(v1, 4);
  const b2 = v128.load32_splat(v1, 8), b3 = v128.load32_splat(v1, 12);
  const k1 = columns + stride, k2 = k1 + stride, k3 = k2 + stride;
  for (let i: usize = 0; i < bytes; i += 16) {
    let v = v128.load(columns + i);
    let p = madd(a0, v, v128.load(row0 + i)), q = madd(b0, v, v128.load(row1 + i));
    v = v128.load(k1 + i);
    p = madd(a1, v, p), q = madd(b1, v, q);
    v = v128.load(k2 + i);
    p = madd(a2, v, p), q = madd(b2, v, q);
    v = v128.load(k3 + i);
    v128.store(row0 + i, madd(a3, v, p)), v128.store(row1 + i, madd(b3, v, q));
  }
}

/** Sets the entries from `size` up to the end of a row of `lanes` entries to zero. */
// @ts-ignore: decorator
@inline function clearFrom(row: usize, size: usize, lanes: usize): void {
  for (let a = size; a < lanes; a++) store<f32>(row + (a << 2), 0);
}

/** Entries that are walked of lists of a support. */
// @ts-ignore: decorator
@inline export function lanesOf(size: i32): usize {
  return <usize>(size + 7 & ~7);
}

/** The products of a single new atom, in the place of four. */
function productsOfOne(l: Lasso, s: Sample, atom: usize): void {
  const size = <usize>s.size, lanes = lanesOf(s.size), m = <usize>l.m;
  for (let a = size; a < lanes; a++) store<u32>(s.address + (a << 2), l.atoms);
  dots(lanes, m << 2, atom, s.address, solution);
  for (let a: usize = 0; a < size; a++) {
    v128.store(products + (a << 4), v128.load32_zero(solution + (a << 2)));
  }
  v128.store(products + (size << 4), f32x4.replace_lane(f32x4.splat(0), 0, dot(m, s.input, atom)));
  memory.fill(between, 0, 64);
  store<f32>(between, dot(m, atom, atom));
}

/**
 * The first `count` (1 … 4) of the new atoms join the support, as far as they are independent of it and
 * there is room; `joined` tells which. Returns how many.
 */
export function join(l: Lasso, s: Sample, count: usize): i32 {
  const size = <usize>s.size, capacity = <usize>l.capacity, stride = capacity << 2, row = <usize>l.m << 2;
  const v0 = l.atoms + <usize>load<u32>(newIndex) * row;
  const v1 = count > 1 ? l.atoms + <usize>load<u32>(newIndex, 4) * row : v0;
  const v2 = count > 2 ? l.atoms + <usize>load<u32>(newIndex, 8) * row : v0;
  const v3 = count > 3 ? l.atoms + <usize>load<u32>(newIndex, 12) * row : v0;
  const fits = products + (size << 4);
  if (count == 1) {
    productsOfOne(l, s, v0);
  } else {
    quads2(row, v0, v1, v0, v1, v2, v3, between, between + 16);
    quads2(row, v2, v3, v0, v1, v2, v3, between + 32, between + 48);
    // The last product is that with x
    for (let a: usize = 0; a <= size; a += 2) {
      const row0 = a < size ? <usize>load<u32>(s.address + (a << 2)) : s.input;
      const row1 = a + 1 < size ? <usize>load<u32>(s.address + (a << 2), 4) : s.input;
      quads2(row, row0, row1, v0, v1, v2, v3, products + (a << 4), products + (a << 4) + 16);
    }
  }
  const norms = f32x4(at4(between, 0, 0), at4(between, 1, 1), at4(between, 2, 2), at4(between, 3, 3));
  for (let a: usize = 0; a < size; a += 4) {
    multiply4(size, stride, s.inverse + a * stride, products, parts + (a << 4));
  }
  schur(size, products, parts);
  let added = eliminate(count, norms);
  for (let k = count; size + added > <usize>l.rank && k-- > 0;) {
    if (load<u32>(joined + (k << 2)) == 0) continue;
    store<u32>(joined + (k << 2), 0);
    memory.fill(transform + (k << 2), 0, 4), memory.fill(transform + 16 + (k << 2), 0, 4);
    memory.fill(transform + 32 + (k << 2), 0, 4), memory.fill(transform + 48 + (k << 2), 0, 4);
    added--;
  }
  if (added == 0) return 0;
  const next = size + added, lanes = lanesOf(<i32>next), columnBytes = capacity + 8 << 2;
  transformRows(size, parts, columns4, columnBytes);
  let at = size;
  for (let k: usize = 0; k < count; k++) {
    if (load<u32>(joined + (k << 2)) == 0) continue;
    const v = f32x4.neg(v128.load(transform + (k << 4)));
    v128.store(parts + (at << 4), v);
    putColumn(v, columns4 + (at << 2), columnBytes);
    const four = at << 2, atom = load<u32>(newIndex + (k << 2));
    store<u32>(s.index + four, atom);
    store<u32>(s.address + four, l.atoms + <usize>atom * row);
    store<f32>(s.sign + four, load<f32>(newSign + (k << 2)));
    store<f32>(s.fit + four, load<f32>(fits + (k << 2)));
    store<f64>(s.code + (at << 3), load<f64>(newCode + (k << 3)));
    at++;
  }
  for (let k: usize = 0; k < BATCH; k++) clearFrom(columns4 + k * columnBytes, next, lanes);
  for (let a: usize = 0; a < next; a++) {
    clearFrom(s.inverse + a * stride, a < size ? size : 0, lanes);
  }
  for (let a: usize = 0; a < next; a += 2) {
    // An odd last row is paired with itself
    const i = s.inverse + a * stride, v = parts + (a << 4), more: usize = a + 1 < next ? 1 : 0;
    update2(lanes << 2, i, i + more * stride, v, v + (more << 4), columns4, columnBytes);
  }
  s.size = <i32>next;
  return <i32>added;
}

/** Row += factor·v, `bytes` of it. */
function addRow(bytes: usize, factor: f32, v: usize, row: usize): void {
  const f = f32x4.splat(factor);
  for (let i: usize = 0; i < bytes; i += 16) {
    v128.store(row + i, madd(f, v128.load(v + i), v128.load(row + i)));
  }
}

/** Atom number `a` leaves the support; the last one takes its place. */
export function leave(l: Lasso, s: Sample, a: usize): void {
  const stride = <usize>l.capacity << 2, last = <usize>(s.size - 1), bytes = lanesOf(s.size) << 2;
  const row = s.inverse + a * stride, lastRow = s.inverse + last * stride;
  memory.copy(vector, row, bytes);
  const scale: f32 = <f32>-1 / load<f32>(vector + (a << 2));
  for (let i: usize = 0; i <= last; i++) {
    if (i != a) addRow(bytes, scale * load<f32>(vector + (i << 2)), vector, s.inverse + i * stride);
  }
  if (a != last) {
    memory.copy(row, lastRow, bytes);
    for (let i: usize = 0; i < last; i++) {
      const at = s.inverse + i * stride;
      store<f32>(at + (a << 2), load<f32>(at + (last << 2)));
    }
    store<f32>(row + (a << 2), load<f32>(lastRow + (last << 2)));
    const to = a << 2, from = last << 2;
    store<u32>(s.index + to, load<u32>(s.index + from));
    store<u32>(s.address + to, load<u32>(s.address + from));
    store<u32>(s.sign + to, load<u32>(s.sign + from));
    store<u32>(s.fit + to, load<u32>(s.fit + from));
    store<f64>(s.code + (a << 3), load<f64>(s.code + (last << 3)));
  }
  s.size = <i32>last;
}

/** solution = M·(fit − λ·sign), the best codes on the support if the signs hold; `vector` keeps the right side. */
export function bestCodes(s: Sample): void {
  const lanes = lanesOf(s.size), size = <usize>s.size, lambda = <f32>s.lambda;
  for (let a: usize = 0; a < lanes; a++) {
    const at = a << 2;
    store<f32>(vector + at, a < size ? load<f32>(s.fit + at) - lambda * load<f32>(s.sign + at) : 0);
  }
  timesInverse(s);
}

/** solution = M·vector; both have zeros up to a multiple of 8. */
export function timesInverse(s: Sample): void {
  const lanes = lanesOf(s.size);
  dots(lanes, lanes << 2, vector, s.inverseRows, solution);
}

/** The inverse anew, from the atoms; those that turn out to depend on the others leave. */
export function rebuild(l: Lasso, s: Sample): void {
  const size = <usize>s.size;
  // codes, then atoms, then signs
  const codes = saved, atoms = saved + (size << 3), signs = atoms + (size << 2);
  memory.copy(codes, s.code, size << 3);
  memory.copy(atoms, s.index, size << 2);
  memory.copy(signs, s.sign, size << 2);
  s.size = 0;
  for (let a: usize = 0; a < size; a += BATCH) {
    const count = min(BATCH, size - a);
    memory.copy(newIndex, atoms + (a << 2), count << 2);
    memory.copy(newSign, signs + (a << 2), count << 2);
    memory.copy(newCode, codes + (a << 3), count << 3);
    join(l, s, count);
  }
}
