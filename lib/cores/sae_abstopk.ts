/**
 * abstopk: codes are the `kval` pre-activations of largest magnitude, with their sign.
 * @module
 */
import { padded, type RecordValues } from "../wasm/memory.ts";
import { KVAL, type KvalOptions, SUPPORT_FIELDS, supportValues } from "./sae_support.ts";
import { COMMON_PARAMETERS, type SaeVariant } from "./sae_variant.ts";

/** Options of `abstopk`. */
export interface AbstopkOptions extends KvalOptions {
  /** The variant. */
  readonly type: "abstopk";
}

/** The class AbsTopK in kernels/sae_abstopk.ts tells what each is. */
const FIELDS = { ...SUPPORT_FIELDS, sizes: "block" } as const;

/** The variant `abstopk`. */
export const abstopk: SaeVariant<AbstopkOptions> = {
  type: "abstopk",
  kernel: 4,
  options: [KVAL],
  parameters: COMMON_PARAMETERS,
  auxK: true,
  fields: FIELDS,
  values: (space): RecordValues<typeof FIELDS> => ({
    ...supportValues(space),
    sizes: space.arena.f32(padded(space.width)),
  }),
};
