/**
 * Result files: `results/<name>.json` (flat rows), its diagnostics and its provenance.
 *
 * A run saves after every cell, by re-reading the files under a lock, merging and replacing them,
 * so that runs on the same file lose nothing of each other. The provenance file is written first
 * and holds a digest of each cell's rows: a cell counts as done only if every file has exactly the
 * rows that the digest was made of, wherever an earlier run was killed.
 * @module
 */
import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import * as z from "npm:zod@4.6.7";
import { withLock, writeAtomic } from "./atomic_file.ts";
import { formatResultName, type Part, type ResultKind } from "./results/names.ts";
import { type CellKey, type CellResult, compareKeys, keyInWords, type Row } from "./results/row.ts";

export * from "./results/row.ts";
export * from "./results/names.ts";

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

/** What rows must share to stand in one file. */
export interface Provenance {
  /** Experiment name. */
  experiment: string;
  /** Version of the toolkit that made the rows. */
  version: string;
  /** Options that decide the numbers (see `fixedOptions`). */
  options: Record<string, unknown>;
}

/** One finished cell. */
export interface SavedCell extends CellResult {
  /** Its key columns. */
  key: CellKey;
  /** Wall time. */
  seconds: number;
}

/** One failed cell. */
export interface FailedCell {
  /** Its key columns. */
  key: CellKey;
  /** Why. */
  message: string;
}

/** One run that contributed to a file. */
export interface RunRecord {
  /** ISO date of its start; with the arguments, this tells the runs apart. */
  started: string;
  /** ISO date of its last save. */
  saved: string;
  /** Its command-line arguments. */
  args: string[];
  /** Size of its worker pool. */
  workers: number;
  /** Cores, operating system and Deno version. */
  machine: Record<string, string | number>;
}

/** How rows were made. */
export type Making = Omit<Provenance, "experiment">;

/** Content of the files of one experiment. */
export interface Results {
  /** Finished cells, in file order. */
  cells: SavedCell[];
  /** Cells that failed and have not succeeded since. */
  failed: FailedCell[];
  /** The runs that made them. */
  runs: RunRecord[];
  /** How some of the cells were made otherwise, where a merge was told to mix (`--mixed`). */
  mixed?: Making[];
}

const rowSchema = z.record(
  z.string(),
  z.union([z.string(), z.number(), z.boolean(), z.null()]),
);
const keySchema = z.record(z.string(), z.union([z.string(), z.number()]));
const makingSchema = z.object({
  version: z.string(),
  options: z.record(z.string(), z.unknown()),
});
const metaSchema = makingSchema.extend({
  experiment: z.string(),
  mixed: z.array(makingSchema).optional(),
  runs: z.array(z.object({
    started: z.string(),
    saved: z.string(),
    args: z.array(z.string()),
    workers: z.number(),
    machine: z.record(z.string(), z.union([z.string(), z.number()])),
  })),
  cells: z.array(z.object({ key: keySchema, seconds: z.number(), digest: z.string() })),
  failed: z.array(z.object({ key: keySchema, message: z.string() })),
});

/**
 * Paths of the files of an experiment. The suffix goes to the end of every name.
 *
 * @param folder Folder of the files.
 * @param name Experiment name, e.g. `exp_dict_quality`.
 * @param diagnostics Whether the experiment has a diagnostics file.
 * @param suffix Appended to the names, e.g. `_n50`.
 * @param part The part of the grid, for the files of one part.
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
  { diagnostics = false, suffix = "", part }: {
    diagnostics?: boolean;
    suffix?: string;
    part?: Part;
  } = {},
): ResultFiles {
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
 * Reads a file of rows, ours or one published with the paper.
 *
 * @returns The rows, or undefined where there is no such file.
 * @throws {RangeError} When the file is not a JSON array of flat rows, e.g. because it is cut off.
 *
 * @example
 * ```ts
 * import { readRows } from "./results.ts";
 * const rows = readRows("results/exp_dict_quality.json") ?? [];
 * ```
 */
export function readRows(path: string): Row[] | undefined {
  return readJson(path, z.array(rowSchema), "a JSON array of flat rows");
}

/**
 * The text of a file of rows.
 *
 * @example
 * ```ts
 * import { formatRows } from "./results.ts";
 * formatRows([{ mcc_iid: 0.5, seed: 0 }]);
 * ```
 */
