/**
 * The one data type that every module speaks: a dense row-major matrix of float32 or float64.
 * @module
 */
import { requireArray, requireInteger, requirePositive } from "./checks.ts";

/** Storage of a {@linkcode Matrix}: float32 or float64. */
export type MatrixData = Float32Array | Float64Array;

/** A dense row-major matrix: element (i, j) is `data[i * cols + j]`. */
export interface Matrix<T extends MatrixData = MatrixData> {
  /** Number of rows (samples, for codes and observations). */
  rows: number;
  /** Number of columns (latents, atoms or observed dimensions). */
  cols: number;
  /** `rows * cols` values, row after row. */
  data: T;
}

/** A matrix of float32 values. */
export type Matrix32 = Matrix<Float32Array>;
/** A matrix of float64 values. */
export type Matrix64 = Matrix<Float64Array>;

/**
 * A float64 matrix from nested rows: for small literals in scripts and tests.
 *
 * @param rows Rows of equal length.
 * @throws {TypeError} When a value is not a number.
 * @throws {RangeError} When the rows differ in length.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fromRows } from "./matrix.ts";
 * const M = fromRows([[1, 2, 3], [4, 5, 6]]);
 * assert.deepEqual([M.rows, M.cols, M.data[1 * M.cols + 2]], [2, 3, 6]);
 * ```
 */
export function fromRows(rows: readonly (readonly number[])[]): Matrix64 {
  requireArray("rows", rows);
  rows.forEach((row, i) => requireArray(`rows[${i}]`, row));
  const cols = rows.length === 0 ? 0 : rows[0].length;
  const data = new Float64Array(rows.length * cols);
  rows.forEach((row, i) => {
    if (row.length !== cols) {
      throw new RangeError(
        `Cannot make a matrix of these rows: all must have ${cols} values, row ${i} has ${row.length}`,
      );
    }
    for (let j = 0; j < cols; j++) {
      if (typeof row[j] !== "number") {
        throw new TypeError(`rows[${i}][${j}] must be a number, got ${typeof row[j]}`);
      }
    }
    data.set(row, i * cols);
  });
  return { rows: rows.length, cols, data };
}

/**
 * The rows of a matrix as plain arrays: for JSON, tables and printing.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fromRows, toRows } from "./matrix.ts";
 *
 * assert.deepEqual(toRows(fromRows([[1, 0], [0, 1]])), [[1, 0], [0, 1]]);
 * ```
 */
export function toRows(M: Matrix): number[][] {
  requireMatrix("M", M);
  return Array.from(
    { length: M.rows },
    (_, i) => Array.from(M.data.subarray(i * M.cols, (i + 1) * M.cols)),
  );
}

/** Most rows, and most columns: indices are 32-bit integers in the kernels and in sparse matrices. */
const MOST_LINES = 2 ** 31 - 1;
/** Most values: no typed array holds more. */
const MOST_VALUES = 2 ** 32;

function requireSizes(rows: number, cols: number): void {
  requireInteger("rows", rows, 0, MOST_LINES);
  requireInteger("cols", cols, 0, MOST_LINES);
  if (rows * cols > MOST_VALUES) {
    throw new RangeError(`A matrix must hold at most 2³² values, got ${rows} × ${cols}`);
  }
}

/** Requires the kind and the sizes of a matrix; its values are not looked at. */
function requireShape(name: string, M: Matrix): void {
  if (!M || !(M.data instanceof Float32Array || M.data instanceof Float64Array)) {
    throw new TypeError(
      `${name} must be a matrix { rows, cols, data } with a Float32Array or Float64Array`,
    );
  }
  // two negative sizes, or texts, can have the right product
  requireInteger(`${name}.rows`, M.rows, 0, MOST_LINES);
  requireInteger(`${name}.cols`, M.cols, 0, MOST_LINES);
  if (M.data.length !== M.rows * M.cols) {
    throw new RangeError(
      `${name} must hold rows × cols values: ${M.rows} × ${M.cols} needs ${
        M.rows * M.cols
      }, data has ${M.data.length}`,
    );
  }
}

/**
 * A float64 matrix of zeros.
 *
 * @throws {TypeError} When a size is not a number.
 * @throws {RangeError} When a size is not an integer of at least 0.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { zeros } from "./matrix.ts";
 * assert.deepEqual(zeros(1, 2), { rows: 1, cols: 2, data: Float64Array.of(0, 0) });
 * ```
 */
export function zeros(rows: number, cols: number): Matrix64 {
  requireSizes(rows, cols);
  return { rows, cols, data: new Float64Array(rows * cols) };
}

/**
 * A float32 matrix of zeros.
 *
 * @throws {TypeError} When a size is not a number.
 * @throws {RangeError} When a size is not an integer of at least 0.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { zeros32 } from "./matrix.ts";
 * assert.deepEqual(zeros32(1, 2), { rows: 1, cols: 2, data: Float32Array.of(0, 0) });
 * ```
 */
