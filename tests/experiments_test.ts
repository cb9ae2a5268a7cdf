/** Every experiment on a tiny grid: what it writes, and that it computes nothing twice. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { checkpointsUpTo } from "../lib/paper/checkpoints.ts";
import { Instance } from "../lib/paper/instance.ts";
import { dlFista, softplusAdamMethod } from "../lib/paper/inference_methods.ts";
import { paperFigures } from "../lib/paper/paper_figures.ts";
import { datasetsOf } from "../lib/paper/trained_saes.ts";
import { generateDatasets } from "../lib/data.ts";
import { learnDictionary } from "../lib/dictionary_learning.ts";
import type { PaperOptions } from "../lib/paper/options.ts";
import type { CellResult, Experiment, Row } from "../lib/sweep.ts";
import { fixedOptions } from "../lib/sweep/experiment.ts";
import { listCache } from "../lib/paper/cache_folder.ts";
import { PAPER_SAE_TYPES } from "../lib/paper/sae_types.ts";
import { toFloat32 } from "../lib/matrix.ts";
import { evaluate, matchColumns } from "../lib/metrics.ts";
import { pathDictionary } from "../lib/path_dictionary.ts";
import { methodStyle } from "../lib/methods.ts";
import { readRows } from "../lib/results.ts";
import { SAE_TYPES } from "../lib/saes.ts";

Deno.mkdirSync(".tmp", { recursive: true });
const folder = Deno.makeTempDirSync({ dir: ".tmp" });
const cache = join(folder, "cache");

const TYPES = ["relu", "topk", "jumprelu", "MP"];
const SCORES = ["acc_iid", "acc_ood", "acc_converged", "auc_iid", "auc_ood", "mcc_iid", "mcc_ood"];
const KEY = ["num_latents", "k", "input_dim", "width", "n_samples", "seed"];
const SWEEP = [
  "linear_probe",
  ...TYPES.map((type) => `sae_${type}`),
  ...["fista_oracle", "dl_fista", "softplus_adam"],
];
const ON_DECODERS = TYPES.flatMap((type) => [`sae_${type}`, `fista+${type}`, `refined_${type}`]);

Deno.test("the experiments train the paper's four kinds of autoencoder, however many there are", () => {
  assert.deepEqual([...PAPER_SAE_TYPES], TYPES);
  assert(SAE_TYPES.length > TYPES.length);
  for (const folder of ["experiments", "lib/paper"]) {
    for (const { name } of Deno.readDirSync(folder)) {
      if (!name.endsWith(".ts")) continue;
      const source = Deno.readTextFileSync(`${folder}/${name}`);
      assert.doesNotMatch(source, /\bSAE_(TYPES|VARIANTS)\b/, `${folder}/${name}`);
    }
  }
});

type AnyOptions = Partial<PaperOptions & { lasso: boolean; older: boolean }>;

/** The options of every run here: the smallest problem with k = 10, and hardly any training. */
const TINY: AnyOptions = {
  ...{ n: [19], seeds: [0], epochs: 2, maxSteps: 250, lambda: 0.1, fistaIters: 5 },
};

/** An experiment with its defaults, from its own module. */
async function load(name: string): Promise<Experiment<AnyOptions>> {
  return (await import(`../experiments/${name}.ts`)).experiment;
}

/** All options of an experiment: those given, those of `TINY`, its defaults. */
function complete({ options: specs }: Experiment<AnyOptions>, options: AnyOptions): AnyOptions {
  const entries = Object.entries(specs) as [keyof PaperOptions, { default: never }][];
  return Object.fromEntries(
    entries.map(([key, spec]) => [key, options[key] ?? TINY[key] ?? spec.default]),
  );
}

/** Runs the first cell of an experiment on `TINY` and the options given. */
async function runTiny(name: string, changes: AnyOptions = {}): Promise<CellResult> {
  const experiment = await load(name);
  const options = complete(experiment, changes);
  const [cell] = experiment.cells(options);
  assert(cell.cost > 0);
  const shares: number[] = [];
  const progress = (share: number) => shares.push(share);
  const result = await experiment.run(cell, { options, cache, progress });
  shares.forEach((share, i) => assert(share >= (shares[i - 1] ?? 0) && share < 1 + 1e-9));
  for (const row of [...result.rows, ...result.diagnostics ?? []]) {
    for (const [column, value] of Object.entries(cell.key)) assert.equal(row[column], value);
  }
  return result;
}

const column = (rows: readonly Row[], ...names: string[]) =>
  rows.map((row) => names.map((name) => row[name]).join(" ").trim());

const assertColumns = (rows: readonly Row[], columns: string[]) => {
  for (const row of rows) {
    // those of learners say how far they went, where it is not as far as in the paper
    const own = Object.keys(row).filter((column) => !["rounds", "steps"].includes(column));
    assert.deepEqual(own, columns);
  }
};

