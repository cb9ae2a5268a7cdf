/**
 * Sensitivity to λ: does sparse coding only win because its one parameter was chosen well? FISTA with
 * the true dictionary and on each autoencoder's decoder, for weights of the L1 norm over three
 * orders of magnitude, beside the autoencoder's codes, which have none (lam = −1). With --lasso the same
 * dictionaries with the problem solved to a certified gap, which tells what FISTA's iterations leave.
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
import { lassoPath } from "../lib/lasso.ts";
import { registerMethod } from "../lib/methods.ts";
import { PAPER_SAE_TYPES } from "../lib/paper/sae_types.ts";
import { main, type Row } from "../lib/sweep.ts";

const LAMBDAS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.2, 0.5, 1, 2];

/** What stands for λ in the rows of methods that have none. */
const NO_LAMBDA = -1;

/** The options that a series over λ needs. */
interface Options {
  lambda: number[];
  fistaIters: number;
  lasso: boolean;
}

registerMethod({ id: "lasso_oracle", label: "Lasso, oracle dictionary", family: "sparse coding" });
for (const type of PAPER_SAE_TYPES) {
  registerMethod({ id: `lasso_${type}`, label: `Lasso, ${type}'s decoder`, family: "frozen" });
}

/** The experiment, for the sweep engine. */
export const experiment = controlledExperiment({
  name: "exp_lambda_sensitivity",
  description: "FISTA on the true dictionary and on the decoders of autoencoders, over λ.",
  options: {
    lambda: { default: LAMBDAS, axis: false },
    // the paper's rows are the same with it: files are not told apart by it
    lasso: {
      default: false,
      axis: true,
      about: "also solve the Lasso to a certified gap, in cells that are not done yet",
    },
  },
  summary: { by: ["method", "lam"] },
  series: ({ lambda }) => lambda.length,
  figures: paperFigures,

  perType: {
    cost: costOfSeries,
    scored: ({ lambda, lasso }) => lambda.length * (lasso ? 2 : 1) + 1,
    run: ({ type, model: { sae, codes, unbiased }, ...work }) => [
      work.row(`sae_${type}`, codes, { lam: NO_LAMBDA }),
      ...overLambda(`frozen_${type}`, sae.dictionary, unbiased, work),
      ...certified(`lasso_${type}`, sae.dictionary, unbiased, work),
    ],
  },
  once: {
    cost: costOfSeries,
    scored: ({ lambda, lasso }) => lambda.length * (lasso ? 2 : 1),
    run: (work) => {
      const { data: { A }, observations } = work.instance;
      return [
        ...overLambda("fista_oracle", A, observations, work),
        ...certified("lasso_oracle", A, observations, work),
      ];
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

/** One row per λ, of the Lasso solved with a dictionary, where it is wanted. */
function certified(
  method: string,
  D: Matrix,
  { id, ood }: Observations,
  { options, row }: Pick<Work<Options>, "options" | "row">,
): Row[] {
  if (!options.lasso) return [];
  const lambdas = [...new Set(options.lambda)].toSorted((a, b) => b - a);
  const path = { lambdas, nonneg: true, output: "dense" } as const;
  const codesId = lassoPath(id, D, path), codesOod = lassoPath(ood, D, path);
  return options.lambda.map((lam) => {
    const at = lambdas.indexOf(lam);
    return row(method, { codesId: codesId[at].codes, codesOod: codesOod[at].codes }, { lam });
  });
}

if (import.meta.main) await main(experiment, import.meta.url);
