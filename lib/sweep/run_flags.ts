/**
 * The command line that all experiments share: flags, their rules, and `--help`.
 * @module
 */
import { parseArgs } from "node:util";
import * as z from "npm:zod@4.6.7";
import type { Experiment, ExperimentOptions, OptionSpec } from "./experiment.ts";
import { largestSparsity } from "../problem_size.ts";
import { taskName } from "../results.ts";

/** A mistake in how a command was called: one line for the user, exit code 2. */
export class UsageError extends Error {
  /** Name of the class, as stack traces show it. */
  override name = "UsageError";
}

/** Flags that every experiment has, beside its own options. */
export interface RunFlags {
  /** Run the paper's grid. */
  paper: boolean;
  /** Size of the worker pool. */
  workers: number;
  /** Compute only part `index` (from 0) of `count`, into a part file. */
  shard?: { index: number; count: number };
  /** Collect the part files of all shards; compute nothing. */
  merge: boolean;
  /** Merge also parts that were made with other options or by another version. */
  mixed: boolean;
  /** Only the cells with these indices. */
  only?: number[];
  /** Print the cells; compute nothing. */
  list: boolean;
  /** Stop after so many seconds. */
  maxSeconds?: number;
  /** Take up cells again that failed in an earlier run. */
  retryFailed: boolean;
  /** Folder of the result files. */
  out: string;
  /** Folder of the figures. */
  figures: string;
  /** Draw no figures. */
  noFigures: boolean;
  /** Folder of the model cache. */
  cache: string;
  /** Train every model; keep none. */
  noCache: boolean;
  /** Appended to the names of all files, after an underscore. */
  suffix?: string;
  /** Drop earlier results at the first save. */
  fresh: boolean;
  /** No progress on stderr. */
  quiet: boolean;
  /** Print the usage. */
  help: boolean;
}

/** A parsed command line. */
export interface CommandLine<Options> {
  /** The experiment's options, defaults filled in. */
  options: Options;
  /** The flags common to all. */
  flags: RunFlags;
  /** Whether the grid is the default one: no `--paper` and no option given. */
  isDefaultGrid: boolean;
}

interface Flag {
  /** Shown after the name in the usage; absent for switches. */
  placeholder?: string;
  about: string;
  /** What its value must be, for messages: "--n must be <rule>". */
  rule?: string;
  schema?: z.ZodType<unknown, string>;
}

const MAX_SEED = 2 ** 32 - 1;
const decimal = z.string().trim().regex(/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i).transform(Number)
  .pipe(z.number());
const integer = (min: number, max = Number.MAX_SAFE_INTEGER) =>
  decimal.pipe(z.number().int().min(min).max(max));
const positive = decimal.pipe(z.number().positive());
/** Seconds that a timer can count: its milliseconds are a 32-bit integer. */
const MAX_SECONDS = Math.floor((2 ** 31 - 1) / 1000);
const listOf = <T>(item: z.ZodType<T, string>) =>
  z.string().transform((text) => text.split(",")).pipe(z.array(item))
    .refine((values) => new Set(values).size === values.length);
const path = z.string().min(1);

/** Flag, single-value and list forms of an option; its default decides which one it takes. */
function optionFlags<T>(name: string, about: string, rule: string, item: z.ZodType<T, string>): {
  name: string;
  one: Flag;
  many: Flag;
} {
  return {
    name,
    one: { placeholder: "X", about, rule, schema: item },
    many: {
      placeholder: "X,…",
      about,
      rule: `a comma-separated list, each ${rule} and none twice`,
      schema: listOf(item),
    },
  };
}

const OPTIONS: Record<
  Exclude<keyof ExperimentOptions, "methods">,
  ReturnType<typeof optionFlags>
> = {
  n: optionFlags("n", "numbers of latents", "an integer of at least 2", integer(2)),
  seeds: optionFlags(
    "seeds",
    "seeds of the data and the weights",
    `an integer from 0 to ${MAX_SEED}`,
    integer(0, MAX_SEED),
  ),
  k: optionFlags("k", "active latents per sample", "an integer of at least 1", integer(1)),
  c: optionFlags("c", "constants c of the bound m = ⌈c·k·ln(n/k)⌉", "a number above 0", positive),
  samples: optionFlags("samples", "numbers of samples", "an integer of at least 4", integer(4)),
  epochs: optionFlags(
    "epochs",
    "training passes of an SAE",
    "an integer of at least 1",
    integer(1),
  ),
  maxSteps: optionFlags(
    "max-steps",
    "steps of the iterative learners",
    "an integer of at least 1",
    integer(1),
  ),
  lambda: optionFlags("lambda", "weight λ of the L1 norm", "a number above 0", positive),
  fistaIters: optionFlags(
    "fista-iters",
    "FISTA iterations",
    "an integer of at least 1",
    integer(1),
  ),
};

