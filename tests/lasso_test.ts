import assert from "node:assert/strict";
import { type CsrMatrix, fromDense, toDense } from "../lib/csr_matrix.ts";
import { generateDatasets } from "../lib/data.ts";
import {
  lasso,
  type LassoOptions,
  lassoPath,
  type LassoPathOptions,
  type LassoSolution,
} from "../lib/lasso.ts";
import { columnNorms, fromRows, type Matrix, normalizeColumns, zeros } from "../lib/matrix.ts";
import { RandomState } from "../lib/random.ts";
import { fista } from "../lib/sparse_coding.ts";
import { startThreads } from "../lib/threads.ts";
import { onPlainSimd } from "./plain_simd.ts";

function normal(rows: number, cols: number, seed: number): Matrix {
  return { rows, cols, data: new RandomState(seed).normal(0, 1, rows * cols) };
}

/** The paper's data with n latents, and a dictionary: the true one, a random one, or half of each. */
function problem(n: number, kind: "true" | "half" | "random", samples: number) {
  const { val, A } = generateDatasets({ seed: 3, numLatents: n, k: 10, nSamples: 2 * samples });
  const noise = normalizeColumns(normal(A.rows, A.cols, 4));
  const mixed = { ...A, data: A.data.map((value, p) => value + noise.data[p]) };
  return { X: val.Y, D: { true: A, half: normalizeColumns(mixed), random: noise }[kind] };
}

function signedCopies(X: Matrix): Matrix {
  return { ...X, data: X.data.map((value, p) => Math.floor(p / X.cols) % 2 ? -value : value) };
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
};

const rowOf = (M: Matrix, i: number) => M.data.subarray(i * M.cols, (i + 1) * M.cols);

const columnOf = (M: Matrix, j: number) =>
  Float64Array.from({ length: M.rows }, (_, i) => M.data[i * M.cols + j]);

interface Certificate {
  objective: number;
  /** Gap over ½‖x‖². */
  gap: number;
  /** How far the optimality conditions are from being met, over λ. */
  violation: number;
}

/** What plain float64 loops say of one sample's codes; `lambda` has a penalty per atom. */
function certify(
  x: ArrayLike<number>,
  atoms: readonly Float64Array[],
  z: ArrayLike<number>,
  lambda: readonly number[],
  nonneg: boolean,
): Certificate {
  const r = Float64Array.from(x);
  for (let j = 0; j < z.length; j++) {
    if (z[j] !== 0) { for (let k = 0; k < r.length; k++) r[k] -= z[j] * atoms[j][k]; }
  }
  let scale = 1, violation = 0, l1 = 0;
  for (let j = 0; j < z.length; j++) {
    const c = dot(atoms[j], r), pull = nonneg ? c : Math.abs(c);
    l1 += lambda[j] * Math.abs(z[j]);
    scale = Math.min(scale, pull > 0 ? lambda[j] / pull : 1);
    const wanted = z[j] === 0 ? Math.max(pull - lambda[j], 0) : c - Math.sign(z[j]) * lambda[j];
    violation = Math.max(violation, Math.abs(wanted) / lambda[j]);
    if (nonneg && z[j] < 0) violation = Infinity;
  }
  const rr = dot(r, r), half = dot(x, x) / 2;
  const gap = rr / 2 + l1 - scale * (dot(x, r) - scale * rr / 2);
  return { objective: rr / 2 + l1, gap: half > 0 ? Math.max(gap, 0) / half : 0, violation };
}

