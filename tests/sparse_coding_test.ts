import assert from "node:assert/strict";
import { fromDense } from "../lib/csr_matrix.ts";
import { generateDatasets } from "../lib/data.ts";
import { lassoGap } from "../lib/lasso_gap.ts";
import { lipschitz } from "../lib/linalg.ts";
import {
  fromRows,
  type Matrix,
  type Matrix32,
  normalizeColumns,
  toFloat64,
  zeros,
  zeros32,
} from "../lib/matrix.ts";
import { RandomState } from "../lib/random.ts";
import { meanL0, meanSquaredError } from "../lib/reconstruction.ts";
import {
  fista,
  fistaCheckpoints,
  fistaLambdas,
  type FistaOptions,
  ista,
  solveFista,
} from "../lib/sparse_coding.ts";
import { assertClose, goldenCase, goldenCases, toMatrix } from "./golden.ts";
import { onPlainSimd } from "./plain_simd.ts";

const shared = goldenCase("sparse_coding", "shared").expected;
const [goldenD, goldenX] = [toMatrix(shared.D), toMatrix(shared.X_iid)];

function rowsOf(M: Matrix, start: number, end: number): Matrix {
  return { rows: end - start, cols: M.cols, data: M.data.slice(start * M.cols, end * M.cols) };
}

/** Sparse observations of a dictionary, both in float32; the data is signed unless `nonneg`. */
function problem(
  { n, m, samples, seed = 1, nonneg = true }: {
    n: number;
    m: number;
    samples: number;
    seed?: number;
    nonneg?: boolean;
  },
): { X: Matrix32; D: Matrix32 } {
  const state = new RandomState(seed);
  const D = normalizeColumns({
    rows: m,
    cols: n,
    data: Float32Array.from(state.normal(0, 1, m * n)),
  });
  const X = zeros32(samples, m);
  for (let s = 0; s < samples; s++) {
    for (let active = 0; active < 5; active++) {
      const j = Math.floor(n * state.random(1)[0]);
      const [code] = state.uniform(nonneg ? 0 : -1, 1, 1);
      for (let k = 0; k < m; k++) X.data[s * m + k] += code * D.data[k * n + j];
    }
  }
  return { X, D };
}

/** The textbook iteration in float64: dense, sample by sample. */
function reference(
  X: Matrix,
  D: Matrix,
  { lambda, nIter = 100, nonneg = false, zInit, accelerated }: FistaOptions & {
    accelerated: boolean;
  },
): Float64Array {
  const { rows: m, cols: n } = D, L = lipschitz(D);
  const Z = zInit ? Float64Array.from(zInit.data) : new Float64Array(X.rows * n);
  for (let s = 0; s < X.rows; s++) {
    const z = Z.subarray(s * n, (s + 1) * n), y = z.slice();
    let t = 1;
    for (let i = 0; i < nIter; i++) {
      const r = Array.from({ length: m }, (_, k) => {
        let sum = -X.data[s * m + k];
        for (let j = 0; j < n; j++) sum += D.data[k * n + j] * y[j];
        return sum;
      });
      const next = (1 + Math.sqrt(1 + 4 * t * t)) / 2, momentum = accelerated ? (t - 1) / next : 0;
      t = next;
      for (let j = 0; j < n; j++) {
        let g = 0;
        for (let k = 0; k < m; k++) g += D.data[k * n + j] * r[k];
        const u = y[j] - g / L;
        let value = Math.sign(u) * Math.max(Math.abs(u) - lambda / L, 0);
        if (nonneg) value = Math.max(value, 0);
        y[j] = value + momentum * (value - z[j]);
        z[j] = value;
      }
    }
  }
  return Z;
}

