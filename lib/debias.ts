/**
 * The best codes on supports that are known.
 * @module
 */
import { requireOptions } from "./checks.ts";
import { ActiveSetSolver, CodesCollector } from "./cores/lasso.ts";
import { type CsrMatrix, requireCsrMatrix } from "./csr_matrix.ts";
import { INTERRUPTIBLE, type Interruptible, watch } from "./interruptible.ts";
import { type Matrix, requireFloat32, requireMatrix } from "./matrix.ts";
import { Arena } from "./wasm/memory.ts";

/** How {@linkcode debias} fits. */
export interface DebiasOptions extends Interruptible {
  /** Keeps codes at 0 or above; codes that are below are no part of the support. Default false. */
  nonneg?: boolean;
}

/**
 * Refits codes on their supports without a penalty: the Lasso shrinks the codes that it keeps, by about λ, and this
 * takes the shrinkage back. Least squares over the atoms whose codes are not 0, for every sample; with `nonneg`,
 * non-negative least squares, whose optimum can be on any of the atoms. Atoms that depend on others of the support
 * (which leave at most 1e-5 of their squared norm: a cosine of 0.999995 with one of them) get the code 0. Final
 * codes refined in float64. Unlike `reestimateMagnitudes` it takes and gives sparse codes, has no ridge, and with
 * `nonneg` finds the best non-negative codes instead of clamping. Source: Belloni and Chernozhukov (2013).
 *
 * @param X Samples×m observations.
 * @param D m×n dictionary, an atom per column.
 * @param codes Samples×n codes whose entries other than 0 are the supports.
 * @param options See {@linkcode DebiasOptions}.
 * @returns The codes, and ‖x − Dz‖²/‖x‖² of each sample, in float64 (0 for a sample of zeros).
 * @throws {TypeError} When an argument is of the wrong kind.
 * @throws {RangeError} When shapes do not match, values are not finite, or codes overflow float32.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { debias } from "./debias.ts";
 * import { lasso } from "./lasso.ts";
 * import { fromRows } from "./matrix.ts";
 * const D = fromRows([[1, 0], [0, 1]]), X = fromRows([[2, 0.25]]);
 * const { codes } = lasso(X, D, { lambda: 0.5 });
 * assert.deepEqual([...codes.data], [1.5]);
 * assert.deepEqual([...debias(X, D, codes).codes.data], [2]);
 * ```
 */
export function debias(
  X: Matrix,
  D: Matrix,
  codes: CsrMatrix,
  options: DebiasOptions = {},
): { codes: CsrMatrix; residuals: Float64Array } {
  requireOptions("options", options, ["nonneg", ...INTERRUPTIBLE]);
  const { nonneg = false } = options;
  requireMatrix("D", D, { rows: X?.cols });
  requireMatrix("X", X);
  requireFloat32("D", D);
  requireFloat32("X", X);
  requireCsrMatrix("codes", codes, { rows: X.rows, cols: D.cols });
  const endsAfter = watch(options);

  const result = new CodesCollector(X.rows, D.cols);
  using arena = new Arena();
  const solver = new ActiveSetSolver(arena, D, { rows: X.rows, nonneg, given: codes });
  for (const part of solver.parts()) {
    solver.debias(X, part);
    solver.read(part, result.add);
    if (endsAfter(part.end, X.rows)) break;
  }
  return { codes: result.codes, residuals: result.gaps };
}
