/**
 * What both examples do with a dictionary.
 * @module
 */
import { lasso } from "../lib/lasso.ts";
import { addRow, type Matrix, type Matrix32, transpose } from "../lib/matrix.ts";
import { meanL0 } from "../lib/reconstruction.ts";

/** λ is looked for in this range, whose logarithm is halved so often: that leaves it to a thousandth. */
const RANGE = 1e-3, HALVINGS = 13;

/**
 * The weight λ with which the non-negative Lasso gives about `count` codes per sample.
 *
 * @param X Samples × m.
 * @param D m × n.
 */
export function lambdaFor(X: Matrix, D: Matrix, count: number): number {
  // from the first on, by Cauchy and Schwarz, all codes are 0
  let high = largestNorm(X) * largestNorm(transpose(D)), low = high * RANGE;
  for (let i = 0; i < HALVINGS; i++) {
    const lambda = Math.sqrt(low * high);
    const { codes } = lasso(X, D, { lambda, nonneg: true });
    if (meanL0(codes, { threshold: 0 }) > count) low = lambda;
    else high = lambda;
  }
  return high;
}

/** Largest norm of rows. */
function largestNorm({ rows, cols, data }: Matrix): number {
  let largest = 0;
  for (let i = 0; i < rows; i++) {
    largest = Math.max(largest, Math.hypot(...data.subarray(i * cols, (i + 1) * cols)));
  }
  return largest;
}

/** The samples without an autoencoder's bias, for coding with its decoder. */
export function withoutBias(X: Matrix, bias: ArrayLike<number>): Matrix32 {
  return addRow(X, bias, -1, new Float32Array(X.data.length));
}

/** Mean square of the values of a matrix. */
export function meanSquare({ data }: Matrix): number {
  let sum = 0;
  for (const value of data) sum += value * value;
  return sum / data.length;
}

/** The matrix, times a factor. */
export function scaled({ rows, cols, data }: Matrix, factor: number): Matrix32 {
  return { rows, cols, data: Float32Array.from(data, (value) => factor * value) };
}