/** Checks every sample of a solution by `certify`, and returns what that said, with the solution's gaps. */
function checkSolution(
  X: Matrix,
  D: Matrix,
  { codes, gaps }: LassoSolution<CsrMatrix | Matrix>,
  { lambda, nonneg = false, tol = 1e-4, weights }: LassoOptions,
): Certificate[] {
  const Z = "indptr" in codes ? toDense(codes) : codes;
  assert.deepEqual([Z.rows, Z.cols], [X.rows, D.cols]);
  const atoms = Array.from({ length: D.cols }, (_, j) => columnOf(D, j));
  return Array.from({ length: X.rows }, (_, i) => {
    const penalty = typeof lambda === "number" ? lambda : lambda[i];
    const penalties = atoms.map((_, j) => penalty * (weights?.[j] ?? 1));
    const found = certify(rowOf(X, i), atoms, rowOf(Z, i), penalties, nonneg);
    // both in float64: sums of a few hundred terms of the size of ‖x‖²; a dual point from codes before
    // they are rounded gives a smaller gap
    assert(gaps[i] <= found.gap + 1e-13, `gap of sample ${i}: ${found.gap} < ${gaps[i]}`);
    assert(found.gap <= tol, `sample ${i} is above tol: ${found.gap}`);
    return { ...found, gap: gaps[i] };
  });
}

for (const nonneg of [true, false]) {
  const kind = nonneg ? "nonnegative" : "signed";

  Deno.test(`${kind} codes are certified, by gaps that plain float64 confirms, on every kind of dictionary`, () => {
    for (const dictionary of ["true", "half", "random"] as const) {
      for (const n of [100, 400]) {
        const { X: data, D } = problem(n, dictionary, 60), X = nonneg ? data : signedCopies(data);
        for (const lambda of [0.4, 0.1, 0.02]) {
          for (const tol of [1e-2, 1e-4, 1e-6]) {
            const options = { lambda, nonneg, tol };
            checkSolution(X, D, lasso(X, D, options), options);
          }
        }
      }
    }
  });

  Deno.test(`${kind} codes meet the optimality conditions as closely as float32 codes can`, () => {
    const { X: data, D } = problem(100, "half", 40), X = nonneg ? data : signedCopies(data);
    const options = { lambda: 0.1, nonneg, tol: 1e-7 };
    const found = checkSolution(X, D, lasso(X, D, options), options);
    // float32 codes of about 1 move correlations by 1e-7, which is 1e-6 of λ; ten times that
    for (const { violation } of found) assert(violation <= 1e-5, `violation ${violation}`);
  });

  Deno.test(`${kind} codes have the lowest objective of all supports and signs, tried one by one`, () => {
    const X = normal(12, 4, 1), D = normal(4, 6, 2), n = D.cols;
    for (const lambda of [0.05, 0.3, 1]) {
      const options = { lambda, nonneg, tol: 1e-6 };
      const found = checkSolution(X, D, lasso(X, D, options), options);
      for (let i = 0; i < X.rows; i++) {
        const least = bestOfAllSupports(rowOf(X, i), D, lambda, nonneg);
        const half = dot(rowOf(X, i), rowOf(X, i)) / 2;
        // the gap bounds how far the objective is above the least, and nothing is below that
        const excess = found[i].objective - least;
        assert(Math.abs(excess) <= found[i].gap * half + 1e-12, `${n} atoms: ${excess} above`);
      }
    }
  });

  Deno.test(`${kind} codes are those that 50,000 iterations of FISTA come to`, () => {
    const { X: data, D } = problem(50, "half", 12), X = nonneg ? data : signedCopies(data);
    const options = { lambda: 0.1, nonneg, tol: 1e-7 };
    const { codes } = lasso(X, D, { ...options, output: "dense" });
    const reference = fista(X, D, { lambda: 0.1, nonneg, nIter: 50_000 });
    codes.data.forEach((value, p) => {
      // FISTA's float32 gradients of about 1e-7 over the least eigenvalue of a support, above 1e-3
      assert(Math.abs(value - reference.data[p]) < 1e-4, `${value} ≠ ${reference.data[p]} at ${p}`);
    });
  });
}

