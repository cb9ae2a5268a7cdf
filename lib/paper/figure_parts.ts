/**
 * Result rows made ready for drawing: old names, SAE types taken apart, and the setting in words.
 * @module
 */
import { type Drawings, drawings, type Panel, type PlotRow } from "../figures.ts";
import { type MethodStyle, methodStyle, saeTypeLabels, splitMethod } from "../methods.ts";
import { withTodaysNames } from "../results.ts";

/** The scores of the paper's figures: identification, and use of the codes out of distribution. */
export const paperScores: readonly string[] = ["mcc_iid", "auc_ood", "acc_ood"];

/** The groups that figures are drawn by. */
export type FigureSet = "paper" | "appendix" | "controlled" | "legend";

/** A figure with its place in a gallery. */
export interface ExperimentFigure extends Drawings {
  /** File name without folder and extension. */
  readonly name: string;
  /** The group that it belongs to. */
  readonly set: FigureSet;
}

/**
 * A figure of panels, to be drawn when it is asked for: most callers want a few out of many.
 *
 * @param panels As `figure` takes them.
 * @param about Name, group, words and layout.
 */
export function experimentFigure(
  panels: readonly (Panel | undefined)[],
  { name, set, ...options }:
    & Pick<ExperimentFigure, "name" | "set" | "title" | "caption">
    & { columns?: number },
): ExperimentFigure {
  return Object.assign(drawings(panels, options), { name, set });
}

/**
 * Rows under today's names, with `delta` = m/n where they lack it, and `step`: the epoch or round.
 *
 * @throws {RangeError} Where there are no rows.
 * @throws {TypeError} Where `rows` is not an array of objects.
 */
export function currentRows(rows: readonly PlotRow[], what: string): PlotRow[] {
  if (!Array.isArray(rows) || rows.some((row) => row === null || typeof row !== "object")) {
    throw new TypeError(`Cannot draw ${what}: rows must be an array of objects`);
  }
  if (rows.length === 0) {
    throw new RangeError(`Cannot draw ${what}: at least one row is required, got 0`);
  }
  return rows.map((row) => {
    const current: Record<string, unknown> = withTodaysNames(row);
    current.delta ??= Number(current.input_dim) / Number(current.num_latents);
    current.step ??= current.epoch ?? current.round;
    return current;
  });
}

/**
 * One panel per SAE type that the rows have. Each gets the rows of that type, their methods with
 * the type left open, and the rows of the methods that need no SAE.
 */
export function panelPerSaeType<P extends Panel>(
  rows: readonly PlotRow[],
  draw: (part: PlotRow[], title: string) => P,
): P[] {
  const split = rows.map((row) => {
    const { base, saeType } = splitMethod(String(row.method));
    return { ...row, method: base, sae_type: saeType };
  });
  const shared = split.filter((row) => row.sae_type === undefined);
  return Object.entries(saeTypeLabels).flatMap(([saeType, label]) => {
    const own = split.filter((row) => row.sae_type === saeType);
    return own.length > 0 ? [draw([...own, ...shared], label)] : [];
  });
}

/** The registry's style, with the oracle dashed: it bounds the others and competes with none. */
export function oracleDashed(id: string): MethodStyle {
  const style = methodStyle(id);
  return id === "fista_oracle" ? { ...style, dash: "5 3" } : style;
}

/**
 * Refuses rows without a position in the grid.
 *
 * @throws {RangeError} Where a row lacks a finite number in one of the columns.
 */
export function requireFinite(
  rows: readonly PlotRow[],
  columns: readonly string[],
  what: string,
): void {
  for (const column of columns) {
    const lacking = rows.find((row) => !Number.isFinite(row[column]));
    if (lacking) {
      throw new RangeError(
        `Cannot draw ${what}: every row needs a finite ${column}, got ${lacking[column]} ` +
          `(columns: ${Object.keys(lacking).join(", ")})`,
      );
    }
  }
}

/**
 * Calls `draw` per number of latents, in ascending order.
 *
 * @throws {RangeError} Where a row has no `num_latents`.
 */
export function perLatents<T>(
  rows: readonly PlotRow[],
  what: string,
  draw: (part: PlotRow[], numLatents: number) => T[],
): T[] {
  requireFinite(rows, ["num_latents"], what);
  const parts = Map.groupBy(rows, (row) => Number(row.num_latents));
  return [...parts].sort(([a], [b]) => a - b).flatMap(([n, part]) => draw(part, n));
}

/** The constant columns of a setting, in words. */
const settingColumns: Record<string, (value: unknown) => string> = {
  num_latents: (value) => equation("n", value),
  k: (value) => equation("k", value),
  input_dim: (value) => equation("m", value),
  n_samples: (value) => `${value}\u00a0samples`,
};

/** `n = 50` with spaces at which no line is broken. */
export function equation(name: string, value: unknown): string {
  return `${name}\u00a0=\u00a0${value}`;
}

/**
 * The setting that all rows have in common, and what bands stand for:
 * `Mean over 3 seeds ± one standard deviation; n = 50, k = 10, m = 33, 5000 samples.`
 */
export function settingOf(rows: readonly PlotRow[]): string {
  const constants = Object.entries(settingColumns).flatMap(([column, words]) => {
    const values = new Set(rows.map((row) => row[column]));
    const [value] = values;
    return values.size === 1 && value !== undefined ? [words(value)] : [];
  });
  // a method may have been run with fewer seeds than another
  const counts = [...Map.groupBy(rows, ({ method, sae_type }) => `${method} ${sae_type}`).values()]
    .map((group) => new Set(group.map((row) => row.seed)).size);
  const seeds = [...new Set([Math.min(...counts), Math.max(...counts)])].join(" to ");
  const spread = seeds === "1" ? "One seed" : `Mean over ${seeds} seeds ± one standard deviation`;
  const text = `${[spread, ...constants].join(", ").replace(",", ";")}.`;
  return [text, ...fewerSteps(rows)].join(" ");
}

/** Where learners went less far than in the paper, as their rows say: `DL-FISTA: 100 rounds at n = 5000.` */
function fewerSteps(rows: readonly PlotRow[]): string[] {
  return ["rounds", "steps"].flatMap((column) => {
    const short = rows.filter((row) => row[column] !== undefined);
    const groups = Map.groupBy(short, (row) => `${row.method} ${row[column]}`);
    return [...groups.values()].map((group) => {
      const latents = [...new Set(group.map((row) => Number(row.num_latents)))].sort((a, b) =>
        a - b
      );
      const [{ method, [column]: count }] = group;
      const where = equation("n", latents.join(", "));
      return `${methodStyle(String(method)).label}: ${count}\u00a0${column} at ${where}.`;
    });
  });
}
