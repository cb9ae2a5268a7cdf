/**
 * SAELens' folders: `cfg.json` and `sae_weights.safetensors`, of version 6 and older ones, for inference
 * or of a checkpoint of training.
 *
 * Source: SAELens 6.37.2, and its loaders of older configurations.
 * @module
 */
import { kindOfPath } from "../atomic_file.ts";
import { transpose, zeros32 } from "../matrix.ts";
import { Sae } from "../saes.ts";
import { Configuration, join, Tensors } from "./folder.ts";
import type { Opened, OpenOptions } from "./opened_sae.ts";
import {
  type Activation,
  foldNorms,
  foldScale,
  type Normalization,
  type Parts,
  sameThresholds,
  scaleRows,
} from "./parts.ts";

/** Files of a folder. */
export const SAELENS_CONFIGURATION = "cfg.json", SAELENS_WEIGHTS = "sae_weights.safetensors";
/** What training leaves beside a checkpoint: the factor that it multiplies its inputs by. */
const SCALER = "activation_scaler.json";

/** Kinds of transcoders, and the autoencoder that each is otherwise. */
const TRANSCODERS: Readonly<Record<string, string>> = {
  transcoder: "standard",
  skip_transcoder: "standard",
  jumprelu_transcoder: "jumprelu",
  jumprelu_skip_transcoder: "jumprelu",
};

/** Kinds that are opened. */
const ARCHITECTURES: readonly string[] = [
  ...["standard", "topk", "abstopk", "jumprelu", "gated", "matching_pursuit"],
  ...["batchtopk", "matryoshka_batchtopk"],
  ...Object.keys(TRANSCODERS),
];

/** Kinds of numbers that weights may have. */
const DTYPES = ["float32", "float64", "float16", "bfloat16"];

/** What of a configuration decides the codes, the same for all versions. */
interface Settings {
  architecture: string;
  centred: boolean;
  normalization: string;
  k?: number;
  byNorms: boolean;
  finetuned: boolean;
}

/** Opens a folder. */
export function openSaeLens(folder: string, options: OpenOptions): Opened {
  const config = Configuration.read(join(folder, SAELENS_CONFIGURATION));
  using tensors = new Tensors(join(folder, SAELENS_WEIGHTS));
  const settings = isFlat(config) ? flatSettings(config) : settingsOf(config);
  const { architecture } = settings;
  if (!ARCHITECTURES.includes(architecture)) {
    throw config.refused(
      `architecture must be one of ${ARCHITECTURES.join(", ")}, got ${architecture}`,
    );
  }
  const dtype = config.text("dtype", "float32");
  if (!DTYPES.includes(dtype.replace(/^torch\./, ""))) {
    throw config.refused(`dtype must be one of ${DTYPES.join(", ")}, got ${dtype}`);
  }
  const parts = partsOf(config, tensors, settings);
  return {
    parts: normalized(folder, config, parts, settings.normalization, options),
    format: "SAELens",
    architecture,
    settings: config.values,
  };
}

/** Whether a configuration is of a version before 6: it has no `metadata`, or one of such a version. */
function isFlat(config: Configuration): boolean {
  const metadata = config.record("metadata");
  const version = metadata.text("sae_lens_version", config.text("sae_lens_version", "0"));
  return !(parseInt(version) >= 6);
}

function settingsOf(config: Configuration): Settings {
  const architecture = config.text("architecture");
  const selects = ["topk", "abstopk"].includes(architecture);
  return {
    architecture,
    centred: config.flag("apply_b_dec_to_input", true),
    normalization: config.text("normalize_activations", "none"),
    k: selects ? config.size("k") : undefined,
    // batchtopk's default is true, and topk's false where nothing is said
    byNorms: config.flag("rescale_acts_by_decoder_norm", !selects),
    finetuned: config.flag("finetuning_scaling_factor", false),
  };
}

/** Of a version before 6. */
function flatSettings(config: Configuration): Settings {
  const { values } = config;
  const activation = config.text("activation_fn", config.text("activation_fn_str", "relu"));
  if (!["relu", "topk", "jumprelu"].includes(activation)) {
    throw config.refused(`activation_fn must be relu, topk or jumprelu, got ${activation}`);
  }
  const normalization = values.normalize_activations;
  const selects = activation === "topk";
  return {
    architecture: selects ? "topk" : config.text("architecture", "standard"),
    centred: config.flag("apply_b_dec_to_input", true),
    normalization: typeof normalization === "boolean"
      ? (normalization ? "expected_average_only_in" : "none")
      : config.text("normalize_activations", "none"),
    k: selects ? config.record("activation_fn_kwargs").size("k") : undefined,
    byNorms: false,
    finetuned: config.flag("finetuning_scaling_factor", false),
  };
}

