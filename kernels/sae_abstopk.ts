// abstopk: the k pre-activations, or pre·s, of largest magnitude, with their sign.

import { encoderProduct } from "./sae_products";
import { supportBackward, supportResidual } from "./sae_support";
import { topK } from "./top_k";
import { unweigh, WeighedSae } from "./sae_weighed";
import { highestLane } from "./vectors";

/** a ← (a + b)·s, sizes ← |a|; returns the largest size. */
function addBias(n: usize, b: usize, s: usize, a: usize, sizes: usize): f32 {
  let highest = f32x4.splat(0);
  const end = a + (n << 2);
  for (; a < end; a += 16, b += 16, s += 16, sizes += 16) {
    const v = f32x4.mul(f32x4.add(v128.load(a), v128.load(b)), v128.load(s)), size = f32x4.abs(v);
    highest = f32x4.pmax(highest, size);
    v128.store(a, v);
    v128.store(sizes, size);
  }
  return highestLane(highest);
}

/** The fields of lib/cores/sae_abstopk.ts. */
// @ts-ignore: decorator
@unmanaged
export class AbsTopK extends WeighedSae {
  sizes: usize; // ldw: magnitudes of one row

  forward(rows: i32): f64 {
    const list = <usize>this.k << 2, stride = <usize>this.ldw << 2;
    encoderProduct(this, rows, this.pre);
    let a = this.pre, indices = this.indices, values = this.values;
    for (let i: usize = 0; i < <usize>rows; i++) {
      const highest = addBias(this.ldw, this.encoderBias, this.weights, a, this.sizes);
      const count = topK(this.ldw, this.k, highest, this.sizes, indices, values);
      for (let t: usize = 0; t < <usize>count << 2; t += 4) {
        store<f32>(values + t, load<f32>(a + (load<u32>(indices + t) << 2)));
      }
      if (this.byNorms) unweigh(this, count, indices, values);
      store<i32>(this.counts + (i << 2), count);
      a += stride, indices += list, values += list;
    }
    supportResidual(this, rows);
    return 0;
  }

  backward(rows: i32, gamma: f32): void {
    supportBackward(this, rows, this.byNorms ? this.weights : 0);
  }
}