Deno.test("ista and fista give the golden codes, cold and warm, from 1 to 100 iterations", () => {
  const zInit = toMatrix(goldenCase("sparse_coding", "z_init").expected.z_init);
  const cases = goldenCases("sparse_coding").filter((c) => c.name.startsWith("codes_"));
  assert.equal(cases.length, 17);
  for (const { name, inputs, expected, tol } of cases) {
    const X = rowsOf(goldenX, 0, 8);
    const options = {
      lambda: inputs.lam,
      nIter: inputs.n_iter,
      ...(inputs.step ? { step: inputs.step } : {}),
      ...(inputs.z_init ? { zInit } : {}),
    };
    const results: Record<string, Matrix> = {
      ista: ista(X, goldenD, options),
      fista: fista(X, goldenD, options),
      fista_nonneg: fista(X, goldenD, { ...options, nonneg: true }),
    };
    for (const method of Object.keys(expected)) {
      assertClose(results[method].data, expected[method].data, tol[method], `${name} ${method}`);
    }
  }
});

Deno.test("one step of ista from zero with a unit dictionary is the golden soft threshold", () => {
  const { inputs, expected, tol } = goldenCase("sparse_coding", "soft_threshold");
  const { data } = toMatrix({ ...inputs.x, shape: [inputs.x.data.length, 1] });
  const options = { lambda: inputs.scalar_threshold, nIter: 1 };
  const Z = ista({ rows: data.length, cols: 1, data }, fromRows([[1]]), options);
  assertClose(Z.data, expected.scalar.data, tol.scalar, "scalar threshold");
});

Deno.test("with the known dictionary fista and ista give the golden codes of both splits", () => {
  for (
    const [name, solver] of [["known_dictionary_fista", fista], [
      "known_dictionary_ista",
      ista,
    ]] as const
  ) {
    const { inputs, expected, tol } = goldenCase("sparse_coding", name);
    const options: FistaOptions = {
      lambda: inputs.lam,
      nIter: inputs.n_iter,
      ...(solver === fista && { nonneg: true }),
    };
    for (const split of ["iid", "ood"]) {
      const Z = solver(toMatrix(shared[`X_${split}`]), goldenD, options);
      assertClose(
        Z.data,
        expected[`codes_${split}`].data,
        tol[`codes_${split}`],
        `${name} ${split}`,
      );
      const [entry] = expected.history;
      const found = {
        mse: meanSquaredError(toMatrix(shared[`X_${split}`]), Z, goldenD),
        l0: meanL0(Z),
      };
      for (const key of ["mse", "l0"] as const) {
        const id = `${key}_${split}`;
        assertClose(found[key], entry[id], tol[`history.${id}`], `${name} ${id}`);
      }
    }
  }
});

// Few atoms, the Gram form, several blocks of samples, more atoms than the Gram form takes, fewer
// atoms than dimensions, strips of every width; two groups of samples, whose codes use so many atoms that they
// go through these together, in more than ten parts
const SHAPES = [
  { n: 5, m: 3, samples: 7 },
  { n: 20, m: 30, samples: 9 },
  { n: 100, m: 47, samples: 300 },
  { n: 333, m: 19, samples: 20 },
  { n: 1100, m: 25, samples: 5 },
  { n: 2500, m: 40, samples: 20 },
];

for (const shape of SHAPES) {
  Deno.test(`ista and fista agree with the textbook iteration in float64, ${shape.m}×${shape.n}`, async () => {
    const { X, D } = problem({ ...shape, nonneg: false });
    const few = rowsOf(X, 0, Math.min(X.rows, 6));
    const zInit = {
      rows: few.rows,
      cols: D.cols,
      data: new RandomState(2).normal(0, 0.1, few.rows * D.cols),
    };
    for (const nIter of [3, 60]) {
      for (const options of [{ lambda: 0.1, nIter }, { lambda: 0.03, nIter, zInit }]) {
        for (const [accelerated, nonneg] of [[false, false], [true, false], [true, true]]) {
          const expected = reference(few, D, { ...options, nonneg, accelerated });
          const solver = accelerated ? fista : ista;
          // FISTA amplifies float32 rounding where atoms are coherent: on 25×1100 a plain float32 loop
          // differs by 7e-5, this one by as much, and by 2e-5 on 19×333
          const tolerance = D.cols > 3 * D.rows ? 2e-4 : 1e-5;
          const own = { ...options, ...(accelerated && { nonneg }) };
          const what = `${solver.name} nIter ${nIter} nonneg ${nonneg}`;
          assertClose(
            solver(few, D, own).data,
            expected,
            tolerance,
            what,
          );
          const plain = await onPlainSimd<Matrix>("sparse_coding.ts", solver.name, few, D, own);
          assertClose(plain.data, expected, tolerance, `${what} on plain SIMD`);
        }
      }
    }
  });
}

