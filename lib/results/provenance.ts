/**
 * Provenance files: how rows were made, and a digest of the rows of every finished cell, by which
 * a reader sees whether the rows are still those that the run left.
 * @module
 */
import { createHash } from "node:crypto";
import * as z from "npm:zod@4.6.7";
import { readJson } from "./json_file.ts";
import type { CellKey, CellResult, Row } from "./row.ts";

/** What rows must share to stand in one file. */
export interface Provenance {
  /** Experiment name. */
  experiment: string;
  /** Version of the toolkit that made the rows. */
  version: string;
  /** Options that decide the numbers (see `fixedOptions`). */
  options: Record<string, unknown>;
}

/** How rows were made. */
export type Making = Omit<Provenance, "experiment">;

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
  /** Cores, operating system and Deno version, the build of the kernels, the system's BLAS. */
  machine: Record<string, string | number>;
}

/** One failed cell. */
export interface FailedCell {
  /** Its key columns. */
  key: CellKey;
  /** Why. */
  message: string;
}

/** What a provenance file says of a finished cell. */
export interface CellRecord {
  /** Its key columns. */
  key: CellKey;
  /** Wall time. */
  seconds: number;
  /** Of its rows: see {@linkcode digestOf}. */
  digest: string;
  /** How it was made, in files with `mixed`: 0 as the file says, i as the i-th of `mixed`, from 1. */
  making?: number;
}

/** What a provenance file holds. */
export interface ProvenanceFile extends Provenance {
  /** How some of the cells were made otherwise. */
  mixed?: Making[];
  /** The runs, by their start. */
  runs: RunRecord[];
  /** Finished cells. */
  cells: CellRecord[];
  /** Failed cells. */
  failed: FailedCell[];
  /**
   * Set while a save drops rows: the files of rows may still hold some of cells that are not listed,
   * which were never whole or are started over.
   */
  unfinished?: boolean;
}

const keySchema = z.record(z.string(), z.union([z.string(), z.number()]));
const makingSchema = z.object({
  version: z.string(),
  options: z.record(z.string(), z.unknown()),
});
const fileSchema: z.ZodType<ProvenanceFile> = makingSchema.extend({
  experiment: z.string(),
  mixed: z.array(makingSchema).optional(),
  runs: z.array(z.object({
    started: z.string(),
    saved: z.string(),
    args: z.array(z.string()),
    workers: z.number(),
    machine: z.record(z.string(), z.union([z.string(), z.number()])),
  })),
  cells: z.array(z.object({
    key: keySchema,
    seconds: z.number(),
    digest: z.string(),
    making: z.number().optional(),
  })),
  failed: z.array(z.object({ key: keySchema, message: z.string() })),
  unfinished: z.boolean().optional(),
});

/**
 * Reads a provenance file.
 *
 * @param path Path of the file, `*.meta.json`.
 * @returns Its content, or undefined where there is no such file.
 * @throws {RangeError} Where the file is damaged or of another kind; the message names it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { readProvenance } from "./provenance.ts";
 *
 * assert.equal(readProvenance("no/such/exp_toy.meta.json"), undefined);
 * ```
 */
export function readProvenance(path: string): ProvenanceFile | undefined {
  return readJson(path, fileSchema, "the provenance of a result file");
}

/**
 * The digest of the rows of a cell, as provenance files have it: it changes with any value, column
 * or order.
 *
 * @param result The rows of one cell, in the order of the file.
 * @returns Sixteen hexadecimal digits.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { digestOf } from "./provenance.ts";
 *
 * assert.notEqual(digestOf({ rows: [{ mcc: 0.5 }] }), digestOf({ rows: [{ mcc: 0.6 }] }));
 * ```
 */
export function digestOf(result: CellResult): string {
  const { rows, diagnostics } = result;
  return createHash("sha256").update(JSON.stringify([rows, diagnostics ?? []])).digest("hex")
    .slice(0, 16);
}

/**
 * Sentences on what makes the last bits of a file's rows differ: runs with several builds of the
 * kernels, or with and without a system's BLAS. Runs that merged computed nothing, and older ones do not
 * say which kernels they had.
 *
 * @param runs Of one file.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { numericsNotes } from "./provenance.ts";
 *
 * const runs = ["relaxed-simd", "simd"]
 *   .map((kernels) => ({ started: "", saved: "", args: [], workers: 1, machine: { kernels } }));
 * assert.equal(numericsNotes(runs.slice(1)).length, 0);
 * assert.match(numericsNotes(runs)[0], /^Runs with several kernels \(relaxed-simd, simd\): /);
 * ```
 */
