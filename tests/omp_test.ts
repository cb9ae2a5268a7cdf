import assert from "node:assert/strict";
import { fromDense, toDense } from "../lib/csr_matrix.ts";
import { generateDatasets } from "../lib/data.ts";
import { debias } from "../lib/debias.ts";
import { lasso } from "../lib/lasso.ts";
import { fromRows, type Matrix, normalizeColumns, zeros } from "../lib/matrix.ts";
import { reestimateMagnitudes } from "../lib/metrics.ts";
import { omp } from "../lib/omp.ts";
import { RandomState } from "../lib/random.ts";
import { startThreads } from "../lib/threads.ts";

function normal(rows: number, cols: number, seed: number): Matrix {
  return { rows, cols, data: new RandomState(seed).normal(0, 1, rows * cols) };
}

function problem(n: number, samples: number) {
  const { val, A } = generateDatasets({ seed: 5, numLatents: n, k: 10, nSamples: 2 * samples });
  return { X: val.Y, D: A, Z: val.Z };
}

const rowOf = (M: Matrix, i: number) => M.data.subarray(i * M.cols, (i + 1) * M.cols);
const columnOf = (M: Matrix, j: number) =>
  Float64Array.from({ length: M.rows }, (_, i) => M.data[i * M.cols + j]);
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
};

/** Solves the normal equations by Gaussian elimination. */
function leastSquares(atoms: readonly Float64Array[], x: ArrayLike<number>): number[] {
  const A = atoms.map((a) => [...atoms.map((b) => dot(a, b)), dot(a, x)]), n = A.length;
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) {
      if (k === i) continue;
      const factor = A[k][i] / A[i][i];
      for (let j = i; j <= n; j++) A[k][j] -= factor * A[i][j];
    }
  }
  return A.map((row, i) => row[n] / row[i]);
}

function residualOf(x: ArrayLike<number>, atoms: readonly Float64Array[], z: readonly number[]) {
  const r = Float64Array.from(x);
  atoms.forEach((atom, q) => atom.forEach((value, k) => r[k] -= z[q] * value));
  return r;
}

/** The textbook pursuit in float64, signed: supports in the order of choice, and codes. */
function reference(x: ArrayLike<number>, D: Matrix, k: number) {
  const support: number[] = [];
  let r = Float64Array.from(x), z: number[] = [];
  while (support.length < k) {
    let best = -1, most = 0;
    for (let j = 0; j < D.cols; j++) {
      const c = Math.abs(dot(columnOf(D, j), r));
      if (!support.includes(j) && c > most) [best, most] = [j, c];
    }
    support.push(best);
    const atoms = support.map((j) => columnOf(D, j));
    z = leastSquares(atoms, x);
    r = residualOf(x, atoms, z);
  }
  return { support, z, share: dot(r, r) / dot(x, x) };
}

Deno.test("the pursuit takes the atoms, and gives the codes, of the textbook in float64", () => {
  // with the Gram matrix (at least n/3 samples), and without it
  for (const samples of [40, 20]) {
    const { X, D } = problem(80, samples);
    for (const k of [1, 4, 10]) {
      const { codes, residuals } = omp(X, D, { k });
      const dense = toDense(codes);
      for (let i = 0; i < X.rows; i++) {
        const { support, z, share } = reference(rowOf(X, i), D, k);
        const found = rowOf(dense, i);
        const columns = Array.from(codes.indices.subarray(codes.indptr[i], codes.indptr[i + 1]));
        assert.deepEqual(columns, support.toSorted((a, b) => a - b), `sample ${i}, k = ${k}`);
        // float32 codes of about 1
        support.forEach((j, q) =>
          assert(Math.abs(found[j] - z[q]) < 1e-6, `${found[j]} ≠ ${z[q]}`)
        );
        assert(Math.abs(residuals[i] - share) < 1e-10, `${residuals[i]} ≠ ${share}`);
      }
    }
  }
});

