/**
 * Adam and AdamW on parameters that live in Wasm memory, with PyTorch's formulas in float32.
 * @module
 */
import { requireNonNegative, requirePositive } from "../checks.ts";
import { type Arena, type Block, run } from "../wasm/memory.ts";

/** Hyper-parameters of {@linkcode AdamW}; the defaults are PyTorch's, but for the weight decay. */
export interface AdamOptions {
  /** Learning rate. */
  lr: number;
  /** Decay rates of the running means of the gradient and of its square, below 1. Default 0.9, 0.999. */
  betas?: readonly [number, number];
  /** Added to the root of the second mean. Default 1e-8. */
  eps?: number;
  /** Decoupled weight decay; 0, the default, gives Adam. */
  weightDecay?: number;
}

/** The weight decay of PyTorch's AdamW where none is given. */
export const ADAMW_WEIGHT_DECAY = 0.01;

/**
 * AdamW (Loshchilov & Hutter, 2019); without weight decay, Adam (Kingma & Ba, 2015). At step t with
 * gradient g: m ← m + (1 − β₁)(g − m), v ← β₂v + (1 − β₂)g²,
 * p ← (1 − lr·weightDecay)·p − lr/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + ε).
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Arena } from "../wasm/memory.ts";
 * import { AdamW } from "./adamw.ts";
 * using arena = new Arena();
 * const parameters = arena.f32(8), gradients = arena.f32(8);
 * const adam = new AdamW(arena, parameters, gradients, { lr: 1e-3 });
 * gradients.view.fill(1);
 * adam.step();
 * assert(parameters.view.every((value) => Math.abs(value + 1e-3) < 1e-8));
 * ```
 */
export class AdamW {
  readonly #parameters: Block;
  readonly #gradients: Block;
  /** Running means of the gradients. */
  readonly mean: Block;
  /** Running means of their squares. */
  readonly meanSquare: Block;
  readonly #options: Required<AdamOptions>;
  /** Steps so far; to be set where a training goes on that began elsewhere. */
  steps = 0;

  /**
   * Starts with zero means.
   *
   * @param arena Where the two running means are allocated.
   * @param parameters Values that {@linkcode AdamW.step} changes in place; a multiple of 4 of them.
   * @param gradients As many gradients.
   * @throws {RangeError} When `lr` or `eps` is not positive, a beta is outside [0, 1), the weight decay
   * is negative, or the lengths do not fit.
   */
  constructor(arena: Arena, parameters: Block, gradients: Block, options: AdamOptions) {
    const { lr, betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0 } = options;
    requirePositive("lr", lr);
    requirePositive("eps", eps);
    requireNonNegative("weightDecay", weightDecay);
    for (const beta of betas) {
      if (!(beta >= 0 && beta < 1)) throw new RangeError(`betas must be in [0, 1), got ${beta}`);
    }
    const { length } = parameters;
    if (length % 4 !== 0 || gradients.length !== length) {
      throw new RangeError(
        `parameters and gradients must have the same length, a multiple of 4, got ${length} and ${gradients.length}`,
      );
    }
    this.#parameters = parameters;
    this.#gradients = gradients;
    this.mean = arena.f32(length);
    this.meanSquare = arena.f32(length);
    this.#options = { lr, betas, eps, weightDecay };
  }

  /** Sets the running means of some parameters back to 0, as at the start. */
  forget(start: number, length: number): void {
    for (const means of [this.mean, this.meanSquare]) {
      means.view.fill(0, start, start + length);
    }
  }

  /**
   * One step in place, with the gradients as they are now.
   *
   * @param gradScale Factor on all gradients (clipping). Default 1.
   * @param lr Learning rate of this step. Default: that of the options.
   */
  step(gradScale = 1, lr: number = this.#options.lr): void {
    run(
      "adamw",
      this.#parameters.length,
      this.#parameters,
      this.#gradients,
      this.mean,
      this.meanSquare,
      ...this.advance(gradScale, lr),
    );
  }

  /**
   * Counts a step that a kernel makes of its own, on whatever part of the parameters: what `adamw` takes
   * after the addresses.
   */
  advance(
    gradScale: number,
    lr: number,
  ): [number, number, number, number, number, number, number, number] {
    const { betas: [beta1, beta2], eps, weightDecay } = this.#options;
    const t = ++this.steps;
    return [
      gradScale,
      1 - beta1,
      beta2,
      1 - beta2,
      1 - lr * weightDecay,
      lr / (1 - beta1 ** t),
      1 / Math.sqrt(1 - beta2 ** t),
      eps,
    ];
  }
}
