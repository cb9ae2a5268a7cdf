/**
 * A folder of what took long to make, so that every experiment that needs the same finds it: one
 * safetensors file each, named by a digest of everything that determines its content.
 *
 * A file is used only when its whole key is right and its reader finds no fault; a damaged one is made
 * again and replaced. Processes that want the same file wait for the one that makes it.
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import toolkit from "../../deno.json" with { type: "json" };
import { FileError, openLock } from "../atomic_file.ts";
import type { Backend } from "../wasm/backends.ts";
import { note as tellOnce } from "../sweep/notes.ts";
import { systemBlas } from "../system_blas.ts";

/** Largest size of a cache folder, in bytes, unless said otherwise: 2 GiB. */
export const CACHE_LIMIT: number = 2 ** 31;

const EXTENSION = ".safetensors";

/** A file of a cache folder. */
export interface CachedFile {
  /** File name, which begins with the kind, n, k, m, samples and seed. */
  name: string;
  /** Size in bytes. */
  size: number;
  /** Time of the last use. */
  used: Date;
}

/** Options of {@linkcode CacheFolder}. */
export interface CacheOptions {
  /** Size in bytes above which the files are removed that were not used for longest. Default 2 GiB. */
  limit?: number;
  /**
   * Takes a line about a file or folder that could not be used or written. Default: stderr, in a run each
   * line once.
   */
  note?: (line: string) => void;
}

/** The setting of what is cached, which its file's name tells. */
export interface CachedSetting {
  /** Kind of the autoencoder, or the name of the learner. */
  type: string;
  /** n: number of latents of the data. */
  numLatents: number;
  /** k: active latents per sample. */
  k: number;
  /** m: number of observed dimensions. */
  inputDim: number;
  /** Number of in-distribution samples of the data. */
  nSamples: number;
  /** Seed of the data and of all that is drawn. */
  seed: number;
}

/** A kind of files. */
export interface Cached<T> {
  /** What determines the content, from {@linkcode keyOf}. */
  key: CacheKey;
  /** What the file's name says beside the setting: `e500`. Default: nothing. */
  label?: string;
  /** What is told of making it a second time: "Training a model again". */
  again: string;
  /**
   * Reads a file.
   *
   * @returns Its content, and the key that it was saved with.
   * @throws {Error} When it is damaged.
   */
  read(path: string): { value: T; key: unknown };
  /** Writes a file, with its key. */
  write(path: string, value: T): void;
  /** Whether what was found will do; what will not is made again. Default: anything. */
  suffices?(found: T): boolean;
}

/** Everything that determines the content of a file, this toolkit included. */
export interface CacheKey extends CachedSetting {
  /** The toolkit's version. */
  version: string;
  /** The build of the kernels. */
  backend: Backend;
  /** A digest of that build. */
  code: string;
  /** The system's BLAS, where it is in use. */
  blas?: string;
}

/**
 * A folder, or none: then everything is made.
 *
 * Needs read and write permission on the folder, and read permission on the kernels beside this
 * file. The folder is created when the first file is saved. Where it cannot be written to, everything
 * is made all the same.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { CacheFolder, keyOf } from "./cache_folder.ts";
 *
 * const setting = { type: "none", numLatents: 4, k: 1, inputDim: 3, nSamples: 8, seed: 0 };
 * const nothing = {
 *   key: keyOf(setting, "relaxed-simd"),
 *   again: "Making nothing again",
 *   read: () => { throw new Error("never written"); },
 *   write() {},
 * };
 * assert.equal(new CacheFolder(undefined).obtain(nothing, () => 7), 7);
 * ```
 */
export class CacheFolder {
  readonly #folder: string | undefined;
  readonly #limit: number;
  readonly #note: (line: string) => void;

  /** A cache in `folder`; without one nothing is kept. */
  constructor(
    folder: string | undefined,
    { limit = CACHE_LIMIT, note = tellOnce }: CacheOptions = {},
  ) {
    this.#folder = folder;
    this.#limit = limit;
    this.#note = note;
  }

