/**
 * Dictionary learning along a path of penalties: finds the dictionary from a random start where alternating
 * sparse coding and least squares do not, and the number of its atoms too.
 * @module
 */
import {
  requireArray,
  requireFunction,
  requireInstance,
  requireInteger,
  requireNonNegative,
  requireOptions,
  requirePositive,
} from "./checks.ts";
import { differenceOf, type Identity } from "./cores/identity.ts";
import { MOST_ADDED, PathRounds } from "./cores/path_dictionary.ts";
import { missingDirections } from "./cores/path_growing.ts";
import { duplicateOf, prune, type Pruning } from "./cores/path_pruning.ts";
import { areOutnumbered, missesAtoms } from "./cores/path_searches.ts";
import {
  requireState,
  type RoundsState,
  type StateSizes,
  withCodesOf,
} from "./cores/path_state.ts";
import { penaltyUnit, requireHeld, unitColumns } from "./cores/path_units.ts";
import { whileRunning } from "./cores/reader_guard.ts";
import type { CsrMatrix } from "./csr_matrix.ts";
import {
  type Matrix,
  type Matrix32,
  normalizeColumns,
  requireFloat32,
  requireMatrix,
} from "./matrix.ts";
import { digestOf } from "./numeric/digest.ts";
import { RandomState, TorchGenerator } from "./random.ts";
import { Arena } from "./wasm/memory.ts";

/** λ at the beginning and at the end of the search, in units of {@linkcode penaltyUnit}. */
const [SEARCH_START, SEARCH_END] = [0.43, 0.043];
/** λ at the end of a polish, in the same unit. */
const POLISH_END = 0.0043;
/** Share of the dimensions that codes leave free at least, for the size of what they leave. */
const MIN_FREE = 0.1;
/** γ of the minimax concave penalty: codes above γλ are not shrunk. */
const MCP_GAMMA = 3;
/** Rounds from one look for useless atoms to the next. */
const RESTART_EVERY = 10;
/** An atom with a smaller participation ratio stands for one sample. */
const SINGLE = 2;
/** One with a smaller ratio stands for few. */
const FEW = 8;
/** Of two atoms with a cosine beyond ±this, one may be a duplicate. */
const DUPLICATE = 0.9;
/** Atoms enter the samples' lists in every third round: besides the time, that leaves lists time to settle. */
const ENTER_EVERY = 3;
/** Most atoms that enter a sample's list at a time, and most sweeps of coordinate descent over it in a round. */
const [ENTER, SWEEPS] = [8, 3];
/** Sweeps over the atoms in a round of a polish, whose codes have the right atoms. */
const POLISH_SWEEPS = 3;
/**
 * After pruning the search's end is gone through again, from a multiple of its last λ on: from far up where there
 * are so many samples per atom that rare atoms survive it.
 */
const SETTLE: Settling = { from: 2, to: 1, rounds: 30 };
const HOT_SETTLE: Settling = { from: 5, to: 1, rounds: 60 };
/** Samples per atom of the hot one. */
const HOT_FROM = 10;
/**
 * After cycles: where samples are so few that there were some, ℓ1 codes with the λ of the search's end and more take
 * rare latents off what they have reached, which those with half of it leave alone.
 */
const GENTLE: Settling = { from: 0.5, to: 0.5, rounds: 30 };
/** Polishes of a cycle take so many times the rounds of the others. */
const CYCLE_POLISH = 2;
/** λ of a polish has reached its end where it differs by no more than roundings. */
const AT_END = 1 + 1e-6;
/**
 * Pruning weighs atoms with this multiple of what the residuals' products reach by chance, if that is more than the
 * search's last λ: with less, noise pays for atoms of its own.
 */
const PRUNE_ABOVE_CHANCE = 2;
/**
 * Atoms that are missing are looked for with this multiple of the search's last λ: with less, many small codes of
 * other atoms hide them. At most this share of the atoms is added at a time, and so many times; of a known number
 * up to `room` times as many are there in between.
 */
const GROW = { from: 4, most: 0.05, times: 3, room: 1.1 };
/**
 * Of a known number of atoms pruning leaves this share, whatever they are worth: where more seem to be false, as in
 * samples that have no such atoms, others are no better.
 */
const NEVER_FALSE = 0.9;
/**
 * Where more of the atoms than this share stand for one sample when they have settled after the first pruning, or
 * fewer than FEWEST_SAMPLES are left for each in the end, the start was too wide. Of 18 runs with 50 to 200 latents
 * and 2 to 50 samples per atom of the start that tells the three with most atoms false, and two of the 13 with at
 * most 1 % of false atoms, of 2.7 and 3.3 samples; it misses two with 3 %.
 */
const TOO_MANY_SINGLE = 0.02;
/** Samples per atom of a start of "auto" at least, whatever its `atMost`: more atoms find the frequent latents only. */
const FEWEST_OF_START = 2;
/** Samples per atom below which rare atoms are hardly found, however slow the search; and false ones stay. */
const FEWEST_SAMPLES = 2.4;

/**
 * With fewer samples per atom than this the search is slower below so many dimensions, by their cube, where atoms
 * are more alike: that takes rounds, but these are quick.
 */
const FEW_SAMPLES = 5, LOW_DIMENSIONS = 90;

