/**
 * The names of result files, for what writes them and for all that reads them:
 *
 * ```text
 * <experiment>[_diagnostics][_<suffix>][.part<i>of<N>].json         rows
 * <experiment>[_<suffix>][.part<i>of<N>].meta.json                  provenance
 * ```
 *
 * @module
 */

/** One part of a grid, as `--shard` counts them. */
export interface Part {
  /** From 0. */
  index: number;
  /** Number of parts. */
  count: number;
}

/** What a result file holds: rows, diagnostics or the provenance of both. */
export type ResultKind = "rows" | "diagnostics" | "meta";

/** What the name of a result file says. */
export interface ResultName {
  /** Name of the experiment: `exp_dict_quality`. */
  experiment: string;
  /** What the file holds. */
  kind: ResultKind;
  /** What stands after it, with its underscore: `_trial`, `_n50`; empty for the experiment itself. */
  suffix: string;
  /** The part of the grid, unless the file is of all of it. */
  part?: Part;
}

/**
 * The task that runs an experiment: `exp:dict-quality` for `exp_dict_quality`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { taskName } from "./names.ts";
 *
 * assert.equal(taskName("exp_dict_quality"), "exp:dict-quality");
 * ```
 */
export function taskName(experiment: string): string {
  return experiment.replace(/^exp_/, "exp:").replaceAll("_", "-");
}

/**
 * The name of a result file, without its folder.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { formatResultName } from "./names.ts";
 *
 * const part = { index: 1, count: 4 };
 * assert.equal(
 *   formatResultName({ experiment: "exp_toy", kind: "diagnostics", suffix: "_a", part }),
 *   "exp_toy_diagnostics_a.part1of4.json",
 * );
 * ```
 */
export function formatResultName(name: ResultName): string {
  const { experiment, kind, suffix, part } = name;
  return experiment + (kind === "diagnostics" ? "_diagnostics" : "") + suffix +
    (part ? `.part${part.index}of${part.count}` : "") + (kind === "meta" ? ".meta" : "") + ".json";
}

/**
 * Takes the name of a result file apart: the inverse of {@linkcode formatResultName}. Where one
 * experiment's name begins with another's, the longer one counts.
 *
 * @param fileName File name without folder.
 * @param experiments Names of the experiments that are known. A file of an unknown one is taken for
 * the experiment of its name, without the suffix of a part of a grid.
 * @returns Undefined for a file that is neither of a known experiment nor named `exp_*.json`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseResultName } from "./names.ts";
 *
 * assert.deepEqual(parseResultName("exp_dict_quality_diagnostics_n50.json", ["exp_dict_quality"]), {
 *   experiment: "exp_dict_quality",
 *   kind: "diagnostics",
 *   suffix: "_n50",
 * });
 * assert.equal(parseResultName("exp_own_n50.json", [])?.experiment, "exp_own");
 * assert.equal(parseResultName("compare.json", []), undefined);
 * ```
 */
export function parseResultName(
  fileName: string,
  experiments: readonly string[],
): ResultName | undefined {
  const match = /^(.+?)(?:\.part(\d+)of(\d+))?(\.meta)?\.json$/.exec(fileName);
  if (!match) return undefined;
  const [, stem, index, count, meta] = match;
  const experiment = experiments.filter((name) => stem === name || stem.startsWith(`${name}_`))
    .reduce((longest, name) => name.length > longest.length ? name : longest, "") ||
    /^(exp_.+?)(?:_diagnostics)?(?:_n\d+|_\d+k)?$/.exec(stem)?.[1];
  if (experiment === undefined) return undefined;
  const rest = stem.slice(experiment.length);
  // a provenance file is of rows and diagnostics alike: what stands in its name is the suffix
  const [, diagnostics, suffix] = /^(_diagnostics(?=_|$))?(.*)$/.exec(meta ? "" : rest)!;
  return {
    experiment,
    kind: meta ? "meta" : diagnostics ? "diagnostics" : "rows",
    suffix: meta ? rest : suffix,
    ...(index ? { part: { index: Number(index), count: Number(count) } } : {}),
  };
}

/**
 * What tells a run apart from others of the same experiment: its suffix, but for a part of a grid
 * (`_n50`, `_10k`), which belongs to the experiment itself. Rows under different labels must not be
 * mixed.
 *
 * @param suffix As in {@linkcode ResultName}.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { runLabel } from "./names.ts";
 *
 * assert.equal(runLabel("_trial"), "_trial");
 * assert.equal(runLabel("_n50"), "");
 * ```
 */
export function runLabel(suffix: string): string {
  return /^(_n\d+|_\d+k)$/.test(suffix) ? "" : suffix;
}

/**
 * The experiment whose results a file of rows holds, with `_diagnostics` where it holds those.
 *
 * @param fileName File name without folder.
 * @param experiments Names of the experiments that are known, as in {@linkcode parseResultName}.
 * @returns Undefined for a file that holds no rows, and for a trial: a run under a label of its own.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { experimentOf } from "./names.ts";
 *
 * const known = ["exp_dict_quality"];
 * assert.equal(experimentOf("exp_dict_quality_diagnostics_n50.json"), "exp_dict_quality_diagnostics");
 * assert.equal(experimentOf("exp_dict_quality_trial.json", known), undefined);
 * assert.equal(experimentOf("exp_dict_quality.meta.json", known), undefined);
 * ```
 */
export function experimentOf(
  fileName: string,
  experiments: readonly string[] = [],
): string | undefined {
  const name = parseResultName(fileName, experiments);
  if (!name || name.kind === "meta" || runLabel(name.suffix) !== "") return undefined;
  return name.experiment + (name.kind === "diagnostics" ? "_diagnostics" : "");
}

/** Longest suffix: names of temporary files have some 100 characters more, and systems take 255. */
export const MAX_SUFFIX = 100;

/**
 * Whether files can be told apart by a suffix (without its underscore): letters, digits, dots, dashes
 * and underscores, not too many, so that no system refuses the name, and nothing that the name itself
 * says in another place.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { isSuffix } from "./names.ts";
 *
 * assert(isSuffix("trial-2"));
 * assert(!isSuffix("diagnostics") && !isSuffix("a.part0of2") && !isSuffix("a.meta"));
 * ```
 */
export function isSuffix(text: string): boolean {
  return /^[\w.-]+$/.test(text) && text.length <= MAX_SUFFIX && !text.endsWith(".") &&
    !/^diagnostics|\.part\d+of\d+$|\.meta$/i.test(text) &&
    // Windows' names of devices
    !/^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(text);
}
