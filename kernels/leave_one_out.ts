// The passes over samples of lib/numeric/leave_one_out.ts, in float64: kernels, since an engine makes a loop of
// JavaScript fast only after it has run for a while. All sums are in order.

import { madd64 } from "./vectors64";

/**
 * Of each sample u, e = u·G and p = z·Tᵀ (`stride` values apart, `rank` of them used): terms ← u∘u, mixed ← u∘(p − e);
 * and, of the row z whose values lie from place starts[s] to starts[s + 1] of `entries`, lengths ← max(0, 1 − ‖u‖²) and
 * complements ← max(0, ‖z‖² + u·(e − 2p)).
 */
export function leave_one_out_terms(
  rows: i32, rank: i32, stride: i32, u: usize, e: usize, p: usize, terms: usize, mixed: usize,
  starts: usize, entries: usize, lengths: usize, complements: usize,
): void {
  const step = <usize>stride << 3;
  for (let s = 0; s < rows; s++) {
    let length: f64 = 0, norm: f64 = 0;
    for (let r: usize = 0; r < <usize>rank << 3; r += 8) {
      const own = load<f64>(u + r), explained = load<f64>(e + r), projected = load<f64>(p + r);
      const square = own * own;
      length += square;
      norm += own * (explained - 2 * projected);
      store<f64>(terms + r, square);
      store<f64>(mixed + r, own * (projected - explained));
    }
    const end = entries + (<usize>load<u32>(starts, 4) << 3);
    for (let z = entries + (<usize>load<u32>(starts) << 3); z < end; z += 8) {
      norm += load<f64>(z) * load<f64>(z);
    }
    store<f64>(lengths, max<f64>(0, 1 - length));
    store<f64>(complements, max<f64>(0, norm));
    u += step, e += step, p += step, terms += step, mixed += step;
    starts += 4, lengths += 8, complements += 8;
  }
}

/**
 * Of each sample, with kept = its length + its entry of `sums`, and its entry of `mixed` (both `ldSums` values
 * apart): total += (complement + 2·mixed)/kept², and scaled ← u/kept (`stride` values).
 */
export function leave_one_out_weights(
  rows: i32, stride: i32, lengths: usize, complements: usize, sums: usize, mixed: usize, ldSums: i32,
  u: usize, scaled: usize, total: usize,
): void {
  const step = <usize>stride << 3, zero = f64x2.splat(0);
  let sum = load<f64>(total);
  for (let s = 0; s < rows; s++) {
    const kept = load<f64>(lengths) + load<f64>(sums), root = f64x2.splat(1 / kept);
    sum += (load<f64>(complements) + 2 * load<f64>(mixed)) / (kept * kept);
    for (let r: usize = 0; r < step; r += 16) {
      v128.store(scaled + r, madd64(root, v128.load(u + r), zero));
    }
    u += step, scaled += step, lengths += 8, complements += 8;
    sums += <usize>ldSums << 3, mixed += <usize>ldSums << 3;
  }
  store<f64>(total, sum);
}
