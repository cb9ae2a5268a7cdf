/**
 * The fused training step of gated.
 * @module
 */
import { padded } from "../wasm/memory.ts";
import { CHUNKS, type FusedSpace, type FusedSteps, meansOf } from "./sae_fused.ts";
import { FusedLists, LISTS_FIELDS } from "./sae_fused_lists.ts";

/** The class FusedGated in kernels/sae_fused_gated.ts tells what each is. */
export const FUSED_GATED_FIELDS = {
  ...LISTS_FIELDS,
  meanMagnitude: "block",
  squareMagnitude: "block",
  meanScale: "block",
  squareScale: "block",
  gates: "block",
  inputs: "block",
  residuals: "block",
  slopes: "block",
} as const;

/** Fused steps of gated, without norms of atoms in its penalty. */
export function fusedGated(space: FusedSpace): FusedSteps {
  return new FusedLists(space, {
    kernels: {
      encode: "sae_gated_encode",
      residual: "sae_gated_residual",
      units: "sae_gated_units",
    },
    entry: 3,
    fields: FUSED_GATED_FIELDS,
    values(space, most) {
      const { arena, model: { inputDim, width } } = space;
      const [meanMagnitude, squareMagnitude] = meansOf(space, "magnitudeBias");
      const [meanScale, squareScale] = meansOf(space, "logScale");
      return {
        ...{ meanMagnitude, squareMagnitude, meanScale, squareScale },
        gates: arena.f32(width * most),
        inputs: arena.f32(width * most),
        // and a row for each chunk
        residuals: arena.f32((most + CHUNKS) * padded(inputDim)),
        slopes: arena.f32(CHUNKS * 2 * most),
      };
    },
    // with half of the codes active the dense step takes 1.35 times as long, with a fifth 1.85 times
    mostActive: 0.7,
  });
}
