/**
 * SAELens' folders, written.
 *
 * Source: SAELens 6.37.2, whose `SAE.load_from_disk` reads them.
 * @module
 */
import { makeFolder, writeAtomic } from "../atomic_file.ts";
import { requireOptions } from "../checks.ts";
import type { Matrix32 } from "../matrix.ts";
import { encodeSafetensors, type Tensor } from "../safetensors.ts";
import { Sae } from "../saes.ts";
import { join } from "./folder.ts";
import { OpenedSae, partsOfOpened } from "./opened_sae.ts";
import { type Activation, type Coder, partsOfSae } from "./parts.ts";
import { SAELENS_CONFIGURATION, SAELENS_WEIGHTS } from "./saelens.ts";

/** The version of SAELens whose format is written. */
const VERSION = "6.37.2";
/** Kinds of autoencoders that there are as transcoders too, and their names with a skip connection. */
const TRANSCODERS: Readonly<Record<string, readonly [plain: string, skip: string]>> = {
  standard: ["transcoder", "skip_transcoder"],
  jumprelu: ["jumprelu_transcoder", "jumprelu_skip_transcoder"],
};

/** Options of {@linkcode saveSaeLens}. */
export interface SaveSaeLensOptions {
  /** What is known of it: `model_name`, `hook_name`, … of SAELens' `metadata`. */
  metadata?: object;
}

/** A kind of autoencoder, its own keys and its own tensors. */
interface Kind {
  architecture: string;
  keys?: Record<string, unknown>;
  tensors: Record<string, Tensor>;
}

const vector = (data: Float32Array): Tensor => ({ shape: [data.length], data });
const matrix = ({ rows, cols, data }: Matrix32): Tensor => ({ shape: [rows, cols], data });

/**
 * Writes a folder that SAELens loads: `cfg.json` and `sae_weights.safetensors`, in float32. Its codes
 * and reconstructions are those of the autoencoder. Needs write permission on the folder, and read
 * permission for the renames.
 *
 * `relu` becomes SAELens' `standard`, `pursuit` its `matching_pursuit`, `batchtopk` and `matryoshka` its
 * `jumprelu`: with `decoderNorms` a unit's threshold is that of the training over the norm of its atom.
 * SAELens 6.18 loads all of these but `pursuit` and `abstopk`, which its later versions have.
 * (SAELens itself then folds the norms into the codes, which are larger by them.) With `decoderNorms` `topk`
 * and `abstopk` are written with atoms of unit norm, and codes that are larger by the norms.
 *
 * @param folder Made where it is missing; what else is in it stays.
 * @param sae An autoencoder of ours, or one that `openSae` opened.
 * @param options `metadata`: is added to what the folder of an opened one had.
 * @throws {TypeError} When an argument is of the wrong kind, or `sae` of a kind that SAELens does not
 * have: `MP`, which uses each atom once, and transcoders with TopK or gates.
 * @throws {FileError} When a file cannot be written.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { openSae, saveSaeLens } from "../open_sae.ts";
 * import { Sae } from "../saes.ts";
 *
 * const sae = Sae.initialize({ type: "topk", inputDim: 8, width: 12, kval: 3, seed: 0 });
 * saveSaeLens("topk", sae, { metadata: { model_name: "gpt2" } });
 * const same = openSae("topk");
 * assert.equal(same.architecture, "topk");
 * assert.deepEqual(same.dictionary, sae.dictionary);
 * ```
 */
