/**
 * DL-FISTA through the cache: a run that takes long is kept from time to time, so that an interrupted
 * one goes on where it was, and one that asks for more rounds begins where fewer ended.
 * @module
 */
import { readPlainFile, writeAtomic } from "../atomic_file.ts";
import { type CsrMatrix, fromDense, toDense } from "../csr_matrix.ts";
import {
  type DictionaryHistory,
  learnDictionary,
  type LearnedDictionary,
} from "../dictionary_learning.ts";
import { requireSeal, sealed } from "../formats/checksum.ts";
import type { Matrix, Matrix32 } from "../matrix.ts";
import { decodeSafetensors, encodeSafetensors, type Tensor } from "../safetensors.ts";
import { runningBackend } from "../wasm/memory.ts";
import { type CacheFolder, type CacheKey, keyOf } from "./cache_folder.ts";
import { type Closeness, closenessOf, RECORD_EVERY } from "./records.ts";
import type { Setting } from "./settings.ts";
import type { HistoryUse } from "./trained_saes.ts";

/** Raised when {@linkcode learnDictionary} learns something else, or files hold something else. */
export const LEARNING: number = 1;

/** Seconds of work that an interruption may cost; what took less is made again sooner than kept. */
const KEEP_EVERY = 60;

/** How a dictionary stands after a round, with the error and the active codes in distribution. */
export interface DictionaryRecord extends Closeness, Pick<DictionaryHistory, "mseId" | "l0Id"> {
  /** The round, from 0. */
  round: number;
}

/**
 * Whether a round is recorded: every tenth, and the last.
 *
 * @param round The round, from 1.
 * @param last Whether it is the last.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { isRecorded } from "./cached_dictionary.ts";
 *
 * assert.deepEqual([1, 2, 11, 12].map((round) => isRecorded(round, round === 12)), [
 *   ...[true, false, true, true],
 * ]);
 * ```
 */
export function isRecorded(round: number, last: boolean): boolean {
  return round % RECORD_EVERY === 1 || last;
}

/** What DL-FISTA learned from an instance's observations, and how it came there. */
export interface RecordedDictionary extends LearnedDictionary {
  /** Every tenth round and the last that did not find it at rest; empty where nobody reads them. */
  records: DictionaryRecord[];
}

/** A run as it is kept. */
interface KeptRun extends RecordedDictionary {
  /** Whether it ended by itself, because the dictionary was at rest. */
  settled: boolean;
}

/** What a run is made of. */
export interface DictionaryRun {
  /** What determines the data. */
  setting: Setting;
  /** The observations, float32: those to learn from, and those that are coded only. */
  observations: { id: Matrix; ood: Matrix };
  /** The true dictionary. */
  A: Matrix;
}

/** How it is run. */
export interface DictionaryRunOptions {
  /** Weight λ of the L1 norm. */
  lambda: number;
  /** Number of rounds. */
  rounds: number;
  /** FISTA iterations of a round. */
  nIter: number;
  /** Where runs are kept; may be one without a folder. */
  cache: CacheFolder;
  /** What is done with the records. Default `read`. */
  history?: HistoryUse;
  /** Called after every round with how many are done. */
  onRound?: (done: number) => void;
  /** Seconds between two times that the run is kept. Default 60. */
  keepEvery?: number;
}

/**
 * DL-FISTA on the observations of a setting, with as many atoms as its width, from the start that its
 * seed gives: found in the cache, carried on from there, or learned from the first round on. The same
 * to the bit in every case.
 *
 * @param run See {@linkcode DictionaryRun}.
 * @param options See {@linkcode DictionaryRunOptions}.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { cachedDictionary } from "./cached_dictionary.ts";
 * import { CacheFolder } from "./cache_folder.ts";
 * import { Instance } from "./instance.ts";
 *
 * const setting = { numLatents: 20, k: 3, inputDim: 12, nSamples: 200, width: 20, seed: 0 };
 * const { observations, data: { A } } = new Instance(setting, { epochs: 1 });
 * const cache = new CacheFolder("dictionaries");
 * const options = { lambda: 0.1, nIter: 100, cache, keepEvery: 0 };
 * const run = { setting, observations, A };
 * const short = cachedDictionary(run, { ...options, rounds: 5 });
 * const rounds: number[] = [];
 * const long = cachedDictionary(run, { ...options, rounds: 8, onRound: (r) => rounds.push(r) });
 * assert.deepEqual(rounds, [6, 7, 8]);
 * assert.deepEqual(long.history.slice(0, 5), short.history);
 * ```
 */
