/**
 * `deno task bench:recovery`: what the path learner finds, seed by seed, in the cases that it is judged by: the
 * number of atoms, the latents found, MCC in and out of distribution by two codings, beside those of the true
 * dictionary, and seconds; and whether that reaches what was aimed at.
 *
 * Seeds below 100 judge: nothing about the learner was chosen by them since the aims were set. Whoever tunes
 * takes seeds from 100 on.
 *
 * Permissions: read the checkout; for --out write `bench` and ask for the processor's name.
 */
import { cpus } from "node:os";
import { dirname } from "node:path";
import process from "node:process";
import { addNoise, firstSamples } from "../experiments/sample_frontier.ts";
import { writeAtomic } from "../lib/atomic_file.ts";
import { generateDatasets, type Split } from "../lib/data.ts";
import { firstRows, type Matrix, type MatrixData, toFloat32 } from "../lib/matrix.ts";
import { matchColumns } from "../lib/metrics.ts";
import { mccId, mccOod } from "../lib/metrics/mcc.ts";
import { pathDictionary, type PathDictionaryOptions } from "../lib/path_dictionary.ts";
import { digestOf } from "../lib/numeric/digest.ts";
import { fista } from "../lib/sparse_coding.ts";
import { type Command, runCommand } from "../lib/sweep/command.ts";
import { type FlagValues, UsageError } from "../lib/sweep/flags.ts";
import { decimal, integer, listOf, oneOf, text } from "../lib/sweep/kinds.ts";
import { atPlace, requireWritableFolder } from "../lib/sweep/places.ts";
import { startThreads } from "../lib/threads.ts";
import { type Case, type CaseName, CASES } from "./recovery_cases.ts";
import { type Judged, lineOf, type Scores, tableOf } from "./recovery_table.ts";

/**
 * Samples of each split that are scored at most; in distribution as many for each latent as the paper's 2500 are
 * for 1000, since a latent that none of them uses scores nothing.
 */
const SCORED = 2500, SCORED_PER_LATENT = 2.5;
/** Latents up to which the true dictionary is scored too: beyond, no aim is about that. */
const MOST_COMPARED = 1000;
/** The paper's coding, and a finer one. */
const CODINGS = { paper: { lambda: 0.1, nIter: 100 }, finer: { lambda: 0.02, nIter: 300 } };
const NAMES = Object.keys(CASES) as CaseName[];

const FLAGS = {
  case: {
    about: "only these cases: latents, samples (2500, few: 2000, many: 5000), and what is unlike",
    kind: listOf(oneOf(NAMES)),
  },
  seeds: {
    about: "seeds; those below 100 judge, others are for tuning",
    kind: listOf(integer({ min: 0 })),
    default: [0, 1, 2],
  },
  auto: {
    about: "atoms of the start over n, without being told n, instead of the case's: not with --out",
    kind: decimal({ above: 0 }),
  },
  rounds: {
    about: "rounds of the first search instead of the default: not with --out",
    kind: integer({ min: 1 }),
  },
  searches: {
    about: "searches at most, each twice as slow as the one before: not with --out",
    kind: integer({ min: 1 }),
  },
  show: { about: "measure nothing, tell what --out has" },
  out: {
    about: "JSON file that takes the numbers (default: none); of the same dictionaries measured " +
      "again the shorter times stay",
    kind: text("FILE", "a file name that ends in .json", /\.json$/),
  },
} as const;

/** The command, for its usage and for the completion of a shell. */
export const command: Command<typeof FLAGS> = {
  task: "bench:recovery",
  action: "judge the path learner",
  about:
    "Learns dictionaries by pathDictionary and tells what it finds, seed by seed: atoms, latents found, MCC\n" +
    "(ID; OOD) by FISTA with λ = 0.1 × 100 and with 0.02 × 300, the true dictionary's own, and seconds;\n" +
    "in the end means (worst) and whether the aims are reached. Up to 1000 latents a seed takes less than half\n" +
    "a minute, with 5,000 a few minutes; 10,000 are longer and need 8 GiB for their data.",
  flags: FLAGS,
  closing:
    "Exit code: 0 measured, 2 bad usage. bench/recovery.json is that of --out bench/recovery.json.",
};

/** What a file of numbers holds. */
interface Recovery {
  /** Of the last run that wrote it. */
  runtime: string;
  judged: Judged[];
}

async function judge(flags: FlagValues<typeof FLAGS>): Promise<void> {
  const { out, auto, rounds, searches, show, seeds } = flags;
  for (const [name, value] of Object.entries({ auto, rounds, searches })) {
    if (value !== undefined && out !== undefined) {
      throw new UsageError(`--${name} must be left out with --out, whose cases have their own`);
    }
  }
  if (show && out === undefined) throw new UsageError("--show must have --out, got none");
  if (out !== undefined && !show) requireWritableFolder("--out", dirname(out));
  let known = out === undefined ? [] : readJudged(out);
  if (show) return console.log(tableOf(known));
  const fresh: Judged[] = [];
  for (const name of flags.case ?? NAMES) {
    const own: Case = { ...CASES[name], ...auto !== undefined && { auto } };
    using _threads = await startThreads(own.threads ?? 1);
    for (const seed of seeds) {
      const judged = learn(name, own, { seed, rounds, searches }, [...known, ...fresh]);
      console.log(lineOf(judged));
      fresh.push(judged);
      if (out === undefined) continue;
      // after every seed: an end in between loses none
      known = merged(known, judged);
      const file: Recovery = {
        runtime: `Deno/${Deno.version.deno} ${Deno.build.target}`,
        judged: known,
      };
      writeAtomic(out, JSON.stringify(file, null, 2) + "\n");
    }
  }
  console.log(tableOf(fresh));
}

