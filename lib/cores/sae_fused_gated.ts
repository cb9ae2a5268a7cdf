/**
 * The fused training step of gated. The dense step of sae_training.ts is the faster one where most gates are
 * open.
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

/**
 * Above this part of active codes the dense step is the faster one: with half of them active it takes 1.35 times as
 * long, with a fifth 1.85 times.
 */
const MOST_ACTIVE = 0.7;
/** A new autoencoder has about half of its codes active. */
const FIRST_ACTIVE = 0.5;
/** Units whose lists are made before they are used, and numbers of an entry, as in the kernel. */
const TILE = 125, ENTRY = 3;

/** The class FusedGated in kernels/sae_fused_gated.ts tells what each is. */
export const FUSED_GATED_FIELDS = {
  ...FUSED_FIELDS,
  meanMagnitude: "block",
  squareMagnitude: "block",
  meanScale: "block",
  squareScale: "block",
  counts: "block",
  places: "block",
  values: "block",
  gates: "block",
  inputs: "block",
  residuals: "block",
  rowCounts: "block",
  rowLists: "block",
  parts: "block",
  totals: "block",
  slopes: "block",
} as const;

/** Fused steps of gated, without norms of atoms in its penalty. */
export class FusedGated implements FusedSteps {
  readonly #space: FusedSpace;
  readonly #record: Block<Int32Array>;
  readonly #settings: Block;
  readonly #encode: Call[][];
  readonly #units: Call[][];
  active: number = FIRST_ACTIVE;

  /** Allocates what the steps need. */
  constructor(space: FusedSpace) {
    const { arena, model: { inputDim, width } } = space, values = fusedValues(space);
    const { most, settings } = values, stride = padded(inputDim);
    const [meanMagnitude, squareMagnitude] = meansOf(space, "magnitudeBias");
    const [meanScale, squareScale] = meansOf(space, "logScale");
    this.#space = space;
    this.#settings = settings as Block;
    this.#record = arena.record(FUSED_GATED_FIELDS, {
      ...values,
      ...{ meanMagnitude, squareMagnitude, meanScale, squareScale },
      counts: arena.i32(width),
      places: arena.i32(width * most),
      values: arena.f32(width * most),
      gates: arena.f32(width * most),
      inputs: arena.f32(width * most),
      // and a row for each chunk
      residuals: arena.f32((most + CHUNKS) * stride),
      rowCounts: arena.i32(CHUNKS * most),
      rowLists: arena.f32(CHUNKS * most * TILE * ENTRY),
      parts: arena.f32(CHUNKS * 2 * most * stride),
      totals: arena.f64(CHUNKS * 2),
      slopes: arena.f32(CHUNKS * 2 * most),
    });
    const chunks = Array.from({ length: CHUNKS }, (_, chunk) => chunk);
    this.#encode = chunks.map((chunk) => [["sae_gated_encode", this.#record, chunk]]);
    this.#units = chunks.map((chunk) => [["sae_gated_units", this.#record, chunk]]);
  }

  get pays(): boolean {
    return this.active <= MOST_ACTIVE;
  }

  step(data: Block, order: Block<Int32Array>, rows: number, rates: FusedRates): void {
    this.#settings.view.set(settingsOf(this.#space, rows, rates));
    run("sae_gated_start", this.#record, data, order, rows);
    runAll(this.#encode);
    const active = run("sae_gated_residual", this.#record);
    this.active = active / (rows * this.#space.model.width);
    runAll(this.#units);
    run("sae_gated_end", this.#record);
  }
}
