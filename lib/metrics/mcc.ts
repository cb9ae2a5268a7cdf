/**
 * Mean correlation coefficient: how well codes recover the true latents, up to order, sign and scale.
 * @module
 */
import { linearSumAssignment } from "../assignment.ts";
import { auctionAssignment } from "./auction.ts";
import { requireInteger, requireOptions } from "../checks.ts";
import { absoluteCorrelations, correlationRows, momentsOf, standardize } from "./correlation.ts";
import { type AnyMatrix, requireAnyMatrix } from "../csr_matrix.ts";
import { type Csr, findNonzeros, type SparseView } from "../numeric/csr.ts";
import { RandomState } from "../random.ts";

/** True columns whose variance is not above this do not count as active. */
const ACTIVE_VARIANCE = 1e-8;

/** The most pairs of columns whose correlations are stored, in float32: 4 GiB. */
export const MOST_PAIRS: number = 2 ** 30;

/** How far the mean of a match of more pairs may be from the best one. */
const AUCTION_EPSILON = 1e-4;

/** Option of the MCC functions. */
export interface MccOptions {
  /** Seed of the noise columns and, for the null, of the shuffle; 42 as in the reference. */
  seed?: number;
}

/**
 * Mean correlation coefficient of two sets of codes: the narrower one is padded with standard normal
 * columns of `RandomState(seed)`, the columns are matched one to one so that the sum of their
 * |Pearson correlation| is largest, and the mean over the matched pairs is returned. A constant column
 * correlates 0 with everything, and so does, as in the reference, one whose centred norm is at most 1e-8:
 * scale tiny codes up.
 * Float64, except that float32 codes which need no padding are centred and scaled in float32, as in the
 * reference. The cost follows the non-zeros, so sparse codes of 10,000 columns are cheap.
 *
 * Above 2³⁰ pairs of columns that vary (beyond 32,768 latents, that is) the match is found by auction,
 * which needs no matrix: the value is then at most 1e-4 below that of the best match.
 *
 * Not to be confused with the mean |cosine| of matched dictionary columns (`matchColumns`).
 *
 * Source: A. Hyvärinen, H. Morioka, "Unsupervised feature extraction by time-contrastive learning and
 * nonlinear ICA", NeurIPS 2016; the padding is the reference's.
 *
 * @param ZTrue True codes, samples × n.
 * @param ZPred Codes to judge, samples × width.
 * @returns From 0 to 1.
 * @throws {TypeError} When an argument is no matrix.
 * @throws {RangeError} When values are not finite or their squares overflow (float32 codes beyond 1e18),
 * there are no samples or no columns, or the numbers of samples differ.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { mcc } from "./mcc.ts";
 * import { fromRows } from "../matrix.ts";
 * const Z = fromRows([[1, 0], [0, 2], [3, 1]]);
 * const swapped = fromRows([[0, -1], [4, 0], [2, -3]]);
 * assert(Math.abs(mcc(Z, swapped) - 1) < 1e-12);
 * ```
 */
export function mcc(ZTrue: AnyMatrix, ZPred: AnyMatrix, options: MccOptions = {}): number {
  const seed = seedOf(options);
  requireCodes(ZTrue, ZPred);
  return mccOf(
    findNonzeros(ZTrue),
    allColumns(ZTrue),
    findNonzeros(ZPred),
    allColumns(ZPred),
    seed,
  );
}

/**
 * {@linkcode mcc} as the in-distribution rows have it: true columns with variance above 1e-8 against
 * all code columns.
 *
 * @param ZTrue True codes, samples × n.
 * @param codes Codes to judge, samples × width.
 * @throws {TypeError | RangeError} As {@linkcode mcc}; also when no true column is active.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { mccId } from "./mcc.ts";
 * import { fromRows } from "../matrix.ts";
 * const Z = fromRows([[1, 0, 0], [0, 2, 0], [3, 1, 0]]);
 * // the third latent is never active
 * assert(Math.abs(mccId(Z, fromRows([[0, 1], [2, 0], [1, 3]])) - 1) < 1e-12);
 * ```
 */
