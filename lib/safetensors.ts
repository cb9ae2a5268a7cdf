/**
 * The safetensors file format: an 8-byte little-endian header length, a JSON header, and the raw
 * little-endian data of all tensors (https://huggingface.co/docs/safetensors).
 * @module
 */
import { requireOptions } from "./checks.ts";
import { reorderBytes } from "./formats/dtype.ts";

/** The element types that are read and written, by their name in the file. */
const KINDS = { F32: Float32Array, F64: Float64Array, I32: Int32Array, U8: Uint8Array };

type Kind = keyof typeof KINDS;

/** A named array of any number of dimensions, row-major. */
export interface Tensor {
  /** Sizes of the dimensions; empty for a scalar. */
  shape: readonly number[];
  /** As many values as the shape's product. */
  data: Float32Array | Float64Array | Int32Array | Uint8Array;
}

/** What a safetensors file holds. */
export interface SafetensorsContent {
  /** Tensors by name. */
  tensors: Record<string, Tensor>;
  /** Free text by name: the header's `__metadata__`. */
  metadata: Record<string, string>;
}

/** An entry of the header. */
interface HeaderEntry {
  dtype: Kind;
  shape: number[];
  data_offsets: [number, number];
}

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

/** Whether a JSON value is an object of its own keys. */
function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const isSize = (value: unknown): value is number =>
  Number.isSafeInteger(value) && value as number >= 0;

/** The entry of a tensor, or the reason why it is none. */
function parseEntry(value: unknown, available: number): HeaderEntry | string {
  if (!isRecord(value)) return "its header entry must be an object";
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string" || !Object.hasOwn(KINDS, dtype)) {
    return `its dtype must be one of ${Object.keys(KINDS).join(", ")}, got ${dtype}`;
  }
  if (!Array.isArray(shape) || !shape.every(isSize)) {
    return `its shape must be a list of sizes, got ${JSON.stringify(shape)}`;
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    return `its data_offsets must be two offsets, got ${JSON.stringify(offsets)}`;
  }
  const [start, end] = offsets;
  if (start > end || end > available) {
    return `its data_offsets must lie in order within the ${available} bytes of data, got [${offsets}]`;
  }
  const needed = product(shape) * KINDS[dtype as Kind].BYTES_PER_ELEMENT;
  if (end - start !== needed) {
    return `${dtype} of shape [${shape}] needs ${needed} bytes, its data_offsets span ${
      end - start
    }`;
  }
  return { dtype: dtype as Kind, shape, data_offsets: [start, end] };
}

/**
 * Reads the bytes of a safetensors file. Everything that the format demands is checked: the header
 * lies within the file, is JSON, and its tensors cover the data without a gap or an overlap.
 *
 * @param bytes The whole file.
 * @param name What the error messages call the file.
 * @throws {Error} When the file is damaged or of a type that is not read (F32, F64, I32 and U8 are):
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
  const refused = (reason: string) => new Error(`Cannot read ${name} as safetensors: ${reason}`);
  if (bytes.length < 8) {
    throw refused(`it must begin with an 8-byte header length, it has ${bytes.length} bytes`);
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > BigInt(bytes.length - 8)) {
    throw refused(
      `its header of ${length} bytes must end within the file of ${bytes.length} bytes`,
    );
  }
  const start = 8 + Number(length), available = bytes.length - start;
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, start)));
  } catch {
    throw refused("its header must be JSON");
  }
  if (!isRecord(header)) throw refused("its header must be a JSON object");

  const { __metadata__: metadata = {}, ...entries } = header;
  if (!isRecord(metadata) || !Object.values(metadata).every((text) => typeof text === "string")) {
    throw refused("its __metadata__ must map names to texts");
  }
  const parsed = Object.entries(entries).map(([key, value]): [string, HeaderEntry] => {
    const entry = parseEntry(value, available);
    if (typeof entry === "string") throw refused(`tensor ${key}: ${entry}`);
    return [key, entry];
  });

  let covered = 0;
  const byOffset = parsed.toSorted(([, a], [, b]) =>
    a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1]
  );
  for (const [key, { data_offsets: [from, to] }] of byOffset) {
    if (from !== covered) {
      const what = from < covered ? "overlaps the tensor before it" : "leaves a gap before it";
      throw refused(`tensor ${key}: it ${what}, at byte ${from} of the data`);
    }
    covered = to;
  }
  if (covered !== available) {
    throw refused(`its tensors must cover the data, ${available - covered} bytes are left over`);
  }

  const tensors = parsed.map(([key, { dtype, shape, data_offsets: [from, to] }]) => {
    const kind = KINDS[dtype];
    const stored = bytes.subarray(start + from, start + to);
    const raw = reorderBytes(stored, kind.BYTES_PER_ELEMENT, true);
    return [key, { shape, data: new kind(raw.buffer) }];
  });
  return { tensors: Object.fromEntries(tensors), metadata: metadata as Record<string, string> };
}
