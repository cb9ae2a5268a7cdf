// The sums over samples that the dictionary update needs, in float64 from float32 codes, at the price
// of the codes that are not zero.

import { axpy64 } from "./vectors64";

/**
 * Lists the columns (×8, in bytes) and values of the entries of a row that are not zero; `n` in
 * bytes. Returns their number.
 */
function listRow(n: usize, row: usize, columns: usize, values: usize): usize {
  let count: usize = 0;
  for (let j: usize = 0; j < n; j += 16) {
    for (let mask = i32x4.bitmask(f32x4.ne(v128.load(row + j), f32x4.splat(0))); mask; mask &= mask - 1) {
      const at = j + (<usize>ctz(mask) << 2);
      store<u32>(columns + (count << 2), <u32>(at << 1));
      store<f64>(values + (count << 3), <f64>load<f32>(row + at));
      count++;
    }
  }
  return count;
}

/** Lower triangle of G += z·zᵀ for a listed z; `ld` in bytes. */
function addSquare(count: usize, columns: usize, values: usize, g: usize, ld: usize): void {
  for (let i: usize = 0; i < count; i++) {
    const row = g + (<usize>load<u32>(columns + (i << 2)) >> 3) * ld, value = load<f64>(values + (i << 3));
    for (let j: usize = 0; j <= i; j++) {
      const at = row + load<u32>(columns + (j << 2));
      store<f64>(at, load<f64>(at) + value * load<f64>(values + (j << 3)));
    }
  }
}

/**
 * Lower triangle of G (n×n, float64) += ZᵀZ of Z (samples×n, float32). `columns` and `values` are
 * scratch for n entries.
 */
export function gram_lower(
  samples: i32, z: usize, ldz: i32, g: usize, ldg: i32, columns: usize, values: usize,
): void {
  for (let s = 0; s < samples; s++) {
    const count = listRow(<usize>ldz << 2, z + (<usize>s * ldz << 2), columns, values);
    addSquare(count, columns, values, g, <usize>ldg << 3);
  }
}

/**
 * B (n×m, float64) += Zᵀ·X of Z (samples×n, float32) and X (samples×m, float64); ldx, the leading
 * dimension of X and of B, is a multiple of 8. `columns` and `values` are scratch for n entries.
 */
export function codes_product(
  samples: i32, z: usize, ldz: i32, x: usize, ldx: i32, b: usize, columns: usize, values: usize,
): void {
  const row = <usize>ldx << 3;
  for (let s = 0; s < samples; s++) {
    const count = listRow(<usize>ldz << 2, z + (<usize>s * ldz << 2), columns, values);
    for (let i: usize = 0; i < count; i++) {
      const atom = b + (<usize>load<u32>(columns + (i << 2)) >> 3) * row;
      axpy64(row, load<f64>(values + (i << 3)), x + <usize>s * row, atom);
    }
  }
}
