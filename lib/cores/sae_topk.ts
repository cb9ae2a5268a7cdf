/**
 * topk: codes are the `kval` largest of relu(pre) (Gao et al., 2024).
 * @module
 */
import { KVAL, type KvalOptions, SUPPORT_FIELDS, supportValues } from "./sae_support.ts";
import { COMMON_PARAMETERS, type SaeVariant } from "./sae_variant.ts";

/** Options of `topk`. */
export interface TopkOptions extends KvalOptions {
  /** The variant. */
  readonly type: "topk";
}

/** The variant `topk`. */
export const topk: SaeVariant<TopkOptions> = {
  type: "topk",
  kernel: 1,
  options: [KVAL],
  parameters: COMMON_PARAMETERS,
  auxK: true,
  fields: SUPPORT_FIELDS,
  values: (space) => supportValues(space),
};
