/**
 * The unrolled layers of LISTA in the kernels' memory: codes, loss and gradients. Internal to
 * lista.ts, which documents the method.
 * @module
 */
import { type Arena, type Block, padded, run, toMatrix32, writeRows } from "../wasm/memory.ts";
import { type Matrix, type Matrix32, transpose } from "../matrix.ts";
import { AdamW } from "./adamw.ts";

/** The weights of one layer, or their gradients. */
export interface ListaLayer {
  /** n × n, from the codes of the layer before. The first layer's meets zeros only. */
  W: Matrix32;
  /** n × m, from the observations. */
  S: Matrix32;
  /** n thresholds, of which the layer uses the absolute values. */
  thresholds: Float32Array;
}

/**
 * The weights of one layer, or their gradients, in the kernels' memory: transposed, so that the
 * products take them as they are, and under each other, so that one pass of Adam takes all.
 */
class LayerBlock {
  readonly all: Block;
  /** Wᵀ, n × padded(n). */
  readonly W: Block;
  /** Sᵀ, m × padded(n). */
  readonly S: Block;
  /** 1 × padded(n). */
  readonly thresholds: Block;
  readonly #n: number;
  readonly #m: number;

  constructor(arena: Arena, n: number, m: number) {
    const stride = padded(n);
    this.#n = n;
    this.#m = m;
    this.all = arena.f32((n + m + 1) * stride);
    this.W = this.all.from(0, n * stride);
    this.S = this.all.from(n * stride, m * stride);
    this.thresholds = this.all.from((n + m) * stride);
  }

  write({ W, S, thresholds }: ListaLayer): void {
    writeRows(this.W, transpose(W), 0, this.#n);
    writeRows(this.S, transpose(S), 0, this.#m);
    this.thresholds.view.set(thresholds);
  }

  read(): ListaLayer {
    return {
      W: transpose(toMatrix32(this.W, this.#n, this.#n)),
      S: transpose(toMatrix32(this.S, this.#m, this.#n)),
      thresholds: this.thresholds.view.slice(0, this.#n),
    };
  }
}

/** One way through the layers for a block of samples. */
export class ListaNetwork {
  readonly #arena: Arena;
  readonly #n: number;
  readonly #m: number;
  readonly #layers: readonly LayerBlock[];
  /** Codes after each layer, in turn. */
  readonly #codes: readonly Block[];

  /**
   * Copies the layers into an arena.
   *
   * @param rows Most samples in a block.
   * @param kept How many layers' codes are kept: two will do for a way forward, a way back needs all.
   */
  constructor(arena: Arena, layers: readonly ListaLayer[], rows: number, kept = 2) {
    this.#arena = arena;
    [this.#n, this.#m] = [layers[0].S.rows, layers[0].S.cols];
    this.#layers = layers.map((layer) => {
      const block = new LayerBlock(arena, this.#n, this.#m);
      block.write(layer);
      return block;
    });
    this.#codes = Array.from({ length: kept }, () => arena.f32(rows * padded(this.#n)));
  }

  /** Codes, rows × padded(n), of the observations in the first rows of `x`, rows × padded(m). */
  forward(x: Block, rows: number): Block {
    const n = this.#n, m = this.#m, codes = this.#codes, dn = padded(n);
    let previous: Block | undefined;
    this.#layers.forEach(({ W, S, thresholds }, l) => {
      const z = codes[l % codes.length];
      run("gemm_nn", rows, dn, m, x, padded(m), S, dn, z, dn);
      if (previous) run("gemm_nn_add", rows, dn, n, previous, dn, W, dn, z, dn);
      run("shrink", rows, dn, z, thresholds);
      previous = z;
    });
    return previous!;
  }

  /**
   * Makes what is needed to learn with a dictionary and λ; the network must keep all layers' codes.
   */
  trainer(D: Matrix, lambda: number, rows: number): ListaTrainer {
    const n = this.#n, m = this.#m, layers = this.#layers, codes = this.#codes;
    const dn = padded(n), dm = padded(m), arena = this.#arena;
    const gradients = layers.map(() => new LayerBlock(arena, n, m));
    const dictionary = arena.matrix(D), atoms = arena.matrix(transpose(D));
    const R = arena.f32(rows * dm), W = arena.f32(n * dn);
    const flows = [arena.f32(rows * dn), arena.f32(rows * dn)];
    return {
      backward: (x, rows) => {
        const z = this.forward(x, rows);
        let [flow, next] = flows;
        run("gemm_nn", rows, dm, n, z, dn, atoms, dm, R, dm);
        const squares = run("residual", rows, dm, R, x);
        run("gemm_nn", rows, dn, m, R, dm, dictionary, dn, flow, dn);
        const penalty = lambda / (rows * n);
        const l1 = run("l1_gradient", rows, dn, z, flow, 2 / (rows * m), penalty);
        for (let l = layers.length - 1; l >= 0; l--) {
          const gradient = gradients[l], { thresholds } = layers[l];
          run("shrink_backward", rows, dn, codes[l], flow, thresholds, gradient.thresholds);
          run("gemm_tn", m, dn, rows, x, dm, flow, dn, gradient.S, dn);
          if (l === 0) break;
          run("gemm_tn", n, dn, rows, codes[l - 1], dn, flow, dn, gradient.W, dn);
          run("transpose", n, n, layers[l].W, dn, W, dn);
          run("gemm_nn", rows, dn, n, flow, dn, W, dn, next, dn);
          [flow, next] = [next, flow];
        }
        return squares / (rows * m) + penalty * l1;
      },
      optimizers: (lr) =>
        layers.map(({ all }, l) => new AdamW(arena, all, gradients[l].all, { lr })),
      gradients: () => gradients.map((block) => block.read()),
    };
  }

  /** A copy of the layers. */
  read(): ListaLayer[] {
    return this.#layers.map((block) => block.read());
  }
}

/** The way back, for one dictionary and λ. */
export interface ListaTrainer {
  /** Loss of the observations in the first rows of `x`; leaves its gradients. */
  backward(x: Block, rows: number): number;
  /** Adam on the weights of each layer, along the gradients that `backward` left last. */
  optimizers(lr: number): AdamW[];
  /** A copy of the gradients. */
  gradients(): ListaLayer[];
}
