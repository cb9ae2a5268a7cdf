/**
 * Sparse autoencoders that others trained, of SAELens, Gemma Scope, dictionary_learning and more; and
 * ours, for them.
 * @module
 */
import { FileError, kindOfPath } from "./atomic_file.ts";
import { requireOptions, requirePositive } from "./checks.ts";
import { BATCH_TOPK_WEIGHTS, openBatchTopK } from "./open_sae/batch_topk.ts";
import {
  DICTIONARY_LEARNING_WEIGHTS,
  openDictionaryLearning,
} from "./open_sae/dictionary_learning.ts";
import { dirname, join } from "./open_sae/folder.ts";
import {
  GEMMA_NPZ,
  GEMMA_SAFETENSORS,
  openGemmaScope,
  openGemmaScope2,
} from "./open_sae/gemma_scope.ts";
import { LLAMA_CONFIGURATION, LLAMA_WEIGHTS, openLlamaScope } from "./open_sae/llama_scope.ts";
import { type Opened, OpenedSae, type OpenOptions } from "./open_sae/opened_sae.ts";
import { kindOfFile, openOwn, OWN_WEIGHTS } from "./open_sae/own.ts";
import { openSaeLens, SAELENS_CONFIGURATION, SAELENS_WEIGHTS } from "./open_sae/saelens.ts";
import { openSparsify, SPARSIFY_CONFIGURATION, SPARSIFY_WEIGHTS } from "./open_sae/sparsify.ts";

export type { DecodeOptions, OpenedSae, OpenOptions } from "./open_sae/opened_sae.ts";
export { saveSaeLens, type SaveSaeLensOptions } from "./open_sae/save_saelens.ts";

/** A format of folders. */
interface FolderFormat {
  name: string;
  /** The files that it has, the weights first. */
  files: readonly string[];
  open(folder: string, options: OpenOptions): Opened;
}

const CONFIGURATION = "config.json";

/** The formats, each told by its file of weights. */
const FORMATS: readonly FolderFormat[] = [
  {
    name: "Start Coding",
    files: [OWN_WEIGHTS],
    open: (folder) => openOwn(join(folder, OWN_WEIGHTS)),
  },
  { name: "SAELens", files: [SAELENS_WEIGHTS, SAELENS_CONFIGURATION], open: openSaeLens },
  { name: "sparsify", files: [SPARSIFY_WEIGHTS, SPARSIFY_CONFIGURATION], open: openSparsify },
  {
    name: "Gemma Scope",
    files: [GEMMA_NPZ],
    open: (folder) => openGemmaScope(join(folder, GEMMA_NPZ)),
  },
  { name: "Gemma Scope 2", files: [GEMMA_SAFETENSORS, CONFIGURATION], open: openGemmaScope2 },
  {
    name: "dictionary_learning",
    files: [DICTIONARY_LEARNING_WEIGHTS, CONFIGURATION],
    open: openDictionaryLearning,
  },
  { name: "BatchTopK", files: [BATCH_TOPK_WEIGHTS, CONFIGURATION], open: openBatchTopK },
  { name: "Llama Scope", files: [LLAMA_WEIGHTS, LLAMA_CONFIGURATION], open: openLlamaScope },
];

