/**
 * The engine of all experiments: from the command line over cells, workers and result files to
 * figures and a summary.
 *
 * Permissions: read on the checkout (workers load their modules from it) and on the result folder,
 * write on the result and figure folders and on that of the model cache; nothing else. Where the
 * permission is given to ask for the size of the memory, cells that do not fit in it are refused.
 * @module
 */
import { join } from "node:path";
import { FileError, requireLock, withLock, writeAtomic } from "./atomic_file.ts";
import {
  type CellKey,
  compareKeys,
  keyInWords,
  numericsNotes,
  type Part,
  printable,
  readResults,
  type ResultFiles,
  type Results,
  type Row,
  seedTable,
  type SummarySpec,
  summaryTable,
  taskName,
} from "./results.ts";
import { compute, type Outcome, type Target } from "./sweep/compute.ts";
import { declinedLines } from "./sweep/declined.ts";
import type { Cell, Experiment, OptionSpec } from "./sweep/experiment.ts";
import { UsageError } from "./sweep/flags.ts";
import { listCells, listingText } from "./sweep/listing.ts";
import { formatBytes, machineMemory } from "./sweep/machine_memory.ts";
import { describeMissing, experimentFiles, mergeParts, provenanceOf } from "./sweep/parts.ts";
import { permissionAdvice } from "./sweep/permissions.ts";
import { atPlace, requireWritableFile, requireWritableFolder } from "./sweep/places.ts";
import { DEFAULT_CACHE, parseCommandLine, type RunFlags, usage } from "./sweep/run_flags.ts";
import { balancedShards, fittingWorkers } from "./sweep/schedule.ts";
import { systemBlas } from "./system_blas.ts";
import { chooseBackend } from "./wasm/backends.ts";

export type {
  Cell,
  CellContext,
  Experiment,
  NamedFigure,
  OptionSpec,
  OptionSpecs,
} from "./sweep/experiment.ts";
export type { CellKey, CellResult, Row, SummarySpec, Value } from "./results.ts";
export type { Declined } from "./sweep/declined.ts";
export { UsageError } from "./sweep/flags.ts";
export {
  decimal,
  integer,
  type Kind,
  listOf,
  oneOf,
  type Range,
  someOrNone,
  text,
} from "./sweep/kinds.ts";
export { inShares } from "./sweep/progress.ts";

/**
 * Runs an experiment from the command line and ends the process: exit code 0 when all that was
 * asked for is done, 1 when a cell failed or the run was interrupted, 2 on bad usage or unusable
 * files (one line on stderr, before any work), 3 when `--max-seconds` left cells undone.
 *
 * @param experiment The experiment; its module must export it as `experiment`.
 * @param moduleUrl `import.meta.url` of that module: the workers import it.
 * @param args Command-line arguments.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { type Experiment, main } from "./sweep.ts";
 * export const experiment: Experiment<{ seeds: number[] }> = {
 *   name: "exp_coin",
 *   description: "Coins.",
 *   options: { seeds: { default: [0, 1] } },
 *   summary: { by: ["method"], metrics: ["heads"] },
 *   cells: ({ seeds }) => seeds.map((seed) => ({ key: { seed }, cost: 1 })),
 *   run: ({ key }) => ({ rows: [{ heads: Number(key.seed) % 2, method: "coin", ...key }] }),
 * };
 * assert.equal(experiment.cells({ seeds: [0, 1] }).length, 2);
 * if (import.meta.main) await main(experiment, import.meta.url); // and ends the process
 * ```
 */
export async function main<Options extends object>(
  experiment: Experiment<Options>,
  moduleUrl: string,
  args: readonly string[] = Deno.args,
): Promise<never> {
  const code = await runExperiment(experiment, moduleUrl, args);
  // not exitCode: an abandoned worker must not keep the process alive
  Deno.exit(code);
}

