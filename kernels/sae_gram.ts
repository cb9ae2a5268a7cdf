// What the variants share that pursue atoms: rows of the Gram matrix of the atoms that decode, made when
// an atom is first picked.

import { hasBlas } from "./blas";
import { gemm_nn, product } from "./gemm";
import { SupportSae } from "./sae_support";
import { transpose } from "./transpose";

/** GRAM_FIELDS in lib/cores/sae_gram.ts lists the same fields in the same order. */
// @ts-ignore: decorator
@unmanaged
export class GramSae extends SupportSae {
  // rows of the Gram matrix
  slots: usize; // w: where a row is in gram, or −1
  gram: usize; // capacity×ldw
  capacity: i32;
  used: i32;
}

/** The rows of B (n×m, `ldb` in elements) as panels of 8 side by side; places beyond the last stay as they are. */
function toPanels(n: i32, m: i32, b: usize, ldb: i32, panels: usize): void {
  const rows = <usize>ldb << 5;
  for (let j = 0; j < n; j += 8, b += rows, panels += <usize>m << 5) {
    transpose(min(8, n - j), m, b, ldb, panels, 8);
  }
}

/** Takes the atoms, and empties the Gram matrix. */
export function takeAtoms(s: GramSae): void {
  if (hasBlas()) transpose(s.w, s.m, s.atoms, s.ldm, s.encoderT, s.ldw);
  else toPanels(s.w, s.m, s.atoms, s.ldm, s.encoderT);
  forgetGram(s);
}

/** c (rows×ldw) = a (rows×ldm) · atoms: each element is summed in order, unless a BLAS makes the product. */
export function correlations(s: GramSae, rows: i32, a: usize, c: usize): void {
  if (hasBlas()) gemm_nn(rows, s.ldw, s.m, a, s.ldm, s.encoderT, s.ldw, c, s.ldw);
  else {
    const m = <usize>s.m, ldc = <usize>s.ldw << 2;
    product(rows, s.ldw, m, a, <usize>s.ldm << 2, 4, s.encoderT, 32, m << 5, c, ldc);
  }
}

function forgetGram(s: GramSae): void {
  memory.fill(s.slots, 0xff, <usize>s.w << 2);
  s.used = 0;
}

/** Makes the Gram rows of the atoms `picks[0], picks[k], …` that are missing, in one product. */
export function completeGram(s: GramSae, rows: usize, picks: usize): void {
  const step = <usize>s.k << 2, stride = <usize>s.ldm << 2, first = s.used;
  for (let i: usize = 0; i < rows; i++, picks += step) {
    const j = <usize>load<u32>(picks), slot = s.slots + (j << 2);
    if (load<i32>(slot) >= 0) continue;
    memory.copy(s.scratch + <usize>(s.used - first) * stride, s.atoms + j * stride, stride);
    store<i32>(slot, s.used++);
  }
  const gram = s.gram + (<usize>first * s.ldw << 2);
  correlations(s, s.used - first, s.scratch, gram);
}

// @ts-ignore: decorator
@inline export function gramRow(s: GramSae, j: usize): usize {
  return s.gram + (<usize>load<u32>(s.slots + (j << 2)) * s.ldw << 2);
}

/** Makes room for the rows that a block of samples can need. */
export function reserveGram(s: GramSae, rows: i32): void {
  if (s.capacity < s.w && s.capacity - s.used < rows * s.k) forgetGram(s);
}
