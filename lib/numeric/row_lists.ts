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
export class BestTwo {
  /** Reduced cost of the cheapest column. */
  first: number = Infinity;
  /** Reduced cost of the second. */
  second: number = Infinity;
  /** The cheapest column. */
  j1: number = -1;
  /** The second, −1 in a row of one column. */
  j2: number = -1;

  /** Begins anew. */
  clear(): void {
    this.first = this.second = Infinity;
    this.j1 = this.j2 = -1;
  }

  /** Takes a column that is cheaper than the second so far. */
  take(reduced: number, j: number): void {
    if (reduced < this.first) {
      this.second = this.first;
      this.j2 = this.j1;
      this.first = reduced;
      this.j1 = j;
    } else {
      this.second = reduced;
      this.j2 = j;
    }
  }
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
  readonly #unasked = new BestTwo();

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
    out.clear();
    for (let q = i * this.stride, end = q + this.counts[i]; q < end; q++) {
      const j = items[q];
      const reduced = costs[q] - v[j];
      if (reduced < out.second) out.take(reduced, j);
    }
    // another column may be as cheap, and have a lower index
    if (out.second >= this.bounds[i]) this.#read(i, this.#few, out);
  }

  /** Reads a row: its two cheapest, and those that it remembers. */
  #read(i: number, cheapest: LargestOf, out: BestTwo): void {
    const { m, c, sign, v } = this.#state, size = cheapest.items.length;
    out.clear();
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
      if (reduced < out.second) out.take(reduced, j);
    }
    if (size === 0) return;
    this.bounds[i] = size < m ? limit : Infinity;
    this.counts[i] = size;
    const begin = i * this.stride, end = begin + size;
    this.items.subarray(begin, end).set(cheapest.items);
    this.items.subarray(begin, end).sort();
    for (let q = begin; q < end; q++) this.costs[q] = sign * c[i * m + this.items[q]];
  }
}