/** Samples per atom of the start that are learned from at most: with 50 every latent is used often enough. */
const MOST_PER_ATOM = 50;
/** Samples that are coded at a time where not all were learned from. */
const CODED_AT_ONCE = 10_000;

/** What a round is for, in the order of a run. */
export type PathPhase = "search" | "polish" | "settle";

/** One round of {@linkcode pathDictionary}. */
export interface PathRound {
  /** Rounds done, from 1. */
  round: number;
  /**
   * "search": λ falls, and atoms are found; "polish": minimax concave penalty, which does not shrink;
   * "settle": what is left after pruning, or new after growing, adapts; where latents outnumber the atoms, along a
   * whole path of λ. Search and polish come again with `searches`.
   */
  phase: PathPhase;
  /** Weight of the penalty, in units of `X`. */
  lambda: number;
  /** Mean over samples of ½‖x − Dz‖² + penalty after coding, in squared units of `X`. */
  loss: number;
  /** Mean of the residuals' squared entries after coding, in squared units of `X`. */
  meanSquare: number;
  /** Mean number of codes of a sample. */
  codesPerSample: number;
  /** Atoms of the dictionary. */
  atoms: number;
  /** Atoms that started anew after this round. */
  restarts: number;
  /**
   * Shares of the atoms that stand for one sample, few or many: participation ratio (Σz²)² / Σz⁴ of the atom's
   * codes under 2, from 2 to 8, and from 8. Singles at the end of a search were not found.
   */
  participation: { single: number; few: number; many: number };
}

/** What {@linkcode pathDictionary} learns and how. */
export interface PathDictionaryOptions {
  /** Number of atoms n, or "auto": as many as the samples need, at most `atMost`. */
  numLatents: number | "auto";
  /**
   * Atoms of the start of "auto": 1.2 to 1.5 times as many as are expected; but no more than one for two samples. The
   * rounds follow `atMost` as it is given, also where the start is capped: {@linkcode searchDefaults} tells why, and
   * `rounds` sets them.
   */
  atMost?: number;
  /** Seed of everything random: the start, the order of atoms, restarts. */
  seed: number;
  /**
   * Keeps the codes at 0 or above. Default true. Then two latents may be opposites; where one of them is used less
   * than half as much as the other, it is taken for a false copy, and lost.
   */
  nonneg?: boolean;
  /**
   * λ of the first round, in units of `X`. Default 0.43·σ·√(2 ln n), with σ the root mean square of X's
   * entries: what the products of a sample with n random atoms reach by chance is 1·σ·√(2 ln n).
   */
  lambdaStart?: number;
  /** λ of the last round of the search, at most `lambdaStart`. Default a tenth of it. */
  lambdaEnd?: number;
  /** Rounds of the search, of the first one with `searches`. Default: see {@linkcode searchDefaults}. */
  rounds?: number;
  /**
   * Searches at most. As long as one has not found the atoms, another begins at the start, with twice the rounds. It
   * has not where λ could not fall in its polish, and more than 1.2 k codes of a sample are left, with k of
   * m = 2k·ln(n/k): wrong atoms explain samples by their number. Default 1.
   */
  searches?: number;
  /**
   * Cycles after the searches, at most. Each prunes, lets λ fall from twice its last value with ℓ1 codes and polishes;
   * prunes again, grows, and does the same once more: 60 rounds and four times `polish`. The last is the one whose
   * polish λ has fallen to its end in: nothing is left of the samples. Default 0. Where samples or dimensions are too few
   * for a search to find the rare latents, 10 to 30 cycles find more of them, often all: what is right grows by being
   * right together. They need pruning: see `dInit`.
   */
  cycles?: number;
  /**
   * Rounds of each polish; 0 leaves it out. Default 30. λ falls to a tenth in it, but not below what the
   * residuals' products with the atoms reach by chance: where the samples have noise, or the dictionary is not
   * found, it stays above.
   */
  polish?: number;
  /**
   * Whether a code must exceed λ by what it owes to the sample's own part in its atom. Default true.
   */
  leaveOneOut?: boolean;
  /** Whether atoms of a single sample, and duplicates, start anew in the search. Default true. */
  restarts?: boolean;
  /** Sweeps over the atoms in a round of the search; 15 are nearly least squares. Default 1. */
  atomSweeps?: number;
  /**
   * Dictionary to start from, m × at least `numLatents`, with columns of norm 1e-8 or more, which are scaled to unit
   * norm. Default: random, as
   * {@linkcode searchDefaults} tells, or with `atMost` columns. More columns than wanted are pruned; with just
   * `numLatents` of them atoms are neither pruned nor grown.
   */
  dInit?: Matrix;
  /**
   * Asked at the beginning and before every round; meanwhile only `onProgress` can abort it, since the call is
   * synchronous.
   */
  signal?: AbortSignal;
  /**
   * Called after every round, with functions that copy the dictionary (m × `round.atoms`) as it is then, and the
   * whole state, for `resume`: they tell of this round, and throw once `onProgress` has returned.
   */
  onProgress?: (
    round: PathRound,
    dictionary: () => Matrix32,
    state: () => PathState,
  ) => void;
  /**
   * State of an earlier call with the same samples and options, which are compared: the rounds go on after it,
   * `onProgress` hears of these alone, and the result is that of a call which was never interrupted, to the bit.
   */
  resume?: PathState;
}

