/**
 * `deno task learn`: a dictionary for one's own activations, and their codes, from a random start.
 *
 * Permissions: read on the activations and on this toolkit's files, for the worker that computes; read and
 * write on the folder of `--out`.
 * @module
 */
import { join } from "node:path";
import { kindOfPath, writeAtomic } from "../lib/atomic_file.ts";
import { marginLimit } from "../lib/cores/path_pruning.ts";
import { missesAtoms, mostCodes } from "../lib/cores/path_searches.ts";
import { figure, lines } from "../lib/figures.ts";
import type { Matrix32 } from "../lib/matrix.ts";
import { readMatrix, writeCsr, writeNpy } from "../lib/matrix_file.ts";
import {
  mostRounds,
  type PathDictionary,
  type PathDictionaryOptions,
  type PathRound,
  type PathState,
} from "../lib/path_dictionary.ts";
import { alignColumns, formatRows, printable, type Row } from "../lib/results.ts";
import { type Command, runCommand } from "../lib/sweep/command.ts";
import { type FlagValues, UsageError } from "../lib/sweep/flags.ts";
import { watchForInterruption } from "../lib/sweep/interruption.ts";
import { decimal, file, folder, integer, type Kind } from "../lib/sweep/kinds.ts";
import { permissionAdvice } from "../lib/sweep/permissions.ts";
import { atPlace } from "../lib/sweep/places.ts";
import { createMeter, duration } from "../lib/sweep/progress.ts";
import { codeAfter, DATA_FLAGS, openActivations, THREADS_FLAG, withFlags } from "./activations.ts";
import {
  dictionaryWriters,
  FORMAT_FLAG,
  writeFiles,
  type Writers,
  writtenBy,
} from "./dictionary_files.ts";
import type { LearnAnswer, LearnRequest } from "./learn_worker.ts";
import { loadLearning } from "./learning_file.ts";
import { drawnRows, ROWS_FLAGS } from "./learning_rows.ts";
import { lockOutput } from "./output_lock.ts";
import { callWorker, endOf } from "./worker_call.ts";

const positive = integer({ min: 1 }), above = decimal({ above: 0 });

const latents: Kind<number | "auto"> = {
  placeholder: "N|auto",
  rule: "an integer of at least 1, or auto",
  read: (text) => text === "auto" ? text : positive.read(text),
};

const FLAGS = {
  ...DATA_FLAGS,
  latents: { about: "atoms, or auto: as many as the rows need", kind: latents, default: "auto" },
  atMost: {
    about: "most atoms of auto, 1.2 to 1.5 times as many as are expected (default: 4 per column)",
    kind: positive,
  },
  ...ROWS_FLAGS,
  signed: { about: "codes may be below 0" },
  seed: {
    about: "of the start, the rows and the order",
    kind: integer({ min: 0, max: 2 ** 32 - 1 }),
    default: 0,
  },
  rounds: { about: "rounds of the first search (default: by rows per atom)", kind: positive },
  searches: {
    about: "searches at most, each with twice the rounds of the one before, until atoms are found",
    kind: positive,
    default: 1,
  },
  cycles: {
    about:
      "most cycles of pruning, polishing and growing after that, 10 to 30 where rows are scarce",
    kind: integer({ min: 0 }),
    default: 0,
  },
  polish: { about: "rounds of each polish", kind: integer({ min: 0 }), default: 30 },
  lambdaStart: { about: "first penalty, in units of the data", kind: above },
  lambdaEnd: { about: "last penalty of the search", kind: above },
  start: { about: "file of a dictionary to start from, m × n", kind: file },
  out: {
    about: "folder of dictionary, codes and history (default: dictionaries/LATENTS-SEED)",
    kind: folder,
  },
  ...FORMAT_FLAG,
  ...THREADS_FLAG,
  maxSeconds: {
    about: "end after so long, with the dictionary as it is then, to go on later",
    kind: above,
  },
  restart: { about: "begin anew in a folder that has the state of an interrupted learning" },
  quiet: { about: "no progress" },
  json: { about: "print the summary as JSON" },
} as const;

/** Flags of the library's options that are named otherwise there. */
const OPTION_FLAGS = { numLatents: "latents", dInit: "start" };

