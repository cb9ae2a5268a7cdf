/**
 * A sparse autoencoder whose weights came from a file, whatever made them: its codes and
 * reconstructions. Only for inference; {@link ../saes.ts} is for training.
 * @module
 */
import { requireOptions } from "../checks.ts";
import { encodeSamples, type Selection } from "../cores/sae_encode.ts";
import {
  type AnyMatrix,
  type CsrMatrix,
  fromDense,
  isCsrMatrix,
  requireAnyMatrix,
} from "../csr_matrix.ts";
import {
  type Matrix,
  type Matrix32,
  requireFloat32,
  requireMatrix,
  requireNoOverflow,
  transpose,
  zeros32,
} from "../matrix.ts";
import type { Coder, Parts } from "./parts.ts";

/** Options of `openSae`. */
export interface OpenOptions {
  /**
   * What the training multiplied its inputs by, √m over their mean norm: for SAELens folders that say
   * `normalize_activations: "expected_average_only_in"`, where it is nowhere else to be found.
   */
  scalingFactor?: number;
}

/** What a format's reader gives. */
export interface Opened {
  /** Weights, and how codes follow from them. */
  parts: Parts;
  /** Name of the format. */
  format: string;
  /** The kind of autoencoder, in the format's words. */
  architecture: string;
  /** The file's own configuration. */
  settings: Readonly<Record<string, unknown>>;
}

/** Options of {@linkcode OpenedSae.decode}. */
export interface DecodeOptions {
  /** The samples of the codes, for autoencoders that scale each sample or have a skip connection. */
  input?: Matrix;
}

/** How one sample was scaled: x̃ = (x − mean)·factor; the reconstruction is y·back + mean. */
interface Scale {
  mean: number;
  factor: number;
  back: number;
}

const UNSCALED: Scale = { mean: 0, factor: 1, back: 1 };
/** What SAELens adds to a standard deviation. */
const STD_FLOOR = 1e-5;

/** Gives the parts of an opened autoencoder to what writes it again. */
export let partsOfOpened: (sae: OpenedSae) => Parts;

/**
 * A sparse autoencoder that `openSae` opened.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { openSae } from "../open_sae.ts";
 * import { saveSae } from "../sae_file.ts";
 * import { Sae } from "../saes.ts";
 *
 * const topk = Sae.initialize({ type: "topk", inputDim: 8, width: 12, kval: 3, seed: 0 });
 * saveSae("topk.safetensors", topk, { seed: 0 });
 * const sae = openSae("topk.safetensors");
 * assert.deepEqual([sae.architecture, sae.config], ["topk", { seed: 0 }]);
 * const { indptr } = sae.encodeSparse({ rows: 1, cols: 8, data: new Float32Array(8).fill(0.5) });
 * assert(indptr[1] <= 3);
 * ```
 */
export class OpenedSae {
  /** The format that it came in, for example `SAELens` or `Gemma Scope`. */
  readonly format: string;
  /** Its kind, in the format's words, for example `jumprelu` or `BatchTopKSAE`. */
  readonly architecture: string;
  /** The file's own configuration, as it is; empty where the format has none. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Number of dimensions that it takes. */
  readonly inputDim: number;
  /** Number of units: codes per sample, atoms of the dictionary. */
  readonly width: number;
  /** Number of dimensions that it gives: those that it takes, but for transcoders. */
  readonly outputDim: number;
  readonly #parts: Parts;
  #dictionary?: Matrix32;

  static {
    partsOfOpened = (sae) => sae.#parts;
  }

  /** Made by `openSae`. */
  constructor(opened: Opened) {
    const { parts, format, architecture, settings } = opened, { coder, decoder } = parts;
    this.format = format;
    this.architecture = architecture;
    this.config = settings;
    this.width = decoder.rows;
    this.outputDim = decoder.cols;
    this.inputDim = coder.kind === "sae" ? coder.sae.inputDim : coder.units.inputDim;
    this.#parts = parts;
  }

  /**
   * The decoder, outputDim × width: an atom per column, as they multiply the codes of
   * {@linkcode OpenedSae.encode}. Made at first use: as large as the weights.
   */
  get dictionary(): Matrix32 {
    return this.#dictionary ??= transpose(this.#parts.decoder);
  }

  /** The decoder's bias, outputDim values. */
  get bias(): Float32Array {
    return this.#parts.decoderBias;
  }

