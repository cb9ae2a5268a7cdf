/**
 * One process at a time for a folder of output: two would write over each other's files.
 * @module
 */
import { dirname, join } from "node:path";
import { kindOfPath, openLock } from "../lib/atomic_file.ts";
import { UsageError } from "../lib/sweep/flags.ts";
import { requireWritableFolder } from "../lib/sweep/places.ts";

const LOCK = ".lock";

/**
 * Makes the folder of `--out`, where there is none, and locks it until the result is disposed of, or the
 * process dies. The lock's file stays, hidden; but of a folder that was made here and that nothing has
 * been written to, nothing is left.
 *
 * @throws {UsageError} When it cannot be written to, or another process is at work on it.
 */
export function lockOutput(folder: string): Disposable {
  const made = missing(folder);
  requireWritableFolder("--out", folder);
  const path = join(folder, LOCK), file = openLock(path);
  if (!file.tryLockSync(true)) {
    file.close();
    throw new UsageError(`--out must be written by one process, got "${folder}" of another`);
  }
  return {
    [Symbol.dispose]() {
      if (made.length > 0 && kindOfPath(folder) && isEmpty(folder, LOCK)) {
        // while it is locked: whoever comes now finds it, and gives up, or finds no folder, and makes one
        Deno.removeSync(path);
        removeEmpty(made);
      }
      file.close();
    },
  };
}

/** The folders of a path that are not there yet, as far as can be seen, the innermost first. */
function missing(folder: string): string[] {
  try {
    if (kindOfPath(folder) !== undefined) return [];
  } catch {
    // one that may not be looked at is not ours to remove; what cannot be made is refused in a moment
    return [];
  }
  const outer = dirname(folder);
  return [folder, ...(outer === folder ? [] : missing(outer))];
}

/** Whether nothing is in a folder but files of a name. */
function isEmpty(folder: string, but?: string): boolean {
  return [...Deno.readDirSync(folder)].every(({ name }) => name === but);
}

/** Removes folders, each within the next one, up to one that is not empty any more. */
function removeEmpty(folders: readonly string[]): void {
  for (const folder of folders) {
    if (!isEmpty(folder)) return;
    Deno.removeSync(folder);
  }
}
