/**
 * What `deno bench --json` measured, as a table: for the terminal and for the site.
 * @module
 */

/** What `deno bench --json` prints, as far as it is read. */
export interface BenchReport {
  /** Processor. */
  cpu: string;
  /** Runtime with its version. */
  runtime: string;
  /** The benches; times in nanoseconds. */
  benches: {
    group: string | null;
    name: string;
    results: { ok?: { min: number; avg: number } }[];
  }[];
}

/** A line of the table; texts are empty where they do not apply. */
export interface BenchLine {
  /** Group of the bench. */
  group: string;
  /** Its name. */
  bench: string;
  /** The fastest iteration, or "failed". */
  min: string;
  /** The mean of the iterations. */
  mean: string;
  /** GFLOP/s of the fastest. */
  fastest: string;
  /** GFLOP/s of the mean. */
  usual: string;
  /** Share of the core's peak that the fastest reaches. */
  peak: string;
}

/** Measures the peak; begins with the name of the kernel that does. */
export const PEAK = { file: "bench/peak_bench.ts", name: "fma_peak" };

/** The lines of a report, in its order. */
export function benchTable(report: BenchReport): BenchLine[] {
  const peak = counted(peakOf(report).name).rate!(peakOf(report).results[0].ok!.min);
  return report.benches.map(({ group, name: fullName, results: [{ ok }] }) => {
    const { name, rate } = counted(fullName);
    return {
      ...{ group: group ?? "others", bench: name, min: ok ? nanoseconds(ok.min) : "failed" },
      mean: ok ? nanoseconds(ok.avg) : "",
      fastest: ok && rate ? rate(ok.min).toFixed(1) : "",
      usual: ok && rate ? rate(ok.avg).toFixed(1) : "",
      peak: ok && rate ? `${(100 * rate(ok.min) / peak).toFixed(0)} %` : "",
    };
  });
}

/** Processor, runtime, and what computed. */
export function machineOf(report: BenchReport): string {
  return `${report.cpu}, ${report.runtime}, ${peakOf(report).group ?? ""}`;
}

function peakOf({ benches }: BenchReport): BenchReport["benches"][number] {
  return benches.find(({ name }) => name.startsWith(PEAK.name))!;
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
