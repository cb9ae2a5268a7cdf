/**
 * Makes the rows and figures that ship with the toolkit, in `results/shipped/` and
 * `figures/shipped/`: one command, `deno task shipped`, that goes on where it ended, the small sizes
 * first. Figures are drawn at the end, of the rows of all runs.
 *
 * Permissions: those of an experiment, for they run in this process.
 */
import { selectFigures, writeFigures } from "./figures.ts";
import { isDeepStrictEqual } from "node:util";
import { PAPER_SAE_TYPES } from "../lib/paper/sae_types.ts";
import { readRowFiles } from "../lib/reports/row_files.ts";
import { readProvenance, taskName } from "../lib/results.ts";
import { type Experiment, runExperiment } from "../lib/sweep.ts";
import { fixedOptions } from "../lib/sweep/experiment.ts";
import { experimentFiles } from "../lib/sweep/parts.ts";
import { parseCommandLine } from "../lib/sweep/run_flags.ts";
import { type Command, runCommand } from "../lib/sweep/command.ts";
import { flagName, type FlagValues } from "../lib/sweep/flags.ts";
import { decimal, folder, integer, oneOf } from "../lib/sweep/kinds.ts";

const UP_TO_1000 = ["--paper", "--n", "50,100,500,1000"];
/** The types that SynthSAEBench publishes, and what no autoencoder made. */
const PUBLISHED = ["relu", "jumprelu", "batchtopk", "matryoshka", "pursuit"]
  .concat("dl_path", "truth_frequent", "truth");
const LARGEST = ["--paper", "--n", "5000,10000"];
const LARGEST_DL = LARGEST.concat("--suffix", "10k", "--methods", "dl_fista");
const LARGEST_SOFTPLUS = LARGEST.concat("--suffix", "n5000", "--methods", "softplus_adam");
const SAES = PAPER_SAE_TYPES.map((type) => `sae_${type}`);
/** What takes minutes where the learners and Softplus-Adam take hours. */
const QUICK = ["linear_probe", ...SAES, "fista_oracle"];
/** The same with FISTA on the autoencoders' decoders, from zero and from their codes. */
const WITH_DECODERS = QUICK.concat(
  ["fista+", "refined_"].flatMap((use) => PAPER_SAE_TYPES.map((type) => use + type)),
);

/**
 * The runs, in their order. Those of one experiment go on in one file where they differ in their grid
 * alone; others have a suffix that files of rows have for a part of a grid.
 */
