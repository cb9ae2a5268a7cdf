/**
 * Warm starts from the decoder: are an autoencoder's atoms at least a good start for dictionary
 * learning? DL-FISTA from a random dictionary (cold) and from the decoder (warm), after 1 round and
 * more, up to one for every fifty of `--max-steps`; after 0 rounds, FISTA on the decoder as it is.
 * Both see the observations without the decoder's bias.
 *
 * `deno task exp:warmstart-decoder --help`
 */
import { checkpointsUpTo } from "../lib/paper/checkpoints.ts";
import * as costs from "../lib/paper/estimates.ts";
import { learnDictionary } from "../lib/dictionary_learning.ts";
import type { Experiment, Row } from "../lib/sweep.ts";
import { roundsIn } from "../lib/paper/inference_methods.ts";
import type { Matrix } from "../lib/matrix.ts";
import { infer, Instance, type Observations, type SplitCodes } from "../lib/paper/instance.ts";
import { paperOptions } from "../lib/paper/options.ts";
import {
  CONTROLLED_N,
  controlledCells,
  SCORES,
  SEEDS,
  type SettingColumns,
  settingOf,
} from "../lib/paper/settings.ts";
import { inShares } from "../lib/sweep/progress.ts";
import { PAPER_SAE_TYPES } from "../lib/paper/sae_types.ts";
import { main } from "../lib/sweep.ts";

/** FISTA iterations of the oracle. */
const ORACLE_ITERS = 500;

interface Options {
  n: number[];
  seeds: number[];
  epochs: number;
  maxSteps: number;
  lambda: number;
  fistaIters: number;
}

/** The experiment, for the sweep engine. */
export const experiment: Experiment<Options, SettingColumns> = {
  name: "exp_warmstart_decoder",
  description:
    "DL-FISTA from a random dictionary and from the decoders of autoencoders, over rounds.",
  options: paperOptions({
    n: CONTROLLED_N,
    seeds: SEEDS,
    epochs: { default: 500 },
    maxSteps: { default: 5000, paper: 50_000 },
    lambda: { default: 0.1 },
    fistaIters: { default: 100 },
  }),
  summary: { by: ["method", "n_outer"], metrics: SCORES },

  cells: ({ n, seeds, epochs, maxSteps, fistaIters }) =>
    controlledCells(
      { n, seeds },
      (instance) =>
        PAPER_SAE_TYPES.length * (costs.training(instance, epochs) +
          2 * costs.dictionaryLearning(instance, roundsIn(maxSteps), fistaIters)),
      PAPER_SAE_TYPES.length * (2 * checkpointsUpTo(roundsIn(maxSteps)).length + 1) + 1,
      { threaded: true },
    ),

  run({ key }, { options: { epochs, maxSteps, lambda, fistaIters }, cache, progress }) {
    const instance = new Instance(settingOf(key), { epochs, cache });
    const rounds = roundsIn(maxSteps), budgets = checkpointsUpTo(rounds);
    const row = (method: string, codes: SplitCodes, n_outer: number): Row => ({
      ...{ ...instance.score(codes), method },
      ...key,
      n_outer,
    });
    /** One run passes through all budgets; one that converges earlier stays as it is. */
    const rowsOfRun = (
      method: string,
      { id, ood }: Observations,
      dInit: Matrix | undefined,
      report: (share: number) => void,
    ): Row[] => {
      const rows: Row[] = [];
      const last = learnDictionary(id, ood, {
        numLatents: key.width,
        lambda,
        rounds,
        nIter: fistaIters,
        seed: key.seed,
        dInit,
        onRound({ round, codesId, codesOod }) {
          report(round / rounds);
          if (!budgets.includes(round)) return;
          rows.push(row(method, { codesId: codesId(), codesOod: codesOod() }, round));
        },
      });
      const rest = budgets.slice(rows.length);
      return [...rows, ...(rest.length > 0 ? repeated(row(method, last, rest[0]), rest) : [])];
    };

    const shares = inShares(progress, PAPER_SAE_TYPES.map(() => 1));
    const rows = PAPER_SAE_TYPES.flatMap((type, t) => {
      const report = shares[t];
      const { sae, unbiased } = instance.model(type, (share) => report(0.2 * share));
      const frozen = infer(sae.dictionary, unbiased, { lambda, nIter: fistaIters });
      const warm = rowsOfRun(
        `warm_dl_${type}`,
        unbiased,
        sae.dictionary,
        (share) => report(0.2 + 0.4 * share),
      );
      const cold = rowsOfRun(
        `cold_dl_${type}`,
        unbiased,
        undefined,
        (share) => report(0.6 + 0.4 * share),
      );
      return [row(`warm_dl_${type}`, frozen, 0), ...budgets.flatMap((_, i) => [warm[i], cold[i]])];
    });
    const oracle = infer(instance.data.A, instance.observations, { lambda, nIter: ORACLE_ITERS });
    return { rows: [...rows, row("fista_oracle", oracle, rounds)] };
  },

  async figures(rows) {
    const { figureSets } = await import("../lib/paper/figure_sets.ts");
    return figureSets.exp_warmstart_decoder(rows);
  },
};

/** The same row for each of several budgets. */
function repeated(row: Row, budgets: readonly number[]): Row[] {
  return budgets.map((n_outer) => ({ ...row, n_outer }));
}

if (import.meta.main) await main(experiment, import.meta.url);
