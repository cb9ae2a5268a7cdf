// What LISTA needs between its products: the soft threshold and the way back through it.

import { hsum, madd } from "./simd";

function shrinkRow(end: usize, u: usize, thresholds: usize): void {
  const zero = f32x4.splat(0), sign = f32x4.splat(-0.0);
  for (; u < end; u += 16, thresholds += 16) {
    const x = v128.load(u);
    const size = f32x4.sub(f32x4.abs(x), f32x4.abs(v128.load(thresholds)));
    v128.store(u, v128.or(f32x4.pmax(size, zero), v128.and(x, sign)));
  }
}

/** U ← sign(U)·max(|U| − |thresholds|, 0), rows × cols, one threshold per column. */
export function shrink(rows: i32, cols: i32, u: usize, thresholds: usize): void {
  const stride = <usize>cols << 2;
  for (let i = 0; i < rows; i++, u += stride) shrinkRow(u + stride, u, thresholds);
}

// sign(z)·a: a where z > 0, −a where z < 0, 0 where z = 0
// @ts-ignore: decorator
@inline function signed(z: v128, a: v128): v128 {
  const flipped = v128.xor(a, v128.and(z, f32x4.splat(-0.0)));
  return v128.and(flipped, f32x4.ne(z, f32x4.splat(0)));
}

function lossRow(end: usize, z: usize, g: usize, scale: f32, penalty: f32): f32 {
  const scale4 = f32x4.splat(scale), penalty4 = f32x4.splat(penalty);
  let sum = f32x4.splat(0);
  for (; z < end; z += 16, g += 16) {
    const code = v128.load(z);
    v128.store(g, madd(scale4, v128.load(g), signed(code, penalty4)));
    sum = f32x4.add(sum, f32x4.abs(code));
  }
  return hsum(sum);
}

/** G ← scale·G + penalty·sign(Z), rows × cols; returns Σ|Z|. */
export function l1_gradient(
  rows: i32, cols: i32, z: usize, g: usize, scale: f32, penalty: f32,
): f64 {
  const stride = <usize>cols << 2;
  let sum: f64 = 0;
  for (let i = 0; i < rows; i++, z += stride, g += stride) {
    sum += lossRow(z + stride, z, g, scale, penalty);
  }
  return sum;
}

function shrinkBackwardRow(end: usize, z: usize, g: usize, thresholds: usize, gt: usize): void {
  for (; z < end; z += 16, g += 16, thresholds += 16, gt += 16) {
    const code = v128.load(z);
    const gradient = v128.and(v128.load(g), f32x4.ne(code, f32x4.splat(0)));
    v128.store(g, gradient);
    const pull = signed(v128.load(thresholds), signed(code, gradient));
    v128.store(gt, f32x4.sub(v128.load(gt), pull));
  }
}

/**
 * Back through Z = shrink(U): takes G from the gradient for Z to that for U, in place, and puts the
 * thresholds' gradient −sign(threshold)·Σ sign(z)·g in `gt`.
 */
export function shrink_backward(
  rows: i32, cols: i32, z: usize, g: usize, thresholds: usize, gt: usize,
): void {
  const stride = <usize>cols << 2;
  memory.fill(gt, 0, stride);
  for (let i = 0; i < rows; i++, z += stride, g += stride) {
    shrinkBackwardRow(z + stride, z, g, thresholds, gt);
  }
}
