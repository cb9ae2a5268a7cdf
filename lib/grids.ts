/**
 * The compressed-sensing bound on the number of observed dimensions, and the paper's grids of
 * problems. A grid leaves out, without a word, the combinations that have no problem: k ≥ n, a
 * bound above n, or more active latents than the generator can place.
 * @module
 */
import { requireInteger, requirePositive } from "./checks.ts";

/** The seeds of every experiment of the paper. */
export const paperSeeds: readonly number[] = [0, 1, 2];

/** What can look wrong with a problem that can be run all the same. */
export interface ConfigWarning {
  /** Fewer observed dimensions than the bound asks for, or less than two samples for each of them. */
  kind: "input_dim_below_minimum" | "too_few_samples";
  /** The rule and the current values. */
  message: string;
}

/** One problem, as {@linkcode validateConfig} sees it. */
export interface ProblemConfig {
  /** n: number of latents. */
  numLatents: number;
  /** k: active latents per sample. */
  k: number;
  /** m: number of observed dimensions. */
  inputDim: number;
  /** The bound on m for this n, k and c. */
  inputDimMin: number;
  /** Number of samples; null when not given. */
  nSamples: number | null;
  /** m / (k ln(n/k)), rounded to three decimals: the c that gives this m. */
  eps: number;
  /** True when there are no warnings. */
  valid: boolean;
  /** What looks wrong. */
  warnings: ConfigWarning[];
}

/** One row of a grid: a problem and the width of its SAEs, which is n. */
export interface GridRow extends ProblemConfig {
  /** Number of samples. */
  nSamples: number;
  /** Number of SAE latents and of atoms to learn. */
  width: number;
}

/** One row of the phase grid. */
export interface PhaseRow {
  /** n: number of latents. */
  numLatents: number;
  /** k: active latents per sample. */
  k: number;
  /** m: number of observed dimensions, also far below the bound. */
  inputDim: number;
  /** Number of samples. */
  nSamples: number;
  /** Number of SAE latents and of atoms to learn: n. */
  width: number;
  /** m / (k ln(n/k)), rounded to three decimals. */
  eps: number;
  /** k / n: the share of active latents. */
  rho: number;
  /** m / n: the share of observed dimensions. */
  delta: number;
}

/** Lists to sweep instead of a grid's own; a grid has a row for every combination. */
export interface GridOptions {
  /** Numbers of latents. */
  numLatents?: readonly number[];
  /** Numbers of active latents. */
  k?: readonly number[];
  /** Numbers of samples. */
  nSamples?: readonly number[];
  /** Constants of the bound. */
  c?: readonly number[];
}

/**
 * ⌈c·k·ln(n/k)⌉: how many random measurements suffice, up to the constant, to recover k active ones
 * of n latents (Candès, Romberg and Tao, 2006). No checks and no lower limit.
 *
 * @example
 * ```ts
 * import { compressedSensingBound } from "./grids.ts";
 * compressedSensingBound(100, 10, 2); // 47
 * ```
 */
export function compressedSensingBound(numLatents: number, k: number, c: number): number {
  return Math.ceil(c * k * Math.log(numLatents / k));
}

/**
 * The largest k that the generator can place: setting A and setting C put latent 0 beside k − 1
 * latents of one half of the others, of which the smaller has ⌈n/2⌉ − 1.
 *
 * @example
 * ```ts
 * import { largestSparsity } from "./grids.ts";
 * largestSparsity(50); // 25
 * ```
 */
export function largestSparsity(numLatents: number): number {
  return Math.ceil(numLatents / 2);
}

/**
 * The number of observed dimensions for n latents of which k are active: max(k + 1, ⌈c·k·ln(n/k)⌉).
 *
 * @param numLatents n: number of latents.
 * @param k Active latents per sample, from 1 to n − 1.
 * @param c The constant of the bound.
 * @throws {TypeError} When an argument is not a number.
 * @throws {RangeError} When n or k is no integer of at least 1, k ≥ n, c is not above 0, or the
 * bound exceeds n: no compression is left then.
 *
 * @example
 * ```ts
 * import { computeInputDim } from "./grids.ts";
 * computeInputDim(1000, 10); // 93
 * ```
 */
