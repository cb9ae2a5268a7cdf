/**
 * NumPy's `.npy` format where it lies: the header, and the array that it describes.
 *
 * Source: the format's description in NumPy's `numpy.lib.format`, versions 1.0 to 3.0.
 * @module
 */
import { type ByteSource, readBytes } from "./byte_source.ts";
import { type Dtype, DTYPE_BYTES } from "./dtype.ts";
import { StoredArray } from "./stored_array.ts";

/** What the header of a `.npy` file says. */
export interface NpyHeader {
  /** Sizes of the array; empty for a single number. */
  shape: number[];
  /** Kind of its numbers. */
  dtype: Exclude<Dtype, "bf16">;
  /** Order of a number's bytes. */
  littleEndian: boolean;
  /** Whether the first index runs fastest. */
  fortranOrder: boolean;
  /** Bytes before the numbers. */
  offset: number;
}

/** The first bytes of every file. */
export const NPY_MAGIC: Uint8Array = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59);
/** Bytes of a header of plain numbers, at most: 32 axes and what stands around them. */
const MOST_HEADER = 2 ** 16;
const KINDS = Object.keys(DTYPE_BYTES).filter((dtype) => dtype !== "bf16");

/**
 * The header at the beginning of a `.npy` file.
 *
 * @throws {Error} As the source makes it, when there is no header, or it is cut short, or it describes
 * objects, records, texts or complex numbers.
 */
export function npyHeader(source: ByteSource): NpyHeader {
  const refuse = (rule: string, value: unknown): never => {
    throw source.refused(`${rule}, got ${JSON.stringify(value)}`);
  };
  const head = readBytes(source, 0, Math.min(source.size, 12));
  if (!NPY_MAGIC.every((byte, i) => head[i] === byte)) {
    refuse("it must begin with the letters NUMPY after 0x93", [...head.subarray(0, 6)]);
  }
  const major = head[6], minor = head[7];
  if (!(major >= 1 && major <= 3)) refuse("its version must be 1, 2 or 3", `${major}.${minor}`);
  const start = major === 1 ? 10 : 12, whole = "it must hold its whole header";
  if (head.length < start) refuse(whole, `${source.size} bytes`);
  const view = new DataView(head.buffer);
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const offset = start + length;
  if (source.size < offset) refuse(whole, `${source.size} bytes`);
  if (length > MOST_HEADER) refuse("its header must be of plain numbers", `${length} bytes of it`);
  // latin-1 and UTF-8 are the same for what a header may say
  const rest = readBytes(source, head.length, Math.max(0, offset - head.length));
  const text = [head.subarray(start), rest].map((part) => new TextDecoder("latin1").decode(part));
  return { ...parseDescription(text.join("").slice(0, length), refuse), offset };
}

/** The three entries of the dictionary that a header holds, by a grammar of their own: no eval. */
function parseDescription(
  text: string,
  refuse: (rule: string, value: unknown) => never,
): Omit<NpyHeader, "offset"> {
  const entry = (key: string, value: string) =>
    text.match(new RegExp(`'${key}'\\s*:\\s*${value}`))?.[1];
  const descr = entry("descr", "'([^']*)'"), order = entry("fortran_order", "(True|False)");
  const shape = entry("shape", "\\(([\\d\\s,L]*)\\)");
  if (descr === undefined || order === undefined || shape === undefined) {
    return refuse(
      "its header must say descr, fortran_order and shape of plain numbers",
      text.trim(),
    );
  }
  const [, mark, dtype] = descr.match(/^([<>|=])(\w+)$/) ?? [];
  if (dtype === "V2") {
    refuse("two raw bytes may be bfloat16, which NumPy has not: save float32", descr);
  }
  if (!KINDS.includes(dtype)) refuse(`its numbers must be of a kind in ${KINDS.join(", ")}`, descr);
  const sizes = shape.split(",").map((size) => size.trim().replace(/L$/, "")).filter(Boolean)
    .map(Number);
  if (!sizes.every(Number.isSafeInteger)) refuse("its sizes must be integers", shape);
  return {
    shape: sizes,
    dtype: dtype as NpyHeader["dtype"],
    littleEndian: mark !== ">",
    fortranOrder: order === "True",
  };
}

/**
 * The array in a `.npy` file.
 *
 * @throws {Error} As the source makes it, when it is no `.npy` file of plain numbers, or holds fewer or
 * more than it says.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { encodeNpy } from "../npy.ts";
 * import { fromRows } from "../matrix.ts";
 * import { sourceOfBytes } from "./byte_source.ts";
 * import { npyArray } from "./npy_array.ts";
 *
 * const bytes = encodeNpy(fromRows([[1, 2], [3, 4]]));
 * assert.deepEqual(npyArray(sourceOfBytes(bytes, Error)).readRows(1, 1), Float64Array.of(3, 4));
 * ```
 */
export function npyArray(source: ByteSource): StoredArray {
  const { shape, dtype, littleEndian, fortranOrder, offset } = npyHeader(source);
  const bytes = shape.reduce((product, size) => product * size, 1) * DTYPE_BYTES[dtype];
  if (source.size - offset !== bytes) {
    throw source.refused(
      `its shape (${shape.join(", ")}) needs ${bytes} bytes of numbers, got ${
        source.size - offset
      }`,
    );
  }
  const strides = fortranOrder
    ? shape.map((_, axis) => shape.slice(0, axis).reduce((a, b) => a * b, 1))
    : undefined;
  return new StoredArray({ source, dtype, littleEndian, shape, offset, strides });
}
