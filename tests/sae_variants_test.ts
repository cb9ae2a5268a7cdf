import assert from "node:assert/strict";
import { type SaeStepOptions, SaeTrainer } from "../lib/cores/sae_training.ts";
import { SaeWorkspace, type SaeWorkspaceOptions } from "../lib/cores/sae.ts";
import { columnNorms, type Matrix, type Matrix32, toFloat32, transpose } from "../lib/matrix.ts";
import { RandomState } from "../lib/random.ts";
import { openSae } from "../lib/open_sae.ts";
import { loadSae, saveSae } from "../lib/sae_file.ts";
import { Sae, saeGradients, type SaeOptions, type SaeParameters } from "../lib/saes.ts";
import { trainSae } from "../lib/train_sae.ts";
import { Arena } from "../lib/wasm/memory.ts";
import { autodiff, differentiable, type SaeVariantCase } from "./autodiff.ts";
import { freshFolder } from "./result_files.ts";
import { assertClose, type GoldenArray, type GoldenCase, goldenCase, toMatrix } from "./golden.ts";

type Golden = Record<string, GoldenArray>;

/** Parameters in SAELens' orientation as ours. */
function parametersOf({ W_enc, W_dec, b_enc, b_dec }: Golden): SaeParameters {
  return {
    encoder: transpose(toFloat32(toMatrix(W_enc))),
    encoderBias: Float32Array.from(b_enc.data),
    decoder: transpose(toFloat32(toMatrix(W_dec))),
    decoderBias: Float32Array.from(b_dec.data),
  };
}

/** An autoencoder of a golden case, and what else the case gives. */
function goldenSae(
  name: string,
  options: (inputs: GoldenCase) => SaeOptions,
  others: (inputs: GoldenCase) => Partial<SaeParameters> = () => ({
    threshold: Float32Array.of(-1),
  }),
) {
  const { inputs, expected } = goldenCase("sae_variants", name);
  const parameters = { ...parametersOf(inputs.parameters), ...others(inputs) };
  return {
    inputs,
    expected,
    sae: new Sae({ ...options(inputs), parameters }),
    X: toMatrix(inputs.X),
  };
}

/** As the golden file says of its float32 numbers: 2e-6, and 2e-5 of the largest. */
function close(actual: ArrayLike<number> | number, expected: GoldenArray | number, what: string) {
  const data = typeof expected === "number" ? [expected] : expected.data;
  const scale = data.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  assertClose(typeof actual === "number" ? [actual] : actual, data, 2e-6 + 2e-5 * scale, what);
}

/** Loss and gradients, times m: in the golden file squared errors are added up over dimensions. */
function batchOf(
  sae: Sae,
  X: Matrix,
  gamma = 0,
  options: Partial<SaeWorkspaceOptions> = {},
  dead: boolean[] = [],
) {
  const m = X.cols;
  using arena = new Arena();
  const sizes = { rows: X.rows, samples: X.rows, gradients: true, ...options };
  const workspace = new SaeWorkspace(arena, sae, sizes);
  const data = arena.matrix(X), order = arena.i32(X.rows);
  order.view.forEach((_, i, view) => view[i] = i);
  if (workspace.silent.length > 0) workspace.silent.view.set(dead.map(Number));
  workspace.prepare();
  workspace.gradientsOf(data, order, X.rows, gamma / m);
  const { recon, penalty, others } = workspace.takeSums();
  const scaled = (value: Matrix32 | Float32Array) =>
    (value instanceof Float32Array ? value : value.data).map((v) => v * m);
  const gradients = Object.fromEntries(
    Object.entries(workspace.gradients!.read()).map(([name, value]) => [
      name,
      scaled(value instanceof Float32Array ? value : transpose(value)),
    ]),
  );
  const parameters = workspace.parameters.read(), silent = workspace.silent.view.slice();
  return { recon: m * recon, penalty, others: m * others, gradients, parameters, silent };
}

