import assert from "node:assert/strict";
import { absoluteCorrelations, standardize } from "../lib/metrics/correlation.ts";
import { findNonzeros, toCsr, transposeCsr } from "../lib/numeric/csr.ts";
import { generateDatasets } from "../lib/data.ts";
import { fitLogistic } from "../lib/logistic.ts";
import { fromRows, type Matrix, transpose } from "../lib/matrix.ts";
import {
  auc,
  columnAucs,
  evaluate,
  evaluateAccuracy,
  evaluateAuc,
  evaluateAucProbe,
  matchColumns,
  mcc,
  mccId,
  mccNull,
  mccOod,
  reestimateMagnitudes,
  replaceColumnNorms,
  supportMetrics,
} from "../lib/metrics.ts";
import { multiply } from "../lib/numeric/product.ts";
import { RandomState } from "../lib/random.ts";
import { assertClose, type GoldenArray, goldenCase, goldenCases, toMatrix } from "./golden.ts";

const small = goldenCase("datasets", "small").expected;
const val = { Z: toMatrix(small.Z_val), labels: small.labels_val.data };
const ood = { Z: toMatrix(small.Z_ood), labels: small.labels_ood.data };

/** An input array, which may be written as "case.input", that of another case. */
function input(value: GoldenArray | string | number[]): GoldenArray {
  if (Array.isArray(value)) return { shape: [value.length], dtype: "int64", data: value };
  if (typeof value !== "string") return value;
  const dot = value.lastIndexOf("."); // case names have dots of their own
  return goldenCase("metrics", value.slice(0, dot)).inputs[value.slice(dot + 1)];
}

/** A random matrix in which about `share` of the values are other than 0. */
function randomCodes(seed: number, rows: number, cols: number, share: number): Matrix {
  const random = new RandomState(seed);
  const mask = random.random(rows * cols);
  return {
    rows,
    cols,
    data: random.normal(1, 1, rows * cols).map((x, p) => mask[p] < share ? x : 0),
  };
}

/** The columns of `M` in the order of `order`, each times its scale plus its shift. */
function rearranged(M: Matrix, order: ArrayLike<number>, scale: number, shift: number): Matrix {
  const data = new Float64Array(M.data.length);
  for (let p = 0; p < data.length; p++) {
    const row = Math.floor(p / M.cols) * M.cols;
    data[p] = scale * M.data[row + order[p % M.cols]] + shift;
  }
  return { ...M, data };
}

// ---------------------------------------------------------------- MCC

for (const { name, inputs, expected, tol } of goldenCases("metrics")) {
  if (!name.startsWith("mcc_")) continue;
  Deno.test(`the MCC is the golden one: ${name}`, () => {
    const value = mcc(toMatrix(inputs.Z_true), toMatrix(inputs.Z_pred), { seed: inputs.seed });
    assertClose(value, expected.mcc, tol.mcc, "mcc");
  });
}

Deno.test("correlations of any mix of sparse and dense columns equal their definition", () => {
  const samples = 40;
  const mixed = (seed: number): Matrix => {
    const [a, b] = [randomCodes(seed, samples, 5, 0.1), randomCodes(seed + 1, samples, 5, 0.9)];
    const at = (M: Matrix, p: number) => M.data[Math.floor(p / 10) * 5 + Math.floor(p % 10 / 2)];
    const data = new Float64Array(10 * samples).map((_, p) => at(p % 2 ? a : b, p));
    return { rows: samples, cols: 10, data };
  };
  const [X, Y] = [mixed(20), mixed(30)];
  const standard = (M: Matrix, j: number): number[] => {
    const column = Array.from({ length: samples }, (_, s) => M.data[s * M.cols + j]);
    const mean = column.reduce((a, b) => a + b) / samples;
    const norm = Math.hypot(...column.map((x) => x - mean));
    return column.map((x) => (x - mean) / norm);
  };
  const sparseFirst = [1, 3, 5, 7, 9, 0, 2, 4, 6, 8];
  const expected = sparseFirst.flatMap((i) => {
    const x = standard(X, i);
    return sparseFirst.map((j) => {
      const y = standard(Y, j);
      return Math.abs(x.reduce((sum, value, s) => sum + value * y[s], 0));
    });
  });
  const C = absoluteCorrelations(standardize(findNonzeros(X)), standardize(findNonzeros(Y)));
  // sums of 40 products below 1
  assertClose(C.data, expected, 1e-14, "correlations");
});

