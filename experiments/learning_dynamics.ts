/**
 * Learning dynamics: when do dictionaries come close to the true one? Every tenth epoch of the
 * autoencoders' training and every tenth round of DL-FISTA: how well the atoms match the true ones,
 * the error of the reconstruction, and the number of active codes.
 *
 * The autoencoders' side was recorded when the cached models were trained.
 *
 * `deno task exp:learning-dynamics --help`
 */
import * as costs from "../lib/paper/estimates.ts";
import { learnDictionary } from "../lib/dictionary_learning.ts";
import type { Experiment, Row } from "../lib/sweep.ts";
import { roundsIn } from "../lib/paper/inference_methods.ts";
import { matchColumns } from "../lib/metrics.ts";
import { Instance } from "../lib/paper/instance.ts";
import { paperOptions } from "../lib/paper/options.ts";
import {
  CONTROLLED_N,
  controlledCells,
  SEEDS,
  type SettingColumns,
  settingOf,
} from "../lib/paper/settings.ts";
import { inShares } from "../lib/sweep/progress.ts";
import { PAPER_SAE_TYPES } from "../lib/paper/sae_types.ts";
import { main } from "../lib/sweep.ts";

/** Rounds between two records; the last round has one too. */
const RECORD_EVERY = 10;

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
  name: "exp_learning_dynamics",
  description: "The dictionaries of autoencoders and of DL-FISTA while they are learned.",
  options: paperOptions({
    n: CONTROLLED_N,
    seeds: SEEDS,
    epochs: { default: 500 },
    maxSteps: { default: 10_000, paper: 50_000 },
    lambda: { default: 0.1 },
    fistaIters: { default: 100 },
  }),
  summary: {
    by: ["method"],
    metrics: ["mean_cosine", "frac_close", "mean_norm_ratio", "mse_iid", "l0_iid"],
  },

  cells: ({ n, seeds, epochs, maxSteps, fistaIters }) =>
    controlledCells(
      { n, seeds },
      (instance) =>
        PAPER_SAE_TYPES.length * costs.training(instance, epochs) +
        costs.dictionaryLearning(instance, roundsIn(maxSteps), fistaIters),
      0,
    ),

  run({ key }, { options: { epochs, maxSteps, lambda, fistaIters }, cache, progress }) {
    const instance = new Instance(settingOf(key), { epochs, cache });
    const { data: { A }, observations: { id, ood } } = instance;
    const shares = inShares(progress, [...PAPER_SAE_TYPES, "dl_fista"].map(() => 1));

    const rows: Row[] = PAPER_SAE_TYPES.flatMap((type, t) =>
      instance.model(type, shares[t]).history.map((record) => ({
        method: `sae_${type}`,
        epoch: record.epoch,
        mean_cosine: record.meanCosine,
        frac_close: record.fracClose,
        mean_norm_ratio: record.meanNormRatio,
        mse_iid: record.mseId,
        l0_iid: record.l0Id,
        ...key,
      }))
    );
    const rounds = roundsIn(maxSteps);
    learnDictionary(id, ood, {
      numLatents: key.width,
      lambda,
      rounds,
      nIter: fistaIters,
      seed: key.seed,
      onRound({ round, entry, dictionary }) {
        shares[PAPER_SAE_TYPES.length](round / rounds);
        // the round in which the dictionary has settled has no entry
        if (!entry || (round % RECORD_EVERY !== 1 && round !== rounds)) return;
        const { meanCosine, fracClose, meanNormRatio } = matchColumns(dictionary, A);
        rows.push({
          method: "dl_fista",
          round: round - 1,
          mean_cosine: meanCosine,
          frac_close: fracClose,
          mean_norm_ratio: meanNormRatio,
          mse_iid: entry.mseId,
          l0_iid: entry.l0Id,
          ...key,
        });
      },
    });
    return { rows };
  },

  async figures(rows) {
    const { figureSets } = await import("../lib/paper/figure_sets.ts");
    return figureSets.exp_learning_dynamics(rows);
  },
};

if (import.meta.main) await main(experiment, import.meta.url);
