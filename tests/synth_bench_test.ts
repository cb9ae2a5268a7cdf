/** SynthSAEBench: models, samples and scores against SAELens's, and what must hold of any. */
import assert from "node:assert/strict";
import { fromDense, toDense } from "../lib/csr_matrix.ts";
import { fromRows, type Matrix, normalizeColumns, toRows, transpose } from "../lib/matrix.ts";
import { matchColumns } from "../lib/metrics.ts";
import { normalQuantile } from "../lib/numeric/normal_quantile.ts";
import { RandomState } from "../lib/random.ts";
import { encodeSafetensors } from "../lib/safetensors.ts";
import {
  loadSynthModel,
  makeSynthModel,
  type SynthBatch,
  synthBatches,
  type SynthModel,
  type SynthOptions,
  SynthScorer,
} from "../lib/synth_bench.ts";
import { assertClose } from "./golden.ts";

const golden = JSON.parse(
  Deno.readTextFileSync(new URL("./golden/synth_bench.json", import.meta.url)),
);

/** The golden model's options. */
const SMALL: SynthOptions = {
  ...{ numFeatures: 64, inputDim: 12, roots: 4, branching: 3, depth: 2, rank: 5, seed: 42 },
  probabilities: [0.4, 0.005],
};
const small = makeSynthModel(SMALL);
const stored = golden.model;

function first(
  model: SynthModel,
  seed: number,
  batchSize: number,
  likeSaelens = false,
): SynthBatch {
  return synthBatches(model, { seed, batchSize, likeSaelens }).next().value!;
}

Deno.test("normal quantiles are those of Python's statistics.NormalDist", () => {
  const known: [number, number][] = [
    [1e-300, -37.0470962993612],
    [1e-10, -6.361340902404056],
    [0.01, -2.3263478740408408],
    [0.075, -1.4395314709384557],
    [0.3, -0.5244005127080407],
    [0.9, 1.2815515655446008],
    [1 - 2 ** -30, 6.009353565530742],
  ];
  // float64, and as many digits
  for (const [p, x] of known) assertClose(normalQuantile(p), x, 1e-13, `quantile of ${p}`);
  assert.deepEqual([0, 1, 0.5, 2].map(normalQuantile), [-Infinity, Infinity, 0, NaN]);
});

Deno.test("a model has SAELens's probabilities, magnitudes, correlations, hierarchy and vectors", () => {
  const close = (values: ArrayLike<number>, wanted: number[], tol: number, what: string) =>
    assertClose(values, wanted, tol, what);
  // float32 values up to 1: a few roundings of 6e-8
  close(small.probabilities, stored.probabilities, 3e-7, "probabilities");
  close(small.means, stored.mean, 0, "means");
  // normal numbers of the generator are known up to 2e-6 (see TorchGenerator)
  close(small.deviations, stored.std, 1e-6, "deviations");
  close(small.factors.data, stored.factor.flat(), 2e-7, "factors");
  close(small.ownVariances, stored.diag, 1e-7, "own variances");
  close(small.bias, stored.bias, 1e-6, "bias");
  const before = makeSynthModel({ ...SMALL, orthogonalSteps: 0 });
  close(transpose(before.dictionary).data, stored.vectors_before.flat(), 1e-6, "first vectors");
  // 100 steps of 3e-4 in float64 here and in float32 there
  close(transpose(small.dictionary).data, stored.vectors.flat(), 2e-6, "vectors");
  assert.deepEqual([...small.parents], stored.parent.map((i: number) => Math.max(i, -1)));
  const parents = stored.kids.map((kids: number[]) => Number(kids.length > 0));
  assert.deepEqual([...small.exclusive], parents);
  assert.deepEqual([...small.scaled], parents);
  const plain = makeSynthModel({ ...SMALL, compensated: false, orthogonalSteps: 0 });
  close(plain.probabilities, stored.base_probabilities, 6e-8, "base probabilities");
});

