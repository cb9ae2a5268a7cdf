/**
 * The scores of SynthSAEBench: of a dictionary against the true one, and of its codes against the true
 * features.
 * @module
 */
import { requireOptions } from "../checks.ts";
import { type AnyMatrix, isCsrMatrix, requireAnyMatrix, requireCsrMatrix } from "../csr_matrix.ts";
import { type Matrix, normalizeColumns, requireMatrix, toFloat64, transpose } from "../matrix.ts";
import { matchColumns } from "../metrics.ts";
import { multiplyBlocks } from "../numeric/product.ts";
import { requireSynthModel, type SynthModel } from "./model.ts";
import type { SynthBatch } from "./sampler.ts";

/** Norms of atoms below this count as this, as in SAELens. */
const NORM_FLOOR = 1e-8;
/** A variance below this is none. */
const NO_VARIANCE = 1e-10;
/** Samples with smaller norms have no shrinkage. */
const NO_NORM = 1e-6;

/** The scores of the benchmark; the mean over latents of precision, recall, F1 and accuracy, each. */
export interface SynthScores {
  /**
   * Mean |cosine| of the decoder's atoms with the features that they are matched to one to one, so that it is
   * largest. Not the MCC of `mcc`, a correlation of codes.
   */
  mccDecoder: number;
  /** Share of different features among those nearest to the latents. */
  uniqueness: number;
  /** Of a latent's activations: the share where its feature is active, 0 where it is never active. */
  precision: number;
  /** Of its feature's activations: the share where the latent is active. */
  recall: number;
  /** Harmonic mean of a latent's precision and recall. */
  f1: number;
  /** Share of samples where latent and feature are both active or both not. */
  accuracy: number;
  /** 1 − mean ‖x − x̂‖² over the variance of x, all dimensions together. */
  explainedVariance: number;
  /** Mean number of positive codes of a sample. */
  l0: number;
  /** Mean number of active features of a sample. */
  trueL0: number;
  /** Latents that were never active. */
  dead: number;
  /** Mean ‖x̂‖/‖x‖. */
  shrinkage: number;
}

/**
 * Scores a dictionary and its codes, samples by batches: nothing but counts is kept. A latent stands for the
 * feature whose vector has the largest |cosine| with its atom; it is active where its code is above 0.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { makeSynthModel, synthBatches, SynthScorer } from "../synth_bench.ts";
 * const model = makeSynthModel({ numFeatures: 256 });
 * const scorer = new SynthScorer(model, model.dictionary);
 * for (const batch of synthBatches(model, { seed: 0, batches: 2 })) {
 *   scorer.add(batch, { codes: batch.codes, reconstruction: batch.X });
 * }
 * const { mccDecoder, precision, explainedVariance, l0, trueL0 } = scorer.scores();
 * assert.equal(mccDecoder.toFixed(6), "1.000000");
 * assert.equal(explainedVariance, 1);
 * assert.equal(l0, trueL0);
 * assert(precision > 0.9 && precision <= 1); // 0 for features that were not active
 * ```
 */
export class SynthScorer {
  /** The feature that each latent stands for. */
  readonly nearest: Int32Array;
  readonly #mccDecoder: number;
  readonly #features: number;
  readonly #sum: Float64Array;
  readonly #fired: Float64Array;
  readonly #both: Float64Array;
  readonly #active: Float64Array;
  readonly #mark: Uint8Array;
  #samples = 0;
  #squares = 0;
  #errors = 0;
  #ratios = 0;
  #measured = 0;

  /**
   * Compares the dictionaries.
   *
   * @param model What the samples come from.
   * @param dictionary D × width, an atom per column.
   * @throws {TypeError | RangeError} When an argument is of the wrong kind, shape or not finite.
   */
  constructor(model: SynthModel, dictionary: Matrix) {
    requireSynthModel("model", model);
    requireMatrix("dictionary", dictionary, { rows: model.dictionary.rows });
    const { cols: width } = dictionary, { rows: D, cols: N } = model.dictionary;
    this.#mccDecoder = matchColumns(dictionary, model.dictionary).meanCosine;
    this.nearest = nearestColumns(dictionary, model.dictionary);
    this.#features = N;
    this.#sum = new Float64Array(D);
    this.#fired = new Float64Array(N);
    this.#both = new Float64Array(width);
    this.#active = new Float64Array(width);
    this.#mark = new Uint8Array(N);
  }

