/**
 * The parts of a `.npy` file, version 1.0.
 * @module
 */
import type { Matrix } from "../matrix.ts";
import { fileBytes } from "./byte_parts.ts";
import { NPY_MAGIC } from "./npy_array.ts";

/** Bytes that a header is padded to. */
const ALIGNMENT = 64;

/**
 * The header of an array whose last index runs fastest.
 *
 * @param descr Kind of its numbers, in NumPy's words: "<f4".
 * @param shape Its sizes, none for a single value.
 */
export function npyHead(descr: string, shape: readonly number[]): Uint8Array {
  // a tuple of one has a comma
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const length = Math.ceil((10 + text.length + 1) / ALIGNMENT) * ALIGNMENT;
  const bytes = new Uint8Array(length);
  bytes.set(NPY_MAGIC);
  const view = new DataView(bytes.buffer);
  view.setUint8(6, 1);
  view.setUint16(8, length - 10, true);
  bytes.set(new TextEncoder().encode(text.padEnd(length - 11) + "\n"), 10);
  return bytes;
}

/** A matrix in its own precision. */
export function npyParts({ rows, cols, data }: Matrix): Uint8Array[] {
  const descr = data instanceof Float32Array ? "<f4" : "<f8";
  return [npyHead(descr, [rows, cols]), fileBytes(data)];
}
