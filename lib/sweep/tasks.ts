/**
 * The experiments that the tasks of the current folder's `deno.json` run, the paper's and one's own.
 *
 * Permissions: read on `deno.json` and on the modules.
 * @module
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as z from "npm:zod@4.6.7";
import { taskName } from "../results.ts";
import type { Experiment } from "./experiment.ts";
import { isTaskCommand, parseTaskCommand, type TaskCommand } from "./slurm.ts";

/** A task without a command only names others: it is no experiment. */
const tasksSchema = z.object({
  tasks: z.record(
    z.string(),
    z.union([z.string(), z.object({ command: z.string().default("") })]),
  ).default({}),
});

/**
 * The commands of all tasks that run an experiment (`exp:…`), by their names. Empty where the folder
 * has no `deno.json`.
 *
 * @throws {RangeError} Where `deno.json` is not one; the message says so.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { experimentTasks } from "./tasks.ts";
 *
 * Deno.writeTextFileSync("deno.json", '{"tasks": {"exp:toy": "deno run toy.ts", "check": "deno check"}}');
 * assert.deepEqual([...experimentTasks()], [["exp:toy", "deno run toy.ts"]]);
 * Deno.removeSync("deno.json");
 * ```
 */
export function experimentTasks(): Map<string, string> {
  return new Map([...allTasks()].filter(([name]) => name.startsWith("exp:")));
}

/** The commands of all tasks of the current folder's `deno.json`. */
function allTasks(): Map<string, string> {
  let text: string;
  try {
    text = Deno.readTextFileSync("deno.json");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return new Map();
    throw error;
  }
  let found: z.infer<typeof tasksSchema>;
  try {
    found = tasksSchema.parse(JSON.parse(text));
  } catch (error) {
    const [reason] = (error as Error).message.split("\n");
    throw new RangeError(`Cannot use deno.json: it must hold tasks (${reason})`, { cause: error });
  }
  return new Map(
    Object.entries(found.tasks)
      .map(([name, task]) => [name, typeof task === "string" ? task : task.command]),
  );
}

/**
 * The task that runs a script, and its command, where one does and `deno.json` may be read.
 *
 * @param script Path, relative to the folder of `deno.json`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { taskOfScript } from "./tasks.ts";
 *
 * Deno.writeTextFileSync("deno.json", '{"tasks": {"toy": "deno run $PERMIT toy.ts"}}');
 * assert.equal(taskOfScript("toy.ts")?.name, "toy");
 * Deno.removeSync("deno.json");
 * ```
 */
export function taskOfScript(script: string): { name: string; command: string } | undefined {
  const { state } = Deno.permissions.querySync({ name: "read", path: "deno.json" });
  if (state !== "granted") return undefined;
  const tasks = Array.from(allTasks(), ([name, command]) => ({ name, command }));
  return tasks.find(({ command }) => command.split(/\s+/).includes(script));
}

/**
 * The experiment that a task runs.
 *
 * @param command The task's command, taken apart.
 * @throws {RangeError} Where its module exports none.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { experimentOfTask } from "./tasks.ts";
 *
 * await assert.rejects(() => experimentOfTask({ script: "no/such/script.ts" }));
 * ```
 */
export async function experimentOfTask(
  { script }: Pick<TaskCommand, "script">,
): Promise<Experiment> {
  const { experiment }: { experiment?: Experiment } = await import(
    pathToFileURL(join(Deno.cwd(), script)).href
  );
  if (typeof experiment?.run !== "function" || typeof experiment.cells !== "function") {
    throw new RangeError(`Cannot use ${script}: it must export an experiment, as "experiment"`);
  }
  return experiment;
}

/**
 * The experiment of a name, where a task runs it.
 *
 * @param name As in result files: `exp_dict_quality`.
 * @returns Undefined where no task of that name runs an experiment of that name.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { experimentNamed } from "./tasks.ts";
 *
 * assert.equal(await experimentNamed("exp_nowhere"), undefined);
 * ```
 */
export async function experimentNamed(name: string): Promise<Experiment | undefined> {
  const task = taskName(name), command = experimentTasks().get(task);
  if (command === undefined || !isTaskCommand(command)) return undefined;
  const experiment = await experimentOfTask(parseTaskCommand(task, command));
  return experiment.name === name ? experiment : undefined;
}
