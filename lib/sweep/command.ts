/**
 * What the commands that are no experiments share: usage and exit codes.
 * @module
 */
import { FileError } from "../atomic_file.ts";
import { printable } from "../results.ts";
import {
  flagLines,
  flagName,
  type Flags,
  type FlagValues,
  parseFlags,
  type Syntax,
  UsageError,
} from "./flags.ts";
import { permissionAdvice } from "./permissions.ts";

/** A command, told by its table of flags. */
export interface Command<Table extends Flags> extends Syntax {
  /** The task that runs it: `figures`. */
  task: string;
  /** What it cannot do where its flags are wrong: `draw figures`. */
  action: string;
  /** Some sentences for the usage. */
  about: string;
  /** Its flags; `--help` is added. */
  flags: Table;
  /** What the usage says after the flags: exit codes, an example. */
  closing: string;
}

const HELP = { help: { about: "print this text" } } as const;

/**
 * The text of a command's `--help`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { commandUsage } from "./command.ts";
 *
 * const text = commandUsage({
 *   task: "greet",
 *   action: "greet",
 *   about: "Says hello.",
 *   flags: {},
 *   closing: "Exit code: 0 said.",
 * });
 * assert(text.startsWith("Usage: deno task greet [flags]\n\nSays hello.\n"));
 * ```
 */
export function commandUsage<Table extends Flags>(
  { task, about, flags, closing, words }: Command<Table>,
): string {
  const required = Object.entries(flags).filter(([, flag]) => flag.required)
    .map(([key, flag]) => ` --${flagName(key, flag)} ${flag.kind?.placeholder}`);
  const wanted = (words ? ` ${words.placeholder}` : "") + required.join("");
  return `Usage: deno task ${task}${wanted} [flags]\n\n${about}\n\n` +
    `${flagLines({ ...flags, ...HELP })}\n\n${closing}`;
}

/**
 * Runs a command: prints its usage under `--help`; turns what is wrong with flags or files into one
 * line on stderr and exit code 2.
 *
 * @param command The command.
 * @param work Does it, with the values of the flags and the words without dashes. A RangeError of it
 * comes from the files that it read, and names them: "Cannot use …". A number that it returns is the
 * exit code.
 * @param args Arguments of the command line.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { runCommand } from "./command.ts";
 *
 * const flags = { loud: { about: "in capitals" } };
 * let said = "";
 * await runCommand(
 *   { task: "greet", action: "greet", about: "Says hello.", flags, closing: "Exit code: 0 said." },
 *   ({ loud }) => void (said = loud ? "HELLO" : "hello"),
 *   ["--loud"],
 * );
 * assert.equal(said, "HELLO");
 * ```
 */
export async function runCommand<Table extends Flags>(
  command: Command<Table>,
  work: (
    values: FlagValues<Table>,
    words: string[],
  ) => number | void | Promise<number | void>,
  args: readonly string[] = Deno.args,
): Promise<void> {
  if (args.includes("--help")) return console.log(commandUsage(command));
  try {
    const { values, words } = parseFlags(command.flags, args, command);
    Deno.exitCode = await work(values, words) ?? 0;
  } catch (error) {
    const advice = permissionAdvice(error);
    const isTold = [UsageError, RangeError, FileError].some((kind) => error instanceof kind);
    if (!(advice || isTold)) throw error;
    const message = printable(advice ?? (error as Error).message);
    console.error(
      message.startsWith("Cannot ") ? message : `Cannot ${command.action}: ${message}`,
    );
    Deno.exitCode = 2;
  }
}
