import assert from "node:assert/strict";
import { SingularValueDecomposition } from "npm:ml-matrix@6.15.1";
import { choleskySolve, lipschitz } from "../lib/linalg.ts";
import { fromRows, type Matrix, transpose, zeros, zeros32 } from "../lib/matrix.ts";
import { RandomState } from "../lib/random.ts";
import { assertClose, goldenCase, toMatrix } from "./golden.ts";

function random(seed: number, rows: number, cols: number): Matrix {
  return { rows, cols, data: new RandomState(seed).normal(0, 1, rows * cols) };
}

Deno.test("lipschitz gives the golden constants", () => {
  const shared = goldenCase("sparse_coding", "shared");
  const D = toMatrix(shared.expected.D);
  assertClose(lipschitz(D), shared.expected.lipschitz_D, shared.tol.lipschitz_D, "D");
  const z = goldenCase("sparse_coding", "z_init");
  const name = "lipschitz_of_z_init_transposed_as_dictionary";
  const Z = transpose(toMatrix(z.expected.z_init));
  assertClose(lipschitz(Z), z.expected[name], z.tol[name], "z_init");
});

Deno.test("lipschitz is the square of the largest singular value, whatever the shape", () => {
  for (
    const [rows, cols] of [[1, 1], [1, 9], [9, 1], [2, 2], [33, 50], [50, 33], [40, 40], [7, 300]]
  ) {
    const M = random(rows, rows, cols);
    const nested = Array.from(
      { length: rows },
      (_, i) => [...M.data.subarray(i * cols, (i + 1) * cols)],
    );
    const expected = new SingularValueDecomposition(nested, { autoTranspose: true }).norm2 ** 2;
    // both in float64: some hundred roundings
    assertClose(lipschitz(M) / expected, 1, 1e-13, `${rows}×${cols}`);
  }
});

Deno.test("lipschitz finds the largest of equal, clustered and widely spread singular values", () => {
  const diagonal = (values: number[]) =>
    fromRows(values.map((v, i) => values.map((_, j) => i === j ? v : 0)));
  const spread = Array.from({ length: 30 }, (_, i) => 10 ** -i);
  const clustered = Array.from({ length: 60 }, (_, i) => 1 - 1e-6 * i);
  for (const values of [[1, 1, 1, 1], [0, 0, 3], spread, clustered, [1e-30, 2e-30], [1e30, 2e30]]) {
    const largest = Math.max(...values) ** 2;
    assertClose(lipschitz(diagonal(values)) / largest, 1, 1e-13, `${values.slice(0, 4)}`);
  }
});

Deno.test("lipschitz of zeros is zero", () => {
  assert.equal(lipschitz(zeros(3, 5)), 0);
  assert.equal(lipschitz(zeros(0, 5)), 0);
});

Deno.test("lipschitz refuses what is no finite matrix", () => {
  assert.throws(() => lipschitz(fromRows([[1, NaN]])), {
    name: "RangeError",
    message: /^D must be finite, got NaN/,
  });
  assert.throws(() => lipschitz([[1]] as never), {
    name: "TypeError",
    message: /^D must be a matrix/,
  });
});

/** A well conditioned symmetric positive definite matrix: I + RᵀR / n. */
function positiveDefinite(seed: number, n: number): Matrix {
  const R = random(seed, n, n), A = zeros(n, n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += R.data[k * n + i] * R.data[k * n + j];
      A.data[i * n + j] = sum / n + (i === j ? 1 : 0);
    }
  }
  return A;
}

// Below, at and above the sizes of a block (4), of padding (8) and of a panel (32)
for (const n of [1, 4, 7, 8, 31, 32, 33, 100, 168]) {
  Deno.test(`choleskySolve solves ${n} equations: A·X gives B back`, () => {
    const A = positiveDefinite(n, n);
    for (const m of [1, 2, 5]) {
      const B = random(m, n, m), X = choleskySolve(A, B);
      const product = Float64Array.from({ length: n * m }, (_, p) => {
        const i = Math.floor(p / m), j = p % m;
        let sum = 0;
        for (let k = 0; k < n; k++) sum += A.data[i * n + k] * X.data[k * m + j];
        return sum;
      });
      // float64 with a condition number of about 5
      assertClose(product, B.data, 1e-13, `${m} right-hand sides`);
    }
  });
}

Deno.test("choleskySolve reads the lower triangle only and keeps its arguments", () => {
  const A = positiveDefinite(3, 40), B = random(1, 40, 2);
  const lower = { ...A, data: A.data.map((v, p) => p % 40 > Math.floor(p / 40) ? 1e6 : v) };
  const before = lower.data.slice();
  assert.deepEqual(choleskySolve(lower, B), choleskySolve(A, B));
  assert.deepEqual(lower.data, before);
});

Deno.test("choleskySolve keeps an unused unknown exactly zero", () => {
  const A = fromRows([[2, 0, 1], [0, 1e-6, 0], [1, 0, 2]]);
  const X = choleskySolve(A, fromRows([[1], [0], [1]]));
  assert.equal(X.data[1], 0);
});

Deno.test("choleskySolve refuses what it cannot solve", () => {
  const indefinite = fromRows([[1, 2], [2, 1]]);
  assert.throws(() => choleskySolve(indefinite, fromRows([[1], [1]])), {
    name: "RangeError",
    message: /^Cannot solve: A must be positive definite in float64, pivot 2 of 2 is not/,
  });
  assert.throws(() => choleskySolve(zeros(2, 3), zeros(2, 1)), {
    message: /^A must have 2 columns, got 3/,
  });
  assert.throws(() => choleskySolve(indefinite, zeros(3, 1)), {
    message: /^B must have 2 rows, got 3/,
  });
});

Deno.test("matrices of impossible sizes, or of values that are no numbers, are refused by name", () => {
  for (const make of [zeros, zeros32]) {
    assert.throws(() => make(-2, -3), { name: "RangeError", message: /^rows must be .* got -2/ });
    assert.throws(() => make(2, 1.5), { name: "RangeError", message: /^cols must be .* got 1.5/ });
    assert.throws(() => make("2" as never, 1), { name: "TypeError", message: /^rows must be/ });
  }
  assert.throws(() => fromRows([[1, 2], [3, "4" as never]]), {
    name: "TypeError",
    message: "rows[1][1] must be a number, got string",
  });
});
