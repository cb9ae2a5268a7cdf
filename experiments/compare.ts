/**
 * `deno task compare --published DIR`: our rows against those published with the paper.
 *
 * Permissions: read on the two folders of result files; write on the folders of `compare.json` and
 * the figure and on PARITY.md (with `.PARITY.md.tmp`, from which it is renamed).
 * @module
 */
import { basename, dirname, join } from "node:path";
import { parseArgs } from "node:util";
import * as z from "npm:zod@4.6.7";
import { writeAtomic } from "../lib/atomic_file.ts";
import { UsageError } from "../lib/command_line.ts";
import { compareResults, experimentOf, type RowFile } from "../lib/comparison.ts";
import { comparisonFigure } from "../lib/comparison_figure.ts";
import { comparisonText, countOutside, parityText } from "../lib/comparison_report.ts";
import { readRows } from "../lib/results.ts";

const USAGE = `Usage: deno task compare --published DIR [flags]

Compares our result rows with the published ones, row by row where rows can agree and over seeds
where the start is random.

  --published DIR  folder of the paper's result files (exp_*.json)
  --results DIR    folder of ours (default: results); suffixes such as _n1000 and _10k count
  --out DIR        folder of compare.json (default: results)
  --figures DIR    folder of compare.svg (default: figures)
  --parity FILE    file of the tables (default: PARITY.md)
  --strict         exit code 1 when a value is outside the tolerance of its method's class
  --help           print this text

Exit code: 0 compared, 1 a value is outside (--strict), 2 bad usage or unusable files.`;

const path = z.string("must be followed by a path").min(1, "must be followed by a path");
const toggle = z.boolean("takes no value").default(false);
const flagsSchema = z.strictObject({
  published: path,
  results: path.default("results"),
  out: path.default("results"),
  figures: path.default("figures"),
  parity: path.default("PARITY.md"),
  strict: toggle,
  help: toggle,
});
const collator = new Intl.Collator("en", { numeric: true });
type Flags = z.infer<typeof flagsSchema>;

if (import.meta.main) {
  try {
    Deno.exitCode = compare(Deno.args);
  } catch (error) {
    // RangeErrors come from the files that were read, and name them
    const expected = error instanceof UsageError || error instanceof RangeError;
    if (!expected) throw error;
    console.error((error instanceof UsageError ? "Cannot compare: " : "") + error.message);
    Deno.exitCode = 2;
  }
}

/** Runs the command; returns its exit code. */
function compare(args: readonly string[]): number {
  if (args.includes("--help")) {
    console.log(USAGE);
    return 0;
  }
  const flags = parseFlags(args);
  const published = readFolder("--published", flags.published);
  const { files, values } = compareResults(published, readFolder("--results", flags.results));

  write("--out", join(flags.out, "compare.json"), JSON.stringify(files, null, 2) + "\n");
  write("--parity", flags.parity, parityText(files));
  const written = [join(flags.out, "compare.json"), flags.parity];
  if (values.length > 0) {
    const figure = join(flags.figures, "compare.svg");
    write("--figures", figure, comparisonFigure(values));
    written.push(figure);
  }
  console.log(`${comparisonText(files)}\n\n${written.join("\n")}`);
  return flags.strict && countOutside(files) > 0 ? 1 : 0;
}

function parseFlags(args: readonly string[]): Flags {
  const { values, positionals } = parseArgs({
    args: [...args],
    strict: false,
    options: Object.fromEntries(
      Object.entries(flagsSchema.shape).map(([name, schema]) => [
        name,
        { type: schema === toggle ? "boolean" : "string" },
      ]),
    ),
  });
  const parsed = flagsSchema.safeParse(values);
  if (parsed.success && positionals.length === 0) return parsed.data;
  if (parsed.success) throw new UsageError(`it takes flags only, got "${positionals[0]}"`);
  const [issue] = parsed.error.issues;
  if (issue.code === "unrecognized_keys") {
    throw new UsageError(`it has no flag --${issue.keys[0]} (--help lists those that it has)`);
  }
  throw new UsageError(
    issue.path[0] === "published" && values.published === undefined
      ? "--published must name the folder of the paper's result files, got nothing"
      : `--${String(issue.path[0])} ${issue.message}`,
  );
}

/** The files of rows in a folder, those of one experiment together and by ascending n. */
function readFolder(flag: string, folder: string): RowFile[] {
  let names: string[];
  try {
    names = [...Deno.readDirSync(folder)].map(({ name }) => name);
  } catch (error) {
    throw new UsageError(
      `${flag} must be a readable folder, got "${folder}" (${(error as Error).message})`,
    );
  }
  const files = names.filter((name) => experimentOf(name) !== undefined)
    .sort((a, b) => collator.compare(basename(a, ".json"), basename(b, ".json")))
    .map((name) => ({ name, rows: readRows(join(folder, name)) ?? [] }));
  if (files.length === 0) {
    throw new UsageError(`${flag} must hold files named exp_*.json, got none in "${folder}"`);
  }
  return files;
}

function write(flag: string, file: string, text: string): void {
  try {
    // PARITY.md stands in a folder that there is, on which the command has no write permission
    if (flag !== "--parity") Deno.mkdirSync(dirname(file), { recursive: true });
    writeAtomic(file, text);
  } catch (error) {
    const [reason] = (error as Error).message.split("\n");
    throw new UsageError(`${flag} must be writable, got "${file}" (${reason})`);
  }
}
