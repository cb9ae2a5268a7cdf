/**
 * One process at a time for a folder of output: two would write over each other's files.
 * @module
 */
import { join } from "node:path";
import { openLock } from "../lib/atomic_file.ts";
import { UsageError } from "../lib/sweep/flags.ts";

/**
 * Locks a folder until the result is disposed of, or the process dies. The lock's file stays, hidden.
 *
 * @param folder It must exist.
 * @throws {UsageError} When another process is at work on it.
 */
export function lockOutput(folder: string): Disposable {
  const file = openLock(join(folder, ".lock"));
  if (file.tryLockSync(true)) return file;
  file.close();
  throw new UsageError(`--out must be written by one process, got "${folder}" of another`);
}
