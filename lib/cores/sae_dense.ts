/**
 * What the variants with dense codes share, relu and jumprelu.
 * @module
 */
import { padded, type RecordValues } from "../wasm/memory.ts";
import type { SaeSpace } from "./sae_variant.ts";

/** The class DenseSae in kernels/sae_dense.ts tells what each is. */
export const DENSE_FIELDS = { decoderT: "block", gCodes: "block" } as const;

/** Their blocks. */
export function denseValues(
  { arena, inputDim, width, rows, gradients }: SaeSpace,
): RecordValues<typeof DENSE_FIELDS> {
  const stride = padded(width);
  return {
    decoderT: arena.f32(inputDim * stride),
    gCodes: arena.f32(gradients ? rows * stride : 0),
  };
}
