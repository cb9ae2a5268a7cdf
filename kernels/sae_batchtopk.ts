// batchtopk: codes chosen over a batch (Bussmann et al., 2024).

import { BatchSae, choose } from "./sae_batch";
import { residualGradient, throughInput } from "./sae_products";
import { backwardRow, startGradients, supportResidual } from "./sae_support";

// @ts-ignore: decorator
@unmanaged
export class BatchTopK extends BatchSae {
  forward(rows: i32): f64 {
    choose(this, rows);
    supportResidual(this, rows);
    return 0;
  }

  backward(rows: i32, gamma: f32): void {
    const stride = <usize>this.ldm << 2;
    startGradients(this, rows, this.pre, this.weights);
    residualGradient(this, rows);
    let r = this.residual, x = this.x;
    for (let i: usize = 0; i < <usize>rows; i++, r += stride, x += stride) {
      backwardRow(this, this.countOf(i), this.indicesOf(i), this.valuesOf(i), r, x);
    }
    throughInput(this);
  }
}
