/**
 * Sparse codes with a given number of atoms, by orthogonal matching pursuit.
 * @module
 */
import { requireInteger, requireNonNegative, requireOptions } from "./checks.ts";
import { ActiveSetSolver, CodesCollector, type CodesOf, requireOutput } from "./cores/lasso.ts";
import type { CsrMatrix } from "./csr_matrix.ts";
import { INTERRUPTIBLE, type Interruptible, watch } from "./interruptible.ts";
import { type Matrix, requireFloat32, requireMatrix } from "./matrix.ts";
import { Arena } from "./wasm/memory.ts";

/** How {@linkcode omp} chooses. */
export interface OmpOptions extends Interruptible {
  /** Most atoms of a sample, at least 1. */
  k: number;
  /** Takes atoms with positive correlations only, and keeps codes at 0 or above. Default false. */
  nonneg?: boolean;
  /** A sample is done, with fewer atoms, once ‖x − Dz‖² ≤ tol·‖x‖². Default 0. */
  tol?: number;
  /** Whether codes are a sparse or a dense matrix. Default "csr". */
  output?: "csr" | "dense";
}

/** Codes and what they leave of the samples. */
export interface PursuitSolution<Codes = CsrMatrix> {
  /** Samples×n codes. */
  codes: Codes;
  /** ‖x − Dz‖²/‖x‖² of each sample, in float64; 0 for a sample of zeros. */
  residuals: Float64Array;
}

/**
 * A Gram matrix of the atoms pays if there is one sample to this many of them, or more; beyond this number of
 * atoms (256 MiB) it takes too much memory.
 */
const ATOMS_PER_SAMPLE = 3, GRAM_ATOMS = 8192;

/**
 * Sparse codes by orthogonal matching pursuit: the atom with the largest correlation |dᵀr| (with `nonneg`, dᵀr)
 * joins the support, the codes become the best ones on it, and so on, until there are `k` atoms, the residual is small
 * enough, or no atom has a correlation that could be told from rounding (1e-6 of the largest possible one). With
 * `nonneg`, atoms whose best codes would be negative leave again. Atoms that depend on those chosen before (of whose
 * squared norm they leave at most 1e-5: a cosine of 0.999995 with one of them) are passed over. Norms need not be
 * equal, but an atom of a larger norm is the likelier choice. Correlations in float32, or in 8 bits with those in
 * question in float64; final codes refined in float64. Sources: Pati, Rezaiifar and Krishnaprasad (1993); Rubinstein,
 * Zibulevsky and Elad (2008) for the Gram matrix.
 *
 * @param X Samples×m observations.
 * @param D m×n dictionary, an atom per column.
 * @param options See {@linkcode OmpOptions}.
 * @throws {TypeError} When an argument is of the wrong kind.
 * @throws {RangeError} When shapes do not match, values are not finite, an option is out of range, or codes
 * overflow float32.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fromRows } from "./matrix.ts";
 * import { omp } from "./omp.ts";
 * const D = fromRows([[1, 0, 0.6], [0, 1, 0.8]]), X = fromRows([[3, 4], [2, -1]]);
 * const { codes, residuals } = omp(X, D, { k: 1 });
 * assert.deepEqual([...codes.indices], [2, 0]);
 * assert.deepEqual([...codes.data], [5, 2]);
 * assert.deepEqual([...residuals].map((share) => share.toFixed(3)), ["0.000", "0.200"]);
 * ```
 */
export function omp<Output extends "csr" | "dense" = "csr">(
  X: Matrix,
  D: Matrix,
  options: OmpOptions & { output?: Output },
): PursuitSolution<CodesOf<Output>> {
  requireOptions("options", options, ["k", "nonneg", "tol", "output", ...INTERRUPTIBLE]);
  const { k, nonneg = false, tol = 0, output } = options;
  requireMatrix("D", D);
  requireInteger("D.rows", D.rows, 1);
  requireMatrix("X", X, { cols: D.rows });
  requireFloat32("D", D);
  requireFloat32("X", X);
  requireInteger("k", k, 1, 2 ** 30);
  requireNonNegative("tol", tol);
  requireOutput(output);
  const endsAfter = watch(options);

  const result = new CodesCollector(X.rows, D.cols, output);
  using arena = new Arena();
  const withGram = D.cols <= GRAM_ATOMS && X.rows * ATOMS_PER_SAMPLE >= D.cols;
  const solver = new ActiveSetSolver(arena, D, { rows: X.rows, nonneg, withGram });
  for (const part of solver.parts()) {
    solver.omp(X, part, k, tol);
    solver.read(part, result.add);
    if (endsAfter(part.end, X.rows)) break;
  }
  return { codes: result.codes, residuals: result.gaps };
}
