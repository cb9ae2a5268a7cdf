/**
 * The toolkit's programs as processes, under traps that need permissions that no test has: links,
 * pipes, small disks.
 * @module
 */
import { join } from "node:path";
import { printable } from "../../lib/results.ts";

/** How a process ended. */
export interface Ended {
  /** Exit code; undefined for one that had to be ended. */
  code?: number;
  stdout: string;
  stderr: string;
}

/** Milliseconds after which a process that has next to nothing to do counts as waiting for ever. */
const HANGS = 60_000;

const deno = (script: string, args: readonly string[], signal?: AbortSignal) =>
  new Deno.Command("deno", {
    args: [
      ...["run", "--quiet", "--no-prompt", "--ignore-env"],
      ...["--allow-read=.", "--allow-write=.tmp", script, ...args],
    ],
    stdout: "piped",
    stderr: "piped",
    signal,
  });

/** Starts a script, with the permissions of an experiment whose folders are all below `.tmp`. */
export function start(script: string, args: readonly string[]): Deno.ChildProcess {
  return deno(script, args).spawn();
}

/** Waits for the end of a process. */
export async function end(child: Deno.ChildProcess): Promise<Ended> {
  const { code, signal, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  return { code: signal ? undefined : code, stdout: text(stdout), stderr: text(stderr) };
}

/** Runs a script to its end, or until it is given up. */
export function run(script: string, ...args: string[]): Promise<Ended> {
  const child = start(script, args);
  const guard = setTimeout(() => child.kill("SIGKILL"), HANGS);
  return end(child).finally(() => clearTimeout(guard));
}

/** Runs a command of the system; whether it succeeded. */
export function system(command: string, ...args: string[]): boolean {
  return new Deno.Command(command, { args, stderr: "null" }).outputSync().success;
}

/** A fresh folder below `.tmp`. */
export function newFolder(prefix: string): string {
  Deno.mkdirSync(".tmp", { recursive: true });
  return Deno.makeTempDirSync({ dir: ".tmp", prefix });
}

/** Every file below a folder with its content, every other thing with what it is. */
export function contentsOf(folder: string, below = ""): Record<string, string> {
  return Object.assign(
    {},
    ...[...Deno.readDirSync(join(folder, below))].map((entry) => {
      const path = join(below, entry.name);
      if (entry.isDirectory) return { [path]: "folder", ...contentsOf(folder, path) };
      if (!entry.isFile) return { [path]: "no file" };
      return { [path]: Deno.readTextFileSync(join(folder, path)) };
    }),
  );
}

/** What is wrong with how a program told of a fault: in one line that says `names`, without a trace. */
export function faultOfTelling(
  { code, stdout, stderr }: Ended,
  { codes, names, lines: wanted = 1 }: { codes: readonly number[]; names: RegExp; lines?: number },
): string | undefined {
  if (code === undefined) return `had to be ended: ${stderr}`;
  const lines = stderr.split("\n").filter(Boolean);
  const shown = `${stderr} | ${stdout.slice(0, 100)}`;
  if (!codes.includes(code)) return `exit code ${code}: ${shown}`;
  if (lines.length !== wanted) return `${lines.length} lines instead of ${wanted}: ${shown}`;
  if (!names.test(stderr)) return `does not say ${names}: ${shown}`;
  if (/^\s*(error:|Error|TypeError|Uncaught)/.test(stderr)) {
    return `an error of the engine: ${shown}`;
  }
  return lines.every((line) => printable(line) === line)
    ? undefined
    : `steers a terminal: ${JSON.stringify(stderr)}`;
}
