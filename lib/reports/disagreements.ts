/**
 * How far files disagree with each other on the same configuration: what no comparison with them can
 * tell apart.
 * @module
 */
import { codeScores, experimentOf, type NamedRows, type Row, withTodaysNames } from "../results.ts";
import { toleranceOf } from "./tolerances.ts";

/** A method over all configurations of which several files hold a row. */
export interface Disagreement {
  /** Its id, the same whatever a file calls it. */
  method: string;
  /** Configurations in several files. */
  configurations: number;
  /** Per score, the median and the largest distance of two of their rows, and how many distances lie
   * outside the tolerance to which our rows are held. */
  scores: { metric: string; median: number; largest: number; outside: number }[];
}

/** What the same codes are called, by experiment: a pattern, what stands for it, and what tells them. */
const SAME: readonly [pattern: RegExp, method: string, at: Readonly<Record<string, number>>][] = [
  [/^(?:frozen|fista\+)_?(relu|topk|jumprelu|MP)$/, "fista+$1", {}],
  [/^cold_(relu|topk|jumprelu|MP)$/, "fista+$1", { n_iter: 100 }],
  [/^warm_dl_(relu|topk|jumprelu|MP)$/, "fista+$1", { n_outer: 0 }],
  [/^warm_(relu|topk|jumprelu|MP)$/, "sae_$1", { n_iter: 0 }],
  [/^sae_(relu|topk|jumprelu|MP)$/, "sae_$1", {}],
  [/^(linear_probe|fista_oracle|dl_fista|softplus_adam)$/, "$1", {}],
];

/** Columns that tell configurations apart, λ aside. */
const SETTING = ["num_latents", "k", "input_dim", "width", "n_samples", "seed"];

/**
 * Finds the configurations of which several files hold a row, and how far those are from each other.
 *
 * @param files Files of rows, in which the same codes go by the names that the paper's experiments give
 * them.
 * @returns One entry per method, in the order of {@linkcode SAME}; methods in one file only are left out.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { disagreements } from "./disagreements.ts";
 *
 * const setting = { num_latents: 50, k: 10, input_dim: 33, width: 50, n_samples: 5000, seed: 0 };
 * const [{ method, scores: [mcc] }] = disagreements([
 *   { name: "exp_vary_latents.json", rows: [{ method: "sae_MP", mcc_iid: 0.5, ...setting }] },
 *   {
 *     name: "exp_warmstart_encoder_n50.json",
 *     rows: [{ method: "warm_MP", n_iter: 0, mcc_iid: 0.625, ...setting }],
 *   },
 * ]);
 * assert.deepEqual([method, mcc.metric, mcc.largest], ["sae_MP", "mcc_iid", 0.125]);
 * ```
 */
export function disagreements(files: readonly NamedRows[]): Disagreement[] {
  const configurations = new Map<string, Map<string, Row>>();
  for (const { name, rows } of files) {
    const experiment = experimentOf(name);
    // its rows have 2000 samples and say it nowhere
    if (experiment === undefined || experiment === "exp_phase_transition") continue;
    for (const old of rows) {
      const row: Row = withTodaysNames(old), method = sameMethod(row, experiment);
      if (method === undefined) continue;
      const key = JSON.stringify([method, ...SETTING.map((column) => row[column] ?? null)]);
      const known = configurations.get(key) ?? new Map<string, Row>();
      configurations.set(key, known.set(name, row));
    }
  }
  const shared = [...configurations].filter(([, rows]) => rows.size > 1)
    .map(([key, rows]) => ({ method: JSON.parse(key)[0] as string, rows: [...rows.values()] }));
  return [...Map.groupBy(shared, ({ method }) => method)].map(([method, group]) => ({
    method,
    configurations: group.length,
    scores: codeScores.flatMap((metric) => {
      const distances = group.flatMap(({ rows }) => distancesOf(rows, metric))
        .toSorted((a, b) => a - b);
      if (distances.length === 0) return [];
      const tolerance = toleranceOf(method)!;
      const allowed = metric.startsWith("acc_") ? tolerance.accuracy : tolerance.score;
      return [{
        metric,
        median: distances[Math.floor(distances.length / 2)],
        largest: distances.at(-1)!,
        outside: distances.filter((distance) => distance > allowed).length,
      }];
    }),
  })).toSorted((a, b) => a.method < b.method ? -1 : 1);
}

/** The method whose codes a row scores; undefined where no other file has the same. */
function sameMethod(row: Row, experiment: string): string | undefined {
  const name = String(row.method);
  // λ of those that have one; −1 stands for none
  if (row.lam !== undefined && row.lam !== -1 && row.lam !== 0.1) return undefined;
  // the oracle of the warm starts has 500 iterations
  if (name === "fista_oracle" && /warmstart/.test(experiment)) return undefined;
  if (experiment === "exp_learning_dynamics") return undefined;
  const same = SAME.find(([pattern, , at]) =>
    pattern.test(name) && Object.entries(at).every(([column, value]) => row[column] === value)
  );
  return same && name.replace(same[0], same[1]);
}

/** The distances of all pairs. */
function distancesOf(rows: readonly Row[], metric: string): number[] {
  const values = rows.map((row) => row[metric]).filter((value) => typeof value === "number");
  return values.flatMap((a, i) => values.slice(0, i).map((b) => Math.abs(a - b)));
}
