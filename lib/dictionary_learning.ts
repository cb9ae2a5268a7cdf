/**
 * Dictionary learning by alternating sparse coding and dictionary updates: DL-FISTA and ISTA learning.
 * @module
 */
import { INTERRUPTIBLE, type Interruptible, watch } from "./interruptible.ts";
import {
  requireFunction,
  requireInteger,
  requireNonNegative,
  requireOptions,
  requirePositive,
} from "./checks.ts";
import { sparseBlocks, wholeBlocks } from "./cores/code_blocks.ts";
import { DictionaryUpdater } from "./cores/dictionary_update.ts";
import { type AnyMatrix, isCsrMatrix, requireAnyMatrix, toDense } from "./csr_matrix.ts";
import { findNonzeros } from "./numeric/csr.ts";
import { Arena, type Block, padded, run, toMatrix32, writeRows } from "./wasm/memory.ts";
import { LassoSolver } from "./cores/fista.ts";
import { whileRunning } from "./cores/reader_guard.ts";
import { lipschitz } from "./linalg.ts";
import {
  type Matrix,
  type Matrix32,
  normalizeColumns,
  requireFloat32,
  requireMatrix,
  toFloat32,
} from "./matrix.ts";
import { TorchGenerator } from "./random.ts";

/** Ridge of the update, in squared units of the codes. */
const EPS = 1e-6;
/** Relative change of the dictionary below which learning stops … */
const CHANGE = 1e-5;
/** … once more rounds than this have been done before it. */
const FIRST_ROUNDS = 10;
/** A code counts for l0 above this magnitude. */
const ACTIVE = 0.01;

/** One round of {@linkcode learnDictionary}. */
export interface DictionaryHistory {
  /** `updateEvery` times the rounds done. */
  step: number;
  /** Mean squared error per entry of XId, of this round's codes with the updated dictionary. */
  mseId: number;
  /** The same for XOod. */
  mseOod: number;
  /** Mean number of codes above 0.01 in magnitude per sample of XId. */
  l0Id: number;
  /** The same for XOod. */
  l0Ood: number;
}

/** What `onRound` sees after a round. */
export interface DictionaryRound {
  /** Rounds done, from 1. */
  round: number;
  /** The round's entry of the history; absent in the round that stops because the dictionary rests. */
  entry?: DictionaryHistory;
  /** The updated dictionary (m×n), not changed by later rounds. */
  dictionary: Matrix32;
  /** A copy of the codes of XId, inferred before the update; only while `onRound` runs. */
  codesId(): Matrix32;
  /** A copy of the codes of XOod; only while `onRound` runs. */
  codesOod(): Matrix32;
}

/**
 * Sparse coding of one's own for {@linkcode learnDictionary}.
 *
 * @param X Samples×m observations: XId or XOod, as they were given.
 * @param D m×n dictionary of the round.
 * @param zInit Samples×n codes of the round before; zeros in the first.
 * @returns Samples×n codes.
 */
export type Coder = (X: Matrix, D: Matrix32, zInit: Matrix32) => Matrix;

/** What {@linkcode learnDictionary} learns and for how long. */
export interface LearnDictionaryOptions extends Interruptible {
  /** Number of atoms n. */
  numLatents: number;
  /** Weight λ of the ℓ1 penalty, above 0. */
  lambda: number;
  /** Number of rounds, in place of maxSteps / updateEvery. */
  rounds?: number;
  /** Number of steps; one round stands for `updateEvery` of them. Default 50,000. */
  maxSteps?: number;
  /** Steps per round. Default 50: 1000 rounds. */
  updateEvery?: number;
  /** Iterations of FISTA or ISTA per round. Default 100. */
  nIter?: number;
  /** Seed of the random start. Default 0. */
  seed?: number;
  /** m×n dictionary to start from, as it is. Default: normal numbers from the seed, unit columns. */
  dInit?: Matrix;
  /**
   * What an earlier call returned that did fewer rounds, or was ended, on the same observations and with
   * the same options: learning goes on after its rounds, and returns to the bit what one call would have.
   * `onRound` sees its parts: the dictionary, the codes and, entry by entry, the history.
   */
  resume?: LearnedDictionary;
  /**
   * "fista" keeps codes at 0 or above, "ista" does not; a function is sparse coding of one's own.
   * Default "fista".
   */
  solver?: "fista" | "ista" | Coder;
  /** Called after every round. */
  onRound?: (round: DictionaryRound) => void;
}

/** What {@linkcode learnDictionary} returns. */
export interface LearnedDictionary {
  /** Codes of XId, inferred before the last update. */
  codesId: Matrix32;
  /** Codes of XOod, inferred before the last update. */
  codesOod: Matrix32;
  /** m×n, unit columns; columns without codes are zero. */
  dictionary: Matrix32;
  /** One entry per round, except the one that stops. */
  history: DictionaryHistory[];
}

