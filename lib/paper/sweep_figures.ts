/**
 * The paper's own figures: sweeps, frozen decoders, phase transition, appendix panels, legend.
 * @module
 */
import { legend, lines, type LinesOptions, type PlotRow } from "../figures.ts";
import {
  currentRows,
  equation,
  type ExperimentFigure,
  experimentFigure,
  oracleDashed,
  panelPerSaeType,
  paperScores,
  perLatents,
  requireFinite,
  settingOf,
} from "./figure_parts.ts";
import { asToday } from "../reports/todays_row.ts";
import { codeScoresBySplit, columnOf, type Row } from "../results.ts";
import { methodStyle, splitMethod } from "../methods.ts";
import { PAPER_SAE_TYPES } from "./sae_types.ts";

const legendMethods = [
  "fista_oracle",
  "dl_fista",
  "softplus_adam",
  "linear_probe",
  ...PAPER_SAE_TYPES.map((type) => `sae_${type}`),
];

/** Methods of the frozen-decoder figures, which sweeps leave out: they would fill with 16 curves. */
const decoderMethods = new Set(["fista+", "refined"]);

type Position = Pick<LinesOptions, "x" | "xScale">;

/**
 * Figures of `exp_vary_latents` (also of `exp_large_latents`): scores over the number of latents,
 * one figure per score, and the appendix figure with all six.
 *
 * @param rows Rows of one or several result files.
 * @param name First part of the figures' names.
 * @throws {RangeError} Where there are no rows, or a score is in none.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { varyLatentsFigures } from "./sweep_figures.ts";
 *
 * const scores = { mcc_iid: 0.9, mcc_ood: 0.9, auc_iid: 1, auc_ood: 1, acc_iid: 0.9, acc_ood: 0.9 };
 * const figures = varyLatentsFigures([50, 100].map((num_latents) => ({
 *   method: "fista_oracle", num_latents, seed: 0, ...scores,
 * })));
 * assert.equal(figures.length, 4);
 * ```
 */
export function varyLatentsFigures(
  rows: readonly PlotRow[],
  name = "vary_latents",
): ExperimentFigure[] {
  return sweepFigures(name, "Varying the latents", currentRows(rows, name), {
    x: "num_latents",
    xScale: "log",
  });
}

/**
 * Figures of `exp_vary_samples`: scores over the number of samples, per number of latents.
 *
 * @param rows Rows of one or several result files.
 * @throws {RangeError} Where there are no rows, or a score is in none.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { varySamplesFigures } from "./sweep_figures.ts";
 *
 * const scores = { mcc_iid: 0.9, mcc_ood: 0.9, auc_iid: 1, auc_ood: 1, acc_iid: 0.9, acc_ood: 0.9 };
 * const figures = varySamplesFigures([100, 1000].map((n_samples) => ({
 *   method: "dl_fista", n_samples, num_latents: 100, seed: 0, ...scores,
 * })));
 * assert.equal(figures[0].name, "vary_samples_n100_mcc_iid");
 * ```
 */
export function varySamplesFigures(rows: readonly PlotRow[]): ExperimentFigure[] {
  return sweepPerLatents(rows, "vary_samples", "Varying the samples", "n_samples");
}

/**
 * Figures of `exp_vary_sparsity`: scores over the number of active latents, per number of latents.
 *
 * @param rows Rows of one or several result files.
 * @throws {RangeError} Where there are no rows, or a score is in none.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { varySparsityFigures } from "./sweep_figures.ts";
 *
 * const scores = { mcc_iid: 0.9, mcc_ood: 0.9, auc_iid: 1, auc_ood: 1, acc_iid: 0.9, acc_ood: 0.9 };
 * const figures = varySparsityFigures([2, 5].map((k) => ({
 *   method: "sae_topk", k, num_latents: 1000, seed: 0, ...scores,
 * })));
 * assert.equal(figures[0].name, "vary_sparsity_n1000_mcc_iid");
 * ```
 */
