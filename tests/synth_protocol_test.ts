/** How SynthSAEBench is run here: trainings on one stream, codes of one sparsity, rows and figures. */
import assert from "node:assert/strict";
import { experiment } from "../experiments/synth_bench.ts";
import { L0Tuner } from "../lib/cores/sae_l0_tuner.ts";
import { toDense } from "../lib/csr_matrix.ts";
import { columnNorms, normalizeColumns, toRows } from "../lib/matrix.ts";
import {
  codeAsTrained,
  lassoCodes,
  ompCodes,
  SYNTH_BATCH,
  SYNTH_TYPES,
  trainSynthSaes,
} from "../lib/paper/synth_protocol.ts";
import type { Row } from "../lib/results.ts";
import { SAE_TYPES } from "../lib/saes.ts";
import { makeSynthModel, synthBatches } from "../lib/synth_bench.ts";
import { trainSaeStream } from "../lib/train_sae_stream.ts";
import { assertClose } from "./golden.ts";

const model = makeSynthModel({ numFeatures: 256, roots: 4 }), width = 64, k = 2;
const training = { width, k, steps: 60, lr: 2e-3, seed: 1 };
const { X } = synthBatches(model, { seed: 9, batchSize: 2 * SYNTH_BATCH }).next().value!;

Deno.test("the weight of the penalty follows the number of codes as SAELens tunes it", () => {
  const seen = [20, 18, 12, 6, 3, 2, 2, 2, 9, 9];
  const tuner = new L0Tuner({ target: 5, after: 2, rate: 0.05, patience: 0.3 });
  // SAELens's updates, one by one
  let smoothed = seen[0], rate = 0, factor = 1;
  seen.forEach((l0, step) => {
    if (step > 0) {
      const next = 0.99 * smoothed + 0.01 * l0;
      rate = 0.95 * rate + 0.05 * (next - smoothed);
      smoothed = next;
    }
    const error = smoothed - 5;
    if (step >= 2) {
      const gain = error * rate < 0 ? 0.3 : 1;
      factor *= 1 + Math.sign(error) * 0.05 * gain * Math.tanh(10 * Math.abs(error) / 5);
    }
    tuner.observe(l0, step);
    // the same numbers in another order of operations
    assertClose(tuner.factor, factor, 1e-12, `factor after step ${step}`);
  });
  const bounded = new L0Tuner({ target: 1, rate: 0.5 });
  for (let step = 0; step < 50; step++) bounded.observe(100, step);
  assert.equal(bounded.factor, 100);
});

Deno.test("all kinds are trained on one stream, each as if alone, and as trainSaeStream trains it", async () => {
  const together = await trainSynthSaes(model, SYNTH_TYPES, training);
  assert.deepEqual([...together.keys()], SYNTH_TYPES);
  assert.deepEqual([...SYNTH_TYPES].toSorted(), [...SAE_TYPES].toSorted());
  const done: number[] = [];
  const alone = await trainSynthSaes(model, ["gated"], training, (step) => done.push(step));
  assert.deepEqual(alone.get("gated"), together.get("gated"));
  assert.deepEqual(done.at(-1), 60);
  const stream = {
    ...{ rows: 60 * SYNTH_BATCH, cols: 12 },
    *batches() {
      for (const { X } of synthBatches(model, { seed: 1, batches: 60 })) yield X;
    },
  };
  const { sae } = await trainSaeStream({ train: stream }, {
    ...{ type: "batchtopk", kval: k, width, lr: 2e-3, seed: 1, deadAfter: 20, epochs: 1 },
    ...{ batchSize: SYNTH_BATCH, conventions: "saelens" },
  });
  assert.deepEqual(together.get("batchtopk"), sae);
});

Deno.test("where a penalty decides on the number of codes it is tuned towards k", async () => {
  const types = ["relu", "jumprelu", "gated"] as const;
  async function codesAt(k: number): Promise<number[]> {
    const saes = await trainSynthSaes(model, types, { ...training, k, steps: 180 });
    return types.map((type) =>
      saes.get(type)!.encode(X).data.reduce((n, z) => n + Number(z > 0), 0) / X.rows
    );
  }
  const few = await codesAt(2), many = await codesAt(40);
  // trainings too short to arrive, but k is nowhere else than in the tuner
  types.forEach((type, i) => {
    assert(few[i] < many[i], `${type} has ${few[i]} and ${many[i]} codes per sample`);
  });
});

Deno.test("batchtopk and matryoshka choose the largest codes of each batch, others as they are", async () => {
  const saes = await trainSynthSaes(model, ["batchtopk", "matryoshka", "topk"], training);
  const topk = saes.get("topk")!;
  assert.deepEqual(codeAsTrained(topk, X, k), topk.forward(X));
  for (const type of ["batchtopk", "matryoshka"] as const) {
    const sae = saes.get(type)!, { codes, reconstruction } = codeAsTrained(sae, X, k);
    const { encoder, encoderBias, decoderBias } = sae.parameters,
      norms = columnNorms(sae.dictionary);
    for (const start of [0, SYNTH_BATCH]) {
      const rows = { rows: SYNTH_BATCH, cols: width };
      const part = codes.data.subarray(start * width, (start + SYNTH_BATCH) * width);
      assert.equal(part.filter((z) => z > 0).length, k * SYNTH_BATCH);
      // every code that was left out is at most as large, with its atom's norm, as each that was kept
      let [kept, left] = [Infinity, 0];
      for (let s = 0; s < rows.rows; s++) {
        for (let j = 0; j < width; j++) {
          let pre = encoderBias[j];
          for (let d = 0; d < 12; d++) {
            pre += encoder.data[j * 12 + d] * (X.data[(start + s) * 12 + d] - decoderBias[d]);
          }
          const z = part[s * width + j];
          if (z > 0) {
            // float32 sums of a dozen products up to 10
            assertClose(z, pre, 1e-4, "code");
            kept = Math.min(kept, pre * norms[j]);
          } else left = Math.max(left, pre * norms[j]);
        }
      }
      assert(left <= kept + 1e-4, `${left} is left out, ${kept} is kept`);
    }
    assert.deepEqual(reconstruction, sae.decode(codes));
  }
});

