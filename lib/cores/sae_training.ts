/**
 * One training step of a sparse autoencoder in Wasm memory. Not public: {@link ../train_sae.ts} makes
 * the epochs, the history and the checks around it.
 * @module
 */
import { type Arena, type Block, padded, run } from "../wasm/memory.ts";
import { TorchGenerator } from "../random.ts";
import { systemBlas } from "../system_blas.ts";
import { AdamW, ADAMW_WEIGHT_DECAY } from "./adamw.ts";
import { fusedSteps } from "./sae_fused_steps.ts";
import type { FusedSteps, Scorer } from "./sae_fused.ts";
import { SaeWorkspace, type SaeWorkspaceOptions } from "./sae.ts";
import type { AuxK } from "./sae_variant.ts";
import { parametersOf, type SaeModel } from "./sae_variants.ts";

/** Hyper-parameters of {@linkcode SaeTrainer}, as in SaeConfig. */
export interface SaeStepOptions {
  /** Learning rate. */
  lr: number;
  /** Weight of the penalty. */
  gamma: number;
  /** Largest norm of all gradients together; 0 does not clip. */
  gradClip: number;
  /** Decay rates of AdamW's running means. Default 0.9 and 0.999. */
  betas?: readonly [number, number];
  /** Decoupled weight decay. Default that of AdamW. */
  weightDecay?: number;
  /**
   * What keeps the decoder's columns at their norms. `"projected"`, the default: gradients lose their
   * part along each column. `"unit"`: that, and columns get unit norm after each step. `"free"`: nothing.
   */
  decoderNorm?: DecoderNorm;
  /**
   * Whether squared errors are added up over the dimensions or averaged. It matters for `gamma`,
   * `gradClip` and AdamW's ε. Default `"mean"`.
   */
  lossScale?: LossScale;
}

/** What keeps the norms of a decoder's columns; see {@linkcode SaeStepOptions}. */
export type DecoderNorm = "projected" | "unit" | "free";

/** How squared errors become a loss; see {@linkcode SaeStepOptions}. */
export type LossScale = "mean" | "sum";

/**
 * The number of what a training does. It is raised whenever the same data, options and seed give other
 * weights than before, be it by a change here, in train_sae.ts, in the generators or in the drawn data,
 * so that a cache of trained models does not serve the old ones. A test knows the weights of each number.
 */
export const TRAINING = 4;

/**
 * What makes a training go on with the same bits: numbers, and views of the kernels' memory, which the
 * next allocation makes invalid.
 */
export interface TrainerState {
  /** All parameters as they lie in memory, rows padded. */
  parameters: Float32Array;
  /** AdamW's running means of the gradients by what is trained. */
  mean: Float32Array;
  /** The same of their squares. */
  meanSquare: Float32Array;
  /** Steps without a code, by unit; empty where they are not counted. */
  silent: Int32Array;
  /** What has been added up since the last call of takeSums. */
  sums: Float64Array;
  /** AdamW's steps. */
  steps: number;
  /** The part of active codes by which the next step is chosen. */
  active: number;
  /** The variant's counters. */
  counters: number[];
}

/** Smallest divisor when the decoder's columns are renormed. */
const NORM_FLOOR = 1e-8;
/** Keeps the clipping factor finite, as in PyTorch's `clip_grad_norm_`. */
const CLIP_EPS = 1e-6;

