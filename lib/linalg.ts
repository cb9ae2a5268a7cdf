/**
 * Linear algebra in float64: the spectral norm, and systems with a symmetric positive definite matrix.
 * @module
 */
import { Arena, padded, run } from "./wasm/memory.ts";
import { type Matrix, type Matrix64, requireMatrix, zeros } from "./matrix.ts";
import { dot } from "./numeric/dot.ts";
import { RandomState } from "./random.ts";

export { multiply } from "./numeric/product.ts";

/** y = M·x */
function timesVector({ rows, cols, data }: Matrix, x: Float64Array, y: Float64Array): void {
  for (let i = 0; i < rows; i++) {
    // Four sums, so that an addition need not wait for the one before
    let s0 = 0, s1 = 0, s2 = 0, s3 = 0, j = 0, p = i * cols;
    for (; j + 3 < cols; j += 4, p += 4) {
      s0 += data[p] * x[j], s1 += data[p + 1] * x[j + 1];
      s2 += data[p + 2] * x[j + 2], s3 += data[p + 3] * x[j + 3];
    }
    for (; j < cols; j++, p++) s0 += data[p] * x[j];
    y[i] = s0 + s1 + (s2 + s3);
  }
}

/** y = Mᵀ·x */
function timesVectorTransposed(
  { rows, cols, data }: Matrix,
  x: Float64Array,
  y: Float64Array,
): void {
  y.fill(0);
  let i = 0;
  // Two rows at a time halve the traffic to y
  for (; i + 1 < rows; i += 2) {
    const a = x[i], b = x[i + 1], p = i * cols, q = p + cols;
    for (let j = 0; j < cols; j++) y[j] += data[p + j] * a + data[q + j] * b;
  }
  for (; i < rows; i++) {
    for (let j = 0, p = i * cols; j < cols; j++, p++) y[j] += data[p] * x[i];
  }
}

/** The largest eigenvalue of the symmetric tridiagonal matrix, by bisection on Sturm sequences. */
function largestEigenvalue(diagonal: readonly number[], offDiagonal: readonly number[]): number {
  let low = diagonal[0], high = -Infinity;
  for (let i = 0; i < diagonal.length; i++) {
    low = Math.max(low, diagonal[i]);
    high = Math.max(high, diagonal[i] + (offDiagonal[i - 1] ?? 0) + (offDiagonal[i] ?? 0));
  }
  for (;;) {
    const middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) return high;
    // T − middle·I = LΔLᵀ; a pivot above 0 is an eigenvalue above `middle` (Sylvester's inertia law)
    let pivot = 1, above = false;
    for (let i = 0; i < diagonal.length && !above; i++) {
      const off = i === 0 ? 0 : offDiagonal[i - 1];
      pivot = diagonal[i] - middle - off * off / pivot;
      above = pivot > 0;
    }
    if (above) low = middle;
    else high = middle;
  }
}

/**
 * The squared spectral norm of D, which is the Lipschitz constant of the gradient of
 * ½‖x − Dz‖² and so gives the step 1/L of ISTA and FISTA. Lanczos iteration (with full
 * reorthogonalisation, from a fixed random start) on the smaller of DDᵀ and DᵀD, in float64 to about
 * 1e-14 relative: one or two dozen passes over D.
 *
 * @param D Any shape; m×n for n atoms.
 * @returns The square of the largest singular value; 0 for a zero matrix.
 * @throws {TypeError} When D is no matrix.
 * @throws {RangeError} When D has values that are not finite, or so large that the square overflows.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { lipschitz } from "./linalg.ts";
 * import { fromRows } from "./matrix.ts";
 * assert(Math.abs(lipschitz(fromRows([[3, 0], [0, 2]])) - 9) < 1e-12);
 * ```
 */
export function lipschitz(D: Matrix): number {
  requireMatrix("D", D);
  const wide = D.rows <= D.cols;
  const size = Math.min(D.rows, D.cols);
  if (size === 0) return 0;
  const between = new Float64Array(Math.max(D.rows, D.cols));
  const apply = (x: Float64Array): Float64Array => {
    const y = new Float64Array(size);
    if (wide) {
      timesVectorTransposed(D, x, between);
      timesVector(D, between, y);
    } else {
      timesVector(D, x, between);
      timesVectorTransposed(D, between, y);
    }
    return y;
  };

  let q: Float64Array = new RandomState(0).normal(0, 1, size);
  const basis: Float64Array[] = [];
  const diagonal: number[] = [], offDiagonal: number[] = [];
  let norm = Math.sqrt(dot(q, q)), largest = 0, settled = 0;
  // Twice in a row the same eigenvalue to rounding: a single time can be a plateau
  while (basis.length < size && settled < 2) {
    q = q.map((value) => value / norm);
    basis.push(q);
    const w = apply(q);
    diagonal.push(dot(q, w));
    if (!Number.isFinite(diagonal[diagonal.length - 1])) {
      throw new RangeError(
        "D must have a squared spectral norm within float64, got one that overflows: scale D down",
      );
    }
    const previous = largest;
    largest = largestEigenvalue(diagonal, offDiagonal);
    settled = largest - previous <= 4 * Number.EPSILON * largest ? settled + 1 : 0;
    // Twice is enough to stay orthogonal to rounding
    for (let pass = 0; pass < 2; pass++) {
      for (const b of basis) {
        const along = dot(b, w);
        for (let i = 0; i < size; i++) w[i] -= along * b[i];
      }
    }
    norm = Math.sqrt(dot(w, w));
    // The basis spans an invariant subspace: nothing new can come
    if (norm <= 1e-13 * largest) break;
    offDiagonal.push(norm);
    q = w;
  }
  return largest;
}

/**
 * Solves A·X = B for a symmetric positive definite A by a blocked Cholesky factorisation in float64.
 *
 * @param A n×n; only the lower triangle is read.
 * @param B n×m.
 * @returns X, n×m.
 * @throws {TypeError} When an argument is no matrix.
 * @throws {RangeError} When shapes do not match, values are not finite, or A is not positive definite
 * in float64.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { choleskySolve } from "./linalg.ts";
 * import { fromRows } from "./matrix.ts";
 * const A = fromRows([[4, 0], [0, 9]]);
 * assert.deepEqual([...choleskySolve(A, fromRows([[8], [27]])).data], [2, 3]);
 * ```
 */
export function choleskySolve(A: Matrix, B: Matrix): Matrix64 {
  requireMatrix("A", A, { cols: A?.rows });
  requireMatrix("B", B, { rows: A.rows });
  const n = A.rows, ld = padded(n), X = zeros(n, B.cols);
  using arena = new Arena();
  const a = arena.f64(ld * ld), b = arena.f64(B.cols * ld);
  const [aView, bView] = [a.view, b.view];
  for (let i = 0; i < n; i++) aView.set(A.data.subarray(i * n, (i + 1) * n), i * ld);
  for (let i = n; i < ld; i++) aView[i * ld + i] = 1;
  for (let i = 0, p = 0; i < n; i++) {
    for (let j = 0; j < B.cols; j++, p++) bView[j * ld + i] = B.data[p];
  }
  const failed = run("cholesky", ld, a, ld);
  if (failed > 0) {
    throw new RangeError(
      `Cannot solve: A must be positive definite in float64, pivot ${failed} of ${n} is not`,
    );
  }
  run("cholesky_solve", B.cols, ld, a, ld, b, ld);
  for (let i = 0, p = 0; i < n; i++) {
    for (let j = 0; j < B.cols; j++, p++) X.data[p] = bView[j * ld + i];
  }
  return X;
}
