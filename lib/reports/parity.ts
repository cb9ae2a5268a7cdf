/**
 * Our result rows against the published ones: matching and statistics, on plain data.
 * @module
 */
import {
  experimentOf,
  isScore,
  isSetting,
  keyInWords,
  type MeanAndSd,
  meanAndSd,
  type NamedRows,
  parseResultName,
  type Row,
  taskName,
} from "../results.ts";
import { otherwiseMadeIn, type RowFile } from "./row_files.ts";
import { asToday } from "./todays_row.ts";
import { allowedDifference, type Tolerance, toleranceOf } from "./tolerances.ts";

/** One metric of one method in one published file. */
export interface MetricComparison {
  /** Column name. */
  metric: string;
  /** Published mean over the matched rows. */
  published: number;
  /** Our mean over the same rows. */
  ours: number;
  /** Median absolute difference of the compared values. */
  median: number;
  /** Largest absolute difference of the compared values. */
  largest: number;
  /** Number of compared values: rows, or means over seeds where the start is random. */
  compared: number;
  /** How many of them lie outside the tolerance of the method's class. */
  outside: number;
  /** Of chaotic methods: means over seeds, and how many differ by more than three standard errors. */
  means?: { compared: number; outside: number };
}

/** One method in one published file. */
export interface MethodComparison {
  /** Method id, today's name; the SAE type in diagnostics. */
  method: string;
  /** Class of its tolerance; absent where nothing is known about the method. */
  class?: Tolerance["class"];
  /** Rows on both sides. */
  matched: number;
  /** Rows that we lack. */
  publishedOnly: number;
  /** Rows that were not published, at the numbers of latents of this file. */
  oursOnly: number;
  /** In the order of the published columns; empty without matched rows. */
  metrics: MetricComparison[];
}

/** One published file. */
export interface FileComparison {
  /** Its name. */
  file: string;
  /** The command that makes our rows of it. */
  command: string;
  /** In order of appearance, those of ours alone last. */
  methods: MethodComparison[];
}

/** A compared value: a row, or a mean over seeds where the start is random. */
export interface ComparedValue {
  /** Method id. */
  method: string;
  /** Column name. */
  metric: string;
  /** The published value. */
  published: number;
  /** Ours. */
  ours: number;
  /** Whether they differ by more than the tolerance. */
  outside: boolean;
}

/** A published row without a counterpart. */
export interface MissingRow {
  /** The published file. */
  file: string;
  /** The row, under today's names. */
  row: Row;
  /** What ours has instead, where it has something: rows with fewer steps, say. */
  instead?: string;
}

/** What {@linkcode compareResults} returns. */
export interface Comparison {
  /** One entry per published file, in the given order. */
  files: FileComparison[];
  /** Every compared value of every file, for a figure. */
  values: ComparedValue[];
  /** Every published row without a counterpart. */
  missing: MissingRow[];
}

const methodOf = (row: Row) => String(row.method ?? row.sae_type);

/**
 * Compares our rows with the published ones. Rows belong together when they agree in every column
 * that both sides have and that is no outcome; our files of one experiment count as one, and where
 * two of them hold the same row the one without a suffix counts. Rows of ours that were made with
 * other numbers of passes, steps, rounds or iterations, or another λ, than the published ones are no
 * counterparts of theirs.
 *
 * @param published The paper's files. Old key and method names are understood on both sides.
 * @param ours Our files of any experiments.
 * @throws {RangeError} When a row has no method, or two rows of one file cannot be told apart.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { compareResults } from "./parity.ts";
 *
 * const row = { method: "sae_relu", num_latents: 50, seed: 0, mcc_iid: 0.5 };
 * const { files } = compareResults(
 *   [{ name: "exp_vary_latents.json", rows: [row] }],
 *   [{ name: "exp_vary_latents.json", rows: [{ ...row, mcc_iid: 0.501 }] }],
 * );
 * assert.equal(files[0].methods[0].metrics[0].outside, 0); // within 2e-3
 * ```
 */
