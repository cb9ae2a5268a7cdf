/**
 * The dictionary that fits given codes best, in Wasm memory: what dictionary_learning.ts documents as
 * `updateDictionary`.
 * @module
 */
import { type Arena, type Block, padded, run } from "../wasm/memory.ts";
import type { CodeBlocks } from "./code_blocks.ts";
import { type Matrix, type Matrix32, zeros32 } from "../matrix.ts";

/** Norm below which an atom is not stretched to unit norm: one without codes stays zero. */
const NORM_FLOOR = 1e-8;

/** Dᵀ's rows and columns in a block: element (atom j, dimension k) is at `j·atom + k·dimension`. */
interface AtomLayout {
  values: Float64Array;
  atom: number;
  dimension: number;
}

/** Updates of a dictionary for one set of observations. */
export class DictionaryUpdater {
  readonly #m: number;
  readonly #n: number;
  readonly #samples: number;
  readonly #eps: number;
  readonly #pushThrough: boolean;
  readonly #x: Block<Float64Array>;
  readonly #system: Block<Float64Array>;
  readonly #right: Block<Float64Array>;
  readonly #sums: Block<Float64Array>;
  readonly #between: Block<Float64Array>;
  readonly #columns: Block<Int32Array>;
  readonly #values: Block<Float64Array>;

  /** Copies the observations (samples×m) into the arena and allocates for n atoms. */
  constructor(arena: Arena, X: Matrix, n: number, eps: number) {
    [this.#m, this.#n, this.#samples, this.#eps] = [X.cols, n, X.rows, eps];
    // XᵀZ(ZᵀZ + εI)⁻¹ = Xᵀ(ZZᵀ + εI)⁻¹Z: the smaller of the two systems
    this.#pushThrough = n > X.rows;
    const [ldm, ldn, lds] = [padded(X.cols), padded(n), padded(X.rows)];
    const size = this.#pushThrough ? lds : ldn;
    this.#system = arena.f64(size * size);
    this.#right = arena.f64(X.cols * size);
    this.#sums = arena.f64(ldn * ldm);
    this.#columns = arena.i32(Math.max(ldn, lds));
    this.#values = arena.f64(Math.max(ldn, lds));
    this.#between = arena.f64(this.#pushThrough ? X.rows * ldm : 0);
    this.#x = arena.f64(this.#pushThrough ? X.cols * lds : X.rows * ldm);
    const view = this.#x.view;
    for (let s = 0, p = 0; s < X.rows; s++) {
      for (let k = 0; k < X.cols; k++, p++) {
        view[this.#pushThrough ? k * lds + s : s * ldm + k] = X.data[p];
      }
    }
  }

  /** The dictionary for codes, in float32, atoms of unit norm. */
  update(codes: CodeBlocks): Matrix32 {
    return this.#normalized(
      this.#pushThrough ? this.#overSamples(codes) : this.#overAtoms(codes),
    );
  }

  /** XᵀZ(ZᵀZ + εI)⁻¹ */
  #overAtoms(codes: CodeBlocks): AtomLayout {
    const ldm = padded(this.#m), ldn = padded(this.#n);
    this.#system.view.fill(0);
    codes.forSamples((z, start, end) => {
      run("gram_lower", end - start, z, ldn, this.#system, ldn, this.#columns, this.#values);
    });
    this.#product(codes, this.#x);
    transposeInto(this.#sums.view, ldm, this.#right.view, ldn, this.#n, this.#m);
    this.#solve(this.#n, ldn);
    return { values: this.#right.view, atom: 1, dimension: ldn };
  }

  /** Xᵀ(ZZᵀ + εI)⁻¹Z */
  #overSamples(codes: CodeBlocks): AtomLayout {
    const samples = this.#samples, ldm = padded(this.#m), lds = padded(samples);
    this.#system.view.fill(0);
    codes.forAtoms((zT, start, end) => {
      run("gram_lower", end - start, zT, lds, this.#system, lds, this.#columns, this.#values);
    });
    this.#right.view.set(this.#x.view);
    this.#solve(samples, lds);
    transposeInto(this.#right.view, lds, this.#between.view, ldm, this.#m, samples);
    this.#product(codes, this.#between);
    return { values: this.#sums.view, atom: ldm, dimension: 1 };
  }

  /** Sums ← Zᵀ·rows */
  #product(codes: CodeBlocks, rows: Block<Float64Array>): void {
    const ldm = padded(this.#m), ldn = padded(this.#n), sums = this.#sums;
    sums.view.fill(0);
    codes.forSamples((z, start, end) => {
      const own = rows.from(start * ldm);
      run("codes_product", end - start, z, ldn, own, ldm, sums, this.#columns, this.#values);
    });
  }

  /** Right ← right·(system + εI)⁻¹ for a system of `size` rows, padded to `ld`. */
  #solve(size: number, ld: number): void {
    const view = this.#system.view;
    for (let i = 0; i < ld; i++) view[i * ld + i] += i < size ? this.#eps : 1;
    const failed = run("cholesky", ld, this.#system, ld);
    if (failed > 0) {
      throw new RangeError(
        `Cannot update the dictionary: the codes' Gram matrix plus eps must be positive definite in ` +
          `float64, got pivot ${failed} of ${size} not above 0 with eps ${this.#eps}`,
      );
    }
    run("cholesky_solve", this.#m, ld, this.#system, ld, this.#right, ld);
  }

  #normalized({ values, atom, dimension }: AtomLayout): Matrix32 {
    const [m, n] = [this.#m, this.#n], D = zeros32(m, n), norms = new Float64Array(n);
    for (let k = 0; k < m; k++) {
      for (let j = 0; j < n; j++) norms[j] += values[j * atom + k * dimension] ** 2;
    }
    for (let j = 0; j < n; j++) norms[j] = Math.max(Math.sqrt(norms[j]), NORM_FLOOR);
    for (let k = 0, p = 0; k < m; k++) {
      for (let j = 0; j < n; j++, p++) D.data[p] = values[j * atom + k * dimension] / norms[j];
    }
    return D;
  }
}

/** Bᵀ ← A for the first rows×cols elements of A; leading dimensions in elements. */
function transposeInto(
  A: Float64Array,
  lda: number,
  B: Float64Array,
  ldb: number,
  rows: number,
  cols: number,
): void {
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) B[j * ldb + i] = A[i * lda + j];
  }
}