/** Compares gradients, ours transposed to SAELens' orientation. */
function closeGradients(gradients: Record<string, Float32Array>, expected: Golden, what: string) {
  const names = { W_enc: "encoder", b_enc: "encoderBias", W_dec: "decoder", b_dec: "decoderBias" };
  for (const [key, name] of Object.entries(names)) {
    if (expected[key]) close(gradients[name], expected[key], `${what} ${key}`);
  }
}

/** SAELens' AuxK: half of the dimensions, weight 1. */
const auxSaelens = (weight = 1) => ({
  deadAfter: 0,
  auxK: { weight, latents: 3, relative: false },
});
const auxDictionaryLearning = {
  deadAfter: 0,
  auxK: { weight: 1 / 32 / 6, latents: 3, relative: true },
};

Deno.test("batchtopk by the atoms' norms, with AuxK and beyond the threshold is SAELens'", () => {
  const { inputs, expected, sae, X } = goldenSae(
    "batchtopk_saelens_rescale_on",
    ({ k }) => ({ type: "batchtopk", kval: k, decoderNorms: true }),
    () => ({ threshold: Float32Array.of(0) }),
  );
  const plain = batchOf(sae, X);
  close(plain.recon, expected.mse_loss, "loss");
  closeGradients(plain.gradients, expected.grads_mse, "of the squared error");
  close(
    plain.parameters.threshold!,
    { data: [expected.threshold_after_step_1] } as GoldenArray,
    "θ",
  );
  const aux = batchOf(sae, X, 0, auxSaelens(), inputs.dead);
  close(aux.others, expected.aux_loss, "AuxK");
  closeGradients(aux.gradients, expected.grads_total, "with AuxK");
  const { threshold, codes, reconstruction } = expected.inference;
  const trained = new Sae({
    ...sae.options,
    parameters: { ...sae.parameters, threshold: Float32Array.of(threshold) },
  });
  const inferred = trained.forward(X), s = columnNorms(sae.dictionary);
  close(inferred.codes.data.map((v, p) => v * s[p % 16]), codes, "codes beyond the threshold");
  close(inferred.reconstruction.data, reconstruction, "reconstruction");
});

for (const name of ["topk_saelens", "auxk_saelens_few_dead"]) {
  Deno.test(`topk by the atoms' norms, with AuxK, is SAELens': ${name}`, () => {
    const { inputs, expected, sae, X } = goldenSae(
      name,
      ({ k }) => ({ type: "topk", kval: k, decoderNorms: true }),
    );
    const auxK = auxSaelens(inputs.aux_loss_coefficient);
    const total = batchOf(sae, X, 0, auxK, inputs.dead), plain = batchOf(sae, X);
    close(total.others, expected.aux_loss, "AuxK");
    if (expected.mse_loss) close(total.recon, expected.mse_loss, "loss");
    if (expected.grads_total) closeGradients(total.gradients, expected.grads_total, "with AuxK");
    else {
      const own = Object.entries(total.gradients).map(([key, values]) => [
        key,
        values.map((g, p) => g - plain.gradients[key][p]),
      ]);
      closeGradients(Object.fromEntries(own), expected.grads_aux, "of AuxK");
    }
    if (!expected.codes) return;
    const { codes, reconstruction } = sae.forward(X), s = columnNorms(sae.dictionary);
    close(codes.data.map((v, p) => v * s[p % 16]), expected.codes, "codes");
    close(reconstruction.data, expected.reconstruction, "reconstruction");
  });
}

Deno.test("abstopk by the atoms' norms is SAELens'", () => {
  const { expected, sae, X } = goldenSae(
    "abstopk_saelens",
    ({ k }) => ({ type: "abstopk", kval: k, decoderNorms: true }),
  );
  const { codes, reconstruction } = sae.forward(X), s = columnNorms(sae.dictionary);
  close(codes.data.map((v, p) => v * s[p % 16]), expected.codes, "codes");
  close(reconstruction.data, expected.reconstruction, "reconstruction");
  const { recon, gradients } = batchOf(sae, X);
  close(recon, expected.mse_loss, "loss");
  closeGradients(gradients, expected.grads_mse, "gradients");
});