Deno.test("the benchmark's own sizes give SAELens's probabilities and deviations", () => {
  const sixteen = golden.sixteen_k;
  const SIXTEEN = { numFeatures: 16_384, inputDim: 1, orthogonalSteps: 0, rank: 0 };
  const model = makeSynthModel(SIXTEEN);
  const base = makeSynthModel({ ...SIXTEEN, compensated: false });
  assertClose(base.probabilities.slice(0, 5), sixteen.base_first, 6e-8, "first");
  // smaller numbers, smaller roundings
  assertClose(base.probabilities.slice(-3), sixteen.base_last, 1e-9, "last");
  const sum = base.probabilities.reduce((total, p) => total + p, 0);
  // 16,384 roundings of 1e-10 to 3e-8 that point either way
  assertClose(sum, sixteen.base_sum, 1e-4, "sum");
  assertClose(
    sixteen.corrected_at.map((i: number) => model.probabilities[i]),
    sixteen.corrected_first,
    5e-7,
    "compensated",
  );
  assert.equal(model.probabilities.filter((p) => p >= 1).length, sixteen.clamped);
  assertClose(model.deviations.slice(0, 8), sixteen.std_first, 1e-6, "deviations");
  assertClose(model.deviations.slice(-4), sixteen.std_last, 1e-6, "last deviations");
  const levels = new Int32Array(5);
  model.parents.forEach((_, i) => {
    let level = 0;
    for (let at = i; model.parents[at] >= 0; at = model.parents[at]) level++;
    // those beyond the trees are free
    levels[i < sixteen.in_hierarchy ? level : 4]++;
  });
  assert.deepEqual([...levels], [...sixteen.levels, 16_384 - sixteen.in_hierarchy]);
});

Deno.test("with its order of draws a batch is SAELens's", () => {
  const { X, codes } = first(small, 7, 32, true);
  // values up to 8 with a few float32 roundings, from normal numbers known up to 2e-6
  assertClose(toDense(codes).data, golden.batch.features.flat(), 1e-5, "features");
  assertClose(X.data, golden.batch.hidden.flat(), 1e-5, "observations");
});

Deno.test("both orders of draws have one distribution, that of the published sparsity", () => {
  const model = makeSynthModel({ numFeatures: 1024, orthogonalSteps: 0 });
  const N = 1024,
    moments = [true, false].map((likeSaelens) => {
      const batches = likeSaelens ? 4 : 40, samples = 1024 * batches;
      const fires = new Float64Array(N), sizes = new Float64Array(N), numbers: number[] = [];
      let roots = 0;
      for (const { codes } of synthBatches(model, { seed: 3, batches, likeSaelens })) {
        for (let s = 0; s < codes.rows; s++) {
          numbers.push(codes.indptr[s + 1] - codes.indptr[s]);
          const own = codes.indices.subarray(codes.indptr[s], codes.indptr[s + 1]);
          // correlations: how often two roots are active together
          if (own.includes(0) && own.includes(1)) roots++;
        }
        codes.indices.forEach((i, p) => {
          fires[i]++;
          sizes[i] += codes.data[p];
        });
      }
      return {
        ...{ samples, fires, sizes, roots: roots / samples },
        l0: fires.reduce((sum, n) => sum + n, 0) / samples,
        quarter: fires.slice(0, N / 4).reduce((sum, n) => sum + n, 0) / samples,
        spread: Math.sqrt(numbers.reduce((sum, n) => sum + (n - 7.26) ** 2, 0) / samples),
      };
    });
  for (const { l0, quarter, samples, spread } of moments) {
    // the measured 7.26 and 5.54 were rounded and drawn, too; five standard errors
    const error = 5 * spread / Math.sqrt(samples) + 0.01;
    assertClose(l0, 7.26, error, "true L0");
    assertClose(quarter, 5.54, error, "true L0 of the first quarter");
  }
  const [slow, fast] = moments;
  assertClose(fast.spread, slow.spread, 0.15, "spread of the number of active features");
  assertClose(fast.roots, slow.roots, 5 * Math.sqrt(0.11 / slow.samples), "pairs of roots");
  for (let i = 0; i < N; i++) {
    const p = fast.fires[i] / fast.samples;
    // the rarest are rare in 4096 samples: six standard errors, and a few
    const error = 6 * Math.sqrt(p / slow.samples) + 5 / slow.samples;
    assertClose(slow.fires[i] / slow.samples, p, error, `share of feature ${i}`);
    if (slow.fires[i] < 200) continue;
    const mean = (of: typeof slow) => of.sizes[i] / of.fires[i];
    // deviations up to 2.5, and that of the scaling
    assertClose(mean(slow), mean(fast), 6 * 3 / Math.sqrt(slow.fires[i]), `size of feature ${i}`);
  }
});

