import assert from "node:assert/strict";
import { generateDatasets } from "../lib/data.ts";
import { linearProbe } from "../lib/linear_probe.ts";
import { firstRows, fromRows, type Matrix, transpose } from "../lib/matrix.ts";
import { evaluate } from "../lib/metrics.ts";
import { pca } from "../lib/pca.ts";
import { multiply } from "../lib/numeric/product.ts";
import { RandomState } from "../lib/random.ts";
import { thinSvd } from "../lib/numeric/thin_svd.ts";
import { assertClose, goldenCase, goldenCases, toMatrix } from "./golden.ts";

const small = goldenCase("datasets", "small").expected;

for (const name of ["well_determined", "underdetermined", "square_mixing"]) {
  Deno.test(`the linear probe gives the golden numbers: ${name}`, () => {
    const { inputs, expected, tol } = goldenCase("metrics", `linear_probe_${name}`);
    let { Y_train: Y, Z_train: Z, Y_val, Y_ood } = small;
    [Y, Z, Y_val, Y_ood] = [Y, Z, Y_val, Y_ood].map(toMatrix);
    if (name === "underdetermined") [Y, Z] = [firstRows(Y, 5), firstRows(Z, 5)];
    if (name === "square_mixing") {
      const { seed, num_latents: numLatents, k, n_samples: nSamples, input_dim: inputDim } =
        inputs.generate;
      const data = generateDatasets({ seed, numLatents, k, nSamples, inputDim });
      [Y, Z, Y_val, Y_ood] = [data.train.Y, data.train.Z, data.val.Y, data.ood.Y];
    }
    const { alpha, looErrors, predictions } = linearProbe(Y, Z, [Y_val, Y_ood], {
      alphas: inputs.alphas,
    });
    assert.equal(alpha, expected.alpha);
    assertClose(looErrors, expected.loo_mse_per_alpha, tol.loo_mse_per_alpha, "loo errors");
    assertClose(predictions[0].data, expected.codes_iid.data, tol.codes_iid, "codes_iid");
    assertClose(predictions[1].data, expected.codes_ood.data, tol.codes_ood, "codes_ood");
  });
}

for (const { name, inputs, expected, tol, ...rest } of goldenCases("end_to_end")) {
  if (!name.startsWith("linear_probe")) continue;
  Deno.test(`the linear probe's row is the golden one: ${name}`, () => {
    const { num_latents: numLatents, k, input_dim: inputDim, n_samples: nSamples, seed } =
      inputs.data;
    const { train, val, ood } = generateDatasets({ seed, numLatents, k, nSamples, inputDim });
    const { predictions: [codesId, codesOod] } = linearProbe(train.Y, train.Z, [val.Y, ood.Y]);
    const row = evaluate({ codesId, codesOod, val, ood });
    for (const key of ["auc_iid", "auc_ood", "mcc_iid", "mcc_ood"] as const) {
      assertClose(row[key], expected[key], tol[key], key);
    }
    const published = rest.accuracy_with_mean_loss_stopping;
    // one of 2500 samples is 4e-4: the accuracies are the same
    assertClose(row.acc_iid, published.acc_iid, 1e-4, "acc_iid");
    assertClose(row.acc_ood, published.acc_ood, 1e-4, "acc_ood");
    assert.equal(row.acc_converged, true);
  });
}

