/**
 * The files that an experiment's flags mean, whole or in the parts of `--shard`, what the rows in them
 * must be made with, and how the parts become one.
 * @module
 */
import { join } from "node:path";
import toolkit from "../../deno.json" with { type: "json" };
import type { Target } from "./compute.ts";
import { type Cell, type Experiment, fixedOptions } from "./experiment.ts";
import { UsageError } from "./flags.ts";
import type { RunFlags } from "./run_flags.ts";
import { balancedShards } from "./schedule.ts";
import {
  digestOf,
  keyInWords,
  parseResultName,
  type Part,
  type Provenance,
  readResults,
  type ResultFiles,
  resultFiles,
  type Results,
  type SavedCell,
  saveResults,
} from "../results.ts";

/**
 * The result files of a run, or the part files of one of its shards.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { experimentFiles } from "./parts.ts";
 *
 * const { rows } = experimentFiles({ name: "exp_toy" }, { out: "results" }, { index: 1, count: 4 });
 * assert.equal(rows, "results/exp_toy.part1of4.json");
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
 * import assert from "node:assert/strict";
 * import { findParts } from "./parts.ts";
 *
 * assert.deepEqual(findParts({ name: "exp_toy" }, { out: "no/such/folder" }), []);
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
    if (!part) return [];
    const { lock: _, ...files } = experimentFiles(experiment, where, part);
    // whichever of its files is there: one that lacks another is damaged, not missing
    if (!Object.values(files).includes(join(where.out, name))) return [];
    return [part];
  }).filter(({ index, count }, at, all) =>
    all.findIndex((part) => part.index === index && part.count === count) === at
  ).sort((a, b) => a.count - b.count || a.index - b.index);
}

/**
 * What the rows of a run are made with.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { provenanceOf } from "./parts.ts";
 *
 * const experiment = { name: "exp_toy", options: { epochs: { default: 500 } } };
 * assert.deepEqual(provenanceOf(experiment, { epochs: 20 }).options, { epochs: 20 });
 * ```
 */
export function provenanceOf<Options extends object>(
  { name, options: specs }: Pick<Experiment<Options>, "name" | "options">,
  options: Options,
): Provenance {
  return { experiment: name, version: toolkit.version, options: fixedOptions(specs, options) };
}

/**
 * Merges all part files of a run. The result depends neither on the order of the parts nor on any
 * clock, and merging again changes no row. Where two parts hold the same cell, because a grid was split
 * twice, what decides is, in this order:
 *
 * 1. a finished cell counts before a failed one;
 * 2. one made with the options and the version of this run before one that `mixed` lets in;
 * 3. two with the same rows are one; two with different rows are refused by name, for no rule could
 *    tell which one is right. The same holds against what the result files have already;
 * 4. of two failures, the message of the part that was attempted more often counts.
 *
 * @param experiment Its name, and whether it has diagnostics.
 * @param flags Where the files are; `fresh` drops what the result files hold, `mixed` takes parts
 * that were made with other options or by another version.
 * @param target The result files.
 * @returns The parts of the split that has most cells.
 * @throws {UsageError} When there is no part, one that is damaged or made otherwise, or two that hold
 * different rows of a cell; then no file was touched.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { readRows, resultFiles, saveResults } from "../results.ts";
 * import { mergeParts } from "./parts.ts";
 *
 * const out = Deno.makeTempDirSync({ dir: "." }), started = new Date().toISOString();
 * const run = { started, saved: started, args: [], workers: 1, machine: {} };
 * const provenance = { experiment: "exp_toy", version: "0.1.0", options: {} };
 * for (const index of [0, 1]) {
 *   const cell = { key: { seed: index }, seconds: 1, rows: [{ mcc_iid: 0.5, seed: index }] };
 *   const part = resultFiles(out, "exp_toy", { part: { index, count: 2 } });
 *   await saveResults(part, provenance, { cells: [cell], runs: [run] });
 * }
 * const files = resultFiles(out, "exp_toy");
 * await mergeParts({ name: "exp_toy" }, { out, fresh: false, mixed: false }, { files, provenance, run });
 * assert.equal(readRows(files.rows)?.length, 2);
 * Deno.removeSync(out, { recursive: true });
 * ```
 */
