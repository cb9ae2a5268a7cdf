/**
 * Dictionary quality: is it the SAE's encoder that fails out of distribution, or its dictionary?
 *
 * On one data set per seed, the four SAEs are trained; then their encoders are thrown away and
 * FISTA infers codes with their decoders instead: as they are (frozen), with unit columns
 * (renormed), and with the norms of the true columns that they match (oracle_norms). FISTA with the
 * true dictionary (fista_oracle) shows what a good dictionary would give. The diagnostics tell how
 * close each decoder is to the true dictionary.
 *
 * `deno task exp:dict-quality --help`
 */
import { generateDatasets } from "../lib/data.ts";
import { computeInputDim } from "../lib/grids.ts";
import { type Matrix, type Matrix32, normalizeColumns, toFloat32 } from "../lib/matrix.ts";
import { evaluate, matchColumns, replaceColumnNorms } from "../lib/metrics.ts";
import { shuffledBatches, TorchGenerator } from "../lib/random.ts";
import { SAE_TYPES } from "../lib/saes.ts";
import { fista } from "../lib/sparse_coding.ts";
import { type Experiment, main, requireProblem, type Row } from "../lib/sweep.ts";
import { trainSae } from "../lib/train_sae.ts";

const K = 10;
const N_SAMPLES = 5000;
const BATCH_SIZE = 64;

/** Share of a cell's time that goes into training, measured at n = 100; for the progress bar. */
const TRAINING_SHARE = 0.8;

interface Options {
  n: number[];
  seeds: number[];
  epochs: number;
  lambda: number;
  fistaIters: number;
}

interface Key extends Record<string, number> {
  num_latents: number;
  k: number;
  input_dim: number;
  width: number;
  n_samples: number;
  seed: number;
}

/** The experiment, for the sweep engine. */
export const experiment: Experiment<Options, Key> = {
  name: "exp_dict_quality",
  description:
    "FISTA on the decoders of trained SAEs, as they are and with corrected column norms,\n" +
    "against FISTA on the true dictionary: how good are the dictionaries that SAEs learn?",
  options: {
    n: { default: [50, 100], paper: [50, 100, 500, 1000, 5000, 10_000] },
    seeds: { default: [0, 1, 2] },
    epochs: { default: 500 },
    lambda: { default: 0.1 },
    fistaIters: { default: 100 },
  },
  diagnostics: true,
  summary: {
    by: ["method"],
    metrics: ["mcc_iid", "mcc_ood", "auc_iid", "auc_ood", "acc_iid", "acc_ood"],
  },

  cells: ({ n, seeds, epochs, fistaIters }) =>
    n.flatMap((n) => {
      requireProblem({ n, k: K });
      const m = computeInputDim(n, K);
      const tags = { num_latents: n, k: K, input_dim: m, width: n, n_samples: N_SAMPLES };
      // multiply-adds: three products per training sample and type, two per sample, iteration and
      // dictionary of FISTA
      const training = SAE_TYPES.length * 3 * epochs * (N_SAMPLES / 2);
      const inference = (3 * SAE_TYPES.length + 1) * 2 * fistaIters * N_SAMPLES;
      const cost = (training + inference) * n * m * 1e-9;
      return seeds.map((seed) => ({ key: { ...tags, seed }, cost }));
    }),

  run({ key }, { options: { epochs, lambda, fistaIters }, progress }) {
    const { num_latents, k, input_dim, width, n_samples, seed } = key;
    const { train, val, ood, A } = generateDatasets({
      seed,
      numLatents: num_latents,
      k,
      nSamples: n_samples,
      inputDim: input_dim,
    });
    const [YTrain, YVal, YOod] = [train.Y, val.Y, ood.Y].map(toFloat32);
    const score = (method: string, D: Matrix, XVal: Matrix32, XOod: Matrix32): Row => {
      const infer = (X: Matrix32) => fista(X, D, { lambda, nIter: fistaIters, nonneg: true });
      const scores = evaluate({ codesId: infer(XVal), codesOod: infer(XOod), val, ood });
      return { ...scores, method, ...key };
    };

    const rows: Row[] = [];
    const diagnostics: Row[] = [];
    // one loader serves the four types in this order: each goes on where the last one ended
    const loader = shuffledBatches(YTrain.rows, BATCH_SIZE, new TorchGenerator(seed));
    SAE_TYPES.forEach((type, t) => {
      const report = (share: number) => progress((t + share) / (SAE_TYPES.length + 0.1));
      const { sae } = trainSae({ train: YTrain, id: YVal, ood: YOod }, {
        type,
        width,
        kval: k,
        epochs,
        batchSize: BATCH_SIZE,
        seed,
        loader,
        historyEvery: 0,
        onEpoch: ({ epoch }) => report(TRAINING_SHARE * (epoch + 1) / epochs),
      });
      const decoder = sae.dictionary;
      const match = matchColumns(decoder, A);
      diagnostics.push({
        sae_type: type,
        mean_cosine: match.meanCosine,
        mean_angular_error: match.meanAngularError,
        mean_norm_ratio: match.meanNormRatio,
        frac_close: match.fracClose,
        ...key,
      });

      const XVal = subtractBias(YVal, sae.bias);
      const XOod = subtractBias(YOod, sae.bias);
      const renormed = normalizeColumns(decoder);
      rows.push(score(`frozen_${type}`, decoder, XVal, XOod));
      rows.push(score(`renormed_${type}`, renormed, XVal, XOod));
      rows.push(score(`oracle_norms_${type}`, replaceColumnNorms(decoder, A, match), XVal, XOod));
      report(1);
    });
    rows.push(score("fista_oracle", A, YVal, YOod));
    return { rows, diagnostics };
  },

  async figures(rows, diagnostics) {
    // not imported above: workers compute without the plotting library
    const { figureSets } = await import("../lib/figure_sets.ts");
    return figureSets.exp_dict_quality(rows, diagnostics);
  },
};

/** The observations as the decoder sees them: x − b_d for every row x. */
function subtractBias(Y: Matrix32, bias: Float32Array): Matrix32 {
  return { ...Y, data: Y.data.map((y, p) => y - bias[p % Y.cols]) };
}

if (import.meta.main) await main(experiment, import.meta.url);
