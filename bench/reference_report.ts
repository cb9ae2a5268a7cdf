/**
 * The arithmetic and the table of the comparison: fastest times, times of the whole from times of a part,
 * ratios, agreement.
 * @module
 */
import type { Allowed, Values } from "./reference_cases.ts";

/** How far apart the results of the two sides are. */
export interface Agreement {
  /** The value that is farthest apart for what is allowed. */
  what: string;
  /** Its difference, relative where that is how it is judged. */
  difference: number;
  /** The largest allowed. */
  allowed: number;
}

/** Times of one side. */
export interface Side {
  /** Seconds of each run. */
  seconds: number[];
  /** Units of work in a run. */
  units: number;
  /** Seconds of the same with no unit of work: set-up. */
  setUp?: number;
}

/** One compared case. */
export interface Comparison {
  /** As `--case` names it. */
  id: string;
  /** What the work consists of. */
  unit: string;
  /** Units of the whole work. */
  whole: number;
  /** Threads or cores of the reference: the faster of those tried. */
  threads: number;
  /** Seconds of the trial by number of threads. */
  tried: Record<number, number>;
  /** The reference's times. */
  reference: Side;
  /** Ours. */
  ours: Side;
  /** Whether the results agree. */
  agreement: Agreement;
}

/** What `bench:reference --json` prints, and takes again by `--with`. */
export interface StoredComparisons {
  /** How much of the work was measured. */
  extent: string;
  /** What both sides ran on: machine, versions and libraries. */
  on: Record<string, string | number | null>;
  /** The cases. */
  comparisons: Comparison[];
}

/** Cases beside earlier ones, which they replace; in the order of `ids`. */
export function mergeComparisons(
  earlier: readonly Comparison[],
  comparisons: readonly Comparison[],
  ids: readonly string[],
): Comparison[] {
  const all = new Map(
    [...earlier, ...comparisons].map((comparison) => [comparison.id, comparison]),
  );
  return ids.flatMap((id) => all.get(id) ?? []);
}

/**
 * Seconds of the whole work, its units after the set-up in proportion. The fastest run counts: other load only ever adds
 * to a time.
 */
export function wholeSeconds({ seconds, units, setUp = 0 }: Side, whole: number): number {
  const measured = Math.min(...seconds);
  return units === whole ? measured : setUp + Math.max(0, measured - setUp) * (whole / units);
}

/** How many times as long the reference takes for the whole. */
export function ratio({ reference, ours, whole }: Comparison): number {
  return wholeSeconds(reference, whole) / wholeSeconds(ours, whole);
}

/** The value that is farthest apart, measured by what is allowed. */
export function agreementOf(
  ours: Values,
  reference: Values,
  allowed: Record<string, Allowed>,
): Agreement {
  const found = Object.entries(allowed).map(([what, { difference, relative = false }]) => ({
    what,
    difference: largestDifference(ours[what], reference[what], relative),
    allowed: difference,
  }));
  return found.reduce((a, b) => b.difference / b.allowed > a.difference / a.allowed ? b : a);
}

function largestDifference(
  ours: number | ArrayLike<number>,
  reference: number | ArrayLike<number>,
  relative: boolean,
): number {
  const [a, b] = [ours, reference].map((value) => typeof value === "number" ? [value] : value);
  if (a.length !== b.length) return Infinity;
  let difference = 0, size = 0;
  for (let i = 0; i < a.length; i++) {
    const distance = Math.abs(a[i] - b[i]);
    // a distance that is NaN is the largest
    difference = distance <= difference ? difference : Number.isNaN(distance) ? Infinity : distance;
    size = Math.max(size, Math.abs(b[i]));
  }
  return relative ? difference / size : difference;
}

/** Whether the results agree. */
export function agrees({ difference, allowed }: Agreement): boolean {
  return difference <= allowed;
}

/** A duration with three digits and its unit. */
export function formatSeconds(seconds: number): string {
  const [scale, unit] = seconds < 1e-3
    ? [1e-6, "µs"]
    : seconds < 1
    ? [1e-3, "ms"]
    : seconds < 1000
    ? [1, "s"]
    : [60, "min"];
  return `${(seconds / scale).toPrecision(3)} ${unit}`;
}

/** A difference with at most two digits. */
function formatDifference(difference: number): string {
  if (difference === 0 || difference >= 0.01) return String(Number(difference.toPrecision(2)));
  return difference.toExponential(1).replace(".0e", "e");
}

/** The table, as Markdown: one line per case, a mark where a time follows from a part. */
export function comparisonTable(comparisons: readonly Comparison[]): string {
  const header = ["case", "reference", "threads", "ours", "ratio", "results", "measured"];
  const rows = comparisons.map((comparison) => {
    const { id, unit, whole, threads, reference, ours, agreement } = comparison;
    const time = (side: Side) =>
      (side.units === whole ? "" : "≈ ") + formatSeconds(wholeSeconds(side, whole));
    const { what, difference, allowed } = agreement;
    const results = agrees(agreement) ? "agree" : "DIFFER";
    const sign = agrees(agreement) ? "≤" : ">";
    const parts = [
      ...(reference.units === whole ? [] : [`reference ${reference.units}`]),
      ...(ours.units === whole ? [] : [`ours ${ours.units}`]),
    ];
    return [
      id,
      time(reference),
      String(threads),
      time(ours),
      `${ratio(comparison).toPrecision(3)}×`,
      `${results} (${what} ${formatDifference(difference)} ${sign} ${formatDifference(allowed)})`,
      (parts.length === 0 ? "whole" : parts.join(", ")) + ` of ${whole} ${unit}`,
    ];
  });
  const table = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...table.map((row) => row[column].length)));
  const line = (cells: string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [line(header), rule, ...rows.map(line)].join("\n");
}
