/**
 * Sparse codes for a given dictionary by ISTA and FISTA: after a number of iterations, to a tolerance,
 * with a certificate, and for several iteration counts or penalties at the cost of one preparation.
 * @module
 */
import { INTERRUPTIBLE, type Interruptible, watch } from "./interruptible.ts";
import { requireArray, requireInteger, requireOptions, requirePositive } from "./checks.ts";
import { Arena, forBlocks, padded, readRows, writeRows } from "./wasm/memory.ts";
import { GapMeter } from "./cores/lasso_gap.ts";
import { type LassoSettings, LassoSolver } from "./cores/fista.ts";
import { lipschitz } from "./linalg.ts";
import { type Matrix, type Matrix32, requireMatrix, requireNoOverflow, zeros32 } from "./matrix.ts";

/**
 * With `tol`, gaps are first evaluated after this many iterations, and then each time their number has
 * grown by this factor. A gap costs about as much as an iteration over all atoms (see
 * bench/sparse_coding_bench.ts, "with tol").
 */
const FIRST_CHECK = 10, CHECK_GROWTH = 1.5;

/** What {@linkcode ista} minimises and when it stops. */
export interface IstaOptions extends Interruptible {
  /** Weight λ of the ℓ1 penalty, above 0. */
  lambda: number;
  /** Number of iterations; with `tol`, the most. Default 100. */
  nIter?: number;
  /** Samples×n codes to start from. Default 0. */
  zInit?: Matrix;
  /**
   * Step of the gradient. Default 1/L with L the squared spectral norm of D; ISTA diverges from 2/L on, FISTA from
   * about 4/(3L).
   */
  step?: number;
  /**
   * A sample stops when its duality gap (see `lassoGap`) is at most `tol` times its objective at z = 0,
   * ½‖x‖². Tried after 10 iterations, then each time half as many again have passed. Float32
   * iterates reach about 1e-6. Whether it was met tells `solveFista`. Default: all iterations are done.
   */
  tol?: number;
}

/** What {@linkcode fista} minimises and when it stops. */
export interface FistaOptions extends IstaOptions {
  /** Keeps codes at 0 or above. Default false. */
  nonneg?: boolean;
}

const ISTA_OPTIONS = ["lambda", "nIter", "zInit", "step", "tol", ...INTERRUPTIBLE];
const FISTA_OPTIONS = [...ISTA_OPTIONS, "nonneg"];

/**
 * Sparse codes by ISTA: minimises ½‖x − Dz‖² + λ‖z‖₁ for every row x of X by proximal gradient steps
 * z ← S(z − Dᵀ(Dz − x)/L, λ/L), S the soft threshold. Computed in float32; a sample's codes do not
 * depend on the other samples. For a dictionary of zeros the codes are zero, the minimum. Source:
 * Daubechies, Defrise and De Mol (2004).
 *
 * @param X Samples×m observations.
 * @param D m×n dictionary, an atom per column.
 * @param options See {@linkcode IstaOptions}.
 * @returns Samples×n codes; zeros for samples that were not reached before `signal` was aborted.
 * @throws {TypeError} When an argument is of the wrong kind, or an option unknown.
 * @throws {RangeError} When shapes do not match, values are not finite, an option is out of range, or
 * the iterates overflow float32 (a step above 2/L, or inputs beyond 1e38).
 * @throws The signal's reason, when it is aborted and no partial result is wanted.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fromRows } from "./matrix.ts";
 * import { ista } from "./sparse_coding.ts";
 * const identity = fromRows([[1, 0], [0, 1]]);
 * assert.deepEqual([...ista(fromRows([[2, -0.25]]), identity, { lambda: 0.5 }).data], [1.5, 0]);
 * ```
 */
export function ista(X: Matrix, D: Matrix, options: IstaOptions): Matrix32 {
  requireOptions("options", options, ISTA_OPTIONS);
  return solve(X, D, { ...options, nonneg: false, momentum: false }, false).codes;
}

