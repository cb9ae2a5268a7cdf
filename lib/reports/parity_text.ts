/**
 * A comparison in words: tables for the terminal, and the text of PARITY.md.
 * @module
 */
import type { FileComparison, MethodComparison, MetricComparison } from "./parity.ts";
import { alignColumns, printable } from "../results.ts";
import { tolerances } from "./tolerances.ts";

/** Sums over the methods of files. */
interface Totals {
  matched: number;
  publishedOnly: number;
  oursOnly: number;
  compared: number;
  outside: number;
}

/**
 * The tables that `deno task compare` prints: per file one line per method, per metric the median
 * and the largest absolute difference, with the number of values outside the tolerance.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { comparisonText } from "./parity_text.ts";
 *
 * assert.match(comparisonText([]), /^0 rows compared, 0 published rows without ours, 0 ours only; /);
 * ```
 */
export function comparisonText(files: readonly FileComparison[]): string {
  const parts = files.map(({ file, command, methods }) => {
    const totals = totalsOf(methods);
    const heading = `${printable(file)}: ${countsText(totals)}`;
    if (totals.matched === 0) return `${heading} (${printable(command)})`;
    const metrics = metricNames(methods);
    const lines = methods.map((method) => [
      `  ${method.method}`,
      method.class ?? "not judged",
      `${method.matched}/${method.publishedOnly}/${method.oursOnly}`,
      ...metrics.map((name) => {
        const metric = method.metrics.find((metric) => metric.metric === name);
        if (!metric) return "";
        const mark = metric.outside > 0 ? ` !${metric.outside}` : "";
        return `${distance(metric.median)} ${distance(metric.largest)}${mark}`;
      }),
    ]);
    const table = alignColumns([
      ["  method", "class", "both/published/ours", ...metrics],
      ...lines,
    ]);
    return `${heading}\n${table}`;
  });
  const totals = totalsOf(files.flatMap(({ methods }) => methods));
  return [
    ...parts,
    `${countsText(totals)}; median and largest difference of each metric, !N: N of its values ` +
    `outside the tolerance; ${totals.outside} of ${totals.compared} values outside`,
  ].join("\n\n");
}

/**
 * How many values lie outside their tolerance.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { countOutside } from "./parity_text.ts";
 *
 * assert.equal(countOutside([]), 0);
 * ```
 */
export function countOutside(files: readonly FileComparison[]): number {
  return totalsOf(files.flatMap(({ methods }) => methods)).outside;
}

/**
 * The text of PARITY.md: what is compared how, an overview, and a table per published file. The
 * same comparison gives the same text.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parityText } from "./parity_text.ts";
 *
 * assert(parityText([]).startsWith("# Parity"));
 * ```
 */
export function parityText(files: readonly FileComparison[]): string {
  const totals = totalsOf(files.flatMap(({ methods }) => methods));
  return [
    "# Parity with the published rows",
    "Written by `deno task compare --published DIR`, where DIR holds the result files that the " +
    "paper's authors published with their code. Do not edit: the next run replaces it.",
    `${countsText(totals)}. ${totals.outside} of ${totals.compared} compared values lie outside ` +
    "the tolerance of their method's class:",
    markdownTable(
      ["class", "methods", "scores", "accuracy", "why"],
      tolerances.map((entry) => [
        entry.class,
        entry.methods,
        String(entry.score),
        String(entry.accuracy),
        entry.reason,
      ]),
    ),
    "Scores are MCC, AUC, cosines, angles, norm ratios, precision, recall and F1; losses and counts " +
    "of active codes are held to the same number relative to the published value, and `frac_close` " +
    "may differ by one column more. Rows are compared one by one; where the start is random, means " +
    "over seeds.",
    "## Overview",
    markdownTable(
      ["published file", "rows on both sides", "published only", "ours only", "outside", "command"],
      files.map(({ file, command, methods }) => {
        const { matched, publishedOnly, oursOnly, compared, outside } = totalsOf(methods);
        return [
          file,
          String(matched),
          String(publishedOnly),
          String(oursOnly),
          `${outside} of ${compared}`,
          `\`${command}\``,
        ];
      }),
    ),
    ...files.filter(({ methods }) => totalsOf(methods).matched > 0).flatMap(fileSection),
  ].join("\n\n") + "\n";
}

function fileSection({ file, command, methods }: FileComparison): string[] {
  const metrics = metricNames(methods);
  return [
    `## ${file}`,
    `Made by \`${command}\`. Means over the rows on both sides: published → ours (difference), ` +
    "with the number of values outside the tolerance in bold.",
    markdownTable(
      ["method", "class", "rows", ...metrics],
      methods.filter(({ matched }) => matched > 0).map((method) => [
        method.method,
        method.class ?? "not judged",
        String(method.matched),
        ...metrics.map((name) => parityCell(method.metrics.find(({ metric }) => metric === name))),
      ]),
    ),
  ];
}

function parityCell(metric: MetricComparison | undefined): string {
  if (!metric) return "";
  const { published, ours, outside } = metric;
  const mark = outside > 0 ? ` **${outside}**` : "";
  const sign = ours > published ? "+" : ours < published ? "−" : "";
  return `${mean(published)} → ${mean(ours)} (${sign}${
    distance(Math.abs(ours - published))
  })${mark}`;
}

function totalsOf(methods: readonly MethodComparison[]): Totals {
  const totals: Totals = { matched: 0, publishedOnly: 0, oursOnly: 0, compared: 0, outside: 0 };
  for (const { matched, publishedOnly, oursOnly, metrics } of methods) {
    totals.matched += matched;
    totals.publishedOnly += publishedOnly;
    totals.oursOnly += oursOnly;
    for (const { compared, outside } of metrics) {
      totals.compared += compared;
      totals.outside += outside;
    }
  }
  return totals;
}

function countsText({ matched, publishedOnly, oursOnly }: Totals): string {
  return `${matched} rows compared, ${publishedOnly} published rows without ours, ` +
    `${oursOnly} ours only`;
}

function metricNames(methods: readonly MethodComparison[]): string[] {
  return [...new Set(methods.flatMap(({ metrics }) => metrics.map(({ metric }) => metric)))];
}

function markdownTable(header: readonly string[], lines: readonly (readonly string[])[]): string {
  return [header, header.map(() => "---"), ...lines]
    .map((fields) => `| ${fields.join(" | ")} |`).join("\n");
}

/** Four decimals, or two digits of what is smaller. */
function mean(value: number): string {
  return value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(1) : value.toFixed(4);
}

function distance(value: number): string {
  if (value === 0) return "0";
  return value < 1e-4 ? value.toExponential(0) : String(Number(value.toPrecision(2)));
}
