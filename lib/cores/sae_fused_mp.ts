/**
 * The fused training step of MP: the dense step's to the bit.
 * @module
 */
import { type Block, type Call, padded, run, runAll } from "../wasm/memory.ts";
import { groupValues, panelValues } from "./levels.ts";
import {
  chunkPrograms,
  CHUNKS,
  FUSED_FIELDS,
  type FusedSpace,
  type FusedStepOptions,
  type FusedSteps,
  fusedValues,
  settingsOf,
} from "./sae_fused.ts";

/** Samples of a block and atoms whose products are kept at a time, as in the kernel. */
const ROWS = 16, ATOMS = 256;

/** The class FusedMp in kernels/sae_fused_mp.ts tells what each is. */
export const FUSED_MP_FIELDS = {
  ...FUSED_FIELDS,
  panels8: "block",
  offs: "block",
  searches: "block",
  remains: "block",
  grams: "block",
  byAtoms: "block",
  squares: "block",
  groups8: "block",
  products: "block",
  dots: "block",
  samples: "block",
  nexts: "block",
  heads: "block",
} as const;

/**
 * Whether this step is faster than the dense one, which makes a row of the Gram matrix once for all samples that pick
 * the atom; a product in 8 bits for each pick takes a third of the time.
 */
export function paysForPicks(width: number, picks: number): boolean {
  return picks <= 2 * width;
}

/** Fused steps of MP. */
export class FusedMp implements FusedSteps {
  readonly #space: FusedSpace;
  readonly #record: Block<Int32Array>;
  readonly #settings: Block;
  readonly #pack: Call[][];
  readonly #rows: Call[][];
  readonly #units: Call[][];
  readonly pays = true;
  active = 1;

  /** Allocates what the steps need. */
  constructor(space: FusedSpace, kval: number) {
    const { arena, model: { inputDim, width }, workspace } = space, values = fusedValues(space);
    const { rows } = workspace, stride = padded(inputDim), codes = kval * rows;
    this.#space = space;
    this.#settings = values.settings as Block;
    this.#record = arena.record(FUSED_MP_FIELDS, {
      ...values,
      panels8: arena.i32(panelValues(stride, width)),
      offs: arena.f64(CHUNKS),
      searches: arena.f64(3 * rows),
      remains: arena.f32(rows * stride),
      grams: arena.f32(codes * kval),
      byAtoms: arena.f32(codes * stride),
      squares: arena.f64(rows),
      groups8: arena.i32(CHUNKS * groupValues(stride, ROWS)),
      products: arena.f32(CHUNKS * ROWS * ATOMS),
      dots: arena.f32(CHUNKS * (kval + 4)),
      samples: arena.i32(codes),
      nexts: arena.i32(codes),
      heads: arena.i32(width),
    });
    this.#pack = chunkPrograms("sae_mp_pack", this.#record);
    this.#rows = chunkPrograms("sae_mp_rows", this.#record);
    this.#units = chunkPrograms("sae_mp_units", this.#record);
  }

  step(data: Block, order: Block<Int32Array>, rows: number, options: FusedStepOptions): void {
    this.#settings.view.set(settingsOf(this.#space, rows, options));
    run("sae_mp_start", this.#record, data, order, rows);
    runAll(this.#pack);
    runAll(this.#rows);
    run("sae_mp_sums", this.#record);
    runAll(this.#units);
    run("sae_mp_end", this.#record);
  }
}