/**
 * Sparse codes by FISTA: {@linkcode ista} with Nesterov's momentum and, if wanted, codes kept at 0 or
 * above. Computed in float32; a sample's codes do not depend on the other samples. For a dictionary
 * of zeros the codes are zero, the minimum. Source: Beck and Teboulle (2009).
 *
 * @param X Samples×m observations.
 * @param D m×n dictionary, an atom per column.
 * @param options See {@linkcode FistaOptions}.
 * @returns Samples×n codes; zeros for samples that were not reached before `signal` was aborted.
 * @throws {TypeError} When an argument is of the wrong kind, or an option unknown.
 * @throws {RangeError} When shapes do not match, values are not finite, an option is out of range, or
 * the iterates overflow float32 (a step above about 4/(3L), where momentum makes them diverge, or inputs
 * beyond 1e38).
 * @throws The signal's reason, when it is aborted and no partial result is wanted.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fromRows } from "./matrix.ts";
 * import { fista } from "./sparse_coding.ts";
 * const identity = fromRows([[1, 0], [0, 1]]);
 * const codes = fista(fromRows([[2, -0.75]]), identity, { lambda: 0.5, nonneg: true });
 * assert.deepEqual([...codes.data], [1.5, 0]);
 * ```
 */
export function fista(X: Matrix, D: Matrix, options: FistaOptions): Matrix32 {
  requireOptions("options", options, FISTA_OPTIONS);
  return solve(X, D, { ...options, momentum: true }, false).codes;
}

/** What {@linkcode solveFista} minimises, how, and when it stops. */
export interface SolveFistaOptions extends FistaOptions {
  /** Whether the iteration has Nesterov's momentum: false gives ISTA. Default true. */
  momentum?: boolean;
}

/** Codes and what is known of each sample's: see {@linkcode solveFista}. */
export interface FistaSolution {
  /** Samples×n codes. */
  codes: Matrix32;
  /**
   * Duality gap of each sample's codes over its objective at z = 0, ½‖x‖²: no codes can lower the
   * objective by a larger share of it. Where it is above `tol`, that was not met within `nIter`.
   */
  gaps: Float64Array;
  /** Iterations that each sample was given: below `nIter` only where it met `tol`. */
  iterations: Int32Array;
}

/**
 * {@linkcode fista}, or without momentum {@linkcode ista}, with the certificate of each sample's codes:
 * the same codes, how far their objective can be from the minimum, and how many iterations they took.
 *
 * @param X Samples×m observations.
 * @param D m×n dictionary, an atom per column.
 * @param options See {@linkcode SolveFistaOptions}.
 * @throws {TypeError} When an argument is of the wrong kind.
 * @throws {RangeError} When shapes do not match, values are not finite, an option is out of range, or
 * the iterates overflow float32 (a step above about 4/(3L), without momentum 2/L, or inputs beyond 1e38).
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fromRows } from "./matrix.ts";
 * import { solveFista } from "./sparse_coding.ts";
 * const D = fromRows([[1, 0.6], [0, 0.8]]), X = fromRows([[2, 1], [0, 3]]);
 * const { gaps, iterations } = solveFista(X, D, { lambda: 0.1, tol: 1e-4, nIter: 1000 });
 * assert(gaps.every((gap) => gap <= 1e-4) && iterations.every((count) => count < 1000));
 * // two iterations are too few, and the gaps say so
 * const early = solveFista(X, D, { lambda: 0.1, tol: 1e-4, nIter: 2 });
 * assert(early.gaps.some((gap) => gap > 1e-4));
 * ```
 */
export function solveFista(X: Matrix, D: Matrix, options: SolveFistaOptions): FistaSolution {
  requireOptions("options", options, [...FISTA_OPTIONS, "momentum"]);
  return solve(X, D, options, true);
}

/** What {@linkcode fistaCheckpoints} minimises, and where it looks. */
export interface FistaCheckpointsOptions {
  /** Weight λ of the ℓ1 penalty, above 0. */
  lambda: number;
  /** Numbers of iterations after which codes are wanted, ascending, at least 1. */
  checkpoints: readonly number[];
  /** Keeps codes at 0 or above. Default false. */
  nonneg?: boolean;
  /** Samples×n codes to start from. Default 0. */
  zInit?: Matrix;
}

/**
 * The codes of one FISTA run after several numbers of iterations, as separate runs of those lengths
 * would give them, up to float32 rounding.
 *
 * @param X Samples×m observations.
 * @param D m×n dictionary.
 * @param options See {@linkcode FistaCheckpointsOptions}.
 * @returns Samples×n codes per checkpoint.
 * @throws {TypeError} When an argument is of the wrong kind.
 * @throws {RangeError} When shapes do not match, values are not finite, an option is out of range, the
 * checkpoints do not ascend, or the iterates overflow float32.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fista, fistaCheckpoints } from "./sparse_coding.ts";
 * import { fromRows } from "./matrix.ts";
 * const D = fromRows([[1, 0.5], [0, 1]]), X = fromRows([[2, 1]]);
 * const [early] = fistaCheckpoints(X, D, { lambda: 0.1, checkpoints: [1, 100] });
 * assert.deepEqual(early, fista(X, D, { lambda: 0.1, nIter: 1 }));
 * ```
 */
