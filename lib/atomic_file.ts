/**
 * Files that are never half written: atomic replacement, and an advisory lock for read-merge-write;
 * and nothing that is waited for because it is no file.
 * Needs read and write permission on the file's folder.
 * @module
 */
import { basename, dirname, join, resolve } from "node:path";

/**
 * A file that cannot be read, written or locked: one line that names it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { FileError, readPlainFile } from "./atomic_file.ts";
 *
 * assert.throws(() => readPlainFile("results"), FileError);
 * ```
 */
export class FileError extends Error {
  /** Name of the class, as stack traces show it. */
  override name = "FileError";
}

/** Names of temporary files end in these and a UUID, which nobody can guess and prepare. */
const TEMPORARY = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/;

/** Milliseconds without a write after which nobody is at work on a temporary file any more. */
const ABANDONED = 60_000;

/**
 * Replaces a file in one step: writes a hidden temporary file, flushes it to the disk and renames it
 * over the target. A reader, or a run killed in the middle, sees the old content or the new one,
 * never a part. The temporary file is created exclusively under a name that nobody can foresee: a
 * link or pipe laid in its way is neither followed nor waited for. What killed runs left of earlier
 * ones is removed.
 *
 * @param path File to replace or create; its folder must exist. A symbolic link is replaced, not
 * followed.
 * @param content The whole new content, or its parts in order; text is written as UTF-8.
 * @param options `through`: folder of the temporary file, on the same file system, where only the
 * file itself may be written in its own. Default: the file's folder.
 * @throws {FileError} When the file cannot be written, a full disk among the reasons, with the system's
 * error as its cause. The old file is then still there.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { writeAtomic } from "./atomic_file.ts";
 *
 * writeAtomic("results/rows.json", "[]\n");
 * assert.equal(Deno.readTextFileSync("results/rows.json"), "[]\n");
 * ```
 */
export function writeAtomic(
  path: string,
  content: string | Uint8Array | Iterable<Uint8Array>,
  options: { through?: string } = {},
): void {
  const { through = dirname(path) } = options;
  const prefix = `.${basename(path)}.`;
  const temporary = join(through, `${prefix}${crypto.randomUUID()}.tmp`);
  try {
    removeLeftOvers(through, prefix);
    const file = Deno.openSync(temporary, { write: true, createNew: true });
    try {
      const whole = typeof content === "string" ? new TextEncoder().encode(content) : content;
      for (const bytes of whole instanceof Uint8Array ? [whole] : whole) {
        for (let written = 0; written < bytes.length;) {
          written += file.writeSync(bytes.subarray(written));
        }
      }
      file.syncSync();
    } finally {
      file.close();
    }
    Deno.renameSync(temporary, path);
  } catch (error) {
    // a full disk must not keep its half file; where there is none, there is nothing to do
    try {
      Deno.removeSync(temporary);
    } catch { /* the first error is the one to report */ }
    throw failed("write", path, error);
  }
}

/** Removes the temporary files of writers of the same path that were killed; links, not their targets. */
function removeLeftOvers(folder: string, prefix: string): void {
  for (const { name } of Deno.readDirSync(folder)) {
    if (!name.startsWith(prefix) || !TEMPORARY.test(name.slice(prefix.length))) continue;
    const path = join(folder, name);
    try {
      const age = Date.now() - (Deno.lstatSync(path).mtime?.getTime() ?? Date.now());
      if (age > ABANDONED) Deno.removeSync(path);
    } catch { /* another writer has just removed it, or finished it */ }
  }
}

/**
 * The content of a file, or of the one that a link leads to. A pipe, which would be waited for, and a
 * device, which might never end, are refused.
 *
 * @throws {Deno.errors.NotFound} Where there is nothing at the path.
 * @throws {FileError} Where there is something else than a file.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { readPlainFile, writeAtomic } from "./atomic_file.ts";
 *
 * writeAtomic("results/rows.json", "[]\n");
 * assert.equal(readPlainFile("results/rows.json").length, 3);
 * assert.throws(() => readPlainFile("results"), /Cannot read results: it must be a file/);
 * ```
 */
export function readPlainFile(path: string): Uint8Array<ArrayBuffer> {
  if (!Deno.statSync(path).isFile) {
    throw new FileError(`Cannot read ${path}: it must be a file, not a folder, pipe or device`);
  }
  return Deno.readFileSync(path);
}

