// What the variants share that pursue atoms: rows of the Gram matrix of the atoms that decode, made when
// an atom is first picked.

import { hasBlas } from "./blas";
import { gemm_nn } from "./gemm";
import { panelsProduct, toPanels } from "./panel6";
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

/** Takes the atoms, and empties the Gram matrix. */
export function takeAtoms(s: GramSae): void {
  if (hasBlas()) transpose(s.w, s.m, s.atoms, s.ldm, s.encoderT, s.ldw);
  else toPanels(s.w, s.m, s.atoms, s.ldm, s.encoderT);
  forgetGram(s);
}

/** c (rows×ldw) = a (rows×ldm) · atoms: each element is summed in order, unless a BLAS makes the product. */
export function correlations(s: GramSae, rows: i32, a: usize, c: usize): void {
  if (hasBlas()) gemm_nn(rows, s.ldw, s.m, a, s.ldm, s.encoderT, s.ldw, c, s.ldw);
  else panelsProduct(rows, s.ldw, s.m, a, s.ldm, s.encoderT, c, s.ldw);
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
