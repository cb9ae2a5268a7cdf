/**
 * The methods that the paper's sweeps compare, one entry each: how it finds codes, what that costs,
 * and which settings it declines.
 * @module
 */
import * as costs from "./estimates.ts";
import { linearProbe } from "../linear_probe.ts";
import type { OwnMethod } from "../methods.ts";
import type { Row } from "../results.ts";
import { infer, type Instance, type Setting, type SplitCodes } from "./instance.ts";
import { PAPER_SAE_TYPES, type PaperSaeType } from "./sae_types.ts";
import { pathDictionary, searchDefaults } from "../path_dictionary.ts";
import { softplusAdam } from "../softplus_adam.ts";

/** Options that methods see; each is a flag of the experiment. */
export interface MethodOptions {
  /** Passes over the training samples of an autoencoder. */
  epochs: number;
  /** Steps of the iterative learners; fifty of them make a round of DL-FISTA. */
  maxSteps: number;
  /** Steps of Softplus-Adam. Default: see {@linkcode softplusSteps}. */
  softplusSteps?: number;
  /** Weight λ of the L1 norm. */
  lambda: number;
  /** FISTA iterations, in every round of DL-FISTA too. */
  fistaIters: number;
}

/**
 * A way to find codes: `id` and `infer` suffice. A sweep registers it under its label and family, where
 * `lib/methods.ts` does not know it.
 *
 * Where its rows are compared with published ones, `lib/reports/tolerances.ts` says how far they may
 * differ; rows of a method that is not listed there are compared and not judged.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Instance } from "./instance.ts";
 * import type { Method } from "./inference_methods.ts";
 * import { ista } from "../sparse_coding.ts";
 *
 * const istaOracle: Method = {
 *   id: "ista_oracle",
 *   label: "ISTA, oracle dictionary",
 *   family: "sparse coding",
 *   infer: ({ data: { A }, observations: { id, ood } }, { lambda }) => ({
 *     codesId: ista(id, A, { lambda }),
 *     codesOod: ista(ood, A, { lambda }),
 *   }),
 * };
 * const setting = { numLatents: 20, k: 3, inputDim: 12, nSamples: 200, width: 20, seed: 0 };
 * const options = { epochs: 1, maxSteps: 50, lambda: 0.1, fistaIters: 100 };
 * const instance = new Instance(setting, options);
 * const codes = istaOracle.infer(instance, options, () => {});
 * assert(instance.score(codes).mcc_iid > 0.5);
 * ```
 */
export interface Method<Options extends MethodOptions = MethodOptions> extends OwnMethod {
  /** Codes of the validation and the OOD samples. */
  infer(instance: Instance, options: Options, progress: (share: number) => void): SplitCodes;
  /** Estimated seconds of one core. Default: none to speak of beside the scoring of its row. */
  cost?(setting: Setting, options: Options): number;
  /**
   * Columns that its row has besides its scores, in a setting: how far it went, where that is not as far as
   * in the paper. Default: none.
   */
  tags?(setting: Setting, options: Options): Row;
  /** Whether threads share the work of a large cell; see threads.ts. Default false. */
  threaded?: boolean;
  /**
   * Why it has no row for a setting, where it has none: the rule, which `--list` and runs tell beside
   * the cells. Default: it takes all.
   */
  declines?(setting: Setting, options: Options): string | undefined;
  /** Whether it has rows only where `--methods` names it: it is not among the paper's. Default false. */
  onRequest?: boolean;
}

/**
 * A method that is asked for a limited number of latents only.
 *
 * @param most The largest number of latents.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { dlFista, upToLatents } from "./inference_methods.ts";
 *
 * const setting = { numLatents: 60_000, k: 10, inputDim: 174, nSamples: 1000, width: 60_000, seed: 0 };
 * const options = { epochs: 500, maxSteps: 50_000, lambda: 0.1, fistaIters: 100 };
 * const limited = upToLatents(50_000, dlFista);
 * assert.equal(limited.declines!(setting, options), "it is asked for at most 50,000 latents");
 * ```
 */
export function upToLatents<Options extends MethodOptions>(
  most: number,
  method: Method<Options>,
): Method<Options> {
  const reason = `it is asked for at most ${most.toLocaleString("en")} latents`;
  return {
    ...method,
    declines: (setting, options) =>
      setting.numLatents > most ? reason : method.declines?.(setting, options),
  };
}

/**
 * Rounds of DL-FISTA for a number of steps: one for fifty of them, and at least one.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { roundsIn } from "./inference_methods.ts";
 *
 * assert.equal(roundsIn(50_000), 1000);
 * ```
 */
export function roundsIn(maxSteps: number): number {
  return Math.max(1, Math.floor(maxSteps / 50));
}

/** What the paper's rows were made with; rows of ours say it where it is another number. */
const PAPER_STEPS = 50_000;

/** The most latents for which Softplus-Adam takes all steps, unless it is asked to. */
const SOFTPLUS_LATENTS = 500;

/** Its steps above. */
const SOFTPLUS_STEPS = 5000;