export function varySparsityFigures(rows: readonly PlotRow[]): ExperimentFigure[] {
  return sweepPerLatents(rows, "vary_sparsity", "Varying the active latents", "k");
}

/**
 * Figures of `exp_frozen_decoder`: one panel per SAE type with the SAE's codes, FISTA on its
 * decoder, FISTA from its codes, DL-FISTA and, dashed, the oracle.
 *
 * @param rows Rows of one or several result files.
 * @param name First part of the figures' names.
 * @throws {RangeError} Where there are no rows, or a score is in none.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { frozenDecoderFigures } from "./sweep_figures.ts";
 *
 * const scores = { mcc_iid: 0.5, auc_ood: 0.8, acc_ood: 0.6 };
 * const figures = frozenDecoderFigures(["sae_relu", "fista+relu"].map((method) => ({
 *   method, num_latents: 50, seed: 0, ...scores,
 * })));
 * assert.equal(figures[0].name, "frozen_decoder_mcc_iid");
 * ```
 */
export function frozenDecoderFigures(
  rows: readonly PlotRow[],
  name = "frozen_decoder",
): ExperimentFigure[] {
  const current = currentRows(rows, name)
    .filter(({ method }) => method !== "linear_probe" && method !== "softplus_adam");
  return paperScores.flatMap((y) => {
    const panels = panelPerSaeType(
      current,
      (part, title) =>
        lines(part, { title, x: "num_latents", xScale: "log", y, style: oracleDashed }),
    );
    if (panels.length === 0) return [];
    return [experimentFigure(panels, {
      name: `${name}_${y}`,
      set: "paper",
      title: `Encoder or dictionary? ${columnOf(y).label}`,
      caption: "FISTA on each SAE's own decoder, from zero and from its codes, against its " +
        `encoder and against DL-FISTA. ${settingOf(current)}`,
      columns: 2,
    })];
  });
}

/**
 * Figures of `exp_phase_transition` over δ = m/n: the corners of the (n, k) grid, and all of it. The
 * paper's autoencoders, of the older grid, have 2n units; those with n units have figures of their
 * own, `phase_corners_n_units_…`. What else there is, is the same in both.
 *
 * @param rows Rows of one or several result files, under old or new names.
 * @throws {RangeError} Where there are no rows, or a score is in none.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { phaseTransitionFigures } from "./sweep_figures.ts";
 *
 * const scores = { mcc_iid: 0.5, auc_ood: 0.8, acc_ood: 0.6 };
 * const figures = phaseTransitionFigures([10, 20, 30].map((input_dim) => ({
 *   method: "dl_fista", num_latents: 50, k: 3, input_dim, seed: 0, ...scores,
 * })));
 * assert.equal(figures.map(({ name }) => name)[1], "phase_facets_mcc_iid");
 * ```
 */
export function phaseTransitionFigures(rows: readonly PlotRow[]): ExperimentFigure[] {
  const all = currentRows(rows, "phase_transition");
  requireFinite(all, ["num_latents", "k", "input_dim"], "phase_transition");
  // autoencoders of two widths make no line
  const unitsOf = all.map(({ method, num_latents }, i) =>
    splitMethod(String(method)).saeType === undefined
      ? undefined
      : asToday(rows[i] as Row).width === num_latents
      ? "n"
      : "2n"
  );
  return (["2n", "n"] as const).flatMap((units) => {
    const current = all.filter((_, i) => unitsOf[i] === undefined || unitsOf[i] === units);
    const hasUnits = unitsOf.includes(units);
    // rows without any autoencoder are drawn once
    if (!hasUnits && (units === "n" || unitsOf.includes("n"))) return [];
    const [ns, ks] = [distinct(current, "num_latents"), distinct(current, "k")];
    const infix = units === "n" ? "_n_units" : "", of = hasUnits ? `SAEs of ${units} units. ` : "";
    return paperScores.flatMap((y) => [
      phaseFigure(`phase_corners${infix}_${y}`, "paper", current, y, ends(ns), ends(ks), of),
      phaseFigure(`phase_facets${infix}_${y}`, "appendix", current, y, ns, ks, of),
    ]);
  });
}