/** The state of {@linkcode pathDictionary} after a round: plain data, which can be written to a file. */
export interface PathState extends RoundsState {
  /** What decides where the rounds lead to: by name, plain JSON. */
  readonly of: Readonly<Record<string, unknown>>;
  /** Number of rounds that are done. */
  readonly rounds: number;
  /** What these were, all of them. */
  readonly history: readonly PathRound[];
  /** What products of the last round's residuals reach by chance, which bounds the next penalty of a polish. */
  readonly chance: number;
}

/** Rises whenever the same samples and options lead to other rounds: no state of the old ones goes on then. */
const LEARNER = 6;
/** The same of what is done in cycles, for the states of those alone. */
const CYCLES = 2;

/** What {@linkcode pathDictionary} returns. */
export interface PathDictionary {
  /** m×n, unit columns. */
  dictionary: Matrix32;
  /** Samples×n codes of `X` for it, in units of `X`, with the penalty of the last round. */
  codes: CsrMatrix;
  /** One entry per round. */
  history: PathRound[];
  /**
   * Margin of each atom, where atoms were pruned: what it costs to do without it, in units of what its own
   * codes cost at the last λ of the search, or at twice what noise reaches by chance, if that is more.
   * Below a limit between 0.5, up to 45 dimensions, and 1, from 90 on, it is taken out; 0 of an atom that fills up
   * a known number.
   */
  margins?: Float64Array;
  /**
   * With `numLatents` "auto", whether the start had more atoms than so few samples bear: once settled after the first
   * pruning, more than 2 % of the atoms stood for a single sample, or in the end fewer than 2.4 samples are there
   * for each atom. Some of the atoms that stay are then probably false, and some true ones are missing: start from
   * fewer (`atMost`), or give more samples.
   */
  tooWide?: boolean;
}

/**
 * Rounds of the search and atoms of its start by default. Few samples per atom need a slow search, since rare
 * atoms grow slowly, and bear no more atoms than there are; and so do many dimensions, which go with many active latents: with 20
 * of 1000 and 2.5 samples each, a start of 1.2 times the atoms finds the frequent half only, an exact one nearly all.
 * With less than five samples per atom few dimensions need more rounds, too, up to 1600.
 *
 * "auto" takes them as if `atMost` / 1.2 atoms were wanted, whatever its start is capped at: who expects so many of
 * few samples has a start as wide as these bear, which needs the slow search. Of 1200 samples with 100 dimensions
 * 600 and 601 start with 600 atoms both, but one search has 250 rounds and the other 1625.
 *
 * @param samples Number of samples.
 * @param inputDim Dimensions of a sample.
 * @param numLatents Atoms that are wanted.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { searchDefaults } from "./path_dictionary.ts";
 * assert.deepEqual(searchDefaults(2500, 93, 1000), { rounds: 233, width: 1200 });
 * // "auto" with atMost 600 and 601
 * assert.deepEqual([600, 601].map((most) => searchDefaults(1200, 100, Math.ceil(most / 1.2)).rounds), [250, 1625]);
 * ```
 */
export function searchDefaults(
  samples: number,
  inputDim: number,
  numLatents: number,
): { rounds: number; width: number } {
  requireInteger("samples", samples, 1);
  requireInteger("inputDim", inputDim, 1);
  requireInteger("numLatents", numLatents, 1);
  const perAtom = samples / numLatents, slowness = Math.max(1, inputDim / 80);
  const scarce = perAtom < FEWEST_SAMPLES * Math.max(1, inputDim / 100);
  const rounds = perAtom < FEWEST_SAMPLES ? 1300 : scarce ? 400 : perAtom < 4 ? 200 : 80;
  const slowest = perAtom < FEW_SAMPLES ? 200 * Math.min(8, (LOW_DIMENSIONS / inputDim) ** 3) : 0;
  const ratio = scarce ? 1 : perAtom < HOT_FROM ? 1.2 : 1.5;
  return {
    rounds: Math.max(150, Math.ceil(Math.max(slowest, rounds * slowness))),
    width: Math.ceil(ratio * numLatents),
  };
}

/**
 * Rounds of {@linkcode pathDictionary} at most, for telling how far it is: it ends earlier where no search has to
 * follow on the first, or no atoms are grown.
 *
 * @param samples Number of samples.
 * @param inputDim Dimensions of a sample.
 * @param options Those of the call; only what sizes and rounds depend on is looked at.
 * @throws {TypeError} When an argument is of the wrong kind.
 * @throws {RangeError} When one is out of range.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { mostRounds } from "./path_dictionary.ts";
 * // a search of 150 rounds; polish; settling, and polish; after growing again, and two more polishes
 * const rounds = mostRounds(2500, 47, { numLatents: 100, seed: 0, rounds: 150, polish: 30 });
 * assert.equal(rounds, 150 + 30 + (60 + 30) + (30 + 30) + 2 * 30);
 * ```
 */
export function mostRounds(
  samples: number,
  inputDim: number,
  options: PathDictionaryOptions,
): number {
  const sizes = sizesOf(samples, inputDim, options), { rounds, searches, polish } = sizes;
  const searched = (2 ** searches - 1) * rounds + searches * polish;
  if (!isPruned(sizes, options)) return searched;
  const cycle = 2 * (SETTLE.rounds + CYCLE_POLISH * polish);
  return searched + sizes.cycles * cycle + roundsAfter(samples, options, polish);
}

