/**
 * Linear sum assignment: the best one-to-one match of rows to columns of a cost matrix.
 * @module
 */
import { requireOptions } from "./checks.ts";
import { type Matrix, requireMatrix, transpose } from "./matrix.ts";

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
 * n² log n on random costs. The costs are not copied unless `C` has more rows than columns, so a
 * float32 matrix of 10,000 × 10,000 takes 400 MB and no more. Its slow case is minimizing with many
 * equal columns that every row likes best: leave such columns out.
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

/** The state of a solve over costs sign·c with rows ≤ cols. */
interface State {
  n: number;
  m: number;
  c: Float32Array | Float64Array;
  sign: number;
  /** Column prices; only ever lowered on columns that are (and so stay) matched. */
  v: Float64Array;
  /** Column of each row, −1 while free. */
  colOf: Int32Array;
  /** Row of each column, −1 while free. */
  rowOf: Int32Array;
}

function matchRows(
  { rows: n, cols: m, data: c }: Matrix,
  sign: number,
): { colOf: Int32Array; total: number; u: Float64Array; v: Float64Array } {
  const state: State = {
    n,
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
  if (m > 1) {
    free = reduceRows(state, free);
    free = reduceRows(state, free);
  }
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
function reduceRows({ m, c, sign, v, colOf, rowOf }: State, free: Int32Array): Int32Array {
  const left: number[] = [];
  let budget = 8 * free.length + m;
  for (const start of free) {
    let i = start;
    while (i >= 0) {
      let first = Infinity, second = Infinity, j1 = -1, j2 = -1;
      for (let j = 0, p = i * m; j < m; j++, p++) {
        const reduced = sign * c[p] - v[j];
        if (reduced < second) {
          if (reduced < first) {
            second = first;
            j2 = j1;
            first = reduced;
            j1 = j;
          } else {
            second = reduced;
            j2 = j;
          }
        }
      }
      const lowered = v[j1] - (second - first);
      const lower = lowered < v[j1];
      if (lower) v[j1] = lowered;
      else if (rowOf[j1] >= 0) j1 = j2;
      const evicted = rowOf[j1];
      if (evicted >= 0) colOf[evicted] = -1;
      colOf[i] = j1;
      rowOf[j1] = i;
      if (evicted >= 0 && !(lower && budget-- > 0)) {
        left.push(evicted);
        break;
      }
      i = evicted;
    }
  }
  return Int32Array.from(left);
}

/** Matches every free row by a shortest path, in reduced costs, to a free column. */
function augment({ m, c, sign, v, colOf, rowOf }: State, free: Int32Array): void {
  const distance = new Float64Array(m);
  const before = new Int32Array(m); // the row from which a column is reached
  // columns: [0, done) are settled with their rows scanned, [done, reached) tie at the current
  // distance, [reached, m) are farther
  const columns = Int32Array.from(distance, (_, j) => j);
  for (const start of free) {
    for (let j = 0, p = start * m; j < m; j++, p++) distance[j] = sign * c[p] - v[j];
    before.fill(start);
    let done = 0, settled = 0, reached = 0, at = 0, end = -1;
    while (end < 0) {
      if (done === reached) {
        settled = done;
        at = distance[columns[reached]];
        for (let p = reached; p < m; p++) {
          const j = columns[p];
          const d = distance[j];
          if (d > at) continue;
          if (d < at) {
            reached = done;
            at = d;
          }
          columns[p] = columns[reached];
          columns[reached++] = j;
        }
        for (let p = done; p < reached; p++) {
          if (rowOf[columns[p]] < 0) {
            end = columns[p];
            break;
          }
        }
        if (end >= 0) break;
      }
      const via = columns[done++];
      const i = rowOf[via];
      const row = i * m;
      const base = sign * c[row + via] - v[via] - at;
      for (let p = reached; p < m; p++) {
        const j = columns[p];
        const d = sign * c[row + j] - v[j] - base;
        if (d < distance[j]) {
          distance[j] = d;
          before[j] = i;
          if (d <= at) {
            if (rowOf[j] < 0) {
              end = j;
              break;
            }
            columns[p] = columns[reached];
            columns[reached++] = j;
          }
        }
      }
    }
    for (let p = 0; p < settled; p++) v[columns[p]] += distance[columns[p]] - at;
    for (let j = end, i = -1; i !== start;) {
      i = before[j];
      rowOf[j] = i;
      [colOf[i], j] = [j, colOf[i]];
    }
  }
}