export function compareResults(
  published: readonly RowFile[],
  ours: readonly RowFile[],
): Comparison {
  const experiments = published.flatMap(({ name }) => parseResultName(name, [])?.experiment ?? []);
  const grouped = (files: readonly RowFile[]) =>
    Map.groupBy(
      files.map((file) => ({ ...file, rows: file.rows.map(asToday) })),
      ({ name }) => experimentOf(name, experiments),
    );
  const oursByExperiment = grouped(ours);

  const comparisons = new Map<
    string,
    { file: FileComparison; values: ComparedValue[]; missing: MissingRow[] }
  >();
  for (const [experiment, files] of grouped(published)) {
    if (experiment === undefined) {
      throw new RangeError(
        `Cannot compare ${files[0].name}: it must be named exp_<experiment>.json`,
      );
    }
    // shorter names first: the file without a suffix counts
    const candidates = (oursByExperiment.get(experiment) ?? [])
      .toSorted((a, b) => a.name.length - b.name.length || (a.name < b.name ? -1 : 1));
    const columns = keyColumns(files, candidates);
    const oursByKey = new Map<string, Row>(), otherwise = new Map<string, string>();
    const withoutRound = (key: string) => keyWithout(key, columns, "round");
    const trainings = new Set<string>();
    for (const file of candidates) {
      for (const [i, [key, row]] of [...byKey(file, columns)].entries()) {
        const how = otherwiseMadeIn(file, i, files[0].options);
        if (how !== undefined) {
          otherwise.set(key, how);
        } else if (!oursByKey.has(key)) {
          oursByKey.set(key, row);
          if (row.round !== undefined) trainings.add(withoutRound(key));
        }
      }
    }
    const insteadOf = (key: string, row: Row): string | undefined =>
      otherwise.get(key) ??
        (row.round !== undefined && trainings.has(withoutRound(key))
          ? "ours settled in an earlier round"
          : undefined);
    const publishedByFile = files.map((file) => byKey(file, columns));
    const unpublished = [...oursByKey]
      .filter(([key]) => !publishedByFile.some((rows) => rows.has(key)))
      .map(([, row]) => row);
    files.forEach(({ name, rows }, f) => {
      const latents = new Set(rows.map((row) => row.num_latents));
      const pairs = [...publishedByFile[f]].map(([key, row]) => ({ row, our: oursByKey.get(key) }));
      const extra = unpublished.filter((row) => latents.has(row.num_latents));
      const methods = compareMethods(pairs, extra, columns);
      comparisons.set(name, {
        file: {
          file: name,
          command: commandFor(experiment, files.length > 1 ? [...latents] : []),
          methods: methods.map(({ comparison }) => comparison),
        },
        values: methods.flatMap(({ values }) => values),
        missing: [...publishedByFile[f]].filter(([key]) => !oursByKey.has(key))
          .map(([key, row]) => ({ file: name, row, instead: insteadOf(key, row) })),
      });
    });
  }
  const ordered = published.map(({ name }) => comparisons.get(name)!);
  return {
    files: ordered.map(({ file }) => file),
    values: ordered.flatMap(({ values }) => values),
    missing: ordered.flatMap(({ missing }) => missing),
  };
}

/** A key of {@linkcode byKey} with one of its columns left open. */
function keyWithout(key: string, columns: readonly string[], column: string): string {
  const values: unknown[] = JSON.parse(key);
  return JSON.stringify(values.map((value, i) => columns[i] === column ? null : value));
}

/** Columns that both sides have and that are no outcomes. */
function keyColumns(published: readonly NamedRows[], ours: readonly NamedRows[]): string[] {
  const columnsOf = (files: readonly NamedRows[]) =>
    new Set(files.flatMap(({ rows }) => rows.flatMap((row) => Object.keys(row))));
  const known = columnsOf(ours);
  return [...columnsOf(published)].filter((column) =>
    (known.has(column) || known.size === 0) && isSetting(column)
  );
}

/** The rows by their keys, in the order of the file. */
function byKey({ name, rows }: NamedRows, columns: readonly string[]): Map<string, Row> {
  const found = new Map<string, Row>();
  for (const row of rows) {
    if (typeof (row.method ?? row.sae_type) !== "string") {
      throw new RangeError(
        `Cannot compare ${name}: every row must name its method or sae_type, got one without`,
      );
    }
    const key = JSON.stringify(columns.map((column) => row[column] ?? null));
    if (found.has(key)) {
      const shared = columns.filter((column) => row[column] !== undefined);
      throw new RangeError(
        `Cannot compare ${name}: its rows must differ in ${shared.join(", ")}, got two of ${
          keyInWords(row, shared)
        }`,
      );
    }
    found.set(key, row);
  }
  return found;
}

interface Pair {
  row: Row;
  our?: Row;
}