/** Scores without what names the row. */
const scoresOf = (row: Row) => SCORES.map((name) => row[name]);

const find = (rows: readonly Row[], tags: Row) =>
  rows.find((row) => Object.entries(tags).every(([name, value]) => row[name] === value))!;

Deno.test("dict-quality judges four decoders in three forms, and the true dictionary", async () => {
  const { rows, diagnostics } = await runTiny("dict_quality");
  assertColumns(rows, [...SCORES, "method", ...KEY]);
  assert.deepEqual(column(rows, "method"), [
    ...TYPES.flatMap((type) => [`frozen_${type}`, `renormed_${type}`, `oracle_norms_${type}`]),
    "fista_oracle",
  ]);
  assertColumns(diagnostics!, [
    ...["sae_type", "mean_cosine", "mean_angular_error", "mean_norm_ratio", "frac_close"],
    ...KEY,
  ]);
  assert.deepEqual(column(diagnostics!, "sae_type"), TYPES);
});

Deno.test("support-recovery keeps the support, re-estimates magnitudes, and counts the hits", async () => {
  const { rows, diagnostics } = await runTiny("support_recovery");
  assertColumns(rows, [...SCORES, "method", ...KEY]);
  assert.deepEqual(column(rows, "method"), [
    ...TYPES.flatMap((type) => [`sae_${type}`, `support_lstsq_${type}`, `fista+${type}`]),
    "fista_oracle",
  ]);
  const measures = ["precision", "recall", "f1", "gt_l0", "pred_l0", "pred_total_l0"];
  assertColumns(diagnostics!, [
    "sae_type",
    ...["iid", "ood"].flatMap((split) => measures.map((measure) => `${measure}_${split}`)),
    ...KEY,
  ]);
  // ten latents are active in every sample, all are matched when width = n, and one in ten thousand
  // is below the threshold of 1e-4
  for (const row of diagnostics!) assert(Math.abs(Number(row.gt_l0_iid) - 10) < 0.01);
  const topk = find(diagnostics!, { sae_type: "topk" });
  assert(Number(topk.pred_total_l0_iid) <= 10);
});

Deno.test("warmstart-encoder has a row per start and budget; no budget changes another's", async () => {
  const { rows } = await runTiny("warmstart_encoder");
  assertColumns(rows, [...SCORES, "method", ...KEY, "n_iter"]);
  assert.deepEqual(column(rows, "method", "n_iter"), [
    ...TYPES.flatMap((type) => [
      `warm_${type} 0`,
      ...[1, 2, 5].flatMap((n) => [`cold_${type} ${n}`, `warm_${type} ${n}`]),
    ]),
    "fista_oracle 5",
  ]);
  const shorter = (await runTiny("warmstart_encoder", { fistaIters: 2 })).rows;
  for (const row of shorter) {
    if (row.method === "fista_oracle") continue;
    const longer = find(rows, { method: row.method, n_iter: row.n_iter });
    // codes agree to float32 rounding (1e-6 of their size); the MCC is smooth in them
    assert(Math.abs(Number(row.mcc_iid) - Number(longer.mcc_iid)) < 1e-5);
  }
  const { rows: recovery } = await runTiny("support_recovery");
  for (const type of TYPES) {
    assert.deepEqual(
      scoresOf(find(rows, { method: `warm_${type}`, n_iter: 0 })),
      scoresOf(find(recovery, { method: `sae_${type}` })),
    );
  }
});

Deno.test("warmstart-decoder has a row per start and budget; a shorter run is a prefix", async () => {
  const { rows } = await runTiny("warmstart_decoder");
  assertColumns(rows, [...SCORES, "method", ...KEY, "n_outer"]);
  assert.deepEqual(column(rows, "method", "n_outer"), [
    ...TYPES.flatMap((type) => [
      `warm_dl_${type} 0`,
      ...[1, 2, 5].flatMap((n) => [`warm_dl_${type} ${n}`, `cold_dl_${type} ${n}`]),
    ]),
    "fista_oracle 5",
  ]);
  const shorter = (await runTiny("warmstart_decoder", { maxSteps: 100 })).rows;
  assert.equal(shorter.at(-1)!.n_outer, 2);
  for (const row of shorter.slice(0, -1)) {
    assert.deepEqual(row, find(rows, { method: row.method, n_outer: row.n_outer }));
  }
  // nothing is learned before the first update: FISTA on the decoder, from the same observations
  const { rows: quality } = await runTiny("dict_quality");
  for (const type of TYPES) {
    const first = scoresOf(find(rows, { method: `warm_dl_${type}`, n_outer: 0 }));
    assert.deepEqual(first, scoresOf(find(rows, { method: `warm_dl_${type}`, n_outer: 1 })));
    assert.deepEqual(first, scoresOf(find(quality, { method: `frozen_${type}` })));
  }
});

