/**
 * Augmenting paths of the linear sum assignment: the second phase of R. Jonker and A. Volgenant,
 * "A shortest augmenting path algorithm for dense and sparse linear assignment problems",
 * Computing 38 (1987).
 * @module
 */
import { SmallestFirst } from "./heaps.ts";
import type { AssignmentState, RowLists } from "./row_lists.ts";

/**
 * Matches every free row by a shortest path, in reduced costs, to a free column, reading every row on
 * the way whole.
 */
export function augment(
  { m, c, sign, v, colOf, rowOf }: AssignmentState,
  free: Int32Array,
): void {
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
    matchAlong(before, start, end, colOf, rowOf);
  }
}

/** Matches every row of a path with the column that is reached from it: from `end` back to `start`. */
function matchAlong(
  before: Int32Array,
  start: number,
  end: number,
  colOf: Int32Array,
  rowOf: Int32Array,
): void {
  for (let j = end, i = -1; i !== start;) {
    i = before[j];
    rowOf[j] = i;
    [colOf[i], j] = [j, colOf[i]];
  }
}

/** How many costs are read in the time that a column takes in the queue. */
const COSTS_PER_PUSH = 25;

/**
 * {@linkcode augment}, reading of a row no more than its list until the search comes to the distance at
 * which the rest of the row may lie: paths and prices are as short as with whole rows. From a few
 * thousand columns on it is several times as fast, where a path touches a small part of them. Where
 * costs tie so much that the rests have to be read again and again, whole rows are quicker: it ends
 * once it has worked for one reading of the matrix more than whole rows would have taken.
 *
 * @param state Prices and a partial match whose pairs have the least reduced costs of their rows.
 * @param lists Of the same state.
 * @param free The free rows.
 * @returns The free rows that are left.
 */
export function augmentByLists(
  { m, c, sign, v, colOf, rowOf }: AssignmentState,
  lists: RowLists,
  free: Int32Array,
): Int32Array {
  // work beyond that of whole rows, in costs read, and what earlier paths may save for later ones
  const saved = -colOf.length * m;
  let excess = saved;
  const { stride, counts, items, costs, bounds } = lists;
  const distance = new Float64Array(m).fill(Infinity);
  const before = new Int32Array(m); // the row from which a column is reached
  const isSettled = new Uint8Array(m);
  const base = new Float64Array(colOf.length); // what distances over a row are less than reduced costs
  // columns, and of rows that were read by their lists the rest, as ~row
  const queue = new SmallestFirst();
  let touched: number[] = [], settled: number[] = [];
  let nearest = Infinity; // of the free columns

  function reach(j: number, d: number, i: number): void {
    if (isSettled[j]) return;
    if (distance[j] === Infinity) touched.push(j);
    distance[j] = d;
    before[j] = i;
    queue.push(d, j);
    excess += COSTS_PER_PUSH;
    if (rowOf[j] < 0) nearest = d;
  }

  function readList(i: number): void {
    if (bounds[i] === -Infinity) lists.renew(i);
    excess += counts[i] - m;
    for (let q = i * stride, end = q + counts[i]; q < end; q++) {
      const j = items[q];
      const d = costs[q] - v[j] - base[i];
      if (d < distance[j] && d < nearest) reach(j, d, i);
    }
    const rest = bounds[i] - base[i];
    if (rest < nearest) queue.push(rest, ~i);
  }

  for (const [done, start] of free.entries()) {
    if (excess > 0) return free.subarray(done);
    excess = Math.max(excess, saved);
    base[start] = 0;
    readList(start);
    let end = -1, at = 0;
    while (end < 0) {
      at = queue.least;
      const next = queue.pop();
      if (next < 0) {
        excess += m;
        const i = ~next;
        for (let j = 0, p = i * m; j < m; j++, p++) {
          const d = sign * c[p] - v[j] - base[i];
          if (d < distance[j] && d < nearest) reach(j, d, i);
        }
        // its next list is of what is cheap now
        lists.renew(i);
        continue;
      }
      // a column that was reached over a shorter way since, or is done
      if (at > distance[next] || isSettled[next]) continue;
      if (rowOf[next] < 0) {
        end = next;
        break;
      }
      isSettled[next] = 1;
      settled.push(next);
      const i = rowOf[next];
      base[i] = sign * c[i * m + next] - v[next] - at;
      readList(i);
    }
    for (const j of settled) {
      // rounding may settle a column a last bit beyond the end
      v[j] += Math.min(distance[j] - at, 0);
      isSettled[j] = 0;
    }
    matchAlong(before, start, end, colOf, rowOf);
    for (const j of touched) distance[j] = Infinity;
    queue.clear();
    [touched, settled, nearest] = [[], [], Infinity];
  }
  return free.subarray(free.length);
}
