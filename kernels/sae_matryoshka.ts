// matryoshka: batchtopk whose first w₁, first w₂, … units each make a reconstruction of their own
// (Bussmann et al., 2025). The loss is Σ weight·(mean squared error) over these prefixes; residual
// holds that of the last, which is all units.

import { BatchSae, choose } from "./sae_batch";
import { residualGradient, throughInput } from "./sae_products";
import { auxK, auxOf } from "./sae_aux";
import { backwardRow, clearGradients, residualRow } from "./sae_support";
import { axpy, dot, scale } from "./vectors";

/** Number of a sorted list's places, from the t-th on, that are below `end`. */
function countBelow(indices: usize, t: usize, count: usize, end: u32): usize {
  let next = t;
  while (next < count && load<u32>(indices + (next << 2)) < end) next++;
  return next - t;
}

/** The fields of lib/cores/sae_matryoshka.ts. */
// @ts-ignore: decorator
@unmanaged
export class Matryoshka extends BatchSae {
  groups: i32;
  ends: usize; // groups: w₁ < w₂ < … = w
  groupWeights: usize; // groups, float32
  prefixes: usize; // groups×rows×ldm: residuals of the prefixes
  auxByGroup: i32; // whether a group's dead units predict what their own prefix leaves over

  forward(rows: i32): f64 {
    choose(this, rows);
    const size = <usize>(rows * this.ldm) << 2;
    for (let i: usize = 0; i < <usize>rows; i++) prefixRow(this, i, size);
    return 0;
  }

  /** Number of a row's codes, from the place `done` on, that begin with group g. */
  ownOf(i: usize, g: usize, done: usize): usize {
    return countBelow(this.indicesOf(i), done, this.countOf(i), load<u32>(this.ends + (g << 2)));
  }

  /** The parts of the loss that are not the last prefix's mean squared error. */
  others(rows: i32): f64 {
    const n = <usize>this.ldm, size = <usize>rows * n << 2, last = <usize>this.groups - 1;
    let sum: f64 = 0;
    for (let g: usize = 0, r = this.prefixes; g <= last; g++, r += size) {
      let squares: f64 = 0;
      for (let at = r; at < r + size; at += n << 2) squares += dot(n, at, at);
      sum += squares * (<f64>load<f32>(this.groupWeights + (g << 2)) - <f64>(g == last));
    }
    return sum / <f64>(rows * this.m);
  }

  backward(rows: i32, gamma: f32): void {
    const stride = <usize>this.ldm << 2, size = <usize>rows * stride;
    clearGradients(this);
    if (this.auxByGroup) auxByGroups(this, rows, size);
    else auxK(this, rows, this.weights);
    sumPrefixes(this, rows);
    let x = this.x;
    for (let i: usize = 0; i < <usize>rows; i++, x += stride) {
      const indices = this.indicesOf(i), values = this.valuesOf(i);
      let done: usize = 0, r = this.prefixes + i * stride;
      for (let g: usize = 0; g < <usize>this.groups; g++, r += size) {
        const own = this.ownOf(i, g, done);
        backwardRow(this, own, indices + (done << 2), values + (done << 2), r, x);
        done += own;
      }
    }
    throughInput(this);
  }
}

/** AuxK of each group, with the residual of the prefix that ends with it; prefixes are `size` bytes apart. */
function auxByGroups(s: Matryoshka, rows: i32, size: usize): void {
  let first = 0;
  for (let g: usize = 0, r = s.prefixes; g < <usize>s.groups; g++, r += size) {
    const end = load<i32>(s.ends + (g << 2));
    auxOf(s, rows, s.weights, r, first, end);
    first = end;
  }
}

/** The residuals of a row's prefixes, which are `size` bytes apart; the last is that of all units. */
export function prefixRow(s: Matryoshka, i: usize, size: usize): void {
  const stride = <usize>s.ldm << 2, indices = s.indicesOf(i), values = s.valuesOf(i);
  let done: usize = 0, out = s.prefixes + i * stride;
  for (let g: usize = 0; g < <usize>s.groups; g++, out += size) {
    const own = s.ownOf(i, g, done), at = done << 2;
    if (g == 0) residualRow(s.ldm, own, indices, values, s.decoder, s.x + i * stride, out);
    else {
      scale(s.ldm, -1, out - size, out);
      residualRow(s.ldm, own, indices + at, values + at, s.decoder, out, out);
    }
    done += own;
  }
  memory.copy(s.residual + i * stride, out - size, stride);
}

/**
 * Adds the other prefixes' errors to the sums, and makes the residuals gradients: a unit's codes are in the
 * prefixes from its own group on, whose weighted residuals add up. The decoder bias gets those of all
 * prefixes, as the first group's units do.
 */
export function sumPrefixes(s: Matryoshka, rows: i32): void {
  const size = <usize>(rows * s.ldm) << 2, length = size >> 2, last = <usize>s.groups - 1;
  store<f64>(s.sums + 24, load<f64>(s.sums + 24) + s.others(rows));
  for (let g = last + 1; g-- > 0;) {
    const r = s.prefixes + g * size;
    scale(length, load<f32>(s.groupWeights + (g << 2)), r, r);
    if (g < last) axpy(length, 1, r + size, r);
  }
  memory.copy(s.residual, s.prefixes, size);
  residualGradient(s, rows);
  scale(length * (last + 1), 2 / <f32>(rows * s.m), s.prefixes, s.prefixes);
}
