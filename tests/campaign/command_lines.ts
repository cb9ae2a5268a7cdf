/**
 * Bad command lines of every experiment and command, from the tables that they parse by, and what comes
 * of them. As a script it tries everything in this process, and one line in 500 as a process of its own:
 * `deno run --allow-read=. --allow-run=deno tests/campaign/command_lines.ts`.
 * @module
 */
import { printable } from "../../lib/results.ts";
import { runExperiment } from "../../lib/sweep.ts";
import { type Command, runCommand } from "../../lib/sweep/command.ts";
import { type Flag, flagName, type Flags } from "../../lib/sweep/flags.ts";
import { experimentFlags } from "../../lib/sweep/run_flags.ts";
import { parseTaskCommand } from "../../lib/sweep/slurm.ts";
import { experimentOfTask, experimentTasks } from "../../lib/sweep/tasks.ts";
import { run } from "./processes.ts";
import type { Findings } from "./run_misuse.ts";
import { wrongValues } from "./wrong_values.ts";

/** What a command line came to. */
interface Answer {
  code: number;
  stdout: string;
  stderr: string;
}

/** A program with its table of flags, to be called in this process. */
interface Program {
  task: string;
  /** The module that the task runs. */
  script: string;
  flags: Flags;
  /** Words that a right command line has. */
  words: string[];
  /** Whether it takes any word. */
  takesWords: boolean;
  /** Does all that comes before the work. */
  call(args: readonly string[]): Promise<Answer>;
}

/** One command line that must be refused, or, where it is merely odd, must not be stumbled over. */
interface Case {
  args: string[];
  /** What the refusal must name; absent where the line is merely odd. */
  names?: string;
}

/** The modules that the commands of `deno.json` have their tables in. */
export const COMMAND_MODULES = [
  ...[
    "audit",
    "cache",
    "claims",
    "compare",
    "completion",
    "consensus",
    "encode",
    "figures",
    "learn",
    "report",
    "shipped",
    "slurm",
    "train",
  ]
    .map((name) => `commands/${name}.ts`),
  ...[
    "bench/run.ts",
    "bench/consensus.ts",
    "bench/cycles.ts",
    "bench/estimates.ts",
    "bench/growth.ts",
    "bench/objective.ts",
    "bench/recovery.ts",
    "bench/site.ts",
    "bench/peers_flags.ts",
    "bench/reference_flags.ts",
  ],
];

/** Words that commands must have. */
const WORDS: Record<string, string[]> = { slurm: ["exp:template"], completion: ["bash"] };

/** What exclude each other in a run, and what goes with something else only. */
const CONTRADICTIONS = [
  ["--shard=0/2", "--merge"],
  ["--merge", "--only=0"],
  ["--only=0", "--shard=0/2"],
  ["--cache=models", "--no-cache"],
  ["--mixed"],
  ["--mixed", "--shard=0/2"],
];

/** Large and small, but within the rules: they may be listed, or refused in our words. */
const ODD: Record<string, string[]> = {
  n: ["2", "3", "11", "9007199254740991", "4294967296", "50,9007199254740991"],
  k: ["1", "2", "25", "49", "1000000", "9007199254740991"],
  c: ["0.1", "10", "0.1,10"],
  samples: ["4", "5", "9007199254740991"],
  seeds: ["4294967295", "0,4294967295", Array.from({ length: 2000 }, (_, i) => i).join()],
  epochs: ["1", "9007199254740991"],
  maxSteps: ["1", "9007199254740991"],
  fistaIters: ["1", "9007199254740991"],
  lambda: ["5e-324", "1e308", "5e-324,1e308"],
  m: ["1", "2", "9007199254740991"],
  width: ["1", "9007199254740991"],
  lr: ["5e-324", "1e308"],
  gamma: ["0", "5e-324", "1e308"],
  noise: ["0", "5e-324", "1e308"],
  iterations: ["1", "9007199254740991"],
  workers: ["1024"],
  maxSeconds: ["5e-324"],
  out: ["no/such/folder", "-", "--paper", " ", "~", "\x1b[2J", "a".repeat(5000), "deno.json"],
  suffix: ["a", "A.b-c_d", "-", "n50", "x".repeat(80)],
};