export async function mergeParts(
  experiment: Pick<Experiment, "name" | "diagnostics">,
  flags: Pick<RunFlags, "out" | "suffix" | "fresh" | "mixed">,
  { files, provenance, run }: Target,
): Promise<Part[]> {
  const found = findParts(experiment, flags);
  if (found.length === 0) {
    throw new UsageError(`--merge must find part files (--shard) in ${flags.out}, got none`);
  }
  const contents = found.map((part): PartContent => {
    const { rows } = experimentFiles(experiment, flags, part);
    try {
      const results = readResults(experimentFiles(experiment, flags, part), provenance, flags);
      return { ...results, part, path: rows, isOwn: (results.mixed ?? []).length === 0 };
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new UsageError(
        `${error.message} (remove the part, or take it as it is: --mixed)`,
      );
    }
    // a stable sort: of equally many attempts, the parts of the finer split come last
  }).sort((a, b) => a.runs.length - b.runs.length);
  const cells = oneOfEach(contents);
  if (!flags.fresh) requireSame(cells, readResults(files, provenance), files.rows);
  await saveResults(files, provenance, {
    cells,
    failed: contents.flatMap(({ failed }) => failed),
    runs: [
      ...contents.flatMap(({ runs }) => runs),
      { ...run, saved: new Date().toISOString() },
    ],
  }, { replace: flags.fresh });
  const held = Map.groupBy(contents, ({ part }) => part.count);
  const cellsHeld = (count: number) =>
    held.get(count)!.reduce((sum, { cells }) => sum + cells.length, 0);
  const [fullest] = [...held.keys()].sort((a, b) => cellsHeld(b) - cellsHeld(a) || b - a);
  return found.filter(({ count }) => count === fullest);
}

/** What a part holds. */
interface PartContent extends Results {
  part: Part;
  /** Its file of rows. */
  path: string;
  /** Whether it was made as the rows of this run are; else it is there because of `--mixed`. */
  isOwn: boolean;
}

/** Every cell once; refuses two results of which none is to be preferred. */
function oneOfEach(contents: readonly PartContent[]): SavedCell[] {
  const chosen = new Map<string, { cell: SavedCell; content: PartContent }>();
  for (const content of contents) {
    for (const cell of content.cells) {
      const key = JSON.stringify(cell.key), known = chosen.get(key);
      if (known?.content.isOwn && !content.isOwn) continue;
      const mustAgree = known !== undefined && known.content.isOwn === content.isOwn;
      if (mustAgree && digestOf(known.cell) !== digestOf(cell)) {
        throw new UsageError(
          `--merge must find one result of each cell, got two of ${keyInWords(cell.key)}, in ` +
            `${known.content.path} and ${content.path} (remove the part that is not wanted)`,
        );
      }
      chosen.set(key, { cell, content });
    }
  }
  return [...chosen.values()].map(({ cell }) => cell);
}

/** Refuses parts that would change what the result file has of their cells, unless it was mixed. */
function requireSame(cells: readonly SavedCell[], old: Results, path: string): void {
  if ((old.mixed ?? []).length > 0) return;
  const digests = new Map(old.cells.map((cell) => [JSON.stringify(cell.key), digestOf(cell)]));
  const other = cells.find((cell) => {
    const digest = digests.get(JSON.stringify(cell.key));
    return digest !== undefined && digest !== digestOf(cell);
  });
  if (!other) return;
  throw new UsageError(
    `--merge must find the results that ${path} has, got another one of ${keyInWords(other.key)} ` +
      "(--fresh takes what the parts have)",
  );
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
 * import assert from "node:assert/strict";
 * import { describeMissing } from "./parts.ts";
 *
 * const grid = [{ key: { seed: 0 }, cost: 1 }, { key: { seed: 1 }, cost: 1 }];
 * assert.deepEqual(describeMissing(grid, [grid[1]], [{ index: 0, count: 2 }]), [
 *   "Part 1 of 2 (--shard 1/2) is missing",
 * ]);
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
