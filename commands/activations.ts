/**
 * Activations of one's own, as the commands take them: the flags, the files that they name, the rows
 * that are held out and the factor that brings the others to a norm.
 * @module
 */
import { join } from "node:path";
import { kindOfPath } from "../lib/atomic_file.ts";
import { type MatrixFile, openMatrix } from "../lib/matrix_stream.ts";
import { printable } from "../lib/results.ts";
import { flagName, type Flags, UsageError } from "../lib/sweep/flags.ts";
import type { Stop } from "../lib/sweep/interruption.ts";
import { integer, paths, text } from "../lib/sweep/kinds.ts";
import { atPlace } from "../lib/sweep/places.ts";
import type { Meter } from "../lib/sweep/progress.ts";

/** The flags that name activations. */
export const DATA_FLAGS = {
  data: {
    about:
      "activations, a row per sample: .npy, .npz, .safetensors, .pt or text; several files, or a " +
      "folder of them, are taken as one, row below row",
    kind: paths,
    required: true,
  },
  key: {
    about: "name of the array, where a file has several",
    kind: text("NAME", "a name"),
  },
} as const;

/** The flag of the threads that compute. */
export const THREADS_FLAG = {
  threads: {
    about: "threads that compute, worth it from about 1000 latents on",
    kind: integer({ min: 1, max: 256 }),
    default: 1,
  },
} as const;

/**
 * The exit code after a computation, with a line about an early end: 0 done, 1 interrupted, 3 where the
 * time that the user set is over.
 *
 * @param then What the line says of what is left.
 */
export function codeAfter(
  signal: AbortSignal,
  then = "The same command goes on from here",
): number {
  if (!signal.aborted) return 0;
  const { reason, isInterruption } = signal.reason as Stop;
  console.error(`Ended early: ${reason}. ${then}`);
  return isInterruption ? 1 : 3;
}

/** A file of activations, with what tells whether it has changed. */
export interface DataFile {
  /** Its path. */
  path: string;
  /** Its size in bytes. */
  bytes: number;
  /** When it was written, in milliseconds since 1970. */
  written: number;
}

/** Activations that are open: close them, or declare them with `using`. */
export interface Activations extends Disposable {
  /** The rows. */
  matrix: MatrixFile;
  /** The files that they are in. */
  files: DataFile[];
}

/**
 * A message of the library with flags in place of options: of the one that it begins with, and of those further on
 * that can be nothing else, by a capital, a name of their own or " = " and a value.
 *
 * @param names Flags of options that are named otherwise.
 */
export function withFlags(
  message: string,
  flags: Flags,
  names: Readonly<Record<string, string>> = {},
): string {
  const renamed: Record<string, string> = { X: "data", ...names };
  // not in a path
  return message.replace(/(?<![\w/.-])\w+(?![\w/-])/g, (word, place: number) => {
    const rest = message.slice(place + word.length), isRenamed = Object.hasOwn(renamed, word);
    const isOption = place === 0 || rest.startsWith(" = ") ||
      (isRenamed || /[a-z][A-Z]/.test(word)) && !rest.startsWith(".");
    const flag = isRenamed ? renamed[word] : word;
    return isOption && Object.hasOwn(flags, flag) ? `--${flagName(flag)}` : word;
  });
}

/** What a folder of activations is searched for. */
const ENDINGS = /\.(npy|npz|safetensors|pt|pth|csv|tsv|txt)$/i;

/**
 * Opens what `--data` and `--key` name.
 *
 * @param tell Takes a line about what was taken for names, unless `--quiet` was given.
 * @throws {UsageError} One line with the flag, the path and the reason.
 */
export function openActivations(
  { data, key, quiet }: { data: readonly string[]; key?: string; quiet: boolean },
  tell: (line: string) => void = console.error,
): Activations {
  const whole = data.join(",");
  return atPlace("--data must be readable", whole, () => {
    const files = data.flatMap((path) => kindOfPath(path) === "folder" ? filesIn(path) : [path])
      .map((path) => {
        const { size, mtime } = Deno.statSync(path);
        return { path, bytes: size, written: mtime?.getTime() ?? 0 };
      });
    const matrix = openMatrix(files.map(({ path }) => path), { key });
    if (matrix.rows * matrix.cols === 0) {
      matrix[Symbol.dispose]();
      throw new Error(`it must hold values, it holds ${matrix.rows} × ${matrix.cols}`);
    }
    const [first, ...others] = matrix.numberedNames, last = matrix.cols - 1;
    if (first !== undefined && !quiet) {
      const where = printable(first) + (others.length > 0 ? ` and of ${others.length} more` : "");
      tell(
        `The first line of ${where}, 0 to ${last}, is taken as names of columns; if it is a row, ` +
          "put a line of names before it",
      );
    }
    return { matrix, files, [Symbol.dispose]: () => matrix[Symbol.dispose]() };
  });
}

/** The files of a folder, shard 2 before shard 10. */
function filesIn(folder: string): string[] {
  // the listing does not tell what a link leads to; one to nowhere is a shard that lacks, and refused
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) =>
    ENDINGS.test(name) && kindOfPath(join(folder, name)) !== "folder"
  );
  if (names.length === 0) throw new Error("there is no file of activations in it");
  const { compare } = new Intl.Collator("en", { numeric: true });
  return names.sort(compare).map((name) => join(folder, name));
}

/** Rows that are held out where nobody says how many: a tenth, and at most so many. */
const MOST_HELD_OUT = 2000;

/**
 * How many rows are held out: the last ones, since neighbours, often of one text, should be on one side.
 *
 * @param rows All rows.
 * @param wanted What `--held-out` says.
 * @throws {UsageError} When none would be left.
 */
export function heldOutRows(
  rows: number,
  wanted = Math.min(MOST_HELD_OUT, Math.floor(rows / 10)),
): number {
  if (wanted < rows) return wanted;
  throw new UsageError(`--held-out must be below the ${rows} rows of --data, got ${wanted}`);
}

/**
 * The factor that brings rows to the mean norm √m, by one pass over them.
 *
 * @param end The row to stop before.
 * @throws {UsageError} When all rows are 0.
 */
export async function normFactor(
  matrix: MatrixFile,
  end: number,
  { meter, signal }: { meter: Meter; signal: AbortSignal },
): Promise<number> {
  const onProgress = (done: number, total: number) =>
    meter.tell(done / total, `measuring norms, row ${done} of ${total}`);
  const { normFactor } = await matrix.statistics({ end, signal, onProgress });
  if (Number.isFinite(normFactor)) return normFactor;
  throw new UsageError("--data must hold rows that are not 0, got zeros only");
}
