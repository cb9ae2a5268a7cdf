/**
 * `deno task compare --published DIR`: our rows against published ones, the paper's or others.
 *
 * Permissions: read on the two folders of result files; write on the folders of `compare.json` and
 * the figure, and on PARITY.md for `--parity PARITY.md`.
 * @module
 */
import { join } from "node:path";
import { writeAtomic } from "../lib/atomic_file.ts";
import { disagreements } from "../lib/reports/disagreements.ts";
import { compareResults } from "../lib/reports/parity.ts";
import { comparisonFigure } from "../lib/reports/parity_figure.ts";
import { readRowFiles, type RowFile } from "../lib/reports/row_files.ts";
import { comparisonText, countOutside, parityText } from "../lib/reports/parity_text.ts";
import { changedRows, defaultResultFolder, printable } from "../lib/results.ts";
import { leftOut } from "./left_out.ts";
import { type Command, runCommand } from "../lib/sweep/command.ts";
import { type FlagValues, UsageError } from "../lib/sweep/flags.ts";
import { file, folder } from "../lib/sweep/kinds.ts";
import { atPlace, requireWritableFile, requireWritableFolder } from "../lib/sweep/places.ts";

const FLAGS = {
  published: {
    about: "folder of the published result files (exp_*.json)",
    kind: { ...folder, rule: "the folder of the paper's result files" },
    required: true,
  },
  results: {
    about: "folder of ours, suffixes such as _n1000 and _10k count (default: results; before any " +
      "run of your own, the rows that ship with the toolkit)",
    kind: folder,
  },
  out: { about: "folder of compare.json", kind: folder, default: "results" },
  figures: { about: "folder of compare.svg", kind: folder, default: "figures" },
  parity: {
    about: "file of the tables, such as PARITY.md (default: PARITY.md in the folder of --out)",
    kind: file,
  },
  strict: { about: "exit code 1 when a value is outside the tolerance of its method's class" },
  json: { about: "print the comparison as JSON instead of the tables" },
} as const;

/** The command, for its usage and for the completion of a shell. */
export const command: Command<typeof FLAGS> = {
  task: "compare",
  action: "compare",
  about:
    `Compares our result rows with published ones, row by row where rows can agree and over seeds where
the start is random. Rows of any experiment are compared, the paper's or your own.`,
  flags: FLAGS,
  closing: "Exit code: 0 compared, 1 a value is outside (--strict), 2 bad usage or unusable files.",
};

if (import.meta.main) await runCommand(command, compare);

async function compare(flags: FlagValues<typeof FLAGS>): Promise<number> {
  const { out, figures, parity = join(out, "PARITY.md") } = flags;
  const published = readFolder("--published", flags.published);
  const ours = readFolder("--results", flags.results ?? defaultResultFolder());
  const { files, values, missing } = compareResults(published, ours);
  const notes = { leftOut: await leftOut(missing), disagreements: disagreements(published) };
  const outputs = [
    {
      flag: "--out",
      path: join(out, "compare.json"),
      text: JSON.stringify(files, null, 2) + "\n",
    },
    { flag: "--parity", path: parity, text: parityText(files, notes) },
    ...(values.length > 0
      ? [{
        flag: "--figures",
        path: join(figures, "compare.svg"),
        text: comparisonFigure(values),
      }]
      : []),
  ];

  // all of them before the first is written
  requireWritableFolder("--out", out);
  if (values.length > 0) requireWritableFolder("--figures", figures);
  for (const { flag, path } of outputs) requireWritableFile(flag, path);
  for (const { flag, path, text } of outputs) {
    // PARITY.md may stand in a folder on which the command has no permission
    const through = flag === "--figures" ? figures : out;
    atPlace(`${flag} must be writable`, path, () => writeAtomic(path, text, { through }));
  }
  if (flags.json) {
    const written = outputs.map(({ path }) => path);
    console.log(
      JSON.stringify({ files, ...notes, outside: countOutside(files), written }, null, 2),
    );
  } else {
    const written = outputs.map(({ path }) => printable(path));
    console.log(`${comparisonText(files, notes)}\n\n${written.join("\n")}`);
  }
  return flags.strict && countOutside(files) > 0 ? 1 : 0;
}

/** The files of rows in a folder. */
function readFolder(flag: string, folder: string): RowFile[] {
  const { files, experiments } = atPlace(
    `${flag} must be a readable folder`,
    folder,
    () => readRowFiles(folder),
  );
  if (files.length === 0) {
    throw new UsageError(`${flag} must hold files named exp_*.json, got none in "${folder}"`);
  }
  for (const sentence of changedRows(folder, files, experiments)) {
    console.error(printable(sentence));
  }
  return files;
}