Deno.test("warmstart-decoder repeats a converged run for the budgets beyond its end", async () => {
  // so large a λ that all codes are zero: the dictionary is at rest in the twelfth round, the first
  // in which learning may stop
  const { val, ood } = generateDatasets({ seed: 0, numLatents: 19, k: 10, nSamples: 5000 });
  const learning = { numLatents: 19, lambda: 1e3, seed: 0, maxSteps: 20, updateEvery: 1, nIter: 5 };
  assert.equal(learnDictionary(val.Y, ood.Y, learning).history.length, 11);

  const { rows } = await runTiny("warmstart_decoder", { lambda: 1e3, maxSteps: 50 * 20 });
  const cold = rows.filter(({ method }) => method === "cold_dl_relu");
  assert.deepEqual(column(cold, "n_outer"), ["1", "2", "5", "10", "20"]);
  assert.deepEqual({ ...cold[4], n_outer: 10 }, cold[3]);
});

Deno.test("lambda-sensitivity has a row per λ, and one without for the codes", async () => {
  const lambda = [0.05, 0.5];
  const { rows } = await runTiny("lambda_sensitivity", { lambda });
  assertColumns(rows, [...SCORES, "method", ...KEY, "lam"]);
  assert.deepEqual(column(rows, "method", "lam"), [
    ...TYPES.flatMap((type) => [`sae_${type} -1`, `frozen_${type} 0.05`, `frozen_${type} 0.5`]),
    ...["fista_oracle 0.05", "fista_oracle 0.5"],
  ]);
  const alone = (await runTiny("lambda_sensitivity", { lambda: [0.5] })).rows;
  for (const row of alone) assert.deepEqual(row, find(rows, { method: row.method, lam: row.lam }));
  const more = (await runTiny("lambda_sensitivity", { lambda, lasso: true })).rows;
  const added = more.filter(({ method }) => String(method).startsWith("lasso_"));
  assert.deepEqual(more.filter((row) => !added.includes(row)), rows);
  assert.deepEqual(column(added, "method", "lam"), [
    ...[...TYPES, "oracle"].flatMap((type) => lambda.map((lam) => `lasso_${type} ${lam}`)),
  ]);
});

Deno.test("learning-dynamics reads the record that the cached models came with", async () => {
  const before = listCache(cache).length;
  const { rows } = await runTiny("learning_dynamics", { maxSteps: 50 * 12 });
  assert.equal(listCache(cache).length, before);
  const measures = ["mean_cosine", "frac_close", "mean_norm_ratio", "mse_iid", "l0_iid"];
  const ofSaes = rows.filter(({ method }) => method !== "dl_fista");
  const ofLearning = rows.filter(({ method }) => method === "dl_fista");
  assertColumns(ofSaes, ["method", "epoch", ...measures, ...KEY]);
  assertColumns(ofLearning, ["method", "round", ...measures, ...KEY]);
  assert.deepEqual(
    column(ofSaes, "method", "epoch"),
    TYPES.flatMap((type) => [`sae_${type} 0`, `sae_${type} 1`]),
  );
  // every tenth round and the last one, counted from 0
  assert.deepEqual(column(ofLearning, "round"), ["0", "10", "11"]);
  const { diagnostics } = await runTiny("dict_quality");
  for (const type of TYPES) {
    const last = find(ofSaes, { method: `sae_${type}`, epoch: 1 });
    const judged = find(diagnostics!, { sae_type: type });
    for (const name of ["mean_cosine", "frac_close", "mean_norm_ratio"]) {
      assert.equal(last[name], judged[name]);
    }
  }
});

Deno.test("learning-dynamics follows the path learner where it is asked for, and only there", async () => {
  const { rows } = await runTiny("learning_dynamics", { methods: ["dl_path"] });
  const ofPath = rows.filter(({ method }) => !String(method).startsWith("sae_"));
  assert.deepEqual([...new Set(column(ofPath, "method"))], ["dl_path"]);
  const measures = ["mean_cosine", "frac_close", "mean_norm_ratio", "mse_iid", "l0_iid"];
  assertColumns(ofPath, ["method", "round", ...measures, ...KEY]);
  const setting = {
    ...{ numLatents: 19, k: 10, inputDim: 13 },
    nSamples: 5000,
    width: 19,
    seed: 0,
  };
  const { val, A } = datasetsOf(setting);
  const { dictionary, history } = pathDictionary(toFloat32(val.Y), { numLatents: 19, seed: 0 });
  // every tenth round, and what is left in the end
  assert.deepEqual(column(ofPath, "round"), [
    ...Array.from({ length: Math.ceil(history.length / 10) }, (_, i) => `${10 * i}`),
    `${history.length}`,
  ]);
  const last = ofPath.at(-1)!, { meanCosine, fracClose } = matchColumns(dictionary, A);
  assert.deepEqual([last.mean_cosine, last.frac_close], [meanCosine, fracClose]);
  assert.deepEqual(ofPath.slice(0, -1).map(({ mse_iid, l0_iid }) => [mse_iid, l0_iid]), [
    ...history.filter((_, r) => r % 10 === 0).map((round) => [
      round.meanSquare,
      round.codesPerSample,
    ]),
  ]);
  const usual = await runTiny("learning_dynamics", { maxSteps: 50 });
  assert(!column(usual.rows, "method").includes("dl_path"));
});

