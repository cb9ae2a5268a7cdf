/**
 * The kinds of numbers that files hold, and how their bytes become ours.
 * @module
 */

/** A kind of number in a file, in NumPy's letters: f2 is half precision, b1 a boolean. */
export type Dtype =
  | "f2"
  | "f4"
  | "f8"
  | "i1"
  | "i2"
  | "i4"
  | "i8"
  | "u1"
  | "u2"
  | "u4"
  | "u8"
  | "b1"
  | "bf16";

/** Bytes of one number. */
export const DTYPE_BYTES: Readonly<Record<Dtype, number>> = {
  ...{ f2: 2, f4: 4, f8: 8, i1: 1, i2: 2, i4: 4, i8: 8, u1: 1, u2: 2, u4: 4, u8: 8, b1: 1 },
  bf16: 2,
};

/** Kinds whose every value is a float32: the others need float64. */
const FLOAT32: readonly Dtype[] = ["f2", "f4", "bf16", "i1", "u1", "i2", "u2", "b1"];

const HOST_IS_LITTLE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * Numbers of a file's order of bytes to or from this machine's: a copy in either case, from an address
 * that any typed array can begin at.
 *
 * @param size Bytes of one number.
 * @param littleEndian The file's order.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { reorderBytes } from "./dtype.ts";
 *
 * const bytes = reorderBytes(Uint8Array.of(1, 0), 2, true);
 * assert.deepEqual(new Uint16Array(bytes.buffer), Uint16Array.of(1));
 * ```
 */
export function reorderBytes(
  bytes: Uint8Array,
  size: number,
  littleEndian: boolean,
): Uint8Array<ArrayBuffer> {
  const copy = bytes.slice();
  if (size > 1 && littleEndian !== HOST_IS_LITTLE) {
    for (let at = 0; at < copy.length; at += size) copy.subarray(at, at + size).reverse();
  }
  return copy;
}

/** What the numbers are called, bit by bit as they are where that is a float32 or a float64. */
function read(buffer: ArrayBuffer, dtype: Dtype): ArrayLike<number | bigint> {
  switch (dtype) {
    case "f2":
      return new Float16Array(buffer);
    case "f4":
      return new Float32Array(buffer);
    case "f8":
      return new Float64Array(buffer);
    case "i1":
      return new Int8Array(buffer);
    case "i2":
      return new Int16Array(buffer);
    case "i4":
      return new Int32Array(buffer);
    case "i8":
      return new BigInt64Array(buffer);
    case "u1":
    case "b1":
      return new Uint8Array(buffer);
    case "u2":
      return new Uint16Array(buffer);
    case "u4":
      return new Uint32Array(buffer);
    case "u8":
      return new BigUint64Array(buffer);
    case "bf16":
      return new Float32Array(
        Uint32Array.from(new Uint16Array(buffer), (bits) => bits << 16).buffer,
      );
  }
}

/**
 * Numbers from the bytes of a file.
 *
 * @param bytes A whole number of values.
 * @param dtype Their kind.
 * @param littleEndian Their order of bytes.
 * @returns float32 where that holds every value of the kind, else float64; integers beyond 2⁵³ are
 * rounded.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { decodeValues } from "./dtype.ts";
 *
 * assert.deepEqual(decodeValues(Uint8Array.of(0, 0x80, 0x3f, 0), "u2", true), Float32Array.of(0x8000, 0x3f));
 * assert.deepEqual(decodeValues(Uint8Array.of(0x80, 0x3f), "bf16", true), Float32Array.of(1));
 * ```
 */
export function decodeValues(
  bytes: Uint8Array,
  dtype: Dtype,
  littleEndian: boolean,
): Float32Array | Float64Array {
  const values = read(reorderBytes(bytes, DTYPE_BYTES[dtype], littleEndian).buffer, dtype);
  if (values instanceof Float32Array || values instanceof Float64Array) return values;
  const out = FLOAT32.includes(dtype)
    ? new Float32Array(values.length)
    : new Float64Array(values.length);
  for (let i = 0; i < out.length; i++) out[i] = Number(values[i]);
  return out;
}