Deno.test("both ways to the correlations take the same atoms", () => {
  const { X, D } = problem(300, 100);
  for (const nonneg of [true, false]) {
    const together = toDense(omp(X, D, { k: 10, nonneg }).codes);
    const part = { rows: 99, cols: X.cols, data: X.data.slice(0, 99 * X.cols) };
    const passes = omp(part, D, { k: 10, nonneg, output: "dense" }).codes;
    for (let p = 0; p < passes.data.length; p++) {
      // one rounding of float32 codes of about 1
      assert(Math.abs(passes.data[p] - together.data[p]) < 1e-6, `at ${p}`);
    }
  }
});

Deno.test("a pursuit of the true atoms with enough dimensions finds them, and stops when nothing is left", () => {
  const m = 60, n = 90, D = normalizeColumns(normal(m, n, 1)), Z = zeros(30, n), X = zeros(30, m);
  const state = new RandomState(2);
  for (let i = 0; i < X.rows; i++) {
    for (const j of state.permutation(n).slice(0, 3)) {
      Z.data[i * n + j] = 1 + state.random(1)[0];
      for (let k = 0; k < m; k++) X.data[i * m + k] += Z.data[i * n + j] * D.data[k * n + j];
    }
  }
  for (const options of [{ k: 3 }, { k: 20, nonneg: true }, { k: 20, tol: 1e-8 }]) {
    const { codes, residuals } = omp(X, D, { ...options, output: "dense" });
    codes.data.forEach((value, p) => assert(Math.abs(value - Z.data[p]) < 1e-6));
    assert(residuals.every((share) => share < 1e-13), "float32 codes leave (2⁻²⁴)²");
  }
});

Deno.test("nonnegative pursuit has codes above 0 that are the best on their support", () => {
  for (const samples of [30, 10]) {
    const X = normal(samples, 12, 3), D = normalizeColumns(normal(12, 60, 4));
    const { codes, residuals } = omp(X, D, { k: 6, nonneg: true });
    assert(codes.data.every((value) => value > 0));
    for (let i = 0; i < X.rows; i++) {
      const range = [codes.indptr[i], codes.indptr[i + 1]] as const;
      const atoms = [...codes.indices.subarray(...range)].map((j) => columnOf(D, j));
      const z = leastSquares(atoms, rowOf(X, i));
      z.forEach((value, q) => assert(Math.abs(value - codes.data[range[0] + q]) < 1e-5));
      const r = residualOf(rowOf(X, i), atoms, z);
      assert(Math.abs(dot(r, r) / dot(rowOf(X, i), rowOf(X, i)) - residuals[i]) < 1e-10);
    }
  }
});

Deno.test("the tolerance is met with as few atoms as the pursuit needs for it", () => {
  const { X, D } = problem(80, 40);
  const { codes, residuals } = omp(X, D, { k: 30, tol: 0.05 });
  for (let i = 0; i < X.rows; i++) {
    const count = codes.indptr[i + 1] - codes.indptr[i];
    assert(residuals[i] <= 0.05);
    if (count > 1) assert(reference(rowOf(X, i), D, count - 1).share > 0.05, `sample ${i}`);
  }
});

Deno.test("a pursuit on degenerate input ends: zero samples, zero and repeated atoms, one atom, more atoms than dimensions", () => {
  const X = normal(9, 5, 6), D = zeros(5, 24);
  X.data.fill(0, 0, 5);
  const base = normal(5, 8, 7);
  for (let k = 0; k < 5; k++) {
    for (let j = 0; j < 8; j++) {
      D.data[k * 24 + j] = base.data[k * 8 + j];
      D.data[k * 24 + 8 + j] = -base.data[k * 8 + j];
    }
  }
  for (const nonneg of [true, false]) {
    const { codes, residuals } = omp(X, D, { k: 20, nonneg });
    assert.equal(codes.indptr[1], 0);
    assert.equal(residuals[0], 0);
    for (let i = 1; i < 9; i++) {
      assert(codes.indptr[i + 1] - codes.indptr[i] <= 5);
      // both signs of 8 atoms in general position span 5 dimensions
      if (!nonneg) assert(residuals[i] < 1e-9, `${residuals[i]}`);
    }
    assert.deepEqual(omp(X, zeros(5, 3), { k: 2, nonneg }).codes.data.length, 0);
    assert.deepEqual(omp(X, zeros(5, 0), { k: 2, nonneg }).codes.data.length, 0);
  }
  const one = omp(X, { rows: 5, cols: 1, data: columnOf(base, 0) }, { k: 3 });
  assert.equal(one.codes.data.length, 8);
});