function readJudged(path: string): Judged[] {
  return atPlace("--out must be a file of this command, or none yet", path, () => {
    try {
      return (JSON.parse(Deno.readTextFileSync(path)) as Recovery).judged;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  });
}

/** What is known with one more, in the order of the cases and seeds. */
function merged(known: readonly Judged[], one: Judged): Judged[] {
  const is = (other: Judged) => other.case === one.case && other.seed === one.seed;
  const before = known.find(is);
  const same = before?.digest === one.digest;
  const least = (key: "seconds" | "cpuSeconds") =>
    Math.min(one[key], same ? before![key] : Infinity);
  const cpu = same && before!.cpuSeconds < one.cpuSeconds ? before!.cpu : one.cpu;
  const next = { ...one, cpu, seconds: least("seconds"), cpuSeconds: least("cpuSeconds") };
  return [...known.filter((other) => !is(other)), next]
    .sort((a, b) => NAMES.indexOf(a.case) - NAMES.indexOf(b.case) || a.seed - b.seed);
}

/** Samples that are drawn, half of them scored. */
const drawnSamples = ({ samples }: Pick<Case, "samples">) => Math.max(2 * SCORED, samples);

/** What tells samples that are scored, and so the true dictionary's scores, from others. */
function dataOf({ n, k = 10, samples }: Pick<Case, "n" | "k" | "samples">, seed: number): string {
  return [n, k, drawnSamples({ samples }), seed].join();
}

/** Learns and scores; scores of the same dictionary, or of the same true one, are taken from what is known. */
function learn(
  name: CaseName,
  { n, samples, k = 10, auto, noise = 0 }: Case,
  { seed, ...search }: Pick<PathDictionaryOptions, "seed" | "rounds" | "searches">,
  known: readonly Judged[],
): Judged {
  const atMost = auto && Math.ceil(auto * n);
  const { X, val, ood, A } = drawn({ n, samples, k, noise, seed });
  console.error(`${name}, seed ${seed}: learning`);
  const start = performance.now(), usage = process.cpuUsage();
  const { dictionary, history, margins, tooWide } = pathDictionary(X, {
    ...atMost ? { numLatents: "auto", atMost } : { numLatents: n },
    ...{ seed, ...search },
  });
  const seconds = (performance.now() - start) / 1000, { user, system } = process.cpuUsage(usage);
  console.error(`${name}, seed ${seed}: learned in ${seconds.toFixed(1)} s`);
  const { single, few } = history.findLast(({ phase }) => phase === "search")!.participation;
  const sorted = margins?.toSorted(), digest = digestOf(dictionary.data);
  const data = dataOf({ n, k, samples }, seed);
  const alike = known.filter((other) => dataOf(CASES[other.case], other.seed) === data);
  return {
    ...{
      case: name,
      seed,
      atMost,
      atoms: dictionary.cols,
      seconds,
      cpuSeconds: (user + system) / 1e6,
      cpu: cpus()[0].model,
    },
    ...{ single, few, tooWide },
    found: matchColumns(dictionary, A).cosines.filter((cosine) => cosine > 0.9).length,
    margins: sorted && { least: sorted[0], median: sorted[sorted.length >> 1] },
    digest,
    scores: alike.find((other) => other.digest === digest)?.scores ??
      scoresOf(dictionary, val, ood),
    oracle: alike[0]?.oracle ?? (n > MOST_COMPARED ? undefined : scoresOf(A, val, ood)),
  };
}

/** Samples to learn from (those of the scored split first), and those that are scored. */
function drawn(
  { n, samples, k, noise, seed }: Required<Pick<Case, "n" | "samples" | "k" | "noise">> & {
    seed: number;
  },
): { X: Matrix; val: Split; ood: Split; A: Matrix } {
  const nSamples = drawnSamples({ samples });
  const { train, val, ood, A } = generateDatasets({ seed, numLatents: n, k, nSamples });
  const X = firstSamples({ train, val }, samples);
  if (noise > 0) addNoise(X, noise, seed);
  const most = Math.max(SCORED, SCORED_PER_LATENT * n);
  return { X, A, val: firstOf(val, most), ood: firstOf(ood, SCORED) };
}

/** Copies of the samples that are scored: the others' memory is free. */
function firstOf({ Y, Z, labels }: Split, most: number): Split {
  const rows = Math.min(most, Y.rows);
  const first = <Values extends MatrixData>(values: Matrix<Values>): Matrix<Values> => {
    const view = firstRows(values, rows);
    return { ...view, data: view.data.slice() as Values };
  };
  return { Y: first(Y), Z: first(Z), labels: labels.slice(0, rows) };
}

function scoresOf(D: Matrix, val: Split, ood: Split): Scores {
  const atoms = toFloat32(D);
  const by = (coding: { lambda: number; nIter: number }) => {
    const codes = ({ Y }: Split) => fista(toFloat32(Y), atoms, { ...coding, nonneg: true });
    return { id: mccId(val.Z, codes(val)), ood: mccOod(ood.Z, codes(ood)) };
  };
  return { paper: by(CODINGS.paper), finer: by(CODINGS.finer) };
}

if (import.meta.main) await runCommand(command, judge);
