/**
 * A valid call of every public function, from which the campaign makes bad ones.
 */
import * as api from "../../mod.ts";

const { fromRows, RandomState, Sae, TorchGenerator } = api;

function normals(rows: number, cols: number, seed: number): api.Matrix64 {
  return { rows, cols, data: new RandomState(seed).normal(0, 1, rows * cols) };
}

const n = 6, m = 4, samples = 8;
const data = () =>
  api.generateDatasets({ seed: 0, numLatents: n, k: 2, nSamples: 16, inputDim: m });
const X = () => normals(samples, m, 1), D = () => api.normalizeColumns(normals(m, n, 2));
const codes = () => api.fista(X(), D(), { lambda: 0.1, nonneg: true });
const shape = { type: "relu", inputDim: m, width: n, kval: 2, seed: 0 } as const;
const sae = () => Sae.initialize(shape);
const match = () => api.matchColumns(D(), D());
const labels = () => Uint8Array.from({ length: samples }, (_, i) => i % 2);
const logistic = () => api.fitLogistic(X(), labels());
const learning = () => ({ numLatents: n, lambda: 0.1, rounds: 2, seed: 0 });
const tensors = () => ({
  tensors: { a: { shape: [2], data: Float32Array.of(1, 2) } },
  metadata: { note: "text" },
});
const lista = () => api.Lista.fromDictionary(D(), { nLayers: 2 });
const splitCodes = () => {
  const { val, ood, A } = data();
  const infer = (Y: api.Matrix) => api.fista(Y, A, { lambda: 0.1, nonneg: true });
  return { codesId: infer(val.Y), codesOod: infer(ood.Y), val, ood };
};

/** The arguments of a valid call, made anew for each: calls may not change those of others. */
export type Arguments = () => unknown[];

/** By name of the export: how to call it. */
export const CALLS: Record<string, { call: (...args: never[]) => unknown; args: Arguments }> = {};

// deno-lint-ignore no-explicit-any -- the arguments are wrong on purpose
function add(name: string, call: (...args: any[]) => unknown, args: Arguments): void {
  CALLS[name] = { call, args };
}

