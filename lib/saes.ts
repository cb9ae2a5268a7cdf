/**
 * Sparse autoencoders: ReLU, TopK (Gao et al., 2024), JumpReLU (Rajamanoharan et al., 2024), MP, whose
 * encoder is matching pursuit on the decoder, AbsTopK, BatchTopK (Bussmann et al., 2024), Matryoshka
 * BatchTopK (Bussmann et al., 2025), Gated (Rajamanoharan et al., 2024) and a matching pursuit that may
 * pick an atom again.
 * @module
 */
import { requireInstance, requireInteger, requireNonNegative, requireOptions } from "./checks.ts";
import { Arena, padded } from "./wasm/memory.ts";
import {
  type Matrix,
  type Matrix32,
  normalizeColumns,
  requireFloat32,
  requireMatrix,
} from "./matrix.ts";
import { TorchGenerator } from "./random.ts";
import { decodeBy, SaeWorkspace, writeColumns } from "./cores/sae.ts";
import {
  type ParameterValue,
  requireParameter,
  takeOptions,
  toValue,
} from "./cores/sae_variant.ts";
import {
  parametersOf,
  type SaeModel,
  type SaeOptions,
  type SaeParameters,
  type SaeType,
  VARIANT_OPTIONS,
  variantOf,
} from "./cores/sae_variants.ts";

export { SAE_TYPES } from "./cores/sae_variants.ts";
export type { SaeOptions, SaeParameters, SaeType } from "./cores/sae_variants.ts";

/** Kind, options and sizes of a sparse autoencoder. */
export type SaeShape = SaeOptions & {
  /** Number of observed dimensions. */
  inputDim: number;
  /** Number of units. */
  width: number;
};

/** What {@linkcode Sae}'s constructor takes: the kind, its options and the parameters. */
export type SaeInit = SaeOptions & {
  /** The parameters; not copied. */
  parameters: SaeParameters;
};

/** Samples that are encoded together: enough for the dense product, few enough for the cache. */
const BLOCK_ROWS = 64;

/**
 * A sparse autoencoder: codes from observations and back.
 *
 * With pre = (x − b_d)·A_eᵀ + b_e the codes are relu(pre) for `relu`; the `kval` largest of them for
 * `topk`; those above θ for `jumprelu`; the `kval` entries of pre of largest magnitude, signed, for
 * `abstopk`; for `batchtopk` and `matryoshka` those above one threshold that training found, where a
 * training batch keeps its `kval` per sample on average that are largest; for `gated`
 * relu(e^r·(pre − b_e) + b_mag) where pre > 0. For `MP` they come from `kval` steps of matching pursuit (Mallat & Zhang, 1993) on
 * x − b_d with the decoder's columns at unit norm, each atom used once; for `pursuit` from up to `kval`
 * steps on the columns as they are, with positive coefficients. The reconstruction is
 * codes·A_dᵀ + b_d, for `MP` again with unit columns. All in float32.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Sae } from "./saes.ts";
 * const sae = Sae.initialize({ type: "topk", inputDim: 8, width: 12, kval: 3, seed: 0 });
 * const X = { rows: 2, cols: 8, data: new Float32Array(16).fill(0.5) };
 * const codes = sae.encode(X); // samples × width
 * assert.deepEqual([codes.rows, codes.cols], [2, 12]);
 * assert(codes.data.slice(0, 12).filter((code) => code !== 0).length <= 3);
 * assert.equal(sae.decode(codes).cols, 8);
 * ```
 */
export class Sae implements SaeModel {
  /** The kind and its options. */
  readonly options: SaeOptions;
  /** The parameters, owned by the autoencoder. */
  readonly parameters: SaeParameters;

