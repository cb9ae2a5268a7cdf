/**
 * `deno task consensus`: the atoms that several dictionaries of the same activations have in common, refined on them.
 *
 * Permissions: read on the dictionaries, the activations and this toolkit's files, for the worker that computes; read
 * and write on the folder of `--out`.
 * @module
 */
import { join } from "node:path";
import { kindOfPath, writeAtomic } from "../lib/atomic_file.ts";
import { type ConsensusDictionary, consensusDictionary } from "../lib/consensus_dictionary.ts";
import { type Matrix, type Matrix32, transpose } from "../lib/matrix.ts";
import { readMatrix } from "../lib/matrix_file.ts";
import { alignColumns, formatRows, printable, type Row } from "../lib/results.ts";
import { type Command, runCommand } from "../lib/sweep/command.ts";
import { type FlagValues, UsageError } from "../lib/sweep/flags.ts";
import { watchForInterruption } from "../lib/sweep/interruption.ts";
import { decimal, folder, integer, oneOf, paths, text } from "../lib/sweep/kinds.ts";
import { atPlace } from "../lib/sweep/places.ts";
import { createMeter, duration } from "../lib/sweep/progress.ts";
import { codeAfter, DATA_FLAGS, openActivations, THREADS_FLAG, withFlags } from "./activations.ts";
import type { ConsensusAnswer, ConsensusRequest } from "./consensus_worker.ts";
import {
  dictionaryWriters,
  FORMAT_FLAG,
  writeFiles,
  type Writers,
  writtenBy,
} from "./dictionary_files.ts";
import { drawnRows, ROWS_FLAGS } from "./learning_rows.ts";
import { lockOutput } from "./output_lock.ts";
import { callWorker, endOf } from "./worker_call.ts";

const FLAGS = {
  dictionaries: {
    about: "at least two files of dictionaries, m × n each, or folders of deno task learn",
    kind: paths,
    required: true,
  },
  dictionaryKey: { about: "name of a dictionary's array", kind: text("NAME", "a name") },
  atoms: {
    about: "whether a dictionary's atoms are its columns or rows",
    kind: oneOf(["columns", "rows"]),
    default: "columns",
  },
  least: {
    about: "dictionaries that must have an atom (default: 2)",
    kind: integer({ min: 1 }),
  },
  atMost: {
    about: "most atoms, those that most dictionaries have first (default: all)",
    kind: integer({ min: 1 }),
  },
  cosine: {
    about:
      "what atoms of two dictionaries must exceed to be the same (default: what chance reaches)",
    kind: decimal({ min: 0, max: 1 }),
  },
  signed: { about: "codes may be below 0: opposite atoms are the same one" },
  data: {
    about: "activations to refine the atoms on, a row per sample, as deno task learn takes them",
    kind: paths,
  },
  key: DATA_FLAGS.key,
  ...ROWS_FLAGS,
  rounds: { about: "rounds of refining (default: 6)", kind: integer({ min: 1 }) },
  lambda: {
    about: "refining: weight of the penalty, in units of the data (default: of their size)",
    kind: decimal({ above: 0 }),
  },
  seed: {
    about: "of the rows and the order",
    kind: integer({ min: 0, max: 2 ** 32 - 1 }),
    default: 0,
  },
  out: {
    about: "folder of the dictionary and of what is told of its atoms",
    kind: folder,
    default: "dictionaries/consensus",
  },
  ...FORMAT_FLAG,
  ...THREADS_FLAG,
  maxSeconds: {
    about: "refine for so long at most, and save the dictionary as it is then",
    kind: decimal({ above: 0 }),
  },
  quiet: { about: "no progress" },
  json: { about: "print the summary as JSON" },
} as const;

/** The command, for its usage and for the completion of a shell. */
export const command: Command<typeof FLAGS> = {
  task: "consensus",
  action: "find a consensus",
  about:
    `Writes the atoms that several dictionaries of the same activations have in common, such as those of deno
task learn with several --seed: where samples are few, what two random starts have found is nearly
always there (docs/dictionary.md). With --data the atoms are refined.`,
  flags: FLAGS,
  dependent: [["key", "data"], ["rows", "data"], ["rounds", "data"], ["lambda", "data"]],
  closing:
    `Exit code: 0 written, 1 interrupted, 2 bad usage or unusable files, 3 --max-seconds are over;
after 1 and 3 with as many rounds of refining as were done.
Example: deno task consensus --dictionaries dictionaries/auto-0,dictionaries/auto-1 --data acts.npy`,
};