/** The least objective over all supports (and signs), each solved by Gaussian elimination. */
function bestOfAllSupports(x: ArrayLike<number>, D: Matrix, lambda: number, nonneg: boolean) {
  const atoms = Array.from({ length: D.cols }, (_, j) => columnOf(D, j));
  let least = dot(x, x) / 2;
  const signs = nonneg ? [1] : [1, -1];
  const extend = (support: { j: number; sign: number }[], from: number) => {
    for (let j = from; j < D.cols && support.length < D.rows; j++) {
      for (const sign of signs) {
        const next = [...support, { j, sign }];
        const A = next.map((a) => [
          ...next.map((b) => dot(atoms[a.j], atoms[b.j])),
          dot(atoms[a.j], x) - lambda * a.sign,
        ]);
        const solution = eliminate(A);
        if (solution.every((value, q) => value * next[q].sign >= 0)) {
          const z = new Float64Array(D.cols);
          next.forEach((a, q) => z[a.j] = solution[q]);
          const penalties = atoms.map(() => lambda);
          least = Math.min(least, certify(x, atoms, z, penalties, nonneg).objective);
        }
        extend(next, j + 1);
      }
    }
  };
  extend([], 0);
  return least;
}

/** Solves a system given with its right side as the last column. */
function eliminate(A: number[][]): number[] {
  const n = A.length;
  for (let i = 0; i < n; i++) {
    let pivot = i;
    for (let k = i + 1; k < n; k++) if (Math.abs(A[k][i]) > Math.abs(A[pivot][i])) pivot = k;
    [A[i], A[pivot]] = [A[pivot], A[i]];
    for (let k = 0; k < n; k++) {
      if (k === i) continue;
      const factor = A[k][i] / A[i][i];
      for (let j = i; j <= n; j++) A[k][j] -= factor * A[i][j];
    }
  }
  return A.map((row, i) => row[n] / row[i]);
}

Deno.test("shapes at the edge: one atom, one dimension, one sample, none, more dimensions than atoms", () => {
  for (
    const [rows, m, n] of [[3, 4, 1], [3, 1, 5], [1, 9, 17], [0, 4, 3], [30, 40, 7], [5, 3, 0]]
  ) {
    const X = normal(rows, m, 5), D = normal(m, n, 6);
    for (const nonneg of [true, false]) {
      const options = { lambda: 0.2, nonneg };
      const solution = lasso(X, D, options);
      checkSolution(X, D, solution, options);
      assert.equal(solution.codes.indptr.length, rows + 1);
    }
  }
});

Deno.test("the solution of one atom is the soft threshold", () => {
  const { codes } = lasso(fromRows([[3], [0.25], [-2]]), fromRows([[2]]), { lambda: 1, tol: 0 });
  // (d·x − λ)/‖d‖² where |d·x| > λ
  assert.deepEqual([...toDense(codes).data], [1.25, 0, -0.75]);
});

Deno.test("samples of zeros, and penalties that no correlation reaches, give no codes and no gap", () => {
  const D = normal(8, 20, 7), X = normal(6, 8, 8);
  X.data.fill(0, 0, 16);
  const loud = Math.max(
    ...Array.from(
      { length: 6 },
      (_, i) =>
        Math.max(
          ...Array.from({ length: 20 }, (_, j) => Math.abs(dot(columnOf(D, j), rowOf(X, i)))),
        ),
    ),
  );
  const { codes, gaps, passes } = lasso(X, D, { lambda: loud });
  assert.equal(codes.data.length, 0);
  assert.deepEqual([...gaps], [0, 0, 0, 0, 0, 0]);
  assert.deepEqual([...passes], [1, 1, 1, 1, 1, 1]);
  const { codes: some } = lasso(X, D, { lambda: 0.9 * loud });
  assert.equal(some.data.length, 1, "just below it, one code is needed");
});