/**
 * Does what {@linkcode main} does, but for the end of the process: for commands that run several
 * experiments. A worker that was abandoned in a cell may be alive still.
 *
 * @param experiment The experiment; its module must export it as `experiment`.
 * @param moduleUrl URL of that module.
 * @param args Command-line arguments.
 * @returns The exit code.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { type Experiment, runExperiment } from "./sweep.ts";
 *
 * const experiment: Experiment<{ seeds: number[] }> = {
 *   name: "exp_coin",
 *   description: "Coins.",
 *   options: { seeds: { default: [0, 1] } },
 *   summary: { by: ["method"], metrics: ["heads"] },
 *   cells: ({ seeds }) => seeds.map((seed) => ({ key: { seed }, cost: 1 })),
 *   run: ({ key }) => ({ rows: [{ heads: Number(key.seed) % 2, method: "coin", ...key }] }),
 * };
 * assert.equal(await runExperiment(experiment, import.meta.url, ["--help"]), 0);
 * ```
 */
export async function runExperiment<Options extends object>(
  experiment: Experiment<Options>,
  moduleUrl: string,
  args: readonly string[],
): Promise<number> {
  try {
    return await runCommand(experiment, moduleUrl, args);
  } catch (error) {
    if (error instanceof FileError) {
      // what was saved before is whole
      console.error(`${printable(error.message)}; the same command goes on from there`);
      return 1;
    }
    const reason = error instanceof UsageError ? error.message : permissionAdvice(error);
    console.error(
      reason ? `Cannot run ${taskName(experiment.name)}: ${printable(reason)}` : error,
    );
    return reason ? 2 : 1;
  }
}

async function runCommand<Options extends object>(
  experiment: Experiment<Options>,
  moduleUrl: string,
  args: readonly string[],
): Promise<number> {
  const { options, flags, isDefaultGrid } = parseCommandLine(experiment, args);
  if (flags.help) {
    console.log(usage(experiment));
    return 0;
  }
  const grid = withUsageErrors(() => experiment.cells(options))
    .sort((a, b) => compareKeys(a.key, b.key));
  const declined = declinedLines(experiment.declined?.(options) ?? []);
  const tellDeclined = () => declined.forEach((line) => console.error(printable(line)));
  if (grid.length === 0) {
    throw new UsageError(
      ["its options must leave at least one cell, got none", ...declined].join("; "),
    );
  }
  if (flags.list) {
    const listing = listCells(grid, knownCells(experiment, flags, options));
    console.log(
      flags.json
        ? JSON.stringify({ experiment: experiment.name, ...listing }, null, 2)
        : listingText(listing),
    );
    tellDeclined();
    return 0;
  }

  const cells = selectCells(grid, flags);
  const drawsFigures = experiment.figures !== undefined && !flags.noFigures && !flags.shard;
  requireWritableFolder("--out", flags.out);
  if (drawsFigures) requireWritableFolder("--figures", flags.figures);
  // the default one may be missing or read-only: then every model is trained
  if (flags.cache !== DEFAULT_CACHE && !flags.noCache) {
    requireWritableFolder("--cache", flags.cache);
  }
  const blas = systemBlas();
  const target: Target = {
    files: experimentFiles(experiment, flags, flags.shard),
    provenance: provenanceOf(experiment, options),
    run: {
      started: new Date().toISOString(),
      saved: "",
      args: [...args],
      workers: flags.workers,
      machine: {
        cores: navigator.hardwareConcurrency,
        os: Deno.build.os,
        arch: Deno.build.arch,
        deno: Deno.version.deno,
        kernels: chooseBackend(),
        ...(blas ? { blas } : {}),
      },
    },
  };
  requireUsable(target.files);
  const earlier = flags.fresh ? NOTHING : readUsable(target.files, target);

  let outcome: Outcome;
  let parts: Part[] = [];
  if (flags.merge) {
    parts = await mergeParts(experiment, flags, target);
    outcome = { failed: [], saved: true };
  } else {
    const remaining = without(cells, earlier.cells);
    const queue = flags.retryFailed ? remaining : without(remaining, earlier.failed);
    // refuses cells that are too large, before anything is told
    const workers = workersFor(queue, flags.workers);
    if (!flags.quiet) {
      tellDeclined();
      if (isDefaultGrid && !flags.shard) tellWholeGrid(experiment);
      if (queue.length < cells.length) {
        console.error(
          `${cells.length - queue.length} of ${cells.length} cells are known from earlier runs`,
        );
      }
    }
    outcome = await compute(queue, target, {
      module: moduleUrl,
      options,
      cache: flags.noCache ? undefined : flags.cache,
      workers,
      replace: flags.fresh,
      maxSeconds: flags.maxSeconds,
      quiet: flags.quiet,
    });
  }
  const run = { cells, flags, target, drawsFigures, parts };
  const code = await conclude(experiment, run, outcome);
  tellDeclined();
  return code;
}

