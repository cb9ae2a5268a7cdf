/**
 * What makes a kind of sparse autoencoder: a record of its numbers, parameters, options and memory,
 * which all that knows autoencoders reads. One file per variant fills it in, and
 * {@link ./sae_variants.ts} lists them. How a variant is named and drawn is data of methods.ts.
 * @module
 */
import { requireBoolean } from "../checks.ts";
import { type Matrix32, normalizeColumns, requireMatrix, transpose } from "../matrix.ts";
import type { TorchGenerator } from "../random.ts";
import type { Arena, Block, BlockData, RecordFields } from "../wasm/memory.ts";

/** Sizes of a sparse autoencoder. */
export interface SaeSizes {
  /** Number of observed dimensions. */
  readonly inputDim: number;
  /** Number of units. */
  readonly width: number;
}

/** The parameters that every variant has. */
export interface CommonParameters {
  /** A_e, width × inputDim. Not used by MP. */
  encoder: Matrix32;
  /** b_e, width values. Not used by MP. */
  encoderBias: Float32Array;
  /** A_d, inputDim × width: the columns are the atoms. */
  decoder: Matrix32;
  /** b_d, inputDim values, subtracted from the input and added to the reconstruction. */
  decoderBias: Float32Array;
}

/** A parameter's value: a matrix where its shape has two extents, else an array. */
export type ParameterValue = Matrix32 | Float32Array;

/** What a parameter's initial values are made from. */
export interface SaeStart extends SaeSizes {
  /** Of the seed; draws are made in the order of the parameters. */
  readonly generator: TorchGenerator;
  /** The variant's options. */
  readonly options: VariantOptions;
  /** The parameters that come before this one, by name. */
  readonly earlier: Readonly<Record<string, ParameterValue>>;
}

/** A parameter of a variant: something that is saved, loaded and, mostly, trained. */
export interface SaeParameter {
  /** Its name in the public parameters, and in the record of the kernels. */
  readonly name: string;
  /** Its tensor's name in files. */
  readonly tensor: string;
  /**
   * `["width", "inputDim"]` or the reverse for a matrix, `["width"]` or `["inputDim"]` for an array,
   * `[]` for one number. In Wasm memory a matrix has a row per unit, whichever way round it is here.
   */
  readonly shape: readonly (keyof SaeSizes)[];
  /** Whether AdamW changes it. What does not train may still change: the kernels may write to it. */
  readonly trained: boolean;
  /** Whether an autoencoder with these options has it. Default: every one of the variant. */
  readonly isPart?: (options: VariantOptions) => boolean;
  /** Its values before training, row by row. */
  initial(start: SaeStart): Float32Array;
}

/** An option that a variant takes beside its type. */
export interface SaeOption {
  /** Its name. */
  readonly name: string;
  /** Whether it may be left out. */
  readonly optional?: boolean;
  /** Throws a TypeError or RangeError that names the option when the value breaks its rule. */
  check(value: unknown, sizes: SaeSizes, options: VariantOptions): void;
}

/** What tells an autoencoder's variant and its options. */
export interface VariantOptions {
  /** The variant. */
  readonly type: string;
}

/** What a variant's part of the kernels' record is made from. */
export interface SaeSpace<Options extends VariantOptions = VariantOptions> extends SaeSizes {
  /** Where blocks are allocated. */
  readonly arena: Arena;
  /** The variant's options. */
  readonly options: Options;
  /** Most samples in a block. */
  readonly rows: number;
  /** Most samples that are encoded with the same parameters. */
  readonly samples: number;
  /** Whether gradients will be computed. */
  readonly gradients: boolean;
  /** What dead units learn, where they do. */
  readonly auxK?: AuxK;
  /** Most codes per sample, where training has more of them than `kval`. */
  readonly mostCodes?: number;
  /** The loss is so many times that of the kernels. Default 1. */
  readonly lossScale?: number;
  /** The block of a parameter. */
  parameter(name: string): Block;
  /** The block of a parameter's gradient; empty when there will be none. */
  gradient(name: string): Block;
}

/**
 * AuxK (Gao et al., 2024): units that have been silent for long predict what the others leave over of a
 * sample, x − reconstruction, taken as given, with the largest of their pre-activations.
 */
export interface AuxK {
  /** Weight of the prediction's mean squared error in the loss. */
  readonly weight: number;
  /** Most units that predict a sample. */
  readonly latents: number;
  /**
   * Whether the error is divided by the variance of what it predicts, and negative pre-activations count
   * as 0 (dictionary_learning). Otherwise the weight shrinks where fewer than `latents` units are dead,
   * and pre-activations are taken as they are (SAELens).
   */
  readonly relative: boolean;
  /**
   * Whether each group's dead units of `matryoshka` predict what the prefix that ends with it leaves over,
   * with a weight and units of their own (`use_matryoshka_aux_loss` of SAELens). Default false.
   */
  readonly byGroup?: boolean;
}

/** An option that is true or false, and may be left out. */
export function flag(name: string): SaeOption {
  return {
    name,
    optional: true,
    check: (value) => requireBoolean(name, value),
  };
}