Deno.test("batchtopk with AuxK is dictionary_learning's", () => {
  const { inputs, expected, sae, X } = goldenSae(
    "batchtopk_dictionary_learning",
    ({ k }) => ({ type: "batchtopk", kval: k }),
  );
  const { recon, others, gradients, parameters } = batchOf(
    sae,
    X,
    0,
    auxDictionaryLearning,
    inputs.dead,
  );
  close(recon, expected.l2_loss, "loss");
  close(others, inputs.auxk_alpha * expected.auxk_loss, "AuxK");
  closeGradients(gradients, expected.grads, "with AuxK");
  close(parameters.threshold![0], expected.threshold_first, "first threshold");
});

for (
  const [library, options] of [["saelens", auxSaelens()], [
    "dictionary_learning",
    auxDictionaryLearning,
  ]] as const
) {
  Deno.test(`matryoshka is ${library}'s`, () => {
    const { inputs, expected, sae, X } = goldenSae(
      `matryoshka_${library}`,
      ({ k, widths, group_sizes, group_weights, rescale_acts_by_decoder_norm = false }) => ({
        type: "matryoshka",
        kval: k,
        decoderNorms: rescale_acts_by_decoder_norm,
        groups: widths ??
          group_sizes.map((_: number, g: number) =>
            group_sizes.slice(0, g + 1).reduce((sum: number, size: number) => sum + size)
          ),
        // there the mean over groups of losses that are weighted already
        ...(group_weights &&
          { groupWeights: group_weights.map((w: number) => w / group_weights.length) }),
      }),
    );
    if (library === "saelens") {
      const { recon, others, gradients } = batchOf(sae, X);
      close(recon, expected.mse_loss, "loss");
      close(recon + others, expected.loss_without_aux, "loss of all prefixes");
      closeGradients(gradients, expected.grads_without_aux, "gradients");
      const withAux = batchOf(sae, X, 0, options, inputs.dead);
      close(withAux.others - others, expected.aux_loss_plain, "AuxK");
      const byGroup = { ...auxSaelens().auxK, byGroup: true };
      const own = batchOf(sae, X, 0, { deadAfter: 0, auxK: byGroup }, inputs.dead);
      close(own.others - others, expected.aux_loss_per_level, "AuxK by group");
      const added = Object.entries(own.gradients).map(([key, values]) => [
        key,
        values.map((g, p) => g - gradients[key][p]),
      ]);
      closeGradients(Object.fromEntries(added), expected.grads_aux_per_level, "of AuxK by group");
    } else {
      const { recon, others, gradients } = batchOf(sae, X, 0, options, inputs.dead);
      close(recon + others, expected.loss, "loss");
      closeGradients(gradients, expected.grads, "gradients");
    }
  });
}

for (
  const [library, sae, options] of [
    ["saelens", { decoderNorms: true }, { decoderNorm: "free" }],
    ["dictionary_learning", {}, { decoderNorm: "unit" }],
  ] as const
) {
  Deno.test(`three steps of batchtopk lead where ${library}'s lead`, () => {
    const name = `train_3_steps_${library}_batchtopk`;
    const { inputs, expected } = goldenCase("sae_variants", name);
    const [steps, rows, m] = inputs.X.shape;
    const start = new Sae({
      type: "batchtopk",
      kval: inputs.k,
      ...sae,
      parameters: {
        ...parametersOf(inputs.parameters),
        threshold: Float32Array.of(library === "saelens" ? 0 : -1),
      },
    });
    using arena = new Arena();
    const settings: SaeStepOptions = {
      ...{ lr: inputs.lr, gamma: 0, gradClip: 1, weightDecay: 0, lossScale: "sum" },
      ...options,
    };
    const trainer = new SaeTrainer(arena, start, settings, { rows, samples: rows });
    const data = arena.matrix({
      rows: steps * rows,
      cols: m,
      data: Float32Array.from(inputs.X.data),
    });
    const order = arena.i32(rows);
    for (let step = 0; step < steps; step++) {
      order.view.forEach((_, i, view) => view[i] = step * rows + i);
      trainer.step(data, order, rows);
      const { recon } = trainer.workspace.takeSums();
      close(m * recon, expected.losses.data[step], `loss of step ${step}`);
    }
    const after = trainer.workspace.parameters.read();
    const { W_enc, W_dec, b_enc, b_dec } = expected.params_after;
    close(transpose(after.encoder!).data, W_enc, "W_enc");
    close(transpose(after.decoder!).data, W_dec, "W_dec");
    close(after.encoderBias!, b_enc, "b_enc");
    close(after.decoderBias!, b_dec, "b_dec");
    if (library === "saelens") close(after.threshold![0], expected.threshold_after, "threshold");
  });
}

