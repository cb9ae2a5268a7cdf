/**
 * NumPy's `.npy` format: arrays as bytes. Needs no permission; reading and writing the files is the
 * caller's.
 *
 * Source: the format's description in NumPy's `numpy.lib.format`, versions 1.0 to 3.0.
 * @module
 */
import { decodeValues, type Dtype, DTYPE_BYTES } from "./formats/dtype.ts";
import { type Matrix, requireMatrix } from "./matrix.ts";

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

const MAGIC = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59);
/** Bytes that a header is padded to. */
const ALIGNMENT = 64;
const KINDS = Object.keys(DTYPE_BYTES).filter((dtype) => dtype !== "bf16");

function refuse(rule: string, value: unknown): never {
  throw new RangeError(`Cannot read a .npy file: ${rule}, got ${JSON.stringify(value)}`);
}

/**
 * The header at the beginning of a `.npy` file.
 *
 * @param bytes The file, or at least its header.
 * @throws {TypeError} When `bytes` is no Uint8Array.
 * @throws {RangeError} When there is no header, or it is cut short, or it describes objects, records,
 * texts or complex numbers.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { encodeNpy, readNpyHeader } from "./npy.ts";
 * import { zeros32 } from "./matrix.ts";
 *
 * assert.deepEqual(readNpyHeader(encodeNpy(zeros32(2, 3))), {
 *   shape: [2, 3],
 *   dtype: "f4",
 *   littleEndian: true,
 *   fortranOrder: false,
 *   offset: 128,
 * });
 * ```
 */
export function readNpyHeader(bytes: Uint8Array): NpyHeader {
  if (!(bytes instanceof Uint8Array)) throw new TypeError("bytes must be a Uint8Array");
  if (!MAGIC.every((byte, i) => bytes[i] === byte)) {
    refuse("it must begin with the letters NUMPY after 0x93", [...bytes.subarray(0, 6)]);
  }
  const major = bytes[6], minor = bytes[7];
  if (!(major >= 1 && major <= 3)) refuse("its version must be 1, 2 or 3", `${major}.${minor}`);
  const start = major === 1 ? 10 : 12;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < start) refuse("it must hold its whole header", `${bytes.length} bytes`);
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const offset = start + length;
  if (bytes.length < offset) refuse("it must hold its whole header", `${bytes.length} bytes`);
  // latin-1 and UTF-8 are the same for what a header may say
  const text = new TextDecoder("latin1").decode(bytes.subarray(start, offset));
  return { ...parseDescription(text), offset };
}

/** The three entries of the dictionary that a header holds, by a grammar of their own: no eval. */
function parseDescription(text: string): Omit<NpyHeader, "offset"> {
  const entry = (key: string, value: string) =>
    text.match(new RegExp(`'${key}'\\s*:\\s*${value}`))?.[1];
  const descr = entry("descr", "'([^']*)'"), order = entry("fortran_order", "(True|False)");
  const shape = entry("shape", "\\(([\\d\\s,L]*)\\)");
  if (descr === undefined || order === undefined || shape === undefined) {
    refuse("its header must say descr, fortran_order and shape of plain numbers", text.trim());
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
 * The matrix in a `.npy` file. An array of more than two dimensions is taken as rows of its last one
 * ([prompts, positions, m] as prompts·positions × m), one of a single dimension as one column, and a
 * single number as 1 × 1.
 *
 * @param bytes The file.
 * @returns float32 where that holds every value of the file's kind, else float64.
 * @throws {TypeError} When `bytes` is no Uint8Array.
 * @throws {RangeError} When it is no `.npy` file of plain numbers, or holds fewer or more than it says.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { decodeNpy, encodeNpy } from "./npy.ts";
 * import { fromRows } from "./matrix.ts";
 *
 * const M = fromRows([[1, 2], [3, 4]]);
 * assert.deepEqual(decodeNpy(encodeNpy(M)), M);
 * ```
 */
export function decodeNpy(bytes: Uint8Array): Matrix {
  const { shape, dtype, littleEndian, fortranOrder, offset } = readNpyHeader(bytes);
  const count = shape.reduce((product, size) => product * size, 1);
  if (bytes.length - offset !== count * DTYPE_BYTES[dtype]) {
    refuse(
      `its shape (${shape.join(", ")}) needs ${count * DTYPE_BYTES[dtype]} bytes of numbers`,
      bytes.length - offset,
    );
  }
  const cols = shape.length < 2 ? 1 : shape.at(-1)!;
  const rows = shape.length < 2 ? count : shape.slice(0, -1).reduce((a, b) => a * b, 1);
  const values = decodeValues(bytes.subarray(offset), dtype, littleEndian);
  return { rows, cols, data: fortranOrder ? inRowOrder(values, shape) : values };
}

/** Values whose first index runs fastest, in the order in which the last one does. */
function inRowOrder<T extends Float32Array | Float64Array>(values: T, shape: readonly number[]): T {
  const out = values.slice() as T;
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((a, b) => a * b, 1));
  const index = shape.map(() => 0);
  for (let to = 0, from = 0; to < out.length; to++) {
    out[to] = values[from];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return out;
}

/**
 * A `.npy` file, version 1.0, of a matrix in its own precision: `numpy.load` reads it.
 *
 * @throws {TypeError | RangeError} When M is no matrix of finite values.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { encodeNpy } from "./npy.ts";
 * import { fromRows } from "./matrix.ts";
 *
 * // Deno.writeFileSync("codes.npy", bytes) writes it
 * const bytes = encodeNpy(fromRows([[1, 2], [3, 4]]));
 * assert.equal(bytes.length, 128 + 4 * 8);
 * ```
 */
export function encodeNpy(M: Matrix): Uint8Array<ArrayBuffer> {
  requireMatrix("M", M);
  const { rows, cols, data } = M;
  const kind = data instanceof Float32Array ? "f4" : "f8";
  const text = `{'descr': '<${kind}', 'fortran_order': False, 'shape': (${rows}, ${cols}), }`;
  const length = Math.ceil((10 + text.length + 1) / ALIGNMENT) * ALIGNMENT;
  const bytes = new Uint8Array(length + data.byteLength);
  bytes.set(MAGIC);
  const view = new DataView(bytes.buffer);
  view.setUint8(6, 1);
  view.setUint16(8, length - 10, true);
  bytes.set(new TextEncoder().encode(text.padEnd(length - 11) + "\n"), 10);
  for (let i = 0; i < data.length; i++) {
    if (kind === "f4") view.setFloat32(length + 4 * i, data[i], true);
    else view.setFloat64(length + 8 * i, data[i], true);
  }
  return bytes;
}
