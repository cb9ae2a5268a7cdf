/**
 * Best magnitudes of codes on given supports.
 * @module
 */
import { requireOptions } from "../checks.ts";
import { CholeskyDecomposition, Matrix as MlMatrix } from "npm:ml-matrix@6.15.1";
import {
  type Matrix,
  type Matrix64,
  requireMatrix,
  toFloat64,
  transpose,
  zeros,
} from "../matrix.ts";

/** Added to the diagonal, so that a support with more atoms than dimensions has a solution. */
const RIDGE = 1e-8;

/** Which codes may be other than 0: samples × atoms, row after row; 0 and false are "may not". */
export interface Support {
  /** Number of samples. */
  rows: number;
  /** Number of atoms. */
  cols: number;
  /** `rows * cols` marks. */
  data: ArrayLike<number | boolean>;
}

/**
 * Least-squares codes on a given support: per sample the minimiser of ‖x − z·Dᵀ‖² + 1e-8·‖z‖² over the
 * codes z that are 0 off the support, then clamped at 0 when `nonneg`. Samples with equal supports
 * share one factorization, of the smaller of (atoms on the support) and m. Float64.
 *
 * @param X Observations, samples × m.
 * @param D Dictionary, m × atoms.
 * @param support Marks, samples × atoms; a matrix of codes serves as its own support.
 * @returns Codes, samples × atoms.
 * @throws {TypeError} When `X` or `D` is no matrix.
 * @throws {RangeError} When values are not finite, the shapes do not fit, or atoms of a support depend on each other
 * and are so large (norms above about 1e4) that the ridge is lost beside them.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { reestimateMagnitudes } from "./magnitudes.ts";
 * import { fromRows } from "../matrix.ts";
 * const identity = fromRows([[1, 0], [0, 1]]);
 * const codes = reestimateMagnitudes(fromRows([[3, 4]]), identity, fromRows([[0, 1]]));
 * // the small ridge takes 4e-8 from the second
 * assert.equal(codes.data[0], 0);
 * assert(Math.abs(codes.data[1] - 4) < 1e-7);
 * ```
 */
export function reestimateMagnitudes(
  X: Matrix,
  D: Matrix,
  support: Support,
  options: { nonneg?: boolean } = {},
): Matrix64 {
  requireOptions("options", options, ["nonneg"]);
  const { nonneg = true } = options;
  requireMatrix("X", X);
  requireMatrix("D", D, { rows: X.cols });
  requireOptions("support", support);
  if (
    typeof support.data?.length !== "number" || support.rows !== X.rows ||
    support.cols !== D.cols ||
    support.data.length !== X.rows * D.cols
  ) {
    throw new RangeError(
      `support must be ${X.rows} × ${D.cols} (samples × atoms), got ${support.rows} × ` +
        `${support.cols} with ${support.data?.length} values`,
    );
  }
  const atoms = transpose(toFloat64(D));
  const codes = zeros(X.rows, D.cols);
  for (const [active, samples] of samplesBySupport(support)) {
    const solutions = solve(atoms, active, X, samples);
    samples.forEach((s, q) => {
      active.forEach((j, p) => {
        const value = solutions.get(p, q);
        codes.data[s * D.cols + j] = nonneg ? Math.max(0, value) : value;
      });
    });
  }
  return codes;
}

/** The samples of every distinct support that is not empty. */
function samplesBySupport({ rows, cols, data }: Support): Iterable<[number[], number[]]> {
  const groups = new Map<string, [active: number[], samples: number[]]>();
  for (let s = 0; s < rows; s++) {
    const active: number[] = [];
    for (let j = 0; j < cols; j++) if (data[s * cols + j]) active.push(j);
    if (active.length === 0) continue;
    const key = active.join();
    const group = groups.get(key);
    if (group) group[1].push(s);
    else groups.set(key, [active, [s]]);
  }
  return groups.values();
}

/** Codes of the samples on the active atoms, active × samples; `atoms` has one atom per row. */
function solve(atoms: Matrix64, active: number[], X: Matrix, samples: number[]): MlMatrix {
  const m = atoms.cols;
  const B = new MlMatrix(active.length, m);
  active.forEach((j, p) => B.setRow(p, Array.from(atoms.data.subarray(j * m, (j + 1) * m))));
  const targets = new MlMatrix(m, samples.length);
  samples.forEach((s, q) => {
    for (let i = 0; i < m; i++) targets.set(i, q, X.data[s * m + i]);
  });
  // (BBᵀ + εI)⁻¹B = B(BᵀB + εI)⁻¹: with more atoms than dimensions the second is small and regular
  return active.length <= m
    ? factorize(B.mmul(B.transpose())).solve(B.mmul(targets))
    : B.mmul(factorize(B.transpose().mmul(B)).solve(targets));
}

function factorize(gram: MlMatrix): CholeskyDecomposition {
  for (let i = 0; i < gram.rows; i++) gram.set(i, i, gram.get(i, i) + RIDGE);
  const factors = new CholeskyDecomposition(gram);
  if (!factors.isPositiveDefinite()) {
    throw new RangeError(
      `Cannot fit codes on a support: its atoms depend on each other, and the ridge of ${RIDGE} is lost beside ` +
        "their squared norms; scale the columns of D to norms of about 1",
    );
  }
  return factors;
}
