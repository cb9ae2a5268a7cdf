/**
 * The cells of experiments whose grid points are problems: their keys, as result files have them, and
 * the grid that the controlled experiments share.
 * @module
 */
import { type OptionValues, requireProblem } from "./options.ts";
import { scoring } from "./estimates.ts";
import { type CellKey, codeScores } from "../results.ts";
import type { Cell } from "../sweep/experiment.ts";
import { paperSeeds, varyLatentsGrid } from "../grids.ts";
import { peakMemory } from "./problem_memory.ts";
import type { Setting } from "./trained_saes.ts";
import { THREADS_FROM_LATENTS } from "../wasm/memory.ts";

/** The columns of a problem in result rows. */
export interface SettingColumns extends CellKey {
  /** n */
  num_latents: number;
  /** k */
  k: number;
  /** m */
  input_dim: number;
  /** Units of autoencoders, atoms of dictionaries. */
  width: number;
  /** Number of in-distribution samples. */
  n_samples: number;
  /** Seed of everything. */
  seed: number;
}

/** The scores of result rows, in the order of their summary. */
export const SCORES: string[] = [...codeScores];

/** The seeds of every experiment. */
export const SEEDS: OptionValues<number[]> = { default: [...paperSeeds] };

/** The grid of the controlled experiments. */
export const CONTROLLED_N: OptionValues<number[]> = {
  default: [50],
  paper: [50, 100, 500, 1000, 5000, 10_000],
};

/** The options of the controlled experiments that run FISTA on trained autoencoders. */
export interface ControlledOptions {
  /** Numbers of latents. */
  n: number[];
  /** Seeds of the data and the weights. */
  seeds: number[];
  /** Training passes of an autoencoder. */
  epochs: number;
  /** Weight λ of the L1 norm. */
  lambda: number;
  /** FISTA iterations. */
  fistaIters: number;
}

/** Their values. */
export const CONTROLLED_OPTIONS: {
  [Name in keyof ControlledOptions]: OptionValues<ControlledOptions[Name]>;
} = {
  n: CONTROLLED_N,
  seeds: SEEDS,
  epochs: { default: 500 },
  lambda: { default: 0.1 },
  fistaIters: { default: 100 },
};

/**
 * A problem as the columns of result rows.
 *
 * @example
 * ```ts
 * import { columnsOf } from "./settings.ts";
 * columnsOf({ numLatents: 50, k: 10, inputDim: 33, nSamples: 5000, width: 50, seed: 0 }).input_dim; // 33
 * ```
 */
export function columnsOf(
  { numLatents, k, inputDim, width, nSamples, seed }: Setting,
): SettingColumns {
  return { num_latents: numLatents, k, input_dim: inputDim, width, n_samples: nSamples, seed };
}

/**
 * The problem of a key: the inverse of {@linkcode columnsOf}.
 *
 * @example
 * ```ts
 * import { columnsOf, settingOf } from "./settings.ts";
 * const problem = { numLatents: 50, k: 10, inputDim: 33, nSamples: 5000, width: 50, seed: 0 };
 * settingOf(columnsOf(problem)); // the same again
 * ```
 */
export function settingOf(key: SettingColumns): Setting {
  return {
    numLatents: key.num_latents,
    k: key.k,
    inputDim: key.input_dim,
    nSamples: key.n_samples,
    width: key.width,
    seed: key.seed,
  };
}

/** The controlled experiments' active latents per sample. */
const K = 10;

/**
 * The cells of a controlled experiment: one per number of latents and seed, k = 10, 5000 samples.
 *
 * @param options `n` and `seeds`.
 * @param cost Estimated seconds of the work of a cell, without the scoring.
 * @param scored Number of rows that a cell scores.
 * @param about `series`: most codes of both splits that a cell holds at once, where one run gives a
 * series. `threaded`: whether threads share nearly all of the work of a large cell.
 * @throws {RangeError} When an n has no problem with k = 10.
 *
 * @example
 * ```ts
 * import { controlledCells } from "./settings.ts";
 * controlledCells({ n: [50, 100], seeds: [0] }, () => 1, 39).length; // 2
 * ```
 */
export function controlledCells(
  { n, seeds }: { n: readonly number[]; seeds: readonly number[] },
  cost: (problem: Setting) => number,
  scored: number,
  { series = 1, threaded = false }: { series?: number; threaded?: boolean } = {},
): Cell<SettingColumns>[] {
  for (const numLatents of n) requireProblem({ n: numLatents, k: K });
  return varyLatentsGrid({ numLatents: n, k: [K] }).flatMap((row) =>
    seeds.map((seed) => {
      const problem = { ...row, seed };
      return {
        key: columnsOf(problem),
        cost: cost(problem) + scored * scoring(problem),
        memory: peakMemory(problem, { codes: series }),
        threaded: threaded && problem.width >= THREADS_FROM_LATENTS,
      };
    })
  );
}
