// topk: after the encoder's product only k rows of encoder and decoder per sample take part.

import { gemm_nn } from "./gemm";
import { Sae } from "./sae_record";
import { residualGradient, throughInput } from "./sae_residual";
import { madd } from "./simd";
import { topK } from "./top_k";
import { dot } from "./vectors";

/** a ← a + b; returns the maximum of a and 0. */
function addBias(n: usize, b: usize, a: usize): f32 {
  let highest = f32x4.splat(0);
  const end = a + (n << 2);
  for (; a < end; a += 16, b += 16) {
    const v = f32x4.add(v128.load(a), v128.load(b));
    highest = f32x4.pmax(highest, v);
    v128.store(a, v);
  }
  highest = f32x4.pmax(highest, i32x4.shuffle(highest, highest, 2, 3, 0, 1));
  return max(f32x4.extract_lane(highest, 0), f32x4.extract_lane(highest, 1));
}

/** The k largest pre-activations of each gathered row. */
export function topForward(s: Sae, rows: i32): void {
  const list = <usize>s.k << 2, stride = <usize>s.ldw << 2;
  gemm_nn(rows, s.ldw, s.m, s.x, s.ldm, s.encoderT, s.ldw, s.pre, s.ldw);
  let a = s.pre, indices = s.indices, values = s.values;
  for (let i: usize = 0; i < <usize>rows; i++) {
    const highest = addBias(s.ldw, s.encoderBias, a);
    store<i32>(s.counts + (i << 2), topK(s.ldw, s.k, highest, a, indices, values));
    a += stride, indices += list, values += list;
  }
}

/** gd ← gd + c·r, ge ← ge + g·x */
function addRows(n: usize, c: f32, r: usize, gd: usize, g: f32, x: usize, ge: usize): void {
  const code = f32x4.splat(c), grad = f32x4.splat(g), end = r + (n << 2);
  for (; r < end; r += 16, x += 16, gd += 16, ge += 16) {
    v128.store(gd, madd(code, v128.load(r), v128.load(gd)));
    v128.store(ge, madd(grad, v128.load(x), v128.load(ge)));
  }
}

/** Adds the gradients of one row with the residual's gradient r. */
function backwardRow(s: Sae, count: usize, indices: usize, values: usize, r: usize, x: usize): void {
  const n = <usize>s.ldm, stride = n << 2;
  for (let t: usize = 0; t < count << 2; t += 4) {
    const j = <usize>load<u32>(indices + t), unit = j * stride, bias = s.gEncoderBias + (j << 2);
    const g = dot(n, r, s.decoder + unit);
    store<f32>(bias, load<f32>(bias) + g);
    addRows(n, load<f32>(values + t), r, s.gDecoder + unit, g, x, s.gEncoder + unit);
  }
}

/** All gradients. */
export function topBackward(s: Sae, rows: i32): void {
  const list = <usize>s.k << 2, stride = <usize>s.ldm << 2, weights = <usize>s.w * stride;
  residualGradient(s, rows);
  memory.fill(s.gEncoder, 0, weights);
  memory.fill(s.gDecoder, 0, weights);
  memory.fill(s.gEncoderBias, 0, <usize>s.ldw << 2);
  let indices = s.indices, values = s.values, r = s.residual, x = s.x;
  for (let i: usize = 0; i < <usize>rows; i++) {
    backwardRow(s, load<u32>(s.counts + (i << 2)), indices, values, r, x);
    indices += list, values += list, r += stride, x += stride;
  }
  throughInput(s);
}