Deno.test("learning-dynamics has the autoencoders alone with no learner, the same rows as beside one", async () => {
  const { rows } = await runTiny("learning_dynamics", { methods: ["none"] });
  const usual = await runTiny("learning_dynamics", { maxSteps: 50 });
  assert(rows.length > 0);
  assert.deepEqual(rows, usual.rows.filter(({ method }) => String(method).startsWith("sae_")));
});

Deno.test("types of autoencoder that run alone have the rows that they have beside the others, and none is none", async () => {
  for (const name of ["dict_quality", "learning_dynamics"]) {
    const small = { maxSteps: 50 };
    const all = (await runTiny(name, small)).rows;
    // rows come in the paper's order, and the batches of a type do not depend on which ran before it
    const some = (await runTiny(name, { ...small, types: ["MP", "topk"] })).rows;
    const isSome = ({ method }: Row) => /topk|MP/.test(String(method));
    const hasNone = ({ method }: Row) => !/relu|topk|MP/.test(String(method));
    assert(all.some(isSome) && all.some(hasNone));
    assert.deepEqual(some, all.filter((row) => isSome(row) || hasNone(row)));
    const { rows } = await runTiny(name, { ...small, types: [] });
    assert.deepEqual(rows, all.filter(hasNone));
  }
});

Deno.test("the six controlled experiments trained four models in all, once each", () => {
  assert.deepEqual(
    listCache(cache).map(({ name }) => name.replace(/_[0-9a-f]{16}.safetensors$/, "")).sort(),
    TYPES.map((type) => `${type}_n19_k10_m13_N5000_s0_e2`).sort(),
  );
});

Deno.test("vary-latents compares eight methods, each as if it ran alone", async () => {
  const { rows } = await runTiny("vary_latents");
  assertColumns(rows, [...SCORES, "method", ...KEY]);
  assert.deepEqual(column(rows, "method"), SWEEP);
  for (const method of ["linear_probe", "sae_MP", "dl_fista", "softplus_adam"]) {
    const alone = (await runTiny("vary_latents", { methods: [method] })).rows;
    assert.deepEqual(alone, [find(rows, { method })]);
  }
});

Deno.test("--fista-iters is for FISTA wherever it runs, inside DL-FISTA too", async () => {
  const rowOf = async (name: string, tags: Row, changes: AnyOptions) =>
    scoresOf(find((await runTiny(name, changes)).rows, tags));
  const five = await rowOf("vary_latents", { method: "dl_fista" }, { methods: ["dl_fista"] });
  const { val, ood } = generateDatasets({ seed: 0, numLatents: 19, k: 10, nSamples: 5000 });
  const learning = { numLatents: 19, lambda: 0.1, seed: 0, maxSteps: 5, updateEvery: 1 };
  const alone = (nIter: number) => {
    const codes = learnDictionary(toFloat32(val.Y), toFloat32(ood.Y), { ...learning, nIter });
    return scoresOf({ ...evaluate({ ...codes, val, ood }, { null: false }) });
  };
  assert.deepEqual(five, alone(5));
  assert.notDeepEqual(five, alone(100));

  // and its rounds cost as many times more
  const { cells } = await load("vary_latents");
  const cost = (fistaIters: number) =>
    cells({ ...TINY, fistaIters, methods: ["dl_fista"] })[0].cost -
    cells({ ...TINY, fistaIters: 0, methods: ["dl_fista"] })[0].cost;
  assert(Math.abs(cost(100) / cost(5) - 20) < 1e-9);
});

Deno.test("frozen-decoder adds two methods per autoencoder and changes no other's row", async () => {
  const { rows } = await runTiny("frozen_decoder");
  assertColumns(rows, [...SCORES, "method", ...KEY]);
  const others = ["fista_oracle", "dl_fista", "softplus_adam"];
  assert.deepEqual(column(rows, "method"), ["linear_probe", ...ON_DECODERS, ...others]);
  const { rows: swept } = await runTiny("vary_latents");
  for (const row of swept) assert.deepEqual(row, find(rows, { method: row.method }));
  // and the same FISTA as in the controlled experiments
  const { rows: quality } = await runTiny("dict_quality");
  for (const type of TYPES) {
    assert.deepEqual(
      scoresOf(find(rows, { method: `fista+${type}` })),
      scoresOf(find(quality, { method: `frozen_${type}` })),
    );
  }
});

