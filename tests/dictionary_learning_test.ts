import assert from "node:assert/strict";
import { generateDatasets } from "../lib/data.ts";
import {
  type Coder,
  type DictionaryRound,
  learnDictionary,
  type LearnDictionaryOptions,
  updateDictionary,
} from "../lib/dictionary_learning.ts";
import { choleskySolve } from "../lib/linalg.ts";
import {
  columnNorms,
  fromRows,
  type Matrix,
  normalizeColumns,
  toFloat32,
  toFloat64,
  transpose,
  zeros,
} from "../lib/matrix.ts";
import { RandomState, TorchGenerator } from "../lib/random.ts";
import { meanSquaredError } from "../lib/reconstruction.ts";
import { fista } from "../lib/sparse_coding.ts";
import { assertClose, goldenCase, goldenCases, toMatrix } from "./golden.ts";
import { onPlainSimd } from "./plain_simd.ts";

const shared = goldenCase("sparse_coding", "shared").expected;
const [XId, XOod] = [toMatrix(shared.X_iid), toMatrix(shared.X_ood)];

/** Sparse non-negative codes: about one in `every` is not zero. */
function sparseCodes(seed: number, samples: number, n: number, every: number): Matrix {
  const state = new RandomState(seed);
  const data = Float32Array.from(state.uniform(0, 1, samples * n));
  const keep = state.uniform(0, 1, samples * n);
  return { rows: samples, cols: n, data: data.map((value, p) => keep[p] < 1 / every ? value : 0) };
}

function multiply(A: Matrix, B: Matrix): Matrix {
  const C = zeros(A.rows, B.cols);
  for (let i = 0; i < A.rows; i++) {
    for (let k = 0; k < A.cols; k++) {
      const a = A.data[i * A.cols + k];
      for (let j = 0; j < B.cols; j++) C.data[i * B.cols + j] += a * B.data[k * B.cols + j];
    }
  }
  return C;
}

/** The update by its formula in float64: unit columns of XᵀZ(ZᵀZ + εI)⁻¹. */
function reference(X: Matrix, Z: Matrix, eps: number): Matrix {
  const G = multiply(transpose(Z), Z);
  for (let j = 0; j < Z.cols; j++) G.data[j * Z.cols + j] += eps;
  return normalizeColumns(transpose(choleskySolve(G, multiply(transpose(Z), X))));
}

Deno.test("updateDictionary gives the golden dictionaries", () => {
  const gaussian = toMatrix(
    goldenCase("sparse_coding", "update_dictionary_gaussian_codes").inputs.Z,
  );
  const magnitudes = { ...gaussian, data: gaussian.data.map(Math.abs) };
  const withColumn4 = (value: (row: number) => number) => ({
    ...magnitudes,
    data: magnitudes.data.map((v, p) => p % 12 === 4 ? value(Math.floor(p / 12)) : v),
  });
  const codes: Record<string, Matrix> = {
    update_dictionary_true_codes: toFloat32(
      toMatrix(goldenCase("datasets", "small").expected.Z_train),
    ),
    update_dictionary_gaussian_codes: gaussian,
    update_dictionary_dead_atom: withColumn4(() => 0),
    update_dictionary_nearly_dead_atom: withColumn4((row) => row === 3 ? 1e-3 : 0),
  };
  for (const [name, Z] of Object.entries(codes)) {
    const { inputs, expected, tol } = goldenCase("sparse_coding", name);
    const D = updateDictionary(toMatrix(shared.X_train), Z, { eps: inputs.eps });
    assertClose(D.data, expected.D.data, tol.D, name);
  }
});

Deno.test("updateDictionary is its formula, with more samples than atoms and with fewer", () => {
  for (const [samples, n, m] of [[200, 30, 17], [60, 60, 8], [40, 100, 23], [33, 34, 3]]) {
    const Z = sparseCodes(samples, samples, n, 4);
    const X = { rows: samples, cols: m, data: new RandomState(n).normal(0, 1, samples * m) };
    // a ridge that keeps both forms well conditioned; the result is rounded to float32
    const D = updateDictionary(X, Z, { eps: 1e-2 });
    assertClose(D.data, reference(X, Z, 1e-2).data, 1e-7, `${samples} samples, ${n} atoms`);
    assertClose(columnNorms(D), new Float64Array(n).fill(1), 1e-6, "norms");
  }
});

