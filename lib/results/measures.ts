/**
 * How the numeric columns of result rows are named on axes and in tables, and the fixed ranges of
 * those that have one.
 * @module
 */

/** How a column is shown. */
export interface Measure {
  /** Name on the axis. */
  readonly label: string;
  /** Range of the axis where it is always the same. */
  readonly domain?: readonly [number, number];
}

/** Scores in [0, 1], with a little room so that 0 and 1 do not sit on the frame. */
const unit: readonly [number, number] = [-0.05, 1.05];

/** Accuracies of a binary label: chance is 0.75 on ID (P(z₀ > 0.5) is 1/4) and 0.5 on OOD. */
const accuracy: readonly [number, number] = [0.4, 1.03];

const measures: Record<string, Measure> = {
  mcc_iid: { label: "MCC (ID)", domain: unit },
  mcc_ood: { label: "MCC (OOD)", domain: unit },
  auc_iid: { label: "AUC (ID)", domain: unit },
  auc_ood: { label: "AUC (OOD)", domain: unit },
  acc_iid: { label: "accuracy (ID)", domain: accuracy },
  acc_ood: { label: "accuracy (OOD)", domain: accuracy },
  mean_cosine: { label: "mean cosine", domain: unit },
  frac_close: { label: "share of cosines > 0.9", domain: unit },
  mean_angular_error: { label: "mean angle (rad)" },
  mean_norm_ratio: { label: "mean norm ratio" },
  precision_iid: { label: "precision (ID)", domain: unit },
  precision_ood: { label: "precision (OOD)", domain: unit },
  recall_iid: { label: "recall (ID)", domain: unit },
  recall_ood: { label: "recall (OOD)", domain: unit },
  f1_iid: { label: "F1 (ID)", domain: unit },
  f1_ood: { label: "F1 (OOD)", domain: unit },
  pred_total_l0_iid: { label: "active codes (ID)" },
  pred_total_l0_ood: { label: "active codes (OOD)" },
  mse_iid: { label: "MSE (ID)" },
  mse_ood: { label: "MSE (OOD)" },
  l0_iid: { label: "active codes (ID)" },
  l0_ood: { label: "active codes (OOD)" },
  num_latents: { label: "latents n" },
  n_samples: { label: "samples" },
  k: { label: "active latents k" },
  input_dim: { label: "observed dimensions m" },
  delta: { label: "δ = m / n" },
  n_iter: { label: "FISTA iterations" },
  n_outer: { label: "dictionary updates" },
  lam: { label: "λ" },
  epoch: { label: "epoch" },
  round: { label: "round" },
};

/**
 * The name and the fixed range of a column; an unknown column is named by its key.
 *
 * @param key Column of a result row, such as `mcc_ood`.
 *
 * @example
 * ```ts
 * import { measure } from "./measures.ts";
 *
 * console.log(measure("mcc_ood").label); // MCC (OOD)
 * ```
 */
export function measure(key: string): Measure {
  return measures[key] ?? { label: key };
}
