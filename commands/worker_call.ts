/**
 * Long synchronous work of a command in a worker, so that the command hears of Ctrl-C meanwhile.
 * @module
 */

/** A piece of work for a worker. */
export interface WorkerCall<Answer, Result> {
  /** The worker's module. */
  module: URL;
  /** Its first message. */
  request: unknown;
  /** Leaves the worker alone with what it is doing, and ends the call with the signal's reason. */
  until?: AbortSignal;
  /** What a message of the worker means; what it throws ends the call. */
  onAnswer(answer: Answer, call: {
    resolve(result: Result): void;
    reject(error: Error): void;
    /** Sends the worker a further message. */
    reply(message: unknown): void;
  }): void;
}

/** A number that a worker can look at within one synchronous call: not 0 once the signal is aborted. */
export function endOf(signal: AbortSignal): Int32Array<SharedArrayBuffer> {
  const ends = new Int32Array(new SharedArrayBuffer(4));
  signal.addEventListener("abort", () => Atomics.store(ends, 0, 1));
  if (signal.aborted) Atomics.store(ends, 0, 1);
  return ends;
}

/** Starts a worker, and ends it with the call. */
export async function callWorker<Answer, Result>(
  { module, request, until, onAnswer }: WorkerCall<Answer, Result>,
): Promise<Result> {
  const worker = new Worker(module, { type: "module" });
  const { promise, resolve, reject } = Promise.withResolvers<Result>();
  until?.addEventListener("abort", () => reject(until.reason));
  if (until?.aborted) reject(until.reason);
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new Error(event.message));
  };
  const reply = (message: unknown) => worker.postMessage(message);
  worker.onmessage = ({ data }: MessageEvent<Answer>) => {
    // what is told of after the end counts no longer
    if (until?.aborted) return;
    try {
      onAnswer(data, { resolve, reject, reply });
    } catch (error) {
      reject(error);
    }
  };
  reply(request);
  try {
    return await promise;
  } finally {
    worker.terminate();
  }
}
