/**
 * Threads that run kernels for the thread that waits for them. Orders and results go through shared
 * memory and atomics, not through messages: solvers are synchronous, and a thread that waits reads no
 * messages.
 * @module
 */
import {
  dismiss,
  type EncodedCall,
  intoParts,
  type Mailbox,
  newMailbox,
  receive,
  send,
} from "./mailbox.ts";

/** Helpers on one memory. */
export class Helpers implements Disposable {
  readonly #workers: readonly Worker[];
  readonly #mailboxes: readonly Mailbox[];

  private constructor(workers: readonly Worker[], mailboxes: readonly Mailbox[]) {
    this.#workers = workers;
    this.#mailboxes = mailboxes;
  }

  /**
   * Starts helpers, and waits until they are ready.
   *
   * @param memory The kernels' memory.
   * @param count Number of helpers.
   * @throws {Error} When one cannot start: without the permission to read its module, say.
   */
  static async start(memory: WebAssembly.Memory, count: number): Promise<Helpers> {
    const mailboxes = Array.from({ length: count }, (_, index) => newMailbox(memory, index + 1));
    const workers = mailboxes.map(() =>
      new Worker(new URL("./helper_worker.ts", import.meta.url), { type: "module" })
    );
    const helpers = new Helpers(workers, mailboxes);
    try {
      await Promise.all(workers.map((worker, index) => ready(worker, mailboxes[index])));
    } catch (error) {
      helpers[Symbol.dispose]();
      throw error;
    }
    return helpers;
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
   * @throws {Error} When a kernel traps, or what `own` throws: the first error, after every helper has
   * stopped. The next order finds them ready.
   */
  run(orders: readonly (readonly EncodedCall[])[], own: () => void): number[][] {
    const parts = orders.map(intoParts);
    const results = orders.map((): number[] => []);
    const rounds = Math.max(1, ...parts.map((list) => list.length));
    for (let round = 0; round < rounds; round++) {
      const busy = parts.flatMap((list, helper) => list.length > round ? [helper] : []);
      for (const helper of busy) send(this.#mailboxes[helper], parts[helper][round]);
      const errors: unknown[] = [];
      const attempt = (work: () => void) => {
        try {
          work();
        } catch (error) {
          errors.push(error);
        }
      };
      if (round === 0) attempt(own);
      // after an error too: what helpers still write to must not be released
      for (const helper of busy) {
        attempt(() => results[helper].push(...receive(this.#mailboxes[helper])));
      }
      if (errors.length > 0) throw errors[0];
    }
    return results;
  }

  /** Ends the helpers. */
  [Symbol.dispose](): void {
    // Not terminated: a thread that waits on an atomic would not notice
    this.#mailboxes.forEach(dismiss);
  }
}

/** Hands a helper its mailbox, and waits until it can take orders. */
function ready(worker: Worker, mailbox: Mailbox): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  worker.onmessage = () => resolve();
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new Error(`Cannot start a thread: ${event.message}`));
  };
  worker.postMessage(mailbox);
  return promise;
}
