import assert from "node:assert/strict";
import { linearSumAssignment } from "../lib/assignment.ts";
import { fromRows, type Matrix, transpose, zeros } from "../lib/matrix.ts";
import { augment, augmentByLists } from "../lib/numeric/augmenting_paths.ts";
import { type AssignmentState, BestTwo, RowLists } from "../lib/numeric/row_lists.ts";
import { RandomState } from "../lib/random.ts";

/** The best total over all matches, by trying them all. */
function bruteForce(C: Matrix, maximize: boolean): number {
  if (C.rows > C.cols) return bruteForce(transpose(C), maximize);
  const used = new Set<number>();
  const best = (i: number): number => {
    if (i === C.rows) return 0;
    let found = maximize ? -Infinity : Infinity;
    for (let j = 0; j < C.cols; j++) {
      if (used.has(j)) continue;
      used.add(j);
      const total = C.data[i * C.cols + j] + best(i + 1);
      found = maximize ? Math.max(found, total) : Math.min(found, total);
      used.delete(j);
    }
    return found;
  };
  return best(0);
}

/**
 * Fails unless the duals prove the match optimal. The costs here are of size 1 and prices are sums of
 * at most a few hundred of them, so 1e-10 is far above rounding and far below any difference of costs.
 */
function assertOptimal(C: Matrix, maximize: boolean): void {
  const { rows, cols, total, rowDuals, colDuals } = linearSumAssignment(C, { maximize });
  const sign = maximize ? -1 : 1;
  assert.equal(rows.length, Math.min(C.rows, C.cols));
  assert.equal(new Set(rows).size, rows.length, "a row is matched twice");
  assert.equal(new Set(cols).size, cols.length, "a column is matched twice");
  assert.deepEqual(rows, rows.slice().sort(), "rows ascend");
  for (let i = 0; i < C.rows; i++) {
    for (let j = 0; j < C.cols; j++) {
      const slack = sign * (C.data[i * C.cols + j] - rowDuals[i] - colDuals[j]);
      assert(slack >= -1e-10, `slack ${slack} at ${i}, ${j}`);
    }
  }
  const dual = [...rowDuals, ...colDuals].reduce((sum, price) => sum + price, 0);
  assert(Math.abs(total - dual) < 1e-10, `primal ${total}, dual ${dual}`);
  const [longer, matched] = C.rows > C.cols ? [rowDuals, rows] : [colDuals, cols];
  const taken = new Set(matched);
  if (C.rows !== C.cols) {
    longer.forEach((price, q) => {
      assert(sign * price <= 0, `price ${price} of the longer side`);
      if (!taken.has(q)) assert.equal(Math.abs(price), 0, "the price of an unmatched one");
    });
  }
  const sum = rows.reduce((s, i, p) => s + C.data[i * C.cols + cols[p]], 0);
  assert(Math.abs(total - sum) < 1e-10, "total is the sum of the matched costs");
}

const SMALL: [number, number][] = [[1, 1], [1, 4], [4, 1], [3, 3], [4, 6], [6, 4], [6, 6]];

Deno.test("the match of a small matrix is the best of all matches", () => {
  const random = new RandomState(1);
  for (const [rows, cols] of SMALL) {
    for (let trial = 0; trial < 20; trial++) {
      const C = { rows, cols, data: random.normal(0, 1, rows * cols) };
      for (const maximize of [false, true]) {
        const { total } = linearSumAssignment(C, { maximize });
        // sums of at most six numbers of size 1
        assert(Math.abs(total - bruteForce(C, maximize)) < 1e-14);
      }
    }
  }
});

Deno.test("the match is the best of all matches when costs tie", () => {
  const random = new RandomState(2);
  for (const [rows, cols] of SMALL) {
    for (let trial = 0; trial < 30; trial++) {
      const data = random.random(rows * cols).map((u) => Math.floor(3 * u));
      for (const maximize of [false, true]) {
        assert.equal(
          linearSumAssignment({ rows, cols, data }, { maximize }).total,
          bruteForce({ rows, cols, data }, maximize),
        );
      }
    }
  }
});

Deno.test("duals prove larger matches optimal: random, tied, low-rank, with dead columns", () => {
  const random = new RandomState(3);
  for (const [rows, cols] of [[120, 120], [80, 150], [150, 80]]) {
    const normal = random.normal(0, 1, rows * cols);
    const [a, b] = [random.normal(0, 1, rows), random.normal(0, 1, cols)];
    const costs: Record<string, Float64Array> = {
      normal,
      tied: normal.map((x) => Math.round(x)),
      lowRank: normal.map((_, p) => Math.abs(a[Math.floor(p / cols)] * b[p % cols])),
      dead: normal.map((x, p) => p % cols < cols / 2 ? 0 : Math.abs(x)),
      constant: normal.map(() => 0.1),
    };
    for (const data of Object.values(costs)) {
      for (const maximize of [false, true]) assertOptimal({ rows, cols, data }, maximize);
    }
  }
});

