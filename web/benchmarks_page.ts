/**
 * Stored runs of the benches, and what the README says of speed.
 * @module
 */
import { growthOptions, growthPanels } from "../bench/growth_figure.ts";
import { type BenchLine, type BenchReport, benchTable, machineOf } from "../bench/table.ts";
import { figure } from "../lib/figures.ts";
import { Html, markup } from "../lib/reports/html.ts";
import { PAGES } from "./guides.ts";
import { articleOf, sectionOf } from "./markdown.ts";
import { addressesIn } from "./places.ts";
import type { SiteFiles } from "./shell.ts";

const PATH = "benchmarks/index.html", RUNS = "bench/runs";

/** Page, figure and stored runs. */
export function benchmarksPage(): SiteFiles {
  const files: Record<string, string | Uint8Array> = {};
  for (const name of ["growth.json", "growth.svg"]) {
    files[`benchmarks/${name}`] = Deno.readTextFileSync(`bench/${name}`);
  }
  const { centre, points } = JSON.parse(Deno.readTextFileSync("bench/growth.json"));
  const narrow = { columns: 1, panelWidth: 245, panelHeight: 80, bare: true };
  files["benchmarks/growth.narrow.svg"] = figure(growthPanels(points).panels, {
    ...growthOptions(centre),
    ...narrow,
  });
  const names = [...Deno.readDirSync(RUNS)].map(({ name }) => name).sort();
  const runs = names.map((name) => {
    const text = Deno.readTextFileSync(`${RUNS}/${name}`);
    files[`benchmarks/runs/${name}`] = text;
    return runHtml(name, JSON.parse(text));
  });
  const speed = sectionOf(Deno.readTextFileSync("README.md"), "Speed");
  const { html } = articleOf(
    `# Benchmarks\n\n## Speed\n${speed}`,
    addressesIn("README.md", PATH, files),
  );
  const body = markup`${new Html(html)}<h2 id="runs">Stored runs</h2>
<p><code>deno task bench --json &gt; ${RUNS}/NAME.json</code> stores a run, and the site shows every one. Times
are of one iteration; other load only ever adds to them, so the fastest counts. Rates are of the operations
that the work needs, as a share of the core's 128-bit multiply-add peak, which the same run measures.</p>
${runs}`;
  return {
    pages: [{
      path: PATH,
      title: "Benchmarks",
      description: "How long the kernels, solvers and trainings take, on which machine.",
      nav: { label: "Benchmarks", order: 7 },
      body: String(body),
      assets: PAGES,
    }],
    files,
  };
}

/** What is told of a bench, by head. */
const COLUMNS: readonly [string, (line: BenchLine) => string][] = [
  ["fastest", ({ min }) => min],
  ["mean", ({ mean }) => mean],
  ["GFLOP/s", ({ fastest }) => fastest],
  ["of peak", ({ peak }) => peak],
];

function runHtml(name: string, report: BenchReport): Html {
  const groups = Map.groupBy(benchTable(report), ({ group }) => group);
  return markup`<h3 id="${name}">${machineOf(report)}</h3>
<p>Stored as <a href="runs/${name}">${name}</a>.</p>
${
    [...groups].map(([group, lines]) => {
      // rates are known of few benches
      const columns = COLUMNS.filter(([, of]) => lines.some((line) => of(line) !== ""));
      return markup`<div class="scroll" role="region" tabindex="0" aria-label="${name}: ${group}"><table>
<caption>${group}</caption>
<thead><tr><th scope="col">bench</th>${
        columns.map(([head]) => markup`<th scope="col" class="number">${head}</th>`)
      }</tr></thead>
<tbody>${
        lines.map((line) =>
          markup`<tr><th scope="row">${line.bench}</th>${
            columns.map(([, of]) => markup`<td class="number">${of(line)}</td>`)
          }</tr>\n`
        )
      }</tbody></table></div>
`;
    })
  }`;
}
