/**
 * topk: codes are the `kval` largest of relu(pre) (Gao et al., 2024), or of relu(pre) times the atoms' norms.
 * @module
 */
import {
  type ChoiceOptions,
  KVAL,
  startRows,
  WEIGHED_FIELDS,
  weighedValues,
} from "./sae_support.ts";
import { COMMON_PARAMETERS, flag, type SaeVariant } from "./sae_variant.ts";

/** Options of `topk`. */
export interface TopkOptions extends ChoiceOptions {
  /** The variant. */
  readonly type: "topk";
}

/** The variant `topk`. */
export const topk: SaeVariant<TopkOptions> = {
  type: "topk",
  kernel: 1,
  options: [KVAL, flag("decoderNorms")],
  parameters: COMMON_PARAMETERS,
  auxK: true,
  setKval: startRows,
  fields: WEIGHED_FIELDS,
  values: (space) => weighedValues(space),
};
