/**
 * `deno task report`: one static page with what was run, tables over seeds and every figure.
 *
 * Permissions: read on the folder of result files; write on the folder of the page.
 * @module
 */
import { join, relative, sep } from "node:path";
import { writeAtomic } from "../lib/atomic_file.ts";
import { figureSets, legendFigure } from "../lib/paper/figure_sets.ts";
import { claimRows, judgeClaims } from "../lib/reports/claims.ts";
import { paperClaims } from "../lib/reports/paper_claims.ts";
import { readRowFiles } from "../lib/reports/row_files.ts";
import { type ReportedExperiment, type ReportedFigure, reportPage } from "../lib/reports/page.ts";
import { provenanceOfRows } from "../lib/reports/provenance.ts";
import { defaultResultFolder, printable } from "../lib/results.ts";
import { type Command, runCommand } from "../lib/sweep/command.ts";
import type { FlagValues } from "../lib/sweep/flags.ts";
import { folder } from "../lib/sweep/kinds.ts";
import { atPlace, readResultsFlag } from "../lib/sweep/places.ts";
import { type DrawnFigure, drawnFigures } from "./drawn_figures.ts";

const FLAGS = {
  results: {
    about: "folder of the result files (default: results; before any run of your own, the rows " +
      "that ship with the toolkit)",
    kind: folder,
  },
  out: { about: "folder of index.html", kind: folder, default: "figures" },
};

/** The command, for its usage and for the completion of a shell. */
export const command: Command<typeof FLAGS> = {
  task: "report",
  action: "write the report",
  about:
    `Writes index.html: the paper's claims with their verdicts, provenance, tables of means over seeds,
and all figures of the result files (exp_*.json), the paper's or your own. The page needs no network
and no other file.`,
  flags: FLAGS,
  closing: "Exit code: 0 written, 2 bad usage or unusable files (then nothing was written).",
};

if (import.meta.main) await runCommand(command, writeReport);

async function writeReport(
  { results = defaultResultFolder(), out }: FlagValues<typeof FLAGS>,
): Promise<void> {
  const experiments: ReportedExperiment[] = [];
  for (const rows of readResultsFlag(results, Object.keys(figureSets))) {
    experiments.push({
      rows,
      provenance: provenanceOfRows(results, rows),
      figures: (await drawnFigures(rows)).map(reported),
    });
  }
  const judged = judgeClaims(paperClaims, claimRows(readRowFiles(results).files));
  // rows of other experiments alone decide nothing
  const told = judged.some(({ conditions }) =>
    conditions.some(({ cases }) => cases.some(({ value }) => value !== undefined))
  );
  const page = reportPage({
    experiments,
    claims: told ? judged : [],
    legend: reported({ name: "legend", figure: legendFigure() }),
    link: (file) => relative(out, join(results, file)).split(sep).map(encodeURIComponent).join("/"),
  });
  const path = join(out, "index.html");
  atPlace("--out must be a folder to write to", out, () => {
    Deno.mkdirSync(out, { recursive: true });
    writeAtomic(path, page);
  });
  console.log(printable(path));
}

/** A figure as a page has it, which sets its title and caption itself. */
function reported({ name, figure }: DrawnFigure): ReportedFigure {
  const { title, caption, bareSvg, narrowSvg } = figure;
  return { name, title, caption, bareSvg, narrowSvg };
}