add("auc", api.auc, () => [Float64Array.of(0.1, 0.4, 0.3, 0.8), Uint8Array.of(0, 1, 0, 1)]);
add("checkDatasetOptions", api.checkDatasetOptions, () => [
  { seed: 0, numLatents: n, k: 2, nSamples: 16, inputDim: m },
]);
add("choleskySolve", api.choleskySolve, () => [fromRows([[2, 1], [1, 2]]), fromRows([[1], [1]])]);
add("columnAucs", api.columnAucs, () => [X(), labels()]);
add("columnNorms", api.columnNorms, () => [X()]);
add("compareMethods", api.compareMethods, () => {
  const { val, ood, A } = data();
  return [{ val, ood }, { sae: sae(), dictionary: A, lambda: 0.1, nIter: 3 }];
});
add("compressedSensingBound", api.compressedSensingBound, () => [50, 10, 2]);
add("computeInputDim", api.computeInputDim, () => [50, 10, 2]);
add("decisionValues", api.decisionValues, () => [logistic(), X()]);
add("decodeSafetensors", api.decodeSafetensors, () => [
  api.encodeSafetensors(tensors()),
]);
add("encodeSafetensors", api.encodeSafetensors, () => [tensors()]);
add("evaluate", api.evaluate, () => [splitCodes(), { null: false }]);
add("evaluateAccuracy", api.evaluateAccuracy, () => [splitCodes()]);
add("evaluateAuc", api.evaluateAuc, () => [splitCodes()]);
add("evaluateAucProbe", api.evaluateAucProbe, () => [splitCodes()]);
add("fista", api.fista, () => [X(), D(), { lambda: 0.1, nIter: 3, nonneg: true, zInit: codes() }]);
add("solveFista", api.solveFista, () => [X(), D(), { lambda: 0.1, nIter: 3, tol: 1e-3 }]);
add("ista", api.ista, () => [X(), D(), { lambda: 0.1, nIter: 3 }]);
add(
  "fistaCheckpoints",
  api.fistaCheckpoints,
  () => [X(), D(), { lambda: 0.1, checkpoints: [1, 2] }],
);
add("fistaLambdas", api.fistaLambdas, () => [X(), D(), { lambdas: [0.1, 0.2], nIter: 3 }]);
add("fitLogistic", api.fitLogistic, () => [X(), labels(), { l2: 1 }]);
add("fromDense", api.fromDense, () => [X()]);
add("toDense", api.toDense, () => [api.fromDense(X())]);
add("isCsrMatrix", api.isCsrMatrix, () => [X()]);
add("fromRows", api.fromRows, () => [[[1, 2], [3, 4]]]);
add("toRows", api.toRows, () => [X()]);
add("generateDatasets", api.generateDatasets, () => [
  { seed: 0, numLatents: n, k: 2, nSamples: 16, inputDim: m, noise: 0.1, mixing: D() },
]);
add("largestSparsity", api.largestSparsity, () => [10]);
for (
  const name of [
    ...["frozenDecoderGrid", "largeLatentsGrid", "phaseGrid", "varyLatentsGrid"] as const,
    ...["varySamplesGrid", "varySparsityGrid"] as const,
  ]
) {
  add(name, api[name], () => [{ numLatents: [50] }]);
}
add("lasso", api.lasso, () => [X(), D(), { lambda: 0.1, nonneg: true, tol: 1e-3 }]);
add("lassoPath", api.lassoPath, () => [X(), D(), { lambdas: [0.2, 0.1] }]);
add("decodeNpy", api.decodeNpy, () => [api.encodeNpy(X())]);
add("readNpyHeader", api.readNpyHeader, () => [api.encodeNpy(X())]);
add("encodeNpy", api.encodeNpy, () => [X()]);
add("compareMethodIds", api.compareMethodIds, () => ["sae_relu", "fista_oracle"]);
add("distinctStyles", api.distinctStyles, () => [["sae_relu", "mine"]]);
add("registerMethod", api.registerMethod, () => [{ id: "mine", label: "Mine", family: "other" }]);
add("pathDictionary", api.pathDictionary, () => [X(), { numLatents: n, seed: 0, rounds: 3 }]);
add("pathDictionary.resume", api.pathDictionary, () => {
  const options = { numLatents: n, seed: 0, rounds: 2 };
  let resume: api.PathState;
  api.pathDictionary(X(), {
    ...options,
    onProgress: (_round, _dictionary, state) => {
      if (state().history.length === 2) resume = state();
    },
  });
  return [X(), { ...options, resume: resume! }];
});
add("searchDefaults", api.searchDefaults, () => [2500, 93, 1000]);
add("mostRounds", api.mostRounds, () => [2500, 93, { numLatents: n, seed: 0 }]);
add("consensusDictionary", api.consensusDictionary, () => [
  [D(), D()],
  { cosine: 0.8, least: 2, atMost: n, signed: true },
]);
add("refineDictionary", api.refineDictionary, () => [
  ...[X(), D()],
  { rounds: 1, lambda: 0.1, nonneg: true, seed: 1 },
]);
add("omp", api.omp, () => [X(), D(), { k: 2, nonneg: true, tol: 1e-3 }]);
add("debias", api.debias, () => [X(), D(), api.fromDense(codes()), { nonneg: true }]);
add("lassoGap", api.lassoGap, () => [X(), D(), codes(), { lambda: 0.1, nonneg: true }]);
add("learnDictionary", api.learnDictionary, () => [X(), X(), learning()]);
add("learnDictionary, resumed", api.learnDictionary, () => [
  ...[X(), X()],
  { ...learning(), resume: api.learnDictionary(X(), X(), { ...learning(), rounds: 1 }) },
]);
add(
  "learnLista",
  api.learnLista,
  () => [X(), X(), { dictionary: D(), lambda: 0.1, nLayers: 2, epochs: 1 }],
);
add("linearProbe", api.linearProbe, () => [X(), codes(), [X()], { alphas: [1, 10] }]);
add("linearSumAssignment", api.linearSumAssignment, () => [normals(3, 4, 5), { maximize: true }]);
add("lipschitz", api.lipschitz, () => [D()]);
add("matchColumns", api.matchColumns, () => [D(), D()]);
for (const name of ["mcc", "mccId", "mccOod", "mccNull"] as const) {
  add(name, api[name], () => [codes(), codes(), { seed: 42 }]);
}
add("meanL0", api.meanL0, () => [codes()]);
add("meanSquaredError", api.meanSquaredError, () => [X(), codes(), D()]);
add("methodStyle", api.methodStyle, () => ["sae_relu"]);
add("splitMethod", api.splitMethod, () => ["sae_relu"]);
add("multiply", api.multiply, () => [X(), D()]);
add("normalizeColumns", api.normalizeColumns, () => [X(), 1e-8]);
add("pca", api.pca, () => [X(), [X()], 2]);
add("reestimateMagnitudes", api.reestimateMagnitudes, () => [X(), D(), codes(), { nonneg: true }]);
add("refineFromSae", api.refineFromSae, () => [sae(), X(), { lambda: 0.1, nIter: 3 }]);
add("replaceColumnNorms", api.replaceColumnNorms, () => [D(), D(), match()]);
add("saeGradients", api.saeGradients, () => [sae(), X(), { gamma: 1e-3 }]);
add("shuffledBatches", api.shuffledBatches, () => [10, 3, new TorchGenerator(0)]);
add(
  "softplusAdam",
  api.softplusAdam,
  () => [X(), X(), { numLatents: n, lambda: 0.1, maxSteps: 2 }],
);
add("supportMetrics", api.supportMetrics, () => [codes(), codes(), match(), { threshold: 1e-4 }]);
add("systemBlas", api.systemBlas, () => []);
add("firstRows", api.firstRows, () => [X(), 2]);
add("toFloat32", api.toFloat32, () => [X()]);
add("toFloat64", api.toFloat64, () => [X()]);
add("transpose", api.transpose, () => [X()]);
add("trainSae", api.trainSae, () => [
  { train: X(), id: X(), ood: X() },
  { type: "topk", width: n, kval: 2, epochs: 1, batchSize: 4, lr: 1e-3, seed: 0 },
]);
add("trainSae of jumprelu", api.trainSae, () => [
  { train: X(), id: X() },
  {
    ...{ type: "jumprelu", width: n, epochs: 1, batchSize: 4, lr: 1e-3, seed: 0 },
    ...{
      penalty: "quadratic",
      targetL0: 2,
      bandwidth: 0.1,
      directThreshold: true,
      steToInput: true,
    },
  },
]);
add("new SaeCheckpoint", (path, options) => new api.SaeCheckpoint(path, options), () => [
  "training.safetensors",
  { everySteps: 10, everyEpochs: 1 },
]);
add("trainSaes", api.trainSaes, () => [
  { train: X(), id: X(), ood: X() },
  [
    { type: "topk", width: n, kval: 2, epochs: 1, batchSize: 4, lr: 1e-3, seed: 0 },
    { type: "relu", width: n, epochs: 2, batchSize: 4, seed: 0 },
  ],
]);
add("updateDictionary", api.updateDictionary, () => [X(), codes(), { eps: 1e-6 }]);
add("validateConfig", api.validateConfig, () => [{ numLatents: 50, k: 10, inputDim: 33 }]);
add("withoutBias", api.withoutBias, () => [X(), sae()]);
add("zeros", api.zeros, () => [2, 3]);
add("zeros32", api.zeros32, () => [2, 3]);

