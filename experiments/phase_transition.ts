/**
 * The phase transition: how many observed dimensions does a method need? m = ⌈c·k·ln(n/k)⌉ for c from
 * 0.5 to 6 (at most n), with 2000 samples. Sparse coding recovers the latents beyond a critical
 * δ = m/n that depends on ρ = k/n; do autoencoders ever? `--older` adds the grid that most of the
 * published rows lie on.
 *
 * `deno task exp:phase-transition --help`
 */
import { phaseGrid, type PhaseRow } from "../lib/grids.ts";
import { type Method, sweepMethods } from "../lib/paper/inference_methods.ts";
import { methodSweep } from "../lib/paper/method_sweep.ts";
import { requireProblem } from "../lib/paper/options.ts";
import { paperFigures } from "../lib/paper/paper_figures.ts";
import type { Setting } from "../lib/paper/settings.ts";
import { type CellKey, main } from "../lib/sweep.ts";

const N_SAMPLES = 2000;

/** The columns of a problem in this file: no width, which is n, and no number of samples. */
interface PhaseKey extends CellKey {
  num_latents: number;
  k: number;
  input_dim: number;
  eps: number;
  rho: number;
  delta: number;
  seed: number;
}

/** The same on the older grid, which has two widths. Its eps is in base-2 logarithms too. */
type OlderKey = PhaseKey & { width: number };

/** A point of either grid. */
type Point = PhaseRow & { older?: true };

/**
 * The grid that most of the published rows lie on: an older version of the reference had log2 where the
 * bound has ln, and autoencoders of 2n units (their `best_dim` goes up to 2n − 1). Problems that the newer
 * grid has too are left to it, but for those autoencoders.
 */
function olderGrid(newer: readonly PhaseRow[], constants: readonly number[]): Point[] {
  const problems = new Map(newer.map((point) => [`${point.numLatents} ${point.k}`, point]));
  return [...problems.values()].flatMap(({ numLatents: n, k, nSamples }) => {
    const bits = k * Math.log2(n / k);
    const dims = new Set(constants.map((c) => Math.min(n, Math.max(1, Math.ceil(c * bits)))));
    return [...dims].flatMap((m) => {
      const isNewer = newer.some((point) =>
        point.numLatents === n && point.k === k && point.inputDim === m
      );
      return (isNewer ? [2 * n] : [n, 2 * n]).map((width): Point => ({
        ...{ numLatents: n, k, inputDim: m, nSamples, width, rho: k / n, delta: m / n },
        eps: Math.round(1000 * m / bits) / 1000,
        older: true,
      }));
    });
  });
}

/** On the older grid there are rows of autoencoders at the larger width, and of the others at n. */
function onBothGrids(method: Method): Method {
  const isSae = method.id.startsWith("sae_");
  return {
    ...method,
    declines(setting, options) {
      if ((setting as Partial<Point>).older) {
        if (method.id === "linear_probe") return "it was not published on the older grid";
        if (isSae !== setting.width > setting.numLatents) {
          return `on the older grid it has ${isSae ? "2n units" : "n atoms"}`;
        }
      }
      return method.declines?.(setting, options);
    },
  };
}

/** The experiment, for the sweep engine. */
export const experiment = methodSweep({
  name: "exp_phase_transition",
  description: "Sparse coding, autoencoders and a linear probe as the observed dimensions shrink.",
  methods: sweepMethods.map(onBothGrids),
  options: {
    n: { default: [50], paper: [50, 100, 200] },
    k: { default: [3, 5, 10], paper: [3, 5, 10] },
    c: { default: [1, 2, 4, 6], paper: [0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 6] },
    seeds: { default: [0], paper: [0, 1, 2] },
    older: {
      default: false,
      axis: true,
      about: "also the published rows' older grid: log2 in the bound, SAEs of 2n units",
    },
  },
  figures: paperFigures,

  grid({ n, k, c, older }): Point[] {
    // where the smallest k does not fit in the largest n, nothing is left
    requireProblem({ n: Math.max(...n), k: Math.min(...k) });
    const points = phaseGrid({ numLatents: n, k, c, nSamples: [N_SAMPLES] });
    return older ? [...points, ...olderGrid(points, c)] : points;
  },
  columnsOf: (point): PhaseKey | OlderKey => {
    const { numLatents, k, inputDim, eps, rho, delta, width, older, seed } = point;
    const problem = { num_latents: numLatents, k, input_dim: inputDim, eps, rho, delta };
    return older ? { ...problem, width, seed } : { ...problem, seed };
  },
  settingOf: (key): Setting & { older?: true } => ({
    numLatents: key.num_latents,
    k: key.k,
    inputDim: key.input_dim,
    nSamples: N_SAMPLES,
    seed: key.seed,
    ..."width" in key ? { width: Number(key.width), older: true } : { width: key.num_latents },
  }),
});

if (import.meta.main) await main(experiment, import.meta.url);
