/**
 * What files are written from: parts in order, so that large arrays are not copied into one.
 * @module
 */
import { type NativeArray, reorderBytes } from "./dtype.ts";

/** Bytes of a typed array in the order of files, little-endian: its own where this machine's is that. */
export function fileBytes(values: NativeArray): Uint8Array {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return LITTLE ? bytes : reorderBytes(bytes, values.BYTES_PER_ELEMENT, true);
}

const LITTLE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Number of bytes of all parts. */
export function sizeOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

/**
 * The parts as one, a copy.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { joined } from "./byte_parts.ts";
 *
 * assert.deepEqual(joined([Uint8Array.of(1), Uint8Array.of(2, 3)]), Uint8Array.of(1, 2, 3));
 * ```
 */
export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(sizeOf(parts));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
