/**
 * Everything that judges codes and dictionaries, and `evaluate` for the numbers of one result row.
 * @module
 */
import { auc, bestAucs } from "./metrics/auc.ts";
import { requireInteger, requireOptions } from "./checks.ts";
import { type AnyMatrix, requireAnyMatrix } from "./csr_matrix.ts";
import { allValues, findNonzeros, rowReader, type SparseView } from "./numeric/csr.ts";
import { decideCodes, fitCodes, type Labels, requireLabels } from "./logistic.ts";
import { mccIdOf, mccOodOf, shuffleSamples } from "./metrics/mcc.ts";

export { auc, columnAucs } from "./metrics/auc.ts";
export * from "./metrics/magnitudes.ts";
export * from "./metrics/matching.ts";
export { mcc, mccId, mccNull, mccOod, type MccOptions } from "./metrics/mcc.ts";
export type { Labels } from "./logistic.ts";

/** What is known of the samples of a split. */
export interface Truth {
  /** One label per sample. */
  labels: Labels;
  /** True codes, samples × n. Left out where they are unknown: then there is no MCC. */
  Z?: AnyMatrix;
}

/** Codes of both splits and what they are judged by. */
export interface ScoredCodes {
  /** Codes of the in-distribution samples, samples × width, dense or sparse: the same to the bit. */
  codesId: AnyMatrix;
  /** Codes of the out-of-distribution samples, samples × width. */
  codesOod: AnyMatrix;
  /** The in-distribution split, for instance `val` of the generated datasets. */
  val: Truth;
  /** The out-of-distribution split. */
  ood: Truth;
}

/** Accuracy of a logistic probe; the keys are those of the result rows. */
export interface AccuracyRow {
  /** Accuracy in distribution, on the samples that the probe was fitted on. */
  acc_iid: number;
  /** Accuracy out of distribution. */
  acc_ood: number;
  /** Whether the fit reached its gradient tolerance. */
  acc_converged: boolean;
}

/** AUC of the best single code; the keys are those of the result rows. */
export interface AucRow {
  /** AUC in distribution, on which the code was chosen. */
  auc_iid: number;
  /** AUC of the same code out of distribution. */
  auc_ood: number;
}

/** AUC of a logistic probe. */
export interface AucProbeRow {
  /** AUC in distribution, on the samples that the probe was fitted on. */
  auc_probe_iid: number;
  /** AUC out of distribution. */
  auc_probe_ood: number;
}

/** The numbers of a result row. */
export interface Evaluation extends AccuracyRow, AucRow {
  /** MCC in distribution; only where the true codes are known, as are the other three. */
  mcc_iid?: number;
  /** MCC out of distribution. */
  mcc_ood?: number;
  /** MCC in distribution after shuffling the samples of the codes; not with `null: false`. */
  mcc_null_iid?: number;
  /** The same out of distribution. */
  mcc_null_ood?: number;
}

/** {@linkcode Evaluation} where the true codes are known. */
export interface FullEvaluation extends Evaluation {
  /** MCC in distribution. */
  mcc_iid: number;
  /** MCC out of distribution. */
  mcc_ood: number;
}

/**
 * Accuracy of a logistic regression without penalty, fitted on the ID codes (see `fitLogistic` for
 * the stopping rule, which is part of the result on separable data).
 *
 * @throws {TypeError} When codes are no matrix or a label is neither 0, 1, false nor true.
 * @throws {RangeError} When values are not finite, shapes do not fit, a split has no samples or the ID
 * labels lack a class.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { evaluateAccuracy } from "./metrics.ts";
 * import { fromRows } from "./matrix.ts";
 * const codes = fromRows([[0], [1], [2], [3]]), split = { labels: [0, 0, 1, 1] };
 * const scored = { codesId: codes, codesOod: codes, val: split, ood: split };
 * assert.equal(evaluateAccuracy(scored).acc_ood, 1);
 * ```
 */
export function evaluateAccuracy(scored: ScoredCodes): AccuracyRow {
  return accuracyOf(scan(scored));
}

/**
 * AUC of the single code that separates the ID labels best, upwards or downwards (the first of
 * equals), on ID and on OOD.
 *
 * @throws {TypeError | RangeError} As {@linkcode evaluateAccuracy}; missing classes give 0.5.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { evaluateAuc } from "./metrics.ts";
 * import { fromRows } from "./matrix.ts";
 * const codes = fromRows([[5, 0], [1, 1], [4, 2], [2, 3]]), split = { labels: [0, 0, 1, 1] };
 * const scored = { codesId: codes, codesOod: codes, val: split, ood: split };
 * assert.equal(evaluateAuc(scored).auc_ood, 1);
 * ```
 */
export function evaluateAuc(scored: ScoredCodes): AucRow {
  return aucOf(scan(scored));
}

/**
 * AUC of the probabilities of the logistic probe of {@linkcode evaluateAccuracy}.
 *
 * @throws {TypeError | RangeError} As {@linkcode evaluateAccuracy}.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { evaluateAucProbe } from "./metrics.ts";
 * import { fromRows } from "./matrix.ts";
 * const codes = fromRows([[0], [1], [2], [3]]), split = { labels: [0, 0, 1, 1] };
 * const scored = { codesId: codes, codesOod: codes, val: split, ood: split };
 * assert.equal(evaluateAucProbe(scored).auc_probe_ood, 1);
 * ```
 */
