/**
 * Support recovery: do autoencoders pick the wrong latents, or the right ones with wrong magnitudes?
 *
 * Beside each autoencoder's codes, the best magnitudes on their support (support_lstsq) and FISTA on
 * the decoder, which chooses support and magnitudes anew (fista+). The diagnostics compare the
 * supports with the true ones, on the latents that the decoder's columns match.
 *
 * `deno task exp:support-recovery --help`
 */
import { controlledExperiment, oracle } from "../lib/paper/controlled.ts";
import * as costs from "../lib/paper/estimates.ts";
import { infer } from "../lib/paper/instance.ts";
import { paperFigures } from "../lib/paper/paper_figures.ts";
import type { Matrix } from "../lib/matrix.ts";
import {
  type ColumnMatch,
  matchColumns,
  reestimateMagnitudes,
  supportMetrics,
} from "../lib/metrics.ts";
import { main, type Row } from "../lib/sweep.ts";

/** The experiment, for the sweep engine. */
export const experiment = controlledExperiment({
  name: "exp_support_recovery",
  description:
    "The codes of autoencoders against the best magnitudes on their supports, and FISTA.",
  diagnostics: true,
  figures: paperFigures,

  perType: {
    cost: (setting, { fistaIters }) => costs.fista(setting, fistaIters),
    scored: 3,
    run({ type, model: { sae, codes, unbiased }, instance, options, row }) {
      const { A, val, ood } = instance.data, D = sae.dictionary;
      const onSupport = {
        codesId: reestimateMagnitudes(unbiased.id, D, codes.codesId),
        codesOod: reestimateMagnitudes(unbiased.ood, D, codes.codesOod),
      };
      const anew = infer(D, unbiased, { lambda: options.lambda, nIter: options.fistaIters });
      const match = matchColumns(D, A);
      return {
        rows: [
          row(`sae_${type}`, codes),
          row(`support_lstsq_${type}`, onSupport),
          row(`fista+${type}`, anew),
        ],
        diagnostics: [{
          sae_type: type,
          ...supportColumns(val.Z, codes.codesId, match, "iid"),
          ...supportColumns(ood.Z, codes.codesOod, match, "ood"),
        }],
      };
    },
  },
  once: oracle(),
});

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
