/**
 * A template: copy this file to ask a question of your own. It has everything that an experiment can
 * have of its own: an option with a flag, a generator of data, rows and a figure.
 *
 * The question: how much noise do the codes of FISTA bear, and how many iterations are worth it then?
 * Observations y = A·z + ε with ε ~ N(0, σ²); FISTA knows A, and is given a few iterations or many.
 *
 * `deno task exp:template --help`, and `deno task exp:template --noise 0,0.1 --iterations 10` runs it.
 */
import { type Matrix, normalizeColumns, transpose } from "../lib/matrix.ts";
import { type MethodStyle, methodStyle } from "../lib/methods.ts";
import { mcc } from "../lib/metrics.ts";
import { multiply } from "../lib/numeric/product.ts";
import { paperOptions } from "../lib/paper/options.ts";
import { RandomState } from "../lib/random.ts";
import { fista } from "../lib/sparse_coding.ts";
import {
  decimal,
  type Experiment,
  integer,
  listOf,
  main,
  type Row,
  UsageError,
} from "../lib/sweep.ts";

/** Observed dimensions per latent, and samples of a cell. */
const OBSERVED = 0.6, SAMPLES = 500;

interface Options {
  n: number[];
  k: number[];
  seeds: number[];
  lambda: number;
  noise: number[];
  iterations: number[];
}

/** What tells one cell's rows from another's: every row of the file has these columns. */
type Key = { num_latents: number; k: number; noise: number; seed: number };

/** The experiment, for the sweep engine: its module must export it under this name. */
export const experiment: Experiment<Options, Key> = {
  // results/exp_template.json; deno.json has a task exp:template
  name: "exp_template",
  description:
    "FISTA with the true dictionary on noisy observations, with few iterations and many.",

  options: {
    // options that the paper's experiments have, too, bring their flags and rules along
    ...paperOptions({
      n: { default: [50] },
      k: { default: [5] },
      seeds: { default: [0, 1, 2] },
      lambda: { default: 0.1 },
    }),
    // --noise spans the grid: runs with other values add cells to the same file
    noise: {
      default: [0, 0.05, 0.1, 0.2],
      paper: [0, 0.02, 0.05, 0.1, 0.2, 0.5],
      about: "standard deviations of the noise",
      kind: listOf(decimal({ min: 0 })),
    },
    // --iterations decides which rows a cell has: files with other values are not mixed with these
    iterations: {
      default: [10, 100],
      axis: false,
      about: "numbers of FISTA iterations",
      kind: listOf(integer({ min: 1, max: 10_000 })),
    },
  },

  // of the columns, those that end in _iid or _ood are scores: tables average them over the seeds
  summary: { by: ["method"], metrics: ["mcc_iid", "error_iid"] },

  cells: ({ n, k, noise, seeds }) =>
    n.flatMap((num_latents) =>
      k.flatMap((k) => {
        if (k >= num_latents) {
          throw new UsageError(`--k must be below the ${num_latents} latents (n), got ${k}`);
        }
        return noise.flatMap((noise) =>
          seeds.map((seed) => ({
            key: { num_latents, k, noise, seed },
            // about seconds, for the progress and --list
            cost: 1e-10 * SAMPLES * num_latents ** 2 * 100,
          }))
        );
      })
    ),

  // called in a worker, with nothing but the key and the options: so a cell can be computed again
  run({ key }, { options: { lambda, iterations }, progress }) {
    const { Z, Y, A } = draw(key);
    const rows = iterations.map((nIter, i): Row => {
      const codes = fista(Y, A, { lambda, nIter, nonneg: true });
      progress((i + 1) / iterations.length);
      return {
        mcc_iid: mcc(Z, codes),
        error_iid: relativeError(Z, codes),
        n_iter: nIter,
        method: `fista_${nIter}`,
        ...key,
      };
    });
    return { rows };
  },

  async figures(rows) {
    // not imported above: workers compute without the plotting library
    const { figure, lines } = await import("../lib/figures.ts");
    const panels = ["mcc_iid", "error_iid"].map((y) =>
      lines(rows, { x: "noise", y, xLabel: "noise σ", style: styleOf })
    );
    return [{
      name: "template_noise",
      svg: figure(panels, { title: "FISTA on noisy observations" }),
    }];
  },
};

/** Data of one's own: k latents of each sample are active, and all observations are noisy. */
function draw({ num_latents: n, k, noise, seed }: Key): { Z: Matrix; Y: Matrix; A: Matrix } {
  const random = new RandomState(seed), m = Math.ceil(OBSERVED * n);
  const A = normalizeColumns({ rows: m, cols: n, data: random.normal(0, 1, m * n) });
  const Z = { rows: SAMPLES, cols: n, data: new Float64Array(SAMPLES * n) };
  for (let i = 0; i < SAMPLES; i++) {
    const values = random.uniform(0.5, 1.5, k);
    random.permutation(n).slice(0, k).forEach((j, a) => Z.data[i * n + j] = values[a]);
  }
  // a generator of its own, so that the same latents are seen through all noise
  const errors = new RandomState(seed + 1_000_000).normal(0, noise, SAMPLES * m);
  const Y = multiply(Z, transpose(A));
  Y.data.forEach((y, i) => Y.data[i] = y + errors[i]);
  return { Z, Y, A };
}

/** ‖codes − Z‖ / ‖Z‖ */
function relativeError(Z: Matrix, codes: Matrix): number {
  let difference = 0, whole = 0;
  Z.data.forEach((z, i) => {
    difference += (codes.data[i] - z) ** 2;
    whole += z ** 2;
  });
  return Math.sqrt(difference / whole);
}

const COLOURS = ["#1f6fb4", "#b4501f", "#3f8f3f", "#8a4fb0"];

/** How a method of this file is drawn: `fista_100` as "100 iterations", in the order of iterations. */
function styleOf(method: string): MethodStyle {
  const nIter = Number(method.replace("fista_", ""));
  const colour = COLOURS[Math.floor(Math.log10(nIter)) % COLOURS.length];
  return { ...methodStyle("fista_oracle"), label: `${nIter} iterations`, colour };
}

if (import.meta.main) await main(experiment, import.meta.url);