const RUNS: readonly (readonly [name: string, args: readonly string[]])[] = [
  // first that which records how the autoencoders are trained, then those that find them in the cache
  ["learning-dynamics", UP_TO_1000],
  ["dict-quality", UP_TO_1000],
  ["support-recovery", UP_TO_1000],
  ["lambda-sensitivity", UP_TO_1000],
  ["warmstart-encoder", UP_TO_1000],
  ["vary-samples", ["--paper", "--n", "100", "--samples", "100,500,1000,5000,10000"]],
  ["phase-transition", ["--paper", "--older"]],
  ["vary-latents", UP_TO_1000],
  ["frozen-decoder", UP_TO_1000],
  ["warmstart-decoder", ["--paper", "--n", "50,100,500"]],
  ["large-latents", ["--paper", "--n", "1000"]],
  ["vary-sparsity", ["--paper", "--n", "50", "--suffix", "n50"]],
  ["vary-sparsity", ["--paper"]],
  ["sample-frontier", ["--paper", "--n", "100"]],
  [
    "sample-frontier",
    [
      ...["--paper", "--n", "1000", "--per-atom", "2.5,5", "--seeds", "0,1,2"],
      ...["--methods", "dl_path,dl_fista", "--suffix", "n1000"],
    ],
  ],
  [
    "sample-frontier",
    [
      ...["--paper", "--n", "300,1000", "--suffix", "1k", "--methods"],
      ["", "_without_loo", "_without_restarts", "_without_both"].map((part) => "dl_path" + part)
        .join(),
    ],
  ],
  [
    "sample-frontier",
    ["--paper", "--n", "300,1000", "--suffix", "3k", "--methods", "dl_path_least_squares"],
  ],
  [
    "sample-frontier",
    ["--paper", "--n", "300", "--suffix", "n300", "--methods", ["dl_fista", ...SAES].join()],
  ],
  [
    "sample-frontier",
    [
      ...["--paper", "--n", "1000", "--per-atom", "2.5,5", "--seeds", "0,1,2"],
      ...["--suffix", "2k", "--methods", SAES.join()],
    ],
  ],
  [
    "sample-frontier",
    [
      ...["--paper", "--n", "1000", "--per-atom", "1.25,1.5,1.75,2,3,4", "--seeds", "0,1,2"],
      ...["--suffix", "8k", "--methods", ["dl_fista", ...SAES].join()],
    ],
  ],
  ...[
    ["5000", "2,2.5,5", "0,1,2"],
    ["10000", "5", "0,1,2"],
    ["10000", "2.5", "0"],
  ].map(([n, perAtom, seeds]) =>
    [
      "sample-frontier",
      [
        ...["--paper", "--n", n, "--per-atom", perAtom, "--seeds", seeds],
        ...["--methods", "dl_path", "--suffix", "5k"],
      ],
    ] as const
  ),
  [
    "sample-frontier",
    ["--paper", "--n", "100,300", "--suffix", "4k", "--methods", "dl_path_consensus"],
  ],
  [
    "sample-frontier",
    [
      ...["--paper", "--n", "100,300", "--per-atom", "1.25,1.5,1.75,2,2.5,3"],
      ...["--suffix", "6k", "--methods", "dl_path_cycles"],
    ],
  ],
  [
    "sample-frontier",
    [
      ...["--paper", "--n", "1000", "--per-atom", "1.5,1.75,2", "--suffix", "6k"],
      ...["--methods", "dl_path_cycles"],
    ],
  ],
  ["synth-bench", ["--paper"]],
  [
    "synth-bench",
    [
      ...["--n", "2048", "--per-feature", "1000", "--seeds", "0,1,2"],
      ...["--dictionaries", PUBLISHED.join(","), "--suffix", "n2048"],
    ],
  ],
  // what is quick with many samples, many latents and at the ends of the sparsity
  [
    "vary-samples",
    [
      ...["--paper", "--n", "100", "--samples", "10000,50000,100000", "--suffix", "100k"],
      ...["--methods", QUICK.join(",")],
    ],
  ],
  [
    "large-latents",
    [
      ...["--paper", "--n", "10000", "--suffix", "10k"],
      ...["--methods", WITH_DECODERS.join(",")],
    ],
  ],
  [
    "vary-sparsity",
    ["--paper", "--suffix", "n1000", "--methods", QUICK.join(",")],
  ],
  // then the largest
  ...[5000, 10_000].flatMap((n) => [
    [
      "learning-dynamics",
      // the autoencoders alone
      ["--paper", "--n", String(n), "--methods", "none", "--suffix", "5k"],
    ] as const,
    ...["dict-quality", "support-recovery"]
      .map((name) => [name, ["--paper", "--n", String(n)]] as const),
    ...["lambda-sensitivity", "warmstart-encoder"]
      .map((name) => [name, ["--paper", "--n", String(n), "--suffix", "5k"]] as const),
  ]),
  // what needs no training decides claims at all scales
  [
    "vary-latents",
    [
      ...["--paper", "--n", "500,1000,5000,10000", "--suffix", "n10000"],
      ...["--methods", "linear_probe,fista_oracle"],
    ],
  ],
  [
    "vary-latents",
    ["--paper", "--n", "5000,10000", "--suffix", "5k", "--methods", SAES.join(",")],
  ],
  [
    "frozen-decoder",
    ["--paper", "--n", "5000,10000", "--suffix", "5k", "--methods", WITH_DECODERS.join(",")],
  ],
  ["vary-latents", LARGEST_DL],
  ["frozen-decoder", LARGEST_DL],
  // DL-FISTA alone
  [
    "learning-dynamics",
    ["--paper", "--n", "5000", "--methods", "dl_fista", "--types", "none", "--suffix", "10k"],
  ],
  ["warmstart-decoder", ["--paper", "--n", "5000", "--suffix", "n5000"]],
  [
    "vary-samples",
    [
      ...["--paper", "--n", "100", "--samples", "10000,50000,100000", "--suffix", "50k"],
      ...["--methods", "dl_fista"],
    ],
  ],
  [
    "vary-samples",
    [
      ...["--paper", "--n", "10000", "--samples", "100,500,1000,5000", "--suffix", "n10000"],
      ...["--methods", "dl_fista"],
    ],
  ],
  [
    "large-latents",
    ["--paper", "--n", "10000", "--suffix", "n10000", "--methods", "dl_fista"],
  ],
  ["vary-latents", LARGEST_SOFTPLUS],
  ["frozen-decoder", LARGEST_SOFTPLUS],
  ["warmstart-decoder", ["--paper", "--n", "1000"]],
  ["vary-samples", ["--paper", "--n", "100"]],
  [
    "vary-samples",
    [
      ...["--paper", "--n", "10000", "--samples", "100,500,1000,5000,10000", "--suffix", "10k"],
      ...["--methods", QUICK.join(",")],
    ],
  ],
  [
    "large-latents",
    [
      "--paper",
      "--n",
      "10000,100000",
      "--suffix",
      "100k",
      "--methods",
      "linear_probe,fista_oracle",
    ],
  ],
];

