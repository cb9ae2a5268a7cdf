// matryoshka: batchtopk whose first w₁, first w₂, … units each make a reconstruction of their own
// (Bussmann et al., 2025). The loss is Σ weight·(mean squared error) over these prefixes; residual
// holds that of the last, which is all units.

import { BatchSae, choose } from "./sae_batch";
import { residualGradient, throughInput } from "./sae_products";
import { backwardRow, residualRow, startGradients } from "./sae_support";
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

  forward(rows: i32): f64 {
    choose(this, rows);
    const stride = <usize>this.ldm << 2, size = <usize>rows * stride, last = <usize>this.groups - 1;
    let x = this.x;
    for (let i: usize = 0; i < <usize>rows; i++, x += stride) {
      const count = this.countOf(i);
      let indices = this.indicesOf(i), values = this.valuesOf(i), done: usize = 0;
      let out = this.prefixes + i * stride;
      for (let g: usize = 0; g <= last; g++, out += size) {
        const own = countBelow(indices, 0, count - done, load<u32>(this.ends + (g << 2)));
        if (g == 0) residualRow(this.ldm, own, indices, values, this.decoder, x, out);
        else {
          scale(this.ldm, -1, out - size, out);
          residualRow(this.ldm, own, indices, values, this.decoder, out, out);
        }
        indices += own << 2, values += own << 2, done += own;
      }
      memory.copy(this.residual + i * stride, out - size, stride);
    }
    return 0;
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
    const stride = <usize>this.ldm << 2, size = <usize>rows * stride, length = size >> 2;
    const last = <usize>this.groups - 1;
    store<f64>(this.sums + 24, load<f64>(this.sums + 24) + this.others(rows));
    startGradients(this, rows, this.pre, this.weights);
    // a unit's codes are in the prefixes from its own group on: their weighted residuals add up
    for (let g = last + 1; g-- > 0;) {
      const r = this.prefixes + g * size;
      scale(length, load<f32>(this.groupWeights + (g << 2)), r, r);
      if (g < last) axpy(length, 1, r + size, r);
    }
    // the decoder bias gets those of all prefixes, as the first group's units do
    memory.copy(this.residual, this.prefixes, size);
    residualGradient(this, rows);
    scale(length * (last + 1), 2 / <f32>(rows * this.m), this.prefixes, this.prefixes);
    let x = this.x;
    for (let i: usize = 0; i < <usize>rows; i++, x += stride) {
      const count = this.countOf(i), indices = this.indicesOf(i), values = this.valuesOf(i);
      let done: usize = 0, r = this.prefixes + i * stride;
      for (let g: usize = 0; g <= last; g++, r += size) {
        const own = countBelow(indices, done, count, load<u32>(this.ends + (g << 2)));
        backwardRow(this, own, indices + (done << 2), values + (done << 2), r, x);
        done += own;
      }
    }
    throughInput(this);
  }
}
