/**
 * The methods that the paper's sweeps compare, one entry each: how it finds codes, what that costs,
 * and which problems it declines.
 * @module
 */
import * as costs from "./estimates.ts";
import { learnDictionary } from "../dictionary_learning.ts";
import { linearProbe } from "../linear_probe.ts";
import { infer, type Instance, type Setting, type SplitCodes } from "./instance.ts";
import { PAPER_SAE_TYPES, type PaperSaeType } from "./sae_types.ts";
import { softplusAdam } from "../softplus_adam.ts";

/** Options that methods see; each is a flag of the experiment. */
export interface MethodOptions {
  /** Passes over the training samples of an autoencoder. */
  epochs: number;
  /** Steps of Softplus-Adam; fifty of them make a round of DL-FISTA. */
  maxSteps: number;
  /** Weight λ of the L1 norm. */
  lambda: number;
  /** FISTA iterations, in every round of DL-FISTA too. */
  fistaIters: number;
}

/** A way to find codes. */
export interface Method {
  /** Its name in result rows. */
  id: string;
  /** Whether threads share the work of a large problem; see threads.ts. */
  threaded?: boolean;
  /** Estimated time in seconds. */
  cost(parameters: Setting, options: MethodOptions): number;
  /** The most latents that it is asked to find, where there is a limit. */
  maxLatents?: number;
  /** Codes of the validation and the OOD samples. */
  infer(problem: Instance, options: MethodOptions, progress: (share: number) => void): SplitCodes;
}

/**
 * Rounds of DL-FISTA for a number of steps: one for fifty of them, and at least one.
 *
 * @example
 * ```ts
 * import { roundsIn } from "./inference_methods.ts";
 * roundsIn(50_000); // 1000
 * ```
 */
export function roundsIn(maxSteps: number): number {
  return Math.max(1, Math.floor(maxSteps / 50));
}

/** Ridge regression from observations to the true codes: the one method that sees them. */
export const linearProbeMethod: Method = {
  id: "linear_probe",
  cost: ({ nSamples, inputDim, numLatents }) =>
    1e-9 * nSamples * inputDim * (inputDim + numLatents),
  infer({ data: { train, val, ood } }) {
    const { predictions: [codesId, codesOod] } = linearProbe(train.Y, train.Z, [val.Y, ood.Y]);
    return { codesId, codesOod };
  },
};

/** FISTA with the true dictionary. */
export const fistaOracle: Method = {
  id: "fista_oracle",
  threaded: true,
  cost: (parameters, { fistaIters }) => costs.fista(parameters, fistaIters),
  infer: ({ data, observations }, { lambda, fistaIters }) =>
    infer(data.A, observations, { lambda, nIter: fistaIters }),
};

/** Dictionary learning that alternates FISTA and least squares on the scored observations. */
export const dlFista: Method = {
  id: "dl_fista",
  threaded: true,
  cost: (parameters, { maxSteps, fistaIters }) =>
    costs.dictionaryLearning(parameters, roundsIn(maxSteps), fistaIters),
  infer: ({ parameters, observations }, { lambda, maxSteps, fistaIters }, progress) =>
    learnDictionary(observations.id, observations.ood, {
      numLatents: parameters.width,
      lambda,
      rounds: roundsIn(maxSteps),
      nIter: fistaIters,
      seed: parameters.seed,
      onRound: ({ round }) => progress(round / roundsIn(maxSteps)),
    }),
};

/** Dictionary learning by gradient descent on free codes. */
export const softplusAdamMethod: Method = {
  id: "softplus_adam",
  threaded: true,
  cost: (parameters, { maxSteps }) => costs.softplusAdam(parameters, maxSteps),
  infer: ({ parameters, observations }, { lambda, maxSteps }, progress) =>
    softplusAdam(observations.id, observations.ood, {
      numLatents: parameters.width,
      lambda,
      maxSteps,
      seed: parameters.seed,
      historyEvery: 0,
      onStep: ({ step }) => progress((step + 1) / maxSteps),
    }),
};

/** The codes of an autoencoder. */
export function saeEncoder(type: PaperSaeType): Method {
  return {
    id: `sae_${type}`,
    cost: (parameters, { epochs }) => costs.training(parameters, epochs),
    infer: (problem, _options, progress) => problem.model(type, progress).codes,
  };
}

/** FISTA on the decoder of an autoencoder, from zero. */
export function fistaOnDecoder(type: PaperSaeType): Method {
  return {
    id: `fista+${type}`,
    threaded: true,
    cost: (parameters, { fistaIters }) => costs.fista(parameters, fistaIters),
    infer(problem, { lambda, fistaIters }) {
      const { sae, unbiased } = problem.model(type);
      return infer(sae.dictionary, unbiased, { lambda, nIter: fistaIters });
    },
  };
}

/** FISTA on the decoder of an autoencoder, from its codes. */
export function refined(type: PaperSaeType): Method {
  return {
    id: `refined_${type}`,
    threaded: true,
    cost: (parameters, { fistaIters }) => costs.fista(parameters, fistaIters),
    infer(problem, { lambda, fistaIters }) {
      const { sae, unbiased, codes } = problem.model(type);
      return infer(sae.dictionary, unbiased, { lambda, nIter: fistaIters, start: codes });
    },
  };
}

/** The methods of the sweeps over latents, samples, sparsity and the phase, in the order of their rows. */
export const sweepMethods: readonly Method[] = [
  linearProbeMethod,
  ...PAPER_SAE_TYPES.map(saeEncoder),
  fistaOracle,
  dlFista,
  softplusAdamMethod,
];