Deno.test("any number of codes that can change is iterated as the textbook does, also from a warm start", async () => {
  const { X, D } = problem({ n: 220, m: 190, samples: 4, seed: 3 });
  for (const lambda of [0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005]) {
    const options = {
      lambda,
      nonneg: true,
      zInit: fista(X, D, { lambda: 1.1 * lambda, nonneg: true }),
    };
    const expected = reference(X, D, { ...options, accelerated: true });
    // as above
    assertClose(fista(X, D, options).data, expected, 1e-5, `λ = ${lambda}`);
    const plain = await onPlainSimd<Matrix>("sparse_coding.ts", "fista", X, D, options);
    assertClose(plain.data, expected, 1e-5, `λ = ${lambda} on plain SIMD`);
  }
});

Deno.test("a sample's codes are the same to the bit whatever samples stand around it", () => {
  for (const shape of SHAPES) {
    const { X, D } = problem(shape);
    const options = { lambda: 0.05, nonneg: true };
    const whole = fista(X, D, options);
    for (const [start, end] of [[0, 1], [X.rows - 1, X.rows], [1, 4], [2, X.rows]]) {
      assert.deepEqual(
        fista(rowsOf(X, start, end), D, options).data,
        rowsOf(whole, start, end).data,
      );
    }
  }
});

/** Fails unless every sample satisfies the optimality conditions of the Lasso within `tol`. */
function assertOptimal(
  X: Matrix,
  D: Matrix,
  Z: Matrix,
  lambda: number,
  nonneg: boolean,
  tol: number,
): void {
  const { rows: m, cols: n } = D;
  for (let s = 0; s < X.rows; s++) {
    const z = Z.data.subarray(s * n, (s + 1) * n);
    const r = Float64Array.from({ length: m }, (_, k) => {
      let sum = X.data[s * m + k];
      for (let j = 0; j < n; j++) sum -= D.data[k * n + j] * z[j];
      return sum;
    });
    for (let j = 0; j < n; j++) {
      let correlation = 0;
      for (let k = 0; k < m; k++) correlation += D.data[k * n + j] * r[k];
      const violation = z[j] !== 0
        ? Math.abs(correlation - lambda * Math.sign(z[j]))
        : Math.max((nonneg ? correlation : Math.abs(correlation)) - lambda, 0);
      assert(violation <= tol, `sample ${s}, atom ${j}: off by ${violation}`);
      assert(!nonneg || z[j] >= 0);
    }
  }
}

Deno.test("at convergence the codes satisfy the optimality conditions of the Lasso", () => {
  for (const shape of SHAPES.slice(0, 4)) {
    const { X, D } = problem({ ...shape, samples: 10, nonneg: false });
    for (const nonneg of [false, true]) {
      const options = { lambda: 0.1, nIter: 5000, nonneg };
      const Z = fista(X, D, options);
      // float32 rounding of a correlation: about m roundings of 6e-8
      assertOptimal(X, D, Z, 0.1, nonneg, 5e-6);
    }
    assertOptimal(X, D, ista(X, D, { lambda: 0.1, nIter: 20_000 }), 0.1, false, 5e-6);
  }
});

