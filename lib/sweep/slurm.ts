/**
 * Experiments on a cluster: the scripts of a Slurm array job whose tasks compute the parts of a
 * grid, and of the job after it that merges them; and their submission.
 *
 * Permissions: none for the scripts; `--allow-run=sbatch` for the submission.
 * @module
 */
import { requireInteger } from "../checks.ts";

/** How a task of `deno.json` starts an experiment. */
export interface TaskCommand {
  /** Flags of `deno run`: the permissions. */
  denoFlags: string[];
  /** Path of the experiment's module. */
  script: string;
  /** What the task itself says to the experiment. */
  args: string[];
}

/** What one task of the array may use. Every value is one that Slurm understands. */
export interface SlurmResources {
  /** Partition, or several separated by commas. */
  partition?: string;
  /** Account that is charged. */
  account?: string;
  /** Quality of service. */
  qos?: string;
  /** Time limit: `minutes`, `hours:minutes:seconds`, `days-hours` and so on. */
  time?: string;
  /** Memory per node: a number of megabytes, or with a unit, e.g. `16G`. */
  mem?: string;
  /** Cores, and so many workers. */
  cpusPerTask: number;
}

/** An array job to write scripts for. */
export interface ArrayJob {
  /** Name of the jobs, of their scripts and logs; letters, digits, dots, dashes, underscores. */
  name: string;
  /** Folder of the scripts and logs, relative to that of `deno.json`; characters as in `name`. */
  folder: string;
  /** Path of the deno binary on the nodes. */
  deno: string;
  /** How the experiment is started. */
  command: TaskCommand;
  /** The experiment's own flags. */
  args: readonly string[];
  /** Number of tasks, and of parts. */
  tasks: number;
  /** What each task may use. */
  resources: SlurmResources;
}

/** A script and the path to write it to. */
export interface Script {
  /** Path, relative to the folder of `deno.json`. */
  path: string;
  /** Its text. */
  text: string;
}

const PLAIN_WORD = /^[\w@%+=:,./-]+$/;

/**
 * Quotes a word for a POSIX shell, which then takes every character of it literally.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { shellQuote } from "./slurm.ts";
 *
 * assert.equal(shellQuote("results"), "results");
 * assert.equal(shellQuote("$HOME"), "'$HOME'");
 * ```
 */
