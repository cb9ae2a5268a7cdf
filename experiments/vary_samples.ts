/**
 * Scaling with the number of samples: do autoencoders fail out of distribution because they have seen
 * too little? From 100 to 100,000 samples of 100 latents, of which k = 10 are active.
 *
 * `deno task exp:vary-samples --help`
 */
import { varySamplesGrid } from "../lib/grids.ts";
import { sweepMethods } from "../lib/paper/inference_methods.ts";
import { methodSweep } from "../lib/paper/method_sweep.ts";
import { requireProblem } from "../lib/paper/options.ts";
import { paperFigures } from "../lib/paper/paper_figures.ts";
import { main } from "../lib/sweep.ts";

const K = 10;

/** The experiment, for the sweep engine. */
export const experiment = methodSweep({
  name: "exp_vary_samples",
  description: "Sparse coding, autoencoders and a linear probe as the number of samples grows.",
  methods: sweepMethods,
  options: {
    n: { default: [100] },
    samples: { default: [100, 500, 1000], paper: [100, 500, 1000, 5000, 10_000, 50_000, 100_000] },
  },
  figures: paperFigures,

  grid({ n, samples }) {
    for (const numLatents of n) requireProblem({ n: numLatents, k: K });
    return varySamplesGrid({ numLatents: n, k: [K], nSamples: samples });
  },
});

if (import.meta.main) await main(experiment, import.meta.url);
