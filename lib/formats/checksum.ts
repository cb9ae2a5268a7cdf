/**
 * What marks our safetensors files, and the checksum by which they show that nothing was changed: a digest (SHA-256) of
 * tensors and metadata, in whatever order, in the metadata's entry `checksum`.
 * @module
 */
import { createHash } from "node:crypto";
import type { SafetensorsContent } from "../safetensors.ts";

/** What the metadata's entry `format` says in files of `saveSae`. */
export const SAE_FORMAT = "startcoding-sae-1";

/**
 * The same content with its checksum.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { requireSeal, sealed } from "./checksum.ts";
 * const tensors = { bias: { shape: [2], data: Float32Array.of(1, 2) } };
 * const { metadata } = sealed({ tensors, metadata: { type: "relu" } });
 * requireSeal({ tensors, metadata });
 * assert.throws(() => requireSeal({ tensors, metadata: { ...metadata, type: "topk" } }), /checksum/);
 * ```
 */
export function sealed(content: SafetensorsContent): SafetensorsContent {
  return { ...content, metadata: { ...content.metadata, checksum: checksumOf(content) } };
}

/**
 * Returns where content has the checksum of what it holds.
 *
 * @throws {Error} When it has another one, or none.
 */
export function requireSeal(content: SafetensorsContent): void {
  if (content.metadata.checksum !== checksumOf(content)) {
    throw new Error("its checksum must be that of its content");
  }
}

function checksumOf(
  { tensors, metadata: { checksum: _, ...metadata } }: SafetensorsContent,
): string {
  const hash = createHash("sha256"), sorted = Object.entries(tensors).sort(byName);
  const shapes = sorted.map(([name, { shape, data }]) => [name, data.constructor.name, shape]);
  hash.update(JSON.stringify([Object.entries(metadata).sort(byName), shapes]));
  // in the order of bytes of the machines that there are
  for (const [, { data: { buffer, byteOffset, byteLength } }] of sorted) {
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return hash.digest("hex");
}

function byName([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1;
}
