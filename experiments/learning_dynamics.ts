/**
 * Learning dynamics: when do dictionaries come close to the true one? Every tenth epoch of the
 * autoencoders' training and every tenth round of DL-FISTA, or of the path learner where
 * `--methods dl_path` asks for it: how well the atoms match the true ones,
 * the error of the reconstruction, and the number of active codes.
 *
 * What the cache has was recorded when it was made.
 *
 * `deno task exp:learning-dynamics --help`
 */
import { controlledExperiment } from "../lib/paper/controlled.ts";
import * as costs from "../lib/paper/estimates.ts";
import { roundsIn } from "../lib/paper/inference_methods.ts";
import { paperFigures } from "../lib/paper/paper_figures.ts";
import { type DictionaryRecord, isRecorded } from "../lib/paper/cached_dictionary.ts";
import type { Matrix } from "../lib/matrix.ts";
import type { Instance } from "../lib/paper/instance.ts";
import type { PaperSaeType } from "../lib/paper/sae_types.ts";
import { closenessOf } from "../lib/paper/records.ts";
import { mostRounds, pathDictionary, type PathRound } from "../lib/path_dictionary.ts";
import { main, type Row, someOrNone, UsageError } from "../lib/sweep.ts";

/** What a learner is run with. */
interface Options {
  maxSteps: number;
  lambda: number;
  fistaIters: number;
}

/** Runs a learner, which tells what share of its work is done, and returns its records. */
type Learner = (
  instance: Instance,
  options: Options,
  progress: (share: number) => void,
) => DictionaryRecord[];

const LEARNERS: Record<string, Learner> = {
  dl_fista(instance, { lambda, maxSteps, fistaIters }, progress) {
    const rounds = roundsIn(maxSteps);
    return instance.dlFista({
      ...{ lambda, rounds, nIter: fistaIters },
      onRound: (done) => progress(done / rounds),
    }).records;
  },
  dl_path({ setting, observations, data: { A } }, _options, progress) {
    const { width, seed, inputDim } = setting;
    const settings = { numLatents: width, seed };
    const most = mostRounds(observations.id.rows, inputDim, settings);
    const records: DictionaryRecord[] = [];
    const record = (D: Matrix, round: number, { meanSquare, codesPerSample }: PathRound) =>
      records.push({
        ...{ round: round - 1, ...closenessOf(D, A) },
        ...{ mseId: meanSquare, l0Id: codesPerSample },
      });
    const { dictionary, history } = pathDictionary(observations.id, {
      ...settings,
      onProgress(entry, dictionary) {
        progress(0.99 * entry.round / most);
        if (isRecorded(entry.round, false)) record(dictionary(), entry.round, entry);
      },
    });
    // after the last pruning, which is no round
    record(dictionary, history.length + 1, history.at(-1)!);
    progress(1);
    return records;
  },
};

/** For `--methods`: the autoencoders alone, and how the result files have it. */
const NONE = "none";

/** For `--methods`. */
const someLearners = someOrNone(Object.keys(LEARNERS));

/** The learners that run: one unless `--methods` says otherwise. */
function chosen({ methods = ["dl_fista"], types }: Choices): [string, Learner][] {
  const learners = Object.entries(LEARNERS).filter(([id]) => methods.includes(id));
  if (learners.length === 0 && types?.length === 0) {
    throw new UsageError("--methods and --types must not both be none");
  }
  return learners;
}

/** What runs, where it is said. */
interface Choices {
  methods?: readonly string[];
  types?: readonly PaperSaeType[];
}

/** The columns of a record, beside the number of its epoch or round. */
function columnsOf(
  { meanCosine, fracClose, meanNormRatio, mseId, l0Id }: Omit<DictionaryRecord, "round">,
): Row {
  return {
    ...{ mean_cosine: meanCosine, frac_close: fracClose, mean_norm_ratio: meanNormRatio },
    ...{ mse_iid: mseId, l0_iid: l0Id },
  };
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
        ...columnsOf(record),
      })),
  },

  once: {
    cost: (setting, { maxSteps, fistaIters, ...choices }) =>
      chosen(choices).reduce(
        (sum, [id]) =>
          sum + (id === "dl_path"
            ? costs.pathDictionary(setting)
            : costs.dictionaryLearning(setting, roundsIn(maxSteps), fistaIters)),
        0,
      ),
    scored: 0,
    run({ instance, options, progress }) {
      const learners = chosen(options);
      return learners.flatMap(([method, learn], done) =>
        learn(instance, options, (share) => progress((done + share) / learners.length))
          .map((record): Row => ({
            method,
            round: record.round,
            ...columnsOf(record),
          }))
      );
    },
  },
});

if (import.meta.main) await main(experiment, import.meta.url);