// the classes: their constructors, and every method on a valid object
add("new Sae", (init) => new Sae(init), () => {
  const { type, kval, parameters } = sae();
  return [{ type, kval, parameters }];
});
add("Sae.initialize", (options) => Sae.initialize(options), () => [{ ...shape }]);
for (const name of ["encode", "forward"] as const) {
  add(`Sae.${name}`, (x) => sae()[name](x), () => [X()]);
}
add("Sae.decode", (z) => sae().decode(z), () => [codes()]);
const opened = () => api.openSae("tests/fixtures/saes/saelens_standard");
for (const name of ["encode", "encodeSparse", "forward"] as const) {
  add(`OpenedSae.${name}`, (x) => opened()[name](x), () => [normals(samples, 6, 3)]);
}
add("OpenedSae.decode", (z, options) => opened().decode(z, options), () => [
  normals(samples, 10, 4),
  { input: normals(samples, 6, 3) },
]);
add("auditSae", api.auditSae, () => [
  opened(),
  normals(24, 6, 5),
  {
    seed: 0,
    learnedLatents: 2,
    testRows: 5,
    labels: { rows: 24, cols: 1, data: new Float64Array(24) },
  },
]);
add("Lista.fromDictionary", (d, o) => api.Lista.fromDictionary(d, o), () => [
  D(),
  { nLayers: 2 },
]);
add("Lista.forward", (x) => lista().forward(x), () => [X()]);
add("new RandomState", (seed) => new RandomState(seed), () => [0]);
add("new MersenneTwister", (seed) => new api.MersenneTwister(seed), () => [0]);
add("new TorchGenerator", (seed) => new TorchGenerator(seed), () => [0]);
add("RandomState.random", (size) => new RandomState(0).random(size), () => [3]);
add("RandomState.normal", (a, b, size) => new RandomState(0).normal(a, b, size), () => [0, 1, 3]);
add("RandomState.uniform", (a, b, size) => new RandomState(0).uniform(a, b, size), () => [0, 1, 3]);
add("RandomState.choice", (a, size) => new RandomState(0).choice(a, size), () => [[1, 2, 3, 4], 3]);
add("RandomState.binomial", (a, p) => new RandomState(0).binomial(a, p), () => [1, 0.5]);
add("RandomState.permutation", (a) => new RandomState(0).permutation(a), () => [5]);
add("TorchGenerator.rand", (size) => new TorchGenerator(0).rand(size), () => [3]);
add("TorchGenerator.randn", (size) => new TorchGenerator(0).randn(size), () => [3]);
add("TorchGenerator.uniform", (a, b, s) => new TorchGenerator(0).uniform(a, b, s), () => [0, 1, 3]);
add("TorchGenerator.randperm", (a) => new TorchGenerator(0).randperm(a), () => [5]);
add("TorchGenerator.kaimingUniform", (a, b) => new TorchGenerator(0).kaimingUniform(a, b), () => [
  ...[3, 4],
]);
add(
  "new AdaptiveRate",
  (lr, options) => new api.AdaptiveRate(lr, options),
  () => [0.1, { up: 1.1 }],
);

