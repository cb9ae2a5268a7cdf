/**
 * `deno task bench:growth`: how the times of the main operations grow with the latents n, the observed
 * dimensions m and the samples, one at a time. Prints the fitted exponents beside those of the
 * textbook's arithmetic; writes the times and a figure to a folder that is named.
 *
 * Permissions: read the checkout, write `bench`.
 */
import { join } from "node:path";
import { writeAtomic } from "../lib/atomic_file.ts";
import { generateDatasets } from "../lib/data.ts";
import { learnDictionary } from "../lib/dictionary_learning.ts";
import { figure } from "../lib/figures.ts";
import { evaluate } from "../lib/metrics.ts";
import { fista } from "../lib/sparse_coding.ts";
import { type Command, runCommand } from "../lib/sweep/command.ts";
import type { FlagValues } from "../lib/sweep/flags.ts";
import { folder, integer, listOf, oneOf } from "../lib/sweep/kinds.ts";
import { requireWritableFolder } from "../lib/sweep/places.ts";
import { trainSae } from "../lib/train_sae.ts";
import { growthOptions, growthPanels, OPERATION_NAMES, type Point } from "./growth_figure.ts";
import { AXES, type Axis, type Operation, OPERATIONS, type Size } from "./growth_fit.ts";
import { formatSeconds } from "./reference_report.ts";

/** Where the axes cross, and how far each goes. */
const CENTRE: Size = { n: 400, m: 64, samples: 1000 };
const GRID: Record<Axis, number[]> = {
  n: [100, 200, 400, 800, 1600],
  m: [16, 32, 64, 128, 256],
  samples: [250, 500, 1000, 2000, 4000],
};
const K = 10, SEED = 0, LAMBDA = 0.1;
/** Steps of training and rounds of dictionary learning in one run. */
const STEPS = 50, ROUNDS = 2;

const FLAGS = {
  operation: {
    about: "only these operations",
    kind: listOf(oneOf(Object.keys(OPERATIONS) as Operation[])),
  },
  repeats: {
    about:
      "runs of which the fastest counts, after one for warming up: other load only ever adds to " +
      "a time",
    kind: integer({ min: 1 }),
    default: 3,
  },
  out: { about: "folder for growth.json and growth.svg (default: none is written)", kind: folder },
  json: { about: "print JSON, with every time measured, instead of the table" },
  quiet: { about: "no progress on stderr" },
} as const;

/** The command, for its usage and for the completion of a shell. */
export const command: Command<typeof FLAGS> = {
  task: "bench:growth",
  action: "measure growth",
  about:
    "Measures how the times of the main operations grow with the latents n, the observed dimensions m and\n" +
    "the samples, and prints the fitted exponents beside those of dense arithmetic. Takes some minutes.",
  flags: FLAGS,
  closing: "Exit code: 0 measured, 2 bad usage. The files in bench/ are those of --out bench.",
};

/** What is run, once, and how often it does the operation in that time. */
function works(size: Size): Record<Operation, { run(): void; times: number }> {
  const { n, m, samples } = size;
  const data = generateDatasets({
    seed: SEED,
    numLatents: n,
    k: K,
    nSamples: 2 * samples,
    inputDim: m,
  });
  const { train, val, ood, A } = data;
  const infer = () =>
    [val, ood].map(({ Y }) => fista(Y, A, { lambda: LAMBDA, nIter: 100, nonneg: true }));
  const [codesId, codesOod] = infer();
  const batch = Int32Array.from({ length: samples }, (_, i) => i);
  const one = { rows: 1, cols: m, data: train.Y.data.subarray(0, m) };
  return {
    fista: { run: infer, times: 1 },
    sae_step: {
      run: () =>
        trainSae({ train: train.Y, id: one, ood: one }, {
          type: "relu",
          width: n,
          kval: K,
          seed: SEED,
          epochs: 1,
          batchSize: samples,
          loader: Array.from({ length: STEPS }, () => batch),
        }),
      times: STEPS,
    },
    dictionary_round: {
      run: () =>
        learnDictionary(val.Y, ood.Y, {
          numLatents: n,
          lambda: LAMBDA,
          seed: SEED,
          maxSteps: 50 * ROUNDS,
        }),
      times: ROUNDS,
    },
    evaluate: { run: () => evaluate({ codesId, codesOod, val, ood }), times: 1 },
  };
}

function secondsOf({ run, times }: { run(): void; times: number }, repeats: number): number {
  run();
  const seconds = Array.from({ length: repeats }, () => {
    const start = performance.now();
    run();
    return (performance.now() - start) / 1000;
  });
  return Math.min(...seconds) / times;
}

/** The times along one axis, the other sizes at the centre. */
function measure(
  axis: Axis,
  operations: readonly Operation[],
  { repeats, quiet }: { repeats: number; quiet: boolean },
): Point[] {
  return GRID[axis].flatMap((value) => {
    const size = { ...CENTRE, [axis]: value }, work = works(size);
    return operations.map((name) => {
      const seconds = secondsOf(work[name], repeats);
      const point = { operation: name, axis, value, ...size, seconds };
      if (!quiet) console.error(`${name}, ${axis} = ${value}: ${formatSeconds(point.seconds)}`);
      return point;
    });
  });
}

if (import.meta.main) await runCommand(command, growth);

function growth({ operation, out, json, ...how }: FlagValues<typeof FLAGS>): void {
  const operations = operation ?? (Object.keys(OPERATIONS) as Operation[]);
  if (out !== undefined) requireWritableFolder("--out", out);
  const points = AXES.flatMap((axis) => measure(axis, operations, how));
  const { panels, exponents } = growthPanels(points);
  const measured = JSON.stringify({ centre: CENTRE, exponents, points }, null, 2);
  if (json) console.log(measured);
  else {
    console.table(exponents.map(({ operation, axis, fitted, arithmetic }) => ({
      operation: OPERATION_NAMES[operation],
      axis,
      fitted: Number(fitted.toFixed(2)),
      arithmetic: Number(arithmetic.toFixed(2)),
    })));
  }
  if (out === undefined) return;
  writeAtomic(join(out, "growth.json"), measured + "\n");
  writeAtomic(join(out, "growth.svg"), figure(panels, growthOptions(CENTRE)));
}
