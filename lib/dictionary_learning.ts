/**
 * Dictionary learning by alternating sparse coding and dictionary updates: DL-FISTA and ISTA learning.
 * @module
 */
import { requireFunction, requireInteger, requireOptions, requirePositive } from "./checks.ts";
import { DictionaryUpdater } from "./cores/dictionary_update.ts";
import { Arena, type Block, padded, run, toMatrix32 } from "./wasm/memory.ts";
import { LassoSolver } from "./cores/fista.ts";
import {
  type Matrix,
  type Matrix32,
  normalizeColumns,
  requireFloat32,
  requireMatrix,
  toFloat32,
} from "./matrix.ts";
import { TorchGenerator } from "./random.ts";

export { updateDictionary } from "./cores/dictionary_update.ts";

/** Ridge of the update. */
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

/** What {@linkcode learnDictionary} learns and for how long. */
export interface LearnDictionaryOptions {
  /** Number of atoms n. */
  numLatents: number;
  /** Weight λ of the ℓ1 penalty, above 0. */
  lambda: number;
  /** Number of steps; one round stands for `updateEvery` of them. Default 50,000. */
  maxSteps?: number;
  /** Steps per round. Default 50: 1000 rounds. */
  updateEvery?: number;
  /** Iterations of sparse coding per round. Default 100. */
  nIter?: number;
  /** Seed of the random start; not needed with `dInit`. */
  seed?: number;
  /** m×n dictionary to start from, as it is. Default: normal numbers from the seed, unit columns. */
  dInit?: Matrix;
  /** "fista" keeps codes at 0 or above, "ista" does not. Default "fista". */
  solver?: "fista" | "ista";
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
 * Learns a dictionary: every round infers the codes of XId and XOod by FISTA or ISTA, started at the
 * previous round's codes, then updates the dictionary from XId only (see `updateDictionary`). Stops
 * after maxSteps / updateEvery rounds, or when, after at least 11 rounds, ‖D − D_old‖ < 1e-5·‖D_old‖ in
 * the Frobenius norm. Codes and dictionary are float32, the update float64. Source: "Stop Probing, Start
 * Coding" (arXiv 2603.28744), DL-FISTA.
 *
 * @param XId Samples×m observations to learn from.
 * @param XOod Samples×m observations that are coded only; may have no rows.
 * @param options See {@linkcode LearnDictionaryOptions}.
 * @returns Codes, dictionary and history.
 * @throws {TypeError} When an argument is of the wrong kind.
 * @throws {RangeError} When shapes do not match, values are not finite, an option is out of range, or
 * squared errors overflow float32.
 *
 * @example
 * ```ts
 * import { generateDatasets } from "./data.ts";
 * import { learnDictionary } from "./dictionary_learning.ts";
 * const { val, ood } = generateDatasets({ seed: 0, numLatents: 20, k: 3, nSamples: 200 });
 * const { dictionary } = learnDictionary(val.Y, ood.Y, {
 *   numLatents: 20,
 *   lambda: 0.1,
 *   seed: 0,
 *   maxSteps: 500,
 * });
 * ```
 */
export function learnDictionary(
  XId: Matrix,
  XOod: Matrix,
  options: LearnDictionaryOptions,
): LearnedDictionary {
  requireOptions("options", options);
  const {
    numLatents,
    lambda,
    maxSteps = 50_000,
    updateEvery = 50,
    nIter = 100,
    seed,
    dInit,
    solver: method = "fista",
    onRound,
  } = options;
  requireMatrix("XId", XId);
  requireInteger("XId.rows", XId.rows, 1);
  requireInteger("XId.cols", XId.cols, 1);
  requireMatrix("XOod", XOod, { cols: XId.cols });
  requireFloat32("XId", XId);
  requireFloat32("XOod", XOod);
  requireInteger("numLatents", numLatents, 1);
  requirePositive("lambda", lambda);
  requireInteger("updateEvery", updateEvery, 1);
  requireInteger("maxSteps", maxSteps, updateEvery);
  requireInteger("nIter", nIter, 1);
  if (dInit) requireMatrix("dInit", dInit, { rows: XId.cols, cols: numLatents });
  if (method !== "fista" && method !== "ista") {
    throw new RangeError(`solver must be "fista" or "ista", got ${JSON.stringify(method)}`);
  }
  if (onRound !== undefined) requireFunction("onRound", onRound);
  const m = XId.cols, n = numLatents, accelerated = method === "fista";
  let D = dInit ? toFloat32(dInit) : randomDictionary(m, n, seed!);

  using arena = new Arena();
  const settings = { lambda, nIter, nonneg: accelerated, accelerated };
  const solver = new LassoSolver(arena, m, n, Math.max(XId.rows, XOod.rows), settings);
  const updater = new DictionaryUpdater(arena, XId, n, EPS);
  const id = new Split(arena, XId, n), ood = new Split(arena, XOod, n);
  const history: DictionaryHistory[] = [];
  solver.setDictionary(D);
  for (let round = 1; round <= Math.floor(maxSteps / updateEvery); round++) {
    id.infer(solver);
    ood.infer(solver);
    const old = D;
    D = updater.update(id.z);
    const stopped = round > FIRST_ROUNDS + 1 && hasSettled(old, D);
    if (!stopped) {
      solver.setDictionary(D);
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
    if (stopped) break;
  }
  return { codesId: id.codes(), codesOod: ood.codes(), dictionary: D, history };
}

/** Observations and their codes in Wasm memory. */
class Split {
  readonly z: Block;
  readonly #x: Block;
  readonly #rows: number;
  readonly #m: number;
  readonly #n: number;

  constructor(arena: Arena, X: Matrix, n: number) {
    [this.#rows, this.#m, this.#n] = [X.rows, X.cols, n];
    this.#x = arena.matrix(X);
    this.z = arena.f32(X.rows * padded(n));
  }

  /** Sparse coding from the present codes on. */
  infer(solver: LassoSolver): void {
    const ldm = padded(this.#m), ldn = padded(this.#n);
    for (let start = 0; start < this.#rows; start += solver.blockRows) {
      const rows = Math.min(solver.blockRows, this.#rows - start);
      const z = this.z.from(start * ldn, rows * ldn);
      solver.start(z, rows);
      solver.iterate(this.#x.from(start * ldm), z, Array.from({ length: rows }, (_, i) => i));
    }
  }

  mse(solver: LassoSolver): number {
    if (this.#rows === 0) return 0;
    return solver.fitError(this.#x, this.z, this.#rows) / (this.#rows * this.#m);
  }

  l0(): number {
    return this.#rows === 0 ? 0 : run("count_above", this.z.length, ACTIVE, this.z) / this.#rows;
  }

  codes(): Matrix32 {
    return toMatrix32(this.z, this.#rows, this.#n);
  }
}

/** Calls `onRound`; the codes can be read until it returns. */
function report(
  onRound: (round: DictionaryRound) => void,
  round: number,
  entry: DictionaryHistory | undefined,
  dictionary: Matrix32,
  id: Split,
  ood: Split,
): void {
  let running = true;
  const copy = (split: Split) => () => {
    if (!running) throw new Error(`Cannot read the codes of round ${round}: onRound has returned`);
    return split.codes();
  };
  onRound({ round, entry, dictionary, codesId: copy(id), codesOod: copy(ood) });
  running = false;
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
