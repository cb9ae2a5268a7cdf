/**
 * The one reader of command lines: experiments, commands and benches each give it a table of flags,
 * and it parses, refuses in one line, and writes the usage.
 * @module
 */
import { nearest } from "../checks.ts";
import { printable } from "../results.ts";
import type { Kind } from "./kinds.ts";

/**
 * A mistake in how a command was called: one line for the user, exit code 2.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { UsageError } from "./flags.ts";
 * assert.equal(String(new UsageError("--n must be above 5")), "UsageError: --n must be above 5");
 * ```
 */
export class UsageError extends Error {
  /** Name of the class, as stack traces show it. */
  override name = "UsageError";
}

/** One flag. */
export interface Flag<Value = unknown> {
  /** What it is for, for the usage. */
  about: string;
  /** What its value is; a flag without a kind is a switch, true where it is given. */
  kind?: Kind<Value>;
  /** Value without the flag. */
  default?: Value;
  /** Whether it must be given. */
  required?: true;
  /** Its name without the dashes. Default: its key, `maxSteps` as `max-steps`. */
  flag?: string;
}

/** A table of flags: keys are those of the values. */
export type Flags = Readonly<Record<string, Flag>>;

/** The values of a table: undefined where a flag without a default is not given. */
export type FlagValues<Table extends Flags> = {
  [Key in keyof Table]: Table[Key] extends { kind: Kind<infer Value> }
    ? Table[Key] extends { default: unknown } | { required: true } ? Value : Value | undefined
    : boolean;
};

/** What a command line can hold besides the flags of its table. */
export interface Syntax {
  /** Flags that contradict each other, by their keys. */
  exclusive?: readonly (readonly [string, string])[];
  /** Flags that make sense only with another one: `[mixed, merge]`. */
  dependent?: readonly (readonly [string, string])[];
  /** The words without dashes that it takes; none by default. */
  words?: { placeholder: string; rule: string; least: number; most: number };
}

/** A command line taken apart. */
export interface Parsed<Table extends Flags> {
  /** A value for every key of the table. */
  values: FlagValues<Table>;
  /** Keys of the flags that were given. */
  given: ReadonlySet<string>;
  /** The words without dashes, in order. */
  words: string[];
}

/**
 * Name of a flag on the command line, without its dashes.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { flagName } from "./flags.ts";
 *
 * assert.equal(flagName("maxSteps"), "max-steps");
 * assert.equal(flagName("weight", { flag: "lambda" }), "lambda");
 * ```
 */
