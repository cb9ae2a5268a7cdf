/**
 * Which files an experiment's flags mean, and what the rows in them must be made with.
 * @module
 */
import { join } from "node:path";
import toolkit from "../../deno.json" with { type: "json" };
import type { RunFlags } from "./run_flags.ts";
import { type Experiment, type ExperimentOptions, fixedOptions } from "./experiment.ts";
import {
  parseResultName,
  type Part,
  type Provenance,
  type ResultFiles,
  resultFiles,
} from "../results.ts";

/**
 * The result files of a run, or the part files of one of its shards.
 *
 * @example
 * ```ts
 * import { experimentFiles } from "./parts.ts";
 * experimentFiles({ name: "exp_toy" }, { out: "results" }, { index: 1, count: 4 }).rows;
 * // "results/exp_toy.part1of4.json"
 * ```
 */
export function experimentFiles(
  { name, diagnostics }: Pick<Experiment, "name" | "diagnostics">,
  { out, suffix }: Pick<RunFlags, "out" | "suffix">,
  part?: Part,
): ResultFiles {
  return resultFiles(out, name, {
    diagnostics,
    suffix: suffix ? `_${suffix}` : "",
    part,
  });
}

/**
 * The parts whose files are in the folder of a run's results, in order. Empty where there is no
 * such folder.
 *
 * @example
 * ```ts
 * import { findParts } from "./parts.ts";
 * findParts({ name: "exp_toy" }, { out: "results" }); // [{ index: 0, count: 4 }, …]
 * ```
 */
export function findParts(
  experiment: Pick<Experiment, "name" | "diagnostics">,
  where: Pick<RunFlags, "out" | "suffix">,
): Part[] {
  let names: string[];
  try {
    names = [...Deno.readDirSync(where.out)].map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  return names.flatMap((name) => {
    const part = parseResultName(name, [experiment.name])?.part;
    // other experiments, and other suffixes, have parts in this folder too
    const isOurs = part && experimentFiles(experiment, where, part).meta === join(where.out, name);
    return isOurs ? [part] : [];
  }).sort((a, b) => a.count - b.count || a.index - b.index);
}

/**
 * What the rows of a run are made with.
 *
 * @example
 * ```ts
 * import { provenanceOf } from "./parts.ts";
 * provenanceOf({ name: "exp_toy", options: { epochs: { default: 500 } } }, { epochs: 20 }).options;
 * // { epochs: 20 }
 * ```
 */
export function provenanceOf<Options extends Partial<ExperimentOptions>>(
  { name, options: specs }: Pick<Experiment<Options>, "name" | "options">,
  options: Options,
): Provenance {
  return { experiment: name, version: toolkit.version, options: fixedOptions(specs, options) };
}
