/**
 * Files that are never half written: atomic replacement, and an advisory lock for read-merge-write.
 * Needs write permission on the file's folder (and read permission for the rename).
 * @module
 */
import { basename, dirname, join } from "node:path";

/**
 * Replaces a file in one step: writes a hidden temporary file in the same folder, flushes it to the
 * disk and renames it over the target. A reader, or a run killed in the middle, sees the old content
 * or the new one, never a part. Writers of the same path must exclude each other
 * ({@linkcode withLock}), because they share the temporary name: that way a killed run leaves at
 * most one stray file, which the next save reuses.
 *
 * @param path File to replace or create; its folder must exist.
 * @param content The whole new content; text is written as UTF-8.
 *
 * @example
 * ```ts
 * import { writeAtomic } from "./atomic_file.ts";
 * writeAtomic("results/rows.json", "[]\n");
 * ```
 */
export function writeAtomic(path: string, content: string | Uint8Array): void {
  const temporary = join(dirname(path), `.${basename(path)}.tmp`);
  try {
    const file = Deno.openSync(temporary, { write: true, create: true, truncate: true });
    try {
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      for (let written = 0; written < bytes.length;) {
        written += file.writeSync(bytes.subarray(written));
      }
      file.syncSync();
    } finally {
      file.close();
    }
    Deno.renameSync(temporary, path);
  } catch (error) {
    // a full disk must not leave its half file behind; where there is none, there is nothing to do
    try {
      Deno.removeSync(temporary);
    } catch { /* the first error is the one to report */ }
    throw error;
  }
}

/**
 * Runs `work` while holding the exclusive advisory lock on `path`, waiting for other processes
 * first. The lock file stays (removing it would race with those that wait on it); the system frees
 * the lock of a process that dies.
 *
 * @param path Lock file, created where it is missing.
 * @param work Synchronous, so that no signal handler can run in the middle of it.
 * @returns What `work` returns.
 *
 * @example
 * ```ts
 * import { withLock, writeAtomic } from "./atomic_file.ts";
 * withLock("results/.rows.lock", () => writeAtomic("results/rows.json", "[]\n"));
 * ```
 */
export function withLock<T>(path: string, work: () => T): T {
  using file = Deno.openSync(path, { read: true, write: true, create: true });
  file.lockSync(true);
  return work();
}
