/**
 * An array that lies in a file: what it is, and where its numbers are. They are read when they are
 * asked for, all of them or some rows.
 * @module
 */
import { type ByteSource, turn } from "./byte_source.ts";
import { arrayFor, decodeInto, type Dtype, DTYPE_BYTES, isOwnFormat } from "./dtype.ts";

/** What {@linkcode StoredArray} is made from. */
export interface StoredArrayOptions {
  /** The bytes among which it lies. */
  source: ByteSource;
  /** Kind of its numbers. */
  dtype: Dtype;
  /** Order of a number's bytes. Default true. */
  littleEndian?: boolean;
  /** Sizes; empty for a single number. */
  shape: readonly number[];
  /** Bytes before its first number. Default 0. */
  offset?: number;
  /** Numbers from one to the next along each axis. Default: the last index runs fastest. */
  strides?: readonly number[];
}

/** Bytes that are read at once: what a cache holds. */
const CHUNK = 2 ** 20;
/** Bytes that cost no more to read than one. */
const PAGE = 4096;
/** Bytes read for each that is needed, at most, where that saves reads. */
const WASTE = 4;

const product = (sizes: readonly number[]) => sizes.reduce((a, b) => a * b, 1);

/** Strides of an array whose last index runs fastest. */
function rowMajor(shape: readonly number[]): number[] {
  return shape.map((_, axis) => product(shape.slice(axis + 1)));
}

/** A part of an array: the index that it begins at, and its size, along each axis. */
interface Box {
  from: number[];
  shape: number[];
}

/** Consecutive rows as boxes of the axes that they run over, in order. */
function* boxesOfRows(sizes: readonly number[], first: number, count: number): Generator<Box> {
  if (sizes.length === 1) return yield { from: [first], shape: [count] };
  const inner = sizes.slice(1), step = product(inner), end = first + count;
  for (let at = first; at < end;) {
    const index = Math.floor(at / step), within = at % step, whole = Math.floor((end - at) / step);
    if (within === 0 && whole > 0) {
      yield { from: [index, ...inner.map(() => 0)], shape: [whole, ...inner] };
      at += whole * step;
    } else {
      const rows = Math.min(step - within, end - at);
      for (const { from, shape } of boxesOfRows(inner, within, rows)) {
        yield { from: [index, ...from], shape: [1, ...shape] };
      }
      at += rows;
    }
  }
}

/**
 * An array in a file.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { sourceOfBytes } from "./byte_source.ts";
 * import { StoredArray } from "./stored_array.ts";
 *
 * const source = sourceOfBytes(Uint8Array.of(1, 2, 3, 4, 5, 6), (reason) => new Error(reason));
 * const turned = new StoredArray({ source, dtype: "u1", shape: [3, 2], strides: [1, 3] });
 * assert.deepEqual(turned.values(), Float32Array.of(1, 4, 2, 5, 3, 6));
 * assert.deepEqual(turned.readRows(1, 1), Float32Array.of(2, 5));
 * ```
 */
export class StoredArray {
  /** The bytes among which it lies. */
  readonly source: ByteSource;
  /** Kind of its numbers. */
  readonly dtype: Dtype;
  /** Sizes; empty for a single number. */
  readonly shape: readonly number[];
  /** Rows: all axes but the last taken as one. A single axis is a column, and a number 1 × 1. */
  readonly rows: number;
  /** Columns: the size of the last of two axes or more. */
  readonly cols: number;
  /** Bytes before its first number. */
  readonly offset: number;
  readonly #littleEndian: boolean;
  /** Sizes, two at least, and strides. */
  readonly #sizes: readonly number[];
  readonly #strides: readonly number[];
  /** A buffer that nobody uses now. */
  #spare?: Uint8Array;

