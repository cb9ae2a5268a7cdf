/**
 * Warm starts from the encoder: are an autoencoder's codes at least a good start? FISTA on its decoder
 * from zero (cold) and from its codes (warm), after 1 to `--fista-iters` iterations; after 0, the
 * codes themselves.
 *
 * `deno task exp:warmstart-encoder --help`
 */
import { checkpointsUpTo } from "../lib/paper/checkpoints.ts";
import * as costs from "../lib/paper/estimates.ts";
import type { Experiment, Row } from "../lib/sweep.ts";
import { fistaCheckpoints } from "../lib/sparse_coding.ts";
import type { Matrix } from "../lib/matrix.ts";
import { infer, Instance, type Observations, type SplitCodes } from "../lib/paper/instance.ts";
import { paperOptions } from "../lib/paper/options.ts";
import {
  CONTROLLED_OPTIONS,
  controlledCells,
  type ControlledOptions,
  SCORES,
  type SettingColumns,
  settingOf,
} from "../lib/paper/settings.ts";
import { inShares } from "../lib/sweep/progress.ts";
import { PAPER_SAE_TYPES } from "../lib/paper/sae_types.ts";
import { main } from "../lib/sweep.ts";

/** The experiment, for the sweep engine. */
export const experiment: Experiment<ControlledOptions, SettingColumns> = {
  name: "exp_warmstart_encoder",
  description:
    "FISTA on the decoders of autoencoders, from zero and from their codes, over iterations.",
  options: paperOptions({ ...CONTROLLED_OPTIONS, fistaIters: { default: 500 } }),
  summary: { by: ["method", "n_iter"], metrics: SCORES },

  cells: ({ n, seeds, epochs, fistaIters }) =>
    controlledCells(
      { n, seeds },
      (instance) =>
        PAPER_SAE_TYPES.length *
        (costs.training(instance, epochs) + 2 * costs.fista(instance, fistaIters)),
      PAPER_SAE_TYPES.length * 2 * checkpointsUpTo(fistaIters).length + PAPER_SAE_TYPES.length + 1,
      { series: checkpointsUpTo(fistaIters).length },
    ),

  run({ key }, { options: { epochs, lambda, fistaIters }, cache, progress }) {
    const instance = new Instance(settingOf(key), { epochs, cache });
    const budgets = checkpointsUpTo(fistaIters);
    const row = (method: string, codes: SplitCodes, n_iter: number): Row => ({
      ...{ ...instance.score(codes), method },
      ...key,
      n_iter,
    });
    /** One run passes through all budgets. */
    const rowsOfRun = (
      method: string,
      D: Matrix,
      { id, ood }: Observations,
      start?: SplitCodes,
    ) => {
      const options = { lambda, checkpoints: budgets, nonneg: true };
      const codesOod = fistaCheckpoints(ood, D, { ...options, zInit: start?.codesOod });
      return fistaCheckpoints(id, D, { ...options, zInit: start?.codesId }).map((codesId, i) =>
        row(method, { codesId, codesOod: codesOod[i] }, budgets[i])
      );
    };

    const shares = inShares(progress, PAPER_SAE_TYPES.map(() => 1));
    const rows = PAPER_SAE_TYPES.flatMap((type, t) => {
      const { sae, codes, unbiased } = instance.model(type, (share) => shares[t](0.6 * share));
      const cold = rowsOfRun(`cold_${type}`, sae.dictionary, unbiased);
      shares[t](0.8);
      const warm = rowsOfRun(`warm_${type}`, sae.dictionary, unbiased, codes);
      shares[t](1);
      return [row(`warm_${type}`, codes, 0), ...budgets.flatMap((_, i) => [cold[i], warm[i]])];
    });
    const oracle = infer(instance.data.A, instance.observations, { lambda, nIter: fistaIters });
    return { rows: [...rows, row("fista_oracle", oracle, fistaIters)] };
  },

  async figures(rows) {
    const { figureSets } = await import("../lib/paper/figure_sets.ts");
    return figureSets.exp_warmstart_encoder(rows);
  },
};

if (import.meta.main) await main(experiment, import.meta.url);
