/**
 * Bussmann's BatchTopK repository: `config.json` and `sae.pt`.
 *
 * Source: bartbussmann/BatchTopK (May 2025), `sae.py`.
 * @module
 */
import { Configuration, join, Tensors } from "./folder.ts";
import type { Opened } from "./opened_sae.ts";

/** The file of the weights. */
export const BATCH_TOPK_WEIGHTS = "sae.pt";

/** Opens a folder. */
export function openBatchTopK(folder: string): Opened {
  const config = Configuration.read(join(folder, "config.json"));
  const architecture = config.text("sae_type");
  if (architecture !== "topk") {
    const why = architecture === "batchtopk"
      ? ": its file has no threshold, and without one codes depend on the batch"
      : "";
    throw config.refused(`sae_type must be topk, got ${architecture}${why}`);
  }
  using tensors = new Tensors(join(folder, BATCH_TOPK_WEIGHTS), "state_dict");
  const inputDim = config.size("act_size"), width = config.size("dict_size");
  const k = config.size("top_k");
  if (k > width) throw config.refused(`top_k must be at most dict_size = ${width}, got ${k}`);
  return {
    parts: {
      coder: {
        kind: "dense",
        units: tensors.dimensions("W_enc", inputDim, width),
        // the file has a bias, which this kind does not use
        bias: new Float32Array(width),
        activation: { kind: "topk", k, signed: false },
      },
      decoder: tensors.matrix("W_dec", width, inputDim),
      decoderBias: tensors.vector("b_dec", inputDim),
      centred: true,
      normalization: config.flag("input_unit_norm", true) ? "layer_norm" : "none",
    },
    format: "BatchTopK",
    architecture,
    settings: config.values,
  };
}
