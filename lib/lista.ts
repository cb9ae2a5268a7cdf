/**
 * LISTA: a few iterations of ISTA, unrolled into layers whose weights are learned; and as a whole
 * method, with a known dictionary or one that is learned first.
 * @module
 */
import {
  requireArray,
  requireFunction,
  requireInteger,
  requireIterable,
  requireOptions,
  requirePositive,
} from "./checks.ts";
import { Arena, forBlocks, padded, readRows, run, toMatrix32 } from "./wasm/memory.ts";
import { type ListaLayer, ListaNetwork } from "./cores/lista.ts";
import {
  type Matrix,
  type Matrix32,
  requireFloat32,
  requireMatrix,
  requireNoOverflow,
  toFloat32,
  transpose,
  zeros32,
} from "./matrix.ts";
import { shuffledBatches, TorchGenerator } from "./random.ts";
import { learnDictionary } from "./dictionary_learning.ts";
import { lipschitz } from "./linalg.ts";

export type { ListaLayer };

/** Options of {@linkcode Lista.train}. */
export interface ListaTraining {
  /** Weight of the penalty, λ > 0. */
  lambda: number;
  /** Passes over the observations. Default 100. */
  epochs?: number;
  /** Learning rate of Adam. Default 1e-3. */
  lr?: number;
  /** Most samples in a batch. Default 64. */
  batchSize?: number;
  /** Seed of the order of the samples. Default 0. */
  seed?: number;
  /** Batches of row numbers, iterated once per epoch (at least one), in place of those from the seed. */
  loader?: Iterable<ArrayLike<number>>;
  /** Called after every epoch. */
  onEpoch?: (entry: ListaEntry) => void;
}

/** Far beyond what memory and gradients bear. */
const MOST_LAYERS = 2 ** 16;
const TRAINING_OPTIONS = ["lambda", "epochs", "lr", "batchSize", "seed", "loader", "onEpoch"];

/** One epoch of training. */
export interface ListaEntry {
  /** Epoch, from 0. */
  epoch: number;
  /** Mean over the batches of their losses before their updates. */
  loss: number;
}

/** Samples that go through the layers together when nothing is learned. */
const FORWARD_ROWS = 96;

/** DᵀD, in float32. */
function atomProducts(D: Matrix): Matrix32 {
  using arena = new Arena();
  const stride = padded(D.cols), d = arena.matrix(D), product = arena.f32(D.cols * stride);
  run("gemm_tn", D.cols, stride, D.rows, d, stride, d, stride, product, stride);
  return toMatrix32(product, D.cols, D.cols);
}

/** Copies the rows of `X` that a batch names to the beginning of a view. */
function gather(X: Matrix, batch: ArrayLike<number>, view: Float32Array): void {
  const stride = padded(X.cols);
  for (let b = 0; b < batch.length; b++) {
    const row = batch[b];
    requireInteger("row in a batch of loader", row, 0, X.rows - 1);
    view.set(X.data.subarray(row * X.cols, (row + 1) * X.cols), b * stride);
  }
}

/**
 * Learned ISTA (Gregor and LeCun, "Learning Fast Approximations of Sparse Coding", 2010): from z = 0,
 * every layer l takes z to S(z·W_lᵀ + x·S_lᵀ, |θ_l|) with the soft threshold S. Computed in float32.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fromRows } from "./matrix.ts";
 * import { Lista } from "./lista.ts";
 * const D = fromRows([[1, 0, 0.6], [0, 1, 0.8]]), X = fromRows([[1, 2], [0, 1]]);
 * const lista = Lista.fromDictionary(D, { nLayers: 3 });
 * const history = lista.train(X, D, { lambda: 0.1, epochs: 5 });
 * assert(history[4].loss < history[0].loss);
 * assert.deepEqual([lista.forward(X).rows, lista.forward(X).cols], [2, 3]);
 * ```
 */
export class Lista {
  #layers: readonly ListaLayer[];

  /**
   * A network with the given weights, which are not copied.
   *
   * @param layers At least one; all of the same shapes.
   * @throws {TypeError} When `layers` is no array, or a value is of the wrong kind.
   * @throws {RangeError} When there is no layer, the shapes differ or a value is not finite.
   */
  constructor(layers: readonly ListaLayer[]) {
    requireArray("layers", layers);
    if (layers.length === 0) {
      throw new RangeError("Cannot make LISTA: it must have at least one layer, got 0");
    }
    const { rows: n, cols: m } = layers[0].S;
    requireInteger("layers[0].S.rows", n, 1);
    requireInteger("layers[0].S.cols", m, 1);
    layers.forEach(({ W, S, thresholds }, l) => {
      requireMatrix(`layers[${l}].W`, W, { rows: n, cols: n });
      requireMatrix(`layers[${l}].S`, S, { rows: n, cols: m });
      requireMatrix(`layers[${l}].thresholds`, { rows: 1, cols: n, data: thresholds });
    });
    this.#layers = layers;
  }

