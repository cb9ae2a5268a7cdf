/**
 * The Lasso, solved to a tolerance that every sample's duality gap certifies, with sparse codes.
 * @module
 */
import { requireInteger, requireNonNegative, requireOptions, requirePositive } from "./checks.ts";
import { ActiveSetSolver, CodesCollector, type CodesOf, requireOutput } from "./cores/lasso.ts";
import { INTERRUPTIBLE, type Interruptible, watch } from "./interruptible.ts";
import { type CsrMatrix, requireCsrMatrix } from "./csr_matrix.ts";
import { type Matrix, requireFloat32, requireMatrix } from "./matrix.ts";
import { Arena } from "./wasm/memory.ts";

/** What {@linkcode lasso} and {@linkcode lassoPath} have in common. */
export interface CertifiedOptions extends Interruptible {
  /** A factor of λ for each atom, above 0: the penalty is then λ·Σ wⱼ|zⱼ|. Default 1 for all. */
  weights?: ArrayLike<number>;
  /** Keeps codes at 0 or above. Default false. */
  nonneg?: boolean;
  /** A sample is done when its duality gap is at most `tol`·½‖x‖². Default 1e-4. */
  tol?: number;
  /** Whether codes are a sparse or a dense matrix. Default "csr". */
  output?: "csr" | "dense";
  /** Most times that all atoms are looked at for a sample and a λ. Default 30. */
  maxRounds?: number;
}

const CERTIFIED_OPTIONS = [
  ...["weights", "nonneg", "tol", "maxRounds", "output"],
  ...INTERRUPTIBLE,
];

/** What {@linkcode lasso} minimises, and how well. */
export interface LassoOptions extends CertifiedOptions {
  /** Weight λ of the ℓ1 penalty, above 0: one for all samples, or one for each. */
  lambda: number | ArrayLike<number>;
  /** Samples×n codes whose supports to start from, those of a similar dictionary, say. Default 0. */
  warm?: CsrMatrix;
}

/** Codes with their certificates. */
export interface LassoSolution<Codes = CsrMatrix> {
  /** Samples×n codes. */
  codes: Codes;
  /**
   * Duality gap of each sample's codes over its objective at z = 0, ½‖x‖², in float64: no codes can lower
   * the objective by a larger share of it. Where it is above `tol`, that could not be met; ∞ for
   * samples that were not reached, with `partial`.
   */
  gaps: Float64Array;
  /** How often all atoms have been looked at for each sample. */
  passes: Int32Array;
}

/**
 * Sparse codes by the Lasso: minimises ½‖x − Dz‖² + λ‖z‖₁ for every row x of X, optionally with z ≥ 0, until the
 * duality gap of every sample (see `lassoGap`) is at most `tol`·½‖x‖². An active-set method: the support is
 * sought among the atoms with the largest correlations, then all atoms are looked at again, until the gap
 * certifies the codes. Matrices are multiplied in float32; the codes on the support, and the gaps of the very
 * float32 codes that are returned, are computed in float64. A sample whose support is too ill-conditioned for
 * that, or whose gap float32 codes cannot bring down to `tol`, is solved in float64, and the dual point of its gap
 * is that of the codes before they are rounded. A sample's codes depend neither on the other samples nor on the
 * number of threads.
 * Sources: Lawson and Hanson (1974); Kim, Koh, Lustig, Boyd and Gorinevsky (2007) for the gap.
 *
 * @param X Samples×m observations.
 * @param D m×n dictionary, an atom per column; norms need not be equal.
 * @param options See {@linkcode LassoOptions}.
 * @throws {TypeError} When an argument is of the wrong kind.
 * @throws {RangeError} When shapes do not match, values are not finite, an option is out of range, or codes
 * overflow float32.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { lasso } from "./lasso.ts";
 * import { fromRows } from "./matrix.ts";
 * const D = fromRows([[1, 0.6], [0, 0.8]]), X = fromRows([[2, -0.5], [0, -3]]);
 * const { codes, gaps } = lasso(X, D, { lambda: 0.5, nonneg: true });
 * assert.deepEqual([...codes.indptr], [0, 1, 1]);
 * assert.deepEqual([...codes.data], [1.5]);
 * assert(gaps.every((gap) => gap <= 1e-4));
 * ```
 */
export function lasso<Output extends "csr" | "dense" = "csr">(
  X: Matrix,
  D: Matrix,
  options: LassoOptions & { output?: Output },
): LassoSolution<CodesOf<Output>> {
  requireOptions("options", options, ["lambda", "warm", ...CERTIFIED_OPTIONS]);
  const { lambda, warm } = options;
  requireProblem(X, D, options);
  if (typeof lambda === "object" && lambda !== null) {
    requirePositives("lambda", lambda, X.rows, "sample");
  } else requirePositive("lambda", lambda);
  if (warm !== undefined) requireCsrMatrix("warm", warm, { rows: X.rows, cols: D.cols });
  const penalty = typeof lambda === "number" ? () => lambda : (sample: number) => lambda[sample];
  return solve(X, D, { ...options, warm, path: 1, penalty })[0];
}

