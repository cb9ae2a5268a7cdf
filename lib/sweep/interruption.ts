/**
 * Reasons to end a run early: Ctrl-C, a cluster's pre-emption, a time limit.
 * @module
 */

/** Why a run ended early. */
export interface Stop {
  /** In words, for the user. */
  reason: string;
  /** Whether somebody else ended it; a time limit that the user set is no failure. */
  isInterruption: boolean;
}

/** Watches for reasons to end; dispose of it to stop watching, unless there was one. */
export interface Interruption extends Disposable {
  /** Aborted, with a {@linkcode Stop} as its reason, when the run must end. */
  signal: AbortSignal;
}

/**
 * Watches for SIGINT, SIGTERM and, where given, the end of a time budget.
 *
 * @param maxSeconds Time budget, counted from now.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { watchForInterruption } from "./interruption.ts";
 *
 * using interruption = watchForInterruption(60);
 * assert.equal(interruption.signal.aborted, false);
 * ```
 */
export function watchForInterruption(maxSeconds?: number): Interruption {
  const controller = new AbortController();
  const stop = (reason: string, isInterruption: boolean) =>
    controller.abort({ reason, isInterruption } satisfies Stop);

  // Windows has no SIGTERM to listen to
  const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  const listeners = signals.map((name) => ({
    name,
    listener: () => stop(`interrupted by ${name}`, true),
  }));
  for (const { name, listener } of listeners) Deno.addSignalListener(name, listener);
  const timer = maxSeconds === undefined
    ? undefined
    : setTimeout(() => stop(`--max-seconds ${maxSeconds} are over`, false), maxSeconds * 1000);

  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      clearTimeout(timer);
      // a signal may come twice, from the terminal and from a parent that passes it on: the second
      // must not cut short what the first one ended
      if (controller.signal.aborted) return;
      for (const { name, listener } of listeners) Deno.removeSignalListener(name, listener);
    },
  };
}