export function shellQuote(word: string): string {
  return PLAIN_WORD.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** The words of a task's command, but for the place of further permissions: jobs name theirs. */
function wordsOf(command: string): string[] {
  return command.trim().split(/\s+/).filter((word) => word !== "$PERMIT");
}

/**
 * Whether a task's command is one plain `deno run [flags] script [args]`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { isTaskCommand } from "./slurm.ts";
 *
 * assert(isTaskCommand("deno run --allow-read=. toy.ts"));
 * assert(!isTaskCommand("deno run toy.ts && echo done"));
 * ```
 */
export function isTaskCommand(command: string): boolean {
  const [deno, run, ...words] = wordsOf(command);
  return deno === "deno" && run === "run" && words.some((word) => !word.startsWith("-")) &&
    words.every((word) => PLAIN_WORD.test(word));
}

/**
 * Takes the command of a task apart, so that a cluster's jobs run with exactly its permissions.
 *
 * @param name Name of the task, for messages.
 * @param command Its command: one plain `deno run [flags] script [args]`.
 * @throws {RangeError} When the command needs a shell, or is none of `deno run`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseTaskCommand } from "./slurm.ts";
 *
 * assert.equal(parseTaskCommand("exp:toy", "deno run --allow-read=. toy.ts").script, "toy.ts");
 * ```
 */
export function parseTaskCommand(name: string, command: string): TaskCommand {
  if (!isTaskCommand(command)) {
    throw new RangeError(
      `Cannot run the task ${name} on a cluster: its command must be "deno run [flags] script" ` +
        `without quotes or other shell syntax, got ${JSON.stringify(command)}`,
    );
  }
  const [, , ...words] = wordsOf(command);
  const first = words.findIndex((word) => !word.startsWith("-"));
  return { denoFlags: words.slice(0, first), script: words[first], args: words.slice(first + 1) };
}

/**
 * The script of the array: task i computes part i of `tasks`, with one worker per core.
 *
 * The task's process is deno itself (`exec`), so that Slurm's SIGTERM, sent before a pre-emption,
 * a requeue or the end of the time limit, reaches it: it saves and ends. A requeued task then
 * appends to its log and goes on from its part file.
 *
 * @throws {RangeError} When `tasks` or `cpusPerTask` is no integer of at least 1, or a name or a
 * resource has characters that `#SBATCH` lines cannot hold.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { arrayScript, parseTaskCommand } from "./slurm.ts";
 *
 * const { path, text } = arrayScript({
 *   name: "exp_toy",
 *   folder: ".slurm",
 *   deno: "/usr/bin/deno",
 *   command: parseTaskCommand("exp:toy", "deno run --allow-read=. toy.ts"),
 *   args: ["--n", "50,100"],
 *   tasks: 4,
 *   resources: { cpusPerTask: 2, time: "1:00:00" },
 * });
 * assert.equal(path, ".slurm/exp_toy.array.sh");
 * assert.match(text, /^#SBATCH --array=0-3$/m);
 * ```
 */
export function arrayScript(job: ArrayJob): Script {
  const { name, tasks, args, resources } = job;
  requireInteger("tasks", tasks, 1);
  const fresh = args.includes("--fresh");
  return script(job, "array", [
    `--array=0-${tasks - 1}`,
    `--output=${job.folder}/${name}-%A_%a.log`,
    `--cpus-per-task=${resources.cpusPerTask}`,
    // to the script's own process, which is deno; Slurm is up to a minute early
    "--signal=B:TERM@30",
  ], [
    ...(fresh
      ? [
        "# a requeued task goes on from the part that it started afresh",
        "fresh=--fresh",
        'if [[ "${SLURM_RESTART_COUNT:-0}" -gt 0 ]]; then fresh=; fi',
      ]
      : []),
    "# the number of parts is not $SLURM_ARRAY_TASK_COUNT, because some tasks submitted again",
    "# (sbatch --array=3,7) must keep their shares",
    execDeno(job, args.filter((arg) => arg !== "--fresh"), [
      ...(fresh ? ["$fresh"] : []),
      `--shard "$SLURM_ARRAY_TASK_ID/${tasks}"`,
      '--workers "$SLURM_CPUS_PER_TASK"',
    ]),
  ]);
}

/**
 * The script of the job after the array: merges the parts and draws the figures.
 *
 * @throws {RangeError} As {@linkcode arrayScript}.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { mergeScript, parseTaskCommand } from "./slurm.ts";
 *
 * const { path, text } = mergeScript({
 *   name: "exp_toy",
 *   folder: ".slurm",
 *   deno: "/usr/bin/deno",
 *   command: parseTaskCommand("exp:toy", "deno run --allow-read=. toy.ts"),
 *   args: ["--n", "50,100"],
 *   tasks: 4,
 *   resources: { cpusPerTask: 2, time: "1:00:00" },
 * });
 * assert.equal(path, ".slurm/exp_toy.merge.sh");
 * assert.match(text, /--merge\n$/);
 * ```
 */
export function mergeScript(job: ArrayJob): Script {
  return script(
    job,
    "merge",
    [`--output=${job.folder}/${job.name}-merge-%j.log`],
    [execDeno(job, job.args, ["--merge"])],
  );
}

/**
 * The command that submits a script.
 *
 * @param path Path of the script.
 * @param after Id of the job, or array of jobs, that must have succeeded before it starts.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { submitCommand } from "./slurm.ts";
 *
 * assert.deepEqual(submitCommand("array.sh"), ["sbatch", "--parsable", "array.sh"]);
 * ```
 */
export function submitCommand(path: string, after?: string): string[] {
  // a job that can never start must not wait in the queue for ever
  const order = after ? [`--dependency=afterok:${after}`, "--kill-on-invalid-dep=yes"] : [];
  return ["sbatch", "--parsable", ...order, path];
}

/**
 * Submits a script; its job runs in the current folder.
 *
 * @param path Path of the script.
 * @param after Id of the job, or array of jobs, that must have succeeded before it starts.
 * @returns The id of the job.
 * @throws {RangeError} When there is no `sbatch`, or it refuses the script.
 *
 * @example
 * ```ts ignore
 * // not run: needs Slurm
 * import { submit } from "./slurm.ts";
 * const array = submit(".slurm/exp_toy.array.sh");
 * const merge = submit(".slurm/exp_toy.merge.sh", array);
 * ```
 */
export function submit(path: string, after?: string): string {
  const [command, ...args] = submitCommand(path, after);
  let output: Deno.CommandOutput;
  try {
    output = new Deno.Command(command, { args }).outputSync();
  } catch (error) {
    // deno permits no program that was not there when it started
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotCapable)) {
      throw error;
    }
    throw new RangeError("Slurm's sbatch must be on the PATH, got none", { cause: error });
  }
  const [stdout, stderr] = [output.stdout, output.stderr].map((bytes) =>
    new TextDecoder().decode(bytes).trim()
  );
  // with several clusters it prints "id;cluster"
  const [, id] = stdout.match(/^(\d+)(;.*)?$/) ?? [];
  if (output.success && id !== undefined) return id;
  const reason = (stderr || stdout).split(/\s*\n\s*/).join("; ");
  throw new RangeError(`sbatch must accept ${path}, got exit code ${output.code} (${reason})`);
}

/** A script of `#SBATCH` lines and commands, both in order. */
function script(
  { name, folder, resources }: ArrayJob,
  kind: "array" | "merge",
  options: string[],
  commands: string[],
): Script {
  const { cpusPerTask, ...limits } = resources;
  requireInteger("cpusPerTask", cpusPerTask, 1);
  for (const [argument, value] of Object.entries({ name, folder, ...limits })) {
    if (value !== undefined && !/^[\w.,:/-]+$/.test(value)) {
      throw new RangeError(
        `${argument} must be made of letters, digits and "_.,:/-", got ${JSON.stringify(value)}`,
      );
    }
  }
  const path = `${folder}/${name}.${kind}.sh`;
  const text = [
    "#!/bin/bash",
    `# submit in the folder of deno.json: sbatch ${path}`,
    ...[
      `--job-name=${name}${kind === "merge" ? "-merge" : ""}`,
      ...options,
      ...Object.entries(limits).filter(([, value]) => value !== undefined)
        .map(([option, value]) => `--${option}=${value}`),
      "--requeue",
      "--open-mode=append",
    ].map((option) => `#SBATCH ${option}`),
    "",
    ...commands,
    "",
  ].join("\n");
  return { path, text };
}

/** The command that turns the shell into deno; `more` is shell text, all else is quoted. */
function execDeno(
  { deno, command }: ArrayJob,
  args: readonly string[],
  more: readonly string[],
): string {
  const words = [deno, "run", ...command.denoFlags, command.script, ...command.args, ...args];
  return `exec ${[...words.map(shellQuote), ...more].join(" ")}`;
}