Deno.test("permuting the atoms permutes the codes", () => {
  const { X, D } = problem({ n: 100, m: 47, samples: 30 });
  const order = new RandomState(4).permutation(D.cols);
  const permuted = zeros32(D.rows, D.cols);
  for (let k = 0; k < D.rows; k++) {
    order.forEach((from, to) => permuted.data[k * D.cols + to] = D.data[k * D.cols + from]);
  }
  const Z = fista(X, D, { lambda: 0.1 }), P = fista(X, permuted, { lambda: 0.1 });
  const back = zeros32(Z.rows, Z.cols);
  for (let s = 0; s < Z.rows; s++) {
    order.forEach((from, to) => back.data[s * Z.cols + from] = P.data[s * Z.cols + to]);
  }
  // sums in another order, over 100 float32 iterations
  assertClose(back.data, Z.data, 1e-5, "codes");
});

Deno.test("ista continues from zInit as if it had never stopped", () => {
  const { X, D } = problem({ n: 100, m: 47, samples: 30 });
  const whole = ista(X, D, { lambda: 0.1, nIter: 50 });
  const half = ista(X, D, { lambda: 0.1, nIter: 20 });
  const rest = ista(X, D, { lambda: 0.1, nIter: 30, zInit: half });
  // the restart evaluates a gradient in another order
  assertClose(rest.data, whole.data, 2e-6, "codes");
});

Deno.test("a sample at a fixed point of float32 stops: ten million iterations end", () => {
  const identity = fromRows([[1, 0, 0], [0, 1, 0], [0, 0, 1]]);
  const Z = fista(fromRows([[2, -0.25, -3]]), identity, { lambda: 0.5, nIter: 10_000_000 });
  assert.deepEqual([...Z.data], [1.5, 0, -2.5]);
});

Deno.test("with tol every sample's gap is at most tol times its objective at zero", () => {
  for (const shape of SHAPES) {
    const { X, D } = problem(shape);
    for (const nonneg of [false, true]) {
      for (const tol of [1e-2, 1e-4]) {
        const options = { lambda: 0.1, nonneg };
        const Z = fista(X, D, { ...options, tol, nIter: 100_000 });
        const gaps = lassoGap(X, D, Z, options);
        const objectives = lassoGap(X, D, zeros(X.rows, D.cols), { ...options, lambda: 1e9 });
        gaps.forEach((gap, s) => {
          let square = 0;
          for (let k = 0; k < D.rows; k++) square += X.data[s * D.rows + k] ** 2;
          assert(gap <= tol * square / 2, `sample ${s}: gap ${gap} of ${square / 2}`);
        });
        assert(objectives.every((gap) => gap === 0), "zero is optimal for a huge penalty");
      }
    }
  }
});

Deno.test("tol stops earlier than the full count, and never later", () => {
  const { X, D } = problem({ n: 100, m: 47, samples: 20 });
  const loose = fista(X, D, { lambda: 0.1, tol: 0.5, nIter: 1000 });
  assert.deepEqual(loose, fista(X, D, { lambda: 0.1, nIter: 10 }));
  const capped = fista(X, D, { lambda: 0.1, tol: 1e-12, nIter: 37 });
  const counted = fista(X, D, { lambda: 0.1, nIter: 37 });
  assertClose(capped.data, counted.data, 1e-5, "capped");
});

