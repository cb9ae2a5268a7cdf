/**
 * Learning dynamics: when do dictionaries come close to the true one? Every tenth epoch of the
 * autoencoders' training and every tenth round of DL-FISTA, or of the path learner where
 * `--methods dl_path` asks for it: how well the atoms match the true ones,
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
import type { Matrix } from "../lib/matrix.ts";
import { matchColumns } from "../lib/metrics.ts";
import type { Instance } from "../lib/paper/instance.ts";
import { mostRounds, pathDictionary, type PathRound } from "../lib/path_dictionary.ts";
import { listOf, main, oneOf, type Row } from "../lib/sweep.ts";

/** Rounds between two records; the last round has one too. */
const RECORD_EVERY = 10;

/** What a learner is run with. */
interface Options {
  maxSteps: number;
  lambda: number;
  fistaIters: number;
}

/** The state of a dictionary after a round, but for how close it is to the true one. */
interface State {
  dictionary: Matrix;
  mse_iid: number;
  l0_iid: number;
}

/**
 * Runs a learner, which tells after each round, from 1, what share of it is done (1 after the last) and its state,
 * where it has one.
 */
type Learner = (
  instance: Instance,
  options: Options,
  onRound: (round: number, share: number, state: () => State | undefined) => void,
) => void;

const LEARNERS: Record<string, Learner> = {
  dl_fista({ setting, observations }, { lambda, maxSteps, fistaIters }, onRound) {
    const rounds = roundsIn(maxSteps);
    learnDictionary(observations.id, observations.ood, {
      ...{ numLatents: setting.width, lambda, rounds, nIter: fistaIters, seed: setting.seed },
      onRound: ({ round, entry, dictionary }) =>
        // the round in which the dictionary has settled has no entry
        onRound(
          round,
          round / rounds,
          () => entry && { dictionary, mse_iid: entry.mseId, l0_iid: entry.l0Id },
        ),
    });
  },
  dl_path({ setting, observations }, _options, onRound) {
    const { width, seed, inputDim } = setting;
    const settings = { numLatents: width, seed };
    const most = mostRounds(observations.id.rows, inputDim, settings);
    const state = ({ meanSquare, codesPerSample }: PathRound) => ({
      ...{ mse_iid: meanSquare, l0_iid: codesPerSample },
    });
    const { dictionary, history } = pathDictionary(observations.id, {
      ...settings,
      onProgress: (entry, dictionary) =>
        onRound(
          entry.round,
          0.99 * entry.round / most,
          () => ({ dictionary: dictionary(), ...state(entry) }),
        ),
    });
    // after the last pruning, which is no round
    onRound(history.length + 1, 1, () => ({ dictionary, ...state(history.at(-1)!) }));
  },
};

/** For `--methods`: the autoencoders alone. */
const NONE = "none";

/** For `--methods`: at least one. */
const someLearners = listOf(oneOf(Object.keys(LEARNERS)));

/** The learners that run: one unless `--methods` says otherwise. */
function chosen(methods: readonly string[] = ["dl_fista"]): [string, Learner][] {
  return Object.entries(LEARNERS).filter(([id]) => methods.includes(id));
}

/** The experiment, for the sweep engine. */
export const experiment = controlledExperiment({
  name: "exp_learning_dynamics",
  description: "The dictionaries of autoencoders and of DL-FISTA while they are learned.",
  options: {
    maxSteps: { default: 10_000, paper: 50_000 },
    // without a default: files from before there was a choice go on
    methods: {
      default: undefined as string[] | undefined,
      about: `learners beside the autoencoders, or ${NONE} (default: dl_fista)`,
      kind: {
        ...someLearners,
        rule: `${someLearners.rule}, or "${NONE}" alone`,
        choices: [...Object.keys(LEARNERS), NONE],
        read: (text) => text === NONE ? [NONE] : someLearners.read(text),
      },
      axis: false,
    },
  },
  summary: { metrics: ["mean_cosine", "frac_close", "mean_norm_ratio", "mse_iid", "l0_iid"] },
  readsHistory: true,
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
    cost: (setting, { maxSteps, fistaIters, methods }) =>
      chosen(methods).reduce(
        (sum, [id]) =>
          sum + (id === "dl_path"
            ? costs.pathDictionary(setting)
            : costs.dictionaryLearning(setting, roundsIn(maxSteps), fistaIters)),
        0,
      ),
    scored: 0,
    run({ instance, options, progress }) {
      const rows: Row[] = [], learners = chosen(options.methods);
      learners.forEach(([method, learn], done) =>
        learn(instance, options, (round, share, state) => {
          progress((done + share) / learners.length);
          if (round % RECORD_EVERY !== 1 && share < 1) return;
          const { dictionary, ...numbers } = state() ?? {};
          if (!dictionary) return;
          const { meanCosine, fracClose, meanNormRatio } = matchColumns(
            dictionary,
            instance.data.A,
          );
          rows.push({
            ...{ method, round: round - 1, mean_cosine: meanCosine, frac_close: fracClose },
            ...{ mean_norm_ratio: meanNormRatio, ...numbers },
          });
        })
      );
      return rows;
    },
  },
});

if (import.meta.main) await main(experiment, import.meta.url);
