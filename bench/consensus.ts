/**
 * `deno task bench:consensus`: what several starts of the path learner find together, where one does not find all.
 *
 * Permissions: read the checkout.
 */
import { startsOf } from "../experiments/sample_frontier.ts";
import { consensusDictionary } from "../lib/consensus_dictionary.ts";
import type { Matrix } from "../lib/matrix.ts";
import { refineDictionary } from "../lib/refine_dictionary.ts";
import { markdownTable } from "../lib/reports/marked_table.ts";
import { type Command, runCommand } from "../lib/sweep/command.ts";
import type { FlagValues } from "../lib/sweep/flags.ts";
import { integer, listOf } from "../lib/sweep/kinds.ts";
import {
  judged,
  meanOf,
  problemFlags,
  problemLine,
  problemOf,
  type Quality,
  three,
} from "./scarce_samples.ts";

const FLAGS = {
  ...problemFlags({ n: 300, perAtom: [1.75, 2, 2.5], seeds: [1, 2, 3] }),
  runs: { about: "starts of the learner", kind: listOf(integer({ min: 2 })), default: [4] },
} as const;
type Flags = FlagValues<typeof FLAGS>;

/** The command, for its usage and for the completion of a shell. */
export const command: Command<typeof FLAGS> = {
  task: "bench:consensus",
  action: "tell what several starts of the path learner find together",
  about:
    "Learns from few samples with several seeds, and tells how good one dictionary is (mean over the starts), their\n" +
    "consensus, and that refined: latents found (an atom with a cosine above 0.9), MCC in distribution and out of\n" +
    "it, and which share of the atoms is true (a cosine above 0.7 with a latent). Means over the seeds, in a table.\n" +
    "A start takes some 3 seconds at 300 latents, half a minute at 1000.",
  flags: FLAGS,
  closing: "Exit code: 0 measured, 2 bad usage.",
};

function measure(flags: Flags): void {
  const { n, perAtom, dims, runs, seeds } = flags;
  const most = Math.max(...runs);
  const lines = perAtom.flatMap((ratio) => {
    const measured = seeds.map((seed) => {
      const { data, X } = problemOf(n, dims, ratio, seed);
      const found = startsOf(X, { n, seed, starts: most });
      const judge = (D: Matrix) => judged(D, data);
      return {
        one: meanOf(found.map(judge)),
        several: runs.map((count) => {
          const { dictionary } = consensusDictionary(found.slice(0, count), { atMost: n });
          return [judge(dictionary), judge(refineDictionary(X, dictionary))];
        }),
      };
    });
    const line = (what: string, qualities: readonly Quality[]) => {
      const [found, id, ood, trueAtoms] = meanOf(qualities);
      const worst = Math.min(...qualities.map(([, , ood]) => ood));
      return [
        ...[`${ratio}`, what, `${(100 * found).toFixed(0)} %`, three(id)],
        ...[`${three(ood)} (${three(worst)})`, `${(100 * trueAtoms).toFixed(1)} %`],
      ];
    };
    return [
      line("one", measured.map(({ one }) => one)),
      ...runs.flatMap((count, r) =>
        [`consensus of ${count}`, "refined"].map((what, stage) =>
          line(what, measured.map(({ several }) => several[r][stage]))
        )
      ),
    ];
  });
  const header = ["N/n", "dictionary", "found", "MCC (ID)", "MCC (OOD), worst", "true atoms"];
  console.log(problemLine(n, dims, seeds));
  console.log(markdownTable(header, lines));
}

if (import.meta.main) await runCommand(command, measure);
