/**
 * The four sparse autoencoders: ReLU, TopK (Gao et al., 2024), JumpReLU (Rajamanoharan et al., 2024)
 * and MP, whose encoder is matching pursuit on the decoder.
 * @module
 */
import { requireInstance, requireInteger, requireNonNegative, requireOptions } from "./checks.ts";
import { Arena, padded, readRows, run, writeRows } from "./wasm/memory.ts";
import {
  type Matrix,
  type Matrix32,
  normalizeColumns,
  requireFloat32,
  requireMatrix,
  requireNoOverflow,
  transpose,
  zeros32,
} from "./matrix.ts";
import { TorchGenerator } from "./random.ts";
import { type SaeShape, SaeWorkspace } from "./cores/sae.ts";

/** The kinds of sparse autoencoder, in the order in which the experiments train them. */
export const SAE_TYPES = ["relu", "topk", "jumprelu", "MP"] as const;

/** A kind of sparse autoencoder. */
export type SaeType = typeof SAE_TYPES[number];

/** The parameters of a sparse autoencoder of `width` units on `inputDim` observed dimensions. */
export interface SaeParameters {
  /** A_e, width × inputDim. Not used by MP. */
  encoder: Matrix32;
  /** b_e, width values. Not used by MP. */
  encoderBias: Float32Array;
  /** A_d, inputDim × width: the columns are the atoms. */
  decoder: Matrix32;
  /** b_d, inputDim values, subtracted from the input and added to the reconstruction. */
  decoderBias: Float32Array;
  /** log θ, width values; jumprelu only. */
  logThreshold?: Float32Array;
}

/** What {@linkcode Sae}'s constructor takes. */
export interface SaeInit {
  /** The kind. */
  type: SaeType;
  /** Active codes per sample of topk and MP, from 1 to the width. */
  kval: number;
  /** The parameters; not copied. */
  parameters: SaeParameters;
}

/** Samples that are encoded together: enough for the dense product, few enough for the cache. */
const BLOCK_ROWS = 64;

/** θ at the start of jumprelu. */
const INITIAL_THRESHOLD = 1e-3;

function requireVector(name: string, vector: Float32Array | undefined, length: number): void {
  if (!(vector instanceof Float32Array)) throw new TypeError(`${name} must be a Float32Array`);
  requireMatrix(name, { rows: 1, cols: vector.length, data: vector }, { cols: length });
}

/**
 * A sparse autoencoder: codes from observations and back.
 *
 * With pre = (x − b_d)·A_eᵀ + b_e the codes are relu(pre) for `relu`; the `kval` largest of them for
 * `topk`; those above θ for `jumprelu`. For `MP` they come from `kval` steps of matching pursuit
 * (Mallat & Zhang, 1993) on x − b_d with the decoder's columns at unit norm, each atom used once. The
 * reconstruction is codes·A_dᵀ + b_d, for `MP` again with unit columns. All in float32.
 *
 * @example
 * ```ts
 * import { Sae } from "./saes.ts";
 * const sae = Sae.initialize({ type: "topk", inputDim: 8, width: 12, kval: 3, seed: 0 });
 * const X = { rows: 2, cols: 8, data: new Float32Array(16).fill(0.5) };
 * const codes = sae.encode(X); // 2 × 12, at most 3 non-zeros per row
 * const XHat = sae.decode(codes); // 2 × 8
 * ```
 */
export class Sae {
  /** The kind. */
  readonly type: SaeType;
  /** Active codes per sample of topk and MP. */
  readonly kval: number;
  /** The parameters, owned by the autoencoder. */
  readonly parameters: SaeParameters;

  /**
   * An autoencoder with the given parameters.
   *
   * @throws {TypeError} When the type is unknown or a parameter is missing or of the wrong kind.
   * @throws {RangeError} When `kval` is not an integer from 1 to the width, or a parameter has the
   * wrong shape or a value that is not finite.
   */
  constructor(init: SaeInit) {
    requireOptions("init", init);
    const { type, kval, parameters } = init;
    requireSaeType(type);
    requireOptions("parameters", parameters);
    const { encoder, encoderBias, decoder, decoderBias, logThreshold } = parameters;
    requireMatrix("encoder", encoder);
    const { rows: width, cols: inputDim } = encoder;
    requireInteger("kval", kval, 1, width);
    requireMatrix("decoder", decoder, { rows: inputDim, cols: width });
    requireVector("encoderBias", encoderBias, width);
    requireVector("decoderBias", decoderBias, inputDim);
    if (type === "jumprelu") requireVector("logThreshold", logThreshold, width);
    this.type = type;
    this.kval = kval;
    this.parameters = parameters;
  }