/** The command, for its usage and for the completion of a shell. */
export const command: Command<typeof FLAGS> = {
  task: "learn",
  action: "learn",
  about:
    `Learns a dictionary of activations of your own along a path of penalties (docs/dictionary.md), and says
by which signs it may have worked. The rows that are learned from are held in memory; deno task
encode codes any number of others. After an interruption of any kind the same command goes on, and
ends with the same bits; after Ctrl-C and --max-seconds the dictionary is there as it was then.`,
  flags: FLAGS,
  closing:
    `Exit code: 0 learned, 1 interrupted, 2 bad usage or unusable files, 3 --max-seconds are over;
after 1 and 3 the same command goes on.
Example: deno task learn --data acts.npy --latents auto --at-most 600`,
};

/** File of an interrupted learning's state, until it has ended. */
const STATE = "learning.safetensors";

/** From this share of atoms for single samples on, the search has not found them. */
const MANY_SINGLE = 0.1;

/** Atoms whose margin is below so many times the limit of pruning are hardly needed; some always are. */
const NEAR_LIMIT = 1.2, MANY_NEAR = 0.1;

if (import.meta.main) await runCommand(command, learn);

async function learn(flags: FlagValues<typeof FLAGS>): Promise<number> {
  const { seed, out = join("dictionaries", `${flags.latents}-${seed}`) } = flags;
  using activations = openActivations(flags);
  const { matrix, files } = activations;
  const options = optionsOf(flags, matrix.cols);
  using _lock = lockOutput(out);
  const state = join(out, STATE);
  if (flags.restart && kindOfPath(state)) Deno.removeSync(state);
  const resume = stateOf(state);
  const history: PathRound[] = [...resume?.history ?? []];
  if (resume && !flags.quiet) console.error(`Goes on after round ${history.length}`);

  using interruption = watchForInterruption(flags.maxSeconds);
  const { signal } = interruption, started = performance.now();
  let meter = createMeter(flags);
  let learned: { X: Matrix32; mean?: Float32Array; chosen?: Int32Array };
  let end: PathDictionary | Matrix32;
  try {
    learned = await drawnRows(matrix, flags, { meter, signal });
    meter.stop();
    meter = createMeter(flags);
    const { X } = learned;
    const request = { X, options: { ...options, ...resume && { resume } }, state };
    const tell = (round: PathRound) => {
      const total = roundsOf(request, history);
      meter.tell(
        Math.min(0.99, round.round / total),
        `${round.phase}, round ${round.round} of ${total} at most, ${round.atoms} atoms, ` +
          `${round.codesPerSample.toFixed(1)} codes a row`,
      );
    };
    if (resume) tell(history.at(-1)!);
    end = await inWorker({ ...request, threads: flags.threads }, signal, (round) => {
      history.push(round);
      tell(round);
    });
  } catch (error) {
    meter.stop();
    if (signal.aborted && error === signal.reason) return codeAfter(signal, "Nothing was learned");
    throw error;
  }
  meter.stop();

  const { X, mean, chosen } = learned, finished = "codes" in end;
  const dictionary = "codes" in end ? end.dictionary : end;
  const { margins, tooWide } = "codes" in end ? end : {};
  const table = history.map(rowOf);
  const writers: Writers = {
    ...dictionaryWriters(flags.format, { dictionary, mean }),
    ..."codes" in end && codesWriter(end),
    ...chosen && rowsWriter(chosen),
    "history.json": (path) => writeAtomic(path, formatRows(table)),
    "history.svg": (path) => writeAtomic(path, curves(table)),
  };
  const summary = {
    ...{ out, files: files.map(({ path }) => path), rows: matrix.rows, learnedFrom: X.rows },
    ...{ cols: matrix.cols, atoms: dictionary.cols, finished },
    seconds: (performance.now() - started) / 1000,
    signals: signalsOf(history, X, { margins, tooWide, widthFlag: widthFlagOf(flags) }),
    written: writtenBy(writers, out),
  };
  const read = [...summary.files, ...flags.start === undefined ? [] : [flags.start]];
  writeFiles(out, { writers, summary, read });
  if (finished && kindOfPath(state)) Deno.removeSync(state);
  console.log(flags.json ? JSON.stringify(summary, null, 2) : summaryText(summary));
  return finished
    ? 0
    : codeAfter(signal, "The dictionary is saved as it is now, and the same command goes on");
}