Deno.test("solveFista tells each sample's gap and iterations, and whether tol was met", () => {
  const { X, D } = problem({ n: 100, m: 47, samples: 300, nonneg: false });
  // a sample of zeros meets any tolerance at once
  X.data.fill(0, 0, 47);
  for (const momentum of [true, false]) {
    for (const nonneg of momentum ? [false, true] : [false]) {
      const options = { lambda: 0.1, tol: 1e-3, nIter: 40 };
      const { codes, gaps, iterations } = solveFista(X, D, { ...options, nonneg, momentum });
      const plain = momentum ? fista(X, D, { ...options, nonneg }) : ista(X, D, options);
      assert.deepEqual(codes, plain);
      lassoGap(X, D, codes, { lambda: 0.1, nonneg }).forEach((gap, s) => {
        const half = X.data.subarray(47 * s, 47 * (s + 1)).reduce((sum, x) => sum + x * x / 2, 0);
        // ½‖x‖² is summed in another order
        assertClose(gaps[s], gap === 0 ? 0 : gap / half, 1e-12, `sample ${s}`);
        assert([10, 15, 23, 35, 40].includes(iterations[s]), `${iterations[s]}`);
        if (gaps[s] > options.tol) assert.equal(iterations[s], 40);
      });
      assert.deepEqual([gaps[0], iterations[0]], [0, 10]);
      // else nothing above has been tried
      assert(gaps.some((gap) => gap > options.tol) && iterations.some((count) => count < 40));
    }
  }
  const { codes, gaps, iterations } = solveFista(X, D, { lambda: 0.1, nIter: 7 });
  assert.deepEqual(codes, fista(X, D, { lambda: 0.1, nIter: 7 }));
  assert(iterations.every((count) => count === 7) && gaps.some((gap) => gap > 0.01));
});

Deno.test("the duality gap is what its definition says", () => {
  const { X, D } = problem({ n: 23, m: 11, samples: 9, nonneg: false });
  const Z = fista(X, D, { lambda: 0.1, nIter: 4 });
  for (const nonneg of [false, true]) {
    const lambda = 0.1;
    const feasible = { ...Z, data: nonneg ? Z.data.map((value) => Math.max(value, 0)) : Z.data };
    const gaps = lassoGap(X, D, feasible, { lambda, nonneg });
    assert.deepEqual(lassoGap(X, D, fromDense(feasible), { lambda, nonneg }), gaps);
    for (let s = 0; s < X.rows; s++) {
      const x = [...X.data.subarray(s * D.rows, (s + 1) * D.rows)];
      const z = [...feasible.data.subarray(s * D.cols, (s + 1) * D.cols)];
      const r = x.map((value, k) =>
        value - z.reduce((sum, code, j) => sum + code * D.data[k * D.cols + j], 0)
      );
      const correlations = z.map((_, j) =>
        r.reduce((sum, value, k) => sum + value * D.data[k * D.cols + j], 0)
      );
      const most = Math.max(...correlations.map((c) => nonneg ? c : Math.abs(c)));
      const theta = r.map((value) => value * Math.min(1, lambda / most));
      const square = (v: number[]) => v.reduce((sum, value) => sum + value * value, 0);
      const primal = square(r) / 2 + lambda * z.reduce((sum, code) => sum + Math.abs(code), 0);
      const dual = square(x) / 2 - square(x.map((value, k) => value - theta[k])) / 2;
      assertClose(gaps[s], primal - dual, 1e-13, `sample ${s}`); // float64, values below 10
      assert(gaps[s] > 0);
    }
  }
});

Deno.test("the gap bounds the distance to the minimum and shrinks to rounding at the solution", () => {
  const { X, D } = problem({ n: 60, m: 30, samples: 8, nonneg: false });
  const objective = (Z: Matrix, s: number) => {
    let value = 0;
    for (let k = 0; k < D.rows; k++) {
      let r = X.data[s * D.rows + k];
      for (let j = 0; j < D.cols; j++) r -= D.data[k * D.cols + j] * Z.data[s * D.cols + j];
      value += r * r / 2;
    }
    for (let j = 0; j < D.cols; j++) value += 0.1 * Math.abs(Z.data[s * D.cols + j]);
    return value;
  };
  const best = {
    rows: 8,
    cols: 60,
    data: reference(X, D, { lambda: 0.1, nIter: 20_000, accelerated: true }),
  };
  lassoGap(X, D, best, { lambda: 0.1 }).forEach((gap) => assert(gap <= 1e-12, `gap ${gap}`));
  for (const nIter of [1, 10, 50]) {
    const Z = ista(X, D, { lambda: 0.1, nIter });
    lassoGap(X, D, Z, { lambda: 0.1 }).forEach((gap, s) => {
      assert(gap >= objective(Z, s) - objective(best, s) - 1e-12);
    });
  }
});

