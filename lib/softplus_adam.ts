/**
 * Softplus-Adam: dictionary learning by gradient descent on unconstrained pre-codes.
 * @module
 */
import { INTERRUPTIBLE, type Interruptible, watch } from "./interruptible.ts";
import { requireFunction, requireInteger, requireOptions, requirePositive } from "./checks.ts";
import {
  type AdamScalars,
  CodedSplit,
  type LossParts,
  SoftplusAdamModel,
} from "./cores/softplus_adam.ts";
import { type Matrix, type Matrix32, normalizeColumns, requireMatrix } from "./matrix.ts";
import { TorchGenerator } from "./random.ts";
import { Arena } from "./wasm/memory.ts";

/** Options of an {@linkcode AdaptiveRate}. */
export interface AdaptiveRateOptions {
  /** Factor at every new best loss. Default 1.1. */
  up?: number;
  /** Factor after `patience` losses in a row that are no new best. Default 0.5. */
  down?: number;
  /** Losses in a row without a new best before the rate falls. Default 2. */
  patience?: number;
  /** Smallest rate. Default 1e-6. */
  min?: number;
  /** Largest rate. Default 1. */
  max?: number;
}

/**
 * A learning rate that follows the loss: every new best loss multiplies it by `up`, every `patience`
 * losses in a row without one by `down`, within [`min`, `max`] ("Stop Probing, Start Coding", arXiv
 * 2603.28744, Softplus-Adam).
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { AdaptiveRate } from "./softplus_adam.ts";
 * const rate = new AdaptiveRate(0.5, { up: 1.5 });
 * assert.equal(rate.step(2), 0.75); // the first loss is the best so far
 * assert.equal(rate.step(3), 0.75);
 * assert.equal(rate.step(3), 0.375);
 * ```
 */
export class AdaptiveRate {
  readonly #options: Required<AdaptiveRateOptions>;
  #rate: number;
  #best = Infinity;
  #stale = 0;

  /**
   * Starts at the rate `lr`.
   *
   * @throws {TypeError} When an argument is not a number.
   * @throws {RangeError} When `lr` or a factor is not above 0, `patience` is no integer of at least 1,
   * or `lr` is not from `min` to `max`.
   */
  constructor(
    lr: number,
    options: AdaptiveRateOptions = {},
  ) {
    requireOptions("options", options, ["up", "down", "patience", "min", "max"]);
    const { up = 1.1, down = 0.5, patience = 2, min = 1e-6, max = 1 } = options;
    for (const [name, value] of Object.entries({ lr, up, down, min, max })) {
      requirePositive(name, value);
    }
    requireInteger("patience", patience, 1);
    if (min > max) throw new RangeError(`min must be at most max, ${max}, got ${min}`);
    if (lr < min || lr > max) {
      throw new RangeError(`lr must be from min, ${min}, to max, ${max}, got ${lr}`);
    }
    this.#options = { up, down, patience, min, max };
    this.#rate = lr;
  }

  /** The current rate. */
  get rate(): number {
    return this.#rate;
  }

  /** Takes the next loss into account and returns the new rate. */
  step(loss: number): number {
    const { up, down, patience, min, max } = this.#options;
    if (loss < this.#best) {
      this.#best = loss;
      this.#stale = 0;
      this.#rate = Math.min(this.#rate * up, max);
    } else if (++this.#stale === patience) {
      this.#stale = 0;
      this.#rate = Math.max(this.#rate * down, min);
    }
    return this.#rate;
  }
}

/** State of the optimisation at one step, before the step's update. */
export interface SoftplusAdamEntry {
  /** Step, from 0. */
  step: number;
  /** mseId + mseOod + λ·(l1Id + l1Ood). */
  loss: number;
  /** Mean squared reconstruction error on the ID observations. */
  mseId: number;
  /** Mean squared reconstruction error on the OOD observations. */
  mseOod: number;
  /** Mean over all ID codes of |code|·‖atom‖. */
  l1Id: number;
  /** Mean over all OOD codes of |code|·‖atom‖. */
  l1Ood: number;
  /** Learning rate that the step's loss leads to: the rate of the next step. */
  lr: number;
}

