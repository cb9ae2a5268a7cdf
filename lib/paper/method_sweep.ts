/**
 * Experiments that run a list of methods on every problem of a grid.
 * @module
 */
import { scoring } from "./estimates.ts";
import type { CellKey, Row } from "../results.ts";
import type { CellContext, Experiment } from "../sweep/experiment.ts";
import type { Method, MethodOptions } from "./inference_methods.ts";
import { Instance, type Setting } from "./instance.ts";
import { SCORES, SEEDS } from "./settings.ts";
import { type OptionValues, type PaperOptions, paperOptions } from "./options.ts";
import { peakMemory } from "./problem_memory.ts";
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
  [Name in Exclude<keyof SweepOptions, "methods">]: OptionValues<SweepOptions[Name]>;
} = {
  seeds: SEEDS,
  epochs: { default: 500 },
  maxSteps: { default: 5000, paper: 50_000 },
  lambda: { default: 0.1 },
  fistaIters: { default: 100 },
};

/** A large cell is split where threads share more than this part of its cost. */
const SPLIT_SHARE = 0.8;

/** What tells one sweep from another. */
export interface MethodSweep<
  Axes extends Partial<PaperOptions>,
  Point extends Omit<Setting, "seed">,
  Key extends CellKey,
> {
  /** Name of the result file; `figureSets` has its figures. */
  name: string;
  /** For `--help`. */
  description: string;
  /** The methods, in the order of their rows. */
  methods: readonly Method[];
  /** Swept options, and options whose defaults differ from the usual. */
  options:
    & { [Name in keyof Axes]: OptionValues<Axes[Name]> }
    & { [Name in keyof SweepOptions]?: OptionValues<SweepOptions[Name]> };
  /** The problems, without their seeds. Throws where an option allows none. */
  grid(options: Axes): readonly Point[];
  /** The columns of a problem in result rows. */
  columnsOf(problem: Point & { seed: number }): Key;
  /** The problem of such columns. */
  settingOf(key: Key): Setting;
}

/**
 * An experiment that runs a list of methods on every problem of a grid, with every seed.
 *
 * A method whose limit is below the number of latents has no row there. `--methods` chooses some.
 *
 * @param sweep What tells it from other sweeps.
 *
 * @example
 * ```ts
 * import { varyLatentsGrid } from "../grids.ts";
 * import { fistaOracle } from "./inference_methods.ts";
 * import { methodSweep } from "./method_sweep.ts";
 * import { columnsOf, settingOf } from "./settings.ts";
 * export const experiment = methodSweep({
 *   name: "exp_vary_latents",
 *   description: "FISTA with the true dictionary.",
 *   methods: [fistaOracle],
 *   options: { n: { default: [50, 100] } },
 *   grid: ({ n }: { n: number[] }) => varyLatentsGrid({ numLatents: n }),
 *   columnsOf,
 *   settingOf,
 * });
 * ```
 */
export function methodSweep<
  Axes extends Partial<PaperOptions>,
  Point extends Omit<Setting, "seed">,
  Key extends CellKey,
>(
  { name, description, methods, options, grid, columnsOf, settingOf }: MethodSweep<
    Axes,
    Point,
    Key
  >,
): Experiment<Axes & SweepOptions, Key> {
  /** The methods that a problem is put to. */
  const methodsFor = ({ numLatents }: Setting, chosen: readonly string[]): Method[] =>
    methods.filter(({ id, maxLatents = Infinity }) =>
      chosen.includes(id) && numLatents <= maxLatents
    );
  return {
    name,
    description,
    options: paperOptions<Axes & SweepOptions>(
      {
        // what is swept comes first in the usage
        ...options,
        ...OPTIONS,
        ...options,
        methods: { default: methods.map(({ id }) => id), axis: false },
      } as { [Name in keyof (Axes & SweepOptions)]: OptionValues<(Axes & SweepOptions)[Name]> },
    ),
    summary: { by: ["method"], metrics: SCORES },
    cells: (options) =>
      grid(options).flatMap((point) =>
        options.seeds.map((seed) => {
          const problem = { ...point, seed };
          const chosen = methodsFor(problem, options.methods);
          const cost = totalCost(chosen, problem, options);
          const shared = chosen.filter((method) => method.threaded);
          const threaded = problem.width >= THREADS_FROM_LATENTS &&
            totalCost(shared, problem, options) > SPLIT_SHARE * cost;
          return { key: columnsOf(problem), cost, memory: peakMemory(problem), threaded };
        }).filter(({ cost }) => cost > 0)
      ),
    run({ key }, context) {
      const problem = settingOf(key);
      const rows = runMethods(methodsFor(problem, context.options.methods), problem, context);
      return { rows: rows.map((row) => ({ ...row, ...key })) };
    },
    async figures(rows) {
      // not imported above: workers compute without the plotting library
      const { figureSets } = await import("./figure_sets.ts");
      return figureSets[name](rows);
    },
  };
}

/** One row per method, without the columns of the key. */
function runMethods(
  methods: readonly Method[],
  problem: Setting,
  { options, cache, progress }: CellContext<MethodOptions>,
): Row[] {
  const shares = inShares(progress, methods.map((method) => costOf(method, problem, options)));
  const data = new Instance(problem, { epochs: options.epochs, cache });
  return methods.map((method, i) => {
    const { codesId, codesOod } = method.infer(data, options, shares[i]);
    const row = { ...data.score({ codesId, codesOod }), method: method.id };
    shares[i](1);
    return row;
  });
}

function totalCost(
  methods: readonly Method[],
  problem: Setting,
  options: MethodOptions,
): number {
  return methods.reduce((sum, method) => sum + costOf(method, problem, options), 0);
}

function costOf(method: Method, problem: Setting, options: MethodOptions): number {
  return method.cost(problem, options) + scoring(problem);
}
