/**
 * `deno task bench [FILE…]`: runs the benches and prints one table. A bench whose name ends in "[N flop]"
 * gets its rate in GFLOP/s, from the fastest and from the mean iteration, and the share of the core's
 * 128-bit multiply-add peak that the fastest one reaches, as measured in the same run.
 *
 * Permissions: run of deno, which amounts to all permissions.
 */
import { type Command, runCommand } from "../lib/sweep/command.ts";
import { type FlagValues, UsageError } from "../lib/sweep/flags.ts";
import { file } from "../lib/sweep/kinds.ts";
import { duration } from "../lib/sweep/progress.ts";

interface Report {
  cpu: string;
  runtime: string;
  benches: { group: string; name: string; results: { ok?: { min: number; avg: number } }[] }[];
}

/** Measures the peak; begins with the name of the kernel that does. */
const PEAK = { file: "bench/peak_bench.ts", name: "fma_peak" };

const FLAGS = {
  allowFfi: { about: "let the solvers use the system's BLAS at this path", kind: file },
  filter: {
    about: "only the benches whose name has this in it, beside that of the peak",
    kind: { ...file, placeholder: "TEXT", rule: "a part of a name" },
  },
  json: { about: "print what was measured as JSON" },
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
  const text = new TextDecoder().decode(stdout);
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

/** A duration in nanoseconds with three digits and its unit. */
function nanoseconds(ns: number): string {
  const [scale, unit] = ns < 1e3
    ? [1, "ns"]
    : ns < 1e6
    ? [1e3, "µs"]
    : ns < 1e9
    ? [1e6, "ms"]
    : [1e9, "s"];
  return `${(ns / scale).toPrecision(3)} ${unit}`;
}

/** Name without its count of operations, and the rate in GFLOP/s for a duration in nanoseconds. */
function counted(name: string): { name: string; rate?: (ns: number) => number } {
  const flop = name.match(/^(.*) \[(\d+) flop\]$/);
  return flop ? { name: flop[1], rate: (ns) => Number(flop[2]) / ns } : { name };
}

function printTable({ cpu, runtime, benches }: Report): void {
  const peakBench = benches.find(({ name }) => name.startsWith(PEAK.name))!;
  const peak = counted(peakBench.name).rate!(peakBench.results[0].ok!.min);

  console.log(`${cpu}, ${runtime}, ${peakBench.group}`);
  console.table(benches.map((bench) => {
    const { name, rate } = counted(bench.name);
    const timing = bench.results[0].ok;
    if (!timing) return { bench: name, min: "failed" };
    return {
      bench: name,
      min: nanoseconds(timing.min),
      mean: nanoseconds(timing.avg),
      "GFLOP/s (min)": rate?.(timing.min).toFixed(1) ?? "",
      "GFLOP/s (mean)": rate?.(timing.avg).toFixed(1) ?? "",
      "of peak": rate ? `${(100 * rate(timing.min) / peak).toFixed(0)} %` : "",
    };
  }));
}
