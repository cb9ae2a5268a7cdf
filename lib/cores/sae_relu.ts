/**
 * relu: codes are relu(pre), and the penalty is Σ|codes|.
 * @module
 */
import { DENSE_FIELDS, denseValues } from "./sae_dense.ts";
import { KVAL } from "./sae_support.ts";
import { COMMON_PARAMETERS, flag, type SaeVariant } from "./sae_variant.ts";

/** Options of `relu`. */
export interface ReluOptions {
  /** The variant. */
  readonly type: "relu";
  /** Without effect: the options of every type once had it. */
  readonly kval?: number;
  /** Whether the penalty is Σ|codes| times the norms of their atoms. Default false. */
  readonly decoderNorms?: boolean;
}

/** The variant `relu`. */
export const relu: SaeVariant<ReluOptions> = {
  type: "relu",
  kernel: 0,
  options: [{ ...KVAL, optional: true }, flag("decoderNorms")],
  parameters: COMMON_PARAMETERS,
  penalty: { gamma: 1e-4 },
  fields: DENSE_FIELDS,
  values: (space) => denseValues(space, space.options.decoderNorms),
};