function normals(random: RandomState, rows: number, cols: number, sd = 1): Matrix32 {
  return { rows, cols, data: Float32Array.from(random.normal(0, sd, rows * cols)) };
}

/** An autoencoder with all parameters away from their initial values. */
function randomSae(options: SaeOptions, inputDim: number, width: number, seed: number): Sae {
  const random = new RandomState(seed);
  const { parameters } = Sae.initialize({ ...options, inputDim, width, seed });
  const entries = Object.entries(parameters).map(([name, value]) => {
    if (name === "threshold" && value.length === 1) return [name, value];
    if (!(value instanceof Float32Array)) {
      return [name, normals(random, value.rows, value.cols, 0.3)];
    }
    // thresholds around 0.3
    if (value.length > 1 && name === "threshold") {
      return [name, normals(random, 1, value.length, 0.2).data.map((v) => Math.exp(v - 1.2))];
    }
    const shift = name === "logThreshold" ? -1.2 : 0;
    return [name, normals(random, 1, value.length, 0.2).data.map((v) => v + shift)];
  });
  return new Sae({ ...options, parameters: Object.fromEntries(entries) });
}

const CASES: [options: (width: number, kval: number) => SaeOptions, what: string][] = [
  [(_, kval) => ({ type: "batchtopk", kval: kval * 0.75 }), "batchtopk"],
  [(_, kval) => ({ type: "batchtopk", kval, decoderNorms: true }), "batchtopk by norms"],
  [
    (width, kval) => ({
      type: "matryoshka",
      kval,
      decoderNorms: true,
      groups: [Math.ceil(width / 3), width],
    }),
    "matryoshka",
  ],
  [
    (width, kval) => ({
      ...{ type: "matryoshka", kval, groups: [3, Math.ceil(width / 2), width] },
      groupWeights: [0.2, 2, 0.7],
    }),
    "matryoshka with weights",
  ],
  [(_, kval) => ({ type: "topk", kval, decoderNorms: true }), "topk by norms"],
  [(_, kval) => ({ type: "abstopk", kval, decoderNorms: true }), "abstopk by norms"],
  [() => ({ type: "relu", decoderNorms: true }), "relu with the atoms' norms"],
  [() => ({ type: "relu", penaltyPower: 0.4 }), "relu of a power"],
  [() => ({ type: "relu", penaltyPower: 0.6, penaltyRoot: true }), "relu of a power, rooted"],
  [
    () => ({ type: "relu", penaltyPower: 3, penaltyRoot: true, decoderNorms: true }),
    "relu of a high power, rooted, with the atoms' norms",
  ],
  [() => ({ type: "gated" }), "gated"],
  [() => ({ type: "gated", decoderNorms: true, frozenDecoder: false }), "gated by norms"],
  // wide intervals, so that pseudo-gradients live
  [() => ({ type: "jumprelu", penalty: "step", bandwidth: 0.3 }), "jumprelu with step"],
  [
    () => ({ type: "jumprelu", penalty: "tanh", bandwidth: 0.3, tanhScale: 3 }),
    "jumprelu with tanh",
  ],
  [
    () => ({ type: "jumprelu", penalty: "target", bandwidth: 0.2, targetL0: 1.5 }),
    "jumprelu with a target",
  ],
  [
    () => ({ type: "jumprelu", penalty: "quadratic", bandwidth: 0.2, targetL0: 1.5 }),
    "jumprelu with the square of each L0",
  ],
  [
    () => ({
      ...{ type: "jumprelu", penalty: "quadratic", bandwidth: 0.2, targetL0: 1.5 },
      directThreshold: true,
    }),
    "jumprelu with the square of each L0 and thresholds as they are",
  ],
  [
    () => ({ type: "jumprelu", penalty: "step", bandwidth: 0.3, directThreshold: true }),
    "jumprelu with thresholds as they are",
  ],
  ...(["step", "tanh", "quadratic"] as const).map(
    (penalty): typeof CASES[number] => [
      () => ({ type: "jumprelu", penalty, bandwidth: 0.3, targetL0: 1.5, steToInput: true }),
      `jumprelu with ${penalty} and pseudo-gradients by the encoder`,
    ],
  ),
  [(_, kval) => ({ type: "pursuit", kval }), "pursuit"],
];

