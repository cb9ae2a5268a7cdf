/**
 * Where the rows of a report come from, as far as the files say.
 * @module
 */
import { join } from "node:path";
import * as z from "npm:zod@4.6.7";
import { type Html, type HtmlContent, markup } from "./html.ts";
import type { ExperimentRows } from "../results/folder.ts";

/** What the report shows of a provenance file (`*.meta.json`). */
export interface ShownProvenance {
  /** Version of the toolkit. */
  version: string;
  /** Options that decide the numbers. */
  options: Record<string, unknown>;
  /** The runs. */
  runs: {
    started: string;
    args: string[];
    workers: number;
    machine: Record<string, string | number>;
  }[];
  /** Finished cells. */
  cells: { seconds: number }[];
  /** Cells that failed. */
  failed: { message: string }[];
}

const shown: z.ZodType<ShownProvenance> = z.object({
  version: z.string(),
  options: z.record(z.string(), z.unknown()),
  runs: z.array(z.object({
    started: z.string(),
    args: z.array(z.string()),
    workers: z.number(),
    machine: z.record(z.string(), z.union([z.string(), z.number()])),
  })),
  cells: z.array(z.object({ seconds: z.number() })),
  failed: z.array(z.object({ message: z.string() })),
});

/**
 * Reads the provenance files beside files of rows.
 *
 * @param folder Folder of the files.
 * @param files File names, as `readResultFolder` returns them.
 * @returns Per file of rows that has one, its provenance; published rows have none.
 * @throws {RangeError} Where a provenance file is damaged; the message names it.
 *
 * @example
 * ```ts
 * import { readProvenance } from "./provenance.ts";
 *
 * console.log(readProvenance("results", ["exp_dict_quality.json"]).length);
 * ```
 */
export function readProvenance(
  folder: string,
  files: ExperimentRows["files"],
): { file: string; provenance: ShownProvenance }[] {
  return files.flatMap((name) => {
    const file = name.replace(/\.json$/, ".meta.json");
    const path = join(folder, file);
    let text: string;
    try {
      text = Deno.readTextFileSync(path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw new RangeError(`Cannot read ${path}: ${(error as Error).message}`, { cause: error });
    }
    try {
      return [{ file, provenance: shown.parse(JSON.parse(text)) }];
    } catch (error) {
      const what = error instanceof z.ZodError
        ? `at ${error.issues[0].path.join(".") || "the top"}: ${error.issues[0].message}`
        : (error as Error).message;
      throw new RangeError(`Cannot use ${path}: it must be the provenance of rows (${what})`);
    }
  });
}

/**
 * A description list of where rows come from.
 *
 * @param rows The rows and their files.
 * @param provenance What {@linkcode readProvenance} found.
 * @param link Address of a file, from its name.
 *
 * @example
 * ```ts
 * import { provenanceHtml } from "./provenance.ts";
 *
 * const rows = { experiment: "exp_toy", suffix: "", rows: [], diagnostics: [], files: ["exp_toy.json"] };
 * console.log(String(provenanceHtml(rows, [], (name) => `../results/${name}`)));
 * ```
 */
export function provenanceHtml(
  { rows, diagnostics, files }: ExperimentRows,
  provenance: readonly { file: string; provenance: ShownProvenance }[],
  link: (file: string) => string,
): Html {
  const linked = (file: string) => markup`<a href="${link(file)}">${file}</a>`;
  const count = `${rows.length} rows` +
    (diagnostics.length > 0 ? ` and ${diagnostics.length} of diagnostics` : "");
  const origin = provenance.length === 0
    ? entry("Origin", "no provenance file beside these rows: they were not made by a sweep here")
    : provenance.map(({ file, provenance }) => provenanceEntries(provenance, linked(file)));
  return markup`<dl>${entry("Rows", [count, " from ", separated(files.map(linked))])}${origin}</dl>
`;
}

function entry(name: string, content: HtmlContent): Html {
  return markup`<dt>${name}</dt><dd>${content}</dd>\n`;
}

function provenanceEntries(
  { version, options, runs, cells, failed }: ShownProvenance,
  link: Html,
): Html[] {
  const seconds = cells.reduce((total, cell) => total + cell.seconds, 0);
  const settings = Object.entries(options).map(([name, value]) =>
    `${name} ${typeof value === "object" ? JSON.stringify(value) : value}`
  );
  return [
    entry("Provenance", [link, `, version ${version}`]),
    entry("Options", settings.join(", ") || "none that decide the numbers"),
    entry("Work", `${cells.length} cells in ${duration(seconds)} of computing`),
    ...runs.map(({ started, args, workers, machine }) => {
      const parts = Object.entries(machine).map(([name, value]) => `${name} ${value}`);
      return entry("Run", [
        markup`<time datetime="${started}">${started.slice(0, 16).replace("T", " ")}</time>`,
        args.length > 0 ? markup` <code>${args.join(" ")}</code>` : " without flags",
        `, ${workers} workers on ${parts.join(", ")}`,
      ]);
    }),
    ...failed.map(({ message }) => entry("Failed", message)),
  ];
}

function separated(items: readonly Html[]): HtmlContent[] {
  return items.flatMap((item, i) => i === 0 ? [item] : [", ", item]);
}

/** `45 s`, `12 min`, `3.4 h`. */
function duration(seconds: number): string {
  if (seconds < 100) return `${Number(seconds.toPrecision(2))} s`;
  if (seconds < 6000) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
