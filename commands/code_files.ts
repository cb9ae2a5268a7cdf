/**
 * Codes that become a file block by block: what is done stands in a folder beside it, from which another
 * process goes on, and nothing but one block is in memory.
 * @module
 */
import { join } from "node:path";
import { kindOfPath, readPlainFile, writeAtomic } from "../lib/atomic_file.ts";
import { type AnyMatrix, isCsrMatrix } from "../lib/csr_matrix.ts";
import { fileBytes } from "../lib/formats/byte_parts.ts";
import { csrMembers } from "../lib/formats/csr_npz.ts";
import { npyHead } from "../lib/formats/npy_parts.ts";
import { zipStream } from "../lib/formats/zip_parts.ts";
import { UsageError } from "../lib/sweep/flags.ts";
import { lockOutput } from "./output_lock.ts";

/** How far the codes are. */
interface State {
  /** What decides the codes, as JSON. */
  of: string;
  /** Rows that are done. */
  rows: number;
  /** Codes of them that are not 0; all, where zeros are kept. */
  entries: number;
  /** Numbers that are added up over the rows. */
  sums: Record<string, number>;
}

/** Bytes that are copied at a time. */
const CHUNK = 2 ** 22;

/**
 * The folder of codes that are under way: `counts`, the codes of each row, `indices` and `data`, which are
 * appended to, and `state.json`, which tells how much of them counts. A process that is killed leaves at
 * most a block that does not count.
 */
export class CodeFiles implements Disposable {
  readonly #folder: string;
  readonly #lock: Disposable;
  readonly #files: { counts: Deno.FsFile; indices: Deno.FsFile; data: Deno.FsFile };
  #state: State;

  /**
   * Goes on where the folder is, or begins.
   *
   * @param folder Made where it is missing; its folder must exist.
   * @param of What decides the codes, as JSON.
   * @param options `restart`: begins where the folder has codes of something else.
   * @throws {UsageError} When another process is at work on it, or its codes are of something else.
   */
  constructor(folder: string, of: string, { restart }: { restart: boolean }) {
    this.#folder = folder;
    Deno.mkdirSync(folder, { recursive: true });
    this.#lock = lockOutput(folder);
    const known = kindOfPath(this.#path("state.json")) === "file"
      ? JSON.parse(new TextDecoder().decode(readPlainFile(this.#path("state.json")))) as State
      : undefined;
    if (known && known.of !== of && !restart) {
      this.#lock[Symbol.dispose]();
      throw new UsageError(
        `--out must go on with the same data and flags, got others than in "${folder}": --restart begins anew`,
      );
    }
    const state = known && !restart ? known : { of, rows: 0, entries: 0, sums: {} };
    const open = (name: string, bytes: number) => {
      const file = Deno.openSync(this.#path(name), { read: true, write: true, create: true });
      file.truncateSync(bytes);
      file.seekSync(0, Deno.SeekMode.End);
      return file;
    };
    this.#state = state;
    this.#files = {
      counts: open("counts", 4 * state.rows),
      indices: open("indices", 4 * state.entries),
      data: open("data", 4 * state.entries),
    };
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }

  /** Rows that are done. */
  get rows(): number {
    return this.#state.rows;
  }

  /** Codes of them: those that are not 0, or all, where zeros are kept. */
  get entries(): number {
    return this.#state.entries;
  }

  /** What has been added up. */
  get sums(): Readonly<Record<string, number>> {
    return this.#state.sums;
  }

  /** Adds the codes of the next rows, and what else is added up. */
  append(codes: AnyMatrix, sums: Readonly<Record<string, number>>): void {
    const { counts, indices, data } = this.#files, { rows } = codes;
    if (isCsrMatrix(codes)) {
      const { indptr } = codes;
      writeAll(
        counts,
        fileBytes(Int32Array.from({ length: rows }, (_, i) => indptr[i + 1] - indptr[i])),
      );
      writeAll(indices, fileBytes(codes.indices));
    } else {
      writeAll(counts, fileBytes(new Int32Array(rows).fill(codes.cols)));
    }
    writeAll(data, fileBytes(codes.data));
    for (const file of Object.values(this.#files)) file.syncDataSync();
    const added = { ...this.#state.sums };
    for (const [name, value] of Object.entries(sums)) added[name] = (added[name] ?? 0) + value;
    const { of } = this.#state;
    const entries = this.#state.entries + codes.data.length;
    this.#state = { of, rows: this.#state.rows + rows, entries, sums: added };
    writeAtomic(this.#path("state.json"), JSON.stringify(this.#state));
  }

  /** Makes the file of all rows, and removes the folder. */
  finish(path: string, { cols, isSparse }: { cols: number; isSparse: boolean }): void {
    const { rows, entries } = this.#state, { counts, indices, data } = this.#files;
    if (isSparse) {
      const isWide = entries >= 2 ** 31;
      writeAtomic(
        path,
        zipStream(csrMembers({ rows, cols }, {
          indices: { descr: "<i4", length: entries, parts: bytesOf(indices) },
          indptr: {
            descr: isWide ? "<i8" : "<i4",
            length: rows + 1,
            parts: starts(counts, isWide),
          },
          data: { descr: "<f4", length: entries, parts: bytesOf(data) },
        })),
      );
    } else {
      const head = npyHead("<f4", [rows, cols]);
      writeAtomic(path, {
        *[Symbol.iterator]() {
          yield head;
          yield* bytesOf(data);
        },
      });
    }
    this[Symbol.dispose]();
    Deno.removeSync(this.#folder, { recursive: true });
  }

  /** Closes the files; what is done stays. */
  [Symbol.dispose](): void {
    for (const file of [...Object.values(this.#files), this.#lock]) {
      try {
        file[Symbol.dispose]();
      } catch { /* it is closed */ }
    }
  }
}

function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) {
    written += file.writeSync(bytes.subarray(written));
  }
}

/** A whole file, in parts of which only the last is valid. */
function bytesOf(file: Deno.FsFile): Iterable<Uint8Array> {
  return {
    *[Symbol.iterator]() {
      const buffer = new Uint8Array(CHUNK);
      file.seekSync(0, Deno.SeekMode.Start);
      for (let count = file.readSync(buffer); count !== null; count = file.readSync(buffer)) {
        yield buffer.subarray(0, count);
      }
    },
  };
}

/** Where rows begin, from the number of their codes. */
function starts(counts: Deno.FsFile, isWide: boolean): Iterable<Uint8Array> {
  return {
    *[Symbol.iterator]() {
      let end = 0, rest = new Uint8Array(0);
      const next = (values: ArrayLike<number>) => {
        const ends = Array.from(values, (count) => end += count);
        return fileBytes(isWide ? BigInt64Array.from(ends, BigInt) : Int32Array.from(ends));
      };
      yield next([0]);
      for (const bytes of bytesOf(counts)) {
        // a read may end within a number
        const all = new Uint8Array(rest.length + bytes.length);
        all.set(rest);
        all.set(bytes, rest.length);
        const whole = all.length & ~3;
        yield next(new Int32Array(all.buffer, 0, whole / 4));
        rest = all.slice(whole);
      }
    },
  };
}
