/**
 * The paper's grids of problems. A grid leaves out, without a word, the combinations that have no
 * problem: k ≥ n, a bound above n, or more active latents than the generator can place.
 * @module
 */
import { requireArray, requireInteger, requireOptions, requirePositive } from "./checks.ts";
import {
  compressedSensingBound,
  computeEps,
  computeInputDim,
  type ConfigWarning,
  largestSparsity,
  type ProblemConfig,
  validateConfig,
} from "./problem_size.ts";

// What a problem of any size needs is imported from here too, where scripts have found it so far
export {
  compressedSensingBound,
  computeInputDim,
  type ConfigWarning,
  largestSparsity,
  type ProblemConfig,
  validateConfig,
};

/** The seeds of every experiment of the paper. */
export const paperSeeds: readonly number[] = [0, 1, 2];

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

/** One combination of the swept lists. */
interface Combination {
  numLatents: number;
  k: number;
  c: number;
  nSamples: number;
}

/** Every combination that has a problem, the last list running fastest. */
function combinations(options: GridOptions, defaults: Required<GridOptions>): Combination[] {
  requireOptions("options", options, Object.keys(defaults));
  const lists = { ...defaults };
  for (const name of Object.keys(defaults) as (keyof GridOptions)[]) {
    const values = lists[name] = options[name] ?? defaults[name];
    requireArray(name, values);
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
function boundGrid(options: GridOptions, defaults: Required<GridOptions>): GridRow[] {
  return combinations(options, defaults)
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
 * @throws {TypeError} When an option is no list, or unknown.
 * @throws {RangeError} When a given list is empty or has a value that is out of range.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { varyLatentsGrid } from "./grids.ts";
 * assert.equal(varyLatentsGrid({ numLatents: [50] })[0].inputDim, 33);
 * ```
 */
export function varyLatentsGrid(options: GridOptions = {}): GridRow[] {
  return boundGrid(options, {
    numLatents: [50, 100, 500, 1000, 5000, 10_000],
    k: [10],
    nSamples: [5000],
    c: [2],
  });
}

/**
 * The grid over the number of samples: 100 to 100,000 of them, n = 100, k = 10. The paper also runs
 * it with n = 10,000.
 *
 * @throws {TypeError} When an option is no list, or unknown.
 * @throws {RangeError} When a given list is empty or has a value that is out of range.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { varySamplesGrid } from "./grids.ts";
 * assert.equal(varySamplesGrid({ numLatents: [10_000] }).length, 7);
 * ```
 */
export function varySamplesGrid(options: GridOptions = {}): GridRow[] {
  return boundGrid(options, {
    numLatents: [100],
    k: [10],
    nSamples: [100, 500, 1000, 5000, 10_000, 50_000, 100_000],
    c: [2],
  });
}

/**
 * The grid over the number of active latents: k from 2 to 100, n = 1000, 5000 samples.
 *
 * @throws {TypeError} When an option is no list, or unknown.
 * @throws {RangeError} When a given list is empty or has a value that is out of range.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { varySparsityGrid } from "./grids.ts";
 * assert.deepEqual(varySparsityGrid().map((row) => row.k), [2, 5, 10, 20, 50, 100]);
 * ```
 */
export function varySparsityGrid(options: GridOptions = {}): GridRow[] {
  return boundGrid(options, {
    numLatents: [1000],
    k: [2, 5, 10, 20, 50, 100],
    nSamples: [5000],
    c: [2],
  });
}

/**
 * The grid of the frozen decoders: that of {@linkcode varyLatentsGrid}.
 *
 * @throws {TypeError} When an option is no list, or unknown.
 * @throws {RangeError} When a given list is empty or has a value that is out of range.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { frozenDecoderGrid } from "./grids.ts";
 * assert.equal(frozenDecoderGrid().length, 6);
 * ```
 */
export function frozenDecoderGrid(options: GridOptions = {}): GridRow[] {
  return varyLatentsGrid(options);
}

/**
 * The grid of many latents: n from 1000 to 1,000,000, k = 10, 1000 samples.
 *
 * @throws {TypeError} When an option is no list, or unknown.
 * @throws {RangeError} When a given list is empty or has a value that is out of range.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { largeLatentsGrid } from "./grids.ts";
 * assert.equal(largeLatentsGrid().at(-1)?.inputDim, 231);
 * ```
 */
export function largeLatentsGrid(options: GridOptions = {}): GridRow[] {
  return boundGrid(options, {
    numLatents: [1000, 10_000, 100_000, 500_000, 1_000_000],
    k: [10],
    nSamples: [1000],
    c: [2],
  });
}

/**
 * The grid of the phase transition: n ∈ {50, 100, 200}, k ∈ {3, 5, 10}, 2000 samples, and
 * m = min(n, max(1, ⌈c·k·ln(n/k)⌉)) for c from 0.5 to 6, each (n, k, m) once. The published file
 * also has rows under older names (`n`, `m`, `r`), whose m was made with the logarithm to base 2.
 *
 * @throws {TypeError} When an option is no list, or unknown.
 * @throws {RangeError} When a given list is empty or has a value that is out of range.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { phaseGrid } from "./grids.ts";
 * const [{ inputDim, eps, rho, delta }] = phaseGrid();
 * assert.deepEqual({ inputDim, eps, rho, delta }, { inputDim: 5, eps: 0.592, rho: 0.06, delta: 0.1 });
 * ```
 */
export function phaseGrid(options: GridOptions = {}): PhaseRow[] {
  const rows = new Map<string, PhaseRow>();
  const problems = combinations(options, {
    numLatents: [50, 100, 200],
    k: [3, 5, 10],
    nSamples: [2000],
    c: [0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 6],
  });
  for (const problem of problems) {
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
