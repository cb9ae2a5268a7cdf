/**
 * Dense float64 products for metrics and baselines, where float32 kernels would cost digits.
 * @module
 */
import { type Matrix, type Matrix64, toFloat64, zeros } from "./matrix.ts";

/** Adds the product of rows `from` to `to` of A with B to `out`, whose first row is row `from`. */
function addProduct(
  A: Matrix64,
  B: Matrix64,
  from: number,
  to: number,
  out: Float64Array,
): void {
  const { cols: depth, data: a } = A;
  const { cols: n, data: b } = B;
  let i = from;
  // Four rows and two steps of depth at once: every loaded b serves four sums and every loaded sum
  // takes two terms, which is what a scalar loop can keep in registers.
  for (; i + 4 <= to; i += 4) {
    const a0 = i * depth, a1 = a0 + depth, a2 = a1 + depth, a3 = a2 + depth;
    const c0 = (i - from) * n, c1 = c0 + n, c2 = c1 + n, c3 = c2 + n;
    let k = 0;
    for (; k + 2 <= depth; k += 2) {
      const x0 = a[a0 + k], x1 = a[a1 + k], x2 = a[a2 + k], x3 = a[a3 + k];
      const y0 = a[a0 + k + 1], y1 = a[a1 + k + 1], y2 = a[a2 + k + 1], y3 = a[a3 + k + 1];
      const b0 = k * n, b1 = b0 + n;
      for (let j = 0; j < n; j++) {
        const x = b[b0 + j], y = b[b1 + j];
        out[c0 + j] += x0 * x + y0 * y;
        out[c1 + j] += x1 * x + y1 * y;
        out[c2 + j] += x2 * x + y2 * y;
        out[c3 + j] += x3 * x + y3 * y;
      }
    }
    if (k < depth) {
      for (let j = 0, p = k * n; j < n; j++, p++) {
        out[c0 + j] += a[a0 + k] * b[p];
        out[c1 + j] += a[a1 + k] * b[p];
        out[c2 + j] += a[a2 + k] * b[p];
        out[c3 + j] += a[a3 + k] * b[p];
      }
    }
  }
  for (; i < to; i++) {
    const c = (i - from) * n;
    for (let k = 0, q = i * depth; k < depth; k++, q++) {
      const x = a[q];
      for (let j = 0, p = k * n; j < n; j++, p++) out[c + j] += x * b[p];
    }
  }
}

/**
 * The product A·B in float64.
 *
 * @param A m × k.
 * @param B k × n.
 * @returns m × n.
 * @throws {RangeError} When the inner sizes differ.
 *
 * @example
 * ```ts
 * import { multiply } from "./product.ts";
 * import { fromRows } from "./matrix.ts";
 * multiply(fromRows([[1, 2]]), fromRows([[3], [4]])).data; // [11]
 * ```
 */
export function multiply(A: Matrix, B: Matrix): Matrix64 {
  if (A.cols !== B.rows) {
    throw new RangeError(
      `Cannot multiply: A must have as many columns as B has rows, got ${A.cols} and ${B.rows}`,
    );
  }
  const out = zeros(A.rows, B.cols);
  addProduct(toFloat64(A), toFloat64(B), 0, A.rows, out.data);
  return out;
}

/**
 * The product A·B in blocks of rows, so that a caller can reduce or round each block instead of
 * keeping the whole product in float64.
 *
 * @param A m × k.
 * @param B k × n.
 * @param take Receives the first row and the block's values, row after row; the block is reused.
 *
 * @example
 * ```ts
 * import { multiplyBlocks } from "./product.ts";
 * import { fromRows } from "./matrix.ts";
 * multiplyBlocks(fromRows([[1, 2]]), fromRows([[3], [4]]), (row, block) => console.log(row, block));
 * ```
 */
export function multiplyBlocks(
  A: Matrix64,
  B: Matrix64,
  take: (firstRow: number, block: Float64Array) => void,
): void {
  const height = 4;
  const buffer = new Float64Array(height * B.cols);
  for (let i = 0; i < A.rows; i += height) {
    const end = Math.min(i + height, A.rows);
    const block = buffer.subarray(0, (end - i) * B.cols).fill(0);
    addProduct(A, B, i, end, block);
    take(i, block);
  }
}