Deno.test("large-latents runs a method up to its limit only", async () => {
  const { rows } = await runTiny("large_latents", { n: [40] });
  assertColumns(rows, [...SCORES, "method", ...KEY]);
  assert.deepEqual(column(rows, "method"), [
    ...["linear_probe", "fista_oracle", "dl_fista", "softplus_adam"],
    ...ON_DECODERS,
  ]);
  const { cells, options } = await load("large_latents");
  const costs = (n: number[], methods = options.methods!.default) =>
    cells({ ...TINY, n, methods }).map(({ cost }) => cost);
  assert.deepEqual(costs([60_000], ["dl_fista"]), []);
  assert.deepEqual(costs([200_000]), costs([200_000], ["linear_probe", "fista_oracle"]));

  const { declined } = await load("large_latents");
  const left = declined!({ ...TINY, n: [60_000], methods: options.methods!.default });
  assert.deepEqual(left.map(({ what, key, reason }) => [what, key.num_latents, reason]), [
    ["dl_fista", 60_000, "it is asked for at most 50,000 latents"],
  ]);
  assert(!options.methods!.default!.includes("dl_path"));
  const learned = await runTiny("large_latents", { n: [40], methods: ["dl_path", "dl_fista"] });
  assert.deepEqual(column(learned.rows, "method"), ["dl_fista", "dl_path"]);
  assert.equal(declined!({ ...TINY, n: [60_000], methods: ["dl_path"] }).length, 1);
  const refused = await command(
    "experiments/large_latents",
    ...["--n", "60000", "--methods", "dl_fista", ...OUTPUT],
  );
  assert.equal(refused.code, 2);
  assert.match(
    refused.stderr,
    /at least one cell, got none; No rows of dl_fista in 1 cell \(num_latents 60000.*50,000 latents\n$/,
  );
});

Deno.test("an experiment of one's own is one file: own method, data and columns, no figures", async () => {
  const listed = await command("tests/fixtures/own_sweep", "--list");
  assert.equal(listed.code, 0);
  assert.match(
    listed.stderr,
    /^No rows of ista_oracle in 2 cells \(noise 0, 0\.1\): it is slow above 20 latents\n$/,
  );
  const own = join(folder, "own");
  const { code, stdout, stderr } = await command(
    "tests/fixtures/own_sweep",
    ...["--quiet", "--out", own, "--cache", join(own, "cache")],
  );
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stdout, /\.svg/);
  assert.match(stderr, /^No rows of ista_oracle /);
  const rows = readRows(join(own, "exp_own_sweep.json"))!;
  assertColumns(rows, [...SCORES, "method", ...KEY, "noise"]);
  const all = ["fista_oracle", "sae_relu", "ista_oracle"];
  assert.deepEqual(column(rows, "num_latents", "noise", "method"), [
    ...all.map((method) => `20 0 ${method}`),
    ...all.map((method) => `20 0.1 ${method}`),
    ...["30 0 fista_oracle", "30 0 sae_relu", "30 0.1 fista_oracle", "30 0.1 sae_relu"],
  ]);
  const [clean, noisy] = rows.filter(({ num_latents, method }) =>
    num_latents === 20 && method === "fista_oracle"
  );
  assert(Number(noisy.mcc_iid) < Number(clean.mcc_iid) - 0.01, "the noise must show");
  // the module that defines the sweep names its methods, for figures and tables
  await import("./fixtures/own_sweep.ts");
  assert.equal(methodStyle("ista_oracle").label, "ISTA, oracle dictionary");
  // the cache knows models by their setting, which says nothing of the noise
  assert.deepEqual(listCache(join(own, "cache")), []);
});

Deno.test("data of one's own must be of the setting's sizes", () => {
  const setting = { numLatents: 20, k: 3, inputDim: 12, nSamples: 80, width: 20, seed: 0 };
  const data = datasetsOf(setting);
  assert.equal(new Instance(setting, { epochs: 1, data }).data, data);
  for (const [name, wrong] of [["numLatents", 21], ["inputDim", 13], ["nSamples", 82]] as const) {
    assert.throws(() => new Instance({ ...setting, [name]: wrong }, { epochs: 1, data }), {
      name: "RangeError",
      message: `data must be of the setting's ${name} = ${wrong}, got ${setting[name]}`,
    });
  }
});

