/**
 * Scaling with the number of latents: as the dictionary grows, which methods still find the true
 * codes, and which carry over to combinations of latents that they have never seen?
 *
 * There are k = 10 active latents per sample and 5000 samples; the number of observed dimensions
 * follows the compressed-sensing bound m = ⌈2k ln(n/k)⌉.
 *
 * `deno task exp:vary-latents --help`
 */
import { varyLatentsGrid } from "../lib/grids.ts";
import { sweepMethods } from "../lib/paper/inference_methods.ts";
import { methodSweep } from "../lib/paper/method_sweep.ts";
import { requireProblem } from "../lib/paper/options.ts";
import { paperFigures } from "../lib/paper/paper_figures.ts";
import { main } from "../lib/sweep.ts";

const K = 10;

/** The experiment, for the sweep engine. */
export const experiment = methodSweep({
  name: "exp_vary_latents",
  description: "Sparse coding, autoencoders and a linear probe as the number of latents grows.",
  methods: sweepMethods,
  options: { n: { default: [50], paper: [50, 100, 500, 1000, 5000, 10_000] } },
  records: true,
  figures: paperFigures,

  grid({ n }) {
    for (const numLatents of n) requireProblem({ n: numLatents, k: K });
    return varyLatentsGrid({ numLatents: n, k: [K] });
  },
});

if (import.meta.main) await main(experiment, import.meta.url);
