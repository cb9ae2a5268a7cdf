/**
 * NumPy's `.npy` format: arrays as bytes. Needs no permission; reading and writing the files is the
 * caller's, or `readMatrix`'s and `writeNpy`'s.
 *
 * Source: the format's description in NumPy's `numpy.lib.format`, versions 1.0 to 3.0.
 * @module
 */
import { type ByteSource, sourceOfBytes } from "./formats/byte_source.ts";
import { joined } from "./formats/byte_parts.ts";
import { npyArray, type NpyHeader, npyHeader } from "./formats/npy_array.ts";
import { npyParts } from "./formats/npy_parts.ts";
import { type Matrix, requireMatrix } from "./matrix.ts";

export type { NpyHeader } from "./formats/npy_array.ts";

function sourceOf(bytes: Uint8Array): ByteSource {
  if (!(bytes instanceof Uint8Array)) throw new TypeError("bytes must be a Uint8Array");
  return sourceOfBytes(bytes, (reason) => new RangeError(`Cannot read a .npy file: ${reason}`));
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
  return npyHeader(sourceOf(bytes));
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
  const array = npyArray(sourceOf(bytes));
  return { rows: array.rows, cols: array.cols, data: array.values() };
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
  return joined(npyParts(M));
}
