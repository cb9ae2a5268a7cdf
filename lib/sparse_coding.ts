/**
 * Sparse codes for a given dictionary by ISTA and FISTA.
 * @module
 */
import { requireInteger, requireOptions, requirePositive } from "./checks.ts";
import { Arena, padded, readRows, writeRows } from "./wasm/memory.ts";
import { GapMeter } from "./lasso_gap.ts";
import { LassoSolver } from "./cores/fista.ts";
import { type Matrix, type Matrix32, requireMatrix, requireNoOverflow, zeros32 } from "./matrix.ts";

/** What {@linkcode ista} minimises and when it stops. */
export interface IstaOptions {
  /** Weight λ of the ℓ1 penalty, above 0. */
  lambda: number;
  /** Number of iterations; with `tol`, the most. Default 100. */
  nIter?: number;
  /** Samples×n codes to start from. Default 0. */
  zInit?: Matrix;
  /** Step of the gradient. Default 1/L with L the squared spectral norm of D. */
  step?: number;
  /**
   * A sample stops when its duality gap (see `lassoGap`) is at most `tol` times its objective at z = 0,
   * ½‖x‖². Tried after 10 iterations, then each time half as many again have passed. Float32
   * iterates reach about 1e-6. Default: all iterations are done.
   */
  tol?: number;
}

/** What {@linkcode fista} minimises and when it stops. */
export interface FistaOptions extends IstaOptions {
  /** Keeps codes at 0 or above. Default false. */
  nonneg?: boolean;
}

/**
 * Sparse codes by ISTA: minimises ½‖x − Dz‖² + λ‖z‖₁ for every row x of X by proximal gradient steps
 * z ← S(z − Dᵀ(Dz − x)/L, λ/L), S the soft threshold. Computed in float32; a sample's codes do not
 * depend on the other samples. For a dictionary of zeros the codes are zero, the minimum. Source:
 * Daubechies, Defrise and De Mol (2004).
 *
 * @param X Samples×m observations.
 * @param D m×n dictionary, an atom per column.
 * @param options See {@linkcode IstaOptions}.
 * @returns Samples×n codes.
 * @throws {TypeError} When an argument is of the wrong kind.
 * @throws {RangeError} When shapes do not match, values are not finite, an option is out of range, or
 * the iterates overflow float32 (a step above 2/L, or inputs beyond 1e38).
 *
 * @example
 * ```ts
 * import { fromRows } from "./matrix.ts";
 * import { ista } from "./sparse_coding.ts";
 * const identity = fromRows([[1, 0], [0, 1]]);
 * ista(fromRows([[2, -0.25]]), identity, { lambda: 0.5 }).data; // [1.5, 0]
 * ```
 */
export function ista(X: Matrix, D: Matrix, options: IstaOptions): Matrix32 {
  requireOptions("options", options);
  return solve(X, D, options, false, false);
}

/**
 * Sparse codes by FISTA: {@linkcode ista} with Nesterov's momentum and, if wanted, codes kept at 0 or
 * above. Computed in float32; a sample's codes do not depend on the other samples. For a dictionary
 * of zeros the codes are zero, the minimum. Source: Beck and Teboulle (2009).
 *
 * @param X Samples×m observations.
 * @param D m×n dictionary, an atom per column.
 * @param options See {@linkcode FistaOptions}.
 * @returns Samples×n codes.
 * @throws {TypeError} When an argument is of the wrong kind.
 * @throws {RangeError} When shapes do not match, values are not finite, an option is out of range, or
 * the iterates overflow float32 (a step above 2/L, or inputs beyond 1e38).
 *
 * @example
 * ```ts
 * import { fromRows } from "./matrix.ts";
 * import { fista } from "./sparse_coding.ts";
 * const identity = fromRows([[1, 0], [0, 1]]);
 * fista(fromRows([[2, -0.75]]), identity, { lambda: 0.5, nonneg: true }).data; // [1.5, 0]
 * ```
 */
export function fista(X: Matrix, D: Matrix, options: FistaOptions): Matrix32 {
  requireOptions("options", options);
  return solve(X, D, options, options.nonneg ?? false, true);
}

function solve(
  X: Matrix,
  D: Matrix,
  { lambda, nIter = 100, zInit, step, tol }: IstaOptions,
  nonneg: boolean,
  accelerated: boolean,
): Matrix32 {
  requireMatrix("D", D);
  requireInteger("D.rows", D.rows, 1);
  requireMatrix("X", X, { cols: D.rows });
  requirePositive("lambda", lambda);
  requireInteger("nIter", nIter, 1);
  if (zInit) requireMatrix("zInit", zInit, { rows: X.rows, cols: D.cols });
  if (step !== undefined) requirePositive("step", step);
  if (tol !== undefined) requirePositive("tol", tol);

  const Z = zeros32(X.rows, D.cols);
  using arena = new Arena();
  const settings = { lambda, nIter, nonneg, accelerated };
  const solver = new LassoSolver(arena, D.rows, D.cols, X.rows, settings);
  const meter = tol === undefined ? undefined : new GapMeter(arena, D);
  const size = solver.blockRows;
  const x = arena.f32(size * padded(X.cols)), z = arena.f32(size * padded(D.cols));
  solver.setDictionary(D, step);
  for (let start = 0; start < X.rows; start += size) {
    const rows = Math.min(size, X.rows - start);
    writeRows(x, X, start, start + rows);
    if (zInit) writeRows(z, zInit, start, start + rows);
    else z.view.fill(0);
    solver.start(z, rows);
    let samples = Array.from({ length: rows }, (_, i) => i);
    for (let end = meter ? 10 : nIter; samples.length > 0; end = Math.ceil(1.5 * end)) {
      solver.iterate(x, z, samples, Math.min(end, nIter));
      if (!meter || end >= nIter) break;
      samples = samples.filter((s) => {
        const sample = X.data.subarray((start + s) * X.cols, (start + s + 1) * X.cols);
        const codes = z.from(s * padded(D.cols), D.cols).view;
        return meter.gap(sample, codes, lambda, nonneg) > tol! * halfSquare(sample);
      });
    }
    readRows(z, Z, start, start + rows);
  }
  const remedy = `scale X, D or zInit, or take a step of at most 1/L, now ${step ?? "1/L"}`;
  requireNoOverflow("code X", Z, remedy);
  return Z;
}

/** ½‖x‖², the objective at z = 0. */
function halfSquare(x: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i] * x[i];
  return sum / 2;
}