Deno.test("the MCC is 1 for codes equal up to order, sign, scale and shift", () => {
  for (const share of [0.05, 1]) {
    const Z = randomCodes(1, 400, 30, share);
    const order = new RandomState(2).permutation(30);
    // 30 correlations, each a sum of 400 products
    assertClose(mcc(Z, rearranged(Z, order, -3, 0)), 1, 1e-12, "sign and scale");
    assertClose(mcc(Z, rearranged(Z, order, 0.5, 7)), 1, 1e-12, "shift");
  }
});

Deno.test("dead code columns cost the MCC their share and nothing else", () => {
  const Z = randomCodes(3, 300, 8, 0.3);
  const dead = { ...Z, data: Z.data.map((x, p) => p % 8 < 2 ? 0.1 : x) };
  // 0.1 is no binary fraction, so its column is constant only up to rounding
  assertClose(mcc(Z, dead), 6 / 8, 1e-12, "mcc");
});

Deno.test("in float32 too constant columns correlate 0, codes with themselves at most 1, and squares must not overflow", () => {
  const rows = 5000;
  // the float32 mean of 5000 times 0.1 is off by 1e-5 of it, which is not constant to a norm of 1e-8
  const withConstant = (cols: number, share: number): Matrix => {
    const { data } = randomCodes(4, rows, cols, share);
    return { rows, cols, data: Float32Array.from(data, (x, p) => p % cols === 0 ? 0.1 : x) };
  };
  // by all values, and by the non-zeros
  for (const [cols, share] of [[3, 1], [10, 0.1]]) {
    const codes = withConstant(cols, share);
    // columns of norm 1 in float32, by sums of 5000 squares
    assertClose(mcc(codes, codes), (cols - 1) / cols, 1e-4, `${cols} columns`);
  }
  const one = { rows, cols: 1, data: Float32Array.from(randomCodes(4, rows, 1, 1).data) };
  assert(mcc(one, one) <= 1 && mcc(one, one) > 0.9999);
  const huge = { ...one, data: one.data.map((x) => x * 1e25) };
  assert.throws(() => mcc(huge, huge), /squares of their values must stay finite, .* column 0/);
});

Deno.test("unmatched noise columns are drawn for the true codes' active columns only", () => {
  const Z = fromRows([[1, 0, 0], [0, 2, 0], [3, 1, 0], [0, 0, 0]]);
  const codes = fromRows([[1, 0], [0, 2], [3, 1], [0, 0]]);
  assertClose(mccId(Z, codes), 1, 1e-15, "two against two: no padding");
  assert(mcc(Z, codes) < 1, "three against two: one column is padding");
  const wide = fromRows([[1, 0.01, 0], [0, 0, 2], [3, 0, 1], [0, 0.02, 0]]);
  assertClose(mccOod(Z, wide), 1, 1e-15, "the columns of largest variance are kept");
  assert.throws(() => mccId(fromRows([[0], [0]]), fromRows([[1], [2]])), /variance above 1e-8/);
});

Deno.test("the null MCC shuffles samples: near 0 with many samples, large with few", () => {
  const many = randomCodes(4, 5000, 5, 0.5);
  // the best of five correlations of 5000 independent pairs, each of size 0.014
  assert(mccNull(many, many) < 0.05);
  const few = randomCodes(5, 20, 200, 0.5);
  assert(mccNull(few, few) > 0.5);
  assert.equal(mccNull(few, few, { seed: 1 }), mccNull(few, few, { seed: 1 }));
  assert.notEqual(mccNull(few, few, { seed: 1 }), mccNull(few, few, { seed: 2 }));
});

