/**
 * Area under the ROC curve, exactly, with ties.
 * @module
 */
import { requireFinite } from "../checks.ts";
import { type AnyMatrix, requireAnyMatrix } from "../csr_matrix.ts";
import { allValues, findNonzeros, type SparseView, transposeCsr } from "../numeric/csr.ts";
import { type Labels, requireLabels } from "../logistic.ts";
import { requireMatrix } from "../matrix.ts";

/** Columns gathered at a time, so that each row is read in runs of a few cache lines. */
const BLOCK = 32;

/**
 * The probability that a random sample of label 1 has a larger score than a random sample of label 0,
 * ties counting half. 0.5 when a class is missing. O(S log S).
 *
 * Source: the Mann–Whitney statistic; J. Hanley, B. McNeil, Radiology 143 (1982).
 *
 * @param scores One finite number per sample.
 * @param labels One label per sample.
 * @returns From 0 to 1.
 * @throws {TypeError} When a label is neither 0, 1, false nor true.
 * @throws {RangeError} When a score is not finite or the lengths differ.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { auc } from "./auc.ts";
 * assert.equal(auc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]), 0.75);
 * ```
 */
export function auc(scores: ArrayLike<number>, labels: Labels): number {
  if (typeof scores?.length !== "number") {
    throw new TypeError(`scores must be an array of numbers, got ${typeof scores}`);
  }
  for (let s = 0; s < scores.length; s++) requireFinite(`scores[${s}]`, scores[s]);
  const data = Float64Array.from(scores);
  const column = { rows: data.length, cols: 1, data };
  requireMatrix("scores", column);
  return aucsOf(allValues(column), requireLabels("labels", labels, data.length))[0];
}

/**
 * For every column of codes max(AUC, 1 − AUC): how well it ranks the labels, upwards or downwards. A
 * constant column has 0.5. Only non-zeros are sorted, so sparse columns cost little.
 *
 * @param codes samples × width, dense or sparse: the same to the bit.
 * @param labels One label per sample.
 * @returns One value per column, from 0.5 to 1.
 * @throws {TypeError} When `codes` is no matrix or a label is neither 0, 1, false nor true.
 * @throws {RangeError} When codes are not finite or there is not one label per row.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { columnAucs } from "./auc.ts";
 * import { fromRows } from "../matrix.ts";
 * assert.deepEqual([...columnAucs(fromRows([[3, 7], [2, 7], [1, 7]]), [0, 0, 1])], [1, 0.5]);
 * ```
 */
export function columnAucs(codes: AnyMatrix, labels: Labels): Float64Array {
  requireAnyMatrix("codes", codes);
  return bestAucs(findNonzeros(codes), requireLabels("labels", labels, codes.rows));
}

/**
 * {@linkcode columnAucs} for checked codes and labels.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { bestAucs } from "./auc.ts";
 * import { findNonzeros } from "../numeric/csr.ts";
 * import { fromRows } from "../matrix.ts";
 * const codes = findNonzeros(fromRows([[3], [2], [1]]));
 * assert.deepEqual([...bestAucs(codes, Uint8Array.of(0, 0, 1))], [1]);
 * ```
 */
export function bestAucs(codes: SparseView, target: Uint8Array): Float64Array {
  return aucsOf(codes, target).map((a) => Math.max(a, 1 - a));
}

/** AUC of every column. */
function aucsOf({ rows, cols, dense, sparse }: SparseView, target: Uint8Array): Float64Array {
  const positives = target.reduce((sum, label) => sum + label, 0);
  const negatives = rows - positives;
  const aucs = new Float64Array(cols).fill(0.5);
  if (positives === 0 || negatives === 0) return aucs;

  /** The AUC from the non-zero scores of the positives and those of the negatives. */
  const aucFrom = (ofPositives: Float64Array, ofNegatives: Float64Array): number => {
    const wins = countWins(ofPositives.sort(), positives, ofNegatives.sort(), negatives);
    return wins / (positives * negatives);
  };
  if (sparse) {
    const { starts, columns, values } = transposeCsr(sparse);
    const gathered = new Float64Array(rows);
    for (let j = 0; j < cols; j++) {
      let front = 0, back = rows;
      for (let p = starts[j]; p < starts[j + 1]; p++) {
        if (target[columns[p]] === 1) gathered[front++] = values[p];
        else gathered[--back] = values[p];
      }
      aucs[j] = aucFrom(gathered.subarray(0, front), gathered.subarray(back));
    }
    return aucs;
  }

  // per column of a block: the non-zero scores of the positives from the front on, those of the
  // negatives from the back
  const { data } = dense!;
  const gathered = new Float64Array(BLOCK * rows);
  const front = new Int32Array(BLOCK), back = new Int32Array(BLOCK);
  for (let first = 0; first < cols; first += BLOCK) {
    const width = Math.min(BLOCK, cols - first);
    for (let c = 0; c < width; c++) {
      front[c] = c * rows;
      back[c] = (c + 1) * rows;
    }
    for (let s = 0; s < rows; s++) {
      const positive = target[s] === 1;
      for (let c = 0, p = s * cols + first; c < width; c++, p++) {
        const value = data[p];
        if (value === 0) continue;
        if (positive) gathered[front[c]++] = value;
        else gathered[--back[c]] = value;
      }
    }
    for (let c = 0; c < width; c++) {
      aucs[first + c] = aucFrom(
        gathered.subarray(c * rows, front[c]),
        gathered.subarray(back[c], (c + 1) * rows),
      );
    }
  }
  return aucs;
}

/**
 * Pairs in which the positive has the larger score, plus half the ties. The arguments are the sorted
 * non-zero scores of each class and its number of samples; the missing scores are 0.
 */
function countWins(
  ofPositives: Float64Array,
  positives: number,
  ofNegatives: Float64Array,
  negatives: number,
): number {
  const zeros = negatives - ofNegatives.length;
  let below = 0, wins = 0, belowZero = 0;
  while (belowZero < ofNegatives.length && ofNegatives[belowZero] < 0) belowZero++;
  for (let p = 0; p < ofPositives.length; p++) {
    const value = ofPositives[p];
    while (below < ofNegatives.length && ofNegatives[below] < value) below++;
    let tied = below;
    while (tied < ofNegatives.length && ofNegatives[tied] === value) tied++;
    wins += (below + tied) / 2 + (value > 0 ? zeros : 0);
  }
  return wins + (positives - ofPositives.length) * (belowZero + zeros / 2);
}
