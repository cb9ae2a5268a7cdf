import assert from "node:assert/strict";
import { type CsrMatrix, fromDense, requireCsrMatrix, toDense } from "../lib/csr_matrix.ts";
import { fromRows, type Matrix, zeros } from "../lib/matrix.ts";
import { RandomState } from "../lib/random.ts";

/** Two rows of three columns: [0, 2, 0] and [3, 0, 4]. */
function small(changes: Partial<CsrMatrix> = {}): CsrMatrix {
  return {
    rows: 2,
    cols: 3,
    indptr: Int32Array.of(0, 1, 3),
    indices: Int32Array.of(1, 0, 2),
    data: Float32Array.of(2, 3, 4),
    ...changes,
  };
}

Deno.test("a dense matrix comes back whole from its sparse form", () => {
  const state = new RandomState(0);
  for (const [rows, cols] of [[0, 5], [5, 0], [1, 1], [7, 13], [30, 4]]) {
    const draw = state.normal(0, 1, rows * cols);
    const keep = state.random(rows * cols);
    // float32 values, so that nothing is rounded; row 0 stays empty
    const data = Float32Array.from(draw, (v, p) => p >= cols && keep[p] < 0.3 ? v : 0);
    const M: Matrix = { rows, cols, data };
    const sparse = fromDense(M);
    requireCsrMatrix("sparse", sparse, { rows, cols });
    assert.equal(sparse.data.length, data.filter((v) => v !== 0).length);
    assert.deepEqual(toDense(sparse), M);
  }
});

Deno.test("both kinds of integers are read, and explicit zeros are allowed", () => {
  const unsigned = small({
    indptr: Uint32Array.of(0, 1, 3),
    indices: Uint32Array.of(1, 0, 2),
    data: Float32Array.of(2, 0, 4),
  });
  assert.deepEqual([...toDense(unsigned).data], [0, 2, 0, 0, 0, 4]);
});

Deno.test("what rounds to 0 in float32 is left out, and what overflows is refused", () => {
  assert.deepEqual(fromDense(fromRows([[1e-60, 1]])).indices, Int32Array.of(1));
  assert.throws(() => fromDense(fromRows([[1, -1e39]])), {
    name: "RangeError",
    message: /M must be within float32 .*got -1e\+39 at row 0, column 1/,
  });
  assert.throws(() => fromDense(fromRows([[NaN]])), /M must be finite/);
});

Deno.test("parts that do not fit together are refused with the rule that they break", () => {
  const cases: [Partial<CsrMatrix>, RegExp][] = [
    [{ rows: 1.5 }, /M\.rows must be an integer/],
    [{ cols: -1 }, /M\.cols must be an integer/],
    [{ rows: 3 }, /M\.indptr must hold rows \+ 1 = 4 positions/],
    [{ indptr: Int32Array.of(1, 1, 3) }, /begin at 0, got 3 that begin at 1/],
    [{ indptr: Int32Array.of(0, 1, 2) }, /must end at the number of entries, got 2 for 3 indices/],
    [{ data: Float32Array.of(1) }, /got 3 for 3 indices and 1 values/],
    [{ indptr: Int32Array.of(0, 4, 3) }, /must not descend, got 3 after 4 at row 1/],
    [{ indices: Int32Array.of(1, 2, 0) }, /must ascend within a row.*got 0 after 2 in row 1/],
    [{ indices: Int32Array.of(1, 2, 2) }, /got 2 after 2 in row 1/],
    [{ indices: Int32Array.of(3, 0, 2) }, /from 0 to cols − 1 = 2, got 3 after -1 in row 0/],
    [{ indices: Int32Array.of(-1, 0, 2) }, /got -1 after -1 in row 0/],
    [{ data: Float32Array.of(1, Infinity, 2) }, /must be finite, got Infinity at row 1, column 0/],
  ];
  for (const [changes, message] of cases) {
    assert.throws(() => toDense(small(changes)), { name: "RangeError", message });
  }
  for (const wrong of [null, zeros(1, 1), { ...small(), data: [1, 2, 3] }]) {
    assert.throws(() => toDense(wrong as unknown as CsrMatrix), TypeError);
  }
  assert.throws(() => requireCsrMatrix("codes", small(), { cols: 4 }), {
    name: "RangeError",
    message: "codes must have 4 columns, got 3",
  });
  assert.throws(() => requireCsrMatrix("codes", small(), { rows: 3 }), /codes must have 3 rows/);
});
