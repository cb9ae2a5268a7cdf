/**
 * The worker in which `audit.ts` reads and computes: both are long synchronous work, and the command must
 * hear of Ctrl-C meanwhile.
 * @module
 */
import { FileError } from "../lib/atomic_file.ts";
import { type Audit, type AuditOptions, type AuditParts, auditSae } from "../lib/audit.ts";
import { firstRows, type Matrix } from "../lib/matrix.ts";
import { type MatrixFile, openMatrix } from "../lib/matrix_stream.ts";
import { digestOf } from "../lib/numeric/digest.ts";
import { type OpenedSae, openSae } from "../lib/open_sae.ts";
import { RandomState } from "../lib/random.ts";
import { UsageError } from "../lib/sweep/flags.ts";
import { permissionAdvice } from "../lib/sweep/permissions.ts";
import { openActivations } from "./activations.ts";

/** What is to be audited, first; the values of flags of the same names. */
export interface AuditRequest {
  sae: string;
  scalingFactor?: number;
  data: readonly string[];
  key?: string;
  labels?: string;
  labelsKey?: string;
  rows: number;
  block: number;
  seed: number;
  /** Whether there are to be no notes. */
  quiet: boolean;
  /** How, but for what the files hold. */
  options: AuditOptions;
}

/** What an audit is of, as it was found in the files. */
export interface Opened {
  format: string;
  architecture: string;
  width: number;
  /** Rows that are looked at, and those of the files. */
  rows: number;
  rowsInFile: number;
  /** Lines for the user about how the files were read. */
  notes: string[];
  /** What the parts depend on: those of the same key only are parts of the same audit. */
  key: string;
}

/** Then the parts that an earlier run has done: the audit begins. */
export interface AuditBegin {
  done?: Partial<AuditParts>;
}

/** What the command is told, in this order; a refusal ends all. */
export type AuditAnswer =
  | { opened: Opened }
  | { share: number; part: keyof AuditParts }
  | { parts: Partial<AuditParts> }
  | { audit: Audit }
  | { refused: { name: string; message: string } }
  | { failed: string };

const port = self as unknown as {
  onmessage: (event: MessageEvent<AuditRequest | AuditBegin>) => void;
  postMessage(answer: AuditAnswer): void;
};

let audit: (done: AuditBegin["done"]) => Audit;

port.onmessage = ({ data }) => {
  try {
    if ("sae" in data) port.postMessage({ opened: open(data) });
    else port.postMessage({ audit: audit(data.done) });
  } catch (error) {
    const { name, message, stack } = error as Error;
    const isTold = [UsageError, RangeError, FileError].some((kind) => error instanceof kind);
    port.postMessage(
      isTold || permissionAdvice(error) ? { refused: { name, message } } : { failed: `${stack}` },
    );
  }
};

/** Opens and reads what is asked for. */
function open(request: AuditRequest): Opened {
  const { sae: path, scalingFactor } = request;
  const sae = fromFile(
    "--sae must be an autoencoder",
    path,
    () => openSae(path, { scalingFactor }),
  );
  requireAuditable(sae, path);
  const { X, labels, total, notes } = readRows(request, sae);
  const options = { ...request.options, labels };
  audit = (done) =>
    auditSae(sae, X, {
      ...{ ...options, done },
      onPart: (parts) => port.postMessage({ parts }),
      onProgress: (done, total, part) => port.postMessage({ share: done / total, part }),
    });
  const { format, architecture, width } = sae;
  return {
    ...{ format, architecture, width, rows: X.rows, rowsInFile: total, notes },
    key: fingerprint(sae, X, options),
  };
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
  { data, labels, key, labelsKey, rows, block, seed, quiet }: AuditRequest,
  sae: OpenedSae,
): { X: Matrix; labels?: Matrix; total: number; notes: string[] } {
  const notes: string[] = [];
  using opened = openActivations({ data, key, quiet }, (line) => notes.push(line));
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
  if (labels === undefined) return { X, total, notes };
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
  return { X, labels: readChosen(told, chosen), total, notes };
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

/** Rises with every change of what the parts hold. */
const VERSION = 1;

/** What an audit depends on, as a text. */
function fingerprint(sae: OpenedSae, X: Matrix, { labels, ...options }: AuditOptions): string {
  const codes = sae.encodeSparse(firstRows(X, 64));
  const digests = [X.data, sae.dictionary.data, sae.bias, codes.data, labels?.data]
    .map((values) => values ? digestOf(values) : "none");
  return JSON.stringify([VERSION, ...digests, options]);
}
