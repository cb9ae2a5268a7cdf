/**
 * Panels made from result rows: means and spread over seeds, series in the order of legends.
 * @module
 */
import { compareMethodIds, type MethodStyle, methodStyle } from "../methods.ts";
import { columnOf, meanAndSd } from "../results.ts";
import type {
  Axis,
  Bar,
  BarPanel,
  Curve,
  Estimate,
  Level,
  LinePanel,
  Panel,
  PointPanel,
  ScaleType,
} from "./panels.ts";

/** A result row, or any other flat record. */
export type PlotRow = Readonly<Record<string, unknown>>;

/** Options that both kinds of panels have. */
export interface PanelOptions {
  /** Heading of the panel. Default: none. */
  title?: string;
  /** Column of the values. */
  y: string;
  /** Column that tells the series apart. Default `method`. */
  series?: string;
  /** Series drawn as level dashed lines, such as an oracle: the mean over all their rows. */
  reference?: readonly string[];
  /** Name of the y axis. Default: that of the column. */
  yLabel?: string;
  /** Default `linear`. */
  yScale?: "linear" | "log";
  /**
   * Range of the y axis, widened where a mean lies outside. Default: that of the column where it has
   * one (MCC and AUC: −0.05 to 1.05), else that of the data.
   */
  yDomain?: readonly [number, number];
  /**
   * What guessing gives, drawn as a dotted level: of the column, or per group of bars. Default: that of
   * the column where it has one (accuracies).
   */
  chance?: number | Readonly<Record<string, number>>;
  /** How a series is drawn. Default: {@linkcode methodStyle}. */
  style?: (series: string) => MethodStyle;
}

/** Options of {@linkcode lines}. */
export interface LinesOptions extends PanelOptions {
  /** Column of the positions. */
  x: string;
  /** Name of the x axis. Default: that of the column. */
  xLabel?: string;
  /** Default `linear`; `symlog` is logarithmic with a zero. */
  xScale?: ScaleType;
}

/** Options of {@linkcode groupedBars}. */
export interface BarsOptions extends PanelOptions {
  /** Column that tells the groups apart. */
  x: string;
  /** Names of groups that come first, in this order; others follow as the rows have them. */
  groups?: readonly string[];
}

/**
 * A panel of curves: per series the mean over all rows at the same x (the seeds), with a band of
 * ± one standard deviation. Values that are not finite numbers are left out.
 *
 * @param rows Result rows, in any order.
 * @param options Columns and scales.
 * @throws {RangeError} Where no row has a finite x and y, or a logarithmic axis meets a value ≤ 0.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { figure, lines } from "../figures.ts";
 *
 * const rows = [50, 100, 500].flatMap((n) =>
 *   [0, 1, 2].map((seed) => ({
 *     method: "fista_oracle",
 *     num_latents: n,
 *     seed,
 *     mcc_iid: 0.9 + 0.02 * seed,
 *   }))
 * );
 * const panel = lines(rows, { x: "num_latents", y: "mcc_iid", xScale: "log" });
 * assert.deepEqual(panel.curves[0].points.map(({ x }) => x), [50, 100, 500]);
 * assert.match(figure([panel], { title: "Identifiability" }), /^<svg/);
 * ```
 */
