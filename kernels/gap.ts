// The duality gap of the Lasso, in float64.

import { axpy64, dot64 } from "./vectors64";

/**
 * Duality gap of the codes z (n) of the sample x for ½‖x − Dz‖² + λ‖z‖₁, with z ≥ 0 if `nonneg`
 * (∞ when it is not). `atoms` has n rows of `ldm` values, `residual` is scratch of that length; the
 * dual point is the residual, scaled down until it is feasible.
 */
export function lasso_gap(
  n: i32, ldm: i32, atoms: usize, x: usize, z: usize, residual: usize, lambda: f64, nonneg: i32,
): f64 {
  const row = <usize>ldm << 3;
  memory.copy(residual, x, row);
  let l1: f64 = 0;
  for (let j: usize = 0; j < <usize>n; j++) {
    const value = load<f64>(z + (j << 3));
    if (value == 0) continue;
    if (nonneg && value < 0) return f64.POSITIVE_INFINITY;
    l1 += abs(value);
    axpy64(row, -value, atoms + j * row, residual);
  }
  let most = lambda;
  for (let j: usize = 0; j < <usize>n; j++) {
    const correlation = dot64(row, atoms + j * row, residual);
    most = max(most, nonneg ? correlation : abs(correlation));
  }
  const scale = lambda / most;
  const rr = dot64(row, residual, residual), xr = dot64(row, x, residual);
  return max<f64>(0.5 * rr + lambda * l1 - scale * (xr - 0.5 * scale * rr), 0);
}