/** AuxK's weight is that of a squared error, which scales with the loss, or of a number without unit. */
function auxScale({ auxK }: { auxK?: AuxK }, scale: number): number {
  return auxK?.relative ? scale : 1;
}

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
  readonly #decoderNorm: DecoderNorm;
  readonly #fused?: FusedSteps;
  /** The loss is so many times that of the kernels. */
  readonly #scale: number;
  /** What is trained that each unit has one of, with the values of a new unit. */
  readonly #ofUnits: { name: string; values: Float32Array }[];

  /** Starts from the parameters of `model`, which stay as they are. */
  constructor(
    arena: Arena,
    model: SaeModel,
    options: SaeStepOptions,
    sizes: Omit<SaeWorkspaceOptions, "gradients"> & { recurring?: number },
  ) {
    const { betas, weightDecay = ADAMW_WEIGHT_DECAY, lossScale = "mean" } = options;
    const scale = this.#scale = lossScale === "sum" ? model.inputDim : 1;
    const auxK = sizes.auxK &&
      { ...sizes.auxK, weight: sizes.auxK.weight / auxScale(sizes, scale) };
    this.workspace = new SaeWorkspace(arena, model, {
      ...sizes,
      ...{ auxK, lossScale: scale, gradients: true },
    });
    const { parameters, gradients } = this.workspace;
    this.#gradients = gradients!.trained;
    this.#adam = new AdamW(arena, parameters.trained, this.#gradients, {
      lr: options.lr,
      betas,
      weightDecay,
    });
    this.#decoder = parameters.block("decoder")!;
    this.#decoderGradient = gradients!.block("decoder")!;
    this.#width = model.width;
    this.#stride = padded(model.inputDim);
    this.#norms = arena.f32(model.width);
    this.#options = options;
    this.#decoderNorm = options.decoderNorm ?? "projected";
    const { inputDim, width } = model;
    const begun = { inputDim, width, options: model.options, earlier: {} };
    this.#ofUnits = parametersOf(model.options)
      .filter(({ trained, shape }) => trained && shape.join() === "width")
      .map(({ name, initial }) => {
        // none of these is drawn
        return { name, values: initial({ ...begun, generator: new TorchGenerator(0) }) };
      });
    // clipping needs the norm of all gradients before the first is used, AuxK all pre-activations
    if (options.gradClip === 0 && !sizes.auxK) {
      this.#fused = fusedSteps({
        ...{ arena, model, workspace: this.workspace, adam: this.#adam },
        project: this.#decoderNorm !== "free",
        ...{ mostCodes: sizes.mostCodes, recurring: sizes.recurring },
      });
    }
  }

  /**
   * One step on the samples `order[0 … rows − 1]` of `data`, with another learning rate and weight of the
   * penalty than those of the options where they are given; `numbers` tell which of those that come again each is.
   */
  step(
    data: Block,
    order: Block<Int32Array>,
    rows: number,
    { lr = this.#options.lr, gamma = this.#options.gamma, numbers }: {
      lr?: number;
      gamma?: number;
      numbers?: Block<Int32Array>;
    } = {},
  ): void {
    if (this.#fused?.pays) {
      this.#fused.step(data, order, rows, {
        gamma: gamma / this.#scale,
        gradScale: this.#scale,
        ...{ lr, numbers },
      });
    } else this.#denseStep(data, order, rows, lr, gamma);
    if (this.#decoderNorm === "unit") this.renorm();
  }

  /** With all gradients in memory. */
  #denseStep(
    data: Block,
    order: Block<Int32Array>,
    rows: number,
    lr: number,
    gamma: number,
  ): void {
    this.workspace.prepare();
    this.workspace.gradientsOf(data, order, rows, gamma / this.#scale);
    if (this.#decoderNorm === "unit") this.#project(); // dictionary_learning clips what is left
    const factor = this.#clipFactor();
    if (this.#decoderNorm === "projected") this.#project();
    this.#adam.step(factor, lr);
    if (!this.#fused) return;
    const codes = rows * padded(this.#width);
    const active = run("count_above", codes, 0, this.workspace.codes);
    this.#fused.active = active / (rows * this.#width);
  }

  #project(): void {
    run("project_rows", this.#width, this.#stride, this.#decoder, this.#decoderGradient);
  }

  /** The factor that makes the kernels' gradients the loss's, their norm at most `gradClip`. */
  #clipFactor(): number {
    const { gradClip } = this.#options, scale = this.#scale;
    if (gradClip === 0) return scale;
    const norm = scale * Math.sqrt(run("sum_squares", this.#gradients.length, this.#gradients));
    return scale * Math.min(1, gradClip / (norm + CLIP_EPS));
  }

  /**
   * Gives dead units new weights (Bricken et al., 2023) after a step on these samples: each takes a sample,
   * drawn with a probability that grows with its error, as its atom and, at a fifth of the living units'
   * mean norm (of all, where none lives), as its weights in the encoder. What else a unit has of its own,
   * bias and threshold, becomes what it was at the start, and the means of all its gradients 0.
   *
   * @returns How many numbers were drawn.
   */
  resample(
    data: Block,
    order: Block<Int32Array>,
    rows: number,
    generator: TorchGenerator,
  ): number {
    const { parameters, residual, silent, deadAfter } = this.workspace, stride = this.#stride;
    const dead = [...silent.view.keys()].filter((j) => silent.view[j] > deadAfter!);
    if (dead.length === 0) return 0;
    let draws = 0;
    const rowsOf = (block: Block) => (row: number) =>
      block.view.subarray(row * stride, (row + 1) * stride);
    const norm = (row: Float32Array) => Math.sqrt(row.reduce((sum, v) => sum + v * v, 0));
    const encoder = parameters.block("encoder")!, encoderRow = rowsOf(encoder);
    const living = [...silent.view.keys()].filter((j) => silent.view[j] <= deadAfter!);
    const compared = living.length > 0 ? living : dead;
    const mean = compared.reduce((sum, j) => sum + norm(encoderRow(j)), 0) / compared.length;
    const weights = Array.from({ length: rows }, (_, i) => norm(rowsOf(residual)(i)));
    for (const unit of dead.slice(0, rows)) {
      const total = weights.reduce((sum, w) => sum + w, 0);
      if (!(total > 0)) break; // nothing is left to explain
      draws++;
      let draw = generator.rand(1)[0] * total;
      let sample = weights.findIndex((w) => w > 0 && (draw -= w) < 0);
      if (sample < 0) sample = weights.findLastIndex((w) => w > 0);
      weights[sample] = 0;
      const x = rowsOf(data)(order.view[sample]).slice(), size = norm(x);
      if (size === 0) continue;
      rowsOf(this.#decoder)(unit).set(x.map((v) => v / size));
      encoderRow(unit).set(x.map((v) => 0.2 * mean * v / size));
      silent.view[unit] = 0;
      for (const name of ["decoder", "encoder"]) {
        this.#adam.forget(parameters.place(name) + unit * stride, stride);
      }
      for (const { name, values } of this.#ofUnits) {
        parameters.block(name)!.view[unit] = values[unit];
        this.#adam.forget(parameters.place(name) + unit, 1);
      }
    }
    return draws;
  }

  /** Codes per sample that were not 0 in the last step, of `rows` samples, of a type with a penalty. */
  l0(rows: number): number {
    const width = this.#width;
    if (this.#fused) return this.#fused.active * width;
    return run("count_above", rows * padded(width), 0, this.workspace.codes) / rows;
  }

  /**
   * What adds the squared residuals and the active codes of samples to the workspace's sums, for as long as the weights
   * stay as they are, without its being prepared; undefined where its forward passes are the fastest way, or the products
   * a BLAS's.
   */
  scorer(): Scorer | undefined {
    return this.#fused?.pays && systemBlas() === undefined ? this.#fused.scorer?.() : undefined;
  }

  /** The state as it is now. */
  get state(): TrainerState {
    const { parameters, silent, sums, counters } = this.workspace;
    const { mean, meanSquare, steps } = this.#adam;
    return {
      ...{ parameters: parameters.all.view, mean: mean.view, meanSquare: meanSquare.view },
      ...{ silent: silent.view, sums: sums.view, steps, counters },
      active: this.#fused?.active ?? 1,
    };
  }

  /** Copies a state in, of a trainer with the same model and options. */
  set state(from: TrainerState) {
    const to = this.state;
    for (const name of ["parameters", "mean", "meanSquare", "silent", "sums"] as const) {
      to[name].set(from[name]);
    }
    this.#adam.steps = from.steps;
    this.workspace.counters = from.counters;
    if (this.#fused) this.#fused.active = from.active;
  }

  /** Gives the decoder's columns unit norm. */
  renorm(): void {
    const [width, stride, decoder] = [this.#width, this.#stride, this.#decoder];
    run("normalize_rows", width, stride, NORM_FLOOR, decoder, decoder, this.#norms);
  }
}
