/**
 * `deno task bench:estimates`: how far the estimates of lib/paper/estimates.ts are off on this
 * machine, per part of a cell, for settings of the paper: processor seconds, which a busy machine
 * stretches less than those of a clock, the least of up to three runs; and, first of all, by how many
 * bytes scoring the codes of ever more latents makes the largest resident memory grow.
 */
import { cpuUsage, resourceUsage } from "node:process";
import { peakMemory, scoring } from "../lib/paper/estimates.ts";
import { varyLatentsGrid } from "../lib/grids.ts";
import { type Method, type MethodOptions, sweepMethods } from "../lib/paper/inference_methods.ts";
import { Instance } from "../lib/paper/instance.ts";
import { type Command, runCommand } from "../lib/sweep/command.ts";
import type { FlagValues } from "../lib/sweep/flags.ts";
import { integer, listOf } from "../lib/sweep/kinds.ts";

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

const FLAGS = {
  n: {
    about: "numbers of latents",
    kind: listOf(integer({ min: 12 })),
    default: [50, 200, 1000],
  },
} as const;

/** The command, for its usage and for the completion of a shell. */
export const command: Command<typeof FLAGS> = {
  task: "bench:estimates",
  action: "measure estimates",
  about:
    "Measures how far the estimates of seconds and bytes are off on this machine, part by part of a cell. Takes\n" +
    "some minutes.",
  flags: FLAGS,
  closing: "Exit code: 0 measured, 2 bad usage.",
};

if (import.meta.main) await runCommand(command, measure);

function measure({ n }: FlagValues<typeof FLAGS>): void {
  const grid = varyLatentsGrid({ numLatents: n.toSorted((a, b) => a - b) });
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
}
