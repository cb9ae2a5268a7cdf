/**
 * Probes on one's own labels, in distribution and on a combination of two labels that was held out: the
 * paper's question on data that nobody made up.
 * @module
 */
import { type AnyMatrix, type CsrMatrix, isCsrMatrix } from "../csr_matrix.ts";
import { decideCodes, fitCodes, type LogisticFit } from "../logistic.ts";
import type { Matrix } from "../matrix.ts";
import { auc } from "../metrics.ts";
import { allValues, findNonzeros, type SparseView } from "../numeric/csr.ts";

/** Values of two columns of labels that never meet in the rows that probes are fitted on. */
export interface HeldOutCombination {
  /** Value of the first column. */
  a: number;
  /** Value of the second. */
  b: number;
  /** Rows that have both. */
  rows: number;
}

/** How well a column of labels is told, in distribution. */
export interface ColumnScore {
  /** Column of the labels. */
  column: number;
  /** Values that are told apart: those with enough rows, the ten most frequent at most. */
  classes: number[];
  /** Rows that were judged. */
  rows: number;
  /** Share of them that get their own value. */
  accuracy: number;
  /** What the most frequent value gives. */
  chance: number;
  /** Mean over the values of the AUC of one against the others; chance is 0.5. */
  auc: number;
}

/** How well a value is told where it meets another one that it did not meet in training, and elsewhere. */
export interface CombinationScore {
  /** Column of the value that is told. */
  column: number;
  /** The value. */
  value: number;
  /** AUC over held-out rows without the other value, of which there were some in training. */
  aucIn: number;
  /** AUC over rows with the other value; the positive ones are the held-out combination. Chance is 0.5. */
  aucOut: number;
  /** Its standard error (Hanley and McNeil, 1982). */
  aucOutError: number;
  /** Mean of the shares of positive and of negative rows that are told, in distribution. */
  accuracyIn: number;
  /** The same on the rows with the other value; chance is 0.5. */
  accuracyOut: number;
  /** Positive and negative rows of these. */
  rowsOut: [positive: number, negative: number];
}

/** Scores of one way to code. */
export interface ProbeScores {
  /** Columns of the labels, one by one. */
  columns: ColumnScore[];
  /** The held-out combination, from either side; empty with one column. */
  combination: CombinationScore[];
}

/** Rows that probes are fitted on and judged on; indices into the coded rows. */
export interface ProbeTask {
  /** Labels of all coded rows, rows × columns. */
  labels: Matrix;
  /** Rows to fit on. */
  train: Int32Array;
  /** Rows to judge on. */
  test: Int32Array;
  /** The combination that `train` lacks. */
  heldOut?: HeldOutCombination;
}

/** A value of a label needs so many rows in training, and in the judged rows. */
const LEAST_TRAIN = 20, LEAST_TEST = 10;
/** Values of a column that are told apart. */
const MOST_CLASSES = 10;
/** Weights of ½‖w‖² that are tried, for rows of mean squared norm 1: every fifth row for fitting decides. */
const PENALTIES = [1e-6, 1e-4, 1e-2];
/** Steps of a fit. */
const STEPS = 200;

/** The label of a row. */
function labelOf({ cols, data }: Matrix, row: number, column: number): number {
  return data[row * cols + column];
}

/**
 * The combination of values of the first two columns whose four parts (both, one, the other, neither) are
 * least small: undefined where one of them has too few rows.
 *
 * @param wanted Only this one.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fromRows } from "../matrix.ts";
 * import { chooseCombination } from "./probes.ts";
 * const some = Array.from({ length: 200 }, (_, i) => [i % 2, (i >> 1) % 2]);
 * assert.deepEqual(chooseCombination(fromRows(some)), { a: 0, b: 0, rows: 50 });
 * ```
 */
export function chooseCombination(
  labels: Matrix,
  wanted?: readonly [number, number],
): HeldOutCombination | undefined {
  if (labels.cols < 2) return undefined;
  const counts = new Map<string, number>(), firsts = new Map<number, number>();
  const seconds = new Map<number, number>();
  const add = <K>(map: Map<K, number>, key: K) => map.set(key, (map.get(key) ?? 0) + 1);
  for (let i = 0; i < labels.rows; i++) {
    const [a, b] = [labelOf(labels, i, 0), labelOf(labels, i, 1)];
    add(firsts, a);
    add(seconds, b);
    add(counts, `${a},${b}`);
  }
  let best: HeldOutCombination | undefined, most = 0;
  for (const [key, rows] of [...counts].sort(([a], [b]) => a < b ? -1 : 1)) {
    const [a, b] = key.split(",").map(Number);
    if (wanted && (wanted[0] !== a || wanted[1] !== b)) continue;
    const [ofA, ofB] = [firsts.get(a)!, seconds.get(b)!];
    const least = Math.min(rows, ofA - rows, ofB - rows, labels.rows - ofA - ofB + rows);
    if (least >= LEAST_TRAIN + LEAST_TEST && least > most) {
      most = least;
      best = { a, b, rows };
    }
  }
  return best;
}

