/**
 * A pool of workers that computes cells.
 * @module
 */
import type { Cell } from "./experiment.ts";
import type { CellResult } from "../results.ts";

/** From the pool to a worker: compute this cell. */
export interface Order {
  /** URL of the module that exports `experiment`. */
  module: string;
  /** The cell to compute. */
  cell: Cell;
  /** Options of the run. */
  options: unknown;
  /** Folder of the model cache, unless there is none. */
  cache?: string;
  /** Threads that the cell's solvers may use. */
  threads: number;
}

/** From a worker to the pool. */
export type Report =
  | { kind: "progress"; fraction: number }
  | { kind: "note"; line: string }
  | { kind: "done"; result: CellResult; seconds: number }
  | { kind: "failed"; message: string }
  | { kind: "ended" };

/** What the pool tells its caller, on the main thread. A worker gets its next cell when a promise is kept. */
export interface PoolEvents {
  /** A cell is partly done. */
  onProgress(cell: Cell, fraction: number): void;
  /** Its work has something to tell the user, as another cell's may have, too. */
  onNote?(line: string): void;
  /** A cell is done. An exception ends the pool and rejects its promise. */
  onDone(cell: Cell, result: CellResult, seconds: number): void | Promise<void>;
  /** A cell threw, or its worker died. An exception ends the pool and rejects its promise. */
  onFailed(cell: Cell, message: string): void | Promise<void>;
}

/** What the pool computes, and how. */
export interface PoolOptions {
  /** URL of the module that exports `experiment`. */
  module: string;
  /** Options of the run, as plain JSON. */
  options: unknown;
  /** Folder of the model cache, unless there is none. */
  cache?: string;
  /** Number of workers. */
  workers: number;
  /** Ends the pool at once: running cells are abandoned. */
  signal?: AbortSignal;
}

/**
 * Computes cells on a pool of workers, in the order given: first those that are to be split, one after
 * another, on as many threads as there are workers, then the others, each whole, on a worker of its
 * own. A worker that dies fails only the cell that it was computing; a new one takes its place. Which
 * worker computes a cell, and on how many threads, has no influence on the result: a cell sees nothing
 * but its key and the options.
 *
 * Workers inherit the permissions of the process, and loading one needs read permission on the
 * files of its module graph.
 *
 * @returns When every cell is done or failed, or the signal was given; no worker is left then.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { runCells } from "./pool.ts";
 *
 * const methods: unknown[] = [];
 * await runCells([{ key: { num_latents: 20, k: 3, noise: 0, seed: 0 }, cost: 1 }], {
 *   module: new URL("../../experiments/template.ts", import.meta.url).href,
 *   options: { lambda: 0.1, iterations: [10] },
 *   workers: 2,
 * }, {
 *   onProgress: () => {},
 *   onDone: (_cell, { rows }) => void methods.push(...rows.map(({ method }) => method)),
 *   onFailed: (_cell, message) => assert.fail(message),
 * });
 * assert.deepEqual(methods, ["fista_10"]);
 * ```
 */
export async function runCells(
  cells: readonly Cell[],
  { module, options, cache, workers, signal }: PoolOptions,
  events: PoolEvents,
): Promise<void> {
  const alive = new Set<Worker>();
  const ended = Promise.withResolvers<void>();
  const stop = () => ended.resolve();
  signal?.addEventListener("abort", stop);
  if (signal?.aborted) stop();

  /** One lane of the pool: cells one after another, on one worker for as long as it lives. */
  async function lane(queue: Iterable<Cell>, threads: number): Promise<void> {
    let worker: Worker | undefined;
    for (const cell of queue) {
      if (signal?.aborted) return;
      if (!worker) {
        worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
        alive.add(worker);
      }
      const survived = await computeCell(worker, { module, cell, options, cache, threads }, events);
      if (survived) continue;
      worker.terminate();
      alive.delete(worker);
      worker = undefined;
    }
  }

  async function compute(): Promise<void> {
    await lane(cells.filter(({ threaded }) => threaded), workers);
    const whole = cells.filter(({ threaded }) => !threaded), queue = whole.values();
    const lanes = Array.from({ length: Math.min(workers, whole.length) }, () => lane(queue, 1));
    await Promise.all(lanes);
  }

  try {
    await Promise.race([compute(), ended.promise]);
  } finally {
    signal?.removeEventListener("abort", stop);
    for (const worker of alive) {
      // what it still says when it is torn down is no news about its cell
      worker.onmessage = worker.onerror = null;
      worker.terminate();
    }
  }
}

/** Computes one cell on a worker; resolves to whether the worker can go on. */
function computeCell(worker: Worker, order: Order, events: PoolEvents): Promise<boolean> {
  const { cell } = order;
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const settle = async (survived: boolean, tell: () => void | Promise<void>) => {
    try {
      await tell();
      resolve(survived);
    } catch (error) {
      reject(error);
    }
  };
  worker.onmessage = ({ data }: MessageEvent<Report>) => {
    switch (data.kind) {
      case "progress":
        return events.onProgress(cell, data.fraction);
      case "note":
        return events.onNote?.(data.line);
      case "done":
        return settle(true, () => events.onDone(cell, data.result, data.seconds));
      case "failed":
        return settle(true, () => events.onFailed(cell, data.message));
      case "ended":
        return settle(false, () => events.onFailed(cell, "its worker ended itself"));
    }
  };
  worker.onerror = (event) => {
    event.preventDefault();
    settle(false, () => events.onFailed(cell, `its worker died: ${event.message}`));
  };
  worker.postMessage(order);
  return promise;
}
