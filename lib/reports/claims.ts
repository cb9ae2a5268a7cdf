/**
 * Claims held against rows: what each says of which rows, and whether they bear it out.
 * @module
 */
import { experimentOf, isSetting, meanAndSd, type Row, taskName } from "../results.ts";
import { otherwiseMadeIn, type RowFile } from "./row_files.ts";
import { asToday } from "./todays_row.ts";

/** A score of one method at one setting, as the mean over the paper's seeds. */
export interface Series {
  /** Whose rows: `exp_vary_latents`, `exp_dict_quality_diagnostics`. */
  experiment: string;
  /** Method id; the SAE type in diagnostics. */
  method: string;
  /** The column. */
  metric: string;
  /** The setting; a column that the rows lack does not tell. */
  where: Readonly<Record<string, number>>;
  /** The best of the means at these values of a column (`lam`), all of which must be there. */
  best?: { readonly column: string; readonly values: readonly number[] };
  /** What the command that makes the rows needs besides the paper's grid. */
  flags?: string;
}

/** A case of a condition: a sum of weighted means. */
export interface Case {
  /** Which, in words: `topk, n = 100`. */
  at: string;
  /** The summands: one series, or the difference of two, for instance. */
  terms: readonly (readonly [weight: number, series: Series])[];
}

/** What rows must show in every one of some cases. */
export interface Condition {
  /** What is computed, in words: `oracle − SAE, MCC (OOD)`. */
  says: string;
  /** On which side of the threshold the claim is. */
  is: "at least" | "at most";
  /** The threshold. */
  threshold: number;
  /** Why there, stated before the rows were looked at. */
  why: string;
  /** The cases. */
  cases: readonly Case[];
}

/** Something that is said beside a claim and decides nothing of it. */
export interface Aside {
  /** What. */
  says: string;
  /** What must be seen for it. */
  conditions: readonly Condition[];
}

/** A claim. */
export interface Claim {
  /** A short name, unique: `oracle`. */
  id: string;
  /** What is claimed, in the words of its source as far as they are short. */
  says: string;
  /** Where it is claimed. */
  source: string;
  /** What must be seen for it. */
  conditions: readonly Condition[];
  /** Name of the figure that shows it, without its extension. */
  figure: string;
  /** What other methods say about it. */
  asides?: readonly Aside[];
}

/** Whether rows bear a claim out. */
export type Verdict = "holds" | "holds in part" | "does not hold" | "not decided";

/** A case with its value; without one where rows are missing. */
export interface JudgedCase {
  /** Which. */
  at: string;
  /** The value. */
  value?: number;
  /** Whether it is on the claim's side of the threshold. */
  holds?: boolean;
}

/** A condition with its cases. */
export interface JudgedCondition extends Omit<Condition, "cases"> {
  /** The cases, in their order. */
  cases: JudgedCase[];
}

/** What {@linkcode judgeConditions} returns. */
export interface Judgement {
  /** All cases together. */
  verdict: Verdict;
  /** The conditions. */
  conditions: JudgedCondition[];
  /** The commands that make missing rows; none where nothing is missing. */
  missing: string[];
}

/** A claim with its verdict. */
export interface JudgedClaim extends Omit<Claim, "conditions" | "asides">, Judgement {
  /** The commands that make all rows of it. */
  commands: string[];
  /** What is said beside it. */
  asides: readonly (Judgement & { says: string })[];
}

/** The seeds that a mean is over; where one is missing there is no mean. */
const SEEDS = [0, 1, 2];

/** Rows by experiment. */
export type ClaimRows = ReadonlyMap<string, readonly Row[]>;

/**
 * The rows of files that claims can be held against: those made with the paper's options. Where two
 * files of one experiment hold the same row, the one with the shorter name counts.
 *
 * @param files Ours or the published ones.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { claimRows } from "./claims.ts";
 *
 * const rows = [{ method: "dl_fista", seed: 0 }, { method: "fista_oracle", seed: 0 }];
 * const options = { maxSteps: 5000 };
 * const found = claimRows([{ name: "exp_vary_latents.json", rows, options }]);
 * assert.deepEqual(found.get("exp_vary_latents")?.map(({ method }) => method), ["fista_oracle"]);
 * ```
 */
export function claimRows(files: readonly RowFile[]): ClaimRows {
  const found = new Map<string, Map<string, Row>>();
  for (const file of files.toSorted((a, b) => a.name.length - b.name.length)) {
    const experiment = experimentOf(file.name);
    if (experiment === undefined) continue;
    const today = { ...file, rows: file.rows.map(asToday) };
    for (const [i, row] of today.rows.entries()) {
      if (otherwiseMadeIn(today, i) !== undefined) continue;
      const known = found.get(experiment) ?? new Map<string, Row>();
      found.set(experiment, known);
      const key = JSON.stringify(Object.entries(row).filter(([c]) => isSetting(c)).toSorted());
      if (!known.has(key)) known.set(key, row);
    }
  }
  return new Map([...found].map(([name, rows]) => [name, [...rows.values()]]));
}

