/**
 * The fused training step of relu and jumprelu.
 * @module
 */
import { type FusedSpace, type FusedSteps, meansOf } from "./sae_fused.ts";
import { FusedLists, LISTS_FIELDS } from "./sae_fused_lists.ts";
import type { SaeModel } from "./sae_variants.ts";

/** The class FusedRelu in kernels/sae_fused_relu.ts tells what each is. */
export const FUSED_RELU_FIELDS = {
  ...LISTS_FIELDS,
  meanLog: "block",
  squareLog: "block",
  squares: "block",
} as const;

/** Whether this is the fused step of a model: relu and jumprelu, with the penalties that the paper has. */
export function fusesAsRelu({ options }: SaeModel): boolean {
  if (options.type === "relu") return !options.decoderNorms && options.penaltyPower === undefined;
  return options.type === "jumprelu" && (options.penalty ?? "codes") === "codes" &&
    !options.revival && !options.directThreshold;
}

/** Fused steps of relu and jumprelu. */
export function fusedRelu(space: FusedSpace): FusedSteps {
  return new FusedLists(space, {
    kernels: {
      encode: "sae_relu_encode",
      residual: "sae_relu_residual",
      units: "sae_relu_units",
      score: ["sae_relu_score", "sae_relu_score_end"],
    },
    entry: 2,
    fields: FUSED_RELU_FIELDS,
    values(space, most) {
      const [meanLog, squareLog] = meansOf(space, "logThreshold");
      return { meanLog, squareLog, squares: space.arena.f64(most) };
    },
    // measured, the dense step takes as long at 0.47 with 1000 units, and at 0.61 with 5000 and with 10,000, where
    // its arrays leave the second-level cache
    mostActive: space.model.width < 2500 ? 0.47 : 0.6,
  });
}