for (const [options, what] of CASES) {
  Deno.test(`${what}: the gradients are those of automatic differentiation`, async () => {
    const cases = [[2, 3, 8, 2], [5, 7, 13, 3], [64, 33, 70, 10]].flatMap((
      [rows, inputDim, width, kval],
    ) =>
      [0, 0.05].map((gamma) => {
        const sae = randomSae(options(width, kval), inputDim, width, rows + width);
        return { sae, X: normals(new RandomState(7), rows, inputDim), gamma };
      })
    );
    const differentiated = await autodiff<SaeVariantCase>(
      "sae_variants",
      cases.map(({ sae, X, gamma }) => ({
        ...{ options: sae.options, parameters: sae.parameters, X, gamma },
      })),
    );
    cases.forEach(({ sae, X, gamma }, c) => {
      const ours = saeGradients(sae, X, { gamma }), expected = differentiated[c];
      // both sides round to float32 after every operation: 2⁻²⁴ relative, some hundred times
      assertClose(ours.loss, expected.loss, 2e-5 * (1 + expected.loss), `${X.rows} rows: loss`);
      differentiable(sae.parameters).forEach((name, i) => {
        const own = ours.gradients[name]!, gradient = expected.gradients[i];
        // what takes no part has no gradient, or zeros
        if (own === null) return assert(gradient.every((g) => g === 0));
        const scale = gradient.reduce((most, g) => Math.max(most, Math.abs(g)), 0);
        const data = own instanceof Float32Array ? own : own.data;
        assertClose(data, gradient, 2e-5 * scale + 1e-7, `${X.rows} rows: ${name}`);
      });
    });
  });
}

Deno.test("relu with the atoms' norms is SAELens' standard", () => {
  const { inputs, expected, sae, X } = goldenSae(
    "standard_saelens",
    () => ({ type: "relu", decoderNorms: true }),
  );
  const { recon, penalty, gradients } = batchOf(sae, X, inputs.l1_coefficient);
  close(recon, expected.mse_loss, "loss");
  close(inputs.l1_coefficient * penalty, expected.l1_loss, "penalty");
  closeGradients(gradients, expected.grads, "gradients");
});

Deno.test("penalties of powers are dictionary_learning's", () => {
  const { inputs: { p, codes }, expected } = goldenCase("sae_variants", "p_anneal_terms");
  const X = toMatrix(codes) as Matrix32, n = X.cols, one = new Float32Array(n * n);
  for (let j = 0; j < n; j++) one[j * n + j] = 1;
  // an encoder that gives the codes as they are
  const encoder = { rows: n, cols: n, data: one }, zeros = new Float32Array(n);
  const parameters = { encoder, encoderBias: zeros, decoder: encoder, decoderBias: zeros };
  const options = { type: "relu", penaltyPower: p } as const;
  const plain = saeGradients(new Sae({ ...options, parameters }), X);
  close(plain.penalty, expected.lp_p, "Lp^p");
  const rooted = saeGradients(new Sae({ ...options, penaltyRoot: true, parameters }), X);
  close(rooted.penalty, expected.lp, "Lp");
});

