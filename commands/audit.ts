/**
 * `deno task audit`: does this autoencoder's encoder find what its own dictionary allows?
 *
 * Permissions: read on the autoencoder, the activations and the labels; write on the folder of the page.
 * @module
 */
import { join } from "node:path";
import { FileError, writeAtomic } from "../lib/atomic_file.ts";
import {
  type Audit,
  type AuditedSae,
  type AuditOptions,
  type AuditParts,
  auditSae,
} from "../lib/audit.ts";
import { firstRows, type Matrix } from "../lib/matrix.ts";
import { type MatrixFile, openMatrix } from "../lib/matrix_stream.ts";
import { digestOf } from "../lib/numeric/digest.ts";
import { type OpenedSae, openSae } from "../lib/open_sae.ts";
import { RandomState } from "../lib/random.ts";
import { printable } from "../lib/results.ts";
import { type Command, runCommand } from "../lib/sweep/command.ts";
import { type FlagValues, UsageError } from "../lib/sweep/flags.ts";
import { decimal, file, folder, integer, listOf, text } from "../lib/sweep/kinds.ts";
import { permissionAdvice } from "../lib/sweep/permissions.ts";
import { atPlace, requireWritableFolder } from "../lib/sweep/places.ts";
import { createMeter } from "../lib/sweep/progress.ts";
import { DATA_FLAGS, openActivations, withFlags } from "./activations.ts";
import { type AuditHeading, auditPage } from "./audit_page.ts";
import { auditText, few } from "./audit_text.ts";
import { lockOutput } from "./output_lock.ts";

const count = integer({ min: 1 });

const FLAGS = {
  sae: {
    about: "the autoencoder: a folder of SAELens, Gemma Scope and others, or a file of ours",
    kind: text("DIR", "a path"),
    required: true,
  },
  ...DATA_FLAGS,
  labels: {
    about: "labels of the rows, for probes: one or several columns of integers",
    kind: file,
  },
  out: { about: "folder of audit.html and audit.json", kind: folder, default: "audit" },
  rows: {
    about: "most rows of the file to look at, drawn at random",
    kind: count,
    default: 25_000,
  },
  heldOut: {
    about: "share of them that is held out",
    kind: decimal({ above: 0, below: 1 }),
    default: 0.2,
  },
  last: { about: "hold out the last rows, as `train` does, instead of rows drawn at random" },
  block: {
    about: "consecutive rows that stay together, such as those of one text",
    kind: count,
    default: 1,
  },
  seed: { about: "seed of all draws", kind: integer({ min: 0, max: 2 ** 32 - 1 }), default: 0 },
  holdOut: {
    about:
      "values of the first two columns of labels whose combination is held out (default: the " +
      "best balanced one)",
    kind: listOf(integer()),
  },
  testRows: { about: "most held-out rows to code", kind: count, default: 4000 },
  trainRows: { about: "most other rows to learn from", kind: count, default: 20_000 },
  probeRows: { about: "most of them to fit probes on", kind: count, default: 4000 },
  learned: {
    about: "most atoms of the learned dictionary; 0 learns none",
    kind: integer({ min: 0 }),
    default: 1024,
  },
  duplicates: {
    about: "cosine from which on two atoms are duplicates",
    kind: decimal({ above: 0, max: 1 }),
    default: 0.9,
  },
  labelsKey: { about: "the same for the file of labels", kind: text("NAME", "a name") },
  scalingFactor: {
    about: "what training multiplied the activations by, where SAELens' file does not tell",
    kind: decimal({ above: 0 }),
  },
  fresh: { about: "begin anew, whatever an interrupted audit has left" },
  json: { about: "print all numbers as JSON" },
  quiet: { about: "no progress" },
} as const;

/** The command, for its usage and for the completion of a shell. */
export const command: Command<typeof FLAGS> = {
  task: "audit",
  action: "audit",
  about:
    `Holds an autoencoder's encoder against sparse coding (Lasso, matching pursuit) on its own decoder, and on
a dictionary learned from the same rows: explained variance against L0 on held-out rows, the
amortisation gap per latent, dead and duplicate atoms, uses beside the counting bound, and with labels
linear probes in distribution and on a held-out combination. Writes one page and one JSON. An audit
that is interrupted goes on where it was.`,
  flags: FLAGS,
  closing: `Exit code: 0 written, 2 bad usage or unusable files (then nothing was written).
Example: deno task audit --sae my_sae --data acts.npy --labels labels.npy`,
  dependent: [["holdOut", "labels"], ["labelsKey", "labels"]],
};

