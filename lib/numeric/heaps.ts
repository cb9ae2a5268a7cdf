/**
 * Two binary heaps of numbers that stand for something: one that keeps the largest, one that gives the
 * smallest first.
 * @module
 */

/**
 * The largest of the values offered, with the least of them on top. Of equal values any may be kept.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { LargestOf } from "./heaps.ts";
 *
 * const two = new LargestOf(2);
 * [3, 1, 2].forEach((value, item) => two.offer(value, item));
 * assert.equal(two.least, 2);
 * assert.deepEqual([...two.items].sort(), [0, 2]);
 * ```
 */
export class LargestOf {
  /** What the values stand for, in no order. */
  readonly items: Int32Array;
  readonly #values: Float64Array;
  #count = 0;

  /** Starts empty, to keep `size` of them. */
  constructor(size: number) {
    this.items = new Int32Array(size);
    this.#values = new Float64Array(size);
  }

  /** The least of those kept, once the heap is full. */
  get least(): number {
    return this.#values[0];
  }

  /** Begins anew. */
  clear(): void {
    this.#count = 0;
  }

  /** Keeps a value where it is above the least of those kept, or the heap is not full. */
  offer(value: number, item: number): void {
    const values = this.#values, items = this.items;
    if (this.#count < values.length) climb(values, items, this.#count++, value, item);
    else if (value > values[0]) sink(values, items, values.length, value, item);
  }
}

/**
 * A queue that gives the item of smallest value first; it grows as needed.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { SmallestFirst } from "./heaps.ts";
 *
 * const queue = new SmallestFirst();
 * [0.5, 0.25].forEach((value, item) => queue.push(value, item));
 * assert.equal(queue.least, 0.25);
 * assert.deepEqual([queue.pop(), queue.pop(), queue.size], [1, 0, 0]);
 * ```
 */
export class SmallestFirst {
  #values = new Float64Array(1024);
  #items = new Int32Array(1024);
  #size = 0;

  /** How many are in it. */
  get size(): number {
    return this.#size;
  }

  /** The smallest value of a queue that is not empty. */
  get least(): number {
    return this.#values[0];
  }

  /** Begins anew. */
  clear(): void {
    this.#size = 0;
  }

  /** Adds an item. */
  push(value: number, item: number): void {
    if (this.#size === this.#values.length) {
      const values = new Float64Array(2 * this.#size), items = new Int32Array(2 * this.#size);
      values.set(this.#values);
      items.set(this.#items);
      [this.#values, this.#items] = [values, items];
    }
    climb(this.#values, this.#items, this.#size++, value, item);
  }

  /** Takes the item of smallest value out of a queue that is not empty. */
  pop(): number {
    const values = this.#values, items = this.#items;
    const first = items[0], size = --this.#size;
    sink(values, items, size, values[size], items[size]);
    return first;
  }
}

/** Puts an item into a heap with its least on top: at its end, which is `at`, or above. */
function climb(values: Float64Array, items: Int32Array, at: number, value: number, item: number) {
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (values[parent] <= value) break;
    values[at] = values[parent];
    items[at] = items[parent];
    at = parent;
  }
  values[at] = value;
  items[at] = item;
}

/** Puts an item into a heap of so many with its least on top: there, in place of what was, or below. */
function sink(values: Float64Array, items: Int32Array, size: number, value: number, item: number) {
  let at = 0;
  for (let child = 1; child < size; child = 2 * at + 1) {
    if (child + 1 < size && values[child + 1] < values[child]) child++;
    if (values[child] >= value) break;
    values[at] = values[child];
    items[at] = items[child];
    at = child;
  }
  values[at] = value;
  items[at] = item;
}
