/**
 * A penalty whose weight is tuned in training until as many codes are active as are wanted, as in
 * SynthSAEBench (Chanin and Garriga-Alonso, arXiv 2602.14687).
 * @module
 */

/** What the tuning aims at. */
export interface TuneL0 {
  /** Active codes per sample that are wanted. */
  readonly target: number;
  /** Steps before the tuning begins. Default 0. */
  readonly after?: number;
  /** Most of the weight's relative change in a step, below 1. Default 3e-4, for some hundred thousand steps. */
  readonly rate?: number;
  /** What is left of it while L0 comes nearer by itself, from 0 to 1. Default 0.01. */
  readonly patience?: number;
}

/** Shares of new values in the running means of L0 and of its change. */
const SHARE = 0.01, CHANGE_SHARE = 0.05;
/** How steeply the change grows with the distance, and the bounds of the factor. */
const STEEPNESS = 10, LEAST_FACTOR = 0.01, LARGEST_FACTOR = 100;

/**
 * The factor on a penalty's weight.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { L0Tuner } from "./sae_l0_tuner.ts";
 * const tuner = new L0Tuner({ target: 5 });
 * tuner.observe(20, 0);
 * assert.equal(tuner.factor, 1 + 3e-4 * Math.tanh(30));
 * ```
 */
export class L0Tuner {
  readonly #target: number;
  readonly #after: number;
  readonly #rate: number;
  readonly #patience: number;
  /** The factor, the running mean of L0 once there is one, and that of its change. */
  #state: { factor: number; smoothed?: number; change: number } = { factor: 1, change: 0 };

  /** Starts with a factor of 1. */
  constructor({ target, after = 0, rate = 3e-4, patience = 0.01 }: TuneL0) {
    this.#target = target;
    this.#after = after;
    this.#rate = rate;
    this.#patience = patience;
  }

  /** What the weight of the next step's penalty is to be multiplied by. */
  get factor(): number {
    return this.#state.factor;
  }

  /** Takes the active codes per sample of a step, and its number, from 0. */
  observe(l0: number, step: number): void {
    const { factor, smoothed: old = l0, change: before } = this.#state, target = this.#target;
    const smoothed = old + SHARE * (l0 - old);
    const change = before + CHANGE_SHARE * (smoothed - old - before);
    this.#state = { factor, smoothed, change };
    if (step < this.#after) return;
    const excess = smoothed - target, gain = excess * change < 0 ? this.#patience : 1;
    const move = this.#rate * gain * Math.tanh(STEEPNESS * excess / target);
    this.#state.factor = Math.min(LARGEST_FACTOR, Math.max(LEAST_FACTOR, factor * (1 + move)));
  }

  /** What {@linkcode L0Tuner.restore} takes: plain JSON. */
  get state(): readonly number[] {
    const { factor, smoothed, change } = this.#state;
    return smoothed === undefined ? [] : [factor, smoothed, change];
  }

  /** Goes on where another one was. */
  restore([factor = 1, smoothed, change = 0]: readonly number[]): void {
    this.#state = { factor, smoothed, change };
  }
}
