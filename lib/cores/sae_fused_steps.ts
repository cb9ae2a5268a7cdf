/**
 * Which model has which fused training step.
 * @module
 */
import { FUSED_FROM_WIDTH, type FusedSpace, type FusedSteps } from "./sae_fused.ts";
import { fusedGated } from "./sae_fused_gated.ts";
import { FusedMp, paysForPicks } from "./sae_fused_mp.ts";
import { fusedRelu, fusesAsRelu } from "./sae_fused_relu.ts";
import { FusedTopK } from "./sae_fused_topk.ts";

/** The fused steps of a model, if it has enough units and its variant has them. */
export function fusedSteps(space: FusedSpace): FusedSteps | undefined {
  const { options, width } = space.model;
  if (width < FUSED_FROM_WIDTH) return undefined;
  if (fusesAsRelu(space.model)) return fusedRelu(space);
  switch (options.type) {
    case "gated":
      return options.decoderNorms ? undefined : fusedGated(space);
    case "MP":
      return paysForPicks(width, options.kval * space.workspace.rows)
        ? new FusedMp(space, options.kval)
        : undefined;
    case "topk":
    case "abstopk":
    case "batchtopk":
    case "matryoshka":
      return new FusedTopK(space, Math.max(options.kval, space.mostCodes ?? 0));
  }
  return undefined;
}
