/**
 * What the variants with dense codes share: relu, jumprelu and gated.
 * @module
 */
import { padded, type RecordValues } from "../wasm/memory.ts";
import type { SaeSpace } from "./sae_variant.ts";

/** The class DenseSae in kernels/sae_dense.ts tells what each is. */
export const DENSE_FIELDS = {
  decoderT: "block",
  gCodes: "block",
  byNorms: "number",
  weights: "block",
  columnSums: "block",
} as const;

/** Their values; `byNorms`: whether the penalty weighs codes by the norms of their atoms. */
export function denseValues(
  { arena, inputDim, width, rows, gradients }: SaeSpace,
  byNorms = false,
): RecordValues<typeof DENSE_FIELDS> {
  const stride = padded(width), weights = arena.f32(stride);
  weights.view.fill(1);
  return {
    decoderT: arena.f32(inputDim * stride),
    gCodes: arena.f32(gradients ? rows * stride : 0),
    byNorms: Number(byNorms),
    weights,
    columnSums: arena.f32(stride),
  };
}
