/** What wrong estimates cost: the claim in lib/paper/estimates.ts. */
import assert from "node:assert/strict";
import { experiment as phaseTransition } from "../experiments/phase_transition.ts";
import { experiment as varyLatents } from "../experiments/vary_latents.ts";
import { experiment as varySamples } from "../experiments/vary_samples.ts";
import { readProvenance } from "../lib/results.ts";
import type { Experiment } from "../lib/sweep.ts";
import { experimentFiles } from "../lib/sweep/parts.ts";
import { parseCommandLine } from "../lib/sweep/run_flags.ts";
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

Deno.test("a unit of cost is about the second that the shipped cells took", () => {
  const samples = ["--samples", "10000,50000,100000", "--suffix", "100k"];
  const quick = "linear_probe,sae_relu,sae_topk,sae_jumprelu,sae_MP,fista_oracle";
  const runs: [Experiment, string[]][] = [
    // all methods on little data; autoencoders on much; all methods on many latents
    [phaseTransition, ["--paper", "--older"]],
    [varySamples, ["--paper", "--n", "100", ...samples, "--methods", quick]],
    [varyLatents, ["--paper", "--n", "50,100,500,1000"]],
  ];
  for (const [experiment, args] of runs) {
    const { options, flags: { suffix } } = parseCommandLine(experiment, args);
    const { meta } = experimentFiles(experiment, { out: "results/shipped", suffix });
    const took = new Map(
      readProvenance(meta)!.cells.map(({ key, seconds }) => [JSON.stringify(key), seconds]),
    );
    let [seconds, cost] = [0, 0];
    for (const cell of experiment.cells(options)) {
      const own = took.get(JSON.stringify(cell.key));
      if (own === undefined) continue;
      [seconds, cost] = [seconds + own, cost + cell.cost];
    }
    // the two workers shared their cores with other work: it has been 0.95 to 1
    assert(
      seconds > 0 && Math.abs(Math.log2(seconds / cost)) < 1,
      `${args}: ${seconds} of ${cost}`,
    );
  }
});
