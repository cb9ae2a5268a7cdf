/**
 * The figure of an experiment that has none of its own: its scores over the number that varies.
 * @module
 */
import {
  type Drawings,
  drawings,
  groupedBars,
  lines,
  type Panel,
  type PlotRow,
} from "../figures.ts";
import { columnOf, type ExperimentRows, inTableOrder, isScore, taskName } from "../results.ts";

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
): Drawings | undefined {
  const panels = [rows, diagnostics].flatMap((part) => panelsOf(part)).slice(0, PANELS);
  if (panels.length === 0) return undefined;
  const words = taskName(experiment).replace(/^exp:/, "").replaceAll("-", " ") +
    (suffix === "" ? "" : ` (${suffix.slice(1)})`);
  const title = words[0].toUpperCase() + words.slice(1);
  const caption = "Means over the rows of equal settings, with one standard deviation.";
  return drawings(panels, { title, caption, columns: Math.min(panels.length, 3) });
}

function panelsOf(rows: readonly PlotRow[]): Panel[] {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const [x, ...others] = columns
    .filter((column) => ["setting", "clock"].includes(columnOf(column).kind) && column !== "seed")
    .map((column) => ({ column, count: numbersIn(rows, column) }))
    .filter(({ count }) => count > 1)
    .sort((a, b) => b.count - a.count)
    .map(({ column }) => column);
  const named = withSeriesOf(rows, others);
  return inTableOrder(columns.filter((column) => isScore(column) && numbersIn(rows, column) > 0))
    .map((y) =>
      x
        ? lines(named, { x, y })
        : groupedBars(named.map((row) => ({ ...row, all: "" })), { x: "all", y })
    );
}

/** How many different numbers a column has. */
function numbersIn(rows: readonly PlotRow[], column: string): number {
  return new Set(rows.map((row) => row[column]).filter(Number.isFinite)).size;
}

/**
 * Rows under the names of their series: the method, and those of the other settings that vary within a
 * method, so that no mean is over different settings.
 */
function withSeriesOf(rows: readonly PlotRow[], others: readonly string[]): PlotRow[] {
  // rows that nothing names are one series
  const nameOf = (row: PlotRow) => String(row.method ?? row.sae_type ?? "rows");
  const byName = [...Map.groupBy(rows, nameOf).values()];
  const telling = others.filter((column) => byName.some((part) => numbersIn(part, column) > 1));
  return rows.map((row) => {
    const settings = telling.map((column) => `${columnOf(column).label} ${row[column]}`);
    return { ...row, method: [nameOf(row), ...settings].join(", ") };
  });
}
