/**
 * The sparse autoencoders of the paper. The toolkit may know more kinds: what the experiments train,
 * and with it their rows, seeds, batches and costs, is this list alone.
 * @module
 */

/**
 * The kinds of sparse autoencoder that the experiments train, in the paper's order: one generator of
 * batches serves them one after another.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { PAPER_SAE_TYPES } from "./sae_types.ts";
 * assert.deepEqual([...PAPER_SAE_TYPES], ["relu", "topk", "jumprelu", "MP"]);
 * ```
 */
export const PAPER_SAE_TYPES = ["relu", "topk", "jumprelu", "MP"] as const;

/** A kind of sparse autoencoder that the experiments train. */
export type PaperSaeType = typeof PAPER_SAE_TYPES[number];
