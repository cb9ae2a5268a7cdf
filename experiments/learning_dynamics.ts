/**
 * Learning dynamics: when do dictionaries come close to the true one? Every tenth epoch of the
 * autoencoders' training and every tenth round of DL-FISTA: how well the atoms match the true ones,
 * the error of the reconstruction, and the number of active codes.
 *
 * The autoencoders' side was recorded when the cached models were trained.
 *
 * `deno task exp:learning-dynamics --help`
 */
import { controlledExperiment } from "../lib/paper/controlled.ts";
import * as costs from "../lib/paper/estimates.ts";
import { roundsIn } from "../lib/paper/inference_methods.ts";
import { paperFigures } from "../lib/paper/paper_figures.ts";
import { learnDictionary } from "../lib/dictionary_learning.ts";
import { matchColumns } from "../lib/metrics.ts";
import { main, type Row } from "../lib/sweep.ts";

/** Rounds between two records; the last round has one too. */
const RECORD_EVERY = 10;

/** The experiment, for the sweep engine. */
export const experiment = controlledExperiment({
  name: "exp_learning_dynamics",
  description: "The dictionaries of autoencoders and of DL-FISTA while they are learned.",
  options: { maxSteps: { default: 10_000, paper: 50_000 } },
  summary: { metrics: ["mean_cosine", "frac_close", "mean_norm_ratio", "mse_iid", "l0_iid"] },
  figures: paperFigures,

  perType: {
    scored: 0,
    run: ({ type, model: { history } }) =>
      history.map((record) => ({
        method: `sae_${type}`,
        epoch: record.epoch,
        mean_cosine: record.meanCosine,
        frac_close: record.fracClose,
        mean_norm_ratio: record.meanNormRatio,
        mse_iid: record.mseId,
        l0_iid: record.l0Id,
      })),
  },

  once: {
    cost: (setting, { maxSteps, fistaIters }) =>
      costs.dictionaryLearning(setting, roundsIn(maxSteps), fistaIters),
    scored: 0,
    run({ instance: { setting, data, observations }, options, progress }) {
      const rows: Row[] = [], rounds = roundsIn(options.maxSteps);
      learnDictionary(observations.id, observations.ood, {
        numLatents: setting.width,
        lambda: options.lambda,
        rounds,
        nIter: options.fistaIters,
        seed: setting.seed,
        onRound({ round, entry, dictionary }) {
          progress(round / rounds);
          // the round in which the dictionary has settled has no entry
          if (!entry || (round % RECORD_EVERY !== 1 && round !== rounds)) return;
          const { meanCosine, fracClose, meanNormRatio } = matchColumns(dictionary, data.A);
          rows.push({
            method: "dl_fista",
            round: round - 1,
            mean_cosine: meanCosine,
            frac_close: fracClose,
            mean_norm_ratio: meanNormRatio,
            mse_iid: entry.mseId,
            l0_iid: entry.l0Id,
          });
        },
      });
      return rows;
    },
  },
});

if (import.meta.main) await main(experiment, import.meta.url);
