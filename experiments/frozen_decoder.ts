/**
 * Frozen decoders: is the encoder to blame? Beside the methods of the sweeps, FISTA infers codes with
 * each autoencoder's own decoder, its bias removed: from zero (fista+), and from the autoencoder's
 * codes (refined). What is still missing against DL-FISTA then, the decoder is to blame for.
 *
 * `deno task exp:frozen-decoder --help`
 */
import { frozenDecoderGrid } from "../lib/grids.ts";
import {
  dlFista,
  fistaOnDecoder,
  fistaOracle,
  linearProbeMethod,
  refined,
  saeEncoder,
  softplusAdamMethod,
} from "../lib/paper/inference_methods.ts";
import { methodSweep } from "../lib/paper/method_sweep.ts";
import { requireProblem } from "../lib/paper/options.ts";
import { paperFigures } from "../lib/paper/paper_figures.ts";
import { PAPER_SAE_TYPES } from "../lib/paper/sae_types.ts";
import { main } from "../lib/sweep.ts";

const K = 10;

/** The experiment, for the sweep engine. */
export const experiment = methodSweep({
  name: "exp_frozen_decoder",
  description: "FISTA on the decoders of autoencoders, from zero and from their codes.",
  methods: [
    linearProbeMethod,
    ...PAPER_SAE_TYPES.flatMap((type) => [saeEncoder(type), fistaOnDecoder(type), refined(type)]),
    fistaOracle,
    dlFista,
    softplusAdamMethod,
  ],
  options: { n: { default: [50], paper: [50, 100, 500, 1000, 5000, 10_000] } },
  records: true,
  figures: paperFigures,

  grid({ n }) {
    for (const numLatents of n) requireProblem({ n: numLatents, k: K });
    return frozenDecoderGrid({ numLatents: n, k: [K] });
  },
});

if (import.meta.main) await main(experiment, import.meta.url);