/** Leave-one-out errors the slow way: one ridge solution, by gradient descent, per sample left out. */
function refitErrors(Y: Matrix, Z: Matrix, alpha: number): number {
  let total = 0;
  for (let out = 0; out < Y.rows; out++) {
    const keep = <T extends Matrix>(M: T) => ({
      rows: M.rows - 1,
      cols: M.cols,
      data: Float64Array.from(M.data).filter((_, p) => Math.floor(p / M.cols) !== out),
    });
    const [X, T] = [keep(Y), keep(Z)];
    const W = { rows: Y.cols, cols: Z.cols, data: new Float64Array(Y.cols * Z.cols) };
    const gram = multiply(transpose(X), X), target = multiply(transpose(X), T);
    const bound = alpha + gram.data.reduce((sum, g, p) => p % (Y.cols + 1) ? sum : sum + g, 0);
    for (let step = 0; step < 4000; step++) {
      const ahead = multiply(gram, W).data;
      for (let p = 0; p < W.data.length; p++) {
        W.data[p] -= (ahead[p] + alpha * W.data[p] - target.data[p]) / bound;
      }
    }
    const predicted = multiply({
      ...firstRows(Y, 1),
      data: Y.data.slice(out * Y.cols, (out + 1) * Y.cols),
    }, W);
    predicted.data.forEach((z, j) => total += (z - Z.data[out * Z.cols + j]) ** 2);
  }
  return total / (Y.rows * Z.cols);
}

Deno.test("closed-form leave-one-out errors equal those of refitting without each sample", () => {
  const random = new RandomState(8);
  for (const [samples, m] of [[12, 4], [5, 5], [4, 6]]) {
    const Y = { rows: samples, cols: m, data: random.normal(0, 1, samples * m) };
    const Z = { rows: samples, cols: 3, data: random.normal(0, 1, samples * 3) };
    const alphas = [1, 5];
    const { looErrors } = linearProbe(Y, Z, [], { alphas });
    // gradient descent contracts by at least 1 − 1/60 per step here: 4000 steps leave 1e-29
    assertClose(looErrors, alphas.map((a) => refitErrors(Y, Z, a)), 1e-10, `${samples} × ${m}`);
  }
});

Deno.test("the linear probe copes with observations of low rank", () => {
  const random = new RandomState(9);
  for (const [samples, m] of [[30, 6], [6, 9]]) {
    const thin = { rows: samples, cols: 2, data: random.normal(0, 1, 2 * samples) };
    const Y = multiply(thin, { rows: 2, cols: m, data: random.normal(0, 1, 2 * m) });
    const Z = multiply(thin, { rows: 2, cols: 4, data: random.normal(0, 1, 8) });
    const { predictions, alpha } = linearProbe(Y, Z, [Y]);
    assert.equal(alpha, 1e-6);
    // codes are linear in Y, so the only error is the shrinkage, α over the smallest σ² (about 1)
    assertClose(predictions[0].data, Z.data, 1e-4, "codes");
  }
});

Deno.test("the linear probe leaves out candidates without a finite error", () => {
  const Y = fromRows([[1, 2], [2, 1]]), Z = fromRows([[1], [2]]);
  // α/σ² is 0 in float64 beside 1: the error is 0/0
  const { alpha, looErrors } = linearProbe(Y, Z, [], { alphas: [1e-320, 1e-3] });
  assert.deepEqual([alpha, Number.isNaN(looErrors[0])], [1e-3, true]);
  assert.throws(() => linearProbe(Y, Z, [], { alphas: [1e-320] }), {
    name: "RangeError",
    message: /^alphas must give at least one finite leave-one-out error, got NaN for 1e-320/,
  });
  // the codes' squares overflow: an infinite smallest error is no choice either
  const huge = fromRows([[1e154], [2e154]]);
  assert.throws(() => linearProbe(Y, huge, [], { alphas: [1] }), /got Infinity for 1$/);
});

Deno.test("latents that never occur in training are predicted as 0, the others as without them", () => {
  const random = new RandomState(12);
  const Y = { rows: 9, cols: 3, data: random.normal(0, 1, 27) };
  const Z = { rows: 9, cols: 2, data: random.normal(0, 1, 18) };
  const wide = { rows: 9, cols: 4, data: new Float64Array(36) };
  Z.data.forEach((z, p) => wide.data[2 * p + 1] = z); // columns 1 and 3
  const narrow = linearProbe(Y, Z, [Y]), spread = linearProbe(Y, wide, [Y]);
  assert.equal(spread.alpha, narrow.alpha);
  // the mean is over twice as many latents
  assert.deepEqual(spread.looErrors, narrow.looErrors.map((error) => error / 2));
  const expected = new Float64Array(36);
  narrow.predictions[0].data.forEach((z, p) => expected[2 * p + 1] = z);
  assert.deepEqual(spread.predictions[0].data, expected);
});