/** Whether a row has the held-out combination. */
export function isHeldOut(labels: Matrix, row: number, heldOut?: HeldOutCombination): boolean {
  return heldOut !== undefined && labelOf(labels, row, 0) === heldOut.a &&
    labelOf(labels, row, 1) === heldOut.b;
}

/**
 * Fits the probes on features and judges them.
 *
 * @param features Of all coded rows, rows × width: activations or codes.
 * @param task Labels and rows.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fromRows } from "../matrix.ts";
 * import { probeScores } from "./probes.ts";
 * const labels = fromRows(Array.from({ length: 100 }, (_, i) => [i % 2]));
 * const rows = Int32Array.from({ length: 100 }, (_, i) => i);
 * const task = { labels, train: rows.subarray(0, 50), test: rows.subarray(50) };
 * assert.equal(probeScores(labels, task).columns[0].accuracy, 1);
 * ```
 */
export function probeScores(features: AnyMatrix, task: ProbeTask): ProbeScores {
  const scaled = atUnitNorm(features, task.train), { labels, train, test, heldOut } = task;
  const columns: ColumnScore[] = [];
  for (let column = 0; column < labels.cols; column++) {
    const score = scoreColumn(scaled, task, column);
    if (score) columns.push(score);
  }
  if (!heldOut) return { columns, combination: [] };
  const all = Int32Array.from({ length: labels.rows }, (_, i) => i);
  const combination = [[0, heldOut.a, 1, heldOut.b], [1, heldOut.b, 0, heldOut.a]].map(
    ([column, value, other, context]): CombinationScore => {
      const fit = bestFit(scaled, train, (row) => labelOf(labels, row, column) === value);
      const isIn = (row: number) => labelOf(labels, row, other) !== context;
      const fitted = new Set(train);
      const out = all.filter((row) => !isIn(row) && !fitted.has(row));
      const judge = (rows: Int32Array) =>
        judged(fit, scaled, rows, (row) => labelOf(labels, row, column) === value);
      const inside = judge(test.filter(isIn)), outside = judge(out);
      return {
        ...{ column, value, aucIn: inside.auc, accuracyIn: inside.accuracy },
        ...{ aucOut: outside.auc, aucOutError: outside.error, accuracyOut: outside.accuracy },
        rowsOut: outside.rows,
      };
    },
  );
  // without rows of both kinds there is nothing to judge
  return { columns, combination: combination.filter(({ rowsOut }) => rowsOut.every((n) => n > 0)) };
}

/** One against the others for every value that has enough rows. */
function scoreColumn(
  features: AnyMatrix,
  { labels, train, test }: ProbeTask,
  column: number,
): ColumnScore | undefined {
  const count = (rows: Int32Array) =>
    Map.groupBy(rows, (row: number) => labelOf(labels, row, column));
  const inTrain = count(train), inTest = count(test);
  const classes = [...inTrain].filter(([value, { length }]) =>
    length >= LEAST_TRAIN && (inTest.get(value)?.length ?? 0) >= LEAST_TEST
  ).sort(([a, x], [b, y]) => y.length - x.length || a - b).slice(0, MOST_CLASSES)
    .map(([value]) => value);
  if (classes.length < 2) return undefined;
  const kept = (row: number) => classes.includes(labelOf(labels, row, column));
  const fitRows = train.filter(kept), rows = test.filter(kept), view = viewOf(features, rows);
  // of two values one probe tells both
  const asked = classes.length === 2 ? classes.slice(0, 1) : classes;
  const decisions = asked.map((value) => {
    const fit = bestFit(features, fitRows, (row) => labelOf(labels, row, column) === value);
    return decideCodes(fit, view);
  });
  if (classes.length === 2) decisions.push(decisions[0].map((value) => -value));
  let right = 0;
  rows.forEach((row, i) => {
    const best = decisions.reduce(
      (most, values, c) => values[i] > decisions[most][i] ? c : most,
      0,
    );
    if (classes[best] === labelOf(labels, row, column)) right++;
  });
  const aucs = asked.map((value, c) =>
    auc(decisions[c], [...rows].map((row) => labelOf(labels, row, column) === value))
  );
  const largest = Math.max(
    ...classes.map((value) => rows.filter((row) => labelOf(labels, row, column) === value).length),
  );
  return {
    ...{ column, classes, rows: rows.length, accuracy: right / rows.length },
    chance: largest / rows.length,
    auc: aucs.reduce((sum, value) => sum + value, 0) / aucs.length,
  };
}

