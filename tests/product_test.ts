import assert from "node:assert/strict";
import { columnMoments, momentsOf } from "../lib/metrics/correlation.ts";
import { allValues, findNonzeros, toCsr } from "../lib/numeric/csr.ts";
import { fromRows, type Matrix, type Matrix64, toFloat32, transpose } from "../lib/matrix.ts";
import { gram, multiply, multiplyBlocks, multiplySparse } from "../lib/numeric/product.ts";
import { RandomState } from "../lib/random.ts";
import { assertClose } from "./golden.ts";

const random = new RandomState(11);

function normal(rows: number, cols: number): Matrix64 {
  return { rows, cols, data: random.normal(0, 1, rows * cols) };
}

/** A·B over its definition. */
function definition(A: Matrix, B: Matrix): Float64Array {
  return new Float64Array(A.rows * B.cols).map((_, p) => {
    const i = Math.floor(p / B.cols), j = p % B.cols;
    let sum = 0;
    for (let q = 0; q < A.cols; q++) sum += A.data[i * A.cols + q] * B.data[q * B.cols + j];
    return sum;
  });
}

Deno.test("the product equals the sum over its definition at every remainder", () => {
  for (const m of [1, 3, 6, 7, 49]) {
    for (const depth of [0, 1, 2, 5]) {
      for (const n of [1, 4, 6]) {
        const A = normal(m, depth), B = normal(depth, n), name = `${m} × ${depth} × ${n}`;
        // five terms of size 1
        assertClose(multiply(A, B).data, definition(A, B), 1e-14, name);
      }
    }
  }
  assert.throws(() => multiply(fromRows([[1, 2]]), fromRows([[1]])), /got 2 and 1/);
});

Deno.test("the product is the same sum where it is cut, in blocks and from float32", () => {
  // the kernel cuts the depth at 256 and again at 512; blocks are cut at 2¹⁷ values of B
  for (const [m, depth, n] of [[7, 600, 230], [50, 257, 9]]) {
    const A = normal(m, depth), B = normal(depth, n), expected = definition(A, B);
    // 600 terms of size 1 in another rounding
    assertClose(multiply(A, B).data, expected, 1e-12, `${m} × ${depth} × ${n}`);
    const joined = new Float64Array(m * n).fill(NaN);
    multiplyBlocks(A, B, ({ row, col, rows, cols, stride, data }) => {
      for (let i = 0; i < rows; i++) {
        joined.set(data.subarray(i * stride, i * stride + cols), (row + i) * n + col);
      }
    });
    assert.deepEqual(joined, multiply(A, B).data);
    const rounded = toFloat32(A);
    assertClose(multiply(rounded, B).data, definition(rounded, B), 1e-12, "float32");
  }
});

Deno.test("an element of a product does not depend on the rows and columns beside it", () => {
  const A = normal(60, 300), B = normal(300, 50), whole = multiply(A, B);
  const row = { rows: 1, cols: 300, data: A.data.subarray(59 * 300) };
  const column = { rows: 300, cols: 1, data: B.data.filter((_, p) => p % 50 === 49) };
  assert.equal(multiply(row, column).data[0], whole.data.at(-1));
});

Deno.test("the Gram matrix is the product with the transpose, and symmetric to the last bit", () => {
  for (const [rows, cols] of [[0, 2], [1, 1], [5, 12], [30, 13], [900, 25]]) {
    const M = normal(rows, cols), G = gram(M);
    // up to 900 squares of size 1
    assertClose(G.data, definition(transpose(M), M), 1e-11, `${rows} × ${cols}`);
    assert.deepEqual(transpose(G), G);
  }
});

Deno.test("a sparse product equals the dense one", () => {
  for (const [m, depth, n] of [[5, 7, 1], [20, 30, 16], [9, 4, 37]]) {
    const A = normal(m, depth), B = normal(depth, n);
    A.data.forEach((value, p) => A.data[p] = value < 1 ? 0 : value);
    A.data.fill(0, depth, 2 * depth); // a row without entries
    assertClose(
      multiplySparse(toCsr(A), B).data,
      definition(A, B),
      1e-13,
      `${m} × ${depth} × ${n}`,
    );
  }
});

Deno.test("non-zeros are listed where they are few, and give the moments of all values", () => {
  const M = normal(40, 6);
  M.data.forEach((value, p) => M.data[p] = p % 6 < 4 || value < 0 ? 0 : value);
  const few = findNonzeros(M);
  assert.deepEqual(few.sparse, toCsr(M));
  for (const key of ["means", "squares"] as const) {
    // 40 terms of size 1
    assertClose(momentsOf(few)[key], columnMoments(M, Float64Array)[key], 1e-13, key);
  }
  // a share of 30 % is few, one value more is not
  assert(findNonzeros(fromRows([[1, 1, 1, 0, 0], [0, 0, 0, 0, 0]])).sparse);
  assert.equal(findNonzeros(fromRows([[1, 1, 1, 1, 0], [0, 0, 0, 0, 0]])).sparse, undefined);
  assert(findNonzeros(fromRows([])).sparse);
});

Deno.test("a constant column among sparse ones has no variance", () => {
  const M = fromRows([[0.1, 0, 0, 0], [0.1, 0, 0, 0], [0.1, 0, 0, 0]]);
  const { sparse } = findNonzeros(M);
  assert(sparse);
  // the mean of three times 0.1 is off by at most one ulp
  assert(momentsOf({ ...allValues(M), sparse }).squares[0] < 1e-32);
});
