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

/** A header as it stands there, before anyone asks what the numbers are. */
interface Description extends Omit<NpyHeader, "dtype" | "littleEndian"> {
  descr: string;
}

const quoted = (value: unknown) => `got ${JSON.stringify(value)}`;

function readDescription(source: ByteSource): Description {
  const head = readBytes(source, 0, Math.min(source.size, 12));
  if (!NPY_MAGIC.every((byte, i) => head[i] === byte)) {
    const found = quoted([...head.subarray(0, 6)]);
    throw source.refused(`it must begin with the letters NUMPY after 0x93, ${found}`);
  }
  const major = head[6], minor = head[7];
  if (!(major >= 1 && major <= 3)) {
    throw source.refused(`its version must be 1, 2 or 3, ${quoted(`${major}.${minor}`)}`);
  }
  const start = major === 1 ? 10 : 12;
  const cut = () =>
    source.refused(`it must hold its whole header, ${quoted(`${source.size} bytes`)}`);
  if (head.length < start) throw cut();
  const view = new DataView(head.buffer);
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const offset = start + length;
  if (source.size < offset) throw cut();
  if (length > MOST_HEADER) {
    throw source.refused(`its header must be of plain numbers, ${quoted(`${length} bytes of it`)}`);
  }
  // latin-1 and UTF-8 are the same for what a header may say
  const rest = readBytes(source, head.length, Math.max(0, offset - head.length));
  const text = [head.subarray(start), rest].map((part) => new TextDecoder("latin1").decode(part))
    .join("").slice(0, length);
  // the three entries of a dictionary, by a grammar of their own: no eval
  const entry = (key: string, value: string) =>
    text.match(new RegExp(`'${key}'\\s*:\\s*${value}`))?.[1];
  const descr = entry("descr", "'([^']*)'"), order = entry("fortran_order", "(True|False)");
  const sizes = entry("shape", "\\(([\\d\\s,L]*)\\)");
  if (descr === undefined || order === undefined || sizes === undefined) {
    throw source.refused(
      `its header must say descr, fortran_order and shape of plain numbers, ${quoted(text.trim())}`,
    );
  }
  // Python 2 wrote an L after each
  const shape = sizes.split(",").map((size) => size.trim().replace(/L$/, "")).filter(Boolean)
    .map(Number);
  if (!shape.every(Number.isSafeInteger)) {
    throw source.refused(`its sizes must be integers, ${quoted(sizes)}`);
  }
  return { descr, shape, fortranOrder: order === "True", offset };
}

/**
 * The header at the beginning of a `.npy` file.
 *
 * @throws {Error} As the source makes it, when there is no header, or it is cut short, or it describes
 * objects, records, texts or complex numbers.
 */
export function npyHeader(source: ByteSource): NpyHeader {
  const { descr, ...rest } = readDescription(source);
  const [, mark, dtype] = descr.match(/^([<>|=])(\w+)$/) ?? [];
  if (dtype === "V2") {
    throw source.refused(
      `two raw bytes may be bfloat16, which NumPy has not: save float32, ${quoted(descr)}`,
    );
  }
  if (descr === "|O") {
    throw source.refused(
      `it must hold numbers, not objects of Python: save array.astype("float32"), ${quoted(descr)}`,
    );
  }
  if (!KINDS.includes(dtype)) {
    throw source.refused(`its numbers must be of a kind in ${KINDS.join(", ")}, ${quoted(descr)}`);
  }
  return { ...rest, dtype: dtype as NpyHeader["dtype"], littleEndian: mark !== ">" };
}

/**
 * The text in a `.npy` file of a single one: bytes ("|S3") or characters ("<U3").
 *
 * @throws {Error} As the source makes it, when it holds something else.
 */
export function npyText(source: ByteSource): string {
  const { descr, shape, offset } = readDescription(source);
  const [, mark, kind, length] = descr.match(/^([<>|])([SU])(\d{1,4})$/) ?? [];
  const size = Number(length) * (kind === "U" ? 4 : 1);
  if (!kind || shape.length > 0 || source.size - offset !== size) {
    throw source.refused(`it must hold one text, ${quoted(descr)}`);
  }
  const bytes = readBytes(source, offset), view = new DataView(bytes.buffer);
  const codes = kind === "S"
    ? [...bytes]
    : Array.from({ length: Number(length) }, (_, i) => view.getUint32(4 * i, mark !== ">"));
  return codes.map((code) => code > 0x10ffff ? "?" : String.fromCodePoint(code)).join("")
    .replace(/\0+$/, "");
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