  /**
   * An autoencoder with the given parameters.
   *
   * @throws {TypeError} When the type is unknown or an option or parameter is missing or of the wrong
   * kind.
   * @throws {RangeError} When an option breaks its rule (`kval` must be an integer from 1 to the width),
   * or a parameter has the wrong shape or a value that is not finite.
   */
  constructor(init: SaeInit) {
    requireOptions("init", init);
    const variant = variantOf(init.type), { parameters } = init;
    requireOptions("parameters", parameters);
    requireMatrix("encoder", parameters.encoder);
    const { rows: width, cols: inputDim } = parameters.encoder;
    this.options = takeOptions(variant, init, { inputDim, width });
    for (const parameter of parametersOf(this.options)) {
      const value = parameters[parameter.name as keyof SaeParameters];
      requireParameter(parameter, value, { inputDim, width });
    }
    this.parameters = parameters;
  }

  /**
   * An untrained autoencoder: the encoder uniform in ±1/√inputDim from PyTorch's generator, the
   * decoder its transpose with unit columns, zero biases, thresholds of 1e-3.
   *
   * @throws {TypeError} When the type is unknown or an argument is not a number.
   * @throws {RangeError} When a size, an option or the seed is out of range.
   */
  static initialize(shape: SaeShape & { seed: number }): Sae {
    requireOptions("shape", shape, [...VARIANT_OPTIONS, "type", "inputDim", "width", "seed"]);
    const { inputDim, width, seed } = shape;
    requireInteger("inputDim", inputDim, 1);
    requireInteger("width", width, 1);
    const sizes = { inputDim, width }, generator = new TorchGenerator(seed);
    const values: Record<string, ParameterValue> = {};
    for (const parameter of parametersOf(shape)) {
      const data = parameter.initial({ ...sizes, options: shape, generator, earlier: values });
      values[parameter.name] = toValue(parameter, sizes, data);
    }
    return new Sae({ ...shape, parameters: values as unknown as SaeParameters });
  }

  /** The kind. */
  get type(): SaeType {
    return this.options.type;
  }

  /** Active codes per sample of topk, MP and abstopk; undefined for others that were given none. */
  get kval(): number | undefined {
    return "kval" in this.options ? this.options.kval : undefined;
  }

  /** Number of observed dimensions. */
  get inputDim(): number {
    return this.parameters.decoder.rows;
  }

  /** Number of units: codes per sample, atoms of the dictionary. */
  get width(): number {
    return this.parameters.decoder.cols;
  }

  /** The decoder A_d as it is, inputDim × width: an atom per column, for MP too not normalised. */
  get dictionary(): Matrix32 {
    return this.parameters.decoder;
  }

  /** The decoder's bias b_d, inputDim values. */
  get bias(): Float32Array {
    return this.parameters.decoderBias;
  }

  /**
   * The codes of observations.
   *
   * @param X samples × inputDim; rounded to float32.
   * @returns samples × width.
   * @throws {TypeError | RangeError} When X is not a matrix of inputDim columns, or it or the codes are
   * not finite in float32.
   */
  encode(X: Matrix): Matrix32 {
    requireMatrix("X", X, { cols: this.inputDim });
    requireFloat32("X", X);
    const rows = Math.min(BLOCK_ROWS, X.rows);
    using arena = new Arena();
    const workspace = new SaeWorkspace(arena, this, { rows, samples: X.rows, gradients: false });
    const block = arena.f32(rows * padded(X.cols)), order = arena.i32(rows);
    order.view.forEach((_, i, view) => view[i] = i);
    workspace.prepare();
    return workspace.encode(X, block, order);
  }

  /**
   * The reconstruction Z·A_dᵀ + b_d of codes, for MP with the columns of A_d at unit norm.
   *
   * @param Z samples × width; rounded to float32.
   * @returns samples × inputDim.
   * @throws {TypeError | RangeError} When Z is not a matrix of width columns, or it or the
   * reconstruction is not finite in float32.
   */
  decode(Z: Matrix): Matrix32 {
    requireMatrix("Z", Z, { cols: this.width });
    requireFloat32("Z", Z);
    const { inputDim, width, bias, dictionary } = this, { unitAtoms } = variantOf(this.type);
    using arena = new Arena();
    const atoms = arena.f32(width * padded(inputDim));
    writeColumns(atoms, unitAtoms ? normalizeColumns(dictionary) : dictionary);
    return decodeBy(atoms, bias, Z);
  }

