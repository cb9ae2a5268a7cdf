import assert from "node:assert/strict";
import {
  checkDatasetOptions,
  type DatasetOptions,
  type Datasets,
  generateDatasets,
} from "../lib/data.ts";
import { columnNorms, fromRows, type Matrix } from "../lib/matrix.ts";
import { assertClose, goldenCases, toMatrix } from "./golden.ts";

/** The golden file's allowance for A and Y: the order of summation in norms and products. */
const SUMMATION_TOLERANCE = 1e-14;
/** The golden file's relative allowance for sums over a whole array. */
const SUM_TOLERANCE = 1e-11;

/** The arrays of the datasets by their golden names. */
function byGoldenName({ train, val, ood, A }: Datasets): Record<string, Matrix | Uint8Array> {
  const named: Record<string, Matrix | Uint8Array> = { A };
  for (const [name, split] of Object.entries({ train, val, ood })) {
    named[`Z_${name}`] = split.Z;
    named[`Y_${name}`] = split.Y;
    named[`labels_${name}`] = split.labels;
  }
  return named;
}

/** Number of columns with variance above 1e-8. */
function countActiveColumns({ rows, cols, data }: Matrix): number {
  let active = 0;
  for (let j = 0; j < cols; j++) {
    let sum = 0, squares = 0;
    for (let i = 0; i < rows; i++) {
      sum += data[i * cols + j];
      squares += data[i * cols + j] ** 2;
    }
    if (squares / rows - (sum / rows) ** 2 > 1e-8) active++;
  }
  return active;
}

function activeLatents({ cols, data }: Matrix, row: number): number[] {
  return [...data.subarray(row * cols, (row + 1) * cols)].flatMap((z, j) => z === 0 ? [] : [j]);
}

for (const { name, inputs, expected } of goldenCases("datasets")) {
  Deno.test(`the data are the reference's, number by number: ${name}`, () => {
    const datasets = generateDatasets({
      seed: inputs.seed,
      numLatents: inputs.num_latents,
      k: inputs.k,
      nSamples: inputs.n_samples,
      inputDim: inputs.input_dim ?? undefined,
    });
    const actual = byGoldenName(datasets);
    const { n_active_columns: activeColumns, ...arrays } = expected;
    assert.deepEqual(Object.keys(arrays).sort(), Object.keys(actual).sort());
    for (const [key, golden] of Object.entries<typeof expected>(arrays)) {
      const array = actual[key];
      if (array instanceof Uint8Array) {
        if (golden.data) {
          assert.deepEqual([...array], golden.data.map(Number), key);
        } else {
          assert.equal(array.length, golden.count, key);
          assert.equal(array.filter(Boolean).length, golden.n_true, key);
        }
        continue;
      }
      assert.deepEqual([array.rows, array.cols], golden.shape, key);
      const tolerance = key.startsWith("Z") ? 0 : SUMMATION_TOLERANCE;
      if (golden.data) {
        assertClose(array.data, toMatrix(golden).data, tolerance, key);
        continue;
      }
      assertClose(array.data.subarray(0, array.cols), golden.first_row, tolerance, key);
      if (golden.last_row) {
        assertClose(array.data.subarray(-array.cols), golden.last_row, tolerance, key);
      }
      let sum = 0, squares = 0;
      for (const value of array.data) [sum, squares] = [sum + value, squares + value * value];
      assertClose(sum, golden.sum, SUM_TOLERANCE * Math.abs(golden.sum), `${key} sum`);
      assertClose(squares, golden.sumsq, SUM_TOLERANCE * golden.sumsq, `${key} sum of squares`);
    }
    if (activeColumns) {
      assert.equal(countActiveColumns(datasets.val.Z), activeColumns.val);
      assert.equal(countActiveColumns(datasets.ood.Z), activeColumns.ood);
    }
  });
}

