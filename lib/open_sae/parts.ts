/**
 * What every format comes down to: weights, and how codes follow from them.
 * @module
 */
import { PackedUnits } from "../cores/sae_encode.ts";
import { type Matrix32, transpose } from "../matrix.ts";
import { digestOf } from "../numeric/digest.ts";
import type { Sae } from "../saes.ts";

/** How codes follow from pre-activations h. */
export type Activation =
  | {
    /** h where h > threshold and h > 0; thresholds of 0 are ReLU. */
    readonly kind: "jumprelu";
    /** A number per unit. */
    readonly thresholds: Float32Array;
  }
  | {
    /** The k largest of relu(h); `signed`: the k of largest magnitude, with their sign. */
    readonly kind: "topk";
    readonly k: number;
    readonly signed: boolean;
  }
  | {
    /** relu(e^logScale·(h − bias) + magnitudeBias) where h > 0. */
    readonly kind: "gated";
    readonly magnitudeBias: Float32Array;
    readonly logScale: Float32Array;
  };

/** What makes codes. */
export type Coder =
  | {
    readonly kind: "dense";
    /** The encoder W. */
    readonly units: PackedUnits;
    /** h = x̄·W + bias. */
    readonly bias: Float32Array;
    readonly activation: Activation;
  }
  | {
    /** An autoencoder of ours that codes by matching pursuit on its own decoder. */
    readonly kind: "sae";
    readonly sae: Sae;
  };

/** What is done to each sample before it is encoded, and undone afterwards. */
export type Normalization = "none" | "constant_norm_rescale" | "layer_norm";

/** Weights, and how codes follow from them. */
export interface Parts {
  /** What makes the codes. */
  readonly coder: Coder;
  /** width × outputDim: an atom per row. */
  readonly decoder: Matrix32;
  /** outputDim values, added to the reconstruction. */
  readonly decoderBias: Float32Array;
  /** Whether the decoder's bias is subtracted from the input. */
  readonly centred: boolean;
  /** What is done to each sample. */
  readonly normalization: Normalization;
  /** outputDim × inputDim: adds the input as it is, times its transposed, to the reconstruction. */
  readonly skip?: Matrix32;
}

/**
 * What the codes follow from, as a text with digests in place of the weights: the same for the same encoder,
 * wherever its files lie and however they are linked.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Sae } from "../saes.ts";
 * import { digestOfEncoder, partsOfSae } from "./parts.ts";
 *
 * const sae = Sae.initialize({ type: "relu", inputDim: 8, width: 12, seed: 0 });
 * const digest = digestOfEncoder(partsOfSae(sae));
 * assert.equal(digestOfEncoder(partsOfSae(sae)), digest);
 * sae.parameters.encoderBias[0] = 1;
 * assert.notEqual(digestOfEncoder(partsOfSae(sae)), digest);
 * ```
 */
export function digestOfEncoder({ coder, decoderBias, centred, normalization }: Parts): string {
  return JSON.stringify(
    { coder, decoderBias, centred, normalization },
    (_, value) => value instanceof Float32Array ? digestOf(value) : value,
  );
}

/** A smaller norm of an atom counts as this. */
const NORM_FLOOR = 1e-8;

/** Thresholds that are all the same. */
export function sameThresholds(width: number, threshold: number): Activation {
  return { kind: "jumprelu", thresholds: new Float32Array(width).fill(threshold) };
}

/** Norms of the atoms, 1e-8 at least, accumulated in float64. */
export function atomNorms({ rows, cols, data }: Matrix32): Float64Array {
  const norms = new Float64Array(rows);
  for (let j = 0, p = 0; j < rows; j++) {
    for (let k = 0; k < cols; k++, p++) norms[j] += data[p] * data[p];
  }
  return norms.map((square) => Math.max(Math.sqrt(square), NORM_FLOOR));
}

/** Multiplies row j by `factors[j]` in place; rounded once. */
export function scaleRows({ rows, cols, data }: Matrix32, factors: ArrayLike<number>): void {
  for (let j = 0, p = 0; j < rows; j++) {
    for (let k = 0; k < cols; k++, p++) data[p] *= factors[j];
  }
}

/** Multiplies value j by `factors[j]`, or by `factors`, in place; rounded once. */
export function scaleValues(values: Float32Array, factors: ArrayLike<number> | number): void {
  for (let j = 0; j < values.length; j++) {
    values[j] *= typeof factors === "number" ? factors : factors[j];
  }
}

