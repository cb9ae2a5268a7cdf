/**
 * `deno task figures`: every figure of the paper from result files, ours or the published ones.
 *
 * Permissions: read on the folder of result files and, for PNG, on the fonts in the package cache;
 * write on the folder of the figures.
 * @module
 */
import { join } from "node:path";
import { writeAtomic } from "../lib/atomic_file.ts";
import { UsageError } from "../lib/sweep/run_flags.ts";
import { defaultResultFolder, taskName } from "../lib/results.ts";
import { type FigureFile, figuresOf, legendFigure } from "../lib/paper/figure_sets.ts";
import { atPlace, parseFlags, runPlainCommand } from "../lib/sweep/command.ts";
import { svgToPng } from "../lib/figures/png.ts";
import { readResultsFlag } from "../lib/sweep/results_flag.ts";

const USAGE = `Usage: deno task figures [flags]

Draws the paper's figures from result files (exp_*.json), ours or the published ones: whatever
methods, sizes and seeds they have. Part files and files per n are taken together.

  --only NAME     paper, appendix, controlled or legend; an experiment, as in vary-latents; or one
                  figure by the name of its file (default: all)
  --results DIR   folder of the result files (default: results; before any run of
                  your own, the rows that ship with the toolkit)
  --out DIR       folder of the figures (default: figures)
  --format LIST   svg, png or svg,png (default: svg)
  --help          print this text

Exit code: 0 drawn, 2 bad usage or unusable files (then nothing was written).`;

const FLAGS = {
  only: {},
  results: {},
  out: { default: "figures" },
  format: {
    default: "svg",
    pattern: /^(svg|png)(,(?!\1)(svg|png))?$/,
    rule: "svg, png or svg,png",
  },
};

if (import.meta.main) await runPlainCommand("draw figures", USAGE, drawFigures);

async function drawFigures(): Promise<void> {
  const flags = parseFlags(FLAGS, Deno.args);
  const files: { path: string; content: string | Uint8Array }[] = [];
  for (
    const { name, figure } of selectFigures(
      flags.only,
      flags.results ?? defaultResultFolder(),
    )
  ) {
    const { svg } = figure;
    for (const format of flags.format.split(",")) {
      files.push({
        path: join(flags.out, `${name}.${format}`),
        content: format === "png" ? await svgToPng(svg) : svg,
      });
    }
  }
  atPlace("--out must be a folder to write to", flags.out, () => {
    Deno.mkdirSync(flags.out, { recursive: true });
    for (const { path, content } of files) writeAtomic(path, content);
  });
  console.log(files.map(({ path }) => path).join("\n"));
}

/** The figures that `--only` names, among those that the folder of `--results` has rows for. */
function selectFigures(only: string | undefined, folder: string): FigureFile[] {
  const legend = { name: "legend", figure: legendFigure() };
  if (only === legend.name) return [legend];
  const found = readResultsFlag(folder);
  const asked = only && `exp_${only.replace(/^exp[_:]/, "").replaceAll("-", "_")}`;
  const ofAsked = found.filter(({ experiment }) => experiment === asked);
  const drawn = (ofAsked.length > 0 ? ofAsked : found).flatMap(figuresOf);
  if (only === undefined) return [...drawn, legend];
  const selected = ofAsked.length > 0
    ? drawn
    : drawn.filter(({ name, figure }) => figure.set === only || name === only);
  if (selected.length > 0) return selected;
  const experiments = found.map(({ experiment }) => taskName(experiment).replace("exp:", ""));
  throw new UsageError(
    `--only must name a set (paper, appendix, controlled, legend), an experiment ` +
      `(${[...new Set(experiments)].join(", ")}) or a figure that the rows in "${folder}" give, ` +
      `got "${only}"`,
  );
}
