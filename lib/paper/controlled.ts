/**
 * Controlled experiments: per number of latents and seed, one data set; on it the four autoencoders of
 * the paper, each put to the same question; beside them what needs none of them.
 * @module
 */
import * as costs from "./estimates.ts";
import type { Datasets } from "../data.ts";
import { varyLatentsGrid } from "../grids.ts";
import { infer, Instance, type SplitCodes, type TrainedModel } from "./instance.ts";
import type { DrawRows } from "./paper_figures.ts";
import type { CellResult, Row, SummarySpec } from "../results.ts";
import { PAPER_SAE_TYPES, type PaperSaeType } from "./sae_types.ts";
import {
  columnsOf,
  SCORES,
  SEEDS,
  type Setting,
  type SettingColumns,
  settingOf,
} from "./settings.ts";
import { type OptionValues, requireProblem, withPaperFlags } from "./options.ts";
import type { Experiment, OptionSpecs } from "../sweep/experiment.ts";
import { inShares } from "../sweep/progress.ts";
import { THREADS_FROM_LATENTS } from "../wasm/memory.ts";

/** The options that every controlled experiment has, unless it has others under their names. */
export interface ControlledOptions {
  /** Numbers of latents. */
  n: number[];
  /** Active latents per sample. */
  k: number[];
  /** Numbers of in-distribution samples. */
  samples: number[];
  /** Numbers of observed dimensions; empty: by the compressed-sensing bound. */
  m: number[];
  /** Units of the autoencoders; empty: as many as latents. */
  width: number[];
  /** Seeds of the data and the weights. */
  seeds: number[];
  /** Training passes of an autoencoder. */
  epochs: number;
  /** Learning rate of the autoencoders; undefined: the paper's. */
  lr?: number;
  /** Weight of the autoencoders' penalty; undefined: the paper's. */
  gamma?: number;
  /** The kinds of autoencoder; undefined: all of the paper's. */
  types?: PaperSaeType[];
  /** Weight λ of the L1 norm. */
  lambda: number;
  /** FISTA iterations. */
  fistaIters: number;
}

/** Their values. */
const OPTIONS: { [Name in keyof ControlledOptions]-?: OptionValues<ControlledOptions[Name]> } = {
  n: { default: [50], paper: [50, 100, 500, 1000, 5000, 10_000] },
  k: { default: [10] },
  samples: { default: [5000] },
  m: { default: [] },
  width: { default: [] },
  seeds: SEEDS,
  epochs: { default: 500 },
  lr: { default: undefined },
  gamma: { default: undefined },
  types: { default: undefined },
  lambda: { default: 0.1 },
  fistaIters: { default: 100 },
};

/** The usual options with an experiment's own. */
export type WithOwn<Own> = Omit<ControlledOptions, keyof Own> & Own;

/** What a part of the work is done with. */
export interface Work<Options> {
  /** The data set, with its setting. */
  instance: Instance;
  /** The options of the run. */
  options: Options;
  /** Scores codes: a result row, to which `tags` add columns. */
  row(method: string, codes: SplitCodes, tags?: Row): Row;
  /** Reports the share of this part that is done, from 0 to 1. */
  progress(share: number): void;
}

/** What the work on one autoencoder is done with. */
export interface TypeWork<Options> extends Work<Options> {
  /** Its kind. */
  type: PaperSaeType;
  /** The trained autoencoder with its codes. */
  model: TrainedModel;
}

/** A part of the work of a cell. */
export interface Part<Options, Given> {
  /** Estimated seconds of one core, without the training and the scoring. Default: none. */
  cost?(setting: Setting, options: Options): number;
  /** Number of rows that it scores. Default 1. */
  scored?: number | ((options: Options) => number);
  /** Its rows, and its diagnostics where there are any. The columns of the setting are added. */
  run(work: Given): Row[] | CellResult | Promise<Row[] | CellResult>;
}

