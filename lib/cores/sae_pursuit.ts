/**
 * pursuit: codes come from up to `kval` steps of matching pursuit (Mallat & Zhang, 1993) on the decoder's
 * atoms as they are, with positive coefficients; an atom may be picked again (SAELens). The encoder is
 * there, but takes no part.
 * @module
 */
import { requireNonNegative } from "../checks.ts";
import type { RecordValues } from "../wasm/memory.ts";
import { GRAM_FIELDS, gramValues } from "./sae_gram.ts";
import { KVAL, type KvalOptions } from "./sae_support.ts";
import {
  DECODER,
  DECODER_BIAS,
  ENCODER,
  ENCODER_BIAS,
  flag,
  type SaeSpace,
  type SaeVariant,
} from "./sae_variant.ts";

/** Options of `pursuit`. */
export interface PursuitOptions extends KvalOptions {
  /** The variant. */
  readonly type: "pursuit";
  /** A sample is done when the norm of its residual is below this. Default 0. */
  readonly residualThreshold?: number;
  /** Whether a sample is done with the first atom that it picks again. Default false. */
  readonly stopAtRepeat?: boolean;
}

/** The class Pursuit in kernels/sae_pursuit.ts tells what each is. */
const FIELDS = {
  ...GRAM_FIELDS,
  running: "block",
  residualSquares: "block",
  leastSquare: "block",
  stopAtRepeat: "number",
} as const;

function values(space: SaeSpace<PursuitOptions>): RecordValues<typeof FIELDS> {
  const { arena, rows, options: { residualThreshold = 0, stopAtRepeat = false } } = space;
  const leastSquare = arena.f64(1);
  leastSquare.view[0] = residualThreshold ** 2;
  return {
    ...gramValues(space),
    running: arena.i32(rows),
    residualSquares: arena.f64(rows),
    leastSquare,
    stopAtRepeat: Number(stopAtRepeat),
  };
}

/** The variant `pursuit`. */
export const pursuit: SaeVariant<PursuitOptions> = {
  type: "pursuit",
  kernel: 8,
  options: [KVAL, {
    name: "residualThreshold",
    optional: true,
    check: (value) => requireNonNegative("residualThreshold", value as number),
  }, flag("stopAtRepeat")],
  parameters: [
    { ...ENCODER, trained: false },
    { ...ENCODER_BIAS, trained: false },
    DECODER,
    DECODER_BIAS,
  ],
  fields: FIELDS,
  values,
};