/** What an interrupted learning has left. */
function stateOf(path: string): PathState | undefined {
  try {
    return loadLearning(path);
  } catch (error) {
    if (permissionAdvice(error)) throw error;
    throw notResumable(path, (error as Error).message.split("\n")[0]);
  }
}

function notResumable(path: string, reason: string): UsageError {
  return new UsageError(
    `Cannot go on from ${path}: ${reason}; --restart begins anew, --out DIR keeps both`,
  );
}

/** What the learner is asked for, as far as flags tell. */
function optionsOf(flags: FlagValues<typeof FLAGS>, cols: number): PathDictionaryOptions {
  const { latents, seed, rounds, searches, cycles, polish, lambdaStart, lambdaEnd, start } = flags;
  const isAuto = latents === "auto";
  if (!isAuto && flags.atMost !== undefined) {
    throw new UsageError(`--at-most must go with --latents auto, got --latents ${latents}`);
  }
  const dInit = start === undefined
    ? undefined
    : atPlace("--start must be readable", start, () => readMatrix(start));
  if (dInit && dInit.rows !== cols) {
    throw new UsageError(
      `--start must have the ${cols} columns of --data as rows, got ${dInit.rows} × ${dInit.cols}`,
    );
  }
  const atMost = !isAuto ? undefined : flags.atMost ?? (dInit ? undefined : 4 * cols);
  const given = { atMost, rounds, lambdaStart, lambdaEnd, dInit };
  return {
    ...{ numLatents: latents, seed, searches, cycles, polish, nonneg: !flags.signed },
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  };
}

/**
 * Rounds of a run, at most, if no search follows on those of its history.
 *
 * @throws {UsageError} Where the library refuses the options.
 */
function roundsOf(
  { X, options, state }: Pick<LearnRequest, "X" | "options" | "state">,
  history: readonly PathRound[],
): number {
  const searches = history.filter(({ phase }, i) => {
    return phase === "search" && history[i - 1]?.phase !== "search";
  }).length;
  try {
    return mostRounds(X.rows, X.cols, { ...options, searches });
  } catch (error) {
    throw refusal((error as Error).message, state);
  }
}

/** Learns in a worker; the dictionary alone where the signal ends it. */
async function inWorker(
  request: Omit<LearnRequest, "ends">,
  signal: AbortSignal,
  onRound: (round: PathRound) => void,
): Promise<PathDictionary | Matrix32> {
  return await callWorker<LearnAnswer, PathDictionary | Matrix32>({
    module: new URL("./learn_worker.ts", import.meta.url),
    request: { ...request, ends: endOf(signal) } satisfies LearnRequest,
    onAnswer(answer, { resolve, reject }) {
      if ("round" in answer) onRound(answer.round);
      else if ("result" in answer) resolve(answer.result);
      else if ("partial" in answer) resolve(answer.partial);
      else if ("refused" in answer) reject(refusal(answer.refused, request.state));
      else reject(new Error(answer.failed));
    },
  });
}

/** What the library refuses, in words of the command. */
function refusal(message: string, state: string): UsageError {
  const [, ofState] = message.match(/^resume must be of the same learning: (.*)/) ?? [];
  return ofState
    ? notResumable(state, ofState)
    : new UsageError(withFlags(message, FLAGS, OPTION_FLAGS));
}

function codesWriter({ codes }: PathDictionary): Writers {
  return { "codes.npz": (path) => writeCsr(path, codes) };
}

function rowsWriter(chosen: Int32Array): Writers {
  const data = Float64Array.from(chosen);
  return { "rows.npy": (path) => writeNpy(path, { rows: data.length, cols: 1, data }) };
}

/** The signs that docs/dictionary.md tells of, and what they say. */
interface Signals {
  /** Share of the rows' sum of squares (after the mean is taken off) that codes of the last round explain. */
  explained: number;
  /** Codes of a row in the last round. */
  codesPerRow: number;
  /** Share of atoms that stand for a single row at the end of the search. */
  single: number;
  /** Smallest margin of an atom that stays, and the median, where there was pruning. */
  leastMargin?: number;
  medianMargin?: number;
  /** What of it calls for doubt, in words. */
  doubts: string[];
}

