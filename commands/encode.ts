/**
 * `deno task encode`: sparse codes of one's own activations, by an autoencoder's encoder, or by the Lasso
 * or matching pursuit on its decoder or on any dictionary.
 *
 * Permissions: read on the activations and on what encodes them; read and write on the folder of `--out`.
 * @module
 */
import { dirname } from "node:path";
import { type AnyMatrix, isCsrMatrix } from "../lib/csr_matrix.ts";
import { digestOf } from "../lib/numeric/digest.ts";
import { lasso } from "../lib/lasso.ts";
import { addRow, columnNorms, type Matrix, normalizeColumns, transpose } from "../lib/matrix.ts";
import { readMatrix } from "../lib/matrix_file.ts";
import { omp } from "../lib/omp.ts";
import { partsOfOpened } from "../lib/open_sae/opened_sae.ts";
import { digestOfEncoder } from "../lib/open_sae/parts.ts";
import { openSae } from "../lib/open_sae.ts";
import { alignColumns, printable } from "../lib/results.ts";
import { type Command, runCommand } from "../lib/sweep/command.ts";
import { type FlagValues, UsageError } from "../lib/sweep/flags.ts";
import { watchForInterruption } from "../lib/sweep/interruption.ts";
import { decimal, file, folder, integer, oneOf, text } from "../lib/sweep/kinds.ts";
import { atPlace, requireWritableFile, requireWritableFolder } from "../lib/sweep/places.ts";
import { createMeter, duration } from "../lib/sweep/progress.ts";
import { startThreads } from "../lib/threads.ts";
import { codeAfter, DATA_FLAGS, openActivations, THREADS_FLAG } from "./activations.ts";
import { CodeFiles } from "./code_files.ts";

const METHODS = ["sae", "lasso", "omp"] as const;

const FLAGS = {
  ...DATA_FLAGS,
  sae: {
    about: "folder or file of an autoencoder, of any format that openSae opens",
    kind: folder,
  },
  dictionary: {
    about: "file of a dictionary, m × n or n × m: the data have m columns",
    kind: file,
  },
  dictionaryKey: { about: "name of the dictionary's array", kind: text("NAME", "a name") },
  atoms: {
    about: "whether the dictionary's atoms are its columns or rows (default: what fits the data)",
    kind: oneOf(["columns", "rows"]),
  },
  offset: {
    about: "file of m numbers that are taken from each row first, such as a mean (default: with " +
      "--sae the decoder's bias, else 0)",
    kind: file,
  },
  method: {
    about:
      "the autoencoder's own encoder, or what is solved on the dictionary (default: sae with --sae, " +
      "else lasso)",
    kind: oneOf(METHODS),
  },
  lambda: {
    about: "lasso: weight of the penalty, in units of the data",
    kind: decimal({ above: 0 }),
  },
  k: {
    about: "omp: most atoms of a row, chosen by what they explain, whatever their norms",
    kind: integer({ min: 1 }),
  },
  tol: {
    about:
      "lasso: largest duality gap over ½‖x‖² (default: 1e-4); omp: share of ‖x‖² that may be left " +
      "(default: 0)",
    kind: decimal({ min: 0 }),
  },
  signed: { about: "lasso, omp: codes may be below 0" },
  scalingFactor: {
    about:
      "what the training of a SAELens folder multiplied its inputs by, where that is not in it",
    kind: decimal({ above: 0 }),
  },
  out: {
    about: "file of the codes: .npz is sparse, for scipy.sparse.load_npz, .npy has their zeros",
    kind: text("FILE", "a path that ends in .npz or .npy", /.\.np[yz]$/s),
    default: "codes/codes.npz",
  },
  blockRows: {
    about: "rows that are coded at a time (default: 16 MiB of them, 64 to be solved)",
    kind: integer({ min: 1 }),
  },
  ...THREADS_FLAG,
  restart: { about: "begin anew where FILE.parts has codes of another kind" },
  maxSeconds: { about: "end after so long, to go on later", kind: decimal({ above: 0 }) },
  quiet: { about: "no progress" },
  json: { about: "print the summary as JSON" },
} as const;

