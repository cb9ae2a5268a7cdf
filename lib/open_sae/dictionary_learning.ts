/**
 * dictionary_learning's folders: `config.json` and `ae.pt`.
 *
 * Source: dictionary_learning 0.1 (August 2025).
 * @module
 */
import { Configuration, join, Tensors } from "./folder.ts";
import type { Opened } from "./opened_sae.ts";
import { type Activation, foldNorms, type Parts, sameThresholds } from "./parts.ts";

/** The file of the weights. */
export const DICTIONARY_LEARNING_WEIGHTS = "ae.pt";
/** Where a backup of a training has the weights, beside the optimiser's state. */
const BACKUP_KEY = "ae";

/** Names of a class's tensors; encoder and decoder have a row per unit where it has `W_enc`. */
interface Layout {
  encoder: string;
  decoder: string;
  /** Biases of encoder and decoder. */
  bias: string;
  decoderBias: string;
  centred: boolean;
}

const LINEAR = { encoder: "encoder.weight", decoder: "decoder.weight", bias: "encoder.bias" };
const PLAIN = { encoder: "W_enc", decoder: "W_dec", bias: "b_enc", decoderBias: "b_dec" };

/** The classes that are opened. */
const CLASSES: Readonly<Record<string, Layout>> = {
  AutoEncoder: { ...LINEAR, decoderBias: "bias", centred: true },
  AutoEncoderNew: { ...LINEAR, decoderBias: "decoder.bias", centred: false },
  AutoEncoderTopK: { ...LINEAR, decoderBias: "b_dec", centred: true },
  BatchTopKSAE: { ...LINEAR, decoderBias: "b_dec", centred: true },
  MatryoshkaBatchTopKSAE: { ...PLAIN, centred: true },
  JumpReluAutoEncoder: { ...PLAIN, centred: false },
  GatedAutoEncoder: { ...LINEAR, bias: "gate_bias", decoderBias: "decoder_bias", centred: true },
};

/** Opens a folder. */
export function openDictionaryLearning(folder: string): Opened {
  const config = Configuration.read(join(folder, "config.json"));
  const trainer = config.record("trainer"), architecture = trainer.text("dict_class");
  if (!Object.hasOwn(CLASSES, architecture)) {
    throw trainer.refused(
      `dict_class must be one of ${Object.keys(CLASSES).join(", ")}, got ${architecture}`,
    );
  }
  using tensors = new Tensors(join(folder, DICTIONARY_LEARNING_WEIGHTS), BACKUP_KEY);
  const parts = partsOf(trainer, tensors, architecture);
  return { parts, format: "dictionary_learning", architecture, settings: config.values };
}

function partsOf(trainer: Configuration, tensors: Tensors, architecture: string): Parts {
  const layout = CLASSES[architecture], isLinear = layout.encoder === LINEAR.encoder;
  const inputDim = trainer.size("activation_dim"), width = trainer.size("dict_size");
  const units = isLinear
    ? tensors.units(layout.encoder, width, inputDim)
    : tensors.dimensions(layout.encoder, inputDim, width);
  const decoder = isLinear
    ? tensors.transposed(layout.decoder, inputDim, width)
    : tensors.matrix(layout.decoder, width, inputDim);
  const bias = tensors.vector(layout.bias, width);
  // its own loader does so by default
  if (architecture === "AutoEncoder") foldNorms({ units, bias, decoder });
  return {
    coder: { kind: "dense", units, bias, activation: activationOf(tensors, architecture, width) },
    decoder,
    decoderBias: tensors.vector(layout.decoderBias, inputDim),
    centred: layout.centred,
    normalization: "none",
  };
}

function activationOf(tensors: Tensors, architecture: string, width: number): Activation {
  switch (architecture) {
    case "AutoEncoder":
    case "AutoEncoderNew":
      return sameThresholds(width, 0);
    case "AutoEncoderTopK": {
      const k = tensors.number("k");
      if (Number.isInteger(k) && k >= 1 && k <= width) return { kind: "topk", k, signed: false };
      throw tensors.refused(`tensor k must be an integer from 1 to ${width}, got ${k}`);
    }
    case "JumpReluAutoEncoder":
      return { kind: "jumprelu", thresholds: tensors.vector("threshold", width) };
    case "GatedAutoEncoder":
      return {
        kind: "gated",
        magnitudeBias: tensors.vector("mag_bias", width),
        logScale: tensors.vector("r_mag", width),
      };
    default: {
      const threshold = tensors.number("threshold");
      if (threshold >= 0) return sameThresholds(width, threshold);
      throw tensors.refused(
        `tensor threshold must be at least 0, got ${threshold}: the training ended before it was ` +
          `estimated, and without it codes depend on the batch`,
      );
    }
  }
}
