/**
 * Result files: `results/<name>.json` (flat rows), its diagnostics and its provenance.
 *
 * A run saves after every cell, by re-reading the files under a lock, merging and replacing them,
 * so that runs on the same file lose nothing of each other. The provenance file is written first
 * and holds a digest of each cell's rows: a cell counts as done only if every file has exactly the
 * rows that the digest was made of, wherever an earlier run was killed.
 * @module
 */
import { basename, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { withLock, writeAtomic } from "./atomic_file.ts";
import { formatResultName, type Part, type ResultKind } from "./results/names.ts";
import {
  digestOf,
  type FailedCell,
  type Making,
  makingsOf,
  matchCells,
  type Provenance,
  type ProvenanceFile,
  readProvenance,
  type RunRecord,
} from "./results/provenance.ts";
import { type CellKey, type CellResult, compareKeys, keyInWords, type Row } from "./results/row.ts";
import { formatRows, readRows } from "./results/rows_file.ts";

export * from "./results/changed.ts";
export * from "./results/columns.ts";
export * from "./results/folder.ts";
export * from "./results/hours.ts";
export * from "./results/names.ts";
export * from "./results/old_names.ts";
export * from "./results/printable.ts";
export * from "./results/provenance.ts";
export * from "./results/row.ts";
export * from "./results/rows_file.ts";
export * from "./results/seed_table.ts";
export * from "./results/statistics.ts";
export * from "./results/text_table.ts";

/** Paths of the files of one experiment. */
export interface ResultFiles {
  /** The rows: a JSON array, pretty-printed. */
  rows: string;
  /** The diagnostics rows, in experiments that have them. */
  diagnostics?: string;
  /** Provenance: options, version, machine, seconds and digest per cell, failures. */
  meta: string;
  /** Lock of the three files. */
  lock: string;
}

/** One finished cell. */
export interface SavedCell extends CellResult {
  /** Its key columns. */
  key: CellKey;
  /** Wall time. */
  seconds: number;
  /** How it may have been made; absent where that is as the provenance of its files says. */
  makings?: readonly Making[];
}

/** Content of the files of one experiment. */
export interface Results {
  /** Finished cells, in file order. */
  cells: SavedCell[];
  /** Cells that failed and have not succeeded since. */
  failed: FailedCell[];
  /** The runs that made them. */
  runs: RunRecord[];
  /** Whether the files of rows hold rows of cells that do not count: of a save that did not end. */
  unfinished?: boolean;
  /** How some of the cells were made otherwise, where a merge was told to mix (`--mixed`). */
  mixed?: Making[];
}

/**
 * Paths of the files of an experiment. The suffix goes to the end of every name.
 *
 * @param folder Folder of the files.
 * @param name Experiment name, e.g. `exp_dict_quality`.
 * @param options `diagnostics`: whether the experiment has a diagnostics file, default false; `suffix`:
 * appended to the names, e.g. `_n50`; `part`: the part of the grid, for the files of one part.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { resultFiles } from "./results.ts";
 *
 * assert.equal(resultFiles("results", "exp_toy", { suffix: "_a" }).rows, "results/exp_toy_a.json");
 * ```
 */
export function resultFiles(
  folder: string,
  name: string,
  options: { diagnostics?: boolean; suffix?: string; part?: Part } = {},
): ResultFiles {
  const { diagnostics = false, suffix = "", part } = options;
  const path = (kind: ResultKind) =>
    join(folder, formatResultName({ experiment: name, kind, suffix, part }));
  const rows = path("rows");
  return {
    rows,
    ...(diagnostics ? { diagnostics: path("diagnostics") } : {}),
    meta: path("meta"),
    lock: join(folder, `.${basename(rows, ".json")}.lock`),
  };
}

/**
 * Reads the finished and failed cells of an experiment. Cells whose rows are incomplete, because a
 * run was killed between two files, are left out.
 *
 * @param files Paths, from {@linkcode resultFiles}.
 * @param provenance What the rows must have been made with.
 * @param options `mixed` takes rows of the same experiment whatever they were made with, and says
 * so in the result.
 * @returns The content; empty lists where there are no files.
 * @throws {RangeError} When a file is damaged, foreign, or made with other options or by another
 * version. The message names the file and the rule.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { readResults, resultFiles } from "./results.ts";
 * const files = resultFiles("results", "exp_none");
 * const { cells } = readResults(files, { experiment: "exp_none", version: "0.1.0", options: {} });
 * assert.deepEqual(cells, []); // there is no such file yet
 * ```
 */
export function readResults(
  files: ResultFiles,
  provenance: Provenance,
  options: { mixed?: boolean } = {},
): Results {
  const { mixed = false } = options;
  const rows = readRows(files.rows);
  const diagnostics = files.diagnostics ? readRows(files.diagnostics) : undefined;
  const meta = readProvenance(files.meta);
  if (!meta) {
    if (!rows && !diagnostics) return { cells: [], failed: [], runs: [] };
    throw new RangeError(
      `Cannot use ${rows ? files.rows : files.diagnostics}: ` +
        `${files.meta} must say how its rows were made, but there is no such file`,
    );
  }
  const difference = firstDifference(provenance, meta);
  if (difference && !(mixed && provenance.experiment === meta.experiment)) {
    const { what, expected, actual } = difference;
    throw new RangeError(
      `Cannot use ${files.rows}: its rows must be made with ${what} ${JSON.stringify(expected)}, ` +
        `got ${JSON.stringify(actual)}`,
    );
  }

  const { cells, strangers: [stranger] } = matchCells(meta, rows, diagnostics);
  if (stranger && !meta.unfinished) {
    throw new RangeError(
      `Cannot use ${files[stranger.part]}: every row must belong to a cell in ${files.meta}, ` +
        `got one of ${keyInWords(stranger.row, stranger.columns)}`,
    );
  }
  const { version, options: own } = provenance;
  const saved = cells.filter(({ intact }) => intact).map((cell): SavedCell => {
    const { key, seconds, rows, diagnostics } = cell, makings = makingsOf(meta, cell);
    const isOwn = isDeepStrictEqual(makings, [{ version, options: own }]);
    return { key, seconds, rows, diagnostics, ...!isOwn && { makings } };
  });
  return {
    cells: saved,
    ...(meta.unfinished || !cells.every(({ intact }) => intact) ? { unfinished: true } : {}),
    failed: meta.failed,
    runs: meta.runs,
    mixed: otherMakings(saved, provenance),
  };
}

/** What a save adds to the files. */
export interface Additions {
  /** Newly finished cells: they replace those of the same key. */
  cells?: readonly SavedCell[];
  /** Newly failed cells; a finished cell of the same key wins. */
  failed?: readonly FailedCell[];
  /** The runs that made them; one that is there already is updated. */
  runs: readonly RunRecord[];
}

/**
 * Merges cells into the files of an experiment, under their lock: reads what is there now, adds,
 * sorts by key, and replaces each file atomically. Merging the same cells twice changes nothing.
 *
 * @param files Paths, from {@linkcode resultFiles}; the folder must exist.
 * @param provenance What the new cells were made with; the old ones must agree.
 * @param additions The new cells.
 * @param options `replace` starts over: what the files hold is dropped, readable or
 * not; `signal` ends the wait for another's lock: the promise then rejects with its reason.
 * @throws {RangeError} As {@linkcode readResults}; then no file was touched.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { readRows, resultFiles, saveResults } from "./results.ts";
 * const now = new Date().toISOString();
 * const files = resultFiles("results", "exp_toy");
 * await saveResults(
 *   files,
 *   { experiment: "exp_toy", version: "0.1.0", options: {} },
 *   {
 *     cells: [{ key: { seed: 0 }, seconds: 1, rows: [{ mcc_iid: 0.5, seed: 0 }] }],
 *     runs: [{ started: now, saved: now, args: [], workers: 1, machine: {} }],
 *   },
 * );
 * assert.deepEqual(readRows(files.rows), [{ mcc_iid: 0.5, seed: 0 }]);
 * ```
 */
export async function saveResults(
  files: ResultFiles,
  provenance: Provenance,
  additions: Additions,
  options: { replace?: boolean; signal?: AbortSignal } = {},
): Promise<void> {
  const { cells = [], failed = [], runs } = additions;
  const { replace = false, signal } = options;
  await withLock(files.lock, () => {
    const old: Results = replace
      ? { cells: [], failed: [], runs: [] }
      : readResults(files, provenance);
    const merged = new Map(old.cells.concat(cells).map((cell) => [JSON.stringify(cell.key), cell]));
    const failures = new Map(
      old.failed.concat(failed)
        .map((cell) => [JSON.stringify(cell.key), cell] as const)
        .filter(([key]) => !merged.has(key)),
    );
    const allRuns = new Map(
      old.runs.concat(runs).map((run) => [JSON.stringify([run.started, run.args]), run]),
    );
    const sorted = [...merged.values()].sort((a, b) => compareKeys(a.key, b.key));
    const mixed = otherMakings(sorted, provenance);
    const making = ({ makings: [one, ...others] = [] }: SavedCell): number | undefined =>
      others.length > 0 ? undefined : 1 + mixed.findIndex((other) => isDeepStrictEqual(other, one));

    const meta: ProvenanceFile = {
      ...provenance,
      ...(mixed.length > 0 ? { mixed } : {}),
      runs: [...allRuns.values()].sort((a, b) => a.started < b.started ? -1 : 1),
      cells: sorted.map((cell) => ({
        key: cell.key,
        seconds: cell.seconds,
        digest: digestOf(cell),
        ...(mixed.length > 0 ? { making: making(cell) } : {}),
      })),
      failed: [...failures.values()].sort((a, b) => compareKeys(a.key, b.key)),
    };
    const writeMeta = (content: ProvenanceFile) =>
      writeAtomic(files.meta, JSON.stringify(content, null, 2) + "\n");
    // a kill between this file and the next must not leave rows that nobody knows
    const drops = replace || old.unfinished;
    writeMeta(drops ? { ...meta, unfinished: true } : meta);
    // a run in which every cell failed leaves no empty file behind
    if (sorted.length > 0 || readRows(files.rows)) {
      writeAtomic(files.rows, formatRows(sorted.flatMap(({ rows }) => rows)));
      if (files.diagnostics) {
        const diagnostics = sorted.flatMap((cell) => cell.diagnostics ?? []);
        writeAtomic(files.diagnostics, formatRows(diagnostics));
      }
    }
    if (drops) writeMeta(meta);
  }, { signal });
}

/**
 * Refuses rows that a result file cannot hold: not flat, with a number that JSON has no word for,
 * or without the key columns of their cell.
 *
 * @throws {RangeError} Naming the column and its value.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { requireRows } from "./results.ts";
 * requireRows({ seed: 0 }, [{ mcc_iid: 0.5, seed: 0 }]);
 * assert.throws(() => requireRows({ seed: 0 }, [{ mcc_iid: NaN, seed: 0 }]), /mcc_iid must be finite/);
 * ```
 */
export function requireRows(key: CellKey, rows: readonly Row[]): void {
  for (const row of rows) {
    for (const [column, value] of Object.entries(row)) {
      if (!["string", "number", "boolean"].includes(typeof value) && value !== null) {
        throw new RangeError(`Cannot keep a row: ${column} must be a plain value, got ${value}`);
      }
      if (typeof value === "number" && !Number.isFinite(value)) {
        throw new RangeError(`Cannot keep a row: ${column} must be finite, got ${value}`);
      }
    }
    for (const [column, value] of Object.entries(key)) {
      if (row[column] !== value) {
        throw new RangeError(
          `Cannot keep a row: ${column} must be its cell's ${value}, got ${row[column]}`,
        );
      }
    }
  }
}

/** How some cells were made otherwise than a provenance says, each way once. */
function otherMakings(cells: readonly SavedCell[], { version, options }: Provenance): Making[] {
  const makings = cells.flatMap(({ makings = [] }) => makings);
  return makings.filter((making, i) =>
    !isDeepStrictEqual(making, { version, options }) &&
    makings.findIndex((other) => isDeepStrictEqual(other, making)) === i
  );
}

/** The first thing in which two provenances differ. */
function firstDifference(
  ours: Provenance,
  theirs: Provenance,
): { what: string; expected: unknown; actual: unknown } | undefined {
  const pairs = [
    ...(["experiment", "version"] as const).map((what) => [what, ours[what], theirs[what]]),
    ...Object.keys({ ...theirs.options, ...ours.options })
      .map((what) => [what, ours.options[what], theirs.options[what]]),
  ] as [string, unknown, unknown][];
  const different = pairs.find(([, expected, actual]) => !isDeepStrictEqual(expected, actual));
  return different && { what: different[0], expected: different[1], actual: different[2] };
}
