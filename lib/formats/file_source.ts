/**
 * The bytes of a file, read where they lie.
 * @module
 */
import { FileError } from "../atomic_file.ts";
import { type ByteSource, requireBytes } from "./byte_source.ts";

/** A file that is open. */
export class FileSource implements ByteSource, Disposable {
  /** Bytes when it was opened. */
  readonly size: number;
  readonly #file: Deno.FsFile;
  /** A second opening with a place of its own, and the end of the reads that have begun on it. */
  #ahead?: Deno.FsFile;
  #reading: Promise<void> = Promise.resolve();

  /**
   * Opens a file.
   *
   * @param path A file, or a link to one; needs read permission.
   * @throws {Deno.errors.NotFound} Where there is nothing at the path.
   * @throws {FileError} Where there is something else: a pipe would be waited for.
   */
  constructor(readonly path: string) {
    if (typeof path !== "string") throw new TypeError(`path must be a text, got ${typeof path}`);
    const { isFile, size } = Deno.statSync(path);
    if (!isFile) throw this.refused("it must be a file, not a folder, pipe or device");
    this.size = size;
    this.#file = Deno.openSync(path);
  }

  /** As {@linkcode ByteSource.read}. */
  read(offset: number, into: Uint8Array): void {
    requireBytes(this, offset, into.length);
    this.#file.seekSync(offset, Deno.SeekMode.Start);
    for (let filled = 0; filled < into.length;) {
      const count = this.#file.readSync(into.subarray(filled));
      if (count === null) throw this.#shortened();
      filled += count;
    }
  }

  /** As {@linkcode ByteSource.readAhead}; one read follows the other. */
  readAhead(offset: number, into: Uint8Array): Promise<void> {
    const reading = this.#reading.then(async () => {
      requireBytes(this, offset, into.length);
      const file = this.#ahead ??= Deno.openSync(this.path);
      file.seekSync(offset, Deno.SeekMode.Start);
      for (let filled = 0; filled < into.length;) {
        const count = await file.read(into.subarray(filled));
        if (count === null) throw this.#shortened();
        filled += count;
      }
    });
    this.#reading = reading.catch(() => {});
    return reading;
  }

  #shortened(): Error {
    return this.refused(`it has become shorter than ${this.size} bytes`);
  }

  /** As {@linkcode ByteSource.refused}: a `FileError`. */
  refused(reason: string): Error {
    return new FileError(`Cannot read ${this.path}: ${reason}`);
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#file.close();
    this.#ahead?.close();
  }
}