/** The files of a learned dictionary in the folder of `deno task learn`. */
const LEARNED = ["dictionary.npy", "dictionary.safetensors"];

if (import.meta.main) await runCommand(command, consensus);

async function consensus(flags: FlagValues<typeof FLAGS>): Promise<number> {
  const { out, data, atMost, least, cosine, signed } = flags;
  const files = flags.dictionaries.map(fileOf);
  const dictionaries = files.map((path) => dictionaryOf(path, flags));
  const places = files.map((path) => Deno.realPathSync(path));
  requireDistinct(files, places);
  requireSameDimensions(dictionaries, files);
  const found = told(
    flags,
    files,
    () => consensusDictionary(dictionaries, { atMost, least, cosine, signed }),
  );
  if (found.counts.length === 0) {
    throw new UsageError(
      `--dictionaries must have atoms in common, got none in ${files.length} files; --cosine says how alike they must be`,
    );
  }
  using activations = data === undefined ? undefined : openActivations({ ...flags, data });
  using _lock = lockOutput(out);
  requireOtherFolder(out, places);

  using interruption = watchForInterruption(flags.maxSeconds);
  const { signal } = interruption, started = performance.now();
  const meter = createMeter(flags);
  let refined: Refined | undefined;
  try {
    if (activations) refined = await refinedOn(activations.matrix, found, flags, { meter, signal });
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error;
    meter.stop();
    return codeAfter(signal, "Nothing was written");
  } finally {
    meter.stop();
  }

  const { dictionary, mean, rows, rounds } = refined ?? { ...found, rows: 0, rounds: 0 };
  const table = [...found.counts].map((count, atom): Row => ({
    ...{ atom, dictionaries: count, agreement: found.agreement[atom] },
  }));
  const writers: Writers = {
    ...dictionaryWriters(flags.format, { dictionary, mean }),
    "atoms.json": (path) => writeAtomic(path, formatRows(table)),
  };
  const inDictionaries = files.map((_, i) => found.counts.filter((count) => count > i).length);
  const summary = {
    ...{ out, dictionaries: files, files: activations?.files.map(({ path }) => path) ?? [] },
    ...{ cols: dictionary.rows, atoms: dictionary.cols, inDictionaries },
    medianAgreement: found.agreement.toSorted()[found.agreement.length >> 1],
    ...{ refinedOn: rows, rounds, seconds: (performance.now() - started) / 1000 },
    written: writtenBy(writers, out),
  };
  writeFiles(out, { writers, summary, read: [...files, ...summary.files] });
  console.log(flags.json ? JSON.stringify(summary, null, 2) : summaryText(summary));
  return codeAfter(signal, `The dictionary is saved after ${rounds} rounds of refining`);
}

/** The dictionary's file, where a folder of `deno task learn` is named. */
function fileOf(path: string): string {
  return atPlace("--dictionaries must be readable", path, () => {
    if (kindOfPath(path) !== "folder") return path;
    const name = LEARNED.find((name) => kindOfPath(join(path, name)) === "file");
    if (name !== undefined) return join(path, name);
    throw new Error(`there is no ${LEARNED.join(" or ")} in it`);
  });
}

function dictionaryOf(
  path: string,
  { dictionaryKey, atoms }: FlagValues<typeof FLAGS>,
): Matrix {
  const M = atPlace("--dictionaries must be readable", path, () => {
    // beside the dictionary there is the mean
    const key = dictionaryKey ?? (path.endsWith(".safetensors") ? "dictionary" : undefined);
    return readMatrix(path, { key });
  });
  return atoms === "rows" ? transpose(M) : M;
}

/** One start alone always agrees with itself. */
function requireDistinct(files: readonly string[], places: readonly string[]): void {
  const twice = places.findIndex((place, i) => places.indexOf(place) < i);
  if (twice >= 0) {
    throw new UsageError(`--dictionaries must be different files, got "${files[twice]}" twice`);
  }
  if (files.length < 2) {
    throw new UsageError(`--dictionaries must be at least two files, got "${files[0]}" alone`);
  }
}

