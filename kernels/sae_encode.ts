// Encoding alone, without a reconstruction and for any width: pre-activations of blocks of samples, and lists
// of the codes that they leave. Nearly all time goes to one dense product, in the tiles of tile5.ts.
//
// 5 samples side by side make a group, [dimension][5]; 8 units side by side make a panel, [dimension][8]. Every
// sum is over the dimensions in order from the bias on, whatever samples and units stand around it.

import { madd } from "./simd";
import { sort } from "./sae_batch";
import { GROUP, GROUP_STEP, tile5x8 } from "./tile5";
import { topK } from "./top_k";
import { highestLane } from "./vectors";

/** C (5·groups rows, `ldc` elements apart, × 8·panels) = bias + samples · units of m dimensions. */
export function encode_units(
  groups: i32, panels: i32, m: i32, samples: usize, units: usize, bias: usize, c: usize, ldc: i32,
): void {
  const depth = <usize>m, stride = <usize>ldc << 2, group = depth * GROUP_STEP, panel = depth << 5;
  for (const end = units + <usize>panels * panel; units < end; units += panel, bias += 32, c += 32) {
    for (let g: usize = 0; g < <usize>groups; g++) {
      tile5x8(depth, samples + g * group, units, 32, bias, 0, c + g * GROUP * stride, stride);
    }
  }
}

/** Whether n values (a multiple of 4) are all finite. */
function allFinite(n: usize, a: usize): bool {
  const zero = f32x4.splat(0);
  let sum = zero;
  // 0 times what is not finite is NaN
  for (const end = a + (n << 2); a < end; a += 16) sum = madd(v128.load(a), zero, sum);
  return !v128.any_true(f32x4.ne(sum, sum));
}

/**
 * Places and values, in order, of what is above the unit's threshold among n pre-activations (a multiple of 8);
 * returns their number, or −1 where a pre-activation is not finite.
 */
export function encode_above(n: i32, pre: usize, thresholds: usize, indices: usize, values: usize): i32 {
  const size = <usize>n, start = indices;
  if (!allFinite(size, pre)) return -1;
  for (let j: usize = 0; j < size; j += 8) {
    const a = pre + (j << 2), t = thresholds + (j << 2);
    const low = f32x4.gt(v128.load(a), v128.load(t)), high = f32x4.gt(v128.load(a, 16), v128.load(t, 16));
    let hits = <u32>i16x8.bitmask(i16x8.narrow_i32x4_s(low, high));
    for (; hits != 0; hits &= hits - 1, indices += 4, values += 4) {
      const i = j + <usize>ctz(hits);
      store<u32>(indices, i);
      store<f32>(values, load<f32>(pre + (i << 2)));
    }
  }
  return <i32>((indices - start) >> 2);
}

/**
 * Places, ascending, and values of the k largest positive of n pre-activations (a multiple of 8); with `signed`
 * of the k largest in magnitude that are not 0. `sizes` is scratch for n values. Returns how many there are,
 * or −1 where a pre-activation is not finite.
 */
export function encode_largest(
  n: i32, k: i32, signed: i32, pre: usize, sizes: usize, indices: usize, values: usize,
): i32 {
  const size = <usize>n;
  if (!allFinite(size, pre)) return -1;
  let highest = f32x4.splat(0);
  for (let j: usize = 0; j < size << 2; j += 16) {
    const v = v128.load(pre + j), a = signed ? f32x4.abs(v) : v;
    highest = f32x4.pmax(highest, a);
    v128.store(sizes + j, a);
  }
  const count = topK(size, k, highestLane(highest), sizes, indices, values);
  sort(count, indices, values);
  for (let t: usize = 0; t < <usize>count << 2; t += 4) {
    store<f32>(values + t, load<f32>(pre + (load<u32>(indices + t) << 2)));
  }
  return count;
}
