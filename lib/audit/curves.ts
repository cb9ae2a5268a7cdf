/**
 * Explained variance against the number of codes: what a dictionary allows on rows that are given.
 * @module
 */
import type { CsrMatrix } from "../csr_matrix.ts";
import { debias } from "../debias.ts";
import { lasso } from "../lasso.ts";
import { firstRows, type Matrix32, normalizeColumns } from "../matrix.ts";
import { multiply } from "../numeric/product.ts";
import { omp } from "../omp.ts";
import { meanRow, rowEnergies, takeRows } from "./rows.ts";

/** One way of coding: how many codes, and how much of the rows they explain. */
export interface CurvePoint {
  /** Mean number of codes of a row that are not 0. */
  l0: number;
  /** 1 − Σ‖x − x̂‖² / Σ‖x − x̄‖² over the held-out rows. */
  explainedVariance: number;
  /** Most codes of a row, of matching pursuit. */
  k?: number;
  /** Weight of the penalty, of the Lasso, for atoms of unit norm, in the unit of the rows. */
  lambda?: number;
}

/** Rows that are coded with a dictionary of unit atoms. */
export class CodedRows {
  /** The rows without the bias. */
  readonly rows: Matrix32;
  /** Atoms at unit norm, one per column. */
  readonly dictionary: Matrix32;
  /** Whether codes are at least 0. */
  readonly nonneg: boolean;
  readonly #energies: Float64Array;
  readonly #variance: number;

  /**
   * Takes the bias from the rows and the norms from the atoms.
   *
   * @param X Rows to code.
   * @param bias What is subtracted from them.
   * @param dictionary m × n.
   */
  constructor(X: Matrix32, bias: ArrayLike<number>, dictionary: Matrix32, nonneg: boolean) {
    const every = Int32Array.from({ length: X.rows }, (_, i) => i);
    this.rows = takeRows(X, every, bias);
    this.dictionary = normalizeColumns(dictionary);
    this.nonneg = nonneg;
    this.#energies = rowEnergies(this.rows);
    const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
    this.#variance = sum(rowEnergies(takeRows(X, every, meanRow(X))));
  }

  /** Explained variance of the sum of all squared residuals. */
  explained(squares: number): number {
    return 1 - squares / this.#variance;
  }

  /** The point of codes whose residuals are given as shares of the rows' energies. */
  pointOf(codes: CsrMatrix, residuals: Float64Array): CurvePoint {
    const squares = residuals.reduce((sum, share, i) => sum + share * this.#energies[i], 0);
    return { l0: meanCount(codes), explainedVariance: this.explained(squares) };
  }

  /** No codes at all: the bias alone. */
  get empty(): CurvePoint {
    const squares = this.#energies.reduce((sum, energy) => sum + energy, 0);
    return { l0: 0, explainedVariance: this.explained(squares) };
  }

  /** Codes by matching pursuit. */
  pursue(k: number): { codes: CsrMatrix; point: CurvePoint } {
    const { rows, dictionary, nonneg } = this;
    const { codes, residuals } = omp(rows, dictionary, { k, nonneg });
    return { codes, point: { ...this.pointOf(codes, residuals), k } };
  }

  /** The best codes on the supports of others. */
  refit(codes: CsrMatrix): CurvePoint {
    const { rows, dictionary, nonneg } = this;
    const fit = debias(rows, dictionary, codes, { nonneg });
    return this.pointOf(fit.codes, fit.residuals);
  }

  /**
   * The Lasso for smaller and smaller λ until there are `most` codes per row, each refit on its support.
   *
   * @param tell Takes the share that is done.
   */
  lassoCurve(most: number, tell: (share: number) => void): CurvePoint[] {
    const points: CurvePoint[] = [];
    let lambda = this.#firstLambda(), warm: CsrMatrix | undefined;
    for (let step = 0; step < MOST_LAMBDAS && lambda > 0; step++) {
      const { rows, dictionary, nonneg } = this;
      const { codes }: { codes: CsrMatrix } = lasso(rows, dictionary, {
        ...{ lambda, nonneg, warm, tol: LASSO_TOL },
      });
      const point: CurvePoint = { ...this.refit(codes), lambda };
      points.push(point);
      tell(Math.max((step + 1) / MOST_LAMBDAS, Math.min(1, point.l0 / most)));
      if (meanCount(codes) >= most) break;
      warm = codes;
      lambda *= LAMBDA_STEP;
    }
    return points;
  }

  /** The λ above which half of the rows have no code. */
  #firstLambda(): number {
    const { rows, dictionary, nonneg } = this;
    const products = multiply(firstRows(rows, LAMBDA_ROWS), dictionary);
    const largest = Array.from({ length: products.rows }, (_, i) => {
      let most = 0;
      for (const value of products.data.subarray(i * products.cols, (i + 1) * products.cols)) {
        most = Math.max(most, nonneg ? value : Math.abs(value));
      }
      return most;
    });
    return largest.sort((a, b) => a - b)[largest.length >> 1];
  }
}

/** λ falls by half in two steps, at most so often: to a thousandth. */
const LAMBDA_STEP = Math.SQRT1_2, MOST_LAMBDAS = 20;
/** Rows that the first λ is estimated from. */
const LAMBDA_ROWS = 256;
/** The refit takes the support alone: it is settled long before the last digits of codes. */
const LASSO_TOL = 1e-3;

/** Mean number of codes of a row that are not 0. */
export function meanCount({ rows, data }: CsrMatrix): number {
  let count = 0;
  for (const value of data) if (value !== 0) count++;
  return count / rows;
}

/**
 * Explained variance at a number of codes, linearly between two points of a curve and its beginning without
 * codes: below the curve's own value, since such curves bend downwards. Undefined beyond its last point.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { explainedAt } from "./curves.ts";
 * const curve = [{ l0: 0, explainedVariance: 0 }, { l0: 4, explainedVariance: 0.8 }];
 * assert.equal(explainedAt(curve, 2), 0.4);
 * assert.equal(explainedAt(curve, 5), undefined);
 * ```
 */
export function explainedAt(curve: readonly CurvePoint[], l0: number): number | undefined {
  const points = curve.toSorted((a, b) => a.l0 - b.l0);
  const next = points.findIndex((point) => point.l0 >= l0);
  if (next < 0) return undefined;
  if (points[next].l0 === l0 || next === 0) {
    return points[next].l0 === l0 ? points[next].explainedVariance : undefined;
  }
  const [a, b] = [points[next - 1], points[next]];
  const part = (l0 - a.l0) / (b.l0 - a.l0);
  return a.explainedVariance + part * (b.explainedVariance - a.explainedVariance);
}

/** Numbers of atoms for matching pursuit around a mean number of codes, at most `most`. */
export function pursuitSizes(l0: number, most: number): number[] {
  const around = [l0 / 4, l0 / 2, Math.floor(l0), Math.ceil(l0), 2 * l0, 4 * l0];
  const sizes = around.map((size) => Math.min(most, Math.max(1, Math.round(size))));
  return [...new Set(sizes)].sort((a, b) => a - b);
}