/** Rounds after the searches at most, where atoms are pruned and grown. */
function roundsAfter(
  samples: number,
  { numLatents, cycles = 0 }: PathDictionaryOptions,
  polish: number,
): number {
  const settled = settling(samples, fewestAtoms(numLatents), cycles).rounds + polish;
  return settled + settlingAgain(cycles).rounds + growths(polish) * polish;
}

/** How λ falls where atoms adapt to others that have gone or come: its ends in units of the search's last one. */
interface Settling {
  from: number;
  to: number;
  rounds: number;
}

/** Whether atoms are pruned, and grown. */
function isPruned(
  { target, width }: Pick<Plan, "target" | "width">,
  { dInit }: PathDictionaryOptions,
): boolean {
  return target < width || !dInit;
}

/** Atoms that pruning leaves at least, before the number is made exact. */
function fewestAtoms(numLatents: number | "auto"): number {
  return numLatents === "auto" ? 1 : Math.ceil(NEVER_FALSE * numLatents);
}

/** How the atoms that the first pruning after the searches, or the cycles, has left adapt. */
function settling(samples: number, atoms: number, cycles: number): Settling {
  return cycles > 0 || samples < HOT_FROM * atoms ? settlingAgain(cycles) : HOT_SETTLE;
}

/** How atoms adapt to those that have been grown after that. */
function settlingAgain(cycles: number): Settling {
  return cycles > 0 ? GENTLE : SETTLE;
}

/** Times that atoms are grown at most. */
function growths(polish: number): number {
  return polish > 0 ? GROW.times : 1;
}

/**
 * Learns a dictionary of unknown, or known, size from a random start. Every round codes all samples by
 * coordinate descent on sparse lists and then improves every atom once; over the rounds the weight λ
 * of the penalty falls geometrically. What makes it work where alternation fails is told in docs/dictionary.md:
 *
 * 1. *Path.* With a large λ few codes are used, and each atom becomes what most of its samples have in common.
 * 2. *One sweep* over the atoms, not a least squares fit, which would let each sample keep the atom it has.
 * 3. *Leave-one-out codes.* The part of an atom that a sample has put there itself does not count for it.
 * 4. *Restarts* of atoms that stand for one sample, and of duplicates.
 * 5. *Polish* with the minimax concave penalty, which does not shrink.
 * 6. *Pruning.* The start has more atoms than are wanted. Those go whose samples do as well without them.
 * 7. *Growing*. What some samples have in common of what is left of them becomes an atom, which pruning may take
 *    again.
 *
 * Where the samples have more latents than the atoms that are wanted, no atom is false, and instead of the last two
 * steps the start is pruned to the number at once, and what is left goes along the path once more. That is looked at
 * after a search with as many rounds as by default, and a polish.
 *
 * Of more than 50 samples per atom of the start, a random part of 50 is learned from, and the others are only
 * coded at the end: time and memory of the rounds do not grow any further.
 *
 * Deterministic for a seed, on any number of threads: these share the samples of a problem with 1000
 * atoms or more.
 *
 * @param X Samples×m observations, in any unit.
 * @param options See {@linkcode PathDictionaryOptions}.
 * @returns Dictionary, sparse codes, history, margins and whether the start was too wide.
 * @throws {TypeError} When an argument is of the wrong kind.
 * @throws {RangeError} When `X` is empty, zero, not finite in float32 or in units in which float32 does not hold its
 * codes (about 1e-36 to 3e38), or an option is out of range.
 * @throws The signal's reason, when it is aborted.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { generateDatasets } from "./data.ts";
 * import { matchColumns } from "./metrics.ts";
 * import { pathDictionary } from "./path_dictionary.ts";
 * const { val, A } = generateDatasets({ seed: 0, numLatents: 30, k: 3, nSamples: 4000 });
 * const { dictionary, tooWide } = pathDictionary(val.Y, { numLatents: "auto", atMost: 45, seed: 0 });
 * assert.deepEqual([dictionary.cols, tooWide], [30, false]);
 * assert(matchColumns(dictionary, A).meanCosine > 0.99);
 * ```
 */