Deno.test("figures of the paper are refused by name to an experiment that is not the paper's", async () => {
  await assert.rejects(paperFigures([], [], "exp_own_sweep"), {
    name: "RangeError",
    message: /^Cannot draw exp_own_sweep: it must be one of exp_vary_latents, .*; an experiment of/,
  });
  // every experiment of the paper has them
  for (const { name } of Deno.readDirSync("experiments")) {
    if (["template.ts", "sample_frontier.ts", "synth_bench.ts"].includes(name)) continue;
    const experiment = await load(name.replace(/\.ts$/, ""));
    // no rows: the message is that of the figures, not of a missing name
    await assert.rejects(async () => await experiment.figures!([], []), /at least one row is req/);
  }
});

Deno.test("vary-samples and vary-sparsity tag their rows with what they sweep", async () => {
  const samples = await load("vary_samples");
  const swept = samples.cells({ ...TINY, n: [30], samples: [80, 60], methods: SWEEP });
  assert.deepEqual(swept.map(({ key }) => key.n_samples), [80, 60]);
  const { rows } = await runTiny("vary_samples", { n: [30], samples: [60] });
  assertColumns(rows, [...SCORES, "method", ...KEY]);
  assert.deepEqual(column(rows, "method"), SWEEP);

  const sparsity = await load("vary_sparsity");
  const feasible = sparsity.cells({ ...TINY, n: [40], k: [2, 20, 30], methods: SWEEP });
  assert.deepEqual(feasible.map(({ key }) => [key.k, key.input_dim]), [[2, 12], [20, 28]]);
  const sparse = await runTiny("vary_sparsity", { n: [40], k: [2], methods: ["fista_oracle"] });
  assertColumns(sparse.rows, [...SCORES, "method", ...KEY]);
});

Deno.test("phase-transition tags its rows with eps, rho and delta", async () => {
  const { rows } = await runTiny("phase_transition", { n: [20], k: [3], c: [1] });
  assertColumns(rows, [
    ...[...SCORES, "method", "num_latents", "k", "input_dim", "eps", "rho", "delta", "seed"],
  ]);
  assert.deepEqual(column(rows, "method"), SWEEP);
  // m = ⌈3 ln(20/3)⌉ = 6
  const [{ input_dim, rho, delta, eps }] = rows;
  assert.deepEqual([input_dim, rho, delta, eps], [6, 3 / 20, 6 / 20, 1.054]);
});

Deno.test("learners say how far they went, where it is not as far as in the paper", async () => {
  const methods = ["dl_fista", "softplus_adam", "fista_oracle"];
  const { rows } = await runTiny("vary_latents", { methods });
  const told = (rows: Row[]) => rows.map(({ method, rounds, steps }) => [method, rounds, steps]);
  assert.deepEqual(told(rows).toSorted(), [
    ["dl_fista", 5, undefined],
    ["fista_oracle", undefined, undefined],
    ["softplus_adam", undefined, 250],
  ]);
  const asked = await runTiny("vary_latents", { methods, softplusSteps: 20 });
  assert.deepEqual(asked.rows.find(({ method }) => method === "softplus_adam")?.steps, 20);

  const paper = { maxSteps: 50_000 },
    at = (numLatents: number) => ({
      ...{ numLatents, k: 10, inputDim: 20, nSamples: 100, width: numLatents, seed: 0 },
    });
  const options = { epochs: 1, lambda: 0.1, fistaIters: 100, ...paper };
  assert.deepEqual(dlFista.tags!(at(10_000), options), {});
  assert.deepEqual(softplusAdamMethod.tags!(at(500), options), {});
  assert.deepEqual(softplusAdamMethod.tags!(at(501), options), { steps: 5000 });
  const all = { ...options, softplusSteps: 50_000 };
  assert.deepEqual(softplusAdamMethod.tags!(at(10_000), all), {});
  // files from before there was the option go on
  const { options: specs } = await load("vary_latents");
  assert(!("softplusSteps" in fixedOptions(specs, complete(await load("vary_latents"), {}))));
});

Deno.test("a model without a record of its training serves whoever does not read it, with the same weights", async () => {
  const folder = await Deno.makeTempDir({ dir: ".tmp", prefix: "models-" });
  const setting = { numLatents: 20, k: 3, inputDim: 12, nSamples: 200, width: 20, seed: 0 };
  const model = (history: "read" | "record" | "none", width = 20) =>
    new Instance({ ...setting, width }, { epochs: 12, cache: folder, history }).model("topk");
  const without = model("none");
  assert.deepEqual(without.history, []);
  assert.deepEqual(model("record"), without, "found, not trained again");
  const read = model("read");
  assert.deepEqual(read.history.map(({ epoch }) => epoch), [0, 10, 11]);
  assert.deepEqual(read.sae, without.sae);
  assert.equal(listCache(folder).length, 1, "it replaced the other");
  assert.deepEqual(model("none"), read);
  assert.equal(model("record", 30).history.length, 3);
  assert.deepEqual(model("record", 1001).history, [], "for others only while that costs little");
});

