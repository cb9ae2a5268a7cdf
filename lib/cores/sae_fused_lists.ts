/**
 * What the fused steps of relu and gated share: lists of what is above a threshold. The dense step of
 * sae_training.ts is the faster one where most codes are.
 * @module
 */
import {
  type Block,
  type Call,
  padded,
  type RecordFields,
  type RecordValues,
  run,
  runAll,
  threadCount,
} from "../wasm/memory.ts";
import {
  chunkPrograms,
  CHUNKS,
  FUSED_FIELDS,
  type FusedSpace,
  type FusedStepOptions,
  type FusedSteps,
  fusedValues,
  type Scorer,
  settingsOf,
} from "./sae_fused.ts";

/** Units whose lists are made before they are used, as in the kernel. */
const TILE = 125;
/** Float64 of a cache line: two chunks' totals in one would have two threads wait for each other. */
const LINE = 8;
/** A new autoencoder has about half of its codes active. */
const FIRST_ACTIVE = 0.5;

/** The class FusedLists in kernels/sae_fused_lists.ts tells what each is. */
export const LISTS_FIELDS = {
  ...FUSED_FIELDS,
  counts: "block",
  places: "block",
  values: "block",
  rowEnds: "block",
  rowLists: "block",
  parts: "block",
  totals: "block",
} as const;

/** What a variant adds. */
export interface ListsVariant<F extends typeof LISTS_FIELDS & RecordFields> {
  /** The kernels of its step. */
  readonly kernels: {
    readonly encode: "sae_relu_encode" | "sae_gated_encode";
    readonly residual: "sae_relu_residual" | "sae_gated_residual";
    readonly units: "sae_relu_units" | "sae_gated_units";
    readonly score?: readonly [part: "sae_relu_score", end: "sae_relu_score_end"];
  };
  /** Numbers in an entry of a sample's list: the decoder's row and a code for each reconstruction. */
  readonly entry: number;
  /** Fields of its record: {@linkcode LISTS_FIELDS} and its own. */
  readonly fields: F;
  /** Values of its own, for a batch of at most so many rows, a multiple of 8. */
  readonly values: (
    space: FusedSpace,
    most: number,
  ) => Omit<RecordValues<F>, keyof typeof LISTS_FIELDS>;
  /** Above this part of active codes the dense step is the faster one. */
  readonly mostActive: number;
}

/** Bounds of parts of the samples, a part for each thread: each reads all units. All but the last are multiples of 8. */
function partsOf(rows: number): number[] {
  const panels = Math.ceil(rows / 8), parts = Math.min(threadCount(), CHUNKS, panels);
  return Array.from(
    { length: parts + 1 },
    (_, p) => Math.min(rows, 8 * Math.floor(p * panels / parts)),
  );
}

/** Fused steps on lists. */
export class FusedLists<F extends typeof LISTS_FIELDS & RecordFields> implements FusedSteps {
  readonly #space: FusedSpace;
  readonly #variant: ListsVariant<F>;
  readonly #record: Block<Int32Array>;
  readonly #settings: Block;
  readonly #encode: Call[][];
  readonly #units: Call[][];
  readonly scorer?: () => Scorer;
  active: number = FIRST_ACTIVE;

  /** Allocates what the steps need. */
  constructor(space: FusedSpace, variant: ListsVariant<F>) {
    const { arena, model: { inputDim, width } } = space, values = fusedValues(space);
    const { entry, fields, kernels } = variant, most = values.most;
    this.#space = space;
    this.#variant = variant;
    this.#settings = values.settings as Block;
    this.#record = arena.record<RecordFields>(fields, {
      ...values,
      counts: arena.i32(width),
      places: arena.i32(width * most),
      values: arena.f32(width * most),
      rowEnds: arena.i32(CHUNKS * most),
      rowLists: arena.f32(CHUNKS * most * TILE * entry),
      parts: arena.f32(CHUNKS * (entry - 1) * most * padded(inputDim)),
      totals: arena.f64(CHUNKS * LINE),
      ...variant.values(space, most),
    });
    this.#encode = chunkPrograms(kernels.encode, this.#record);
    this.#units = chunkPrograms(kernels.units, this.#record);
    const { score } = kernels;
    this.scorer = score && (() => (data, order, rows) => {
      run("sae_fused_start", this.#record, data, order, rows);
      const [part, end] = score, bounds = partsOf(rows);
      runAll(bounds.slice(1).map((to, p) => [[part, this.#record, p, bounds[p], to]]));
      run(end, this.#record, bounds.length - 1);
    });
  }

  get pays(): boolean {
    return this.active <= this.#variant.mostActive;
  }

  step(data: Block, order: Block<Int32Array>, rows: number, options: FusedStepOptions): void {
    this.#settings.view.set(settingsOf(this.#space, rows, options));
    run("sae_fused_start", this.#record, data, order, rows);
    runAll(this.#encode);
    const active = run(this.#variant.kernels.residual, this.#record);
    this.active = active / (rows * this.#space.model.width);
    runAll(this.#units);
    run("sae_fused_end", this.#record);
  }
}
