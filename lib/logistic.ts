/**
 * Binary logistic regression.
 * @module
 */
import {
  requireFinite,
  requireInteger,
  requireNonNegative,
  requireOptions,
  requirePositive,
} from "./checks.ts";
import { allValues, type Csr, findNonzeros, type SparseView } from "./numeric/csr.ts";
import { minimizeLbfgs } from "./numeric/lbfgs.ts";
import { type Matrix, requireMatrix, toFloat64 } from "./matrix.ts";

/** One label per sample: 0 or 1, false or true. */
export type Labels = ArrayLike<number | boolean>;

/** Options of {@linkcode fitLogistic}. */
export interface LogisticOptions {
  /** Weight of ½‖coefficients‖² in the objective; 0. (1 / (C·samples) in scikit-learn's terms.) */
  l2?: number;
  /** Stops when no entry of the gradient of the mean loss is larger than this; 1e-4. */
  tolerance?: number;
  /** Stops after this many steps; 1000. */
  maxIterations?: number;
}

/** A fitted logistic regression, and how the fit ended. */
export interface LogisticFit {
  /** One coefficient per column. */
  coefficients: Float64Array;
  /** The intercept, which is not penalised. */
  intercept: number;
  /** Objective at the end: mean log-loss plus penalty. */
  loss: number;
  /** Largest size of an entry of the objective's gradient at the end. */
  maxGradient: number;
  /** Steps taken. */
  iterations: number;
  /** Whether `maxGradient` is within the tolerance. */
  converged: boolean;
}

/** Adds Σ_s over samples: calls `residual(s, x_s·w)` and adds its result times x_s to `gradient`. */
type Pass = (
  w: Float64Array,
  residual: (sample: number, product: number) => number,
  gradient: Float64Array,
) => void;

/**
 * Fits P(label = 1 | x) = 1 / (1 + exp(−(x·w + b))) by L-BFGS on the *mean* log-loss from a zero
 * start, with 10 pairs. Without a penalty and on separable data there is no optimum: then the stopping
 * rule is part of the result, and this one is the rule behind the published accuracies. It also walks
 * only the non-zeros of sparse `X`.
 *
 * @param X samples × features.
 * @param labels One per row of `X`, both classes present.
 * @throws {TypeError} When `X` is no matrix or a label is neither 0, 1, false nor true.
 * @throws {RangeError} When values are not finite, sizes differ, a class is missing or an option breaks
 * its rule.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fitLogistic } from "./logistic.ts";
 * import { fromRows } from "./matrix.ts";
 * const { coefficients } = fitLogistic(fromRows([[0], [1], [2], [3]]), [0, 1, 0, 1]);
 * assert(coefficients[0] > 0);
 * ```
 */
export function fitLogistic(
  X: Matrix,
  labels: Labels,
  options: LogisticOptions = {},
): LogisticFit {
  requireMatrix("X", X);
  requireOptions("options", options, ["l2", "tolerance", "maxIterations"]);
  return fitCodes(findNonzeros(X), requireLabels("labels", labels, X.rows), options);
}

/**
 * {@linkcode fitLogistic} for checked values and labels.
 *
 * @param codes samples × features.
 * @param target One label per sample, both classes present.
 * @throws {TypeError | RangeError} When a class is missing or an option breaks its rule.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fitCodes } from "./logistic.ts";
 * import { findNonzeros } from "./numeric/csr.ts";
 * import { fromRows } from "./matrix.ts";
 * const codes = findNonzeros(fromRows([[0], [1], [2], [3]]));
 * assert(fitCodes(codes, Uint8Array.of(0, 1, 0, 1)).converged);
 * ```
 */
export function fitCodes(
  codes: SparseView,
  target: Uint8Array,
  options: LogisticOptions = {},
): LogisticFit {
  const { rows: samples, cols: n, dense, sparse } = codes;
  const { l2 = 0, tolerance = 1e-4, maxIterations = 1000 } = options;
  const positives = target.reduce((sum, label) => sum + label, 0);
  if (positives === 0 || positives === samples) {
    throw new RangeError(
      `Cannot fit a logistic regression: labels must hold both classes, got ${positives} of ` +
        `${samples} true`,
    );
  }
  requireNonNegative("l2", l2);
  requirePositive("tolerance", tolerance);
  requireInteger("maxIterations", maxIterations, 1);

  const pass = sparse ? sparsePass(sparse) : densePass(dense!);
  let loss = 0, interceptGradient = 0, intercept = 0;
  const residual = (sample: number, product: number): number => {
    const z = product + intercept;
    const label = target[sample];
    // exp of −|z| cannot overflow
    const e = Math.exp(-Math.abs(z));
    loss += Math.log1p(e) + Math.max(0, label === 1 ? -z : z);
    const error = (z >= 0 ? 1 : e) / (1 + e) - label;
    interceptGradient += error;
    return error;
  };
  const { x, value, ...end } = minimizeLbfgs(
    (x, gradient) => {
      loss = interceptGradient = 0;
      intercept = x[n];
      gradient.fill(0);
      pass(x, residual, gradient);
      let penalty = 0;
      for (let j = 0; j < n; j++) {
        gradient[j] = gradient[j] / samples + l2 * x[j];
        penalty += x[j] * x[j];
      }
      gradient[n] = interceptGradient / samples;
      return loss / samples + 0.5 * l2 * penalty;
    },
    new Float64Array(n + 1),
    { tolerance, maxIterations },
  );
  return { coefficients: x.slice(0, n), intercept: x[n], loss: value, ...end };
}

