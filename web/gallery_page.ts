/**
 * The gallery: all figures that ship, by experiment, each with the commands and the rows behind it.
 * @module
 */
import { drawnFigures } from "../commands/drawn_figures.ts";
import { figureSets } from "../lib/paper/figure_sets.ts";
import { type Html, markup } from "../lib/reports/html.ts";
import { headingOf } from "../lib/reports/page.ts";
import {
  type NamedProvenance,
  provenanceHtml,
  provenanceOfRows,
} from "../lib/reports/provenance.ts";
import { taskName } from "../lib/results.ts";
import { readResultsFlag } from "../lib/sweep/places.ts";
import { PAGES } from "./guides.ts";
import { addressesIn, placeOf } from "./places.ts";
import type { SiteFiles } from "./shell.ts";

const ROWS = "results/shipped";

const PATH = "gallery/index.html";

/** Page, figures and rows. */
export async function galleryPage(): Promise<SiteFiles> {
  const files: Record<string, string | Uint8Array> = {};
  const sections: Html[] = [], links: Html[] = [];
  const { tasks } = JSON.parse(Deno.readTextFileSync("deno.json"));
  for (const rows of readResultsFlag(ROWS, Object.keys(figureSets))) {
    const task = taskName(rows.experiment), id = rows.experiment + rows.suffix;
    const title = headingOf(rows), provenance = provenanceOfRows(ROWS, rows);
    const commands = commandsOf(provenance, task);
    for (const name of [...rows.files, ...provenance.map(({ file }) => file)]) {
      files[placeOf(`${ROWS}/${name}`)!] = Deno.readTextFileSync(`${ROWS}/${name}`);
    }
    links.push(markup`<li><a href="#${id}">${title}</a></li>\n`);
    const figures = (await drawnFigures(rows)).map(({ name, figure }) => {
      const { title, caption, svg, bareSvg, narrowSvg } = figure;
      files[placeOf(`figures/shipped/${name}.svg`)!] = svg;
      files[`gallery/figures/${name}.bare.svg`] = bareSvg;
      if (narrowSvg) files[`gallery/figures/${name}.narrow.svg`] = narrowSvg;
      return figureHtml({ name, title, caption, bareSvg, isSplit: narrowSvg !== undefined });
    });
    sections.push(markup`<section aria-labelledby="${id}">
<h2 id="${id}">${title}</h2>
<p>${tasks[task]?.description ?? ""}</p>
<pre tabindex="0"><code>${commands.join("\n")}</code></pre>
<details><summary>${String(rows.rows.length)} rows, and how they were made</summary>
${provenanceHtml(rows, provenance, (name) => `rows/${name}`)}</details>
<div class="figures">
${figures}</div>
</section>
`);
  }
  // its script may be looked at
  const { link } = addressesIn("README.md", PATH, files);
  const body = markup`<h1>Gallery</h1>
<p class="lead">Every figure that ships, with the command that makes its rows and the rows themselves.
The same command gives the same rows. A figure opens by itself as SVG, which holds its title and its
description.</p>
<p>All of them are made by <code>deno task shipped</code>; <code>deno task figures</code> draws them again from
any rows. The scripts of the experiments lie in <a href="${link(
    "experiments/dict_quality.ts",
  )!}">experiments/</a>.</p>
<nav aria-label="Experiments"><ul class="columns">
${links}</ul></nav>
${sections}`;
  return {
    pages: [{
      path: PATH,
      title: "Gallery",
      description: "Every figure of the experiments, with the command and the rows behind it.",
      nav: { label: "Gallery", order: 3 },
      body: String(body),
      assets: PAGES,
      wide: true,
    }],
    files,
  };
}

/** The commands of the runs, without what does not decide the rows. */
function commandsOf(provenance: readonly NamedProvenance[], task: string): string[] {
  const runs = provenance.flatMap(({ provenance }) => provenance.runs);
  return [...new Set(runs.map(({ args }) => `deno task ${task} ${ownArgs(args)}`.trim()))];
}

/** Flags of a run that change none of its rows: where files lie, and how many workers there are. */
const ASIDE = ["--out", "--figures", "--cache", "--workers", "--max-seconds"];
const SWITCHES = ["--fresh", "--quiet", "--retry-failed", "--no-figures", "--no-cache"];

function ownArgs(args: readonly string[]): string {
  return args.filter((arg, i) =>
    !ASIDE.includes(arg.split("=")[0]) && !SWITCHES.includes(arg) && !ASIDE.includes(args[i - 1])
  ).join(" ");
}

/** A figure of the gallery, or of another page one folder beside it. */
function figureHtml(
  { name, title, caption, bareSvg, isSplit }: {
    name: string;
    title: string;
    caption: string;
    bareSvg: string;
    isSplit: boolean;
  },
): Html {
  const narrow = isSplit
    ? markup`<source media="(max-width: 36rem)" srcset="figures/${name}.narrow.svg">`
    : undefined;
  const { width, height, alt } = svgFacts(bareSvg);
  return markup`<figure id="${name}"${Number(width) > 600 ? markup` class="wide"` : undefined}>
<a href="figures/${name}.svg"><picture>${narrow}<img src="figures/${name}.bare.svg" width="${width}" height="${height}"
 alt="${alt}" loading="lazy"></picture></a>
<figcaption><strong>${capitalised(title)}.</strong> ${caption}</figcaption></figure>
`;
}

/** What an image of a drawing needs: its size, and its title and description as text. */
export function svgFacts(svg: string): { width: string; height: string; alt: string } {
  const of = (pattern: RegExp) => unescapeXml(pattern.exec(svg)?.[1] ?? "");
  return {
    width: of(/<svg[^>]* width="(\d+)/),
    height: of(/<svg[^>]* height="(\d+)/),
    alt: [of(/<title>(.*?)<\/title>/s), of(/<desc>(.*?)<\/desc>/s)].filter((text) => text !== "")
      .join(". "),
  };
}

function unescapeXml(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'").replaceAll("&amp;", "&");
}

function capitalised(text: string): string {
  return text[0].toUpperCase() + text.slice(1).replace(/[?.]$/, "");
}