export function mccId(ZTrue: AnyMatrix, codes: AnyMatrix, options: MccOptions = {}): number {
  const seed = seedOf(options);
  requireCodes(ZTrue, codes);
  return mccIdOf(findNonzeros(ZTrue), findNonzeros(codes), seed);
}

/**
 * {@linkcode mcc} as the out-of-distribution rows have it: true columns with variance above 1e-8
 * against as many code columns, those of largest variance.
 *
 * @param ZTrue True codes, samples × n.
 * @param codes Codes to judge, samples × width.
 * @throws {TypeError | RangeError} As {@linkcode mccId}.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { mccOod } from "./mcc.ts";
 * import { fromRows } from "../matrix.ts";
 * const Z = fromRows([[1, 0, 0], [0, 2, 0], [3, 1, 0]]);
 * const codes = fromRows([[0, 0.01, 1], [2, 0.02, 0], [1, 0, 3]]);
 * // the second column is left out
 * assert(Math.abs(mccOod(Z, codes) - 1) < 1e-12);
 * ```
 */
export function mccOod(ZTrue: AnyMatrix, codes: AnyMatrix, options: MccOptions = {}): number {
  const seed = seedOf(options);
  requireCodes(ZTrue, codes);
  return mccOodOf(findNonzeros(ZTrue), findNonzeros(codes), seed);
}

/**
 * {@linkcode mccId} for checked codes.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { mccIdOf } from "./mcc.ts";
 * import { findNonzeros } from "../numeric/csr.ts";
 * import { fromRows } from "../matrix.ts";
 * const Z = findNonzeros(fromRows([[1, 0], [0, 2], [3, 1]]));
 * assert(Math.abs(mccIdOf(Z, Z, 42) - 1) < 1e-12);
 * ```
 */
export function mccIdOf(ZTrue: SparseView, codes: SparseView, seed: number): number {
  return mccOf(ZTrue, activeColumns(ZTrue), codes, allColumns(codes), seed);
}

/**
 * {@linkcode mccOod} for checked codes.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { mccOodOf } from "./mcc.ts";
 * import { findNonzeros } from "../numeric/csr.ts";
 * import { fromRows } from "../matrix.ts";
 * const Z = findNonzeros(fromRows([[1, 0], [0, 2], [3, 1]]));
 * assert(Math.abs(mccOodOf(Z, Z, 42) - 1) < 1e-12);
 * ```
 */
export function mccOodOf(ZTrue: SparseView, codes: SparseView, seed: number): number {
  const active = activeColumns(ZTrue);
  const { squares } = momentsOf(codes);
  const largest = allColumns(codes).sort((a, b) => squares[b] - squares[a])
    .subarray(0, active.length);
  return mccOf(ZTrue, active, codes, largest, seed);
}

/**
 * What {@linkcode mcc} gives by chance: the samples of `ZPred` are shuffled first, by
 * `RandomState(seed)`. With few samples and many columns it is far from 0.
 *
 * @param ZTrue True codes, samples × n.
 * @param ZPred Codes to judge, samples × width.
 * @throws {TypeError | RangeError} As {@linkcode mcc}.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { mcc, mccNull } from "./mcc.ts";
 * import { RandomState } from "../random.ts";
 * const Z = { rows: 500, cols: 3, data: new RandomState(0).normal(0, 1, 1500) };
 * assert(mccNull(Z, Z) < 0.1);
 * assert(mcc(Z, Z) > 0.999);
 * ```
 */
export function mccNull(ZTrue: AnyMatrix, ZPred: AnyMatrix, options: MccOptions = {}): number {
  const seed = seedOf(options);
  requireCodes(ZTrue, ZPred);
  const truth = findNonzeros(ZTrue), shuffled = shuffleSamples(findNonzeros(ZPred), seed);
  return mccOf(truth, allColumns(truth), shuffled, allColumns(shuffled), seed);
}

/** The seed among checked options: 42, as in the paper, where there is none. */
function seedOf(options: MccOptions): number {
  requireOptions("options", options, ["seed"]);
  const { seed = 42 } = options;
  requireInteger("seed", seed, 0, 2 ** 32 - 1);
  return seed;
}

