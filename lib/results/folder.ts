/**
 * Folders of result files, ours or the published ones, read for figures and the report: which files
 * belong together, and their rows.
 * @module
 */
import { join } from "node:path";
import { changedRows } from "./changed.ts";
import { isSetting } from "./columns.ts";
import type { Row } from "./row.ts";
import { parseResultName, runLabel } from "./names.ts";
import { withTodaysNames } from "./old_names.ts";
import { readProvenance } from "./provenance.ts";
import { readRows } from "./rows_file.ts";

/** The rows of one experiment, from all its files in a folder. */
export interface ExperimentRows {
  /** Name of the experiment: `exp_dict_quality`. */
  experiment: string;
  /** What `--suffix` appended, with its underscore; empty for the experiment itself. */
  suffix: string;
  /** Its rows. */
  rows: Row[];
  /** Its diagnostics. */
  diagnostics: Row[];
  /** Names of the files they come from, in that order of precedence. */
  files: string[];
  /** Sentences on rows that are not as their run left them; absent where all are. */
  changed?: string[];
}

/** The folder of the rows that ship with the toolkit. */
export const SHIPPED_RESULTS: string = join("results", "shipped");

/**
 * The folder that is read where no other is named: `results`, or, as long as no experiment has
 * written there, the rows that ship with the toolkit.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { defaultResultFolder } from "./folder.ts";
 *
 * assert.match(defaultResultFolder(), /^results(\/shipped)?$/);
 * ```
 */
export function defaultResultFolder(): string {
  try {
    const hasRows = [...Deno.readDirSync("results")]
      .some(({ name }) => /^exp_.*\.json$/.test(name));
    return hasRows ? "results" : SHIPPED_RESULTS;
  } catch (error) {
    // its reader tells that it is not there
    if (error instanceof Deno.errors.NotFound) return SHIPPED_RESULTS;
    throw error;
  }
}

/**
 * The experiments that a folder holds files of. Provenance files say which experiment they are of;
 * without one, a file `exp_*.json` is of the experiment of its name.
 *
 * @param folder Folder of the files.
 * @param known Names of experiments that are known.
 * @returns The known ones, in their order, then those that only the folder names, by name.
 * @throws {Deno.errors.NotFound} Where there is no such folder.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { experimentsIn } from "./folder.ts";
 *
 * const [first, ...others] = experimentsIn("results", ["exp_own"]);
 * assert.equal(first, "exp_own");
 * assert(others.includes("exp_vary_latents"));
 * ```
 */
export function experimentsIn(folder: string, known: readonly string[]): string[] {
  const files = [...Deno.readDirSync(folder)].map(({ name }) => name);
  const told = files.filter((file) => file.endsWith(".meta.json")).flatMap((file) => {
    try {
      const experiment = readProvenance(join(folder, file))?.experiment ?? "";
      return parseResultName(file, [experiment])?.experiment === experiment ? [experiment] : [];
    } catch (error) {
      // whoever reads the rows tells of it
      if (error instanceof RangeError) return [];
      throw error;
    }
  });
  const names = [...new Set([...known, ...told])];
  const found = files.flatMap((file) => parseResultName(file, names)?.experiment ?? []);
  const own = new Set([...told, ...found].filter((name) => !known.includes(name)));
  return [...known, ...[...own].sort()];
}

/**
 * Reads all files of rows in a folder. Where two files of one experiment hold the same row, as after
 * a merge of parts, the one with the shorter name counts.
 *
 * @param folder Folder of the files.
 * @param experiments Names of the experiments to read, in the order of the result.
 * @param options `onEmpty`: called with the path of every file without a row, which is left out.
 * `onChanged`: called with a sentence where rows are not those that their run left; they are read all
 * the same.
 * @returns One entry per experiment and suffix that the folder has rows of.
 * @throws {RangeError} Where a file is damaged or foreign; the message names it.
 * @throws {Deno.errors.NotFound} Where there is no such folder.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { readResultFolder } from "./folder.ts";
 *
 * const [{ rows, diagnostics }] = readResultFolder("results", ["exp_dict_quality"]);
 * assert(rows.every(({ method }) => typeof method === "string"));
 * assert(diagnostics.every(({ sae_type }) => typeof sae_type === "string"));
 * ```
 */
export function readResultFolder(
  folder: string,
  experiments: readonly string[],
  options: { onEmpty?: (path: string) => void; onChanged?: (sentence: string) => void } = {},
): ExperimentRows[] {
  const { onEmpty, onChanged } = options;
  const collator = new Intl.Collator("en", { numeric: true });
  const files = [...Deno.readDirSync(folder)].flatMap(({ name: file }) => {
    const name = parseResultName(file, experiments);
    // an experiment that is not asked for has a name too
    if (!name || name.kind === "meta" || !experiments.includes(name.experiment)) return [];
    return [{ file, ...name, suffix: runLabel(name.suffix) }];
  }).sort((a, b) => a.file.length - b.file.length || collator.compare(a.file, b.file));
  const read = files.map((entry) => ({ ...entry, rows: readRows(join(folder, entry.file)) ?? [] }));
  const filled = read.filter(({ rows }) => rows.length > 0);
  if (onEmpty) {
    for (const { file, rows } of read) if (rows.length === 0) onEmpty(join(folder, file));
  }

  const groups = Map.groupBy(filled, ({ experiment, suffix }) => experiment + suffix);
  return [...groups.values()].map((group): ExperimentRows => {
    const [{ experiment, suffix }] = group;
    const named = read.filter((entry) => entry.experiment === experiment && entry.suffix === suffix)
      .map(({ file, rows }) => ({ name: file, rows }));
    const changed = changedRows(folder, named, experiments);
    for (const sentence of changed) onChanged?.(sentence);
    const rowsOf = (part: typeof group) => distinct(part.map(({ rows }) => rows));
    return {
      experiment,
      suffix,
      rows: rowsOf(group.filter(({ kind }) => kind === "rows")),
      diagnostics: rowsOf(group.filter(({ kind }) => kind === "diagnostics")),
      files: group.map(({ file }) => file),
      ...(changed.length > 0 ? { changed } : {}),
    };
  }).sort((a, b) =>
    experiments.indexOf(a.experiment) - experiments.indexOf(b.experiment) ||
    (a.suffix < b.suffix ? -1 : 1)
  );
}

/** The rows of all files, without those that an earlier file has for the same setting. */
function distinct(files: readonly Row[][]): Row[] {
  const known = new Set<string>();
  return files.flatMap((rows) => {
    const fresh = rows.map((row) => ({ row, key: settingKey(row) }))
      .filter(({ key }) => !known.has(key));
    for (const { key } of fresh) known.add(key);
    return fresh.map(({ row }) => row);
  });
}

function settingKey(row: Row): string {
  const settings = Object.entries(withTodaysNames(row)).filter(([column]) => isSetting(column));
  return JSON.stringify(settings.sort(([a], [b]) => a < b ? -1 : 1));
}
