/**
 * The worker in which `learn.ts` learns: the learner is one synchronous call, and the command must hear of
 * Ctrl-C meanwhile.
 * @module
 */
import { FileError } from "../lib/atomic_file.ts";
import type { Matrix32 } from "../lib/matrix.ts";
import {
  type PathDictionary,
  pathDictionary,
  type PathDictionaryOptions,
  type PathRound,
} from "../lib/path_dictionary.ts";
import { startThreads } from "../lib/threads.ts";
import { LearningSaver } from "./learning_file.ts";

/** What the command asks for. */
export interface LearnRequest {
  /** The rows. */
  X: Matrix32;
  /** How to learn. */
  options: PathDictionaryOptions;
  /** The file of the state. */
  state: string;
  /** Threads that compute. */
  threads: number;
  /** One number that is not 0 once the learning is to end. */
  ends: Int32Array<SharedArrayBuffer>;
}

/** What it is told: a round, the end, an early end with the dictionary as it was then, or a refusal. */
export type LearnAnswer =
  | { round: PathRound }
  | { result: PathDictionary }
  | { partial: Matrix32 }
  | { refused: string }
  | { failed: string };

/** Why the learner was left early. */
class Ended extends Error {
  constructor(readonly dictionary: Matrix32) {
    super("ended");
  }
}

const port = self as unknown as {
  onmessage: (event: MessageEvent<LearnRequest>) => void;
  postMessage(answer: LearnAnswer): void;
};

port.onmessage = async ({ data: { X, options, state: path, threads, ends } }) => {
  try {
    using _threads = threads > 1 ? await startThreads(threads) : undefined;
    const saver = new LearningSaver(path, X.data.length);
    const result = pathDictionary(X, {
      ...options,
      onProgress(round, dictionary, state) {
        port.postMessage({ round });
        saver.offer(state);
        if (Atomics.load(ends, 0) === 0) return;
        saver.save(state);
        throw new Ended(dictionary());
      },
    });
    port.postMessage({ result });
  } catch (error) {
    if (error instanceof Ended) port.postMessage({ partial: error.dictionary });
    else if (error instanceof RangeError || error instanceof FileError) {
      port.postMessage({ refused: error.message });
    } else port.postMessage({ failed: String((error as Error).stack) });
  }
};
