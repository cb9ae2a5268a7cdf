/**
 * Which figures belong to which result file.
 * @module
 */
import {
  dictQualityFigures,
  lambdaSensitivityFigures,
  learningDynamicsFigures,
  supportRecoveryFigures,
  warmstartDecoderFigures,
  warmstartEncoderFigures,
} from "./controlled_figures.ts";
import type { ExperimentFigure } from "./figure_parts.ts";
import type { PlotRow } from "../figures.ts";
import type { ExperimentRows } from "../results.ts";
import {
  frozenDecoderFigures,
  phaseTransitionFigures,
  varyLatentsFigures,
  varySamplesFigures,
  varySparsityFigures,
} from "./sweep_figures.ts";

export type { ExperimentFigure, FigureSet } from "./figure_parts.ts";
export { legendFigure } from "./sweep_figures.ts";

/** Draws all figures of one experiment from its rows and, where it has them, its diagnostics. */
export type DrawFigures = (
  rows: readonly PlotRow[],
  diagnostics?: readonly PlotRow[],
) => ExperimentFigure[];

/**
 * The figures of every experiment, by the name of its result file without the extension. Part files
 * (`exp_dict_quality_n50`, `exp_vary_latents_10k`) are to be joined first.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { figureSets } from "./figure_sets.ts";
 *
 * const rows = [0.01, 0.1, 1].map((lam) => ({
 *   method: "fista_oracle", lam, num_latents: 50, seed: 0, mcc_iid: 0.9, auc_ood: 1, acc_ood: 0.6,
 * }));
 * const figures = figureSets.exp_lambda_sensitivity(rows);
 * assert.equal(figures.length, 0); // panels are per SAE type, and there is none
 * ```
 */
export const figureSets: Readonly<Record<string, DrawFigures>> = {
  exp_vary_latents: (rows) => varyLatentsFigures(rows),
  exp_vary_samples: varySamplesFigures,
  exp_vary_sparsity: varySparsityFigures,
  exp_large_latents: (rows) => [
    ...varyLatentsFigures(rows, "large_latents"),
    ...frozenDecoderFigures(rows, "large_latents_frozen"),
  ],
  exp_frozen_decoder: (rows) => frozenDecoderFigures(rows),
  exp_phase_transition: phaseTransitionFigures,
  exp_dict_quality: dictQualityFigures,
  exp_support_recovery: supportRecoveryFigures,
  exp_warmstart_encoder: warmstartEncoderFigures,
  exp_warmstart_decoder: warmstartDecoderFigures,
  exp_learning_dynamics: learningDynamicsFigures,
  exp_lambda_sensitivity: lambdaSensitivityFigures,
};

/** A figure under the name of its file. */
export interface FigureFile {
  /** File name without folder and extension; ends in the suffix of the rows. */
  name: string;
  /** The figure. */
  figure: ExperimentFigure;
}

/**
 * The figures of the rows that a folder holds of one experiment.
 *
 * @param rows As `readResultFolder` returns them.
 * @throws {RangeError} Where the rows cannot be drawn; the message names their files.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { figuresOf } from "./figure_sets.ts";
 *
 * const row = { method: "frozen_relu", num_latents: 50, seed: 0, mcc_iid: 0.5 };
 * const figures = figuresOf({
 *   experiment: "exp_dict_quality",
 *   suffix: "_trial",
 *   rows: [row],
 *   diagnostics: [],
 *   files: ["exp_dict_quality_trial.json"],
 * });
 * assert.equal(figures[0].name, "dict_quality_n50_trial");
 * ```
 */
export function figuresOf(
  { experiment, suffix, rows, diagnostics, files }: ExperimentRows,
): FigureFile[] {
  try {
    return figureSets[experiment](rows, diagnostics)
      .map((figure) => ({ name: figure.name + suffix, figure }));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new RangeError(`Cannot use ${files.join(", ")}: ${error.message}`, { cause: error });
  }
}
