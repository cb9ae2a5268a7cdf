/**
 * Figures of the controlled experiments: one panel per SAE type, one figure per number of latents.
 * @module
 */
import { groupedBars, lines, type LinesOptions, type PlotRow } from "../figures.ts";
import {
  currentRows,
  equation,
  type ExperimentFigure,
  experimentFigure,
  oracleDashed,
  panelPerSaeType,
  paperScores,
  perLatents,
  settingOf,
} from "./figure_parts.ts";
import { codeScores, columnOf } from "../results.ts";

const ORACLE = "fista_oracle";

/** The name of a score under a group of bars: `MCC` above `ID`. */
function groupName(score: string): string {
  return columnOf(score).label.replace("accuracy", "acc.").replace(/ \((\w+)\)$/, "\n$1");
}

/** What guessing gives in each group of bars that has such a level. */
const CHANCES: Readonly<Record<string, number>> = Object.fromEntries(
  codeScores.flatMap((score) => {
    const { chance } = columnOf(score);
    return chance === undefined ? [] : [[groupName(score), chance]];
  }),
);

/**
 * Figures of `exp_dict_quality`: per number of latents the scores of FISTA on the SAE's dictionary
 * as it is, with unit columns and with the true norms, against FISTA on the true dictionary; and
 * how close the dictionaries come to the true one.
 *
 * @param rows Rows of `exp_dict_quality.json`.
 * @param diagnostics Rows of `exp_dict_quality_diagnostics.json`; none gives no diagnostics figure.
 * @throws {RangeError} Where there are no rows, or none has a score.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { dictQualityFigures } from "./controlled_figures.ts";
 *
 * const setting = { num_latents: 50, k: 10, input_dim: 33, n_samples: 5000, seed: 0 };
 * const figures = dictQualityFigures([
 *   { method: "frozen_relu", mcc_iid: 0.51, mcc_ood: 0.48, ...setting },
 *   { method: "fista_oracle", mcc_iid: 0.97, mcc_ood: 0.97, ...setting },
 * ]);
 * assert.deepEqual(figures.map(({ name }) => name), ["dict_quality_n50"]);
 * ```
 */
export function dictQualityFigures(
  rows: readonly PlotRow[],
  diagnostics: readonly PlotRow[] = [],
): ExperimentFigure[] {
  return [
    ...scoreFigures("dict_quality", rows, {
      title: "Is it the column norms? FISTA on SAE dictionaries",
      caption: "FISTA with the SAE's decoder as it is, with unit-norm columns, and with the true " +
        "dictionary's norms on matched columns; dashed, FISTA with the true dictionary.",
    }),
    ...diagnosticFigure("dict_quality_diagnostics", diagnostics, {
      title: "How close SAE dictionaries come to the true one",
      columns: ["mean_cosine", "frac_close", "mean_angular_error", "mean_norm_ratio"],
      caption: "Decoder columns matched one to one to the true dictionary's.",
    }),
  ];
}

/**
 * Figures of `exp_support_recovery`: per number of latents the scores of the SAE's codes, of least
 * squares on their support and of FISTA; and precision, recall, F1 and size of the supports.
 *
 * @param rows Rows of `exp_support_recovery.json`.
 * @param diagnostics Rows of `exp_support_recovery_diagnostics.json`.
 * @throws {RangeError} Where there are no rows, or none has a score.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { supportRecoveryFigures } from "./controlled_figures.ts";
 *
 * const figures = supportRecoveryFigures([
 *   { method: "sae_relu", mcc_iid: 0.54, num_latents: 50, seed: 0 },
 *   { method: "support_lstsq_relu", mcc_iid: 0.5, num_latents: 50, seed: 0 },
 * ]);
 * assert.equal(figures.length, 1);
 * ```
 */
export function supportRecoveryFigures(
  rows: readonly PlotRow[],
  diagnostics: readonly PlotRow[] = [],
): ExperimentFigure[] {
  return [
    ...scoreFigures("support_recovery", rows, {
      title: "Support or magnitudes? Codes on the SAE's support",
      caption: "The SAE's codes, least squares on their support, and FISTA on the SAE's decoder; " +
        "dashed, FISTA with the true dictionary.",
    }),
    ...["iid", "ood"].flatMap((split) =>
      diagnosticFigure(`support_recovery_diagnostics_${split}`, diagnostics, {
        title: `Which latents SAEs switch on (${split === "iid" ? "ID" : "OOD"})`,
        columns: ["precision", "recall", "f1", "pred_total_l0"].map((name) => `${name}_${split}`),
        caption: "Supports of the codes against the true ones, on matched columns.",
      })
    ),
  ];
}

