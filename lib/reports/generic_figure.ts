/**
 * The figure of an experiment that has none of its own: its scores over the number that varies.
 * @module
 */
import { figure, groupedBars, lines, type Panel, type PlotRow } from "../figures.ts";
import { type ExperimentRows, inTableOrder, isScore, isSetting, taskName } from "../results.ts";

/** A figure without the heading and the small print that a page sets itself. */
export interface GenericFigure {
  /** Heading. */
  title: string;
  /** Small print. */
  caption: string;
  /** With both, as an SVG document. */
  svg: string;
  /** Without them. */
  bareSvg: string;
}

/** The most panels, for a figure that can be read. */
const PANELS = 12;

/**
 * Draws rows of any experiment: one panel per score, over the setting with the most different numbers;
 * bars where no number varies.
 *
 * @param rows Rows of one experiment; scores are the columns that are known as such, and those of a
 * name that ends in `_iid` or `_ood`.
 * @returns Undefined where no row has a score that can be drawn.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { genericFigure } from "./generic_figure.ts";
 *
 * const drawn = genericFigure({
 *   experiment: "exp_coin",
 *   suffix: "",
 *   rows: [1, 2].map((bias) => ({ method: "coin", bias, seed: 0, heads_iid: bias / 2 })),
 *   diagnostics: [],
 *   files: ["exp_coin.json"],
 * });
 * assert.match(drawn!.svg, /heads_iid/);
 * ```
 */
export function genericFigure(
  { experiment, suffix, rows, diagnostics }: ExperimentRows,
): GenericFigure | undefined {
  const panels = [rows, diagnostics].flatMap((part) => panelsOf(part)).slice(0, PANELS);
  if (panels.length === 0) return undefined;
  const words = taskName(experiment).replace(/^exp:/, "").replaceAll("-", " ") +
    (suffix === "" ? "" : ` (${suffix.slice(1)})`);
  const title = words[0].toUpperCase() + words.slice(1);
  const caption = "Means over the rows of equal settings, with one standard deviation.";
  const options = { title, caption, columns: Math.min(panels.length, 3) };
  return {
    title,
    caption,
    svg: figure(panels, options),
    bareSvg: figure(panels, { ...options, bare: true }),
  };
}

function panelsOf(rows: readonly PlotRow[]): Panel[] {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const numbers = (column: string) =>
    new Set(rows.map((row) => row[column]).filter((value) => Number.isFinite(value))).size;
  const [x] = columns.filter((column) =>
    isSetting(column) && column !== "seed" && numbers(column) > 1
  )
    .sort((a, b) => numbers(b) - numbers(a));
  // rows that nothing names are one series
  const named = rows.map((row) => ({
    ...row,
    method: String(row.method ?? row.sae_type ?? "rows"),
  }));
  return inTableOrder(columns.filter((column) => isScore(column) && numbers(column) > 0))
    .map((y) =>
      x
        ? lines(named, { x, y })
        : groupedBars(named.map((row) => ({ ...row, all: "" })), { x: "all", y })
    );
}
