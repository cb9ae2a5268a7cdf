/**
 * A comparison in words: tables for the terminal, and the text of PARITY.md.
 * @module
 */
import type { Disagreement } from "./disagreements.ts";
import { markdownTable } from "./marked_table.ts";
import type { FileComparison, MethodComparison, MetricComparison } from "./parity.ts";
import { alignColumns, codeScores, columnOf, inHours, printable } from "../results.ts";
import { tolerances } from "./tolerances.ts";

/** Published rows without a counterpart, of one file and for one reason. */
export interface LeftOut {
  /** The published file. */
  file: string;
  /** How many rows. */
  rows: number;
  /** Their methods. */
  methods: readonly string[];
  /** Why they have none. */
  reason: string;
  /** Estimated hours of one core that make them; absent where they cannot be estimated. */
  hours?: number;
  /** The run that makes them. */
  command: string;
}

/** What PARITY.md tells besides the tables of the files. */
export interface ParityNotes {
  /** What has no counterpart. */
  leftOut?: readonly LeftOut[];
  /** How far the published files disagree with each other. */
  disagreements?: readonly Disagreement[];
}

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
export function comparisonText(
  files: readonly FileComparison[],
  { leftOut = [], disagreements = [] }: ParityNotes = {},
): string {
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
    ...leftOut.length > 0 ? [alignColumns([LEFT_OUT, ...leftOut.map(leftOutFields)])] : [],
    ...disagreements.length > 0
      ? [alignColumns([disagreementHeader(), ...disagreements.map(disagreementFields)])]
      : [],
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
export function parityText(
  files: readonly FileComparison[],
  { leftOut = [], disagreements = [] }: ParityNotes = {},
): string {
  const totals = totalsOf(files.flatMap(({ methods }) => methods));
  const chaotic = meansOf(files);
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
    ...leftOut.length > 0
      ? [
        "## What is left out",
        "Published rows without a counterpart. Hours are of one core, estimated before any work; a row " +
        "of ours counts only where it was made with the same passes, steps, rounds, iterations and λ.",
        markdownTable(LEFT_OUT, leftOut.map(leftOutFields)),
      ]
      : [],
    ...chaotic.length > 0
      ? [
        "## Chaotic methods, by their means",
        "Single rows of these methods cannot agree. Their means over seeds can: how many of them differ " +
        "by more than three standard errors, of how many. With three seeds a side about one in " +
        "twenty-five does so by chance.",
        markdownTable(
          ["method", ...codeScores.map((metric) => columnOf(metric).label)],
          chaotic.map(({ method, counts }) => [
            method,
            ...counts.map(({ outside, compared }) => `${outside} of ${compared}`),
          ]),
        ),
      ]
      : [],
    ...disagreements.length > 0
      ? [
        "## How far the published files disagree with each other",
        "The same configuration stands in several published files, which were made by runs of their own. " +
        "Median and largest distance of two such rows, and in bold how many lie outside the tolerance " +
        "that ours are held to: no reproduction can be closer than the release is to itself.",
        markdownTable(disagreementHeader(), disagreements.map(disagreementFields)),
      ]
      : [],
    ...files.filter(({ methods }) => totalsOf(methods).matched > 0).flatMap(fileSection),
  ].join("\n\n") + "\n";
}

const LEFT_OUT = ["published file", "rows", "methods", "reason", "hours", "command"];

function leftOutFields({ file, rows, methods, reason, hours, command }: LeftOut): string[] {
  const told = hours === undefined ? "" : inHours(hours);
  const names = methods.length > 4
    ? `${methods.slice(0, 3).join(", ")} and ${methods.length - 3} more`
    : methods.join(", ");
  return [file, String(rows), names, reason, told, `\`${command}\``];
}

function disagreementHeader(): string[] {
  return ["method", "configurations", ...codeScores.map((metric) => columnOf(metric).label)];
}

function disagreementFields({ method, configurations, scores }: Disagreement): string[] {
  return [
    method,
    String(configurations),
    ...codeScores.map((name) => {
      const score = scores.find(({ metric }) => metric === name);
      if (!score) return "";
      const mark = score.outside > 0 ? ` **${score.outside}**` : "";
      return `${distance(score.median)}, ${distance(score.largest)}${mark}`;
    }),
  ];
}

/** Over all files, per chaotic method and score: the means compared by their standard errors. */
function meansOf(
  files: readonly FileComparison[],
): { method: string; counts: { compared: number; outside: number }[] }[] {
  const methods = files.flatMap(({ methods }) => methods)
    .filter(({ metrics }) => metrics.some(({ means }) => means));
  return [...Map.groupBy(methods, ({ method }) => method)].map(([method, group]) => ({
    method,
    counts: codeScores.map((name) => {
      const counts = { compared: 0, outside: 0 };
      for (const { metric, means } of group.flatMap(({ metrics }) => metrics)) {
        if (metric !== name || !means) continue;
        counts.compared += means.compared;
        counts.outside += means.outside;
      }
      return counts;
    }),
  })).filter(({ counts }) => counts.some(({ compared }) => compared > 0));
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

/** Four decimals, or two digits of what is smaller. */
function mean(value: number): string {
  return value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(1) : value.toFixed(4);
}

function distance(value: number): string {
  if (value === 0) return "0";
  return value < 1e-4 ? value.toExponential(0) : String(Number(value.toPrecision(2)));
}
