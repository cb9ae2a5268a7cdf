/**
 * The golden rows of the whole evaluation, from drawn data to scores, as the experiments make them:
 * n = 50, k = 10, m = 33, 5000 samples. Every tolerance `tol` is the case's own: ten times and more
 * what float64, other kernels and other thread counts moved the reference's value by.
 */
import assert from "node:assert/strict";
import { infer, Instance, type Observations, type SplitCodes } from "../lib/paper/instance.ts";
import { experiment as dictQuality } from "../experiments/dict_quality.ts";
import { type Matrix, normalizeColumns } from "../lib/matrix.ts";
import { type FullEvaluation, matchColumns, replaceColumnNorms } from "../lib/metrics.ts";
import { meanSquaredError } from "../lib/reconstruction.ts";
import { Sae } from "../lib/saes.ts";
import { assertClose, type GoldenCase, goldenCase, goldenCases, toMatrix } from "./golden.ts";

/** The setting of a case. */
function settingOf({ inputs: { data } }: GoldenCase) {
  return {
    numLatents: data.num_latents,
    k: data.k,
    inputDim: data.input_dim,
    width: data.width,
    nSamples: data.n_samples,
    seed: data.seed,
  };
}

/** The paper's number of epochs; drawing the data and FISTA do not need it. */
const epochs = 500;

const relu = goldenCase("end_to_end", "sae_relu_seed0");
Deno.mkdirSync(".tmp", { recursive: true });
/** Its relu autoencoder is trained once, for both tests of it. */
const cache = Deno.makeTempDirSync({ dir: ".tmp", prefix: "end-to-end-" });
const instance = new Instance(settingOf(relu), { epochs, cache });

function assertScores(found: Partial<FullEvaluation>, { expected, tol }: GoldenCase): void {
  for (const key of ["auc_iid", "auc_ood", "mcc_iid", "mcc_ood"] as const) {
    assertClose(found[key]!, expected[key], tol[key], key);
  }
}

/**
 * The logistic probe has no penalty, so that its accuracies depend on where the solver stops. The
 * case tells them for the rule that is ours.
 */
function assertAccuracies(
  found: Partial<FullEvaluation>,
  { accuracy_with_mean_loss_stopping: stopped }: GoldenCase,
  tol: number,
): void {
  assertClose(found.acc_iid!, stopped.acc_iid, tol, "acc_iid");
  assertClose(found.acc_ood!, stopped.acc_ood, tol, "acc_ood");
}

/** Codes above 0.01 in magnitude, per sample. */
function l0({ rows, data }: Matrix): number {
  return Array.from(data).filter((z) => Math.abs(z) > 0.01).length / rows;
}

for (const golden of goldenCases("end_to_end")) {
  if (!golden.name.startsWith("fista_oracle")) continue;
  Deno.test(`FISTA with the true dictionary has the golden row: ${golden.name}`, () => {
    const { inputs: { lam, n_iter }, expected, tol } = golden;
    const drawn = new Instance(settingOf(golden), { epochs });
    const { A } = drawn.data, { id, ood } = drawn.observations;
    const codes = infer(A, { id, ood }, { lambda: lam, nIter: n_iter });
    const found = drawn.score(codes);
    assertScores(found, golden);
    // the probe stops early, far from where rounding moves it: one of 2500 samples is 4e-4, none flips
    assertAccuracies(found, golden, 1e-4);
    assertClose(meanSquaredError(id, codes.codesId, A), expected.mse_iid, tol.mse_iid, "mse_iid");
    assertClose(meanSquaredError(ood, codes.codesOod, A), expected.mse_ood, tol.mse_ood, "mse_ood");
    assertClose(l0(codes.codesId), expected.l0_iid, tol.l0_iid, "l0_iid");
    assertClose(l0(codes.codesOod), expected.l0_ood, tol.l0_ood, "l0_ood");
  });
}

