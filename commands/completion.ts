/**
 * `deno task completion bash|zsh|fish`: completion of tasks, their flags and the values of flags, from
 * the same tables that the command lines are read by.
 *
 * Permissions: read on the checkout (the experiments of the tasks are loaded for their options).
 */
import { type Command, runCommand } from "../lib/sweep/command.ts";
import { flagName, type Flags, UsageError } from "../lib/sweep/flags.ts";
import { experimentFlags } from "../lib/sweep/run_flags.ts";
import { isTaskCommand, parseTaskCommand } from "../lib/sweep/slurm.ts";
import { experimentOfTask, experimentTasks } from "../lib/sweep/tasks.ts";

const SHELLS = ["bash", "zsh", "fish"];

/** The command, for its usage and for the completion of a shell. */
export const command: Command<Record<never, never>> = {
  task: "completion",
  action: "complete",
  about:
    `Prints the completion of a shell: tasks, their flags, and the values of flags that can be listed.
Put one of these into the file that your shell reads at its start, after what completes deno itself:
  bash   source <(cd CHECKOUT && deno task --quiet completion bash)
  zsh    source <(cd CHECKOUT && deno task --quiet completion zsh)
  fish   cd CHECKOUT; and deno task --quiet completion fish | source`,
  words: { placeholder: SHELLS.join("|"), rule: `one of ${SHELLS.join(", ")}`, least: 1, most: 1 },
  flags: {},
  closing: "Exit code: 0 printed, 2 bad usage.",
};

/** A task with all that can follow it. */
interface Completed {
  task: string;
  flags: { name: string; about: string; takesValue: boolean; choices: readonly string[] }[];
}

async function printCompletion(shell: string): Promise<void> {
  if (!SHELLS.includes(shell)) {
    throw new UsageError(`it takes ${command.words!.rule}, got "${shell}"`);
  }
  const tasks = [...await experiments(), ...await commands()];
  console.log(shell === "fish" ? fish(tasks) : tables(tasks) + (shell === "bash" ? BASH : ZSH));
}

async function experiments(): Promise<Completed[]> {
  const plain = [...experimentTasks()].filter(([, line]) => isTaskCommand(line));
  return await Promise.all(plain.map(async ([task, line]) => {
    const { options } = await experimentOfTask(parseTaskCommand(task, line));
    return { task, flags: flagsOf(experimentFlags(options)) };
  }));
}

async function commands(): Promise<Completed[]> {
  const modules: { command: Command<Flags> }[] = await Promise.all([
    import("./audit.ts"),
    import("./cache.ts"),
    import("./claims.ts"),
    import("./compare.ts"),
    import("./consensus.ts"),
    import("./encode.ts"),
    import("./figures.ts"),
    import("./learn.ts"),
    import("./report.ts"),
    import("./shipped.ts"),
    import("./slurm.ts"),
    import("./train.ts"),
    import("../bench/run.ts"),
    import("../bench/consensus.ts"),
    import("../bench/cycles.ts"),
    import("../bench/estimates.ts"),
    import("../bench/growth.ts"),
    import("../bench/objective.ts"),
    import("../bench/peers_flags.ts"),
    import("../bench/recovery.ts"),
    import("../bench/reference_flags.ts"),
    import("../bench/site.ts"),
  ]);
  return modules.map(({ command: { task, flags } }) => ({
    task,
    flags: flagsOf({ ...flags, help: { about: "print this text" } }),
  }));
}

function flagsOf(table: Flags): Completed["flags"] {
  return Object.entries(table).map(([key, flag]) => ({
    name: `--${flagName(key, flag)}`,
    about: flag.about,
    takesValue: flag.kind !== undefined,
    choices: flag.kind?.choices ?? [],
  }));
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The tables as functions that bash and zsh understand alike. */
function tables(tasks: readonly Completed[]): string {
  const flags = tasks.map(({ task, flags }) =>
    `    ${task}) echo ${quoted(flags.map(({ name }) => name).join(" "))};;`
  );
  const choices = tasks.flatMap(({ task, flags }) =>
    flags.filter(({ choices }) => choices.length > 0)
      .map(({ name, choices }) =>
        `    ${quoted(`${task} ${name}`)}) echo ${quoted(choices.join(" "))};;`
      )
  );
  return `_startcoding_tasks=${quoted(tasks.map(({ task }) => task).join(" "))}
_startcoding_flags() {
  case "$1" in
${flags.join("\n")}
  esac
}
_startcoding_choices() {
  case "$1 $2" in
${choices.join("\n")}
  esac
}
`;
}

/** bash breaks words at colons, so the line is taken apart here, and their heads taken off again. */
const BASH =
  `_startcoding_before=$(complete -p deno 2>/dev/null | sed -n 's/.* -F \\([^ ]*\\) .*/\\1/p')
_startcoding() {
  local line="\${COMP_LINE:0:COMP_POINT}" current words
  read -ra words <<< "$line"
  current=
  [[ $line == *[[:space:]] ]] || { current="\${words[-1]}"; unset 'words[-1]'; }
  if [[ "\${words[1]}" != task || \${#words[@]} -lt 2 ]]; then
    [[ -n $_startcoding_before ]] && "$_startcoding_before" "$@"
    return
  fi
  local list
  if [[ \${#words[@]} -eq 2 ]]; then list=$_startcoding_tasks
  elif [[ $current == -* ]]; then list=$(_startcoding_flags "\${words[2]}")
  else list=$(_startcoding_choices "\${words[2]}" "\${words[-1]}")
  fi
  COMPREPLY=($(compgen -W "$list" -- "$current"))
  [[ $current == *:* && $COMP_WORDBREAKS == *:* ]] && COMPREPLY=("\${COMPREPLY[@]#\${current%:*}:}")
}
complete -o default -F _startcoding deno`;

const ZSH = `_startcoding_before=\${_comps[deno]}
_startcoding() {
  local list
  if [[ \${words[2]} != task || $CURRENT -lt 3 ]]; then
    if [[ -n $_startcoding_before ]]; then $_startcoding_before "$@"; else _files; fi
    return
  fi
  if [[ $CURRENT -eq 3 ]]; then list=$_startcoding_tasks
  elif [[ \${words[CURRENT]} == -* ]]; then list=$(_startcoding_flags "\${words[3]}")
  else list=$(_startcoding_choices "\${words[3]}" "\${words[CURRENT-1]}")
  fi
  if [[ -n $list ]]; then compadd -- \${=list}; else _files; fi
}
compdef _startcoding deno`;

function fish(tasks: readonly Completed[]): string {
  const lines = tasks.flatMap(({ task, flags }) => {
    const isTask = `__fish_seen_subcommand_from task; and contains -- ${task} (commandline -opc)`;
    return flags.map(({ name, about, takesValue, choices }) => {
      const value = choices.length > 0
        ? ` -x -a ${quoted(choices.join(" "))}`
        : takesValue
        ? " -r"
        : "";
      return `complete -c deno -n ${quoted(isTask)} -l ${name.slice(2)}${value} -d ${
        quoted(about)
      }`;
    });
  });
  const names = quoted(tasks.map(({ task }) => task).join(" "));
  const isFirst = "test (count (commandline -opc)) -eq 2; and __fish_seen_subcommand_from task";
  return [
    "# what completes deno itself is loaded first, because it drops all that was there before",
    "complete -C 'deno ' > /dev/null",
    `complete -c deno -n ${quoted(isFirst)} -x -a ${names}`,
    ...lines,
  ].join("\n");
}

if (import.meta.main) await runCommand(command, (_flags, [shell]) => printCompletion(shell));