/**
 * Steps of Softplus-Adam: those asked for, else `maxSteps`; above 500 latents at most 5000, for at 1000
 * latents 50,000 take more than an hour of a core, and at 10,000 most of a day.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { softplusSteps } from "./inference_methods.ts";
 *
 * assert.equal(softplusSteps({ numLatents: 500 }, { maxSteps: 50_000 }), 50_000);
 * assert.equal(softplusSteps({ numLatents: 1000 }, { maxSteps: 50_000 }), 5000);
 * assert.equal(softplusSteps({ numLatents: 1000 }, { maxSteps: 50, softplusSteps: 70 }), 70);
 * ```
 */
export function softplusSteps(
  { numLatents }: Pick<Setting, "numLatents">,
  { maxSteps, softplusSteps: asked }: Pick<MethodOptions, "maxSteps" | "softplusSteps">,
): number {
  if (asked !== undefined) return asked;
  return numLatents > SOFTPLUS_LATENTS ? Math.min(maxSteps, SOFTPLUS_STEPS) : maxSteps;
}

/** Ridge regression from observations to the true codes: the one method that sees them. */
export const linearProbeMethod: Method = {
  id: "linear_probe",
  cost: costs.ridge,
  infer({ data: { train, val, ood } }) {
    const { predictions: [codesId, codesOod] } = linearProbe(train.Y, train.Z, [val.Y, ood.Y]);
    return { codesId, codesOod };
  },
};

/** FISTA with the true dictionary. */
export const fistaOracle: Method = {
  id: "fista_oracle",
  threaded: true,
  cost: (setting, { fistaIters }) => costs.fista(setting, fistaIters),
  infer: ({ data, observations }, { lambda, fistaIters }) =>
    infer(data.A, observations, { lambda, nIter: fistaIters }),
};

/** Dictionary learning that alternates FISTA and least squares on the scored observations. */
export const dlFista: Method = {
  id: "dl_fista",
  threaded: true,
  cost: (setting, { maxSteps, fistaIters }) =>
    costs.dictionaryLearning(setting, roundsIn(maxSteps), fistaIters),
  tags: (_setting, { maxSteps }): Row =>
    roundsIn(maxSteps) === roundsIn(PAPER_STEPS) ? {} : { rounds: roundsIn(maxSteps) },
  infer: (instance, { lambda, maxSteps, fistaIters }, progress) =>
    instance.dlFista({
      ...{ lambda, rounds: roundsIn(maxSteps), nIter: fistaIters },
      onRound: (done) => progress(done / roundsIn(maxSteps)),
    }),
};

/**
 * Dictionary learning along a path of penalties, on the same observations as {@linkcode dlFista}; codes by
 * FISTA, as for the true dictionary. Its width is the number of atoms that it keeps.
 */
export const dlPath: Method = {
  id: "dl_path",
  onRequest: true,
  threaded: true,
  cost: (setting, { fistaIters }) =>
    costs.pathDictionary(setting) + costs.fista(setting, fistaIters),
  infer({ setting, observations }, { lambda, fistaIters }, progress) {
    const { width, seed, inputDim } = setting;
    const { rounds } = searchDefaults(observations.id.rows, inputDim, width);
    const { dictionary } = pathDictionary(observations.id, {
      ...{ numLatents: width, seed },
      onProgress: ({ round }) => progress(Math.min(0.9, round / (1.4 * rounds))),
    });
    return infer(dictionary, observations, { lambda, nIter: fistaIters });
  },
};

/** Dictionary learning by gradient descent on free codes. */
export const softplusAdamMethod: Method = {
  id: "softplus_adam",
  threaded: true,
  cost: (setting, options) => costs.softplusAdam(setting, softplusSteps(setting, options)),
  tags(setting, options): Row {
    const steps = softplusSteps(setting, options);
    return steps === PAPER_STEPS ? {} : { steps };
  },
  infer({ setting, observations }, options, progress) {
    const steps = softplusSteps(setting, options);
    return softplusAdam(observations.id, observations.ood, {
      numLatents: setting.width,
      lambda: options.lambda,
      maxSteps: steps,
      seed: setting.seed,
      historyEvery: 0,
      onStep: ({ step }) => progress((step + 1) / steps),
    });
  },
};

/** The codes of an autoencoder. */
export function saeEncoder(type: PaperSaeType): Method {
  return {
    id: `sae_${type}`,
    cost: (setting, { epochs }) => costs.training(setting, epochs),
    infer: (instance, _options, progress) => instance.model(type, progress).codes,
  };
}

/** FISTA on the decoder of an autoencoder, from zero. */
export function fistaOnDecoder(type: PaperSaeType): Method {
  return {
    id: `fista+${type}`,
    threaded: true,
    cost: (setting, { fistaIters }) => costs.fista(setting, fistaIters),
    infer(instance, { lambda, fistaIters }) {
      const { sae, unbiased } = instance.model(type);
      return infer(sae.dictionary, unbiased, { lambda, nIter: fistaIters });
    },
  };
}

/** FISTA on the decoder of an autoencoder, from its codes. */
export function refined(type: PaperSaeType): Method {
  return {
    id: `refined_${type}`,
    threaded: true,
    cost: (setting, { fistaIters }) => costs.fista(setting, fistaIters),
    infer(instance, { lambda, fistaIters }) {
      const { sae, unbiased, codes } = instance.model(type);
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
  dlPath,
];