/**
 * Learns a dictionary: every round infers the codes of XId and XOod by FISTA, ISTA or a coder of one's
 * own, started at the previous round's codes, then updates the dictionary from XId only (see
 * `updateDictionary`). Stops after `rounds` (or maxSteps / updateEvery) rounds, or when, after at least
 * 11 rounds, ‖D − D_old‖ < 1e-5·‖D_old‖ in the Frobenius norm. Codes and dictionary are float32, the
 * update float64. Source: "Stop Probing, Start Coding" (arXiv 2603.28744), DL-FISTA.
 *
 * @param XId Samples×m observations to learn from.
 * @param XOod Samples×m observations that are coded only; may have no rows.
 * @param options See {@linkcode LearnDictionaryOptions}.
 * @returns Codes, dictionary and history.
 * @throws {TypeError} When an argument is of the wrong kind, an option unknown, both `rounds` and
 * `maxSteps` are given, or both `dInit` and `resume`.
 * @throws The signal's reason, when it is aborted and no partial result is wanted.
 * @throws {RangeError} When shapes do not match, values (a coder's too) are not finite in float32, an
 * option is out of range, or squared errors overflow float32.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { generateDatasets } from "./data.ts";
 * import { type Coder, learnDictionary } from "./dictionary_learning.ts";
 * import { fista } from "./sparse_coding.ts";
 * const { val, ood } = generateDatasets({ seed: 0, numLatents: 20, k: 3, nSamples: 200 });
 * const options = { numLatents: 20, lambda: 0.1, rounds: 10 };
 * const { dictionary, history } = learnDictionary(val.Y, ood.Y, options);
 * assert.equal(history.length, 10);
 * assert(history[9].mseId < history[0].mseId);
 *
 * // in two parts
 * const resume = learnDictionary(val.Y, ood.Y, { ...options, rounds: 4 });
 * assert.deepEqual(learnDictionary(val.Y, ood.Y, { ...options, resume }).dictionary, dictionary);
 *
 * // the same with a coder of one's own
 * const solver: Coder = (X, D, zInit) => fista(X, D, { lambda: 0.1, nonneg: true, zInit });
 * assert.deepEqual(learnDictionary(val.Y, ood.Y, { ...options, solver }).dictionary, dictionary);
 * ```
 */
export function learnDictionary(
  XId: Matrix,
  XOod: Matrix,
  options: LearnDictionaryOptions,
): LearnedDictionary {
  const { lambda, nIter, seed, dInit, solver: method, rounds, updateEvery, onRound, numLatents } =
    checkOptions(XId, XOod, options);
  const m = XId.cols, n = numLatents, accelerated = method === "fista";
  const { resume } = options, start = resume?.dictionary ?? dInit;
  const endsAfter = watch(options);
  let D = start ? toFloat32(start) : randomDictionary(m, n, seed);

  using arena = new Arena();
  // where the caller codes, the solver only measures the fit, and needs no more than a row
  const rows = typeof method === "function" ? 1 : Math.max(XId.rows, XOod.rows);
  const solver = new LassoSolver(arena, m, n, rows, { nIter, nonneg: accelerated, accelerated });
  const updater = new DictionaryUpdater(arena, XId, n, EPS);
  const zT = arena.f32(n > XId.rows ? n * padded(XId.rows) : 0);
  const id = new CodedSplit(arena, XId, n), ood = new CodedSplit(arena, XOod, n);
  const prepare = () =>
    solver.setDictionary(D, typeof method === "function" ? 0 : 1 / lipschitz(D));
  const infer = (split: CodedSplit) =>
    typeof method === "function" ? split.take(method, D) : split.infer(solver, lambda);
  const history: DictionaryHistory[] = [...resume?.history ?? []];
  if (resume) {
    writeRows(id.z, resume.codesId, 0, XId.rows);
    writeRows(ood.z, resume.codesOod, 0, XOod.rows);
  }
  prepare();
  for (let round = history.length + 1; round <= rounds; round++) {
    infer(id);
    infer(ood);
    const old = D;
    D = updater.update(wholeBlocks({ z: id.z, zT, samples: XId.rows, n }));
    const stopped = round > FIRST_ROUNDS + 1 && hasSettled(old, D);
    if (!stopped) {
      prepare();
      history.push({
        step: round * updateEvery,
        mseId: id.mse(solver),
        mseOod: ood.mse(solver),
        l0Id: id.l0(),
        l0Ood: ood.l0(),
      });
      requireFiniteErrors(history.at(-1)!);
    }
    if (onRound) report(onRound, round, stopped ? undefined : history.at(-1), D, id, ood);
    if (endsAfter(round, rounds) || stopped) break;
  }
  return { codesId: id.codes(), codesOod: ood.codes(), dictionary: D, history };
}