export function cachedDictionary(
  { setting, observations: { id, ood }, A }: DictionaryRun,
  { lambda, rounds, nIter, cache, history: use = "read", onRound, keepEvery = KEEP_EVERY }:
    DictionaryRunOptions,
): RecordedDictionary {
  const { numLatents, k, inputDim, nSamples, width, seed } = setting;
  const spec = {
    ...{ type: "dl_fista", numLatents, k, inputDim, nSamples, seed, width },
    ...{ lambda, nIter, learning: LEARNING },
  };
  // any number of threads learns the same
  const backend = runningBackend(), build = backend === "threads" ? "relaxed-simd" : backend;
  const key = keyOf(spec, build);
  const records = ({ records }: KeptRun) => use === "none" || records.length > 0;

  return cache.obtain<KeptRun>({
    key,
    again: "Learning a dictionary again",
    read: readRun,
    write: (path, run) => writeAtomic(path, encodeRun(run, key)),
    suffices: (run) =>
      records(run) &&
      (run.settled ? run.history.length < rounds : run.history.length === rounds),
  }, (found, keep) => {
    const goesOn = found && records(found) && !found.settled && found.history.length < rounds;
    const resume = goesOn ? found : undefined;
    const run: Pick<KeptRun, "records" | "settled" | "history"> = {
      // the last round of fewer is one among others of more
      records: (resume?.records ?? []).filter(({ round }) => isRecorded(round + 1, false)),
      settled: false,
      history: [...resume?.history ?? []],
    };
    let kept = performance.now(), keeping = resume !== undefined;
    const result = learnDictionary(id, ood, {
      ...{ numLatents: width, lambda, rounds, nIter, seed },
      resume: resume && partsOf(resume),
      onRound(state) {
        const { round, entry, dictionary } = state;
        if (entry) {
          run.history.push(entry);
          if (use !== "none" && isRecorded(round, round === rounds)) {
            const { mseId, l0Id } = entry;
            run.records.push({ round: round - 1, ...closenessOf(dictionary, A), mseId, l0Id });
          }
        }
        run.settled = !entry;
        const due = performance.now() - kept >= 1000 * keepEvery;
        const ends = run.settled || round === rounds;
        // one of more rounds stays
        const further = run.history.length >= (found?.history.length ?? 0);
        if (further && (due || (keeping && ends))) {
          keep({ ...run, dictionary, codesId: state.codesId(), codesOod: state.codesOod() });
          [kept, keeping] = [performance.now(), true];
        }
        onRound?.(round);
      },
    });
    return { ...result, ...run };
  });
}

/** What {@linkcode learnDictionary} returned. */
function partsOf({ codesId, codesOod, dictionary, history }: LearnedDictionary): LearnedDictionary {
  return { codesId, codesOod, dictionary, history };
}

/** What the metadata's entry `format` says. */
const RUN_FORMAT = "startcoding-dl-fista-1";

/** The bytes of a file: the dictionary, the codes in compressed rows, and as text all else. */
function encodeRun(
  { dictionary, codesId, codesOod, history, records, settled }: KeptRun,
  key: CacheKey,
): Uint8Array {
  const { rows, cols, data } = dictionary;
  const codes = Object.entries({ codesId, codesOod }).flatMap(([name, Z]): [string, Tensor][] => {
    const { indptr, indices, data } = fromDense(Z);
    return Object.entries({ indptr, indices, data })
      .map(([part, data]) => [`${name}.${part}`, { shape: [data.length], data }]);
  });
  return encodeSafetensors(sealed({
    tensors: { dictionary: { shape: [rows, cols], data }, ...Object.fromEntries(codes) },
    metadata: {
      format: RUN_FORMAT,
      key: JSON.stringify(key),
      run: JSON.stringify({ history, records, settled }),
    },
  }));
}

function readRun(path: string): { value: KeptRun; key: unknown } {
  const content = decodeSafetensors(readPlainFile(path), path);
  const { tensors, metadata } = content;
  if (metadata.format !== RUN_FORMAT) {
    throw new Error(`its metadata must say format ${RUN_FORMAT}, got ${metadata.format}`);
  }
  requireSeal(content);
  const { shape: [rows, cols], data } = tensors.dictionary;
  const codes = (name: string): Matrix32 => {
    const [indptr, indices, data] = ["indptr", "indices", "data"]
      .map((part) => tensors[`${name}.${part}`].data);
    return toDense({ rows: indptr.length - 1, cols, indptr, indices, data } as CsrMatrix);
  };
  return {
    value: {
      dictionary: { rows, cols, data: data as Float32Array },
      ...{ codesId: codes("codesId"), codesOod: codes("codesOod") },
      ...JSON.parse(metadata.run),
    },
    key: JSON.parse(metadata.key),
  };
}
