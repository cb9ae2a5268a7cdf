/**
 * The flag `--results` of the commands that draw.
 * @module
 */
import { UsageError } from "./run_flags.ts";
import { figureSets } from "../paper/figure_sets.ts";
import { atPlace } from "./command.ts";
import { type ExperimentRows, readResultFolder } from "../results.ts";

/**
 * The rows that the folder of `--results` holds of the experiments that have figures. Tells on stderr
 * which files
 * have none, and which are not as their run left them.
 *
 * @throws {UsageError} Where there is no such folder, or no row in it.
 * @throws {RangeError} Where a file is damaged or foreign; the message names it.
 *
 * @example
 * ```ts
 * import { readResultsFlag } from "./results_flag.ts";
 *
 * console.log(readResultsFlag("results").length);
 * ```
 */
export function readResultsFlag(folder: string): ExperimentRows[] {
  const found = atPlace(
    "--results must be a readable folder",
    folder,
    () =>
      readResultFolder(folder, Object.keys(figureSets), {
        onEmpty: (path) => console.error(`Left out ${path}: it has no rows`),
        onChanged: (sentence) => console.error(sentence),
      }),
  );
  if (found.length === 0) {
    throw new UsageError(
      `--results must hold rows in files named exp_*.json, got none in "${folder}"`,
    );
  }
  return found;
}