Deno.test("--older adds the published older grid: log2 in the bound, autoencoders of 2n units", async () => {
  const experiment = await load("phase_transition");
  const paper = { n: [50, 100, 200], k: [3, 5, 10], c: [0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 6] };
  const options = { ...paper, seeds: [0], older: true };
  const keys = experiment.cells(complete(experiment, options)).map(({ key }) => key);
  const newer = experiment.cells(complete(experiment, { ...options, older: false }));
  assert.deepEqual(keys.slice(0, newer.length), newer.map(({ key }) => key), "the grid stays");
  const older = keys.slice(newer.length);
  const dims = (width: number, n: number, k: number) =>
    older.filter((key) => key.width === width && key.num_latents === n && key.k === k)
      .map(({ input_dim }) => input_dim);
  // as they stand in the published file; m = 13 and 17 of the first are on the newer grid too
  assert.deepEqual(dims(100, 50, 3), [7, 13, 19, 25, 31, 37, 49, 50]);
  assert.deepEqual(dims(50, 50, 3), [7, 19, 25, 31, 37, 49]);
  assert.deepEqual(dims(400, 200, 10), [22, 44, 65, 87, 109, 130, 173, 200]);
  assert.equal(older.filter((key) => Number(key.width) > Number(key.num_latents)).length, 68);
  assert.equal(older.find(({ input_dim }) => input_dim === 7)?.eps, 0.575);

  const tiny = complete(experiment, { n: [20], k: [3], c: [1], older: true });
  const methods = await Promise.all(
    experiment.cells(tiny).map(async (cell) => {
      const { rows } = await experiment.run(cell, { options: tiny, cache, progress() {} });
      // m = ⌈3 ln(20/3)⌉ and ⌈3 log2(20/3)⌉
      assert.equal(rows[0].input_dim, cell.key.width === undefined ? 6 : 9);
      return [cell.key.width, column(rows, "method")];
    }),
  );
  const saes = PAPER_SAE_TYPES.map((type) => `sae_${type}`);
  assert.deepEqual(methods, [
    [undefined, SWEEP],
    [20, ["fista_oracle", "dl_fista", "softplus_adam"]],
    [40, saes],
  ]);
});

Deno.test("the codes of a series count in the memory of a cell", async () => {
  const scored = 2 * 2500 * 10_000;
  const memory = async (name: string) => {
    const experiment = await load(name);
    const { lambda } = experiment.options;
    const options = { n: [10_000], fistaIters: 500, lambda: lambda!.default };
    return experiment.cells(complete(experiment, options))[0].memory!;
  };
  const alone = await memory("dict_quality");
  // data, codes and what the MCC makes of them, at least once each in float64
  assert(alone > 8 * 3 * scored && alone < 2 ** 32, `${alone}`);
  // budgets 1, 2, 5, …, 500 and nine weights, in float32
  for (const name of ["warmstart_encoder", "lambda_sensitivity"]) {
    assert.equal(await memory(name) - alone, 8 * 4 * scored, name);
  }
});

Deno.test("budgets are the series 1, 2, 5, 10, … up to the largest", () => {
  assert.deepEqual(checkpointsUpTo(1000), [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]);
  assert.deepEqual(checkpointsUpTo(500).slice(-2), [200, 500]);
  assert.deepEqual(checkpointsUpTo(3), [1, 2, 3]);
  assert.deepEqual(checkpointsUpTo(1), [1]);
});

