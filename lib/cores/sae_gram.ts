/**
 * What the variants share that pursue atoms: some rows of the atoms' Gram matrix.
 * @module
 */
import { type Block, padded, type RecordValues } from "../wasm/memory.ts";
import { type KvalOptions, SUPPORT_FIELDS, supportValues } from "./sae_support.ts";
import type { SaeSpace } from "./sae_variant.ts";

/** Up to so many floats of Gram rows are kept beyond what one block of samples can need. */
const GRAM_FLOATS = 2 ** 25;

/** The class GramSae in kernels/sae_gram.ts tells what each is. */
export const GRAM_FIELDS = {
  ...SUPPORT_FIELDS,
  slots: "block",
  gram: "block",
  capacity: "number",
  used: "number",
} as const;

/** Their values; `atoms` as in {@linkcode supportValues}. */
export function gramValues(
  space: SaeSpace<KvalOptions>,
  atoms?: Block,
): RecordValues<typeof GRAM_FIELDS> {
  const { arena, width, rows, samples, options: { kval } } = space;
  const stride = padded(width);
  // a sample's last pick needs no row, unless its residual is watched
  const mostPicks = Math.max(rows, Math.min(samples, GRAM_FLOATS / (stride * kval))) * kval;
  const capacity = Math.min(width, Math.ceil(mostPicks));
  return {
    ...supportValues(space, { atoms }),
    slots: arena.i32(width),
    gram: arena.f32(capacity * stride),
    capacity,
    used: 0,
  };
}
