/**
 * The certificate of a sparse code: how far its objective can be from the minimum.
 * @module
 */
import { requireOptions, requirePositive } from "./checks.ts";
import { GapMeter } from "./cores/lasso_gap.ts";
import { Arena } from "./wasm/memory.ts";
import { type AnyMatrix, isCsrMatrix, requireAnyMatrix } from "./csr_matrix.ts";
import { type Matrix, requireMatrix } from "./matrix.ts";
import { allValues, findNonzeros, rowReader } from "./numeric/csr.ts";

/**
 * The duality gap of sparse codes, per sample: an upper bound of how much the objective
 * P(z) = ½‖x − Dz‖² + λ‖z‖₁ exceeds its minimum, and 0 at the minimum. The dual point is the residual
 * r = x − Dz times min(1, λ/‖Dᵀr‖∞) (with `nonneg`, the largest entry of Dᵀr instead of the largest
 * magnitude), which makes it feasible for the dual max ½‖x‖² − ½‖x − θ‖² over ‖Dᵀθ‖∞ ≤ λ. Everything is
 * computed in float64. Source: Kim, Koh, Lustig, Boyd and Gorinevsky, "An interior-point method for
 * large-scale ℓ1-regularized least squares" (2007), section III.
 *
 * @param X Samples×m observations.
 * @param D m×n dictionary.
 * @param Z Samples×n codes, dense or sparse.
 * @param options The weight of the penalty, `lambda`, and whether codes must be at least 0, `nonneg`.
 * @returns One gap per sample, in the units of the objective (squared units of X), where the `gaps` of
 * `lasso` and `solveFista` are shares of ½‖x‖²; with `nonneg`, ∞ for a sample with a negative code.
 * @throws {TypeError} When a matrix or `lambda` is of the wrong kind.
 * @throws {RangeError} When shapes do not match, values are not finite, `lambda` is not positive, or
 * the objective overflows float64.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { lassoGap } from "./lasso_gap.ts";
 * import { fromRows } from "./matrix.ts";
 * const identity = fromRows([[1, 0], [0, 1]]);
 * // the solution for an orthonormal dictionary is the soft threshold: 2 − 0.5, 0
 * const X = fromRows([[2, 0.25]]);
 * assert.equal(lassoGap(X, identity, fromRows([[1.5, 0]]), { lambda: 0.5 })[0], 0);
 * assert(lassoGap(X, identity, fromRows([[1, 0]]), { lambda: 0.5 })[0] > 0);
 * ```
 */
export function lassoGap(
  X: Matrix,
  D: Matrix,
  Z: AnyMatrix,
  options: { lambda: number; nonneg?: boolean },
): Float64Array {
  requireOptions("options", options, ["lambda", "nonneg"]);
  const { lambda, nonneg = false } = options;
  requireMatrix("D", D);
  requireMatrix("X", X, { cols: D.rows });
  requireAnyMatrix("Z", Z, { rows: X.rows, cols: D.cols });
  requirePositive("lambda", lambda);
  using arena = new Arena();
  const meter = new GapMeter(arena, D);
  const codesOf = rowReader(isCsrMatrix(Z) ? findNonzeros(Z) : allValues(Z));
  return Float64Array.from({ length: X.rows }, (_, i) => {
    const x = X.data.subarray(i * X.cols, (i + 1) * X.cols);
    const z = codesOf(i), gap = meter.gap(x, z, lambda, nonneg);
    const isFeasible = () => !nonneg || Array.from(z).every((code) => code >= 0);
    if (!Number.isFinite(gap) && isFeasible()) {
      throw new RangeError(
        `Cannot bound the objective of X: it must be within float64, got ${gap} in row ${i}; ` +
          `scale X, D, Z or lambda down`,
      );
    }
    return gap;
  });
}
