/**
 * Digests of numbers, by which data are told apart. They protect nothing: who wants to can find other data
 * with the same one.
 * @module
 */

const rotated = (word: number, by: number) => word << by | word >>> 32 - by;

/** One half: MurmurHash3 (Appleby, 2011) in 32 bits. */
function murmur(words: Int32Array, state: number): number {
  for (let i = 0; i < words.length; i++) {
    const mixed = Math.imul(rotated(Math.imul(words[i], 0xcc9e2d51), 15), 0x1b873593);
    state = Math.imul(rotated(state ^ mixed, 13), 5) + 0xe6546b64 | 0;
  }
  return state;
}

/** Mixes the last bits into all. */
function finished(state: number, length: number): number {
  state ^= length;
  state = Math.imul(state ^ state >>> 16, 0x85ebca6b);
  state = Math.imul(state ^ state >>> 13, 0xc2b2ae35);
  return (state ^ state >>> 16) >>> 0;
}

/** Numbers that are rounded at a time. */
const CHUNK = 4096;

/**
 * 16 hexadecimal digits that numbers have in common when, rounded to float32, they are the same.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { digestOf } from "./digest.ts";
 * assert.equal(digestOf(Float64Array.of(0.1, 2)), digestOf(Float32Array.of(0.1, 2)));
 * assert.notEqual(digestOf(Float64Array.of(2, 0.1)), digestOf(Float32Array.of(0.1, 2)));
 * ```
 */
export function digestOf(values: Float32Array | Float64Array): string {
  const rounded = new Float32Array(Math.min(CHUNK, values.length));
  let a = 0, b = 0x9747b28c;
  for (let start = 0; start < values.length; start += CHUNK) {
    const part = values.subarray(start, start + CHUNK);
    rounded.set(part);
    const words = new Int32Array(rounded.buffer, 0, part.length);
    a = murmur(words, a);
    b = murmur(words, b);
  }
  return [a, b].map((half) => finished(half, values.length).toString(16).padStart(8, "0")).join("");
}