Deno.test("the largest observations and codes of float32 give the dictionary of smaller ones", () => {
  const largest = (M: Matrix) => {
    const { data } = toFloat64(M);
    const scale = 3.4e38 / data.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    return { ...M, data: data.map((value) => value * scale) };
  };
  for (const n of [7, 30]) {
    const Z = sparseCodes(n, XId.rows, n, 2);
    const D = updateDictionary(largest(XId), largest(Z), { eps: 0 });
    // float32 of the codes and of the result
    assertClose(D.data, updateDictionary(XId, Z, { eps: 0 }).data, 1e-5, "D");
  }
});

Deno.test("codes times a dictionary give that dictionary back", () => {
  const Z = sparseCodes(5, 300, 40, 5);
  const D = normalizeColumns({ rows: 20, cols: 40, data: new RandomState(6).normal(0, 1, 800) });
  const X = multiply(Z, transpose(D));
  // the ridge of 1e-6 against a Gram matrix with eigenvalues of about 10
  assertClose(updateDictionary(X, Z).data, D.data, 1e-5, "dictionary");
});

Deno.test("an atom without codes is exactly zero, in both forms of the update", () => {
  for (const [samples, n] of [[50, 20], [20, 50]]) {
    const Z = sparseCodes(7, samples, n, 3);
    for (let s = 0; s < samples; s++) Z.data[s * n + 11] = 0;
    const X = { rows: samples, cols: 9, data: new RandomState(8).normal(0, 1, samples * 9) };
    const D = updateDictionary(X, Z);
    for (let k = 0; k < 9; k++) assert.equal(D.data[k * n + 11], 0);
    assert(D.data.every(Number.isFinite));
  }
});

/** The contract's names of a golden history. */
function history(
  golden: { step: number; mse_iid: number; mse_ood: number; l0_iid: number; l0_ood: number }[],
) {
  return golden.map((h) => ({
    step: h.step,
    mseId: h.mse_iid,
    mseOod: h.mse_ood,
    l0Id: h.l0_iid,
    l0Ood: h.l0_ood,
  }));
}

/** The options of a golden case of dictionary learning. */
function goldenOptions(
  name: string,
  inputs: { lam: number; rounds: number; n_iter: number; seed?: number },
): LearnDictionaryOptions {
  const inits = goldenCase("sparse_coding", "dictionary_inits").expected;
  return {
    numLatents: 12,
    lambda: inputs.lam,
    maxSteps: 50 * inputs.rounds,
    nIter: inputs.n_iter,
    solver: name.startsWith("dl_ista") ? "ista" : "fista",
    ...(inputs.seed === undefined
      ? { dInit: toMatrix(inits[name.includes("near_truth") ? "near_truth" : "random"]) }
      : { seed: inputs.seed }),
  };
}

const learningCases = goldenCases("sparse_coding").filter((c) => /^dl_(fista|ista)_/.test(c.name));

Deno.test("learnDictionary gives the golden dictionaries, codes and histories", () => {
  assert.equal(learningCases.length, 10);
  for (const { name, inputs, expected, tol } of learningCases) {
    const result = learnDictionary(XId, XOod, goldenOptions(name, inputs));
    assertClose(
      result.dictionary.data,
      expected.dictionary.data,
      tol.dictionary,
      `${name} dictionary`,
    );
    assertClose(result.codesId.data, expected.codes_iid.data, tol.codes_iid, `${name} ID codes`);
    assertClose(result.codesOod.data, expected.codes_ood.data, tol.codes_ood, `${name} OOD codes`);
    const golden = history(expected.history);
    assert.deepEqual(result.history.map((h) => h.step), golden.map((h) => h.step), name);
    for (
      const [key, goldenKey] of [["mseId", "mse_iid"], ["mseOod", "mse_ood"], ["l0Id", "l0_iid"], [
        "l0Ood",
        "l0_ood",
      ]] as const
    ) {
      const series = (entries: typeof golden) => entries.map((h) => h[key]);
      assertClose(
        series(result.history),
        series(golden),
        tol[`history.${goldenKey}`],
        `${name} ${key}`,
      );
    }
    for (const dead of expected.dead_atoms ?? []) {
      for (let k = 0; k < 8; k++) {
        assert.equal(result.dictionary.data[k * 12 + dead], 0, `${name} atom ${dead}`);
      }
    }
  }
});