/** Collects what is printed meanwhile. */
async function captured(work: () => Promise<number>): Promise<Answer> {
  const { log, error } = console, { exitCode } = Deno;
  const out: string[] = [], err: string[] = [];
  const shown = (word: unknown) => typeof word === "string" ? word : Deno.inspect(word);
  console.log = (...words) => void out.push(words.map(shown).join(" "));
  console.error = (...words) => void err.push(words.map(shown).join(" "));
  try {
    const code = await work();
    return { code, stdout: out.join("\n"), stderr: err.join("\n") };
  } catch (error) {
    return { code: 1, stdout: out.join("\n"), stderr: `uncaught: ${Deno.inspect(error)}` };
  } finally {
    Object.assign(console, { log, error });
    Deno.exitCode = exitCode;
  }
}

/** Every experiment that a task runs. `--list` ends it before any work. */
async function experiments(): Promise<Program[]> {
  return await Promise.all([...experimentTasks()].map(async ([task, line]) => {
    const { script } = parseTaskCommand(task, line);
    const experiment = await experimentOfTask({ script });
    const url = new URL(`../../${script}`, import.meta.url).href;
    const call = (args: readonly string[]) =>
      captured(() => runExperiment(experiment, url, [...args, "--list"]));
    return {
      task,
      script,
      flags: experimentFlags(experiment.options),
      words: [],
      takesWords: false,
      call,
    };
  }));
}

/** Every command that is no experiment, without its work. */
async function commands(): Promise<Program[]> {
  return await Promise.all(COMMAND_MODULES.map(async (path) => {
    const { command }: { command: Command<Flags> } = await import(`../../${path}`);
    const call = (args: readonly string[]) =>
      captured(async () => {
        await runCommand(command, () => {}, args);
        return Deno.exitCode;
      });
    const words = WORDS[command.task] ?? [];
    return {
      task: command.task,
      script: path.replace("_flags", ""),
      flags: command.flags,
      words,
      takesWords: command.words !== undefined,
      call,
    };
  }));
}

/** A text that a flag takes. */
function validValue(key: string, { kind, default: usual }: Flag): string {
  const [first] = Array.isArray(usual) ? usual : [usual];
  const texts = [
    String(first),
    kind!.choices?.[0] ?? "1",
    "0",
    "0.5",
    "50",
    "500",
    "0/2",
    "a",
    "a.npz",
    "a.json",
  ];
  const valid = texts.find((text) => kind!.read(text) !== undefined);
  if (valid === undefined) throw new Error(`think of a value that --${key} takes`);
  return valid;
}

/** Names that are nearly that of a flag, and none of the others. */
function nearNames(name: string, flags: Flags): string[] {
  const taken = new Set(Object.entries(flags).map(([key, flag]) => `--${flagName(key, flag)}`));
  const camel = name.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
  return [
    ...[`-${name}`, `--${name}x`, `--${name.slice(0, -1)}`, `--${name.toUpperCase()}`],
    ...[`--no-${name}`, `---${name}`, `--${camel}`, `--${name.replaceAll("-", "_")}`],
    ...[`--${name} `, `--${name}:1`, `--${name}\n`, `--\x1b[2J${name}`, `--${name}\u202e`],
  ].filter((near) => !taken.has(near) && near !== `--${name}` && !/^--(help)?$/.test(near));
}

