/**
 * Dictionary learning that only betters what is there, by careful codes.
 * @module
 */
import { requireBoolean, requireInteger, requireOptions, requirePositive } from "./checks.ts";
import { PathRounds } from "./cores/path_dictionary.ts";
import { penaltyUnit, unitColumns } from "./cores/path_units.ts";
import { INTERRUPTIBLE, type Interruptible, watch } from "./interruptible.ts";
import { type Matrix, type Matrix32, requireFloat32, requireMatrix } from "./matrix.ts";
import { RandomState } from "./random.ts";
import { Arena } from "./wasm/memory.ts";

/** λ that a round's codes begin with, and the last one by default, in units of what chance reaches. */
const [CODES_START, LAMBDA] = [1.15, 0.14];
/** Steps of λ to the last one, with the ℓ1 penalty; then so many with the minimax concave one. */
const [STEPS, LAST_STEPS] = [12, 4];
/** Atoms that enter a sample's list in a step at most. */
const ENTER = 4;
/** Sweeps of coordinate descent in a step of each kind at most. */
const [SWEEPS, LAST_SWEEPS] = [5, 10];
/** γ of the minimax concave penalty: codes above γλ are not shrunk. */
const GAMMA = 1.5;

/** How {@linkcode refineDictionary} goes about it. */
export interface RefineDictionaryOptions extends Interruptible {
  /** Rounds. Default 6: more change little. */
  rounds?: number;
  /**
   * Weight of the penalty in units of `X`. Default 0.14·σ·√(2 ln n), with σ the root mean square of X's entries.
   * Noise needs what its products with the atoms reach by chance.
   */
  lambda?: number;
  /** Whether codes are kept at 0 or above. Default true. */
  nonneg?: boolean;
  /** Seed of the order of atoms. Default 0. */
  seed?: number;
}

/**
 * Betters a dictionary whose atoms are mostly right, such as that of {@linkcode consensusDictionary}, and finds no
 * other ones. A round codes all samples from nothing, with the ℓ1 norm from a large λ down, then with the minimax
 * concave penalty (γ = 1.5), which hardly shrinks codes; and improves all atoms once: d ← d + Σz·r / Σz². The rounds
 * of {@linkcode pathDictionary} begin at the codes of the round before, which is a tenth of the work and finds atoms;
 * but mistakes in codes stay, and wear off atoms of few uses.
 *
 * @param X Samples×m observations, in any unit.
 * @param D m×n dictionary; the norms of its atoms do not matter.
 * @param options See {@linkcode RefineDictionaryOptions}.
 * @returns m×n, unit columns, in the order of `D`.
 * @throws {TypeError} When an argument is of the wrong kind, or an option unknown.
 * @throws {RangeError} When shapes do not match, `X` is empty, zero, not finite in float32 or in units in which
 * float32 does not hold its codes, a column of `D` has a norm below 1e-8, or an option is out of range.
 * @throws The signal's reason, when it is aborted and no partial result is wanted.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { generateDatasets } from "./data.ts";
 * import { matchColumns } from "./metrics.ts";
 * import { RandomState } from "./random.ts";
 * import { refineDictionary } from "./refine_dictionary.ts";
 *
 * const { val, A } = generateDatasets({ seed: 0, numLatents: 100, k: 10, nSamples: 1000 });
 * const noise = new RandomState(1).normal(0, 0.06, A.data.length);
 * const D = { ...A, data: A.data.map((value, i) => value + noise[i]) };
 * const refined = refineDictionary(val.Y, D, { rounds: 3 });
 * assert(matchColumns(D, A).meanCosine < 0.93 && matchColumns(refined, A).meanCosine > 0.97);
 * ```
 */
export function refineDictionary(
  X: Matrix,
  D: Matrix,
  options: RefineDictionaryOptions = {},
): Matrix32 {
  requireOptions("options", options, ["rounds", "lambda", "nonneg", "seed", ...INTERRUPTIBLE]);
  requireMatrix("X", X);
  requireInteger("X.rows", X.rows, 1);
  requireInteger("X.cols", X.cols, 1);
  requireFloat32("X", X);
  requireMatrix("D", D, { rows: X.cols });
  requireInteger("D.cols", D.cols, 1);
  const start = unitColumns("D", D), unit = penaltyUnit(X, D.cols, LAMBDA);
  const { rounds = 6, lambda = LAMBDA * unit, nonneg = true, seed = 0 } = options;
  requireInteger("rounds", rounds, 1);
  requirePositive("lambda", lambda);
  requireBoolean("nonneg", nonneg);
  requireInteger("seed", seed, 0, 2 ** 32 - 1);
  const endsAfter = watch(options);
  const random = new RandomState(seed), last = lambda / unit, first = Math.max(CODES_START, last);

  using arena = new Arena();
  const capacity = Math.min(D.cols, X.cols);
  const learner = new PathRounds(arena, X, start, { scale: 1 / unit, signed: !nonneg, capacity });
  const coding = { leaveOut: 0, passes: 1, added: ENTER };
  for (let round = 1; round <= rounds; round++) {
    learner.drop(() => true);
    for (let step = 0; step < STEPS; step++) {
      const lambda = first * (last / first) ** (step / (STEPS - 1));
      learner.code({ ...coding, lambda, gamma: 0, sweeps: SWEEPS });
    }
    for (let step = 0; step < LAST_STEPS; step++) {
      learner.code({ ...coding, lambda: last, gamma: GAMMA, sweeps: LAST_SWEEPS });
    }
    learner.update(random.permutation(learner.n));
    if (endsAfter(round, rounds)) break;
  }
  return learner.dictionary();
}