/** Runs a script, named from the checkout without its extension, as a process of its own. */
async function command(script: string, ...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command("deno", {
    args: [
      ...["run", "--quiet", "--no-prompt", "--no-check", "--ignore-env", "--allow-read=."],
      ...[`--allow-write=${folder}`, "--allow-sys=systemMemoryInfo"],
      ...[`${script}.ts`, ...args],
    ],
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

const OUTPUT = ["--out", folder, "--figures", folder, "--cache", cache];

Deno.test("from the command line an experiment writes rows and figures; models come from the cache", async () => {
  const { code, stdout } = await command(
    "experiments/vary_latents",
    ...["--n", "19", "--seeds", "0", "--epochs", "2", "--quiet"],
    ...["--methods", "sae_relu,fista_oracle", ...OUTPUT],
  );
  assert.equal(code, 0);
  const rows = readRows(join(folder, "exp_vary_latents.json"))!;
  assert.deepEqual(column(rows, "method"), ["sae_relu", "fista_oracle"]);
  const same = (await runTiny("vary_latents", { fistaIters: 100, methods: ["sae_relu"] })).rows;
  assert.deepEqual(rows.slice(0, 1), same);
  assert.match(stdout, /vary_latents_mcc_iid\.svg/);
});

Deno.test("lists of n and k of which no pair has a problem are refused by name", async () => {
  for (const name of ["vary_sparsity", "phase_transition"]) {
    const { code, stderr } = await command(
      `experiments/${name}`,
      "--n",
      "50",
      "--k",
      "60,50",
      ...OUTPUT,
    );
    assert.equal(code, 2);
    assert.match(stderr, /--n must be above the 50 active latents \(k\), got 50\n$/);
  }
});

Deno.test("methods that an experiment does not have, and problems that cannot fit, are refused", async () => {
  const unknown = await command(
    "experiments/vary_latents",
    "--methods",
    "dl_fista,magic",
    ...OUTPUT,
  );
  assert.equal(unknown.code, 2);
  assert.match(
    unknown.stderr,
    /--methods must be .*one of linear_probe, sae_relu.*"dl_fista,magic"/,
  );
  // no learner, and yet one
  for (const both of ["none,dl_fista", "dl_path,none"]) {
    const { code, stderr } = await command(
      "experiments/learning_dynamics",
      ...["--list", "--methods", both, ...OUTPUT],
    );
    assert.equal(code, 2);
    assert.match(
      stderr,
      new RegExp(`^[^\\n]*--methods must be .*dl_path.*, or "none" alone, got "${both}"\\n$`),
    );
  }

  const nothing = await command(
    "experiments/learning_dynamics",
    ...["--list", "--methods", "none", "--types", "none", ...OUTPUT],
  );
  assert.equal(nothing.code, 2);
  assert.match(nothing.stderr, /^[^\n]*--methods and --types must not both be none\n$/);

  // a sweep and a controlled experiment; neither draws, trains or writes anything
  const untouched = join(folder, "untouched");
  for (const name of ["large_latents", "dict_quality"]) {
    const large = await command(
      `experiments/${name}`,
      ...["--n", "100000000", "--cache", join(untouched, "cache")],
      ...["--out", join(untouched, "out"), "--figures", join(untouched, "figures")],
    );
    assert.equal(large.code, 2);
    assert.match(
      large.stderr,
      /must fit in the .* GiB .*num_latents 100000000.* needs about \d+.* GiB/,
    );
    assert.equal(large.stderr.trim().split("\n").length, 1);
  }
  const files = [...Deno.readDirSync(untouched)].flatMap(({ name }) => [
    ...Deno.readDirSync(join(untouched, name)),
  ]);
  assert.deepEqual(files, [], "a refused run leaves no file, and no model");
});

Deno.test("deno task cache lists the models and removes the oldest", async () => {
  const all = listCache(cache);
  const listed = await command("commands/cache", "--cache", cache);
  assert.equal(listed.code, 0);
  for (const { name } of all) assert(listed.stdout.includes(name));
  assert.match(listed.stdout, new RegExp(`${all.length} files in `));

  const pruned = await command("commands/cache", "--cache", cache, "--prune", "0");
  assert.match(pruned.stdout, new RegExp(`Removed ${all.length} files\n0 files in `));
  assert.deepEqual(listCache(cache), []);

  const refused = await command("commands/cache", "--prune", "much");
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /--prune must be a number of MiB of at least 0, got "much"/);

  const file = join(folder, "file");
  Deno.writeTextFileSync(file, "");
  for (const flags of [[], ["--prune", "0"]]) {
    const { code, stderr } = await command("commands/cache", "--cache", file, ...flags);
    assert.equal(code, 2);
    assert.match(stderr, /^Cannot look after the cache: --cache must be a .*file" \(.*\)\n$/);
  }
});

Deno.test("a controlled experiment can vary samples, sparsity, dimensions, width and the training", async () => {
  const experiment = await load("dict_quality");
  const usual = complete(experiment, {});
  const axes = { n: [20], k: [2, 3], samples: [40], m: [9, 12], width: [16, 24], seeds: [0] };
  const cells = experiment.cells({ ...usual, ...axes });
  assert.deepEqual(
    cells.map(({ key }) => [key.k, key.input_dim, key.width]),
    [2, 3].flatMap((k) => [9, 12].flatMap((m) => [16, 24].map((width) => [k, m, width]))),
  );
  const run = async (training: object) => {
    const options = { ...usual, ...axes, epochs: 2, ...training };
    const { rows } = await experiment.run(cells[0], { options, progress() {} });
    return rows;
  };
  const rows = await run({});
  assert(rows.every(({ n_samples, width }) => n_samples === 40 && width === 16));
  // what is not given is the paper's, and leaves no mark in the provenance
  assert.deepEqual(await run({ lr: 5e-4, gamma: 1e-4 }), rows);
  assert.notDeepEqual(await run({ lr: 0.1 }), rows);
  assert.notDeepEqual(await run({ gamma: 10 }), rows);
  assert.deepEqual(
    Object.keys(fixedOptions(experiment.options, usual)).toSorted(),
    ["epochs", "fistaIters", "lambda"],
  );
});
