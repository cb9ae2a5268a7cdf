/**
 * Trained autoencoders on disk, so that every experiment that needs the same model finds it: one
 * safetensors file per model, named by a digest of everything that determines the weights.
 *
 * A file is used only when its checksum and its whole key are right; a damaged one is trained again
 * and replaced. Processes that want the same model wait for the one that trains it.
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import toolkit from "../../deno.json" with { type: "json" };
import { FileError, openLock } from "../atomic_file.ts";
import type { Backend } from "../wasm/backends.ts";
import { runningBackend } from "../wasm/memory.ts";
import { TRAINING } from "../cores/sae_training.ts";
import { dataOf } from "../cores/sae_variant.ts";
import { parametersOf, type SaeParameters } from "../cores/sae_variants.ts";
import { loadSae, saveSae } from "../sae_file.ts";
import type { Sae } from "../saes.ts";
import { note as tellOnce } from "../sweep/notes.ts";
import { systemBlas } from "../system_blas.ts";

/** Raised when files hold something else; TRAINING is raised when training gives other weights. */
const FORMAT = 1;

/** Largest size of a cache folder, in bytes, unless said otherwise: 2 GiB. */
export const CACHE_LIMIT: number = 2 ** 31;

const EXTENSION = ".safetensors";

/** Everything that determines the weights of a model, apart from the toolkit itself. */
export interface ModelSpec {
  /** Kind of the autoencoder. */
  type: string;
  /** n: number of latents of the data. */
  numLatents: number;
  /** k: active latents per sample, in the data and, for topk and MP, in the codes. */
  k: number;
  /** m: number of observed dimensions. */
  inputDim: number;
  /** Number of in-distribution samples of the data, half of them for training. */
  nSamples: number;
  /** Seed of the data, the initial weights and the batches. */
  seed: number;
  /** Number of units. */
  width: number;
  /** Passes over the training samples. */
  epochs: number;
  /** Learning rate. */
  lr: number;
  /** Weight of the penalty. */
  gamma: number;
  /** Samples per step. */
  batchSize: number;
  /** Epochs between two normalizations of the decoder's columns. */
  renormEvery: number;
  /** Epochs that the loader has served to other models before. */
  skippedEpochs: number;
}

/** A trained model and what was recorded while it was trained. */
export interface Model<History> {
  /** The autoencoder. */
  sae: Sae;
  /** The record, plain JSON. */
  history: History;
}

/** A file of a cache folder. */
export interface CachedFile {
  /** File name, which begins with the model's type, n, k, m, samples, seed and epochs. */
  name: string;
  /** Size in bytes. */
  size: number;
  /** Time of the last use. */
  used: Date;
}

/** Options of {@linkcode ModelCache}. */
export interface ModelCacheOptions {
  /** Size in bytes above which the models are removed that were not used for longest. Default 2 GiB. */
  limit?: number;
  /**
   * Takes a line about a file or folder that could not be used or written. Default: stderr, in a run each
   * line once.
   */
  note?: (line: string) => void;
}

/**
 * A folder of trained models, or none: then every model is trained.
 *
 * Needs read and write permission on the folder, and read permission on the kernels beside this
 * file. The folder is created when the first model is saved. Where it cannot be written to, models
 * are trained all the same.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { ModelCache } from "./model_cache.ts";
 * import { generateDatasets } from "../data.ts";
 * import { trainSae } from "../train_sae.ts";
 * const spec = {
 *   ...{ type: "relu", numLatents: 50, k: 10, inputDim: 33, nSamples: 5000, seed: 0, width: 50 },
 *   ...{ epochs: 5, lr: 5e-4, gamma: 1e-4, batchSize: 64, renormEvery: 50, skippedEpochs: 0 },
 * };
 * let trained = 0;
 * const train = () => {
 *   trained++;
 *   const { numLatents, k, inputDim, nSamples, seed, width, epochs } = spec;
 *   const { train, val, ood } = generateDatasets({ numLatents, k, inputDim, nSamples, seed });
 *   const data = { train: train.Y, id: val.Y, ood: ood.Y };
 *   return trainSae(data, { type: "relu", width, epochs, seed });
 * };
 * const { sae } = new ModelCache("models").obtain(spec, train);
 * assert.deepEqual(new ModelCache("models").obtain(spec, train).sae, sae);
 * assert.equal(trained, 1);
 * ```
 */
