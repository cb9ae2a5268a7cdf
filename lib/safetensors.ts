/**
 * The safetensors file format: an 8-byte little-endian header length, a JSON header, and the raw
 * little-endian data of all tensors (https://huggingface.co/docs/safetensors).
 * @module
 */
import { requireOptions } from "./checks.ts";
import { readBytes, sourceOfBytes } from "./formats/byte_source.ts";
import { decodeValues, DTYPE_BYTES, nativeArray, reorderBytes } from "./formats/dtype.ts";
import { safetensorsArrays } from "./formats/safetensors_arrays.ts";
import type { StoredArray } from "./formats/stored_array.ts";

/** The typed arrays that are written, by the name of their kind in the file. */
const KINDS = {
  ...{ F64: Float64Array, F32: Float32Array, F16: Float16Array },
  ...{ I32: Int32Array, I16: Int16Array, I8: Int8Array },
  ...{ U32: Uint32Array, U16: Uint16Array, U8: Uint8Array },
};

/** A named array of any number of dimensions, row-major. */
export interface Tensor {
  /** Sizes of the dimensions; empty for a scalar. */
  shape: readonly number[];
  /**
   * As many values as the shape's product. Of what is read, BF16 is a Float32Array of the same values,
   * BOOL a Uint8Array of zeros and ones, and I64 and U64 are a Float64Array of the nearest values, which
   * up to 2⁵³ are the same.
   */
  data:
    | Float64Array
    | Float32Array
    | Float16Array
    | Int32Array
    | Int16Array
    | Int8Array
    | Uint32Array
    | Uint16Array
    | Uint8Array;
}

/** What a safetensors file holds. */
export interface SafetensorsContent {
  /** Tensors by name. */
  tensors: Record<string, Tensor>;
  /** Free text by name: the header's `__metadata__`. */
  metadata: Record<string, string>;
}

const isSize = (value: unknown): boolean => Number.isSafeInteger(value) && value as number >= 0;

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

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
  requireOptions("content", content, ["tensors", "metadata"]);
  const { tensors, metadata } = content;
  requireOptions("tensors", tensors);
  requireOptions("metadata", metadata);
  for (const [name, text] of Object.entries(metadata)) {
    if (typeof text !== "string") {
      throw new TypeError(`metadata.${name} must be a text, got ${typeof text}`);
    }
  }
  const header: Record<string, unknown> = {};
  if (Object.keys(metadata).length > 0) header.__metadata__ = metadata;
  let size = 0;
  for (const [name, tensor] of Object.entries(tensors)) {
    requireOptions(`tensors.${name}`, tensor);
    const { shape, data } = tensor;
    if (name === "__metadata__") {
      throw new RangeError(
        `Cannot write a tensor named __metadata__: the format reserves the name`,
      );
    }
    const kinds = Object.values(KINDS);
    if (
      !Array.isArray(shape) || !shape.every(isSize) || !kinds.some((kind) => data instanceof kind)
    ) {
      throw new TypeError(
        `Cannot write ${name}: a tensor must have a shape of sizes and data of a typed array of ` +
          Object.keys(KINDS).join(", "),
      );
    }
    if (product(shape) !== data.length) {
      throw new RangeError(
        `Cannot write ${name}: the shape [${shape}] needs ${
          product(shape)
        } values, data has ${data.length}`,
      );
    }
    const [dtype] = Object.entries(KINDS).find(([, kind]) => data instanceof kind)!;
    header[name] = { dtype, shape, data_offsets: [size, size += data.byteLength] };
  }
  // Spaces at the end of the header align the data to 8 bytes
  const json = new TextEncoder().encode(JSON.stringify(header));
  const length = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + length + size).fill(0x20, 8, 8 + length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(json, 8);
  let start = 8 + length;
  for (const { data } of Object.values(tensors)) {
    const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    bytes.set(reorderBytes(raw, data.BYTES_PER_ELEMENT, true), start);
    start += data.byteLength;
  }
  return bytes;
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
  const bytes = readBytes(source, offset, product(shape) * DTYPE_BYTES[dtype]);
  const native = dtype === "bf16" ? undefined : nativeArray(bytes, dtype, true);
  return native === undefined || native instanceof BigInt64Array || native instanceof BigUint64Array
    ? decodeValues(bytes, dtype, true)
    : native;
}