export function lines(rows: readonly PlotRow[], options: LinesOptions): LinePanel {
  const { x, y, xScale = "linear", series = "method", reference = [], style = methodStyle } =
    options;
  const usable = finiteRows(rows, `${y} over ${x}`, y, series).filter((row) =>
    reference.includes(String(row[series])) || Number.isFinite(row[x])
  );
  const curves: Curve[] = [];
  for (const [id, own] of bySeries(usable, series)) {
    if (reference.includes(id)) continue;
    const byX = Map.groupBy(own, (row) => row[x] as number);
    const points = [...byX].sort(([a], [b]) => a - b)
      .map(([at, here]) => ({ x: at, ...estimate(here, y) }));
    curves.push({ style: style(id), points });
  }
  if (curves.length === 0) {
    throw new RangeError(
      `Cannot draw ${y} over ${x}: at least one row with a finite ${x} is required, got none ` +
        `among ${rows.length} rows (columns: ${Object.keys(rows[0]).join(", ")})`,
    );
  }
  const values = [...new Set(curves.flatMap(({ points }) => points.map((p) => p.x)))]
    .sort((a, b) => a - b);
  requireScale(xScale, x, values[0]);
  const levels = [...levelsOf(usable, options), ...chanceLevels(options)];
  return {
    kind: "lines",
    title: options.title ?? "",
    x: {
      label: options.xLabel ?? columnOf(x).label,
      scale: xScale,
      extent: [values[0], values.at(-1)!],
      fixed: false,
      values,
    },
    y: yAxis([...curves.flatMap(({ points }) => points), ...levels], options),
    curves,
    levels,
  };
}

/**
 * A panel of grouped bars: per group and series the mean over all rows (the seeds), with an error
 * bar of ± one standard deviation; series in `reference` become dashed lines over their groups.
 *
 * @param rows Result rows, in any order.
 * @param options Columns, groups and scales.
 * @throws {RangeError} Where no row has a finite y, or a logarithmic axis meets a value ≤ 0.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { figure, groupedBars } from "../figures.ts";
 *
 * const rows = ["frozen_relu", "renormed_relu", "fista_oracle"].flatMap((method, i) =>
 *   [0, 1].map((seed) => ({ method, split: "ID", seed, mcc: 0.5 + 0.2 * i + 0.01 * seed }))
 * );
 * const panel = groupedBars(rows, { x: "split", y: "mcc", reference: ["fista_oracle"] });
 * assert.equal(panel.bars.length, 2);
 * assert.match(figure([panel], { title: "Dictionary quality" }), /^<svg/);
 * ```
 */
export function groupedBars(rows: readonly PlotRow[], options: BarsOptions): BarPanel {
  const { x, y, series = "method", reference = [], groups = [], style = methodStyle } = options;
  const usable = finiteRows(rows, `${y} per ${x}`, y, series);
  const present = new Set(usable.map((row) => String(row[x])));
  const bars: Bar[] = [];
  for (const [id, own] of bySeries(usable, series)) {
    if (reference.includes(id)) continue;
    for (const [group, here] of Map.groupBy(own, (row) => String(row[x]))) {
      bars.push({ style: style(id), group, ...estimate(here, y) });
    }
  }
  const names = [...new Set([...groups.filter((group) => present.has(group)), ...present])];
  const levels = [...levelsOf(usable, options, x), ...chanceLevels(options, names)];
  const floor = options.yScale === "log" ? [] : [{ mean: 0, sd: 0 }];
  return {
    kind: "bars",
    title: options.title ?? "",
    y: yAxis([...floor, ...bars, ...levels], options),
    groups: names,
    bars,
    levels,
  };
}

/** Options of {@linkcode points}. */
export interface PointsOptions {
  /** Column of the positions. */
  x: string;
  /** Column of the values. */
  y: string;
  /** Range of both axes: x and y measure the same. */
  domain: readonly [number, number];
  /** Heading of the panel. Default: none. */
  title?: string;
  /** Column that tells the series apart. Default `method`. */
  series?: string;
  /** Which points stand out. Default: none. */
  marked?: (row: PlotRow) => boolean;
  /** How a series is drawn. Default: {@linkcode methodStyle}. */
  style?: (series: string) => MethodStyle;
  /** Series in the order of drawing; others follow. Default: the order of legends. */
  order?: readonly string[];
}

