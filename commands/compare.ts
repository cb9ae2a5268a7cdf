/**
 * `deno task compare --published DIR`: our rows against those published with the paper.
 *
 * Permissions: read on the two folders of result files; write on the folders of `compare.json` and
 * the figure and on PARITY.md (with `.PARITY.md.tmp`, from which it is renamed).
 * @module
 */
import { basename, dirname, join } from "node:path";
import { writeAtomic } from "../lib/atomic_file.ts";
import { UsageError } from "../lib/sweep/run_flags.ts";
import { compareResults } from "../lib/reports/parity.ts";
import { comparisonFigure } from "../lib/reports/parity_figure.ts";
import { comparisonText, countOutside, parityText } from "../lib/reports/parity_text.ts";
import { atPlace, parseFlags, runPlainCommand } from "../lib/sweep/command.ts";
import { defaultResultFolder, experimentOf, type NamedRows, readRows } from "../lib/results.ts";

const USAGE = `Usage: deno task compare --published DIR [flags]

Compares our result rows with the published ones, row by row where rows can agree and over seeds
where the start is random.

  --published DIR  folder of the paper's result files (exp_*.json)
  --results DIR    folder of ours, suffixes such as _n1000 and _10k count (default: results; before
                   any run of your own, the rows that ship with the toolkit)
  --out DIR        folder of compare.json (default: results)
  --figures DIR    folder of compare.svg (default: figures)
  --parity FILE    file of the tables (default: PARITY.md)
  --strict         exit code 1 when a value is outside the tolerance of its method's class
  --help           print this text

Exit code: 0 compared, 1 a value is outside (--strict), 2 bad usage or unusable files.`;

const FLAGS = {
  published: { rule: "the folder of the paper's result files" },
  results: {},
  out: { default: "results" },
  figures: { default: "figures" },
  parity: { default: "PARITY.md" },
  strict: { isSwitch: true },
} as const;
const collator = new Intl.Collator("en", { numeric: true });

if (import.meta.main) await runPlainCommand("compare", USAGE, compare);

function compare(): void {
  const flags = parseFlags(FLAGS, Deno.args);
  if (flags.published === undefined) {
    throw new UsageError(`--published must be ${FLAGS.published.rule}, got nothing`);
  }
  const published = readFolder("--published", flags.published);
  const ours = readFolder("--results", flags.results ?? defaultResultFolder());
  const { files, values } = compareResults(published, ours);

  write("--out", join(flags.out, "compare.json"), JSON.stringify(files, null, 2) + "\n");
  write("--parity", flags.parity, parityText(files));
  const written = [join(flags.out, "compare.json"), flags.parity];
  if (values.length > 0) {
    const figure = join(flags.figures, "compare.svg");
    write("--figures", figure, comparisonFigure(values));
    written.push(figure);
  }
  console.log(`${comparisonText(files)}\n\n${written.join("\n")}`);
  if (flags.strict && countOutside(files) > 0) Deno.exitCode = 1;
}

/** The files of rows in a folder, those of one experiment together and by ascending n. */
function readFolder(flag: string, folder: string): NamedRows[] {
  const names = atPlace(
    `${flag} must be a readable folder`,
    folder,
    () => [...Deno.readDirSync(folder)].map(({ name }) => name),
  );
  const files = names.filter((name) => experimentOf(name) !== undefined)
    .sort((a, b) => collator.compare(basename(a, ".json"), basename(b, ".json")))
    .map((name) => ({ name, rows: readRows(join(folder, name)) ?? [] }));
  if (files.length === 0) {
    throw new UsageError(`${flag} must hold files named exp_*.json, got none in "${folder}"`);
  }
  return files;
}

function write(flag: string, file: string, text: string): void {
  atPlace(`${flag} must be writable`, file, () => {
    // PARITY.md stands in a folder that there is, on which the command has no write permission
    if (flag !== "--parity") Deno.mkdirSync(dirname(file), { recursive: true });
    writeAtomic(file, text);
  });
}