export function flagName(key: string, { flag }: Pick<Flag, "flag"> = {}): string {
  return flag ?? key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/**
 * Parses a command line of `--name value`, `--name=value` and `--switch`.
 *
 * @param table The flags that there are.
 * @param args Arguments, as in `Deno.args`.
 * @param syntax What else there is to say.
 * @throws {UsageError} One line that names the flag, its rule and its value.
 * @throws {TypeError} Where two flags of the table have one name.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseFlags } from "./flags.ts";
 * import { folder, integer } from "./kinds.ts";
 *
 * const table = {
 *   out: { about: "folder to write to", kind: folder, default: "results" },
 *   maxSteps: { about: "steps", kind: integer({ min: 1 }) },
 *   quiet: { about: "no progress" },
 * } as const;
 * const { values } = parseFlags(table, ["--max-steps", "5", "--quiet"]);
 * assert.deepEqual(values, { out: "results", maxSteps: 5, quiet: true });
 * ```
 */
export function parseFlags<Table extends Flags>(
  table: Table,
  args: readonly string[],
  { exclusive = [], dependent = [], words: wanted }: Syntax = {},
): Parsed<Table> {
  const keys = new Map(Object.entries(table).map(([key, flag]) => [flagName(key, flag), key]));
  if (keys.size < Object.keys(table).length) {
    throw new TypeError(`flags must have names of their own, got ${Object.keys(table)}`);
  }
  const given = new Map<string, unknown>(), words: string[] = [];
  const dashed = (key: string) => `--${flagName(key, table[key])}`;

  for (let i = 0; i < args.length; i++) {
    const [, name, inline] = /^(-[^=]*)(?:=(.*))?$/s.exec(args[i]) ?? [];
    if (name === undefined || name === "-" || name === "--") {
      if (!wanted || name === "--") refuse(`it takes flags only, got ${quoted(args[i])}`);
      words.push(args[i]);
      continue;
    }
    const key = name.startsWith("--") ? keys.get(name.slice(2)) : undefined;
    if (key === undefined) {
      const meant = nearest(name.replace(/^-+/, ""), [...keys.keys()]);
      const help = meant ? `did you mean --${meant}?` : "--help lists those that it has";
      refuse(`it has no flag ${printable(name)} (${help})`);
    }
    if (given.has(key)) refuse(`${name} must be given once, got it twice`);
    const { kind } = table[key];
    if (!kind) {
      if (inline !== undefined) refuse(`${name} takes no value, got ${quoted(inline)}`);
      given.set(key, true);
      continue;
    }
    const text = inline ?? args[++i];
    // else a forgotten folder would be named like the flag that follows, which would not count
    if (inline === undefined && text?.startsWith("--") && keys.has(text.slice(2).split("=")[0])) {
      refuse(`${name} must be ${kind.rule}, got the flag ${printable(text)} in its place`);
    }
    const value = text === undefined ? undefined : kind.read(text);
    if (value === undefined) refuse(`${name} must be ${kind.rule}, got ${quoted(text)}`);
    given.set(key, value);
  }

  for (const [a, b] of exclusive) {
    if (given.has(a) && given.has(b)) {
      refuse(`${dashed(a)} and ${dashed(b)} exclude each other, got both`);
    }
  }
  for (const [key, other] of dependent) {
    if (given.has(key) && !given.has(other)) {
      refuse(`${dashed(key)} must go with ${dashed(other)}, got it alone`);
    }
  }
  if (wanted && (words.length < wanted.least || words.length > wanted.most)) {
    refuse(`it takes ${wanted.rule}, got ${quoted(words.join(" "))}`);
  }
  const values = Object.entries(table).map(([key, { kind, default: usual, required }]) => {
    if (required && kind && !given.has(key)) {
      refuse(`${dashed(key)} must be ${kind.rule}, got nothing`);
    }
    return [key, given.get(key) ?? (kind ? usual : false)];
  });
  return {
    values: Object.fromEntries(values) as FlagValues<Table>,
    given: new Set(given.keys()),
    words,
  };
}

function refuse(message: string): never {
  throw new UsageError(message);
}

function quoted(text: string | undefined): string {
  return text === undefined ? "nothing" : `"${printable(text)}"`;
}

/** Columns of a usage text. */
const WIDTH = 100, NAME_WIDTH = 18;

/**
 * The lines of a usage text about some flags.
 *
 * @param table The flags.
 * @param note What to add about a flag in parentheses. Default: its default, where it has one.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { flagLines } from "./flags.ts";
 * import { folder } from "./kinds.ts";
 *
 * const table = { out: { about: "folder to write to", kind: folder, default: "results" } };
 * assert.equal(flagLines(table), "  --out DIR          folder to write to (default: results)");
 * ```
 */
export function flagLines(
  table: Flags,
  note: (key: string) => string | undefined = (key) =>
    table[key].default === undefined ? undefined : `default: ${table[key].default}`,
): string {
  return Object.entries(table).map(([key, flag]) => {
    const name = `--${flagName(key, flag)} ${flag.kind?.placeholder ?? ""}`, more = note(key);
    const text = more === undefined ? flag.about : `${flag.about} (${more})`;
    const indent = `\n${" ".repeat(NAME_WIDTH + 3)}`;
    return `  ${name.padEnd(NAME_WIDTH)} ${wrapped(text, WIDTH - NAME_WIDTH - 3).join(indent)}`;
  }).join("\n");
}

/**
 * Breaks a text into lines, at spaces.
 *
 * @param text The text, of one line.
 * @param width Most characters of a line; longer words stand alone.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { wrapped } from "./flags.ts";
 *
 * assert.deepEqual(wrapped("one two three", 8), ["one two", "three"]);
 * ```
 */
export function wrapped(text: string, width = WIDTH): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = `${lines.at(-1)} ${word}`.trimStart();
    if (line.length <= width) lines[lines.length - 1] = line;
    else lines.push(word);
  }
  return lines;
}
