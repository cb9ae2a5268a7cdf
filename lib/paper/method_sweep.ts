/**
 * Experiments that run a list of methods on every setting of a grid.
 * @module
 */
import type { Datasets } from "../data.ts";
import { peakMemory, scoring } from "./estimates.ts";
import type { Method, MethodOptions } from "./inference_methods.ts";
import { Instance } from "./instance.ts";
import { methodIds, registerMethod } from "../methods.ts";
import type { DrawRows } from "./paper_figures.ts";
import type { CellKey, Row } from "../results.ts";
import {
  columnsOf,
  SCORES,
  SEEDS,
  type Setting,
  type SettingColumns,
  settingOf,
} from "./settings.ts";
import { type OptionValues, withPaperFlags } from "./options.ts";
import type { CellContext, Experiment, OptionSpecs } from "../sweep/experiment.ts";
import { listOf, oneOf } from "../sweep/kinds.ts";
import { inShares } from "../sweep/progress.ts";
import { THREADS_FROM_LATENTS } from "../wasm/memory.ts";

/** The options that every sweep has. */
export interface SweepOptions extends MethodOptions {
  /** Seeds of the data and the weights. */
  seeds: number[];
  /** Methods to run. */
  methods: string[];
}

/** Their values, but for the methods; the learners take fewer steps by default than in the paper. */
const OPTIONS: {
  [Name in Exclude<keyof SweepOptions, "methods">]-?: OptionValues<SweepOptions[Name]>;
} = {
  seeds: SEEDS,
  epochs: { default: 500 },
  maxSteps: { default: 5000, paper: 50_000 },
  softplusSteps: { default: undefined },
  lambda: { default: 0.1 },
  fistaIters: { default: 100 },
};

/**
 * A large cell is computed alone, by all cores, where threads share more than this part of its cost:
 * with a fifth of it on one core, two cores still take 0.6 of the time and four 0.4 (Amdahl).
 */
const THREADED_SHARE = 0.8;

/** What tells one sweep from another. */
export interface MethodSweep<
  Own extends object,
  Point extends Omit<Setting, "seed">,
  Key extends CellKey,
> {
  /** Name of the result file, without its extension. */
  name: string;
  /** For `--help`. */
  description: string;
  /** The methods, in the order of their rows. */
  methods: readonly Method<NoInfer<Own> & SweepOptions>[];
  /** Swept options, options of its own, and those whose defaults differ from the usual. */
  options: OptionSpecs<Own>;
  /**
   * The settings, without their seeds.
   *
   * @throws {RangeError} Where an option allows none.
   */
  grid(options: NoInfer<Own> & SweepOptions): readonly Point[];
  /** The columns of a setting in result rows. Default: those of `settings.ts`. */
  columnsOf?(point: Point & { seed: number }): Key;
  /** The setting of such columns; goes with `columnsOf`. */
  settingOf?(key: NoInfer<Key>): Setting;
  /** Data of one's own. Default: the paper's, of the setting. */
  draw?(setting: Setting, key: NoInfer<Key>, options: NoInfer<Own> & SweepOptions): Datasets;
  /**
   * Whether the models that it trains record their training, for `exp_learning_dynamics`: where that has
   * such settings. Default: not.
   */
  records?: boolean;
  /** Its figures. Default: none. */
  figures?: DrawRows;
}

/**
 * An experiment that runs a list of methods on every setting of a grid, with every seed.
 *
 * A method that declines a setting has no row there; runs and `--list` say why. `--methods` chooses
 * some of them.
 *
 * @param sweep What tells it from other sweeps.
 * @throws {RangeError} Where a method has the id of another method, but not its label and family.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { varyLatentsGrid } from "../grids.ts";
 * import { fistaOracle, linearProbeMethod } from "./inference_methods.ts";
 * import { methodSweep } from "./method_sweep.ts";
 *
 * const experiment = methodSweep({
 *   name: "exp_few_samples",
 *   description: "FISTA with the true dictionary, and a probe, on few samples.",
 *   methods: [fistaOracle, linearProbeMethod],
 *   options: { samples: { default: [40, 80] } },
 *   grid: ({ samples }) => varyLatentsGrid({ numLatents: [20], k: [3], nSamples: samples }),
 * });
 * const options = {
 *   samples: [40], seeds: [0], methods: ["fista_oracle"],
 *   epochs: 1, maxSteps: 50, lambda: 0.1, fistaIters: 100,
 * };
 * const [cell] = experiment.cells(options);
 * const { rows } = await experiment.run(cell, { options, progress() {} });
 * assert.deepEqual(rows.map(({ method, n_samples }) => [method, n_samples]), [["fista_oracle", 40]]);
 * ```
 */
