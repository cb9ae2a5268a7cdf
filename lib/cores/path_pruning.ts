/**
 * Which atoms a dictionary can do without: those whose samples cost no more when they are coded anew without
 * them. A false atom is a mixture of a few true ones, which stand in for it; nothing stands in for a true one.
 * @module
 */
import { type Coding, MOST_ADDED, type PathRounds } from "./path_dictionary.ts";

/**
 * An atom goes when doing without it costs less than this, in units of λ·Σ|z|. In few dimensions even a true atom
 * is replaced at a moderate cost; in many, where true ones have 1.2 and more, half of it would keep mixtures.
 *
 * @param inputDim Dimensions of a sample.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { marginLimit } from "./path_pruning.ts";
 * assert.deepEqual([marginLimit(33), marginLimit(63), marginLimit(93)], [0.5, 0.7, 1]);
 * ```
 */
export function marginLimit(inputDim: number): number {
  return Math.min(1, Math.max(0.5, inputDim / 90));
}

/** One with a larger margin after a first look is not looked at again. */
const CLEAR = 2.5;
/** Of this many atoms and more, a first look takes so many samples at most, which tells the clear ones. */
const MANY_ATOMS = 1000, FIRST_SAMPLES = 32;
/** Of two atoms with a cosine beyond ±this the duplicate goes at once. */
const DUPLICATE = 0.95;
/**
 * Where codes are at 0 or above an opposite is a duplicate only if it is used less than this share of the other atom.
 * In the paper's data the false opposite of the latent that is active in half of the samples has at most .38 of its
 * Σ|z|; true opposites that are equally frequent have .64 and more.
 */
const OPPOSITE_USE = 0.5;
/** An atom with a smaller participation ratio stands for a single sample, and goes. */
const SINGLE = 1.5;
/** One with a smaller ratio may be a rare one: it goes if it costs less than this to do without it. */
const [PERHAPS_SINGLE, SINGLE_LIMIT] = [2, 1];
/** The codes of its other samples add up to this many λ at least, where rare atoms are spared. */
const OTHERS = 2;

/**
 * Which of two atoms with a cosine near ±1 is a duplicate of the other: the weaker one, unless codes at 0 or above
 * make much use of both opposites.
 *
 * @param pair Indices of the atoms.
 * @param use How much each atom is used, Σ|z| or Σz².
 * @returns Its index, or undefined where both are needed.
 */
export function duplicateOf(
  rounds: PathRounds,
  [i, j]: readonly [number, number],
  use: ArrayLike<number>,
): number | undefined {
  const [weaker, stronger] = use[i] < use[j] ? [i, j] : [j, i];
  const opposite = !rounds.signed && rounds.cosine(i, j) < 0;
  return opposite && use[weaker] >= OPPOSITE_USE * use[stronger] ? undefined : weaker;
}

/** How far pruning goes. */
export interface Pruning {
  /** Weight of the penalty of the comparison. */
  lambda: number;
  /** MCP's γ, or 0 for λ|z|. */
  gamma: number;
  /** Atoms that stay at least. */
  atLeast: number;
  /** Whether atoms that are needed go too, the cheapest first, until `atLeast` are left. */
  exact: boolean;
  /**
   * Whether rare atoms are spared: those with one strong sample are judged by their others, and a copy's codes
   * go to its original. Where instead the samples of a copy are coded without it, and it was of a frequent
   * atom, these many samples take up rare atoms that are near, which then seem to be worth little.
   */
  sparing?: boolean;
}

/** An atom, and what it costs to do without it. */
interface Candidate {
  atom: number;
  cost: number;
  /** Σ|z| of its codes. */
  size: number;
  margin: number;
  participation: number;
  /** Atoms that had gone when this was found, −1 after a first look. */
  after: number;
}

/**
 * Takes atoms out, one after the other; samples keep the codes that stand in for them.
 *
 * @returns The margins of the atoms that stay: cost of doing without them over λ·Σ|z|; of 1000 atoms and more
 * those far from the limit by 32 samples each.
 */
