/**
 * The one table of the columns of result rows: what each of them is, how it is named on axes and in
 * tables, and which range its axis has.
 * @module
 */

/**
 * What a column says: a `name` of what made the row; a `setting`, which tells it from other rows; a
 * `clock`, a setting that counts the steps of a training; a `score`, which is averaged over seeds; or
 * something `derived`: an outcome without a distance, or a rounded function of settings.
 */
export type ColumnKind = "name" | "setting" | "clock" | "score" | "derived";

/** One column of result rows. */
export interface Column {
  /** Its key in a row. */
  readonly name: string;
  /** What it says. */
  readonly kind: ColumnKind;
  /** Name on the axis and in tables. */
  readonly label: string;
  /** Range of the axis where it is always the same. */
  readonly domain?: readonly [number, number];
  /** What guessing gives. */
  readonly chance?: number;
}

/** Scores in [0, 1], with a little room so that 0 and 1 do not sit on the frame. */
const unit = { domain: [-0.05, 1.05] } as const;

/**
 * Accuracies of the label z₀ > 0.5. Guessing the more frequent class gives 3/4 in distribution, where
 * z₀ is active in half of the samples, and 1/2 out of distribution, where it is active in all.
 */
const accuracy = { domain: [0.4, 1.03] } as const;

function column(
  name: string,
  kind: ColumnKind,
  label: string,
  shown: Pick<Column, "domain" | "chance"> = {},
): Column {
  return { name, kind, label, ...shown };
}

/** Known columns, in the order of tables. Columns of other names are settings, labelled by them. */
const table: readonly Column[] = [
  column("method", "name", "method"),
  column("sae_type", "name", "sae_type"),
  column("dictionary", "name", "dictionary"),

  column("num_latents", "setting", "latents n"),
  column("k", "setting", "active latents k"),
  column("input_dim", "setting", "observed dimensions m"),
  column("width", "setting", "width"),
  column("n_samples", "setting", "samples"),
  column("uses", "setting", "uses"),
  column("seed", "setting", "seed"),
  column("lam", "setting", "λ"),
  column("n_iter", "setting", "FISTA iterations"),
  column("n_outer", "setting", "dictionary updates"),
  column("rounds", "setting", "rounds"),
  column("steps", "setting", "steps"),
  column("epoch", "clock", "epoch"),
  column("round", "clock", "round"),

  column("mcc_iid", "score", "MCC (ID)", unit),
  column("mcc_ood", "score", "MCC (OOD)", unit),
  column("auc_iid", "score", "AUC (ID)", unit),
  column("auc_ood", "score", "AUC (OOD)", unit),
  column("acc_iid", "score", "accuracy (ID)", { ...accuracy, chance: 0.75 }),
  column("acc_ood", "score", "accuracy (OOD)", { ...accuracy, chance: 0.5 }),
  column("mean_cosine", "score", "mean cosine", unit),
  column("frac_close", "score", "share of cosines > 0.9", unit),
  column("mean_angular_error", "score", "mean angle (rad)"),
  column("mean_norm_ratio", "score", "mean norm ratio"),
  column("precision_iid", "score", "precision (ID)", unit),
  column("precision_ood", "score", "precision (OOD)", unit),
  column("recall_iid", "score", "recall (ID)", unit),
  column("recall_ood", "score", "recall (OOD)", unit),
  column("f1_iid", "score", "F1 (ID)", unit),
  column("f1_ood", "score", "F1 (OOD)", unit),
  column("gt_l0_iid", "score", "true active codes (ID)"),
  column("gt_l0_ood", "score", "true active codes (OOD)"),
  column("pred_l0_iid", "score", "matched active codes (ID)"),
  column("pred_l0_ood", "score", "matched active codes (OOD)"),
  column("pred_total_l0_iid", "score", "active codes (ID)"),
  column("pred_total_l0_ood", "score", "active codes (OOD)"),
  column("mse_iid", "score", "MSE (ID)"),
  column("mse_ood", "score", "MSE (OOD)"),
  column("l0_iid", "score", "active codes (ID)"),
  column("l0_ood", "score", "active codes (OOD)"),

  // those of SynthSAEBench, whose samples have one distribution
  column("f1", "score", "F1, mean over latents", unit),
  column("precision", "score", "precision, mean over latents", unit),
  column("recall", "score", "recall, mean over latents", unit),
  column("accuracy", "score", "accuracy, mean over latents", unit),
  column("mcc_decoder", "score", "MCC of the decoder", unit),
  column("uniqueness", "score", "uniqueness", unit),
  column("explained_variance", "score", "explained variance", unit),
  column("shrinkage", "score", "norm ratio x̂ / x"),
  column("l0", "score", "active codes"),
  column("true_l0", "score", "active features"),
  column("dead", "score", "dead latents"),

  // an index and a flag: outcomes without a distance
  column("best_dim", "derived", "best_dim"),
  column("acc_converged", "derived", "acc_converged"),
  // rounded functions of (n, k, m), and the older rows measure eps in base-2 logarithms: n, k and m
  // alone say which rows belong together
  column("eps", "derived", "eps"),
  column("rho", "derived", "rho"),
  column("delta", "derived", "δ = m / n"),
];

