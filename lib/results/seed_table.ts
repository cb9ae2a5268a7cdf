/**
 * Result rows as a table over seeds: one line per setting, mean ± standard deviation per score.
 * @module
 */
import { compareMethodIds } from "../methods.ts";
import { columnOf, inTableOrder, isScore, isSetting } from "./columns.ts";
import { withTodaysNames } from "./old_names.ts";
import type { CellKey, Row, SummarySpec, Value } from "./row.ts";
import { type MeanAndSd, meanAndSd } from "./statistics.ts";
import { alignColumns, formatScore } from "./text_table.ts";

/** What {@linkcode seedTable} returns. */
export interface SeedTable {
  /** Columns that tell the lines apart. */
  settings: string[];
  /** Columns with scores. */
  scores: string[];
  /** The lines. */
  lines: {
    /** Values of the settings; undefined where the rows have none. */
    settings: (Value | undefined)[];
    /** The scores over all seeds; undefined where the rows have none. */
    scores: (MeanAndSd | undefined)[];
  }[];
}

/** Options of {@linkcode seedTable}. */
export interface SeedTableOptions {
  /**
   * Columns that tell the lines apart, which then stand in the order of the rows. Default: what made
   * the rows and the settings that vary, lines in the order of the settings and of the legends.
   */
  settings?: readonly string[];
  /** Columns to average. Default: the scores among the columns. */
  scores?: readonly string[];
}

/**
 * Averages rows over their seeds. Of rows that follow a training, the last epoch or round of each
 * seed counts.
 *
 * @param rows Rows of one experiment, under old or new names; values that are no finite numbers are
 * left out of the averages.
 * @param options Columns, where the rows are not to decide.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { seedTable } from "./seed_table.ts";
 *
 * const rows = [0, 1].map((seed) => ({ method: "fista_oracle", seed, mcc_iid: 0.75 + 0.125 * seed }));
 * const { settings, lines } = seedTable(rows);
 * assert.deepEqual(settings, ["method"]);
 * assert.equal(lines[0].scores[0]?.mean, 0.8125);
 * ```
 */
export function seedTable(rows: readonly Row[], options: SeedTableOptions = {}): SeedTable {
  const current = rows.map((row): Row => withTodaysNames(row));
  const columns = [...new Set(current.flatMap(Object.keys))];
  const scores = options.scores ?? inTableOrder(columns.filter(isScore));
  const identity = columns.filter((column) =>
    isSetting(column) && !isClock(column) && !scores.includes(column)
  );
  const latest = lastSteps(current, identity);
  const settings = options.settings ?? identity
    .filter((column) => column !== "seed" && (isName(column) || varies(latest, column)))
    .sort((a, b) => Number(isName(b)) - Number(isName(a)));

  const lines = [...groupBy(latest, settings).values()].map((group) => ({
    settings: settings.map((column): Value | undefined => group[0][column]),
    scores: scores.map((column) => {
      const values = group.map((row) => row[column])
        .filter((value) => typeof value === "number" && Number.isFinite(value)) as number[];
      return values.length > 0 ? meanAndSd(values) : undefined;
    }),
  }));
  const compare = comparing(settings);
  if (!options.settings) lines.sort((a, b) => compare(a.settings, b.settings));
  return { settings: [...settings], scores: [...scores], lines };
}

/**
 * The table at the end of a run: one line per method and grid point, one column per metric.
 *
 * @param rows Rows with the key columns; rows that lack a metric leave its field empty.
 * @param key Key of any cell: its columns but the seed tell grid points apart, and are shown where
 * they vary.
 * @param spec Further columns that tell lines apart, and the metrics.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { summaryTable } from "./seed_table.ts";
 *
 * const rows = [0.9, 0.8].map((mcc_iid, seed) => ({ method: "fista", mcc_iid, seed }));
 * const text = summaryTable(rows, { seed: 0 }, { by: ["method"], metrics: ["mcc_iid"] });
 * assert.equal(text, "method  mcc_iid\nfista   0.850 ± 0.050");
 * ```
 */
export function summaryTable(rows: readonly Row[], key: CellKey, spec: SummarySpec): string {
  const grid = Object.keys(key).filter((column) =>
    column !== "seed" && (column === "num_latents" || varies(rows, column))
  );
  const { settings, scores, lines } = seedTable(rows, {
    settings: [...grid, ...spec.by],
    scores: spec.metrics,
  });
  return alignColumns([
    [...settings, ...scores],
    ...lines.map((line) => [
      ...line.settings.map((value) => String(value ?? "")),
      ...line.scores.map((score) => formatScore(score)),
    ]),
  ]);
}

const isName = (column: string) => columnOf(column).kind === "name";
const isClock = (column: string) => columnOf(column).kind === "clock";

function varies(rows: readonly Row[], column: string): boolean {
  return rows.some((row) => row[column] !== rows[0][column]);
}

function groupBy(rows: readonly Row[], columns: readonly string[]): Map<string, Row[]> {
  return Map.groupBy(rows, (row) => JSON.stringify(columns.map((column) => row[column] ?? null)));
}

/** Of the rows that agree in `identity`, those of the last step of a training. */
function lastSteps(rows: readonly Row[], identity: readonly string[]): Row[] {
  const step = (row: Row) => Number(row.epoch ?? row.round ?? 0);
  return [...groupBy(rows, identity).values()].flatMap((group) => {
    const end = group.reduce((last, row) => Math.max(last, step(row)), 0);
    return group.filter((row) => step(row) === end);
  });
}

type Settings = readonly (Value | undefined)[];

/** By the settings that are no names, then by the names, in the order of legends. */
function comparing(settings: readonly string[]): (a: Settings, b: Settings) => number {
  const names = settings.flatMap((column, i) => isName(column) ? [i] : []);
  const others = settings.flatMap((column, i) => isName(column) ? [] : [i]);
  // SAE types of diagnostics in the order of their encoders
  const idOf = (i: number, value: Value | undefined) =>
    settings[i] === "sae_type" ? `sae_${value}` : String(value);
  return (a, b) => {
    for (const i of others) {
      // settings that rows lack come first, as λ does in those of the SAEs
      const [left, right] = [a[i] ?? -Infinity, b[i] ?? -Infinity];
      if (left !== right) return left < right ? -1 : 1;
    }
    for (const i of names) {
      const order = compareMethodIds(idOf(i, a[i]), idOf(i, b[i]));
      if (order !== 0) return order;
    }
    return 0;
  };
}
