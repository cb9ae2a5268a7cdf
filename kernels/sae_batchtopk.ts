// batchtopk: codes chosen over a batch (Bussmann et al., 2024).

import { BatchSae, choose } from "./sae_batch";
import { supportBackward, supportResidual } from "./sae_support";

// @ts-ignore: decorator
@unmanaged
export class BatchTopK extends BatchSae {
  forward(rows: i32): f64 {
    choose(this, rows);
    supportResidual(this, rows);
    return 0;
  }

  backward(rows: i32, gamma: f32): void {
    supportBackward(this, rows, this.weights);
  }
}
