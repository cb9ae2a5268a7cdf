/**
 * `deno task bench:reference --reference DIR`: the reference's Python code and ours on the same work,
 * in turn, in one run. `--help` says more.
 *
 * What is timed is the call alone, on data that is in memory; for experiments whole processes. The
 * reference has the number of threads that suits the case best. Ours is called as a user calls it.
 *
 * Permissions: run Python and Deno, read the checkout of this project, write `.tmp`; with
 * `--allow-ffi=PATH` ours uses that BLAS too.
 */
import type { Datasets } from "../lib/data.ts";
import { UsageError } from "../lib/sweep/flags.ts";
import { atPlace } from "../lib/sweep/places.ts";
import { systemBlas } from "../lib/system_blas.ts";
import {
  type Case,
  caseData,
  CASES,
  QUICK_SAMPLES,
  SAMPLES,
  type Values,
} from "./reference_cases.ts";
import { type Extent, parseFlags, type ReferenceFlags, usage } from "./reference_flags.ts";
import {
  type PythonCommand,
  readValues,
  ReferenceProcess,
  type ReferenceRequest,
  UnusableReference,
  writeArrays,
} from "./reference_process.ts";
import {
  ourSeconds,
  PROCESS_CASES,
  type ProcessCase,
  referenceSeconds,
  rowAgreement,
} from "./reference_processes.ts";
import {
  agreementOf,
  agrees,
  type Comparison,
  comparisonTable,
  formatSeconds,
  mergeComparisons,
  ratio,
  type StoredComparisons,
  wholeSeconds,
} from "./reference_report.ts";

/** Numbers of threads that the reference is tried with. */
const THREADS = [1, 2];
/** A trial does the measured part where the reference takes at most so long for it. */
const TRIAL_SECONDS = 5;
/** After so many seconds a case is not repeated. */
const CASE_SECONDS = 30;
/** Epochs of whole experiments: of a run, of a trial, and of a run under `--quick`. */
const EPOCHS = { run: 500, trial: 10, quick: 2 };

const NOTES: Record<Extent, string> = {
  quick: `Quick: ${QUICK_SAMPLES} samples and hardly any work, so that the ratios say little.`,
  usual: "--full measures the whole.",
  full: "",
};

const all = [...CASES, ...PROCESS_CASES];

if (import.meta.main) {
  try {
    Deno.exitCode = await compare(Deno.args);
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof UnusableReference)) throw error;
    console.error(`Cannot compare with the reference: ${error.message}`);
    Deno.exitCode = 2;
  }
}

