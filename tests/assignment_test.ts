import assert from "node:assert/strict";
import { linearSumAssignment } from "../lib/assignment.ts";
import { fromRows, type Matrix, transpose, zeros } from "../lib/matrix.ts";
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