/**
 * A panel of points, one per row, against the line on which x and y are equal. Values that are not
 * finite numbers are left out.
 *
 * @param rows Rows, in any order; none gives an empty panel.
 * @param options Columns, range and what stands out.
 * @throws {TypeError} Where `rows` is not an array.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { figure, points } from "../figures.ts";
 *
 * const rows = [0.5, 0.7].map((a) => ({ method: "dl_fista", published: a, ours: a + 0.1 }));
 * const panel = points(rows, {
 *   x: "published",
 *   y: "ours",
 *   domain: [0, 1],
 *   marked: ({ ours }) => Number(ours) > 0.7,
 * });
 * assert.deepEqual([panel.clouds[0].points.length, panel.clouds[0].marked.length], [1, 1]);
 * assert.match(figure([panel], { title: "Repeated" }), /^<svg/);
 * ```
 */
export function points(rows: readonly PlotRow[], options: PointsOptions): PointPanel {
  const { x, y, series = "method", marked = () => false, style = methodStyle, order = [] } =
    options;
  requireRows(rows, `${y} over ${x}`);
  const usable = rows.filter((row) =>
    typeof row[series] === "string" && Number.isFinite(row[x]) && Number.isFinite(row[y])
  );
  const rank = (id: string) => order.includes(id) ? order.indexOf(id) : order.length;
  const axis = (label: string): Axis => ({
    label,
    scale: "linear",
    extent: options.domain,
    fixed: true,
    values: [],
  });
  const place = (row: PlotRow) => ({ x: row[x] as number, y: row[y] as number });
  return {
    kind: "points",
    title: options.title ?? "",
    x: axis(columnOf(x).label),
    y: axis(columnOf(y).label),
    clouds: bySeries(usable, series).sort(([a], [b]) => rank(a) - rank(b)).map(([id, own]) => ({
      style: style(id),
      points: own.filter((row) => !marked(row)).map(place),
      marked: own.filter(marked).map(place),
    })),
    levels: [],
  };
}

/**
 * One panel per value of a column, in ascending order (or in that of `order`): splits the rows and
 * hands each part to `draw`.
 *
 * @param rows Result rows.
 * @param by Column that tells the panels apart.
 * @param draw Makes the panel from the part and the column's value.
 * @param order Values that come first, in this order; those that no row has get no panel.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { facets, figure, lines } from "../figures.ts";
 *
 * const rows = [3, 5].flatMap((k) =>
 *   [0.25, 0.5, 1].map((delta) => ({ method: "dl_fista", k, delta, mcc_iid: delta / k }))
 * );
 * const panels = facets(rows, "k", (part, k) =>
 *   lines(part, { x: "delta", y: "mcc_iid", title: `k = ${k}` }));
 * assert.deepEqual(panels.map(({ title }) => title), ["k = 3", "k = 5"]);
 * assert.match(figure(panels, { title: "Phase transition", columns: 2 }), /^<svg/);
 * ```
 */
export function facets<P extends Panel>(
  rows: readonly PlotRow[],
  by: string,
  draw: (part: PlotRow[], value: unknown) => P,
  order: readonly unknown[] = [],
): P[] {
  const parts = Map.groupBy(rows, (row) => row[by]);
  const rest = [...parts.keys()].filter((value) => !order.includes(value)).sort(ascending);
  return [...order.filter((value) => parts.has(value)), ...rest]
    .map((value) => draw(parts.get(value)!, value));
}

function ascending(a: unknown, b: unknown): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a) < String(b) ? -1 : 1;
}

function requireRows(rows: readonly PlotRow[], what: string): void {
  if (!Array.isArray(rows)) {
    throw new TypeError(`Cannot draw ${what}: rows must be an array, got ${typeof rows}`);
  }
}

