/**
 * The phase transition: how many observed dimensions does a method need? m = ⌈c·k·ln(n/k)⌉ for c from
 * 0.5 to 6 (at most n), with 2000 samples. Sparse coding recovers the latents beyond a critical
 * δ = m/n that depends on ρ = k/n; do autoencoders ever?
 *
 * `deno task exp:phase-transition --help`
 */
import { phaseGrid } from "../lib/grids.ts";
import { sweepMethods } from "../lib/paper/inference_methods.ts";
import { methodSweep } from "../lib/paper/method_sweep.ts";
import { requireProblem } from "../lib/paper/options.ts";
import { paperFigures } from "../lib/paper/paper_figures.ts";
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

/** The experiment, for the sweep engine. */
export const experiment = methodSweep({
  name: "exp_phase_transition",
  description: "Sparse coding, autoencoders and a linear probe as the observed dimensions shrink.",
  methods: sweepMethods,
  options: {
    n: { default: [50], paper: [50, 100, 200] },
    k: { default: [3, 5, 10], paper: [3, 5, 10] },
    c: { default: [1, 2, 4, 6], paper: [0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 6] },
    seeds: { default: [0], paper: [0, 1, 2] },
  },
  figures: paperFigures,

  grid({ n, k, c }) {
    // where the smallest k does not fit in the largest n, nothing is left
    requireProblem({ n: Math.max(...n), k: Math.min(...k) });
    return phaseGrid({ numLatents: n, k, c, nSamples: [N_SAMPLES] });
  },
  columnsOf: ({ numLatents, k, inputDim, eps, rho, delta, seed }): PhaseKey => ({
    num_latents: numLatents,
    k,
    input_dim: inputDim,
    eps,
    rho,
    delta,
    seed,
  }),
  settingOf: ({ num_latents, k, input_dim, seed }) => ({
    numLatents: num_latents,
    k,
    inputDim: input_dim,
    nSamples: N_SAMPLES,
    width: num_latents,
    seed,
  }),
});

if (import.meta.main) await main(experiment, import.meta.url);
