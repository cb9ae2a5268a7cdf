/**
 * The table at the end of a run: mean ± standard deviation over the seeds.
 * @module
 */
import type { CellKey, Row, SummarySpec } from "./row.ts";
import { meanAndSd } from "./statistics.ts";

/**
 * Summarises rows as a text table: one line per method and grid point, one column per metric.
 *
 * The standard deviation is that of the figures; with one seed there is none.
 *
 * @param rows Rows with the key columns; rows that lack a metric leave its field empty.
 * @param key Key of any cell: its columns but the seed tell grid points apart, and are shown where
 * they vary.
 * @param spec Further columns that tell lines apart, and the metrics.
 *
 * @example
 * ```ts
 * import { summaryTable } from "./summary.ts";
 * console.log(summaryTable(
 *   [{ method: "fista", mcc_iid: 0.9, seed: 0 }, { method: "fista", mcc_iid: 0.8, seed: 1 }],
 *   { seed: 0 },
 *   { by: ["method"], metrics: ["mcc_iid"] },
 * ));
 * ```
 */
export function summaryTable(rows: readonly Row[], key: CellKey, spec: SummarySpec): string {
  const grid = Object.keys(key).filter((column) =>
    column !== "seed" &&
    (column === "num_latents" || rows.some((row) => row[column] !== rows[0][column]))
  );
  const columns = [...grid, ...spec.by];
  const groups = Map.groupBy(rows, (row) => JSON.stringify(columns.map((c) => row[c])));
  const lines = [...groups.values()].map((group) => [
    ...columns.map((column) => String(group[0][column] ?? "")),
    ...spec.metrics.map((metric) => overSeeds(group, metric)),
  ]);
  return alignColumns([[...columns, ...spec.metrics], ...lines]);
}

/**
 * Aligns the columns of a table: two spaces between them.
 *
 * @example
 * ```ts
 * import { alignColumns } from "./summary.ts";
 * alignColumns([["a", "b"], ["aa", "b"]]); // "a   b\naa  b"
 * ```
 */
export function alignColumns(lines: readonly (readonly string[])[]): string {
  const widths = lines[0].map((_, j) => Math.max(...lines.map((line) => line[j].length)));
  return lines
    .map((line) => line.map((field, j) => field.padEnd(widths[j])).join("  ").trimEnd())
    .join("\n");
}

function overSeeds(rows: readonly Row[], metric: string): string {
  const values = rows.map((row) => row[metric]).filter((value) => typeof value === "number");
  if (values.length === 0) return "";
  const { mean, sd } = meanAndSd(values);
  return values.length === 1 ? mean.toFixed(3) : `${mean.toFixed(3)} ± ${sd.toFixed(3)}`;
}
