/**
 * The worker side of the pool: imports the experiment's module, computes the cells it is given one
 * by one, and reports. Never imported; `pool.ts` starts it by URL.
 * @module
 */
/// <reference lib="deno.worker" />
import type { CellContext, Experiment } from "./experiment.ts";
import { requireRows } from "../results.ts";
import { tellNotesBy } from "./notes.ts";
import { startThreads } from "../threads.ts";
import type { Order, Report } from "./pool.ts";

/** A progress message at most so often: they are for human eyes. */
const PROGRESS_INTERVAL_MS = 100;

const report = (message: Report) => self.postMessage(message);

// Deno.exit in a worker ends only the worker, without any event on the other side
self.addEventListener("unload", () => report({ kind: "ended" }));

tellNotesBy((line) => report({ kind: "note", line }));

self.onmessage = async ({ data }: MessageEvent<Order>) => {
  try {
    const { experiment } = await import(data.module) as { experiment: Experiment };
    const started = performance.now();
    let reported = started;
    const context: CellContext<Record<string, never>> = {
      options: data.options as Record<string, never>,
      cache: data.cache,
      progress(fraction) {
        const now = performance.now();
        if (now - reported < PROGRESS_INTERVAL_MS) return;
        reported = now;
        report({ kind: "progress", fraction });
      },
    };
    using _threads = data.threads > 1 ? await startThreads(data.threads) : undefined;
    const result = await experiment.run(data.cell, context);
    requireRows(data.cell.key, result.rows);
    requireRows(data.cell.key, result.diagnostics ?? []);
    report({ kind: "done", result, seconds: (performance.now() - started) / 1000 });
  } catch (error) {
    report({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
  }
};