Deno.test("gated is SAELens'", () => {
  const { inputs, expected } = goldenCase("sae_variants", "gated_saelens");
  const { b_gate, b_mag, r_mag } = inputs.parameters, X = toMatrix(inputs.X);
  const sae = new Sae({
    ...{ type: "gated", decoderNorms: true, frozenDecoder: false },
    parameters: {
      ...parametersOf({ ...inputs.parameters, b_enc: b_gate }),
      magnitudeBias: Float32Array.from(b_mag.data),
      logScale: Float32Array.from(r_mag.data),
    },
  });
  const { codes, reconstruction } = sae.forward(X);
  close(codes.data, expected.codes, "codes");
  close(reconstruction.data, expected.reconstruction, "reconstruction");
  const { recon, penalty, others, gradients } = batchOf(sae, X, inputs.l1_coefficient);
  close(recon, expected.mse_loss, "loss");
  close(inputs.l1_coefficient * penalty, expected.l1_loss, "penalty");
  close(others, expected.auxiliary_reconstruction_loss, "error of the gates");
  closeGradients(gradients, { ...expected.grads, b_enc: expected.grads.b_gate }, "gradients");
  close(gradients.magnitudeBias, expected.grads.b_mag, "b_mag");
  close(gradients.logScale, expected.grads.r_mag, "r_mag");
});

for (
  const [penalty, directThreshold] of [
    ["step", false],
    ["tanh", false],
    ["step", true],
    ["tanh", true],
  ] as const
) {
  const name = directThreshold ? "θ" : "log θ";
  Deno.test(`jumprelu of ${name} with ${penalty} is SAELens'`, () => {
    const { inputs, expected, sae, X } = goldenSae(
      `jumprelu_saelens_${penalty}`,
      ({ bandwidth, tanh_scale, pre_act_loss_coefficient }) => ({
        ...{ type: "jumprelu", penalty, bandwidth, tanhScale: tanh_scale, directThreshold },
        revival: pre_act_loss_coefficient / 6, // there beside errors added up over 6 dimensions
      }),
      ({ threshold }) =>
        directThreshold ? { threshold: Float32Array.from(threshold.data) } : {
          logThreshold: Float32Array.from(threshold.data, (t: number) => Math.log(t)),
        },
    );
    close(sae.encode(X).data, expected.codes, "codes");
    const ours = batchOf(sae, X, inputs.l0_coefficient, { deadAfter: 0 }, inputs.dead);
    close(ours.recon, expected.mse_loss, "loss");
    close(inputs.l0_coefficient * ours.penalty, expected.l0_loss, "penalty");
    assertClose(ours.others, expected.pre_act_loss, 1e-5 * expected.pre_act_loss, "dead units");
    closeGradients(ours.gradients, expected.grads, "gradients");
    const { threshold: byTheta } = expected.grads;
    if (directThreshold) return close(ours.gradients.threshold, byTheta, name);
    const byLog = byTheta.data.map((g: number, j: number) => g * inputs.threshold.data[j]);
    close(ours.gradients.logThreshold, { ...byTheta, data: byLog }, name);
  });
}