export function evaluateAucProbe(scored: ScoredCodes): AucProbeRow {
  const { id, ood } = scan(scored);
  const fit = fitCodes(id.codes, id.target);
  const probe = ({ codes, target }: ScannedSplit): number =>
    auc(decideCodes(fit, codes).map((z) => 1 / (1 + Math.exp(-z))), target);
  return { auc_probe_iid: probe(id), auc_probe_ood: probe(ood) };
}

/**
 * Accuracy, AUC and, where the true codes are known, MCC of codes on both splits: the numbers of a
 * result row, and what the MCC gives by chance, with the samples of the codes shuffled: with few samples
 * a matched correlation looks good by itself. `null: false` leaves the chance level out.
 *
 * @throws {TypeError} When codes are no matrix or a label is neither 0, 1, false nor true.
 * @throws {RangeError} When values are not finite, shapes do not fit, the ID labels lack a class or no
 * true latent is ever active.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { evaluate } from "./metrics.ts";
 * import { generateDatasets } from "./data.ts";
 * const { val, ood } = generateDatasets({ seed: 0, numLatents: 20, k: 3, nSamples: 200 });
 * // the true codes find each latent, the observations, which mix them, do not
 * assert(evaluate({ codesId: val.Z, codesOod: ood.Z, val, ood }).mcc_ood > 0.999);
 * assert(evaluate({ codesId: val.Y, codesOod: ood.Y, val, ood }).mcc_ood < 0.7);
 * ```
 */
export function evaluate(
  scored: ScoredCodes & { val: Required<Truth>; ood: Required<Truth> },
  options?: { null?: boolean; seed?: number },
): FullEvaluation;
/** The same for splits whose true codes may be unknown: without them the row has no MCC. */
export function evaluate(
  scored: ScoredCodes,
  options?: { null?: boolean; seed?: number },
): Evaluation;
export function evaluate(
  scored: ScoredCodes,
  options: { null?: boolean; seed?: number } = {},
): Evaluation {
  requireOptions("options", options, ["null", "seed"]);
  const { null: withNull = true, seed = 42 } = options;
  requireInteger("seed", seed, 0, 2 ** 32 - 1);
  const { id, ood } = scan(scored);
  const row: Evaluation = { ...accuracyOf({ id, ood }), ...aucOf({ id, ood }) };
  if (scored.val.Z && scored.ood.Z) {
    const truthId = scanTruth("val.Z", scored.val.Z, id.codes);
    const truthOod = scanTruth("ood.Z", scored.ood.Z, ood.codes);
    row.mcc_iid = mccIdOf(truthId, id.codes, seed);
    row.mcc_ood = mccOodOf(truthOod, ood.codes, seed);
    if (withNull) {
      row.mcc_null_iid = mccIdOf(truthId, shuffleSamples(id.codes, seed), seed);
      row.mcc_null_ood = mccOodOf(truthOod, shuffleSamples(ood.codes, seed), seed);
    }
  }
  return row;
}

/** Checked codes and labels of a split. */
interface ScannedSplit {
  codes: SparseView;
  target: Uint8Array;
}

/** Everything is checked, and its non-zeros are found, once. */
function scan(scored: ScoredCodes): { id: ScannedSplit; ood: ScannedSplit } {
  requireOptions("scored", scored);
  const { codesId, codesOod, val, ood } = scored;
  requireOptions("val", val);
  requireOptions("ood", ood);
  requireAnyMatrix("codesId", codesId);
  requireAnyMatrix("codesOod", codesOod, { cols: codesId.cols });
  requireInteger("codesId.rows", codesId.rows, 1);
  requireInteger("codesOod.rows", codesOod.rows, 1);
  if (codesId.cols === 0) throw new RangeError("codesId must have at least one column, got 0");
  const targetId = requireLabels("val.labels", val.labels, codesId.rows);
  const targetOod = requireLabels("ood.labels", ood.labels, codesOod.rows);
  return {
    id: { codes: findNonzeros(codesId), target: targetId },
    ood: { codes: findNonzeros(codesOod), target: targetOod },
  };
}

function scanTruth(name: string, Z: AnyMatrix, { rows }: SparseView): SparseView {
  requireAnyMatrix(name, Z, { rows });
  requireInteger(`${name}.cols`, Z.cols, 1);
  return findNonzeros(Z);
}

function accuracyOf({ id, ood }: { id: ScannedSplit; ood: ScannedSplit }): AccuracyRow {
  const fit = fitCodes(id.codes, id.target);
  const accuracy = ({ codes, target }: ScannedSplit): number => {
    const right = decideCodes(fit, codes).filter((z, s) => (z > 0) === (target[s] === 1));
    return right.length / target.length;
  };
  return { acc_iid: accuracy(id), acc_ood: accuracy(ood), acc_converged: fit.converged };
}

function aucOf({ id, ood }: { id: ScannedSplit; ood: ScannedSplit }): AucRow {
  const aucs = bestAucs(id.codes, id.target);
  let best = 0;
  for (let j = 1; j < aucs.length; j++) if (aucs[j] > aucs[best]) best = j;
  const { rows } = ood.codes, rowOf = rowReader(ood.codes);
  const scores = Float64Array.from({ length: rows }, (_, s) => rowOf(s)[best]);
  const [auc_ood] = bestAucs(allValues({ rows, cols: 1, data: scores }), ood.target);
  return { auc_iid: aucs[best], auc_ood };
}
