/**
 * `deno task bench:cycles`: what cycles of pruning, polishing and growing find where a search has not found all.
 *
 * Permissions: read the checkout.
 */
import { pathDictionary } from "../lib/path_dictionary.ts";
import { markdownTable } from "../lib/reports/marked_table.ts";
import { type Command, runCommand } from "../lib/sweep/command.ts";
import type { FlagValues } from "../lib/sweep/flags.ts";
import { integer, listOf } from "../lib/sweep/kinds.ts";
import { judged, meanOf, problemFlags, problemLine, problemOf, three } from "./scarce_samples.ts";

const FLAGS = {
  ...problemFlags({ n: 300, perAtom: [1.75, 2], seeds: [13, 14, 15] }),
  cycles: { about: "numbers of cycles", kind: listOf(integer({ min: 0 })), default: [0, 10, 30] },
} as const;

/** The command, for its usage and for the completion of a shell. */
export const command: Command<typeof FLAGS> = {
  task: "bench:cycles",
  action: "tell what cycles of the path learner find",
  about:
    "Learns from few samples, or in few dimensions, with several numbers of cycles, and tells how good the\n" +
    "dictionary is: latents found (an atom with a cosine above 0.9), and MCC in distribution and out of it, mean\n" +
    "(worst) over the seeds. A cycle takes half a second at 300 latents, some seconds at 1000.",
  flags: FLAGS,
  closing: "Exit code: 0 measured, 2 bad usage.",
};

function measure({ n, perAtom, dims, cycles, seeds }: FlagValues<typeof FLAGS>): void {
  const lines = perAtom.flatMap((ratio) =>
    cycles.map((count) => {
      const measured = seeds.map((seed) => {
        const { data, X } = problemOf(n, dims, ratio, seed), started = performance.now();
        const { dictionary } = pathDictionary(X, { numLatents: n, seed, cycles: count });
        const seconds = (performance.now() - started) / 1000;
        const quality = judged(dictionary, data);
        console.error(`${ratio} ${count} ${seed}: ${quality.slice(0, 3).map(three).join(" ")}`);
        return { quality, seconds };
      });
      const qualities = measured.map(({ quality }) => quality);
      const told = meanOf(qualities).slice(0, 3).map((mean, i) =>
        `${three(mean)} (${three(Math.min(...qualities.map((quality) => quality[i])))})`
      );
      const seconds = measured.reduce((sum, one) => sum + one.seconds, 0) / measured.length;
      return [`${ratio}`, `${count}`, ...told, seconds.toFixed(0)];
    })
  );
  console.log(problemLine(n, dims, seeds));
  console.log(
    markdownTable(["N/n", "cycles", "found", "MCC (ID)", "MCC (OOD)", "seconds"], lines),
  );
}

if (import.meta.main) await runCommand(command, measure);
