/**
 * `deno task slurm exp:NAME --array N`: an experiment as a Slurm array job.
 *
 * Permissions: read on the checkout (the experiment's module is loaded for its grid), write on
 * `.slurm`, run of `sbatch`.
 * @module
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import * as z from "npm:zod@4.6.7";
import { parseCommandLine, type RunFlags, UsageError } from "../lib/sweep/run_flags.ts";
import type { Cell, Experiment } from "../lib/sweep/experiment.ts";
import { experimentFiles, findParts, provenanceOf } from "../lib/sweep/parts.ts";
import { type Part, type Provenance, readResults } from "../lib/results.ts";
import { balancedShards } from "../lib/sweep/schedule.ts";
import {
  type ArrayJob,
  arrayScript,
  mergeScript,
  parseTaskCommand,
  submit,
  submitCommand,
  type TaskCommand,
} from "../lib/sweep/slurm.ts";

/** Folder of the scripts and logs. */
const FOLDER = ".slurm";

const USAGE = `Usage: deno task slurm exp:NAME --array N [flags] [-- the experiment's flags]

Submits an experiment to a Slurm cluster: an array of N tasks of nearly equal cost, each of which
computes one part of the grid, and a job after it that merges the parts and draws the figures.
Scripts and logs go to ${FOLDER}/. A task that is requeued goes on where it ended; so does the same
command, submitted again after a failure.

  --array N          number of tasks; at most one per cell of the grid
  --cpus-per-task N  cores of a task, and cells computed at once (default: 1)
  --time T           time limit, e.g. 90, 12:00:00 or 2-00:00:00
  --mem M            memory of a task, e.g. 16G
  --partition P      partition; several are separated by commas
  --account A        account that is charged
  --qos Q            quality of service
  --dry-run          print the scripts; write and submit nothing
  --help             print this text

Example: deno task slurm exp:phase-transition --array 40 --time 4:00:00 -- --paper

Exit code: 0 submitted, 2 bad usage, or sbatch is missing or refuses.`;

const count = (max: number) => {
  const rule = `must be an integer from 1 to ${max}`;
  return z.string(rule).regex(/^\d+$/, rule).transform(Number)
    .pipe(z.number().min(1, rule).max(max, rule));
};
const text = (pattern: RegExp, rule: string) => z.string(rule).regex(pattern, rule).optional();
const names = text(/^\w[\w.,-]*$/, "must be made of letters, digits, dots, commas, - and _");
const toggle = z.boolean("takes no value").default(false);
const flagsSchema = z.strictObject({
  "array": count(100_000),
  "cpus-per-task": count(1024).default(1),
  "time": text(
    /^(\d+(:\d{1,2}){0,2}|\d+-\d{1,2}(:\d{1,2}){0,2})$/,
    "must be a time limit, e.g. 90, 12:00:00 or 2-00:00:00",
  ),
  "mem": text(/^\d+[KMGT]?$/, "must be a number of megabytes or one with a unit, e.g. 16G"),
  "partition": names,
  "account": names,
  "qos": names,
  "dry-run": toggle,
});

/** Flags of an experiment that the scripts set themselves, or that make no sense in an array. */
const RESERVED = ["--shard", "--merge", "--only", "--list", "--help", "--workers"];

/** A task without a command only names others: it is no experiment. */
const tasksSchema = z.object({
  tasks: z.record(
    z.string(),
    z.union([z.string(), z.object({ command: z.string().default("") })]),
  ),
});

if (import.meta.main) {
  try {
    await submitExperiment(Deno.args);
  } catch (error) {
    // RangeErrors are refusals of the command, the experiment or sbatch, in words for the user
    const expected = error instanceof UsageError || error instanceof RangeError;
    if (!expected) throw error;
    const { message } = error;
    console.error(message.startsWith("Cannot ") ? message : `Cannot submit: ${message}`);
    Deno.exitCode = 2;
  }
}

async function submitExperiment(args: readonly string[]): Promise<void> {
  const end = args.includes("--") ? args.indexOf("--") : args.length;
  const [own, experimentArgs] = [args.slice(0, end), args.slice(end + 1)];
  if (own.includes("--help")) return console.log(USAGE);
  const { task, flags } = parseFlags(own);
  const command = readTask(task);
  const run = await readRun(task, command, experimentArgs);
  const { cells } = run;
  const tasks = Math.min(flags.array, cells.length);
  requireUsableFiles(run, tasks);
  if (tasks < flags.array) {
    console.error(`${cells.length} cells make ${tasks} tasks at most, not ${flags.array}`);
  }
  const job: ArrayJob = {
    name: run.name,
    folder: FOLDER,
    deno: Deno.execPath(),
    command,
    args: experimentArgs,
    tasks,
    resources: {
      cpusPerTask: flags["cpus-per-task"],
      time: flags.time,
      mem: flags.mem,
      partition: flags.partition,
      account: flags.account,
      qos: flags.qos,
    },
  };
  const [array, merge] = [arrayScript(job), mergeScript(job)];
  const shares = `${tasks} tasks for ${cells.length} cells, ${balance(cells, tasks)}`;
  if (flags["dry-run"]) {
    for (const [script, after] of [[array], [merge, "<id of the array>"]] as const) {
      console.log(`# ${submitCommand(script.path, after).join(" ")}\n${script.text}`);
    }
    return console.error(`Nothing submitted: ${shares}`);
  }

  for (const { path, text } of [array, merge]) write(path, text);
  const arrayId = submit(array.path);
  console.log(`Array ${arrayId}: ${shares}`);
  const mergeId = submit(merge.path, arrayId);
  console.log(`Merge ${mergeId}: starts once all of them have succeeded\nLogs: ${FOLDER}/`);
}