Deno.test("a negative code has an infinite gap where codes must not be negative", () => {
  const identity = fromRows([[1, 0], [0, 1]]);
  const gaps = lassoGap(fromRows([[1, 1], [1, 1]]), identity, fromRows([[0.5, -0.1], [0.5, 0.5]]), {
    lambda: 0.5,
    nonneg: true,
  });
  assert.deepEqual([...gaps], [Infinity, 0]);
});

Deno.test("zero atoms keep zero codes, and a dictionary of zeros gives zeros, the minimum", () => {
  const { X, D } = problem({ n: 50, m: 33, samples: 20 });
  for (let k = 0; k < D.rows; k++) D.data[k * D.cols + 7] = 0;
  const Z = fista(X, D, { lambda: 0.1 });
  for (let s = 0; s < Z.rows; s++) assert.equal(Z.data[s * Z.cols + 7], 0);
  const zInit = { rows: 20, cols: 50, data: new Float64Array(1000).fill(1) };
  for (const options of [{ lambda: 0.1 }, { lambda: 0.1, zInit, tol: 1e-3 }]) {
    assert(fista(X, zeros(33, 50), options).data.every((value) => value === 0));
  }
});

Deno.test("float64 inputs are rounded to float32, and inputs are left as they were", () => {
  const { X, D } = problem({ n: 100, m: 47, samples: 20 });
  const [X64, D64] = [toFloat64(X), toFloat64(D)];
  const [x, d] = [X64.data.slice(), D64.data.slice()];
  assert.deepEqual(fista(X64, D64, { lambda: 0.1 }), fista(X, D, { lambda: 0.1 }));
  assert.deepEqual([X64.data, D64.data], [x, d]);
});

Deno.test("no samples give no codes", () => {
  assert.deepEqual(fista(zeros(0, 8), goldenD, { lambda: 0.1 }), zeros32(0, 12));
});

Deno.test("ten thousand atoms are coded without a Gram matrix", () => {
  const { val, A } = generateDatasets({ seed: 0, numLatents: 10_000, k: 10, nSamples: 4 });
  const Z = fista(val.Y, A, { lambda: 0.1, nonneg: true, nIter: 400 });
  // float32 gradients over 139 dimensions
  assertOptimal(val.Y, A, Z, 0.1, true, 1e-3);
});

Deno.test("what overflows is refused: no code is NaN and no norm takes forever", () => {
  const X = fromRows([[1, 2]]), D = fromRows([[1, 0.5], [0, 1]]);
  const overflow = { name: "RangeError", message: /^Cannot code X: .* float32, got NaN in row 0/ };
  assert.throws(() => fista(fromRows([[1e39, 0]]), D, { lambda: 0.1 }), overflow);
  assert.throws(() => ista(X, D, { lambda: 0.1, step: 100, nIter: 200 }), overflow);
  // a step of 1e-48 is 0 in float32, and would leave all codes 0
  const large = fromRows([[1e24, 0], [0, 1e24]]);
  assert.throws(() => fista(X, large, { lambda: 0.1 }), /the step must be above 0 in float32/);
  const huge = fromRows([[1e200, 0]]), identity = fromRows([[1, 0], [0, 1]]);
  const unbounded = {
    name: "RangeError",
    message: /^Cannot bound the objective of X: .* in row 0/,
  };
  assert.throws(() => lassoGap(huge, identity, zeros(1, 2), { lambda: 1 }), unbounded);
  assert.throws(() => lassoGap(zeros(1, 2), identity, huge, { lambda: 1 }), unbounded);
  const tooLarge = { name: "RangeError", message: /^D must have a squared spectral norm within/ };
  assert.throws(() => lipschitz(fromRows([[1e200, 0], [0, 1e200]])), tooLarge);
});

