// topk: the k largest of relu(pre) (Gao et al., 2024), or those whose relu(pre)·s is largest.

import { encoderProduct } from "./sae_products";
import { supportBackward, supportResidual } from "./sae_support";
import { topK } from "./top_k";
import { unweigh, weigh, WeighedSae } from "./sae_weighed";
import { highestLane } from "./vectors";

/** a ← a + b; returns the maximum of a and 0. */
function addBias(n: usize, b: usize, a: usize): f32 {
  let highest = f32x4.splat(0);
  const end = a + (n << 2);
  for (; a < end; a += 16, b += 16) {
    const v = f32x4.add(v128.load(a), v128.load(b));
    highest = f32x4.pmax(highest, v);
    v128.store(a, v);
  }
  return highestLane(highest);
}

// @ts-ignore: decorator
@unmanaged
export class TopK extends WeighedSae {
  forward(rows: i32): f64 {
    const list = <usize>this.k << 2, stride = <usize>this.ldw << 2;
    encoderProduct(this, rows, this.pre);
    let a = this.pre, indices = this.indices, values = this.values;
    for (let i: usize = 0; i < <usize>rows; i++) {
      const highest = this.byNorms
        ? weigh(this.ldw, this.encoderBias, this.weights, a)
        : addBias(this.ldw, this.encoderBias, a);
      const count = topK(this.ldw, this.k, highest, a, indices, values);
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