Deno.test("samples obey the hierarchy: parents are active, one child at most", () => {
  for (const likeSaelens of [true, false]) {
    for (const [exclusive, scaled] of [[true, true], [false, true], [true, false]]) {
      const model = makeSynthModel({ ...SMALL, exclusive, scaled, deviations: [0, 0] });
      const { codes, X } = first(model, 11, 500, likeSaelens);
      const values = toDense(codes);
      let several = 0, children = 0;
      for (let s = 0; s < codes.rows; s++) {
        const row = values.data.subarray(s * 64, (s + 1) * 64);
        const counts = new Int32Array(64);
        row.forEach((value, i) => {
          const parent = model.parents[i];
          if (!(value > 0) || parent < 0) return;
          assert(row[parent] > 0, `the parent of ${i} is active`);
          if (counts[parent]++ > 0) several++;
          children++;
        });
        for (let i = 0; i < 64; i++) {
          // without deviations, and so with parents at their means, all magnitudes are means
          if (row[i] > 0) assertClose(row[i], model.means[i], 2e-6, `value of ${i}`);
        }
      }
      assert(children > 100);
      assert.equal(several > 0, !exclusive);
      const wanted = toRows(values).map((row) =>
        [...model.bias].map((b, d) =>
          row.reduce((sum, a, i) => sum + a * model.dictionary.data[d * 64 + i], b)
        )
      );
      // float32 sums of values up to 20
      assertClose(X.data, wanted.flat(), 1e-5, "observations");
    }
  }
});

Deno.test("the same seed gives the same samples, batch after batch, and another seed others", () => {
  const two = (seed: number) =>
    [...synthBatches(small, { seed, batchSize: 50, batches: 2 })].map(({ X }) => [...X.data]);
  const [a, b] = two(5);
  assert.deepEqual(two(5), [a, b]);
  assert.notDeepEqual(a, b);
  assert.notDeepEqual(two(6)[0], a);
  assert.equal([...synthBatches(small, { seed: 0, batches: 0 })].length, 0);
});

Deno.test("features without a hierarchy or correlations fire with their probabilities", () => {
  const model = makeSynthModel({ ...SMALL, roots: 0, rank: 0, probabilities: [1, 0.5] });
  const { codes } = first(model, 1, 4000);
  const fires = new Float64Array(64);
  codes.indices.forEach((i) => fires[i]++);
  assert.equal(fires[0], 4000);
  fires.forEach((n, i) => {
    // six standard errors, and normal magnitudes of mean 4 to 5 that are below 0 where deviations are large
    assertClose(n / 4000, model.probabilities[i], 6 * 0.5 / Math.sqrt(4000) + 0.01, `feature ${i}`);
  });
});

Deno.test("scores are SAELens's", () => {
  const { W_dec, latents, reconstruction, results } = golden.metrics_case;
  const rows = (array: number[][]): Matrix => fromRows(array);
  const scorer = new SynthScorer(small, transpose(rows(W_dec)));
  const truth = first(small, 7, 32, true);
  scorer.add(truth, { codes: rows(latents), reconstruction: rows(reconstruction) });
  const scores = scorer.scores();
  assert.deepEqual([...scorer.nearest], results.best_match);
  const wanted = {
    mccDecoder: results.mcc,
    uniqueness: results.uniqueness,
    precision: results.precision,
    recall: results.recall,
    f1: results.f1,
    accuracy: results.accuracy,
    explainedVariance: results.explained_variance,
    l0: results.sae_l0,
    trueL0: results.true_l0,
    dead: results.dead_latents,
    shrinkage: results.shrinkage,
  };
  assert.deepEqual(Object.keys(scores), Object.keys(wanted));
  for (const [name, value] of Object.entries(scores)) {
    // means of float32 numbers up to 1, or counts over 16 or 32
    assertClose(value, wanted[name as keyof typeof wanted], 2e-6, name);
  }
});