export function prune(
  rounds: PathRounds,
  { lambda, gamma, atLeast, exact, sparing = false }: Pruning,
): Float64Array {
  const coding: Coding = {
    ...{ lambda, gamma, leaveOut: 0 },
    ...{ passes: 8, added: MOST_ADDED, sweeps: 6 },
  };
  rounds.code(coding);
  if (sparing && mergeCopies(rounds, atLeast)) rounds.code(coding);
  const users = rounds.users(), gone = new Set<number>(), limit = marginLimit(rounds.m);
  const margins = new Float64Array(rounds.n);
  const firstSamples = rounds.n < MANY_ATOMS ? Infinity : FIRST_SAMPLES;

  const look = (atom: number, passes: number, keep = false): Candidate => {
    const { cost, size, participation } = rounds.without(
      atom,
      users[atom],
      { ...coding, passes, added: 10, sweeps: 10 },
      keep,
      passes > 1 ? Infinity : firstSamples,
    );
    const margin = margins[atom] = size > 0 ? cost / (lambda * size) : 0;
    return { atom, cost, size, margin, participation, after: passes > 1 ? gone.size : -1 };
  };
  const remove = (atom: number) => {
    look(atom, 3, true);
    for (const sample of users[atom]) {
      for (const other of rounds.atomsOf(sample)) users[other].add(sample);
    }
    users[atom].clear();
    rounds.erase(atom);
    gone.add(atom);
  };
  /** Whether what an atom has besides its strongest sample is worth it. */
  const shared = (atom: number) => {
    const again = { ...coding, passes: 3, added: 10, sweeps: 10 }, others = new Set(users[atom]);
    others.delete(rounds.without(atom, others, again, false).strongest);
    const { cost, size } = rounds.without(atom, others, again, false);
    return size > OTHERS * lambda && cost >= SINGLE_LIMIT * lambda * size;
  };
  const enough = () => rounds.n - gone.size <= atLeast;

  const found = Array.from({ length: rounds.n }, (_, j) => look(j, 1));
  const sizes = found.map(({ size }) => size);
  for (const [i, j] of rounds.coherent(DUPLICATE)) {
    if (enough()) break;
    if (gone.has(i) || gone.has(j)) continue;
    const duplicate = duplicateOf(rounds, [i, j], sizes);
    if (duplicate !== undefined) remove(duplicate);
  }
  for (const { atom, participation } of found) {
    if (enough()) break;
    if (gone.has(atom) || participation >= PERHAPS_SINGLE) continue;
    const single = sparing ? !shared(atom) : participation < SINGLE;
    if (single || look(atom, 3).margin < SINGLE_LIMIT) remove(atom);
  }
  const queue = found.filter(({ atom, margin }) => !gone.has(atom) && (exact || margin < CLEAR))
    .sort((a, b) => a.cost - b.cost);
  while (queue.length > 0 && !enough()) {
    const first = queue.shift()!;
    if (first.after === gone.size) {
      if (exact || first.margin < limit) remove(first.atom);
      continue;
    }
    const again = look(first.atom, 3);
    if (!exact && again.margin >= limit) continue;
    const behind = queue.findIndex(({ cost }) => cost >= again.cost);
    queue.splice(behind < 0 ? queue.length : behind, 0, again);
  }
  const kept = found.flatMap(({ atom }) => gone.has(atom) ? [] : [atom]);
  rounds.keep(kept);
  return Float64Array.from(kept, (atom) => margins[atom]);
}

/** Takes out atoms that have the direction of another; tells whether there were any. */
function mergeCopies(rounds: PathRounds, atLeast: number): boolean {
  const uses = rounds.users().map((samples) => samples.size), gone = new Set<number>();
  for (const [i, j] of rounds.coherent(DUPLICATE)) {
    if (rounds.n - gone.size <= atLeast) break;
    // an opposite's codes cannot be added
    if (gone.has(i) || gone.has(j) || rounds.cosine(i, j) < 0) continue;
    const [copy, original] = uses[i] < uses[j] ? [i, j] : [j, i];
    rounds.merge(copy, original);
    uses[original] += uses[copy];
    gone.add(copy);
  }
  if (gone.size > 0) rounds.keep(uses.flatMap((_, j) => gone.has(j) ? [] : [j]));
  return gone.size > 0;
}
