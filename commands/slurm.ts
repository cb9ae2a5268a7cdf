/**
 * `deno task slurm exp:NAME --array N`: an experiment as a Slurm array job.
 *
 * Permissions: read on the checkout (the experiment's module is loaded for its grid), write on
 * `.slurm`, run of `sbatch`.
 * @module
 */
import { type Part, type Provenance, readResults } from "../lib/results.ts";
import { type Command, runCommand } from "../lib/sweep/command.ts";
import type { Cell, Experiment } from "../lib/sweep/experiment.ts";
import { type FlagValues, UsageError } from "../lib/sweep/flags.ts";
import { integer, text } from "../lib/sweep/kinds.ts";
import { permitFlags, placesIn } from "../lib/sweep/permissions.ts";
import { experimentFiles, findParts, provenanceOf } from "../lib/sweep/parts.ts";
import { MAX_PARTS, parseCommandLine, type RunFlags } from "../lib/sweep/run_flags.ts";
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
import { experimentOfTask, experimentTasks } from "../lib/sweep/tasks.ts";

/** Folder of the scripts and logs. */
const FOLDER = ".slurm";

const name = (placeholder: string) =>
  text(placeholder, "made of letters, digits, dots, commas, - and _", /^\w[\w.,-]*$/);

const FLAGS = {
  array: {
    about: "number of tasks; at most one per cell of the grid",
    kind: integer({ min: 1, max: MAX_PARTS }),
    required: true,
  },
  cpusPerTask: {
    about: "cores of a task, and cells computed at once",
    kind: integer({ min: 1, max: 1024 }),
    default: 1,
  },
  time: {
    about: "time limit, e.g. 90, 12:00:00 or 2-00:00:00",
    kind: text(
      "T",
      "a time limit, e.g. 90, 12:00:00 or 2-00:00:00",
      /^(\d+(:\d{1,2}){0,2}|\d+-\d{1,2}(:\d{1,2}){0,2})$/,
    ),
  },
  mem: {
    about: "memory of a task, e.g. 16G",
    kind: text("M", "a number of megabytes or one with a unit, e.g. 16G", /^\d+[KMGT]?$/),
  },
  partition: { about: "partition; several are separated by commas", kind: name("P") },
  account: { about: "account that is charged", kind: name("A") },
  qos: { about: "quality of service", kind: name("Q") },
  dryRun: { about: "print the scripts; write and submit nothing" },
} as const;

/** The command, for its usage and for the completion of a shell. */
export const command: Command<typeof FLAGS> = {
  task: "slurm",
  action: "submit",
  about:
    `Submits an experiment to a Slurm cluster: an array of N tasks of nearly equal cost, each of which
computes one part of the grid, and a job after it that merges the parts and draws the figures.
exp:NAME is a task of deno.json, the paper's or one of your own; its flags follow after --.
Scripts and logs go to ${FOLDER}/. A task that is requeued goes on where it ended; so does the same
command, submitted again after a failure.`,
  words: {
    placeholder: "exp:NAME",
    rule: "one task, then flags",
    least: 1,
    most: 1,
  },
  flags: FLAGS,
  closing: `Example: deno task slurm exp:phase-transition --array 40 --time 4:00:00 -- --paper

Exit code: 0 submitted, 2 bad usage, or sbatch is missing or refuses.`,
};

/** Flags of an experiment that the scripts set themselves, or that make no sense in an array. */
const RESERVED = ["--shard", "--merge", "--only", "--list", "--help", "--workers"];

if (import.meta.main) {
  const end = Deno.args.includes("--") ? Deno.args.indexOf("--") : Deno.args.length;
  const experimentArgs = Deno.args.slice(end + 1);
  await runCommand(
    command,
    (flags, [task]) => submitExperiment(task, flags, experimentArgs),
    Deno.args.slice(0, end),
  );
}

async function submitExperiment(
  task: string,
  flags: FlagValues<typeof FLAGS>,
  experimentArgs: readonly string[],
): Promise<void> {
  const command = readTask(task);
  const run = await readRun(task, command, experimentArgs);
  const { cells } = run;
  const tasks = Math.min(flags.array, cells.length);
  requireUsableFiles(run, tasks);
  if (tasks < flags.array) {
    console.error(`${cells.length} cells make ${tasks} tasks at most, not ${flags.array}`);
  }
  const { array: _array, dryRun, ...resources } = flags;
  const job: ArrayJob = {
    name: run.name,
    folder: FOLDER,
    deno: Deno.execPath(),
    // the jobs may touch exactly what their flags name
    command: {
      ...command,
      denoFlags: [...command.denoFlags, ...permitFlags(placesIn(experimentArgs))],
    },
    args: experimentArgs,
    tasks,
    resources,
  };
  const [array, merge] = [arrayScript(job), mergeScript(job)];
  const shares = `${tasks} tasks for ${cells.length} cells, ${balance(cells, tasks)}`;
  if (dryRun) {
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

/** The command of a task in the current folder's `deno.json`. */
function readTask(task: string): TaskCommand {
  const tasks = experimentTasks(), command = tasks.get(task);
  if (command === undefined) {
    throw new UsageError(`the task must be one of ${[...tasks.keys()].join(", ")}, got "${task}"`);
  }
  return parseTaskCommand(task, command);
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
async function readRun(task: string, command: TaskCommand, args: readonly string[]): Promise<Run> {
  const reserved = args.map((arg) => arg.split("=")[0]).find((flag) => RESERVED.includes(flag));
  if (reserved !== undefined) {
    throw new UsageError(
      `${task} must get ${reserved} from the scripts alone, got it after --` +
        (reserved === "--workers" ? " (use --cpus-per-task)" : ""),
    );
  }
  const experiment = await experimentOfTask(command);
  const { options, flags } = parseCommandLine(experiment, [...command.args, ...args]);
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
