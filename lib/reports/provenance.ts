/**
 * Where the rows of a report come from, as far as the files say.
 * @module
 */
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import {
  type ExperimentRows,
  formatResultName,
  numericsNotes,
  parseResultName,
  type ProvenanceFile,
  readProvenance,
} from "../results.ts";
import { type Html, type HtmlContent, markup } from "./html.ts";

/** A provenance file under its name. */
export interface NamedProvenance {
  /** File name without folder. */
  file: string;
  /** Its content. */
  provenance: ProvenanceFile;
}

/**
 * Reads the provenance files of files of rows.
 *
 * @param folder Folder of the files.
 * @param rows The rows of an experiment, as `readResultFolder` returns them.
 * @returns The provenance files that there are; published rows have none.
 * @throws {RangeError} Where a provenance file is damaged; the message names it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { provenanceOfRows } from "./provenance.ts";
 *
 * const files = ["exp_dict_quality.json", "exp_dict_quality_diagnostics.json"];
 * const found = provenanceOfRows("results", { experiment: "exp_dict_quality", files });
 * assert.deepEqual(found.map(({ file }) => file), ["exp_dict_quality.meta.json"]);
 * ```
 */
export function provenanceOfRows(
  folder: string,
  { experiment, files }: Pick<ExperimentRows, "experiment" | "files">,
): NamedProvenance[] {
  const names = files.flatMap((file) => {
    const name = parseResultName(file, [experiment]);
    return name ? [formatResultName({ ...name, kind: "meta" })] : [];
  });
  return [...new Set(names)].flatMap((file) => {
    const provenance = readProvenance(join(folder, file));
    return provenance ? [{ file, provenance }] : [];
  });
}

/**
 * A description list of where rows come from.
 *
 * @param rows The rows and their files.
 * @param provenance What {@linkcode provenanceOfRows} found.
 * @param link Address of a file, from its name.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { provenanceHtml } from "./provenance.ts";
 *
 * const files = ["exp_toy.json"];
 * const rows = { experiment: "exp_toy", suffix: "", rows: [], diagnostics: [], files };
 * const html = provenanceHtml(rows, [], (name) => `../results/${name}`);
 * assert.match(String(html), /<a href="..\/results\/exp_toy.json">/);
 * ```
 */
export function provenanceHtml(
  { rows, diagnostics, files, changed = [] }: ExperimentRows,
  provenance: readonly NamedProvenance[],
  link: (file: string) => string,
): Html {
  const linked = (file: string) => markup`<a href="${link(file)}">${file}</a>`;
  const count = `${rows.length} rows` +
    (diagnostics.length > 0 ? ` and ${diagnostics.length} of diagnostics` : "");
  const origin = provenance.length === 0
    ? entry("Origin", "no provenance file beside these rows: they were not made by a sweep here")
    : provenance.map(({ file, provenance }) => provenanceEntries(provenance, linked(file)));
  const from = entry("Rows", [count, " from ", separated(files.map(linked))]);
  return markup`<dl>${from}${changed.map((sentence) => entry("Changed", sentence))}${origin}</dl>
`;
}

function entry(name: string, content: HtmlContent): Html {
  return markup`<dt>${name}</dt><dd>${content}</dd>\n`;
}

function provenanceEntries(
  provenance: ProvenanceFile,
  link: Html,
): Html[] {
  const { version, options, mixed = [], runs, cells, failed } = provenance;
  const seconds = cells.reduce((total, cell) => total + cell.seconds, 0);
  const settings = Object.entries(options).map(inWords);
  const others = mixed.map((making, i) => {
    const changed = Object.entries(making.options)
      .filter(([name, value]) => !isDeepStrictEqual(value, options[name]));
    const of = cells.filter(({ making }) => making === i + 1).length;
    const how = [`version ${making.version}`, ...changed.map(inWords)].join(", ");
    return entry("Mixed", `${of > 0 ? `${of} of the cells` : "some cells"} with ${how}`);
  });
  return [
    entry("Provenance", [link, `, version ${version}`]),
    entry("Options", settings.join(", ") || "none that decide the numbers"),
    ...others,
    entry("Work", `${cells.length} cells in ${workInWords(seconds)} of computing`),
    ...runs.map(({ started, args, workers, machine }) => {
      const parts = Object.entries(machine).map(([name, value]) => `${name} ${value}`);
      return entry("Run", [
        markup`<time datetime="${started}">${started.slice(0, 16).replace("T", " ")}</time>`,
        args.length > 0 ? markup` <code>${args.join(" ")}</code>` : " without flags",
        `, ${workers} workers on ${parts.join(", ")}`,
      ]);
    }),
    ...numericsNotes(runs).map((sentence) => entry("Last bits", sentence)),
    ...failed.map(({ message }) => entry("Failed", message)),
  ];
}

function inWords([name, value]: [string, unknown]): string {
  return `${name} ${typeof value === "object" ? JSON.stringify(value) : value}`;
}

function separated(items: readonly Html[]): HtmlContent[] {
  return items.flatMap((item, i) => i === 0 ? [item] : [", ", item]);
}

/** Work that was done: `45 s`, `12 min`, `3.4 h`. (Time that is left has `duration` of the sweeps.) */
function workInWords(seconds: number): string {
  if (seconds < 100) return `${Number(seconds.toPrecision(2))} s`;
  if (seconds < 6000) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
