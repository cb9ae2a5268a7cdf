// The four sparse autoencoders on a block of samples: codes, loss, penalty and the gradients of
// loss + γ·penalty by every parameter, derived by hand.

import { denseBackward, denseForward, denseResidual, thresholds } from "./sae_dense";
import { pursue, pursuitAtoms, pursuitBackward } from "./sae_pursuit";
import { JUMPRELU, MP, RELU, Sae, TOPK } from "./sae_record";
import { scatter, supportResidual } from "./sae_support";
import { topBackward, topForward } from "./sae_topk";
import { transpose } from "./transpose";
import { countAbove, dot, subtract } from "./vectors";

/** A code above this size counts as active in l0. */
// @ts-ignore: decorator
@inline const ACTIVE: f32 = 0.01;

/** Brings what is made from the parameters up to date; to be called whenever they have changed. */
export function sae_prepare(s: Sae): void {
  if (s.type == MP) return pursuitAtoms(s);
  transpose(s.w, s.m, s.encoder, s.ldm, s.encoderT, s.ldw);
  if (s.type == TOPK) return;
  transpose(s.w, s.m, s.decoder, s.ldm, s.decoderT, s.ldw);
  if (s.type == JUMPRELU) thresholds(s);
}

/** The rows `order[0 … rows − 1]` of the data, minus the decoder bias, to s.x. */
function gather(s: Sae, data: usize, order: usize, rows: usize): void {
  const stride = <usize>s.ldm << 2, b = s.decoderBias;
  for (let i: usize = 0, x = s.x; i < rows; i++, x += stride, order += 4) {
    subtract(s.ldm, data + <usize>load<u32>(order) * stride, b, x);
  }
}

/** Codes and residual of the gathered rows; returns the penalty, summed over rows. */
function forward(s: Sae, rows: i32): f64 {
  if (s.type == RELU || s.type == JUMPRELU) {
    const penalty = denseForward(s, rows);
    denseResidual(s, rows);
    return penalty;
  }
  if (s.type == TOPK) topForward(s, rows);
  else pursue(s, rows);
  supportResidual(s, rows);
  return 0;
}

function squares(s: Sae, rows: i32): f64 {
  const stride = <usize>s.ldm << 2;
  let sum: f64 = 0;
  for (let i = 0, r = s.residual; i < rows; i++, r += stride) sum += dot(s.ldm, r, r);
  return sum;
}

function add(sums: usize, value: f64): void {
  store<f64>(sums, load<f64>(sums) + value);
}

/**
 * The codes of the rows `order[0 … rows − 1]` of `data` (leading dimension ldm), dense, in s.codes.
 * Adds Σ squared residuals, Σ penalty and the number of active codes to s.sums.
 */
export function sae_forward(s: Sae, data: usize, order: usize, rows: i32): void {
  gather(s, data, order, rows);
  add(s.sums + 8, forward(s, rows));
  add(s.sums, squares(s, rows));
  if (s.type == TOPK || s.type == MP) scatter(s, rows);
  const stride = <usize>s.ldw << 2;
  let active = 0;
  for (let i = 0, c = s.codes; i < rows; i++, c += stride) active += countAbove(s.ldw, ACTIVE, c);
  add(s.sums + 16, active);
}

/**
 * The gradients of the mean squared error + γ·penalty over the rows `order[0 … rows − 1]` of `data`.
 * Adds the mean squared error and the mean penalty of these rows to s.sums. MP leaves the encoder's
 * gradients alone, types other than jumprelu the threshold's.
 */
export function sae_gradients(s: Sae, data: usize, order: usize, rows: i32, gamma: f32): void {
  gather(s, data, order, rows);
  add(s.sums + 8, forward(s, rows) / <f64>rows);
  add(s.sums, squares(s, rows) / <f64>(rows * s.m));
  if (s.type == TOPK) topBackward(s, rows);
  else if (s.type == MP) pursuitBackward(s, rows);
  else denseBackward(s, rows, gamma / <f32>rows);
}