Deno.test("the linear probe refuses bad input by name", () => {
  const Y = fromRows([[1, 2], [3, 4]]), Z = fromRows([[1], [0]]);
  assert.throws(() => linearProbe(Y, fromRows([[1]]), []), /ZTrain must have 2 rows, got 1/);
  assert.throws(() => linearProbe(Y, Z, [Z]), /observations\[0\] must have 2 columns, got 1/);
  assert.throws(() => linearProbe(Y, Z, [], { alphas: [] }), /alphas must hold at least one/);
  assert.throws(() => linearProbe(Y, Z, [], { alphas: [1, 0] }), /alphas\[1\] must be .* got 0/);
  assert.throws(() => linearProbe(fromRows([[NaN, 0], [0, 1]]), Z, []), /YTrain must be finite/);
});

for (const name of ["pca_3", "pca_8"]) {
  Deno.test(`principal components are the golden ones: ${name}`, () => {
    const { inputs, expected, tol } = goldenCase("metrics", name);
    const [Y, ood] = [toMatrix(small.Y_val), toMatrix(small.Y_ood)];
    const { codes, singularValues } = pca(Y, [Y, ood], inputs.n_components);
    assertClose(codes[0].data, expected.codes_iid.data, tol.codes_iid, "codes_iid");
    assertClose(codes[1].data, expected.codes_ood.data, tol.codes_ood, "codes_ood");
    assertClose(singularValues, expected.singular_values.data, tol.singular_values, "values");
  });
}

Deno.test("more components than the observations' rank are refused", () => {
  const Y = fromRows([[1, 2], [2, 4], [3, 6]]);
  assert.equal(pca(Y, [Y], 1).codes[0].cols, 1);
  assert.throws(() => pca(Y, [Y], 2), /Cannot take 2 components: .* rank 1 /);
  assert.throws(() => pca(Y, [Y], 0), /components must be/);
  assert.throws(() => pca(Y, [fromRows([[1]])], 1), /others\[0\] must have 2 columns/);
});

Deno.test("constant observations have no components, and units do not matter", () => {
  for (const rows of [3, 1000]) {
    const constant = { rows, cols: 4, data: new Float64Array(4 * rows).fill(0.1) };
    assert.throws(() => pca(constant, [], 1), /numerical rank 0/);
  }
  const Y = { rows: 30, cols: 5, data: new RandomState(11).normal(0, 1, 150) };
  const { codes: [scores], singularValues } = pca(Y, [Y], 5);
  for (const exponent of [-600, -300, -20, 260, 1000]) {
    const scaled = { ...Y, data: Y.data.map((value) => value * 2 ** exponent) };
    const found = pca(scaled, [scaled], 5);
    // powers of two change no digit of sums and products
    assert.deepEqual(found.singularValues.map((value) => value / 2 ** exponent), singularValues);
    assert.deepEqual(found.codes[0].data.map((value) => value / 2 ** exponent), scores.data);
  }
});

Deno.test("the singular value decomposition gives back tall and wide matrices", () => {
  const random = new RandomState(10);
  for (const [rows, cols] of [[9, 4], [4, 9], [5, 5]]) {
    const A = { rows, cols, data: random.normal(0, 1, rows * cols) };
    const { U, values, V } = thinSvd(A);
    const scaled = { ...U, data: U.data.map((u, p) => u * values[p % U.cols]) };
    // the Gram matrix squares the condition number, which is below 1e3 here
    assertClose(multiply(scaled, transpose(V)).data, A.data, 1e-12, "U·diag(s)·Vᵀ");
    const identity = multiply(transpose(U), U).data.map((x, p) => x - (p % (U.cols + 1) ? 0 : 1));
    assertClose(identity, new Float64Array(identity.length), 1e-10, "UᵀU − I");
    assert.deepEqual(values, values.slice().sort().reverse());
  }
});
