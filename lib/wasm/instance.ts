/**
 * The kernels, instantiated: once for every thread that runs them.
 * @module
 */
import type { Backend } from "./backends.ts";
import { type KernelExports, loadBackend } from "./builds.js";
import { blas } from "../system_blas.ts";

/** Bytes of a page of Wasm memory. */
export const PAGE = 65_536;

/** Pages of 4 GiB, the most that a 32-bit address reaches. */
export const MAX_PAGES = 65_536;

/**
 * Bytes at the beginning of the memory of one thread that no block may take: a page of constants and the
 * page of its scratch, where dense products arrange what they read.
 */
export const RESERVED: number = 2 * PAGE;

/** The same of several threads: the constants are the same for all, a scratch each has of its own. */
export function reservedFor(threads: number): number {
  return (1 + threads) * PAGE;
}

/** Most threads. */
export const MAX_THREADS = 256;

/**
 * Multiply-adds from which a product goes to the system's BLAS, if there is one. A call costs
 * about 0.3 µs: with AVX2 both ways take the same time at 2 ** 14, and the BLAS is a fifth faster here.
 */
const BLAS_WORK = 2 ** 15;

/** A memory with kernels on it. */
export interface KernelInstance {
  /** All blocks. */
  memory: WebAssembly.Memory;
  /** The kernels. */
  kernels: KernelExports;
}

/**
 * The memory for a backend. Threads share one that has its full size at once (in addresses, not in
 * bytes of the machine): the engine looks up the size of a shared memory that can grow at every
 * access, which costs 40 % of a dense product.
 *
 * @throws {RangeError} When the system does not grant 4 GiB of addresses to share.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { newMemory } from "./instance.ts";
 * assert.equal(newMemory("simd").buffer.byteLength, 2 ** 20); // grows with its blocks
 * ```
 */
export function newMemory(backend: Backend): WebAssembly.Memory {
  const shared = backend === "threads";
  return new WebAssembly.Memory({
    initial: shared ? MAX_PAGES : 16,
    maximum: MAX_PAGES,
    shared,
  });
}

/**
 * Instantiates the kernels, with the system's BLAS behind them where there is one.
 *
 * @param memory From {@linkcode newMemory} for this backend.
 * @param thread Number of the thread that will run them, below {@linkcode MAX_THREADS}.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { instantiateKernels, newMemory } from "./instance.ts";
 * const { kernels } = await instantiateKernels("simd", newMemory("simd"), 0);
 * assert.equal(typeof kernels.sum_squares, "function");
 * ```
 */
export async function instantiateKernels(
  backend: Backend,
  memory: WebAssembly.Memory,
  thread: number,
): Promise<KernelInstance> {
  const { exports } = await WebAssembly.instantiate(await loadBackend(backend), {
    env: { memory, scratch: PAGE * (1 + thread), sgemm: blas?.sgemm(memory) ?? (() => {}) },
  });
  const kernels = exports as unknown as KernelExports;
  if (blas) kernels.blas_from(BLAS_WORK);
  return { memory, kernels };
}