Deno.test("learning on the plain SIMD build gives the golden dictionaries too", async () => {
  for (
    const { name, inputs, expected, tol } of learningCases.filter((c) => c.name.endsWith("_5"))
  ) {
    const result = await onPlainSimd<{ dictionary: Matrix }>(
      "dictionary_learning.ts",
      "learnDictionary",
      XId,
      XOod,
      goldenOptions(name, inputs),
    );
    assertClose(result.dictionary.data, expected.dictionary.data, tol.dictionary, name);
  }
});

Deno.test("without dInit the start is PyTorch's normal numbers with unit columns", () => {
  const { expected, tol } = goldenCase("sparse_coding", "dl_fista_seeded_start_2");
  const start = normalizeColumns({ rows: 8, cols: 12, data: new TorchGenerator(0).randn(96) });
  assertClose(start.data, expected.D_init_from_seed.data, tol.D_init_from_seed, "start");
  const options = { numLatents: 12, lambda: 0.1, maxSteps: 100 };
  assert.deepEqual(
    learnDictionary(XId, XOod, { ...options, seed: 0 }),
    learnDictionary(XId, XOod, { ...options, dInit: start }),
  );
});

Deno.test("a round is what its parts are: fista on the start, then updateDictionary", () => {
  const { val, ood, A } = generateDatasets({ seed: 1, numLatents: 100, k: 5, nSamples: 600 });
  const noise = new RandomState(2).normal(0, 0.1, A.data.length);
  const dInit = normalizeColumns(toFloat32({ ...A, data: A.data.map((v, p) => v + noise[p]) }));
  const options = { numLatents: 100, lambda: 0.1, dInit, maxSteps: 50 };
  const result = learnDictionary(val.Y, ood.Y, options);
  const coding = { lambda: 0.1, nonneg: true };
  assert.deepEqual(result.codesId, fista(val.Y, dInit, coding));
  assert.deepEqual(result.codesOod, fista(ood.Y, dInit, coding));
  assert.deepEqual(result.dictionary, updateDictionary(val.Y, result.codesId));

  // and the second round starts at the codes of the first
  const second = learnDictionary(val.Y, ood.Y, { ...options, maxSteps: 100 });
  const warm = fista(val.Y, result.dictionary, { ...coding, zInit: result.codesId });
  assert.deepEqual(second.codesId, warm);
  assert.deepEqual(second.history[0], result.history[0]);
});

Deno.test("rounds are maxSteps / updateEvery, and no seed is seed 0", () => {
  const options = { numLatents: 12, lambda: 0.1 };
  assert.deepEqual(
    learnDictionary(XId, XOod, { ...options, rounds: 3 }),
    learnDictionary(XId, XOod, { ...options, seed: 0, maxSteps: 150 }),
  );
  const { history } = learnDictionary(XId, XOod, { ...options, rounds: 3, updateEvery: 1 });
  assert.deepEqual(history.map(({ step }) => step), [1, 2, 3]);
});

