/**
 * Linear sum assignment: the best one-to-one match of rows to columns of a cost matrix.
 * @module
 */
import { requireOptions } from "./checks.ts";
import { type Matrix, requireMatrix, transpose } from "./matrix.ts";
import { augment, augmentByLists } from "./numeric/augmenting_paths.ts";
import { type AssignmentState, BestTwo, RowLists } from "./numeric/row_lists.ts";

/** Columns from which it pays that rows remember their cheapest ones. */
const LISTS_FROM = 2048;

/** An optimal match with the dual prices that prove it optimal. */
export interface Assignment {
  /** Matched row indices, ascending; length min(rows, cols). */
  rows: Int32Array;
  /** `cols[p]` is the column matched to row `rows[p]`. */
  cols: Int32Array;
  /** Sum of the matched costs. */
  total: number;
  /**
   * Row prices u: u_i + v_j ≤ c_ij everywhere (≥ when maximizing), with equality on the match; the
   * longer side's price is 0 where it is unmatched and never above 0 (below 0 when maximizing).
   */
  rowDuals: Float64Array;
  /** Column prices v, see `rowDuals`. */
  colDuals: Float64Array;
}

/**
 * Solves min (or max) Σ c[i, match(i)] over one-to-one matches of the shorter side of `C`, exactly,
 * by bidding of the rows followed by shortest augmenting paths: O(n³) at worst, near
 * n² on random costs. In wide matrices rows remember their cheapest columns and are read anew only
 * where those cannot decide, so that most of the work is in a small part of the matrix. The costs are
 * not copied unless `C` has more rows than columns: a float32 matrix of 10,000 × 10,000 takes 400 MB,
 * what its rows remember 31 MB. Its slow cases are minimizing with many equal columns that every row
 * likes best (leave such columns out) and costs near products of a row's and a column's factor.
 *
 * Source: R. Jonker, A. Volgenant, "A shortest augmenting path algorithm for dense and sparse linear
 * assignment problems", Computing 38 (1987).
 *
 * @param C Costs, rows × cols, finite.
 * @throws {TypeError} When `C` is no matrix.
 * @throws {RangeError} When a cost is NaN or infinite.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { linearSumAssignment } from "./assignment.ts";
 * import { fromRows } from "./matrix.ts";
 * const { cols, total } = linearSumAssignment(fromRows([[4, 1, 3], [2, 0, 5], [3, 2, 2]]));
 * assert.deepEqual([...cols], [1, 0, 2]);
 * assert.equal(total, 1 + 2 + 2);
 * ```
 */
export function linearSumAssignment(
  C: Matrix,
  options: { maximize?: boolean } = {},
): Assignment {
  requireOptions("options", options, ["maximize"]);
  const { maximize = false } = options;
  requireMatrix("C", C);
  const sign = maximize ? -1 : 1;
  if (C.rows > C.cols) {
    const flipped = matchRows(transpose(C), sign);
    const byRow = Array.from(flipped.colOf, (row, col) => [row, col]).sort((a, b) => a[0] - b[0]);
    return {
      rows: Int32Array.from(byRow, ([row]) => row),
      cols: Int32Array.from(byRow, ([, col]) => col),
      total: flipped.total,
      rowDuals: flipped.v,
      colDuals: flipped.u,
    };
  }
  const { colOf, total, u, v } = matchRows(C, sign);
  return { rows: colOf.map((_, i) => i), cols: colOf, total, rowDuals: u, colDuals: v };
}

function matchRows(
  { rows: n, cols: m, data: c }: Matrix,
  sign: number,
): { colOf: Int32Array; total: number; u: Float64Array; v: Float64Array } {
  const state: AssignmentState = {
    m,
    c,
    sign,
    v: new Float64Array(m),
    colOf: new Int32Array(n).fill(-1),
    rowOf: new Int32Array(m).fill(-1),
  };
  // Starting all column prices at 0 rather than at the column minima keeps the price of a free column
  // at 0, as a rectangle requires, and leaves shorter paths on correlations (20 times quicker there).
  let free: Int32Array = Int32Array.from(state.colOf, (_, i) => i);
  const remember = m >= LISTS_FROM, lists = new RowLists(state, remember);
  if (m > 1) {
    free = reduceRows(state, lists, free);
    free = reduceRows(state, lists, free);
  }
  // Bids through lists are the same to the bit; paths may choose otherwise among equally good matches.
  if (remember) free = augmentByLists(state, lists, free);
  augment(state, free);

  const { colOf, v } = state;
  let total = 0;
  const u = Float64Array.from(colOf, (j, i) => {
    total += c[i * m + j];
    return c[i * m + j] - sign * v[j];
  });
  for (let j = 0; j < m; j++) v[j] *= sign;
  return { colOf, total, u, v };
}

/**
 * Gives each free row its cheapest column and lowers that column's price until the row is indifferent
 * to its second choice, throwing out the row that held it. A row that was thrown out by a strictly
 * lower price bids again at once, for a limited number of times: rounding and near-ties make such
 * bidding arbitrarily long, and the augmenting paths finish what is left. Returns the free rows.
 */
function reduceRows(
  { m, v, colOf, rowOf }: AssignmentState,
  lists: RowLists,
  free: Int32Array,
): Int32Array {
  const left: number[] = [];
  let budget = 8 * free.length + m;
  const best = new BestTwo();
  for (const start of free) {
    let i = start;
    while (i >= 0) {
      lists.bestTwo(i, best);
      let j = best.j1;
      const lowered = v[j] - (best.second - best.first);
      const lower = lowered < v[j];
      if (lower) v[j] = lowered;
      else if (rowOf[j] >= 0) j = best.j2;
      const evicted = rowOf[j];
      if (evicted >= 0) colOf[evicted] = -1;
      colOf[i] = j;
      rowOf[j] = i;
      if (evicted >= 0 && !(lower && budget-- > 0)) {
        left.push(evicted);
        break;
      }
      i = evicted;
    }
  }
  return Int32Array.from(left);
}
