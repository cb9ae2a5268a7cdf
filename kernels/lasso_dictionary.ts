// A dictionary as `lasso` wants it: atoms as rows in float64 and float32, and side by side in panels.

import { Lasso } from "./lasso_record";
import { packAtom, panelBytes } from "./panels";
import { dot64 } from "./vectors64";

/**
 * Takes the dimensions `first` … `first` + rows − 1 of all atoms from `part` (rows × n, float64), divided by
 * the atoms' weights.
 */
export function lasso_dictionary(record: usize, part: usize, first: i32, rows: i32): void {
  const l = changetype<Lasso>(record);
  const n = <usize>l.n, m = <usize>l.m, stride = n << 3;
  for (let j: usize = 0; j < n; j++) {
    const weight = load<f64>(l.weights + (j << 3)), row = j * m + <usize>first;
    const exact = l.exactAtoms + (row << 3), atom = l.atoms + (row << 2);
    for (let i: usize = 0, at = part + (j << 3); i < <usize>rows; i++, at += stride) {
      const value = load<f64>(at) / weight;
      store<f64>(exact + (i << 3), value);
      store<f32>(atom + (i << 2), <f32>value);
    }
  }
}

/** Makes the panels, once all dimensions are there, and takes the norms. */
export function lasso_panels(record: usize): void {
  const l = changetype<Lasso>(record), m = <usize>l.m;
  let norm: f64 = 0, off: f64 = 0;
  for (let j: usize = 0, n = <usize>l.n; j < n; j++) {
    const exact = l.exactAtoms + (j * m << 3);
    norm = max(norm, dot64(m << 3, exact, exact));
    off = max(off, packAtom(m, l.atoms + (j * m << 2), l.panels + (j >> 3) * panelBytes(m), j & 7));
  }
  store<f64>(l.norms, sqrt(norm)), store<f64>(l.norms, sqrt(off), 8);
}
