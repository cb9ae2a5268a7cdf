/**
 * Gemma Scope (`params.npz`) and Gemma Scope 2 (`params.safetensors` with `config.json`): JumpReLU on
 * inputs as they are, or on token embeddings, which are told by the release's folders
 * `embedding/width_…/average_l0_…` alone: their weights take inputs without the release's factor √m.
 *
 * Source: the releases' model cards and notebooks (google/gemma-scope, google/gemma-scope-2).
 * @module
 */
import { realPath } from "../atomic_file.ts";
import { Configuration, dirname, join, Tensors } from "./folder.ts";
import type { Opened } from "./opened_sae.ts";
import { foldScale, type Parts } from "./parts.ts";
import { foldCodeScales } from "./saelens.ts";

/** The files. */
export const GEMMA_NPZ = "params.npz", GEMMA_SAFETENSORS = "params.safetensors";
/** The release's folders of autoencoders of token embeddings, whose inputs it scales by √m. */
const OF_EMBEDDINGS = /(^|[\\/])embedding[\\/]width_[^\\/]+[\\/]average_l0_[^\\/]+$/;

/** Opens an archive of NumPy's. */
export function openGemmaScope(file: string): Opened {
  using tensors = new Tensors(file);
  const parts = partsOf(tensors);
  foldCodeScales(tensors, parts.decoder, false);
  const { coder, decoder, decoderBias } = parts;
  const ofEmbeddings = isOfEmbeddings(file);
  if (coder.kind === "dense" && ofEmbeddings) {
    const factor = 1 / Math.sqrt(coder.units.inputDim);
    // the bias of the reconstruction is not scaled
    foldScale({ units: coder.units, decoder }, decoderBias.slice(), factor);
  }
  const architecture = ofEmbeddings ? "jumprelu of embeddings" : "jumprelu";
  return { parts, format: "Gemma Scope", architecture, settings: {} };
}

/** Opens a folder of Gemma Scope 2. */
export function openGemmaScope2(folder: string): Opened {
  const config = Configuration.read(join(folder, "config.json"));
  const architecture = config.text("architecture");
  if (!/^jump_?relu$/i.test(architecture)) {
    throw config.refused(`architecture must be jump_relu, got ${architecture}`);
  }
  using tensors = new Tensors(join(folder, GEMMA_SAFETENSORS));
  return {
    ...{ parts: partsOf(tensors), format: "Gemma Scope 2", architecture },
    settings: config.values,
  };
}

function partsOf(tensors: Tensors): Parts {
  const named = (name: string) =>
    tensors.names.find((one) => one.toLowerCase() === name.toLowerCase()) ?? name;
  const encoder = named("W_enc"), decoder = named("W_dec"), skip = "affine_skip_connection";
  if (tensors.has(decoder) && tensors.shape(decoder).length === 3) {
    throw tensors.refused(
      `it is a cross-layer transcoder, which is not opened: tensor ${decoder} has shape ` +
        `[${tensors.shape(decoder)}]`,
    );
  }
  const [inputDim, width] = tensors.sizes(encoder), [, outputDim] = tensors.sizes(decoder);
  return {
    coder: {
      kind: "dense",
      units: tensors.dimensions(encoder, inputDim, width),
      bias: tensors.vector("b_enc", width),
      activation: { kind: "jumprelu", thresholds: tensors.vector("threshold", width) },
    },
    decoder: tensors.matrix(decoder, width, outputDim),
    decoderBias: tensors.vector("b_dec", outputDim),
    centred: false,
    normalization: "none",
    // the input times this tensor, not its transposed
    skip: tensors.has(skip) ? tensors.transposed(skip, inputDim, outputDim) : undefined,
  };
}

/** Nothing in the file tells it: where it lies does, however its path is typed. */
function isOfEmbeddings(file: string): boolean {
  // a cache links the file alone, to a place without these folders; users link folders
  return [realPath(dirname(file)), dirname(realPath(file))].some((folder) =>
    OF_EMBEDDINGS.test(folder)
  );
}