Deno.test("the MCC refuses bad input by name", () => {
  const Z = fromRows([[1], [2]]);
  assert.throws(() => mcc(Z, fromRows([[1]])), /ZPred must have 2 rows, got 1/);
  assert.throws(() => mcc(fromRows([[NaN], [1]]), Z), /ZTrue must be finite/);
  assert.throws(
    () => mcc({ rows: 2, cols: 0, data: new Float64Array(0) }, Z),
    /ZTrue.cols must be/,
  );
  assert.throws(() => mcc(Z, undefined as never), TypeError);
});

// ---------------------------------------------------------------- dictionaries

for (const shape of ["equal", "wide", "narrow"]) {
  Deno.test(`column matching and norm replacement give the golden numbers: ${shape}`, () => {
    const { inputs, expected, tol } = goldenCase("metrics", `match_columns_${shape}`);
    const [D, A] = [toMatrix(inputs.D), toMatrix(inputs.A)];
    const match = matchColumns(D, A);
    assert.deepEqual([...match.rows], expected.row_ind.data);
    assert.deepEqual([...match.cols], expected.col_ind.data);
    assertClose(match.cosines, expected.cosines.data, tol.cosines, "cosines");
    assertClose(match.angularErrors, expected.angular_errors.data, tol.angular_errors, "angles");
    assertClose(match.normRatios, expected.norm_ratios.data, tol.norm_ratios, "norm ratios");
    assertClose(match.meanCosine, expected.mean_cosine, tol.mean_cosine, "mean cosine");
    assertClose(
      match.meanAngularError,
      expected.mean_angular_error,
      tol.mean_angular_error,
      "mean angle",
    );
    assertClose(match.meanNormRatio, expected.mean_norm_ratio, tol.mean_norm_ratio, "mean ratio");
    assertClose(match.fracClose, expected.frac_close, tol.frac_close, "share of close ones");

    const replaced = goldenCase("metrics", `replace_column_norms_${shape}`);
    assertClose(
      replaceColumnNorms(D, A, match).data,
      replaced.expected.D_new.data,
      replaced.tol.D_new,
      "D_new",
    );
  });
}

Deno.test("norm replacement keeps a zero column", () => {
  const { inputs, expected, tol } = goldenCase("metrics", "replace_column_norms_zero_column");
  const replaced = replaceColumnNorms(toMatrix(inputs.D), toMatrix(inputs.A), {
    rows: inputs.row_ind,
    cols: inputs.col_ind,
  });
  assertClose(replaced.data, expected.D_new.data, tol.D_new, "D_new");
});

Deno.test("a trained dictionary has the golden diagnostics", () => {
  const { inputs, expected } = goldenCase("end_to_end", "dictionary_diagnostics_relu_seed0");
  const { A } = generateDatasets({ seed: 0, numLatents: 50, k: 10, nSamples: 2, inputDim: 33 });
  const match = matchColumns(toMatrix(inputs.Ad), A);
  assert.deepEqual([...match.rows], expected.row_ind.data);
  assert.deepEqual([...match.cols], expected.col_ind.data);
  // the dictionary is given in float32, whose cosines the reference rounded to it
  assertClose(match.cosines, expected.cosines.data, 1e-6, "cosines");
  assertClose(match.normRatios, expected.norm_ratios.data, 1e-6, "norm ratios");
  assertClose(match.meanCosine, expected.mean_cosine, 1e-6, "mean cosine");
  assertClose(match.meanAngularError, expected.mean_angular_error, 1e-6, "mean angle");
  assertClose(match.fracClose, expected.frac_close, 1e-12, "share of close ones");
});

Deno.test("zero atoms are matched last, with cosine 0", () => {
  const match = matchColumns(
    fromRows([[0, 0, 1], [0, 2, 0]]),
    fromRows([[1, 0, 0.6], [0, 1, 0.8]]),
  );
  assert.deepEqual([...match.cols], [2, 1, 0]);
  assert.deepEqual([...match.cosines], [1, 1, 0]);
});