/** The command, for its usage and for the completion of a shell. */
export const command: Command<typeof FLAGS> = {
  task: "encode",
  action: "encode",
  about:
    `Writes the codes of activations of your own, row by row, with one block in memory. What is done
stands in FILE.parts until all is: after an interruption of any kind the same command goes on.`,
  flags: FLAGS,
  exclusive: [["sae", "dictionary"]],
  dependent: [["dictionaryKey", "dictionary"], ["atoms", "dictionary"], ["scalingFactor", "sae"]],
  closing:
    `Exit code: 0 encoded, 1 interrupted, 2 bad usage or unusable files, 3 --max-seconds are over;
after 1 and 3 the same command goes on.
Example: deno task encode --data acts.npy --sae saes/mine --out codes/mine.npz`,
};

/**
 * Bytes of the rows of a block: more where what is known of a dictionary is computed anew for each. And
 * bytes of all its codes with their zeros.
 */
const BLOCK_BYTES = { sae: 2 ** 24, lasso: 2 ** 26, omp: 2 ** 26 }, CODES_BYTES = 2 ** 28;

/** A smaller norm of an atom counts as this. */
const NORM_FLOOR = 1e-8;

/** What turns rows into codes. */
interface Encoder {
  /** Codes per row. */
  width: number;
  /** What decides it, beside the flags. */
  digest: string;
  /** Codes of rows, and what is added up about them. */
  encode(X: Matrix): { codes: AnyMatrix; sums: Record<string, number> };
}

if (import.meta.main) await runCommand(command, encode);

/** Does it, with the values of the flags. */
export async function encode(flags: FlagValues<typeof FLAGS>): Promise<number> {
  const { out, threads } = flags, isSparse = out.endsWith(".npz");
  const method = flags.method ?? (flags.sae === undefined ? "lasso" : "sae");
  requireOptions(flags, method);
  using activations = openActivations(flags);
  const { matrix, files } = activations;
  const encoder = method === "sae"
    ? byAutoencoder(flags, matrix.cols, isSparse)
    : onDictionary(flags, method, matrix.cols, isSparse);
  requireWritableFolder("--out", dirname(out));
  requireWritableFile("--out", out);

  using interruption = watchForInterruption(flags.maxSeconds);
  const { signal } = interruption, started = performance.now();
  // alone, the memory that threads share is not needed: it grows by blocks that were read
  using _threads = threads > 1 ? await startThreads(threads) : undefined;
  const { key, lambda, k, tol, signed } = flags;
  const of = { files, key, method, lambda, k, tol, signed, isSparse, by: encoder.digest };
  using parts = new CodeFiles(`${out}.parts`, JSON.stringify(of), flags);
  const blockRows = flags.blockRows ?? Math.max(
    1,
    Math.floor(
      Math.min(BLOCK_BYTES[method] / (4 * matrix.cols), CODES_BYTES / (4 * encoder.width)),
    ),
  );
  const meter = createMeter(flags), resumed = parts.rows;
  try {
    const tell = () => meter.tell(parts.rows / matrix.rows, `row ${parts.rows} of ${matrix.rows}`);
    tell();
    for await (const X of matrix.blocks({ start: parts.rows, blockRows })) {
      if (signal.aborted) break;
      const { codes, sums } = encoder.encode(X);
      parts.append(codes, { ...sums, active: activeOf(codes) });
      release(X.data, codes.data, ...isCsrMatrix(codes) ? [codes.indices] : []);
      tell();
    }
  } finally {
    meter.stop();
  }
  const { rows, sums } = parts, finished = rows === matrix.rows;
  if (finished) parts.finish(out, { cols: encoder.width, isSparse });
  const seconds = (performance.now() - started) / 1000;
  const summary = {
    ...{
      out,
      method,
      files: files.map(({ path }) => path),
      rows: matrix.rows,
      cols: encoder.width,
    },
    ...{ rowsDone: rows, rowsBefore: resumed, finished, seconds },
    megabytesPerSecond: 4e-6 * (rows - resumed) * matrix.cols / seconds,
    activePerRow: rows > 0 ? sums.active / rows : undefined,
    ...(method === "lasso" && { rowsAboveTolerance: sums.uncertified ?? 0 }),
    ...(method === "omp" && rows > 0 && { residualShare: sums.residual / rows }),
  };
  console.log(flags.json ? JSON.stringify(summary, null, 2) : summaryText(summary));
  return finished ? 0 : codeAfter(signal);
}

