/**
 * Dictionaries column by column: the match of learned atoms to true ones, and what follows from it.
 * @module
 */
import { linearSumAssignment } from "../assignment.ts";
import { requireInteger, requireNonNegative, requireOptions } from "../checks.ts";
import { type AnyMatrix, isCsrMatrix, requireAnyMatrix } from "../csr_matrix.ts";
import { allValues, findNonzeros, rowReader } from "../numeric/csr.ts";
import { absoluteProducts } from "./correlation.ts";
import {
  columnNorms,
  type Matrix,
  normalizeColumns,
  requireMatrix,
  scaleColumns,
  toFloat64,
  transpose,
} from "../matrix.ts";

/** Matched atoms are close when their |cosine| is above this. */
const CLOSE = 0.9;

/** Which column of A goes with which column of D. */
export interface ColumnPairs {
  /** Columns of A (true latents), ascending; min(atoms of D, atoms of A) of them. */
  rows: ArrayLike<number>;
  /** `cols[p]` is the column of D (learned atom) that goes with column `rows[p]` of A. */
  cols: ArrayLike<number>;
}

/** The match of two dictionaries and how close it is; arrays have one value per pair. */
export interface ColumnMatch extends ColumnPairs {
  /** Columns of A, ascending. */
  rows: Int32Array;
  /** Columns of D that go with them. */
  cols: Int32Array;
  /** |cosine| of each pair. */
  cosines: Float64Array;
  /** Its angle, arccos |cosine|, in radians. */
  angularErrors: Float64Array;
  /** Norm of the column of D over that of A. */
  normRatios: Float64Array;
  /** Mean of `cosines`: the dictionary's score, not to be confused with the codes' MCC. */
  meanCosine: number;
  /** Mean of `angularErrors`, in radians. */
  meanAngularError: number;
  /** Mean of `normRatios`. */
  meanNormRatio: number;
  /** Share of the pairs with |cosine| above 0.9. */
  fracClose: number;
}

/**
 * Matches the columns of a learned dictionary to those of the true one so that the sum of their
 * |cosine| is largest.
 *
 * @param D Learned dictionary, m × width.
 * @param A True dictionary, m × n, no zero columns.
 * @throws {TypeError} When an argument is no matrix.
 * @throws {RangeError} When values are not finite, a side has no columns, the numbers of rows differ,
 * a column of `A` is 0 or a squared norm overflows.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { matchColumns } from "./matching.ts";
 * import { fromRows } from "../matrix.ts";
 * const { cols, meanCosine } = matchColumns(fromRows([[0, -2], [3, 0]]), fromRows([[1, 0], [0, 1]]));
 * assert.deepEqual([...cols], [1, 0]);
 * assert.equal(meanCosine, 1);
 * ```
 */
export function matchColumns(D: Matrix, A: Matrix): ColumnMatch {
  requireMatrix("D", D);
  requireMatrix("A", A, { rows: D.rows });
  requireInteger("D.cols", D.cols, 1);
  requireInteger("A.cols", A.cols, 1);
  const [normsD, normsA] = [finiteNorms("D", D), finiteNorms("A", A)];
  const zero = normsA.indexOf(0);
  if (zero >= 0) throw new RangeError(`A must have no zero columns, got one at ${zero}`);
  const unitD = normalizeColumns(toFloat64(D), Number.MIN_VALUE);
  const unitA = normalizeColumns(toFloat64(A), Number.MIN_VALUE);
  const { rows, cols } = linearSumAssignment(absoluteProducts(transpose(unitA), unitD), {
    maximize: true,
  });
  const cosines = Float64Array.from(rows, (r, p) => {
    let sum = 0;
    for (let i = 0; i < D.rows; i++) {
      sum += unitA.data[i * A.cols + r] * unitD.data[i * D.cols + cols[p]];
    }
    return Math.min(1, Math.abs(sum));
  });
  const angularErrors = cosines.map(Math.acos);
  const normRatios = cosines.map((_, p) => normsD[cols[p]] / normsA[rows[p]]);
  return {
    rows,
    cols,
    cosines,
    angularErrors,
    normRatios,
    meanCosine: mean(cosines),
    meanAngularError: mean(angularErrors),
    meanNormRatio: mean(normRatios),
    fracClose: mean(cosines.map((c) => c > CLOSE ? 1 : 0)),
  };
}

/**
 * A copy of D whose matched columns have the norms of their partners in A; the others become 0. Signs
 * are kept, zero columns stay 0.
 *
 * @param D Learned dictionary, m × width.
 * @param A True dictionary, m × n.
 * @param match From {@linkcode matchColumns}, or any pairs.
 * @returns m × width, in the precision of `D`.
 * @throws {TypeError} When an argument is no matrix.
 * @throws {RangeError} When values are not finite, the numbers of rows differ, a squared norm
 * overflows or the match names a column that does not exist.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { matchColumns, replaceColumnNorms } from "./matching.ts";
 * import { fromRows } from "../matrix.ts";
 * const D = fromRows([[0, -2], [3, 0]]), A = fromRows([[1, 0], [0, 5]]);
 * assert.deepEqual([...replaceColumnNorms(D, A, matchColumns(D, A)).data], [0, -1, 5, 0]);
 * ```
 */