/**
 * Holds claims against rows. A claim holds where every case of its conditions does, and does not hold
 * where none does; where some do and others do not it holds in part, whatever rows are still missing.
 * Otherwise it is not decided until all are there.
 *
 * @param claims The claims.
 * @param rows From {@linkcode claimRows}.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { judgeClaims } from "./claims.ts";
 *
 * const series = { experiment: "exp_toy", method: "coin", metric: "mcc_iid", where: { k: 2 } };
 * const condition = { says: "MCC", is: "at least", threshold: 0.5, why: "half" } as const;
 * const [judged] = judgeClaims([{
 *   id: "coin",
 *   says: "coins are fair",
 *   source: "a friend",
 *   figure: "toy",
 *   conditions: [{ ...condition, cases: [{ at: "k = 2", terms: [[1, series]] }] }],
 * }], new Map());
 * assert.equal(judged.verdict, "not decided");
 * assert.deepEqual(judged.missing, ["deno task exp:toy --paper --k 2"]);
 * ```
 */
export function judgeClaims(claims: readonly Claim[], rows: ClaimRows): JudgedClaim[] {
  return claims.map(({ conditions, asides = [], ...claim }) => ({
    ...claim,
    ...judgeConditions(conditions, rows),
    commands: commandsFor(conditions.flatMap(seriesOf)),
    asides: asides.map(({ says, conditions }) => ({ says, ...judgeConditions(conditions, rows) })),
  }));
}

/**
 * Holds conditions against rows.
 *
 * @param conditions All must be met.
 * @param rows From {@linkcode claimRows}.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { judgeConditions } from "./claims.ts";
 *
 * assert.equal(judgeConditions([], new Map()).verdict, "not decided");
 * ```
 */
export function judgeConditions(conditions: readonly Condition[], rows: ClaimRows): Judgement {
  const judged = conditions.map((condition): JudgedCondition => ({
    ...condition,
    cases: condition.cases.map(({ at, terms }) => {
      let value = 0;
      for (const [weight, series] of terms) {
        const mean = meanOf(series, rows);
        if (mean === undefined) return { at };
        value += weight * mean;
      }
      const { is, threshold } = condition;
      return { at, value, holds: is === "at least" ? value >= threshold : value <= threshold };
    }),
  }));
  const missing = conditions.flatMap(seriesOf).filter((series) =>
    meanOf(series, rows) === undefined
  );
  const outcomes = judged.flatMap(({ cases }) => cases).map(({ holds }) => holds);
  const [yes, no, open] = [true, false, undefined].map((is) => outcomes.includes(is));
  return {
    verdict: yes && no
      ? "holds in part"
      : open || outcomes.length === 0
      ? "not decided"
      : yes
      ? "holds"
      : "does not hold",
    conditions: judged,
    missing: commandsFor(missing),
  };
}

const seriesOf = ({ cases }: Condition): Series[] =>
  cases.flatMap(({ terms }) => terms.map(([, series]) => series));

/** The mean over the seeds; undefined where a row is missing, or there are several. */
function meanOf({ experiment, method, metric, where, best }: Series, all: ClaimRows) {
  const rows = (all.get(experiment) ?? []).filter((row) =>
    (row.method ?? row.sae_type) === method &&
    Object.entries(where).every(([column, value]) =>
      row[column] === undefined || row[column] === value
    )
  );
  const groups = best === undefined
    ? [rows]
    : best.values.map((value) => rows.filter((row) => row[best.column] === value));
  const means = groups.flatMap((group) => {
    const values = SEEDS.flatMap((seed) => {
      const [row, ...others] = group.filter((row) => row.seed === seed);
      const value = row?.[metric];
      return others.length === 0 && typeof value === "number" && Number.isFinite(value)
        ? [value]
        : [];
    });
    return values.length === SEEDS.length ? [meanAndSd(values).mean] : [];
  });
  // the best of some values need not be that of all
  return means.length === groups.length ? Math.max(...means) : undefined;
}

/** The flags of columns that a grid can be narrowed by. */
const FLAGS: Readonly<Record<string, string>> = { num_latents: "n", k: "k", n_samples: "samples" };

/** Columns that an experiment's grid has no flag for. */
const FIXED: Readonly<Record<string, readonly string[]>> = {
  exp_vary_latents: ["k", "n_samples"],
  exp_frozen_decoder: ["k", "n_samples"],
  exp_vary_samples: ["k"],
  exp_vary_sparsity: ["n_samples"],
  exp_sample_frontier: ["k", "n_samples"],
};

/** One command per experiment, with the values that the series need. */
function commandsFor(series: readonly Series[]): string[] {
  const byCommand = Map.groupBy(
    series,
    ({ experiment, flags }) =>
      `${taskName(experiment.replace(/_diagnostics$/, ""))} --paper${flags ? ` ${flags}` : ""}`,
  );
  return [...byCommand].map(([command, group]) => {
    const fixed = FIXED[group[0].experiment] ?? [];
    const narrowed = Object.entries(FLAGS).flatMap(([column, flag]) => {
      const values = new Set(group.flatMap(({ where }) => where[column] ?? []));
      return values.size > 0 && !fixed.includes(column)
        ? [` --${flag} ${[...values].toSorted((a, b) => a - b).join(",")}`]
        : [];
    });
    return `deno task ${command}${narrowed.join("")}`;
  });
}