/** The command lines to try on a program. */
function* casesOf({ flags, words, takesWords }: Program): Generator<Case> {
  // what must be given is given, but for the flag that is tried
  const needed = (tried?: string) =>
    Object.entries(flags).filter(([key, flag]) => flag.required && key !== tried)
      .flatMap(([key, flag]) => [`--${flagName(key, flag)}`, validValue(key, flag)]);
  for (const [key, flag] of Object.entries(flags)) {
    const name = flagName(key, flag), dashed = `--${name}`, { kind } = flag;
    const base = [...words, ...needed(key)];
    for (const near of nearNames(name, flags)) {
      yield { args: [...words, ...needed(), near], names: printable(near) };
    }
    if (key === "help") continue;
    if (!kind) {
      yield { args: [...base, dashed, dashed], names: dashed };
      for (const value of ["", "true", "1", "no", "\x1b[2J"]) {
        yield { args: [...base, `${dashed}=${value}`], names: dashed };
      }
      continue;
    }
    const valid = validValue(key, flag);
    yield { args: [...base, dashed], names: dashed };
    yield { args: [...base, dashed, valid, dashed, valid], names: dashed };
    yield { args: [...base, `${dashed}=${valid}`, dashed, valid], names: dashed };
    // a value that was forgotten: the next flag stands in its place
    for (const [other, { kind }] of Object.entries(flags)) {
      if (other === "help") continue;
      const next = `--${flagName(other, flags[other])}`;
      yield { args: [...base, dashed, next, ...kind ? ["1"] : []], names: dashed };
      yield { args: [...base, dashed, `${next}=1`], names: dashed };
    }
    for (const value of wrongValues(kind.rule, { choices: kind.choices, valid })) {
      yield { args: [...base, `${dashed}=${value}`], names: dashed };
      yield { args: [...base, dashed, value], names: dashed };
    }
    for (const value of ODD[key] ?? []) {
      if (kind.read(value) !== undefined) yield { args: [...base, `${dashed}=${value}`] };
    }
  }
  if (!takesWords) {
    for (const word of ["word", "-", "--", "", "–n", "n=50", "\x1b[2J"]) {
      yield { args: [...needed(), word], names: "flags only" };
    }
  }
  if ("merge" in flags) {
    for (const args of CONTRADICTIONS) yield { args, names: args[0].split("=")[0] };
  }
}

/** What is wrong with an answer. */
function faultOf({ code, stdout, stderr }: Answer, { names }: Case): string | undefined {
  const lines = stderr.split("\n").filter(Boolean);
  const steers = lines.find((line) => printable(line) !== line);
  if (steers !== undefined) return `prints what steers a terminal: ${JSON.stringify(steers)}`;
  if (names === undefined && code === 0) return undefined;
  if (code !== 2) return `exit code ${code}: ${stderr || stdout}`.slice(0, 400);
  if (lines.length !== 1) return `${lines.length} lines instead of one: ${stderr}`;
  if (stdout !== "") return `prints a result: ${stdout.slice(0, 200)}`;
  const [line] = lines;
  if (!line.startsWith("Cannot ")) return `does not begin with what cannot be done: ${line}`;
  if (names !== undefined && !line.includes(names)) return `does not name ${names}: ${line}`;
  const tellsRule = / must |has no flag|takes |exclude each other/.test(line);
  if (!tellsRule) return `does not tell the rule: ${line}`;
  if (!/ got |has no flag/.test(line)) return `does not tell the value: ${line}`;
  return undefined;
}

/** Tries one bad command line in `share`, in this process or as processes of their own. */
export async function tryCommandLines(
  share: number,
  { asProcess = false }: { asProcess?: boolean } = {},
): Promise<Findings> {
  const findings: Findings = { tried: 0, faults: [] };
  let count = 0;
  for (const program of [...await experiments(), ...await commands()]) {
    for (const line of casesOf(program)) {
      if (count++ % share !== 0) continue;
      // what is merely odd would begin to work
      if (asProcess && line.names === undefined) continue;
      const { code = -1, ...told } =
        await (asProcess ? run(program.script, ...line.args) : program.call(line.args));
      const fault = faultOf({ code, ...told }, line);
      findings.tried++;
      const shown = line.args.map((arg) => JSON.stringify(arg.slice(0, 60))).join(" ");
      if (fault) findings.faults.push(`${program.task} ${shown}: ${fault}`);
    }
  }
  return findings;
}

if (import.meta.main) {
  const all = [await tryCommandLines(1), await tryCommandLines(500, { asProcess: true })];
  for (const fault of all.flatMap(({ faults }) => faults)) console.log(fault);
  for (const { tried, faults } of all) console.log(`${tried} tried, ${faults.length} mishandled`);
  Deno.exit(all.some(({ faults }) => faults.length > 0) ? 1 : 0);
}
