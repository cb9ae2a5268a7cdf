/**
 * EleutherAI's sparsify: `cfg.json` and `sae.safetensors`, TopK autoencoders and transcoders.
 *
 * Source: EleutherAI/sparsify, `sparse_coder.py`.
 * @module
 */
import { Configuration, join, Tensors } from "./folder.ts";
import type { Opened } from "./opened_sae.ts";

/** The files. */
export const SPARSIFY_CONFIGURATION = "cfg.json", SPARSIFY_WEIGHTS = "sae.safetensors";

/** Opens a folder. */
export function openSparsify(folder: string): Opened {
  const config = Configuration.read(join(folder, SPARSIFY_CONFIGURATION));
  const activation = config.text("activation", "topk");
  if (activation !== "topk") throw config.refused(`activation must be topk, got ${activation}`);
  using tensors = new Tensors(join(folder, SPARSIFY_WEIGHTS));
  const inputDim = config.size("d_in"), isTranscoder = config.flag("transcode", false);
  const [width] = tensors.sizes("encoder.weight"), [, outputDim] = tensors.sizes("W_dec");
  const wanted = config.values.num_latents
    ? config.size("num_latents")
    : inputDim * config.size("expansion_factor");
  if (width !== wanted) {
    throw tensors.refused(
      `tensor encoder.weight must have num_latents = ${wanted} rows, got ${width}`,
    );
  }
  if (!isTranscoder && outputDim !== inputDim) {
    throw tensors.refused(`tensor W_dec must have d_in = ${inputDim} columns, got ${outputDim}`);
  }
  const k = config.size("k");
  if (k > width) throw config.refused(`k must be at most num_latents = ${width}, got ${k}`);
  return {
    parts: {
      coder: {
        kind: "dense",
        units: tensors.units("encoder.weight", width, inputDim),
        bias: tensors.vector("encoder.bias", width),
        activation: { kind: "topk", k, signed: false },
      },
      decoder: tensors.matrix("W_dec", width, outputDim),
      decoderBias: tensors.vector("b_dec", outputDim),
      centred: !isTranscoder,
      normalization: "none",
      skip: config.flag("skip_connection", false)
        ? tensors.matrix("W_skip", outputDim, inputDim)
        : undefined,
    },
    format: "sparsify",
    architecture: activation,
    settings: config.values,
  };
}