/** The option that names some of an experiment's methods. */
function methodFlags(methods: readonly string[]): ReturnType<typeof optionFlags> {
  return optionFlags("methods", "methods to run", `one of ${methods.join(", ")}`, z.enum(methods));
}

const RUN_FLAGS: Record<keyof RunFlags, Flag & { name: string }> = {
  paper: { name: "paper", about: "run the paper's grid" },
  workers: {
    name: "workers",
    placeholder: "N",
    about: "cells computed at once (default: one per core)",
    rule: "an integer from 1 to 1024",
    schema: integer(1, 1024),
  },
  shard: {
    name: "shard",
    placeholder: "I/N",
    about: "compute only part I (from 0) of N, of nearly equal cost, into a part file",
    rule: "I/N with I from 0 to N − 1",
    schema: z.string().regex(/^\d+\/\d+$/).transform((text) => {
      const [index, count] = text.split("/").map(Number);
      return { index, count };
    }).refine(({ index, count }) => index < count),
  },
  merge: { name: "merge", about: "collect the part files of --shard; compute nothing" },
  mixed: {
    name: "mixed",
    about: "with --merge: also parts made with other options or by another version",
  },
  only: {
    name: "only",
    placeholder: "I,…",
    about: "only the cells with these indices (see --list)",
    rule: "a comma-separated list, each an integer of at least 0 and none twice",
    schema: listOf(integer(0)),
  },
  list: { name: "list", about: "print index, parameters and estimated cost of the cells, and end" },
  maxSeconds: {
    name: "max-seconds",
    placeholder: "S",
    about: "save and end after S seconds; the same command goes on later",
    rule: `a number above 0 and at most ${MAX_SECONDS}`,
    schema: decimal.pipe(z.number().positive().max(MAX_SECONDS)),
  },
  retryFailed: { name: "retry-failed", about: "take up again the cells that failed before" },
  out: {
    name: "out",
    placeholder: "DIR",
    about: "folder of the result files (default: results)",
    rule: "a path",
    schema: path,
  },
  figures: {
    name: "figures",
    placeholder: "DIR",
    about: "folder of the figures (default: figures)",
    rule: "a path",
    schema: path,
  },
  noFigures: { name: "no-figures", about: "draw no figures" },
  cache: {
    name: "cache",
    placeholder: "DIR",
    about: "folder of the trained models, shared by all experiments (default: .cache)",
    rule: "a path",
    schema: path,
  },
  noCache: { name: "no-cache", about: "train every model, keep none" },
  suffix: {
    name: "suffix",
    placeholder: "NAME",
    about: "write <experiment>_NAME.json and so on",
    rule: "made of letters, digits, dots, dashes and underscores",
    schema: z.string().regex(/^[\w.-]+$/),
  },
  fresh: { name: "fresh", about: "start over: the first save replaces earlier results" },
  quiet: { name: "quiet", about: "no progress on stderr" },
  help: { name: "help", about: "print this text" },
};

/** Flags that contradict each other. */
const EXCLUSIVE = [["shard", "merge"], ["shard", "only"], ["merge", "only"], ["cache", "no-cache"]];

/**
 * Parses an experiment's command line. Explicit flags win over `--paper`, which wins over the
 * defaults.
 *
 * @param experiment Whose options are accepted.
 * @param args Arguments, as in `Deno.args`.
 * @throws {UsageError} One line that names the flag, its rule and its value.
 *
 * @example
 * ```ts
 * import { parseCommandLine } from "./run_flags.ts";
 * const experiment = { name: "exp_toy", options: { n: { default: [50] } } };
 * parseCommandLine(experiment, ["--n", "2,3", "--quiet"]).options.n; // [2, 3]
 * ```
 */