export function saveSaeLens(
  folder: string,
  sae: Sae | OpenedSae,
  options: SaveSaeLensOptions = {},
): void {
  if (typeof folder !== "string") {
    throw new TypeError(`folder must be a text, got ${typeof folder}`);
  }
  if (!(sae instanceof Sae || sae instanceof OpenedSae)) {
    throw new TypeError(`sae must be an Sae or what openSae returns, got ${typeof sae}`);
  }
  requireOptions("options", options, ["metadata"]);
  const { metadata = {} } = options;
  requireOptions("options.metadata", metadata);
  const isOurs = sae instanceof Sae;
  const { coder, decoder, decoderBias, centred, normalization, skip } = isOurs
    ? partsOfSae(sae)
    : partsOfOpened(sae);
  const settings = isOurs ? {} : sae.config;
  const isTranscoder = decoder.cols !== sae.inputDim || skip !== undefined ||
    !isOurs && sae.architecture.includes("transcoder");
  const kind = kindOf(coder);
  const architecture = isTranscoder
    ? transcoderOf(kind.architecture, skip !== undefined)
    : kind.architecture;
  const config = {
    d_in: sae.inputDim,
    d_sae: sae.width,
    dtype: "float32",
    device: "cpu",
    apply_b_dec_to_input: centred,
    normalize_activations: normalization,
    reshape_activations: reshapeOf(settings),
    ...kind.keys,
    ...(isTranscoder ? { d_out: decoder.cols } : {}),
    architecture,
    metadata: { ...settings.metadata as object, ...metadata, sae_lens_version: VERSION },
  };
  const tensors = {
    ...kind.tensors,
    W_dec: matrix(decoder),
    b_dec: vector(decoderBias),
    ...(skip ? { W_skip: matrix(skip) } : {}),
  };
  makeFolder(folder);
  writeAtomic(join(folder, SAELENS_WEIGHTS), encodeSafetensors({ tensors, metadata: {} }));
  writeAtomic(join(folder, SAELENS_CONFIGURATION), JSON.stringify(config));
}

function kindOf(coder: Coder): Kind {
  if (coder.kind === "sae") {
    const { options } = coder.sae;
    if (options.type !== "pursuit") {
      throw new TypeError(
        `sae must be of a kind that SAELens has, got ${options.type}: it uses each atom once, and ` +
          `SAELens' matching pursuit may use one again`,
      );
    }
    return {
      architecture: "matching_pursuit",
      keys: {
        residual_threshold: options.residualThreshold ?? 0,
        max_iterations: options.kval,
        stop_on_duplicate_support: options.stopAtRepeat ?? false,
      },
      tensors: {},
    };
  }
  const { units, bias, activation } = coder, W_enc = matrix(units.toMatrix());
  return withEncoder(activation, W_enc, vector(bias));
}

function withEncoder(activation: Activation, W_enc: Tensor, bias: Tensor): Kind {
  switch (activation.kind) {
    case "jumprelu":
      return activation.thresholds.some((threshold) => threshold > 0)
        ? {
          architecture: "jumprelu",
          tensors: { W_enc, b_enc: bias, threshold: vector(activation.thresholds) },
        }
        : { architecture: "standard", tensors: { W_enc, b_enc: bias } };
    case "topk":
      return {
        architecture: activation.signed ? "abstopk" : "topk",
        keys: { k: activation.k, rescale_acts_by_decoder_norm: false },
        tensors: { W_enc, b_enc: bias },
      };
    case "gated":
      return {
        architecture: "gated",
        tensors: {
          ...{ W_enc, b_gate: bias, b_mag: vector(activation.magnitudeBias) },
          r_mag: vector(activation.logScale),
        },
      };
  }
}

function transcoderOf(architecture: string, hasSkip: boolean): string {
  const names = TRANSCODERS[architecture];
  if (names) return names[Number(hasSkip)];
  throw new TypeError(
    `sae must be of a kind that SAELens has, got a transcoder of ${architecture}: it has those of ${
      Object.keys(TRANSCODERS).join(" and ")
    }`,
  );
}

/** Whether samples are heads side by side; old configurations tell it by the name of the hook. */
function reshapeOf(settings: Readonly<Record<string, unknown>>): string {
  const { reshape_activations: reshape, hook_name, hook_point } = settings;
  if (typeof reshape === "string") return reshape;
  return String(hook_name ?? hook_point).includes("hook_z") ? "hook_z" : "none";
}