export function pathDictionary(X: Matrix, options: PathDictionaryOptions): PathDictionary {
  const plan = planOf(X, options);
  options.signal?.throwIfAborted();
  const { target, D, rounds, polish, nonneg, unit } = plan;
  const random = new RandomState(options.seed);
  const history: PathRound[] = [];
  const part = X.rows > MOST_PER_ATOM * D.cols ? someRows(X, MOST_PER_ATOM * D.cols, random) : X;
  using arena = new Arena();
  const auto = options.numLatents === "auto";
  // of a known number more are grown than are wanted, since some are false
  const mostAtoms = auto ? D.cols : Math.max(D.cols, Math.ceil(GROW.room * target));
  const capacity = Math.min(D.cols, X.cols);
  const settings = { scale: 1 / unit, signed: !nonneg, capacity };
  const learner = new PathRounds(arena, part, D, { ...settings, mostAtoms });
  let of: Identity | undefined;
  const identity = () => of ??= identityOf(part, options, plan);
  const { resume } = options, before = resume?.history ?? [];
  if (resume) {
    const sizes = { samples: part.rows, inputDim: part.cols, mostAtoms };
    requireResumable(resume, identity(), { ...sizes, capacity });
  }

  // what the residuals of the last round reach by chance
  let chance = Infinity;
  const path = (phase: PathPhase, from: number, to: number, count: number) => {
    const polishing = phase === "polish";
    for (let r = 0; r < count; r++) {
      const known = before[history.length];
      if (known) {
        if (known.phase !== phase) {
          throw new RangeError(
            `resume.history[${history.length}].phase must be "${phase}", got "${known.phase}"`,
          );
        }
        // its numbers are drawn again; the last one's state has the rest
        random.permutation(known.atoms);
        for (let i = 0; i < known.restarts; i++) random.normal(0, 1, learner.m);
        history.push(known);
        if (history.length === before.length) [learner.state, chance] = [resume!, resume!.chance];
        continue;
      }
      options.signal?.throwIfAborted();
      const planned = count > 1 ? from * (to / from) ** (r / (count - 1)) : to;
      const lambda = polishing ? Math.min(from, Math.max(planned, chance)) : planned;
      learner.code({
        ...{ lambda, gamma: polishing ? MCP_GAMMA : 0 },
        ...{ leaveOut: plan.leaveOneOut && !polishing ? 1 : 0 },
        ...{ passes: 1, added: r % ENTER_EVERY === 0 ? ENTER : 0, sweeps: SWEEPS },
      });
      const meanSquare = learner.meanSquare();
      chance = chanceLevel(learner, meanSquare);
      learner.update(
        random.permutation(learner.n),
        phase === "search" ? plan.atomSweeps : polishing ? POLISH_SWEEPS : 1,
      );
      const participation = learner.participation();
      const look = phase === "search" && plan.restarts && r % RESTART_EVERY === RESTART_EVERY - 1;
      const entry: PathRound = {
        ...{ round: history.length + 1, phase, lambda: unit * lambda },
        ...{ loss: unit * unit * learner.meanObjective(), meanSquare: unit * unit * meanSquare },
        codesPerSample: learner.meanCount(),
        atoms: learner.n,
        restarts: look ? restartUseless(learner, participation, random) : 0,
        participation: shares(participation),
      };
      history.push(entry);
      whileRunning("onProgress", (guard) =>
        options.onProgress?.(
          entry,
          guard(`the dictionary of round ${entry.round}`, () => learner.dictionary()),
          guard(`the state of round ${entry.round}`, () => ({
            ...{ of: identity(), rounds: history.length, history: [...history], chance },
            ...learner.state,
          })),
        ));
    }
  };
  const polishFrom = plan.lambdaEnd, polishTo = plan.lambdaEnd * POLISH_END / SEARCH_END;
  let margins: Float64Array | undefined, tooWide = auto ? false : undefined;
  const start = plan.searches > 1 ? learner.state : undefined;
  let searched: number;
  for (let search = 0;; search++) {
    searched = rounds * 2 ** search;
    path("search", plan.lambdaStart, plan.lambdaEnd, searched);
    path("polish", polishFrom, polishTo, polish);
    if (search + 1 === plan.searches || !missesAtoms(history, learner.m)) break;
    [learner.state, chance] = [start!, Infinity];
  }
  const pruneTo = ({ exact, sparing }: Pick<Pruning, "exact" | "sparing">) => {
    // only a polish leaves noise alone
    const noise = polish > 0 ? PRUNE_ABOVE_CHANCE * chance : 0;
    const lambda = Math.max(plan.lambdaEnd, noise);
    const atLeast = exact ? target : fewestAtoms(options.numLatents);
    return prune(learner, { lambda, gamma: MCP_GAMMA, atLeast, exact, sparing });
  };
  const settle = ({ from, to, rounds }: Settling, polished = polish) => {
    path("settle", from * plan.lambdaEnd, to * plan.lambdaEnd, rounds);
    path("polish", polishFrom, polishTo, polished);
  };
  // an earlier call's rounds that follow tell that this was done
  const next = () => before[history.length];
  // without a polish nothing tells; a shorter search may have missed atoms by its haste; with "auto" there is no number
  // that latents could exceed. The history alone decides, which a call that goes on has too
  const tells = polish > 0 && searched >= plan.usualRounds && !auto;
  if (tells && areOutnumbered(history, learner.m, target)) {
    // what stays has to take over from what goes, which was not false: as slowly as there is time, for
    // which there is as much as pruning and growing would take
    if (!next()) pruneTo({ exact: true });
    const count = roundsAfter(part.rows, options, polish) - polish;
    path("settle", plan.lambdaStart, plan.lambdaEnd, count);
    path("polish", polishFrom, polishTo, polish);
    // it has the number already, and this only tells what each is worth
    margins = pruneTo({ exact: true });
  } else if (isPruned(plan, options)) {
    const { cycles } = plan;
    for (let cycle = 0; cycle < cycles; cycle++) {
      if (!next()) pruneTo({ exact: false });
      settle(SETTLE, CYCLE_POLISH * polish);
      if (!next()) {
        pruneTo({ exact: false, sparing: true });
        grow(learner, plan.lambdaEnd, mostAtoms);
      }
      settle(SETTLE, CYCLE_POLISH * polish);
      // noise, and atoms that are missing, keep it above: then nothing tells whether there is more to find
      if (history.at(-1)!.lambda <= AT_END * unit * polishTo) break;
    }
    if (!next()) pruneTo({ exact: false });
    settle(settling(part.rows, next()?.atoms ?? learner.n, cycles));
    const { single } = history.at(-1)!.participation;
    if (!next()) margins = pruneTo({ exact: false, sparing: true });
    for (let time = 0; time < growths(polish) && (next() || auto || learner.n !== target); time++) {
      if (!next() && !grow(learner, plan.lambdaEnd, mostAtoms)) break;
      // other atoms had taken up what was missing; but to go through this again and again costs the rarest
      if (time === 0) settle(settlingAgain(cycles));
      else path("polish", polishFrom, polishTo, polish);
      if (!next()) margins = pruneTo({ exact: false, sparing: true });
    }
    if (auto) tooWide = single > TOO_MANY_SINGLE || part.rows < FEWEST_SAMPLES * learner.n;
    else if (learner.n > target) margins = pruneTo({ exact: true, sparing: true });
    else if (learner.n < target) {
      margins = Float64Array.from({ length: target }, (_, j) => margins![j] ?? 0);
      // what single samples lack is next best
      grow(learner, plan.lambdaEnd, target, true);
      const missing = target - learner.n;
      learner.add(Array.from({ length: missing }, () => randomDirection(learner.m, random)));
    }
  }
  if (history.length < before.length) {
    throw new RangeError(
      `resume.history must have at most ${history.length} rounds, got ${before.length}`,
    );
  }
  // the last round's penalty: a polish ends below the search's last one, except where noise forbids it
  const lambda = history.at(-1)!.lambda / unit, gamma = polish > 0 ? MCP_GAMMA : 0;
  learner.code({ lambda, gamma, leaveOut: 0, passes: 2, added: MOST_ADDED, sweeps: 20 });
  const dictionary = learner.dictionary();
  const found = { dictionary, history, margins, tooWide };
  if (part === X) return { ...found, codes: codesOf(learner, unit) };
  const { lambdaEnd } = plan;
  // from a large λ down, as the samples that were learned from
  const falling = [
    ...[[3 * lambdaEnd, 0], [lambdaEnd, 0]],
    ...polish > 0 ? [[lambdaEnd, gamma], [lambda, gamma]] : [],
  ];
  const blocks = Array.from({ length: Math.ceil(X.rows / CODED_AT_ONCE) }, (_, b) => {
    const rows = Math.min(CODED_AT_ONCE, X.rows - b * CODED_AT_ONCE);
    const start = b * CODED_AT_ONCE * X.cols;
    const block = { rows, cols: X.cols, data: X.data.subarray(start, start + rows * X.cols) };
    using inner = new Arena();
    const coder = new PathRounds(inner, block, dictionary, settings);
    for (const [lambda, gamma] of falling) {
      coder.code({ lambda, gamma, leaveOut: 0, passes: 4, added: MOST_ADDED, sweeps: 20 });
    }
    return codesOf(coder, unit);
  });
  return { ...found, codes: stack(blocks) };
}

