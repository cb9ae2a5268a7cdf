/**
 * The state of an assignment, and what its rows remember of their costs.
 * @module
 */
import { LargestOf } from "./heaps.ts";
import type { MatrixData } from "../matrix.ts";

/** The state of a solve over costs sign·c with no more rows than columns. */
export interface AssignmentState {
  /** Columns. */
  m: number;
  /** Costs, row-major. */
  c: MatrixData;
  /** 1 to minimize, −1 to maximize. */
  sign: number;
  /** Column prices; only ever lowered, and only on columns that are (and so stay) matched. */
  v: Float64Array;
  /** Column of each row, −1 while free. */
  colOf: Int32Array;
  /** Row of each column, −1 while free. */
  rowOf: Int32Array;
}

/**
 * How many columns a row remembers when it bids: with 32 rows are read anew more often, with 128 the
 * first reading takes longer than it saves.
 */
const FOR_BIDS = 64;
/** How many it remembers once a path had to read all of it: such rows are read again and again. */
const FOR_PATHS = 256;

/** The two cheapest columns of a row at the current prices, the lower index first where they tie. */
export interface BestTwo {
  /** Reduced cost of the cheapest column. */
  first: number;
  /** Reduced cost of the second. */
  second: number;
  /** The cheapest column. */
  j1: number;
  /** The second, −1 in a row of one column. */
  j2: number;
}

/**
 * The cheapest columns of every row, as they were when the row was last read. Prices of columns are
 * only lowered, which makes them dearer: what was not among a row's cheapest stays at or above its
 * bound, and a list whose second is below the bound is as good as the row.
 */
export class RowLists {
  /** The list of row i begins at i · stride. */
  readonly stride: number;
  /** How many columns the list of each row has. */
  readonly counts: Int32Array;
  /** The columns of the lists, each list ascending. */
  readonly items: Int32Array;
  /** Their costs times the sign. */
  readonly costs: Float64Array;
  /** The reduced cost that no other column of the row is below; −Infinity before a row was read. */
  readonly bounds: Float64Array;
  readonly #state: AssignmentState;
  readonly #few: LargestOf;
  readonly #many: LargestOf;
  readonly #unasked: BestTwo = { first: 0, second: 0, j1: -1, j2: -1 };

  /**
   * Starts with every list unread; `state` has the costs and prices, which are read as they are. Where
   * rows are not to `remember`, they are read each time and lists stay empty.
   */
  constructor(state: AssignmentState, remember: boolean) {
    const rows = state.colOf.length, most = remember ? state.m : 0;
    this.stride = Math.min(FOR_PATHS, most);
    this.counts = new Int32Array(rows);
    this.items = new Int32Array(rows * this.stride);
    this.costs = new Float64Array(rows * this.stride);
    this.bounds = new Float64Array(rows).fill(-Infinity);
    this.#state = state;
    this.#few = new LargestOf(Math.min(FOR_BIDS, most));
    this.#many = new LargestOf(this.stride);
  }

  /** Reads a row for a path and remembers more of it than for a bid. */
  renew(i: number): void {
    this.#read(i, this.#many, this.#unasked);
  }

  /** Finds the two cheapest columns of a row of at least two. */
  bestTwo(i: number, out: BestTwo): void {
    const { items, costs } = this, { v } = this.#state;
    let first = Infinity, second = Infinity, j1 = -1, j2 = -1;
    for (let q = i * this.stride, end = q + this.counts[i]; q < end; q++) {
      const j = items[q];
      const reduced = costs[q] - v[j];
      if (reduced >= second) continue;
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
    // another column may be as cheap, and have a lower index
    if (second >= this.bounds[i]) return this.#read(i, this.#few, out);
    out.first = first;
    out.second = second;
    out.j1 = j1;
    out.j2 = j2;
  }

  /** Reads a row: its two cheapest, and those that it remembers. */
  #read(i: number, cheapest: LargestOf, out: BestTwo): void {
    const { m, c, sign, v } = this.#state, size = cheapest.items.length;
    let first = Infinity, second = Infinity, j1 = -1, j2 = -1;
    // what a column must be below to be remembered, once there are enough
    let limit = Infinity;
    cheapest.clear();
    for (let j = 0, p = i * m; j < m; j++, p++) {
      const reduced = sign * c[p] - v[j];
      if (reduced >= limit) continue;
      if (size > 0) {
        cheapest.offer(-reduced, j);
        if (j >= size - 1) limit = -cheapest.least;
      }
      if (reduced >= second) continue;
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
    out.first = first;
    out.second = second;
    out.j1 = j1;
    out.j2 = j2;
    if (size === 0) return;
    this.bounds[i] = size < m ? limit : Infinity;
    this.counts[i] = size;
    const begin = i * this.stride, end = begin + size;
    this.items.subarray(begin, end).set(cheapest.items);
    this.items.subarray(begin, end).sort();
    for (let q = begin; q < end; q++) this.costs[q] = sign * c[i * m + this.items[q]];
  }
}