/** The size of the pool, or a refusal where a cell needs more memory than there is. */
function workersFor(queue: readonly Cell[], workers: number): number {
  const memory = machineMemory();
  const fitting = fittingWorkers(queue, workers, memory);
  if (fitting > 0) return fitting;
  const { key, memory: needed } = queue.reduce((a, b) => (b.memory ?? 0) > (a.memory ?? 0) ? b : a);
  throw new UsageError(
    `every cell must fit in the ${formatBytes(memory)} that this machine can give, ` +
      `${keyInWords(key)} needs about ${formatBytes(needed!)}`,
  );
}

const NOTHING: Results = { cells: [], failed: [], runs: [] };

/** Draws and prints what the files hold about the cells of the run; returns the exit code. */
async function conclude<Options extends object>(
  experiment: Experiment<Options>,
  { cells, flags, target: { files, provenance }, drawsFigures, parts }: {
    cells: Cell[];
    flags: RunFlags;
    target: Target;
    drawsFigures: boolean;
    /** Those that the run merged, if it did. */
    parts: Part[];
  },
  { failed, saved, stop }: Outcome,
): Promise<number> {
  const results = saved ? readResults(files, provenance) : { ...NOTHING, failed };
  const missing = without(cells, results.cells);
  const done = without(cells, missing);
  const failures = without(results.failed, without(results.failed, missing));

  const rows = without(results.cells, without(results.cells, done)).flatMap(({ rows }) => rows);
  const paths: string[] = [];
  if (done.length > 0) {
    paths.push(files.rows, ...(files.diagnostics ? [files.diagnostics] : []), files.meta);
    if (drawsFigures && !stop) {
      paths.push(...await drawFigures(experiment, results, flags, files));
    }
  }
  if (flags.json) {
    console.log(JSON.stringify(
      {
        experiment: experiment.name,
        cells: { all: cells.length, done: done.length },
        failed: failures,
        summary: summaryLines(rows, cells[0].key, experiment.summary),
        files: paths,
      },
      null,
      2,
    ));
  } else if (done.length > 0) {
    console.log(summaryTable(rows, cells[0].key, experiment.summary));
    console.log(`\nFiles: ${paths.map(printable).join("\n       ")}`);
  }
  if (flags.merge) {
    for (const sentence of numericsNotes(results.runs)) console.error(printable(sentence));
  }
  for (const { key, message } of failures) {
    console.error(printable(`Failed: ${keyInWords(key)}: ${message}`));
  }
  if (failures.length > 0) {
    console.error(
      `${failures.length} of ${cells.length} cells failed; --retry-failed takes them up again`,
    );
  }
  if (stop) {
    console.error(
      `Stopped: ${stop.reason}. ${done.length} of ${cells.length} cells are saved; ` +
        "the same command goes on from there",
    );
    if (!stop.isInterruption && failures.length === 0) return missing.length > 0 ? 3 : 0;
  } else if (missing.length > failures.length) {
    console.error(`${missing.length - failures.length} of ${cells.length} cells are not there yet`);
    if (flags.merge) {
      const unknown = without(missing, failures);
      for (const line of describeMissing(cells, unknown, parts)) console.error(line);
    }
  }
  return missing.length > 0 ? 1 : 0;
}

