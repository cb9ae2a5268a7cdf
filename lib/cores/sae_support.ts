/**
 * What the variants share whose codes have at most k entries per sample that are not 0.
 * @module
 */
import { requireInteger } from "../checks.ts";
import { type Block, type BlockData, padded, type RecordValues } from "../wasm/memory.ts";
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
  starts: "block",
  counts: "block",
  indices: "block",
  values: "block",
  auxLatents: "number",
  auxRelative: "number",
  auxWeight: "block",
  auxUnits: "block",
  auxKeys: "block",
  auxIndices: "block",
  auxValues: "block",
  auxScratch: "block",
} as const;

/**
 * Their values. `atoms`: what decodes, one per row; default: the decoder's. `capacity`: most active
 * codes of all rows together; default: those of the space per row.
 */
export function supportValues(
  { arena, inputDim, width, rows, mostCodes, options: { kval }, parameter, auxK }: SaeSpace<
    KvalOptions
  >,
  { atoms = parameter("decoder"), capacity = rows * Math.max(kval, mostCodes ?? 0) }: {
    atoms?: Block;
    capacity?: number;
  } = {},
): RecordValues<typeof SUPPORT_FIELDS> {
  const starts = arena.i32(rows), weight = arena.f32(1), units = auxK ? padded(width) : 0;
  startRows({ starts }, kval);
  weight.view[0] = auxK?.weight ?? 0;
  return {
    k: Math.ceil(kval),
    atoms,
    pre: arena.f32(rows * padded(width)),
    starts,
    counts: arena.i32(rows),
    indices: arena.i32(capacity),
    values: arena.f32(capacity),
    auxLatents: auxK?.latents ?? 0,
    auxRelative: Number(auxK?.relative ?? false),
    auxWeight: weight,
    auxUnits: arena.i32(units),
    auxKeys: arena.i32(units),
    auxIndices: arena.i32(auxK?.latents ?? 0),
    auxValues: arena.f32(auxK?.latents ?? 0),
    auxScratch: arena.f32(auxK ? 2 * padded(inputDim) : 0),
  };
}

/** Changes where the lists of rows with so many codes begin. */
export function startRows(
  { starts }: Readonly<Record<string, Block<BlockData>>>,
  kval: number,
): void {
  starts.view.forEach((_, row, view) => view[row] = row * kval);
}

/** Options of a variant that chooses k codes. */
export interface ChoiceOptions extends KvalOptions {
  /** Whether pre-activations times the norm of their atom choose, not pre-activations alone. Default false. */
  readonly decoderNorms?: boolean;
}

/** The class WeighedSae in kernels/sae_weighed.ts tells what each is. */
export const WEIGHED_FIELDS = { ...SUPPORT_FIELDS, weights: "block", byNorms: "number" } as const;

/** Their values; `capacity`: as of {@linkcode supportValues}. */
export function weighedValues(
  space: SaeSpace<ChoiceOptions>,
  capacity?: number,
): RecordValues<typeof WEIGHED_FIELDS> {
  const { arena, width, options: { decoderNorms = false } } = space;
  const weights = arena.f32(padded(width));
  weights.view.fill(1);
  return { ...supportValues(space, { capacity }), weights, byNorms: Number(decoderNorms) };
}