/** What {@linkcode lassoPath} minimises, and how well. */
export interface LassoPathOptions extends CertifiedOptions {
  /** Weights λ of the ℓ1 penalty, above 0, descending. */
  lambdas: readonly number[];
}

/**
 * {@linkcode lasso} for several penalties, from the largest to the smallest, where each starts from the
 * solution before: about one look at all atoms per penalty.
 *
 * @param X Samples×m observations.
 * @param D m×n dictionary, an atom per column.
 * @param options See {@linkcode LassoPathOptions}.
 * @returns One solution per penalty.
 * @throws {TypeError} When an argument is of the wrong kind.
 * @throws {RangeError} When shapes do not match, values are not finite, an option is out of range, the
 * penalties do not descend, or codes overflow float32.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { lassoPath } from "./lasso.ts";
 * import { fromRows } from "./matrix.ts";
 * const D = fromRows([[1, 0], [0, 1]]);
 * const [strong, weak] = lassoPath(fromRows([[2, 1]]), D, { lambdas: [1, 0.5] });
 * assert.deepEqual([...strong.codes.data], [1]);
 * assert.deepEqual([...weak.codes.data], [1.5, 0.5]);
 * ```
 */
export function lassoPath<Output extends "csr" | "dense" = "csr">(
  X: Matrix,
  D: Matrix,
  options: LassoPathOptions & { output?: Output },
): LassoSolution<CodesOf<Output>>[] {
  requireOptions("options", options, ["lambdas", ...CERTIFIED_OPTIONS]);
  const { lambdas } = options;
  requireProblem(X, D, options);
  requirePositives("lambdas", lambdas);
  for (let t = 1; t < lambdas.length; t++) {
    if (!(lambdas[t] < lambdas[t - 1])) {
      throw new RangeError(
        `lambdas must descend, got ${lambdas[t]} after ${lambdas[t - 1]} at place ${t}`,
      );
    }
  }
  if (lambdas.length === 0) return [];
  return solve(X, D, {
    ...options,
    path: lambdas.length,
    penalty: (_, step) => lambdas[step],
  });
}

function requireProblem(X: Matrix, D: Matrix, options: CertifiedOptions): void {
  const { weights, tol, output, maxRounds } = options;
  requireMatrix("D", D);
  requireInteger("D.rows", D.rows, 1);
  requireMatrix("X", X, { cols: D.rows });
  requireFloat32("D", D);
  requireFloat32("X", X);
  if (weights !== undefined) requirePositives("weights", weights, D.cols, "atom");
  if (tol !== undefined) requireNonNegative("tol", tol);
  if (maxRounds !== undefined) requireInteger("maxRounds", maxRounds, 1, 2 ** 31 - 1);
  requireOutput(output);
}

function requirePositives(
  name: string,
  values: ArrayLike<number>,
  length = values?.length,
  of = "",
): void {
  if (typeof values !== "object" || values === null || typeof values.length !== "number") {
    throw new TypeError(`${name} must be an array of numbers, got ${typeof values}`);
  }
  if (values.length !== length) {
    throw new RangeError(`${name} must have one value per ${of}, ${length}, got ${values.length}`);
  }
  for (let i = 0; i < length; i++) requirePositive(`${name}[${i}]`, values[i]);
}

interface SolveOptions extends CertifiedOptions {
  warm?: CsrMatrix;
  path: number;
  penalty: (sample: number, step: number) => number;
}

function solve<Output extends "csr" | "dense">(
  X: Matrix,
  D: Matrix,
  options: SolveOptions & { output?: Output },
): LassoSolution<CodesOf<Output>>[] {
  const { weights, nonneg = false, tol = 1e-4, maxRounds = 30, output } = options;
  const { warm, path, penalty } = options, endsAfter = watch(options);
  const results = Array.from({ length: path }, () => new CodesCollector(X.rows, D.cols, output));
  using arena = new Arena();
  const settings = { rows: X.rows, path, weights, nonneg, maxRounds, given: warm };
  const solver = new ActiveSetSolver(arena, D, settings);
  for (const part of solver.parts()) {
    solver.lasso(X, part, tol, penalty);
    results.forEach((result, step) => solver.read(part, result.add, step));
    if (endsAfter(part.end, X.rows)) break;
  }
  return results.map(({ codes, gaps, passes }) => ({ codes, gaps, passes }));
}
