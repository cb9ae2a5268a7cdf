/**
 * MP: codes come from `kval` steps of matching pursuit (Mallat & Zhang, 1993) on the decoder's atoms
 * at unit norm, each used once. The encoder is there, but takes no part.
 * @module
 */
import { padded, type RecordValues } from "../wasm/memory.ts";
import { KVAL, type KvalOptions, SUPPORT_FIELDS, supportValues } from "./sae_support.ts";
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

/** MP keeps up to so many floats of Gram rows beyond what one block of samples can need. */
const GRAM_FLOATS = 2 ** 25;

/** The class MatchingPursuit in kernels/sae_mp.ts tells what each is. */
const FIELDS = {
  ...SUPPORT_FIELDS,
  norms: "block",
  betas: "block",
  slots: "block",
  gram: "block",
  capacity: "number",
  used: "number",
} as const;

function values(space: SaeSpace<MpOptions>): RecordValues<typeof FIELDS> {
  const { arena, inputDim, width, rows, samples, options: { kval } } = space;
  const stride = padded(width);
  const mostPicks = Math.max(rows, Math.min(samples, GRAM_FLOATS / (stride * kval))) * (kval - 1);
  const capacity = Math.min(width, Math.ceil(mostPicks));
  return {
    ...supportValues(space, { atoms: arena.f32(width * padded(inputDim)) }),
    norms: arena.f32(width),
    betas: arena.f32(rows * kval),
    slots: arena.i32(width),
    gram: arena.f32(capacity * stride),
    capacity,
    used: 0,
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