const LEARNING_OPTIONS = [
  ...["numLatents", "lambda", "rounds", "maxSteps", "updateEvery", "nIter", "seed", "dInit"],
  ...["resume", "solver", "onRound", ...INTERRUPTIBLE],
];

/** The checked arguments of {@linkcode learnDictionary}, with their defaults. */
function checkOptions(XId: Matrix, XOod: Matrix, options: LearnDictionaryOptions) {
  requireOptions("options", options, LEARNING_OPTIONS);
  const { numLatents, lambda, updateEvery = 50, nIter = 100, seed = 0, dInit, onRound } = options;
  const { rounds, maxSteps = 50_000, solver = "fista" } = options;
  requireMatrix("XId", XId);
  requireInteger("XId.rows", XId.rows, 1);
  requireInteger("XId.cols", XId.cols, 1);
  requireMatrix("XOod", XOod, { cols: XId.cols });
  requireFloat32("XId", XId);
  requireFloat32("XOod", XOod);
  requireInteger("numLatents", numLatents, 1);
  requirePositive("lambda", lambda);
  requireInteger("updateEvery", updateEvery, 1);
  if (rounds === undefined) requireInteger("maxSteps", maxSteps, updateEvery);
  else if (options.maxSteps === undefined) requireInteger("rounds", rounds, 1);
  else throw new TypeError("Cannot learn for both rounds and maxSteps: give one of them");
  requireInteger("nIter", nIter, 1);
  requireInteger("seed", seed, 0, 2 ** 32 - 1);
  if (dInit) requireMatrix("dInit", dInit, { rows: XId.cols, cols: numLatents });
  if (typeof solver !== "function" && solver !== "fista" && solver !== "ista") {
    throw new RangeError(
      `solver must be "fista", "ista" or a function, got ${JSON.stringify(solver)}`,
    );
  }
  if (onRound !== undefined) requireFunction("onRound", onRound);
  const total = rounds ?? Math.floor(maxSteps / updateEvery);
  if (options.resume !== undefined) requireResumable(options.resume, XId, XOod, numLatents, total);
  if (options.resume && dInit) throw new TypeError("Cannot start from both dInit and resume");
  return {
    numLatents,
    lambda,
    rounds: total,
    updateEvery,
    nIter,
    seed,
    dInit,
    solver,
    onRound,
  };
}

/** Requires what a call with these observations may have returned after at most so many rounds. */
function requireResumable(
  resume: LearnedDictionary,
  XId: Matrix,
  XOod: Matrix,
  n: number,
  rounds: number,
): void {
  requireOptions("resume", resume, ["codesId", "codesOod", "dictionary", "history"]);
  const { codesId, codesOod, dictionary, history } = resume;
  const parts = { codesId, codesOod, dictionary }, rows = [XId.rows, XOod.rows, XId.cols];
  Object.entries(parts).forEach(([part, M], i) => {
    requireMatrix(`resume.${part}`, M, { rows: rows[i], cols: n });
    requireFloat32(`resume.${part}`, M);
  });
  if (!Array.isArray(history)) {
    throw new TypeError(`resume.history must be an array, got ${typeof history}`);
  }
  requireInteger("resume.history.length", history.length, 1, rounds);
}

/**
 * The dictionary that fits codes best in the least squares sense, with a ridge:
 * D = XᵀZ(ZᵀZ + εI)⁻¹, then every atom scaled to unit norm (norms below 1e-8 count as 1e-8, so an
 * atom that no code uses is exactly zero). By Cholesky factorisation in float64, in the equal form
 * Xᵀ(ZZᵀ + εI)⁻¹Z where there are more atoms than samples; the cost of forming the system grows with the
 * codes that are not zero. Source: method of optimal directions (Engan, Aase and Husøy, 1999).
 *
 * @param X Samples×m observations, within float32 so that no sum of squares overflows; not rounded.
 * @param Z Samples×n codes (rounded to float32), dense or sparse: the same to the bit.
 * @param options `eps`: the ridge ε, in squared units of the codes. Default 1e-6.
 * @returns m×n dictionary, float32.
 * @throws {TypeError} When an argument is of the wrong kind.
 * @throws {RangeError} When shapes do not match, values are not finite in float32, `eps` is negative, or
 * it is too small for the codes (Gram matrix not positive definite in float64).
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { updateDictionary } from "./dictionary_learning.ts";
 * import { fromRows } from "./matrix.ts";
 * const D = updateDictionary(fromRows([[0, 2], [3, 0]]), fromRows([[1, 0], [0, 1]]));
 * assert.deepEqual([...D.data], [0, 1, 1, 0]);
 * ```
 */
