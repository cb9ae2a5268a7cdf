/**
 * Which rows were made as the paper's: a row counts beside a published one, or for a claim, only where
 * it was.
 * @module
 */
import type { Row } from "../results.ts";

/** The paper's numbers of passes, steps and iterations, and its λ, by the names of our options. */
const PAPER = { epochs: 500, maxSteps: 50_000, lambda: 0.1, fistaIters: 100 } as const;

/** The paper's settings of the learners that rows name where theirs are others. */
const PAPER_COLUMNS = { steps: 50_000, rounds: 1000 } as const;

const SAE = /(^|[_+])(relu|topk|jumprelu|MP)$/;
const LEARNERS = /^(dl_fista|softplus_adam)$/;
/** What no FISTA is part of. */
const NO_FISTA = /^(linear_probe|softplus_adam|sae_.+|support_lstsq_.+|relu|topk|jumprelu|MP)$/;

/**
 * How a row was made otherwise than the paper's of its method and setting: with fewer steps, say. A
 * number that stands in the row counts before the options of the run; what a column of the setting
 * tells (λ, iterations, updates, rounds of a training) needs no option.
 *
 * @param row A row of ours.
 * @param options The options in its provenance file; rows without one are taken at their word.
 * @param expected What they are to be. Default: the paper's.
 * @returns Words such as `maxSteps 5000 instead of 50000`, or undefined where nothing differs.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { otherwiseMade } from "./paper_options.ts";
 *
 * const options = { epochs: 500, maxSteps: 5000, lambda: 0.1, fistaIters: 100 };
 * assert.equal(otherwiseMade({ method: "dl_fista" }, options), "maxSteps 5000 instead of 50000");
 * assert.equal(otherwiseMade({ method: "fista_oracle" }, options), undefined);
 * assert.equal(otherwiseMade({ method: "dl_fista", rounds: 40 }), "rounds 40 instead of 1000");
 * ```
 */
export function otherwiseMade(
  row: Row,
  options: Readonly<Record<string, unknown>> = {},
  expected: Readonly<Record<string, unknown>> = PAPER,
): string | undefined {
  const method = String(row.method ?? row.sae_type);
  for (const [column, usual] of Object.entries(PAPER_COLUMNS)) {
    if (row[column] !== undefined && row[column] !== usual) {
      return `${column} ${row[column]} instead of ${usual}`;
    }
  }
  const relevant: Record<keyof typeof PAPER, boolean> = {
    epochs: SAE.test(method),
    maxSteps: LEARNERS.test(method) && row.round === undefined,
    lambda: (method === "softplus_adam" || !NO_FISTA.test(method)) && row.lam === undefined,
    fistaIters: !NO_FISTA.test(method) && row.n_iter === undefined && row.n_outer === undefined,
  };
  for (const name of Object.keys(PAPER) as (keyof typeof PAPER)[]) {
    const usual = expected[name];
    const value = name === "maxSteps" && method === "softplus_adam"
      ? options.softplusSteps ?? options[name]
      : options[name];
    if (relevant[name] && value !== undefined && usual !== undefined && value !== usual) {
      return `${name} ${value} instead of ${usual}`;
    }
  }
  return undefined;
}
