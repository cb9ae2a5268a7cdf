/**
 * Merging the part files that `--shard` runs left into the result files of the whole grid.
 * @module
 */
import { type RunFlags, UsageError } from "./run_flags.ts";
import type { Target } from "./compute.ts";
import type { Cell, Experiment } from "./experiment.ts";
import { experimentFiles, findParts } from "./parts.ts";
import { type Part, readResults, type Results, saveResults } from "../results.ts";
import { balancedShards } from "./schedule.ts";

/**
 * Merges all part files of a run. The result does not depend on the order of the parts, and merging
 * again changes no row: where two parts hold the same cell, because a grid was split twice, the one
 * that was saved last wins.
 *
 * @param experiment Its name, and whether it has diagnostics.
 * @param flags Where the files are; `fresh` drops what the result files hold, `mixed` takes parts
 * that were made with other options or by another version.
 * @param target The result files.
 * @returns The split that the latest part belongs to.
 * @throws {UsageError} When there is no part, or one that is damaged or made otherwise; then no
 * file was touched.
 *
 * @example
 * ```ts
 * import { mergeParts } from "./merge.ts";
 * const now = new Date().toISOString();
 * await mergeParts({ name: "exp_toy" }, { out: "results", fresh: false, mixed: false }, {
 *   files: { rows: "results/exp_toy.json", meta: "results/exp_toy.meta.json", lock: ".lock" },
 *   provenance: { experiment: "exp_toy", version: "0.1.0", options: {} },
 *   run: { started: now, saved: now, args: ["--merge"], workers: 1, machine: {} },
 * });
 * ```
 */
export async function mergeParts(
  experiment: Pick<Experiment, "name" | "diagnostics">,
  flags: Pick<RunFlags, "out" | "suffix" | "fresh" | "mixed">,
  { files, provenance, run }: Target,
): Promise<Part[]> {
  const found = findParts(experiment, flags);
  const contents = found.map((part) => {
    try {
      return {
        part,
        ...readResults(experimentFiles(experiment, flags, part), provenance, flags),
      };
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new UsageError(
        `${error.message} (remove the part, or take it as it is: --mixed)`,
      );
    }
  }).sort((a, b) => lastSave(a) < lastSave(b) ? -1 : 1);
  const latest = contents.at(-1);
  if (!latest) {
    throw new UsageError(`--merge must find part files (--shard) in ${flags.out}, got none`);
  }
  await saveResults(files, provenance, {
    cells: contents.flatMap(({ cells }) => cells),
    failed: contents.flatMap(({ failed }) => failed),
    runs: [
      ...contents.flatMap(({ runs }) => runs),
      { ...run, saved: new Date().toISOString() },
    ],
    mixed: contents.flatMap(({ mixed }) => mixed ?? []),
  }, { replace: flags.fresh });
  return found.filter(({ count }) => count === latest.part.count);
}

/**
 * Which parts lack cells after a merge, in words, one line each.
 *
 * @param grid All cells of the grid, in grid order.
 * @param missing Those that the merged files lack, without the failed ones.
 * @param parts The parts that were merged, all of one split.
 *
 * @example
 * ```ts
 * import { describeMissing } from "./merge.ts";
 * const grid = [{ key: { seed: 0 }, cost: 1 }, { key: { seed: 1 }, cost: 1 }];
 * describeMissing(grid, [grid[1]], [{ index: 0, count: 2 }]);
 * // ["Part 1 of 2 (--shard 1/2) is missing"]
 * ```
 */
export function describeMissing(
  grid: readonly Cell[],
  missing: readonly Cell[],
  parts: readonly Part[],
): string[] {
  const [{ count }] = parts;
  const keys = new Set(missing.map(({ key }) => JSON.stringify(key)));
  return balancedShards(grid, count).flatMap((indices, index) => {
    const lacking = indices.filter((cell) => keys.has(JSON.stringify(grid[cell].key))).length;
    if (lacking === 0) return [];
    const isThere = parts.some((part) => part.index === index);
    return [
      `Part ${index} of ${count} (--shard ${index}/${count}) ` +
      (isThere ? `lacks ${lacking} of its ${indices.length} cells` : "is missing"),
    ];
  });
}

/** When a part was last saved; an ISO date, so that text order is time order. */
function lastSave({ runs }: Results): string {
  return runs.map(({ saved }) => saved).reduce((a, b) => a > b ? a : b, "");
}
