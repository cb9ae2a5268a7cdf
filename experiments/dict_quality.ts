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
import * as costs from "../lib/paper/estimates.ts";
import type { Experiment, Row } from "../lib/sweep.ts";
import { type Matrix, normalizeColumns } from "../lib/matrix.ts";
import { matchColumns, replaceColumnNorms } from "../lib/metrics.ts";
import { infer, Instance, type Observations } from "../lib/paper/instance.ts";
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
  name: "exp_dict_quality",
  description:
    "FISTA on the decoders of trained SAEs, as they are and with corrected column norms,\n" +
    "against FISTA on the true dictionary: how good are the dictionaries that SAEs learn?",
  options: paperOptions({
    ...CONTROLLED_OPTIONS,
    n: { ...CONTROLLED_OPTIONS.n, default: [50, 100] },
  }),
  diagnostics: true,
  summary: { by: ["method"], metrics: SCORES },

  cells: ({ n, seeds, epochs, fistaIters }) =>
    controlledCells(
      { n, seeds },
      (instance) =>
        PAPER_SAE_TYPES.length *
        (costs.training(instance, epochs) + 3 * costs.fista(instance, fistaIters)),
      3 * PAPER_SAE_TYPES.length + 1,
    ),

  run({ key }, { options: { epochs, lambda, fistaIters }, cache, progress }) {
    const instance = new Instance(settingOf(key), { epochs, cache });
    const { A } = instance.data;
    const row = (method: string, D: Matrix, observations: Observations): Row => {
      const codes = infer(D, observations, { lambda, nIter: fistaIters });
      return { ...instance.score(codes), method, ...key };
    };

    const rows: Row[] = [], diagnostics: Row[] = [];
    const shares = inShares(progress, PAPER_SAE_TYPES.map(() => 1));
    PAPER_SAE_TYPES.forEach((type, t) => {
      const { sae, unbiased } = instance.model(type, (share) => shares[t](0.8 * share));
      const decoder = sae.dictionary;
      const match = matchColumns(decoder, A);
      diagnostics.push({
        sae_type: type,
        mean_cosine: match.meanCosine,
        mean_angular_error: match.meanAngularError,
        mean_norm_ratio: match.meanNormRatio,
        frac_close: match.fracClose,
        ...key,
      });
      rows.push(
        row(`frozen_${type}`, decoder, unbiased),
        row(`renormed_${type}`, normalizeColumns(decoder), unbiased),
        row(`oracle_norms_${type}`, replaceColumnNorms(decoder, A, match), unbiased),
      );
      shares[t](1);
    });
    rows.push(row("fista_oracle", A, instance.observations));
    return { rows, diagnostics };
  },

  async figures(rows, diagnostics) {
    // not imported above: workers compute without the plotting library
    const { figureSets } = await import("../lib/paper/figure_sets.ts");
    return figureSets.exp_dict_quality(rows, diagnostics);
  },
};

if (import.meta.main) await main(experiment, import.meta.url);