Deno.test("pursuit and refit give the same bits on any number of threads", async () => {
  const { X, D } = problem(120, 250);
  const solve = () => ({
    pursuit: omp(X, D, { k: 6 }),
    fit: debias(X, D, omp(X, D, { k: 9 }).codes),
  });
  const alone = solve();
  using _threads = await startThreads(2);
  assert.deepEqual(solve(), alone);
});

Deno.test("codes refitted on their support are least squares, and with nonneg the best that are not negative", () => {
  const { X, D } = problem(100, 40);
  const { codes } = lasso(X, D, { lambda: 0.1, nonneg: true });
  const free = debias(X, D, codes);
  const expected = reestimateMagnitudes(X, D, toDense(codes), { nonneg: false });
  toDense(free.codes).data.forEach((value, p) => {
    // the reference has a ridge of 1e-8, over eigenvalues above 1e-3
    assert(Math.abs(value - expected.data[p]) < 1e-4, `${value} ≠ ${expected.data[p]}`);
  });
  // random supports, on which least squares has negative codes
  const state = new RandomState(8), marks = zeros(X.rows, D.cols);
  for (let i = 0; i < X.rows; i++) {
    for (const j of state.permutation(D.cols).slice(0, 15)) marks.data[i * D.cols + j] = 1;
  }
  const nonneg = toDense(debias(X, D, fromDense(marks), { nonneg: true }).codes);
  assert(nonneg.data.every((value) => value >= 0));
  for (let i = 0; i < X.rows; i++) {
    const support = [...rowOf(marks, i)].flatMap((mark, j) => mark ? [j] : []);
    const atoms = support.map((j) => columnOf(D, j)), z = support.map((j) => rowOf(nonneg, i)[j]);
    const r = residualOf(rowOf(X, i), atoms, z), size = Math.sqrt(dot(rowOf(X, i), rowOf(X, i)));
    // the conditions of non-negative least squares; float32 codes of about 1
    atoms.forEach((atom, q) => {
      const c = dot(atom, r);
      assert(z[q] > 0 ? Math.abs(c) < 1e-5 * size : c < 1e-5 * size, `sample ${i}: ${c}`);
    });
  }
});

Deno.test("nonnegative refitting is optimal on supports that are dependent", () => {
  const one = debias(fromRows([[2]]), fromRows([[-1, 1]]), fromDense(fromRows([[1, 3]])), {
    nonneg: true,
  });
  assert.deepEqual([...toDense(one.codes).data], [0, 2]);
  for (const [m, n] of [[1, 6], [3, 12], [8, 40], [12, 150], [20, 24], [60, 180]]) {
    const X = normal(25, m, 100 + m), D = normal(m, 2 * n, 200 + m), marks = zeros(25, 2 * n);
    // opposite atoms, repeated atoms and sums of two others
    for (let k = 0; k < m; k++) {
      const row = rowOf(D, k);
      for (let j = 0; j < n; j++) row[n + j] = [-row[j], row[j], row[j] + row[(j + 1) % n]][j % 3];
    }
    const state = new RandomState(m);
    marks.data.forEach((_, p) => marks.data[p] = state.random(1)[0] < 0.7 ? 1 : 0);
    const { codes, residuals } = debias(X, D, fromDense(marks), { nonneg: true });
    const dense = toDense(codes);
    assert(dense.data.every((value, p) => value >= 0 && (value === 0 || marks.data[p] === 1)));
    for (let i = 0; i < X.rows; i++) {
      const z = rowOf(dense, i), x = rowOf(X, i);
      const atoms = Array.from({ length: D.cols }, (_, j) => columnOf(D, j));
      const r = residualOf(x, atoms, [...z]), size = Math.sqrt(dot(x, x));
      assert(Math.abs(dot(r, r) / dot(x, x) - residuals[i]) < 1e-10);
      atoms.forEach((atom, j) => {
        if (rowOf(marks, i)[j] === 0) return;
        // the conditions of the optimum, as a cosine: codes of up to about 100 times x in float32
        const c = dot(atom, r) / size / Math.sqrt(dot(atom, atom));
        assert(z[j] > 0 ? Math.abs(c) < 1e-5 : c < 1e-5, `${m}×${2 * n}, sample ${i}: ${c}`);
      });
    }
  }
});