/** What tells one controlled experiment from another. */
export interface Controlled<Own extends object> {
  /** Name of the result file, without its extension. */
  name: string;
  /** For `--help`. */
  description: string;
  /** Options of its own, and what differs in the usual ones. */
  options?: OptionSpecs<Own>;
  /** Whether there are diagnostics. Default false. */
  diagnostics?: boolean;
  /** The table at the end. Default: the six scores per method. */
  summary?: Partial<SummarySpec>;
  /** What is done with each autoencoder. */
  perType: Part<WithOwn<NoInfer<Own>>, TypeWork<WithOwn<NoInfer<Own>>>>;
  /** What is done once, after that. Default: nothing. */
  once?: Part<WithOwn<NoInfer<Own>>, Work<WithOwn<NoInfer<Own>>>>;
  /** Most codes of both splits that are held at once, where one run gives a series. Default 1. */
  series?(options: WithOwn<NoInfer<Own>>): number;
  /** Whether threads share nearly all of the work of a large cell. Default false. */
  threaded?: boolean;
  /** Data of one's own. Default: the paper's, of the setting. */
  draw?(setting: Setting, options: WithOwn<NoInfer<Own>>): Datasets;
  /** Whether it reads the record of the training, `model.history`. Default: not. */
  readsHistory?: boolean;
  /** Its figures. Default: none. */
  figures?: DrawRows;
}

/**
 * An experiment on trained autoencoders: k of n latents are active (10 by default), samples are drawn
 * (5000), the
 * four autoencoders are trained (or found in the cache) and put to the same question.
 *
 * @param controlled What tells it from other controlled experiments.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import type { Matrix } from "../matrix.ts";
 * import { controlledExperiment } from "./controlled.ts";
 *
 * const experiment = controlledExperiment({
 *   name: "exp_half_codes",
 *   description: "What is lost when codes are set to 0 below a threshold?",
 *   options: { n: { default: [20] } },
 *   perType: {
 *     run({ type, model: { codes }, options, row }) {
 *       const cut = ({ rows, cols, data }: Matrix) =>
 *         ({ rows, cols, data: Float32Array.from(data, (z) => z > options.lambda ? z : 0) });
 *       return [
 *         row(`cut_${type}`, { codesId: cut(codes.codesId), codesOod: cut(codes.codesOod) }),
 *       ];
 *     },
 *   },
 * });
 * const usual = { k: [10], samples: [5000], m: [], width: [], seeds: [0] };
 * const options = { ...usual, n: [20], epochs: 1, lambda: 0.1, fistaIters: 100 };
 * const [cell] = experiment.cells(options);
 * const { rows } = await experiment.run(cell, { options, progress() {} });
 * assert.deepEqual(rows.map(({ method }) => method), [
 *   "cut_relu", "cut_topk", "cut_jumprelu", "cut_MP",
 * ]);
 * ```
 */
