/**
 * What the commands that compute nothing share: flags and exit codes.
 * @module
 */
import { parseArgs } from "node:util";
import { UsageError } from "./run_flags.ts";

/** A flag, with a value unless it is a switch. */
export interface PlainFlag {
  /** Whether it takes no value, and is true or false. */
  isSwitch?: true;
  /** Value without the flag. */
  default?: string;
  /** What a value must match. Default: anything but the empty string. */
  pattern?: RegExp;
  /** The same in words, for messages: "--format must be <rule>". */
  rule?: string;
}

/** Values of flags; undefined where a flag without a default is not given. */
export type PlainValues<Flags extends Record<string, PlainFlag>> = {
  [Name in keyof Flags]: Flags[Name] extends { isSwitch: true } ? boolean
    : Flags[Name] extends { default: string } ? string
    : string | undefined;
};

/**
 * Parses a command line of `--name value` and `--switch`.
 *
 * @param flags The flags that there are.
 * @param args Arguments, as in `Deno.args`.
 * @throws {UsageError} One line that names the flag, its rule and its value.
 *
 * @example
 * ```ts
 * import { parseFlags } from "./command.ts";
 *
 * const flags = { results: { default: "results" }, only: {} };
 * console.log(parseFlags(flags, ["--only", "paper"])); // { results: "results", only: "paper" }
 * ```
 */
export function parseFlags<Flags extends Record<string, PlainFlag>>(
  flags: Flags,
  args: readonly string[],
): PlainValues<Flags> {
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    tokens: true,
    options: Object.fromEntries(
      Object.entries(flags).map(([name, { isSwitch }]) => [
        name,
        { type: isSwitch ? "boolean" : "string" },
      ]),
    ),
  });
  const values: Record<string, string | boolean | undefined> = Object.fromEntries(
    Object.entries(flags).map(([name, flag]) => [name, flag.isSwitch ? false : flag.default]),
  );
  const given = new Set<string>();
  for (const token of tokens) {
    if (token.kind !== "option") {
      throw new UsageError(
        `it takes flags only, got "${token.kind === "positional" ? token.value : "--"}"`,
      );
    }
    const { name, rawName, value } = token;
    if (!Object.hasOwn(flags, name) || !rawName.startsWith("--")) {
      throw new UsageError(`it has no flag ${rawName} (--help lists those that it has)`);
    }
    if (given.has(name)) throw new UsageError(`--${name} must be given once, got it twice`);
    given.add(name);
    const { isSwitch, pattern = /./, rule = "followed by a value" } = flags[name];
    if (isSwitch) {
      if (value !== undefined) throw new UsageError(`--${name} takes no value, got "${value}"`);
      values[name] = true;
      continue;
    }
    if (value === undefined || !pattern.test(value)) {
      throw new UsageError(
        `--${name} must be ${rule}, got ${value === undefined ? "nothing" : `"${value}"`}`,
      );
    }
    values[name] = value;
  }
  return values as PlainValues<Flags>;
}

/**
 * Runs a command: prints its usage under `--help`; turns what is wrong with flags or files into one
 * line on stderr and exit code 2.
 *
 * @param action What the command cannot do where its flags are wrong: `draw figures`.
 * @param usage Text of `--help`.
 * @param work The command; a RangeError of it comes from the files that it read, and names them.
 *
 * @example
 * ```ts
 * import { runPlainCommand } from "./command.ts";
 *
 * await runPlainCommand("greet", "Usage: greet", () => console.log("hello"));
 * ```
 */
export async function runPlainCommand(
  action: string,
  usage: string,
  work: () => void | Promise<void>,
): Promise<void> {
  if (Deno.args.includes("--help")) return console.log(usage);
  try {
    await work();
  } catch (error) {
    const isUsage = error instanceof UsageError;
    if (!isUsage && !(error instanceof RangeError)) throw error;
    console.error((isUsage ? `Cannot ${action}: ` : "") + error.message);
    Deno.exitCode = 2;
  }
}

/**
 * Runs what reads or writes at a place that a flag names.
 *
 * @param rule What the place must be: `--out must be a folder to write to`.
 * @param place The flag's value.
 * @param work Reads or writes there; its RangeErrors pass.
 * @throws {UsageError} One line with the rule, the place and the reason.
 *
 * @example
 * ```ts
 * import { atPlace } from "./command.ts";
 *
 * const size = atPlace("--results must be a readable file", "rows.json", () => 42);
 * ```
 */
export function atPlace<Result>(rule: string, place: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError) throw error;
    const [reason] = (error as Error).message.split("\n");
    throw new UsageError(`${rule}, got "${place}" (${reason})`);
  }
}