/** What {@linkcode foldNorms} changes. */
export interface Foldable {
  /** The encoder's weights. */
  readonly units: PackedUnits;
  /** The encoder's bias. */
  readonly bias: Float32Array;
  /** The decoder. */
  readonly decoder: Matrix32;
}

/**
 * Gives every atom unit norm and its code the rest, in place: the codes become those of before times the
 * norms, the reconstruction stays.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { PackedUnits } from "../cores/sae_encode.ts";
 * import { foldNorms } from "./parts.ts";
 *
 * const units = new PackedUnits(1, 1);
 * units.setUnits(0, { rows: 1, cols: 1, data: Float32Array.of(3) });
 * const decoder = { rows: 1, cols: 2, data: Float32Array.of(0, 2) };
 * const bias = Float32Array.of(1);
 * foldNorms({ units, bias, decoder });
 * assert.deepEqual([units.toMatrix().data[0], bias[0], decoder.data[1]], [6, 2, 1]);
 * ```
 */
export function foldNorms({ units, bias, decoder }: Foldable): void {
  const norms = atomNorms(decoder);
  units.scale(norms);
  scaleValues(bias, norms);
  scaleRows(decoder, norms.map((norm) => 1 / norm));
}

/**
 * Lets the weights take a factor of the input and one of the output, in place: for inputs that were
 * multiplied by `input` and reconstructions that were divided by `output`.
 */
export function foldScale(
  { units, decoder }: Omit<Foldable, "bias">,
  decoderBias: Float32Array,
  input: number,
  output: number = input,
): void {
  units.scale(new Float64Array(units.width).fill(input));
  scaleRows(decoder, new Float64Array(decoder.rows).fill(1 / output));
  scaleValues(decoderBias, 1 / output);
}

/** The units of an encoder of ours, width × inputDim. */
export function unitsOf(encoder: Matrix32): PackedUnits {
  const units = new PackedUnits(encoder.cols, encoder.rows);
  units.setUnits(0, encoder);
  return units;
}

/** The parts of an autoencoder of ours. */
export function partsOfSae(sae: Sae): Parts {
  const { parameters, type, width, options } = sae;
  const decoder = transpose(parameters.decoder), decoderBias = parameters.decoderBias.slice();
  const shared = { decoder, decoderBias, centred: true, normalization: "none" } as const;
  const dense = (activation: Activation): Parts => ({
    ...shared,
    coder: {
      kind: "dense",
      units: unitsOf(parameters.encoder),
      bias: parameters.encoderBias.slice(),
      activation,
    },
  });
  switch (type) {
    case "relu":
      return dense(sameThresholds(width, 0));
    case "jumprelu":
      return dense({
        kind: "jumprelu",
        thresholds: parameters.logThreshold?.map(Math.exp) ??
          parameters.threshold!.map((threshold) => Math.max(0, threshold)),
      });
    case "topk":
    case "abstopk": {
      const activation = { kind: "topk", k: sae.kval!, signed: type === "abstopk" } as const;
      const units = unitsOf(parameters.encoder), bias = parameters.encoderBias.slice();
      // what chooses is the code times the norm of its atom: with unit atoms that is the code
      if ("decoderNorms" in options && options.decoderNorms) foldNorms({ units, bias, decoder });
      return { ...shared, coder: { kind: "dense", units, bias, activation } };
    }
    case "batchtopk":
    case "matryoshka": {
      const thresholds = new Float32Array(width).fill(Math.max(0, parameters.threshold![0]));
      // what chooses is the code times the norm of its atom: the code must exceed θ over the norm
      if ("decoderNorms" in options && options.decoderNorms) {
        scaleValues(thresholds, atomNorms(decoder).map((norm) => 1 / norm));
      }
      return dense({ kind: "jumprelu", thresholds });
    }
    case "gated":
      return dense({
        kind: "gated",
        magnitudeBias: parameters.magnitudeBias!.slice(),
        logScale: parameters.logScale!.slice(),
      });
    case "pursuit":
      return { ...shared, coder: { kind: "sae", sae } };
    case "MP":
      scaleRows(decoder, atomNorms(decoder).map((norm) => 1 / norm));
      return { ...shared, coder: { kind: "sae", sae } };
  }
}