const synthModel = () => api.makeSynthModel({ numFeatures: 32, orthogonalSteps: 1 });
const synthBatch = () => api.synthBatches(synthModel(), { seed: 0, batchSize: 8 }).next().value!;
add("makeSynthModel", api.makeSynthModel, () => [
  { numFeatures: 32, inputDim: 4, roots: 1, depth: 1, rank: 2, orthogonalSteps: 1, seed: 0 },
]);
add(
  "synthBatches",
  (model, options) => api.synthBatches(model, options).next(),
  () => [synthModel(), { seed: 0, batchSize: 8, batches: 1 }],
);
add("new SynthScorer", (model, D) => new api.SynthScorer(model, D), () => {
  const model = synthModel();
  return [model, model.dictionary];
});
add("SynthScorer.add", (batch, found) => {
  const model = synthModel();
  new api.SynthScorer(model, model.dictionary).add(batch, found);
}, () => {
  const { X, codes } = synthBatch();
  return [{ X, codes }, { codes, reconstruction: X }];
});

/** Exports that are no functions, or whose misuse other tests cover because they need files or threads. */
export const OTHER_TESTS = [
  "startThreads",
  "loadSae",
  "saveSae",
  "loadSynthModel",
  "trainSaeStream",
  "trainSaesStream",
  ...["readMatrix", "writeNpy", "writeSafetensors", "writeCsr", "readCsr", "openMatrix"],
  "openSae",
  "saveSaeLens",
];
