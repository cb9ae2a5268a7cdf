/**
 * Lines for the user from the depth of a cell: in a worker of a run they go to the run, which tells each
 * of them once, however many workers say it.
 * @module
 */

let tell: (line: string) => void = console.error;

/**
 * Tells a line: by the one that {@linkcode tellNotesBy} set, else on stderr.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { note, tellNotesBy } from "./notes.ts";
 *
 * const lines: string[] = [];
 * tellNotesBy((line) => lines.push(line));
 * note("the cache is full");
 * assert.deepEqual(lines, ["the cache is full"]);
 * ```
 */
export function note(line: string): void {
  tell(line);
}

/**
 * Sets who tells the lines of this thread.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { note, tellNotesBy } from "./notes.ts";
 *
 * let told = "";
 * tellNotesBy((line) => told += line);
 * note("the cache is full");
 * assert.equal(told, "the cache is full");
 * ```
 */
export function tellNotesBy(teller: (line: string) => void): void {
  tell = teller;
}