export function methodSweep<
  Own extends object,
  Point extends Omit<Setting, "seed">,
  Key extends CellKey = SettingColumns,
>(sweep: MethodSweep<Own, Point, Key>): Experiment<Own & SweepOptions, Key> {
  type Options = Own & SweepOptions;
  const { name, description, methods, grid, draw, figures } = sweep;
  const history = sweep.records ? "record" : "none";
  for (const { id, label, family } of methods) {
    if (label || family || !methodIds.includes(id)) registerMethod({ id, label, family });
  }
  const keyOf = sweep.columnsOf ?? columnsOf as unknown as NonNullable<typeof sweep.columnsOf>;
  const ofKey = sweep.settingOf ?? settingOf as unknown as NonNullable<typeof sweep.settingOf>;

  const chosen = (options: Options) => methods.filter(({ id }) => options.methods.includes(id));
  const accepting = (setting: Setting, options: Options) =>
    chosen(options).filter((method) => method.declines?.(setting, options) === undefined);
  const points = (options: Options) =>
    grid(options).flatMap((point) => options.seeds.map((seed) => ({ ...point, seed })));

  return {
    name,
    description,
    options: withPaperFlags({
      // what is swept comes first in the usage
      ...sweep.options,
      ...OPTIONS,
      ...sweep.options,
      methods: {
        default: methods.filter(({ onRequest }) => !onRequest).map(({ id }) => id),
        kind: listOf(oneOf(methods.map(({ id }) => id))),
        axis: false,
      },
    } as OptionSpecs<Options>),
    summary: { by: ["method"], metrics: SCORES },

    cells: (options) =>
      points(options).flatMap((point) => {
        const running = accepting(point, options);
        if (running.length === 0) return [];
        const cost = totalCost(running, point, options);
        const shared = totalCost(running.filter(({ threaded }) => threaded), point, options);
        return {
          key: keyOf(point),
          cost,
          memory: peakMemory(point),
          threaded: point.width >= THREADS_FROM_LATENTS && shared > THREADED_SHARE * cost,
        };
      }),

    declined: (options) =>
      points(options).flatMap((point) =>
        chosen(options).flatMap((method) => {
          const reason = method.declines?.(point, options);
          return reason === undefined ? [] : { what: method.id, key: keyOf(point), reason };
        })
      ),

    run({ key }, { options, cache, progress }) {
      const setting = ofKey(key), running = accepting(setting, options);
      const data = draw?.(setting, key, options);
      const instance = new Instance(setting, { epochs: options.epochs, cache, data, history });
      const rows = runMethods(running, instance, { options, progress });
      return { rows: rows.map((row) => ({ ...row, ...key })) };
    },

    ...figures && {
      figures: (rows, diagnostics) => figures(rows, diagnostics, name),
    },
  };
}

/** One row per method, without the columns of the key. */
function runMethods<Options extends MethodOptions>(
  methods: readonly Method<Options>[],
  instance: Instance,
  { options, progress }: Pick<CellContext<Options>, "options" | "progress">,
): Row[] {
  const costs = methods.map((method) => costOf(method, instance.setting, options));
  const shares = inShares(progress, costs);
  return methods.map((method, i) => {
    const { codesId, codesOod } = method.infer(instance, options, shares[i]);
    const tags = method.tags?.(instance.setting, options);
    const row: Row = { ...instance.score({ codesId, codesOod }), method: method.id, ...tags };
    shares[i](1);
    return row;
  });
}

function totalCost<Options extends MethodOptions>(
  methods: readonly Method<Options>[],
  setting: Setting,
  options: Options,
): number {
  return methods.reduce((sum, method) => sum + costOf(method, setting, options), 0);
}

function costOf<Options extends MethodOptions>(
  method: Method<Options>,
  setting: Setting,
  options: Options,
): number {
  return (method.cost?.(setting, options) ?? 0) + scoring(setting);
}
