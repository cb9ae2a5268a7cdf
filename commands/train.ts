/**
 * `deno task train`: a sparse autoencoder on one's own activations, which need not fit into memory.
 *
 * Permissions: read on the activations; read and write on the folder of `--out`.
 * @module
 */
import { join } from "node:path";
import { kindOfPath, readPlainFile, writeAtomic } from "../lib/atomic_file.ts";
import { withoutScale } from "../lib/cores/sae_fold.ts";
import { figure, lines } from "../lib/figures.ts";
import type { Matrix } from "../lib/matrix.ts";
import type { MatrixFile } from "../lib/matrix_stream.ts";
import { OWN_WEIGHTS } from "../lib/open_sae/own.ts";
import { saveSaeLens } from "../lib/open_sae.ts";
import { alignColumns, formatRows, printable, type Row } from "../lib/results.ts";
import { SaeCheckpoint } from "../lib/sae_checkpoint.ts";
import { saveSae } from "../lib/sae_file.ts";
import { type Command, runCommand } from "../lib/sweep/command.ts";
import { type Flags, type FlagValues, UsageError } from "../lib/sweep/flags.ts";
import { watchForInterruption } from "../lib/sweep/interruption.ts";
import { decimal, folder, integer, oneOf } from "../lib/sweep/kinds.ts";
import { atPlace } from "../lib/sweep/places.ts";
import { createMeter, duration } from "../lib/sweep/progress.ts";
import { startThreads } from "../lib/threads.ts";
import { trainSaeStream } from "../lib/train_sae_stream.ts";
import type { SaePartialEntry } from "../lib/train_sae.ts";
import {
  codeAfter,
  DATA_FLAGS,
  type DataFile,
  heldOutRows,
  normFactor,
  openActivations,
  THREADS_FLAG,
} from "./activations.ts";
import { lockOutput } from "./output_lock.ts";
import { configOf, SAE_FLAGS, SAE_OPTION_FLAGS } from "./sae_flags.ts";
import { TrainingStream } from "./training_stream.ts";

const count = integer({ min: 0 }), positive = integer({ min: 1 });

const FLAGS = {
  ...DATA_FLAGS,
  out: {
    about: "folder of the autoencoder, its checkpoint and its history (default: " +
      "saes/TYPE-WIDTH-SEED)",
    kind: folder,
  },
  ...SAE_FLAGS,
  epochs: { about: "passes over the rows (default: 10)", kind: positive },
  steps: { about: "steps, instead of passes", kind: positive },
  heldOut: {
    about: "last rows, which are scored and not trained on (default: a tenth, 2000 at most)",
    kind: count,
  },
  normalize: {
    about:
      "whether rows are brought to the mean norm √m, by one factor, which the saved weights hold",
    kind: oneOf(["factor", "none"]),
    default: "factor",
  },
  poolRows: {
    about:
      "rows that are shuffled among each other, of which two pools are in memory (default: 128 MiB)",
    kind: positive,
  },
  logEvery: {
    about:
      "steps from one row of the history to the next, which scores the rows held out (default: a " +
      "hundredth of all, and thrice the rows held out)",
    kind: positive,
  },
  checkpointEvery: {
    about: "steps from one checkpoint to the next (default: one at each row of the history)",
    kind: positive,
  },
  ...THREADS_FLAG,
  maxSeconds: { about: "end after so long, to go on later", kind: decimal({ above: 0 }) },
  restart: { about: "begin anew in a folder that has a checkpoint" },
  quiet: { about: "no progress" },
  json: { about: "print the summary as JSON" },
} as const;

/** File of the training's state. */
const CHECKPOINT = "checkpoint.safetensors";

/** File of the factor of the rows, which takes a pass over them. */
const NORM_FACTOR = "norm_factor.json";

/** The command, for its usage and for the completion of a shell. */
export const command: Command<typeof FLAGS> = {
  task: "train",
  action: "train",
  about:
    `Trains a sparse autoencoder on activations of your own, of any size: rows are streamed and shuffled
in pools. The folder of --out gets ${OWN_WEIGHTS}, a folder's files for SAELens,
history.json, loss.svg and summary.json. The weights take your rows as they are. After an
interruption of any kind the same command goes on, by ${CHECKPOINT} and ${NORM_FACTOR},
and ends with the same bits.`,
  flags: { ...FLAGS, ...SAE_OPTION_FLAGS as Flags },
  exclusive: [["epochs", "steps"]],
  closing:
    `Exit code: 0 trained, 1 interrupted or diverged, 2 bad usage or unusable files, 3 --max-seconds
are over; after 1 and 3 the same command goes on.
Example: deno task train --data acts.npy --type topk --width 4096 --kval 32`,
};