export function computeInputDim(numLatents: number, k: number, c = 2): number {
  requireInteger("numLatents", numLatents, 1);
  requireInteger("k", k, 1);
  requirePositive("c", c);
  if (k >= numLatents) {
    throw new RangeError(
      `Cannot compute the input dimension: k must be below numLatents, got k = ${k} of ${numLatents}`,
    );
  }
  const inputDim = Math.max(k + 1, compressedSensingBound(numLatents, k, c));
  if (inputDim > numLatents) {
    throw new RangeError(
      `Cannot compute the input dimension: the bound must not exceed numLatents, got ${inputDim} ` +
        `for numLatents = ${numLatents}, k = ${k}, c = ${c}`,
    );
  }
  return inputDim;
}

function computeEps(numLatents: number, k: number, inputDim: number): number {
  return Number((inputDim / (k * Math.log(numLatents / k))).toFixed(3));
}

/**
 * Completes a problem by the bound and tells what looks wrong with it: fewer observed dimensions
 * than the bound, or fewer than two samples per observed dimension.
 *
 * @throws {RangeError} What {@linkcode computeInputDim} throws, and when `inputDim` or `nSamples` is
 * given and no integer of at least 1.
 *
 * @example
 * ```ts
 * import { validateConfig } from "./grids.ts";
 * validateConfig({ numLatents: 100, k: 10, inputDim: 40 }).warnings[0].kind; // "input_dim_below_minimum"
 * ```
 */
export function validateConfig(
  { numLatents, k, inputDim, nSamples = null, c = 2 }: {
    numLatents: number;
    k: number;
    inputDim?: number;
    nSamples?: number | null;
    c?: number;
  },
): ProblemConfig {
  const inputDimMin = computeInputDim(numLatents, k, c);
  const m = inputDim ?? inputDimMin;
  requireInteger("inputDim", m, 1);
  const warnings: ConfigWarning[] = [];
  if (m < inputDimMin) {
    warnings.push({
      kind: "input_dim_below_minimum",
      message: `inputDim should be at least the bound ${inputDimMin}, got ${m}`,
    });
  }
  if (nSamples !== null) {
    requireInteger("nSamples", nSamples, 1);
    if (nSamples < 2 * m) {
      warnings.push({
        kind: "too_few_samples",
        message: `nSamples should be at least 2 × inputDim = ${2 * m}, got ${nSamples}`,
      });
    }
  }
  return {
    numLatents,
    k,
    inputDim: m,
    inputDimMin,
    nSamples,
    eps: computeEps(numLatents, k, m),
    valid: warnings.length === 0,
    warnings,
  };
}

/** One combination of the swept lists. */
interface Combination {
  numLatents: number;
  k: number;
  c: number;
  nSamples: number;
}

/** Every combination that has a problem, the last list running fastest. */
function combinations(lists: Required<GridOptions>): Combination[] {
  for (const [name, values] of Object.entries(lists)) {
    if (values.length === 0) {
      throw new RangeError(`Cannot make a grid: ${name} must list at least one value, got none`);
    }
    for (const value of values) {
      if (name === "c") requirePositive(name, value);
      else requireInteger(name, value, 1);
    }
  }
  return lists.numLatents.flatMap((numLatents) =>
    lists.k
      .filter((k) => k < numLatents && k <= largestSparsity(numLatents))
      .flatMap((k) =>
        lists.c.flatMap((c) => lists.nSamples.map((nSamples) => ({ numLatents, k, c, nSamples })))
      )
  );
}

/** The rows of a grid whose input dimension is the bound. */
function boundGrid(lists: Required<GridOptions>): GridRow[] {
  return combinations(lists)
    .filter(({ numLatents, k, c }) => compressedSensingBound(numLatents, k, c) <= numLatents)
    .map((problem) => ({
      ...validateConfig(problem),
      nSamples: problem.nSamples,
      width: problem.numLatents,
    }));
}

/**
 * The grid over the number of latents: n from 50 to 10,000, k = 10, 5000 samples. The controlled
 * experiments run on it too.
 *
 * @throws {RangeError} When a given list is empty or has a value that is out of range.
 *
 * @example
 * ```ts
 * import { varyLatentsGrid } from "./grids.ts";
 * varyLatentsGrid({ numLatents: [50] })[0].inputDim; // 33
 * ```
 */
