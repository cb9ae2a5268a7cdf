/**
 * The command line of `deno task bench:peers`.
 * @module
 */
import type { Command } from "../lib/sweep/command.ts";
import { parseFlags, UsageError } from "../lib/sweep/flags.ts";
import { decimal, file, folder, integer, text } from "../lib/sweep/kinds.ts";

/** Where a dictionary comes from: half-learned atoms are the true and a random one, half and half. */
export const DICTIONARIES = ["true", "half", "random"] as const;

/** How many samples each side codes: the libraries take long. */
const SIZES = [
  { n: 100, ours: 2500, fista: 500, peers: 300 },
  { n: 1000, ours: 1000, fista: 100, peers: 60 },
  { n: 5000, ours: 400, fista: 24, peers: 8 },
  { n: 10_000, ours: 300, fista: 12, peers: 3 },
];

const CASES = SIZES.flatMap((size) =>
  DICTIONARIES.map((dictionary) => ({ ...size, dictionary, id: `${size.n}-${dictionary}` }))
);

/** The problems that dictionaries are learned of. */
const LEARNER_CASES = [100, 1000].map((n) => ({ n, id: String(n) }));

const FLAGS = {
  python: {
    about: "interpreter with numpy and scikit-learn; celer and spams join in if it has them",
    kind: { ...file, placeholder: "CMD", rule: "a command" },
    default: "python3",
  },
  case: {
    about: 'only these cases; "1000" takes all that begin so',
    kind: text("X,…", "a comma-separated list of cases"),
  },
  learners: { about: "compare learners of dictionaries instead, on 100 and 1000 latents" },
  reference: {
    about: "checkout of the reference, whose DL-FISTA then joins the learners",
    kind: folder,
  },
  times: {
    about: "how many times as long as ours the other learners get",
    kind: decimal({ above: 0 }),
    default: 1,
  },
  repeats: { about: "runs of each side", kind: integer({ min: 1 }), default: 3 },
  json: { about: "print JSON instead of the table" },
} as const;

/** The command, for its usage and for the completion of a shell. */
export const command: Command<typeof FLAGS> = {
  task: "bench:peers",
  action: "compare with other libraries",
  about: `Codes the same samples by lasso, fista and omp of ours and by Python's libraries, in turn,
and prints CPU time per sample and the largest duality gap of each, computed by ours. With --learners:
learns dictionaries from 2500 samples in equal times, and prints how good they are.`,
  flags: FLAGS,
  dependent: [["reference", "learners"], ["times", "learners"]],
  exclusive: [["repeats", "learners"]],
  closing:
    `Cases: 100-true, 100-half, 100-random, and the same for 1000, 5000 and 10000; of learners 100 and 1000.
Exit code: 0 compared, 1 Python failed or a gap of ours is above 1e-4, 2 bad usage.`,
};

/** One compared case. */
export type PeerCase = (typeof CASES)[number];

/** A kind of dictionary. */
export type Dictionary = (typeof DICTIONARIES)[number];

/** One problem of the learners. */
export type LearnerCase = (typeof LEARNER_CASES)[number];

/** The cases that `--case` names; all without it. */
export function chooseCases(names: string | undefined): PeerCase[] {
  return chosen(CASES, names);
}

/** The same for the problems of learners. */
export function chooseLearnerCases(names: string | undefined): LearnerCase[] {
  return chosen(LEARNER_CASES, names);
}

function chosen<Case extends { id: string }>(
  cases: readonly Case[],
  names: string | undefined,
): Case[] {
  if (names === undefined) return [...cases];
  const fits = (id: string, name: string) => id === name || id.startsWith(`${name}-`);
  const unknown = names.split(",").find((name) => !cases.some(({ id }) => fits(id, name)));
  if (unknown !== undefined) {
    throw new UsageError(`--case must name cases (--help lists them), got "${unknown}"`);
  }
  return cases.filter(({ id }) => names.split(",").some((name) => fits(id, name)));
}

/** Parses the command line. */
export function parse(args: readonly string[]) {
  return parseFlags(FLAGS, args, command).values;
}