Deno.test("a coder of one's own sees the round's dictionary and the last round's codes", () => {
  const options = { numLatents: 12, lambda: 0.1, rounds: 4 };
  const seen: Parameters<Coder>[] = [];
  const coder: Coder = (X, D, zInit) => {
    seen.push([X, D, zInit]);
    return fista(X, D, { lambda: 0.1, nonneg: true, zInit });
  };
  const own = learnDictionary(XId, XOod, { ...options, solver: coder });
  // the solver inside starts a block as fista starts a call
  assert.deepEqual(own, learnDictionary(XId, XOod, options));
  assert.equal(seen.length, 8);
  assert.deepEqual([seen[0][0], seen[1][0]], [XId, XOod]);
  assert(seen[0][2].data.every((code) => code === 0), "the first round starts at zero");
  assert.deepEqual(seen[2][2], fista(XId, seen[0][1], { lambda: 0.1, nonneg: true }));

  // hard thresholding, with float64 codes, and an empty OOD split that is not coded
  const threshold: Coder = (X, D) => {
    const Z = multiply(X, D);
    return { ...Z, data: Z.data.map((value) => Math.abs(value) > 0.5 ? value : 0) };
  };
  const thresholded = learnDictionary(XId, zeros(0, 8), { ...options, solver: threshold });
  assert.deepEqual(
    thresholded.dictionary,
    updateDictionary(XId, thresholded.codesId),
  );
  assert.equal(thresholded.codesOod.rows, 0);
  const error = meanSquaredError(XId, thresholded.codesId, thresholded.dictionary);
  // float32 sums of twelve terms in another order
  assertClose(thresholded.history[3].mseId, error, 1e-6, "mse");
});

Deno.test("onRound reads every round, as if learning had stopped there", () => {
  const options = { numLatents: 12, lambda: 0.1, seed: 3, updateEvery: 10, maxSteps: 75 };
  const rounds: (DictionaryRound & { id: Matrix; ood: Matrix })[] = [];
  const whole = learnDictionary(XId, XOod, {
    ...options,
    onRound: (round) => {
      // kernels may be used in between
      fista(XId, round.dictionary, { lambda: 0.1 });
      rounds.push({ ...round, id: round.codesId(), ood: round.codesOod() });
    },
  });
  assert.equal(rounds.length, 7);
  rounds.forEach(({ round, entry, dictionary, id, ood }, i) => {
    assert.equal(round, i + 1);
    assert.deepEqual(entry, whole.history[i]);
    const short = learnDictionary(XId, XOod, { ...options, maxSteps: 10 * round });
    assert.deepEqual({ dictionary, id, ood }, {
      dictionary: short.dictionary,
      id: short.codesId,
      ood: short.codesOod,
    });
  });
  assert.deepEqual(whole, learnDictionary(XId, XOod, options), "watching changes nothing");
  assert.throws(
    () => rounds[0].codesId(),
    /^Error: Cannot read the codes of round 1: onRound has returned/,
  );
});

Deno.test("the round that stops has no history entry, and onRound sees it", () => {
  const { inputs } = goldenCase("sparse_coding", "dl_fista_near_truth_lam0.5_early_stop");
  const seen: (number | undefined)[] = [];
  const options = goldenOptions("dl_fista_near_truth_lam0.5_early_stop", inputs);
  const result = learnDictionary(XId, XOod, {
    ...options,
    onRound: ({ entry }) => seen.push(entry?.step),
  });
  assert.deepEqual(seen, [...result.history.map((h) => h.step), undefined]);
});

Deno.test("a penalty that leaves no code gives a dictionary of zeros, and learning stops", () => {
  const { dictionary, codesId, history } = learnDictionary(XId, XOod, {
    numLatents: 12,
    lambda: 50,
    seed: 0,
  });
  assert(
    dictionary.data.every((value) => value === 0) && codesId.data.every((value) => value === 0),
  );
  assert.equal(history.length, 11);
  assert(history.every(({ l0Id, mseId }) => l0Id === 0 && Number.isFinite(mseId)));
});