/**
 * Figures of `exp_warmstart_encoder`: scores over FISTA iterations, from zero and from the SAE's
 * codes, one figure per number of latents and score.
 *
 * @param rows Rows of `exp_warmstart_encoder.json`.
 * @throws {RangeError} Where there are no rows, or a score is in none.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { warmstartEncoderFigures } from "./controlled_figures.ts";
 *
 * const scores = { mcc_iid: 0.5, auc_ood: 0.8, acc_ood: 0.6 };
 * const figures = warmstartEncoderFigures([0, 1, 10].map((n_iter) => ({
 *   method: "warm_topk", n_iter, num_latents: 50, seed: 0, ...scores,
 * })));
 * assert.equal(figures[0].name, "warmstart_encoder_mcc_iid_n50");
 * ```
 */
export function warmstartEncoderFigures(rows: readonly PlotRow[]): ExperimentFigure[] {
  return curveFigures("warmstart_encoder", rows, paperScores, {
    title: "Do SAE codes help FISTA on the SAE's decoder?",
    caption: "FISTA on the SAE's decoder, started at zero and at the SAE's codes; dashed, FISTA " +
      "with the true dictionary after 500 iterations.",
    options: { x: "n_iter", xScale: "symlog", reference: [ORACLE] },
  });
}

/**
 * Figures of `exp_warmstart_decoder`: scores over dictionary updates, from a random dictionary and
 * from the SAE's decoder, one figure per number of latents and score.
 *
 * @param rows Rows of `exp_warmstart_decoder.json`.
 * @throws {RangeError} Where there are no rows, or a score is in none.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { warmstartDecoderFigures } from "./controlled_figures.ts";
 *
 * const scores = { mcc_iid: 0.5, auc_ood: 0.8, acc_ood: 0.6 };
 * const figures = warmstartDecoderFigures([0, 1, 10].map((n_outer) => ({
 *   method: "warm_dl_MP", n_outer, num_latents: 50, seed: 0, ...scores,
 * })));
 * assert.equal(figures.length, 3);
 * ```
 */
export function warmstartDecoderFigures(rows: readonly PlotRow[]): ExperimentFigure[] {
  return curveFigures("warmstart_decoder", rows, paperScores, {
    title: "Do SAE decoders help dictionary learning?",
    caption: "DL-FISTA started at a random dictionary and at the SAE's decoder; dashed, FISTA " +
      "with the true dictionary after 500 iterations.",
    options: { x: "n_outer", xScale: "symlog", reference: [ORACLE] },
  });
}

/**
 * Figures of `exp_learning_dynamics`: what the dictionaries look like during training, one figure
 * per number of latents and measure. SAEs count epochs, DL-FISTA counts rounds.
 *
 * @param rows Rows of `exp_learning_dynamics.json`.
 * @throws {RangeError} Where there are no rows, or a measure is in none.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { learningDynamicsFigures } from "./controlled_figures.ts";
 *
 * const state = { mean_cosine: 0.4, frac_close: 0, mean_norm_ratio: 1, mse_iid: 0.03, l0_iid: 20 };
 * const figures = learningDynamicsFigures([0, 10].map((epoch) => ({
 *   method: "sae_relu", epoch, num_latents: 50, seed: 0, ...state,
 * })));
 * assert.equal(figures.length, 5);
 * ```
 */
export function learningDynamicsFigures(rows: readonly PlotRow[]): ExperimentFigure[] {
  const measures = ["mean_cosine", "frac_close", "mean_norm_ratio", "mse_iid", "l0_iid"];
  return measures.flatMap((y) =>
    curveFigures("learning_dynamics", rows, [y], {
      title: "What is learned when?",
      caption: "Decoder columns matched to the true dictionary's, errors and active codes, while " +
        "training.",
      options: {
        x: "step",
        // what is no list is refused where all rows are checked
        xLabel: Array.isArray(rows) && rows.some(({ method }) => method === "dl_path")
          ? "SAE epoch, learner's round"
          : "SAE epoch, DL-FISTA round",
        // errors and supports shrink by orders of magnitude
        yScale: y === "mse_iid" || y === "l0_iid" ? "log" : "linear",
      },
    })
  );
}

