// A dictionary as `lasso` wants it: atoms as rows in float64 and float32, and side by side in panels.

import { Lasso } from "./lasso_record";

/**
 * Takes the dimensions `first` … `first` + rows − 1 of all atoms from `part` (rows × n, float64), divided by
 * the atoms' weights.
 */
export function lasso_dictionary(record: usize, part: usize, first: i32, rows: i32): void {
  const l = changetype<Lasso>(record);
  const n = <usize>l.n, m = <usize>l.m, stride = n << 3;
  for (let j: usize = 0; j < n; j++) {
    const weight = load<f64>(l.weights + (j << 3));
    const row = j * m + <usize>first, panel = ((j >> 3) * m + <usize>first << 3) + (j & 7);
    const exact = l.exactAtoms + (row << 3), atom = l.atoms + (row << 2), beside = l.panels + (panel << 2);
    for (let i: usize = 0, at = part + (j << 3); i < <usize>rows; i++, at += stride) {
      const value = load<f64>(at) / weight;
      store<f64>(exact + (i << 3), value);
      store<f32>(atom + (i << 2), <f32>value);
      store<f32>(beside + (i << 5), <f32>value);
    }
  }
}
