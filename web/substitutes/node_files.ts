/**
 * Takes the place of lib/atomic_file.ts under Node: what saving and loading a model needs of it.
 * @module
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync } from "node:fs";
import { statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** A file that cannot be read or written: one line that names it. */
export class FileError extends Error {
  /** Name of the class, as stack traces show it. */
  override name = "FileError";
}

/**
 * Replaces a file in one step: a reader sees the old content or the new one, never a part.
 *
 * @throws {FileError} When it cannot be written; the old file is then still there.
 */
export function writeAtomic(path: string, content: string | Uint8Array): void {
  const temporary = join(dirname(path), `.${basename(path)}.${crypto.randomUUID()}.tmp`);
  try {
    const file = openSync(temporary, "wx");
    try {
      writeFileSync(file, content);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new FileError(`Cannot write ${path}: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * The content of a file.
 *
 * @throws {FileError} Where there is something else than a file.
 */
export function readPlainFile(path: string): Uint8Array {
  if (!statSync(path).isFile()) {
    throw new FileError(`Cannot read ${path}: it must be a file, not a folder, pipe or device`);
  }
  return readFileSync(path);
}
