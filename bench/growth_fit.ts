/**
 * The arithmetic of the growth bench: what is counted, and slopes on log axes.
 * @module
 */

/** One size of the problem. */
export interface Size {
  /** Latents. */
  n: number;
  /** Observed dimensions. */
  m: number;
  /** Samples of a split; of a batch for a training step. */
  samples: number;
}

/** The axes along which the problem grows. */
export const AXES = ["n", "m", "samples"] as const;

/** One of {@linkcode AXES}. */
export type Axis = typeof AXES[number];

/** What is timed. */
export type Operation = "fista" | "sae_step" | "dictionary_round" | "evaluate";

const ITERATIONS = 100, SPLITS = 2;

/** Multiply-adds of FISTA on both splits: two products with the dictionary in every iteration. */
function fistaCount({ n, m, samples }: Size): number {
  return SPLITS * ITERATIONS * 2 * samples * n * m;
}

/**
 * Multiply-adds as the textbook does them, every product dense: what the growth of the times is
 * held against. Ours do fewer where codes are sparse.
 */
export const OPERATIONS: Record<Operation, (size: Size) => number> = {
  fista: fistaCount,
  // relu: two products forward, three backward; AdamW's ten for each weight of encoder and decoder
  sae_step: ({ n, m, samples }) => 5 * samples * n * m + 20 * n * m,
  // the update: ZᵀZ, its Cholesky factors and m right-hand sides
  dictionary_round: (size) => {
    const { n, m, samples } = size;
    return fistaCount(size) + samples * n * (n + m) + n ** 3 / 3 + 2 * m * n ** 2;
  },
  // correlations of all pairs of columns, a sort of every column, an assignment
  evaluate: ({ n, samples }) =>
    SPLITS * (samples * n ** 2 + n * samples * Math.log2(samples) + n ** 3),
};

/** The slope of log y against log x by least squares: the exponent of a power law. */
export function exponent(x: readonly number[], y: readonly number[]): number {
  const [a, b] = [x, y].map((values) => values.map(Math.log));
  const [meanA, meanB] = [a, b].map((logs) => logs.reduce((p, q) => p + q) / logs.length);
  let covariance = 0, variance = 0;
  a.forEach((log, i) => {
    covariance += (log - meanA) * (b[i] - meanB);
    variance += (log - meanA) ** 2;
  });
  return covariance / variance;
}

/** The mean on a log axis. */
export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.map(Math.log).reduce((a, b) => a + b) / values.length);
}
