/**
 * The fused training step of the variants that choose codes by size: the dense step's to the bit.
 * @module
 */
import { chooseBackend } from "../wasm/backends.ts";
import { type Block, type Call, padded, run, runAll } from "../wasm/memory.ts";
import { groupValues, panelValues } from "./levels.ts";
import {
  chunkPrograms,
  CHUNKS,
  FUSED_FIELDS,
  type FusedRates,
  type FusedSpace,
  type FusedSteps,
  fusedValues,
  settingsOf,
} from "./sae_fused.ts";

/** Units whose products in 8 bits are made at a time: a group of kernels/levels.ts. */
const UNITS = 8;

/** The class FusedTopK in kernels/sae_fused_topk.ts tells what each is. */
export const FUSED_TOPK_FIELDS = {
  ...FUSED_FIELDS,
  bounds: "block",
  guess: "block",
  smallest: "block",
  squares: "block",
  counts: "block",
  samples: "block",
  nexts: "block",
  heads: "block",
  sieves: "number",
  panels8: "block",
  sizes: "block",
  rest: "block",
  groups8: "block",
  products: "block",
} as const;

/**
 * Whether products in 8 bits, by which most units are out, are faster than those in float32 with all units. Without
 * relaxed SIMD they take twice as long as these.
 */
export function sievePays(width: number, kval: number, rows: number): boolean {
  return chooseBackend() === "relaxed-simd" && width >= 2000 && width >= 200 * kval && rows >= 32;
}

/** Fused steps of topk, abstopk, batchtopk and matryoshka. */
export class FusedTopK implements FusedSteps {
  readonly #space: FusedSpace;
  readonly #record: Block<Int32Array>;
  readonly #settings: Block;
  readonly #encode: Call[][];
  readonly #rows: Call[][];
  readonly #units: Call[][];
  readonly pays = true;
  active = 1;

  /** Allocates what the steps need; `kval`: most codes per sample on average. */
  constructor(space: FusedSpace, kval: number) {
    const { arena, model: { inputDim, width }, workspace } = space, values = fusedValues(space);
    const { most, settings } = values, codes = Math.ceil(kval * workspace.rows);
    const sieves = sievePays(width, kval, workspace.rows);
    const stride = padded(inputDim), sieved = sieves ? most : 0;
    this.#space = space;
    this.#settings = settings as Block;
    this.#record = arena.record(FUSED_TOPK_FIELDS, {
      ...values,
      bounds: arena.f32(most),
      guess: arena.f32(1),
      smallest: arena.f32(most),
      squares: arena.f64(most),
      counts: arena.i32(CHUNKS * most),
      samples: arena.i32(codes),
      nexts: arena.i32(codes),
      heads: arena.i32(width),
      sieves: Number(sieves),
      panels8: arena.i32(panelValues(stride, sieved)),
      sizes: arena.f32(most),
      rest: arena.f64(1),
      groups8: arena.i32(CHUNKS * groupValues(stride, Math.min(sieved, UNITS))),
      products: arena.f32(CHUNKS * UNITS * (most + 1)),
    });
    this.#encode = chunkPrograms(
      sieves ? "sae_topk_sieve" : "sae_topk_encode",
      this.#record,
    );
    this.#rows = chunkPrograms("sae_topk_rows", this.#record);
    this.#units = chunkPrograms("sae_topk_units", this.#record);
  }

  step(data: Block, order: Block<Int32Array>, rows: number, rates: FusedRates): void {
    this.#settings.view.set(settingsOf(this.#space, rows, rates));
    run("sae_topk_start", this.#record, data, order, rows);
    // a second time where the bounds, guessed from the last batch, were too high for this one
    do runAll(this.#encode); while (
      run("sae_topk_choose", this.#record) > 0 || runAll(this.#rows).flat().some((n) => n > 0)
    );
    run("sae_topk_sums", this.#record);
    runAll(this.#units);
    run("sae_topk_end", this.#record);
  }
}