/**
 * What there is at a path, or where a link at it leads; undefined where there is nothing. Needs read
 * permission.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { kindOfPath, makeFolder, writeAtomic } from "./atomic_file.ts";
 *
 * makeFolder("results/mine");
 * writeAtomic("results/mine/rows.json", "[]\n");
 * assert.equal(kindOfPath("results/mine"), "folder");
 * assert.equal(kindOfPath("results/mine/rows.json"), "file");
 * assert.equal(kindOfPath("results/none"), undefined);
 * ```
 */
export function kindOfPath(path: string): "file" | "folder" | "other" | undefined {
  try {
    const { isFile, isDirectory } = Deno.statSync(path);
    return isFile ? "file" : isDirectory ? "folder" : "other";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/**
 * The absolute path of what there is, where links lead; where these may not be followed, the absolute path
 * as it is. Needs read permission.
 *
 * @throws {Deno.errors.NotFound} Where there is nothing at the path.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { isAbsolute } from "node:path";
 * import { realPath } from "./atomic_file.ts";
 *
 * assert(isAbsolute(realPath("results")));
 * assert.equal(realPath("results/../results"), realPath("results"));
 * ```
 */
export function realPath(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return resolve(path);
    throw error;
  }
}

/**
 * Makes a folder, and those that it lies in, where they are missing.
 *
 * @throws {FileError} When it cannot be made.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { kindOfPath, makeFolder } from "./atomic_file.ts";
 *
 * makeFolder("results/mine/here");
 * assert.equal(kindOfPath("results/mine/here"), "folder");
 * ```
 */
export function makeFolder(path: string): void {
  try {
    Deno.mkdirSync(path, { recursive: true });
  } catch (error) {
    throw failed("make", path, error);
  }
}

/**
 * Refuses something else than a plain file in the place of a lock: a link would be followed, and a pipe
 * waited for.
 *
 * @throws {FileError} Where there is something else; where there is nothing, all is well.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { requireLock } from "./atomic_file.ts";
 *
 * requireLock("results/.none.lock");
 * assert.throws(() => requireLock("results"), /it must be a plain file, not a link, folder or pipe/);
 * ```
 */
export function requireLock(path: string): void {
  let info: Deno.FileInfo;
  try {
    info = Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  if (!info.isFile) {
    throw new FileError(`Cannot lock ${path}: it must be a plain file, not a link, folder or pipe`);
  }
}

/**
 * Opens a file to be locked, creating it where it is missing.
 *
 * @throws {FileError} As {@linkcode requireLock}.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { openLock } from "./atomic_file.ts";
 *
 * using file = openLock("results/.rows.lock");
 * file.lockSync(true);
 * assert.throws(() => openLock("results"), /it must be a plain file, not a link, folder or pipe/);
 * ```
 */
export function openLock(path: string): Deno.FsFile {
  for (;;) {
    requireLock(path);
    try {
      return Deno.openSync(path, { read: true, write: true, createNew: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw failed("lock", path, error);
    }
    requireLock(path);
    try {
      return Deno.openSync(path, { read: true, write: true });
    } catch (error) {
      // its holder has just removed it
      if (!(error instanceof Deno.errors.NotFound)) throw failed("lock", path, error);
    }
  }
}

/** The system's error in one line that names the file; one of permissions as it is. */
function failed(action: string, path: string, error: unknown): Error {
  if (error instanceof Deno.errors.NotCapable) return error;
  const [reason] = (error as Error).message.split("\n");
  return new FileError(`Cannot ${action} ${path}: ${reason}`, { cause: error });
}

/** Milliseconds between two looks at a lock that another process holds. */
const LOCK_PAUSE = 20;

/**
 * Runs `work` while holding the exclusive advisory lock on `path`, waiting for other processes
 * first. The lock file stays (removing it would race with those that wait on it); the system frees
 * the lock of a process that dies.
 *
 * @param path Lock file, created where it is missing.
 * @param work Synchronous, so that no signal handler can run in the middle of it.
 * @param options `signal`: ends the waiting; the promise then rejects with the signal's reason.
 * @returns What `work` returns.
 * @throws {FileError} As {@linkcode openLock}.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { withLock, writeAtomic } from "./atomic_file.ts";
 *
 * const write = () => writeAtomic("results/rows.json", "[]\n");
 * await withLock("results/.rows.lock", write);
 * assert(Deno.statSync("results/rows.json").isFile);
 * ```
 */
export async function withLock<T>(
  path: string,
  work: () => T,
  options: { signal?: AbortSignal } = {},
): Promise<T> {
  const { signal } = options;
  using file = openLock(path);
  // not lockSync: it would keep the event loop, and with it every signal, waiting
  while (!file.tryLockSync(true)) {
    signal?.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, LOCK_PAUSE));
  }
  return work();
}
