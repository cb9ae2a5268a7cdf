// Eigenvalues and eigenvectors of a symmetric matrix in float64: Householder reduction to tridiagonal form, then
// implicit QL (tred2 and tql2 of EISPACK; Bowdler, Martin, Reinsch & Wilkinson, Numer. Math. 11, 1968). The
// vectors are rows, so that the inner loops run along memory. Compiled ahead of its first call, unlike JavaScript.

// @ts-ignore: decorator
@inline function at(a: usize, i: i32): f64 {
  return load<f64>(a + (<usize>i << 3));
}
// @ts-ignore: decorator
@inline function put(a: usize, i: i32, value: f64): void {
  store<f64>(a + (<usize>i << 3), value);
}

/** √(a² + b²) without overflow. */
function hypotenuse(a: f64, b: f64): f64 {
  if (abs(a) > abs(b)) {
    const r = b / a;
    return abs(a) * sqrt(1 + r * r);
  }
  if (b == 0) return 0;
  const r = a / b;
  return abs(b) * sqrt(1 + r * r);
}

/** row[k] −= f·e[k] + g·d[k] for first ≤ k < end. */
function rankTwo(first: i32, end: i32, f: f64, e: usize, g: f64, d: usize, row: usize): void {
  const fs = f64x2.splat(f), gs = f64x2.splat(g);
  let k = first;
  for (; k + 2 <= end; k += 2) {
    const o = <usize>k << 3;
    const both = f64x2.add(f64x2.mul(fs, v128.load(e + o)), f64x2.mul(gs, v128.load(d + o)));
    v128.store(row + o, f64x2.sub(v128.load(row + o), both));
  }
  if (k < end) put(row, k, at(row, k) - (f * at(e, k) + g * at(d, k)));
}

/** Tridiagonal form: d has the diagonal, e[1 … n − 1] what is beside it, v the rows of the transformation. */
function reduce(n: i32, v: usize, d: usize, e: usize): void {
  const stride = <usize>n << 3;
  for (let j = 0; j < n; j++) put(d, j, at(v + <usize>j * stride, n - 1));
  for (let i = n - 1; i > 0; i--) {
    const own = v + <usize>i * stride;
    let scale: f64 = 0, h: f64 = 0;
    for (let k = 0; k < i; k++) scale += abs(at(d, k));
    if (scale == 0) {
      put(e, i, at(d, i - 1));
      for (let j = 0; j < i; j++) {
        const row = v + <usize>j * stride;
        put(d, j, at(row, i - 1));
        put(row, i, 0), put(own, j, 0);
      }
    } else {
      for (let k = 0; k < i; k++) {
        const value = at(d, k) / scale;
        put(d, k, value);
        h += value * value;
      }
      let f = at(d, i - 1), g = sqrt(h);
      if (f > 0) g = -g;
      put(e, i, scale * g);
      h -= f * g;
      put(d, i - 1, f - g);
      memory.fill(e, 0, <usize>i << 3);
      for (let j = 0; j < i; j++) {
        const row = v + <usize>j * stride;
        f = at(d, j);
        put(own, j, f);
        g = at(e, j) + at(row, j) * f;
        for (let k = j + 1; k < i; k++) {
          g += at(row, k) * at(d, k);
          put(e, k, at(e, k) + at(row, k) * f);
        }
        put(e, j, g);
      }
      f = 0;
      for (let j = 0; j < i; j++) {
        put(e, j, at(e, j) / h);
        f += at(e, j) * at(d, j);
      }
      const hh = f / (h + h);
      for (let j = 0; j < i; j++) put(e, j, at(e, j) - hh * at(d, j));
      for (let j = 0; j < i; j++) {
        const row = v + <usize>j * stride;
        rankTwo(j, i, at(d, j), e, at(e, j), d, row);
        put(d, j, at(row, i - 1));
        put(row, i, 0);
      }
    }
    put(d, i, h);
  }
  for (let i = 0; i < n - 1; i++) {
    const own = v + <usize>i * stride, next = own + stride, h = at(d, i + 1);
    put(own, n - 1, at(own, i));
    put(own, i, 1);
    if (h != 0) {
      for (let k = 0; k <= i; k++) put(d, k, at(next, k) / h);
      for (let j = 0; j <= i; j++) {
        const row = v + <usize>j * stride;
        let g: f64 = 0;
        for (let k = 0; k <= i; k++) g += at(next, k) * at(row, k);
        for (let k = 0; k <= i; k++) put(row, k, at(row, k) - g * at(d, k));
      }
    }
    memory.fill(next, 0, <usize>(i + 1) << 3);
  }
  for (let j = 0; j < n; j++) {
    const row = v + <usize>j * stride;
    put(d, j, at(row, n - 1));
    put(row, n - 1, 0);
  }
  put(v + <usize>(n - 1) * stride, n - 1, 1);
  put(e, 0, 0);
}

