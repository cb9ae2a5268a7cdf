/**
 * Takes the place of lib/atomic_file.ts and lib/formats/file_source.ts under Node: what saving and
 * loading models and arrays needs of them.
 * @module
 */
import * as fs from "node:fs";
import { basename, dirname, join } from "node:path";
import { type ByteSource, requireBytes } from "../../lib/formats/byte_source.ts";

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
    const file = fs.openSync(temporary, "wx");
    try {
      fs.writeFileSync(file, content);
      fs.fsyncSync(file);
    } finally {
      fs.closeSync(file);
    }
    fs.renameSync(temporary, path);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw new FileError(`Cannot write ${path}: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * The content of a file.
 *
 * @throws {FileError} Where there is something else than a file.
 */
export function readPlainFile(path: string): Uint8Array {
  if (!fs.statSync(path).isFile()) {
    throw new FileError(`Cannot read ${path}: it must be a file, not a folder, pipe or device`);
  }
  return fs.readFileSync(path);
}

/** What there is at a path; undefined where there is nothing. */
export function kindOfPath(path: string): "file" | "folder" | "other" | undefined {
  const found = fs.statSync(path, { throwIfNoEntry: false });
  return found && (found.isFile() ? "file" : found.isDirectory() ? "folder" : "other");
}

/** The absolute path of what there is, where links lead. */
export function realPath(path: string): string {
  return fs.realpathSync(path);
}

/** Makes a folder, and those that it lies in, where they are missing. */
export function makeFolder(path: string): void {
  try {
    fs.mkdirSync(path, { recursive: true });
  } catch (error) {
    throw new FileError(`Cannot make ${path}: ${(error as Error).message}`, { cause: error });
  }
}

/** A file that is open. */
export class FileSource implements ByteSource, Disposable {
  /** Bytes when it was opened. */
  readonly size: number;
  readonly #file: number;

  /**
   * Opens a file.
   *
   * @throws {FileError} Where there is something else than a file.
   */
  constructor(readonly path: string) {
    if (typeof path !== "string") throw new TypeError(`path must be a text, got ${typeof path}`);
    const found = fs.statSync(path);
    if (!found.isFile()) throw this.refused("it must be a file, not a folder, pipe or device");
    this.size = found.size;
    this.#file = fs.openSync(path, "r");
  }

  /** Fills `into` with the bytes from `offset` on. */
  read(offset: number, into: Uint8Array): void {
    requireBytes(this, offset, into.length);
    for (let filled = 0; filled < into.length;) {
      const count = fs.readSync(this.#file, into, filled, into.length - filled, offset + filled);
      if (count === 0) throw this.refused(`it has become shorter than ${this.size} bytes`);
      filled += count;
    }
  }

  /** The same, at once. */
  readAhead(offset: number, into: Uint8Array): Promise<void> {
    return new Promise((resolve) => resolve(this.read(offset, into)));
  }

  /** The error that tells why the file cannot be read. */
  refused(reason: string): Error {
    return new FileError(`Cannot read ${this.path}: ${reason}`);
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    fs.closeSync(this.#file);
  }
}