/** A kind of sparse autoencoder. */
export interface SaeVariant<Options extends VariantOptions = VariantOptions> {
  /** Its name in options, files and result rows. */
  readonly type: Options["type"];
  /** Its number in `kernels/sae_variants.ts`. */
  readonly kernel: number;
  /** Its options, in the order in which they are checked and saved. */
  readonly options: readonly SaeOption[];
  /** Its parameters, the common ones among them; `parametersOf` of sae_variants.ts tells which its options leave. */
  readonly parameters: readonly SaeParameter[];
  /** The loss's term beside the squared error, if it has one, and the weight γ that it gets by default. */
  readonly penalty?: { readonly gamma: number };
  /** Whether reconstructions use the decoder's columns at unit norm. */
  readonly unitAtoms?: boolean;
  /** Whether training keeps the largest codes of a batch, `kval` of them per sample on average. */
  readonly byBatch?: boolean;
  /** Whether its dead units can learn by AuxK. */
  readonly auxK?: boolean;
  /** Changes the codes per sample in its blocks, if their number can fall in training; k itself is changed for all. */
  readonly setKval?: (blocks: Readonly<Record<string, Block<BlockData>>>, kval: number) => void;
  /** The fields of its class in `kernels/` that come after those of Sae, in order. */
  readonly fields: RecordFields;
  /** The fields that tell one step something of those before it. Default: none. */
  readonly counters?: readonly string[];
  /** The values of these fields: numbers, and the blocks that the kernels compute in. */
  values(space: SaeSpace<Options>): Readonly<Record<string, number | Block<BlockData>>>;
}

/** A_e, uniform in ±1/√inputDim. */
export const ENCODER: SaeParameter = {
  name: "encoder",
  tensor: "Ae",
  shape: ["width", "inputDim"],
  trained: true,
  initial: ({ width, inputDim, generator }) => generator.kaimingUniform(width, inputDim),
};

/** b_e, 0 at the start. */
export const ENCODER_BIAS: SaeParameter = {
  name: "encoderBias",
  tensor: "be",
  shape: ["width"],
  trained: true,
  initial: ({ width }) => new Float32Array(width),
};

/** A_d, at the start the encoder's transpose with unit columns. */
export const DECODER: SaeParameter = {
  name: "decoder",
  tensor: "Ad",
  shape: ["inputDim", "width"],
  trained: true,
  initial({ earlier }) {
    const decoder = transpose(earlier.encoder as Matrix32);
    return normalizeColumns(decoder, undefined, decoder.data).data;
  },
};

/** b_d, 0 at the start. */
export const DECODER_BIAS: SaeParameter = {
  name: "decoderBias",
  tensor: "bd",
  shape: ["inputDim"],
  trained: true,
  initial: ({ inputDim }) => new Float32Array(inputDim),
};

/** The four that every variant has, all trained. */
export const COMMON_PARAMETERS: readonly SaeParameter[] = [
  ENCODER,
  ENCODER_BIAS,
  DECODER,
  DECODER_BIAS,
];

/**
 * Rows and columns of a parameter; those of an array and of a number are 1 × its length.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { DECODER_BIAS, extents } from "./sae_variant.ts";
 * assert.deepEqual(extents(DECODER_BIAS, { inputDim: 8, width: 12 }), { rows: 1, cols: 8 });
 * ```
 */
export function extents(
  { shape }: SaeParameter,
  sizes: SaeSizes,
): { rows: number; cols: number } {
  const [rows, cols] = [1, 1, ...shape.map((extent) => sizes[extent])].slice(-2);
  return { rows, cols };
}

/** Whether a parameter's value is a matrix, not an array. */
export function isMatrix({ shape }: SaeParameter): boolean {
  return shape.length === 2;
}

/** The value of a parameter with this content. */
export function toValue(
  parameter: SaeParameter,
  sizes: SaeSizes,
  data: Float32Array,
): ParameterValue {
  return isMatrix(parameter) ? { ...extents(parameter, sizes), data } : data;
}

/** The content of a parameter's value. */
export function dataOf(value: ParameterValue): Float32Array {
  return value instanceof Float32Array ? value : value.data;
}

/**
 * Requires a parameter's value.
 *
 * @throws {TypeError} When it is missing, or a matrix where an array is wanted or the reverse.
 * @throws {RangeError} When it has another shape, or a value that is not finite.
 */
export function requireParameter(parameter: SaeParameter, value: unknown, sizes: SaeSizes): void {
  const { name } = parameter;
  if (isMatrix(parameter)) return requireMatrix(name, value as Matrix32, extents(parameter, sizes));
  if (!(value instanceof Float32Array)) throw new TypeError(`${name} must be a Float32Array`);
  const { cols } = extents(parameter, sizes);
  requireMatrix(name, { rows: 1, cols: value.length, data: value }, { cols });
}

/**
 * The options of a variant, checked; whatever else the object has is left out.
 *
 * @throws {TypeError | RangeError} When an option is missing or breaks its rule.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { topk } from "./sae_topk.ts";
 * import { takeOptions } from "./sae_variant.ts";
 * const given = { type: "topk", kval: 3, epochs: 5 } as const;
 * assert.deepEqual(takeOptions(topk, given, { inputDim: 8, width: 12 }), { type: "topk", kval: 3 });
 * ```
 */
export function takeOptions<Options extends VariantOptions>(
  variant: SaeVariant<Options>,
  given: Options,
  sizes: SaeSizes,
): Options {
  const values = given as VariantOptions & Record<string, unknown>;
  const own: [string, unknown][] = [["type", variant.type]];
  for (const { name, optional, check } of variant.options) {
    const value = values[name];
    if (optional && value === undefined) continue;
    check(value, sizes, given);
    own.push([name, structuredClone(value)]);
  }
  return Object.fromEntries(own) as unknown as Options;
}
