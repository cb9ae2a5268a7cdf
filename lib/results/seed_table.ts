/**
 * Result rows as a table over seeds: one line per setting, mean ± standard deviation per score.
 * @module
 */
import { isScore, isSetting } from "./columns.ts";
import { methodIds } from "../methods.ts";
import type { Row, Value } from "./row.ts";
import { withTodaysNames } from "./old_names.ts";
import { type MeanAndSd, meanAndSd } from "./statistics.ts";

/** What {@linkcode seedTable} returns. */
export interface SeedTable {
  /** Columns that tell the lines apart: those that vary, and the method or SAE type. */
  settings: string[];
  /** Columns with scores, in the order of the rows. */
  scores: string[];
  /** In the order of the settings, methods in that of the legends. */
  lines: {
    /** Values of the settings; undefined where the rows have none. */
    settings: (Value | undefined)[];
    /** The scores over all seeds; undefined where the rows have none. */
    scores: (MeanAndSd | undefined)[];
  }[];
}

const names = ["method", "sae_type"];
const clocks = ["epoch", "round"];

/**
 * Averages rows over their seeds. Of rows that follow a training, the last epoch or round of each
 * seed counts.
 *
 * @param rows Rows of one experiment, under old or new names.
 *
 * @example
 * ```ts
 * import { seedTable } from "./seed_table.ts";
 *
 * const rows = [0, 1].map((seed) => ({ method: "fista_oracle", seed, mcc_iid: 0.8 + 0.1 * seed }));
 * console.log(seedTable(rows).lines[0].scores[0]?.mean); // 0.85
 * ```
 */
export function seedTable(rows: readonly Row[]): SeedTable {
  const current = rows.map((row): Row => withTodaysNames(row));
  const columns = [...new Set(current.flatMap(Object.keys))];
  const identity = columns.filter((column) => isSetting(column) && !clocks.includes(column));
  const columnsOf = (row: Row, columns: readonly string[]) =>
    JSON.stringify(columns.map((column) => row[column] ?? null));
  const clock = (row: Row) => Number(row.epoch ?? row.round ?? 0);

  const latest = [...Map.groupBy(current, (row) => columnsOf(row, identity)).values()]
    .flatMap((group) => {
      const end = group.reduce((last, row) => Math.max(last, clock(row)), 0);
      return group.filter((row) => clock(row) === end);
    });
  const varies = (column: string) => latest.some((row) => row[column] !== latest[0][column]);
  const settings = identity.filter((column) =>
    column !== "seed" && (names.includes(column) || varies(column))
  ).sort((a, b) => Number(names.includes(b)) - Number(names.includes(a)));
  const scores = columns.filter(isScore);

  const lines = [...Map.groupBy(latest, (row) => columnsOf(row, settings)).values()].map((
    group,
  ) => ({
    settings: settings.map((column) => group[0][column]),
    scores: scores.map((column) => {
      const values = group.map((row) => row[column])
        .filter((value) => typeof value === "number" && Number.isFinite(value)) as number[];
      return values.length > 0 ? meanAndSd(values) : undefined;
    }),
  }));
  lines.sort((a, b) => compareSettings(a.settings, b.settings));
  return { settings, scores, lines };
}

/** By all settings but the first, then by the method. */
function compareSettings(
  [methodA, ...a]: readonly (Value | undefined)[],
  [methodB, ...b]: readonly (Value | undefined)[],
): number {
  for (let i = 0; i < a.length; i++) {
    // settings that rows lack come first, as λ does in those of the SAEs
    const [left, right] = [a[i] ?? -Infinity, b[i] ?? -Infinity];
    if (left !== right) return left < right ? -1 : 1;
  }
  return methodIds.indexOf(String(methodA)) - methodIds.indexOf(String(methodB));
}
