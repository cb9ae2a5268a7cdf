/**
 * Our own files, as `saveSae` writes them.
 * @module
 */
import { SAE_FORMAT } from "../formats/checksum.ts";
import { FileSource } from "../formats/file_source.ts";
import { headOf, readIndex, type TensorFormat, tensorFormatOf } from "../formats/tensor_file.ts";
import { loadSae } from "../sae_file.ts";
import type { Opened } from "./opened_sae.ts";
import { partsOfSae } from "./parts.ts";

/** Name of the file in a folder of ours, which has a SAELens folder's files beside it. */
export const OWN_WEIGHTS = "startcoding_sae.safetensors";

/**
 * What a file is by what is in it, whatever its name; undefined where it is no file of arrays.
 *
 * @throws {FileError} When it is safetensors, and damaged.
 */
export function kindOfFile(file: string): "ours" | TensorFormat | "zip" | undefined {
  using source = new FileSource(file);
  const format = tensorFormatOf(headOf(source));
  return format === "safetensors" && readIndex(source).metadata.format === SAE_FORMAT
    ? "ours"
    : format;
}

/** Opens a file. */
export function openOwn(file: string): Opened {
  const { sae, config } = loadSae(file);
  return {
    ...{ parts: partsOfSae(sae), format: "Start Coding", architecture: sae.type },
    settings: config,
  };
}
