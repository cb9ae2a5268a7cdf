/**
 * Duality gaps of sparse codes in Wasm memory: what lasso_gap.ts documents and sparse_coding.ts stops by.
 * @module
 */
import { type Arena, type Block, padded, run } from "../wasm/memory.ts";
import type { Matrix } from "../matrix.ts";

/** Evaluates duality gaps for one dictionary, in float64. */
export class GapMeter {
  readonly #n: number;
  readonly #ldm: number;
  readonly #atoms: Block<Float64Array>;
  readonly #x: Block<Float64Array>;
  readonly #z: Block<Float64Array>;
  readonly #residual: Block<Float64Array>;

  /** Copies the dictionary (m×n) into the arena. */
  constructor(arena: Arena, D: Matrix) {
    this.#n = D.cols;
    this.#ldm = padded(D.rows);
    this.#atoms = arena.f64(D.cols * this.#ldm);
    const atoms = this.#atoms.view;
    for (let k = 0, p = 0; k < D.rows; k++) {
      for (let j = 0; j < D.cols; j++, p++) atoms[j * this.#ldm + k] = D.data[p];
    }
    this.#x = arena.f64(this.#ldm);
    this.#z = arena.f64(D.cols);
    this.#residual = arena.f64(this.#ldm);
  }

  /** The gap of one sample's codes. */
  gap(x: ArrayLike<number>, z: ArrayLike<number>, lambda: number, nonneg: boolean): number {
    this.#x.view.set(x);
    this.#z.view.set(z);
    return run(
      "lasso_gap",
      this.#n,
      this.#ldm,
      this.#atoms,
      this.#x,
      this.#z,
      this.#residual,
      lambda,
      nonneg ? 1 : 0,
    );
  }
}
