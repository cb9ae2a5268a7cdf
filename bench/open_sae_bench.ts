/**
 * Encoding with a wide autoencoder of somebody else's, as Gemma Scope's are: JumpReLU, 16,384 units on 2304
 * dimensions, about 100 active. `run.ts` relates the rate of the product to the peak.
 */
import { PackedUnits } from "../lib/cores/sae_encode.ts";
import { type Matrix32, zeros32 } from "../lib/matrix.ts";
import { OpenedSae } from "../lib/open_sae/opened_sae.ts";
import { RandomState } from "../lib/random.ts";

const INPUT_DIM = 2304, WIDTH = 16_384, ROWS = 240;
/** Of standard normal pre-activations 0.6 % are above it. */
const THRESHOLD = 2.5;

function normals(rows: number, cols: number, scale: number): Matrix32 {
  return { rows, cols, data: Float32Array.from(new RandomState(0).normal(0, scale, rows * cols)) };
}

const units = new PackedUnits(INPUT_DIM, WIDTH);
const block = normals(256, WIDTH, 1 / Math.sqrt(INPUT_DIM));
for (let first = 0; first < INPUT_DIM; first += block.rows) units.setDimensions(first, block);
const sae = new OpenedSae({
  parts: {
    coder: {
      ...{ kind: "dense", units, bias: new Float32Array(WIDTH) },
      activation: { kind: "jumprelu", thresholds: new Float32Array(WIDTH).fill(THRESHOLD) },
    },
    decoder: zeros32(WIDTH, INPUT_DIM),
    decoderBias: new Float32Array(INPUT_DIM),
    ...{ centred: false, normalization: "none" },
  },
  ...{ format: "bench", architecture: "jumprelu", settings: {} },
});
for (const rows of [1, ROWS, 4 * ROWS]) {
  const X = normals(rows, INPUT_DIM, 1);
  const flop = 2 * rows * INPUT_DIM * WIDTH;
  Deno.bench(`encode ${rows} samples, JumpReLU 2304 × 16384 [${flop} flop]`, { n: 8 }, () => {
    sae.encodeSparse(X);
  });
}
