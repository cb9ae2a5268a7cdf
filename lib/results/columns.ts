/**
 * What the columns of result rows are: scores, settings, or neither.
 * @module
 */

/** Scores whose name does not end in `_iid` or `_ood`. */
const otherScores = new Set(["mean_cosine", "mean_angular_error", "mean_norm_ratio", "frac_close"]);

/**
 * Neither scores nor settings. best_dim is an index and acc_converged a flag: outcomes without a
 * distance. eps, rho and delta are rounded functions of (n, k, m), and the older rows measure eps in
 * base-2 logarithms: n, k and m alone say which rows belong together.
 */
const neither = new Set(["best_dim", "acc_converged", "eps", "rho", "delta"]);

/**
 * Whether a column holds outcomes that can be averaged over seeds.
 *
 * @example
 * ```ts
 * import { isScore } from "./columns.ts";
 * isScore("mcc_iid"); // true
 * ```
 */
export function isScore(column: string): boolean {
  return /_(iid|ood)$/.test(column) || otherScores.has(column);
}

/**
 * Whether a column tells rows apart: method, grid point, seed.
 *
 * @example
 * ```ts
 * import { isSetting } from "./columns.ts";
 * isSetting("num_latents"); // true
 * ```
 */
export function isSetting(column: string): boolean {
  return !isScore(column) && !neither.has(column);
}
