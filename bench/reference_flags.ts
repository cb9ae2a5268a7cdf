/**
 * The command line of `deno task bench:reference`.
 * @module
 */
import { parseArgs } from "node:util";
import { UsageError } from "../lib/sweep/run_flags.ts";

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
}

/** The text of `--help`. */
export function usage(ids: readonly string[]): string {
  return `Usage: deno task bench:reference --reference DIR [flags]

Runs the reference's Python code and ours on the same work in turn, on the same data, and prints
how many times as long the reference takes, with the check that the results agree.

  --reference DIR  checkout of the reference
  --python CMD     interpreter with torch, scikit-learn, scipy and tqdm (default: python3)
  --libraries DIR  folder in which Python looks for libraries first, to choose its BLAS
  --case X,…       only these cases; "train" or "train-relu" take all that begin so
  --quick          hardly any work, on a tenth of the samples: tries the command out
  --full           all of the work on both sides, for hours: without it the reference does a part
                   of the long cases, where it does the same dense work in every unit, and its
                   time for the whole follows
  --repeats N      runs of each side after one for warming up (default: 5; long cases stop sooner)
  --json           print JSON, with every time measured, instead of the table
  --help           print this text

Cases: ${ids.join(", ")}
The last is run only when it is named.

Exit code: 0 compared, 1 results differ or a side failed, 2 bad usage.`;
}

/**
 * Parses the command line.
 *
 * @param ids Ids of all cases, with the numbers of latents n.
 * @throws {UsageError} One line that names the flag, its rule and its value.
 */
export function parseFlags(
  args: readonly string[],
  all: readonly { id: string; n: number; long?: boolean }[],
): ReferenceFlags {
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    tokens: true,
    options: {
      ...Object.fromEntries(VALUES.map((name) => [name, { type: "string" as const }])),
      ...Object.fromEntries(SWITCHES.map((name) => [name, { type: "boolean" as const }])),
    },
  });
  const given = new Map<string, string | undefined>();
  for (const token of tokens) {
    if (token.kind !== "option") {
      const text = token.kind === "positional" ? token.value : "--";
      throw new UsageError(`it takes flags only, got "${text}"`);
    }
    const { name, rawName, value } = token;
    const isSwitch = SWITCHES.includes(name);
    if (!isSwitch && !VALUES.includes(name)) {
      throw new UsageError(`it has no flag ${rawName} (--help lists those that it has)`);
    }
    if (given.has(name)) throw new UsageError(`--${name} must be given once, got it twice`);
    if (isSwitch && value !== undefined) {
      throw new UsageError(`--${name} takes no value, got "${value}"`);
    }
    if (!isSwitch && !value) throw new UsageError(`--${name} must be followed by a value`);
    given.set(name, value);
  }

  const reference = given.get("reference");
  if (reference === undefined) {
    throw new UsageError("--reference must name a checkout of the reference, got nothing");
  }
  if (given.has("quick") && given.has("full")) {
    throw new UsageError("--quick and --full exclude each other, got both");
  }
  const repeats = Number(given.get("repeats") ?? 5);
  if (!Number.isInteger(repeats) || repeats < 1) {
    throw new UsageError(
      `--repeats must be an integer of at least 1, got "${given.get("repeats")}"`,
    );
  }
  const extent = given.has("quick") ? "quick" : given.has("full") ? "full" : "usual";
  return {
    reference,
    python: given.get("python") ?? "python3",
    libraries: given.get("libraries"),
    cases: chooseCases(all, given.get("case"), extent),
    extent,
    repeats: extent === "quick" ? 1 : repeats,
    json: given.has("json"),
  };
}

const VALUES = ["reference", "python", "libraries", "case", "repeats"];
const SWITCHES = ["quick", "full", "json"];
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
