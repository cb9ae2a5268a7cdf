/**
 * The defaults that a training gets by one word: those of the paper, of SAELens 6.37 (of
 * jumprelu's thresholds 6.48: see `directThreshold`) or of dictionary_learning 0.1. Whatever the
 * configuration says itself stays as it says.
 * @module
 */
import type { SaeSchedule } from "./sae_schedule.ts";
import type { DecoderNorm, LossScale } from "./sae_training.ts";
import type { AuxK, SaeSizes } from "./sae_variant.ts";
import type { SaeType } from "./sae_variants.ts";

/** Whose defaults a training has. */
export type SaeConventions = "paper" | "saelens" | "dictionary_learning";

/** The names of {@linkcode SaeConventions}. */
export const SAE_CONVENTIONS: readonly SaeConventions[] = [
  "paper",
  "saelens",
  "dictionary_learning",
];

/** What a convention decides beside the options of the variant. */
export interface TrainingDefaults {
  /** Learning rate. */
  lr: number;
  /** Decay rates of AdamW's running means. */
  betas: readonly [number, number];
  /** Decoupled weight decay. */
  weightDecay: number;
  /** Weight of the penalty; undefined: that of the variant. */
  gamma?: number;
  /** Whether squared errors are averaged or added up over dimensions. */
  lossScale: LossScale;
  /** What keeps the decoder's columns at their norms. */
  decoderNorm: DecoderNorm;
  /** Epochs between renormings of the decoder; 0: never. */
  renormEvery: number;
  /** Largest norm of all gradients together; 0: any. */
  gradClip: number;
  /** How the learning rate and the penalty change. */
  schedule: SaeSchedule;
  /** Steps of silence after which a unit is dead; undefined: not counted. */
  deadAfter?: number;
  /** What dead units learn, where their variant can. */
  auxK?: AuxK;
  /** What the decoder's bias is at the start; undefined: 0. */
  startBias?: "geometricMedian";
  /** The initial encoder is the decoder's transpose, whose columns have this norm; undefined: the variant's. */
  initialNorm?: number;
}

const PAPER: TrainingDefaults = {
  ...{ lr: 5e-4, betas: [0.9, 0.999], weightDecay: 0.01, gradClip: 0, schedule: {} },
  ...{ lossScale: "mean", decoderNorm: "projected", renormEvery: 50 },
};

const OTHERS: Pick<TrainingDefaults, "weightDecay" | "lossScale" | "renormEvery"> = {
  ...{ weightDecay: 0, lossScale: "sum", renormEvery: 0 },
};

/** dictionary_learning counts samples: a unit is dead after so many without a code. */
const DEAD_SAMPLES = 1e7;

/**
 * The defaults of a convention.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { trainingDefaults } from "./sae_conventions.ts";
 * const sizes = { inputDim: 64, width: 256 };
 * assert.equal(trainingDefaults("paper", "relu", sizes, 64).weightDecay, 0.01);
 * assert.equal(trainingDefaults("saelens", "topk", sizes, 64).auxK?.latents, 32);
 * ```
 */
export function trainingDefaults(
  conventions: SaeConventions,
  type: SaeType,
  { inputDim, width }: SaeSizes,
  batchSize: number,
): TrainingDefaults {
  if (conventions === "paper") return PAPER;
  const aux = { latents: Math.max(1, inputDim >> 1) };
  if (conventions === "saelens") {
    return {
      ...{ ...OTHERS, lr: 3e-4, betas: [0.9, 0.999], gamma: 1, decoderNorm: "free", schedule: {} },
      ...{ gradClip: 1, deadAfter: 1000, auxK: { ...aux, weight: 1, relative: false } },
      initialNorm: type === "pursuit" || type === "MP" ? 1 : 0.1,
    };
  }
  const rates: Partial<Record<SaeType, number>> = { relu: 1e-3, gated: 5e-5, jumprelu: 7e-5 };
  const penalised = type in rates, momentum = type === "gated" || type === "jumprelu" ? 0 : 0.9;
  return {
    ...OTHERS,
    lr: rates[type] ?? 2e-4 / Math.sqrt(width / 2 ** 14),
    betas: [momentum, 0.999],
    gamma: type === "jumprelu" ? 1 : 0.1,
    // its StandardTrainer and GatedSAETrainer do not clip
    gradClip: type === "relu" || type === "gated" ? 0 : 1,
    decoderNorm: "unit",
    schedule: { warmup: 1000, fromZero: true, ...(penalised && { gammaWarmup: 2000 }) },
    deadAfter: Math.ceil(DEAD_SAMPLES / batchSize),
    auxK: { ...aux, weight: 1 / 32, relative: true },
    ...(type === "topk" || type === "batchtopk" || type === "matryoshka"
      ? { startBias: "geometricMedian" }
      : {}),
    initialNorm: 1,
  };
}

/** Of both libraries; SAELens trained log θ until 6.47, which hardly moves from its start. */
const JUMPRELU = { directThreshold: true };

/** The options of a variant by a convention, as far as they differ from the variant's own defaults. */
export function variantDefaults(
  conventions: SaeConventions,
  type: SaeType,
  groups: number,
): Readonly<Record<string, unknown>> {
  if (conventions === "saelens") {
    if (type === "jumprelu") {
      return { ...JUMPRELU, penalty: "step", bandwidth: 0.05, initialThreshold: 0.01 };
    }
    return { decoderNorms: true, frozenDecoder: false };
  }
  if (conventions === "dictionary_learning") {
    if (type === "jumprelu") {
      return { ...JUMPRELU, penalty: "target", targetL0: 20, bandwidth: 1e-3 };
    }
    const threshold = { thresholdRate: 1e-3, thresholdAfter: 1000 };
    if (type !== "matryoshka") return threshold;
    // the mean over groups of losses whose weights add up to 1
    return { ...threshold, groupWeights: new Array(groups).fill(1 / groups ** 2) };
  }
  return {};
}