Deno.test("repeated atoms, zero atoms and dictionaries of zeros are no trouble", () => {
  const { X, D } = problem(60, "true", 20);
  const twice = zeros(D.rows, 3 * D.cols + 1);
  // each atom three times, once as it is, once negative, and a zero atom at the end
  for (let k = 0; k < D.rows; k++) {
    for (let j = 0; j < D.cols; j++) {
      for (const [copy, sign] of [[0, 1], [1, 1], [2, -1]]) {
        twice.data[k * twice.cols + copy * D.cols + j] = sign * D.data[k * D.cols + j];
      }
    }
  }
  for (const nonneg of [true, false]) {
    const options = { lambda: 0.05, nonneg, tol: 1e-6 };
    const single = checkSolution(X, D, lasso(X, D, { ...options, nonneg: false }), {
      ...options,
      nonneg: false,
    });
    const found = checkSolution(X, twice, lasso(X, twice, options), options);
    found.forEach(({ objective }, i) => {
      const half = dot(rowOf(X, i), rowOf(X, i)) / 2;
      // with an atom's negative, signed and nonnegative codes are the same problem
      assert(Math.abs(objective - single[i].objective) <= 2e-6 * half, `sample ${i}`);
    });
  }
  const nothing = zeros(D.rows, 9);
  checkSolution(X, nothing, lasso(X, nothing, { lambda: 0.1 }), { lambda: 0.1 });
});

Deno.test("hundreds of equal correlations are taken as they come", () => {
  const D = zeros(4, 600);
  for (let j = 0; j < 600; j++) D.data[(j % 4) * 600 + j] = 1;
  const options = { lambda: 0.1, nonneg: true, tol: 1e-6 };
  const X = fromRows([[1, 1, 1, 1], [3, 2, 1, 0.05]]);
  const { codes } = lasso(X, D, options);
  checkSolution(X, D, { codes, gaps: lasso(X, D, options).gaps, passes: Int32Array.of() }, options);
  assert.equal(codes.data.length, 7);
});

Deno.test("supports as large as the space, of nearly collinear atoms, are solved in float64", () => {
  // all atoms within 1e-3 of one direction: the Gram matrix of a support has a condition beyond float32
  const m = 12, n = 40, D = normal(m, n, 9);
  for (let p = 0; p < D.data.length; p++) D.data[p] = 1 + 1e-3 * D.data[p];
  const X = zeros(20, m), draw = new RandomState(10);
  for (let i = 0; i < X.rows; i++) {
    const z = draw.uniform(0, 1, n);
    for (let k = 0; k < m; k++) X.data[i * m + k] = dot(z, D.data.subarray(k * n, (k + 1) * n));
  }
  for (const lambda of [1e-2, 1e-5, 1e-7]) {
    for (const nonneg of [true, false]) {
      const options = { lambda, nonneg, tol: 1e-6 };
      checkSolution(X, D, lasso(X, D, options), options);
    }
  }
  // a random dictionary with hardly any penalty: supports of all m atoms
  const wide = problem(100, "random", 40);
  const options = { lambda: 1e-4, nonneg: false, tol: 1e-6 };
  const solution = lasso(wide.X, wide.D, options);
  checkSolution(wide.X, wide.D, solution, options);
  assert(solution.codes.data.length > 0.95 * 40 * wide.D.rows, "supports are not that large");
});

