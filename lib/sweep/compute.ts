/**
 * Computes the cells of a run that its result files lack, saving after each.
 * @module
 */
import type { Cell } from "./experiment.ts";
import { createProgress } from "./progress.ts";
import {
  type FailedCell,
  printable,
  type Provenance,
  type ResultFiles,
  type RunRecord,
  type SavedCell,
  saveResults,
} from "../results.ts";
import { largestFirst } from "./schedule.ts";
import { type Stop, watchForInterruption } from "./interruption.ts";
import { runCells } from "./pool.ts";

/** Where a run saves, and what it says about itself there. */
export interface Target {
  /** The files. */
  files: ResultFiles;
  /** What all rows of the files share. */
  provenance: Provenance;
  /** The record of this run. */
  run: RunRecord;
}

/** How to compute. */
export interface ComputeOptions {
  /** URL of the module that exports `experiment`. */
  module: string;
  /** The experiment's options. */
  options: unknown;
  /** Folder of the model cache, unless there is none. */
  cache?: string;
  /** Size of the pool. */
  workers: number;
  /** The first save drops what the files hold. */
  replace: boolean;
  /** Time budget in seconds. */
  maxSeconds?: number;
  /** No progress on stderr. */
  quiet: boolean;
}

/** What became of the cells. */
export interface Outcome {
  /** Those that failed, with why. */
  failed: FailedCell[];
  /** Whether the files hold what this run did; under `replace` not before its first success. */
  saved: boolean;
  /** Why the run ended before its last cell, where it did. */
  stop?: Stop;
}

/**
 * Computes cells on a pool of workers, the costliest first, and saves after every one of them, so
 * that a run that is killed loses only the cells in work. A cell that fails is recorded; the others
 * go on.
 *
 * @throws What a failed save throws; the pool has ended then.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { resultFiles } from "../results.ts";
 * import { compute } from "./compute.ts";
 *
 * const folder = Deno.makeTempDirSync({ dir: "." });
 * const { saved, failed } = await compute(
 *   [{ key: { num_latents: 20, k: 3, noise: 0, seed: 0 }, cost: 1 }],
 *   {
 *     files: resultFiles(folder, "exp_template"),
 *     provenance: { experiment: "exp_template", version: "0.1.0", options: {} },
 *     run: { started: new Date().toISOString(), saved: "", args: [], workers: 1, machine: {} },
 *   },
 *   {
 *     module: new URL("../../experiments/template.ts", import.meta.url).href,
 *     options: { lambda: 0.1, iterations: [10] },
 *     workers: 1,
 *     replace: false,
 *     quiet: true,
 *   },
 * );
 * assert.deepEqual([saved, failed], [true, []]);
 * Deno.removeSync(folder, { recursive: true });
 * ```
 */
export async function compute(
  cells: readonly Cell[],
  { files, provenance, run }: Target,
  { module, options, cache, workers, replace, maxSeconds, quiet }: ComputeOptions,
): Promise<Outcome> {
  const outcome: Outcome = { failed: [], saved: !replace };
  const queue = largestFirst(cells).map((index) => cells[index]);
  using interruption = watchForInterruption(maxSeconds);
  const { signal } = interruption;
  const saveNow = async (cells: SavedCell[]) => {
    const record = { ...run, saved: new Date().toISOString() };
    const additions = { cells, failed: outcome.failed, runs: [record] };
    await saveResults(files, provenance, additions, { replace: !outcome.saved, signal });
    outcome.saved = true;
  };
  // one after another: only the first may replace
  let saving = Promise.resolve();
  const save = (cells: SavedCell[]) => saving = saving.then(() => saveNow(cells));

  const progress = createProgress(queue, { quiet });
  const told = new Set<string>();
  try {
    await runCells(queue, { module, options, cache, workers, signal }, {
      onProgress: progress.update,
      onNote(line) {
        if (!told.has(line)) console.error(printable(line));
        told.add(line);
      },
      async onDone(cell, result, seconds) {
        await save([{ key: cell.key, seconds, ...result }]);
        progress.end(cell, `${seconds.toFixed(1)} s`);
      },
      async onFailed(cell, message) {
        outcome.failed.push({ key: cell.key, message });
        // what is to be replaced stays until there is a result to replace it with
        if (outcome.saved) await save([]);
        progress.end(cell, `failed: ${message}`);
      },
    });
  } finally {
    progress.stop();
  }
  if (signal.aborted) outcome.stop = signal.reason;
  return outcome;
}