Deno.test("the Lasso and matching pursuit have k codes per sample, and reconstruct with the bias", () => {
  const scale = Float64Array.from({ length: 256 }, (_, j) => 0.5 + j / 256);
  const { rows, cols, data } = model.dictionary;
  // norms of atoms must play no part
  const book = {
    dictionary: { rows, cols, data: data.map((value, p) => value * scale[p % cols]) },
    bias: model.bias,
  };
  const { X: tuning } = synthBatches(model, { seed: 10, batchSize: 1000 }).next().value!;
  const byLasso = lassoCodes(X, book, k, tuning), byOmp = ompCodes(X, book, k);
  // between two of the penalties tried, and of other samples
  assertClose(byLasso.codes.data.length / X.rows, k, 0.15, "codes per sample");
  const unit = toRows(normalizeColumns(model.dictionary));
  for (const { codes, reconstruction } of [byLasso, byOmp]) {
    assert(codes.data.every((z) => z > 0));
    const Z = toRows(toDense(codes)).slice(0, 20);
    const wanted = Z.map((z) =>
      unit.map((row, d) => row.reduce((sum, a, j) => sum + a * z[j], model.bias[d]))
    );
    // float32 values up to 20
    assertClose(reconstruction.data.subarray(0, 20 * 12), wanted.flat(), 1e-5, "reconstruction");
  }
  for (let s = 0; s < X.rows; s++) {
    assert(byOmp.codes.indptr[s + 1] - byOmp.codes.indptr[s] <= k);
  }
  // penalties beyond those that are tried: as near as they come
  assert(lassoCodes(X, book, 200, tuning).codes.data.length / X.rows > k);
});

const OPTIONS = {
  ...{ n: [256], perFeature: [8], sparsity: [1], seeds: [0], lr: 2e-3 },
  dictionaries: ["topk", "batchtopk", "dl_path", "truth_frequent", "truth"],
};

Deno.test("the experiment has a cell per size, length, sparsity and seed", () => {
  const cells = experiment.cells({
    ...OPTIONS,
    n: [1024, 4096],
    sparsity: [1, 0.8],
    seeds: [3, 4],
  });
  assert.equal(cells.length, 8);
  // 25 and 20 of the benchmark's 16,384 features, at the measured activity of the first quarter
  assert.deepEqual([...new Set(cells.map(({ key }) => key.k))], [5, 4, 12, 9]);
  assert.deepEqual([...new Set(cells.map(({ key }) => key.input_dim))], [48, 192]);
  assert.deepEqual([...new Set(cells.map(({ key }) => key.n_samples))], [8192, 32_768]);
  assert.equal(experiment.cells({ ...OPTIONS, n: [16_384] })[0].key.k, 25);
  assert.throws(() => experiment.cells({ ...OPTIONS, sparsity: [0.01] }), /--sparsity must give 1/);
});

Deno.test("a cell has rows for own codes, the Lasso and matching pursuit on every dictionary", async () => {
  const [cell] = experiment.cells(OPTIONS), shares: number[] = [];
  const { rows } = await experiment.run(cell, {
    options: OPTIONS,
    progress: (share) => shares.push(share),
  });
  assert.deepEqual(rows.map(({ dictionary, method }) => `${dictionary} ${method}`), [
    ...["topk sae", "topk lasso", "topk omp", "batchtopk sae", "batchtopk lasso", "batchtopk omp"],
    ...["dl_path lasso", "dl_path omp", "truth_frequent lasso", "truth_frequent omp"],
    ...["truth lasso", "truth omp"],
  ]);
  assert.equal(shares.at(-1), 1);
  const of = (dictionary: string, method: string): Row =>
    rows.find((row) => row.dictionary === dictionary && row.method === method)!;
  for (const row of rows) {
    for (const score of ["f1", "precision", "recall", "mcc_decoder", "uniqueness", "accuracy"]) {
      assert(row[score] as number >= 0 && row[score] as number <= 1, score);
    }
    assert.equal(row.true_l0, rows[0].true_l0);
    assert.equal(row.width, 64);
  }
  assert.equal(of("batchtopk", "sae").l0, 2);
  // float32 unit vectors
  assertClose(of("truth_frequent", "omp").mcc_decoder as number, 1, 1e-6, "MCC of the truth");
  assert.equal(of("truth", "omp").uniqueness, 1);
});

Deno.test("a figure per size and sparsity, with the dictionaries' names", async () => {
  const scores = { f1: 0.5, explained_variance: 0.7, mcc_decoder: 0.6, uniqueness: 1 };
  const rows = [5, 4].flatMap((k) =>
    ["relu", "truth_frequent"].map((dictionary) => ({
      ...{ method: "lasso", dictionary, num_latents: 1024, k, seed: 0, ...scores },
    }))
  );
  const figures = await experiment.figures!(rows, []);
  assert.deepEqual(figures.map(({ name }) => name), [
    "synth_bench_n1024_k5",
    "synth_bench_n1024_k4",
  ]);
  assert.match(figures[0].svg, /ReLU/);
  assert.match(figures[0].svg, /truth ¼/);
});
