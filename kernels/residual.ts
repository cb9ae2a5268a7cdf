// The residual of a reconstruction and its squared norm, in one pass.

import { hsum, madd } from "./simd";

/** r ← r − x over one row; returns ‖r‖². Not inlined: see block6x8 in gemm.ts. */
function residualRow(end: usize, r: usize, x: usize): f32 {
  let sum = f32x4.splat(0);
  for (; r < end; r += 16, x += 16) {
    const d = f32x4.sub(v128.load(r), v128.load(x));
    v128.store(r, d);
    sum = madd(d, d, sum);
  }
  return hsum(sum);
}

/** R ← R − X (rows × cols, cols a multiple of 8, contiguous); returns the sum of squares. */
export function residual(rows: i32, cols: i32, r: usize, x: usize): f64 {
  const stride = <usize>cols << 2;
  let sum: f64 = 0;
  for (let i = 0; i < rows; i++, r += stride, x += stride) sum += residualRow(r + stride, r, x);
  return sum;
}
