// Operations on the rows of a matrix whose rows are atoms (a dictionary, transposed).

import { axpy, dot, scale } from "./vectors";

/** The `floor` of an autoencoder's atoms. */
// @ts-ignore: decorator
@inline export const NORM_FLOOR: f32 = 1e-8;

/**
 * Divides each of `rows` rows of X (length and leading dimension n, a multiple of 8) by its norm, or
 * by `floor` where the norm is smaller, into Y; `norms` receives the divisors. Y may be X.
 */
export function normalize_rows(rows: i32, n: i32, floor: f32, x: usize, y: usize, norms: usize): void {
  const stride = <usize>n << 2;
  for (let i = 0; i < rows; i++, x += stride, y += stride, norms += 4) {
    const norm = max(sqrt(dot(n, x, x)), floor);
    store<f32>(norms, norm);
    scale(n, 1 / norm, x, y);
  }
}

/** The norms of the rows of X, as in {@link normalize_rows}, at least `floor`. */
export function norms(rows: i32, n: i32, floor: f32, x: usize, out: usize): void {
  const stride = <usize>n << 2;
  for (let i = 0; i < rows; i++, x += stride, out += 4) store<f32>(out, max(sqrt(dot(n, x, x)), floor));
}

/** Subtracts from each row g of G its part along the same row d of D, taken as it is: g ← g − (g·d)·d. */
export function project_rows(rows: i32, n: i32, d: usize, g: usize): void {
  const stride = <usize>n << 2;
  for (let i = 0; i < rows; i++, d += stride, g += stride) axpy(n, -dot(n, g, d), d, g);
}