function compareMethods(
  pairs: readonly Pair[],
  extra: readonly Row[],
  columns: readonly string[],
): { comparison: MethodComparison; values: ComparedValue[] }[] {
  const byMethod = Map.groupBy(pairs, ({ row }) => methodOf(row));
  const extraByMethod = Map.groupBy(extra, methodOf);
  return [...new Set([...byMethod.keys(), ...extraByMethod.keys()])].map((method) => {
    const all = byMethod.get(method) ?? [];
    const matched = all.filter((pair): pair is Required<Pair> => pair.our !== undefined);
    const tolerance = toleranceOf(method);
    const metrics = [...new Set(matched.flatMap(({ row }) => Object.keys(row)))].filter(isScore)
      .map((metric) => compareMetric(metric, matched, method, tolerance, columns))
      .filter((metric) => metric !== undefined);
    return {
      comparison: {
        method,
        ...(tolerance ? { class: tolerance.class } : {}),
        matched: matched.length,
        publishedOnly: all.length - matched.length,
        oursOnly: extraByMethod.get(method)?.length ?? 0,
        metrics: metrics.map(({ comparison }) => comparison),
      },
      values: metrics.flatMap(({ values }) => values),
    };
  });
}

function compareMetric(
  metric: string,
  matched: readonly Required<Pair>[],
  method: string,
  tolerance: Tolerance | undefined,
  columns: readonly string[],
): { comparison: MetricComparison; values: ComparedValue[] } | undefined {
  const numbers = matched.flatMap(({ row, our }) => {
    const [published, ours] = [row[metric], our[metric]];
    return typeof published === "number" && typeof ours === "number"
      ? [{ row, published, ours }]
      : [];
  });
  if (numbers.length === 0) return undefined;
  // Random starts are compared as means over the seeds that both sides have; others row by row
  const points = columns.filter((column) => column !== "seed");
  const overSeeds = () => [
    ...Map.groupBy(numbers, ({ row }) => JSON.stringify(points.map((c) => row[c]))).values(),
  ];
  const groups = tolerance?.class === "random start"
    ? overSeeds()
    : numbers.map((number) => [number]);
  const values = groups.map((group): ComparedValue => {
    const a = meanAndSd(group.map(({ published }) => published));
    const b = meanAndSd(group.map(({ ours }) => ours));
    const sampling = 2 * Math.sqrt(squaredError(a) + squaredError(b));
    const allowed = tolerance
      ? allowedDifference(tolerance, metric, a.mean, Number(group[0].row.num_latents))
      : Infinity;
    return {
      method,
      metric,
      published: a.mean,
      ours: b.mean,
      outside: Math.abs(b.mean - a.mean) > Math.max(allowed, sampling),
    };
  });
  const differences = values.map(({ published, ours }) => Math.abs(ours - published))
    .sort((a, b) => a - b);
  const middle = (differences.length - 1) / 2;
  return {
    comparison: {
      metric,
      published: meanAndSd(numbers.map(({ published }) => published)).mean,
      ours: meanAndSd(numbers.map(({ ours }) => ours)).mean,
      median: (differences[Math.floor(middle)] + differences[Math.ceil(middle)]) / 2,
      largest: differences[differences.length - 1],
      compared: values.length,
      outside: values.filter(({ outside }) => outside).length,
      ...tolerance?.class === "chaotic" && { means: compareMeans(overSeeds()) },
    },
    values,
  };
}

/** Means over the seeds that both sides have, where there are several, by their standard errors. */
function compareMeans(
  groups: readonly (readonly { published: number; ours: number }[])[],
): { compared: number; outside: number } {
  const several = groups.filter((group) => group.length > 1);
  const outside = several.filter((group) => {
    const a = meanAndSd(group.map(({ published }) => published));
    const b = meanAndSd(group.map(({ ours }) => ours));
    return Math.abs(b.mean - a.mean) > 3 * Math.sqrt(squaredError(a) + squaredError(b));
  });
  return { compared: several.length, outside: outside.length };
}

/** Squared standard error of a mean from the population's deviation; 0 for a single value. */
function squaredError({ sd, count }: MeanAndSd): number {
  return sd ** 2 / Math.max(count - 1, 1);
}

/** Where an experiment was published in several files, each holds the rows of some `latents`. */
function commandFor(experiment: string, latents: readonly unknown[]): string {
  const task = taskName(experiment.replace(/_diagnostics$/, ""));
  return `deno task ${task} --paper${latents.length > 0 ? ` --n ${latents.join(",")}` : ""}`;
}