Deno.test("rounding the codes to float32 does not hide that they are optimal", () => {
  for (
    const [m, n, lambda, tol] of [[13, 37, 0.5, 1e-8], [40, 8, 1e-5, 1e-4], [40, 8, 1e-5, 1e-9]]
  ) {
    const X = normal(50, m, 61), D = normal(m, n, 62);
    const { codes, gaps } = lasso(X, D, { lambda, tol });
    const dense = toDense(codes);
    for (let i = 0; i < X.rows; i++) {
      assert(gaps[i] <= tol, `${m}×${n}, sample ${i}: ${gaps[i]}`);
      // the gap covers what the codes lack of the optimum on their support, in float64
      const x = rowOf(X, i), z = rowOf(dense, i), support = [...z.keys()].filter((j) => z[j] !== 0);
      const atoms = support.map((j) => columnOf(D, j));
      const best = eliminate(
        atoms.map((a, q) => [
          ...atoms.map((b) => dot(a, b)),
          dot(a, x) - lambda * Math.sign(z[support[q]]),
        ]),
      );
      const objective = (values: readonly number[]) => {
        const r = Float64Array.from(x);
        atoms.forEach((atom, q) => atom.forEach((value, k) => r[k] -= values[q] * value));
        return dot(r, r) / 2 + lambda * values.reduce((sum, value) => sum + Math.abs(value), 0);
      };
      const lack = (objective(support.map((j) => z[j])) - objective(best)) / (dot(x, x) / 2);
      // sums of about a hundred products in float64
      assert(lack <= gaps[i] + 1e-14, `${m}×${n}, sample ${i}: ${lack} > ${gaps[i]}`);
    }
  }
});

Deno.test("units do not matter: data, dictionary and penalty of any size", () => {
  const { X, D } = problem(60, "half", 10);
  for (const [x, d] of [[1e-12, 1], [1e12, 1], [1, 1e-15], [1, 1e15], [1e8, 1e-8]]) {
    const [scaledX, scaledD] = [[X, x], [D, d]] as [Matrix, number][];
    const [Xs, Ds] = [scaledX, scaledD].map(([M, s]) => ({ ...M, data: M.data.map((v) => v * s) }));
    const options = { lambda: 0.1 * x * d, nonneg: true, tol: 1e-5 };
    checkSolution(Xs, Ds, lasso(Xs, Ds, options), options);
  }
});

Deno.test("weights of atoms and penalties of samples are those of the problem written out", () => {
  const { X, D } = problem(80, "half", 30), state = new RandomState(11);
  const weights = state.uniform(0.2, 5, D.cols), lambda = state.uniform(0.02, 0.4, X.rows);
  for (const nonneg of [true, false]) {
    const options = { lambda, weights, nonneg, tol: 1e-6 };
    checkSolution(X, D, lasso(X, D, options), options);
  }
  // one penalty for all is the same as that penalty for each, to the bit
  const each = lasso(X, D, { lambda: new Float64Array(X.rows).fill(0.1) });
  assert.deepEqual(each, lasso(X, D, { lambda: 0.1 }));
  const ones = lasso(X, D, { lambda: 0.1, weights: new Array(D.cols).fill(1) });
  assert.deepEqual(ones, each);
});

Deno.test("a start from codes of a dictionary nearby needs fewer passes for the same optimum", () => {
  const { X, D } = problem(400, "half", 60);
  const other = normalizeColumns({
    ...D,
    data: D.data.map((v, p) => v + 0.02 * Math.sin(7 * p)),
  });
  for (const nonneg of [true, false]) {
    const options = { lambda: 0.1, nonneg };
    const before = lasso(X, other, options);
    const cold = lasso(X, D, options), warm = lasso(X, D, { ...options, warm: before.codes });
    checkSolution(X, D, warm, options);
    const sum = (counts: Int32Array) => counts.reduce((a, b) => a + b, 0);
    assert(sum(warm.passes) < 0.8 * sum(cold.passes), "the start saves passes");
  }
  // from nonsense: negative codes, more of them than a support can hold, repeated atoms' worth of them
  const nonsense = fromDense(normal(X.rows, D.cols, 12));
  for (const nonneg of [true, false]) {
    const options = { lambda: 0.1, nonneg };
    checkSolution(X, D, lasso(X, D, { ...options, warm: nonsense }), options);
  }
  const exact = lasso(X, D, { lambda: 0.1, tol: 1e-6 });
  const again = lasso(X, D, { lambda: 0.1, tol: 1e-6, warm: exact.codes });
  assert.deepEqual([...new Set(again.passes)], [1], "from the solution, one pass confirms it");
});

