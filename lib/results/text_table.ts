/**
 * Tables as plain text.
 * @module
 */
import { printable } from "./printable.ts";
import type { MeanAndSd } from "./statistics.ts";

/**
 * Aligns the columns of a table: two spaces between them, none at the ends of lines. What comes from
 * outside in a field is made safe to print.
 *
 * @param lines Fields of the lines, as many in each as in the first.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { alignColumns } from "./text_table.ts";
 *
 * assert.equal(alignColumns([["a", "b"], ["aa", "b"]]), "a   b\naa  b");
 * ```
 */
export function alignColumns(lines: readonly (readonly string[])[]): string {
  const fields = lines.map((line) => line.map(printable));
  const widths = fields[0].map((_, j) => Math.max(...fields.map((line) => line[j].length)));
  return fields
    .map((line) => line.map((field, j) => field.padEnd(widths[j])).join("  ").trimEnd())
    .join("\n");
}

/**
 * A score over seeds: three decimals, or two digits of what those cannot show; without a spread for
 * one seed.
 *
 * @param score What `meanAndSd` returns; undefined gives `none`.
 * @param none What stands for no score.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { formatScore } from "./text_table.ts";
 *
 * assert.equal(formatScore({ mean: 0.52, sd: 0.00816, count: 3 }), "0.520 ± 0.008");
 * assert.equal(formatScore({ mean: 0.00012, sd: 0, count: 1 }), "1.2e-4");
 * ```
 */
export function formatScore(score: MeanAndSd | undefined, none = ""): string {
  if (!score) return none;
  const { mean, sd, count } = score;
  const digits = (value: number) =>
    mean !== 0 && Math.abs(mean) < 0.001 ? value.toExponential(1) : value.toFixed(3);
  return count === 1 ? digits(mean) : `${digits(mean)} ± ${digits(sd)}`;
}