Deno.test("float32 costs are matched as they are", () => {
  const data = Float32Array.from(new RandomState(4).random(60 * 60));
  assertOptimal({ rows: 60, cols: 60, data }, true);
});

Deno.test("an empty side has an empty match", () => {
  const { rows, cols, total } = linearSumAssignment(zeros(0, 3));
  assert.deepEqual([rows.length, cols.length, total], [0, 0, 0]);
  assert.equal(linearSumAssignment(zeros(3, 0)).rows.length, 0);
});

Deno.test("costs that are not finite or no matrix are refused", () => {
  assert.throws(() => linearSumAssignment(fromRows([[1, NaN]])), /C must be finite, got NaN/);
  assert.throws(() => linearSumAssignment(fromRows([[1, Infinity]])), RangeError);
  assert.throws(() => linearSumAssignment([[1]] as never), TypeError);
});

/** Fails unless prices prove that a state's match is of least cost. Costs are of size 1, as above. */
function assertLeast({ m, c, sign, v, colOf, rowOf }: AssignmentState): void {
  assert.equal(new Set(colOf).size, colOf.length, "a column is matched twice");
  colOf.forEach((col, i) => {
    assert.equal(rowOf[col], i);
    const own = sign * c[i * m + col] - v[col];
    for (let j = 0; j < m; j++) {
      assert(sign * c[i * m + j] - v[j] - own >= -1e-10, `row ${i} would rather have ${j}`);
    }
  });
  rowOf.forEach((row, j) => row < 0 && assert.equal(v[j], 0, "the price of a free column"));
}

Deno.test("paths through the lists of rows are as short as paths through whole rows", () => {
  const random = new RandomState(5);
  // lists of paths have 256 columns: more than some of these rows have, and a part of others
  for (const [rows, cols] of [[40, 40], [400, 400], [300, 500], [1, 300]]) {
    const uniform = random.random(rows * cols);
    const costs: Record<string, Float64Array> = {
      uniform,
      tied: uniform.map((u) => Math.floor(8 * u)),
      deadColumns: uniform.map((u, p) => p % cols < cols / 3 ? 0 : u),
      zeroRows: uniform.map((u, p) => Math.floor(p / cols) % 3 === 0 ? 0 : u),
      // where all want the same columns, the rests of the rows are needed
      product: uniform.map((_, p) => (1 + Math.floor(p / cols)) * (1 + p % cols) / (rows * cols)),
      constant: uniform.map(() => 0.1),
    };
    for (const [name, c] of Object.entries(costs)) {
      for (const sign of [1, -1]) {
        const [whole, listed] = [0, 1].map((): AssignmentState => ({
          m: cols,
          c,
          sign,
          v: new Float64Array(cols),
          colOf: new Int32Array(rows).fill(-1),
          rowOf: new Int32Array(cols).fill(-1),
        }));
        const all = whole.colOf.map((_, i) => i);
        augment(whole, all);
        const left = augmentByLists(listed, new RowLists(listed, true), all);
        if (rows > 256 && name === "uniform") assert(left.length < rows / 4, "lists do most");
        if (rows > 256 && name === "product") assert(left.length > rows / 2, "lists are given up");
        augment(listed, left);
        assertLeast(whole);
        assertLeast(listed);
        if (name === "uniform") assert.deepEqual(listed.colOf, whole.colOf, "one best match");
      }
    }
  }
});

Deno.test("a wide matrix is matched through lists", () => {
  const [rows, cols] = [60, 2100];
  const normal = new RandomState(6).normal(0, 1, rows * cols);
  assertOptimal({ rows, cols, data: normal }, true);
  assertOptimal({ rows, cols, data: normal.map((x) => Math.round(x)) }, false);
});

Deno.test("a row's two cheapest are those of the whole row, whatever prices did since", () => {
  const random = new RandomState(8);
  const cols = 200;
  // eight levels: ties, of which the lower index comes first
  const c = random.random(cols).map((u) => Math.floor(8 * u));
  const state: AssignmentState = {
    m: cols,
    c,
    sign: 1,
    v: new Float64Array(cols),
    colOf: new Int32Array(1),
    rowOf: new Int32Array(cols),
  };
  const kept = new RowLists(state, true), none = new RowLists(state, false);
  const best = new BestTwo();
  for (let trial = 0; trial < 300; trial++) {
    (trial % 3 === 0 ? none : kept).bestTwo(0, best);
    if (trial % 50 === 0) kept.renew(0);
    const order = Array.from(c, (cost, j) => [cost - state.v[j], j])
      .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    assert.deepEqual([best.j1, best.j2], [order[0][1], order[1][1]]);
    assert.deepEqual([best.first, best.second], [order[0][0], order[1][0]]);
    state.v[best.j1] -= Math.floor(4 * random.random(1)[0]);
  }
});