export class ModelCache {
  readonly #folder: string | undefined;
  readonly #limit: number;
  readonly #note: (line: string) => void;

  /** A cache in `folder`; without one nothing is kept. */
  constructor(
    folder: string | undefined,
    { limit = CACHE_LIMIT, note = tellOnce }: ModelCacheOptions = {},
  ) {
    this.#folder = folder;
    this.#limit = limit;
    this.#note = note;
  }

  /**
   * The model of a specification: from the folder, or trained and put there. Blocks while another
   * process trains the same model.
   *
   * @param spec Everything that determines the weights.
   * @param train Makes the model; called only when there is none to be found.
   * @param suffices Whether a model with this record will do; one that will not is trained again and
   * replaced. Default: any.
   * @throws What `train` throws.
   */
  obtain<History>(
    spec: ModelSpec,
    train: () => Model<History>,
    suffices: (history: History) => boolean = () => true,
  ): Model<History> {
    if (this.#folder === undefined) return train();
    const key = fullKey(spec);
    const path = join(this.#folder, fileName(key));
    const found = this.#find<History>(path, key);
    if (found && suffices(found.history)) return found;
    let lock: Disposable;
    try {
      Deno.mkdirSync(this.#folder, { recursive: true });
      lock = lockModel(`${path}.lock`);
    } catch (error) {
      this.#note(`Cannot keep models in ${this.#folder}: ${firstLine(error)}`);
      return train();
    }
    using _lock = lock;
    // somebody else may have trained it while we waited; a damaged file is news only now
    const waited = this.#find<History>(path, key, this.#note);
    if (waited && suffices(waited.history)) return waited;
    const model = train();
    try {
      const history = JSON.stringify(model.history);
      saveSae(path, model.sae, { key, history, digest: digestOf(model.sae, key, history) });
      pruneModels(this.#folder, this.#limit);
    } catch (error) {
      this.#note(`Cannot keep models in ${this.#folder}: ${reasonOf(error)}`);
    }
    return model;
  }

  /** The model at `path`; undefined when there is none or, after a note, when it is damaged. */
  #find<History>(
    path: string,
    key: Key,
    note?: (line: string) => void,
  ): Model<History> | undefined {
    try {
      const { sae, config } = loadSae(path);
      const { history, digest } = config;
      if (!isDeepStrictEqual(config.key, key)) throw new Error("it is another model's");
      if (typeof history !== "string" || digest !== digestOf(sae, key, history)) {
        throw new Error("its checksum must be that of its content");
      }
      markUsed(path);
      return { sae, history: JSON.parse(history) };
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) {
        note?.(`Training a model again instead of using ${path}: ${firstLine(error)}`);
      }
      return undefined;
    }
  }
}

/** A specification and what else its weights depend on. */
interface Key extends ModelSpec {
  format: number;
  training: number;
  version: string;
  backend: Backend;
  code: string;
  blas?: string;
}

/** The key of a specification, always in the same order. */
function fullKey(spec: ModelSpec): Key {
  const backend = runningBackend(), code = codeOf(backend), { version } = toolkit;
  const key = { ...spec, format: FORMAT, training: TRAINING, version, backend, code };
  const blas = systemBlas();
  const sorted = Object.entries(blas ? { ...key, blas } : key).sort(([a], [b]) => a < b ? -1 : 1);
  return Object.fromEntries(sorted) as unknown as Key;
}

/** The file of each build. */
const BUILDS: Record<Backend, string> = {
  "relaxed-simd": "../wasm/kernels.wasm",
  simd: "../wasm/kernels_simd.wasm",
  threads: "../wasm/kernels_shared.wasm",
};

/** A digest of the kernels that train, or, where this file is not on the disk, its address. */
function codeOf(backend: Backend): string {
  const url = new URL(BUILDS[backend], import.meta.url);
  return url.protocol === "file:" ? digest(Deno.readFileSync(url)) : url.href;
}

function fileName(key: Key): string {
  const { type, numLatents, k, inputDim, nSamples, seed, epochs } = key;
  const parts = [type, `n${numLatents}`, `k${k}`, `m${inputDim}`, `N${nSamples}`, `s${seed}`];
  return [...parts, `e${epochs}`, digest(JSON.stringify(key))].join("_") + EXTENSION;
}

function digest(...content: (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of content) hash.update(part);
  return hash.digest("hex").slice(0, 16);
}

function digestOf({ options, parameters }: Sae, key: Key, history: string): string {
  const bytes = parametersOf(options).map(({ name }) => {
    const { buffer, byteOffset, byteLength } = dataOf(parameters[name as keyof SaeParameters]!);
    return new Uint8Array(buffer, byteOffset, byteLength);
  });
  return digest(JSON.stringify(key), history, ...bytes);
}

/**
 * Takes the exclusive lock of a model, waiting for its holder. The lock file is removed on release;
 * who waited on a removed one tries again on its successor.
 */
function lockModel(path: string): Disposable {
  for (;;) {
    const file = openLock(path);
    file.lockSync(true);
    if (file.statSync().ino === unlessGone(() => Deno.statSync(path))?.ino) {
      return {
        [Symbol.dispose]() {
          try {
            Deno.removeSync(path);
          } catch {
            /* an open file cannot be removed everywhere; an empty one left does no harm */
          }
          file.close();
        },
      };
    }
    file.close();
  }
}

function markUsed(path: string): void {
  const now = new Date();
  try {
    Deno.utimeSync(path, now, now);
  } catch { /* a folder that may only be read is a cache all the same */ }
}

/** Why a file could not be written, without its name: that is another one for every model. */
function reasonOf(error: unknown): string {
  return error instanceof FileError && error.cause
    ? firstLine(error.cause).split(": ")[0]
    : firstLine(error);
}

function firstLine(error: unknown): string {
  return (error as Error).message.split("\n")[0];
}

/**
 * The models in a cache folder, the most recently used first. Needs read permission on it.
 *
 * @returns An empty list where there is no such folder.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { listModels } from "./model_cache.ts";
 * for (const { name, size } of listModels(".cache")) console.log(name, size);
 * assert.deepEqual(listModels("nowhere"), []);
 * ```
 */
export function listModels(folder: string): CachedFile[] {
  // what a killed run left half written counts too
  const names = unlessGone(() => [...Deno.readDirSync(folder)])
    ?.filter(({ name, isFile }) => isFile && name.includes(EXTENSION) && !name.endsWith(".lock"));
  const files = (names ?? []).flatMap(({ name }): CachedFile[] => {
    const info = unlessGone(() => Deno.statSync(join(folder, name)));
    return info ? [{ name, size: info.size, used: info.mtime ?? new Date(0) }] : [];
  });
  return files.sort((a, b) => b.used.getTime() - a.used.getTime());
}

/** What `work` returns; undefined when its file is not there, for instance because another process prunes. */
function unlessGone<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/**
 * Removes the models that were not used for longest until the rest has at most `limit` bytes. A
 * process that reads one of them at that moment trains it again.
 *
 * @returns The files that were removed.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { listModels, pruneModels } from "./model_cache.ts";
 * pruneModels(".cache", 0); // all of them
 * assert.deepEqual(listModels(".cache"), []);
 * ```
 */
export function pruneModels(folder: string, limit: number): CachedFile[] {
  let total = 0;
  const removed = listModels(folder).filter(({ size }) => (total += size) > limit);
  for (const { name } of removed) unlessGone(() => Deno.removeSync(join(folder, name)));
  return removed;
}
