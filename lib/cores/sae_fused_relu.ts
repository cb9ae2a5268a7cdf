/**
 * The fused training step of relu and jumprelu. The dense step of sae_training.ts is the faster one where
 * most codes are active.
 * @module
 */
import { type Block, type Call, padded, run, runAll } from "../wasm/memory.ts";
import {
  CHUNKS,
  FUSED_FIELDS,
  type FusedRates,
  type FusedSpace,
  type FusedSteps,
  fusedValues,
  meansOf,
  settingsOf,
} from "./sae_fused.ts";
import type { SaeModel } from "./sae_variants.ts";

/**
 * Above this part of active codes the dense step is the faster one: measured, it takes as long at 0.47 with 1000
 * units, and at 0.61 with 5000 and with 10,000, where its arrays leave the second-level cache.
 */
function mostActive(width: number): number {
  return width < 2500 ? 0.47 : 0.6;
}
/** A new autoencoder has about half of its codes active. */
const FIRST_ACTIVE = 0.5;
/** Units whose lists are made before they are used, as in the kernel. */
const TILE = 125;

/** The class FusedRelu in kernels/sae_fused_relu.ts tells what each is. */
export const FUSED_RELU_FIELDS = {
  ...FUSED_FIELDS,
  meanLog: "block",
  squareLog: "block",
  counts: "block",
  places: "block",
  values: "block",
  rowCounts: "block",
  rowLists: "block",
  parts: "block",
  totals: "block",
} as const;

/** Whether this is the fused step of a model: relu and jumprelu, with the penalties that the paper has. */
export function fusesAsRelu({ options }: SaeModel): boolean {
  if (options.type === "relu") return !options.decoderNorms && options.penaltyPower === undefined;
  return options.type === "jumprelu" && (options.penalty ?? "codes") === "codes" &&
    !options.revival;
}

/** Fused steps of relu and jumprelu. */
export class FusedRelu implements FusedSteps {
  readonly #space: FusedSpace;
  readonly #record: Block<Int32Array>;
  readonly #settings: Block;
  readonly #encode: Call[][];
  readonly #units: Call[][];
  active: number = FIRST_ACTIVE;

  /** Allocates what the steps need. */
  constructor(space: FusedSpace) {
    const { arena, model: { inputDim, width } } = space, values = fusedValues(space);
    const { most, settings } = values, [meanLog, squareLog] = meansOf(space, "logThreshold");
    this.#space = space;
    this.#settings = settings as Block;
    this.#record = arena.record(FUSED_RELU_FIELDS, {
      ...values,
      meanLog,
      squareLog,
      counts: arena.i32(width),
      places: arena.i32(width * most),
      values: arena.f32(width * most),
      rowCounts: arena.i32(CHUNKS * most),
      rowLists: arena.f32(CHUNKS * most * TILE * 2),
      parts: arena.f32(CHUNKS * most * padded(inputDim)),
      totals: arena.f64(CHUNKS * 2),
    });
    const chunks = Array.from({ length: CHUNKS }, (_, chunk) => chunk);
    this.#encode = chunks.map((chunk) => [["sae_relu_encode", this.#record, chunk]]);
    this.#units = chunks.map((chunk) => [["sae_relu_units", this.#record, chunk]]);
  }

  get pays(): boolean {
    return this.active <= mostActive(this.#space.model.width);
  }

  step(data: Block, order: Block<Int32Array>, rows: number, rates: FusedRates): void {
    this.#settings.view.set(settingsOf(this.#space, rows, rates));
    run("sae_relu_start", this.#record, data, order, rows);
    runAll(this.#encode);
    const active = run("sae_relu_residual", this.#record);
    this.active = active / (rows * this.#space.model.width);
    runAll(this.#units);
    run("sae_relu_end", this.#record);
  }
}
