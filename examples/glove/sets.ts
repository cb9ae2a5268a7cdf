/**
 * The words as sets: what is learned from, and what is held out.
 * @module
 */
import type { Matrix32 } from "../../lib/matrix.ts";
import { DIMENSIONS, readWords, WORDS } from "./words.ts";

/** Which words are held out: those of the test, or those by which options are chosen. */
export type HeldOut = "test" | "validation";

/** Places of the words of each set, out of every ten by frequency. */
const PLACE: Record<HeldOut, number> = { test: 9, validation: 4 };

/**
 * Vectors without the mean of those that are not in the test, and of their mean square 1. Held out are
 * 2000; the others are learned from, without those of the test where those of the validation are held out.
 */
export function wordSets(heldOut: HeldOut): { train: Matrix32; heldOut: Matrix32 } {
  const vectors = standardized();
  const isHeldOut = (i: number) => i % 10 === PLACE[heldOut];
  return {
    train: rowsWhere(vectors, (i) => !isHeldOut(i) && i % 10 !== PLACE.test),
    heldOut: rowsWhere(vectors, isHeldOut),
  };
}

/** The places of all words, by frequency from 0, with those of the test last. */
export function testLast(): number[] {
  const isTest = (i: number) => i % 10 === PLACE.test ? 1 : 0;
  return Array.from({ length: WORDS }, (_, i) => i).sort((i, j) => isTest(i) - isTest(j) || i - j);
}

/** All vectors, centred and scaled by the words that are not in the test. */
function standardized(): Matrix32 {
  const { vectors } = readWords();
  const { data } = rowsWhere(vectors, (i) => i % 10 !== PLACE.test);
  const mean = new Float64Array(DIMENSIONS), rows = data.length / DIMENSIONS;
  data.forEach((value, p) => mean[p % DIMENSIONS] += value / rows);
  let squares = 0;
  data.forEach((value, p) => squares += (value - mean[p % DIMENSIONS]) ** 2);
  const factor = Math.sqrt(data.length / squares);
  return { ...vectors, data: vectors.data.map((v, p) => factor * (v - mean[p % DIMENSIONS])) };
}

function rowsWhere({ cols, data }: Matrix32, wanted: (i: number) => boolean): Matrix32 {
  const chosen = Array.from({ length: WORDS }, (_, i) => i).filter(wanted);
  const part = new Float32Array(chosen.length * cols);
  chosen.forEach((i, r) => part.set(data.subarray(i * cols, (i + 1) * cols), r * cols));
  return { rows: chosen.length, cols, data: part };
}
