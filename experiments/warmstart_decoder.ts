/**
 * Warm starts from the decoder: are an autoencoder's atoms at least a good start for dictionary
 * learning? DL-FISTA from a random dictionary (cold) and from the decoder (warm), after 1 round and
 * more, up to one for every fifty of `--max-steps`; after 0 rounds, FISTA on the decoder as it is.
 * Both see the observations without the decoder's bias.
 *
 * `deno task exp:warmstart-decoder --help`
 */
import { checkpointsUpTo } from "../lib/paper/checkpoints.ts";
import { controlledExperiment, type ControlledOptions, oracle } from "../lib/paper/controlled.ts";
import * as costs from "../lib/paper/estimates.ts";
import { roundsIn } from "../lib/paper/inference_methods.ts";
import { infer } from "../lib/paper/instance.ts";
import { paperFigures } from "../lib/paper/paper_figures.ts";
import { learnDictionary } from "../lib/dictionary_learning.ts";
import type { Matrix } from "../lib/matrix.ts";
import { main, type Row } from "../lib/sweep.ts";

/** FISTA iterations of the oracle. */
const ORACLE_ITERS = 500;

/** The experiment, for the sweep engine. */
export const experiment = controlledExperiment({
  name: "exp_warmstart_decoder",
  description:
    "DL-FISTA from a random dictionary and from the decoders of autoencoders, over rounds.",
  options: { maxSteps: { default: 5000, paper: 50_000 } },
  summary: { by: ["method", "n_outer"] },
  threaded: true,
  figures: paperFigures,

  perType: {
    cost: (setting, { maxSteps, fistaIters }) =>
      2 * costs.dictionaryLearning(setting, roundsIn(maxSteps), fistaIters),
    scored: ({ maxSteps }) => 2 * checkpointsUpTo(roundsIn(maxSteps)).length + 1,
    run({ type, model: { sae, unbiased }, instance: { setting }, options, row, progress }) {
      const { lambda, fistaIters: nIter } = options;
      const rounds = roundsIn(options.maxSteps), checkpoints = checkpointsUpTo(rounds);
      /** One run passes through all checkpoints; one that converges earlier stays as it is. */
      const rowsFrom = (method: string, dInit: Matrix | undefined, done: number): Row[] => {
        const rows: Row[] = [];
        const last = learnDictionary(unbiased.id, unbiased.ood, {
          numLatents: setting.width,
          lambda,
          rounds,
          nIter,
          seed: setting.seed,
          dInit,
          onRound({ round, codesId, codesOod }) {
            progress(done + 0.5 * round / rounds);
            if (!checkpoints.includes(round)) return;
            const codes = { codesId: codesId(), codesOod: codesOod() };
            rows.push(row(method, codes, { n_outer: round }));
          },
        });
        const rest = checkpoints.slice(rows.length);
        if (rest.length === 0) return rows;
        const settled = row(method, last);
        return [...rows, ...rest.map((n_outer) => ({ ...settled, n_outer }))];
      };

      const frozen = infer(sae.dictionary, unbiased, { lambda, nIter });
      const warm = rowsFrom(`warm_dl_${type}`, sae.dictionary, 0);
      const cold = rowsFrom(`cold_dl_${type}`, undefined, 0.5);
      return [
        row(`warm_dl_${type}`, frozen, { n_outer: 0 }),
        ...checkpoints.flatMap((_, i) => [warm[i], cold[i]]),
      ];
    },
  },
  once: oracle({
    iterations: () => ORACLE_ITERS,
    tags: ({ maxSteps }: ControlledOptions & { maxSteps: number }) => ({
      n_outer: roundsIn(maxSteps),
    }),
  }),
});

if (import.meta.main) await main(experiment, import.meta.url);
