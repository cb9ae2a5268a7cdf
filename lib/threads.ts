/**
 * More threads for the solvers of one large problem.
 * @module
 */
import { requireInteger } from "./checks.ts";
import { MAX_THREADS } from "./wasm/instance.ts";
import { startHelpers } from "./wasm/memory.ts";

export { THREADS_FROM_LATENTS as LARGE } from "./wasm/memory.ts";

/**
 * Gives the solvers more threads, which work on the same memory, until the returned object is
 * disposed: `fista`, `ista`, `learnDictionary` and `softplusAdam` then share the samples of problems
 * with at least {@linkcode LARGE} latents among all of them, and `trainSae` the units of a relu or
 * jumprelu of at least 1000. Results do not depend on the number of threads. Each is a worker, which
 * needs the permission to read this toolkit's files, and keeps the process from ending until it is
 * ended. Outside Deno: Bun can from 1.4 on; earlier ones have no relaxed SIMD and Node has no `Worker`,
 * and both are refused.
 *
 * @param count Threads in total, this one among them.
 * @returns Ends the threads when it is disposed.
 * @throws {RangeError} When `count` is no integer from 1 to 256.
 * @throws {Error} When a thread cannot start, those of an earlier call have not ended, or the engine has
 * no `Worker` or no relaxed SIMD.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fista } from "./sparse_coding.ts";
 * import { fromRows } from "./matrix.ts";
 * import { startThreads } from "./threads.ts";
 * const X = fromRows([[2, 1]]), D = fromRows([[1, 0], [0, 1]]);
 * const alone = fista(X, D, { lambda: 0.1 });
 * {
 *   using _threads = await startThreads(2);
 *   assert.deepEqual(fista(X, D, { lambda: 0.1 }), alone);
 * }
 * ```
 */
export async function startThreads(count: number): Promise<Disposable> {
  requireInteger("count", count, 1);
  if (count > MAX_THREADS) {
    throw new RangeError(`count must be at most ${MAX_THREADS}, got ${count}`);
  }
  return await startHelpers(count - 1);
}
