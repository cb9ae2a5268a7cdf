/**
 * A penalty of powers whose power falls in training, as of the p-annealing of Karvonen et al. (2024,
 * arXiv 2408.00113) in dictionary_learning: by steps, each of which changes the penalty's weight so that the
 * penalty stays about as large as it was.
 * @module
 */

/** How the power falls. */
export interface PowerAnnealing {
  /** The step with which it begins. */
  readonly after: number;
  /** Powers, from the first to the last, which would come after the last step of the training. Default 10. */
  readonly powers?: number;
  /** The last power, which no step has. Default 0. */
  readonly to?: number;
  /** Most steps whose penalties decide on the next weight. Default 10. */
  readonly window?: number;
}

/** With its defaults. */
export function completeAnnealing(
  { after, powers = 10, to = 0, window = 10 }: PowerAnnealing,
): Required<PowerAnnealing> {
  return { after, powers, to, window };
}

/**
 * The power, and the factor on the penalty's weight.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { PowerAnnealer } from "./sae_power_annealer.ts";
 * const annealer = new PowerAnnealer({ after: 1, powers: 3 }, { from: 1, steps: 5 });
 * const powers: number[] = [];
 * for (let step = 0; step < 5; step++) {
 *   powers.push(annealer.power);
 *   // codes of 4: Σ code^p of one code a sample
 *   annealer.observe(step, (power) => 4 ** power);
 * }
 * assert.deepEqual(powers, [1, 1, 1, 1, 0.5]);
 * assert.equal(annealer.factor, 2); // from 4 to 2
 * ```
 */
export class PowerAnnealer {
  readonly #at: number[];
  readonly #powers: number[];
  readonly #window: number;
  /** How many of the powers have begun. */
  #begun = 0;
  #factor = 1;
  /** Penalties of the last steps with this power, and with the next one. */
  #seen: (readonly [own: number, next: number])[] = [];

  /**
   * Starts with the power `from`, in a training of so many steps.
   *
   * @throws {RangeError} When these are too few for all powers.
   */
  constructor(
    annealing: PowerAnnealing,
    { from, steps }: { from: number; steps: number },
  ) {
    const { after, powers, to, window } = completeAnnealing(annealing);
    if (steps - after < powers - 1) {
      throw new RangeError(
        `annealPower must have at least ${powers - 1} steps after ${after} for ${powers} powers, ` +
          `got ${Math.max(0, steps - after)} of ${steps}`,
      );
    }
    const share = (i: number) => i / (powers - 1);
    const places = Array.from({ length: powers }, (_, i) => i);
    this.#at = places.map((i) => Math.floor(after + share(i) * (steps - after)));
    this.#powers = places.map((i) => from + share(i) * (to - from));
    this.#window = window;
  }

  /** The power of the next step. */
  get power(): number {
    return this.#powers[Math.max(0, this.#begun - 1)];
  }

  /** What the weight of the next step's penalty is to be multiplied by. */
  get factor(): number {
    return this.#factor;
  }

  /** Takes the number of a step, from 0, and its mean penalty as it is or would be with a power. */
  observe(step: number, penalty: (power: number) => number): void {
    if (this.#begun > 0 && this.#begun < this.#powers.length - 1) { // the last one never begins
      this.#seen.push([penalty(this.power), penalty(this.#powers[this.#begun])]);
      this.#seen = this.#seen.slice(-this.#window);
    }
    if (step !== this.#at[this.#begun]) return;
    if (this.#seen.length > 0) {
      const [own, next] = [0, 1].map((i) => this.#seen.reduce((sum, seen) => sum + seen[i], 0));
      if (next > 0) this.#factor *= own / next; // without codes there is nothing to compare
    }
    this.#begun++;
  }

  /** What {@linkcode PowerAnnealer.restore} takes: plain JSON. */
  get state(): readonly number[] {
    return [this.#begun, this.#factor, ...this.#seen.flat()];
  }

  /** Goes on where another one was. */
  restore([begun = 0, factor = 1, ...seen]: readonly number[]): void {
    this.#begun = begun;
    this.#factor = factor;
    this.#seen = Array.from({ length: seen.length >> 1 }, (_, i) => [seen[2 * i], seen[2 * i + 1]]);
  }
}