export function zeros32(rows: number, cols: number): Matrix32 {
  requireSizes(rows, cols);
  return { rows, cols, data: new Float32Array(rows * cols) };
}

/**
 * The first rows of a matrix over the same memory, not a copy: all, where it has no more.
 *
 * @param M rows × cols.
 * @param count How many, at least 0.
 * @throws {TypeError} When M is not a matrix, or the count not a number.
 * @throws {RangeError} When the count is not an integer of at least 0.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { firstRows, fromRows } from "./matrix.ts";
 * const M = fromRows([[1, 2], [3, 4], [5, 6]]);
 * assert.deepEqual(firstRows(M, 2), fromRows([[1, 2], [3, 4]]));
 * assert.equal(firstRows(M, 9).rows, 3);
 * ```
 */
export function firstRows<T extends MatrixData>(M: Matrix<T>, count: number): Matrix<T> {
  requireShape("M", M);
  requireInteger("count", count, 0);
  const rows = Math.min(M.rows, count);
  return { rows, cols: M.cols, data: M.data.subarray(0, rows * M.cols) as T };
}

/**
 * The matrix rounded to float32; the same object when it already is (not a copy).
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fromRows, toFloat32 } from "./matrix.ts";
 * const M = toFloat32(fromRows([[0.1]]));
 * assert.equal(M.data[0], 0.10000000149011612);
 * assert.equal(toFloat32(M), M);
 * ```
 */
export function toFloat32(M: Matrix): Matrix32 {
  requireShape("M", M);
  return M.data instanceof Float32Array
    ? (M as Matrix32)
    : { rows: M.rows, cols: M.cols, data: Float32Array.from(M.data) };
}

/**
 * The matrix widened to float64; the same object when it already is (not a copy).
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { toFloat64, zeros32 } from "./matrix.ts";
 * assert(toFloat64(zeros32(1, 1)).data instanceof Float64Array);
 * ```
 */
export function toFloat64(M: Matrix): Matrix64 {
  requireShape("M", M);
  return M.data instanceof Float64Array
    ? (M as Matrix64)
    : { rows: M.rows, cols: M.cols, data: Float64Array.from(M.data) };
}

/**
 * The transposed matrix, in the same precision.
 *
 * @param M m × n.
 * @returns n × m, a copy.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fromRows, transpose } from "./matrix.ts";
 * assert.deepEqual(transpose(fromRows([[1, 2, 3]])), fromRows([[1], [2], [3]]));
 * ```
 */
export function transpose<T extends MatrixData>(M: Matrix<T>): Matrix<T> {
  requireShape("M", M);
  const { rows, cols, data } = M;
  const out = new (data.constructor as { new (length: number): T })(rows * cols);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) out[j * rows + i] = data[i * cols + j];
  }
  return { rows: cols, cols: rows, data: out };
}

/**
 * Euclidean norm of every column, accumulated in float64.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { columnNorms, fromRows } from "./matrix.ts";
 * assert.deepEqual([...columnNorms(fromRows([[3, 0], [4, 2]]))], [5, 2]);
 * ```
 */
export function columnNorms(M: Matrix): Float64Array {
  requireShape("M", M);
  const norms = new Float64Array(M.cols);
  for (let i = 0, p = 0; i < M.rows; i++) {
    for (let j = 0; j < M.cols; j++, p++) norms[j] += M.data[p] * M.data[p];
  }
  return norms.map(Math.sqrt);
}

/**
 * The matrix with columns of unit norm, in the same precision; a column whose norm is below `floor`
 * is divided by `floor` instead, so that a zero column stays zero.
 *
 * @param M m × n.
 * @param out m·n values to write to; `M.data` itself changes the matrix in place. Default: new ones.
 * @returns The matrix that has `out` for its data.
 * @throws {RangeError} When `out` has another length.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fromRows, normalizeColumns } from "./matrix.ts";
 * assert.deepEqual([...normalizeColumns(fromRows([[3, 0], [4, 0]])).data], [0.6, 0, 0.8, 0]);
 * ```
 */
export function normalizeColumns<T extends MatrixData>(
  M: Matrix<T>,
  floor = 1e-8,
  out?: T,
): Matrix<T> {
  requirePositive("floor", floor);
  const norms = columnNorms(M).map((norm) => Math.max(norm, floor)), { rows, cols, data } = M;
  const scaled = out ?? data.slice() as T;
  if (scaled.length !== data.length) {
    throw new RangeError(`out must have ${data.length} values, got ${scaled.length}`);
  }
  for (let i = 0, p = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++, p++) scaled[p] = data[p] / norms[j];
  }
  return { rows, cols, data: scaled };
}