/** Runs the command; returns its exit code. */
async function compare(args: readonly string[]): Promise<number> {
  if (args.includes("--help")) {
    console.log(usage(all.map(({ id }) => id)));
    return 0;
  }
  const flags = parseFlags(args, all);
  Deno.mkdirSync(".tmp", { recursive: true });
  const folder = Deno.makeTempDirSync({ dir: ".tmp", prefix: "reference_" });
  try {
    await using stack = new AsyncDisposableStack();
    const processes: ReferenceProcess[] = [];
    for (const threads of THREADS) {
      processes.push(stack.use(await ReferenceProcess.start({ ...flags, threads })));
    }
    const { versions } = processes[0], { extent } = flags;
    const on = { deno: Deno.version.deno, ourBlas: systemBlas() ?? null, ...versions };
    const earlier = flags.with === undefined ? [] : storedCases(flags.with, extent, on);
    const comparisons = mergeComparisons(
      earlier,
      await compareAll(flags, processes, folder),
      all.map(({ id }) => id),
    );
    if (flags.json) {
      const stored: StoredComparisons = { extent, on, comparisons };
      console.log(JSON.stringify(stored, null, 2));
    } else {
      const { cpu, cores, python, torch, numpy, sklearn, blas } = versions;
      console.log(
        `${cpu}, ${cores} cores. Deno ${on.deno}, BLAS ${
          on.ourBlas ?? "none"
        }; Python ${python}, ` +
          `torch ${torch}, numpy ${numpy}, scikit-learn ${sklearn}, BLAS ${blas}.\n\n${
            comparisonTable(comparisons)
          }\n\n` +
          `Fastest runs; ≈ follows from the part in the last column. ${NOTES[extent]}`,
      );
    }
    return comparisons.every(({ agreement }) => agrees(agreement)) ? 0 : 1;
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** The cases that another run printed. */
function storedCases(
  path: string,
  extent: Extent,
  on: StoredComparisons["on"],
): readonly Comparison[] {
  const stored: StoredComparisons = atPlace(
    "--with must be a file that --json printed",
    path,
    () => JSON.parse(Deno.readTextFileSync(path)),
  );
  const differs = Object.keys(on).find((name) => stored.on?.[name] !== on[name]);
  if (stored.extent !== extent || differs !== undefined) {
    throw new UsageError(
      `--with must be of the same extent, machine and versions, got another ${
        differs ?? "extent"
      } in "${path}"`,
    );
  }
  return stored.comparisons;
}

async function compareAll(
  { cases, extent, repeats, ...command }: ReferenceFlags,
  processes: readonly ReferenceProcess[],
  folder: string,
): Promise<Comparison[]> {
  const comparisons: Comparison[] = [];
  const nSamples = extent === "quick" ? QUICK_SAMPLES : SAMPLES;
  let data: Datasets | undefined, n: number | undefined;
  for (const id of cases) {
    const found = CASES.find((c) => c.id === id);
    if (found && found.n !== n) {
      data = undefined; // the old one goes before the new one comes
      data = caseData(n = found.n, nSamples);
    }
    const comparison = found
      ? await compareCase(found, data!, processes, folder, extent, repeats)
      : await compareProcesses(
        ...[PROCESS_CASES.find((c) => c.id === id)!, command, folder, extent, repeats] as const,
      );
    comparisons.push(comparison);
    const { threads, reference: theirs, ours, whole } = comparison;
    const [a, b] = [theirs, ours].map((side) => formatSeconds(wholeSeconds(side, whole)));
    console.error(
      `${id}: ${a} with ${threads === 1 ? "1 thread" : `${threads} threads`}, ours ${b}: ${
        ratio(comparison).toPrecision(3)
      }×`,
    );
  }
  return comparisons;
}

/** A case whose work runs inside one process on each side. */
async function compareCase(
  { id, kind, options, unit, whole, part, quick, trial, setUp, oursWhole, arrays, ours, allowed }:
    Case,
  data: Datasets,
  processes: readonly ReferenceProcess[],
  folder: string,
  extent: Extent,
  repeats: number,
): Promise<Comparison> {
  const units = { quick, usual: part, full: whole }[extent];
  const ourUnits = oursWhole && extent !== "quick" ? whole : units;
  const request: ReferenceRequest = {
    kind,
    arrays: writeArrays(folder, arrays(data)),
    options,
    part: units,
    save: null,
  };

  const tried: Record<number, number> = {};
  const few = Math.min(quick, units);
  let brief: boolean | undefined;
  for (const process of processes) {
    const { seconds } = await process.run({
      ...request,
      part: few,
      options: { ...options, ...trial },
    });
    brief ??= trial === undefined && seconds * units <= TRIAL_SECONDS * few;
    tried[process.threads] = brief ? (await process.run(request)).seconds : seconds;
  }
  const best = processes.reduce((a, b) => tried[b.threads] < tried[a.threads] ? b : a);

  let theirValues: Values | undefined, ourValues: Values | undefined;
  const times = await inTurn(repeats, async () => {
    const save = theirValues ? null : folder;
    const { seconds, values } = await best.run({ ...request, save });
    if (values) theirValues = readValues(values);
    return seconds;
  }, () => {
    const start = performance.now();
    ourValues = ours(data, ourUnits, units);
    return (performance.now() - start) / 1000;
  });
  // Dictionary learning stops by itself: the rounds until then are its whole work
  const doneBy = (values: Values, asked: number) => Number(values.rounds ?? asked);
  const done = doneBy(ourValues!, ourUnits);
  const total = ourUnits === whole ? done : whole;
  return {
    id,
    unit,
    whole: total,
    threads: best.threads,
    tried,
    reference: {
      seconds: times.reference,
      units: doneBy(theirValues!, units) < units ? total : units,
      ...(setUp && units < whole && { setUp: (await best.run({ ...request, part: 0 })).seconds }),
    },
    ours: { seconds: times.ours, units: done },
    agreement: agreementOf(ourValues!, theirValues!, allowed),
  };
}

/** Dict-quality as processes. */
async function compareProcesses(
  { id, unit, whole, experiments }: ProcessCase,
  command: Omit<PythonCommand, "threads">,
  folder: string,
  extent: Extent,
  repeats: number,
): Promise<Comparison> {
  const epochs = extent === "quick" ? EPOCHS.quick : EPOCHS.run;
  const seeds = extent === "full" ? whole : 1, ourSeeds = extent === "quick" ? 1 : whole;
  const [theirFolder, ourFolder] = ["reference", "ours"].map((name) => `${folder}/${id}_${name}`);
  for (const path of [theirFolder, ourFolder]) Deno.mkdirSync(path);
  const run = (threads: number, seeds: number, epochs: number) =>
    referenceSeconds(experiments, { ...command, threads }, theirFolder, seeds, epochs);

  const tried: Record<number, number> = {};
  for (const threads of THREADS) {
    const python = { ...command, threads }, trial = Math.min(epochs, EPOCHS.trial);
    tried[threads] = await referenceSeconds(experiments.slice(0, 1), python, theirFolder, 1, trial);
  }
  const threads = THREADS.reduce((a, b) => tried[b] < tried[a] ? b : a);
  const setUp = await run(threads, 0, epochs);
  const times = await inTurn(
    repeats,
    () => run(threads, seeds, epochs),
    () => ourSeconds(experiments, ourFolder, ourSeeds, epochs),
  );
  return {
    id,
    unit,
    whole,
    threads,
    tried,
    reference: { seconds: times.reference, units: seeds, setUp },
    ours: { seconds: times.ours, units: ourSeeds },
    agreement: rowAgreement(ourFolder, theirFolder),
  };
}

/** Seconds of both sides, one after the other: the first run warms up, unless it takes too long. */
async function inTurn(
  repeats: number,
  reference: () => Promise<number>,
  ours: () => number | Promise<number>,
): Promise<{ reference: number[]; ours: number[] }> {
  const times = { reference: [] as number[], ours: [] as number[] };
  const start = performance.now();
  for (let run = 0; run <= repeats; run++) {
    times.reference.push(await reference());
    times.ours.push(await ours());
    if (performance.now() - start > 1000 * CASE_SECONDS) break;
  }
  if (times.ours.length > 1) { for (const side of Object.values(times)) side.shift(); }
  return times;
}
