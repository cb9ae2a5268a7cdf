/**
 * Matrices in files: NumPy's `.npy` and `.npz`, safetensors, PyTorch's `.pt` and texts of numbers in;
 * `.npy`, safetensors and SciPy's sparse `.npz` out. For files larger than memory see
 * `lib/matrix_stream.ts`.
 * @module
 */
import { writeAtomic } from "./atomic_file.ts";
import { requireInteger, requireOptions } from "./checks.ts";
import type { CsrMatrix } from "./csr_matrix.ts";
import { requireCsrMatrix } from "./csr_matrix.ts";
import { csrParts, readCsrArrays } from "./formats/csr_npz.ts";
import { npyParts } from "./formats/npy_parts.ts";
import { RowFile } from "./formats/row_file.ts";
import { type SafetensorsContent, safetensorsParts } from "./formats/safetensors_parts.ts";
import { type Matrix, requireMatrix } from "./matrix.ts";

/** Options of {@linkcode readMatrix}. */
export interface ReadMatrixOptions {
  /**
   * Name of the array, in a file that has several: a member of an `.npz` without its ending, a tensor's
   * name, or the path to it in a `.pt` file, with dots between keys and indices.
   */
  key?: string;
  /** How many rows to read from the first on, or the first and the end of a range. Default: all. */
  rows?: number | readonly [start: number, end: number];
}

/** Most values of a matrix: no typed array holds more. */
const MOST_VALUES = 2 ** 32;

/**
 * Reads a matrix from a file, whose format is told by its first bytes:
 *
 * - `.npy`, versions 1 to 3, both orders of indices and of bytes, and `.npz`;
 * - safetensors (all kinds but 8-bit floats);
 * - what `torch.save` writes since PyTorch 1.6, if it is a tensor, or lists and dictionaries of tensors
 *   and plain data: whatever needs other classes of Python is refused, and nothing in a file is run;
 * - a text of numbers, a line for a row, with commas, semicolons, tabs or spaces between, and in its
 *   first line perhaps names. A first line of numbers is a row, but for 0, 1, 2, … of three columns or
 *   more: these are pandas' names of columns that have none.
 *
 * An array of more than two dimensions is taken as rows of its last one ([prompts, positions, m] as
 * prompts·positions × m), one of a single dimension as one column, and a single number as 1 × 1. Only
 * the rows that are asked for are read, but of a text and of a deflated member, which is inflated up to them.
 *
 * Needs read permission on the file.
 *
 * @param path The file.
 * @returns float32 where that holds every value of the file's kind (also half precision and integers of
 * up to 16 bits), else float64. Integers of 64 bits beyond 2⁵³ are rounded to the nearest float64.
 * @throws {TypeError} When `path` or an option is of the wrong kind.
 * @throws {RangeError} When `rows` is no range of the file's rows.
 * @throws {Deno.errors.NotFound} When there is no file.
 * @throws {FileError} When the file is damaged, of another format, or holds NaN or an infinite value (its
 * row is told), or when `key` names no array in it: one line that names the file.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fromRows } from "./matrix.ts";
 * import { readMatrix, writeNpy } from "./matrix_file.ts";
 *
 * writeNpy("acts.npy", fromRows([[1, 2], [3, 4], [5, 6]]));
 * assert.deepEqual(readMatrix("acts.npy", { rows: 1 }), fromRows([[1, 2]]));
 * assert.deepEqual(readMatrix("acts.npy", { rows: [1, 3] }), fromRows([[3, 4], [5, 6]]));
 * ```
 */
export function readMatrix(path: string, options: ReadMatrixOptions = {}): Matrix {
  requireOptions("options", options, ["key", "rows"]);
  const { key, rows } = options;
  const wanted = requireRange(rows);
  using file = new RowFile(path, key);
  const { cols, rows: count } = file.array;
  const [start, end] = wanted ?? [0, count];
  if (end > count) {
    throw new RangeError(`rows must be at most the ${count} rows of ${path}, got ${end}`);
  }
  if ((end - start) * cols > MOST_VALUES) {
    throw new RangeError(
      `Cannot read ${path} into one matrix: it may hold 2³² values, ${end - start} × ${cols} are ` +
        "more; read some rows, or open it with openMatrix",
    );
  }
  return { rows: end - start, cols, data: file.read(start, end - start) };
}

