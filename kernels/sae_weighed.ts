// What the variants share that choose codes by pre·s, s being 1 or the norms of the atoms: topk, abstopk, batchtopk
// and matryoshka. What chooses is not what decodes: the codes are pre again.

import { NORM_FLOOR, norms } from "./rows";
import { transposeEncoder } from "./sae_products";
import { SupportSae } from "./sae_support";
import { highestLane } from "./vectors";

/** WEIGHED_FIELDS in lib/cores/sae_support.ts lists the same fields in the same order. */
// @ts-ignore: decorator
@unmanaged
export class WeighedSae extends SupportSae {
  weights: usize; // ldw: s
  byNorms: i32; // whether s are the norms of the atoms

  prepare(): void {
    transposeEncoder(this);
    weighAtoms(this);
  }
}

/** Brings the weights up to date with the decoder. */
export function weighAtoms(s: WeighedSae): void {
  if (s.byNorms) norms(s.w, s.ldm, NORM_FLOOR, s.decoder, s.weights);
}

/** a ← (a + b)·s; returns the maximum of a and 0. */
export function weigh(n: usize, b: usize, s: usize, a: usize): f32 {
  let highest = f32x4.splat(0);
  const end = a + (n << 2);
  for (; a < end; a += 16, b += 16, s += 16) {
    const v = f32x4.mul(f32x4.add(v128.load(a), v128.load(b)), v128.load(s));
    highest = f32x4.pmax(highest, v);
    v128.store(a, v);
  }
  return highestLane(highest);
}

/** The values of a list, from pre·s to pre. */
export function unweigh(s: WeighedSae, count: usize, indices: usize, values: usize): void {
  for (let t: usize = 0; t < count << 2; t += 4) {
    const weight = load<f32>(s.weights + (load<u32>(indices + t) << 2));
    store<f32>(values + t, load<f32>(values + t) / weight);
  }
}
