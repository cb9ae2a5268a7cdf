/**
 * The command line of `deno task bench:reference`.
 * @module
 */
import { type Command, commandUsage } from "../lib/sweep/command.ts";
import { parseFlags as parse, UsageError, wrapped } from "../lib/sweep/flags.ts";
import { file, folder, integer, text } from "../lib/sweep/kinds.ts";

/** How much of the work is measured. */
export type Extent = "quick" | "usual" | "full";

/** A parsed command line. */
export interface ReferenceFlags {
  /** Folder of the reference's checkout. */
  reference: string;
  /** Python interpreter with the reference's libraries. */
  python: string;
  /** Folders in which Python's libraries are looked for first. */
  libraries?: string;
  /** Ids of the chosen cases, in the order of the table. */
  cases: string[];
  /** How much of the work is measured. */
  extent: Extent;
  /** Runs of each side, after one for warming up. */
  repeats: number;
  /** Print JSON instead of the table. */
  json: boolean;
  /** Path of what `--json` printed earlier. */
  with?: string;
}

const FLAGS = {
  reference: {
    about: "checkout of the reference",
    kind: { ...folder, rule: "the folder of a checkout of the reference" },
    required: true,
  },
  python: {
    about: "interpreter with torch, scikit-learn, scipy and tqdm",
    kind: { ...file, placeholder: "CMD", rule: "a command" },
    default: "python3",
  },
  libraries: {
    about: "folder in which Python looks for libraries first, to choose its BLAS",
    kind: folder,
  },
  case: {
    about: 'only these cases; "train" or "train-relu" take all that begin so',
    kind: text("X,…", "a comma-separated list of cases"),
  },
  quick: { about: "hardly any work, on a tenth of the samples: tries the command out" },
  full: {
    about:
      "all of the work on both sides, for hours: without it the reference does a part of the " +
      "long cases, where it does the same dense work in every unit, and its time for the whole follows",
  },
  repeats: {
    about: "runs of each side after one for warming up; long cases stop sooner",
    kind: integer({ min: 1 }),
    default: 5,
  },
  json: { about: "print JSON, with every time measured, instead of the table" },
  with: {
    about: "what --json printed of other cases on the same machine: they are printed too",
    kind: { ...file, rule: "a file that --json printed" },
  },
} as const;

/** The command, for its usage and for the completion of a shell. */
export const command: Command<typeof FLAGS> = {
  task: "bench:reference",
  action: "compare with the reference",
  about:
    `Runs the reference's Python code and ours on the same work in turn, on the same data, and prints
how many times as long the reference takes, with the check that the results agree.`,
  flags: FLAGS,
  exclusive: [["quick", "full"]],
  closing: "Exit code: 0 compared, 1 results differ or a side failed, 2 bad usage.",
};

/** The text of `--help`. */
export function usage(ids: readonly string[]): string {
  const cases = wrapped(`Cases: ${ids.join(", ")}. The last is run only when it is named.`);
  return `${commandUsage(command)}\n\n${cases.join("\n")}`;
}

/**
 * Parses the command line.
 *
 * @param args Arguments, as in `Deno.args`.
 * @param all All cases, with the numbers of latents n.
 * @throws {UsageError} One line that names the flag, its rule and its value.
 */
export function parseFlags(
  args: readonly string[],
  all: readonly { id: string; n: number; long?: boolean }[],
): ReferenceFlags {
  const { values } = parse(FLAGS, args, command);
  const { quick, full, repeats, case: chosen, ...rest } = values;
  const extent = quick ? "quick" : full ? "full" : "usual";
  return {
    ...rest,
    cases: chooseCases(all, chosen, extent),
    extent,
    repeats: quick ? 1 : repeats,
  };
}

/** Above this many latents even the smallest part takes the reference long. */
const QUICK_N = 1000;

function chooseCases(
  all: readonly { id: string; n: number; long?: boolean }[],
  text: string | undefined,
  extent: Extent,
): string[] {
  if (text === undefined) {
    return all.filter(({ n, long }) => !long && (extent !== "quick" || n <= QUICK_N))
      .map(({ id }) => id);
  }
  const names = text.split(",");
  const fits = (id: string, name: string) => id === name || id.startsWith(`${name}-`);
  const unknown = names.find((name) => !all.some(({ id }) => fits(id, name)));
  if (unknown !== undefined) {
    throw new UsageError(`--case must name cases (--help lists them), got "${unknown}"`);
  }
  return all.filter(({ id }) => names.some((name) => fits(id, name))).map(({ id }) => id);
}
