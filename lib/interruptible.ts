/**
 * Long computations that tell how far they are and can be ended.
 * @module
 */
import { requireBoolean, requireFunction, requireInstance } from "./checks.ts";

/** Options of every long computation. They are synchronous: abort from `onProgress`, or a callback. */
export interface Interruptible {
  /** Ends the computation when it is aborted: the call throws the signal's reason. */
  signal?: AbortSignal;
  /** Return what there is instead of throwing when `signal` is aborted. Default false. */
  partial?: boolean;
  /** Called with how many epochs, rounds, steps, samples or methods are done, and of how many. */
  onProgress?: (done: number, total: number) => void;
}

/** The names of {@linkcode Interruptible}'s options, for the check of unknown ones. */
export const INTERRUPTIBLE: readonly (keyof Interruptible)[] = ["signal", "partial", "onProgress"];

/**
 * Checks the options and returns what the computation calls after each of its parts: it reports the
 * progress, and returns whether to end now with what there is.
 *
 * @throws {TypeError} When an option is of the wrong kind.
 * @throws The signal's reason, from the returned function, where the signal is aborted and partial
 * results are not wanted.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { watch } from "./interruptible.ts";
 *
 * const abort = new AbortController();
 * const endsAfter = watch({
 *   signal: abort.signal,
 *   partial: true,
 *   onProgress: (done) => done === 2 && abort.abort(),
 * });
 * assert.deepEqual([endsAfter(1, 3), endsAfter(2, 3)], [false, true]);
 * ```
 */
export function watch(options: Interruptible): (done: number, total: number) => boolean {
  const { signal, partial = false, onProgress } = options;
  if (signal !== undefined) requireInstance("signal", signal, AbortSignal);
  requireBoolean("partial", partial);
  if (onProgress !== undefined) requireFunction("onProgress", onProgress);
  if (!partial) signal?.throwIfAborted();
  return (done, total) => {
    onProgress?.(done, total);
    if (!signal?.aborted) return false;
    if (!partial) signal.throwIfAborted();
    return true;
  };
}
