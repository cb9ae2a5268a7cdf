// pursuit: matching pursuit on the decoder's atoms d as they are. Each step picks the atom with the largest
// correlation c = r·d, adds c to its code and takes c·d from the residual r, while c > 0; an atom may be
// picked again. With g the gradient by the residual after a step and β = −g·d, backward over the steps:
//   ∂d += β·(r before) − c·g,  g ← g + β·d.

import { completeGram, correlations, gramRow, GramSae, reserveGram, takeAtoms } from "./sae_gram";
import { supportResidual } from "./sae_support";
import { axpy, dot, highestLane, scale } from "./vectors";

/** The place of the largest of w values, the first of equal ones. */
function largest(w: usize, c: usize): usize {
  let highest = f32x4.splat(-f32.MAX_VALUE);
  const whole = w & ~3;
  for (let p = c; p < c + (whole << 2); p += 16) highest = f32x4.pmax(highest, v128.load(p));
  let most = highestLane(highest);
  for (let j = whole; j < w; j++) most = max(most, load<f32>(c + (j << 2)));
  const bound = f32x4.splat(most);
  for (let j: usize = 0; j < whole; j += 4) {
    const hits = i32x4.bitmask(f32x4.eq(v128.load(c + (j << 2)), bound));
    if (hits) return j + <usize>ctz(hits);
  }
  for (let j = whole; j < w; j++) if (load<f32>(c + (j << 2)) == most) return j;
  return 0;
}

/** Whether a list names a unit. */
function has(count: usize, indices: usize, unit: u32): bool {
  for (let t: usize = 0; t < count << 2; t += 4) if (load<u32>(indices + t) == unit) return true;
  return false;
}

/** The fields of lib/cores/sae_pursuit.ts. */
// @ts-ignore: decorator
@unmanaged
export class Pursuit extends GramSae {
  running: usize; // rows: whether a row goes on
  residualSquares: usize; // rows, float64: ‖r‖²
  leastSquare: usize; // float64: a row stops when its ‖r‖² is below
  stopAtRepeat: i32; // whether a row stops with the first atom that it picks again

  prepare(): void {
    takeAtoms(this);
  }

  forward(rows: i32): f64 {
    const n = <usize>this.ldw, stride = n << 2;
    reserveGram(this, rows);
    correlations(this, rows, this.x, this.pre);
    for (let i: usize = 0, x = this.x; i < <usize>rows; i++, x += <usize>this.ldm << 2) {
      store<i32>(this.running + (i << 2), 1);
      store<i32>(this.counts + (i << 2), 0);
      store<f64>(this.residualSquares + (i << 3), dot(this.ldm, x, x));
    }
    for (let t: usize = 0; t < <usize>this.k; t++) {
      for (let i: usize = 0; i < <usize>rows; i++) this.pick(i, this.pre + i * stride);
      if (t == <usize>this.k - 1 && load<f64>(this.leastSquare) == 0) break;
      completeGram(this, rows, this.indices + (t << 2));
      for (let i: usize = 0; i < <usize>rows; i++) this.subtract(i, t, this.pre + i * stride);
    }
    supportResidual(this, rows);
    return 0;
  }

  /** The next pick of a row; a row that has stopped repeats its last place, to no effect. */
  pick(i: usize, c: usize): void {
    const count = this.countOf(i), at = count << 2;
    const indices = this.indicesOf(i), values = this.valuesOf(i);
    if (!load<i32>(this.running + (i << 2))) return;
    const j = largest(this.w, c), v = load<f32>(c + (j << 2));
    if (v <= 0) {
      store<i32>(this.running + (i << 2), 0);
      return;
    }
    if (this.stopAtRepeat && has(count, indices, <u32>j)) store<i32>(this.running + (i << 2), 0);
    store<u32>(indices + at, <u32>j);
    store<f32>(values + at, v);
    store<u32>(this.counts + (i << 2), <u32>count + 1);
  }

  /** Takes the t-th pick of a row, if it has one, from its correlations and its residual. */
  subtract(i: usize, t: usize, c: usize): void {
    if (this.countOf(i) <= t) return;
    const j = <usize>load<u32>(this.indicesOf(i) + (t << 2)), v = load<f32>(this.valuesOf(i) + (t << 2));
    const gram = gramRow(this, j), square = this.residualSquares + (i << 3);
    axpy(this.ldw, -v, gram, c);
    const own = <f64>load<f32>(gram + (j << 2)), left = load<f64>(square) + <f64>v * v * (own - 2);
    store<f64>(square, left);
    if (left < load<f64>(this.leastSquare)) store<i32>(this.running + (i << 2), 0);
  }

  /** The gradients by decoder and decoder bias; encoder and encoder bias have none. */
  backward(rows: i32, gamma: f32): void {
    const n = <usize>this.ldm, stride = n << 2, rate: f32 = -2 / <f32>(rows * this.m), g = this.scratch;
    memory.fill(this.gDecoder, 0, <usize>this.w * stride);
    memory.fill(this.gDecoderBias, 0, stride);
    // residual is −r
    for (let i: usize = 0, r = this.residual; i < <usize>rows; i++, r += stride) {
      const indices = this.indicesOf(i), values = this.valuesOf(i);
      scale(n, rate, r, g);
      for (let t = this.countOf(i); t-- > 0;) {
        const unit = <usize>load<u32>(indices + (t << 2)) * stride, v = load<f32>(values + (t << 2));
        const d = this.decoder + unit, out = this.gDecoder + unit, beta = -dot(n, g, d);
        axpy(n, -v, d, r);
        axpy(n, -v, g, out);
        axpy(n, -beta, r, out);
        axpy(n, beta, d, g);
      }
      axpy(n, -1, g, this.gDecoderBias);
    }
  }
}