Deno.test("sizes that are no integers of at least 0 are refused, and so is a dictionary of no rows", () => {
  const data = new Float64Array(6);
  const shape = (rows: unknown, cols: unknown) => () =>
    lipschitz({ rows, cols, data } as unknown as Matrix);
  assert.throws(shape(-2, -3), { name: "RangeError", message: /^D.rows must be .* got -2/ });
  assert.throws(shape(1.5, 4), { name: "RangeError", message: /^D.rows must be .* got 1.5/ });
  assert.throws(shape("2", 3), { name: "TypeError", message: /^D.rows must be a number/ });
  assert.throws(
    () => fista(zeros(3, 0), zeros(0, 5), { lambda: 0.1 }),
    { name: "RangeError", message: /^D.rows must be an integer of at least 1, got 0/ },
  );
});

Deno.test("restricted iterations on atoms give the codes of full ones to the bit", async () => {
  // above 1024 atoms; a checkpoint after every iteration makes each of them a full one
  const checkpoints = Array.from({ length: 60 }, (_, i) => i + 1);
  for (const [lambda, nonneg] of [[0.05, true], [0.05, false], [0.005, true]] as const) {
    const { X, D } = problem({ n: 1100, m: 60, samples: 60, seed: 5, nonneg });
    // from zero, and from the codes of another dictionary, as the rounds of dictionary learning are
    const zInit = fista(X, { ...D, data: D.data.toReversed() }, { lambda: 0.1, nonneg, nIter: 50 });
    for (const start of [undefined, zInit]) {
      const options = { lambda, nonneg, zInit: start };
      const full = fistaCheckpoints(X, D, { ...options, checkpoints });
      for (const nIter of [5, 20, 60]) {
        assert.deepEqual(fista(X, D, { ...options, nIter }), full[nIter - 1]);
      }
      if (lambda < 0.05) continue;
      // and so without relaxed SIMD
      const onPlain = <T>(solver: string, more: object) =>
        onPlainSimd<T>("sparse_coding.ts", solver, X, D, { ...options, ...more });
      const plain = await onPlain<Matrix[]>("fistaCheckpoints", { checkpoints });
      assert.deepEqual(await onPlain<Matrix>("fista", { nIter: 60 }), plain[59]);
    }
  }
});

Deno.test("one FISTA run gives the codes of every checkpoint, and one preparation those of every λ", () => {
  const { val, A } = generateDatasets({ seed: 1, numLatents: 40, k: 4, nSamples: 600 });
  const zInit = { ...val.Z, data: val.Z.data.map((z) => 0.5 * z) };
  const checkpoints = [1, 2, 5, 10, 37, 200];
  for (const start of [undefined, zInit]) {
    const options = { lambda: 0.05, nonneg: true, zInit: start };
    fistaCheckpoints(val.Y, A, { ...options, checkpoints }).forEach((codes, i) => {
      const alone = fista(val.Y, A, { ...options, nIter: checkpoints[i] });
      const difference = Math.max(...codes.data.map((z, p) => Math.abs(z - alone.data[p])));
      // codes are below 1; float32 sums of 40 terms in another order
      assert(difference < 1e-5, `${checkpoints[i]} iterations: ${difference}`);
    });
  }
  const lambdas = [0.2, 0.01, 1];
  fistaLambdas(val.Y, A, { lambdas, nIter: 30, nonneg: true }).forEach((codes, i) => {
    assert.deepEqual(codes, fista(val.Y, A, { lambda: lambdas[i], nIter: 30, nonneg: true }));
  });
  const D = { ...A, data: A.data.map(() => 0) };
  for (const codes of fistaCheckpoints(val.Y, D, { lambda: 1, checkpoints: [1, 3] })) {
    assert(codes.data.every((z) => z === 0));
  }
  assert.throws(
    () => fistaCheckpoints(val.Y, A, { lambda: 1, checkpoints: [5, 5] }),
    /checkpoints\[1\] must/,
  );
  assert.throws(() => fistaLambdas(val.Y, A, { lambdas: [1, 0] }), /lambdas\[1\] must/);
  for (const path of [fistaCheckpoints, fistaLambdas]) {
    const call = (options?: unknown) => () => path(val.Y, A, options as never);
    assert.throws(call(), /^TypeError: options must be an object, got undefined/);
    assert.throws(
      call({ nIter: 1 }),
      /^TypeError: (lambdas must be an array, got undef|options has no "nIter": it takes lambda)/,
    );
    assert.throws(call({ nonneg: true }), /^TypeError: lambdas? must be/);
  }
  const huge = { ...val.Y, data: val.Y.data.map(() => 1e39) };
  const overflow = { name: "RangeError", message: /^Cannot code X: .* float32, got NaN in row 0/ };
  assert.throws(() => fistaCheckpoints(huge, A, { lambda: 1, checkpoints: [5] }), overflow);
  assert.throws(() => fistaLambdas(huge, A, { lambdas: [1] }), overflow);
});