Deno.test("dictionary functions refuse bad input by name", () => {
  const D = fromRows([[1, 0], [0, 1]]);
  assert.throws(() => matchColumns(D, fromRows([[1]])), /A must have 2 rows, got 1/);
  assert.throws(() => matchColumns(D, fromRows([[0], [0]])), /A must have no zero columns/);
  assert.throws(() => matchColumns(fromRows([[], []]), D), /D.cols must be/);
  const match = { rows: [0], cols: [2] };
  assert.throws(() => replaceColumnNorms(D, D, match), /match.cols must be .* from 0 to 1, got 2/);
  assert.throws(() => replaceColumnNorms(D, D, { rows: [0, 1], cols: [0] }), /match must pair/);
  const huge = fromRows([[1, 0], [0, 1e200]]);
  const tooLarge = (name: string) => ({
    name: "RangeError",
    message: new RegExp(`^${name} must have .* within float64, got one that overflows at 1`),
  });
  assert.throws(() => matchColumns(huge, D), tooLarge("D"));
  assert.throws(() => matchColumns(D, huge), tooLarge("A"));
  const pair = { rows: [0], cols: [0] };
  assert.throws(() => replaceColumnNorms(huge, D, pair), tooLarge("D"));
  assert.throws(() => replaceColumnNorms(D, huge, pair), tooLarge("A"));
});

// ---------------------------------------------------------------- supports

for (const name of ["threshold_0.0001", "threshold_0.5", "partial_match"]) {
  Deno.test(`support metrics are the golden ones: ${name}`, () => {
    const { inputs, expected, tol } = goldenCase("metrics", `support_metrics_${name}`);
    const found = supportMetrics(
      toMatrix(input(inputs.Z_true)),
      toMatrix(input(inputs.codes)),
      { rows: input(inputs.row_ind).data, cols: input(inputs.col_ind).data },
      { threshold: inputs.threshold },
    );
    assertClose(found.precision, expected.precision, tol.precision, "precision");
    assertClose(found.recall, expected.recall, tol.recall, "recall");
    assertClose(found.f1, expected.f1, tol.f1, "f1");
    assertClose(found.gtL0, expected.gt_l0, tol.gt_l0, "gt_l0");
    assertClose(found.predL0, expected.pred_l0, tol.pred_l0, "pred_l0");
    assertClose(found.predTotalL0, expected.pred_total_l0, tol.pred_total_l0, "pred_total_l0");
  });
}

for (const name of ["nonneg", "signed", "support_larger_than_input"]) {
  Deno.test(`magnitudes on a support are the golden ones: ${name}`, () => {
    const { inputs, expected, tol } = goldenCase("metrics", `reestimate_magnitudes_${name}`);
    const [rows, cols] = inputs.support_mask.shape;
    const Y = toMatrix(small.Y_val), D = toMatrix(small.A);
    const X = { rows, cols: Y.cols, data: Y.data.slice(0, rows * Y.cols) };
    const support = { rows, cols, data: inputs.support_mask.data };
    const codes = reestimateMagnitudes(X, D, support, { nonneg: name === "nonneg" });
    assertClose(codes.data, expected.codes.data, tol.codes, "codes");
    if (expected.reconstruction) {
      const reconstruction = multiply(codes, transpose(D));
      assertClose(reconstruction.data, expected.reconstruction.data, tol.reconstruction, "X");
    }
  });
}

Deno.test("magnitudes on the true support are the true codes", () => {
  const { val, A } = generateDatasets({ seed: 3, numLatents: 30, k: 4, nSamples: 100 });
  const codes = reestimateMagnitudes(val.Y, A, val.Z);
  // the ridge of 1e-8 over the smallest eigenvalue of four atoms' Gram matrix, above 1e-2 here
  assertClose(codes.data, val.Z.data, 1e-6, "codes");
});