  /**
   * An untrained autoencoder: the encoder uniform in ±1/√inputDim from PyTorch's generator, the
   * decoder its transpose with unit columns, zero biases, thresholds of 1e-3.
   *
   * @throws {TypeError} When the type is unknown or an argument is not a number.
   * @throws {RangeError} When a size or the seed is out of range.
   */
  static initialize(shape: SaeShape & { seed: number }): Sae {
    requireOptions("shape", shape);
    const { type, inputDim, width, kval, seed } = shape;
    requireSaeType(type);
    requireInteger("inputDim", inputDim, 1);
    requireInteger("width", width, 1);
    const data = new TorchGenerator(seed).kaimingUniform(width, inputDim);
    const encoder = { rows: width, cols: inputDim, data };
    return new Sae({
      type,
      kval,
      parameters: {
        encoder,
        encoderBias: new Float32Array(width),
        decoder: normalizeColumns(transpose(encoder)),
        decoderBias: new Float32Array(inputDim),
        ...(type === "jumprelu" &&
          { logThreshold: new Float32Array(width).fill(Math.log(INITIAL_THRESHOLD)) }),
      },
    });
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
    const codes = zeros32(X.rows, this.width);
    const rows = Math.min(BLOCK_ROWS, X.rows);
    using arena = new Arena();
    const workspace = new SaeWorkspace(arena, this, this.parameters, {
      rows,
      samples: X.rows,
      gradients: false,
    });
    const block = arena.f32(rows * padded(X.cols)), order = arena.i32(rows);
    order.view.forEach((_, i, view) => view[i] = i);
    workspace.prepare();
    for (let start = 0; start < X.rows; start += rows) {
      const end = Math.min(start + rows, X.rows);
      writeRows(block, X, start, end);
      workspace.forward(block, order, end - start);
      readRows(workspace.codes, codes, start, end);
    }
    requireNoOverflow("encode X", codes, "scale X or the parameters down");
    return codes;
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
    const { inputDim, width, bias, dictionary } = this;
    const XHat = zeros32(Z.rows, inputDim);
    const rows = Math.min(BLOCK_ROWS, Z.rows), ldm = padded(inputDim), ldw = padded(width);
    using arena = new Arena();
    const atoms = arena.matrix(
      transpose(this.type === "MP" ? normalizeColumns(dictionary) : dictionary),
    );
    const codes = arena.f32(rows * ldw), out = arena.f32(rows * ldm);
    for (let start = 0; start < Z.rows; start += rows) {
      const end = Math.min(start + rows, Z.rows);
      writeRows(codes, Z, start, end);
      run("gemm_nn", end - start, ldm, width, codes, ldw, atoms, ldm, out, ldm);
      readRows(out, XHat, start, end);
    }
    for (let p = 0; p < XHat.data.length; p++) XHat.data[p] += bias[p % inputDim];
    requireNoOverflow("decode Z", XHat, "scale Z or the parameters down");
    return XHat;
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

/** Requires one of {@linkcode SAE_TYPES}. */
function requireSaeType(type: SaeType): void {
  if (!SAE_TYPES.includes(type)) {
    throw new TypeError(`type must be one of ${SAE_TYPES.join(", ")}, got ${type}`);
  }
}

/** Gradients by the parameters; null where a parameter takes no part (MP's encoder). */
export interface SaeGradients {
  /** By A_e, width × inputDim. */
  encoder: Matrix32 | null;
  /** By b_e, width values. */
  encoderBias: Float32Array | null;
  /** By A_d, inputDim × width, before the projection that training applies. */
  decoder: Matrix32;
  /** By b_d, inputDim values. */
  decoderBias: Float32Array;
  /** By log θ, width values; jumprelu only. */
  logThreshold?: Float32Array;
}

/** What {@linkcode saeGradients} returns. */
export interface SaeLoss {
  /** recon + γ·penalty */
  loss: number;
  /** Mean squared error over samples and dimensions. */
  recon: number;
  /** Mean over samples of Σ|codes| (relu) or of the number of codes above θ (jumprelu); else 0. */
  penalty: number;
  /** The gradients of `loss`. */
  gradients: SaeGradients;
}

/**
 * The training loss of one batch and its gradients. Where jumprelu has no derivative by its
 * thresholds, pseudo-gradients stand in (Rajamanoharan et al., 2024, with bandwidth 1e-3).
 *
 * @param X samples × inputDim, the batch; rounded to float32.
 * @param options gamma: the weight of the penalty.
 * @throws {TypeError | RangeError} When X is not a finite matrix of inputDim columns and at least one
 * row, or gamma is negative.
 *
 * @example
 * ```ts
 * import { Sae, saeGradients } from "./saes.ts";
 * const sae = Sae.initialize({ type: "relu", inputDim: 8, width: 12, kval: 3, seed: 0 });
 * const X = { rows: 2, cols: 8, data: new Float32Array(16).fill(0.5) };
 * const { loss, gradients } = saeGradients(sae, X);
 * ```
 */
export function saeGradients(
  sae: Sae,
  X: Matrix,
  { gamma = 1e-4 }: { gamma?: number } = {},
): SaeLoss {
  requireInstance("sae", sae, Sae);
  requireMatrix("X", X, { cols: sae.inputDim });
  requireFloat32("X", X);
  requireInteger("X.rows", X.rows, 1);
  requireNonNegative("gamma", gamma);
  using arena = new Arena();
  const workspace = new SaeWorkspace(arena, sae, sae.parameters, {
    rows: X.rows,
    samples: X.rows,
    gradients: true,
  });
  const order = arena.i32(X.rows);
  order.view.forEach((_, i, view) => view[i] = i);
  const batch = arena.matrix(X);
  workspace.prepare();
  workspace.gradientsOf(batch, order, X.rows, gamma);
  const { recon, penalty } = workspace.takeSums();
  const gradients = workspace.gradients!.read();
  return {
    loss: recon + gamma * penalty,
    recon,
    penalty,
    gradients: sae.type === "MP" ? { ...gradients, encoder: null, encoderBias: null } : gradients,
  };
}
