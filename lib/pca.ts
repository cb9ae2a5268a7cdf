/**
 * Principal components as a baseline for codes.
 * @module
 */
import { requireArray, requireInteger } from "./checks.ts";
import { addRow, type Matrix, type Matrix64, requireMatrix, zeros } from "./matrix.ts";
import { multiply } from "./numeric/product.ts";
import { largestSize, thinSvd } from "./numeric/thin_svd.ts";

/** Principal components of one set of observations and the scores of others on them. */
export interface PcaResult {
  /** Scores of each matrix: samples × components. */
  codes: Matrix64[];
  /**
   * Singular values of the centred observations, largest first: min(samples, m) at most. Those that the rounding
   * of the mean could account for are 0.
   */
  singularValues: Float64Array;
}

/**
 * Exact principal component analysis: fitted on `Y`, whose mean is also subtracted from the others.
 * Each component's sign is such that its score of largest size on `Y` is positive.
 *
 * @param Y Observations to fit on, samples × m.
 * @param others Observations to project, each samples × m.
 * @param components Number of components, from 1 to the numerical rank of the centred `Y`: singular values
 * above about 1e-8 of the largest.
 * @throws {TypeError} When an argument is no matrix.
 * @throws {RangeError} When values are not finite, shapes do not fit or `components` is out of range.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { pca } from "./pca.ts";
 * import { fromRows } from "./matrix.ts";
 * const { codes: [scores] } = pca(fromRows([[1, 5], [2, 5], [3, 5]]), [fromRows([[4, 0]])], 1);
 * assert.equal(Math.abs(scores.data[0]), 2); // 2 from the mean along the only axis that varies
 * ```
 */
export function pca(Y: Matrix, others: readonly Matrix[], components: number): PcaResult {
  requireMatrix("Y", Y);
  requireInteger("Y.rows", Y.rows, 1);
  requireArray("others", others);
  others.forEach((other, q) => requireMatrix(`others[${q}]`, other, { cols: Y.cols }));
  requireInteger("components", components, 1);
  const means = columnMeans(Y);
  const centred = (M: Matrix): Matrix64 => addRow(M, means, -1, new Float64Array(M.data.length));

  const { U, values: found, V } = thinSvd(centred(Y));
  const noise = centringError(Y), values = found.map((value) => value > noise ? value : 0);
  const rank = values.findLastIndex((value) => value > 0) + 1;
  if (components > rank) {
    throw new RangeError(
      `Cannot take ${components} components: the centred observations have numerical rank ${rank} ` +
        `(singular values above about 1e-8 of the largest)`,
    );
  }
  const axes = zeros(Y.cols, components);
  for (let c = 0; c < components; c++) {
    let extreme = 0;
    for (let s = 0; s < U.rows; s++) {
      const score = U.data[s * U.cols + c];
      if (Math.abs(score) > Math.abs(extreme)) extreme = score;
    }
    for (let i = 0; i < Y.cols; i++) {
      axes.data[i * components + c] = Math.sign(extreme) * V.data[i * V.cols + c];
    }
  }
  return {
    codes: others.map((other) => multiply(centred(other), axes)),
    singularValues: values,
  };
}

/** Bounds what rounding of the means can leave of constant columns, as a singular value. */
function centringError({ rows, cols, data }: Matrix): number {
  // a sum of `rows` terms is off by less than rows·ε of the largest one each, the norm is over all entries
  return rows * Number.EPSILON * largestSize(data) * Math.sqrt(rows * cols);
}

function columnMeans({ rows, cols, data }: Matrix): Float64Array {
  const means = new Float64Array(cols);
  for (let i = 0, p = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++, p++) means[j] += data[p];
  }
  return means.map((sum) => sum / rows);
}