function requireSameDimensions(dictionaries: readonly Matrix[], files: readonly string[]): void {
  const { rows } = dictionaries[0], other = dictionaries.findIndex((D) => D.rows !== rows);
  if (other < 0) return;
  throw new UsageError(
    `--dictionaries must have atoms of one length, got ${rows} numbers in "${files[0]}" and ` +
      `${dictionaries[other].rows} in "${files[other]}"; --atoms says where atoms are`,
  );
}

/** What is written must not replace one of the starts. */
function requireOtherFolder(out: string, places: readonly string[]): void {
  for (const name of LEARNED) {
    const path = join(out, name);
    if (kindOfPath(path) && places.includes(Deno.realPathSync(path))) {
      throw new UsageError(
        `--out must be another folder than those of --dictionaries, got "${out}"`,
      );
    }
  }
}

/** What the library refuses, in words of the command. */
function told<T>(flags: FlagValues<typeof FLAGS>, files: readonly string[], work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const [, index, rest] =
      error.message.match(/^dictionaries\[(\d+)\](?:\.(?:rows|cols))? (.*)$/s) ??
        [];
    throw new UsageError(
      index === undefined
        ? withFlags(error.message, FLAGS)
        : `--dictionaries ${rest} in "${files[Number(index)]}"${
          flags.atoms === "rows" ? " (its atoms as columns)" : ""
        }`,
    );
  }
}

/** The dictionary after refining, the mean that was taken from the rows, and how many rows and rounds it took. */
interface Refined {
  dictionary: Matrix32;
  mean?: Float32Array;
  rows: number;
  rounds: number;
}

async function refinedOn(
  matrix: Parameters<typeof drawnRows>[0],
  { dictionary }: ConsensusDictionary,
  flags: FlagValues<typeof FLAGS>,
  { meter, signal }: Parameters<typeof drawnRows>[2],
): Promise<Refined> {
  if (matrix.cols !== dictionary.rows) {
    throw new UsageError(
      `--data must have a column for each of the ${dictionary.rows} numbers of an atom, got ${matrix.cols}`,
    );
  }
  const { X, mean } = await drawnRows(matrix, flags, { meter, signal });
  const { rounds, lambda, signed, seed, threads } = flags;
  const options = { nonneg: !signed, seed, rounds, lambda };
  let done = 0;
  const D = await callWorker<ConsensusAnswer, Matrix32>({
    module: new URL("./consensus_worker.ts", import.meta.url),
    request: { X, D: dictionary, options, threads, ends: endOf(signal) } satisfies ConsensusRequest,
    onAnswer(answer, { resolve, reject }) {
      if ("done" in answer) {
        done = answer.done;
        meter.tell(done / answer.total, `refining, round ${done} of ${answer.total}`);
      } else if ("result" in answer) resolve(answer.result);
      else if ("refused" in answer) reject(new UsageError(withFlags(answer.refused, FLAGS)));
      else reject(new Error(answer.failed));
    },
  });
  return { dictionary: D, mean, rows: X.rows, rounds: done };
}

function summaryText(
  { out, cols, atoms, dictionaries, inDictionaries, ...summary }: {
    out: string;
    dictionaries: string[];
    cols: number;
    atoms: number;
    inDictionaries: number[];
    medianAgreement: number;
    refinedOn: number;
    seconds: number;
    written: string[];
  },
): string {
  // up to the least number that was asked for, all atoms are in so many
  const shares = inDictionaries.map((count, i) => ({ least: i + 1, count }))
    .filter(({ count }, i) => count < atoms || inDictionaries[i + 1] !== atoms);
  const refined = summary.refinedOn > 0 ? `, refined on ${summary.refinedOn} rows` : "";
  return [
    `${atoms} atoms of ${cols} numbers that ${dictionaries.length} dictionaries have in common${refined} in ${
      duration(summary.seconds)
    }`,
    alignColumns([
      [...shares.map(({ least }) => `in ${least} or more`), "median agreement"],
      [...shares.map(({ count }) => `${count}`), summary.medianAgreement.toPrecision(3)],
    ]),
    `${summary.written.length} files in ${printable(out)}`,
  ].join("\n");
}
