/**
 * Many latents: from a thousand to a million, with only 1000 samples. Dictionary learning, along a
 * path too where `--methods dl_path` asks for it, is run up to 50,000 latents, autoencoders and Softplus-Adam up to 100,000.
 *
 * Beyond 100,000 latents a problem may need more memory than there is; it is refused then, with the
 * estimate. There, the match behind the MCC of dense codes takes hours: `--methods fista_oracle` is
 * a good start.
 *
 * `deno task exp:large-latents --help`
 */
import { largeLatentsGrid } from "../lib/grids.ts";
import {
  dlFista,
  dlPath,
  fistaOnDecoder,
  fistaOracle,
  linearProbeMethod,
  refined,
  saeEncoder,
  softplusAdamMethod,
  upToLatents,
} from "../lib/paper/inference_methods.ts";
import { methodSweep } from "../lib/paper/method_sweep.ts";
import { requireProblem } from "../lib/paper/options.ts";
import { paperFigures } from "../lib/paper/paper_figures.ts";
import { PAPER_SAE_TYPES } from "../lib/paper/sae_types.ts";
import { main } from "../lib/sweep.ts";

const K = 10;

/** The experiment, for the sweep engine. */
export const experiment = methodSweep({
  name: "exp_large_latents",
  description: "Sparse coding, autoencoders and FISTA on their decoders with very many latents.",
  methods: [
    linearProbeMethod,
    fistaOracle,
    upToLatents(50_000, dlFista),
    upToLatents(100_000, softplusAdamMethod),
    ...PAPER_SAE_TYPES.flatMap((type) => [saeEncoder(type), fistaOnDecoder(type), refined(type)])
      .map((method) => upToLatents(100_000, method)),
    upToLatents(50_000, dlPath),
  ],
  options: {
    n: { default: [1000], paper: [1000, 10_000, 100_000, 500_000, 1_000_000] },
    seeds: { default: [0], paper: [0, 1, 2] },
    maxSteps: { default: 500, paper: 50_000 },
  },
  figures: paperFigures,

  grid({ n }) {
    for (const numLatents of n) requireProblem({ n: numLatents, k: K });
    return largeLatentsGrid({ numLatents: n, k: [K] });
  },
});

if (import.meta.main) await main(experiment, import.meta.url);