  /**
   * The network that repeats ISTA with a dictionary: W = I − DᵀD/L, S = Dᵀ/L with L the squared
   * spectral norm of D, and thresholds of 0.01.
   *
   * @param D Dictionary, m × n, atoms in columns.
   * @throws {RangeError} When D is empty, zero, or not finite in float32 or its Gram matrix is not, or
   * `nLayers` is no integer of at least 1.
   */
  static fromDictionary(D: Matrix, options: { nLayers?: number } = {}): Lista {
    requireOptions("options", options, ["nLayers"]);
    const { nLayers = 16 } = options;
    requireMatrix("D", D);
    requireFloat32("D", D);
    requireInteger("nLayers", nLayers, 1, MOST_LAYERS);
    const L = lipschitz(D), { rows: m, cols: n } = D;
    requirePositive("the squared spectral norm of D", L);
    const S = toFloat32(transpose(D)).data.map((value) => value / L);
    const G = atomProducts(D);
    requireNoOverflow("make LISTA", G, "scale D down");
    const W = G.data.map((value, p) => (p % (n + 1) === 0 ? 1 : 0) - value / L);
    return new Lista(Array.from({ length: nLayers }, () => ({
      W: { rows: n, cols: n, data: W.slice() },
      S: { rows: n, cols: m, data: S.slice() },
      thresholds: new Float32Array(n).fill(0.01),
    })));
  }

  /** The weights of every layer. */
  get layers(): readonly ListaLayer[] {
    return this.#layers;
  }

  /** Number of latents, n. */
  get numLatents(): number {
    return this.#layers[0].S.rows;
  }

  /** Number of observed dimensions, m. */
  get inputDim(): number {
    return this.#layers[0].S.cols;
  }

  /**
   * Codes of observations.
   *
   * @param X Observations, samples × m.
   * @returns Codes, samples × n.
   * @throws {RangeError} When X does not have m columns, or it or the codes are not finite in float32.
   */
  forward(X: Matrix): Matrix32 {
    requireMatrix("X", X, { cols: this.inputDim });
    requireFloat32("X", X);
    const codes = zeros32(X.rows, this.numLatents);
    using arena = new Arena();
    const network = new ListaNetwork(arena, this.#layers, FORWARD_ROWS);
    const x = arena.f32(FORWARD_ROWS * padded(X.cols));
    forBlocks(X, FORWARD_ROWS, x, (start, end) => {
      readRows(network.forward(x, end - start), codes, start, end);
    });
    requireNoOverflow("code X", codes, "scale X or the weights down");
    return codes;
  }

  #check(X: Matrix, D: Matrix, lambda: number): void {
    requireMatrix("X", X, { cols: this.inputDim });
    requireFloat32("X", X);
    requireInteger("X.rows", X.rows, 1);
    requireMatrix("D", D, { rows: this.inputDim, cols: this.numLatents });
    requireFloat32("D", D);
    requirePositive("lambda", lambda);
  }