Deno.test("support functions refuse bad input by name", () => {
  const Z = fromRows([[1, 0]]), D = fromRows([[1, 0], [0, 1]]);
  const match = { rows: [0], cols: [0] };
  assert.throws(() => supportMetrics(Z, D, match), /codes must have 1 rows, got 2/);
  assert.throws(() => supportMetrics(Z, Z, match, { threshold: -1 }), /threshold must be/);
  assert.throws(() => reestimateMagnitudes(Z, D, D), /support must be 1 × 2/);
  const twice = fromRows([[1e6, 1e6], [0, 0]]), both = fromRows([[1, 1]]);
  assert.throws(
    () => reestimateMagnitudes(Z, twice, both),
    /^RangeError: .* ridge of 1e-8 is lost/,
  );
  assert.throws(() => reestimateMagnitudes(Z, fromRows([[1]]), Z), /D must have 2 rows, got 1/);
});

// ---------------------------------------------------------------- AUC

Deno.test("AUC rows are the golden ones", () => {
  let cases = 0;
  for (const { name, inputs, expected, tol } of goldenCases("metrics")) {
    if (!name.startsWith("auc_")) continue;
    cases++;
    const scored = {
      codesId: toMatrix(inputs.codes_iid),
      codesOod: toMatrix(inputs.codes_ood),
      val: { labels: inputs.labels_iid.data },
      ood: { labels: inputs.labels_ood.data },
    };
    const row = evaluateAuc(scored);
    assertClose(row.auc_iid, expected.auc_iid, tol.auc_iid, `${name}: iid`);
    assertClose(row.auc_ood, expected.auc_ood, tol.auc_ood, `${name}: ood`);
    if (!expected.per_feature_iid) continue;
    const perId = columnAucs(scored.codesId, scored.val.labels);
    assertClose(perId, expected.per_feature_iid.data, tol.per_feature_iid, `${name}: columns`);
    const perOod = columnAucs(scored.codesOod, scored.ood.labels);
    assertClose(perOod, expected.per_feature_ood.data, tol.per_feature_ood, `${name}: columns ood`);
  }
  assert.equal(cases, 5);
});

Deno.test("the AUC equals the share of ordered pairs, with ties, zeros and both signs", () => {
  for (let seed = 0; seed < 40; seed++) {
    const random = new RandomState(seed);
    const labels = Array.from(random.random(30), (u) => u > 0.6);
    const scores = random.normal(0, 1.5, 30).map((x, s) => s % 3 ? Math.round(x) : 0);
    let wins = 0, pairs = 0;
    scores.forEach((a, s) =>
      scores.forEach((b, t) => {
        if (!labels[s] || labels[t]) return;
        pairs++;
        wins += a > b ? 1 : a === b ? 0.5 : 0;
      })
    );
    assert.equal(auc(scores, labels), pairs === 0 ? 0.5 : wins / pairs);
  }
});

Deno.test("column AUCs of more columns than a block are those of single columns", () => {
  const codes = randomCodes(7, 50, 70, 0.4);
  const labels = Array.from(new RandomState(8).random(50), (u) => u > 0.5 ? 1 : 0);
  const columns = transpose(codes);
  columnAucs(codes, labels).forEach((value, j) => {
    const single = auc(columns.data.slice(j * 50, (j + 1) * 50), labels);
    assert.equal(value, Math.max(single, 1 - single));
  });
});

Deno.test("the AUC refuses bad input by name", () => {
  assert.throws(() => auc([1, NaN], [0, 1]), /scores\[1\] must be finite, got NaN/);
  assert.throws(() => auc([1, 2], [0]), /labels must have one label per sample: 2, got 1/);
  assert.throws(() => columnAucs(fromRows([[1]]), ["yes"] as never), TypeError);
});

// ---------------------------------------------------------------- probes and rows

