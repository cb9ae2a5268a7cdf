/**
 * Which latents an encoder misses: its codes beside those of matching pursuit on its own decoder.
 * @module
 */
import type { CsrMatrix } from "../csr_matrix.ts";

/** What an encoder misses, latent by latent. */
export interface LatentGaps {
  /** Atoms that matching pursuit may take for a row: the encoder's mean number of codes, rounded up. */
  k: number;
  /** Held-out rows in which matching pursuit uses each latent. */
  uses: number[];
  /** Those in which the encoder has neither the latent nor a duplicate of it. */
  missedUses: number[];
  /** Σ z²‖d‖² over the uses of each latent, in squared units of the rows. */
  energy: number[];
  /** The part of it in the uses that the encoder misses. */
  missedEnergy: number[];
  /** Held-out rows in which the encoder uses each latent. */
  encoderUses: number[];
  /** Share of the energy of all latents that the encoder misses: the amortisation gap in codes. */
  missedShare: number;
  /** Share of all uses that the encoder misses. */
  missedUseShare: number;
  /** Latents, of those with ten uses or more, of which the encoder misses more than half of the energy. */
  mostlyMissed: number[];
  /** The latents of which the encoder misses most energy, the worst first. */
  worst: number[];
}

/** A share of fewer uses says little. */
const FEW_USES = 10;
/** Latents that are listed. */
const LISTED = 25;

/**
 * Holds an encoder's codes against others of the same rows.
 *
 * @param found The encoder's codes, rows × n.
 * @param wanted Codes with unit atoms, rows × n.
 * @param group Per latent a number that duplicates have in common: one that stands in for another counts.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fromDense } from "../csr_matrix.ts";
 * import { fromRows } from "../matrix.ts";
 * import { latentGaps } from "./latents.ts";
 * const wanted = fromDense(fromRows([[3, 0], [0, 1]])), found = fromDense(fromRows([[2, 0], [0, 0]]));
 * const { missedShare, missedUses } = latentGaps(found, wanted, [0, 1], 1);
 * assert.equal(missedShare, 0.1);
 * assert.deepEqual(missedUses, [0, 1]);
 * ```
 */
export function latentGaps(
  found: CsrMatrix,
  wanted: CsrMatrix,
  group: ArrayLike<number>,
  k: number,
): LatentGaps {
  const empty = () => new Array<number>(wanted.cols).fill(0);
  const uses = empty(), missedUses = empty(), energy = empty(), missedEnergy = empty();
  const encoderUses = empty(), seenIn = new Int32Array(wanted.cols).fill(-1);
  for (let i = 0; i < wanted.rows; i++) {
    for (let p = found.indptr[i]; p < found.indptr[i + 1]; p++) {
      if (found.data[p] === 0) continue;
      encoderUses[found.indices[p]]++;
      seenIn[group[found.indices[p]]] = i;
    }
    for (let p = wanted.indptr[i]; p < wanted.indptr[i + 1]; p++) {
      const square = wanted.data[p] ** 2, j = wanted.indices[p];
      if (square === 0) continue;
      uses[j]++;
      energy[j] += square;
      if (seenIn[group[j]] === i) continue;
      missedUses[j]++;
      missedEnergy[j] += square;
    }
  }
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  const share = (part: number[], whole: number[]) => sum(whole) > 0 ? sum(part) / sum(whole) : 0;
  const latents = energy.map((_, j) => j);
  return {
    ...{ k, uses, missedUses, energy, missedEnergy, encoderUses },
    missedShare: share(missedEnergy, energy),
    missedUseShare: share(missedUses, uses),
    mostlyMissed: latents.filter((j) => uses[j] >= FEW_USES && missedEnergy[j] > energy[j] / 2),
    worst: latents.filter((j) => missedEnergy[j] > 0)
      .sort((a, b) => missedEnergy[b] - missedEnergy[a]).slice(0, LISTED),
  };
}
