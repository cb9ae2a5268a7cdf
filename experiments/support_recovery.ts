/**
 * Support recovery: do autoencoders pick the wrong latents, or the right ones with wrong magnitudes?
 *
 * Beside each autoencoder's codes, the best magnitudes on their support (support_lstsq) and FISTA on
 * the decoder, which chooses support and magnitudes anew (fista+). The diagnostics compare the
 * supports with the true ones, on the latents that the decoder's columns match.
 *
 * `deno task exp:support-recovery --help`
 */
import * as costs from "../lib/paper/estimates.ts";
import type { Experiment, Row } from "../lib/sweep.ts";
import {
  type ColumnMatch,
  matchColumns,
  reestimateMagnitudes,
  supportMetrics,
} from "../lib/metrics.ts";
import type { Matrix } from "../lib/matrix.ts";
import { infer, Instance, type SplitCodes } from "../lib/paper/instance.ts";
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
  name: "exp_support_recovery",
  description:
    "The codes of autoencoders against the best magnitudes on their supports, and FISTA.",
  options: paperOptions(CONTROLLED_OPTIONS),
  diagnostics: true,
  summary: { by: ["method"], metrics: SCORES },

  cells: ({ n, seeds, epochs, fistaIters }) =>
    controlledCells(
      { n, seeds },
      (instance) =>
        PAPER_SAE_TYPES.length *
        (costs.training(instance, epochs) + costs.fista(instance, fistaIters)),
      13,
    ),

  run({ key }, { options: { epochs, lambda, fistaIters }, cache, progress }) {
    const instance = new Instance(settingOf(key), { epochs, cache });
    const { data: { A, val, ood }, observations } = instance;
    const row = (method: string, codes: SplitCodes): Row => ({
      ...instance.score(codes),
      method,
      ...key,
    });

    const rows: Row[] = [], diagnostics: Row[] = [];
    const shares = inShares(progress, PAPER_SAE_TYPES.map(() => 1));
    PAPER_SAE_TYPES.forEach((type, t) => {
      const { sae, codes, unbiased } = instance.model(type, (share) => shares[t](0.8 * share));
      const D = sae.dictionary;
      const onSupport = (X: Matrix, Z: Matrix) => reestimateMagnitudes(X, D, Z);
      rows.push(row(`sae_${type}`, codes));
      rows.push(row(`support_lstsq_${type}`, {
        codesId: onSupport(unbiased.id, codes.codesId),
        codesOod: onSupport(unbiased.ood, codes.codesOod),
      }));
      rows.push(row(`fista+${type}`, infer(D, unbiased, { lambda, nIter: fistaIters })));

      const match = matchColumns(D, A);
      diagnostics.push({
        sae_type: type,
        ...supportColumns(val.Z, codes.codesId, match, "iid"),
        ...supportColumns(ood.Z, codes.codesOod, match, "ood"),
        ...key,
      });
      shares[t](1);
    });
    rows.push(row("fista_oracle", infer(A, observations, { lambda, nIter: fistaIters })));
    return { rows, diagnostics };
  },

  async figures(rows, diagnostics) {
    const { figureSets } = await import("../lib/paper/figure_sets.ts");
    return figureSets.exp_support_recovery(rows, diagnostics);
  },
};

/** How well a support agrees with the true one, as columns of a diagnostics row. */
function supportColumns(Z: Matrix, codes: Matrix, match: ColumnMatch, split: string): Row {
  const { precision, recall, f1, gtL0, predL0, predTotalL0 } = supportMetrics(Z, codes, match);
  return {
    [`precision_${split}`]: precision,
    [`recall_${split}`]: recall,
    [`f1_${split}`]: f1,
    [`gt_l0_${split}`]: gtL0,
    [`pred_l0_${split}`]: predL0,
    [`pred_total_l0_${split}`]: predTotalL0,
  };
}

if (import.meta.main) await main(experiment, import.meta.url);