export function fistaCheckpoints(
  X: Matrix,
  D: Matrix,
  options: FistaCheckpointsOptions,
): Matrix32[] {
  requireOptions("options", options, ["lambda", "checkpoints", "nonneg", "zInit"]);
  const { lambda, checkpoints, nonneg = false, zInit } = options;
  requireProblem(X, D, zInit);
  requirePositive("lambda", lambda);
  requireArray("checkpoints", checkpoints);
  checkpoints.forEach((count, i) =>
    requireInteger(`checkpoints[${i}]`, count, (checkpoints[i - 1] ?? 0) + 1)
  );

  const results = checkpoints.map(() => zeros32(X.rows, D.cols));
  const settings = { nIter: checkpoints.at(-1) ?? 1, nonneg, accelerated: true };
  forSampleBlocks(X, D, settings, (block) => {
    block.start(zInit);
    checkpoints.forEach((end, i) => {
      block.iterate({ lambda, end });
      block.readTo(results[i]);
    });
  });
  for (const Z of results) requireNoOverflow("code X", Z, "scale X, D or zInit");
  return results;
}

/** What {@linkcode fistaLambdas} minimises. */
export interface FistaLambdasOptions {
  /** Weights λ of the ℓ1 penalty, above 0. */
  lambdas: readonly number[];
  /** Number of iterations. Default 100. */
  nIter?: number;
  /** Keeps codes at 0 or above. Default false. */
  nonneg?: boolean;
}

/**
 * The codes of FISTA for several weights of the penalty: the dictionary's Gram matrix and spectral
 * norm are computed once.
 *
 * @param X Samples×m observations.
 * @param D m×n dictionary.
 * @param options See {@linkcode FistaLambdasOptions}.
 * @returns Samples×n codes per weight, each as `fista` gives them.
 * @throws {TypeError} When an argument is of the wrong kind.
 * @throws {RangeError} When shapes do not match, values are not finite, an option is out of range, or
 * the iterates overflow float32.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fistaLambdas } from "./sparse_coding.ts";
 * import { fromRows } from "./matrix.ts";
 * const D = fromRows([[1, 0], [0, 1]]);
 * const [, strong] = fistaLambdas(fromRows([[2, 1]]), D, { lambdas: [0.5, 1] });
 * assert.deepEqual([...strong.data], [1, 0]);
 * ```
 */
export function fistaLambdas(X: Matrix, D: Matrix, options: FistaLambdasOptions): Matrix32[] {
  requireOptions("options", options, ["lambdas", "nIter", "nonneg"]);
  const { lambdas, nIter = 100, nonneg = false } = options;
  requireProblem(X, D);
  requireArray("lambdas", lambdas);
  lambdas.forEach((lambda, i) => requirePositive(`lambdas[${i}]`, lambda));
  requireInteger("nIter", nIter, 1);

  const results = lambdas.map(() => zeros32(X.rows, D.cols));
  forSampleBlocks(X, D, { nIter, nonneg, accelerated: true }, (block) => {
    lambdas.forEach((lambda, i) => {
      block.start();
      block.iterate({ lambda, end: nIter });
      block.readTo(results[i]);
    });
  });
  for (const Z of results) requireNoOverflow("code X", Z, "scale X or D");
  return results;
}

function requireProblem(X: Matrix, D: Matrix, zInit?: Matrix): void {
  requireMatrix("D", D);
  requireInteger("D.rows", D.rows, 1);
  requireMatrix("X", X, { cols: D.rows });
  if (zInit) requireMatrix("zInit", zInit, { rows: X.rows, cols: D.cols });
}