export function formatRows(rows: readonly Row[]): string {
  return JSON.stringify(rows, null, 2) + "\n";
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
 * import { readResults, resultFiles } from "./results.ts";
 * const files = resultFiles("results", "exp_toy");
 * const { cells } = readResults(files, { experiment: "exp_toy", version: "0.1.0", options: {} });
 * ```
 */
export function readResults(
  files: ResultFiles,
  provenance: Provenance,
  { mixed = false }: { mixed?: boolean } = {},
): Results {
  const rows = readRows(files.rows);
  const diagnostics = files.diagnostics ? readRows(files.diagnostics) : undefined;
  const meta = readJson(files.meta, metaSchema, "the provenance of a result file");
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

  // one list per done cell of the provenance file; a row without a cell is somebody else's
  const columns = meta.cells.length > 0 ? Object.keys(meta.cells[0].key) : [];
  const identity = (row: Row) => JSON.stringify(columns.map((column) => row[column]));
  const byCell = new Map(
    meta.cells.map(({ key, seconds, digest }) => [
      identity(key),
      { digest, cell: { key, seconds, rows: [], diagnostics: [] } as Required<SavedCell> },
    ]),
  );
  for (const part of ["rows", "diagnostics"] as const) {
    for (const row of (part === "rows" ? rows : diagnostics) ?? []) {
      const entry = byCell.get(identity(row));
      if (!entry) {
        throw new RangeError(
          `Cannot use ${files[part]}: every row must belong to a cell in ${files.meta}, ` +
            `got one of ${keyInWords(row, columns)}`,
        );
      }
      entry.cell[part].push(row);
    }
  }
  return {
    cells: [...byCell.values()]
      .filter(({ digest, cell }) => digestOf(cell) === digest)
      .map(({ cell }) => cell),
    failed: meta.failed,
    runs: meta.runs,
    mixed: [
      ...(meta.mixed ?? []),
      ...(difference ? [{ version: meta.version, options: meta.options }] : []),
    ],
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
  /** How some of the cells were made, where that differs from the provenance of the files. */
  mixed?: readonly Making[];
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
 * import { resultFiles, saveResults } from "./results.ts";
 * const now = new Date().toISOString();
 * await saveResults(
 *   resultFiles("results", "exp_toy"),
 *   { experiment: "exp_toy", version: "0.1.0", options: {} },
 *   {
 *     cells: [{ key: { seed: 0 }, seconds: 1, rows: [{ mcc_iid: 0.5, seed: 0 }] }],
 *     runs: [{ started: now, saved: now, args: [], workers: 1, machine: {} }],
 *   },
 * );
 * ```
 */
export async function saveResults(
  files: ResultFiles,
  provenance: Provenance,
  { cells = [], failed = [], runs, mixed = [] }: Additions,
  { replace = false, signal }: { replace?: boolean; signal?: AbortSignal } = {},
): Promise<void> {
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
    const makings = new Map(
      (old.mixed ?? []).concat(mixed).map((making) => [JSON.stringify(making), making]),
    );
    const sorted = [...merged.values()].sort((a, b) => compareKeys(a.key, b.key));

    const meta: z.infer<typeof metaSchema> = {
      ...provenance,
      ...(makings.size > 0 ? { mixed: [...makings.values()] } : {}),
      runs: [...allRuns.values()].sort((a, b) => a.started < b.started ? -1 : 1),
      cells: sorted.map((cell) => ({
        key: cell.key,
        seconds: cell.seconds,
        digest: digestOf(cell),
      })),
      failed: [...failures.values()].sort((a, b) => compareKeys(a.key, b.key)),
    };
    writeAtomic(files.meta, JSON.stringify(meta, null, 2) + "\n");
    // a run in which every cell failed leaves no empty file behind
    if (sorted.length === 0 && !readRows(files.rows)) return;
    writeAtomic(files.rows, formatRows(sorted.flatMap(({ rows }) => rows)));
    if (files.diagnostics) {
      writeAtomic(files.diagnostics, formatRows(sorted.flatMap((cell) => cell.diagnostics ?? [])));
    }
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
 * import { requireRows } from "./results.ts";
 * requireRows({ seed: 0 }, [{ mcc_iid: 0.5, seed: 0 }]);
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

function digestOf({ rows, diagnostics }: CellResult): string {
  return createHash("sha256").update(JSON.stringify([rows, diagnostics ?? []])).digest("hex")
    .slice(0, 16);
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

function readJson<T>(path: string, schema: z.ZodType<T>, what: string): T | undefined {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new RangeError(`Cannot read ${path}: ${(error as Error).message}`, { cause: error });
  }
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new RangeError(
      `Cannot use ${path}: it must be ${what}, got text that is not JSON (${
        (error as Error).message
      })`,
    );
  }
  const parsed = schema.safeParse(content);
  if (parsed.success) return parsed.data;
  const { path: where, message } = parsed.error.issues[0];
  throw new RangeError(
    `Cannot use ${path}: it must be ${what}, at ${where.join(".") || "the top"}: ${message}`,
  );
}
