/**
 * The worker in which `consensus.ts` refines: that is one synchronous call, and the command must hear of Ctrl-C
 * meanwhile.
 * @module
 */
import type { Matrix32 } from "../lib/matrix.ts";
import { refineDictionary, type RefineDictionaryOptions } from "../lib/refine_dictionary.ts";
import { startThreads } from "../lib/threads.ts";

/** What the command asks for. */
export interface ConsensusRequest {
  /** The rows. */
  X: Matrix32;
  /** The dictionary. */
  D: Matrix32;
  /** How to refine it. */
  options: RefineDictionaryOptions;
  /** Threads that compute. */
  threads: number;
  /** One number that is not 0 once the refining is to end. */
  ends: Int32Array<SharedArrayBuffer>;
}

/** What it is told: rounds that are done, the dictionary, or a refusal. */
export type ConsensusAnswer =
  | { done: number; total: number }
  | { result: Matrix32 }
  | { refused: string }
  | { failed: string };

const port = self as unknown as {
  onmessage: (event: MessageEvent<ConsensusRequest>) => void;
  postMessage(answer: ConsensusAnswer): void;
};

port.onmessage = async ({ data: { X, D, options, threads, ends } }) => {
  try {
    using _threads = threads > 1 ? await startThreads(threads) : undefined;
    const end = new AbortController();
    const result = refineDictionary(X, D, {
      ...options,
      ...{ signal: end.signal, partial: true },
      onProgress(done, total) {
        port.postMessage({ done, total });
        if (Atomics.load(ends, 0) !== 0) end.abort();
      },
    });
    port.postMessage({ result });
  } catch (error) {
    port.postMessage(
      error instanceof RangeError
        ? { refused: error.message }
        : { failed: String((error as Error).stack) },
    );
  }
};