export function replaceColumnNorms(D: Matrix, A: Matrix, match: ColumnPairs): Matrix {
  requireMatrix("D", D);
  requireMatrix("A", A, { rows: D.rows });
  requirePairs(match, A.cols, D.cols);
  const [normsD, normsA] = [finiteNorms("D", D), finiteNorms("A", A)];
  const scales = new Float64Array(D.cols);
  for (let p = 0; p < match.cols.length; p++) {
    const col = match.cols[p];
    if (normsD[col] > 0) scales[col] = normsA[match.rows[p]] / normsD[col];
  }
  return scaleColumns(D, scales);
}

/** How well the active set of codes agrees with the true one; means over samples. */
export interface SupportMetrics {
  /** Share of the active matched codes that are truly active; 0 in a sample without any. */
  precision: number;
  /** Share of the truly active latents whose matched code is active; 0 in a sample without any. */
  recall: number;
  /** Harmonic mean of the two, per sample; 0 where both are 0. */
  f1: number;
  /** Active true latents per sample, among the matched ones. */
  gtL0: number;
  /** Active codes per sample, among the matched ones. */
  predL0: number;
  /** Active codes per sample, unmatched ones included. */
  predTotalL0: number;
}

/**
 * Precision, recall and F1 of the support on matched columns, and the numbers of active codes. Active
 * means |value| above the threshold.
 *
 * @param Z True codes, samples × n.
 * @param codes Codes to judge, samples × width; these and the true ones dense or sparse.
 * @param match Of the dictionaries, from {@linkcode matchColumns}.
 * @throws {TypeError} When an argument is no matrix.
 * @throws {RangeError} When values are not finite, there are no samples, their numbers differ, the
 * match names a column that does not exist or the threshold is below 0.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { supportMetrics } from "./matching.ts";
 * import { fromRows } from "../matrix.ts";
 * const match = { rows: [0, 1], cols: [1, 0] };
 * const { precision, recall } = supportMetrics(fromRows([[1, 0]]), fromRows([[0.2, 0.7]]), match);
 * assert.deepEqual([precision, recall], [0.5, 1]);
 * ```
 */
export function supportMetrics(
  Z: AnyMatrix,
  codes: AnyMatrix,
  match: ColumnPairs,
  options: { threshold?: number } = {},
): SupportMetrics {
  requireOptions("options", options, ["threshold"]);
  const { threshold = 1e-4 } = options;
  requireAnyMatrix("Z", Z);
  requireAnyMatrix("codes", codes, { rows: Z.rows });
  requireInteger("Z.rows", Z.rows, 1);
  requirePairs(match, Z.cols, codes.cols);
  requireNonNegative("threshold", threshold);
  const sums = { precision: 0, recall: 0, f1: 0, gtL0: 0, predL0: 0, predTotalL0: 0 };
  const [trueRow, foundRow] = [Z, codes].map((M) =>
    rowReader(isCsrMatrix(M) ? findNonzeros(M) : allValues(M))
  );
  for (let s = 0; s < Z.rows; s++) {
    const ofTruth = trueRow(s), ofCodes = foundRow(s);
    let truly = 0, found = 0, both = 0;
    for (let p = 0; p < match.rows.length; p++) {
      const inTruth = Math.abs(ofTruth[match.rows[p]]) > threshold;
      const inCodes = Math.abs(ofCodes[match.cols[p]]) > threshold;
      if (inTruth) truly++;
      if (inCodes) found++;
      if (inTruth && inCodes) both++;
    }
    if (both > 0) {
      sums.precision += both / found;
      sums.recall += both / truly;
      sums.f1 += 2 * both / (found + truly);
    }
    sums.gtL0 += truly;
    sums.predL0 += found;
  }
  for (let p = 0; p < codes.data.length; p++) {
    if (Math.abs(codes.data[p]) > threshold) sums.predTotalL0++;
  }
  for (const key of Object.keys(sums) as (keyof SupportMetrics)[]) sums[key] /= Z.rows;
  return sums;
}

/** Norms of the columns, which squares above 1e308 would make infinite. */
function finiteNorms(name: string, M: Matrix): Float64Array {
  const norms = columnNorms(M);
  const bad = norms.indexOf(Infinity);
  if (bad >= 0) {
    throw new RangeError(
      `${name} must have columns whose squared norms are within float64, got one that overflows ` +
        `at ${bad}: scale ${name} down`,
    );
  }
  return norms;
}

function requirePairs(match: ColumnPairs, n: number, width: number): void {
  requireOptions("match", match);
  const { rows, cols } = match;
  for (const [name, indices] of Object.entries({ rows, cols })) {
    if (typeof indices?.length !== "number") {
      throw new TypeError(`match.${name} must be an array of indices, got ${typeof indices}`);
    }
  }
  if (rows.length !== cols.length) {
    throw new RangeError(
      `match must pair its rows and cols: got ${rows.length} rows and ${cols.length} cols`,
    );
  }
  for (let p = 0; p < rows.length; p++) {
    requireInteger("match.rows", rows[p], 0, n - 1);
    requireInteger("match.cols", cols[p], 0, width - 1);
  }
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
