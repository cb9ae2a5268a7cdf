import assert from "node:assert/strict";
import { SingularValueDecomposition } from "npm:ml-matrix@6.15.1";
import { lipschitz } from "../lib/linalg.ts";
import { fromRows, type Matrix, transpose, zeros } from "../lib/matrix.ts";
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
