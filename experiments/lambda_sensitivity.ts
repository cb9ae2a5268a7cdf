/**
 * Sensitivity to λ: does sparse coding only win because its one parameter was chosen well? FISTA with
 * the true dictionary and on each autoencoder's decoder, for weights of the L1 norm over three
 * orders of magnitude, beside the autoencoder's codes, which have none (lam = −1).
 *
 * `deno task exp:lambda-sensitivity --help`
 */
import * as costs from "../lib/paper/estimates.ts";
import type { Experiment, Row } from "../lib/sweep.ts";
import { fistaLambdas } from "../lib/sparse_coding.ts";
import type { Matrix } from "../lib/matrix.ts";
import { Instance, type Observations, type SplitCodes } from "../lib/paper/instance.ts";
import { paperOptions } from "../lib/paper/options.ts";
import {
  CONTROLLED_N,
  controlledCells,
  SCORES,
  SEEDS,
  type SettingColumns,
  settingOf,
} from "../lib/paper/settings.ts";
import { inShares } from "../lib/sweep/progress.ts";
import { PAPER_SAE_TYPES } from "../lib/paper/sae_types.ts";
import { main } from "../lib/sweep.ts";

const LAMBDAS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.2, 0.5, 1, 2];

/** What stands for λ in the rows of methods that have none. */
const NO_LAMBDA = -1;

interface Options {
  n: number[];
  seeds: number[];
  epochs: number;
  lambda: number[];
  fistaIters: number;
}

/** The experiment, for the sweep engine. */
export const experiment: Experiment<Options, SettingColumns> = {
  name: "exp_lambda_sensitivity",
  description: "FISTA on the true dictionary and on the decoders of autoencoders, over λ.",
  options: paperOptions({
    n: CONTROLLED_N,
    seeds: SEEDS,
    epochs: { default: 500 },
    lambda: { default: LAMBDAS, axis: false },
    fistaIters: { default: 100 },
  }),
  summary: { by: ["method", "lam"], metrics: SCORES },

  cells: ({ n, seeds, epochs, lambda, fistaIters }) =>
    controlledCells(
      { n, seeds },
      (instance) =>
        PAPER_SAE_TYPES.length * costs.training(instance, epochs) +
        (PAPER_SAE_TYPES.length + 1) * lambda.length * costs.fista(instance, fistaIters),
      (PAPER_SAE_TYPES.length + 1) * lambda.length + PAPER_SAE_TYPES.length,
      { series: lambda.length },
    ),

  run({ key }, { options: { epochs, lambda, fistaIters }, cache, progress }) {
    const instance = new Instance(settingOf(key), { epochs, cache });
    const row = (method: string, codes: SplitCodes, lam: number): Row => ({
      ...{ ...instance.score(codes), method },
      ...key,
      lam,
    });
    const overLambda = (method: string, D: Matrix, { id, ood }: Observations): Row[] => {
      const options = { lambdas: lambda, nIter: fistaIters, nonneg: true };
      const codesOod = fistaLambdas(ood, D, options);
      return fistaLambdas(id, D, options).map((codesId, i) =>
        row(method, { codesId, codesOod: codesOod[i] }, lambda[i])
      );
    };

    const shares = inShares(progress, PAPER_SAE_TYPES.map(() => 1));
    const rows = PAPER_SAE_TYPES.flatMap((type, t) => {
      const { sae, codes, unbiased } = instance.model(type, (share) => shares[t](0.8 * share));
      const ofType = [
        row(`sae_${type}`, codes, NO_LAMBDA),
        ...overLambda(`frozen_${type}`, sae.dictionary, unbiased),
      ];
      shares[t](1);
      return ofType;
    });
    return {
      rows: [...rows, ...overLambda("fista_oracle", instance.data.A, instance.observations)],
    };
  },

  async figures(rows) {
    const { figureSets } = await import("../lib/paper/figure_sets.ts");
    return figureSets.exp_lambda_sensitivity(rows);
  },
};

if (import.meta.main) await main(experiment, import.meta.url);
