/**
 * Texts of numbers: a line is a row, with commas, semicolons, tabs or spaces between its numbers.
 * @module
 */
import { type ByteSource, readBytes } from "./byte_source.ts";

/** The numbers of a text. */
export interface CsvTable {
  /** Lines of numbers. */
  rows: number;
  /** Numbers in each line. */
  cols: number;
  /** `rows * cols` numbers, row after row. */
  data: Float64Array;
  /** Whether its first line was 0, 1, 2, … and was taken as names. */
  numberedNames: boolean;
}

/** Bytes that are read at once, and the most that a line has. */
const CHUNK = 2 ** 20, MOST_LINE = 2 ** 26;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
/** What stands in the place of a number, and is no name of a column. */
const NOT_FINITE = /^[+-]?(?:nan|inf(?:inity)?)$/i;

/**
 * pandas names columns 0, 1, 2, … where nobody names them. Of so many columns a row of data that is just
 * this is very improbable; fewer are often labels, and 0, or 0 and 1, are among the likeliest of those.
 */
const LEAST_NUMBERED = 3;

/** Lines of a text, without their ends. */
function* linesOf(source: ByteSource): Generator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for (let at = 0; at < source.size; at += CHUNK) {
    const bytes = readBytes(source, at, Math.min(CHUNK, source.size - at));
    if (bytes.includes(0)) {
      throw source.refused(
        "it must be .npy, .npz, safetensors, of torch.save, or a text of numbers",
      );
    }
    const lines = (rest + decoder.decode(bytes, { stream: true })).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop()!;
    if (rest.length > MOST_LINE) {
      throw source.refused(`its lines must have at most ${MOST_LINE} bytes`);
    }
    yield* lines;
  }
  yield rest + decoder.decode();
}

/** A field without the quotes that it may stand in. */
const bare = (field: string) => field.trim().replace(/^"(.*)"$/, "$1");

/**
 * Reads a text of numbers. Its first line may hold names instead, none of which is a number, NaN or
 * infinite, or which are, from three columns on, 0, 1, 2, …, as pandas numbers them; empty lines and those
 * that begin with # are left out. Every number is the float64 nearest to what is written.
 *
 * @throws {Error} As the source makes it, when a field is no number, lines differ in length, or the first
 * column alone has no name: it numbers the rows. The message tells the line and the field.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { sourceOfBytes } from "./byte_source.ts";
 * import { readCsv } from "./csv.ts";
 *
 * const text = new TextEncoder().encode("height,width\n1,2.5\n-3,4e-1\n");
 * assert.deepEqual(readCsv(sourceOfBytes(text, Error)), {
 *   rows: 2,
 *   cols: 2,
 *   data: Float64Array.of(1, 2.5, -3, 0.4),
 *   numberedNames: false,
 * });
 * ```
 */
export function readCsv(source: ByteSource): CsvTable {
  let data = new Float64Array(1024), count = 0, rows = 0, cols = 0, number = 0;
  let separator: string | RegExp | undefined, names = false, numberedNames = false;
  for (const text of linesOf(source)) {
    number++;
    const line = number === 1 ? text.replace(/^\ufeff/, "") : text;
    if (line.trim() === "" || line.startsWith("#")) continue;
    separator ??= [";", ",", "\t"].find((mark) => line.includes(mark)) ?? /\s+/;
    const fields = (separator instanceof RegExp ? line.trim() : line).split(separator).map(bare);
    if (cols === 0) {
      cols = fields.length;
      if (cols > 1 && fields[0] === "") {
        throw source.refused(
          `its first column must have a name, got none in line ${number}: save without row names ` +
            "(pandas' index=False), and without names of columns that are numbers (header=False)",
        );
      }
      numberedNames = cols >= LEAST_NUMBERED &&
        fields.every((field, column) => field === String(column));
      names = numberedNames ||
        !fields.some((field) => NUMBER.test(field) || NOT_FINITE.test(field));
      if (names) continue;
    }
    if (fields.length !== cols) {
      throw source.refused(
        `its lines must have ${cols} numbers each, line ${number} has ${fields.length}`,
      );
    }
    if (count + cols > data.length) {
      const larger = new Float64Array(Math.max(2 * data.length, count + cols));
      larger.set(data);
      data = larger;
    }
    for (const [column, field] of fields.entries()) {
      if (!NUMBER.test(field)) {
        throw source.refused(
          `it must hold numbers, got ${
            JSON.stringify(field.slice(0, 30))
          } in line ${number}, column ${column}`,
        );
      }
      data[count++] = Number(field);
    }
    rows++;
  }
  if (rows === 0) {
    const rule = `it must have a line of numbers${names ? " after its names" : ""}`;
    throw source.refused(source.size === 0 ? `${rule}, it is empty` : rule);
  }
  return { rows, cols, data: data.slice(0, count), numberedNames };
}