/** Rotates two rows: next ← s·row + c·next, row ← c·row − s·next. */
function rotate(n: i32, s: f64, c: f64, row: usize, next: usize): void {
  const sine = f64x2.splat(s), cosine = f64x2.splat(c), end = row + (<usize>(n & ~1) << 3);
  for (; row < end; row += 16, next += 16) {
    const r = v128.load(row), h = v128.load(next);
    v128.store(next, f64x2.add(f64x2.mul(sine, r), f64x2.mul(cosine, h)));
    v128.store(row, f64x2.sub(f64x2.mul(cosine, r), f64x2.mul(sine, h)));
  }
  if (n & 1) {
    const r = load<f64>(row), h = load<f64>(next);
    store<f64>(next, s * r + c * h);
    store<f64>(row, c * r - s * h);
  }
}

/** One implicit QL step on the places l … m. Returns the shift. */
function step(n: i32, l: i32, m: i32, v: usize, d: usize, e: usize): f64 {
  const stride = <usize>n << 3, g0 = at(d, l), off = at(e, l);
  let p = (at(d, l + 1) - g0) / (2 * off), r = hypotenuse(p, 1);
  if (p < 0) r = -r;
  put(d, l, off / (p + r));
  put(d, l + 1, off * (p + r));
  const dl1 = at(d, l + 1), shift = g0 - at(d, l);
  for (let i = l + 2; i < n; i++) put(d, i, at(d, i) - shift);
  p = at(d, m);
  let c: f64 = 1, c2: f64 = 1, c3: f64 = 1, s: f64 = 0, s2: f64 = 0;
  const el1 = at(e, l + 1);
  for (let i = m - 1; i >= l; i--) {
    c3 = c2, c2 = c, s2 = s;
    const own = at(e, i), g = c * own, h = c * p;
    r = hypotenuse(p, own);
    put(e, i + 1, s * r);
    s = own / r, c = p / r;
    p = c * at(d, i) - s * g;
    put(d, i + 1, h + s * (c * g + s * at(d, i)));
    const row = v + <usize>i * stride;
    rotate(n, s, c, row, row + stride);
  }
  p = (-s * s2 * c3 * el1 * at(e, l)) / dl1;
  put(e, l, s * p);
  put(d, l, c * p);
  return shift;
}

/**
 * Replaces the rows of a symmetric matrix v (n×n) by its eigenvectors, those of the smallest eigenvalues
 * first; d gets the eigenvalues, e is scratch, n values each.
 */
export function symmetric_eigen(n: i32, v: usize, d: usize, e: usize): void {
  reduce(n, v, d, e);
  for (let i = 1; i < n; i++) put(e, i - 1, at(e, i));
  put(e, n - 1, 0);
  let shift: f64 = 0, largest: f64 = 0;
  for (let l = 0; l < n; l++) {
    largest = max(largest, abs(at(d, l)) + abs(at(e, l)));
    const least = f64.EPSILON * largest;
    let m = l;
    while (m < n && !(abs(at(e, m)) <= least)) m++;
    if (m > l) do shift += step(n, l, m, v, d, e); while (abs(at(e, l)) > least);
    put(d, l, at(d, l) + shift);
    put(e, l, 0);
  }
  const stride = <usize>n << 3;
  for (let i = 0; i < n - 1; i++) {
    let k = i;
    for (let j = i + 1; j < n; j++) if (at(d, j) < at(d, k)) k = j;
    if (k == i) continue;
    const value = at(d, k), a = v + <usize>i * stride, b = v + <usize>k * stride;
    put(d, k, at(d, i)), put(d, i, value);
    for (let j = 0; j < n; j++) {
      const entry = at(a, j);
      put(a, j, at(b, j)), put(b, j, entry);
    }
  }
}
