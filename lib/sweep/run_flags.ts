/**
 * The command line that all experiments share: the flags of a run, beside the experiment's own.
 * @module
 */
import { isSuffix, MAX_SUFFIX, taskName } from "../results.ts";
import type { Experiment, OptionSpec, OptionSpecs } from "./experiment.ts";
import { type Flag, flagLines, type Flags, type FlagValues, parseFlags } from "./flags.ts";
import { decimal, folder, integer, type Kind, listOf, oneOf, text } from "./kinds.ts";

/** Folder of the model cache where `--cache` is not given. */
export const DEFAULT_CACHE = ".cache";

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
  /** Print the list of cells, or the summary, as JSON. */
  json: boolean;
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

/** Seconds that a timer can count: its milliseconds are a 32-bit integer. */
const MAX_SECONDS = Math.floor((2 ** 31 - 1) / 1000);

/** As many parts as a cluster takes tasks in an array. */
export const MAX_PARTS = 100_000;

const shard: Kind<{ index: number; count: number }> = {
  placeholder: "I/N",
  rule: `I/N with I from 0 to N − 1 and N at most ${MAX_PARTS}`,
  read(text) {
    const [index, count] = /^\d+\/\d+$/.test(text) ? text.split("/").map(Number) : [];
    return index < count && count <= MAX_PARTS ? { index, count } : undefined;
  },
};

const suffix: Kind<string> = {
  placeholder: "NAME",
  rule:
    `made of letters, digits, dots, dashes and underscores, at most ${MAX_SUFFIX} of them, without ` +
    "a dot at its end, and no word that the names of result files or of devices have",
  read: (text) => isSuffix(text) ? text : undefined,
};

const RUN_FLAGS = {
  paper: { about: "run the paper's grid" },
  workers: {
    about: "cells computed at once (default: one per core)",
    kind: integer({ min: 1, max: 1024 }),
  },
  shard: {
    about: "compute only part I (from 0) of N, of nearly equal cost, into a part file",
    kind: shard,
  },
  merge: { about: "collect the part files of --shard; compute nothing" },
  mixed: { about: "with --merge: also parts made with other options or by another version" },
  only: {
    about: "only the cells with these indices (see --list)",
    kind: listOf(integer({ min: 0 })),
  },
  list: { about: "print index, parameters and estimated hours of the cells, and end" },
  maxSeconds: {
    about: "save and end after S seconds; the same command goes on later",
    kind: { ...decimal({ above: 0, max: MAX_SECONDS }), placeholder: "S" },
  },
  retryFailed: { about: "take up again the cells that failed before" },
  out: { about: "folder of the result files", kind: folder, default: "results" },
  figures: { about: "folder of the figures", kind: folder, default: "figures" },
  noFigures: { about: "draw no figures" },
  cache: {
    about: "folder of the cache: trained models, long runs of DL-FISTA, shared by all experiments",
    kind: folder,
    default: DEFAULT_CACHE,
  },
  noCache: { about: "train every model, keep none" },
  suffix: { about: "write <experiment>_NAME.json and so on", kind: suffix },
  fresh: { about: "start over: the first save replaces earlier results" },
  json: { about: "print the list of cells, or the summary, as JSON" },
  quiet: { about: "no progress on stderr" },
  help: { about: "print this text" },
} satisfies { [Name in keyof RunFlags]-?: Flag };

const SYNTAX = {
  exclusive: [["shard", "merge"], ["shard", "only"], ["merge", "only"], ["cache", "noCache"]],
  dependent: [["mixed", "merge"]],
} as const;

/**
 * The flags of an experiment, its own first: by its options and those of every run.
 *
 * @throws {TypeError} When an option has the name of a flag that every run has.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { experimentFlags } from "./run_flags.ts";
 *
 * assert.deepEqual(Object.keys(experimentFlags({ n: { default: [50] } })).slice(0, 2), ["n", "paper"]);
 * ```
 */
export function experimentFlags<Options extends object>(specs: OptionSpecs<Options>): Flags {
  return { ...optionFlags(specs), ...RUN_FLAGS };
}