/**
 * Gives the memory of a block back at once. The engine, which makes few objects meanwhile, collects blocks that
 * nobody has any more only when they are half a GiB.
 */
function release(...blocks: { buffer: ArrayBufferLike }[]): void {
  for (const buffer of new Set(blocks.map((block) => block.buffer as ArrayBuffer))) {
    buffer.transfer(0);
  }
}

/** Requires what a method needs, and nothing that it has no use for. */
function requireOptions(flags: FlagValues<typeof FLAGS>, method: typeof METHODS[number]): void {
  const { sae, dictionary, lambda, k, tol, offset, signed } = flags;
  if (sae === undefined && dictionary === undefined) {
    throw new UsageError("--sae or --dictionary must be a path, got neither");
  }
  const needs = (flag: string, value: unknown, of: readonly string[], required = true) => {
    if (of.includes(method)) {
      if (required && value === undefined) {
        throw new UsageError(`${flag} must be given with --method ${method}, got nothing`);
      }
    } else if (value !== undefined && value !== false) {
      throw new UsageError(
        `${flag} must go with --method ${of.join(" or ")}, got --method ${method}`,
      );
    }
  };
  needs("--sae", method === "sae" ? sae : undefined, ["sae"]);
  needs("--lambda", lambda, ["lasso"]);
  needs("--k", k, ["omp"]);
  needs("--tol", tol, ["lasso", "omp"], false);
  needs("--offset", offset, ["lasso", "omp"], false);
  needs("--signed", signed, ["lasso", "omp"], false);
}

function opened({ sae: path, scalingFactor }: FlagValues<typeof FLAGS>, cols: number) {
  const sae = atPlace(
    "--sae must be an autoencoder",
    path!,
    () => openSae(path!, scalingFactor === undefined ? {} : { scalingFactor }),
  );
  if (sae.inputDim === cols) return sae;
  throw new UsageError(
    `--sae must take the ${cols} columns of --data, got one for ${sae.inputDim} in "${path}"`,
  );
}

function byAutoencoder(
  flags: FlagValues<typeof FLAGS>,
  cols: number,
  isSparse: boolean,
): Encoder {
  const sae = opened(flags, cols);
  return {
    width: sae.width,
    digest: digestOfEncoder(partsOfOpened(sae)),
    encode: (X) => ({ codes: isSparse ? sae.encodeSparse(X) : sae.encode(X), sums: {} }),
  };
}

function onDictionary(
  flags: FlagValues<typeof FLAGS>,
  method: "lasso" | "omp",
  cols: number,
  isSparse: boolean,
): Encoder {
  const { D, bias } = flags.sae === undefined
    ? { D: dictionaryOf(flags, cols), bias: undefined }
    : decoderOf(flags, cols);
  const offset = flags.offset === undefined ? bias : vectorOf("--offset", flags.offset, cols);
  const shared = { nonneg: !flags.signed, output: isSparse ? "csr" : "dense" } as const;
  const { lambda = 0, k = 0, tol } = flags, tolerance = tol ?? 1e-4;
  // pursuit takes the atom of the largest correlation: of free norms that need not be the one that explains most
  const norms = method === "omp"
    ? columnNorms(D).map((norm) => Math.max(norm, NORM_FLOOR))
    : undefined;
  const atoms = norms ? normalizeColumns(D, NORM_FLOOR) : D;
  return {
    width: D.cols,
    digest: [atoms.data, norms, offset].map((values) => values ? digestOf(values) : "").join(" "),
    encode(X): ReturnType<Encoder["encode"]> {
      const centred = offset === undefined
        ? X
        : addRow(X, offset, -1, new Float32Array(X.data.length));
      if (norms) {
        const { codes, residuals } = omp(centred, atoms, { ...shared, k, tol: tol ?? 0 });
        divideByNorms(codes, norms);
        return { codes, sums: { residual: residuals.reduce((sum, share) => sum + share, 0) } };
      }
      const { codes, gaps } = lasso(centred, atoms, { ...shared, lambda, tol: tolerance });
      const above = gaps.reduce((count, gap) => count + Number(gap > tolerance), 0);
      return { codes, sums: { uncertified: above } };
    },
  };
}

