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
  type FusedSpace,
  type FusedStepOptions,
  type FusedSteps,
  fusedValues,
  type Scorer,
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
  numbers: "block",
  known: "block",
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
  kept8: "block",
  kept: "block",
  products: "block",
} as const;

/** Whether products in 8 bits can be fast: without relaxed SIMD they take twice as long as those in float32. */
function canSieve(rows: number): boolean {
  return chooseBackend() === "relaxed-simd" && rows >= 32;
}

/** Whether products in 8 bits, by which most units are out, are faster than those in float32 with all units. */
export function sievePays(width: number, kval: number, rows: number): boolean {
  return canSieve(rows) && width >= 2000 && width >= 200 * kval;
}

/** The same where all units have been put in 8 bits before. */
export function keptSievePays(width: number, kval: number, rows: number): boolean {
  return canSieve(rows) && width >= 100 * kval;
}

/** How the product that a choice is made from is sieved, as in the kernel. */
const NONE = 0, AS_THEY_COME = 1, KEPT = 2;
type Sieve = typeof NONE | typeof AS_THEY_COME | typeof KEPT;

/** Fused steps of topk, abstopk, batchtopk and matryoshka. */
export class FusedTopK implements FusedSteps {
  readonly #space: FusedSpace;
  readonly #record: Block<Int32Array>;
  readonly #settings: Block;
  readonly #encode: Call[][];
  readonly #sieve: Call[][];
  readonly #rows: Call[][];
  readonly #units: Call[][];
  readonly #training: Sieve;
  /** The numbers of samples that have none. */
  readonly #unnumbered: Block<Int32Array>;
  readonly scorer?: () => Scorer;
  readonly pays = true;
  active = 1;

  /** Allocates what the steps need; `kval`: most codes per sample on average. */
  constructor(space: FusedSpace, kval: number) {
    const { arena, model: { inputDim, width, options: { type } }, workspace } = space;
    const values = fusedValues(space), { most, settings } = values;
    const codes = Math.ceil(kval * workspace.rows), stride = padded(inputDim);
    const sieves = sievePays(width, kval, workspace.rows);
    // what chooses over a batch has a threshold in its place when it is scored
    const scores = type === "topk" || type === "abstopk";
    const keeps = scores && keptSievePays(width, kval, workspace.rows);
    const known = arena.f32(space.recurring ?? 0);
    known.view.fill(-1);
    this.#unnumbered = arena.i32(most);
    this.#unnumbered.view.fill(-1);
    this.#space = space;
    this.#settings = settings as Block;
    this.#training = sieves ? AS_THEY_COME : NONE;
    this.#record = arena.record(FUSED_TOPK_FIELDS, {
      ...values,
      bounds: arena.f32(most),
      guess: arena.f32(1),
      smallest: arena.f32(most),
      numbers: this.#unnumbered,
      known,
      squares: arena.f64(most),
      counts: arena.i32(CHUNKS * most),
      samples: arena.i32(codes),
      nexts: arena.i32(codes),
      heads: arena.i32(width),
      sieves: NONE,
      panels8: arena.i32(panelValues(stride, sieves || keeps ? most : 0)),
      sizes: arena.f32(most),
      rest: arena.f64(1),
      groups8: arena.i32(CHUNKS * groupValues(stride, sieves ? UNITS : 0)),
      kept8: arena.i32(CHUNKS * groupValues(stride, keeps ? Math.ceil(width / CHUNKS) : 0)),
      kept: arena.f32(sieves || keeps ? 2 * width : 0),
      products: arena.f32(CHUNKS * UNITS * most),
    });
    this.#encode = chunkPrograms("sae_topk_encode", this.#record);
    this.#sieve = chunkPrograms("sae_topk_sieve", this.#record);
    this.#rows = chunkPrograms("sae_topk_rows", this.#record);
    this.#units = chunkPrograms("sae_topk_units", this.#record);
    const pack = chunkPrograms("sae_topk_pack", this.#record);
    this.scorer = scores
      ? () => {
        if (keeps) runAll(pack);
        return (data, order, rows) => {
          this.#choose(data, order, rows, keeps ? KEPT : NONE);
          run("sae_topk_score", this.#record);
        };
      }
      : undefined;
  }

  step(data: Block, order: Block<Int32Array>, rows: number, options: FusedStepOptions): void {
    this.#settings.view.set(settingsOf(this.#space, rows, options));
    this.#choose(data, order, rows, this.#training, options.numbers);
    run("sae_topk_sums", this.#record);
    runAll(this.#units);
    run("sae_topk_end", this.#record);
  }

  /** The codes of these samples, and their residuals. */
  #choose(
    data: Block,
    order: Block<Int32Array>,
    rows: number,
    sieve: Sieve,
    numbers?: Block<Int32Array>,
  ): void {
    run("sae_topk_start", this.#record, data, order, rows, sieve, numbers ?? this.#unnumbered);
    // a second time where the bounds, guessed from what was chosen before, were too high for this batch
    do runAll(sieve === NONE ? this.#encode : this.#sieve); while (
      run("sae_topk_choose", this.#record) > 0 || runAll(this.#rows).flat().some((n) => n > 0)
    );
  }
}
