/**
 * MP: codes come from `kval` steps of matching pursuit (Mallat & Zhang, 1993) on the decoder's atoms
 * at unit norm, each used once. The encoder is there, but takes no part.
 * @module
 */
import { padded, type RecordValues } from "../wasm/memory.ts";
import { GRAM_FIELDS, gramValues } from "./sae_gram.ts";
import { KVAL, type KvalOptions } from "./sae_support.ts";
import {
  DECODER,
  DECODER_BIAS,
  ENCODER,
  ENCODER_BIAS,
  type SaeSpace,
  type SaeVariant,
} from "./sae_variant.ts";

/** Options of `MP`. */
export interface MpOptions extends KvalOptions {
  /** The variant. */
  readonly type: "MP";
}

/** The class MatchingPursuit in kernels/sae_mp.ts tells what each is. */
const FIELDS = { ...GRAM_FIELDS, norms: "block", betas: "block" } as const;

function values(space: SaeSpace<MpOptions>): RecordValues<typeof FIELDS> {
  const { arena, inputDim, width, rows, options: { kval } } = space;
  return {
    ...gramValues(space, arena.f32(width * padded(inputDim))),
    norms: arena.f32(width),
    betas: arena.f32(rows * kval),
  };
}

/** The variant `MP`. */
export const mp: SaeVariant<MpOptions> = {
  type: "MP",
  kernel: 3,
  options: [KVAL],
  parameters: [
    // no gradient: AdamW must leave them alone, weight decay included
    { ...ENCODER, trained: false },
    { ...ENCODER_BIAS, trained: false },
    DECODER,
    DECODER_BIAS,
  ],
  unitAtoms: true,
  fields: FIELDS,
  values,
};
