/**
 * Threads that run kernels for the thread that waits for them. Orders and results go through shared
 * memory and atomics, not through messages: solvers are synchronous, and a thread that waits reads no
 * messages.
 * @module
 */
import {
  type Desk,
  dismiss,
  type EncodedCall,
  intoParts,
  newDesk,
  receive,
  send,
} from "./mailbox.ts";

/** Helpers on one memory. */
export class Crew implements Disposable {
  readonly #workers: readonly Worker[];
  readonly #desks: readonly Desk[];

  private constructor(workers: readonly Worker[], desks: readonly Desk[]) {
    this.#workers = workers;
    this.#desks = desks;
  }

  /**
   * Starts helpers, and waits until they are ready.
   *
   * @param memory The kernels' memory.
   * @param count Number of helpers.
   * @throws {Error} When one cannot start: without the permission to read its module, say.
   */
  static async start(memory: WebAssembly.Memory, count: number): Promise<Crew> {
    const desks = Array.from({ length: count }, (_, index) => newDesk(memory, index + 1));
    const workers = desks.map(() =>
      new Worker(new URL("./helper_worker.ts", import.meta.url), { type: "module" })
    );
    const crew = new Crew(workers, desks);
    try {
      await Promise.all(workers.map((worker, index) => ready(worker, desks[index])));
    } catch (error) {
      crew[Symbol.dispose]();
      throw error;
    }
    return crew;
  }

  /** Number of helpers. */
  get size(): number {
    return this.#workers.length;
  }

  /**
   * Has each helper run its calls in turn while this thread does `own`, and waits for all of them.
   *
   * @param orders The calls of each helper, at most as many lists as helpers.
   * @returns The results of each helper's calls.
   * @throws {Error} When a kernel traps.
   */
  run(orders: readonly (readonly EncodedCall[])[], own: () => void): number[][] {
    const parts = orders.map(intoParts);
    const results = orders.map((): number[] => []);
    const rounds = Math.max(1, ...parts.map((list) => list.length));
    for (let round = 0; round < rounds; round++) {
      const busy = parts.flatMap((list, helper) => list.length > round ? [helper] : []);
      for (const helper of busy) send(this.#desks[helper], parts[helper][round]);
      try {
        if (round === 0) own();
      } finally {
        // even then: what helpers still write to must not be released
        for (const helper of busy) results[helper].push(...receive(this.#desks[helper]));
      }
    }
    return results;
  }

  /** Ends the helpers. */
  [Symbol.dispose](): void {
    // Not terminated: a thread that waits on an atomic would not notice
    this.#desks.forEach(dismiss);
  }
}

/** Hands a helper its desk, and waits until it sits there. */
function ready(worker: Worker, desk: Desk): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  worker.onmessage = () => resolve();
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new Error(`Cannot start a thread: ${event.message}`));
  };
  worker.postMessage(desk);
  return promise;
}