Deno.test("a relu autoencoder has the golden start, history, weights and scores", () => {
  const { inputs, expected, tol } = relu;
  const { parameters: start } = Sae.initialize({
    type: "relu",
    inputDim: inputs.data.input_dim,
    width: inputs.data.width,
    kval: inputs.data.k,
    seed: inputs.model_seed,
  });
  assertMoments(start.encoder.data, expected.initial_Ae, "initial_Ae");
  assertClose(
    start.encoder.data.subarray(0, inputs.data.input_dim),
    expected.initial_Ae.first_row,
    tol["initial_Ae.first_row"],
    "initial_Ae.first_row",
  );

  const { sae, codes, history } = instance.model("relu");
  assertScores(instance.score(codes), relu);
  // on these codes rounding moves the point where the probe stops: acc_ood by 0.016 in repeats
  assertAccuracies(instance.score(codes), relu, 0.03);
  const recorded = Map.groupBy(history, ({ epoch }) => epoch);
  const compared = (expected.history as GoldenCase[]).filter(({ epoch }) => recorded.has(epoch));
  // the case's epochs but for 1, 2, 5 and 51: records are of every tenth epoch and the last
  assert.deepEqual(
    compared.map(({ epoch }) => epoch),
    [0, 10, 20, 50, 100, 200, 300, 400, 499],
  );
  for (const golden of compared) {
    const [record] = recorded.get(golden.epoch)!;
    const columns = [
      ["train_recon", record.trainRecon],
      ["train_reg", record.trainReg],
      ["mse_iid", record.mseId],
      ["mse_ood", record.mseOod],
      ["l0_iid", record.l0Id],
      ["l0_ood", record.l0Ood],
    ] as const;
    for (const [name, value] of columns) {
      assertClose(value, golden[name], tol[`history.${name}`], `${name} in epoch ${golden.epoch}`);
    }
  }

  const { final } = expected, { encoder, encoderBias, decoder, decoderBias } = sae.parameters;
  assertMoments(encoder.data, final.Ae, "final.Ae");
  assertMoments(encoderBias, final.be, "final.be");
  assertMoments(decoderBias, final.bd, "final.bd");
  assertMoments(decoder.data, final.Ad, "final.Ad");
  const column = (j: number) => decoder.data.filter((_, position) => position % decoder.cols === j);
  assertClose(
    Array.from({ length: decoder.cols }, (_, j) => Math.hypot(...column(j))),
    final.Ad_column_norms.data,
    tol["final.Ad_column_norms"],
    "final.Ad_column_norms",
  );
  assertClose(column(0), final.Ad_first_column.data, tol["final.Ad_first_column"], "first column");
  assertClose(
    codes.codesId.data.subarray(0, codes.codesId.cols),
    final.codes_iid_first_row.data,
    tol["final.codes_iid_first_row"],
    "final.codes_iid_first_row",
  );
});

/** Sum and sum of squares of an array, within the tolerances of the case of the autoencoder. */
function assertMoments(
  values: Float32Array,
  moments: { sum: number; sumsq: number },
  name: string,
): void {
  const sum = values.reduce((total, value) => total + value, 0);
  const sumsq = values.reduce((total, value) => total + value * value, 0);
  assertClose(sum, moments.sum, relu.tol[`${name}.sum`], `${name}.sum`);
  assertClose(sumsq, moments.sumsq, relu.tol[`${name}.sumsq`], `${name}.sumsq`);
}

/** The three forms of a decoder in the study of dictionary quality. */
const FORMS: Record<string, (D: Matrix, A: Matrix) => Matrix> = {
  frozen: (D) => D,
  renormed: (D) => normalizeColumns(D),
  oracle_norms: (D, A) => replaceColumnNorms(D, A, matchColumns(D, A)),
};

for (const [form, make] of Object.entries(FORMS)) {
  Deno.test(`FISTA on the reference's decoder has the golden row: ${form}`, () => {
    const golden = goldenCase("end_to_end", `${form}_relu_seed0`);
    const { Ad, bd } = goldenCase("end_to_end", "dictionary_diagnostics_relu_seed0").inputs;
    const bias = toMatrix(bd).data;
    const { lam, n_iter } = golden.inputs;
    const { id, ood } = instance.observations;
    const unbiased: Observations = { id: minus(id, bias), ood: minus(ood, bias) };
    const codes: SplitCodes = infer(make(toMatrix(Ad), instance.data.A), unbiased, {
      lambda: lam,
      nIter: n_iter,
    });
    const found = instance.score(codes);
    // the cases' own tolerances are for a decoder that is trained anew; with the reference's one it is
    // the same computation as with the true dictionary, and held to the same
    const { tol } = goldenCase("end_to_end", "fista_oracle_seed0");
    assertScores(found, { ...golden, tol });
    // these fits end at an ill-conditioned place, where rounding moves acc_ood by up to 0.016
    assertAccuracies(found, golden, 0.03);
  });
}

function minus(X: Matrix, bias: ArrayLike<number>): Matrix {
  return { ...X, data: Float32Array.from(X.data, (value, i) => value - bias[i % X.cols]) };
}

Deno.test("dict-quality's rows are the golden ones, column by column", async () => {
  const options = {
    ...{ n: [50], k: [10], samples: [5000], m: [], width: [], seeds: [0] },
    ...{ epochs, lambda: 0.1, fistaIters: 100 },
  };
  const [cell] = dictQuality.cells(options);
  const { rows } = await dictQuality.run(cell, { options, cache, progress() {} });
  for (const name of [...Object.keys(FORMS).map((form) => `${form}_relu`), "fista_oracle"]) {
    const golden = goldenCase("end_to_end", `${name}_seed0`);
    const row = rows.find(({ method }) => method === name) as Partial<FullEvaluation>;
    // the decoder is our own here, trained for 500 epochs with sums in another order
    assertScores(row, golden);
  }
});
