/**
 * A weight of the penalty that follows the number of codes, as SAELens tunes it in SynthSAEBench.
 * @module
 */

/** Share of each step's news in the smoothed number of codes, and in its smoothed change. */
const SMOOTHING = 0.01, CHANGE = 0.05;
/** The error, relative to the target, beyond which moves hardly grow. */
const STEEPNESS = 10;
/** Bounds of the factor. */
const [LEAST, MOST] = [0.01, 100];

/**
 * Tells by which factor to multiply the penalty's weight in the next step, so that samples have `target` codes
 * on average.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { PenaltyTuner } from "./sae_autotune.ts";
 * const tuner = new PenaltyTuner({ target: 5, rate: 0.1 });
 * assert.equal(tuner.factor, 1);
 * tuner.see(20); // too many: a stronger penalty
 * assert.equal(tuner.factor.toFixed(3), "1.100");
 * ```
 */
export class PenaltyTuner {
  /** The factor for the next step. */
  factor = 1;
  readonly #target: number;
  readonly #rate: number;
  readonly #from: number;
  readonly #patience: number;
  #smoothed = NaN;
  #change = 0;
  #step = 0;

  /**
   * Begins with factor 1.
   *
   * @param options `target`: codes per sample; `rate`: the largest relative change per step, in SAELens
   * 3e-4; `patience`: the share of it that is left while the number of codes approaches the target by itself,
   * in SAELens 0.01; `from`: the first step that changes the factor, default 0.
   */
  constructor(
    { target, rate = 3e-4, patience = 0.01, from = 0 }: {
      target: number;
      rate?: number;
      patience?: number;
      from?: number;
    },
  ) {
    this.#target = target;
    this.#rate = rate;
    this.#patience = patience;
    this.#from = from;
  }

  /** Takes note of the mean number of codes in the step that was done. */
  see(l0: number): void {
    const before = this.#smoothed;
    this.#smoothed = Number.isNaN(before) ? l0 : before + SMOOTHING * (l0 - before);
    const news = Number.isNaN(before) ? 0 : this.#smoothed - before;
    this.#change += CHANGE * (news - this.#change);
    if (this.#step++ < this.#from) return;
    const error = this.#smoothed - this.#target;
    const gain = error * this.#change < 0 ? this.#patience : 1;
    const move = this.#rate * gain * Math.tanh(STEEPNESS * error / this.#target);
    this.factor = Math.min(MOST, Math.max(LEAST, this.factor * (1 + move)));
  }
}
