/**
 * Sensitivity to λ: does sparse coding only win because its one parameter was chosen well? FISTA with
 * the true dictionary and on each autoencoder's decoder, for weights of the L1 norm over three
 * orders of magnitude, beside the autoencoder's codes, which have none (lam = −1).
 *
 * `deno task exp:lambda-sensitivity --help`
 */
import { controlledExperiment, type Work } from "../lib/paper/controlled.ts";
import * as costs from "../lib/paper/estimates.ts";
import type { Observations } from "../lib/paper/instance.ts";
import { paperFigures } from "../lib/paper/paper_figures.ts";
import type { Setting } from "../lib/paper/settings.ts";
import type { Matrix } from "../lib/matrix.ts";
import { fistaLambdas } from "../lib/sparse_coding.ts";
import { main, type Row } from "../lib/sweep.ts";

const LAMBDAS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.2, 0.5, 1, 2];

/** What stands for λ in the rows of methods that have none. */
const NO_LAMBDA = -1;

/** The options that a series over λ needs. */
interface Options {
  lambda: number[];
  fistaIters: number;
}

/** The experiment, for the sweep engine. */
export const experiment = controlledExperiment({
  name: "exp_lambda_sensitivity",
  description: "FISTA on the true dictionary and on the decoders of autoencoders, over λ.",
  options: { lambda: { default: LAMBDAS, axis: false } },
  summary: { by: ["method", "lam"] },
  series: ({ lambda }) => lambda.length,
  figures: paperFigures,

  perType: {
    cost: costOfSeries,
    scored: ({ lambda }) => lambda.length + 1,
    run: ({ type, model: { sae, codes, unbiased }, ...work }) => [
      work.row(`sae_${type}`, codes, { lam: NO_LAMBDA }),
      ...overLambda(`frozen_${type}`, sae.dictionary, unbiased, work),
    ],
  },
  once: {
    cost: costOfSeries,
    scored: ({ lambda }) => lambda.length,
    run: (work) => {
      const { data: { A }, observations } = work.instance;
      return overLambda("fista_oracle", A, observations, work);
    },
  },
});

function costOfSeries(setting: Setting, { lambda, fistaIters }: Options): number {
  return lambda.length * costs.fista(setting, fistaIters);
}

/** One row per λ, of FISTA with a dictionary. */
function overLambda(
  method: string,
  D: Matrix,
  { id, ood }: Observations,
  { options, row }: Pick<Work<Options>, "options" | "row">,
): Row[] {
  const { lambda: lambdas, fistaIters: nIter } = options;
  const codesOod = fistaLambdas(ood, D, { lambdas, nIter, nonneg: true });
  return fistaLambdas(id, D, { lambdas, nIter, nonneg: true }).map((codesId, i) =>
    row(method, { codesId, codesOod: codesOod[i] }, { lam: lambdas[i] })
  );
}

if (import.meta.main) await main(experiment, import.meta.url);