/** Options of {@linkcode softplusAdam}. */
export interface SoftplusAdamOptions extends Interruptible {
  /** Number of atoms, n. */
  numLatents: number;
  /** Weight of the penalty, λ > 0. */
  lambda: number;
  /** Largest number of steps. Default 50,000. */
  maxSteps?: number;
  /** Learning rate of the first step, from 1e-6 to 1. Default 1e-3. */
  lr?: number;
  /** From pre-codes to codes. Default "softplus"; with "relu" the drawn start never moves. */
  nonlinearity?: "softplus" | "relu";
  /** Seed of the dictionary and the pre-codes that are not given. Default 0. */
  seed?: number;
  /** Initial dictionary, m × n, used as it is. Default: normal columns of unit norm. */
  dInit?: Matrix;
  /** Keeps `dInit` as it is and learns only the codes. Default false. */
  fixedDictionary?: boolean;
  /** Initial pre-codes, samples × n each. Default: normal with mean −10. */
  preInit?: { id: Matrix; ood: Matrix };
  /** The history has an entry for every so many steps, and the last. Default 50; 0: the last alone. */
  historyEvery?: number;
  /** Called at every step. */
  onStep?: (entry: SoftplusAdamEntry) => void;
}

/** What {@linkcode softplusAdam} returns. */
export interface SoftplusAdamResult {
  /** ID codes, samples × n. */
  codesId: Matrix32;
  /** OOD codes, samples × n. */
  codesOod: Matrix32;
  /** Dictionary, m × n. Its columns are not of unit norm. */
  dictionary: Matrix32;
  /** Every `historyEvery`-th step and the last one. */
  history: SoftplusAdamEntry[];
}

/** An improvement of the loss smaller than this does not put off the early stop. */
const TOLERANCE = 1e-6;
/** Steps without an improvement before the early stop … */
const PATIENCE = 5000;
/** … which comes after this step at the earliest. */
const MIN_STEPS = 10_000;

/**
 * Learns codes and dictionary together by Adam: the codes are Z = softplus(P) of free pre-codes P.
 * The loss, in float32, is
 * mean (X − ZDᵀ)² over ID + the same over OOD + λ·(mean z_ij‖d_j‖ over ID + the same over OOD),
 * where the OOD terms see the dictionary as a constant. The rate follows {@linkcode AdaptiveRate};
 * the run ends early after 5000 steps without an improvement by 1e-6, once past step 10,000
 * ("Stop Probing, Start Coding", arXiv 2603.28744, Softplus-Adam).
 *
 * @param XId ID observations, samples × m.
 * @param XOod OOD observations, samples × m.
 * @returns Codes and dictionary after the last step, and the history.
 * @throws {TypeError} When an argument is of the wrong kind.
 * @throws {RangeError} When shapes do not fit together, a value is not finite, λ is not above 0, lr is
 * not from 1e-6 to 1, or a count is no integer of at least 1.
 * @throws {Error} When the loss stops being finite: the rate has grown too large.
 * @throws The signal's reason, when it is aborted and no partial result is wanted.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { softplusAdam } from "./softplus_adam.ts";
 * import { generateDatasets } from "./data.ts";
 * const { val, ood } = generateDatasets({ seed: 0, numLatents: 20, k: 3, nSamples: 100 });
 * const { codesId, dictionary, history } = softplusAdam(val.Y, ood.Y, {
 *   numLatents: 20,
 *   lambda: 0.1,
 *   maxSteps: 100,
 * });
 * assert.deepEqual([codesId.rows, codesId.cols, dictionary.cols], [val.Y.rows, 20, 20]);
 * assert(history.at(-1)!.loss < history[0].loss);
 * ```
 */
export function softplusAdam(
  XId: Matrix,
  XOod: Matrix,
  options: SoftplusAdamOptions,
): SoftplusAdamResult {
  const checked = checkOptions(XId, XOod, options);
  const { lambda, maxSteps, nonlinearity, fixedDictionary, historyEvery, onStep, rate } = checked;
  const { D, PId, POod } = drawStart(XId, XOod, checked);
  const endsAfter = watch(options);
  const rectify = nonlinearity === "relu";
  // ReLU of pre-codes that are all negative or 0: every gradient is 0, and no step moves anything
  const still = rectify && [PId, POod].every((P) => P.data.every((p) => p <= 0));

  using arena = new Arena();
  const id = new CodedSplit(arena, XId, PId), ood = new CodedSplit(arena, XOod, POod);
  const model = new SoftplusAdamModel(arena, D, id, { lambda, rectify });
  const history: SoftplusAdamEntry[] = [], stop = new EarlyStop();
  let parts: LossParts[] | undefined;
  for (let step = 0; step < maxSteps; step++) {
    const adam: AdamScalars = {
      step: rate.rate / (1 - 0.9 ** (step + 1)),
      root: 1 / Math.sqrt(1 - 0.999 ** (step + 1)),
    };
    if (!parts || !still) {
      parts = [model.stepCodes(id, adam, !fixedDictionary), model.stepCodes(ood, adam, false)];
      if (!fixedDictionary) model.stepAtoms(id, adam);
    }
    const losses = roundedLosses(parts, lambda);
    if (!Number.isFinite(losses.loss)) {
      throw new Error(
        `Cannot go on with Softplus-Adam: the loss must be finite, got ${losses.loss} at step ` +
          `${step} with the learning rate ${rate.rate}`,
      );
    }
    const entry = { step, ...losses, lr: rate.step(losses.loss) };
    const last = stop.after(step, losses.loss) || step === maxSteps - 1;
    if (last || step % historyEvery === 0) history.push(entry);
    onStep?.(entry);
    if (endsAfter(step + 1, maxSteps) || last) break;
  }
  return {
    codesId: model.codes(id),
    codesOod: model.codes(ood),
    dictionary: model.dictionary,
    history,
  };
}

