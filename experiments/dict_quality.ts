/**
 * Dictionary quality: is it the SAE's encoder that fails out of distribution, or its dictionary?
 *
 * On one data set per seed, the four SAEs are trained; then their encoders are thrown away and
 * FISTA infers codes with their decoders instead: as they are (frozen), with unit columns
 * (renormed), and with the norms of the true columns that they match (oracle_norms). FISTA with the
 * true dictionary (fista_oracle) shows what a good dictionary would give. The diagnostics tell how
 * close each decoder is to the true dictionary.
 *
 * `deno task exp:dict-quality --help`
 */
import { controlledExperiment, oracle } from "../lib/paper/controlled.ts";
import * as costs from "../lib/paper/estimates.ts";
import { infer } from "../lib/paper/instance.ts";
import { paperFigures } from "../lib/paper/paper_figures.ts";
import { type Matrix, normalizeColumns } from "../lib/matrix.ts";
import { matchColumns, replaceColumnNorms } from "../lib/metrics.ts";
import { main } from "../lib/sweep.ts";

/** The experiment, for the sweep engine. */
export const experiment = controlledExperiment({
  name: "exp_dict_quality",
  description:
    "FISTA on the decoders of trained SAEs, as they are and with corrected column norms,\n" +
    "against FISTA on the true dictionary: how good are the dictionaries that SAEs learn?",
  options: { n: { default: [50, 100] } },
  diagnostics: true,
  figures: paperFigures,

  perType: {
    cost: (setting, { fistaIters }) => 3 * costs.fista(setting, fistaIters),
    scored: 3,
    run({ type, model: { sae, unbiased }, instance: { data: { A } }, options, row }) {
      const decoder = sae.dictionary, match = matchColumns(decoder, A);
      const codesOn = (D: Matrix) =>
        infer(D, unbiased, { lambda: options.lambda, nIter: options.fistaIters });
      return {
        rows: [
          row(`frozen_${type}`, codesOn(decoder)),
          row(`renormed_${type}`, codesOn(normalizeColumns(decoder))),
          row(`oracle_norms_${type}`, codesOn(replaceColumnNorms(decoder, A, match))),
        ],
        diagnostics: [{
          sae_type: type,
          mean_cosine: match.meanCosine,
          mean_angular_error: match.meanAngularError,
          mean_norm_ratio: match.meanNormRatio,
          frac_close: match.fracClose,
        }],
      };
    },
  },
  once: oracle(),
});

if (import.meta.main) await main(experiment, import.meta.url);
