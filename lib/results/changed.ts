/**
 * Whether files of rows are still as their run left them.
 * @module
 */
import { join } from "node:path";
import { formatResultName, parseResultName } from "./names.ts";
import { matchCells, type ProvenanceFile, readProvenance } from "./provenance.ts";
import { keyInWords, type Row } from "./row.ts";

/** A file of rows with its content. */
export interface NamedRows {
  /** File name without folder: `exp_dict_quality_n50.json`. */
  readonly name: string;
  /** Its rows, in the order of the file. */
  readonly rows: readonly Row[];
}

/**
 * Compares files of rows with the digests in the provenance files beside them. Files without one,
 * such as the published rows, are taken as they are.
 *
 * @param folder Folder of the files.
 * @param files The files, diagnostics among them: the digest of a cell is over both.
 * @param experiments Names of the experiments that are known, as in `parseResultName`.
 * @returns One sentence per provenance file that does not fit, for people; none where all is well.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { changedRows, readRows } from "../results.ts";
 *
 * const [folder, name] = ["results", "exp_vary_latents.json"];
 * const rows = readRows(`${folder}/${name}`)!;
 * assert.deepEqual(changedRows(folder, [{ name, rows }]), []);
 * const [sentence] = changedRows(folder, [{ name, rows: rows.slice(1) }]);
 * assert.match(sentence, /changed since the run .*: 1 of \d+ cells do not have the rows/);
 * ```
 */
export function changedRows(
  folder: string,
  files: readonly NamedRows[],
  experiments: readonly string[] = [],
): string[] {
  const sets = Map.groupBy(
    files.flatMap(({ name, rows }) => {
      const parsed = parseResultName(name, experiments);
      return parsed && parsed.kind !== "meta" ? [{ name, rows, ...parsed }] : [];
    }),
    (file) => formatResultName({ ...file, kind: "meta" }),
  );
  return [...sets].flatMap(([metaName, set]) => {
    let provenance: ProvenanceFile | undefined;
    try {
      provenance = readProvenance(join(folder, metaName));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return [`Cannot tell whether ${pathsOf(folder, set)} changed: ${error.message}`];
    }
    if (!provenance) return [];
    const rowsOf = (kind: "rows" | "diagnostics") => set.find((file) => file.kind === kind)?.rows;
    const { cells, strangers } = matchCells(provenance, rowsOf("rows"), rowsOf("diagnostics"));
    const changed = cells.filter(({ intact }) => !intact);
    if (changed.length === 0 && strangers.length === 0) return [];
    const parts = [
      ...(changed.length > 0
        ? [
          `${changed.length} of ${cells.length} cells do not have the rows that their run left, ` +
          `the first at ${keyInWords(changed[0].key)}`,
        ]
        : []),
      ...(strangers.length > 0 ? [`${strangers.length} rows belong to no cell of the run`] : []),
    ];
    return [`${pathsOf(folder, set)} changed since the run (${metaName}): ${parts.join("; ")}`];
  });
}

function pathsOf(folder: string, files: readonly NamedRows[]): string {
  return files.map(({ name }) => join(folder, name)).join(" and ");
}