/**
 * Opens a sparse autoencoder, for inference: codes are those of the program that trained it, to
 * rounding. Needs read permission on its files. All weights become float32, and stay in memory.
 *
 * | format              | files                                                              |
 * | ------------------- | ------------------------------------------------------------------ |
 * | SAELens             | `cfg.json`, `sae_weights.safetensors`; also of before version 6, and checkpoints |
 * | Gemma Scope 1 and 2 | `params.npz`; `config.json`, `params.safetensors`                  |
 * | dictionary_learning | `config.json`, `ae.pt`                                             |
 * | sparsify            | `cfg.json`, `sae.safetensors`                                      |
 * | Llama Scope         | `hyperparams.json`, `checkpoints/final.safetensors`                |
 * | BatchTopK           | `config.json`, `sae.pt`, of its TopK kind                          |
 * | ours                | the file that `saveSae` wrote; a folder of `deno task train`       |
 *
 * SAELens' kinds are standard, topk, abstopk, batchtopk and matryoshka_batchtopk (checkpoints), jumprelu,
 * gated, matching_pursuit, transcoders and skip transcoders. What cannot be opened, temporal and
 * cross-layer ones among it, is refused by its name. Gemma Scope's of token embeddings are told by their
 * folder, `embedding/width_…/average_l0_…` as in the release, and are then "jumprelu of embeddings".
 *
 * Sources: the programs' own code; each file of `open_sae/` tells its.
 *
 * @param path A folder, or a file in it, which decides the format where the folder has several. A file of
 * `saveSae` may have any name.
 * @throws {TypeError} When an argument is of the wrong kind.
 * @throws {Error} When a file is missing, damaged or of a kind that is not opened: one line that names
 * the file, the key or tensor, and the rule.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { openSae, saveSaeLens } from "./open_sae.ts";
 * import { Sae } from "./saes.ts";
 *
 * saveSaeLens("sae", Sae.initialize({ type: "relu", inputDim: 8, width: 12, seed: 0 }));
 * const sae = openSae("sae");
 * assert.deepEqual([sae.format, sae.architecture, sae.width], ["SAELens", "standard", 12]);
 * const X = { rows: 2, cols: 8, data: new Float32Array(16).fill(0.5) };
 * const codes = sae.encodeSparse(X);
 * assert.deepEqual(sae.decode(codes), sae.forward(X).reconstruction);
 * ```
 */
export function openSae(path: string, options: OpenOptions = {}): OpenedSae {
  if (typeof path !== "string") throw new TypeError(`path must be a text, got ${typeof path}`);
  requireOptions("options", options, ["scalingFactor"]);
  const { scalingFactor } = options;
  if (scalingFactor !== undefined) requirePositive("options.scalingFactor", scalingFactor);
  const kind = kindOfPath(path);
  if (kind === undefined) {
    throw new FileError(`Cannot open the autoencoder in ${path}: there is no such folder or file`);
  }
  const opened = kind === "folder" ? openFolder(path, options) : openFile(path, options);
  if (scalingFactor !== undefined && opened.format !== "SAELens") {
    throw new TypeError(`options.scalingFactor is for SAELens, got ${opened.format}`);
  }
  return new OpenedSae(opened);
}

function openFolder(
  folder: string,
  options: OpenOptions,
  formats: readonly FolderFormat[] = FORMATS,
): Opened {
  const present = formats.find(({ files: [weights] }) => exists(join(folder, weights)));
  if (!present) {
    const known = formats.map(({ name, files }) => `${files.join(" and ")} (${name})`);
    throw new FileError(
      `Cannot open the autoencoder in ${folder}: it must have ${known.join(", or ")}`,
    );
  }
  const missing = present.files.find((file) => !exists(join(folder, file)));
  if (missing) {
    throw new FileError(
      `Cannot open the autoencoder in ${folder}: ${present.name} has ${missing} beside ` +
        `${present.files[0]}, which is missing`,
    );
  }
  return present.open(folder, options);
}

/** What to say of a file that is none of an autoencoder, by its kind. */
const KINDS: Readonly<Record<string, string>> = {
  npy: "it is .npy",
  zip: "it is an archive, as of torch.save",
  safetensors: "it is of another program",
  none: "it is no file of arrays",
};

/** One of ours or Gemma Scope's archive under any name, or a file of a folder that is known. */
function openFile(file: string, options: OpenOptions): Opened {
  if (file.endsWith(".npz")) return openGemmaScope(file);
  const kind = kindOfFile(file);
  if (kind === "ours") return openOwn(file);
  const isAt = (known: string) => `/${file.replaceAll("\\", "/")}`.endsWith(`/${known}`);
  const formats = FORMATS.filter(({ files }) => files.some(isAt));
  const known = formats[0]?.files.find(isAt);
  if (known !== undefined) {
    const folder = known.split("/").reduce((path) => dirname(path), file);
    return openFolder(folder, options, formats);
  }
  const names = FORMATS.map(({ name, files: [weights] }) => `${weights} (${name})`);
  throw new FileError(
    `Cannot open the autoencoder in ${file}: it must be of saveSae, or named ${names.join(", ")}; ${
      KINDS[kind ?? "none"]
    }`,
  );
}

function exists(path: string): boolean {
  return kindOfPath(path) !== undefined;
}
