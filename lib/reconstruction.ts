/**
 * How well codes reconstruct observations with a dictionary, and how sparse they are.
 * @module
 */
import { requireInteger, requireNonNegative, requireOptions } from "./checks.ts";
import { Arena, forBlocks, padded, run } from "./wasm/memory.ts";
import { writeCodes } from "./cores/code_blocks.ts";
import { type AnyMatrix, requireAnyMatrix } from "./csr_matrix.ts";
import { type Matrix, requireMatrix, transpose } from "./matrix.ts";

/** Samples that go through the product together. */
const BLOCK_ROWS = 96;

/**
 * The mean squared error of X − ZDᵀ over samples and dimensions: products, and the squares of a sample, are summed
 * in float32, the samples in float64.
 *
 * @param X Observations, samples × m, at least one.
 * @param Z Codes, samples × n, dense or sparse: the same to the bit.
 * @param D Dictionary, m × n.
 * @throws {TypeError} When an argument is no matrix.
 * @throws {RangeError} When shapes do not fit together, a value is not finite, or a sample's squares overflow float32.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fromRows } from "./matrix.ts";
 * import { meanSquaredError } from "./reconstruction.ts";
 * assert.equal(meanSquaredError(fromRows([[1, 2]]), fromRows([[1]]), fromRows([[1], [1]])), 0.5);
 * ```
 */
export function meanSquaredError(X: Matrix, Z: AnyMatrix, D: Matrix): number {
  requireMatrix("X", X);
  requireInteger("X.rows", X.rows, 1);
  requireInteger("X.cols", X.cols, 1);
  requireAnyMatrix("Z", Z, { rows: X.rows });
  requireMatrix("D", D, { rows: X.cols, cols: Z.cols });
  const m = padded(X.cols), n = padded(Z.cols);
  using arena = new Arena();
  const atoms = arena.matrix(transpose(D));
  const x = arena.f32(BLOCK_ROWS * m), r = arena.f32(BLOCK_ROWS * m);
  const z = arena.f32(BLOCK_ROWS * n);
  let squares = 0;
  forBlocks(X, BLOCK_ROWS, x, (start, end) => {
    writeCodes(z, Z, start, end);
    run("gemm_nn", end - start, m, Z.cols, z, n, atoms, m, r, m);
    squares += run("residual", end - start, m, r, x);
  });
  if (!Number.isFinite(squares)) {
    throw new RangeError(
      `Cannot compare X and ZDᵀ: a sample's squared error must be within float32, got ${squares}; ` +
        "scale X, Z or D down",
    );
  }
  return squares / X.data.length;
}

/**
 * The mean number of codes per sample with |code| > threshold.
 *
 * @param Z Codes, samples × n, at least one sample.
 * @throws {TypeError} When Z is no matrix.
 * @throws {RangeError} When Z is empty, a value is not finite or the threshold is negative.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fromRows } from "./matrix.ts";
 * import { meanL0 } from "./reconstruction.ts";
 * assert.equal(meanL0(fromRows([[1, 0, 0.001], [1, -1, 0]])), 1.5);
 * ```
 */
export function meanL0(Z: AnyMatrix, options: { threshold?: number } = {}): number {
  requireOptions("options", options, ["threshold"]);
  const { threshold = 0.01 } = options;
  requireAnyMatrix("Z", Z);
  requireInteger("Z.rows", Z.rows, 1);
  requireNonNegative("threshold", threshold);
  let count = 0;
  for (const code of Z.data) if (Math.abs(code) > threshold) count++;
  return count / Z.rows;
}
