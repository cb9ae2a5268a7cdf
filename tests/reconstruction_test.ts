import assert from "node:assert/strict";
import { fromRows, zeros } from "../lib/matrix.ts";
import { RandomState } from "../lib/random.ts";
import { meanL0, meanSquaredError } from "../lib/reconstruction.ts";
import { assertClose } from "./golden.ts";

Deno.test("the mean squared error equals plain loops, over several blocks of samples", () => {
  const random = new RandomState(0), [rows, m, n] = [203, 5, 11];
  const normal = (rows: number, cols: number) => ({
    rows,
    cols,
    data: random.normal(0, 1, rows * cols),
  });
  const X = normal(rows, m), Z = normal(rows, n), D = normal(m, n);
  let sum = 0;
  for (let s = 0; s < rows; s++) {
    for (let i = 0; i < m; i++) {
      let r = X.data[s * m + i];
      for (let j = 0; j < n; j++) r -= Z.data[s * n + j] * D.data[i * n + j];
      sum += r * r;
    }
  }
  // about 12 on average, from float32 products
  assertClose(meanSquaredError(X, Z, D), sum / (rows * m), 1e-5, "mse");
});

Deno.test("l0 counts codes above the threshold in absolute value", () => {
  const Z = fromRows([[0.01, -0.02, 0], [0.5, 0, 0.0101]]);
  assert.equal(meanL0(Z), 1.5);
  assert.equal(meanL0(Z, { threshold: 0 }), 2);
});

Deno.test("shapes that do not fit and empty matrices are refused by name, and so are errors that overflow", () => {
  const mse = meanSquaredError;
  assert.throws(
    () => mse(zeros(2, 3), zeros(1, 4), zeros(3, 4)),
    /^RangeError: Z must have 2 rows/,
  );
  assert.throws(() => mse(zeros(2, 3), zeros(2, 4), zeros(3, 5)), /^RangeError: D must have 4 col/);
  assert.throws(() => mse(zeros(0, 3), zeros(0, 4), zeros(3, 4)), /^RangeError: X.rows must be/);
  const one = fromRows([[1]]);
  assert.throws(() => mse(fromRows([[1e20]]), one, one), /squared error must be within float32/);
  assert.throws(() => meanL0(zeros(0, 3)), /^RangeError: Z.rows must be/);
  assert.throws(() => meanL0(zeros(1, 3), { threshold: -1 }), /^RangeError: threshold must be/);
});