/** The columns that are drawn, and their axes. */
const CURVES: readonly (readonly [column: string, label: string])[] = [
  ["held_out_explained", "explained, held out"],
  ["held_out_l0", "active latents, held out"],
  ["dead", "dead latents"],
];

if (import.meta.main) await runCommand(command, train);

/** What a training has come to: the summary. */
interface Summary {
  out: string;
  files: string[];
  rows: number;
  cols: number;
  heldOut: number;
  normFactor: number;
  config: object;
  steps: number;
  stepsDone: number;
  finished: boolean;
  seconds: number;
  /** The last row of the history. */
  last?: Row;
  written: string[];
}

/** Does it, with the values of the flags. */
export async function train(flags: FlagValues<typeof FLAGS>): Promise<number> {
  const { type, width, seed, batchSize, poolRows } = flags;
  const { out = join("saes", `${type}-${width}-${seed}`) } = flags;
  using activations = openActivations(flags);
  const { matrix, files } = activations;
  const heldOut = heldOutRows(matrix.rows, flags.heldOut), rows = matrix.rows - heldOut;
  const steps = flags.steps ?? (flags.epochs ?? 10) * Math.ceil(rows / batchSize);
  const every = flags.logEvery ??
    Math.min(steps, Math.max(Math.ceil(steps / 100), Math.ceil(3 * heldOut / batchSize)));
  const config = configOf(flags, Math.ceil(steps / every), {
    inputDim: matrix.cols,
    scoresId: heldOut > 0,
  });
  using _lock = lockOutput(out);
  const path = (name: string) => join(out, name);
  if (flags.restart && kindOfPath(path(CHECKPOINT))) Deno.removeSync(path(CHECKPOINT));

  using interruption = watchForInterruption(flags.maxSeconds);
  const { signal } = interruption, started = performance.now();
  // alone, the memory that threads share is not needed: it grows by blocks that were read
  using _threads = flags.threads > 1 ? await startThreads(flags.threads) : undefined;
  const meter = createMeter(flags);
  try {
    const factor = flags.normalize === "none" ? 1 : await knownFactor(path(NORM_FACTOR), {
      ...{ matrix, files, key: flags.key, rows, signal, quiet: flags.quiet },
    });
    let explained = "";
    const onStep = (done: number) =>
      meter.tell(done / steps, `step ${done} of ${steps}${explained}`);
    await using stream = new TrainingStream({
      ...{ matrix, rows, batchSize, seed, poolRows, factor, steps, every, onStep },
    });
    const { checkpointEvery } = flags;
    const { sae, history } = await trainSaeStream(
      { train: stream, ...heldOut > 0 && { id: scaled(matrix.read(rows, heldOut), factor) } },
      {
        ...config,
        ...{ signal, partial: true },
        checkpoint: new SaeCheckpoint(
          path(CHECKPOINT),
          checkpointEvery === undefined ? {} : { everySteps: checkpointEvery, everyEpochs: 0 },
        ),
        onEpoch({ entry }) {
          if (entry?.explainedId === undefined) return;
          explained = `, ${(100 * entry.explainedId).toFixed(1)} % of held-out variance explained`;
        },
      },
    );
    meter.stop();

    const table = history.map((entry) =>
      rowOf(entry, { every, steps, batchSize, rows, factor, type })
    );
    const last = table.at(-1), folded = factor === 1 ? sae : withoutScale(sae, factor);
    const names = files.map(({ path }) => path);
    const about = { files: names, rows: matrix.rows, heldOut, normFactor: factor };
    // what the library takes for epochs are rows of the history
    const { epochs: _, ...options } = config, saved = { ...options, steps, logEvery: every };
    saveSae(path(OWN_WEIGHTS), folded, { ...saved, ...about });
    const states = flags.normalize === "none" ? [CHECKPOINT] : [CHECKPOINT, NORM_FACTOR];
    const written = [OWN_WEIGHTS, ...states].map(path);
    // SAELens has no pursuit that uses each atom once
    if (type !== "MP") {
      saveSaeLens(out, folded, { metadata: { ...saved, ...about } });
      written.push(path("cfg.json"), path("sae_weights.safetensors"));
    }
    const write = (name: string, text: string) => {
      writeAtomic(path(name), text);
      written.push(path(name));
    };
    write("history.json", formatRows(table));
    if (table.length > 0) write("loss.svg", lossCurves(table));
    const finished = !signal.aborted;
    const summary: Summary = {
      ...{ out, ...about, cols: matrix.cols, config: saved, steps, finished },
      stepsDone: Math.max(stream.taken, Number(last?.step ?? 0)),
      seconds: (performance.now() - started) / 1000,
      ...{ last, written: [...written, path("summary.json")] },
    };
    write("summary.json", JSON.stringify(summary, null, 2) + "\n");
    console.log(flags.json ? JSON.stringify(summary, null, 2) : summaryText(summary));
  } catch (error) {
    meter.stop();
    if (!signal.aborted || error !== signal.reason) return told(error, path(CHECKPOINT));
  }
  return codeAfter(signal);
}

