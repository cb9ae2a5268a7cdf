/**
 * The order of rows of a file that is larger than memory, shuffled: blocks of consecutive rows are drawn
 * into pools, and the rows of a pool shuffled. It follows from the seed and the epoch; no row is read.
 * @module
 */
import { RandomState } from "../random.ts";

/** What the order follows from. */
export interface ShufflePlanOptions {
  /** Rows of the file. */
  rows: number;
  /** Consecutive rows of a block; the file's last one has what is left. */
  blockRows: number;
  /** Blocks of a pool; the epoch's last one has what is left. */
  poolBlocks: number;
  /** An integer from 0 to 2³² − 1. */
  seed: number;
  /** Which order of those of the seed. */
  epoch: number;
}

/** Rows that are shuffled among each other. */
export interface Pool {
  /** Ranges of rows, one after another in the pool. */
  blocks: readonly { start: number; count: number }[];
  /** Rows of all blocks. */
  rows: number;
  /** The order in which the pool's rows are taken. */
  order(): Int32Array;
}

/** A seed from several integers: the mixing steps of MurmurHash3 (Appleby, 2011). */
function mixed(...values: readonly number[]): number {
  let hash = 0;
  for (const value of values) {
    hash = Math.imul(hash ^ value, 0x85ebca6b);
    hash = Math.imul(hash ^ hash >>> 13, 0xc2b2ae35);
    hash ^= hash >>> 16;
  }
  return hash >>> 0;
}

/**
 * The pools of an epoch, in order.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { shufflePlan } from "./shuffle_plan.ts";
 *
 * const pools = shufflePlan({ rows: 10, blockRows: 4, poolBlocks: 2, seed: 0, epoch: 0 });
 * assert.equal(pools.reduce((sum, { rows }) => sum + rows, 0), 10);
 * ```
 */
export function shufflePlan(
  { rows, blockRows, poolBlocks, seed, epoch }: ShufflePlanOptions,
): Pool[] {
  const count = Math.ceil(rows / blockRows);
  const order = new RandomState(mixed(seed, epoch, 0)).permutation(count);
  return Array.from({ length: Math.ceil(count / poolBlocks) }, (_, pool) => {
    const drawn = order.subarray(pool * poolBlocks, (pool + 1) * poolBlocks);
    const blocks = Array.from(drawn, (block) => {
      const start = block * blockRows;
      return { start, count: Math.min(blockRows, rows - start) };
    });
    const size = blocks.reduce((sum, { count }) => sum + count, 0);
    const shuffle = () => new RandomState(mixed(seed, epoch, 1 + pool)).permutation(size);
    return { blocks, rows: size, order: shuffle };
  });
}
