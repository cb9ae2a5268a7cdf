/**
 * The file from which `learn.ts` goes on, and how often it is written.
 * @module
 */
import { kindOfPath, readPlainFile, writeAtomic } from "../lib/atomic_file.ts";
import { requireSeal, sealed } from "../lib/formats/checksum.ts";
import { safetensorsParts } from "../lib/formats/safetensors_parts.ts";
import type { PathState } from "../lib/path_dictionary.ts";
import { decodeSafetensors } from "../lib/safetensors.ts";

/** The metadata's mark of our files. */
const FORMAT = "startcoding-learning-1";

/** Share of the time that saving may take. */
const SHARE = 0.015;

/** What the first save may cost before one was timed: seconds, and seconds per value of the rows. */
const [FIRST, PER_VALUE] = [0.01, 2e-8];

/** Replaces the file by one of a state. */
export function saveLearning(path: string, state: PathState): void {
  const { of, rounds, history, chance, dictionary: { rows, cols, data }, ...lists } = state;
  const tensors = {
    dictionary: { shape: [rows, cols], data },
    ...Object.fromEntries(
      Object.entries(lists).map(([name, data]) => [name, { shape: [data.length], data }]),
    ),
  };
  const metadata = {
    format: FORMAT,
    learning: JSON.stringify(of),
    progress: JSON.stringify({ rounds, history, chance }),
  };
  writeAtomic(path, safetensorsParts(sealed({ tensors, metadata })));
}

/**
 * The state that was saved last; undefined where there is no file.
 *
 * @throws {Error} When the file cannot be read, is damaged or holds something else.
 */
export function loadLearning(path: string): PathState | undefined {
  if (kindOfPath(path) === undefined) return undefined;
  const { tensors, metadata } = decodeSafetensors(readPlainFile(path), path);
  if (metadata.format !== FORMAT) {
    throw new Error(`its metadata must say format ${FORMAT}, got ${metadata.format}`);
  }
  requireSeal({ tensors, metadata });
  // written by saveLearning, as the checksum says; pathDictionary checks kinds and sizes again
  const { dictionary: { shape: [rows, cols], data }, ...lists } = tensors;
  return {
    ...{ of: JSON.parse(metadata.learning), ...JSON.parse(metadata.progress) },
    dictionary: { rows, cols, data },
    ...Object.fromEntries(Object.entries(lists).map(([name, { data }]) => [name, data])),
  };
}

/** Saves now and then: no more often than {@linkcode SHARE} of the time is needed for. */
export class LearningSaver {
  readonly #path: string;
  #seconds: number;
  #last = performance.now();

  /** @param values Values of the rows, by which the first save is guessed. */
  constructor(path: string, values: number) {
    this.#path = path;
    this.#seconds = FIRST + PER_VALUE * values;
  }

  /** Saves if it is time to. */
  offer(state: () => PathState): void {
    if (performance.now() - this.#last >= 1000 * this.#seconds / SHARE) this.save(state);
  }

  /** Saves at once. */
  save(state: () => PathState): void {
    const started = performance.now();
    saveLearning(this.#path, state());
    this.#last = performance.now();
    this.#seconds = (this.#last - started) / 1000;
  }
}
