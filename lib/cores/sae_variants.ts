/**
 * The variants that there are. A new one is a file here, a file in `kernels/` and a line in the
 * registries of both, this one and `kernels/sae_variants.ts`; methods.ts may give it a name in figures.
 * @module
 */
import { abstopk, type AbstopkOptions } from "./sae_abstopk.ts";
import { batchtopk, type BatchtopkOptions, type BatchtopkParameters } from "./sae_batchtopk.ts";
import { gated, type GatedOptions, type GatedParameters } from "./sae_gated.ts";
import { jumprelu, type JumpreluOptions, type JumpreluParameters } from "./sae_jumprelu.ts";
import { matryoshka, type MatryoshkaOptions } from "./sae_matryoshka.ts";
import { mp, type MpOptions } from "./sae_mp.ts";
import { pursuit, type PursuitOptions } from "./sae_pursuit.ts";
import { relu, type ReluOptions } from "./sae_relu.ts";
import { topk, type TopkOptions } from "./sae_topk.ts";
import type { CommonParameters, SaeParameter, SaeSizes, SaeVariant } from "./sae_variant.ts";

/** The kind of a sparse autoencoder and the options that this kind has. */
export type SaeOptions =
  | ReluOptions
  | TopkOptions
  | JumpreluOptions
  | MpOptions
  | AbstopkOptions
  | BatchtopkOptions
  | MatryoshkaOptions
  | GatedOptions
  | PursuitOptions;

/** The parameters of a sparse autoencoder of `width` units on `inputDim` observed dimensions. */
export interface SaeParameters
  extends
    CommonParameters,
    Partial<JumpreluParameters>,
    Partial<BatchtopkParameters>,
    Partial<GatedParameters> {}

/** A kind of sparse autoencoder. */
export type SaeType = SaeOptions["type"];

/** The kinds of sparse autoencoder. */
export const SAE_VARIANTS: readonly SaeVariant<SaeOptions>[] = [
  ...[relu, topk, jumprelu, mp, abstopk],
  ...[batchtopk, matryoshka, gated, pursuit],
];

/** Their names. */
export const SAE_TYPES: readonly SaeType[] = SAE_VARIANTS.map(({ type }) => type);

/**
 * Whatever options a variant has. Another one leaves them alone, so that a loop over the types can have
 * one configuration.
 */
export const VARIANT_OPTIONS: readonly string[] = [
  ...new Set(SAE_VARIANTS.flatMap(({ options }) => options.map(({ name }) => name))),
];

/**
 * The parameters that an autoencoder with these options has, whose type there is.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parametersOf } from "./sae_variants.ts";
 * const names = parametersOf({ type: "jumprelu", directThreshold: true }).map(({ name }) => name);
 * assert.equal(names.at(-1), "threshold");
 * ```
 */
export function parametersOf(options: SaeOptions): SaeParameter[] {
  return variantOf(options.type).parameters.filter(({ isPart }) => isPart?.(options) ?? true);
}

/** A sparse autoencoder as the kernels need it: an Sae is one. */
export interface SaeModel extends SaeSizes {
  /** The kind and its options. */
  readonly options: SaeOptions;
  /** The parameters. */
  readonly parameters: SaeParameters;
}

/**
 * The variant of a type.
 *
 * @throws {TypeError} When there is none of this name.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { variantOf } from "./sae_variants.ts";
 * assert.equal(variantOf("MP").unitAtoms, true);
 * ```
 */
export function variantOf(type: SaeType): SaeVariant<SaeOptions> {
  const variant = SAE_VARIANTS.find((one) => one.type === type);
  if (variant) return variant;
  throw new TypeError(`type must be one of ${SAE_TYPES.join(", ")}, got ${type}`);
}