Deno.test("refitting passes over atoms that depend on others, and empty supports", () => {
  const base = normal(4, 3, 9), X = normal(3, 4, 10), D = zeros(4, 6);
  for (let k = 0; k < 4; k++) {
    for (let j = 0; j < 6; j++) D.data[k * 6 + j] = base.data[k * 3 + j % 3];
  }
  const marks = zeros(3, 6);
  marks.data.fill(1, 6);
  const { codes, residuals } = debias(X, D, fromDense(marks));
  assert.equal(codes.indptr[1], 0);
  assert.equal(residuals[0], 1);
  const single = debias(X, base, fromDense({ rows: 3, cols: 3, data: marks.data.slice(9) }));
  for (let i = 1; i < 3; i++) {
    assert.equal(codes.indptr[i + 1] - codes.indptr[i], 3);
    assert(Math.abs(residuals[i] - single.residuals[i]) < 1e-12);
  }
});

Deno.test("an atom depends on another one that leaves at most 1e-5 of its squared norm", () => {
  const X = fromRows([[1, 1]]);
  for (const [share, expected] of [[0.9e-5, 1], [1.1e-5, 2]]) {
    const D = fromRows([[1, Math.sqrt(1 - share)], [0, Math.sqrt(share)]]);
    assert.equal(omp(X, D, { k: 2 }).codes.data.length, expected);
    const ones = fromDense(fromRows([[1, 1]]));
    assert.equal(debias(X, D, ones).codes.data.length, expected);
  }
});

Deno.test("codes that overflow are refused with their row, and any number of atoms may be asked for", () => {
  const X = fromRows([[0], [1e38]]), D = fromRows([[1e-38]]);
  const overflow = /Cannot code X: values must stay finite in float32, got (NaN|Infinity) in row 1/;
  assert.throws(() => omp(X, D, { k: 1 }), overflow);
  assert.throws(() => debias(X, D, fromDense(fromRows([[0], [1]]))), overflow);
  for (const output of ["csr", "dense"] as const) {
    assert.throws(() => lasso(X, D, { lambda: 1e-5, output }), overflow);
  }
  for (const samples of [40, 20]) {
    const { X, D } = problem(80, samples);
    assert.deepEqual(omp(X, D, { k: 2 ** 30 }).codes, omp(X, D, { k: D.rows }).codes);
  }
});

Deno.test("wrong arguments of pursuit and refit are refused with the rule that they break", () => {
  const X = normal(3, 4, 11), D = normal(4, 5, 12), codes = fromDense(zeros(3, 5));
  for (
    const [options, message] of [
      [{}, /k must be a number/],
      [{ k: 0 }, /k must be an integer from 1/],
      [{ k: 2, tol: -1 }, /tol must be a finite number of at least 0/],
      [{ k: 2, output: "coo" }, /output must be "csr" or "dense", got "coo"/],
      [{ k: 2, onProgress: true }, /onProgress must be a function/],
    ] as const
  ) assert.throws(() => omp(X, D, options as never), message);
  assert.throws(() => omp(D, D, { k: 1 }), /X must have 4 columns/);
  assert.throws(() => debias(X, D, fromDense(zeros(2, 5))), /codes must have 3 rows/);
  assert.throws(() => debias(X, D, D as never), TypeError);
  assert.throws(() => debias(X, normal(3, 5, 1), codes), /D must have 4 rows/);
});
