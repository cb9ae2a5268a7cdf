// What batchtopk and matryoshka share: of all relu(pre)·s of a batch the k per row on average that are
// largest (Bussmann et al., 2024). Outside training a threshold takes the place of the batch, an average
// of the smallest chosen values.

import { encoderProduct } from "./sae_products";
import { collect, topK } from "./top_k";
import { unweigh, weigh, WeighedSae } from "./sae_weighed";

/**
 * The fields of lib/cores/sae_batchtopk.ts. Not overridden by what has them too: a method that is would
 * be looked up by the object's class, which a record does not have.
 */
// @ts-ignore: decorator
@unmanaged
export class BatchSae extends WeighedSae {
  threshold: usize; // the threshold; below 0 before the first step
  settings: usize; // float64: k per row, the share of a new value in the threshold
  thresholdAfter: i32; // the threshold begins after so many steps
  steps: i32;

  /** Most codes of so many rows together. */
  mostOf(rows: i32): i32 {
    return <i32>min(floor(load<f64>(this.settings) * rows), <f64>(rows * this.w));
  }
}

/** The lists of codes, and in training the threshold. */
export function choose(s: BatchSae, rows: i32): void {
  const n = <usize>s.ldw, stride = n << 2;
  encoderProduct(s, rows, s.pre);
  let highest: f32 = 0;
  for (let i = 0, a = s.pre; i < rows; i++, a += stride) {
    highest = max(highest, weigh(n, s.encoderBias, s.weights, a));
  }
  if (s.training) chooseLargest(s, rows, highest);
  else chooseAbove(s, rows);
}

/** The largest of the batch. */
function chooseLargest(s: BatchSae, rows: i32, highest: f32): void {
  const n = <usize>s.ldw * <usize>rows;
  takeLargest(s, rows, topK(n, s.mostOf(rows), highest, s.pre, s.indices, s.values));
}

/** From a list of the batch's largest to lists by row, and the threshold. Returns the smallest of them. */
export function takeLargest(s: BatchSae, rows: i32, total: i32): f32 {
  const least = splitByRow(s, rows, <usize>total);
  if (++s.steps <= s.thresholdAfter || total == 0) return least;
  const old = load<f32>(s.threshold), share = <f32>load<f64>(s.settings + 8);
  store<f32>(s.threshold, old < 0 ? least : old + share * (least - old));
  return least;
}

/** Sorts a list by place. It is sorted but for equal values at its end, which topK lists last. */
export function sort(total: usize, indices: usize, values: usize): void {
  for (let t: usize = 4; t < total << 2; t += 4) {
    const place = load<u32>(indices + t), value = load<f32>(values + t);
    let to = t;
    for (; to > 0 && load<u32>(indices + to - 4) > place; to -= 4) {
      store<u32>(indices + to, load<u32>(indices + to - 4));
      store<f32>(values + to, load<f32>(values + to - 4));
    }
    store<u32>(indices + to, place);
    store<f32>(values + to, value);
  }
}

/** From places in the batch to lists by row, and from pre·s to pre. Returns the smallest pre·s. */
function splitByRow(s: BatchSae, rows: i32, total: usize): f32 {
  const n = <usize>s.ldw;
  let least = f32.MAX_VALUE, t: usize = 0;
  sort(total, s.indices, s.values);
  for (let i: usize = 0, first: usize = 0; i < <usize>rows; i++, first += n) {
    store<u32>(s.starts + (i << 2), <u32>t);
    for (; t < total; t++) {
      const at = s.indices + (t << 2), unit = <usize>load<u32>(at) - first;
      if (unit >= n) break;
      const value = load<f32>(s.values + (t << 2));
      least = min(least, value);
      store<u32>(at, <u32>unit);
      store<f32>(s.values + (t << 2), value / load<f32>(s.weights + (unit << 2)));
    }
    store<u32>(s.counts + (i << 2), <u32>t - load<u32>(s.starts + (i << 2)));
  }
  return least;
}

/** What is above the threshold and positive. */
function chooseAbove(s: BatchSae, rows: i32): void {
  const n = <usize>s.ldw, bound = max(load<f32>(s.threshold), 0);
  let start: usize = 0, a = s.pre;
  for (let i: usize = 0; i < <usize>rows; i++, a += n << 2) {
    const indices = s.indices + (start << 2), values = s.values + (start << 2);
    const count = <usize>collect(n, bound, a, indices, values);
    unweigh(s, count, indices, values);
    store<u32>(s.starts + (i << 2), <u32>start);
    store<u32>(s.counts + (i << 2), <u32>count);
    start += count;
  }
}
