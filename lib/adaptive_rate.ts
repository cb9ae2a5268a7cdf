/**
 * The learning-rate rule of Softplus-Adam.
 * @module
 */
import { requireInteger, requirePositive } from "./checks.ts";

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
 * import { AdaptiveRate } from "./adaptive_rate.ts";
 * const rate = new AdaptiveRate(1e-3);
 * rate.step(2); // 0.0011: the first loss is the best so far
 * rate.step(3); // 0.0011
 * rate.step(3); // 0.00055
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
   * or `min` is above `max`.
   */
  constructor(
    lr: number,
    { up = 1.1, down = 0.5, patience = 2, min = 1e-6, max = 1 }: AdaptiveRateOptions = {},
  ) {
    for (const [name, value] of Object.entries({ lr, up, down, min, max })) {
      requirePositive(name, value);
    }
    requireInteger("patience", patience, 1);
    if (min > max) throw new RangeError(`min must be at most max, ${max}, got ${min}`);
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