export function parseCommandLine<Options extends Partial<ExperimentOptions>>(
  experiment: Pick<Experiment<Options>, "name" | "options">,
  args: readonly string[],
): CommandLine<Options> {
  const refuse = (message: string): never => {
    throw new UsageError(message);
  };
  const options = experimentFlags(experiment.options);
  const table = new Map<string, Flag>(
    [...options.values(), ...Object.values(RUN_FLAGS)].map((flag) => [flag.name, flag]),
  );

  const given = new Map<string, unknown>();
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    tokens: true,
    options: Object.fromEntries(
      [...table].map(([name, flag]) => [name, { type: flag.schema ? "string" : "boolean" }]),
    ),
  });
  for (const token of tokens) {
    if (token.kind !== "option") {
      return refuse(
        `it takes flags only, got "${token.kind === "positional" ? token.value : "--"}"`,
      );
    }
    const { name, rawName, value } = token;
    const flag = rawName.startsWith("--") ? table.get(name) : undefined;
    if (!flag) return refuse(`it has no flag ${rawName} (--help lists those that it has)`);
    if (given.has(name)) return refuse(`--${name} must be given once, got it twice`);
    if (!flag.schema) {
      if (value !== undefined) return refuse(`--${name} takes no value, got "${value}"`);
      given.set(name, true);
      continue;
    }
    const parsed = flag.schema.safeParse(value);
    if (!parsed.success) {
      return refuse(
        `--${name} must be ${flag.rule}, got ${value === undefined ? "nothing" : `"${value}"`}`,
      );
    }
    given.set(name, parsed.data);
  }

  const flagValue = (key: keyof RunFlags) => given.get(RUN_FLAGS[key].name);
  const flags = {
    ...Object.fromEntries(
      (Object.keys(RUN_FLAGS) as (keyof RunFlags)[]).map((key) => [key, flagValue(key)]),
    ),
    ...Object.fromEntries(
      (Object.keys(RUN_FLAGS) as (keyof RunFlags)[]).filter((key) => !RUN_FLAGS[key].schema)
        .map((key) => [key, flagValue(key) === true]),
    ),
    workers: flagValue("workers") ?? navigator.hardwareConcurrency,
    out: flagValue("out") ?? "results",
    figures: flagValue("figures") ?? "figures",
    cache: flagValue("cache") ?? ".cache",
  } as RunFlags;
  for (const [a, b] of EXCLUSIVE) {
    if (given.has(a) && given.has(b)) {
      return refuse(`--${a} and --${b} exclude each other, got both`);
    }
  }

  if (flags.mixed && !flags.merge) return refuse("--mixed must go with --merge, got it alone");

  const value = (key: keyof Options): unknown => {
    const spec = experiment.options[key];
    return given.get(options.get(key)!.name) ??
      (flags.paper ? spec.paper ?? spec.default : spec.default);
  };
  const keys = [...options.keys()];
  return {
    options: Object.fromEntries(keys.map((key) => [key, value(key)])) as Options,
    flags,
    isDefaultGrid: !flags.paper && !keys.some((key) => given.has(options.get(key)!.name)),
  };
}

/**
 * The text of `--help`.
 *
 * @example
 * ```ts
 * import { usage } from "./run_flags.ts";
 * usage({ name: "exp_toy", description: "A toy.", options: { n: { default: [50] } } });
 * ```
 */
export function usage<Options extends Partial<ExperimentOptions>>(
  { name, description, options }: Pick<
    Experiment<Options>,
    "name" | "description" | "options"
  >,
): string {
  const lines = [...experimentFlags(options)].map(([key, flag]) => {
    const { default: usual, paper } = options[key];
    return [flag, `default: ${usual}${paper === undefined ? "" : `; --paper: ${paper}`}`] as const;
  });
  const format = (flag: Flag & { name: string }, note = "") =>
    `  ${`--${flag.name} ${flag.placeholder ?? ""}`.padEnd(18)} ${flag.about}${
      note && ` (${note})`
    }`;
  return [
    `Usage: deno task ${taskName(name)} [flags]`,
    "",
    description,
    "",
    "The experiment:",
    ...lines.map(([flag, note]) => format(flag, note)),
    "",
    "The run:",
    ...Object.values(RUN_FLAGS).map((flag) => format(flag)),
    "",
    "Cells that the result file already has are left out, so that an interrupted run goes on where",
    "it ended. Exit code: 0 all asked for is done, 1 a cell failed or the run was interrupted, 2 bad",
    "usage or unusable files (then nothing was computed or changed).",
  ].join("\n");
}

/**
 * Refuses a grid point whose samples cannot be drawn, before any work.
 *
 * @throws {UsageError} When k is not below n, or k active latents do not fit in one half of n.
 *
 * @example
 * ```ts
 * import { requireProblem } from "./run_flags.ts";
 * requireProblem({ n: 50, k: 10 });
 * ```
 */
export function requireProblem({ n, k }: { n: number; k: number }): void {
  if (k >= n) throw new UsageError(`--n must be above the ${k} active latents (k), got ${n}`);
  if (k > largestSparsity(n)) {
    throw new UsageError(
      `--n must be at least ${2 * k - 1}, for k = ${k} active latents in one half, got ${n}`,
    );
  }
}

function experimentFlags<Options extends Partial<ExperimentOptions>>(
  specs: { [Name in keyof Options]: OptionSpec<Options[Name]> },
): Map<keyof Options, Flag & { name: string }> {
  return new Map(
    (Object.keys(specs) as (keyof Options & keyof ExperimentOptions)[]).map((key) => {
      const usual: unknown = specs[key].default;
      const { name, one, many } = key === "methods" ? methodFlags(usual as string[]) : OPTIONS[key];
      return [key, { name, ...(Array.isArray(usual) ? many : one) }];
    }),
  );
}
