/**
 * What the variants share whose codes have at most k entries per sample that are not 0.
 * @module
 */
import { requireInteger } from "../checks.ts";
import { type Block, padded, type RecordValues } from "../wasm/memory.ts";
import type { SaeOption, SaeSpace, VariantOptions } from "./sae_variant.ts";

/** Options of a variant with k active codes. */
export interface KvalOptions extends VariantOptions {
  /** Active codes per sample, from 1 to the width. */
  readonly kval: number;
}

/** The option of {@linkcode KvalOptions}. */
export const KVAL: SaeOption = {
  name: "kval",
  check: (value, { width }) => requireInteger("kval", value as number, 1, width),
};

/** The class SupportSae in kernels/sae_support.ts tells what each is. */
export const SUPPORT_FIELDS = {
  k: "number",
  atoms: "block",
  pre: "block",
  counts: "block",
  indices: "block",
  values: "block",
} as const;

/** Their values; `atoms`: what decodes, one per row. Default: the decoder's. */
export function supportValues(
  { arena, width, rows, options: { kval }, parameter }: SaeSpace<KvalOptions>,
  atoms: Block = parameter("decoder"),
): RecordValues<typeof SUPPORT_FIELDS> {
  return {
    k: kval,
    atoms,
    pre: arena.f32(rows * padded(width)),
    counts: arena.i32(rows),
    indices: arena.i32(rows * kval),
    values: arena.f32(rows * kval),
  };
}