Deno.test("a path's solutions are certified, and about one pass each", () => {
  const { X, D } = problem(400, "true", 60);
  const lambdas = Array.from({ length: 10 }, (_, t) => 0.4 * 0.7 ** t);
  for (const nonneg of [true, false]) {
    const path = lassoPath(X, D, { lambdas, nonneg, tol: 1e-5 });
    assert.equal(path.length, 10);
    path.forEach((solution, t) => {
      const options = { lambda: lambdas[t], nonneg, tol: 1e-5 };
      checkSolution(X, D, solution, options);
    });
    const passes = path.reduce((sum, s) => sum + s.passes.reduce((a, b) => a + b, 0), 0);
    assert(passes < 2 * X.rows * lambdas.length, `${passes} passes`);
  }
  assert.deepEqual(lassoPath(X, D, { lambdas: [] }), []);
  // dense output, and a single penalty, agree with `lasso` to the bit
  const [single] = lassoPath(X, D, { lambdas: [0.1], output: "dense" });
  assert.deepEqual(single, lasso(X, D, { lambda: 0.1, output: "dense" }));
});

Deno.test("a sample's codes depend neither on its neighbours nor on the number of threads", async () => {
  const { X, D } = problem(120, "half", 260);
  const warm = lasso(X, D, { lambda: 0.2 }).codes;
  const solve = () => ({
    cold: lasso(X, D, { lambda: 0.05, tol: 1e-6 }),
    warm: lasso(X, D, { lambda: 0.05, nonneg: true, warm }),
    path: lassoPath(X, D, { lambdas: [0.3, 0.1, 0.05] }),
  });
  const alone = solve();
  for (const count of [2, 3]) {
    using _threads = await startThreads(count);
    assert.deepEqual(solve(), alone);
  }
  const dense = toDense(alone.cold.codes);
  for (const [start, end] of [[0, 1], [17, 18], [100, 131]]) {
    const part = {
      rows: end - start,
      cols: X.cols,
      data: X.data.slice(start * X.cols, end * X.cols),
    };
    const { codes, gaps } = lasso(part, D, { lambda: 0.05, tol: 1e-6, output: "dense" });
    assert.deepEqual(codes.data, dense.data.slice(start * D.cols, end * D.cols));
    assert.deepEqual(gaps, alone.cold.gaps.slice(start, end));
  }
});

Deno.test("without relaxed SIMD the codes are certified too", async () => {
  const { X, D } = problem(100, "half", 40);
  const options = { lambda: 0.05, nonneg: true, tol: 1e-5 };
  const solution = await onPlainSimd<LassoSolution>("lasso.ts", "lasso", X, D, options);
  checkSolution(X, D, solution, options);
});

Deno.test("a sample that may not be finished is reported by its gap", () => {
  const { X, D } = problem(100, "random", 20);
  const { gaps, passes, codes } = lasso(X, D, { lambda: 0.02, tol: 1e-6, maxRounds: 1 });
  assert.deepEqual([...new Set(passes)], [1]);
  assert.equal(codes.data.length, 0, "one pass only tells that zero codes are not optimal");
  assert(gaps.every((gap) => gap > 0.01));
  const two = lasso(X, D, { lambda: 0.02, tol: 1e-6, maxRounds: 2 });
  assert(two.gaps.some((gap) => gap > 1e-6) && two.gaps.every((gap, i) => gap < gaps[i]));
});

Deno.test("float32 and float64 input, and norms other than 1, are taken as they are", () => {
  const { X, D } = problem(80, "half", 20);
  const D32 = { ...D, data: Float32Array.from(D.data, (v, p) => v * (1 + p % D.cols)) };
  assert(columnNorms(D32)[79] > 79);
  const X32 = { ...X, data: Float32Array.from(X.data) };
  // float32 codes of atoms with norms up to 80 move correlations by 80·2⁻²⁴, 5e-5 of λ
  const options = { lambda: 0.1, nonneg: true, tol: 1e-5 };
  checkSolution(X32, D32, lasso(X32, D32, options), options);
});