/**
 * Parses an experiment's command line. Explicit flags win over `--paper`, which wins over the
 * defaults.
 *
 * @param experiment Whose options are accepted.
 * @param args Arguments, as in `Deno.args`.
 * @throws {UsageError} One line that names the flag, its rule and its value.
 * @throws {TypeError} As {@linkcode experimentFlags}.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseCommandLine } from "./run_flags.ts";
 *
 * const experiment = { name: "exp_toy", options: { n: { default: [50] } } };
 * assert.deepEqual(parseCommandLine(experiment, ["--n", "2,3", "--quiet"]).options, { n: [2, 3] });
 * ```
 */
export function parseCommandLine<Options extends object>(
  { options: specs }: Pick<Experiment<Options>, "options">,
  args: readonly string[],
): CommandLine<Options> {
  const parsed = parseFlags(experimentFlags(specs), args, SYNTAX), { given } = parsed;
  const values: Record<string, unknown> = parsed.values;
  const run = Object.fromEntries(
    Object.keys(RUN_FLAGS).map((key) => [key, values[key]]),
  ) as FlagValues<typeof RUN_FLAGS>;
  const options = entriesOf(specs).map(([key, { default: usual, paper }]) => [
    key,
    given.has(key) ? values[key] : run.paper ? paper ?? usual : usual,
  ]);
  return {
    options: Object.fromEntries(options) as Options,
    flags: { ...run, workers: run.workers ?? navigator.hardwareConcurrency },
    isDefaultGrid: !run.paper && !Object.keys(specs).some((key) => given.has(key)),
  };
}

/**
 * The text of `--help`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { usage } from "./run_flags.ts";
 *
 * const text = usage({ name: "exp_toy", description: "A toy.", options: { n: { default: [50] } } });
 * assert.match(text, /^Usage: deno task exp:toy \[flags\]\n\nA toy\./);
 * ```
 */
export function usage<Options extends object>(
  { name, description, options }: Pick<Experiment<Options>, "name" | "description" | "options">,
): string {
  const specs = Object.fromEntries(entriesOf(options));
  const own = flagLines(optionFlags(options), (key) => {
    const { default: usual, paper } = specs[key];
    // what nothing and an empty list stand for is told by the option's own words
    const isTold = usual === undefined || Array.isArray(usual) && usual.length === 0;
    const told = [
      ...isTold ? [] : [`default: ${usual}`],
      ...paper === undefined ? [] : [`--paper: ${paper}`],
    ];
    return told.length > 0 ? told.join("; ") : undefined;
  });
  return [
    `Usage: deno task ${taskName(name)} [flags]`,
    description,
    `The experiment:\n${own}`,
    `The run:\n${flagLines(RUN_FLAGS)}`,
    "Cells that the result file already has are left out, so that an interrupted run goes on where\n" +
    "it ended. Exit code: 0 all asked for is done, 1 a cell failed, a file could not be written or the run\n" +
    "was interrupted, 2 bad usage or unusable files (then nothing was computed or changed), 3 --max-seconds\n" +
    "left cells undone.",
  ].join("\n\n");
}

function entriesOf<Options extends object>(
  specs: OptionSpecs<Options>,
): [string, OptionSpec<unknown>][] {
  return Object.entries(specs);
}

function optionFlags<Options extends object>(specs: OptionSpecs<Options>): Flags {
  return Object.fromEntries(
    entriesOf(specs).map(([key, { about = key, kind, flag, default: usual }]) => {
      if (key in RUN_FLAGS) {
        throw new TypeError(`an option must have a name that no flag of a run has, got ${key}`);
      }
      // a switch is what is off by default
      return [key, {
        about,
        flag,
        kind: kind ?? (usual === false ? undefined : kindOf(key, usual)),
      }];
    }),
  );
}

/** What the values of an option are, as far as its default tells. */
function kindOf(key: string, usual: unknown): Kind<unknown> {
  if (Array.isArray(usual) && usual.length > 0) return listOf(kindOf(key, usual[0]));
  if (typeof usual === "number") return decimal();
  if (typeof usual === "string") return text("X", "followed by a value");
  if (typeof usual === "boolean") return truth;
  throw new TypeError(`the option ${key} must have a kind: its default does not tell`);
}

const words = oneOf(["true", "false"]);
const truth: Kind<boolean> = {
  ...words,
  read: (text) => words.read(text) && text === "true",
};
