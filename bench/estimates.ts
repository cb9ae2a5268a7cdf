/**
 * `deno task bench:estimates [N…]`: how far the estimates of lib/paper/estimates.ts are off on this
 * machine, per part of a cell, for settings of the paper with N latents (default 50, 200, 1000):
 * processor seconds, which a busy machine stretches less than those of a clock, the least of up to
 * three runs; and, first of all, by how many bytes scoring the codes of ever more latents makes the
 * largest resident memory grow.
 */
import { cpuUsage, resourceUsage } from "node:process";
import { peakMemory, scoring } from "../lib/paper/estimates.ts";
import { varyLatentsGrid } from "../lib/grids.ts";
import { type Method, type MethodOptions, sweepMethods } from "../lib/paper/inference_methods.ts";
import { Instance } from "../lib/paper/instance.ts";

/** A part that takes longer than so many seconds is measured once. */
const LONG = 3;

/** A tenth of the usual work: records fall into every tenth epoch, first rounds are slow ones. */
const OPTIONS: MethodOptions = { epochs: 50, maxSteps: 5000, lambda: 0.1, fistaIters: 100 };

/** Its steps are all alike. */
const SOFTPLUS_ADAM: MethodOptions = { ...OPTIONS, maxSteps: 200 };

/** Processor seconds of `work`. */
function seconds(work: () => void): number {
  let least = Infinity;
  for (let run = 0; run < 3 && (run === 0 || least < LONG); run++) {
    const before = cpuUsage();
    work();
    const { user, system } = cpuUsage(before);
    least = Math.min(least, (user + system) / 1e6);
  }
  return least;
}

/** The codes that scores are measured on: dense ones, the most work for all of them. */
const encoder = sweepMethods.find(({ id }) => id === "sae_relu")!;

/** Bytes of the process at its peak, so far. */
const peak = () => 1024 * resourceUsage().maxRSS;

const chosen = Deno.args.map(Number).toSorted((a, b) => a - b);
const grid = varyLatentsGrid({ numLatents: chosen.length > 0 ? chosen : [50, 200, 1000] });
const before = peak();
const memory = grid.map((point) => {
  const setting = { ...point, seed: 0 };
  const drawn = new Instance(setting, { epochs: 1 });
  drawn.score(encoder.infer(drawn, OPTIONS, () => {}));
  const [measured, estimated] = [peak() - before, peakMemory(setting)];
  return {
    latents: setting.numLatents,
    "measured MiB": Math.round(measured / 2 ** 20),
    "estimated MiB": Math.round(estimated / 2 ** 20),
    "measured/estimated": (measured / estimated).toFixed(2),
  };
});
console.table(memory);

const table = grid.flatMap((point) => {
  const setting = { ...point, seed: 0 };
  const drawn = new Instance(setting, OPTIONS);
  const drawing = seconds(() => void new Instance(setting, OPTIONS));
  const line = (part: string, measured: number, estimated: number) => ({
    latents: setting.numLatents,
    part,
    measured: measured.toPrecision(3),
    estimated: estimated.toPrecision(3),
    "measured/estimated": (measured / estimated).toFixed(2),
  });
  const ofMethod = (method: Method) => {
    const options = method.id === "softplus_adam" ? SOFTPLUS_ADAM : OPTIONS;
    // an instance keeps the last model: a new one trains
    const trains = method.id.startsWith("sae_");
    const measured = seconds(() => {
      method.infer(trains ? new Instance(setting, options) : drawn, options, () => {});
    });
    return line(method.id, measured - (trains ? drawing : 0), method.cost!(setting, options));
  };
  const codes = encoder.infer(drawn, OPTIONS, () => {});
  return [
    ...sweepMethods.map(ofMethod),
    line("scoring", seconds(() => void drawn.score(codes)), scoring(setting)),
  ];
});
console.table(table);
