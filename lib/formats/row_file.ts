/**
 * Files as rows: an array of any format, or a text of numbers.
 * @module
 */
import { turn } from "./byte_source.ts";
import { type CsvTable, readCsv } from "./csv.ts";
import type { Dtype } from "./dtype.ts";
import { FileSource } from "./file_source.ts";
import { headOf, readIndex, refusalOf, tensorFormatOf } from "./tensor_file.ts";

/** Rows that can be read in any order. */
export interface StoredRows {
  /** Number of rows: all axes but the last taken as one. */
  readonly rows: number;
  /** Number of columns. */
  readonly cols: number;
  /** Kind of the numbers. */
  readonly dtype: Dtype;
  /** Whether a text's first line was 0, 1, 2, … and was taken as names. */
  readonly numberedNames?: boolean;
  /** Rows from `start` on, `count` of them; `out` takes them where it is given. */
  readRows(
    start: number,
    count: number,
    out?: Float32Array | Float64Array,
  ): Float32Array | Float64Array;
  /** The same while other work goes on, where the file's order allows it. */
  readRowsAhead(
    start: number,
    count: number,
    out?: Float32Array | Float64Array,
  ): Promise<Float32Array | Float64Array>;
}

/** A file of rows that is open. */
export class RowFile implements Disposable {
  readonly #source: FileSource;
  /** Its rows. */
  readonly array: StoredRows;

  /**
   * Opens a file. Needs read permission on it.
   *
   * @param path The file.
   * @param key Name of the array, where the file has several.
   * @throws {Deno.errors.NotFound} Where there is nothing at the path.
   * @throws {FileError} When it cannot be read as rows: one line that names it.
   */
  constructor(readonly path: string, key?: string) {
    if (key !== undefined && typeof key !== "string") {
      throw new TypeError(`key must be a text, got ${typeof key}`);
    }
    this.#source = new FileSource(path);
    try {
      this.array = rowsOf(this.#source, key);
    } catch (error) {
      this.#source[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Rows of finite values.
   *
   * @param start The first.
   * @param count How many.
   * @param out Takes them.
   * @returns `out`.
   * @throws {FileError} When the file is damaged, or a value is not finite: its row is told.
   */
  read(
    start: number,
    count: number,
    out?: Float32Array | Float64Array,
  ): Float32Array | Float64Array {
    return this.#finite(this.array.readRows(start, count, out), start);
  }

  /** The same, while other work goes on. */
  async readAhead(
    start: number,
    count: number,
    out?: Float32Array | Float64Array,
  ): Promise<Float32Array | Float64Array> {
    return this.#finite(await this.array.readRowsAhead(start, count, out), start);
  }

  #finite(values: Float32Array | Float64Array, start: number): Float32Array | Float64Array {
    const bad = indexOfNotFinite(values), { cols } = this.array;
    if (bad < 0) return values;
    const row = start + Math.floor(bad / cols);
    throw this.refused(`it must be finite, got ${values[bad]} at row ${row}, column ${bad % cols}`);
  }

  /** The error that tells why it cannot be read. */
  refused(reason: string): Error {
    return this.#source.refused(reason);
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#source[Symbol.dispose]();
  }
}

function rowsOf(source: FileSource, key?: string): StoredRows {
  const head = headOf(source);
  if (tensorFormatOf(head) === undefined) {
    const other = refusalOf(head);
    if (other !== undefined) throw source.refused(other);
    if (key !== undefined) throw source.refused(`a text has no names, got key ${key}`);
    return new TextRows(readCsv(source));
  }
  const index = readIndex(source), { names } = index;
  if (key === undefined && names.length !== 1) {
    throw source.refused(`key must name one of its arrays: ${names.join(", ") || "it has none"}`);
  }
  if (key !== undefined && names[0] === "") {
    throw source.refused(`it has one array, which has no name, got key ${key}`);
  }
  return index.array(key ?? names[0]);
}

/** The rows of a text, which are in memory. */
class TextRows implements StoredRows {
  readonly dtype = "f8";
  readonly rows: number;
  readonly cols: number;
  readonly numberedNames: boolean;
  readonly #data: Float64Array;

  constructor({ rows, cols, data, numberedNames }: CsvTable) {
    this.rows = rows;
    this.cols = cols;
    this.numberedNames = numberedNames;
    this.#data = data;
  }

  readRows(
    start: number,
    count: number,
    out: Float32Array | Float64Array = new Float64Array(count * this.cols),
  ) {
    out.set(this.#data.subarray(start * this.cols, (start + count) * this.cols));
    return out;
  }

  async readRowsAhead(start: number, count: number, out?: Float32Array | Float64Array) {
    await turn();
    return this.readRows(start, count, out);
  }
}

/** Where the first value is that is NaN or infinite; −1 where all are finite. */
function indexOfNotFinite(values: Float32Array | Float64Array): number {
  // 0·x is 0 for finite x only, and a sum keeps every NaN; four sums, so that none waits for another
  let a = 0, b = 0, c = 0, d = 0;
  const whole = values.length & ~3;
  for (let i = 0; i < whole; i += 4) {
    a += 0 * values[i];
    b += 0 * values[i + 1];
    c += 0 * values[i + 2];
    d += 0 * values[i + 3];
  }
  for (let i = whole; i < values.length; i++) a += 0 * values[i];
  return a + b + c + d === 0 ? -1 : values.findIndex((value) => !Number.isFinite(value));
}
