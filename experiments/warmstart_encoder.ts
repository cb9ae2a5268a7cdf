/**
 * Warm starts from the encoder: are an autoencoder's codes at least a good start? FISTA on its decoder
 * from zero (cold) and from its codes (warm), after 1 to `--fista-iters` iterations; after 0, the
 * codes themselves.
 *
 * `deno task exp:warmstart-encoder --help`
 */
import { checkpointsUpTo } from "../lib/paper/checkpoints.ts";
import { controlledExperiment, oracle } from "../lib/paper/controlled.ts";
import * as costs from "../lib/paper/estimates.ts";
import type { SplitCodes } from "../lib/paper/instance.ts";
import { paperFigures } from "../lib/paper/paper_figures.ts";
import { fistaCheckpoints } from "../lib/sparse_coding.ts";
import { main } from "../lib/sweep.ts";
import { inShares } from "../lib/sweep/progress.ts";

/** The experiment, for the sweep engine. */
export const experiment = controlledExperiment({
  name: "exp_warmstart_encoder",
  description:
    "FISTA on the decoders of autoencoders, from zero and from their codes, over iterations.",
  options: { fistaIters: { default: 500 } },
  summary: { by: ["method", "n_iter"] },
  series: ({ fistaIters }) => checkpointsUpTo(fistaIters).length,
  figures: paperFigures,

  perType: {
    cost: (setting, { fistaIters }) => 2 * costs.fista(setting, fistaIters),
    scored: ({ fistaIters }) => 2 * checkpointsUpTo(fistaIters).length + 1,
    run({ type, model: { sae, codes, unbiased }, instance: { setting }, options, row, progress }) {
      const { lambda, fistaIters } = options, checkpoints = checkpointsUpTo(fistaIters);
      // of each start: both splits, then the scores of all checkpoints
      const split = costs.fista(setting, fistaIters) / 2;
      const parts = [split, split, checkpoints.length * costs.scoring(setting)];
      const shares = inShares(progress, [...parts, ...parts]);
      /** One run passes through all checkpoints. */
      const rowsFrom = (
        method: string,
        [oodDone, idDone, scored]: typeof shares,
        start?: SplitCodes,
      ) => {
        const codesFrom = (X: typeof unbiased.id, zInit?: SplitCodes["codesId"]) =>
          fistaCheckpoints(X, sae.dictionary, { lambda, checkpoints, nonneg: true, zInit });
        const codesOod = codesFrom(unbiased.ood, start?.codesOod);
        oodDone(1);
        const codes = codesFrom(unbiased.id, start?.codesId);
        idDone(1);
        return codes.map((codesId, i) => {
          scored(i / checkpoints.length);
          return row(method, { codesId, codesOod: codesOod[i] }, { n_iter: checkpoints[i] });
        });
      };
      const cold = rowsFrom(`cold_${type}`, shares.slice(0, 3));
      const warm = rowsFrom(`warm_${type}`, shares.slice(3), codes);
      return [
        row(`warm_${type}`, codes, { n_iter: 0 }),
        ...checkpoints.flatMap((_, i) => [cold[i], warm[i]]),
      ];
    },
  },
  once: oracle({ tags: ({ fistaIters }) => ({ n_iter: fistaIters }) }),
});

if (import.meta.main) await main(experiment, import.meta.url);