  /**
   * Checks that the array is there.
   *
   * @throws {Error} As the source makes it, where the array does not lie within the source.
   */
  constructor(
    { source, dtype, littleEndian = true, shape, offset = 0, strides = rowMajor(shape) }:
      StoredArrayOptions,
  ) {
    this.source = source;
    this.dtype = dtype;
    this.shape = shape;
    const ones = [1, 1].slice(Math.min(shape.length, 2));
    this.#sizes = [...shape, ...ones];
    this.#strides = [...strides, ...ones];
    this.rows = product(this.#sizes.slice(0, -1));
    this.cols = this.#sizes.at(-1)!;
    this.#littleEndian = littleEndian;
    this.offset = offset;
    // an array that repeats numbers would need more memory than its file has bytes: it is refused too
    const size = DTYPE_BYTES[dtype], count = product(shape);
    const needed = count === 0 ? 0 : Math.max(count, this.#span(this.#sizes)) * size;
    if (!(offset + needed <= source.size)) {
      throw source.refused(
        `its shape (${shape.join(", ")}) needs ${needed} bytes, there are ${
          Math.max(0, source.size - offset)
        }`,
      );
    }
  }

  /** Numbers from the first of a box to its last, others between them among them. */
  #span(shape: readonly number[]): number {
    return shape.reduce((sum, size, axis) => sum + (size - 1) * this.#strides[axis], 1);
  }

  /**
   * All numbers, the last index running fastest.
   *
   * @returns float32 where that holds every value of the kind, else float64.
   * @throws {Error} As the source makes it, where the bytes are gone or damaged.
   */
  values(): Float32Array | Float64Array {
    return this.readRows(0, this.rows);
  }

  /**
   * Rows in order.
   *
   * @param start The first.
   * @param count How many.
   * @param out Takes them: `count * cols` numbers.
   * @returns `out`.
   * @throws {Error} As the source makes it, where the bytes are gone or damaged.
   */
  readRows(
    start: number,
    count: number,
    out: Float32Array | Float64Array = arrayFor(this.dtype, count * this.cols),
  ): Float32Array | Float64Array {
    if (out.length === 0) return out;
    const { cols } = this;
    let at = 0;
    for (const { from, shape } of boxesOfRows(this.#sizes.slice(0, -1), start, count)) {
      this.#readBox({ from: [...from, 0], shape: [...shape, cols] }, out.subarray(at), undefined);
      at += product(shape) * cols;
    }
    return out;
  }

  /** {@linkcode StoredArray.readRows} while other work goes on, where the rows lie one after another. */
  async readRowsAhead(
    start: number,
    count: number,
    out: Float32Array | Float64Array = arrayFor(this.dtype, count * this.cols),
  ): Promise<Float32Array | Float64Array> {
    const plain = rowMajor(this.#sizes);
    if (!this.#sizes.every((size, axis) => size < 2 || this.#strides[axis] === plain[axis])) {
      await turn();
      return this.readRows(start, count, out);
    }
    const { source, dtype, cols } = this, size = DTYPE_BYTES[dtype];
    const offset = this.offset + start * cols * size;
    if (isOwnFormat(dtype, this.#littleEndian, out)) {
      await source.readAhead(offset, new Uint8Array(out.buffer, out.byteOffset, out.byteLength));
    } else {
      // one that is used again: fresh memory costs more than the reading
      const needed = out.length * size, spare = this.#spare;
      this.#spare = undefined;
      const buffer = spare && spare.length >= needed ? spare : new Uint8Array(needed);
      const bytes = buffer.subarray(0, needed);
      await source.readAhead(offset, bytes);
      decodeInto(bytes, dtype, this.#littleEndian, out);
      this.#spare = buffer;
    }
    return out;
  }

  /** Numbers of a box, to `out` with its strides there: in one read, or those of its two halves. */
  #readBox(
    { from, shape }: Box,
    out: Float32Array | Float64Array,
    steps: readonly number[] = rowMajor(shape),
  ): void {
    const count = product(shape), span = this.#span(shape), size = DTYPE_BYTES[this.dtype];
    const first = this.offset +
      size * from.reduce((sum, index, axis) => sum + index * this.#strides[axis], 0);
    const [bytes, plain] = [span * size, rowMajor(shape)];
    const isPlain = span === count &&
      shape.every((extent, axis) =>
        extent < 2 || this.#strides[axis] === plain[axis] && steps[axis] === plain[axis]
      );
    if (isPlain) return this.#readPlain(first, out.subarray(0, count));
    if (bytes <= PAGE || bytes <= CHUNK && span <= WASTE * count) {
      const values = arrayFor(this.dtype, span);
      this.#readPlain(first, values);
      return gather(values, this.#strides, shape, out, steps);
    }
    const extents = shape.map((extent, axis) => (extent - 1) * this.#strides[axis]);
    const axis = extents.indexOf(Math.max(...extents)), half = Math.ceil(shape[axis] / 2);
    this.#readBox({ from, shape: shape.with(axis, half) }, out, steps);
    this.#readBox(
      { from: from.with(axis, from[axis] + half), shape: shape.with(axis, shape[axis] - half) },
      out.subarray(half * steps[axis]),
      steps,
    );
  }

  /** Numbers that lie one after another. */
  #readPlain(offset: number, out: Float32Array | Float64Array): void {
    const { source, dtype } = this, size = DTYPE_BYTES[dtype], step = CHUNK / size;
    const own = isOwnFormat(dtype, this.#littleEndian, out);
    const buffer = own ? undefined : new Uint8Array(Math.min(step, out.length) * size);
    for (let at = 0; at < out.length; at += step) {
      const part = out.subarray(at, at + step), bytes = part.length * size;
      const into = buffer?.subarray(0, bytes) ??
        new Uint8Array(part.buffer, part.byteOffset, bytes);
      source.read(offset + at * size, into);
      if (!own) decodeInto(into, dtype, this.#littleEndian, part);
    }
  }
}

/** Copies a box from strides to strides; the longest axis is the inner loop. */
function gather(
  values: Float32Array | Float64Array,
  strides: readonly number[],
  shape: readonly number[],
  out: Float32Array | Float64Array,
  steps: readonly number[],
): void {
  const inner = shape.indexOf(Math.max(...shape)), outer = shape.with(inner, 1);
  const index = shape.map(() => 0), stride = strides[inner], step = steps[inner];
  for (let left = product(outer), from = 0, to = 0; left > 0; left--) {
    for (let i = 0, p = from, q = to; i < shape[inner]; i++, p += stride, q += step) {
      out[q] = values[p];
    }
    for (let axis = outer.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      to += steps[axis];
      if (++index[axis] < outer[axis]) break;
      from -= strides[axis] * outer[axis];
      to -= steps[axis] * outer[axis];
      index[axis] = 0;
    }
  }
}
