/**
 * Whether a search of the path learner has found the atoms, and whether it could.
 * @module
 */

/** What a round tells of it: the fields of the learner's `PathRound` that are needed. */
export interface RoundSigns {
  /** What it is for. */
  phase: string;
  /** Weight of the penalty. */
  lambda: number;
  /** Mean number of codes of a sample. */
  codesPerSample: number;
  /** Atoms of the dictionary. */
  atoms: number;
  /** Shares of them that stand for one sample, or few. */
  participation: { single: number; few: number };
}

/** Codes of a sample at most, over what its dimensions bear. */
const MOST_OVER_BORNE = 1.2;

/**
 * Most codes of a sample after a polish where the atoms were found: 1.2 times the k of m = 2k·ln(n/k). From about
 * that many dimensions on k codes of n atoms are the only ones (Donoho and Tanner, 2009), and so many the paper's
 * data have.
 *
 * @param m Dimensions of a sample.
 * @param n Atoms.
 * @returns At most 1.2 n/e, since 2k·ln(n/k) rises up to there only: for more dimensions too.
 */
export function mostCodes(m: number, n: number): number {
  let low = 0, high = n / Math.E;
  while (high - low > 1e-9 * n) {
    const k = (low + high) / 2;
    if (2 * k * Math.log(n / k) < m) low = k;
    else high = k;
  }
  return MOST_OVER_BORNE * high;
}

/**
 * Whether the last polish tells that the search before it was too fast: λ has not fallen in it, for what is left of
 * the samples is as large as noise that would forbid that, but codes are more than the dimensions bear. Wrong atoms
 * explain a sample by their number only; with noise, and the right ones, there are fewer codes than without. The
 * number of active latents need not be known for that.
 *
 * Of 44 searches that it was chosen by (100 to 1000 latents, 10 or 20 of them active, 1.5 to 25 samples each, noise up
 * to 20 %, an eighth of the default rounds to twice as many) it tells 22, of which 20 ended with at most 58 % of the
 * latents, also after pruning and growing, and two with all and 99.6 %; the others ended with 99.3 % or more.
 *
 * @param history Rounds, of which the last is one of a polish.
 * @param m Dimensions of a sample.
 */
export function missesAtoms(history: readonly RoundSigns[], m: number): boolean {
  const { lambda, codesPerSample, atoms } = history.at(-1)!;
  const { lambda: lambdaEnd } = history.findLast(({ phase }) => phase === "search")!;
  return lambda >= lambdaEnd && codesPerSample > mostCodes(m, atoms);
}

/**
 * Whether the last polish tells that the samples have more latents than the dictionary atoms, of which it has more
 * than are wanted: atoms are missing, and yet nearly all that are there stand for many samples. Where a search has
 * missed latents for want of samples, some stand for few. How many there may be: half of those that are not wanted. If
 * more are idle, the larger part of these can go as it is. With many samples a search of far too few rounds looks the
 * same.
 *
 * Of 88 searches of the default rounds for as many atoms as latents, with and without leave-one-out codes and restarts
 * (100 latents with 2.5 to 25 samples each, 300 and 1000 with 2.5 to 5), it tells none: where atoms are missing a fifth
 * of them and more stand for few samples, and a twelfth may. It tells those for 256 atoms of SynthSAEBench's 1024
 * features with 10 to 50 samples per atom, and of the paper's data those with twice as many latents as atoms and more;
 * with fewer the wider start has nearly all of them.
 *
 * @param history Rounds, of which the last is one of a polish.
 * @param m Dimensions of a sample.
 * @param wanted Atoms that are wanted.
 */
export function areOutnumbered(
  history: readonly RoundSigns[],
  m: number,
  wanted: number,
): boolean {
  const { atoms, participation: { single, few } } = history.at(-1)!;
  return (single + few) * atoms < (atoms - wanted) / 2 && missesAtoms(history, m);
}