function partsOf(config: Configuration, tensors: Tensors, settings: Settings): Parts {
  const { architecture, k, byNorms, finetuned } = settings;
  const inputDim = config.size("d_in"), width = config.size("d_sae");
  const isTranscoder = Object.hasOwn(TRANSCODERS, architecture);
  const outputDim = isTranscoder ? config.size("d_out") : inputDim;
  const centred = settings.centred && !isTranscoder;
  const decoder = tensors.matrix("W_dec", width, outputDim);
  const decoderBias = tensors.vector("b_dec", outputDim);
  const shared = { decoder, decoderBias, centred, normalization: "none" } as const;
  if (architecture === "matching_pursuit") return pursuit(config, shared);
  const units = tensors.dimensions("W_enc", inputDim, width);
  const isGated = architecture === "gated";
  const bias = tensors.vector(isGated ? "b_gate" : "b_enc", width);
  let activation: Activation;
  switch (TRANSCODERS[architecture] ?? architecture) {
    case "standard":
      activation = sameThresholds(width, 0);
      break;
    case "jumprelu":
      activation = { kind: "jumprelu", thresholds: thresholdsOf(tensors, width) };
      break;
    case "gated":
      activation = {
        kind: "gated",
        magnitudeBias: tensors.vector("b_mag", width),
        logScale: tensors.vector("r_mag", width),
      };
      break;
    case "topk":
    case "abstopk":
      if (k! > width) throw config.refused(`k must be at most d_sae = ${width}, got ${k}`);
      if (byNorms) foldNorms({ units, bias, decoder });
      activation = { kind: "topk", k: k!, signed: architecture === "abstopk" };
      break;
    default: {
      const threshold = tensors.number("topk_threshold");
      if (threshold < 0) {
        throw config.refused(`topk_threshold must be at least 0, got ${threshold}`);
      }
      if (byNorms) foldNorms({ units, bias, decoder });
      activation = sameThresholds(width, threshold);
    }
  }
  foldCodeScales(tensors, decoder, finetuned);
  const skip = architecture.includes("skip_")
    ? tensors.matrix("W_skip", outputDim, inputDim)
    : undefined;
  return { ...shared, coder: { kind: "dense", units, bias, activation }, skip };
}

/** Thresholds, or their logarithms in the state of a training. */
function thresholdsOf(tensors: Tensors, width: number): Float32Array {
  return tensors.has("threshold") || !tensors.has("log_threshold")
    ? tensors.vector("threshold", width)
    : tensors.vector("log_threshold", width).map(Math.exp);
}

/**
 * Lets the decoder take a tensor `scaling_factor`, by which the codes are multiplied before they are
 * decoded. One of ones was left over by a training without it.
 */
export function foldCodeScales(
  tensors: Tensors,
  decoder: Parts["decoder"],
  finetuned: boolean,
): void {
  const name = "scaling_factor";
  if (!tensors.has(name)) return;
  const factors = tensors.vector(name, decoder.rows);
  if (factors.every((factor) => Math.abs(factor - 1) <= 1e-5)) return;
  if (!finetuned) {
    throw tensors.refused(
      `tensor ${name} must be of ones where finetuning_scaling_factor is not true`,
    );
  }
  scaleRows(decoder, factors);
}

/** Matching pursuit on the decoder as it is: there is no encoder. */
function pursuit(config: Configuration, shared: Omit<Parts, "coder">): Parts {
  const { decoder, centred } = shared, { rows: width, cols: inputDim } = decoder;
  const kval = config.size("max_iterations", inputDim);
  if (kval > width) {
    throw config.refused(`max_iterations must be at most d_sae = ${width}, got ${kval}`);
  }
  const decoderBias = centred ? shared.decoderBias : new Float32Array(inputDim);
  const sae = new Sae({
    type: "pursuit",
    kval,
    residualThreshold: config.number("residual_threshold", 0.01),
    stopAtRepeat: config.flag("stop_on_duplicate_support", true),
    parameters: {
      encoder: zeros32(width, inputDim),
      encoderBias: new Float32Array(width),
      decoder: transpose(decoder),
      decoderBias,
    },
  });
  return { ...shared, decoderBias, coder: { kind: "sae", sae } };
}

/** The parts with what is done to the inputs. */
function normalized(
  folder: string,
  config: Configuration,
  parts: Parts,
  normalization: string,
  { scalingFactor }: OpenOptions,
): Parts {
  const key = "normalize_activations";
  if (normalization !== "expected_average_only_in" && scalingFactor !== undefined) {
    throw config.refused(
      `options.scalingFactor is for ${key} expected_average_only_in, got ${normalization}`,
    );
  }
  switch (normalization) {
    case "none":
    case "constant_norm_rescale":
    case "layer_norm":
      return { ...parts, normalization: normalization satisfies Normalization };
    case "expected_average_only_in": {
      const factor = scalingFactor ?? savedFactor(folder);
      if (factor === undefined) {
        throw config.refused(
          `${key} is ${normalization}, whose factor is not in the folder: ` +
            `options.scalingFactor (--scaling-factor) must tell it: √d_in over the mean norm of the training's inputs`,
        );
      }
      if (parts.coder.kind === "sae") {
        throw config.refused(`${key} must be none for matching_pursuit, got ${normalization}`);
      }
      foldScale({ units: parts.coder.units, decoder: parts.decoder }, parts.decoderBias, factor);
      return parts;
    }
    default:
      throw config.refused(
        `${key} must be none, expected_average_only_in, constant_norm_rescale or layer_norm, ` +
          `got ${normalization}`,
      );
  }
}

/** The factor that training left beside a checkpoint, if it did. */
function savedFactor(folder: string): number | undefined {
  const path = join(folder, SCALER);
  if (kindOfPath(path) === undefined) return undefined;
  const scaler = Configuration.read(path);
  if (scaler.values.scaling_factor === null) return undefined;
  const factor = scaler.number("scaling_factor");
  if (factor > 0) return factor;
  throw scaler.refused(`scaling_factor must be above 0, got ${factor}`);
}
