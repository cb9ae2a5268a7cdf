/**
 * One training step of a sparse autoencoder in Wasm memory. Not public: {@link ../train_sae.ts} makes
 * the epochs, the history and the checks around it.
 * @module
 */
import { type Arena, type Block, padded, run } from "../wasm/memory.ts";
import { AdamW, ADAMW_WEIGHT_DECAY } from "./adamw.ts";
import { SaeWorkspace, type SaeWorkspaceOptions } from "./sae.ts";
import type { SaeModel } from "./sae_variants.ts";

/** Hyper-parameters of {@linkcode SaeTrainer}, as in SaeConfig. */
export interface SaeStepOptions {
  /** Learning rate. */
  lr: number;
  /** Weight of the penalty. */
  gamma: number;
  /** Largest norm of all gradients together; 0 does not clip. */
  gradClip: number;
}

/**
 * The number of what a training does. It is raised whenever the same data, options and seed give other
 * weights than before, be it by a change here, in train_sae.ts, in the generators or in the drawn data,
 * so that a cache of trained models does not serve the old ones. A test knows the weights of each number.
 */
export const TRAINING = 1;

/** Smallest divisor when the decoder's columns are renormed. */
const NORM_FLOOR = 1e-8;
/** Keeps the clipping factor finite, as in PyTorch's `clip_grad_norm_`. */
const CLIP_EPS = 1e-6;

/** An autoencoder in training. */
export class SaeTrainer {
  /** Parameters, gradients and forward passes. */
  readonly workspace: SaeWorkspace;
  readonly #gradients: Block;
  readonly #decoder: Block;
  readonly #decoderGradient: Block;
  readonly #norms: Block;
  readonly #adam: AdamW;
  readonly #width: number;
  readonly #stride: number;
  readonly #options: SaeStepOptions;

  /** Starts from the parameters of `model`, which stay as they are. */
  constructor(
    arena: Arena,
    model: SaeModel,
    options: SaeStepOptions,
    sizes: Omit<SaeWorkspaceOptions, "gradients">,
  ) {
    this.workspace = new SaeWorkspace(arena, model, { ...sizes, gradients: true });
    const { parameters, gradients } = this.workspace;
    this.#gradients = gradients!.trained;
    this.#adam = new AdamW(arena, parameters.trained, this.#gradients, {
      lr: options.lr,
      weightDecay: ADAMW_WEIGHT_DECAY,
    });
    this.#decoder = parameters.block("decoder")!;
    this.#decoderGradient = gradients!.block("decoder")!;
    this.#width = model.width;
    this.#stride = padded(model.inputDim);
    this.#norms = arena.f32(model.width);
    this.#options = options;
  }

  /** One step on the samples `order[0 … rows − 1]` of `data`. */
  step(data: Block, order: Block<Int32Array>, rows: number): void {
    this.workspace.prepare();
    this.workspace.gradientsOf(data, order, rows, this.#options.gamma);
    const clip = this.#clipFactor();
    run("project_rows", this.#width, this.#stride, this.#decoder, this.#decoderGradient);
    this.#adam.step(clip);
  }

  /** The factor that brings the norm of all gradients down to `gradClip`, or 1. */
  #clipFactor(): number {
    const { gradClip } = this.#options;
    if (gradClip === 0) return 1;
    const norm = Math.sqrt(run("sum_squares", this.#gradients.length, this.#gradients));
    return Math.min(1, gradClip / (norm + CLIP_EPS));
  }

  /** Gives the decoder's columns unit norm. */
  renorm(): void {
    const [width, stride, decoder] = [this.#width, this.#stride, this.#decoder];
    run("normalize_rows", width, stride, NORM_FLOOR, decoder, decoder, this.#norms);
  }
}