  /**
   * The codes of samples, as the original's encoder gives them.
   *
   * @param X samples × inputDim; rounded to float32. Of heads side by side where the autoencoder
   * is of `hook_z`.
   * @returns samples × width, with its zeros: {@linkcode OpenedSae.encodeSparse} leaves them out.
   * @throws {TypeError | RangeError} When X is not a matrix of inputDim columns, or it or the codes are
   * not finite in float32.
   */
  encode(X: Matrix): Matrix32 {
    this.#requireInput("X", X);
    const codes = zeros32(X.rows, this.width);
    this.#encode(X, (i, places, values) => {
      const start = i * this.width;
      for (let t = 0; t < places.length; t++) codes.data[start + places[t]] = values[t];
    });
    return codes;
  }

  /**
   * The codes of samples that are not 0: the same as {@linkcode OpenedSae.encode}, in as much memory as
   * they need.
   *
   * @param X samples × inputDim; rounded to float32.
   * @returns samples × width.
   * @throws {TypeError | RangeError} As {@linkcode OpenedSae.encode}.
   */
  encodeSparse(X: Matrix): CsrMatrix {
    this.#requireInput("X", X);
    const indptr = new Int32Array(X.rows + 1);
    let indices = new Int32Array(16 * X.rows), data = new Float32Array(16 * X.rows), count = 0;
    this.#encode(X, (i, places, values) => {
      const end = count + places.length;
      if (end > indices.length) {
        const room = Math.max(end, 2 * indices.length);
        indices = grown(indices, new Int32Array(room));
        data = grown(data, new Float32Array(room));
      }
      indices.set(places, count);
      data.set(values, count);
      indptr[i + 1] = count = end;
    });
    return {
      ...{ rows: X.rows, cols: this.width, indptr },
      ...{ indices: indices.slice(0, count), data: data.slice(0, count) },
    };
  }

  /**
   * The reconstruction of codes.
   *
   * @param Z samples × width, with its zeros or without.
   * @param options `input`: samples × inputDim that the codes are of. Needed where each sample is scaled
   * before it is encoded, and where there is a skip connection.
   * @returns samples × outputDim.
   * @throws {TypeError | RangeError} When Z or the input is not a finite matrix of these sizes, the
   * input is needed and missing, or the reconstruction is not finite in float32.
   */
  decode(Z: AnyMatrix, options: DecodeOptions = {}): Matrix32 {
    requireAnyMatrix("Z", Z, { cols: this.width });
    requireOptions("options", options, ["input"]);
    const { input } = options, { normalization, skip } = this.#parts;
    if (input !== undefined) this.#requireInput("options.input", input, Z.rows);
    else if (normalization !== "none" || skip) {
      const why = skip ? "a skip connection" : `normalize_activations ${normalization}`;
      throw new TypeError(
        `options.input must be the samples that the codes are of: this autoencoder has ${why}`,
      );
    }
    return this.#decode(isCsrMatrix(Z) ? Z : fromDense(Z), input);
  }

  /**
   * Codes and reconstruction of samples.
   *
   * @param X samples × inputDim; rounded to float32.
   * @throws {TypeError | RangeError} As {@linkcode OpenedSae.encode}.
   */
  forward(X: Matrix): { codes: Matrix32; reconstruction: Matrix32 } {
    const codes = this.encode(X);
    return { codes, reconstruction: this.#decode(fromDense(codes), X) };
  }

  #requireInput(name: string, X: Matrix, rows?: number): void {
    requireMatrix(name, X, { rows, cols: this.inputDim });
    requireFloat32(name, X);
  }

  /** Lists of the codes that are not 0, sample by sample. */
  #encode(
    X: Matrix,
    take: (index: number, places: Int32Array, values: Float32Array) => void,
  ): void {
    const { coder, centred, decoderBias } = this.#parts, { inputDim } = this;
    const scales = this.#scales(X);
    if (coder.kind === "sae") {
      const scaled = zeros32(X.rows, inputDim);
      for (let i = 0, p = 0; i < X.rows; i++) {
        const { mean, factor } = scales[i] ?? UNSCALED;
        for (let k = 0; k < inputDim; k++, p++) scaled.data[p] = (X.data[p] - mean) * factor;
      }
      const { indptr, indices, data } = fromDense(coder.sae.encode(scaled));
      for (let i = 0; i < X.rows; i++) {
        const row = [indptr[i], indptr[i + 1]] as const;
        take(i, indices.subarray(...row) as Int32Array, data.subarray(...row));
      }
      return;
    }
    const { selection, bias, finish } = plan(coder);
    const shift = centred ? decoderBias : new Float32Array(inputDim);
    encodeSamples({
      ...{ units: coder.units, bias, selection, samples: X.rows },
      sample(i, into) {
        const { mean, factor } = scales[i] ?? UNSCALED;
        for (let k = 0, p = i * inputDim; k < inputDim; k++, p++) {
          // rounded before it is centred, as the original has it in memory
          into[k] = Math.fround((X.data[p] - mean) * factor) - shift[k];
        }
      },
      take(i, places, values) {
        if (!places || !values.every(Number.isFinite)) {
          throw new RangeError(
            `Cannot encode X: codes must stay finite in float32, those of row ${i} do not; ` +
              `scale X down`,
          );
        }
        take(i, ...(finish?.(places, values) ?? [places, values] as const));
      },
    });
  }

  #decode({ rows, indptr, indices, data }: CsrMatrix, input?: Matrix): Matrix32 {
    const { decoder, decoderBias, skip } = this.#parts, { outputDim } = this;
    const out = zeros32(rows, outputDim), sum = new Float64Array(outputDim);
    const scales = input ? this.#scales(input) : [];
    for (let i = 0; i < rows; i++) {
      sum.set(decoderBias);
      for (let t = indptr[i]; t < indptr[i + 1]; t++) {
        addScaled(data[t], decoder.data, indices[t] * outputDim, sum);
      }
      const { mean, back } = scales[i] ?? UNSCALED;
      for (let k = 0; k < outputDim; k++) sum[k] = sum[k] * back + mean;
      if (skip && input) addSkipped(skip, input, i, sum);
      out.data.set(sum, i * outputDim);
    }
    requireNoOverflow("decode Z", out, "scale Z or the weights down");
    return out;
  }

  /** How each sample is scaled; none where none is. */
  #scales(X: Matrix): Scale[] {
    const { normalization } = this.#parts;
    if (normalization === "none") return [];
    const scale = normalization === "layer_norm" ? standardized : rescaled;
    return Array.from({ length: X.rows }, (_, i) => {
      const row = X.data.subarray(i * X.cols, (i + 1) * X.cols), one = scale(row);
      if (Number.isFinite(one.factor)) return one;
      throw new RangeError(
        `Row ${i} of the samples must not be of zeros: ${normalization} divides by its norm`,
      );
    });
  }
}