const known = new Map(table.map((entry) => [entry.name, entry]));

/**
 * The scores of codes, which most rows have: identification (MCC), detection (AUC) and use in a
 * classifier (accuracy), each in and out of distribution.
 */
export const codeScores: readonly string[] = ["mcc", "auc", "acc"]
  .flatMap((score) => ["iid", "ood"].map((split) => `${score}_${split}`));

/** The same, those in distribution first, as they stand above the others in a grid of panels. */
export const codeScoresBySplit: readonly string[] = ["iid", "ood"]
  .flatMap((split) => codeScores.filter((score) => score.endsWith(split)));

/**
 * What is known of a column. A column that the table lacks is labelled by its name; it is a score
 * where that ends in `_iid` or `_ood`, and a setting otherwise.
 *
 * @param name Key of a result row, such as `mcc_ood`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { columnOf } from "./columns.ts";
 *
 * assert.equal(columnOf("mcc_ood").label, "MCC (OOD)");
 * assert.deepEqual(columnOf("purity_iid"), { name: "purity_iid", kind: "score", label: "purity_iid" });
 * assert.equal(columnOf("temperature").kind, "setting");
 * ```
 */
export function columnOf(name: string): Column {
  return known.get(name) ?? column(name, /_(iid|ood)$/.test(name) ? "score" : "setting", name);
}

/**
 * Whether a column holds outcomes that can be averaged over seeds.
 *
 * @param name Key of a result row.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { isScore } from "./columns.ts";
 *
 * assert(isScore("mcc_iid"));
 * assert(!isScore("acc_converged")); // a flag
 * ```
 */
export function isScore(name: string): boolean {
  return columnOf(name).kind === "score";
}

/**
 * Whether a column tells rows apart: what made them, grid point, seed, step of a training.
 *
 * @param name Key of a result row.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { isSetting } from "./columns.ts";
 *
 * assert(isSetting("num_latents") && isSetting("method"));
 * assert(!isSetting("delta")); // m / n, and both are there
 * ```
 */
export function isSetting(name: string): boolean {
  return ["name", "setting", "clock"].includes(columnOf(name).kind);
}

/**
 * Sorts columns as tables have them: those that the table knows in its order, then the others as
 * they come.
 *
 * @param names Keys of result rows.
 * @returns A new list.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { inTableOrder } from "./columns.ts";
 *
 * assert.deepEqual(inTableOrder(["mine", "acc_iid", "mcc_iid"]), ["mcc_iid", "acc_iid", "mine"]);
 * ```
 */
export function inTableOrder(names: readonly string[]): string[] {
  const rank = (name: string) => {
    const at = table.findIndex((entry) => entry.name === name);
    return at < 0 ? table.length : at;
  };
  return names.toSorted((a, b) => rank(a) - rank(b));
}