/** Makes codes of unit atoms those of the atoms as they are, in place. */
function divideByNorms(codes: AnyMatrix, norms: Float64Array): void {
  const { data } = codes;
  for (let p = 0; p < data.length; p++) {
    data[p] /= norms[isCsrMatrix(codes) ? codes.indices[p] : p % codes.cols];
  }
}

/** The decoder of an autoencoder, and its bias. */
function decoderOf(flags: FlagValues<typeof FLAGS>, cols: number) {
  const sae = opened(flags, cols), isTranscoder = sae.outputDim !== cols;
  try {
    // without a code there is the bias alone, unless each sample is scaled, or skips
    const none = { rows: 1, cols: sae.width, data: new Float32Array(sae.width) };
    if (!isTranscoder) return { D: sae.dictionary, bias: sae.decode(none).data };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  throw new UsageError(
    `--method must be sae with an autoencoder that ${
      isTranscoder ? "is a transcoder" : "scales each row or has a skip connection"
    }, got ${flags.method}`,
  );
}

function dictionaryOf(
  { dictionary: path, dictionaryKey: key, atoms }: FlagValues<typeof FLAGS>,
  cols: number,
): Matrix {
  const M = atPlace("--dictionary must be readable", path!, () => readMatrix(path!, { key }));
  const isRows = atoms === undefined ? M.rows !== cols && M.cols === cols : atoms === "rows";
  const D = isRows ? transpose(M) : M;
  if (D.rows === cols) return D;
  throw new UsageError(
    `--dictionary must have atoms of the ${cols} columns of --data, got ${M.rows} × ${M.cols} in "${path}"`,
  );
}

function vectorOf(flag: string, path: string, length: number): Matrix["data"] {
  const { data } = atPlace(`${flag} must be readable`, path, () => readMatrix(path));
  if (data.length === length) return data;
  throw new UsageError(
    `${flag} must hold as many numbers as --data has columns, ${length}, got ${data.length}`,
  );
}

function activeOf(codes: AnyMatrix): number {
  if (isCsrMatrix(codes)) return codes.data.length;
  let active = 0;
  for (const code of codes.data) active += Number(code !== 0);
  return active;
}

function summaryText(summary: {
  out: string;
  rows: number;
  rowsDone: number;
  cols: number;
  seconds: number;
  megabytesPerSecond: number;
  activePerRow?: number;
  rowsAboveTolerance?: number;
  residualShare?: number;
}): string {
  const { out, rows, rowsDone, cols, seconds, megabytesPerSecond, activePerRow } = summary;
  const { rowsAboveTolerance, residualShare } = summary;
  return [
    alignColumns([
      ["rows", "latents", "active per row", "MB/s"],
      [
        ...[String(rowsDone), String(cols), activePerRow?.toPrecision(4) ?? "–"],
        megabytesPerSecond.toFixed(0),
      ],
    ]),
    ...(rowsAboveTolerance ? [`${rowsAboveTolerance} rows have a gap above the tolerance`] : []),
    ...(residualShare === undefined
      ? []
      : [`${(100 * residualShare).toPrecision(3)} % of ‖x‖² left`]),
    rowsDone === rows
      ? `${printable(out)} in ${duration(seconds)}`
      : `${printable(out)} is not yet made: ${rowsDone} of ${rows} rows`,
  ].join("\n");
}
