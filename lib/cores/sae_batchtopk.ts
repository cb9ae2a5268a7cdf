/**
 * batchtopk: codes are relu(pre), of a batch those `kval` per sample on average that are largest
 * (Bussmann et al., 2024). Outside training a threshold, learned in training, takes the batch's place.
 * @module
 */
import { requireInteger, requirePositive } from "../checks.ts";
import { type Block, type BlockData, padded, type RecordValues } from "../wasm/memory.ts";
import { WEIGHED_FIELDS, weighedValues } from "./sae_support.ts";
import {
  COMMON_PARAMETERS,
  flag,
  type SaeOption,
  type SaeParameter,
  type SaeSpace,
  type SaeVariant,
  type VariantOptions,
} from "./sae_variant.ts";

/** What `batchtopk` and `matryoshka` take. */
export interface BatchOptions extends VariantOptions {
  /** Active codes per sample on average, above 0 and up to the width; need not be an integer. */
  readonly kval: number;
  /** Whether relu(pre) times the norm of its atom chooses, not relu(pre) alone. Default false. */
  readonly decoderNorms?: boolean;
  /**
   * The threshold moves by this share towards each training batch's smallest chosen value, from 0 to
   * 1. Default 0.01.
   */
  readonly thresholdRate?: number;
  /** Training steps before the threshold begins. Default 0. */
  readonly thresholdAfter?: number;
}

/** Options of `batchtopk`. */
export interface BatchtopkOptions extends BatchOptions {
  /** The variant. */
  readonly type: "batchtopk";
}

/** The parameters of `batchtopk` and `matryoshka` beside the common ones. */
export interface BatchtopkParameters {
  /** One value: outside training a code must be above it. −1 before the first step: any may be. */
  threshold: Float32Array;
}

/** The options of {@linkcode BatchOptions}. */
export const BATCH_OPTIONS: readonly SaeOption[] = [
  {
    name: "kval",
    check(value, { width }) {
      requirePositive("kval", value as number);
      if (value as number > width) {
        throw new RangeError(`kval must be a number above 0 and up to ${width}, got ${value}`);
      }
    },
  },
  flag("decoderNorms"),
  {
    name: "thresholdRate",
    optional: true,
    check(value) {
      requirePositive("thresholdRate", value as number);
      if (value as number > 1) {
        throw new RangeError(`thresholdRate must be above 0 and at most 1, got ${value}`);
      }
    },
  },
  {
    name: "thresholdAfter",
    optional: true,
    check: (value) => requireInteger("thresholdAfter", value as number, 0),
  },
];

/** The threshold that {@linkcode BatchtopkParameters} tells of. */
const THRESHOLD: SaeParameter = {
  name: "threshold",
  tensor: "threshold",
  shape: [],
  trained: false,
  initial: () => Float32Array.of(-1),
};

/** The parameters of `batchtopk` and `matryoshka`. */
export const BATCH_PARAMETERS: readonly SaeParameter[] = [...COMMON_PARAMETERS, THRESHOLD];

/** The class BatchSae in kernels/sae_batch.ts tells what each is. */
export const BATCH_FIELDS = {
  ...WEIGHED_FIELDS,
  threshold: "block",
  settings: "block",
  thresholdAfter: "number",
  steps: "number",
} as const;

/** The fields among them that go on from step to step. */
export const BATCH_COUNTERS: readonly string[] = ["steps"];

/** Their values. */
export function batchValues(space: SaeSpace<BatchOptions>): RecordValues<typeof BATCH_FIELDS> {
  const { arena, width, rows, options, parameter } = space;
  const { kval, thresholdRate = 0.01, thresholdAfter = 0 } = options;
  const settings = arena.f64(2);
  settings.view.set([kval, thresholdRate]);
  return {
    // outside training a sample may have any number of codes
    ...weighedValues(space, rows * padded(width)),
    threshold: parameter("threshold"),
    settings,
    thresholdAfter,
    steps: 0,
  };
}

/** Changes the codes per sample that a batch has on average. */
export function setBatchKval(
  { settings }: Readonly<Record<string, Block<BlockData>>>,
  kval: number,
): void {
  settings.view[0] = kval;
}

/** The variant `batchtopk`. */
export const batchtopk: SaeVariant<BatchtopkOptions> = {
  type: "batchtopk",
  kernel: 5,
  options: BATCH_OPTIONS,
  parameters: BATCH_PARAMETERS,
  byBatch: true,
  auxK: true,
  setKval: setBatchKval,
  fields: BATCH_FIELDS,
  counters: BATCH_COUNTERS,
  values: batchValues,
};
