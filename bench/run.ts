/**
 * `deno task bench [FILE…] [--allow-ffi=PATH]`: runs the benches, with a system's BLAS where its path
 * is permitted, and prints one table. A bench whose name ends in "[N flop]" gets its rate in GFLOP/s,
 * from the fastest and from the mean iteration, and the share of the core's 128-bit multiply-add peak
 * that the fastest one reaches, as measured in the same run.
 */

interface Report {
  cpu: string;
  runtime: string;
  benches: { group: string; name: string; results: { ok?: { min: number; avg: number } }[] }[];
}

/** Measures the peak; begins with the name of the kernel that does. */
const PEAK = { file: "bench/peak_bench.ts", name: "fma_peak" };

const permissions = Deno.args.filter((arg) => arg.startsWith("--allow-ffi"));
const chosen = Deno.args.filter((arg) => !permissions.includes(arg));
const files = chosen.length > 0 ? [...new Set([PEAK.file, ...chosen])] : ["bench/"];
const { code, stdout, stderr } = await new Deno.Command("deno", {
  args: ["bench", "--no-prompt", "--json", ...permissions, ...files],
}).output();
if (code !== 0) {
  console.error(new TextDecoder().decode(stderr));
  Deno.exit(1);
}
const { cpu, runtime, benches }: Report = JSON.parse(new TextDecoder().decode(stdout));

/** A duration in nanoseconds with three digits and its unit. */
function duration(ns: number): string {
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

const peakBench = benches.find(({ name }) => name.startsWith(PEAK.name))!;
const peak = counted(peakBench.name).rate!(peakBench.results[0].ok!.min);

console.log(`${cpu}, ${runtime}, ${peakBench.group}`);
console.table(benches.map((bench) => {
  const { name, rate } = counted(bench.name);
  const timing = bench.results[0].ok;
  if (!timing) return { bench: name, min: "failed" };
  return {
    bench: name,
    min: duration(timing.min),
    mean: duration(timing.avg),
    "GFLOP/s (min)": rate?.(timing.min).toFixed(1) ?? "",
    "GFLOP/s (mean)": rate?.(timing.avg).toFixed(1) ?? "",
    "of peak": rate ? `${(100 * rate(timing.min) / peak).toFixed(0)} %` : "",
  };
}));