Deno.test("every setting keeps to its latents, for even and odd n and the largest k", () => {
  for (const [numLatents, k] of [[12, 6], [13, 7], [2, 1], [3, 2], [30, 4]]) {
    const { train, val, ood, A } = generateDatasets({ seed: 4, numLatents, k, nSamples: 201 });
    const half = Math.floor(numLatents / 2);
    let withLatent0 = 0;
    for (const split of [train, val]) {
      for (let row = 0; row < split.Z.rows; row++) {
        const active = activeLatents(split.Z, row);
        assert.equal(active.length, k);
        if (active[0] === 0) {
          withLatent0++;
          assert(active.every((j) => j < numLatents - half));
        }
      }
    }
    // 201 fair coins leave 101 ± 5 standard deviations of 7.1 with a chance of 6e-7
    assert(Math.abs(withLatent0 - 101) < 36, `${withLatent0} of 201 samples activate latent 0`);
    for (let row = 0; row < ood.Z.rows; row++) {
      const [first, ...others] = activeLatents(ood.Z, row);
      assert.equal(first, 0);
      assert.equal(others.length, k - 1);
      assert(others.every((j) => j >= numLatents - half));
      assert.equal(ood.labels[row], ood.Z.data[row * numLatents] > 0.5 ? 1 : 0);
    }
    assert.deepEqual([train.Z.rows, val.Z.rows, ood.Z.rows], [100, 101, 100]);
    // rounding of one division per entry
    assertClose(columnNorms(A), new Float64Array(numLatents).fill(1), 1e-14, "column norms");
  }
});

Deno.test("observations are the codes times the transposed matrix", () => {
  const { val: { Z, Y }, A } = generateDatasets({ seed: 9, numLatents: 40, k: 5, nSamples: 60 });
  const product = new Float64Array(Y.rows * Y.cols);
  for (let s = 0; s < Y.rows; s++) {
    for (let i = 0; i < A.rows; i++) {
      for (let j = 0; j < A.cols; j++) {
        product[s * A.rows + i] += Z.data[s * A.cols + j] * A.data[i * A.cols + j];
      }
    }
  }
  // five summands below 1 in another order
  assertClose(Y.data, product, 1e-14, "Y");
});

Deno.test("the same seed gives the same data and another seed gives others", () => {
  const options = { numLatents: 20, k: 3, nSamples: 10 };
  const first = generateDatasets({ seed: 1, ...options });
  assert.deepEqual(generateDatasets({ seed: 1, ...options }), first);
  assert.notDeepEqual(generateDatasets({ seed: 2, ...options }), first);
});

Deno.test("samples of ten thousand latents activate k different ones", () => {
  const { ood } = generateDatasets({ seed: 0, numLatents: 10_000, k: 10, nSamples: 100 });
  for (let row = 0; row < ood.Z.rows; row++) assert.equal(activeLatents(ood.Z, row).length, 10);
});

Deno.test("options that cannot be drawn are refused before any work", () => {
  const good = { seed: 0, numLatents: 10, k: 3, nSamples: 100 };
  checkDatasetOptions(good);
  // deno-lint-ignore no-explicit-any -- the wrong kinds are the point
  const cases: [any, string, RegExp][] = [
    [{ k: 12 }, "RangeError", /^Cannot draw 12 of 10 latents: k must be below numLatents$/],
    [{ k: 10 }, "RangeError", /^Cannot draw 10 of 10 latents: k must be below numLatents$/],
    [{ k: 6 }, "RangeError", /^Cannot draw 6 of 10 latents: .* so k must be at most 5$/],
    [{ k: 0 }, "RangeError", /^k must be an integer of at least 1, got 0$/],
    [{ k: 2.5 }, "RangeError", /^k must be an integer of at least 1, got 2.5$/],
    [{ k: "3" }, "TypeError", /^k must be a number, got string$/],
    [{ numLatents: 1 }, "RangeError", /^numLatents must be an integer from 2/],
    [{ numLatents: NaN }, "RangeError", /^numLatents must be an integer/],
    [{ nSamples: 1 }, "RangeError", /^nSamples must be an integer of at least 2, got 1$/],
    [{ nSamples: 10.5 }, "RangeError", /^nSamples must be an integer/],
    [{ inputDim: 0 }, "RangeError", /^inputDim must be an integer of at least 1, got 0$/],
    [{ seed: -1 }, "RangeError", /^seed must be an integer from 0/],
    [{ noise: -0.1 }, "RangeError", /^noise must be a finite number of at least 0, got -0.1$/],
    [{ noize: 0.1 }, "TypeError", /^options has no "noize"; did you mean "noise"\?$/],
    [{ mixing: fromRows([[1, 0]]) }, "RangeError", /^mixing must have 10 columns/],
    [{ coefficients: 1 }, "TypeError", /^coefficients must be a function, got number$/],
    [{ support: [1] }, "TypeError", /^support must be a function, got object$/],
  ];
  for (const [change, name, message] of cases) {
    assert.throws(() => checkDatasetOptions({ ...good, ...change }), { name, message });
    assert.throws(() => generateDatasets({ ...good, ...change }), { name, message });
  }
});

