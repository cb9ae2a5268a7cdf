/**
 * What an experiment is: a grid of independent cells, each of which yields rows.
 * @module
 */
import type { Declined } from "./declined.ts";
import type { Kind } from "./kinds.ts";
import type { CellKey, CellResult, Row, SummarySpec } from "../results.ts";

/** One independent unit of work: a grid point and a seed. Plain JSON. */
export interface Cell<Key extends CellKey = CellKey> {
  /** Columns that every row of the cell carries, and no other cell's rows share. */
  key: Key;
  /**
   * Estimated cost, for scheduling, shards and the time left: rough seconds of one core, or any other
   * unit common to the grid, as long as nobody reads the hours of `--list`.
   */
  cost: number;
  /** Estimated memory in bytes at its peak, where it can be more than a machine has. */
  memory?: number;
  /** Whether most of its work is shared among threads: then it is computed alone, on all cores. */
  threaded?: boolean;
}

/** What a running cell gets besides its key. */
export interface CellContext<Options> {
  /** The options of the run. */
  options: Options;
  /** Folder of the model cache; absent under `--no-cache`. */
  cache?: string;
  /** Reports the share of the cell that is done, from 0 to 1. Cheap: call it as often as you like. */
  progress(fraction: number): void;
}

/** A figure to be written as `figures/<name>.svg`. */
export interface NamedFigure {
  /** File name without folder and extension. */
  name: string;
  /** A self-contained SVG document. */
  readonly svg: string;
  /** Heading on a page, which sets it as text; default: the name. */
  readonly title?: string;
  /** Small print on a page; default: none. */
  readonly caption?: string;
  /** The drawing without heading and small print, for a page; default: `svg`. */
  readonly bareSvg?: string;
  /** That for a narrow page, where it is another one, as `drawings` makes them. */
  readonly narrowSvg?: string;
}

/** Default and meaning of one option in one experiment. */
export interface OptionSpec<Value> {
  /** Value without the flag. */
  default: Value;
  /** Value under `--paper`, where it differs. */
  paper?: Value;
  /**
   * Whether the option only chooses grid points, so that runs with different values can share a
   * result file. Lists are axes, numbers are not, unless this says otherwise.
   */
  axis?: boolean;
  /** What the flag is for, in the usage. Default: the option's name. */
  about?: string;
  /**
   * What its values are. Default: as the default tells: numbers, text, or lists of them; an option
   * that is false by default is a switch.
   */
  kind?: Kind<Value>;
  /** Name of the flag, without its dashes. Default: that of the option, `maxSteps` as `max-steps`. */
  flag?: string;
}

/** One spec for each option. */
export type OptionSpecs<Options> = { [Name in keyof Options]: OptionSpec<Options[Name]> };

/**
 * An experiment: everything that `main` in `sweep.ts` needs to run it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import type { Experiment } from "./experiment.ts";
 *
 * export const experiment: Experiment<{ n: number[]; seeds: number[] }> = {
 *   name: "exp_halves",
 *   description: "Halves of n.",
 *   options: { n: { default: [2, 4] }, seeds: { default: [0] } },
 *   summary: { by: ["method"], metrics: ["half"] },
 *   cells: ({ n, seeds }) =>
 *     n.flatMap((n) => seeds.map((seed) => ({ key: { num_latents: n, seed }, cost: n }))),
 *   run: ({ key }) => ({
 *     rows: [{ half: Number(key.num_latents) / 2, method: "division", ...key }],
 *   }),
 * };
 * assert.equal(experiment.cells({ n: [2, 4], seeds: [0] }).length, 2);
 * ```
 */
export interface Experiment<
  Options extends object = object,
  Key extends CellKey = CellKey,
> {
  /** Name of the result file without its extension: `exp_dict_quality`. */
  name: string;
  /** One or two sentences for `--help`. */
  description: string;
  /** The options that it has, besides those common to all experiments. */
  options: OptionSpecs<Options>;
  /** Whether its cells yield diagnostics, for `results/<name>_diagnostics.json`. */
  diagnostics?: boolean;
  /** The table at the end. */
  summary: SummarySpec;
  /** The grid, in any order; throws a RangeError on options that no cell can be made of. */
  cells(options: Options): Cell<Key>[];
  /** What it leaves out of that grid for these options, with the reason. Default: nothing. */
  declined?(options: Options): Declined[];
  /** Computes one cell; called in a worker. */
  run(cell: Cell<Key>, context: CellContext<Options>): CellResult | Promise<CellResult>;
  /** Draws all figures from all rows of the result files. */
  figures?(rows: Row[], diagnostics: Row[]): NamedFigure[] | Promise<NamedFigure[]>;
}

/**
 * The options of a run that decide the numbers in its rows, not merely which cells there are: rows
 * of one file must agree in them. One that is undefined is left out, so that an option that is added
 * later leaves earlier files as they are.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fixedOptions } from "./experiment.ts";
 *
 * const specs = { n: { default: [50] }, epochs: { default: 500 } };
 * assert.deepEqual(fixedOptions(specs, { n: [50, 100], epochs: 20 }), { epochs: 20 });
 * ```
 */
export function fixedOptions<Options>(
  specs: OptionSpecs<Options>,
  options: Options,
): Record<string, unknown> {
  const names = Object.keys(specs) as (keyof Options & string)[];
  return Object.fromEntries(
    names
      .filter((name) => !(specs[name].axis ?? Array.isArray(specs[name].default)))
      .filter((name) => options[name] !== undefined)
      .map((name) => [name, options[name]]),
  );
}