for (const directThreshold of [false, true]) {
  const trained = directThreshold ? "threshold" : "logThreshold",
    name = directThreshold ? "θ" : "log θ";
  Deno.test(`jumprelu's square of each L0 has the slope of counts over the bandwidth, by ${name}`, () => {
    const rows = 40, m = 5, width = 24, bandwidth = 0.3, gamma = 0.7, targetL0 = 6;
    const options = { type: "jumprelu", penalty: "quadratic", bandwidth, targetL0 } as const;
    const sae = randomSae({ ...options, directThreshold }, m, width, 3);
    const X = normals(new RandomState(5), rows, m), own = sae.parameters;
    const { encoder, encoderBias, decoderBias } = own;
    const theta = own.threshold ?? own.logThreshold!.map(Math.exp);
    const pre = Array.from({ length: rows }, (_, i) =>
      Array.from(encoderBias, (b, j) => {
        for (let l = 0; l < m; l++) {
          b += (X.data[i * m + l] - decoderBias[l]) * encoder.data[j * m + l];
        }
        return b;
      }));
    const over = pre.map((row) => row.filter((v, j) => v > theta[j]).length - targetL0);
    const loss = saeGradients(sae, X, { gamma }), none = saeGradients(sae, X, { gamma: 0 });
    const penalty = 2 / targetL0 * over.reduce((sum, v) => sum + v * v, 0) / rows;
    // sums of squares of integers, divided in float64 by a number of float32
    assertClose(loss.penalty, penalty, 1e-12 * penalty, "penalty");
    const slopes = Array.from(theta, (t, j) => {
      const count = (row: number[], bound: number) => Number(row[j] > bound);
      const sum = pre.reduce((sum, row, i) => {
        const change = count(row, t + bandwidth / 2) - count(row, t - bandwidth / 2);
        return sum + 4 / targetL0 * over[i] * change / bandwidth;
      }, 0);
      return gamma * sum / rows * (directThreshold ? 1 : t);
    });
    assert(slopes.filter((slope) => slope !== 0).length > width / 2, "most have codes nearby");
    const with0 = none.gradients[trained]!;
    const byPenalty = loss.gradients[trained]!.map((g, j) => g - with0[j]);
    // differences of float32 values of some tens
    assertClose(byPenalty, slopes, 2e-5 * Math.max(...slopes.map(Math.abs)), name);
    // nothing else sees the penalty
    for (const other of ["encoderBias", "decoderBias"] as const) {
      assert.deepEqual(loss.gradients[other], none.gradients[other]);
    }
  });
}

Deno.test("jumprelu's own thresholds are never below 0, and are saved and exported as what they are", () => {
  const sae = randomSae({ type: "jumprelu", directThreshold: true }, 5, 16, 4);
  const { threshold } = sae.parameters, X = normals(new RandomState(2), 30, 5);
  const codes = sae.encode(X);
  threshold!.set([-1, -0.25, 0]);
  const at = (Z: Matrix32, j: number) => Array.from({ length: 30 }, (_, i) => Z.data[i * 16 + j]);
  const lower = sae.encode(X);
  for (let j = 0; j < 3; j++) assert(at(lower, j).every((code) => code >= 0), `unit ${j}`);
  for (let j = 3; j < 16; j++) assert.deepEqual(at(lower, j), at(codes, j));
  assert.equal(threshold![0], -1, "an autoencoder's parameters are not changed by its use");
  const file = `${freshFolder("threshold-")}/startcoding_sae.safetensors`;
  saveSae(file, sae);
  assert.deepEqual(loadSae(file).sae, sae);
  // products of five in another order
  assertClose(openSae(file).encode(X).data, lower.data, 1e-6, "opened");
});

Deno.test("jumprelu's thresholds go on as what they were, by any convention", () => {
  const X = normals(new RandomState(2), 32, 5), base = { width: 16, epochs: 1, seed: 0 };
  const sets = { train: X };
  const logarithms = Sae.initialize({ type: "jumprelu", inputDim: 5, width: 16, seed: 0 });
  for (const conventions of ["paper", "saelens", "dictionary_learning"] as const) {
    const config = { ...base, type: "jumprelu", conventions } as const;
    const isDirect = trainSae(sets, config).sae.parameters.threshold !== undefined;
    assert.equal(isDirect, conventions !== "paper");
    const { sae } = trainSae(sets, { ...config, initial: logarithms });
    assert.equal(sae.parameters.threshold, undefined);
    assert.throws(
      () => trainSae(sets, { ...config, initial: logarithms, directThreshold: true }),
      /^RangeError: initial\.directThreshold must be true, got false/,
    );
  }
});

