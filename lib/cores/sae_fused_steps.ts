/**
 * Which model has which fused training step.
 * @module
 */
import { FUSED_FROM_WIDTH, type FusedSpace, type FusedSteps } from "./sae_fused.ts";
import { FusedGated } from "./sae_fused_gated.ts";
import { FusedRelu, fusesAsRelu } from "./sae_fused_relu.ts";
import { FusedTopK } from "./sae_fused_topk.ts";

/** The fused steps of a model, if it has enough units and its variant has them. */
export function fusedSteps(space: FusedSpace): FusedSteps | undefined {
  const { options, width } = space.model;
  if (width < FUSED_FROM_WIDTH) return undefined;
  if (fusesAsRelu(space.model)) return new FusedRelu(space);
  switch (options.type) {
    case "gated":
      return options.decoderNorms ? undefined : new FusedGated(space);
    case "topk":
    case "abstopk":
    case "batchtopk":
    case "matryoshka":
      return new FusedTopK(space, Math.max(options.kval, space.mostCodes ?? 0));
  }
  return undefined;
}
