/**
 * Sparse matrices in compressed rows, with SciPy's names: the form of sparse codes, of which 50,000
 * samples by 10,000 atoms take megabytes instead of gigabytes.
 * @module
 */
import { requireInteger } from "./checks.ts";
import { type Matrix, type Matrix32, requireMatrix, zeros32 } from "./matrix.ts";

/**
 * A sparse float32 matrix in compressed rows, as `scipy.sparse.csr_array` names its parts: row i has
 * the entries `indptr[i]` up to, not including, `indptr[i + 1]`, with ascending columns.
 */
export interface CsrMatrix {
  /** Number of rows (samples, for codes). */
  rows: number;
  /** Number of columns (atoms, for codes). */
  cols: number;
  /** `rows + 1` positions, from 0 up to the number of entries. */
  indptr: Int32Array | Uint32Array;
  /** Column of each entry. */
  indices: Int32Array | Uint32Array;
  /** Value of each entry. */
  data: Float32Array;
}

/** Codes of samples, or another matrix, in either form. */
export type AnyMatrix = Matrix | CsrMatrix;

function isIntegers(array: unknown): array is Int32Array | Uint32Array {
  return array instanceof Int32Array || array instanceof Uint32Array;
}

/**
 * Whether a matrix is a {@linkcode CsrMatrix} rather than a dense one; its content is not checked.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fromDense, isCsrMatrix } from "./csr_matrix.ts";
 * import { fromRows } from "./matrix.ts";
 * assert(isCsrMatrix(fromDense(fromRows([[0, 2]]))));
 * assert(!isCsrMatrix(fromRows([[0, 2]])));
 * ```
 */
export function isCsrMatrix(M: AnyMatrix): M is CsrMatrix {
  return isIntegers((M as CsrMatrix | undefined)?.indptr);
}

/**
 * Requires a well-formed sparse matrix of finite values; `rows` and `cols`, where given, are required
 * too. Costs one pass over the entries.
 *
 * @param name What messages call it.
 * @param M The sparse matrix.
 * @param sizes Those that it must have.
 * @throws {TypeError} When it is no sparse matrix, or a part is of the wrong kind.
 * @throws {RangeError} When sizes do not fit together, columns do not ascend within a row or lie
 * outside the matrix, or a value is not finite.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fromDense, requireCsrMatrix } from "./csr_matrix.ts";
 * import { fromRows } from "./matrix.ts";
 * const codes = fromDense(fromRows([[0, 2], [3, 0]]));
 * requireCsrMatrix("codes", codes, { cols: 2 });
 * assert.throws(() => requireCsrMatrix("codes", codes, { cols: 3 }), RangeError);
 * ```
 */
export function requireCsrMatrix(
  name: string,
  M: CsrMatrix,
  sizes: { rows?: number; cols?: number } = {},
): void {
  const { rows, cols } = sizes;
  if (!M || !isIntegers(M.indptr) || !isIntegers(M.indices) || !(M.data instanceof Float32Array)) {
    throw new TypeError(
      `${name} must be a sparse matrix { rows, cols, indptr, indices, data } with indptr and indices ` +
        `in an Int32Array or Uint32Array and data in a Float32Array`,
    );
  }
  const { indptr, indices, data } = M;
  requireInteger(`${name}.rows`, M.rows, 0);
  requireInteger(`${name}.cols`, M.cols, 0);
  if (rows !== undefined && M.rows !== rows) {
    throw new RangeError(`${name} must have ${rows} rows, got ${M.rows}`);
  }
  if (cols !== undefined && M.cols !== cols) {
    throw new RangeError(`${name} must have ${cols} columns, got ${M.cols}`);
  }
  if (indptr.length !== M.rows + 1 || indptr[0] !== 0) {
    throw new RangeError(
      `${name}.indptr must hold rows + 1 = ${M.rows + 1} positions that begin at 0, got ` +
        `${indptr.length} that begin at ${indptr[0]}`,
    );
  }
  if (indptr[M.rows] !== indices.length || indices.length !== data.length) {
    throw new RangeError(
      `${name}.indptr must end at the number of entries, got ${indptr[M.rows]} for ` +
        `${indices.length} indices and ${data.length} values`,
    );
  }
  for (let i = 0; i < M.rows; i++) {
    if (indptr[i + 1] < indptr[i]) {
      throw new RangeError(
        `${name}.indptr must not descend, got ${indptr[i + 1]} after ${indptr[i]} at row ${i}`,
      );
    }
  }
  for (let i = 0; i < M.rows; i++) {
    for (let p = indptr[i], last = -1; p < indptr[i + 1]; p++) {
      if (indices[p] <= last || indices[p] >= M.cols) {
        throw new RangeError(
          `${name}.indices must ascend within a row, from 0 to cols − 1 = ${M.cols - 1}, got ` +
            `${indices[p]} after ${last} in row ${i}`,
        );
      }
      last = indices[p];
      // x − x is 0 for finite x only
      if (data[p] - data[p] !== 0) {
        throw new RangeError(
          `${name} must be finite, got ${data[p]} at row ${i}, column ${indices[p]}`,
        );
      }
    }
  }
}