/**
 * Adds atoms that are missing, up to a number of them, also of single samples where `alone` says so; tells whether
 * there were any. Samples that have something of them lose the small codes that stood in for it, the others keep
 * what they have.
 */
function grow(learner: PathRounds, lambdaEnd: number, atMost: number, alone = false): boolean {
  const before = learner.state, lambda = GROW.from * lambdaEnd;
  const coding = { gamma: MCP_GAMMA, leaveOut: 0, sweeps: 20 };
  learner.code({ ...coding, lambda, passes: 4, added: MOST_ADDED });
  const most = Math.min(atMost - learner.n, Math.ceil(GROW.most * learner.n));
  const { directions, samples } = missingDirections(learner.residuals(), learner.m, {
    ...{ lambda, most, alone },
  });
  learner.state = withCodesOf(before, learner.state, samples);
  if (directions.length === 0) return false;
  learner.add(directions);
  learner.code({ ...coding, lambda: lambdaEnd, passes: 1, added: 1 });
  return true;
}

/** A random part of the rows, in their order. */
function someRows(X: Matrix, count: number, random: RandomState): Matrix {
  const chosen = random.permutation(X.rows).slice(0, count).sort();
  const data = new Float32Array(count * X.cols);
  chosen.forEach((row, i) =>
    data.set(X.data.subarray(row * X.cols, (row + 1) * X.cols), i * X.cols)
  );
  return { rows: count, cols: X.cols, data };
}

/** Codes in units of X. */
function codesOf(rounds: PathRounds, unit: number): CsrMatrix {
  const codes = rounds.codes(unit);
  // those of atoms that are alike may be larger than a row, and penalties of one's own let smaller ones in
  for (const value of codes.data) {
    if (value === 0 || Math.abs(value) === Infinity) requireHeld(Math.abs(value), "a code of");
  }
  return codes;
}

