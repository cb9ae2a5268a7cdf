/**
 * `deno task bench [FILE…]`: runs the benches and prints one table. A bench whose name ends in "[N flop]"
 * gets its rate in GFLOP/s, from the fastest and from the mean iteration, and the share of the core's
 * 128-bit multiply-add peak that the fastest one reaches, as measured in the same run.
 *
 * Permissions: run of deno, which amounts to all permissions.
 */
import { pathToFileURL } from "node:url";
import { type Command, runCommand } from "../lib/sweep/command.ts";
import { type FlagValues, UsageError } from "../lib/sweep/flags.ts";
import { file } from "../lib/sweep/kinds.ts";
import { duration } from "../lib/sweep/progress.ts";
import { type BenchReport, benchTable, machineOf, PEAK } from "./table.ts";

const FLAGS = {
  allowFfi: { about: "let the solvers use the system's BLAS at this path", kind: file },
  filter: {
    about: "only the benches whose name has this in it, beside that of the peak",
    kind: { ...file, placeholder: "TEXT", rule: "a part of a name" },
  },
  json: { about: "print what was measured as JSON; the site shows the files of bench/runs" },
  quiet: { about: "no progress on stderr" },
};

/** The command, for its usage and for the completion of a shell. */
export const command: Command<typeof FLAGS> = {
  task: "bench",
  action: "run the benches",
  about:
    "Runs the benches of the named files (default: all, for some minutes) and prints one table.",
  words: {
    placeholder: "[FILE…]",
    rule: "files named *_bench.ts",
    least: 0,
    most: Infinity,
  },
  flags: FLAGS,
  closing: "Exit code: 0 measured, 1 a bench failed, 2 bad usage.",
};

if (import.meta.main) await runCommand(command, bench);

async function bench(
  { allowFfi, filter, json, quiet }: FlagValues<typeof FLAGS>,
  files: readonly string[],
): Promise<number> {
  const stranger = files.find((file) => !file.endsWith("_bench.ts"));
  if (stranger !== undefined) {
    throw new UsageError(`it takes files named *_bench.ts, got "${stranger}"`);
  }
  const stopTelling = quiet ? () => {} : tellTime();
  const { code, stdout, stderr } = await new Deno.Command("deno", {
    args: [
      ...["bench", "--no-prompt", "--json", "--allow-read=.", "--allow-write=.tmp"],
      ...(allowFfi === undefined ? [] : [`--allow-ffi=${allowFfi}`]),
      ...(filter === undefined ? [] : [`--filter=/${escapeRegExp(filter)}|^${PEAK.name}/`]),
      ...(files.length > 0 ? new Set([PEAK.file, ...files]) : ["bench/"]),
    ],
  }).output().finally(stopTelling);
  if (code !== 0) {
    console.error(new TextDecoder().decode(stderr));
    return 1;
  }
  // a stored run need not tell where the checkout lay
  const text = new TextDecoder().decode(stdout).replaceAll(`${pathToFileURL(".").href}/`, "");
  if (json) console.log(text.trim());
  else printTable(JSON.parse(text));
  return 0;
}

/** Tells on stderr, every half minute, that the benches still run; returns what ends it. */
function tellTime(): () => void {
  const start = performance.now();
  const timer = setInterval(() => {
    console.error(`running for ${duration((performance.now() - start) / 1000)}`);
  }, 30_000);
  return () => clearInterval(timer);
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}

function printTable(report: BenchReport): void {
  console.log(machineOf(report));
  console.table(
    benchTable(report).map(({ bench, min, mean, fastest, usual, peak }) => ({
      ...{ bench, min, mean, "GFLOP/s (min)": fastest, "GFLOP/s (mean)": usual, "of peak": peak },
    })),
  );
}