Deno.test("scores by batches, of dense codes and of sparse ones, are the same", () => {
  const random = new RandomState(2), width = 20;
  const D = normalizeColumns({ rows: 12, cols: width, data: random.normal(0, 1, 12 * width) });
  const whole = first(small, 9, 60);
  const codes = { rows: 60, cols: width, data: random.normal(0, 1, 60 * width) };
  const part = <M extends Matrix>({ cols, data }: M, start: number, end: number): Matrix => ({
    rows: end - start,
    cols,
    data: data.slice(start * cols, end * cols),
  });
  const sparse = (M: Matrix) => ({ ...M, data: Float32Array.from(M.data) });
  const once = new SynthScorer(small, D), often = new SynthScorer(small, D);
  once.add(whole, { codes, reconstruction: whole.X });
  for (const [start, end] of [[0, 7], [7, 40], [40, 60]]) {
    const from = whole.codes.indptr[start], to = whole.codes.indptr[end];
    const X = sparse(part(whole.X, start, end));
    often.add({
      X,
      codes: {
        ...{ rows: end - start, cols: 64 },
        indptr: whole.codes.indptr.slice(start, end + 1).map((p) => p - from),
        indices: whole.codes.indices.slice(from, to),
        data: whole.codes.data.slice(from, to),
      },
    }, { codes: fromDense(part(codes, start, end)), reconstruction: X });
  }
  const [a, b] = [once.scores(), often.scores()];
  for (const name of Object.keys(a) as (keyof typeof a)[]) {
    // the same sums, begun anew with each batch
    assertClose(b[name], a[name], 1e-12, name);
  }
  assert.equal(a.explainedVariance, 1);
  // dense columns of zeros are dead, and find their feature nowhere
  const silent = new SynthScorer(small, D);
  const zeros = { rows: 60, cols: width, data: new Float64Array(60 * width) };
  silent.add(whole, { codes: zeros, reconstruction: zeros12(60) });
  const { dead, f1, precision, recall, shrinkage, l0 } = silent.scores();
  assert.deepEqual([dead, f1, precision, recall, shrinkage, l0], [width, 0, 0, 0, 0, 0]);
  assert.throws(() => new SynthScorer(small, D).scores(), /add must be called first/);
});

function zeros12(rows: number): Matrix {
  return { rows, cols: 12, data: new Float32Array(rows * 12) };
}

Deno.test("the true dictionary and codes have the best scores", () => {
  const scorer = new SynthScorer(small, small.dictionary);
  for (const batch of synthBatches(small, { seed: 4, batches: 4 })) {
    scorer.add(batch, { codes: batch.codes, reconstruction: batch.X });
  }
  const { mccDecoder, dead, f1, ...others } = scorer.scores();
  // float32 unit vectors
  assertClose(mccDecoder, 1, 1e-6, "MCC");
  const { uniqueness, accuracy, explainedVariance, shrinkage } = others;
  assert.deepEqual([uniqueness, accuracy, explainedVariance, shrinkage], [1, 1, 1, 1]);
  assertClose(f1, (64 - dead) / 64, 1e-12, "F1 of those that fire");
  assert.equal(others.l0, others.trueL0);
  // any one-to-one match has the same mean as that of the columns
  assert.equal(mccDecoder, matchColumns(small.dictionary, small.dictionary).meanCosine);
});

