/**
 * `deno task bench:objective`: whether the true dictionary is what learning by sparse codes looks for. A learner that
 * lowers the mean of ½‖x − Dz‖² + λΣz cannot end at the true dictionary where others are lower; so the true one is
 * where this starts, at one λ throughout, and it tells how far the objective falls and how many latents are lost.
 *
 * Permissions: read the checkout.
 */
import { lasso } from "../lib/lasso.ts";
import type { Matrix } from "../lib/matrix.ts";
import { matchColumns } from "../lib/metrics.ts";
import { pathDictionary } from "../lib/path_dictionary.ts";
import { meanSquaredError } from "../lib/reconstruction.ts";
import { refineDictionary } from "../lib/refine_dictionary.ts";
import { markdownTable } from "../lib/reports/marked_table.ts";
import { type Command, runCommand } from "../lib/sweep/command.ts";
import type { FlagValues } from "../lib/sweep/flags.ts";
import { decimal, integer, listOf } from "../lib/sweep/kinds.ts";
import { problemFlags, problemLine, problemOf } from "./scarce_samples.ts";

/** A latent is kept where an atom has a larger cosine with it. */
const KEPT = 0.9;

const FLAGS = {
  ...problemFlags({ n: 1000, perAtom: [1.5, 2, 2.5, 5], seeds: [0, 1, 2] }),
  lambda: {
    about: "weights λ of the L1 norm",
    kind: listOf(decimal({ above: 0 })),
    default: [0.1, 0.05, 0.02],
  },
  rounds: { about: "rounds from the true dictionary", kind: integer({ min: 1 }), default: 200 },
  refined: { about: "rounds of refineDictionary from it", kind: integer({ min: 1 }), default: 20 },
} as const;
type Flags = FlagValues<typeof FLAGS>;

/** The command, for its usage and for the completion of a shell. */
export const command: Command<typeof FLAGS> = {
  task: "bench:objective",
  action: "tell whether the true dictionary minimises the learner's objective",
  about:
    "Starts the path learner at the true dictionary, with one λ, and tells by how much its objective falls below\n" +
    "the true dictionary's, and how many latents are kept (an atom with a cosine above 0.9): of the half that\n" +
    "latent 0 is seen with, and of the rarer half; by plain codes, and by leave-one-out codes. Then how many are\n" +
    "kept where refineDictionary starts there, with its own penalty. Means over the seeds, in tables. A line of the\n" +
    "first takes a minute at 1000 latents.",
  flags: FLAGS,
  closing: "Exit code: 0 measured, 2 bad usage.",
};

/** What becomes of the true dictionary. */
interface Outcome {
  /** Objective over the true dictionary's. */
  objective: number;
  /** Shares of the frequent and of the rare latents that are kept. */
  frequent: number;
  rare: number;
}

function measure(flags: Flags): void {
  const { n, perAtom, dims, lambda: lambdas, rounds, refined, seeds } = flags;
  const percents = (all: readonly { frequent: number; rare: number }[]) =>
    [all.map(({ frequent }) => frequent), all.map(({ rare }) => rare)]
      .map((shares) =>
        (100 * shares.reduce((sum, share) => sum + share, 0) / all.length).toFixed(0)
      )
      .join(", ") + " %";
  const refinedLines: string[][] = [];
  const lines = perAtom.flatMap((ratio) => {
    const problems = seeds.map((seed) => ({ seed, ...problemOf(n, dims, ratio, seed) }));
    const stayed = problems.map(({ X, A }) =>
      keptHalves(refineDictionary(X, A, { rounds: refined }), A)
    );
    refinedLines.push([`${ratio}`, percents(stayed)]);
    return lambdas.map((lambda) => {
      const outcomes = problems.map(({ X, A, seed }) => {
        const before = objective(X, A, lambda);
        return [false, true].map((leaveOneOut) =>
          descend(X, A, before, { lambda, rounds, seed, leaveOneOut })
        );
      });
      const cells = [0, 1].flatMap((way) => {
        const own = outcomes.map((both) => both[way]);
        const fall = own.reduce((sum, { objective }) => sum + objective - 1, 0) / own.length;
        return [`${(100 * fall).toFixed(1).replace("-", "−")} %`, percents(own)];
      });
      return [`${ratio}`, `${lambda}`, ...cells];
    });
  });
  const header = [
    "N/n",
    "λ",
    ...["", ", leave-one-out"].flatMap((codes) => [
      `objective${codes}`,
      `frequent, rare kept${codes}`,
    ]),
  ];
  console.log(problemLine(n, dims, seeds));
  console.log(markdownTable(header, lines));
  console.log();
  console.log(markdownTable(["N/n", "frequent, rare kept, refined"], refinedLines));
}

/** Shares of the frequent and of the rare latents that have an atom. */
function keptHalves(D: Matrix, A: Matrix): { frequent: number; rare: number } {
  const { cosines } = matchColumns(D, A);
  // latent 0 is seen with those below n/2 alone, which so are active about three times as often as the others
  const half = A.cols >> 1;
  const kept = (some: Float64Array) => some.filter((cosine) => cosine > KEPT).length / some.length;
  return { frequent: kept(cosines.subarray(0, half)), rare: kept(cosines.subarray(half)) };
}

/** Goes on from the true dictionary, of which `before` is the objective, with nothing but codes and updates. */
function descend(
  X: Matrix,
  A: Matrix,
  before: number,
  { lambda, rounds, seed, leaveOneOut }: {
    lambda: number;
    rounds: number;
    seed: number;
    leaveOneOut: boolean;
  },
): Outcome {
  const { dictionary } = pathDictionary(X, {
    ...{ numLatents: A.cols, dInit: A, lambdaStart: lambda, lambdaEnd: lambda },
    ...{ rounds, seed, leaveOneOut, restarts: false, polish: 0 },
  });
  return { objective: objective(X, dictionary, lambda) / before, ...keptHalves(dictionary, A) };
}

/** Mean over the samples of ½‖x − Dz‖² + λΣz at the codes z that minimise it. */
function objective(X: Matrix, D: Matrix, lambda: number): number {
  const { codes } = lasso(X, D, { lambda, nonneg: true });
  const sum = codes.data.reduce((sum, z) => sum + z, 0);
  return X.cols / 2 * meanSquaredError(X, codes, D) + lambda * sum / X.rows;
}

if (import.meta.main) await runCommand(command, measure);