  /**
   * The loss mean (x − zDᵀ)² + λ·mean |z| of observations, and its gradient for every weight.
   *
   * @param X Observations, samples × m.
   * @param D Dictionary, m × n.
   * @returns The loss, and the gradients in the shapes of the layers.
   * @throws {RangeError} When shapes do not fit together, a value is not finite in float32 or λ is not
   * above 0.
   */
  gradients(
    X: Matrix,
    D: Matrix,
    options: { lambda: number },
  ): { loss: number; layers: ListaLayer[] } {
    requireOptions("options", options, ["lambda"]);
    const { lambda } = options;
    this.#check(X, D, lambda);
    using arena = new Arena();
    const network = new ListaNetwork(arena, this.#layers, X.rows, this.#layers.length);
    const trainer = network.trainer(D, lambda, X.rows);
    const loss = trainer.backward(arena.matrix(X), X.rows);
    return { loss, layers: trainer.gradients() };
  }

  /**
   * Trains the weights by Adam on mean (x − zDᵀ)² + λ·mean |z|, with fixed D.
   *
   * @param X Observations, samples × m.
   * @param D Dictionary, m × n.
   * @returns The mean loss of every epoch.
   * @throws {TypeError} When an argument is of the wrong kind.
   * @throws {RangeError} When shapes do not fit together, a value is not finite in float32, λ or lr is
   * not above 0, a count is no integer of at least 1, or a batch names a row that X does not have.
   * @throws {Error} When the loss stops being finite; the weights are then those from before.
   */
  train(X: Matrix, D: Matrix, options: ListaTraining): ListaEntry[] {
    requireOptions("options", options, TRAINING_OPTIONS);
    const { lambda, epochs = 100, lr = 1e-3, batchSize = 64, seed = 0, onEpoch } = options;
    this.#check(X, D, lambda);
    requireInteger("epochs", epochs, 1);
    requirePositive("lr", lr);
    requireInteger("batchSize", batchSize, 1);
    if (options.loader !== undefined) requireIterable("loader", options.loader);
    if (onEpoch !== undefined) requireFunction("onEpoch", onEpoch);
    // The reference's loader draws from the global generator
    const loader = options.loader ??
      shuffledBatches(X.rows, batchSize, new TorchGenerator(seed), { ownGenerator: false });
    const history: ListaEntry[] = [];
    using arena = new Arena();
    const rows = Math.min(batchSize, X.rows);
    const network = new ListaNetwork(arena, this.#layers, rows, this.#layers.length);
    const trainer = network.trainer(D, lambda, rows), adams = trainer.optimizers(lr);
    const x = arena.f32(rows * padded(X.cols)), view = x.view;
    for (let epoch = 0; epoch < epochs; epoch++) {
      let sum = 0, batches = 0;
      for (const batch of loader) {
        requireInteger("rows in a batch of loader", batch.length, 1, rows);
        gather(X, batch, view);
        sum += trainer.backward(x, batch.length);
        for (const adam of adams) adam.step();
        batches++;
      }
      if (batches === 0) throw new RangeError("loader must yield at least one batch per epoch");
      const entry = { epoch, loss: sum / batches };
      if (!Number.isFinite(entry.loss)) {
        throw new Error(
          `Cannot go on training LISTA: the loss must be finite, got ${entry.loss} in epoch ${epoch} ` +
            `with the learning rate ${lr}`,
        );
      }
      history.push(entry);
      onEpoch?.(entry);
    }
    this.#layers = network.read();
    return history;
  }
}

/** Options of {@linkcode learnLista}. */
export interface LearnListaOptions extends ListaTraining {
  /** Dictionary, m × n. Default: learned by DL-FISTA with the same λ and seed. */
  dictionary?: Matrix;
  /** Number of atoms, n: needed where no dictionary is given. */
  numLatents?: number;
  /** Steps of the dictionary learning, 50 to a round. Default 50,000. */
  maxSteps?: number;
  /** Layers of the network. Default 16. */
  nLayers?: number;
}

/** What {@linkcode learnLista} returns. */
export interface LearnedLista {
  /** ID codes, samples × n. */
  codesId: Matrix32;
  /** OOD codes, samples × n. */
  codesOod: Matrix32;
  /** The dictionary, m × n: the given one, or the learned one. */
  dictionary: Matrix32;
  /** The trained network. */
  lista: Lista;
  /** Mean loss of every training epoch. */
  history: ListaEntry[];
}

/**
 * Trains LISTA on the ID observations, from the layers that a dictionary gives, and codes both splits.
 * Without a given dictionary it first learns one from the ID observations by DL-FISTA
 * (`learnDictionary`).
 *
 * @param XId ID observations, samples × m.
 * @param XOod OOD observations, samples × m.
 * @throws {TypeError} When an argument is of the wrong kind, or neither `dictionary` nor `numLatents`
 * is given.
 * @throws {RangeError} When shapes do not fit together, a value is not finite in float32, λ or lr is
 * not above 0 or a count is no integer of at least 1.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { generateDatasets } from "./data.ts";
 * import { learnLista } from "./lista.ts";
 * const { val, ood } = generateDatasets({ seed: 0, numLatents: 20, k: 3, nSamples: 100 });
 * const { codesOod, dictionary, history } = learnLista(val.Y, ood.Y, {
 *   numLatents: 20,
 *   lambda: 0.1,
 *   maxSteps: 500,
 *   epochs: 10,
 * });
 * assert.deepEqual([codesOod.rows, codesOod.cols, dictionary.cols], [ood.Y.rows, 20, 20]);
 * assert.equal(history.length, 10);
 * ```
 */
export function learnLista(XId: Matrix, XOod: Matrix, options: LearnListaOptions): LearnedLista {
  requireOptions("options", options, [
    ...["dictionary", "numLatents", "maxSteps", "nLayers"],
    ...TRAINING_OPTIONS,
  ]);
  const { dictionary: given, numLatents, maxSteps, nLayers, ...training } = options;
  requireMatrix("XId", XId);
  requireMatrix("XOod", XOod, { cols: XId.cols });
  requireFloat32("XId", XId);
  requireFloat32("XOod", XOod);
  if (given) {
    requireMatrix("dictionary", given, { rows: XId.cols });
    requireFloat32("dictionary", given);
  } else if (numLatents === undefined) {
    throw new TypeError("Cannot learn LISTA: it needs a dictionary or numLatents, got neither");
  }
  const { lambda, seed = 0 } = training;
  const dictionary = given
    ? toFloat32(given)
    : learnDictionary(XId, XOod, { numLatents: numLatents!, lambda, maxSteps, seed }).dictionary;
  const lista = Lista.fromDictionary(dictionary, { nLayers });
  const history = lista.train(XId, dictionary, training);
  return {
    codesId: lista.forward(XId),
    codesOod: lista.forward(XOod),
    dictionary,
    lista,
    history,
  };
}