Deno.test("bad input is refused by name, value and rule", () => {
  const X = zeros(2, 8), D = goldenD;
  const refusals: [() => unknown, string, RegExp][] = [
    [() => fista(zeros(2, 7), D, { lambda: 0.1 }), "RangeError", /^X must have 8 columns, got 7/],
    [
      () => fista(fromRows([[NaN]]), fromRows([[1]]), { lambda: 0.1 }),
      "RangeError",
      /^X must be finite, got NaN/,
    ],
    [
      () => ista(X, { ...D, data: D.data.map(() => Infinity) }, { lambda: 0.1 }),
      "RangeError",
      /^D must be finite/,
    ],
    [
      () => fista(X, D, { lambda: 0 }),
      "RangeError",
      /^lambda must be a finite number above 0, got 0/,
    ],
    [() => ista(X, D, { lambda: -1 }), "RangeError", /^lambda must be .* got -1/],
    [() => ista(X, D, { lambda: NaN }), "RangeError", /^lambda must be .* got NaN/],
    [() => fista(X, D, {} as never), "TypeError", /^lambda must be a number, got undefined/],
    [
      () => fista(X, D, { lambda: 1, nIter: 0 }),
      "RangeError",
      /^nIter must be an integer of at least 1, got 0/,
    ],
    [
      () => fista(X, D, { lambda: 1, nIter: 2.5 }),
      "RangeError",
      /^nIter must be an integer .* got 2.5/,
    ],
    [
      () => fista(X, D, { lambda: 1, zInit: zeros(3, 12) }),
      "RangeError",
      /^zInit must have 2 rows, got 3/,
    ],
    [
      () => fista(X, D, { lambda: 1, zInit: zeros(2, 8) }),
      "RangeError",
      /^zInit must have 12 columns, got 8/,
    ],
    [() => fista(X, D, { lambda: 1, step: 0 }), "RangeError", /^step must be .* got 0/],
    [() => fista(X, D, { lambda: 1, tol: -1 }), "RangeError", /^tol must be .* got -1/],
    [() => fista("X" as never, D, { lambda: 1 }), "TypeError", /^X must be a matrix/],
    [
      () => lassoGap(X, D, zeros(2, 3), { lambda: 1 }),
      "RangeError",
      /^Z must have 12 columns, got 3/,
    ],
    [() => lassoGap(X, D, zeros(1, 12), { lambda: 1 }), "RangeError", /^Z must have 2 rows, got 1/],
    [() => lassoGap(X, D, zeros(2, 12), { lambda: 0 }), "RangeError", /^lambda must be/],
  ];
  for (const [call, name, message] of refusals) assert.throws(call, { name, message });
});