/**
 * `requireMatrix` or {@linkcode requireCsrMatrix}, by the form that the matrix has.
 *
 * @throws {TypeError | RangeError} As they do.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fromDense, requireAnyMatrix } from "./csr_matrix.ts";
 * import { fromRows } from "./matrix.ts";
 * for (const M of [fromRows([[0, 2]]), fromDense(fromRows([[0, 2]]))]) {
 *   requireAnyMatrix("M", M, { rows: 1 });
 *   assert.throws(() => requireAnyMatrix("M", M, { rows: 2 }), RangeError);
 * }
 * ```
 */
export function requireAnyMatrix(
  name: string,
  M: AnyMatrix,
  shape?: { rows?: number; cols?: number },
): void {
  if (isCsrMatrix(M)) requireCsrMatrix(name, M, shape);
  else requireMatrix(name, M, shape);
}

/**
 * The entries that are not 0 of a dense matrix, rounded to float32. A value that rounds to 0 is left
 * out.
 *
 * @param M A dense matrix with fewer than 2³¹ non-zeros.
 * @throws {TypeError} When `M` is no matrix.
 * @throws {RangeError} When its data does not fit its shape, or a value is not finite in float32.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fromDense } from "./csr_matrix.ts";
 * import { fromRows } from "./matrix.ts";
 * const { indptr, indices, data } = fromDense(fromRows([[0, 2, 0], [3, 0, 4]]));
 * assert.deepEqual([...indptr], [0, 1, 3]);
 * assert.deepEqual([...indices], [1, 0, 2]);
 * assert.deepEqual([...data], [2, 3, 4]);
 * ```
 */
export function fromDense(M: Matrix): CsrMatrix {
  requireMatrix("M", M);
  const { rows, cols, data: values } = M;
  const indptr = new Int32Array(rows + 1);
  let count = 0;
  for (let p = 0; p < values.length; p++) if (Math.fround(values[p]) !== 0) count++;
  const indices = new Int32Array(count), data = new Float32Array(count);
  for (let i = 0, p = 0, at = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++, p++) {
      const value = Math.fround(values[p]);
      if (value === 0) continue;
      if (value - value !== 0) {
        throw new RangeError(
          `M must be within float32 (up to 3.4e38), got ${values[p]} at row ${i}, column ${j}`,
        );
      }
      indices[at] = j;
      data[at++] = value;
    }
    indptr[i + 1] = at;
  }
  return { rows, cols, indptr, indices, data };
}

/**
 * The same matrix with its zeros.
 *
 * @throws {TypeError} When `M` is no sparse matrix.
 * @throws {RangeError} When its parts do not fit together, or a value is not finite.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { toDense } from "./csr_matrix.ts";
 * const dense = toDense({
 *   rows: 2,
 *   cols: 3,
 *   indptr: Int32Array.of(0, 1, 3),
 *   indices: Int32Array.of(1, 0, 2),
 *   data: Float32Array.of(2, 3, 4),
 * });
 * assert.deepEqual([...dense.data], [0, 2, 0, 3, 0, 4]);
 * ```
 */
export function toDense(M: CsrMatrix): Matrix32 {
  requireCsrMatrix("M", M);
  const { rows, cols, indptr, indices, data } = M;
  const dense = zeros32(rows, cols);
  for (let i = 0; i < rows; i++) {
    for (let p = indptr[i]; p < indptr[i + 1]; p++) dense.data[i * cols + indices[p]] = data[p];
  }
  return dense;
}