export function controlledExperiment<Own extends object = Record<never, never>>(
  controlled: Controlled<Own>,
): Experiment<WithOwn<Own>, SettingColumns> {
  type Options = WithOwn<Own>;
  // of the own options TypeScript knows the names only
  const usual = (options: Options) => options as unknown as ControlledOptions;
  const { name, description, diagnostics = false, threaded = false } = controlled;
  const { perType, once, series, draw, figures, readsHistory: reads = false } = controlled;

  /** Estimated seconds of the parts of a cell in their order: per type training and work, then the rest. */
  const secondsOf = (setting: Setting, options: Options): number[] => {
    const training = costs.training(setting, usual(options).epochs);
    const work = ({ cost, scored = 1 }: Part<Options, never>) =>
      (cost?.(setting, options) ?? 0) +
      (typeof scored === "number" ? scored : scored(options)) * costs.scoring(setting);
    return [
      ...typesOf(usual(options)).flatMap(() => [training, work(perType)]),
      ...once ? [work(once)] : [],
    ];
  };

  return {
    name,
    description,
    options: withOwn(controlled.options),
    diagnostics,
    summary: { by: ["method"], metrics: SCORES, ...controlled.summary },

    cells(options) {
      const { n, k, samples, m, width, seeds } = usual(options);
      for (const numLatents of n) {
        for (const active of k) requireProblem({ n: numLatents, k: active });
      }
      const points = varyLatentsGrid({ numLatents: n, k, nSamples: samples }).flatMap((point) =>
        orElse(m, point.inputDim).flatMap((inputDim) =>
          orElse(width, point.width).map((width) => ({ ...point, inputDim, width }))
        )
      );
      return points.flatMap((point) =>
        seeds.map((seed) => {
          const setting = { ...point, seed };
          return {
            key: columnsOf(setting),
            cost: secondsOf(setting, options).reduce((sum, seconds) => sum + seconds),
            memory: costs.peakMemory(setting, { codes: series?.(options) }),
            threaded: threaded && setting.width >= THREADS_FROM_LATENTS,
          };
        })
      );
    },

    async run({ key }, { options, cache, progress }) {
      const setting = settingOf(key);
      const data = draw?.(setting, options);
      const { epochs, lr, gamma } = usual(options);
      const history = reads ? "read" : "record";
      const instance = new Instance(setting, { epochs, lr, gamma, cache, data, history });
      const shares = inShares(progress, secondsOf(setting, options));
      const all: Required<CellResult> = { rows: [], diagnostics: [] };
      const doPart = async <Given extends Work<Options>>(
        { run }: Part<Options, Given>,
        given: Omit<Given, keyof Work<Options>>,
        report: (share: number) => void,
      ) => {
        const row = (method: string, codes: SplitCodes, tags?: Row): Row => ({
          ...instance.score(codes),
          method,
          ...key,
          ...tags,
        });
        const work = { ...given, instance, options, row, progress: report };
        const result = await run(work as unknown as Given);
        const { rows, diagnostics = [] } = Array.isArray(result) ? { rows: result } : result;
        all.rows.push(...rows.map((row) => ({ ...row, ...key })));
        all.diagnostics.push(...diagnostics.map((row) => ({ ...row, ...key })));
        report(1);
      };

      for (const [t, type] of typesOf(usual(options)).entries()) {
        const model = instance.model(type, shares[2 * t]);
        await doPart(perType, { type, model }, shares[2 * t + 1]);
      }
      if (once) await doPart(once, {}, shares.at(-1)!);
      return diagnostics ? all : { rows: all.rows };
    },

    ...figures && {
      figures: (rows, diagnostics) => figures(rows, diagnostics, name),
    },
  };
}

/** The kinds of autoencoder that run, in the paper's order. */
function typesOf({ types = PAPER_SAE_TYPES }: { types?: readonly PaperSaeType[] }) {
  return PAPER_SAE_TYPES.filter((type) => types.includes(type));
}

/** The values of a list option, or the one that stands in where it is empty. */
function orElse(values: readonly number[], usual: number): readonly number[] {
  return values.length > 0 ? values : [usual];
}

/** The usual options in their order, with what an experiment says of them, then its own. */
function withOwn<Own extends object>(own?: OptionSpecs<Own>): OptionSpecs<WithOwn<Own>> {
  const specs = new Map<string, object>(Object.entries(OPTIONS));
  for (const [name, spec] of Object.entries<object>(own ?? {})) {
    specs.set(name, { ...specs.get(name), ...spec });
  }
  return withPaperFlags(Object.fromEntries(specs) as OptionSpecs<WithOwn<Own>>);
}

/**
 * FISTA with the true dictionary, as one row: what a good dictionary would give.
 *
 * @param about `iterations`: default `fistaIters`; `tags`: further columns of its row.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { oracle } from "./controlled.ts";
 * import { Instance, type SplitCodes } from "./instance.ts";
 *
 * const instance = new Instance(
 *   { numLatents: 20, k: 3, inputDim: 12, nSamples: 200, width: 20, seed: 0 },
 *   { epochs: 1 },
 * );
 * const row = (method: string, codes: SplitCodes) => ({ ...instance.score(codes), method });
 * const options = { lambda: 0.1, fistaIters: 100 };
 * const [{ method }] = await oracle().run({ instance, options, row, progress() {} }) as [
 *   { method: string },
 * ];
 * assert.equal(method, "fista_oracle");
 * ```
 */
export function oracle<Options extends Pick<ControlledOptions, "lambda" | "fistaIters">>(
  { iterations = ({ fistaIters }) => fistaIters, tags }: {
    iterations?: (options: Options) => number;
    tags?: (options: Options) => Row;
  } = {},
): Part<Options, Work<Options>> {
  return {
    cost: (setting, options) => costs.fista(setting, iterations(options)),
    run({ instance: { data, observations }, options, row }) {
      const fista = { lambda: options.lambda, nIter: iterations(options) };
      return [row("fista_oracle", infer(data.A, observations, fista), tags?.(options))];
    },
  };
}
