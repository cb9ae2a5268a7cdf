/**
 * Makes the rows and figures that ship with the toolkit, in `results/shipped/` and
 * `figures/shipped/`: one command, `deno task shipped`, that goes on where it ended. Experiments run
 * with the paper's options up to n = 100; those whose defaults are larger run their default grids.
 */
const PAPER_UP_TO_100 = ["--paper", "--n", "50,100"];

const RUNS: [experiment: string, flags: string[]][] = [
  // first those that train the autoencoders that the others find in the cache
  ["learning-dynamics", PAPER_UP_TO_100],
  ["dict-quality", PAPER_UP_TO_100],
  ["support-recovery", PAPER_UP_TO_100],
  ["warmstart-encoder", PAPER_UP_TO_100],
  ["lambda-sensitivity", PAPER_UP_TO_100],
  ["warmstart-decoder", PAPER_UP_TO_100],
  ["vary-latents", PAPER_UP_TO_100],
  ["frozen-decoder", PAPER_UP_TO_100],
  ["vary-samples", ["--paper", "--samples", "100,500,1000,5000"]],
  ["phase-transition", ["--paper", "--n", "50"]],
  ["vary-sparsity", []],
  ["large-latents", []],
];

for (const [experiment, flags] of RUNS) {
  const folders = ["--out", "results/shipped", "--figures", "figures/shipped"];
  const { success } = await new Deno.Command("deno", {
    args: ["task", `exp:${experiment}`, ...flags, ...folders, ...Deno.args],
    stdout: "inherit",
    stderr: "inherit",
  }).spawn().status;
  if (!success) {
    console.error(`Stopped at exp:${experiment}; the same command goes on from there`);
    Deno.exit(1);
  }
}