/**
 * Decision values x·w + b: above 0 means label 1.
 *
 * @param fit From {@linkcode fitLogistic}.
 * @param X samples × features.
 * @throws {TypeError | RangeError} When `X` is no finite matrix with one column per coefficient.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { decisionValues, fitLogistic } from "./logistic.ts";
 * import { fromRows } from "./matrix.ts";
 * const X = fromRows([[0], [1], [2], [3]]);
 * const predicted = decisionValues(fitLogistic(X, [0, 0, 1, 1]), X).map((z) => z > 0 ? 1 : 0);
 * assert.deepEqual([...predicted], [0, 0, 1, 1]);
 * ```
 */
export function decisionValues(
  fit: Pick<LogisticFit, "coefficients" | "intercept">,
  X: Matrix,
): Float64Array {
  requireOptions("fit", fit);
  const { coefficients } = fit;
  if (!(coefficients instanceof Float64Array)) {
    throw new TypeError(`fit.coefficients must be a Float64Array, got ${typeof coefficients}`);
  }
  requireMatrix("fit.coefficients", { rows: 1, cols: coefficients.length, data: coefficients });
  requireFinite("fit.intercept", fit.intercept);
  requireMatrix("X", X, { cols: coefficients.length });
  return decideCodes(fit, allValues(X));
}

/**
 * {@linkcode decisionValues} for checked values: the same, with or without `sparse`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { decideCodes } from "./logistic.ts";
 * import { findNonzeros } from "./numeric/csr.ts";
 * import { fromRows } from "./matrix.ts";
 * const fit = { coefficients: Float64Array.of(2), intercept: 1 };
 * assert.deepEqual([...decideCodes(fit, findNonzeros(fromRows([[3]])))], [2 * 3 + 1]);
 * ```
 */
export function decideCodes(
  fit: Pick<LogisticFit, "coefficients" | "intercept">,
  codes: SparseView,
): Float64Array {
  const { coefficients, intercept } = fit, { rows, cols, dense, sparse } = codes;
  const values = new Float64Array(rows);
  for (let s = 0; s < rows; s++) {
    let sum = intercept;
    if (sparse) {
      for (let p = sparse.starts[s]; p < sparse.starts[s + 1]; p++) {
        sum += sparse.values[p] * coefficients[sparse.columns[p]];
      }
    } else {
      for (let j = 0, p = s * cols; j < cols; j++, p++) {
        sum += dense!.data[p] * coefficients[j];
      }
    }
    values[s] = sum;
  }
  return values;
}

/**
 * The labels as 0 and 1, checked.
 *
 * @param name Of the argument, for the message.
 * @throws {TypeError} When a label is neither 0, 1, false nor true.
 * @throws {RangeError} When there are not `count` labels.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { requireLabels } from "./logistic.ts";
 * assert.deepEqual([...requireLabels("labels", [true, false], 2)], [1, 0]);
 * ```
 */
export function requireLabels(name: string, labels: Labels, count: number): Uint8Array {
  if (labels === null || typeof labels !== "object" || typeof labels.length !== "number") {
    throw new TypeError(`${name} must be an array of 0 and 1, got ${typeof labels}`);
  }
  if (labels.length !== count) {
    throw new RangeError(`${name} must have one label per sample: ${count}, got ${labels.length}`);
  }
  const checked = new Uint8Array(count);
  for (let s = 0; s < count; s++) {
    const label = labels[s];
    if (label !== 0 && label !== 1 && typeof label !== "boolean") {
      const found = typeof label === "string" ? JSON.stringify(label) : String(label);
      throw new TypeError(`${name} must hold 0, 1, false or true, got ${found} at ${s}`);
    }
    checked[s] = Number(label);
  }
  return checked;
}

function densePass(X: Matrix): Pass {
  const { rows, cols } = X;
  const { data } = toFloat64(X);
  return (w, residual, gradient) => {
    for (let s = 0, start = 0; s < rows; s++, start += cols) {
      // four sums, because one would wait for each addition in turn
      let s0 = 0, s1 = 0, s2 = 0, s3 = 0, j = 0, p = start;
      for (; j + 4 <= cols; j += 4, p += 4) {
        s0 += data[p] * w[j];
        s1 += data[p + 1] * w[j + 1];
        s2 += data[p + 2] * w[j + 2];
        s3 += data[p + 3] * w[j + 3];
      }
      for (; j < cols; j++, p++) s0 += data[p] * w[j];
      const r = residual(s, s0 + s1 + s2 + s3);
      for (let q = 0; q < cols; q++) gradient[q] += r * data[start + q];
    }
  };
}

function sparsePass({ rows, starts, columns, values }: Csr): Pass {
  return (w, residual, gradient) => {
    for (let s = 0; s < rows; s++) {
      const start = starts[s], end = starts[s + 1];
      let sum = 0;
      for (let p = start; p < end; p++) sum += values[p] * w[columns[p]];
      const r = residual(s, sum);
      for (let p = start; p < end; p++) gradient[columns[p]] += r * values[p];
    }
  };
}
