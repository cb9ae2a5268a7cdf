import assert from "node:assert/strict";
import { linearSumAssignment } from "../lib/assignment.ts";
import { auctionAssignment } from "../lib/metrics/auction.ts";
import { absoluteCorrelations, correlationRows, standardize } from "../lib/metrics/correlation.ts";
import { findNonzeros } from "../lib/numeric/csr.ts";
import { RandomState } from "../lib/random.ts";

const random = new RandomState(7);

/** Runs the auction on a stored matrix. */
function auction(rows: number, cols: number, data: Float64Array, epsilon: number) {
  let scans = 0;
  const result = auctionAssignment(rows, cols, (i, out) => {
    scans++;
    out.set(data.subarray(i * cols, (i + 1) * cols));
  }, { epsilon });
  return { ...result, scans };
}

Deno.test("an auction comes as close to the exact assignment as it promises, ties included", () => {
  // 700 objects are more than a bidder remembers
  for (const [rows, cols] of [[1, 1], [1, 3], [40, 40], [30, 50], [250, 700], [300, 300]]) {
    for (const levels of [Infinity, 3]) {
      const data = random.random(rows * cols)
        .map((value) => levels === Infinity ? value : Math.round(value * levels) / levels);
      const exact = linearSumAssignment({ rows, cols, data }, { maximize: true }).total;
      for (const epsilon of [0.1, 1e-3]) {
        const { objects, total } = auction(rows, cols, data, epsilon);
        assert.equal(new Set(objects).size, rows, "every object goes to one bidder");
        const sum = objects.reduce((sum, j, i) => sum + data[i * cols + j], 0);
        // another order of summation
        assert(Math.abs(sum - total) < 1e-9);
        assert(total <= exact + 1e-9 && total >= exact - rows * epsilon, `${rows} × ${cols}`);
      }
    }
  }
});

Deno.test("bidders that want the same objects outbid each other beyond what they remember", () => {
  // 300 equal rows: each must get another of the 300 best objects, the last ones beyond the 256 of the list
  const [rows, cols, epsilon] = [300, 600, 3e-4];
  const row = random.random(cols);
  const data = new Float64Array(rows * cols);
  for (let i = 0; i < rows; i++) data.set(row, i * cols);
  const { total, scans } = auction(rows, cols, data, epsilon);
  const best = row.toSorted().subarray(-rows).reduce((sum, value) => sum + value, 0);
  assert(total >= best - rows * epsilon && total <= best + 1e-9);
  assert(scans > rows, "somebody must have looked again");
});

Deno.test("correlations come row by row as they come at once", () => {
  const samples = 30;
  const mixed = (cols: number) => ({
    rows: samples,
    cols,
    // the first half of the columns sparse, the others dense
    data: random.random(samples * cols)
      .map((value, p) => p % cols < cols / 2 && value < 0.9 ? 0 : value),
  });
  const [X, Y] = [12, 20].map((cols) => standardize(findNonzeros(mixed(cols))));
  const all = absoluteCorrelations(X, Y);
  const fillRow = correlationRows(X, Y), row = new Float64Array(all.cols);
  assert(X.sparse.rows > 0 && X.dense.cols > 0, "both kinds are there");
  for (let i = 0; i < all.rows; i++) {
    fillRow(i, row);
    // between dense columns the sums are taken in another order
    row.forEach((value, j) => assert(Math.abs(value - all.data[i * all.cols + j]) < 1e-14));
  }
});

Deno.test("impossible auctions are refused", () => {
  assert.throws(() => auction(3, 2, new Float64Array(6), 1), /bidders must be/);
  assert.throws(() => auction(2, 2, new Float64Array(4), 0), /epsilon must be/);
});
