/**
 * What the pool and its workers say to each other.
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
  | { kind: "done"; result: CellResult; seconds: number }
  | { kind: "failed"; message: string }
  | { kind: "ended" };
