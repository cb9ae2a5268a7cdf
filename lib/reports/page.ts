/**
 * The report: one HTML page with what was run, tables over seeds and all figures. It requests
 * nothing: style, script and pictures are part of it.
 * @module
 */
import { type ExperimentRows, seedTable, taskName } from "../results.ts";
import type { JudgedClaim } from "./claims.ts";
import { claimsHtml } from "./claims_text.ts";
import { REPORT_SCRIPT, REPORT_STYLE } from "./assets.ts";
import { Html, htmlPage, markup } from "./html.ts";
import { type NamedProvenance, provenanceHtml } from "./provenance.ts";
import { tableHtml } from "./table.ts";

/** A figure of a report. */
export interface ReportedFigure {
  /** Its name, different from those of the other figures of the page. */
  name: string;
  /** Heading, as text. */
  title: string;
  /** Small print, as text. */
  caption: string;
  /** The figure without both, as an SVG document. */
  bareSvg: string;
  /** The same for a window too narrow for it; default: it is shrunk there. */
  narrowSvg?: string;
}

/** One experiment of a report. */
export interface ReportedExperiment {
  /** Its rows. */
  rows: ExperimentRows;
  /** Its provenance files. */
  provenance: readonly NamedProvenance[];
  /** Its figures. */
  figures: readonly ReportedFigure[];
}

/** A report. */
export interface Report {
  /** What to report, in order. */
  experiments: readonly ReportedExperiment[];
  /** The legend of all figures. */
  legend: ReportedFigure;
  /** The paper's claims with their verdicts. Default: none, and no section for them. */
  claims?: readonly JudgedClaim[];
  /** Address of a result file relative to the page, from its name. */
  link: (file: string) => string;
}

/**
 * Writes the report.
 *
 * @param report Experiments with their figures, and the legend.
 * @returns A self-contained HTML document, the same for the same files.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { reportPage } from "./page.ts";
 *
 * const page = reportPage({
 *   experiments: [{
 *     rows: {
 *       experiment: "exp_lambda_sensitivity",
 *       suffix: "",
 *       rows: [{ method: "fista_oracle", num_latents: 50, seed: 0, lam: 0.1, mcc_iid: 0.9 }],
 *       diagnostics: [],
 *       files: ["exp_lambda_sensitivity.json"],
 *     },
 *     provenance: [],
 *     figures: [],
 *   }],
 *   legend: { name: "legend", title: "Methods", caption: "", bareSvg: '<svg width="9"></svg>' },
 *   link: (file) => `../results/${file}`,
 * });
 * assert.match(page, /^<!doctype html>[^]*<h2 id="exp_lambda_sensitivity">Lambda sensitivity<\/h2>/);
 * ```
 */
export function reportPage({ experiments, legend, claims = [], link }: Report): string {
  const sections = experiments.map((experiment): Section => ({
    id: experiment.rows.experiment + experiment.rows.suffix,
    title: headingOf(experiment.rows),
    ...experiment,
  }));
  const count = sections.reduce((total, { figures }) => total + figures.length, 0);
  const judged = claims.length > 0 ? markup`<li><a href="#claims">${CLAIMS}</a></li>\n` : undefined;
  const links = sections.map(({ id, title }) => markup`<li><a href="#${id}">${title}</a></li>\n`);
  const body = markup`<header>
<h1>Results</h1>
<p>${counted(experiments.length, "experiment")}, ${counted(count, "figure")}. Tables show means over
seeds ± one standard deviation; a click on the head of a column sorts by it.</p>
<nav aria-label="Experiments"><ul>
${judged}${links}</ul></nav>
${figureHtml(legend)}</header>
<main>
${claims.length > 0 ? claimsSection(claims) : undefined}${
    sections.map((section) => sectionHtml(section, link))
  }</main>
<script>${new Html(REPORT_SCRIPT)}</script>
`;
  return htmlPage({ title: "Results", style: REPORT_STYLE, policy: CONTENT_POLICY, body });
}

/** A browser that keeps to it requests nothing. */
const CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; " +
  "script-src 'unsafe-inline'; img-src data:";

/** Heading of the claims. */
const CLAIMS = "The paper's claims";

function claimsSection(claims: readonly JudgedClaim[]): Html {
  return markup`<section aria-labelledby="claims">
<h2 id="claims">${CLAIMS}</h2>
<p>Each is held against the means over seeds of the rows below that were made with the paper's
options. It holds in part where some of its cases bear it out and others do not.</p>
${claimsHtml(claims)}</section>
`;
}

interface Section extends ReportedExperiment {
  id: string;
  title: string;
}

function sectionHtml(
  { id, title, figures, rows, provenance }: Section,
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

/**
 * The heading of an experiment's rows, with the suffix of the run where it has one.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { headingOf } from "./page.ts";
 *
 * assert.equal(headingOf({ experiment: "exp_vary_latents", suffix: "_a" }), "Vary latents (a)");
 * ```
 */
export function headingOf(
  { experiment, suffix }: Pick<ExperimentRows, "experiment" | "suffix">,
): string {
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

function figureHtml({ name, title, caption, bareSvg, narrowSvg }: ReportedFigure): Html {
  // an experiment's own picture may have no width in pixels
  const isWide = Number(/ width="(\d+)"/.exec(bareSvg)?.[1] ?? 0) > WIDE;
  const words = markup`<strong>${title}.</strong> ${caption}`;
  const pictures = narrowSvg
    ? markup`<div class="for-wide">${new Html(bareSvg)}</div><div class="for-narrow">${new Html(
      narrowSvg,
    )}</div>`
    : new Html(bareSvg);
  return markup`<figure id="figure-${name}"${
    isWide ? markup` class="wide"` : undefined
  }>${pictures}<figcaption>${words}</figcaption></figure>
`;
}
