/**
 * Llama Scope: `hyperparams.json` and `checkpoints/final.safetensors`, JumpReLU with one threshold on
 * inputs that are scaled to norm √m on average.
 *
 * Source: the release's files (fnlp/Llama-Scope) and OpenMOSS/Language-Model-SAEs.
 * @module
 */
import { Configuration, join, Tensors } from "./folder.ts";
import type { Opened } from "./opened_sae.ts";
import { foldScale, sameThresholds } from "./parts.ts";

/** The files. */
export const LLAMA_CONFIGURATION = "hyperparams.json",
  LLAMA_WEIGHTS = "checkpoints/final.safetensors";

/** Opens a folder. */
export function openLlamaScope(folder: string): Opened {
  const config = Configuration.read(join(folder, LLAMA_CONFIGURATION));
  const activation = config.text("act_fn", "jumprelu");
  if (activation !== "jumprelu") throw config.refused(`act_fn must be jumprelu, got ${activation}`);
  const scaling = config.text("norm_activation", "dataset-wise");
  if (scaling !== "dataset-wise") {
    throw config.refused(`norm_activation must be dataset-wise, got ${scaling}`);
  }
  const inputDim = config.size("d_model"), width = config.size("d_sae");
  const norms = config.record("dataset_average_activation_norm");
  const input = norms.number("in"), output = norms.number("out", input);
  if (!(input > 0 && output > 0)) {
    throw config.refused(
      `dataset_average_activation_norm must be above 0, got ${input} and ${output}`,
    );
  }
  using tensors = new Tensors(join(folder, LLAMA_WEIGHTS));
  const units = tensors.units("encoder.weight", width, inputDim);
  const decoder = tensors.transposed("decoder.weight", inputDim, width);
  const decoderBias = tensors.vector("decoder.bias", inputDim), root = Math.sqrt(inputDim);
  foldScale({ units, decoder }, decoderBias, root / input, root / output);
  return {
    parts: {
      coder: {
        ...{ kind: "dense", units, bias: tensors.vector("encoder.bias", width) },
        activation: sameThresholds(width, config.number("jump_relu_threshold")),
      },
      ...{ decoder, decoderBias, normalization: "none" },
      centred: config.flag("apply_decoder_bias_to_pre_encoder", false),
    },
    format: "Llama Scope",
    architecture: activation,
    settings: config.values,
  };
}
