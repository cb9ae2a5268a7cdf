/**
 * The safetensors file format: an 8-byte little-endian header length, a JSON header, and the raw
 * little-endian data of all tensors (https://huggingface.co/docs/safetensors).
 * @module
 */
import { joined } from "./formats/byte_parts.ts";
import { readBytes, sourceOfBytes } from "./formats/byte_source.ts";
import { decodeValues, DTYPE_BYTES, nativeArray } from "./formats/dtype.ts";
import { safetensorsArrays } from "./formats/safetensors_arrays.ts";
import {
  type SafetensorsContent,
  safetensorsParts,
  type Tensor,
} from "./formats/safetensors_parts.ts";
import type { StoredArray } from "./formats/stored_array.ts";

export type { SafetensorsContent, Tensor } from "./formats/safetensors_parts.ts";

/**
 * The bytes of a safetensors file.
 *
 * @param content Tensors, in the order of their data in the file, and metadata.
 * @throws {TypeError} When the content, a tensor or a text is of the wrong kind.
 * @throws {RangeError} When a tensor does not hold as many values as its shape says, or is named
 * `__metadata__`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";
 * const bytes = encodeSafetensors({
 *   tensors: { weight: { shape: [1, 2], data: Float32Array.of(1, 2) } },
 *   metadata: { made: "by hand" },
 * });
 * assert.equal(decodeSafetensors(bytes, "bytes").metadata.made, "by hand");
 * ```
 */
export function encodeSafetensors(content: SafetensorsContent): Uint8Array {
  return joined(safetensorsParts(content));
}

/**
 * Reads the bytes of a safetensors file. Everything that the format demands is checked: the header
 * lies within the file, is JSON, and its tensors cover the data without a gap or an overlap.
 *
 * @param bytes The whole file.
 * @param name What the error messages call the file.
 * @throws {Error} When the file is damaged or of a kind that is not read (8-bit floats):
 * the message tells the name and what is wrong.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";
 * const tensors = { bias: { shape: [2], data: Float32Array.of(1, 2) } };
 * const bytes = encodeSafetensors({ tensors, metadata: {} });
 * assert.deepEqual(decodeSafetensors(bytes, "bytes").tensors, tensors);
 * ```
 */
export function decodeSafetensors(bytes: Uint8Array, name: string): SafetensorsContent {
  if (!(bytes instanceof Uint8Array)) throw new TypeError("bytes must be a Uint8Array");
  const source = sourceOfBytes(
    bytes,
    (reason) => new Error(`Cannot read ${name} as safetensors: ${reason}`),
  );
  const { arrays, metadata } = safetensorsArrays(source);
  const tensors = [...arrays].map(([key, array]): [string, Tensor] => [
    key,
    { shape: [...array.shape], data: dataOf(array) },
  ]);
  return { tensors: Object.fromEntries(tensors), metadata };
}

function dataOf({ source, offset, dtype, shape }: StoredArray): Tensor["data"] {
  const bytes = readBytes(source, offset, shape.reduce((a, b) => a * b, 1) * DTYPE_BYTES[dtype]);
  const native = dtype === "bf16" ? undefined : nativeArray(bytes, dtype, true);
  return native === undefined || native instanceof BigInt64Array || native instanceof BigUint64Array
    ? decodeValues(bytes, dtype, true)
    : native;
}
