/**
 * The checksum by which our safetensors files show that nothing of them was changed.
 * @module
 */
import { createHash } from "node:crypto";
import type { SafetensorsContent } from "../safetensors.ts";

/**
 * A digest (SHA-256) of tensors and metadata, in whatever order; the entry `checksum` is no part of it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { checksumOf } from "./checksum.ts";
 * const tensors = { bias: { shape: [2], data: Float32Array.of(1, 2) } };
 * const checksum = checksumOf({ tensors, metadata: {} });
 * assert.equal(checksumOf({ tensors, metadata: { checksum } }), checksum);
 * assert.notEqual(checksumOf({ tensors, metadata: { type: "relu" } }), checksum);
 * ```
 */
export function checksumOf(
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
