// Sparse autoencoders on a block of samples: codes, loss, penalty and the gradients of
// loss + γ·penalty by every parameter, derived by hand. What the variants share; the rest is theirs.

import { Sae } from "./sae_record";
import { AGE, BACKWARD, callVariant, FORWARD, PREPARE, SCATTER } from "./sae_variants";
import { countAbove, dot, subtract } from "./vectors";

/** A code above this size counts as active in l0: 0.01 in the paper. */
export function activeFrom(s: Sae): f32 {
  return s.everyCode ? 0 : 0.01;
}

/** Brings what is made from the parameters up to date; to be called whenever they have changed. */
export function sae_prepare(s: Sae): void {
  callVariant(s, PREPARE);
}

/** The rows `order[0 … rows − 1]` of the data, minus the decoder bias, to s.x. */
export function gather(s: Sae, data: usize, order: usize, rows: usize): void {
  const stride = <usize>s.ldm << 2, b = s.decoderBias;
  for (let i: usize = 0, x = s.x; i < rows; i++, x += stride, order += 4) {
    subtract(s.ldm, data + <usize>load<u32>(order) * stride, b, x);
  }
}

/** Σ of the squared residuals at r, a row per sample. */
function squares(s: Sae, rows: i32, r: usize): f64 {
  const stride = <usize>s.ldm << 2;
  let sum: f64 = 0;
  for (let i = 0; i < rows; i++, r += stride) sum += dot(s.ldm, r, r);
  return sum;
}

/** Adds to a float64. */
export function add(sums: usize, value: f64): void {
  store<f64>(sums, load<f64>(sums) + value);
}

/**
 * The codes of the rows `order[0 … rows − 1]` of `data` (leading dimension ldm), dense, in s.codes.
 * Adds Σ squared residuals, Σ penalty and the number of active codes to s.sums.
 */
export function sae_forward(s: Sae, data: usize, order: usize, rows: i32): void {
  gather(s, data, order, rows);
  add(s.sums + 8, callVariant(s, FORWARD, rows));
  add(s.sums, squares(s, rows, s.residual));
  callVariant(s, SCATTER, rows);
  const stride = <usize>s.ldw << 2, least = activeFrom(s);
  let active = 0;
  for (let i = 0, c = s.codes; i < rows; i++, c += stride) active += countAbove(s.ldw, least, c);
  add(s.sums + 16, active);
}

/**
 * The gradients of the mean squared error + γ·penalty over the rows `order[0 … rows − 1]` of `data`.
 * Adds the mean squared error and the mean penalty of these rows to s.sums. Gradients of parameters
 * that a variant does not train are left alone.
 */
export function sae_gradients(s: Sae, data: usize, order: usize, rows: i32, gamma: f32): void {
  s.training = 1;
  gather(s, data, order, rows);
  add(s.sums + 8, callVariant(s, FORWARD, rows) / <f64>rows);
  add(s.sums, squares(s, rows, s.residual) / <f64>(rows * s.m));
  callVariant(s, BACKWARD, rows, gamma / <f32>rows);
  if (s.tracked) callVariant(s, AGE, rows);
  s.training = 0;
}
