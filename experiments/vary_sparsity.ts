/**
 * Scaling with the number of active latents: from k = 2 to 100 of 1000 latents, with 5000 samples
 * and m = ⌈2k ln(n/k)⌉ observed dimensions. Values of k that n latents have no problem for are left
 * out.
 *
 * `deno task exp:vary-sparsity --help`
 */
import { varySparsityGrid } from "../lib/grids.ts";
import { sweepMethods } from "../lib/paper/inference_methods.ts";
import { methodSweep } from "../lib/paper/method_sweep.ts";
import { requireProblem } from "../lib/paper/options.ts";
import { paperFigures } from "../lib/paper/paper_figures.ts";
import { main } from "../lib/sweep.ts";

/** The experiment, for the sweep engine. */
export const experiment = methodSweep({
  name: "exp_vary_sparsity",
  description: "Sparse coding, autoencoders and a linear probe as more latents are active.",
  methods: sweepMethods,
  options: {
    n: { default: [50], paper: [1000] },
    k: { default: [2, 5, 10], paper: [2, 5, 10, 20, 50, 100] },
    seeds: { default: [0], paper: [0, 1, 2] },
  },
  figures: paperFigures,

  grid({ n, k }) {
    // where the smallest k does not fit in the largest n, nothing is left
    requireProblem({ n: Math.max(...n), k: Math.min(...k) });
    return varySparsityGrid({ numLatents: n, k });
  },
});

if (import.meta.main) await main(experiment, import.meta.url);