Deno.test("accuracy and probe AUC are the golden ones", () => {
  const { inputs, expected, tol } = goldenCase("metrics", "logistic_nonseparable_C_inf");
  const scored = {
    codesId: toMatrix(inputs.codes_iid),
    codesOod: toMatrix(inputs.codes_ood),
    val: { labels: inputs.labels_iid.data },
    ood: { labels: inputs.labels_ood.data },
  };
  const accuracy = evaluateAccuracy(scored);
  assertClose(accuracy.acc_iid, expected.acc_iid, tol.acc_iid, "acc_iid");
  assertClose(accuracy.acc_ood, expected.acc_ood, tol.acc_ood, "acc_ood");
  assert.equal(accuracy.acc_converged, true);
  const probe = evaluateAucProbe(scored);
  assertClose(probe.auc_probe_iid, expected.auc_probe_iid, tol.auc_probe_iid, "auc_probe_iid");
  assertClose(probe.auc_probe_ood, expected.auc_probe_ood, tol.auc_probe_ood, "auc_probe_ood");
});

/** The codes that the golden cases of `evaluate` describe in words. */
function goldenCodes(name: string): [Matrix, Matrix] {
  const [Y, YOod] = [toMatrix(small.Y_val), toMatrix(small.Y_ood)];
  if (name === "three_projections") {
    const P = toMatrix(goldenCase("metrics", "evaluate_all_three_projections").inputs.P);
    return [multiply(Y, P), multiply(YOod, P)];
  }
  const fista = goldenCase("sparse_coding", "known_dictionary_fista").expected;
  const [codes, codesOod] = [toMatrix(fista.codes_iid), toMatrix(fista.codes_ood)];
  return name === "fista_codes" ? [codes, codesOod] : [beside(codes, Y), beside(codesOod, YOod)];
}

/** The columns of A, then those of B. */
function beside(A: Matrix, B: Matrix): Matrix {
  const cols = A.cols + B.cols;
  const data = new Float64Array(A.rows * cols).map((_, p) => {
    const [row, col] = [Math.floor(p / cols), p % cols];
    return col < A.cols ? A.data[row * A.cols + col] : B.data[row * B.cols + col - A.cols];
  });
  return { rows: A.rows, cols, data };
}

for (const name of ["fista_codes", "three_projections", "wide"]) {
  Deno.test(`the row of evaluate is the golden one: ${name}`, () => {
    const golden = goldenCase("metrics", `evaluate_all_${name}`);
    const [codesId, codesOod] = goldenCodes(name);
    const row = evaluate({ codesId, codesOod, val, ood });
    for (const key of ["auc_iid", "auc_ood", "mcc_iid", "mcc_ood"] as const) {
      assertClose(row[key], golden.expected[key], golden.tol[key], key);
    }
    const stop = golden.accuracy_with_mean_loss_stopping;
    assert.equal(row.acc_iid, stop.acc_iid);
    assert.equal(row.acc_ood, stop.acc_ood);
    assert.equal(row.acc_converged, true);

    const fit = fitLogistic(codesId, val.labels);
    assert.equal(fit.iterations, stop.iterations);
    // the path is followed step by step; its end is then the same up to rounding, which the steps
    // magnify: codes come rounded to float32, coefficients are of size 30
    assertClose(fit.loss, stop.mean_loss, 1e-9, "mean loss");
    assertClose(fit.maxGradient, stop.max_abs_gradient, 1e-9, "gradient");
    assertClose(fit.coefficients, stop.coef, 1e-5, "coefficients");
    assertClose(fit.intercept, stop.intercept, 1e-5, "intercept");
  });
}

Deno.test("the row of evaluate is the golden one where the labels are not separable", () => {
  const { inputs, expected, tol } = goldenCase("metrics", "evaluate_all_nonseparable");
  const { seed, num_latents: numLatents, k, n_samples: nSamples, input_dim: inputDim } =
    inputs.generate;
  const data = generateDatasets({ seed, numLatents, k, nSamples, inputDim });
  const threeColumns = ({ rows, cols, data }: Matrix): Matrix => ({
    rows,
    cols: 3,
    data: data.filter((_, p) => p % cols < 3) as Float64Array,
  });
  const codesId = threeColumns(data.val.Y), codesOod = threeColumns(data.ood.Y);
  const row = evaluate({ codesId, codesOod, val: data.val, ood: data.ood });
  for (const key of ["acc_iid", "acc_ood", "auc_iid", "auc_ood", "mcc_iid", "mcc_ood"] as const) {
    assertClose(row[key], expected[key], tol[key], key);
  }
  const fit = fitLogistic(codesId, data.val.labels, { tolerance: 1e-9 });
  // the golden file's tolerance for the optimum of a quasi-Newton method, times coefficients of size 8
  assertClose(fit.coefficients, expected.optimum.coef.data, 1e-5, "coefficients");
  assertClose(fit.intercept, expected.optimum.intercept, 1e-5, "intercept");
});