/** The range that `rows` says; undefined where it says nothing. */
function requireRange(rows: ReadMatrixOptions["rows"]): readonly [number, number] | undefined {
  if (rows === undefined) return undefined;
  if (!Array.isArray(rows)) {
    requireInteger("rows", rows as number, 0);
    return [0, rows as number];
  }
  if (rows.length !== 2) {
    throw new RangeError(`rows must be a count, or a start and an end, got [${rows}]`);
  }
  const [start, end] = rows;
  requireInteger("rows[0]", start, 0);
  requireInteger("rows[1]", end, start);
  return [start, end];
}

/**
 * Writes a matrix as a `.npy` file, in its own precision and in one step: a reader sees the whole file or
 * what was there before. `numpy.load` reads it. Needs write permission on the folder, and read permission
 * for the rename.
 *
 * @param path The file; its folder must exist.
 * @throws {TypeError | RangeError} When M is no matrix of finite values.
 * @throws {FileError} When the file cannot be written.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fromRows } from "./matrix.ts";
 * import { readMatrix, writeNpy } from "./matrix_file.ts";
 *
 * writeNpy("dictionary.npy", fromRows([[1, 0], [0, 1]]));
 * assert.deepEqual(readMatrix("dictionary.npy"), fromRows([[1, 0], [0, 1]]));
 * ```
 */
export function writeNpy(path: string, M: Matrix): void {
  requireMatrix("M", M);
  writeAtomic(requirePath(path), npyParts(M));
}

/**
 * Writes named tensors as a safetensors file, in one step, as {@linkcode writeNpy} does. A typed array
 * tells the kind of the numbers: Float16Array, Float32Array, Float64Array, and those of integers of up to
 * 32 bits.
 *
 * @param path The file; its folder must exist.
 * @param content Tensors, and texts to keep beside them.
 * @throws {TypeError} When the content, a tensor or a text is of the wrong kind.
 * @throws {RangeError} When a tensor does not hold as many values as its shape says.
 * @throws {FileError} When the file cannot be written.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fromRows, toFloat32 } from "./matrix.ts";
 * import { readMatrix, writeSafetensors } from "./matrix_file.ts";
 *
 * const acts = { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) };
 * writeSafetensors("acts.safetensors", { tensors: { acts }, metadata: { layer: "7" } });
 * assert.deepEqual(readMatrix("acts.safetensors"), toFloat32(fromRows([[1, 2], [3, 4]])));
 * ```
 */
export function writeSafetensors(path: string, content: SafetensorsContent): void {
  writeAtomic(requirePath(path), safetensorsParts(content));
}

/**
 * Writes a sparse matrix as the `.npz` archive that `scipy.sparse.load_npz` reads, in one step, as
 * {@linkcode writeNpy} does.
 *
 * @param path The file; its folder must exist.
 * @throws {TypeError | RangeError} When M is no well-formed sparse matrix of finite values.
 * @throws {FileError} When the file cannot be written.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fromDense } from "./csr_matrix.ts";
 * import { fromRows } from "./matrix.ts";
 * import { readCsr, writeCsr } from "./matrix_file.ts";
 *
 * const codes = fromDense(fromRows([[0, 2, 0], [3, 0, 4]]));
 * writeCsr("codes.npz", codes);
 * assert.deepEqual(readCsr("codes.npz"), codes);
 * ```
 */
export function writeCsr(path: string, M: CsrMatrix): void {
  requireCsrMatrix("M", M);
  writeAtomic(requirePath(path), csrParts(M));
}

/**
 * Reads a sparse matrix in compressed rows, as `scipy.sparse.save_npz` and {@linkcode writeCsr} write it.
 * Values become float32.
 *
 * @param path The file.
 * @throws {Deno.errors.NotFound} When there is no file.
 * @throws {FileError} When it is no archive of that kind, or holds a matrix of another form, columns that
 * do not ascend within a row, or a value that is not finite in float32: one line that names the file.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { readCsr, writeCsr } from "./matrix_file.ts";
 *
 * const indptr = Int32Array.of(0, 0, 1), indices = Int32Array.of(4), data = Float32Array.of(0.5);
 * writeCsr("one.npz", { rows: 2, cols: 9, indptr, indices, data });
 * assert.deepEqual(readCsr("one.npz").indices, indices);
 * ```
 */
export function readCsr(path: string): CsrMatrix {
  return readCsrArrays(requirePath(path));
}

function requirePath(path: string): string {
  if (typeof path !== "string") throw new TypeError(`path must be a text, got ${typeof path}`);
  return path;
}