const NAMES = [...new Set(RUNS.map(([name]) => name))];
/** Of the runs that name their latents. */
const MOST_LATENTS = Math.max(
  ...RUNS.flatMap(([, args]) =>
    args.flatMap((arg, i) => arg === "--n" ? args[i + 1].split(",").map(Number) : [])
  ),
);

const FLAGS = {
  only: { about: "one experiment alone", kind: oneOf(NAMES) },
  workers: {
    about: "cells computed at once (default: one per core)",
    kind: integer({ min: 1, max: 1024 }),
  },
  out: { about: "folder of the result files", kind: folder, default: "results/shipped" },
  figures: { about: "folder of the figures", kind: folder, default: "figures/shipped" },
  cache: { about: "folder of the cache", kind: folder, default: ".cache" },
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
    `Makes the rows and figures that ship with the toolkit: ${RUNS.length} runs of ${NAMES.length} experiments, the\n` +
    `small sizes first, up to ${
      MOST_LATENTS.toLocaleString("en-US")
    } latents. All together takes days; --list says how long each\n` +
    "takes. Ended early, the same command goes on from there.",
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

async function makeAll(
  { only, ...flags }: FlagValues<typeof FLAGS>,
): Promise<number> {
  const passed = Object.entries(flags).flatMap(([key, value]) =>
    value === undefined || value === false
      ? []
      : [`--${flagName(key)}${value === true ? "" : `=${value}`}`]
  );
  // a second run of an experiment goes on with what the first has made
  const again = passed.filter((flag) => flag !== "--fresh");
  const begun = new Set<string>();
  let code = 0;
  for (const [name, own] of RUNS) {
    if (only !== undefined && name !== only) continue;
    const url = new URL(`../experiments/${name.replaceAll("-", "_")}.ts`, import.meta.url).href;
    const { experiment }: { experiment: Experiment } = await import(url);
    if (!flags.quiet) console.error(`${taskName(experiment.name)} ${own.join(" ")}`);
    const file = `${name} ${own.includes("--suffix") ? own[own.indexOf("--suffix") + 1] : ""}`;
    const more = begun.has(file) ? [...again] : [...passed];
    begun.add(file);
    if (!more.includes("--fresh") && isMadeOtherwise(experiment, own, flags.out)) {
      if (!flags.quiet) {
        console.error(
          `Its rows were made with other options: ${
            flags.list ? "a run would start over" : "started over"
          }`,
        );
      }
      more.push("--fresh");
    }
    code = await runExperiment(experiment, url, [...own, ...more, "--no-figures"]);
    if (code === 0) continue;
    console.error(`Stopped at ${taskName(experiment.name)}; the same command goes on from there`);
    break;
  }
  // of the rows of all runs together
  if (!flags.list && code !== 2 && readRowFiles(flags.out).files.length > 0) {
    await writeFigures(await selectFigures(undefined, flags.out), flags.figures);
  }
  return code;
}

/**
 * Whether the file of a run was made with other options than it has now: by an older list of runs.
 *
 * @param experiment The run's.
 * @param args Its own arguments.
 * @param folder Folder of the files.
 */
export function isMadeOtherwise(
  experiment: Experiment,
  args: readonly string[],
  folder: string,
): boolean {
  const { options, flags: { suffix } } = parseCommandLine(experiment, args);
  const { meta } = experimentFiles(experiment, { out: folder, suffix });
  const made = readProvenance(meta)?.options;
  return made !== undefined && !isDeepStrictEqual(made, fixedOptions(experiment.options, options));
}