const SOFTPLUS_OPTIONS = [
  ...["numLatents", "lambda", "maxSteps", "lr", "nonlinearity", "seed", "dInit"],
  ...["fixedDictionary", "preInit", "historyEvery", "onStep", ...INTERRUPTIBLE],
];

/** The checked options of {@linkcode softplusAdam}, with their defaults. */
function checkOptions(XId: Matrix, XOod: Matrix, options: SoftplusAdamOptions) {
  requireOptions("options", options, SOFTPLUS_OPTIONS);
  const { numLatents, lambda, maxSteps = 50_000, lr = 1e-3, nonlinearity = "softplus" } = options;
  const { seed = 0, dInit, fixedDictionary = false, preInit, historyEvery = 50, onStep } = options;
  requireMatrix("XId", XId);
  requireMatrix("XOod", XOod, { cols: XId.cols });
  requireInteger("XId.rows", XId.rows, 1);
  requireInteger("XId.cols", XId.cols, 1);
  requireInteger("XOod.rows", XOod.rows, 1);
  requireInteger("numLatents", numLatents, 1);
  requirePositive("lambda", lambda);
  requireInteger("maxSteps", maxSteps, 1);
  requireInteger("seed", seed, 0, 2 ** 32 - 1);
  requireInteger("historyEvery", historyEvery, 0);
  if (onStep !== undefined) requireFunction("onStep", onStep);
  if (nonlinearity !== "softplus" && nonlinearity !== "relu") {
    throw new RangeError(`nonlinearity must be "softplus" or "relu", got ${nonlinearity}`);
  }
  if (dInit) requireMatrix("dInit", dInit, { rows: XId.cols, cols: numLatents });
  else if (fixedDictionary) {
    throw new TypeError("Cannot keep the dictionary fixed: fixedDictionary needs dInit, got none");
  }
  if (preInit) {
    requireMatrix("preInit.id", preInit.id, { rows: XId.rows, cols: numLatents });
    requireMatrix("preInit.ood", preInit.ood, { rows: XOod.rows, cols: numLatents });
  }
  return {
    numLatents,
    lambda,
    maxSteps,
    rate: new AdaptiveRate(lr),
    nonlinearity,
    seed,
    dInit,
    fixedDictionary,
    preInit,
    historyEvery,
    onStep,
  };
}

/** The dictionary and the pre-codes to start from: those that are given, the others drawn in turn. */
function drawStart(
  XId: Matrix,
  XOod: Matrix,
  { numLatents, seed, dInit, preInit }: ReturnType<typeof checkOptions>,
): { D: Matrix; PId: Matrix; POod: Matrix } {
  const generator = new TorchGenerator(seed);
  const draw = (rows: number, mean: number): Matrix32 => {
    const data = generator.randn(rows * numLatents);
    return { rows, cols: numLatents, data: data.map((value) => value + mean) };
  };
  return {
    D: dInit ?? normalizeColumns(draw(XId.cols, 0)),
    PId: preInit?.id ?? draw(XId.rows, -10),
    POod: preInit?.ood ?? draw(XOod.rows, -10),
  };
}

/**
 * The losses of both splits, rounded to float32 like the reference's: the rate depends on which of two
 * nearly equal ones is the less.
 */
function roundedLosses(parts: readonly LossParts[], lambda: number) {
  const { fround } = Math;
  const [mseId, mseOod] = parts.map(([mse]) => fround(mse));
  const [l1Id, l1Ood] = parts.map(([, l1]) => fround(l1));
  const loss = fround(fround(mseId + mseOod) + fround(lambda * fround(l1Id + l1Ood)));
  return { loss, mseId, mseOod, l1Id, l1Ood };
}

/** The end of a run whose loss no longer improves. */
class EarlyStop {
  #best = Infinity;
  #stale = 0;

  /** Takes the loss of a step into account; true when the run should end with it. */
  after(step: number, loss: number): boolean {
    this.#stale = loss < this.#best - TOLERANCE ? 0 : this.#stale + 1;
    if (this.#stale === 0) this.#best = loss;
    return step > MIN_STEPS && this.#stale >= PATIENCE;
  }
}