/** The three files of the golden model, as SAELens writes them. */
function writeFiles(folder: string, change: Record<string, unknown> = {}): void {
  Deno.mkdirSync(folder, { recursive: true });
  const f32 = (values: number[] | number[][]) => ({
    shape: Array.isArray(values[0]) ? [values.length, values[0].length] : [values.length],
    data: Float32Array.from(values.flat()),
  });
  Deno.writeFileSync(
    `${folder}/synthetic_model.safetensors`,
    encodeSafetensors({
      tensors: {
        feature_vectors: f32(stored.vectors),
        bias: f32(stored.bias),
        firing_probabilities: f32(stored.probabilities),
        correlation_factor: f32(stored.factor),
        correlation_diag: f32(stored.diag),
      },
      metadata: {},
    }),
  );
  const config = {
    ...{ num_features: 64, hidden_dim: 12, bias: 0.5, dtype: "float32", seed: 42 },
    mean_firing_magnitudes: { start: 5, end: 4, generator_name: "linear" },
    std_firing_magnitudes: {
      ...{ mean: 0.5, std: 0.5, min_value: null, max_value: null },
      generator_name: "folded_normal",
    },
    ...change,
  };
  Deno.writeTextFileSync(`${folder}/synthetic_model_config.json`, JSON.stringify(config));
  const node = (index: number): unknown => ({
    feature_index: index,
    feature_id: null,
    mutually_exclusive_children: stored.kids[index].length > 0,
    children: stored.kids[index].map(node),
    ...(stored.kids[index].length > 0 && { scale_children_by_parent: true }),
  });
  Deno.writeTextFileSync(
    `${folder}/hierarchy.json`,
    JSON.stringify({ roots: [0, 1, 2, 3].map(node) }),
  );
}

Deno.test("a model that SAELens saved is read with all that its files leave out", () => {
  const folder = Deno.makeTempDirSync({ dir: ".tmp" });
  try {
    writeFiles(folder);
    const model = loadSynthModel(folder);
    const { X } = first(model, 7, 32, true);
    // as the batch of the model that is made
    assertClose(X.data, golden.batch.hidden.flat(), 1e-5, "observations");
    assert.deepEqual(model.exclusive, small.exclusive);

    Deno.removeSync(`${folder}/hierarchy.json`);
    assert(loadSynthModel(folder).parents.every((parent) => parent === -1));
    Deno.writeTextFileSync(`${folder}/hierarchy.json`, '{"roots": [{"feature_index": 64}]}');
    assert.throws(() => loadSynthModel(folder), /feature_index .* must be from 0 to 63, got 64/);
    Deno.writeTextFileSync(
      `${folder}/hierarchy.json`,
      '{"roots": [{"feature_index": 1, "children": [{"feature_index": 1}]}]}',
    );
    assert.throws(() => loadSynthModel(folder), /must have each feature once, got 1 twice/);
    Deno.writeTextFileSync(`${folder}/hierarchy.json`, "{");
    assert.throws(() => loadSynthModel(folder), /hierarchy.json: it must be JSON/);
    writeFiles(folder, { mean_firing_magnitudes: { generator_name: "cubic" } });
    assert.throws(() => loadSynthModel(folder), /must be constant, linear, .* got "cubic"/);
    writeFiles(folder, { seed: null });
    assert.throws(() => loadSynthModel(folder), /seed must be a finite number, got null/);
    writeFiles(folder, {
      mean_firing_magnitudes: { generator_name: "constant", value: 3 },
      std_firing_magnitudes: 0,
    });
    const constant = loadSynthModel(folder);
    assert.deepEqual([constant.means[63], constant.deviations[0]], [3, 0]);
    writeFiles(folder, {
      mean_firing_magnitudes: { generator_name: "exponential", start: 4, end: 1 },
    });
    assertClose(loadSynthModel(folder).means[21], 4 ** (2 / 3), 1e-6, "a third of the way");
    Deno.truncateSync(`${folder}/synthetic_model.safetensors`, 100);
    assert.throws(() => loadSynthModel(folder), /Cannot read .*synthetic_model.safetensors/);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("options out of their range are refused", () => {
  const refused = (options: Partial<SynthOptions>, message: RegExp) =>
    assert.throws(() => makeSynthModel({ ...SMALL, ...options }), message);
  refused({ numFeatures: 1 }, /numFeatures must be an integer from 2/);
  refused({ roots: 65 }, /roots must be an integer from 0 to 64, got 65/);
  refused({ probabilities: [0.1, 0.2] }, /probabilities must descend/);
  refused({ probabilities: [1.1, 0.2] }, /probabilities must descend/);
  refused({ means: [5] as unknown as [number, number] }, /means must be two numbers/);
  refused({ seed: 2 ** 32 - 4 }, /seed must be an integer from 0/);
  refused({ exclusive: 1 as unknown as boolean }, /exclusive must be true or false, got number/);
  const circle = { ...small, parents: small.parents.with(0, 5) };
  assert.throws(() => synthBatches(circle, { seed: 0 }), /parents must lead from each feature/);
});