  /**
   * What the folder has, or what is made and kept there. Blocks while another process makes the same.
   *
   * @param cached The kind of file and its key.
   * @param make Called only when there is none that suffices: with the one that does not, and with what
   * writes the file. It may keep what is unfinished, and need not keep anything.
   * @throws What `make` throws.
   */
  obtain<T>(
    cached: Cached<T>,
    make: (found: T | undefined, keep: (value: T) => void) => T,
  ): T {
    if (this.#folder === undefined) return make(undefined, () => {});
    const { suffices = () => true } = cached, folder = this.#folder;
    const path = join(folder, fileName(cached));
    const found = this.#find(path, cached);
    if (found !== undefined && suffices(found)) return found;
    let lock: Disposable;
    try {
      Deno.mkdirSync(folder, { recursive: true });
      lock = lockFile(`${path}.lock`);
    } catch (error) {
      this.#note(`Cannot keep models in ${folder}: ${firstLine(error)}`);
      return make(found, () => {});
    }
    using _lock = lock;
    // somebody else may have made it while we waited; a damaged file is news only now
    const waited = this.#find(path, cached, this.#note);
    if (waited !== undefined && suffices(waited)) return waited;
    return make(waited, (value) => {
      try {
        cached.write(path, value);
        pruneCache(folder, this.#limit);
      } catch (error) {
        this.#note(`Cannot keep models in ${folder}: ${reasonOf(error)}`);
      }
    });
  }

  /** What is at `path`; undefined when there is nothing or, after a note, when it is damaged. */
  #find<T>(
    path: string,
    { read, key, again }: Cached<T>,
    note?: (line: string) => void,
  ): T | undefined {
    try {
      const found = read(path);
      if (!isDeepStrictEqual(found.key, key)) throw new Error("it is another model's");
      markUsed(path);
      return found.value;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) {
        note?.(`${again} instead of using ${path}: ${firstLine(error)}`);
      }
      return undefined;
    }
  }
}

/**
 * The key of what is determined by `spec`, this toolkit, a build of its kernels and the system's BLAS,
 * always in the same order.
 *
 * @param spec A setting, and what else determines the content.
 * @param backend The build.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { keyOf } from "./cache_folder.ts";
 *
 * const setting = { type: "none", numLatents: 4, k: 1, inputDim: 3, nSamples: 8, seed: 0 };
 * assert.equal(Object.keys(keyOf(setting, "simd"))[0], "backend");
 * ```
 */
export function keyOf(spec: CachedSetting, backend: Backend): CacheKey {
  const key = { ...spec, version: toolkit.version, backend, code: codeOf(backend) };
  const blas = systemBlas();
  const sorted = Object.entries(blas ? { ...key, blas } : key).sort(([a], [b]) => a < b ? -1 : 1);
  return Object.fromEntries(sorted) as unknown as CacheKey;
}

/** The file of each build. */
const BUILDS: Record<Backend, string> = {
  "relaxed-simd": "../wasm/kernels.wasm",
  simd: "../wasm/kernels_simd.wasm",
  threads: "../wasm/kernels_shared.wasm",
};

/** A digest of the kernels, or, where this file is not on the disk, their address. */
function codeOf(backend: Backend): string {
  const url = new URL(BUILDS[backend], import.meta.url);
  return url.protocol === "file:" ? digest(Deno.readFileSync(url)) : url.href;
}

function fileName({ key, label }: Pick<Cached<unknown>, "key" | "label">): string {
  const { type, numLatents, k, inputDim, nSamples, seed } = key;
  const parts = [type, `n${numLatents}`, `k${k}`, `m${inputDim}`, `N${nSamples}`, `s${seed}`];
  return [...parts, ...label ? [label] : [], digest(JSON.stringify(key))].join("_") + EXTENSION;
}

/**
 * The first 16 digits of a SHA-256.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { digest } from "./cache_folder.ts";
 *
 * assert.equal(digest("a", "b"), digest("ab"));
 * ```
 */
export function digest(...content: (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of content) hash.update(part);
  return hash.digest("hex").slice(0, 16);
}

/**
 * Takes the exclusive lock of a file, waiting for its holder. The lock file is removed on release;
 * who waited on a removed one tries again on its successor.
 */
function lockFile(path: string): Disposable {
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

/** Why a file could not be written, without its name: that is another one every time. */
function reasonOf(error: unknown): string {
  return error instanceof FileError && error.cause
    ? firstLine(error.cause).split(": ")[0]
    : firstLine(error);
}

function firstLine(error: unknown): string {
  return (error as Error).message.split("\n")[0];
}

/**
 * The files of a cache folder, the most recently used first. Needs read permission on it.
 *
 * @returns An empty list where there is no such folder.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { listCache } from "./cache_folder.ts";
 * for (const { name, size } of listCache(".cache")) console.log(name, size);
 * assert.deepEqual(listCache("nowhere"), []);
 * ```
 */
export function listCache(folder: string): CachedFile[] {
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
 * Removes the files that were not used for longest until the rest has at most `limit` bytes. A
 * process that reads one of them at that moment makes it again.
 *
 * @returns The files that were removed.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { listCache, pruneCache } from "./cache_folder.ts";
 * pruneCache(".cache", 0); // everything
 * assert.deepEqual(listCache(".cache"), []);
 * ```
 */
export function pruneCache(folder: string, limit: number): CachedFile[] {
  let total = 0;
  const removed = listCache(folder).filter(({ size }) => (total += size) > limit);
  for (const { name } of removed) unlessGone(() => Deno.removeSync(join(folder, name)));
  return removed;
}
