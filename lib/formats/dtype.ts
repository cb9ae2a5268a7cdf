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

/**
 * The array that numbers of a file become: float32 where that holds every value of the kind, else
 * float64.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { arrayFor } from "./dtype.ts";
 *
 * assert(arrayFor("f2", 1) instanceof Float32Array);
 * assert(arrayFor("i4", 1) instanceof Float64Array);
 * ```
 */
export function arrayFor(dtype: Dtype, length: number): Float32Array | Float64Array {
  return FLOAT32.includes(dtype) ? new Float32Array(length) : new Float64Array(length);
}

/** Whether this machine's own bytes of `out` are those of a file, which then can be read into it. */
export function isOwnFormat(
  dtype: Dtype,
  littleEndian: boolean,
  out: Float32Array | Float64Array,
): boolean {
  return littleEndian === HOST_IS_LITTLE &&
    dtype === (out instanceof Float32Array ? "f4" : "f8");
}

/** Any typed array that holds numbers of a kind. */
export type NativeArray =
  | Float64Array
  | Float32Array
  | Float16Array
  | BigInt64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | BigUint64Array
  | Uint32Array
  | Uint16Array
  | Uint8Array;

/**
 * The numbers that bytes are, in the typed array of their kind: a view where the bytes are in this
 * machine's order and stand at a fitting address, else a copy. Those of kind bf16 are their 16 bits.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { nativeArray } from "./dtype.ts";
 *
 * assert.deepEqual(nativeArray(Uint8Array.of(0x3c, 0), "f2", false), Float16Array.of(1));
 * ```
 */
export function nativeArray(bytes: Uint8Array, dtype: Dtype, littleEndian: boolean): NativeArray {
  const size = DTYPE_BYTES[dtype];
  const fits = (size === 1 || littleEndian === HOST_IS_LITTLE) && bytes.byteOffset % size === 0;
  const { buffer, byteOffset, length } = fits ? bytes : reorderBytes(bytes, size, littleEndian);
  const args = [buffer, byteOffset, length / size] as const;
  switch (dtype) {
    case "f2":
      return new Float16Array(...args);
    case "f4":
      return new Float32Array(...args);
    case "f8":
      return new Float64Array(...args);
    case "i1":
      return new Int8Array(...args);
    case "i2":
      return new Int16Array(...args);
    case "i4":
      return new Int32Array(...args);
    case "i8":
      return new BigInt64Array(...args);
    case "u1":
    case "b1":
      return new Uint8Array(...args);
    case "u2":
    case "bf16":
      return new Uint16Array(...args);
    case "u4":
      return new Uint32Array(...args);
    case "u8":
      return new BigUint64Array(...args);
  }
}

/**
 * Numbers from the bytes of a file, into an array of ours.
 *
 * @param bytes A whole number of values.
 * @param dtype Their kind.
 * @param littleEndian Their order of bytes.
 * @param out Takes them, from its beginning on; integers beyond 2⁵³ are rounded to the nearest float64.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { decodeInto } from "./dtype.ts";
 *
 * const out = new Float32Array(2);
 * decodeInto(Uint8Array.of(0x3f, 0x80, 0xbf, 0), "bf16", false, out);
 * assert.deepEqual(out, Float32Array.of(1, -0.5));
 * ```
 */
export function decodeInto(
  bytes: Uint8Array,
  dtype: Dtype,
  littleEndian: boolean,
  out: Float32Array | Float64Array,
): void {
  const values = nativeArray(bytes, dtype, littleEndian);
  // a loop for each kind of array: one for all would not be compiled for any
  if (values instanceof Float32Array || values instanceof Float64Array) out.set(values);
  else if (values instanceof BigInt64Array || values instanceof BigUint64Array) {
    for (let i = 0; i < values.length; i++) out[i] = Number(values[i]);
  } else if (dtype === "bf16" && out instanceof Float32Array) {
    const bits = new Uint32Array(out.buffer, out.byteOffset, values.length);
    for (let i = 0; i < values.length; i++) bits[i] = values[i] << 16;
  } else if (dtype === "bf16") {
    const single = new Float32Array(values.length);
    decodeInto(bytes, dtype, littleEndian, single);
    out.set(single);
  } else if (values instanceof Float16Array) widen(values, out);
  else if (dtype === "b1") {
    for (let i = 0; i < values.length; i++) {
      out[i] = values[i] === 0 ? 0 : 1;
    }
  } else for (let i = 0; i < values.length; i++) out[i] = values[i];
}

/** `out.set(values)`, which is three times slower. */
function widen(values: Float16Array, out: Float32Array | Float64Array): void {
  for (let i = 0; i < values.length; i++) out[i] = values[i];
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
  const out = arrayFor(dtype, bytes.length / DTYPE_BYTES[dtype]);
  decodeInto(bytes, dtype, littleEndian, out);
  return out;
}