/**
 * Figures of `exp_lambda_sensitivity`: scores over the weight of the L1 norm, one figure per number
 * of latents and score.
 *
 * @param rows Rows of `exp_lambda_sensitivity.json`; those of the SAEs carry no λ (−1).
 * @throws {RangeError} Where there are no rows, or a score is in none.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { lambdaSensitivityFigures } from "./controlled_figures.ts";
 *
 * const scores = { mcc_iid: 0.5, auc_ood: 0.8, acc_ood: 0.6 };
 * const figures = lambdaSensitivityFigures([0.01, 0.1, 1].map((lam) => ({
 *   method: "frozen_relu", lam, num_latents: 50, seed: 0, ...scores,
 * })));
 * assert.equal(figures[0].name, "lambda_sensitivity_mcc_iid_n50");
 * ```
 */
export function lambdaSensitivityFigures(rows: readonly PlotRow[]): ExperimentFigure[] {
  return curveFigures("lambda_sensitivity", rows, paperScores, {
    title: "Does the choice of λ explain the gap?",
    caption: "FISTA on the SAE's decoder and on the true dictionary (star) over λ; level line, " +
      "the SAE's own codes.",
    options: { x: "lam", xScale: "log", reference: ["sae"], style: oracleDashed },
  });
}

/** Grouped bars: the scores are the groups. */
function scoreFigures(
  name: string,
  rows: readonly PlotRow[],
  { title, caption }: { title: string; caption: string },
): ExperimentFigure[] {
  const current = currentRows(rows, name);
  const present = codeScores.filter((score) => current.some((row) => score in row));
  if (present.length === 0) {
    throw new RangeError(
      `Cannot draw ${name}: rows need one of ${codeScores.join(", ")}, got only ` +
        Object.keys(rows[0]).join(", "),
    );
  }
  return perLatents(current, name, (part, n) => {
    const scores = part.flatMap((row) =>
      present.map((score) => ({ ...row, score: groupName(score), value: row[score] }))
    );
    const panels = panelPerSaeType(scores, (own, title) =>
      groupedBars(own, {
        title,
        x: "score",
        y: "value",
        yLabel: "score",
        yDomain: columnOf("mcc_iid").domain,
        groups: codeScores.map(groupName),
        chance: CHANCES,
        reference: [ORACLE],
      }));
    if (panels.length === 0) return [];
    return [experimentFigure(panels, {
      name: `${name}_n${n}`,
      set: "controlled",
      title: `${title} (${equation("n", n)})`,
      caption: `${caption} ${settingOf(part)}`,
      columns: 2,
    })];
  });
}

/** Curves: one figure per measure. */
function curveFigures(
  name: string,
  rows: readonly PlotRow[],
  measures: readonly string[],
  { title, caption, options }: {
    title: string;
    caption: string;
    options: Omit<LinesOptions, "y">;
  },
): ExperimentFigure[] {
  return perLatents(currentRows(rows, name), name, (part, n) =>
    measures.flatMap((y) => {
      const panels = panelPerSaeType(
        part,
        (own, title) => lines(own, { ...options, y, title }),
      );
      if (panels.length === 0) return [];
      return [experimentFigure(panels, {
        name: `${name}_${y}_n${n}`,
        set: "controlled",
        title: `${title} ${columnOf(y).label}, ${equation("n", n)}`,
        caption: `${caption} ${settingOf(part)}`,
        columns: 2,
      })];
    }));
}

/** Diagnostics over the number of latents: one panel per column, one curve per SAE type. */
function diagnosticFigure(
  name: string,
  diagnostics: readonly PlotRow[],
  { title, caption, columns }: { title: string; caption: string; columns: readonly string[] },
): ExperimentFigure[] {
  if (diagnostics.length === 0) return [];
  const rows = diagnostics.map((row) => ({ ...row, method: `sae_${row.sae_type}` }));
  const panels = columns.map((y) =>
    lines(rows, {
      x: "num_latents",
      xScale: "log",
      y,
      yScale: y.startsWith("pred_total_l0") ? "log" : "linear",
    })
  );
  return [experimentFigure(panels, {
    name,
    set: "controlled",
    title,
    caption: `${caption} ${settingOf(rows)}`,
    columns: 2,
  })];
}
