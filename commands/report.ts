/**
 * `deno task report`: one static page with what was run, tables over seeds and every figure.
 *
 * Permissions: read on the folder of result files; write on the folder of the page.
 * @module
 */
import { join, relative, sep } from "node:path";
import { writeAtomic } from "../lib/atomic_file.ts";
import { atPlace, parseFlags, runPlainCommand } from "../lib/sweep/command.ts";
import { type ExperimentFigure, figuresOf, legendFigure } from "../lib/paper/figure_sets.ts";
import { type ReportedFigure, reportPage } from "../lib/reports/page.ts";
import { provenanceOfRows } from "../lib/reports/provenance.ts";
import { defaultResultFolder } from "../lib/results.ts";
import { readResultsFlag } from "../lib/sweep/results_flag.ts";

const USAGE = `Usage: deno task report [flags]

Writes index.html: provenance, tables of means over seeds, and all figures of the result files
(exp_*.json). The page needs no network and no other file.

  --results DIR   folder of the result files (default: results; before any run of
                  your own, the rows that ship with the toolkit)
  --out DIR       folder of index.html (default: figures)
  --help          print this text

Exit code: 0 written, 2 bad usage or unusable files (then nothing was written).`;

const FLAGS = { results: {}, out: { default: "figures" } };

if (import.meta.main) await runPlainCommand("write the report", USAGE, writeReport);

function writeReport(): void {
  const { results = defaultResultFolder(), out } = parseFlags(FLAGS, Deno.args);
  const experiments = readResultsFlag(results)
    .map((rows) => ({
      rows,
      provenance: provenanceOfRows(results, rows),
      figures: figuresOf(rows).map(({ name, figure }) => reportedFigure(name, figure)),
    }));
  const page = reportPage({
    experiments,
    legend: reportedFigure("legend", legendFigure()),
    link: (file) => relative(out, join(results, file)).split(sep).map(encodeURIComponent).join("/"),
  });
  const path = join(out, "index.html");
  atPlace("--out must be a folder to write to", out, () => {
    Deno.mkdirSync(out, { recursive: true });
    writeAtomic(path, page);
  });
  console.log(path);
}

/** Under the name of its file; drawn once, as a page has it. */
function reportedFigure(
  name: string,
  { title, caption, bareSvg, narrowSvg }: ExperimentFigure,
): ReportedFigure {
  return { name, title, caption, bareSvg, narrowSvg };
}