Deno.test("a matrix of one's own, noise and coefficients leave the codes' supports where they were", () => {
  const options = { seed: 4, numLatents: 12, k: 3, nSamples: 40 };
  const plain = generateDatasets(options);
  const { A } = generateDatasets({ ...options, seed: 5 });
  const mixed = generateDatasets({ ...options, mixing: A });
  assert.deepEqual(mixed.ood.Z, plain.ood.Z);
  assert.deepEqual(mixed.A, A);
  assert.notDeepEqual(mixed.ood.Y, plain.ood.Y);

  const noisy = generateDatasets({ ...options, noise: 0.25 });
  assert.deepEqual([noisy.val.Z, noisy.A], [plain.val.Z, plain.A]);
  const errors = noisy.val.Y.data.map((value, p) => value - plain.val.Y.data[p]);
  const deviation = Math.sqrt(errors.reduce((sum, e) => sum + e * e) / errors.length);
  // of some hundred draws: five standard errors of their deviation
  assert(Math.abs(deviation - 0.25) < 5 * 0.25 / Math.sqrt(2 * errors.length), `${deviation}`);
  assert.deepEqual(generateDatasets({ ...options, noise: 0 }), plain);

  const signed = generateDatasets({
    ...options,
    coefficients: (random, count) => random.random(count).map((value) => -value),
  });
  assert.deepEqual(signed.train.Z.data, plain.train.Z.data.map((value) => value && -value));
});

Deno.test("a draw of supports of one's own decides which latents are active, and how many", () => {
  const { train, ood } = generateDatasets({
    seed: 0,
    numLatents: 6,
    k: 2,
    nSamples: 8,
    support: (_random, { inDistribution }) => inDistribution ? [5] : [0, 2, 4],
  });
  for (let row = 0; row < 4; row++) {
    assert.deepEqual(activeLatents(train.Z, row), [5]);
    assert.deepEqual(activeLatents(ood.Z, row), [0, 2, 4]);
  }
});

Deno.test("draws of one's own that fit no sample are refused", () => {
  const options = { seed: 0, numLatents: 6, k: 2, nSamples: 8 };
  const cases: [Partial<DatasetOptions>, RegExp][] = [
    [{ support: () => [] }, /number of support's latents must be an integer from 1 to 6, got 0/],
    [{ support: () => [6] }, /support's latent must be an integer from 0 to 5, got 6/],
    [{ support: () => [1, 1] }, /support's latents must be different, got 1 twice/],
    [{ coefficients: () => [1] }, /number of coefficients' values must be .* from 2 to 2, got 1/],
    [{ coefficients: () => [1, NaN] }, /coefficients' values must be finite, got NaN/],
  ];
  for (const [change, message] of cases) {
    assert.throws(() => generateDatasets({ ...options, ...change }), {
      name: "RangeError",
      message,
    });
  }
});