Deno.test("progress is told, and work ends when it is to", () => {
  const { X, D } = problem(100, "true", 1200);
  const seen: [number, number][] = [];
  lasso(X, D, { lambda: 0.1, onProgress: (done, total) => seen.push([done, total]) });
  assert(seen.length > 1);
  assert.deepEqual(seen.at(-1), [1200, 1200]);
  assert(seen.every(([done], i) => i === 0 || done > seen[i - 1][0]));
  const controller = new AbortController();
  let calls = 0;
  assert.throws(() =>
    lasso(X, D, {
      lambda: 0.1,
      signal: controller.signal,
      onProgress: () => {
        calls++;
        controller.abort(new Error("enough"));
      },
    }), /enough/);
  assert.equal(calls, 1);
  assert.throws(
    () => lasso(X, D, { lambda: 0.1, signal: AbortSignal.abort(new Error("never")) }),
    /never/,
  );
  const some = new AbortController();
  const { codes, gaps } = lasso(X, D, {
    lambda: 0.1,
    nonneg: true,
    signal: some.signal,
    partial: true,
    onProgress: () => some.abort(),
  });
  const reached = gaps.findIndex((gap) => gap === Infinity);
  assert(reached > 0 && gaps.subarray(reached).every((gap) => gap === Infinity));
  const whole = lasso(X, D, { lambda: 0.1, nonneg: true }).codes;
  assert.deepEqual(codes.data, whole.data.slice(0, whole.indptr[reached]));
  assert.equal(toDense(codes).rows, 1200);
  // nothing is left open
  checkSolution(X, D, lasso(X, D, { lambda: 0.3 }), { lambda: 0.3 });
});

Deno.test("wrong arguments are refused with the rule that they break", () => {
  const X = normal(3, 4, 13), D = normal(4, 5, 14);
  const wrong: [Record<string, unknown>, ErrorConstructor, RegExp][] = [
    [{ lambda: 0 }, RangeError, /lambda must be a finite number above 0, got 0/],
    [{ lambda: "1" }, TypeError, /lambda must be a number, got string/],
    [{ lambda: [1, 2] }, RangeError, /lambda must have one value per sample, 3, got 2/],
    [{ lambda: [1, 2, -1] }, RangeError, /lambda\[2\] must be a finite number above 0/],
    [{ weights: [1] }, RangeError, /weights must have one value per atom, 5, got 1/],
    [{ weights: 3 }, TypeError, /weights must be an array of numbers/],
    [{ tol: -1 }, RangeError, /tol must be a finite number of at least 0/],
    [{ maxRounds: 0 }, RangeError, /maxRounds must be an integer/],
    [{ output: "sparse" }, RangeError, /output must be "csr" or "dense", got "sparse"/],
    [{ warm: normal(3, 5, 1) }, TypeError, /warm must be a sparse matrix/],
    [{ warm: fromDense(normal(2, 5, 1)) }, RangeError, /warm must have 3 rows, got 2/],
    [{ onProgress: 1 }, TypeError, /onProgress must be a function/],
    [{ nonNeg: true }, TypeError, /nonneg/],
    [{ signal: {} }, TypeError, /signal must be a AbortSignal/],
  ];
  for (const [options, name, message] of wrong) {
    const all = { lambda: 0.1, ...options } as LassoOptions & { output: "csr" };
    assert.throws(() => lasso(X, D, all), (error: Error) => {
      assert(error instanceof name && message.test(error.message), String(error));
      return true;
    });
  }
  assert.throws(() => lasso(normal(3, 3, 1), D, { lambda: 1 }), /X must have 4 columns/);
  for (const lambdas of [[0.1, 0.2], [0.1, 0.1]]) {
    assert.throws(() => lassoPath(X, D, { lambdas }), /lambdas must descend/);
  }
  assert.throws(() => lassoPath(X, D, {} as LassoPathOptions & { output: "csr" }), TypeError);
});
