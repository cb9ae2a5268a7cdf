/**
 * `deno task figures`: every figure of result files, ours or the published ones.
 *
 * Permissions: read on the folder of result files and, for PNG, on the fonts in the package cache;
 * write on the folder of the figures.
 * @module
 */
import { join } from "node:path";
import { writeAtomic } from "../lib/atomic_file.ts";
import { svgToPng } from "../lib/figures/png.ts";
import { figureSets, legendFigure } from "../lib/paper/figure_sets.ts";
import { defaultResultFolder, printable, taskName } from "../lib/results.ts";
import { type Command, runCommand } from "../lib/sweep/command.ts";
import { type FlagValues, UsageError } from "../lib/sweep/flags.ts";
import { folder, listOf, oneOf, text } from "../lib/sweep/kinds.ts";
import { atPlace, readResultsFlag, requireWritableFile } from "../lib/sweep/places.ts";
import { type DrawnFigure, drawnFigures } from "./drawn_figures.ts";

const FLAGS = {
  only: {
    about:
      "paper, appendix, controlled, own or legend; an experiment, as in vary-latents; or one " +
      "figure by the name of its file (default: all but the legend)",
    kind: text("NAME", "a name"),
  },
  results: {
    about: "folder of the result files (default: results; before any run of your own, the rows " +
      "that ship with the toolkit)",
    kind: folder,
  },
  out: { about: "folder of the figures", kind: folder, default: "figures" },
  format: {
    about: "svg, png or svg,png (default: svg)",
    kind: { ...listOf(oneOf(["svg", "png"])), placeholder: "LIST", rule: "svg, png or svg,png" },
  },
  json: { about: "print the names, sets and paths of the figures as JSON" },
};

/** The command, for its usage and for the completion of a shell. */
export const command: Command<typeof FLAGS> = {
  task: "figures",
  action: "draw figures",
  about:
    `Draws figures from result files (exp_*.json), ours or the published ones: whatever methods, sizes
and seeds they have. Part files and files per n are taken together. Rows of an experiment that the
paper does not have get the figures that the experiment draws itself, where a task exp:NAME runs it,
else one of their scores.`,
  flags: FLAGS,
  closing: "Exit code: 0 drawn, 2 bad usage or unusable files (then nothing was written).",
};

if (import.meta.main) await runCommand(command, drawFigures);

async function drawFigures(
  { only, results, out, format = ["svg"], json }: FlagValues<typeof FLAGS>,
): Promise<void> {
  const figures = await selectFigures(only, results ?? defaultResultFolder());
  const files = await writeFigures(figures, out, format);
  if (!json) return console.log(files.map(printable).join("\n"));
  const listed = figures.map(({ name, figure }) => ({
    name,
    set: figure.set,
    files: format.map((ending) => join(out, `${name}.${ending}`)),
  }));
  console.log(JSON.stringify({ figures: listed }, null, 2));
}

/**
 * Writes figures as files of their names.
 *
 * @returns The paths.
 */
export async function writeFigures(
  figures: readonly DrawnFigure[],
  out: string,
  format: readonly string[] = ["svg"],
): Promise<string[]> {
  const files: { path: string; content: string | Uint8Array }[] = [];
  for (const { name, figure: { svg } } of figures) {
    for (const ending of format) {
      files.push({
        path: join(out, `${name}.${ending}`),
        content: ending === "png" ? await svgToPng(svg) : svg,
      });
    }
  }
  atPlace("--out must be a folder to write to", out, () => {
    Deno.mkdirSync(out, { recursive: true });
  });
  // all of them before the first is written
  for (const { path } of files) requireWritableFile("--out", path);
  for (const { path, content } of files) {
    atPlace("--out must be writable", path, () => writeAtomic(path, content));
  }
  return files.map(({ path }) => path);
}

/** The figures that `--only` names, among those that the folder of `--results` has rows for. */
export async function selectFigures(
  only: string | undefined,
  folder: string,
): Promise<DrawnFigure[]> {
  const legend: DrawnFigure = { name: "legend", figure: legendFigure() };
  if (only === legend.name) return [legend];
  const found = readResultsFlag(folder, Object.keys(figureSets));
  const asked = only && `exp_${only.replace(/^exp[_:]/, "").replaceAll("-", "_")}`;
  const ofAsked = found.filter(({ experiment }) => experiment === asked);
  const drawn: DrawnFigure[] = [];
  for (const rows of ofAsked.length > 0 ? ofAsked : found) drawn.push(...await drawnFigures(rows));
  // each figure has its own: the legend of all methods is for layouts that ask for it
  if (only === undefined) return drawn;
  const selected = ofAsked.length > 0
    ? drawn
    : drawn.filter(({ name, figure }) => figure.set === only || name === only);
  if (selected.length > 0) return selected;
  const experiments = found.map(({ experiment }) => taskName(experiment).replace("exp:", ""));
  throw new UsageError(
    `--only must name a set (paper, appendix, controlled, own, legend), an experiment ` +
      `(${[...new Set(experiments)].join(", ")}) or a figure that the rows in "${folder}" give, ` +
      `got "${only}"`,
  );
}
