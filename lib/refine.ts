/**
 * Refinement of an autoencoder's codes: how much is lost by encoding in one pass.
 * @module
 */
import { requireInstance, requireInteger, requireOptions } from "./checks.ts";
import {
  addRow,
  type Matrix,
  type Matrix32,
  requireFloat32,
  requireMatrix,
  requireNoOverflow,
} from "./matrix.ts";
import { meanSquaredError } from "./reconstruction.ts";
import { Sae } from "./saes.ts";
import { fista } from "./sparse_coding.ts";

/** Options of {@linkcode refineFromSae}. */
export interface RefineOptions {
  /** Weight of the penalty, λ > 0. */
  lambda: number;
  /** FISTA iterations. Default 20. */
  nIter?: number;
  /** Keeps the codes at 0 or above. Default true. */
  nonneg?: boolean;
}

/** What {@linkcode refineFromSae} returns. */
export interface RefinedCodes {
  /** The refined codes, samples × width. */
  codes: Matrix32;
  /** The autoencoder's own codes, from which the refinement started. */
  codesSae: Matrix32;
  /** Mean squared reconstruction error of the refined codes. */
  mse: number;
  /** That of the autoencoder's codes, with the same decoder. */
  mseSae: number;
  /** The amortisation gap: mseSae − mse. */
  gap: number;
}

/**
 * X minus the autoencoder's bias, in every row.
 *
 * @throws {TypeError} When `sae` is no autoencoder or X is no matrix.
 * @throws {RangeError} When X does not have inputDim columns, or it or the difference is not finite in
 * float32.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { withoutBias } from "./refine.ts";
 * import { fromRows } from "./matrix.ts";
 * import { Sae } from "./saes.ts";
 * const sae = Sae.initialize({ type: "relu", inputDim: 2, width: 4, kval: 1, seed: 0 });
 * sae.bias.set([1, -1]);
 * assert.deepEqual([...withoutBias(fromRows([[1, 2]]), sae).data], [0, 3]);
 * ```
 */
export function withoutBias(X: Matrix, sae: Sae): Matrix {
  requireInstance("sae", sae, Sae);
  requireMatrix("X", X, { cols: sae.inputDim });
  requireFloat32("X", X);
  const centred = addRow(X, sae.bias, -1, new Float32Array(X.data.length));
  requireNoOverflow("subtract the bias from X", centred, "scale X down");
  return centred;
}

/**
 * Refines the codes of a sparse autoencoder by FISTA with its decoder on the observations minus its
 * bias, started at the codes that it gives ("Stop Probing, Start Coding", arXiv 2603.28744: the
 * amortisation gap). Errors are those of the decoder as it is, for MP too.
 *
 * @param sae The autoencoder.
 * @param X Observations, samples × inputDim, at least one.
 * @throws {TypeError} When an argument is of the wrong kind.
 * @throws {RangeError} When shapes do not fit together, a value is not finite in float32, λ is not above
 * 0 or `nIter` is no integer of at least 1.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { refineFromSae } from "./refine.ts";
 * import { Sae } from "./saes.ts";
 * const sae = Sae.initialize({ type: "relu", inputDim: 8, width: 12, kval: 3, seed: 0 });
 * const X = { rows: 1, cols: 8, data: Float32Array.of(1, 0, 0, 2, 0, 0, 0, 1) };
 * const { codes, mse, mseSae, gap } = refineFromSae(sae, X, { lambda: 0.1 });
 * assert.equal(codes.cols, 12);
 * assert(gap > 0 && gap === mseSae - mse); // FISTA fits better than an untrained encoder
 * ```
 */
export function refineFromSae(
  sae: Sae,
  X: Matrix,
  options: RefineOptions,
): RefinedCodes {
  requireOptions("options", options, ["lambda", "nIter", "nonneg"]);
  const { lambda, nIter = 20, nonneg = true } = options;
  const centred = withoutBias(X, sae), D = sae.dictionary;
  requireInteger("X.rows", X.rows, 1);
  const codesSae = sae.encode(X);
  const codes = fista(centred, D, { lambda, nIter, nonneg, zInit: codesSae });
  const mse = meanSquaredError(centred, codes, D);
  const mseSae = meanSquaredError(centred, codesSae, D);
  return { codes, codesSae, mse, mseSae, gap: mseSae - mse };
}
