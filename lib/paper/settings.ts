/**
 * The settings of the paper's grids, and the columns that tell them in result rows.
 * @module
 */
import { paperSeeds } from "../grids.ts";
import { type CellKey, codeScores } from "../results.ts";
import type { OptionValues } from "./options.ts";

/** A setting: what a data set is drawn from, and the width of the dictionaries learned on it. */
export interface Setting {
  /** n: number of latents. */
  numLatents: number;
  /** k: active latents per sample. */
  k: number;
  /** m: number of observed dimensions. */
  inputDim: number;
  /** Number of in-distribution samples. */
  nSamples: number;
  /** Units of the autoencoders, atoms of learned dictionaries. */
  width: number;
  /** Seed of the data, the weights and the batches. */
  seed: number;
}

/** The columns of a setting in result rows. */
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

/**
 * A setting as the columns of result rows.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { columnsOf } from "./settings.ts";
 *
 * const setting = { numLatents: 50, k: 10, inputDim: 33, nSamples: 5000, width: 50, seed: 0 };
 * assert.equal(columnsOf(setting).input_dim, 33);
 * ```
 */
export function columnsOf(
  { numLatents, k, inputDim, width, nSamples, seed }: Setting,
): SettingColumns {
  return { num_latents: numLatents, k, input_dim: inputDim, width, n_samples: nSamples, seed };
}

/**
 * The setting of a key: the inverse of {@linkcode columnsOf}.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { columnsOf, settingOf } from "./settings.ts";
 *
 * const setting = { numLatents: 50, k: 10, inputDim: 33, nSamples: 5000, width: 50, seed: 0 };
 * assert.deepEqual(settingOf(columnsOf(setting)), setting);
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