/** One sparse matrix of the rows of several. */
function stack(blocks: readonly CsrMatrix[]): CsrMatrix {
  const rows = blocks.reduce((sum, block) => sum + block.rows, 0);
  const entries = blocks.reduce((sum, block) => sum + block.data.length, 0);
  const whole = {
    ...{ rows, cols: blocks[0].cols, indptr: new Int32Array(rows + 1) },
    ...{ indices: new Int32Array(entries), data: new Float32Array(entries) },
  };
  let row = 0, entry = 0;
  for (const block of blocks) {
    block.indptr.forEach((position, i) => whole.indptr[row + i] = entry + position);
    whole.indices.set(block.indices, entry);
    whole.data.set(block.data, entry);
    row += block.rows;
    entry += block.data.length;
  }
  return whole;
}

/**
 * What products of the atoms with the residuals reach by chance, σ·√(2 ln n), in the learner's units: a penalty
 * below it would let codes of noise in. σ from the residuals, whose freedom the codes have reduced.
 */
function chanceLevel(learner: PathRounds, meanSquare: number): number {
  const free = Math.max(MIN_FREE, 1 - learner.meanCount() / learner.m);
  return Math.sqrt(2 * Math.log(Math.max(learner.n, 2)) * meanSquare / free);
}

/** What decides where the rounds lead to, by name. */
function identityOf(part: Matrix, options: PathDictionaryOptions, plan: Plan): Identity {
  const { numLatents, seed } = options, { rounds, polish, nonneg, unit } = plan;
  const { leaveOneOut, restarts, atomSweeps } = plan;
  return {
    ...{ numLatents, seed, rounds, polish, nonneg, leaveOneOut, restarts, atomSweeps },
    ...{ "number of samples": part.rows, "inputDim": part.cols, "atoms of the start": plan.D.cols },
    ...{ "digest of X": digestOf(part.data), "digest of the start": digestOf(plan.D.data) },
    ...{ lambdaStart: unit * plan.lambdaStart, lambdaEnd: unit * plan.lambdaEnd },
    ...{ searches: plan.searches },
    // states from before there was a choice go on
    ...plan.cycles > 0 && { cycles: plan.cycles, "version of the cycles": CYCLES },
    "version of the learner": LEARNER,
  };
}

/**
 * Requires a state of this learning.
 *
 * @throws {TypeError | RangeError} Where it is none: the message says in what.
 */
function requireResumable(state: PathState, own: Identity, sizes: StateSizes): void {
  const { of, rounds, history, chance } = state;
  requireOptions("resume.of", of);
  const difference = differenceOf(of, own, "learning");
  if (difference) throw new RangeError(`resume must be of the same learning: ${difference}`);
  requireState("resume", state, sizes);
  requireNonNegative("resume.chance", chance);
  requireArray("resume.history", history);
  requireInteger("resume.rounds", rounds, 1);
  if (history.length !== rounds) {
    throw new RangeError(`resume.history must have ${rounds} rounds, got ${history.length}`);
  }
  history.forEach((entry, i) => requireRound(`resume.history[${i}]`, entry, i + 1, sizes));
  const { atoms } = history[rounds - 1];
  if (atoms !== state.dictionary.cols) {
    throw new RangeError(
      `resume.dictionary must have the ${atoms} atoms of round ${rounds}, got ${state.dictionary.cols}`,
    );
  }
}

/** Requires an entry of a history; that its phase is the plan's is seen where it is gone through. */
function requireRound(
  name: string,
  entry: PathRound,
  number: number,
  { mostAtoms }: StateSizes,
): void {
  requireOptions(name, entry);
  const { round, atoms, restarts, participation } = entry;
  if (round !== number) throw new RangeError(`${name}.round must be ${number}, got ${round}`);
  requireInteger(`${name}.atoms`, atoms, 1, mostAtoms);
  requireInteger(`${name}.restarts`, restarts, 0, atoms);
  requirePositive(`${name}.lambda`, entry.lambda);
  for (const key of ["loss", "meanSquare", "codesPerSample"] as const) {
    requireNonNegative(`${name}.${key}`, entry[key]);
  }
  requireOptions(`${name}.participation`, participation);
  for (const key of ["single", "few", "many"] as const) {
    requireNonNegative(`${name}.participation.${key}`, participation[key]);
  }
}

/** Gives new random directions to the atoms of a single sample and to duplicates; returns their number. */
function restartUseless(
  learner: PathRounds,
  participation: Float64Array,
  random: RandomState,
): number {
  const weights = learner.weights(), useless = new Set<number>();
  participation.forEach((ratio, j) => ratio < SINGLE && useless.add(j));
  for (const pair of learner.coherent(DUPLICATE)) {
    const duplicate = duplicateOf(learner, pair, weights);
    if (duplicate !== undefined) useless.add(duplicate);
  }
  const directions = [...useless].map((j): [number, Float64Array] => {
    return [j, randomDirection(learner.m, random)];
  });
  learner.restart(new Map(directions));
  return useless.size;
}

/** A unit vector of m values. */
function randomDirection(m: number, random: RandomState): Float64Array {
  const direction = random.normal(0, 1, m), norm = Math.hypot(...direction);
  return direction.map((value) => value / norm);
}

function shares(participation: Float64Array): PathRound["participation"] {
  const below = (limit: number) =>
    participation.reduce((count, ratio) => count + (ratio < limit ? 1 : 0), 0) /
    participation.length;
  const single = below(SINGLE), few = below(FEW);
  return { single, few: few - single, many: 1 - few };
}

