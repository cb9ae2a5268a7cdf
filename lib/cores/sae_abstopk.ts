/**
 * abstopk: codes are the `kval` pre-activations of largest magnitude, with their sign.
 * @module
 */
import { padded, type RecordValues } from "../wasm/memory.ts";
import {
  type ChoiceOptions,
  KVAL,
  startRows,
  WEIGHED_FIELDS,
  weighedValues,
} from "./sae_support.ts";
import { COMMON_PARAMETERS, flag, type SaeVariant } from "./sae_variant.ts";

/** Options of `abstopk`. */
export interface AbstopkOptions extends ChoiceOptions {
  /** The variant. */
  readonly type: "abstopk";
}

/** The class AbsTopK in kernels/sae_abstopk.ts tells what each is. */
const FIELDS = { ...WEIGHED_FIELDS, sizes: "block" } as const;

/** The variant `abstopk`. */
export const abstopk: SaeVariant<AbstopkOptions> = {
  type: "abstopk",
  kernel: 4,
  options: [KVAL, flag("decoderNorms")],
  parameters: COMMON_PARAMETERS,
  auxK: true,
  setKval: startRows,
  fields: FIELDS,
  values: (space): RecordValues<typeof FIELDS> => ({
    ...weighedValues(space),
    sizes: space.arena.f32(padded(space.width)),
  }),
};
