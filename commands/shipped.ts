/**
 * Makes the rows and figures that ship with the toolkit, in `results/shipped/` and
 * `figures/shipped/`: one command, `deno task shipped`, that goes on where it ended. Experiments run
 * with the paper's options up to n = 100; those whose defaults are larger run their default grids.
 *
 * Permissions: those of an experiment, for they run in this process.
 */
import { taskName } from "../lib/results.ts";
import { type Experiment, runExperiment } from "../lib/sweep.ts";
import { type Command, runCommand } from "../lib/sweep/command.ts";
import { flagName, type FlagValues } from "../lib/sweep/flags.ts";
import { decimal, folder, integer, oneOf } from "../lib/sweep/kinds.ts";

const PAPER_UP_TO_100 = ["--paper", "--n", "50,100"];

const RUNS: Record<string, string[]> = {
  // first those that train the autoencoders that the others find in the cache
  "learning-dynamics": PAPER_UP_TO_100,
  "dict-quality": PAPER_UP_TO_100,
  "support-recovery": PAPER_UP_TO_100,
  "warmstart-encoder": PAPER_UP_TO_100,
  "lambda-sensitivity": PAPER_UP_TO_100,
  "warmstart-decoder": PAPER_UP_TO_100,
  "vary-latents": PAPER_UP_TO_100,
  "frozen-decoder": PAPER_UP_TO_100,
  "vary-samples": ["--paper", "--samples", "100,500,1000,5000"],
  "phase-transition": ["--paper", "--n", "50"],
  "vary-sparsity": [],
  "large-latents": [],
  "sample-frontier": ["--paper", "--n", "100"],
  "synth-bench": ["--paper"],
};

const FLAGS = {
  only: { about: "one experiment alone", kind: oneOf(Object.keys(RUNS)) },
  workers: {
    about: "cells computed at once (default: one per core)",
    kind: integer({ min: 1, max: 1024 }),
  },
  out: { about: "folder of the result files", kind: folder, default: "results/shipped" },
  figures: { about: "folder of the figures", kind: folder, default: "figures/shipped" },
  cache: { about: "folder of the trained models", kind: folder, default: ".cache" },
  maxSeconds: {
    about: "save and end an experiment, and all, after S seconds of it",
    kind: { ...decimal({ above: 0 }), placeholder: "S" },
  },
  retryFailed: { about: "take up again the cells that failed before" },
  fresh: { about: "start every experiment over" },
  list: { about: "print the cells of every experiment with their hours; compute nothing" },
  quiet: { about: "no progress on stderr" },
};

/** The command, for its usage and for the completion of a shell. */
export const command: Command<typeof FLAGS> = {
  task: "shipped",
  action: "make what ships",
  about:
    "Makes the rows and figures that ship with the toolkit: every experiment with the paper's options up to\n" +
    "n = 100, for about an hour of one core. Ended early, the same command goes on from there.",
  flags: FLAGS,
  closing:
    "Exit code: 0 all is made, else that of the experiment that ended it: 1 a cell failed or the run was\n" +
    "interrupted, 2 bad usage or unusable files, 3 --max-seconds left cells undone.",
};

if (import.meta.main) {
  await runCommand(command, makeAll);
  // not its end alone: an abandoned worker must not keep the process alive
  Deno.exit();
}

async function makeAll({ only, ...flags }: FlagValues<typeof FLAGS>): Promise<number> {
  const passed = Object.entries(flags).flatMap(([key, value]) =>
    value === undefined || value === false
      ? []
      : [`--${flagName(key)}${value === true ? "" : `=${value}`}`]
  );
  for (const [name, own] of Object.entries(RUNS)) {
    if (only !== undefined && name !== only) continue;
    const url = new URL(`../experiments/${name.replaceAll("-", "_")}.ts`, import.meta.url).href;
    const { experiment }: { experiment: Experiment } = await import(url);
    if (!flags.quiet) console.error(`${taskName(experiment.name)} ${own.join(" ")}`);
    const code = await runExperiment(experiment, url, [...own, ...passed]);
    if (code === 0) continue;
    console.error(`Stopped at ${taskName(experiment.name)}; the same command goes on from there`);
    return code;
  }
  return 0;
}