export function varyLatentsGrid(
  {
    numLatents = [50, 100, 500, 1000, 5000, 10_000],
    k = [10],
    nSamples = [5000],
    c = [2],
  }: GridOptions = {},
): GridRow[] {
  return boundGrid({ numLatents, k, c, nSamples });
}

/**
 * The grid over the number of samples: 100 to 100,000 of them, n = 100, k = 10. The paper also runs
 * it with n = 10,000.
 *
 * @throws {RangeError} When a given list is empty or has a value that is out of range.
 *
 * @example
 * ```ts
 * import { varySamplesGrid } from "./grids.ts";
 * varySamplesGrid({ numLatents: [10_000] }).length; // 7
 * ```
 */
export function varySamplesGrid(
  {
    numLatents = [100],
    k = [10],
    nSamples = [100, 500, 1000, 5000, 10_000, 50_000, 100_000],
    c = [2],
  }: GridOptions = {},
): GridRow[] {
  return boundGrid({ numLatents, k, c, nSamples });
}

/**
 * The grid over the number of active latents: k from 2 to 100, n = 1000, 5000 samples.
 *
 * @throws {RangeError} When a given list is empty or has a value that is out of range.
 *
 * @example
 * ```ts
 * import { varySparsityGrid } from "./grids.ts";
 * varySparsityGrid().map((row) => row.k); // [2, 5, 10, 20, 50, 100]
 * ```
 */
export function varySparsityGrid(
  {
    numLatents = [1000],
    k = [2, 5, 10, 20, 50, 100],
    nSamples = [5000],
    c = [2],
  }: GridOptions = {},
): GridRow[] {
  return boundGrid({ numLatents, k, c, nSamples });
}

/**
 * The grid of the frozen decoders: that of {@linkcode varyLatentsGrid}.
 *
 * @throws {RangeError} When a given list is empty or has a value that is out of range.
 *
 * @example
 * ```ts
 * import { frozenDecoderGrid } from "./grids.ts";
 * frozenDecoderGrid().length; // 6
 * ```
 */
export function frozenDecoderGrid(options: GridOptions = {}): GridRow[] {
  return varyLatentsGrid(options);
}

/**
 * The grid of many latents: n from 1000 to 1,000,000, k = 10, 1000 samples.
 *
 * @throws {RangeError} When a given list is empty or has a value that is out of range.
 *
 * @example
 * ```ts
 * import { largeLatentsGrid } from "./grids.ts";
 * largeLatentsGrid().at(-1)?.inputDim; // 231
 * ```
 */
export function largeLatentsGrid(
  {
    numLatents = [1000, 10_000, 100_000, 500_000, 1_000_000],
    k = [10],
    nSamples = [1000],
    c = [2],
  }: GridOptions = {},
): GridRow[] {
  return boundGrid({ numLatents, k, c, nSamples });
}

/**
 * The grid of the phase transition: n ∈ {50, 100, 200}, k ∈ {3, 5, 10}, 2000 samples, and
 * m = min(n, max(1, ⌈c·k·ln(n/k)⌉)) for c from 0.5 to 6, each (n, k, m) once. The published file
 * also has rows under older names (`n`, `m`, `r`), whose m was made with the logarithm to base 2.
 *
 * @throws {RangeError} When a given list is empty or has a value that is out of range.
 *
 * @example
 * ```ts
 * import { phaseGrid } from "./grids.ts";
 * phaseGrid()[0]; // { numLatents: 50, k: 3, inputDim: 5, eps: 0.592, rho: 0.06, delta: 0.1, … }
 * ```
 */
export function phaseGrid(
  {
    numLatents = [50, 100, 200],
    k = [3, 5, 10],
    nSamples = [2000],
    c = [0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 6],
  }: GridOptions = {},
): PhaseRow[] {
  const rows = new Map<string, PhaseRow>();
  for (const problem of combinations({ numLatents, k, c, nSamples })) {
    const { numLatents: n, k, c, nSamples } = problem;
    const m = Math.min(n, Math.max(1, compressedSensingBound(n, k, c)));
    rows.set(`${n} ${k} ${m} ${nSamples}`, {
      numLatents: n,
      k,
      inputDim: m,
      nSamples,
      width: n,
      eps: computeEps(n, k, m),
      rho: k / n,
      delta: m / n,
    });
  }
  return [...rows.values()];
}