export function updateDictionary(
  X: Matrix,
  Z: AnyMatrix,
  options: { eps?: number } = {},
): Matrix32 {
  requireOptions("options", options, ["eps"]);
  const { eps = EPS } = options;
  requireMatrix("X", X);
  requireAnyMatrix("Z", Z, { rows: X.rows });
  requireFloat32("X", X);
  if (!isCsrMatrix(Z)) requireFloat32("Z", Z);
  requireNonNegative("eps", eps);
  using arena = new Arena();
  const updater = new DictionaryUpdater(arena, X, Z.cols, eps);
  const { sparse } = isCsrMatrix(Z) ? findNonzeros(Z) : {};
  if (sparse) return updater.update(sparseBlocks(arena, sparse));
  const z = arena.matrix(isCsrMatrix(Z) ? toDense(Z) : Z), samples = X.rows, n = Z.cols;
  const zT = arena.f32(n > samples ? n * padded(samples) : 0);
  return updater.update(wholeBlocks({ z, zT, samples, n }));
}

/** Observations and their codes in Wasm memory. */
class CodedSplit {
  readonly z: Block;
  readonly #X: Matrix;
  readonly #x: Block;
  readonly #n: number;

  constructor(arena: Arena, X: Matrix, n: number) {
    this.#X = X;
    this.#n = n;
    this.#x = arena.matrix(X);
    this.z = arena.f32(X.rows * padded(n));
  }

  /** Sparse coding from the present codes on. */
  infer(solver: LassoSolver, lambda: number): void {
    const ldm = padded(this.#X.cols), ldn = padded(this.#n), count = this.#X.rows;
    for (let start = 0; start < count; start += solver.blockRows) {
      const rows = Math.min(solver.blockRows, count - start);
      const z = this.z.from(start * ldn, rows * ldn);
      const samples = Array.from({ length: rows }, (_, i) => i);
      solver.start(z, rows);
      solver.iterate(this.#x.from(start * ldm), z, samples, { lambda });
    }
  }

  /** Takes the codes that the caller's coder gives. */
  take(coder: Coder, D: Matrix32): void {
    const rows = this.#X.rows;
    if (rows === 0) return;
    const Z = coder(this.#X, D, this.codes());
    requireMatrix("solver's codes", Z, { rows, cols: this.#n });
    requireFloat32("solver's codes", Z);
    writeRows(this.z, Z, 0, rows);
  }

  mse(solver: LassoSolver): number {
    const { rows, cols } = this.#X;
    return rows === 0 ? 0 : solver.fitError(this.#x, this.z, rows) / (rows * cols);
  }

  l0(): number {
    const { rows } = this.#X;
    return rows === 0 ? 0 : run("count_above", this.z.length, ACTIVE, this.z) / rows;
  }

  codes(): Matrix32 {
    return toMatrix32(this.z, this.#X.rows, this.#n);
  }
}

/** Calls `onRound`; the codes can be read until it returns. */
function report(
  onRound: (round: DictionaryRound) => void,
  round: number,
  entry: DictionaryHistory | undefined,
  dictionary: Matrix32,
  id: CodedSplit,
  ood: CodedSplit,
): void {
  const what = `the codes of round ${round}`;
  whileRunning("onRound", (guard) => {
    const [codesId, codesOod] = [id, ood].map((split) => guard(what, () => split.codes()));
    onRound({ round, entry, dictionary, codesId, codesOod });
  });
}

/** Requires that the squares of the residuals have not overflowed: codes and dictionary are lost then. */
function requireFiniteErrors({ step, mseId, mseOod }: DictionaryHistory): void {
  for (const [name, mse] of [["XId", mseId], ["XOod", mseOod]] as const) {
    if (!Number.isFinite(mse)) {
      throw new RangeError(
        `Cannot learn from ${name}: its squared errors must stay finite in float32, got ${mse} at ` +
          `step ${step}; scale XId and XOod down`,
      );
    }
  }
}

/** Normal numbers from PyTorch's generator, row after row, columns scaled to unit norm. */
function randomDictionary(m: number, n: number, seed: number): Matrix32 {
  return normalizeColumns({ rows: m, cols: n, data: new TorchGenerator(seed).randn(m * n) });
}

/** Whether the dictionary has changed by less than the limit; one that was zero and still is has. */
function hasSettled(old: Matrix32, D: Matrix32): boolean {
  let change = 0, size = 0;
  for (let p = 0; p < D.data.length; p++) {
    change += (D.data[p] - old.data[p]) ** 2;
    size += old.data[p] ** 2;
  }
  return change === 0 || Math.sqrt(change) < CHANGE * Math.sqrt(size);
}