/**
 * The legend of the paper's figures, for layouts that show several of them side by side.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { legendFigure } from "./sweep_figures.ts";
 *
 * assert.equal(legendFigure().name, "legend");
 * ```
 */
export function legendFigure(): ExperimentFigure {
  const title = "Methods";
  const styles = legendMethods.map(methodStyle);
  const svg = legend(styles, { title });
  return {
    name: "legend",
    set: "legend",
    title,
    caption: "Families differ by colour and dash, methods by shade and marker.",
    svg,
    bareSvg: svg,
    narrowSvg: legend(styles, { title, width: 340 }),
  };
}

/** One panel per (n, k), n across and k down; where the rows have none, its place stays free. */
function phaseFigure(
  name: string,
  set: "paper" | "appendix",
  rows: readonly PlotRow[],
  y: string,
  ns: readonly number[],
  ks: readonly number[],
  units: string,
): ExperimentFigure {
  const at = (n: number, k: number) => rows.filter((row) => row.num_latents === n && row.k === k);
  // corners of an incomplete grid may leave a whole row or column without any
  const across = ns.filter((n) => ks.some((k) => at(n, k).length > 0));
  const down = ks.filter((k) => ns.some((n) => at(n, k).length > 0));
  const panels = down.flatMap((k) =>
    across.map((n) => {
      const part = at(n, k);
      const title = `${equation("n", n)}, ${equation("k", k)}`;
      return part.length > 0 ? lines(part, { title, x: "delta", y }) : undefined;
    })
  );
  return experimentFigure(panels, {
    name,
    set,
    title: `How many observed dimensions are needed? ${columnOf(y).label}`,
    caption: `Scores over δ = m/n, observed dimensions per latent, ${
      set === "paper" ? "at the corners of the grid" : "at all grid points"
    }. ${units}${settingOf(rows)}`,
    columns: across.length,
  });
}

function distinct(rows: readonly PlotRow[], column: string): number[] {
  return [...new Set(rows.map((row) => Number(row[column])))].sort((a, b) => a - b);
}

/** The smallest and the largest; one where they are the same. */
function ends(values: readonly number[]): number[] {
  return [...new Set([values[0], values.at(-1)!])];
}

/** The figures of a sweep over `x` for each number of latents, named after it. */
function sweepPerLatents(
  rows: readonly PlotRow[],
  name: string,
  title: string,
  x: string,
): ExperimentFigure[] {
  return perLatents(
    currentRows(rows, name),
    name,
    (part, n) =>
      sweepFigures(`${name}_n${n}`, `${title}, ${equation("n", n)}`, part, { x, xScale: "log" }),
  );
}

/** One figure per score of the paper, and one with all scores for the appendix. */
function sweepFigures(
  name: string,
  title: string,
  rows: readonly PlotRow[],
  position: Position,
): ExperimentFigure[] {
  // FISTA on the SAEs' decoders has panels of its own
  const shown = rows.filter(({ method }) => !decoderMethods.has(splitMethod(String(method)).base));
  const setting = settingOf(shown);
  const single = paperScores.map((y) =>
    experimentFigure([lines(shown, { ...position, y })], {
      name: `${name}_${y}`,
      set: "paper",
      title: `${title}: ${columnOf(y).label}`,
      caption: setting,
    })
  );
  const panels = codeScoresBySplit.map((y) => lines(shown, { ...position, y }));
  return [
    ...single,
    experimentFigure(panels, {
      name: `appendix_${name}`,
      set: "appendix",
      title,
      caption: setting,
      columns: 3,
    }),
  ];
}
