/**
 * The supervised baseline: ridge regression from observations to codes.
 * @module
 */
import { requireArray, requireInteger, requireOptions, requirePositive } from "./checks.ts";
import { type Csr, toCsr, transposeCsr } from "./numeric/csr.ts";
import { leaveOneOut } from "./numeric/leave_one_out.ts";
import {
  type Matrix,
  type Matrix64,
  requireFloat32,
  requireMatrix,
  scaleColumns,
  transpose,
  zeros,
} from "./matrix.ts";
import { multiply, multiplySparse } from "./numeric/product.ts";
import { thinSvd } from "./numeric/thin_svd.ts";

/** A fitted probe and what it predicts. */
export interface LinearProbeResult {
  /** The chosen strength of the penalty. */
  alpha: number;
  /** Mean squared leave-one-out error over samples and latents, one per candidate. */
  looErrors: Float64Array;
  /** Predicted codes for each set of observations: samples × n. */
  predictions: Matrix64[];
}

/**
 * Ridge regression without intercept from observations to codes. One strength α of the penalty
 * α‖W‖² serves all latents: the candidate with the smallest finite leave-one-out error, the first of
 * equals. All candidates share one factorization of size min(samples, m). Float64.
 *
 * @param YTrain Observations, samples × m.
 * @param ZTrain Codes to predict, samples × n.
 * @param observations Observations to predict for, each samples × m.
 * @throws {TypeError} When an argument is of the wrong kind.
 * @throws {RangeError} When values are not finite, shapes do not fit, there are no samples, or `alphas`
 * is empty, holds a number that is not above 0 or gives no finite leave-one-out error.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { linearProbe } from "./linear_probe.ts";
 * import { fromRows } from "./matrix.ts";
 * const Y = fromRows([[1, 0], [0, 1], [1, 1]]), Z = fromRows([[2], [0], [2]]);
 * const { alpha, predictions } = linearProbe(Y, Z, [fromRows([[5, 5]])]);
 * assert.equal(alpha, 1e-6); // the codes are linear in the observations
 * assert(Math.abs(predictions[0].data[0] - 10) < 1e-4);
 * ```
 */
export function linearProbe(
  YTrain: Matrix,
  ZTrain: Matrix,
  observations: readonly Matrix[],
  options: { alphas?: readonly number[] } = {},
): LinearProbeResult {
  requireOptions("options", options, ["alphas"]);
  const { alphas = [1e-6, 1e-4, 1e-2, 1, 10] } = options;
  requireMatrix("YTrain", YTrain);
  requireFloat32("YTrain", YTrain);
  requireInteger("YTrain.rows", YTrain.rows, 1);
  requireInteger("YTrain.cols", YTrain.cols, 1);
  requireMatrix("ZTrain", ZTrain, { rows: YTrain.rows });
  requireInteger("ZTrain.cols", ZTrain.cols, 1);
  requireArray("observations", observations);
  observations.forEach((Y, q) => requireMatrix(`observations[${q}]`, Y, { cols: YTrain.cols }));
  requireArray("alphas", alphas);
  if (alphas.length === 0) throw new RangeError("alphas must hold at least one number, got none");
  alphas.forEach((alpha, q) => requirePositive(`alphas[${q}]`, alpha));

  const { columns: active, codes } = usedColumns(ZTrain);
  const svd = thinSvd(YTrain);
  const Tt = multiplySparse(transposeCsr(codes), svd.U); // (UᵀZ)ᵀ
  const looErrors = leaveOneOut(svd, Tt, codes, alphas)
    .map((total) => total / (ZTrain.rows * ZTrain.cols));
  // a tiny α can lose 1 − h to rounding: its error is no number
  const finite = looErrors.filter(Number.isFinite);
  if (finite.length === 0) {
    throw new RangeError(
      `alphas must give at least one finite leave-one-out error, got ${looErrors.join(", ")} ` +
        `for ${alphas.join(", ")}`,
    );
  }
  const alpha = alphas[looErrors.indexOf(Math.min(...finite))];

  const { values, V } = svd;
  const shrunk = scaleColumns(V, values.map((value) => value / (value ** 2 + alpha)));
  const weights = multiply(shrunk, transpose(Tt));
  const predictions = observations.map((Y) =>
    spreadColumns(multiply(Y, weights), active, ZTrain.cols)
  );
  return { alpha, looErrors, predictions };
}

/** The columns of Z that are not all 0, ascending, and their non-zeros: the others are predicted as 0. */
function usedColumns(Z: Matrix): { columns: Int32Array; codes: Csr } {
  const csr = toCsr(Z), place = new Int32Array(Z.cols), columns = new Int32Array(Z.cols);
  const entries = new Int32Array(csr.columns.length);
  for (let p = 0; p < entries.length; p++) place[csr.columns[p]] = 1;
  let count = 0;
  for (let j = 0; j < Z.cols; j++) {
    if (place[j] === 0) continue;
    place[j] = count;
    columns[count++] = j;
  }
  for (let p = 0; p < entries.length; p++) entries[p] = place[csr.columns[p]];
  return { columns: columns.subarray(0, count), codes: { ...csr, cols: count, columns: entries } };
}

/** The matrix of `cols` columns with those of M at `columns`, and zeros. */
function spreadColumns(M: Matrix64, columns: Int32Array, cols: number): Matrix64 {
  if (M.cols === cols) return M;
  const out = zeros(M.rows, cols);
  for (let i = 0, p = 0; i < M.rows; i++) {
    for (let c = 0; c < M.cols; c++, p++) out.data[i * cols + columns[c]] = M.data[p];
  }
  return out;
}
