/**
 * The supervised baseline: ridge regression from observations to codes.
 * @module
 */
import { requireArray, requireInteger, requireMatrix, requirePositive } from "./checks.ts";
import { toCsr } from "./csr.ts";
import { type Matrix, type Matrix64, transpose, zeros } from "./matrix.ts";
import { multiply } from "./product.ts";
import { type ThinSvd, thinSvd } from "./thin_svd.ts";

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
 * equals.
 * All candidates share one factorization of size min(samples, m). Float64.
 *
 * Source: leave-one-out errors in closed form, R. Rifkin, R. Lippert, "Notes on regularized least
 * squares" (MIT, 2007).
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
 * import { linearProbe } from "./linear_probe.ts";
 * import { fromRows } from "./matrix.ts";
 * const Y = fromRows([[1, 0], [0, 1], [1, 1]]), Z = fromRows([[2], [0], [2]]);
 * linearProbe(Y, Z, [fromRows([[5, 5]])]).predictions[0].data; // about [10]
 * ```
 */
export function linearProbe(
  YTrain: Matrix,
  ZTrain: Matrix,
  observations: readonly Matrix[],
  { alphas = [1e-6, 1e-4, 1e-2, 1, 10] }: { alphas?: readonly number[] } = {},
): LinearProbeResult {
  requireMatrix("YTrain", YTrain);
  requireInteger("YTrain.rows", YTrain.rows, 1);
  requireInteger("YTrain.cols", YTrain.cols, 1);
  requireMatrix("ZTrain", ZTrain, { rows: YTrain.rows });
  requireInteger("ZTrain.cols", ZTrain.cols, 1);
  requireArray("observations", observations);
  observations.forEach((Y, q) => requireMatrix(`observations[${q}]`, Y, { cols: YTrain.cols }));
  requireArray("alphas", alphas);
  if (alphas.length === 0) throw new RangeError("alphas must hold at least one number, got none");
  alphas.forEach((alpha, q) => requirePositive(`alphas[${q}]`, alpha));

  const svd = thinSvd(YTrain);
  const targets = projectTargets(svd, ZTrain);
  const looErrors = leaveOneOut(svd, targets, ZTrain, alphas);
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
  const weights = multiply(scaleColumns(V, (r) => values[r] / (values[r] ** 2 + alpha)), targets);
  return { alpha, looErrors, predictions: observations.map((Y) => multiply(Y, weights)) };
}

/** UᵀZ, which costs one step for every non-zero of Z and singular value. */
function projectTargets({ U }: ThinSvd, Z: Matrix): Matrix64 {
  const { starts, columns, values } = toCsr(Z);
  const flipped = zeros(Z.cols, U.cols);
  for (let s = 0; s < Z.rows; s++) {
    for (let p = starts[s]; p < starts[s + 1]; p++) {
      const at = columns[p] * U.cols, from = s * U.cols;
      for (let r = 0; r < U.cols; r++) flipped.data[at + r] += values[p] * U.data[from + r];
    }
  }
  return transpose(flipped);
}

/**
 * Mean squared leave-one-out errors. The residual of sample s is (z − Πz) + u·F·T with T = UᵀZ, Π the
 * projection on the columns of U and F = diag(α/(σ² + α)); the error is that residual over
 * 1 − h = (1 − ‖u‖²) + u·F·uᵀ. Its square, summed over the latents, needs T only through T·Tᵀ and T·z,
 * so that no samples × n product is made. When U is square its complement is exactly 0, and leaving it
 * out keeps the digits.
 */
function leaveOneOut(
  { U, values }: ThinSvd,
  T: Matrix64,
  Z: Matrix,
  alphas: readonly number[],
): Float64Array {
  const samples = U.rows, rank = U.cols;
  const Tt = transpose(T);
  const gram = multiply(T, Tt);
  // per sample, of its complement c = z − Πz: ‖c‖², and T·c
  const hasComplement = samples > rank;
  const complements = new Float64Array(samples);
  const crossed = zeros(samples, rank);
  if (hasComplement) {
    const { starts, columns, values: z } = toCsr(Z);
    const explained = multiply(U, gram);
    const projected = new Float64Array(rank);
    for (let s = 0; s < samples; s++) {
      projected.fill(0);
      let norm = 0;
      for (let p = starts[s]; p < starts[s + 1]; p++) {
        norm += z[p] * z[p];
        const at = columns[p] * rank;
        for (let r = 0; r < rank; r++) projected[r] += z[p] * Tt.data[at + r];
      }
      for (let r = 0, q = s * rank; r < rank; r++, q++) {
        norm += U.data[q] * (explained.data[q] - 2 * projected[r]);
        crossed.data[q] = projected[r] - explained.data[q];
      }
      complements[s] = Math.max(0, norm);
    }
  }

  return Float64Array.from(alphas, (alpha) => {
    const shrunk = scaleColumns(U, (r) => alpha / (values[r] ** 2 + alpha));
    const mapped = multiply(shrunk, gram);
    let total = 0;
    for (let s = 0; s < samples; s++) {
      let error = complements[s], kept = 0, length = 0;
      for (let r = 0, q = s * rank; r < rank; r++, q++) {
        error += shrunk.data[q] * (mapped.data[q] + 2 * crossed.data[q]);
        kept += shrunk.data[q] * U.data[q];
        length += U.data[q] * U.data[q];
      }
      if (hasComplement) kept += Math.max(0, 1 - length);
      total += error / (kept * kept);
    }
    return total / (samples * Z.cols);
  });
}

/** A copy with column r multiplied by `scale(r)`. */
function scaleColumns(M: Matrix64, scale: (column: number) => number): Matrix64 {
  const scales = Float64Array.from({ length: M.cols }, (_, r) => scale(r));
  return { ...M, data: M.data.map((value, p) => value * scales[p % M.cols]) };
}