export function numericsNotes(runs: readonly RunRecord[]): string[] {
  const computing = runs.filter(({ args }) => !args.includes("--merge"));
  const kernels = computing.flatMap(({ machine }) => machine.kernels ?? []);
  const blas = computing.map(({ machine }) => machine.blas ?? "none");
  return Object.entries({ kernels, BLAS: blas }).flatMap(([what, used]) => {
    const several = [...new Set(used)];
    return several.length > 1
      ? [`Runs with several ${what} (${several.join(", ")}): the last bits of their rows differ`]
      : [];
  });
}

/**
 * How a cell may have been made: in one way, or, in a mixed file that does not say which of its ways, in
 * any of them.
 *
 * @param file A provenance file.
 * @param cell One of its cells.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { makingsOf } from "./provenance.ts";
 *
 * const [own, other] = [0.1, 0.2].map((lambda) => ({ version: "0.1.0", options: { lambda } }));
 * assert.deepEqual(makingsOf({ ...own, mixed: [other] }, { making: 1 }), [other]);
 * assert.deepEqual(makingsOf({ ...own, mixed: [other] }, {}), [own, other]);
 * ```
 */
export function makingsOf(
  file: Making & Pick<ProvenanceFile, "mixed">,
  cell: Pick<CellRecord, "making">,
): Making[] {
  const { version, options, mixed = [] } = file;
  const all = [{ version, options }, ...mixed];
  const one = cell.making === undefined ? undefined : all[cell.making];
  return one ? [one] : all;
}

/** What {@linkcode matchCells} returns. */
export interface MatchedCells {
  /** The cells of the provenance file with their rows, in its order. */
  cells: {
    key: CellKey;
    seconds: number;
    making?: number;
    rows: Row[];
    diagnostics: Row[];
    /** Whether the rows are those that the digest was made of. */
    intact: boolean;
  }[];
  /** Rows of no cell, in the order of the files, with the key columns of the others. */
  strangers: { part: "rows" | "diagnostics"; row: Row; columns: string[] }[];
}

/**
 * Puts the rows of an experiment's files together by the cells of its provenance file. Where the keys
 * of cells do not all have the same columns, a row belongs to the cell that it has most columns of.
 *
 * @param provenance The provenance file.
 * @param rows The rows; undefined counts as none.
 * @param diagnostics The diagnostics.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { digestOf, matchCells } from "./provenance.ts";
 *
 * const rows = [{ seed: 0, mcc: 0.5 }];
 * const file = { cells: [{ key: { seed: 0 }, seconds: 1, digest: digestOf({ rows }) }] };
 * assert(matchCells(file, rows).cells[0].intact);
 * assert(!matchCells(file, [{ seed: 0, mcc: 0.6 }]).cells[0].intact);
 * ```
 */
export function matchCells(
  provenance: Pick<ProvenanceFile, "cells">,
  rows: readonly Row[] = [],
  diagnostics: readonly Row[] = [],
): MatchedCells {
  const identity = (row: Row, columns: readonly string[]) =>
    JSON.stringify(columns.map((column) => [column, row[column]]));
  const byCell = new Map(
    provenance.cells.map((cell) => {
      const found: Required<CellResult> = { rows: [], diagnostics: [] };
      return [identity(cell.key, Object.keys(cell.key)), { ...cell, ...found }];
    }),
  );
  // a key may have the columns of another and more: a row belongs to the one that says most of it
  const shapes = [
    ...Map.groupBy(provenance.cells.map(({ key }) => Object.keys(key)), String).values(),
  ].map(([columns]) => columns).sort((a, b) => b.length - a.length);
  const strangers: MatchedCells["strangers"] = [];
  for (const [part, list] of [["rows", rows], ["diagnostics", diagnostics]] as const) {
    for (const row of list) {
      const shape = shapes.find((columns) => byCell.has(identity(row, columns)));
      if (shape) byCell.get(identity(row, shape))![part].push(row);
      else strangers.push({ part, row, columns: shapes[0] ?? [] });
    }
  }
  return {
    cells: [...byCell.values()]
      .map(({ digest, ...cell }) => ({ ...cell, intact: digestOf(cell) === digest })),
    strangers,
  };
}
