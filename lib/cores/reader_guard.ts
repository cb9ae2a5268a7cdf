/**
 * Functions that a callback is given to read what a solver has in memory at that moment.
 * @module
 */

/**
 * Runs a callback whose functions work until it returns: later they would read what other rounds, or other calls,
 * have left there.
 *
 * @param name What messages call the callback.
 * @param call Runs it; `guard` takes what a function reads, in words, and the function.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { whileRunning } from "./reader_guard.ts";
 * let late = () => 0;
 * const onRound = (codes: () => number) => {
 *   late = codes;
 *   assert.equal(codes(), 3);
 * };
 * whileRunning("onRound", (guard) => onRound(guard("the codes of round 1", () => 3)));
 * assert.throws(late, /^Error: Cannot read the codes of round 1: onRound has returned$/);
 * ```
 */
export function whileRunning(
  name: string,
  call: (guard: <T>(what: string, read: () => T) => () => T) => void,
): void {
  let running = true;
  try {
    call((what, read) => () => {
      if (!running) throw new Error(`Cannot read ${what}: ${name} has returned`);
      return read();
    });
  } finally {
    running = false;
  }
}