/** constant_norm_rescale: the sample at norm √m. */
function rescaled(row: ArrayLike<number>): Scale {
  let squares = 0;
  for (let k = 0; k < row.length; k++) squares += row[k] * row[k];
  const factor = Math.sqrt(row.length / squares);
  return { mean: 0, factor, back: 1 / factor };
}

/** layer_norm: mean 0 and standard deviation 1, with divisor m − 1. */
function standardized(row: ArrayLike<number>): Scale {
  const { length } = row;
  let sum = 0, squares = 0;
  for (let k = 0; k < length; k++) sum += row[k];
  const mean = sum / length;
  for (let k = 0; k < length; k++) squares += (row[k] - mean) ** 2;
  const std = Math.sqrt(squares / (length - 1));
  return { mean, factor: 1 / (std + STD_FLOOR), back: std };
}

/** What of the pre-activations is listed, and what is made of it. */
interface Plan {
  selection: Selection;
  bias: Float32Array;
  /** Codes from what was listed. */
  finish?: (places: Int32Array, values: Float32Array) => [Int32Array, Float32Array];
}

function plan({ units, bias, activation }: Coder & { kind: "dense" }): Plan {
  switch (activation.kind) {
    case "jumprelu": {
      const thresholds = activation.thresholds.map((threshold) => Math.max(0, threshold));
      return { bias, selection: { kind: "above", thresholds } };
    }
    case "topk":
      return { bias, selection: { ...activation, kind: "largest" } };
    case "gated": {
      const { magnitudeBias, logScale } = activation, factors = logScale.map(Math.exp);
      return {
        // the product without a bias serves both: a gate is open where it is above minus the gate's
        bias: new Float32Array(units.width),
        selection: { kind: "above", thresholds: bias.map((value) => -value) },
        finish(places, values) {
          const magnitudes = values.map((value, t) =>
            value * factors[places[t]] + magnitudeBias[places[t]]
          );
          const positive = (_: number, t: number) => magnitudes[t] > 0;
          return [places.filter(positive), magnitudes.filter(positive)];
        },
      };
    }
  }
}

/** sum += factor · the row that begins at `start`. */
function addScaled(
  factor: number,
  rows: Float32Array,
  start: number,
  sum: Float64Array,
): void {
  for (let k = 0, p = start; k < sum.length; k++, p++) sum[k] += factor * rows[p];
}

/** sum += skip · the input's row i. */
function addSkipped(skip: Matrix32, input: Matrix, i: number, sum: Float64Array): void {
  for (let k = 0, p = 0; k < sum.length; k++) {
    for (let q = i * input.cols, end = q + input.cols; q < end; q++, p++) {
      sum[k] += skip.data[p] * input.data[q];
    }
  }
}

/** A longer array with the values of a shorter one. */
function grown<T extends Int32Array | Float32Array>(values: T, room: T): T {
  room.set(values);
  return room;
}