  /**
   * Counts more samples.
   *
   * @param batch The samples with their features' values.
   * @param found `codes`: samples × width, dense or sparse; `reconstruction`: samples × D.
   * @throws {TypeError | RangeError} When an argument is of the wrong kind, shape or not finite.
   */
  add(
    batch: SynthBatch,
    found: { codes: AnyMatrix; reconstruction: Matrix },
  ): void {
    requireOptions("batch", batch, ["X", "codes"]);
    requireOptions("found", found, ["codes", "reconstruction"]);
    const { X, codes: truth } = batch, { codes, reconstruction } = found;
    const D = this.#sum.length, rows = X?.rows;
    requireMatrix("batch.X", X, { cols: D });
    requireCsrMatrix("batch.codes", truth, { rows, cols: this.#features });
    requireAnyMatrix("codes", codes, { rows, cols: this.#both.length });
    requireMatrix("reconstruction", reconstruction, { rows, cols: D });
    const rowOf = isCsrMatrix(codes)
      ? undefined
      : (s: number) => codes.data.subarray(s * codes.cols, (s + 1) * codes.cols);
    for (let s = 0; s < rows; s++) {
      const [start, end] = [truth.indptr[s], truth.indptr[s + 1]];
      for (let p = start; p < end; p++) {
        if (!(truth.data[p] > 0)) continue;
        this.#mark[truth.indices[p]] = 1;
        this.#fired[truth.indices[p]]++;
      }
      if (isCsrMatrix(codes)) {
        for (let p = codes.indptr[s]; p < codes.indptr[s + 1]; p++) {
          if (codes.data[p] > 0) this.#count(codes.indices[p]);
        }
      } else {
        rowOf!(s).forEach((value, j) => value > 0 && this.#count(j));
      }
      for (let p = start; p < end; p++) this.#mark[truth.indices[p]] = 0;
      let size = 0, error = 0, found = 0;
      for (let d = 0, p = s * D; d < D; d++, p++) {
        const x = X.data[p], xHat = reconstruction.data[p];
        this.#sum[d] += x;
        size += x * x;
        found += xHat * xHat;
        error += (x - xHat) ** 2;
      }
      this.#squares += size;
      this.#errors += error;
      if (Math.sqrt(size) > NO_NORM) {
        this.#ratios += Math.sqrt(found / size);
        this.#measured++;
      }
    }
    this.#samples += rows;
  }

  #count(j: number): void {
    this.#active[j]++;
    if (this.#mark[this.nearest[j]]) this.#both[j]++;
  }

  /**
   * The scores of the samples so far.
   *
   * @throws {RangeError} When there are none.
   */
  scores(): SynthScores {
    const samples = this.#samples, width = this.#both.length;
    if (samples === 0) {
      throw new RangeError("Cannot score: add must be called first, got 0 samples");
    }
    const sums = { precision: 0, recall: 0, f1: 0, accuracy: 0, l0: 0, dead: 0 };
    this.#active.forEach((active, j) => {
      const fired = this.#fired[this.nearest[j]], both = this.#both[j];
      sums.precision += active > 0 ? both / active : 0;
      sums.recall += fired > 0 ? both / fired : 0;
      sums.f1 += both > 0 ? 2 * both / (active + fired) : 0;
      sums.accuracy += 1 - (active + fired - 2 * both) / samples;
      sums.l0 += active;
      if (active === 0) sums.dead++;
    });
    const centre = this.#sum.reduce((sum, x) => sum + (x / samples) ** 2, 0);
    const variance = this.#squares / samples - centre, error = this.#errors / samples;
    return {
      mccDecoder: this.#mccDecoder,
      uniqueness: new Set(this.nearest).size / width,
      precision: sums.precision / width,
      recall: sums.recall / width,
      f1: sums.f1 / width,
      accuracy: sums.accuracy / width,
      explainedVariance: variance < NO_VARIANCE
        ? Number(error < NO_VARIANCE)
        : 1 - error / variance,
      l0: sums.l0 / samples,
      trueL0: this.#fired.reduce((sum, count) => sum + count, 0) / samples,
      dead: sums.dead,
      shrinkage: this.#measured > 0 ? this.#ratios / this.#measured : 0,
    };
  }
}

/** The column of A with the largest |cosine| with each column of D, the first of equals. */
function nearestColumns(D: Matrix, A: Matrix): Int32Array {
  const nearest = new Int32Array(D.cols), most = new Float64Array(D.cols).fill(-1);
  const unit = (M: Matrix) => normalizeColumns(toFloat64(M), NORM_FLOOR);
  multiplyBlocks(transpose(unit(D)), unit(A), ({ row, col, rows, cols, stride, data }) => {
    for (let j = 0; j < rows; j++) {
      for (let i = 0; i < cols; i++) {
        const cosine = Math.abs(data[j * stride + i]);
        if (!(cosine > most[row + j])) continue;
        most[row + j] = cosine;
        nearest[row + j] = col + i;
      }
    }
  });
  return nearest;
}