function finiteRows(
  rows: readonly PlotRow[],
  what: string,
  y: string,
  series: string,
): PlotRow[] {
  requireRows(rows, what);
  if (rows.length === 0) {
    throw new RangeError(`Cannot draw ${what}: at least one row is required, got 0`);
  }
  const usable = rows.filter((row) => typeof row[series] === "string" && Number.isFinite(row[y]));
  if (usable.length === 0) {
    throw new RangeError(
      `Cannot draw ${what}: a row needs a name in ${series} and a finite number in ` +
        `${y}, got none among ${rows.length} rows (columns: ` +
        `${Object.keys(rows[0]).join(", ")})`,
    );
  }
  return usable;
}

/** Rows per series, in the order of legends: never in that of the rows. */
function bySeries(rows: readonly PlotRow[], series: string): [string, PlotRow[]][] {
  return [...Map.groupBy(rows, (row) => String(row[series]))]
    .sort(([a], [b]) => compareMethodIds(a, b));
}

function estimate(rows: readonly PlotRow[], y: string): Estimate {
  // sorted, so that the last bits do not depend on the order of the rows
  const values = rows.map((row) => row[y] as number).sort((a, b) => a - b);
  const { mean, sd } = meanAndSd(values);
  return { mean, sd };
}

function levelsOf(rows: readonly PlotRow[], options: PanelOptions, group?: string): Level[] {
  const { y, series = "method", reference = [], style: styleOf = methodStyle } = options;
  const levels: Level[] = [];
  for (const [id, own] of bySeries(rows, series)) {
    if (!reference.includes(id)) continue;
    const style = { ...styleOf(id), dash: "5 3" };
    if (group === undefined) {
      levels.push({ style, ...estimate(own, y) });
      continue;
    }
    for (const [name, here] of Map.groupBy(own, (row) => String(row[group]))) {
      levels.push({ style, group: name, ...estimate(here, y) });
    }
  }
  return levels;
}

/** Dotted, and dark like the axes: it is a property of the score, not of a method. */
const CHANCE: MethodStyle = {
  family: "other",
  label: "chance",
  colour: "#444444",
  dash: "1.5 2.5",
  width: 1.5,
  marker: "circle",
};

function chanceLevels({ y, chance }: PanelOptions, groups?: readonly string[]): Level[] {
  const of = (group?: string): number | undefined =>
    typeof chance === "object" ? chance[group ?? ""] : chance ?? columnOf(y).chance;
  return (groups ?? [undefined]).flatMap((group) => {
    const mean = of(group);
    return mean === undefined ? [] : [{ style: CHANCE, mean, sd: 0, ...(group ? { group } : {}) }];
  });
}

function yAxis(estimates: readonly Estimate[], options: PanelOptions): Axis {
  const { y, yScale = "linear" } = options;
  const { label, domain } = columnOf(y);
  const means = estimates.map(({ mean }) => mean);
  const [lowest, highest] = [Math.min(...means), Math.max(...means)];
  const axis = { label: options.yLabel ?? label, scale: yScale, values: [] };
  const given = options.yDomain ?? (yScale === "linear" ? domain : undefined);
  requireScale(yScale, y, Math.min(lowest, given?.[0] ?? lowest));
  if (given) {
    const extent = [Math.min(given[0], lowest), Math.max(given[1], highest)] as const;
    return { ...axis, extent, fixed: true };
  }
  // a band may reach below zero, which a logarithmic axis cannot show: its means decide there
  const low = yScale === "log" ? lowest : Math.min(...estimates.map(({ mean, sd }) => mean - sd));
  const high = Math.max(...estimates.map(({ mean, sd }) => mean + sd));
  return { ...axis, extent: [low, high], fixed: false };
}

function requireScale(scale: ScaleType, column: string, smallest: number): void {
  if (scale === "log" && !(smallest > 0)) {
    throw new RangeError(
      `Cannot draw ${column} on a log axis: every value must be above 0, got ${smallest}`,
    );
  }
  if (scale === "symlog" && !(smallest >= 0)) {
    throw new RangeError(
      `Cannot draw ${column} on a symlog axis: every value must be at least 0, got ${smallest}`,
    );
  }
}
