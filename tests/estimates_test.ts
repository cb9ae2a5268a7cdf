/** What wrong estimates cost: the claim in lib/paper/estimates.ts. */
import assert from "node:assert/strict";
import { experiment as phaseTransition } from "../experiments/phase_transition.ts";
import { balancedShards } from "../lib/sweep/schedule.ts";

const SHARDS = 8;

/** The longest of the shards that are cut by some costs, in the unit of others. */
function longestShard(cut: readonly number[], actual: readonly number[]): number {
  const cells = cut.map((cost, index) => ({ key: { index }, cost }));
  const shards = balancedShards(cells, SHARDS);
  return Math.max(...shards.map((shard) => shard.reduce((sum, i) => sum + actual[i], 0)));
}

Deno.test("an estimate that is off by two makes no shard noticeably longer", () => {
  // 231 cells that differ a hundredfold: the other grids' largest cells fill a shard by themselves
  const { options, cells } = phaseTransition;
  const paper = {
    n: options.n.paper!,
    k: options.k.paper!,
    c: options.c.paper!,
    seeds: options.seeds.paper!,
    older: false,
    epochs: options.epochs.default,
    maxSteps: options.maxSteps.paper!,
    lambda: options.lambda.default,
    fistaIters: options.fistaIters.default,
    methods: options.methods.default,
  };
  const costs = (methods: string[]) => cells({ ...paper, methods }).map(({ cost }) => cost);
  const actual = costs(paper.methods), best = longestShard(actual, actual);
  for (const method of paper.methods) {
    const own = costs([method]);
    for (const factor of [0.5, 2]) {
      const wrong = actual.map((cost, i) => cost + (factor - 1) * own[i]);
      const ratio = longestShard(wrong, actual) / best;
      assert(ratio < 1.01, `${method} × ${factor}: ${ratio}`);
    }
  }
  // without estimates it would be
  const ratio = longestShard(actual.map(() => 1), actual) / best;
  assert(ratio > 1.02, `${ratio}`);
});
