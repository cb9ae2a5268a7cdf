// The register block of dense products: 6 rows by 32 bytes of columns, 8 of float32 or 4 of float64.

import { madd } from "./simd";
import { madd64 } from "./vectors64";

/** Rows of a register block. */
export const ROWS: usize = 6;

// @ts-ignore: decorator
@inline function multiplyAdd<T>(a: v128, b: v128, c: v128): v128 {
  return sizeof<T>() == 4 ? madd(a, b, c) : madd64(a, b, c);
}

// C += A·B of one block, or C = A·B when not `add`. In bytes, `rowA` and `stepA` are the distances of A
// between two rows of the block and between two steps of k, `stepB` that between two steps of k in B.
// @ts-ignore: decorator
@inline export function block6<T>(
  k: usize, a: usize, rowA: usize, stepA: usize, b: usize, stepB: usize, c: usize, ldc: usize, add: bool,
): void {
  let c00 = v128.splat<T>(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00;
  let c30 = c00, c31 = c00, c40 = c00, c41 = c00, c50 = c00, c51 = c00;
  if (add) {
    let at = c;
    c00 = v128.load(at), c01 = v128.load(at, 16), at += ldc;
    c10 = v128.load(at), c11 = v128.load(at, 16), at += ldc;
    c20 = v128.load(at), c21 = v128.load(at, 16), at += ldc;
    c30 = v128.load(at), c31 = v128.load(at, 16), at += ldc;
    c40 = v128.load(at), c41 = v128.load(at, 16), at += ldc;
    c50 = v128.load(at), c51 = v128.load(at, 16);
  }
  let a1 = a + rowA, a2 = a1 + rowA, a3 = a2 + rowA, a4 = a3 + rowA, a5 = a4 + rowA;
  for (let i: usize = 0; i < k; i++) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    b += stepB;
    let s = v128.load_splat<T>(a);
    a += stepA;
    c00 = multiplyAdd<T>(s, b0, c00), c01 = multiplyAdd<T>(s, b1, c01);
    s = v128.load_splat<T>(a1);
    a1 += stepA;
    c10 = multiplyAdd<T>(s, b0, c10), c11 = multiplyAdd<T>(s, b1, c11);
    s = v128.load_splat<T>(a2);
    a2 += stepA;
    c20 = multiplyAdd<T>(s, b0, c20), c21 = multiplyAdd<T>(s, b1, c21);
    s = v128.load_splat<T>(a3);
    a3 += stepA;
    c30 = multiplyAdd<T>(s, b0, c30), c31 = multiplyAdd<T>(s, b1, c31);
    s = v128.load_splat<T>(a4);
    a4 += stepA;
    c40 = multiplyAdd<T>(s, b0, c40), c41 = multiplyAdd<T>(s, b1, c41);
    s = v128.load_splat<T>(a5);
    a5 += stepA;
    c50 = multiplyAdd<T>(s, b0, c50), c51 = multiplyAdd<T>(s, b1, c51);
  }
  v128.store(c, c00), v128.store(c, c01, 16);
  c += ldc;
  v128.store(c, c10), v128.store(c, c11, 16);
  c += ldc;
  v128.store(c, c20), v128.store(c, c21, 16);
  c += ldc;
  v128.store(c, c30), v128.store(c, c31, 16);
  c += ldc;
  v128.store(c, c40), v128.store(c, c41, 16);
  c += ldc;
  v128.store(c, c50), v128.store(c, c51, 16);
}
