/**
 * FISTA for several iteration counts, or several penalties, at the cost of one preparation: what
 * warm-start and sensitivity studies need.
 * @module
 */
import { requireArray, requireInteger, requireOptions, requirePositive } from "./checks.ts";
import { Arena, padded, readRows, writeRows } from "./wasm/memory.ts";
import { type LassoSettings, LassoSolver } from "./cores/fista.ts";
import { type Matrix, type Matrix32, requireMatrix, requireNoOverflow, zeros32 } from "./matrix.ts";

/** What {@linkcode fistaCheckpoints} minimises. */
export interface FistaBudgetsOptions {
  /** Weight λ of the ℓ1 penalty, above 0. */
  lambda: number;
  /** Numbers of iterations after which codes are wanted, ascending, at least 1. */
  budgets: readonly number[];
  /** Keeps codes at 0 or above. Default false. */
  nonneg?: boolean;
  /** Samples × n codes to start from. Default 0. */
  zInit?: Matrix;
}

/**
 * The codes of one FISTA run after several numbers of iterations, as separate runs of those lengths
 * would give them, up to float32 rounding.
 *
 * @param X Samples × m observations.
 * @param D m × n dictionary.
 * @returns Samples × n codes per budget.
 * @throws {TypeError} When an argument is of the wrong kind.
 * @throws {RangeError} When shapes do not match, values are not finite, an option is out of range, the
 * budgets do not ascend, or the iterates overflow float32.
 *
 * @example
 * ```ts
 * import { fistaCheckpoints } from "./fista_paths.ts";
 * import { fromRows } from "./matrix.ts";
 * const D = fromRows([[1, 0.5], [0, 1]]);
 * const [early, late] = fistaCheckpoints(fromRows([[2, 1]]), D, { lambda: 0.1, budgets: [1, 100] });
 * ```
 */
export function fistaCheckpoints(
  X: Matrix,
  D: Matrix,
  options: FistaBudgetsOptions,
): Matrix32[] {
  requireOptions("options", options);
  const { lambda, budgets, nonneg = false, zInit } = options;
  requireMatrix("D", D);
  requireInteger("D.rows", D.rows, 1);
  requireMatrix("X", X, { cols: D.rows });
  requirePositive("lambda", lambda);
  requireArray("budgets", budgets);
  budgets.forEach((budget, i) =>
    requireInteger(`budgets[${i}]`, budget, (budgets[i - 1] ?? 0) + 1)
  );
  if (zInit) requireMatrix("zInit", zInit, { rows: X.rows, cols: D.cols });

  const settings = { lambda, nIter: budgets.at(-1) ?? 1, nonneg, accelerated: true };
  return solveBlocks(X, D, settings, budgets.length, ({ start, iterate, read }) => {
    start(zInit);
    budgets.forEach((budget, i) => {
      iterate(budget);
      read(i);
    });
  });
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
 * @param X Samples × m observations.
 * @param D m × n dictionary.
 * @returns Samples × n codes per weight, each as `fista` gives them.
 * @throws {TypeError} When an argument is of the wrong kind.
 * @throws {RangeError} When shapes do not match, values are not finite, an option is out of range, or
 * the iterates overflow float32.
 *
 * @example
 * ```ts
 * import { fistaLambdas } from "./fista_paths.ts";
 * import { fromRows } from "./matrix.ts";
 * const D = fromRows([[1, 0], [0, 1]]);
 * fistaLambdas(fromRows([[2, 1]]), D, { lambdas: [0.5, 1] })[1].data; // [1, 0]
 * ```
 */
export function fistaLambdas(
  X: Matrix,
  D: Matrix,
  options: FistaLambdasOptions,
): Matrix32[] {
  requireOptions("options", options);
  const { lambdas, nIter = 100, nonneg = false } = options;
  requireMatrix("D", D);
  requireInteger("D.rows", D.rows, 1);
  requireMatrix("X", X, { cols: D.rows });
  requireArray("lambdas", lambdas);
  lambdas.forEach((lambda, i) => requirePositive(`lambdas[${i}]`, lambda));
  requireInteger("nIter", nIter, 1);

  const settings = { lambda: 1, nIter, nonneg, accelerated: true };
  return solveBlocks(X, D, settings, lambdas.length, ({ start, iterate, read }) => {
    lambdas.forEach((lambda, i) => {
      // the solver reads its settings when it iterates
      settings.lambda = lambda;
      start();
      iterate(nIter);
      read(i);
    });
  });
}

/** What can be done with the block of samples whose turn it is. */
interface BlockActions {
  /** Begins at given codes, or at 0. */
  start(zInit?: Matrix): void;
  /** Goes on to iteration `end`. */
  iterate(end: number): void;
  /** Copies the codes to result number `i`. */
  read(i: number): void;
}

/** Calls `visit` for every block of samples; returns the `count` results that it has read. */
function solveBlocks(
  X: Matrix,
  D: Matrix,
  settings: LassoSettings,
  count: number,
  visit: (block: BlockActions) => void,
): Matrix32[] {
  const results = Array.from({ length: count }, () => zeros32(X.rows, D.cols));
  using arena = new Arena();
  const solver = new LassoSolver(arena, D.rows, D.cols, X.rows, settings);
  const size = solver.blockRows;
  const x = arena.f32(size * padded(X.cols)), z = arena.f32(size * padded(D.cols));
  solver.setDictionary(D);
  for (let first = 0; first < X.rows; first += size) {
    const rows = Math.min(size, X.rows - first);
    const samples = Array.from({ length: rows }, (_, i) => i);
    writeRows(x, X, first, first + rows);
    visit({
      start(zInit) {
        if (zInit) writeRows(z, zInit, first, first + rows);
        else z.view.fill(0);
        solver.start(z, rows);
      },
      iterate: (end) => solver.iterate(x, z, samples, end),
      read: (i) => readRows(z, results[i], first, first + rows),
    });
  }
  for (const Z of results) requireNoOverflow("code X", Z, "scale X, D or zInit");
  return results;
}