function parseFlags(
  args: readonly string[],
): { task: string; flags: z.infer<typeof flagsSchema> } {
  const { values, positionals, tokens } = parseArgs({
    args: [...args],
    strict: false,
    tokens: true,
    options: Object.fromEntries(
      Object.entries(flagsSchema.shape).map(([name, schema]) => [
        name,
        { type: schema === toggle ? "boolean" : "string" },
      ]),
    ),
  });
  const parsed = flagsSchema.safeParse(values);
  const issue = parsed.error?.issues.find(({ code }) => code === "unrecognized_keys") ??
    parsed.error?.issues[0];
  if (issue?.code === "unrecognized_keys") {
    throw new UsageError(`it has no flag --${issue.keys[0]} (the experiment's flags go after --)`);
  }
  const given = tokens.flatMap((token) => token.kind === "option" ? [token.name] : []);
  const twice = given.find((name, i) => given.indexOf(name) < i);
  if (twice !== undefined) throw new UsageError(`--${twice} must be given once, got it twice`);
  const [task, ...more] = positionals;
  if (task === undefined || more.length > 0) {
    throw new UsageError(
      `it takes one task, then flags, got "${positionals.join(" ")}" ` +
        "(the experiment's flags go after --)",
    );
  }
  if (issue === undefined) return { task, flags: parsed.data! };
  const name = String(issue.path[0]);
  const value = values[name];
  throw new UsageError(
    `--${name} ${issue.message}, got ${typeof value === "string" ? `"${value}"` : "nothing"}`,
  );
}

/** The command of a task in the current folder's `deno.json`. */
function readTask(task: string): TaskCommand {
  const { tasks } = tasksSchema.parse(JSON.parse(Deno.readTextFileSync("deno.json")));
  const names = Object.keys(tasks).filter((name) => name.startsWith("exp:"));
  if (!names.includes(task)) {
    throw new UsageError(`the task must be one of ${names.join(", ")}, got "${task}"`);
  }
  const found = tasks[task];
  return parseTaskCommand(task, typeof found === "string" ? found : found.command);
}

/** An experiment under its flags. */
interface Run {
  experiment: Experiment;
  /** Name of its result files. */
  name: string;
  cells: Cell[];
  flags: RunFlags;
  provenance: Provenance;
}

/** Loads the experiment and has it read its flags. */
async function readRun(
  task: string,
  { script, args: taskArgs }: TaskCommand,
  args: readonly string[],
): Promise<Run> {
  const reserved = args.map((arg) => arg.split("=")[0]).find((flag) => RESERVED.includes(flag));
  if (reserved !== undefined) {
    throw new UsageError(
      `${task} must get ${reserved} from the scripts alone, got it after --` +
        (reserved === "--workers" ? " (use --cpus-per-task)" : ""),
    );
  }
  const { experiment }: { experiment: Experiment } = await import(
    pathToFileURL(join(Deno.cwd(), script)).href
  );
  const { options, flags } = parseCommandLine(experiment, [...taskArgs, ...args]);
  const cells = experiment.cells(options);
  if (cells.length === 0) {
    throw new UsageError(`the options of ${task} must leave at least one cell, got none`);
  }
  return {
    experiment,
    name: `${experiment.name}${flags.suffix ? `_${flags.suffix}` : ""}`,
    cells,
    flags,
    provenance: provenanceOf(experiment, options),
  };
}

/** Refuses what the merge would refuse after all the work: files of rows that were made otherwise. */
function requireUsableFiles({ experiment, flags, provenance }: Run, tasks: number): void {
  const require = (part: Part | undefined, remedy: string) => {
    try {
      readResults(experimentFiles(experiment, flags, part), provenance);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new UsageError(`${error.message} (${remedy}, --suffix NAME writes to another file)`);
    }
  };
  if (!flags.fresh) require(undefined, "--fresh starts over");
  for (const part of findParts(experiment, flags)) {
    // the array itself starts these over
    if (flags.fresh && part.count === tasks) continue;
    require(part, "remove the part");
  }
}

/** How even the parts are: the task that takes longest, against the mean. */
function balance(cells: readonly Cell[], tasks: number): string {
  const costs = balancedShards(cells, tasks).map((indices) =>
    indices.reduce((sum, index) => sum + cells[index].cost, 0)
  );
  const mean = costs.reduce((a, b) => a + b) / tasks;
  return `the longest ${(Math.max(...costs) / mean).toFixed(2)} times the mean`;
}

function write(path: string, text: string): void {
  try {
    Deno.mkdirSync(FOLDER, { recursive: true });
    Deno.writeTextFileSync(path, text);
  } catch (error) {
    const [reason] = (error as Error).message.split("\n");
    throw new UsageError(`${path} must be writable, got a refusal (${reason})`);
  }
}
