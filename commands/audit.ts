/**
 * `deno task audit`: does this autoencoder's encoder find what its own dictionary allows?
 *
 * Permissions: read on the autoencoder, the activations, the labels and this toolkit's files, for the worker
 * that computes; read and write on the folder of the page.
 * @module
 */
import { join } from "node:path";
import { FileError, writeAtomic } from "../lib/atomic_file.ts";
import type { Audit, AuditOptions, AuditParts } from "../lib/audit.ts";
import { printable } from "../lib/results.ts";
import { type Command, runCommand } from "../lib/sweep/command.ts";
import { type FlagValues, UsageError } from "../lib/sweep/flags.ts";
import { watchForInterruption } from "../lib/sweep/interruption.ts";
import { decimal, file, folder, integer, listOf, text } from "../lib/sweep/kinds.ts";
import { atPlace } from "../lib/sweep/places.ts";
import { createMeter } from "../lib/sweep/progress.ts";
import { codeAfter, DATA_FLAGS, withFlags } from "./activations.ts";
import { type AuditHeading, auditPage } from "./audit_page.ts";
import { auditText, few } from "./audit_text.ts";
import type { AuditAnswer, AuditBegin, AuditRequest, Opened } from "./audit_worker.ts";
import { lockOutput } from "./output_lock.ts";
import { callWorker } from "./worker_call.ts";

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
  maxSeconds: {
    about: "end after so long, to go on later with the parts that are done",
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
linear probes in distribution and on a held-out combination. Writes one page and one JSON. After an
interruption of any kind the same command goes on after the parts that are done.`,
  flags: FLAGS,
  closing:
    `Exit code: 0 written, 1 interrupted, 2 bad usage or unusable files (then nothing was written),
3 --max-seconds are over; after 1 and 3 the same command goes on.
Example: deno task audit --sae my_sae --data acts.npy --labels labels.npy`,
  dependent: [["holdOut", "labels"], ["labelsKey", "labels"]],
};

type Values = FlagValues<typeof FLAGS>;

/** Flags of the library's options that are named otherwise there. */
const OPTION_FLAGS = { learnedLatents: "learned", duplicateCosine: "duplicates" };

/** What an interrupted audit leaves in its folder. */
const STATE = ".audit.state.json";

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
export async function writeAudit(values: Values): Promise<number> {
  const { out, quiet, holdOut, sae: path } = values;
  if (holdOut && holdOut.length !== 2) {
    throw new UsageError(`--hold-out must be two integers, got ${holdOut.length}`);
  }
  const options: AuditOptions = {
    ...{ seed: values.seed, heldOut: values.heldOut, block: values.block },
    ...{ testRows: values.testRows, trainRows: values.trainRows, probeRows: values.probeRows },
    ...{ learnedLatents: values.learned, duplicateCosine: values.duplicates },
    last: values.last,
    holdOut: holdOut && [holdOut[0], holdOut[1]],
  };
  const state = join(out, STATE), started = performance.now();
  using interruption = watchForInterruption(values.maxSeconds);
  const { signal } = interruption;
  using held = new DisposableStack();
  let meter = createMeter({ quiet }), parts: Partial<AuditParts> = {};
  let opened: Opened | undefined, audit: Audit;
  try {
    meter.tell(0, "reading");
    audit = await inWorker({ ...values, options }, signal, {
      onOpened(found) {
        opened = found;
        held.use(lockOutput(out));
        const done = values.fresh ? undefined : readState(state, found.key);
        meter.stop();
        meter = createMeter({ quiet });
        for (const note of found.notes) console.error(note);
        if (done && !quiet) console.error(`Goes on after ${Object.keys(done).join(", ")}`);
        return parts = done ?? {};
      },
      onParts(done) {
        parts = done;
        writeAtomic(state, JSON.stringify({ key: opened!.key, parts }));
      },
      onProgress(share, part) {
        // what is left is estimated from what this run does
        if (!(part in parts)) meter.tell(share, WORDS[part]);
      },
    }).finally(() => meter.stop());
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error;
    const done = Object.keys(parts);
    return codeAfter(
      signal,
      done.length === 0
        ? "Nothing was done yet"
        : `The same command goes on after ${done.join(", ")}`,
    );
  }
  const { format, architecture, width, rows, rowsInFile } = opened!;
  const heading: AuditHeading = {
    sae: path,
    data: values.data.join(", "),
    facts: [
      ["Kind", `${format}, ${architecture}, ${few(width)} latents`],
      ["Rows", `${few(rows)} of ${few(rowsInFile)}, ${few(audit.sizes.testRows)} held out`],
      ...(values.labels ? [["Labels", values.labels] as const] : []),
      ["Seed", String(values.seed)],
    ],
  };
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  const { data, labels } = values;
  const content = {
    ...{ sae: path, data, labels, rowsInFile, settings: options, seconds },
    ...{ format, architecture, ...audit },
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
  return 0;
}

/** What the command does while a worker audits. */
interface AuditEvents {
  /** The files are read: returns the parts that need not be computed again. */
  onOpened(opened: Opened): Partial<AuditParts>;
  /** A part is done; these are. */
  onParts(parts: Partial<AuditParts>): void;
  /** So much is done, and this is being done. */
  onProgress(share: number, part: keyof AuditParts): void;
}

/** Audits in a worker, which is left alone with what it is doing where the signal ends it. */
async function inWorker(
  request: AuditRequest,
  signal: AbortSignal,
  events: AuditEvents,
): Promise<Audit> {
  return await callWorker<AuditAnswer, Audit>({
    module: new URL("./audit_worker.ts", import.meta.url),
    request,
    until: signal,
    onAnswer(answer, { resolve, reject, reply }) {
      if ("opened" in answer) reply({ done: events.onOpened(answer.opened) } satisfies AuditBegin);
      else if ("parts" in answer) events.onParts(answer.parts);
      else if ("share" in answer) events.onProgress(answer.share, answer.part);
      else if ("audit" in answer) resolve(answer.audit);
      else if ("refused" in answer) reject(refusal(answer.refused));
      else reject(new Error(answer.failed));
    },
  });
}

/** The error that a worker has met, in words of the command. */
function refusal({ name, message }: { name: string; message: string }): Error {
  if (name === "RangeError") return new UsageError(withFlags(message, FLAGS, OPTION_FLAGS));
  const Kind = [FileError, Deno.errors.NotCapable].find((kind) => kind.name === name) ?? UsageError;
  return new Kind(message);
}

function printableLines(words: string): string {
  return words.split("\n").map(printable).join("\n");
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