type Values = FlagValues<typeof FLAGS>;

/** Flags of the library's options that are named otherwise there. */
const OPTION_FLAGS = { learnedLatents: "learned", duplicateCosine: "duplicates" };

/** What an interrupted audit leaves in its folder. */
const STATE = ".audit.state.json";

/** Rises with every change of what the parts hold. */
const VERSION = 1;

/** What is being done, for the progress. */
const WORDS: Record<keyof AuditParts, string> = {
  encoder: "encoding",
  atoms: "comparing atoms",
  usage: "counting uses",
  decoder: "sparse coding on the decoder",
  latents: "comparing codes",
  probes: "probing",
  learned: "learning a dictionary",
};

if (import.meta.main) await runCommand(command, writeAudit);

/** Does it, with the values of the flags. */
export function writeAudit(values: Values): void {
  const { out, quiet, holdOut, sae: path } = values;
  if (holdOut && holdOut.length !== 2) {
    throw new UsageError(`--hold-out must be two integers, got ${holdOut.length}`);
  }
  const sae = fromFile(
    "--sae must be an autoencoder",
    path,
    () => openSae(path, { scalingFactor: values.scalingFactor }),
  );
  requireAuditable(sae, path);
  const { X, labels, total } = readRows(values, sae);
  requireWritableFolder("--out", out);
  using _lock = lockOutput(out);

  const options: AuditOptions = {
    ...{ seed: values.seed, heldOut: values.heldOut, block: values.block, labels },
    ...{ testRows: values.testRows, trainRows: values.trainRows, probeRows: values.probeRows },
    ...{ learnedLatents: values.learned, duplicateCosine: values.duplicates },
    last: values.last,
    holdOut: holdOut && [holdOut[0], holdOut[1]],
  };
  const state = join(out, STATE), key = fingerprint(sae, X, options);
  const done = values.fresh ? undefined : readState(state, key);
  if (done && !quiet) console.error(`Goes on after ${Object.keys(done).join(", ")}`);

  const meter = createMeter({ quiet }), started = performance.now();
  let audit: Audit;
  try {
    audit = auditSae(sae, X, {
      ...{ ...options, done },
      onPart: (parts) => writeAtomic(state, JSON.stringify({ key, parts })),
      onProgress: (done, total, part) => meter.tell(done / total, WORDS[part]),
    });
  } catch (error) {
    throw error instanceof RangeError
      ? new UsageError(withFlags(error.message, FLAGS, OPTION_FLAGS))
      : error;
  } finally {
    meter.stop();
  }
  const heading: AuditHeading = {
    sae: path,
    data: values.data.join(", "),
    facts: [
      ["Kind", `${sae.format}, ${sae.architecture}, ${few(sae.width)} latents`],
      ["Rows", `${few(X.rows)} of ${few(total)}, ${few(audit.sizes.testRows)} held out`],
      ...(values.labels ? [["Labels", values.labels] as const] : []),
      ["Seed", String(values.seed)],
    ],
  };
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  const { labels: _, ...settings } = options;
  const content = {
    ...{
      sae: path,
      data: values.data,
      labels: values.labels,
      rowsInFile: total,
      settings,
      seconds,
    },
    ...{ format: sae.format, architecture: sae.architecture, ...audit },
  };
  const numbers = `${JSON.stringify(content, null, 1)}\n`;
  atPlace("--out must be a folder to write to", out, () => {
    writeAtomic(join(out, "audit.json"), numbers);
    writeAtomic(join(out, "audit.html"), auditPage(audit, heading));
    Deno.removeSync(state);
  });
  console.log(
    values.json
      ? numbers.trimEnd()
      : printableLines(`${auditText(audit, path)}\n\n${join(out, "audit.html")}`),
  );
}

function printableLines(words: string): string {
  return words.split("\n").map(printable).join("\n");
}

/** Opens what a flag names: whatever is wrong with the file is told in one line. */
function fromFile<T>(rule: string, path: string, open: () => T): T {
  try {
    return open();
  } catch (error) {
    if (error instanceof FileError || permissionAdvice(error)) throw error;
    const [reason] = (error as Error).message.split("\n");
    throw new UsageError(`${rule}, got "${path}" (${reason})`);
  }
}