Deno.test("more atoms than samples can be learned, and OOD may be empty", () => {
  const few = { rows: 9, cols: 8, data: XId.data.slice(0, 72) };
  const options = { numLatents: 20, lambda: 0.05, seed: 1, maxSteps: 250 };
  const { dictionary, codesOod, history } = learnDictionary(few, zeros(0, 8), options);
  assert(dictionary.data.every(Number.isFinite));
  assert.equal(codesOod.rows, 0);
  assert.equal(history.length, 5);
  assert(history[4].mseId < history[0].mseId);
  assert.deepEqual([history[4].mseOod, history[4].l0Ood], [0, 0]);
});

Deno.test("dictionary learning finds most of the atoms that made the data", () => {
  const { val, ood, A } = generateDatasets({ seed: 0, numLatents: 20, k: 3, nSamples: 2000 });
  /** Atoms of A with a cosine above 0.95 to one of D's. */
  const found = (D: Matrix) => {
    const cosines = multiply(transpose(A), D).data;
    const best = (j: number) => Math.max(...cosines.subarray(j * 20, (j + 1) * 20).map(Math.abs));
    return Array.from({ length: 20 }, (_, j) => best(j)).filter((cosine) => cosine > 0.95).length;
  };
  const options = { numLatents: 20, lambda: 0.1, seed: 0 };
  const start = normalizeColumns({ ...A, data: new TorchGenerator(0).randn(A.data.length) });
  const { dictionary } = learnDictionary(val.Y, ood.Y, { ...options, maxSteps: 5000 });
  // the problem is not convex: some atoms stay in a local minimum
  assert.deepEqual(
    [found(start), found(dictionary) >= 15],
    [0, true],
    `found ${found(dictionary)}`,
  );
});

Deno.test("learning that goes on is learning that was never interrupted", () => {
  const coder: Coder = (X, D, zInit) => fista(X, D, { lambda: 0.1, nonneg: true, zInit });
  // settles after its eleventh round: the rule counts the rounds that were done before
  const settling = { rounds: 400, lambda: 0.5 };
  for (const own of [{}, { solver: "ista" as const }, { solver: coder }, settling]) {
    const options = { numLatents: 12, lambda: 0.1, seed: 3, rounds: 14, ...own };
    const whole = learnDictionary(XId, XOod, options);
    if (own === settling) assert(whole.history.length < 400, "it does not settle");
    for (const rounds of [1, 9, 14].filter((rounds) => rounds <= whole.history.length)) {
      const resume = learnDictionary(XId, XOod, { ...options, rounds });
      const given = structuredClone(resume), seen: number[] = [];
      const onRound = ({ round }: DictionaryRound) => void seen.push(round);
      assert.deepEqual(learnDictionary(XId, XOod, { ...options, resume, onRound }), whole);
      assert.deepEqual(resume, given, "what was given is changed");
      assert.equal(seen[0] ?? rounds + 1, rounds + 1);
    }
    const abort = new AbortController(), { signal } = abort;
    const ended = learnDictionary(XId, XOod, {
      ...{ ...options, signal, partial: true },
      onProgress: (done) => done === 5 && abort.abort(),
    });
    assert.equal(ended.history.length, 5);
    assert.deepEqual(learnDictionary(XId, XOod, { ...options, resume: ended }), whole);
  }
});

