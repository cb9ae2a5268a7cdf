/**
 * The report: one HTML page with what was run, tables over seeds and all figures. It requests
 * nothing: style, script and pictures are part of it.
 * @module
 */
import { taskName } from "../results.ts";
import { type FigureFile, figuresOf, legendFigure } from "../paper/figure_sets.ts";
import { Html, markup } from "./html.ts";
import { REPORT_SCRIPT, REPORT_STYLE } from "./assets.ts";
import { provenanceHtml, type ShownProvenance } from "./provenance.ts";
import { tableHtml } from "./table.ts";
import type { ExperimentRows } from "../results/folder.ts";
import { seedTable } from "../results/seed_table.ts";

/** One experiment of a report. */
export interface ReportedExperiment {
  /** Its rows. */
  rows: ExperimentRows;
  /** Per file of rows that has one, its provenance. */
  provenance: { file: string; provenance: ShownProvenance }[];
}

/**
 * Writes the report.
 *
 * @param experiments What to report, in order.
 * @param link Address of a result file relative to the page, from its name.
 * @returns A self-contained HTML document, the same for the same files.
 * @throws {RangeError} Where rows cannot be drawn; the message names their files.
 *
 * @example
 * ```ts
 * import { reportPage } from "./page.ts";
 *
 * const row = { method: "fista_oracle", num_latents: 50, seed: 0, lam: 0.1, mcc_iid: 0.9 };
 * const page = reportPage([{
 *   rows: {
 *     experiment: "exp_lambda_sensitivity",
 *     suffix: "",
 *     rows: [row],
 *     diagnostics: [],
 *     files: ["exp_lambda_sensitivity.json"],
 *   },
 *   provenance: [],
 * }], (file) => `../results/${file}`);
 * console.log(page.startsWith("<!doctype html>")); // true
 * ```
 */
export function reportPage(
  experiments: readonly ReportedExperiment[],
  link: (file: string) => string,
): string {
  const sections = experiments.map((experiment): Section => ({
    id: experiment.rows.experiment + experiment.rows.suffix,
    title: headingOf(experiment.rows),
    figures: figuresOf(experiment.rows),
    experiment,
  }));
  const count = sections.reduce((total, { figures }) => total + figures.length, 0);
  const links = sections.map(({ id, title }) => markup`<li><a href="#${id}">${title}</a></li>\n`);
  return String(markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${CONTENT_POLICY}">
<link rel="icon" href="data:,">
<title>Results</title>
<style>${new Html(REPORT_STYLE)}</style>
</head>
<body>
<header>
<h1>Results</h1>
<p>${counted(experiments.length, "experiment")}, ${counted(count, "figure")}. Tables show means over
seeds ± one standard deviation; a click on the head of a column sorts by it.</p>
<nav aria-label="Experiments"><ul>
${links}</ul></nav>
${figureHtml({ name: "legend", figure: legendFigure() })}</header>
<main>
${sections.map((section) => sectionHtml(section, link))}</main>
<script>${new Html(REPORT_SCRIPT)}</script>
</body>
</html>
`);
}

/** A browser that keeps to it requests nothing. */
const CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; " +
  "script-src 'unsafe-inline'; img-src data:";

interface Section {
  id: string;
  title: string;
  figures: FigureFile[];
  experiment: ReportedExperiment;
}

function sectionHtml(
  { id, title, figures, experiment: { rows, provenance } }: Section,
  link: (file: string) => string,
): Html {
  const shown = figures.length > 0
    ? markup`<div class="figures">\n${figures.map(figureHtml)}</div>`
    : markup`<p>These rows give no figure: its panels are per type of autoencoder.</p>`;
  return markup`<section aria-labelledby="${id}">
<h2 id="${id}">${title}</h2>
${provenanceHtml(rows, provenance, link)}${tablesHtml(rows)}${shown}
</section>
`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** `Vary latents`, with the suffix of the run where it has one. */
function headingOf({ experiment, suffix }: ExperimentRows): string {
  const words = taskName(experiment).replace("exp:", "").replaceAll("-", " ");
  const heading = words[0].toUpperCase() + words.slice(1);
  return suffix === "" ? heading : `${heading} (${suffix.slice(1)})`;
}

function tablesHtml({ rows, diagnostics }: ExperimentRows): Html[] {
  const tables = [["Scores", rows], ["Diagnostics", diagnostics]] as const;
  return tables.filter(([, part]) => part.length > 0).map(([name, part]) => {
    const isTraining = part.some((row) => "epoch" in row || "round" in row);
    return tableHtml(
      seedTable(part),
      isTraining ? `${name} after the last epoch or round` : name,
    );
  });
}

/** Wider figures get a row of their own: beside another one their text would be too small. */
const WIDE = 600;

function figureHtml({ name, figure }: FigureFile): Html {
  const svg = figure.bareSvg;
  const isWide = Number(/ width="(\d+)"/.exec(svg)![1]) > WIDE;
  const caption = markup`<strong>${figure.title}.</strong> ${figure.caption}`;
  return markup`<figure id="figure-${name}"${isWide ? markup` class="wide"` : undefined}>${new Html(
    svg,
  )}<figcaption>${caption}</figcaption></figure>
`;
}