Deno.test("jumprelu with a target is dictionary_learning's", () => {
  const { inputs, expected } = goldenCase("sae_variants", "jumprelu_dictionary_learning");
  const X = toMatrix(inputs.X), given = parametersOf(inputs.parameters);
  // there the input is not centred: the same function has a bias plus b_d·A_eᵀ, and from its gradients
  // follow those of the other by the chain rule
  const { encoder, decoderBias } = given;
  const shift = Float32Array.from(given.encoderBias, (b, j) => {
    for (let l = 0; l < 6; l++) b += encoder.data[j * 6 + l] * decoderBias[l];
    return b;
  });
  const sae = new Sae({
    ...{ type: "jumprelu", penalty: "target", bandwidth: inputs.bandwidth },
    targetL0: inputs.target_l0,
    parameters: {
      ...given,
      encoderBias: shift,
      logThreshold: Float32Array.from(inputs.threshold.data, (t: number) => Math.log(t)),
    },
  });
  const { recon, penalty, gradients } = batchOf(sae, X, inputs.sparsity_scale);
  close(recon, expected.mse_loss, "loss");
  close(recon + inputs.sparsity_scale * penalty, expected.loss, "loss with the penalty");
  const { W_enc, W_dec, b_enc, b_dec, threshold } = expected.grads;
  close(gradients.encoderBias, b_enc, "b_enc");
  close(gradients.decoder, W_dec, "W_dec");
  const byEncoder = gradients.encoder.map((g, p) =>
    g + decoderBias[Math.floor(p / 16)] * gradients.encoderBias[p % 16]
  );
  close(byEncoder, W_enc, "W_enc");
  const byBias = gradients.decoderBias.map((g, l) => {
    for (let j = 0; j < 16; j++) g += encoder.data[j * 6 + l] * gradients.encoderBias[j];
    return g;
  });
  close(byBias, b_dec, "b_dec");
  close(
    gradients.logThreshold,
    {
      ...threshold,
      data: threshold.data.map((g: number, j: number) => g * inputs.threshold.data[j]),
    },
    "log θ",
  );
});

for (const which of ["fixed", "converging"]) {
  Deno.test(`pursuit is SAELens' matching pursuit, ${which}`, () => {
    const { inputs, expected } = goldenCase("sae_variants", `matching_pursuit_saelens_${which}`);
    const { W_dec } = inputs.parameters;
    const sae = new Sae({
      ...{ type: "pursuit", kval: inputs.max_iterations },
      residualThreshold: inputs.residual_threshold,
      stopAtRepeat: inputs.stop_on_duplicate_support,
      parameters: parametersOf({
        ...inputs.parameters,
        W_enc: { ...W_dec, shape: [W_dec.shape[1], W_dec.shape[0]] },
        b_enc: { shape: [16], dtype: "float32", data: new Array(16).fill(0) },
      }),
    });
    const { codes, reconstruction } = sae.forward(toMatrix(inputs.X));
    close(codes.data, expected.codes, "codes");
    close(reconstruction.data, expected.reconstruction, "reconstruction");
  });
}

Deno.test("what tells dead units counts their silent training steps", () => {
  const X = { rows: 2, cols: 2, data: Float32Array.of(1, 0, 2, 0) };
  for (const type of ["relu", "topk", "batchtopk"] as const) {
    const sae = new Sae({
      ...{ type, kval: 1 },
      parameters: {
        encoder: { rows: 2, cols: 2, data: Float32Array.of(1, 0, 0, 1) },
        encoderBias: new Float32Array(2),
        decoder: { rows: 2, cols: 2, data: Float32Array.of(1, 0, 0, 1) },
        decoderBias: new Float32Array(2),
        threshold: Float32Array.of(-1),
      },
    });
    const { silent } = batchOf(sae, X, 0, { deadAfter: 5 }, [true, true]);
    assert.deepEqual([...silent], [0, 2], type);
  }
});