Deno.test("without true codes a row has no MCC", () => {
  const [codesId, codesOod] = goldenCodes("three_projections");
  const row = evaluate({
    codesId,
    codesOod,
    val: { labels: val.labels },
    ood: { labels: ood.labels },
  });
  const { keys } = goldenCase("metrics", "evaluate_all_without_truth").expected;
  assert.deepEqual(Object.keys(row).filter((key) => key !== "acc_converged"), keys);
});

Deno.test("evaluate adds the chance level unless told not to, and it leaves the other numbers alone", () => {
  const { val, ood } = generateDatasets({ seed: 0, numLatents: 20, k: 3, nSamples: 400 });
  const scored = { codesId: val.Z, codesOod: ood.Z, val, ood };
  const plain = evaluate(scored, { null: false }), full = evaluate(scored);
  assert(!("mcc_null_iid" in plain) && !("mcc_null_ood" in plain));
  const { mcc_null_iid, mcc_null_ood, ...rest } = full;
  assert.deepEqual(rest, plain);
  assertClose(full.mcc_iid, 1, 1e-12, "the true codes match themselves");
  // the best match of 20 columns over 200 samples, each correlation of size 0.07
  assert(mcc_null_iid! > 0.02 && mcc_null_iid! < 0.3, `${mcc_null_iid}`);
  assert(mcc_null_ood! > 0.02 && mcc_null_ood! < 0.3, `${mcc_null_ood}`);
});

Deno.test("evaluate refuses bad input by name", () => {
  const [codesId, codesOod] = goldenCodes("three_projections");
  const scored = { codesId, codesOod, val, ood };
  const narrow = { rows: 20, cols: 1, data: new Float64Array(20) };
  assert.throws(() => evaluate({ ...scored, codesOod: narrow }), /codesOod must have 3 columns/);
  const labels = val.labels.slice(1);
  assert.throws(() => evaluate({ ...scored, val: { labels } }), /val.labels must have one label/);
  const oneClass = { labels: new Uint8Array(20) };
  assert.throws(() => evaluate({ ...scored, val: oneClass }), /labels must hold both classes/);
  const infinite = { ...codesId, data: codesId.data.map(() => Infinity) };
  assert.throws(() => evaluate({ ...scored, codesId: infinite }), /codesId must be finite/);
  const none = { rows: 0, cols: 3, data: new Float64Array(0) };
  for (const judge of [evaluate, evaluateAccuracy, evaluateAuc, evaluateAucProbe]) {
    const emptyId = { ...scored, codesId: none, val: { labels: [] } };
    assert.throws(() => judge(emptyId), { name: "RangeError", message: /^codesId.rows .* got 0/ });
    const emptyOod = { ...scored, codesOod: none, ood: { labels: [] } };
    assert.throws(() => judge(emptyOod), {
      name: "RangeError",
      message: /^codesOod.rows .* got 0/,
    });
  }
});

Deno.test("compressed rows hold the non-zeros of both orders", () => {
  const M = randomCodes(9, 12, 7, 0.3);
  for (const [csr, dense] of [[toCsr(M), M], [transposeCsr(toCsr(M)), transpose(M)]] as const) {
    const back = new Float64Array(dense.data.length);
    for (let i = 0; i < csr.rows; i++) {
      for (let p = csr.starts[i]; p < csr.starts[i + 1]; p++) {
        back[i * csr.cols + csr.columns[p]] = csr.values[p];
      }
    }
    assert.deepEqual(back, dense.data);
    assert(csr.values.every((value) => value !== 0));
  }
});