/**
 * The matrix with its rows in the order of `RandomState(seed).permutation(rows)`.
 *
 * @param codes samples × width.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { shuffleSamples } from "./mcc.ts";
 * import { findNonzeros, rowReader } from "../numeric/csr.ts";
 * import { fromRows } from "../matrix.ts";
 * const read = rowReader(shuffleSamples(findNonzeros(fromRows([[1], [2], [3]])), 42));
 * assert.deepEqual([0, 1, 2].map((i) => read(i)[0]).toSorted(), [1, 2, 3]);
 * ```
 */
export function shuffleSamples(codes: SparseView, seed: number): SparseView {
  const order = new RandomState(seed).permutation(codes.rows);
  const sparse = codes.sparse && shuffleRows(codes.sparse, order);
  if (!codes.dense) return { ...codes, sparse: sparse! };
  const { rows, cols } = codes, data = codes.dense.data.slice();
  order.forEach((from, to) => {
    data.set(codes.dense.data.subarray(from * cols, (from + 1) * cols), to * cols);
  });
  return { ...codes, dense: { rows, cols, data }, sparse };
}

function shuffleRows({ rows, cols, starts, columns, values }: Csr, order: ArrayLike<number>): Csr {
  const shuffled = {
    starts: new Int32Array(rows + 1),
    columns: new Int32Array(columns.length),
    values: new Float64Array(values.length),
  };
  for (let to = 0, at = 0; to < rows; to++) {
    const [start, end] = [starts[order[to]], starts[order[to] + 1]];
    shuffled.columns.set(columns.subarray(start, end), at);
    shuffled.values.set(values.subarray(start, end), at);
    shuffled.starts[to + 1] = at += end - start;
  }
  return { rows, cols, ...shuffled };
}

function allColumns(M: { cols: number }): Int32Array {
  const chosen = new Int32Array(M.cols);
  for (let j = 0; j < M.cols; j++) chosen[j] = j;
  return chosen;
}

function activeColumns(Z: SparseView): Int32Array {
  const { squares } = momentsOf(Z);
  const active = allColumns(Z).filter((j) => squares[j] / Z.rows > ACTIVE_VARIANCE);
  if (active.length === 0) {
    throw new RangeError(
      `Cannot match codes: ZTrue must have a column with variance above ${ACTIVE_VARIANCE}, got none`,
    );
  }
  return active;
}

function requireCodes(ZTrue: AnyMatrix, ZPred: AnyMatrix): void {
  requireAnyMatrix("ZTrue", ZTrue);
  requireAnyMatrix("ZPred", ZPred, { rows: ZTrue.rows });
  requireInteger("ZTrue.rows", ZTrue.rows, 1);
  requireInteger("ZTrue.cols", ZTrue.cols, 1);
  requireInteger("ZPred.cols", ZPred.cols, 1);
}

/** The MCC of the chosen columns of both sides. */
function mccOf(
  ZTrue: SparseView,
  ofTrue: Int32Array,
  ZPred: SparseView,
  ofPred: Int32Array,
  seed: number,
): number {
  const samples = ZTrue.rows;
  const missing = ofTrue.length - ofPred.length;
  const cols = Math.abs(missing);
  const noise = missing === 0
    ? undefined
    : { rows: samples, cols, data: new RandomState(seed).normal(0, 1, samples * cols) };
  const truth = standardize(ZTrue, ofTrue, missing < 0 ? noise : undefined);
  const found = standardize(ZPred, ofPred, missing > 0 ? noise : undefined);
  // Constant columns are left out of the match: they would add 0 wherever they went, and a rectangle
  // with a shorter side is far quicker to solve than a square full of ties.
  const [short, long] = truth.sums.length <= found.sums.length ? [truth, found] : [found, truth];
  const [fewer, more] = [short.sums.length, long.sums.length];
  const { total } = fewer * more <= MOST_PAIRS
    ? linearSumAssignment(absoluteCorrelations(short, long), { maximize: true })
    : auctionAssignment(fewer, more, correlationRows(short, long), { epsilon: AUCTION_EPSILON });
  // columns that float32 has scaled to unit norm are a little longer or shorter
  return Math.min(1, total / Math.max(ofTrue.length, ofPred.length));
}
