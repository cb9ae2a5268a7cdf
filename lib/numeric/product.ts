/**
 * Dense float64 products for metrics and baselines, where float32 kernels would cost digits.
 * @module
 */
import type { Csr } from "./csr.ts";
import { Arena, run } from "../wasm/memory.ts";
import { type Matrix, type Matrix64, requireMatrix, zeros } from "../matrix.ts";

/** Rows of A that are copied at a time: a multiple of the kernel's 5. */
const PANEL_ROWS = 50;
/** Values of B that are copied at a time: 1 MiB stays in the second-level cache. */
const STRIP_VALUES = 2 ** 17;
/** Columns of B that the kernel takes at a time. */
const STRIP_COLUMNS = 4;
/** Values of A that `gram` copies at a time: 64 KiB. */
const GRAM_VALUES = 2 ** 13;
/** The kernel of `gram` works on blocks of 6 × 4. */
const GRAM_MULTIPLE = 12;

/** Consecutive rows and columns of a product. */
export interface ProductBlock {
  /** The product's row that the block's first row is. */
  row: number;
  /** The product's column that the block's first column is. */
  col: number;
  /** Number of rows. */
  rows: number;
  /** Number of columns. */
  cols: number;
  /** Distance of two rows in `data`. */
  stride: number;
  /** The values, valid only until the next block. */
  data: Float64Array;
}

/**
 * The product A·B in float64.
 *
 * @param A m × k.
 * @param B k × n.
 * @returns m × n.
 * @throws {TypeError} When an argument is no matrix.
 * @throws {RangeError} When the inner sizes differ, or a value is not finite.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { multiply } from "./product.ts";
 * import { fromRows } from "../matrix.ts";
 * assert.deepEqual(multiply(fromRows([[1, 2]]), fromRows([[3], [4]])), fromRows([[11]]));
 * ```
 */
export function multiply(A: Matrix, B: Matrix): Matrix64 {
  requireMatrix("A", A);
  requireMatrix("B", B);
  if (A.cols !== B.rows) {
    throw new RangeError(
      `Cannot multiply: A must have as many columns as B has rows, got ${A.cols} and ${B.rows}`,
    );
  }
  const out = zeros(A.rows, B.cols);
  multiplyBlocks(A, B, ({ row, col, rows, cols, stride, data }) => {
    const at = row * out.cols + col;
    if (stride === out.cols) return out.data.set(data, at);
    for (let i = 0; i < rows; i++) {
      out.data.set(data.subarray(i * stride, i * stride + cols), at + i * out.cols);
    }
  });
  return out;
}

/**
 * The product A·B in blocks, so that a caller can reduce or round each of them instead of keeping the
 * whole product in float64.
 *
 * @param A m × k.
 * @param B k × n.
 * @param take Receives every block once; it must not run kernels.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { multiplyBlocks } from "./product.ts";
 * import { fromRows } from "../matrix.ts";
 * let sum = 0;
 * multiplyBlocks(fromRows([[1, 2]]), fromRows([[3], [4]]), ({ data }) => sum += data[0]);
 * assert.equal(sum, 11);
 * ```
 */
export function multiplyBlocks(A: Matrix, B: Matrix, take: (block: ProductBlock) => void): void {
  const depth = A.cols;
  if (A.rows === 0 || B.cols === 0) return;
  const height = Math.min(PANEL_ROWS, A.rows);
  const width = Math.min(
    roundUp(B.cols, STRIP_COLUMNS),
    Math.max(1, Math.floor(STRIP_VALUES / Math.max(depth, height) / STRIP_COLUMNS)) * STRIP_COLUMNS,
  );
  using arena = new Arena();
  const a = arena.f64(height * depth), b = arena.f64(depth * width), c = arena.f64(height * width);
  for (let col = 0; col < B.cols; col += width) {
    const cols = Math.min(width, B.cols - col), stride = roundUp(cols, STRIP_COLUMNS);
    writeStrips(b.view, B, col, cols);
    for (let row = 0; row < A.rows; row += height) {
      const rows = Math.min(height, A.rows - row);
      a.view.set(A.data.subarray(row * depth, (row + rows) * depth));
      run("gemm64", rows, stride, depth, a, depth, b, c, stride);
      take({ row, col, rows, cols, stride, data: c.view.subarray(0, rows * stride) });
    }
  }
}