/** Gaps and iterations are filled in where the caller wants certificates: they cost a product each. */
function solve(
  X: Matrix,
  D: Matrix,
  options: SolveFistaOptions,
  certified: boolean,
): FistaSolution {
  const { lambda, nIter = 100, zInit, step, tol, nonneg = false, momentum = true } = options;
  requireProblem(X, D, zInit);
  requirePositive("lambda", lambda);
  requireInteger("nIter", nIter, 1);
  if (step !== undefined) requirePositive("step", step);
  if (tol !== undefined) requirePositive("tol", tol);

  const endsAfter = watch(options);
  const codes = zeros32(X.rows, D.cols);
  // without a certificate until there is one
  const gaps = new Float64Array(X.rows).fill(Infinity), iterations = new Int32Array(X.rows);
  const measured = certified || tol !== undefined;
  const settings = { nIter, nonneg, accelerated: momentum, step, measured };
  let ended = false;
  forSampleBlocks(X, D, settings, (block) => {
    if (ended) return;
    block.start(zInit);
    let samples = block.samples;
    let end = tol === undefined ? nIter : Math.min(FIRST_CHECK, nIter);
    while (samples.length > 0) {
      block.iterate({ lambda, end }, samples);
      const isLast = end === nIter;
      if (isLast && !certified) break;
      samples = samples.filter((s) => {
        const i = block.first + s;
        gaps[i] = block.gap(s, lambda);
        iterations[i] = end;
        return !isLast && gaps[i] > tol!;
      });
      end = Math.min(Math.ceil(CHECK_GROWTH * end), nIter);
    }
    block.readTo(codes);
    ended = endsAfter(block.first + block.samples.length, X.rows);
  });
  const remedy = `scale X, D or zInit, or take a step of at most 1/L, now ${step ?? "1/L"}`;
  requireNoOverflow("code X", codes, remedy);
  return { codes, gaps, iterations };
}

/** What can be done with the block of samples whose turn it is. */
interface CodingBlock {
  /** The matrix's row that is the block's first sample. */
  readonly first: number;
  /** The numbers of all its samples, within the block. */
  readonly samples: readonly number[];
  /** Begins at given codes, or at 0. */
  start(zInit?: Matrix): void;
  /** Takes samples, all where none are named, on to iteration `end`. */
  iterate(goal: { lambda: number; end: number }, samples?: readonly number[]): void;
  /** Duality gap of a sample's codes over ½‖x‖²; 0 for a sample of zeros with codes of zeros. */
  gap(sample: number, lambda: number): number;
  /** Copies the codes to their rows of a matrix. */
  readTo(Z: Matrix32): void;
}

/** How the samples of one call are coded. */
interface CodingSettings extends LassoSettings {
  /** The gradient's step. Default 1/L. */
  step?: number;
  /** Whether {@linkcode CodingBlock.gap} will be called. */
  measured?: boolean;
}

/** Prepares the dictionary and calls `visit` for every block of samples. */
function forSampleBlocks(
  X: Matrix,
  D: Matrix,
  { step, measured, ...settings }: CodingSettings,
  visit: (block: CodingBlock) => void,
): void {
  using arena = new Arena();
  const solver = new LassoSolver(arena, D.rows, D.cols, X.rows, settings);
  const meter = measured ? new GapMeter(arena, D) : undefined;
  const rows = solver.blockRows, stride = padded(D.cols);
  const x = arena.f32(rows * padded(X.cols)), z = arena.f32(rows * stride);
  const size = step ?? 1 / lipschitz(D);
  if (Math.fround(size) === 0) {
    throw new RangeError(
      `Cannot code X: the step must be above 0 in float32 (from 1.4e-45 on), got ${size}; scale D down`,
    );
  }
  solver.setDictionary(D, size);
  forBlocks(X, rows, x, (first, end) => {
    const all = Array.from({ length: end - first }, (_, i) => i);
    visit({
      first,
      samples: all,
      start(zInit) {
        if (zInit) writeRows(z, zInit, first, end);
        else z.view.fill(0);
        solver.start(z, all.length);
      },
      iterate: (goal, samples = all) => solver.iterate(x, z, samples, goal),
      gap(s, lambda) {
        const sample = X.data.subarray((first + s) * X.cols, (first + s + 1) * X.cols);
        const codes = z.from(s * stride, D.cols).view;
        const gap = meter!.gap(sample, codes, lambda, settings.nonneg);
        return gap === 0 ? 0 : gap / halfSquare(sample);
      },
      readTo: (Z) => readRows(z, Z, first, end),
    });
  });
}

/** ½‖x‖², the objective at z = 0. */
function halfSquare(x: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i] * x[i];
  return sum / 2;
}
