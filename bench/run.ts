/**
 * `deno task bench [-- FILE…]`: runs the benches and prints one table. A bench whose name ends in
 * "[N flop]" gets its rate in GFLOP/s, from the fastest and from the mean iteration.
 */

interface Report {
  cpu: string;
  runtime: string;
  benches: { origin: string; name: string; results: { ok?: { min: number; avg: number } }[] }[];
}

const files = Deno.args.length > 0 ? Deno.args : ["bench/"];
const { code, stdout, stderr } = await new Deno.Command("deno", {
  args: ["bench", "--no-prompt", "--json", ...files],
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

console.log(`${cpu}, ${runtime}`);
console.table(benches.map(({ name, results }) => {
  const timing = results[0].ok;
  if (!timing) return { bench: name, min: "failed" };
  const flop = name.match(/^(.*) \[(\d+) flop\]$/);
  const rate = (ns: number) => flop ? (Number(flop[2]) / ns).toFixed(1) : "";
  return {
    bench: flop ? flop[1] : name,
    min: duration(timing.min),
    mean: duration(timing.avg),
    "GFLOP/s (min)": rate(timing.min),
    "GFLOP/s (mean)": rate(timing.avg),
  };
}));