/** A fit with the penalty that serves a fifth of the rows best, on all of them. */
function bestFit(
  features: AnyMatrix,
  rows: Int32Array,
  isPositive: (row: number) => boolean,
): LogisticFit {
  const target = (some: Int32Array) => Uint8Array.from(some, (row) => Number(isPositive(row)));
  const check = rows.filter((_, i) => i % 5 === 4), rest = rows.filter((_, i) => i % 5 !== 4);
  const checkView = viewOf(features, check), restView = viewOf(features, rest);
  const wanted = target(check), ofRest = target(rest);
  let best = PENALTIES[0], least = Infinity;
  for (const l2 of hasBoth(ofRest) ? PENALTIES : []) {
    const fit = fitCodes(restView, ofRest, { l2, maxIterations: STEPS });
    const loss = decideCodes(fit, checkView).reduce((sum, z, i) => {
      const against = wanted[i] === 1 ? -z : z;
      return sum + Math.max(0, against) + Math.log1p(Math.exp(-Math.abs(z)));
    }, 0);
    if (loss < least) [least, best] = [loss, l2];
  }
  return fitCodes(viewOf(features, rows), target(rows), { l2: best, maxIterations: STEPS });
}

function hasBoth(target: Uint8Array): boolean {
  return target.includes(0) && target.includes(1);
}

/** AUC with its standard error, and the mean of the shares of both classes that are told. */
function judged(
  fit: LogisticFit,
  features: AnyMatrix,
  rows: Int32Array,
  isPositive: (row: number) => boolean,
): { auc: number; error: number; accuracy: number; rows: [number, number] } {
  const decisions = decideCodes(fit, viewOf(features, rows));
  const target = Uint8Array.from(rows, (row) => Number(isPositive(row)));
  let positive = 0, told = 0, refused = 0;
  target.forEach((label, i) => {
    positive += label;
    if (label === 1 && decisions[i] > 0) told++;
    if (label === 0 && decisions[i] <= 0) refused++;
  });
  const negative = rows.length - positive, area = auc(decisions, target);
  const q1 = area / (2 - area), q2 = 2 * area * area / (1 + area);
  const variance = area * (1 - area) + (positive - 1) * (q1 - area * area) +
    (negative - 1) * (q2 - area * area);
  return {
    auc: area,
    error: Math.sqrt(Math.max(0, variance) / (positive * negative)),
    accuracy: (told / positive + refused / negative) / 2,
    rows: [positive, negative],
  };
}

/** Rows of a matrix in either form, for the probe. */
function viewOf(features: AnyMatrix, rows: Int32Array): SparseView {
  if (!isCsrMatrix(features)) {
    const data = new Float64Array(rows.length * features.cols);
    rows.forEach((row, i) =>
      data.set(
        features.data.subarray(row * features.cols, (row + 1) * features.cols),
        i * features.cols,
      )
    );
    return allValues({ rows: rows.length, cols: features.cols, data });
  }
  const { indptr, indices, data } = features;
  const ends = new Int32Array(rows.length + 1);
  rows.forEach((row, i) => ends[i + 1] = ends[i] + indptr[row + 1] - indptr[row]);
  const part: CsrMatrix = {
    ...{ rows: rows.length, cols: features.cols, indptr: ends },
    indices: new Int32Array(ends[rows.length]),
    data: new Float32Array(ends[rows.length]),
  };
  rows.forEach((row, i) => {
    part.indices.set(indices.subarray(indptr[row], indptr[row + 1]), ends[i]);
    part.data.set(data.subarray(indptr[row], indptr[row + 1]), ends[i]);
  });
  return findNonzeros(part);
}

/** The features times a number that gives the rows of the fit the mean squared norm 1. */
function atUnitNorm(features: AnyMatrix, rows: Int32Array): AnyMatrix {
  let squares = 0;
  for (const row of rows) {
    const [start, end] = isCsrMatrix(features)
      ? [features.indptr[row], features.indptr[row + 1]]
      : [row * features.cols, (row + 1) * features.cols];
    for (let p = start; p < end; p++) squares += features.data[p] ** 2;
  }
  const factor = squares > 0 ? Math.sqrt(rows.length / squares) : 1;
  if (isCsrMatrix(features)) {
    return { ...features, data: features.data.map((value) => value * factor) };
  }
  return { ...features, data: Float64Array.from(features.data, (value) => value * factor) };
}