/**
 * Copies `width` columns of B from `col` on, as the kernel wants them: strips of 4, each row after row.
 * What a last strip has beyond them is left as it was.
 */
export function writeStrips(
  strips: Float64Array,
  B: Matrix,
  col: number,
  width: number = B.cols,
): void {
  const { rows, cols, data } = B, step = rows * STRIP_COLUMNS;
  const end = col + width, whole = end - (end - col) % STRIP_COLUMNS;
  for (let i = 0; i < rows; i++) {
    let q = i * STRIP_COLUMNS, p = i * cols + col, j = col;
    for (; j < whole; j += STRIP_COLUMNS, p += STRIP_COLUMNS, q += step) {
      strips[q] = data[p];
      strips[q + 1] = data[p + 1];
      strips[q + 2] = data[p + 2];
      strips[q + 3] = data[p + 3];
    }
    for (; j < end; j++, p++, q++) strips[q] = data[p];
  }
}

/**
 * The symmetric product MᵀM in float64, at half the price of a product.
 *
 * @param M m × n.
 * @returns n × n.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { gram } from "./product.ts";
 * import { fromRows } from "../matrix.ts";
 * assert.deepEqual(gram(fromRows([[1, 2], [3, 4]])), fromRows([[10, 14], [14, 20]]));
 * ```
 */
export function gram({ rows, cols, data }: Matrix): Matrix64 {
  const stride = gramStride(cols);
  const height = Math.min(rows, Math.max(1, Math.floor(GRAM_VALUES / stride)));
  using arena = new Arena();
  const panel = arena.f64(height * stride), sums = arena.f64(stride * stride);
  for (let row = 0; row < rows; row += height) {
    const end = Math.min(row + height, rows);
    writePadded(panel.view, stride, { cols, data: data.subarray(row * cols, end * cols) });
    run("gram64", stride, end - row, panel, sums);
  }
  return readGram(sums.view, cols);
}

/** Columns of a matrix whose Gram matrix the kernel makes: a multiple of 12. */
export function gramStride(cols: number): number {
  return roundUp(cols, GRAM_MULTIPLE);
}

/** The Gram matrix (n × n) from the upper triangle that the kernel makes. */
export function readGram(sums: Float64Array, n: number): Matrix64 {
  const stride = gramStride(n), out = zeros(n, n);
  for (let i = 0; i < n; i++) {
    for (let j = i; j < n; j++) out.data[i * n + j] = out.data[j * n + i] = sums[i * stride + j];
  }
  return out;
}

/** Copies rows of a matrix to rows `stride` values apart; what lies between them is left as it was. */
export function writePadded(
  to: Float64Array,
  stride: number,
  { cols, data }: Pick<Matrix, "cols" | "data">,
): void {
  for (let p = 0, start = 0; p < data.length; start += stride) {
    for (let q = start, end = start + cols; q < end; q++, p++) to[q] = data[p];
  }
}

/**
 * The product of a sparse matrix with a dense one, in float64.
 *
 * @param A m × k.
 * @param B k × n; it and the product are copied whole.
 * @returns m × n.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { multiplySparse } from "./product.ts";
 * import { toCsr } from "./csr.ts";
 * import { fromRows } from "../matrix.ts";
 * assert.deepEqual(multiplySparse(toCsr(fromRows([[0, 2]])), fromRows([[3], [4]])), fromRows([[8]]));
 * ```
 */
export function multiplySparse(A: Csr, B: Matrix): Matrix64 {
  const stride = roundUp(B.cols, STRIP_COLUMNS), out = zeros(A.rows, B.cols);
  using arena = new Arena();
  const b = arena.f64(B.rows * stride), c = arena.f64(A.rows * stride);
  const starts = arena.i32(A.starts.length), columns = arena.i32(A.columns.length);
  const values = arena.f64(A.values.length);
  starts.view.set(A.starts);
  columns.view.set(A.columns);
  values.view.set(A.values);
  writePadded(b.view, stride, B);
  run("csr_product64", A.rows, stride, starts, columns, values, b, c);
  const product = c.view;
  for (let i = 0; i < A.rows; i++) {
    out.data.set(product.subarray(i * stride, i * stride + B.cols), i * B.cols);
  }
  return out;
}

function roundUp(count: number, multiple: number): number {
  return Math.ceil(count / multiple) * multiple;
}