  /**
   * Codes and reconstruction of observations.
   *
   * @param X samples × inputDim; rounded to float32.
   * @throws {TypeError | RangeError} When X is not a finite matrix of inputDim columns.
   */
  forward(X: Matrix): { codes: Matrix32; reconstruction: Matrix32 } {
    const codes = this.encode(X);
    return { codes, reconstruction: this.decode(codes) };
  }
}

/** Gradients by the parameters, before the projection that training applies; null by what is not trained. */
export type SaeGradients = {
  [Name in keyof SaeParameters]: Name extends "decoder" | "decoderBias" ? SaeParameters[Name]
    : SaeParameters[Name] | null;
};

/** What {@linkcode saeGradients} returns. */
export interface SaeLoss {
  /** recon + γ·penalty, and for matryoshka and gated their other errors */
  loss: number;
  /** Mean squared error over samples and dimensions. */
  recon: number;
  /**
   * The type's penalty, without its weight: by default the mean over samples of Σ|codes| (relu) or of the
   * number of codes above θ (jumprelu); 0 where there is none.
   */
  penalty: number;
  /** The gradients of `loss`. */
  gradients: SaeGradients;
}

/**
 * The training loss of one batch and its gradients. Where jumprelu has no derivative by its
 * thresholds, pseudo-gradients stand in (Rajamanoharan et al., 2024), within the type's `bandwidth`.
 *
 * @param X samples × inputDim, the batch; rounded to float32.
 * @param options gamma: the weight of the penalty. Default: 1e-4, where the kind has one.
 * @throws {TypeError | RangeError} When X is not a finite matrix of inputDim columns and at least one
 * row, or gamma is negative.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Sae, saeGradients } from "./saes.ts";
 * const sae = Sae.initialize({ type: "relu", inputDim: 8, width: 12, seed: 0 });
 * const X = { rows: 2, cols: 8, data: new Float32Array(16).fill(0.5) };
 * const { loss, recon, penalty, gradients } = saeGradients(sae, X, { gamma: 0.01 });
 * assert.equal(loss, recon + 0.01 * penalty);
 * assert.equal(gradients.decoder.rows, 8);
 * // jumprelu with thresholds of its own, and a penalty on how far each sample's codes are from two
 * const options = { penalty: "quadratic", targetL0: 2, directThreshold: true } as const;
 * const jump = Sae.initialize({ type: "jumprelu", ...options, inputDim: 8, width: 12, seed: 0 });
 * const l0 = jump.encode(X).data.filter((code) => code !== 0).length / 2; // both samples are the same
 * assert.equal(saeGradients(jump, X).penalty, (l0 - 2) ** 2);
 * assert.equal(jump.parameters.threshold!.length, 12);
 * ```
 */
export function saeGradients(
  sae: Sae,
  X: Matrix,
  options: { gamma?: number } = {},
): SaeLoss {
  requireInstance("sae", sae, Sae);
  requireOptions("options", options, ["gamma"]);
  requireMatrix("X", X, { cols: sae.inputDim });
  requireFloat32("X", X);
  requireInteger("X.rows", X.rows, 1);
  const variant = variantOf(sae.type), { gamma = variant.penalty?.gamma ?? 0 } = options;
  requireNonNegative("gamma", gamma);
  using arena = new Arena();
  const { rows } = X;
  const workspace = new SaeWorkspace(arena, sae, { rows, samples: rows, gradients: true });
  const order = arena.i32(rows);
  order.view.forEach((_, i, view) => view[i] = i);
  const batch = arena.matrix(X);
  workspace.prepare();
  workspace.gradientsOf(batch, order, rows, gamma);
  const { recon, penalty, others } = workspace.takeSums();
  const none = parametersOf(sae.options).flatMap(({ name, trained }) =>
    trained ? [] : [[name, null]]
  );
  const gradients = { ...Object.fromEntries(none), ...workspace.gradients!.read() };
  return { loss: recon + gamma * penalty + others, recon, penalty, gradients };
}