/** The audit needs a reconstruction that is dictionary·codes + bias. */
function requireAuditable(sae: OpenedSae, path: string): void {
  const refuse = (what: string) => {
    throw new UsageError(
      `--sae must be an autoencoder whose reconstruction is its decoder times the codes plus a bias, got ` +
        `"${path}": ${what}`,
    );
  };
  if (sae.outputDim !== sae.inputDim || /transcoder/i.test(sae.architecture)) {
    refuse(`a transcoder, ${sae.architecture}`);
  }
  const none = { rows: 1, cols: sae.width, indptr: Int32Array.of(0, 0) };
  try {
    sae.decode({ ...none, indices: new Int32Array(0), data: new Float32Array(0) });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    refuse(error.message.split(": ").at(-1)!);
  }
}

/** Rows of the files: all, or as many as `--rows` says, drawn at random in blocks. */
function readRows(
  { data, labels, key, labelsKey, rows, block, seed }: Values,
  sae: AuditedSae & { inputDim: number },
): { X: Matrix; labels?: Matrix; total: number } {
  using opened = openActivations({ data, key });
  const { matrix: acts } = opened, named = data.join(",");
  if (acts.cols !== sae.inputDim) {
    throw new UsageError(
      `--data must have the ${sae.inputDim} columns that the autoencoder takes, got ${acts.cols} in "${named}"`,
    );
  }
  if (acts.rows < 20) {
    throw new UsageError(`--data must have at least 20 rows, got ${acts.rows} in "${named}"`);
  }
  const chosen = chooseRows(acts.rows, { rows, block, seed });
  const X = readChosen(acts, chosen), total = acts.rows;
  if (labels === undefined) return { X, total };
  using told = fromFile(
    "--labels must be a matrix",
    labels,
    () => openMatrix(labels, { key: labelsKey }),
  );
  if (told.rows !== acts.rows) {
    throw new UsageError(
      `--labels must have a row for each of the ${acts.rows} of --data, got ${told.rows} in "${labels}"`,
    );
  }
  return { X, labels: readChosen(told, chosen), total };
}

/** Ascending rows; blocks of consecutive ones are drawn together. */
function chooseRows(
  total: number,
  { rows, block, seed }: { rows: number; block: number; seed: number },
): Int32Array {
  if (total <= rows) return Int32Array.from({ length: total }, (_, i) => i);
  const blocks = Math.ceil(total / block), wanted = Math.max(1, Math.floor(rows / block));
  const drawn = new RandomState(seed).permutation(blocks).slice(0, wanted).sort();
  return Int32Array.from(
    [...drawn].flatMap((place) =>
      Array.from({ length: Math.min(block, total - place * block) }, (_, i) => place * block + i)
    ),
  );
}

/** Ascending rows of a file, consecutive ones by one read. */
function readChosen(file: MatrixFile, chosen: Int32Array): Matrix {
  if (chosen.length === file.rows) return file.read(0, file.rows);
  let data: Matrix["data"] | undefined;
  for (let i = 0, end = 0; i < chosen.length; i = end) {
    for (end = i + 1; end < chosen.length && chosen[end] === chosen[end - 1] + 1; end++);
    const part = file.read(chosen[i], end - i);
    data ??= part.data instanceof Float32Array
      ? new Float32Array(chosen.length * file.cols)
      : new Float64Array(chosen.length * file.cols);
    data.set(part.data, i * file.cols);
  }
  return { rows: chosen.length, cols: file.cols, data: data! };
}

/** What an audit depends on, as a text: parts are those of the same one only. */
function fingerprint(sae: OpenedSae, X: Matrix, { labels, ...options }: AuditOptions): string {
  const codes = sae.encodeSparse(firstRows(X, 64));
  const digests = [X.data, sae.dictionary.data, sae.bias, codes.data, labels?.data]
    .map((values) => values ? digestOf(values) : "none");
  return JSON.stringify([VERSION, ...digests, options]);
}

/** Parts that an interrupted audit of the same has left. */
function readState(path: string, key: string): Partial<AuditParts> | undefined {
  try {
    const content = JSON.parse(Deno.readTextFileSync(path));
    return content.key === key ? content.parts : undefined;
  } catch (error) {
    // of a damaged file, which only another program can have left, nothing is taken
    if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