/** Which flag says how many atoms there are, or may be. */
function widthFlagOf({ latents, start }: FlagValues<typeof FLAGS>): string {
  if (latents !== "auto") return "--latents";
  return start === undefined ? "--at-most" : "--start";
}

function signalsOf(
  history: readonly PathRound[],
  X: Matrix32,
  { margins, tooWide, widthFlag }: Pick<PathDictionary, "margins" | "tooWide"> & {
    /** The flag that says how many atoms there are, or may be. */
    widthFlag: string;
  },
): Signals {
  const last = history.at(-1)!;
  const { participation: { single } } = history.findLast(({ phase }) => phase === "search")!;
  let squares = 0;
  for (const value of X.data) squares += value * value;
  const explained = 1 - last.meanSquare / (squares / X.data.length);
  const sorted = margins?.toSorted(), leastMargin = sorted?.[0];
  const medianMargin = sorted?.[sorted.length >> 1];
  const bound = NEAR_LIMIT * marginLimit(X.cols);
  const close = sorted?.filter((margin) => margin < bound).length ?? 0;
  const doubts = [
    ...(single >= MANY_SINGLE
      ? [
        `${
          (100 * single).toFixed(0)
        } % of the atoms stand for a single row: they were not found; ` +
        "give more rows or more --rounds",
      ]
      : []),
    ...(sorted && close > MANY_NEAR * sorted.length
      ? [
        `${close} of ${sorted.length} atoms are hardly needed (margin below ${
          bound.toFixed(2)
        }): their number is ` +
        `not settled; try another ${widthFlag}`,
      ]
      : []),
    ...(tooWide
      ? [
        "the start was too wide for so few rows: some atoms are false, others missing; " +
        `give fewer with ${widthFlag}, or more rows`,
      ]
      : []),
    ...(last.phase === "polish" && missesAtoms(history, X.cols)
      ? [
        `${last.codesPerSample.toFixed(0)} codes of a row are more than ${X.cols} columns bear (${
          mostCodes(X.cols, last.atoms).toFixed(0)
        }): the atoms were not found; give --cycles, more --searches or more rows, or ask deno task consensus what several --seed find`,
      ]
      : []),
    ...(explained < 0.5
      ? [`only ${(100 * explained).toFixed(0)} % of the rows' variance is explained`]
      : []),
  ];
  return { explained, codesPerRow: last.codesPerSample, single, leastMargin, medianMargin, doubts };
}

function rowOf({ participation, ...round }: PathRound): Row {
  return {
    method: "dl_path",
    ...{ round: round.round, phase: round.phase, lambda: round.lambda, loss: round.loss },
    ...{ mean_square: round.meanSquare, codes_per_row: round.codesPerSample },
    ...{ atoms: round.atoms, restarts: round.restarts, single: participation.single },
  };
}

function curves(rows: readonly Row[]): string {
  const x = { x: "round", xLabel: "round" };
  return figure([
    lines(rows, { ...x, y: "mean_square", yLabel: "mean squared error" }),
    lines(rows, { ...x, y: "codes_per_row", yLabel: "codes of a row" }),
    lines(rows, { ...x, y: "atoms", yLabel: "atoms" }),
    lines(rows, { ...x, y: "single", yLabel: "single-row atoms, share" }),
  ], { title: "Learning a dictionary", columns: 2, caption: "One run; search, polish, pruning." });
}

function summaryText(
  { out, atoms, learnedFrom, cols, seconds, signals, written }: {
    out: string;
    atoms: number;
    learnedFrom: number;
    cols: number;
    seconds: number;
    signals: Signals;
    written: string[];
  },
): string {
  return [
    `${atoms} atoms from ${learnedFrom} × ${cols} in ${duration(seconds)}`,
    alignColumns([
      ["explained", "codes a row", "single", "least margin"],
      [
        ...[signals.explained.toPrecision(4), signals.codesPerRow.toPrecision(4)],
        ...[signals.single.toPrecision(2), signals.leastMargin?.toPrecision(3) ?? "–"],
      ],
    ]),
    ...signals.doubts.map((doubt) => `Doubt: ${doubt}`),
    `${written.length} files in ${printable(out)}`,
  ].join("\n");
}