Deno.test("bad input is refused by name, value and rule", () => {
  const options = { numLatents: 12, lambda: 0.1, seed: 0 };
  const learn = (changes: Record<string, unknown>) => () =>
    learnDictionary(XId, XOod, { ...options, ...changes });
  const learned = learnDictionary(XId, XOod, { ...options, rounds: 2 });
  const refusals: [() => unknown, string, RegExp][] = [
    [learn({ lambda: 0 }), "RangeError", /^lambda must be a finite number above 0, got 0/],
    [learn({ numLatents: 0 }), "RangeError", /^numLatents must be an integer of at least 1, got 0/],
    [learn({ nIter: 0 }), "RangeError", /^nIter must be an integer of at least 1, got 0/],
    [learn({ maxSteps: 49 }), "RangeError", /^maxSteps must be an integer of at least 50, got 49/],
    [learn({ updateEvery: 0 }), "RangeError", /^updateEvery must be/],
    [learn({ seed: "0" }), "TypeError", /^seed must be a number, got string/],
    [learn({ rounds: 0 }), "RangeError", /^rounds must be an integer of at least 1, got 0/],
    [
      learn({ rounds: 2, maxSteps: 100 }),
      "TypeError",
      /^Cannot learn for both rounds and maxSteps/,
    ],
    [
      learn({ solver: "lars" }),
      "RangeError",
      /^solver must be "fista", "ista" or a function, got "lars"/,
    ],
    [
      learn({ solver: () => zeros(20, 11) }),
      "RangeError",
      /^solver's codes must have 12 columns, got 11/,
    ],
    [
      learn({ solver: () => fromRows(Array.from({ length: 20 }, () => Array(12).fill(1e39))) }),
      "RangeError",
      /^solver's codes must be within float32/,
    ],
    [learn({ dInit: zeros(8, 11) }), "RangeError", /^dInit must have 12 columns, got 11/],
    [
      learn({ resume: { ...learned, dictionary: zeros(8, 11) } }),
      "RangeError",
      /^resume.dictionary must have 12 columns, got 11/,
    ],
    [
      learn({ resume: { ...learned, codesOod: zeros(2, 12) } }),
      "RangeError",
      /^resume.codesOod must have .* rows?, got 2/,
    ],
    [
      learn({ resume: { ...learned, history: {} } }),
      "TypeError",
      /^resume.history must be an array, got object/,
    ],
    [
      learn({ resume: learned, rounds: 1 }),
      "RangeError",
      /^resume.history.length must be an integer from 1 to 1, got 2/,
    ],
    [
      learn({ resume: learned, dInit: zeros(8, 12) }),
      "TypeError",
      /^Cannot start from both dInit and resume/,
    ],
    [() => learnDictionary(zeros(0, 8), XOod, options), "RangeError", /^XId.rows must be/],
    [
      () => learnDictionary(XId, zeros(3, 7), options),
      "RangeError",
      /^XOod must have 8 columns, got 7/,
    ],
    [
      () => learnDictionary(fromRows([[Infinity]]), fromRows([[1]]), options),
      "RangeError",
      /^XId must be finite, got Infinity/,
    ],
    [() => updateDictionary(XId, zeros(19, 12)), "RangeError", /^Z must have 20 rows, got 19/],
    [() => updateDictionary(XId, zeros(20, 12), { eps: -1 }), "RangeError", /^eps must be/],
    [
      () => updateDictionary(fromRows([[1, 1e160]]), fromRows([[1]])),
      "RangeError",
      /^X must be within float32 \(up to 3\.4e38\), got 1e\+160 at row 0, column 1/,
    ],
    [
      () => updateDictionary(fromRows([[1]]), fromRows([[-1e39]])),
      "RangeError",
      /^Z must be within float32 .* got -1e\+39/,
    ],
    [
      () =>
        updateDictionary(XId, { rows: 20, cols: 2, data: new Float32Array(40).fill(1) }, {
          eps: 0,
        }),
      "RangeError",
      /^Cannot update the dictionary: .* must be positive definite in float64, got pivot 2 of 2 .* eps 0$/,
    ],
  ];
  for (const [call, name, message] of refusals) assert.throws(call, { name, message });
});

Deno.test("observations whose squared errors overflow float32 are refused", () => {
  const options = { numLatents: 12, lambda: 0.1, seed: 0 };
  const scaled = (X: Matrix, by: number) => ({ ...X, data: X.data.map((x) => x * by) });
  const large = scaled(XId, 1e25), larger = scaled(toFloat64(XOod), 1e39);
  assert.throws(() => learnDictionary(large, XOod, options), {
    name: "RangeError",
    message:
      /^Cannot learn from XId: its squared errors must stay finite .* got Infinity at step 50/,
  });
  assert.throws(() => learnDictionary(XId, scaled(XOod, 1e25), options), /^RangeError: .* XOod: /);
  assert.throws(
    () => learnDictionary(XId, larger, options),
    /^RangeError: XOod must be within float/,
  );
});
