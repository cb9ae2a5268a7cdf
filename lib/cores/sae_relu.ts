/**
 * relu: codes are relu(pre), and the penalty is Σ|codes|, or made of powers of them.
 * @module
 */
import { requirePositive } from "../checks.ts";
import type { RecordValues } from "../wasm/memory.ts";
import { DENSE_FIELDS, denseValues } from "./sae_dense.ts";
import { KVAL } from "./sae_support.ts";
import { COMMON_PARAMETERS, flag, type SaeSpace, type SaeVariant } from "./sae_variant.ts";

/** Options of `relu`. */
export interface ReluOptions {
  /** The variant. */
  readonly type: "relu";
  /** Without effect: the options of every type once had it. */
  readonly kval?: number;
  /** Whether the penalty is Σ|codes| times the norms of their atoms. Default false. */
  readonly decoderNorms?: boolean;
  /**
   * The power p of what the penalty adds up: Σ|code|ᵖ, or Σ(|code|·norm)ᵖ. Default: the sum alone, which is
   * that of power 1 and much faster.
   */
  readonly penaltyPower?: number;
  /**
   * Whether a penalty of powers is their sum to the 1/p: `lp_norm` of SAELens, sparsity function `Lp` of
   * dictionary_learning, where false is `Lp^p`. Needs `penaltyPower`. Default false.
   */
  readonly penaltyRoot?: boolean;
}

/** The class Relu in kernels/sae_relu.ts tells what each is. */
const FIELDS = {
  ...DENSE_FIELDS,
  hasPower: "number",
  isRoot: "number",
  power: "block",
} as const;

function values(space: SaeSpace<ReluOptions>): RecordValues<typeof FIELDS> {
  const { penaltyPower, penaltyRoot = false, decoderNorms } = space.options;
  const power = space.arena.f64(1);
  power.view[0] = penaltyPower ?? 1;
  return {
    ...denseValues(space, decoderNorms),
    hasPower: Number(penaltyPower !== undefined),
    isRoot: Number(penaltyRoot),
    power,
  };
}

/** The variant `relu`. */
export const relu: SaeVariant<ReluOptions> = {
  type: "relu",
  kernel: 0,
  options: [
    { ...KVAL, optional: true },
    flag("decoderNorms"),
    {
      name: "penaltyPower",
      optional: true,
      check: (value) => requirePositive("penaltyPower", value as number),
    },
    {
      ...flag("penaltyRoot"),
      check(value, sizes, options) {
        flag("penaltyRoot").check(value, sizes, options);
        if (value && (options as ReluOptions).penaltyPower === undefined) {
          throw new TypeError("penaltyRoot needs penaltyPower, got none");
        }
      },
    },
  ],
  parameters: COMMON_PARAMETERS,
  penalty: { gamma: 1e-4 },
  fields: FIELDS,
  values,
};
