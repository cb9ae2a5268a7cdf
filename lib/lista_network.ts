/**
 * The unrolled layers of LISTA in the kernels' memory: codes, loss, gradients and Adam steps.
 * Internal to lista.ts.
 * @module
 */
import { Arena, type Block, padded, run, toMatrix32, writeRows } from "./kernels.ts";
import { type Matrix, type Matrix32, transpose } from "./matrix.ts";
import { AdamW } from "./optimizers.ts";

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
 * A layer's parameters or gradients: Wᵀ (n rows), Sᵀ (m rows) and the thresholds (one row)
 * under each other, so that one pass of Adam takes all three.
 */
interface LayerBlock {
  all: Block;
  W: Block;
  S: Block;
  thresholds: Block;
}

/** Layers without what learning needs: codes of a block of samples after the last one. */
export class ListaNetwork {
  protected readonly arena: Arena;
  /** Number of observed dimensions. */
  protected readonly m: number;
  /** Number of latents. */
  protected readonly n: number;
  protected readonly layers: readonly LayerBlock[];
  /** Codes after each layer, in turn: all of them, or the last two. */
  protected readonly codes: readonly Block[];

  /**
   * @param rows Most samples in a block.
   * @param kept Layers whose codes are kept: 2 for a way forward, all for a way back.
   */
  constructor(arena: Arena, layers: readonly ListaLayer[], rows: number, kept = 2) {
    this.arena = arena;
    [this.n, this.m] = [layers[0].S.rows, layers[0].S.cols];
    this.layers = layers.map((layer) => this.#copy(layer));
    this.codes = Array.from({ length: kept }, () => arena.f32(rows * padded(this.n)));
  }

  #copy({ W, S, thresholds }: ListaLayer): LayerBlock {
    const block = this.layerBlock();
    writeRows(block.W, transpose(W), 0, this.n);
    writeRows(block.S, transpose(S), 0, this.m);
    block.thresholds.view.set(thresholds);
    return block;
  }

  /** Zeros in the shape of a layer. */
  protected layerBlock(): LayerBlock {
    const { n, m } = this, stride = padded(n);
    const all = this.arena.f32((n + m + 1) * stride);
    return {
      all,
      W: all.from(0, n * stride),
      S: all.from(n * stride, m * stride),
      thresholds: all.from((n + m) * stride),
    };
  }

  /** Codes of the observations in the first `rows` rows of `x`. */
  forward(x: Block, rows: number): Block {
    const { n, m, codes } = this, dn = padded(n);
    let previous: Block | undefined;
    this.layers.forEach(({ W, S, thresholds }, l) => {
      const z = codes[l % codes.length];
      run("gemm_nn", rows, dn, m, x, padded(m), S, dn, z, dn);
      if (previous) run("gemm_nn_add", rows, dn, n, previous, dn, W, dn, z, dn);
      run("shrink", rows, dn, z, thresholds);
      previous = z;
    });
    return previous!;
  }
}

/** Layers with their gradients, for one dictionary and λ. */
export class ListaTrainer extends ListaNetwork {
  readonly #lambda: number;
  readonly #gradients: readonly LayerBlock[];
  readonly #dictionary: Block;
  readonly #atoms: Block;
  readonly #residuals: Block;
  /** Gradient for the codes of a layer, and of the one before it. */
  readonly #flow: [Block, Block];
  readonly #weights: Block;

  constructor(
    arena: Arena,
    layers: readonly ListaLayer[],
    D: Matrix,
    lambda: number,
    rows: number,
  ) {
    super(arena, layers, rows, layers.length);
    const { n, m } = this, dn = padded(n);
    this.#lambda = lambda;
    this.#gradients = layers.map(() => this.layerBlock());
    this.#dictionary = arena.matrix(D);
    this.#atoms = arena.matrix(transpose(D));
    this.#residuals = arena.f32(rows * padded(m));
    this.#flow = [arena.f32(rows * dn), arena.f32(rows * dn)];
    this.#weights = arena.f32(n * dn);
  }

  /** Loss of the observations in the first `rows` rows of `x`; leaves its gradients. */
  backward(x: Block, rows: number): number {
    const { n, m, codes, layers } = this, dn = padded(n), dm = padded(m);
    const z = this.forward(x, rows), R = this.#residuals;
    let [flow, next] = this.#flow;
    run("gemm_nn", rows, dm, n, z, dn, this.#atoms, dm, R, dm);
    const squares = run("residual", rows, dm, R, x);
    run("gemm_nn", rows, dn, m, R, dm, this.#dictionary, dn, flow, dn);
    const penalty = this.#lambda / (rows * n);
    const l1 = run("l1_gradient", rows, dn, z, flow, 2 / (rows * m), penalty);
    for (let l = layers.length - 1; l >= 0; l--) {
      const { W, thresholds } = layers[l], gradient = this.#gradients[l];
      run("shrink_backward", rows, dn, codes[l], flow, thresholds, gradient.thresholds);
      run("gemm_tn", m, dn, rows, x, dm, flow, dn, gradient.S, dn);
      if (l === 0) break;
      run("gemm_tn", n, dn, rows, codes[l - 1], dn, flow, dn, gradient.W, dn);
      run("transpose", n, n, W, dn, this.#weights, dn);
      run("gemm_nn", rows, dn, n, flow, dn, this.#weights, dn, next, dn);
      [flow, next] = [next, flow];
    }
    return squares / (rows * m) + penalty * l1;
  }

  /** Adam on the weights of each layer, along the gradients of the last `backward`. */
  optimizers(lr: number): AdamW[] {
    return this.layers.map(({ all }, l) =>
      new AdamW(this.arena, all, this.#gradients[l].all, { lr })
    );
  }

  #read({ W, S, thresholds }: LayerBlock): ListaLayer {
    return {
      W: transpose(toMatrix32(W, this.n, this.n)),
      S: transpose(toMatrix32(S, this.m, this.n)),
      thresholds: thresholds.view.slice(0, this.n),
    };
  }

  /** A copy of the layers. */
  readLayers(): ListaLayer[] {
    return this.layers.map((block) => this.#read(block));
  }

  /** A copy of the gradients. */
  readGradients(): ListaLayer[] {
    return this.#gradients.map((block) => this.#read(block));
  }
}
