/**
 * Our own files, as `saveSae` writes them.
 * @module
 */
import { loadSae } from "../sae_file.ts";
import type { Opened } from "./opened_sae.ts";
import { partsOfSae } from "./parts.ts";

/** Name of the file in a folder of ours, which has a SAELens folder's files beside it. */
export const OWN_WEIGHTS = "startcoding_sae.safetensors";

/** Opens a file. */
export function openOwn(file: string): Opened {
  const { sae, config } = loadSae(file);
  return {
    ...{ parts: partsOfSae(sae), format: "Start Coding", architecture: sae.type },
    settings: config,
  };
}
