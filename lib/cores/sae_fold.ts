/**
 * The scale of the samples that an autoencoder was trained on, taken into its weights.
 * @module
 */
import type { Matrix32 } from "../matrix.ts";
import { Sae } from "../saes.ts";
import type { SaeInit } from "../saes.ts";

/**
 * The autoencoder for samples as they are, of one that was trained on samples times a factor: with x̃ = s·x
 * its reconstruction of x is that of x̃ over s. Codes are those of x̃, but for `MP` and `pursuit`, whose
 * atoms keep their norms: there they are those of x̃ over s.
 *
 * Source: `fold_activation_norm_scaling_factor` of SAELens 6.37, for the kinds that it has.
 *
 * @param sae It stays as it is.
 * @param factor s, above 0.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Sae } from "../saes.ts";
 * import { withoutScale } from "./sae_fold.ts";
 * const sae = Sae.initialize({ type: "topk", inputDim: 4, width: 8, kval: 2, seed: 0 });
 * const X = { rows: 1, cols: 4, data: Float32Array.of(1, 2, 3, 4) };
 * const scaled = { ...X, data: X.data.map((value) => value * 2) };
 * assert.deepEqual(withoutScale(sae, 2).encode(X), sae.encode(scaled));
 * ```
 */
export function withoutScale(sae: Sae, factor: number): Sae {
  const { options, parameters } = sae, { encoder, decoder, decoderBias, threshold } = parameters;
  const times = (M: Matrix32, by: number) => ({ ...M, data: M.data.map((value) => value * by) });
  const bias = { decoderBias: decoderBias.map((value) => value / factor) };
  if (options.type === "MP" || options.type === "pursuit") {
    const stops = "residualThreshold" in options && options.residualThreshold !== undefined
      ? { residualThreshold: options.residualThreshold / factor }
      : {};
    return new Sae({ ...options, ...stops, parameters: { ...parameters, ...bias } } as SaeInit);
  }
  // what is compared with the threshold is a code times the norm of its atom
  const isByNorm = threshold && "decoderNorms" in options && options.decoderNorms;
  return new Sae({
    ...options,
    parameters: {
      ...parameters,
      ...bias,
      encoder: times(encoder, factor),
      decoder: times(decoder, 1 / factor),
      ...(isByNorm && { threshold: threshold.map((value) => value > 0 ? value / factor : value) }),
    },
  } as SaeInit);
}