/** Our own words about a training that cannot go on are for the user, not for a trace. */
function told(error: unknown, checkpoint: string): number {
  const { message = "" } = error as Error;
  const ofState = message.startsWith("Cannot go on from ") ||
    message.startsWith(`Cannot read ${checkpoint} as safetensors`);
  if (ofState) throw new UsageError(`${message}; --restart begins anew, --out DIR keeps both`);
  if (!message.startsWith("Cannot go on training")) throw error;
  console.error(printable(message));
  return 1;
}

/** The factor of an earlier run on the same rows, or that of a pass over them. */
async function knownFactor(
  path: string,
  { matrix, files, key, rows, signal, quiet }: {
    matrix: MatrixFile;
    files: DataFile[];
    key?: string;
    rows: number;
    signal: AbortSignal;
    quiet: boolean;
  },
): Promise<number> {
  const of = JSON.stringify({ files, key, rows });
  if (kindOfPath(path) === "file") {
    const known = atPlace(
      `--out must have a readable ${NORM_FACTOR}`,
      path,
      () => JSON.parse(new TextDecoder().decode(readPlainFile(path))),
    );
    if (JSON.stringify(known?.of) === of && known.factor > 0) return known.factor;
  }
  // of its own: what is left of the training follows from the training alone
  const meter = createMeter({ quiet });
  try {
    const factor = await normFactor(matrix, rows, { meter, signal });
    writeAtomic(path, JSON.stringify({ of: JSON.parse(of), factor }));
    return factor;
  } finally {
    meter.stop();
  }
}

function scaled(X: Matrix, factor: number): Matrix {
  for (let p = 0; p < X.data.length; p++) X.data[p] *= factor;
  return X;
}

/** An entry of the history as a row, with errors in the units of the activations. */
function rowOf(
  entry: SaePartialEntry,
  { every, steps, batchSize, rows, factor, type }: {
    every: number;
    steps: number;
    batchSize: number;
    rows: number;
    factor: number;
    type: string;
  },
): Row {
  const step = Math.min(steps, (entry.epoch + 1) * every), unit = factor ** 2;
  const ofPass = Math.ceil(rows / batchSize), passes = Math.floor(step / ofPass);
  const optional = {
    held_out_mse: entry.mseId === undefined ? undefined : entry.mseId / unit,
    held_out_explained: entry.explainedId,
    held_out_l0: entry.l0Id,
    dead: entry.dead,
    gamma_factor: entry.gammaFactor,
  };
  return {
    ...{ method: `sae_${type}`, step },
    samples: passes * rows + (step - passes * ofPass) * batchSize,
    ...{ train_mse: entry.trainRecon / unit, train_loss: entry.trainLoss },
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
  };
}

function lossCurves(rows: readonly Row[]): string {
  const errors = rows.flatMap(({ step, train_mse, held_out_mse }) => [
    { method: "training", step, mse: train_mse },
    ...held_out_mse === undefined ? [] : [{ method: "held out", step, mse: held_out_mse }],
  ]);
  const isLog = errors.every(({ mse }) => Number(mse) > 0);
  const x = { x: "step", xLabel: "step" };
  return figure([
    lines(errors, {
      ...x,
      ...{ y: "mse", yLabel: "mean squared error", yScale: isLog ? "log" : "linear" },
    }),
    ...CURVES.filter(([column]) => rows.some((row) => Number.isFinite(row[column])))
      .map(([column, label]) => lines(rows, { ...x, y: column, yLabel: label })),
  ], {
    title: "Training",
    columns: 2,
    caption: "One training. Errors in the units of the activations.",
  });
}

function summaryText({ out, rows, cols, heldOut, seconds, last, ...rest }: Summary): string {
  const { steps, stepsDone, written } = rest;
  const number = (name: string, digits = 4) =>
    typeof last?.[name] === "number" ? last[name].toPrecision(digits) : "–";
  const unexplained = heldOut > 0 && last && last.held_out_explained === undefined;
  return [
    `${stepsDone} of ${steps} steps in ${duration(seconds)} on ${rows - heldOut} × ${cols}, ` +
    `${heldOut} rows held out`,
    alignColumns([
      ["train mse", "held-out mse", "explained", "active latents", "dead latents"],
      [
        ...[number("train_mse"), number("held_out_mse"), number("held_out_explained")],
        ...[number("held_out_l0"), String(last?.dead ?? "–")],
      ],
    ]),
    ...unexplained
      ? [
        "The held-out rows do not differ: they have no variance to explain; another --held-out may",
      ]
      : [],
    `${written.length} files in ${printable(out)}`,
  ].join("\n");
}
