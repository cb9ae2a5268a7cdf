/**
 * Which cells run, where and in which order.
 * @module
 */
import type { Cell } from "./experiment.ts";

/**
 * Indices of the cells, the costliest first: the last cells to end are then short ones, and no
 * worker is left alone with a long one.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { largestFirst } from "./schedule.ts";
 *
 * assert.deepEqual(largestFirst([{ key: {}, cost: 1 }, { key: {}, cost: 5 }]), [1, 0]);
 * ```
 */
export function largestFirst(cells: readonly Cell[]): number[] {
  // the sort is stable: equal costs stay in grid order
  return cells.map((_, index) => index).sort((a, b) => cells[b].cost - cells[a].cost);
}

/**
 * Splits a grid into `count` parts of nearly equal cost: each cell, the costliest first, goes to
 * the part with the least so far. A function of the grid alone, so that the tasks of a cluster
 * agree on it without talking.
 *
 * @returns For each part, indices of its cells in grid order.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { balancedShards } from "./schedule.ts";
 *
 * const cells = [3, 1, 2].map((cost) => ({ key: { cost }, cost }));
 * assert.deepEqual(balancedShards(cells, 2), [[0], [1, 2]]);
 * ```
 */
export function balancedShards(cells: readonly Cell[], count: number): number[][] {
  const shards = Array.from({ length: count }, () => ({ cost: 0, indices: [] as number[] }));
  for (const index of largestFirst(cells)) {
    const lightest = shards.reduce((best, shard) => shard.cost < best.cost ? shard : best);
    lightest.indices.push(index);
    lightest.cost += cells[index].cost;
  }
  return shards.map(({ indices }) => indices.sort((a, b) => a - b));
}

/**
 * How many of the cells can be computed at once: at most `workers`, and so many that even the ones
 * that take most memory fit together, apart from those that are split: they are computed alone. 0
 * where one of the cells does not fit at all.
 *
 * @param cells Those that say nothing of their memory count as small.
 * @param workers Most cells at once.
 * @param memory Bytes that the machine has.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fittingWorkers } from "./schedule.ts";
 *
 * const cells = [5, 3, 3].map((memory) => ({ key: { memory }, cost: 1, memory }));
 * assert.equal(fittingWorkers(cells, 8, 9), 2);
 * ```
 */
export function fittingWorkers(cells: readonly Cell[], workers: number, memory: number): number {
  if (cells.some((cell) => (cell.memory ?? 0) > memory)) return 0;
  const sizes = cells.filter(({ threaded }) => !threaded).map((cell) => cell.memory ?? 0)
    .sort((a, b) => b - a).slice(0, workers);
  let total = 0;
  const full = sizes.findIndex((size) => (total += size) > memory);
  return full < 0 ? workers : full;
}