/**
 * Adds a multiple of one row to every row: `out[i, j] = M[i, j] + factor · row[j]`, rounded once to
 * the precision of `out`.
 *
 * @param M m × n.
 * @param row n values.
 * @param out m·n values to write to; `M.data` itself changes the matrix in place.
 * @returns The matrix that has `out` for its data.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { addRow, fromRows } from "./matrix.ts";
 * const centred = addRow(fromRows([[1, 2], [3, 6]]), [2, 4], -1, new Float32Array(4));
 * assert.deepEqual([...centred.data], [-1, -2, 1, 2]);
 * ```
 */
export function addRow<T extends MatrixData>(
  M: Matrix,
  row: ArrayLike<number>,
  factor: number,
  out: T,
): Matrix<T> {
  const { rows, cols, data } = M;
  for (let i = 0, p = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++, p++) out[p] = data[p] + factor * row[j];
  }
  return { rows, cols, data: out };
}

/**
 * A copy with column j multiplied by `scales[j]`, in the same precision.
 *
 * @param M m × n.
 * @param scales n values.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fromRows, scaleColumns } from "./matrix.ts";
 * assert.deepEqual([...scaleColumns(fromRows([[1, 2], [3, 4]]), [10, -1]).data], [10, -2, 30, -4]);
 * ```
 */
export function scaleColumns<T extends MatrixData>(
  M: Matrix<T>,
  scales: ArrayLike<number>,
): Matrix<T> {
  const { rows, cols, data } = M;
  const out = data.slice() as T;
  for (let i = 0, p = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++, p++) out[p] *= scales[j];
  }
  return { rows, cols, data: out };
}

/**
 * Requires a well-formed matrix of finite values; `rows` and `cols`, where given, are required too.
 * Costs one pass over the data.
 *
 * @param name The argument's name, for messages.
 * @param M The matrix.
 * @param sizes Those that it must have.
 * @throws {TypeError} When it is no matrix, or a size is no number.
 * @throws {RangeError} When the data do not fit the sizes, those are not the required ones, or a value
 * is not finite.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fromRows, requireMatrix } from "./matrix.ts";
 * requireMatrix("X", fromRows([[1, 2]]), { cols: 2 });
 * assert.throws(() => requireMatrix("X", fromRows([[1, 2]]), { cols: 3 }), /X must have 3 columns/);
 * ```
 */
export function requireMatrix(
  name: string,
  M: Matrix,
  sizes: { rows?: number; cols?: number } = {},
): void {
  const { rows, cols } = sizes;
  requireShape(name, M);
  if (rows !== undefined && M.rows !== rows) {
    throw new RangeError(`${name} must have ${rows} rows, got ${M.rows}`);
  }
  if (cols !== undefined && M.cols !== cols) {
    throw new RangeError(`${name} must have ${cols} columns, got ${M.cols}`);
  }
  const { data } = M;
  for (let p = 0; p < data.length; p++) {
    // x − x is 0 for finite x only, and far cheaper than a call of Number.isFinite
    if (data[p] - data[p] !== 0) {
      throw new RangeError(
        `${name} must be finite, got ${data[p]} at row ${Math.floor(p / M.cols)}, column ${
          p % M.cols
        }`,
      );
    }
  }
}

/**
 * Requires finite values that stay finite when they are rounded to float32.
 *
 * @param name The argument's name, for messages.
 * @throws {RangeError} When a value is too large.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fromRows, requireFloat32 } from "./matrix.ts";
 * assert.throws(() => requireFloat32("X", fromRows([[1e39]])), /X must be within float32/);
 * ```
 */
export function requireFloat32(name: string, M: Matrix): void {
  const { data } = M;
  if (data instanceof Float32Array) return;
  let bad = 0;
  while (bad < data.length && Math.abs(data[bad]) < FLOAT32_END) bad++;
  if (bad < data.length) {
    throw new RangeError(
      `${name} must be within float32 (up to 3.4e38), got ${data[bad]} at row ${
        Math.floor(bad / M.cols)
      }, column ${bad % M.cols}`,
    );
  }
}

/** From here on numbers are rounded to infinity: halfway between the largest float32 and 2¹²⁸. */
const FLOAT32_END = 2 ** 128 - 2 ** 103;

/**
 * Requires that the result of float32 arithmetic has not overflowed; the texts frame the message.
 *
 * @param first The number that the message gives the result's first row. Default 0.
 * @throws {RangeError} When a value is not finite.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { requireNoOverflow } from "./matrix.ts";
 * const codes = { rows: 1, cols: 1, data: Float32Array.of(Infinity) };
 * assert.throws(() => requireNoOverflow("code X", codes, "scale X down"), /Cannot code X: .* row 0/);
 * ```
 */
export function requireNoOverflow(
  task: string,
  result: Matrix,
  remedy: string,
  first = 0,
): void {
  const bad = result.data.findIndex((value) => value - value !== 0);
  if (bad >= 0) {
    throw new RangeError(
      `Cannot ${task}: values must stay finite in float32, got ${result.data[bad]} in row ${
        first + Math.floor(bad / result.cols)
      }; ${remedy}`,
    );
  }
}
