/**
 * What a training needs to go on where it stopped.
 * @module
 */
import type { Tensor } from "../safetensors.ts";
import type { SaePartialEntry } from "./sae_results.ts";
import type { TrainerState } from "./sae_training.ts";

/** The state of a training between two steps. */
export interface SaeState {
  /** What decides which weights the training leads to: by name, plain JSON. */
  readonly training: Readonly<Record<string, unknown>>;
  /** How far it is, plain JSON. */
  readonly progress: SaeProgress;
  /** Numbers, some of them views that are valid until they are used for something else. */
  readonly tensors: Readonly<Record<string, Tensor>>;
}

/** How far a training is. */
export interface SaeProgress {
  /** Epochs that are done. */
  readonly epoch: number;
  /** Batches of the next epoch that are done. */
  readonly batch: number;
  /** Steps that are done. */
  readonly step: number;
  /** Whether nothing is left to do. */
  readonly finished: boolean;
  /** Digest of the last batch. */
  readonly lastBatch: string;
  /** State of what changes the penalty's weight, by L0 or by its power; empty where nothing does. */
  readonly tuner: readonly number[];
  /** What changes of the penalty's weight have added to the loss of this epoch's steps. */
  readonly excess: number;
  /** Numbers that resampling has drawn. */
  readonly draws: number;
  /** Steps of AdamW. */
  readonly adamSteps: number;
  /** Counters of the type. */
  readonly counters: readonly number[];
  /** The names of the history's columns. */
  readonly columns: readonly string[];
}

/** Where a training keeps its state. */
export interface SaeStateStore {
  /** What messages call it. */
  readonly name: string;
  /** Steps between two saves; 0: none for steps. */
  readonly everySteps: number;
  /** Epochs between two saves; 0: none for epochs. */
  readonly everyEpochs: number;
  /** What was saved last; undefined where nothing was. */
  load(): SaeState | undefined;
  /** Keeps a state, in place of any other. It must be written or copied before this returns. */
  save(state: SaeState): void;
}

/** How far {@linkcode SaeRun} is, beside its trainer. */
export type Position = Omit<SaeProgress, "adamSteps" | "counters" | "columns">;

/** A state from its parts. */
export function packed(
  training: Record<string, unknown>,
  position: Position,
  { steps, active, counters, sums, ...arrays }: TrainerState,
  history: readonly SaePartialEntry[],
): SaeState {
  const columns = Object.keys(history[0] ?? {}), rows = history.map(Object.values);
  const tensors: Record<string, Tensor> = {
    active: { shape: [], data: Float64Array.of(active) },
    sums: { shape: [sums.length], data: sums },
    history: { shape: [rows.length, columns.length], data: Float64Array.from(rows.flat()) },
  };
  for (const [name, data] of Object.entries(arrays)) tensors[name] = { shape: [data.length], data };
  return { training, progress: { ...position, adamSteps: steps, counters, columns }, tensors };
}

/** Whether a progress has what it must have. */
function isWhole(progress: SaeProgress): boolean {
  const isCount = (value: unknown) => Number.isSafeInteger(value) && value as number >= 0;
  const { epoch, batch, step, finished, lastBatch, tuner, excess, draws } = Object(progress);
  const { adamSteps, counters, columns } = Object(progress);
  return [epoch, batch, step, draws, adamSteps].every(isCount) &&
    typeof finished === "boolean" && typeof lastBatch === "string" &&
    Array.isArray(counters) && counters.every(isCount) &&
    Array.isArray(tuner) && tuner.every(Number.isFinite) && Number.isFinite(excess) &&
    Array.isArray(columns) && columns.every((name) => typeof name === "string");
}

/**
 * The parts of a state.
 *
 * @param name What messages call it.
 * @param like The state of the trainer, which has the kinds and sizes that the saved one must have.
 * @throws {Error} When it has other tensors, or its progress is none.
 */
export function unpacked(
  name: string,
  { progress, tensors }: SaeState,
  like: TrainerState,
): { position: Position; trainer: TrainerState; history: SaePartialEntry[] } {
  if (!isWhole(progress)) throw new Error(`Cannot go on from ${name}: its progress is not whole`);
  const { adamSteps, counters, columns, ...position } = progress;
  function values<T extends Tensor["data"]>(tensor: string, wanted: T | Float64Array): T {
    const data = tensors[tensor]?.data;
    if (data?.constructor === wanted.constructor && data.length === wanted.length) return data as T;
    throw new Error(
      `Cannot go on from ${name}: tensor ${tensor} must have ${wanted.length} values of ` +
        `${wanted.constructor.name}, got ${
          data ? `${data.length} of ${data.constructor.name}` : "none"
        }`,
    );
  }
  const entries = tensors.history?.shape[0] ?? 0;
  const numbers = values("history", new Float64Array(entries * columns.length));
  const history = Array.from(
    { length: entries },
    (_, i) =>
      Object.fromEntries(columns.map((column, j) => [column, numbers[i * columns.length + j]])),
  );
  const trainer: TrainerState = {
    parameters: values("parameters", like.parameters),
    mean: values("mean", like.mean),
    meanSquare: values("meanSquare", like.meanSquare),
    silent: values("silent", like.silent),
    sums: values("sums", like.sums),
    steps: adamSteps,
    active: values("active", new Float64Array(1))[0],
    counters: [...counters],
  };
  return { position, trainer, history: history as unknown as SaePartialEntry[] };
}
