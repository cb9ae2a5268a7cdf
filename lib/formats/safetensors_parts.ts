/**
 * The parts of a safetensors file: the header, and the data of each tensor.
 * @module
 */
import { requireOptions } from "../checks.ts";
import { fileBytes } from "./byte_parts.ts";

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
 * The parts of a file.
 *
 * @param content Tensors, in the order of their data in the file, and metadata.
 * @throws {TypeError} When the content, a tensor or a text is of the wrong kind.
 * @throws {RangeError} When a tensor does not hold as many values as its shape says, or is named
 * `__metadata__`.
 */
export function safetensorsParts(content: SafetensorsContent): Uint8Array[] {
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
  const head = new Uint8Array(8 + length).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(length), true);
  head.set(json, 8);
  return [head, ...Object.values(tensors).map(({ data }) => fileBytes(data))];
}
