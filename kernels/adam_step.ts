// One Adam step (Kingma and Ba, 2015) on a vector of parameters, for kernels that make their gradient
// in registers. β₁ = 0.9, β₂ = 0.999, ε = 1e-8.

import { madd } from "./simd";

/**
 * Moves the parameters at `p` with moments at `m` and `v`, and returns them. `step` is
 * lr / (1 − β₁ᵗ), `root` is 1 / √(1 − β₂ᵗ).
 */
// @ts-ignore: decorator
@inline export function adam(p: usize, m: usize, v: usize, gradient: v128, step: v128, root: v128): v128 {
  const m1 = madd(f32x4.splat(0.1), gradient, f32x4.mul(f32x4.splat(0.9), v128.load(m)));
  const squared = f32x4.mul(f32x4.splat(0.001), f32x4.mul(gradient, gradient));
  const v1 = madd(f32x4.splat(0.999), v128.load(v), squared);
  const size = madd(f32x4.sqrt(v1), root, f32x4.splat(1e-8));
  const moved = f32x4.sub(v128.load(p), f32x4.div(f32x4.mul(step, m1), size));
  v128.store(m, m1);
  v128.store(v, v1);
  v128.store(p, moved);
  return moved;
}