/** Draws all figures of the result files; returns their paths. */
async function drawFigures<Options extends object>(
  experiment: Experiment<Options>,
  { cells }: Results,
  { figures: folder, suffix }: RunFlags,
  { lock }: ResultFiles,
): Promise<string[]> {
  const figures = await experiment.figures!(
    cells.flatMap(({ rows }) => rows),
    cells.flatMap(({ diagnostics }) => diagnostics ?? []),
  );
  return withLock(lock, () =>
    figures.map(({ name, svg }) => {
      const path = join(folder, `${name}${suffix ? `_${suffix}` : ""}.svg`);
      writeAtomic(path, svg);
      return path;
    }));
}

/** The cells of the grid that a run is about. */
function selectCells(grid: Cell[], { shard, only }: RunFlags): Cell[] {
  if (shard) return balancedShards(grid, shard.count)[shard.index].map((index) => grid[index]);
  if (!only) return grid;
  const beyond = only.find((index) => index >= grid.length);
  if (beyond !== undefined) {
    throw new UsageError(`--only must list indices from 0 to ${grid.length - 1}, got ${beyond}`);
  }
  return only.map((index) => grid[index]);
}

/** Those of `items` whose key none of `others` has. */
function without<T extends { key: CellKey }>(
  items: readonly T[],
  others: readonly { key: CellKey }[],
): T[] {
  const keys = new Set(others.map(({ key }) => JSON.stringify(key)));
  return items.filter(({ key }) => !keys.has(JSON.stringify(key)));
}

/** Refuses what no result file can be put in place of, and a lock that cannot be taken. */
function requireUsable({ rows, diagnostics, meta, lock }: ResultFiles): void {
  for (const path of [rows, diagnostics, meta]) if (path) requireWritableFile("--out", path);
  atPlace("--out must have a lock that can be taken", lock, () => requireLock(lock));
}

function readUsable(files: ResultFiles, { provenance }: Target): Results {
  try {
    return readResults(files, provenance);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(
      `${error.message} (--fresh starts over, --suffix NAME writes to another file)`,
    );
  }
}

/**
 * What a listing can count on: nothing where the files cannot be used, which a run would refuse, or are
 * to be started over.
 */
function knownCells<Options extends object>(
  experiment: Experiment<Options>,
  flags: RunFlags,
  options: Options,
): Results["cells"] {
  if (flags.fresh) return [];
  try {
    const files = experimentFiles(experiment, flags, flags.shard);
    return readResults(files, provenanceOf(experiment, options)).cells;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    console.error(printable(error.message));
    return [];
  }
}

/** The experiment refuses options by a RangeError, in the words of the library. */
function withUsageErrors<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message) : error;
  }
}

/** Of what `--paper` adds; not every experiment with such a grid is in the paper. */
function tellWholeGrid<Options extends object>({ name, options }: Experiment<Options>): void {
  const specs: OptionSpec<unknown>[] = Object.values(options);
  if (specs.some(({ paper }) => paper !== undefined)) {
    console.error(`A quick grid; the whole one: deno task ${taskName(name)} --paper`);
  }
}

/** The summary as data: the columns of the table, and means with their spread. */
function summaryLines(
  rows: readonly Row[],
  key: CellKey,
  { by, metrics }: SummarySpec,
): Record<string, unknown>[] {
  const grid = Object.keys(key).filter((column) => column !== "seed");
  const { settings, scores, lines } = seedTable(rows, {
    settings: [...grid, ...by],
    scores: metrics,
  });
  return lines.map((line) =>
    Object.fromEntries([
      ...settings.map((column, i) => [column, line.settings[i]]),
      ...scores.map((column, i) => [column, line.scores[i]]),
    ])
  );
}
