// The variants of the sparse autoencoder: from the number in a record to the class that computes.

import { AbsTopK } from "./sae_abstopk";
import { BatchTopK } from "./sae_batchtopk";
import { Gated } from "./sae_gated";
import { JumpRelu } from "./sae_jumprelu";
import { Matryoshka } from "./sae_matryoshka";
import { MatchingPursuit } from "./sae_mp";
import { Pursuit } from "./sae_pursuit";
import { Sae } from "./sae_record";
import { Relu } from "./sae_relu";
import { TopK } from "./sae_topk";

// The methods of a variant's class:
/** prepare(): brings what is made from the parameters up to date. */
// @ts-ignore: decorator
@inline export const PREPARE: i32 = 0;
/** forward(rows): codes, in the variant's own form, and residual of s.x; returns Σ penalty. */
// @ts-ignore: decorator
@inline export const FORWARD: i32 = 1;
/** scatter(rows): these codes as rows of s.codes. */
// @ts-ignore: decorator
@inline export const SCATTER: i32 = 2;
/** backward(rows, gamma): all gradients after forward; gamma is γ over the number of rows. */
// @ts-ignore: decorator
@inline export const BACKWARD: i32 = 3;
/** age(rows): one more silent step for every unit, none for those with codes that are not 0. */
// @ts-ignore: decorator
@inline export const AGE: i32 = 4;

// @ts-ignore: decorator
@inline function call<V>(s: Sae, method: i32, rows: i32, gamma: f32): f64 {
  const variant = changetype<V>(s);
  if (method == PREPARE) variant.prepare();
  else if (method == FORWARD) return variant.forward(rows);
  else if (method == SCATTER) variant.scatter(rows);
  else if (method == BACKWARD) variant.backward(rows, gamma);
  else variant.age(rows);
  return 0;
}

/** Calls a method of the record's variant. The files in lib/cores/ have the same numbers. */
export function callVariant(s: Sae, method: i32, rows: i32 = 0, gamma: f32 = 0): f64 {
  switch (s.type) {
    case 0: return call<Relu>(s, method, rows, gamma);
    case 1: return call<TopK>(s, method, rows, gamma);
    case 2: return call<JumpRelu>(s, method, rows, gamma);
    case 3: return call<MatchingPursuit>(s, method, rows, gamma);
    case 4: return call<AbsTopK>(s, method, rows, gamma);
    case 5: return call<BatchTopK>(s, method, rows, gamma);
    case 6: return call<Matryoshka>(s, method, rows, gamma);
    case 7: return call<Gated>(s, method, rows, gamma);
    case 8: return call<Pursuit>(s, method, rows, gamma);
    default: unreachable();
  }
  return 0;
}