/** Options with their defaults, checked; penalties in units of {@linkcode penaltyUnit}. */
interface Plan {
  /** Atoms that are kept at least. */
  target: number;
  /** Atoms of the start. */
  width: number;
  /** The first dictionary. */
  D: Matrix32;
  unit: number;
  lambdaStart: number;
  lambdaEnd: number;
  rounds: number;
  /** Rounds of a search by default. */
  usualRounds: number;
  searches: number;
  cycles: number;
  polish: number;
  nonneg: boolean;
  leaveOneOut: boolean;
  restarts: boolean;
  atomSweeps: number;
}

const OPTIONS: readonly (keyof PathDictionaryOptions)[] = [
  "numLatents",
  "atMost",
  "seed",
  "nonneg",
  "lambdaStart",
  "lambdaEnd",
  "rounds",
  "searches",
  "cycles",
  "polish",
  "leaveOneOut",
  "restarts",
  "atomSweeps",
  "dInit",
  "signal",
  "onProgress",
  "resume",
];

function planOf(X: Matrix, options: PathDictionaryOptions): Plan {
  requireMatrix("X", X);
  requireInteger("X.rows", X.rows, 1);
  requireInteger("X.cols", X.cols, 1);
  requireFloat32("X", X);
  const sizes = sizesOf(X.rows, X.cols, options), { width } = sizes;
  const { seed, dInit, signal, onProgress, atomSweeps = 1 } = options;
  requireInteger("seed", seed, 0, 2 ** 32 - 1);
  requireInteger("atomSweeps", atomSweeps, 1);
  const unit = penaltyUnit(X, width, POLISH_END);
  const { lambdaStart = SEARCH_START * unit } = options;
  requirePositive("lambdaStart", lambdaStart);
  const { lambdaEnd = lambdaStart * SEARCH_END / SEARCH_START } = options;
  requirePositive("lambdaEnd", lambdaEnd);
  if (lambdaEnd > lambdaStart) {
    throw new RangeError(
      `lambdaEnd must be at most lambdaStart = ${lambdaStart}, got ${lambdaEnd}`,
    );
  }
  if (signal !== undefined) requireInstance("signal", signal, AbortSignal);
  if (onProgress !== undefined) requireFunction("onProgress", onProgress);
  if (options.resume !== undefined) requireOptions("resume", options.resume);
  const { nonneg = true, leaveOneOut = true, restarts = true } = options;
  return {
    ...sizes,
    ...{ unit, nonneg, leaveOneOut, restarts, atomSweeps },
    D: dInit ? unitColumns("dInit", dInit) : normalizeColumns({
      ...{ rows: X.cols, cols: width },
      data: new TorchGenerator(seed).randn(X.cols * width),
    }),
    lambdaStart: lambdaStart / unit,
    lambdaEnd: lambdaEnd / unit,
  };
}

/** Sizes and rounds, with their defaults, checked. */
function sizesOf(
  samples: number,
  inputDim: number,
  options: PathDictionaryOptions,
): Pick<Plan, "target" | "width" | "rounds" | "usualRounds" | "searches" | "cycles" | "polish"> {
  requireInteger("samples", samples, 1);
  requireInteger("inputDim", inputDim, 1);
  requireOptions("options", options, OPTIONS);
  const { numLatents, atMost, dInit } = options;
  const auto = numLatents === "auto";
  if (auto) {
    if (atMost === undefined && dInit === undefined) {
      throw new RangeError('atMost or dInit must be given with numLatents "auto", got neither');
    }
  } else requireInteger("numLatents", numLatents, 1);
  if (atMost !== undefined) {
    if (!auto) {
      throw new RangeError(`atMost must be left out with numLatents ${numLatents}, got ${atMost}`);
    }
    requireInteger("atMost", atMost, 1);
  }
  if (dInit) requireMatrix("dInit", dInit, { rows: inputDim });
  const target = auto ? 1 : numLatents;
  if (dInit && dInit.cols < target) {
    throw new RangeError(
      `dInit must have at least numLatents = ${target} columns, got ${dInit.cols}`,
    );
  }
  if (dInit && atMost !== undefined && dInit.cols > atMost) {
    throw new RangeError(`dInit must have at most atMost = ${atMost} columns, got ${dInit.cols}`);
  }
  // "auto" starts with 1.2 times as many as there may be
  const defaults = searchDefaults(
    ...[samples, inputDim, auto ? Math.ceil((dInit?.cols ?? atMost!) / 1.2) : target] as const,
  );
  const borne = Math.max(1, Math.floor(samples / FEWEST_OF_START));
  const width = dInit?.cols ?? (auto ? Math.min(atMost!, borne) : defaults.width);
  const { rounds = defaults.rounds, searches = 1, cycles = 0, polish = 30 } = options;
  requireInteger("rounds", rounds, 1);
  requireInteger("searches", searches, 1);
  requireInteger("cycles", cycles, 0);
  requireInteger("polish", polish, 0);
  if (searches > 1 && polish === 0) {
    // it tells whether a search has found the atoms
    throw new RangeError(`polish must be at least 1 with searches = ${searches}, got 0`);
  }
  return { target, width, rounds, usualRounds: defaults.rounds, searches, cycles, polish };
}
