import assert from "node:assert/strict";
import { trainingDefaults } from "../lib/cores/sae_conventions.ts";
import { L0Tuner } from "../lib/cores/sae_l0_tuner.ts";
import { scheduled } from "../lib/cores/sae_schedule.ts";
import { columnNorms, type Matrix32 } from "../lib/matrix.ts";
import { geometricMedian } from "../lib/numeric/geometric_median.ts";
import { RandomState } from "../lib/random.ts";
import { Sae, SAE_TYPES, saeGradients } from "../lib/saes.ts";
import { type SaeConfig, type SaeTrainingData, trainSae } from "../lib/train_sae.ts";
import { trainSaeStream } from "../lib/train_sae_stream.ts";
import { assertClose, goldenCase } from "./golden.ts";

function normals(seed: number, rows: number, cols: number): Matrix32 {
  return { rows, cols, data: Float32Array.from(new RandomState(seed).normal(0, 1, rows * cols)) };
}
const data = { train: normals(1, 50, 7), id: normals(2, 70, 7), ood: normals(3, 5, 7) };
const base = { type: "topk", width: 13, kval: 3, epochs: 6, batchSize: 16, seed: 5 } as const;

Deno.test("learning rates and penalties follow the schedules of both libraries", () => {
  const { expected } = goldenCase("sae_variants", "schedules");
  const rates = (
    fromZero: boolean,
    { total, warm_up, decay, decay_start }: Record<string, number>,
  ) =>
    Array.from({ length: total }, (_, step) =>
      scheduled(
        { warmup: warm_up, decay: decay ?? total - decay_start, fromZero },
        step,
        total,
      ).rate);
  const { saelens_lr, dictionary_learning_lr, saelens_coefficient } = expected;
  // float64 on both sides, some operations in another order
  assertClose(rates(false, saelens_lr), saelens_lr.values, 1e-15, "SAELens");
  const other = dictionary_learning_lr;
  assertClose(rates(true, other), other.values, 1e-15, "dictionary_learning");
  const { final, warm_up, values_seen_by_step: seen } = saelens_coefficient;
  const penalties = seen.map((_: number, step: number) =>
    final * scheduled({ gammaWarmup: warm_up }, step, 9).penalty
  );
  assert.deepEqual(penalties, seen);
});

Deno.test("a cosine falls to a tenth between warm-up and decay", () => {
  const at = (step: number) =>
    scheduled({ warmup: 10, decay: 10, shape: "cosine" }, step, 120).rate;
  assert.equal(at(10), 1);
  assertClose(at(60), 0.55, 1e-15, "halfway");
  assertClose(at(110), 0.1, 1e-15, "where the decay begins");
  assertClose(at(115), 0.05, 1e-15, "halfway down");
});

Deno.test("cosines with restarts are PyTorch's, after the warm-up", () => {
  // CosineAnnealingWarmRestarts(T_0=23 // 3, eta_min=0.1) of a rate of 1, rounded to 12 digits
  const cycle = [
    ...[1, 0.955435990556, 0.830570410836, 0.65013442028, 0.44986557972, 0.269429589164],
    0.144564009444,
  ];
  const expected = [0.5, 1, ...cycle, ...cycle, ...cycle, ...cycle.slice(0, 2)];
  const rates = expected.map((_, step) =>
    scheduled({ warmup: 2, shape: "cosine", cycles: 3 }, step, 25).rate
  );
  assertClose(rates, expected, 1e-12, "rates");
});

for (const conventions of ["saelens", "dictionary_learning"] as const) {
  Deno.test(`every type trains with the conventions of ${conventions}`, () => {
    for (const type of SAE_TYPES) {
      const config: SaeConfig = { ...base, type, conventions, epochs: 30 };
      const { history, sae } = trainSae(data, config);
      assert(history.every(({ trainLoss, mseId }) => Number.isFinite(trainLoss + mseId)), type);
      assert.equal(typeof history.at(-1)!.dead, "number");
      const norms = columnNorms(sae.dictionary);
      // a unit norm rounds to within 2⁻²³ in float32
      if (conventions === "dictionary_learning") {
        assertClose(norms, new Float64Array(13).fill(1), 2 ** -22, type);
      } else assert(norms.some((norm) => Math.abs(norm - 1) > 1e-3), type);
    }
  });
}

Deno.test("dictionary_learning's topk, batchtopk and matryoshka start at the first batch's median", () => {
  const config = { ...base, conventions: "dictionary_learning", epochs: 1, lr: 1e-9 } as const;
  const startsAtZero = SAE_TYPES.filter((type) => {
    const { decoderBias } = trainSae(data, { ...config, type }).sae.parameters;
    return decoderBias.every((value) => Math.abs(value) < 1e-6); // four steps of 1e-9
  });
  const others = SAE_TYPES.filter((type) => !["topk", "batchtopk", "matryoshka"].includes(type));
  assert.deepEqual(startsAtZero, others);
});

Deno.test("a convention is no more than its options", () => {
  const sizes = { inputDim: 7, width: 13 };
  const { lr, betas, weightDecay, gradClip } = trainingDefaults("saelens", "batchtopk", sizes, 16);
  const byWord = trainSae(data, { ...base, type: "batchtopk", conventions: "saelens" });
  const decoder =
    Sae.initialize({ type: "topk", width: 13, kval: 3, seed: 5, inputDim: 7 }).dictionary;
  const scaled = { ...decoder, data: decoder.data.map((v) => 0.1 * v) };
  const encoder = { rows: 13, cols: 7, data: new Float32Array(91) };
  for (let j = 0; j < 13; j++) {
    for (let l = 0; l < 7; l++) encoder.data[j * 7 + l] = scaled.data[l * 13 + j];
  }
  const options = { type: "batchtopk", kval: 3, decoderNorms: true } as const;
  const initial = new Sae({
    ...options,
    parameters: {
      ...{ encoder, decoder: scaled, encoderBias: new Float32Array(13) },
      ...{ decoderBias: new Float32Array(7), threshold: Float32Array.of(-1) },
    },
  });
  const byHand = trainSae(data, {
    ...{ ...base, ...options, initial, lr, betas, weightDecay, gradClip },
    ...{ decoderNorm: "free", lossScale: "sum", renormEvery: 0, deadAfter: 1000 },
    auxK: { weight: 1, latents: 3, relative: false },
  });
  assert.deepEqual(byWord.sae.parameters, byHand.sae.parameters);
});

Deno.test("training needs no sets to score, and gives nothing of those that are missing", () => {
  const { train, id, ood } = data, all = trainSae(data, base);
  const alone = trainSae({ train } as SaeTrainingData, base);
  assert.deepEqual(alone.sae, all.sae);
  assert.deepEqual(Object.keys(alone), ["sae", "history"]);
  assert.deepEqual(
    Object.keys(alone.history[0]),
    ["epoch", "trainRecon", "trainReg", "trainLoss"],
  );
  const scored = trainSae({ train, id } as SaeTrainingData, base);
  assert.deepEqual(scored.codesId, all.codesId);
  assert.equal(scored.history[2].mseId, all.history[2].mseId);
  assert.equal("mseOod" in scored.history[2] || "codesOod" in scored, false);
  assert.equal(ood.rows, 5);
});

Deno.test("the history tells loss and explained variance", () => {
  const config = { ...base, type: "relu", gamma: 0.01 } as const;
  const { history, reconId } = trainSae(data, config), last = history.at(-1)!;
  assertClose(last.trainLoss, last.trainRecon + 0.01 * last.trainReg, 1e-12, "loss");
  const { rows, cols, data: X } = data.id;
  let error = 0, total = 0;
  for (let j = 0; j < cols; j++) {
    let mean = 0;
    for (let i = 0; i < rows; i++) mean += X[i * cols + j] / rows;
    for (let p = j; p < X.length; p += cols) {
      error += (X[p] - reconId.data[p]) ** 2;
      total += (X[p] - mean) ** 2;
    }
  }
  // the history's residuals are added up in float32
  assertClose(last.explainedId!, 1 - error / total, 1e-5, "explained variance");
  // the mean of float64 rows is rounded: the distances from it are not 0
  const same = { rows: 10, cols, data: new Float64Array(10 * cols).fill(0.1) };
  const [flat] = trainSae({ ...data, id: same }, { ...config, epochs: 1 }).history;
  assert(flat.mseId > 0 && Number.isFinite(flat.explainedOod));
  assert.equal("explainedId" in flat, false);
  const summed = trainSae(data, { ...config, lossScale: "sum", epochs: 1 }).history[0];
  assertClose(
    summed.trainLoss,
    7 * summed.trainRecon + 0.01 * summed.trainReg,
    1e-12,
    "loss with errors added up",
  );
});

Deno.test("the history's loss has the penalty's weight of each step", () => {
  // one step an epoch, so that an entry tells its weight
  const config = { ...base, type: "relu", gamma: 0.5, batchSize: 50, epochs: 12 } as const;
  const weights = (more: object) => {
    const { history } = trainSae(data, { ...config, ...more } as SaeConfig);
    return history.map(({ trainLoss, trainRecon, trainReg }) =>
      (trainLoss - trainRecon) / trainReg
    );
  };
  // sums of the loss in float64, which is 10 times the penalty or less
  const allowed = 1e-13;
  const warm = config.epochs - 2;
  assertClose(
    weights({ schedule: { gammaWarmup: warm } }),
    Array.from(
      { length: 12 },
      (_, step) => 0.5 * scheduled({ gammaWarmup: warm }, step, 12).penalty,
    ),
    allowed,
    "warm-up",
  );
  for (
    const more of [{ tuneL0: { target: 1, rate: 0.4 } }, { annealPower: { after: 2, powers: 4 } }]
  ) {
    const { history } = trainSae(data, { ...config, ...more });
    const factors = history.map(({ gammaFactor }) => gammaFactor!);
    assert(Math.max(...factors) > 1.05 * Math.min(...factors));
    // an entry has the factor of the next step
    assertClose(weights(more), [1, ...factors.slice(0, -1)].map((f) => 0.5 * f), allowed, "factor");
  }
});

Deno.test("with the paper's conventions codes above 0.01 count, with others all that are not 0", () => {
  // the fused steps score on their own; clipping and AuxK forbid them
  const plain = { gradClip: 0, deadAfter: 5, decoderNorms: false };
  const small = (X: Matrix32) => ({ ...X, data: X.data.map((value) => 0.001 * value) });
  for (const type of ["relu", "jumprelu", "topk", "abstopk", "batchtopk", "gated"] as const) {
    for (const width of [13, 1040]) {
      for (const conventions of ["paper", "saelens"] as const) {
        const { history, codesId } = trainSae(
          { ...data, id: small(data.id) },
          { ...base, ...plain, type, width, conventions, epochs: 1 } as SaeConfig,
        );
        const least = conventions === "paper" ? Math.fround(0.01) : 0;
        const active = codesId.data.filter((code) => Math.abs(code) > least).length;
        assert.equal(history[0].l0Id, active / data.id.rows, `${type} ${width} ${conventions}`);
        if (type === "topk") assert.equal(history[0].l0Id, conventions === "saelens" ? 3 : 0);
      }
    }
  }
});

Deno.test("dictionary_learning clips gradients but of its standard and its gated ones", () => {
  const clips = SAE_TYPES.filter((type) =>
    trainingDefaults("dictionary_learning", type, { inputDim: 7, width: 13 }, 16).gradClip > 0
  );
  assert.deepEqual(clips, SAE_TYPES.filter((type) => type !== "relu" && type !== "gated"));
});

Deno.test("a training ends when the ID error has not improved for so many entries", () => {
  // a rate of 0.5 throws the weights about: the error does not fall for long
  const config = { ...base, lr: 0.5, epochs: 200, patience: 3 };
  const { history } = trainSae(data, config);
  assert(history.length < 200);
  const errors = history.map(({ mseId }) => mseId), least = Math.min(...errors);
  assert.equal(errors.indexOf(least), errors.length - 4);
  const whole = trainSae(data, { ...config, patience: 0, epochs: history.length });
  assert.deepEqual(whole.history, history);
});

/** A unit whose bias keeps it silent. */
function withSilentUnit(type: "topk" | "relu"): Sae {
  const sae = Sae.initialize({ type, width: 13, kval: 3, seed: 5, inputDim: 7 });
  sae.parameters.encoderBias[4] = -100;
  return sae;
}

Deno.test("a silent unit counts as dead, and comes back by resampling or AuxK", () => {
  const config = { ...base, epochs: 40, deadAfter: 5 };
  const initial = withSilentUnit("topk");
  assert.equal(trainSae(data, { ...config, initial }).history.at(-1)!.dead, 1);
  const resampled = trainSae(data, { ...config, initial, resampleEvery: 10, epochs: 10 });
  assert.equal(resampled.history.at(-1)!.dead, 0);
  assert(Math.abs(resampled.sae.parameters.encoderBias[4]) < 1);
  // its pre-activation is far below 0: SAELens' form moves it, dictionary_learning's cannot
  const bias = (relative: boolean) =>
    trainSae(data, { ...config, initial, weightDecay: 0, auxK: { relative, latents: 1 } })
      .sae.parameters.encoderBias[4];
  assert.equal(bias(true), -100);
  assert.notEqual(bias(false), -100);
});

Deno.test("resampling gives a unit all that it has of its own anew", () => {
  const dead = [
    ["relu", "encoderBias", -100],
    ["jumprelu", "logThreshold", 4],
    ["gated", "magnitudeBias", -100],
  ] as const;
  for (const [type, name, value] of dead) {
    for (const units of [1, 13]) { // where all are dead none is left to tell a norm
      const initial = Sae.initialize({ type, width: 13, seed: 5, inputDim: 7 });
      const own = initial.parameters as unknown as Record<string, Float32Array>;
      own[name].fill(value, 0, units);
      const config = { ...base, type, deadAfter: 5, epochs: 12, initial } as SaeConfig;
      const left = trainSae(data, config).history.at(-1)!.dead!;
      const { history, sae } = trainSae(data, { ...config, resampleEvery: 7 });
      assert(left >= units, `${type}: ${left}`);
      assert.equal(history.at(-1)!.dead, 0, `${type}, ${units} dead`);
      const now = sae.parameters as unknown as Record<string, Float32Array>;
      assert(now[name].every((one) => Math.abs(one - value) > 3), type);
    }
  }
});

Deno.test("units are revived only where dead ones are counted", () => {
  const sae = (revival: number) =>
    Sae.initialize({ type: "jumprelu", width: 13, seed: 5, inputDim: 7, revival });
  const gradients = [0, 1].map((revival) => saeGradients(sae(revival), data.train));
  assert.deepEqual(gradients[1], gradients[0]);
});

Deno.test("the factor of a tuned penalty follows SynthSAEBench's rule", () => {
  const target = 8, after = 20, random = new RandomState(4);
  const counts = Array.from(random.uniform(2, 16, 300), (v, i) => i < 100 ? v : v - 4);
  const tuner = new L0Tuner({ target, after }), factors: number[] = [];
  // the definition, over whole series
  const smoothed = [counts[0]], rates = [0], wanted: number[] = [];
  counts.forEach((count, t) => {
    tuner.observe(count, t);
    factors.push(tuner.factor);
    smoothed.push(0.99 * smoothed[t] + 0.01 * count);
    rates.push(0.95 * rates[t] + 0.05 * (smoothed[t + 1] - smoothed[t]));
    const excess = smoothed[t + 1] - target, gain = excess * rates[t + 1] < 0 ? 0.01 : 1;
    const size = 3e-4 * gain * Math.tanh(10 * Math.abs(excess) / target);
    const last = wanted.at(-1) ?? 1;
    wanted.push(t < after ? 1 : last * (1 + Math.sign(excess) * size));
  });
  // the same operations in float64, some of them in another order
  assertClose(factors, wanted, 1e-13, "factors");
  assert(factors.some((factor, t) => t > 0 && factor < factors[t - 1]), "some fall");
  assert(factors.some((factor, t) => t > 0 && factor > factors[t - 1]), "some rise");
  const bounded = (l0: number) => {
    const tuner = new L0Tuner({ target: 1 });
    for (let t = 0; t < 40_000; t++) tuner.observe(l0, t);
    return tuner.factor;
  };
  assert.deepEqual([bounded(9), bounded(0)], [100, 0.01]);
});

Deno.test("a tuned penalty leaves as many codes active as are wanted", () => {
  const shared = { ...base, kval: undefined, epochs: 5000, lr: 2e-3, historyEvery: 0, gamma: 0.03 };
  const configs: SaeConfig[] = [
    { ...shared, type: "relu" },
    { ...shared, type: "jumprelu", penalty: "tanh" },
    { ...shared, type: "gated" },
  ];
  const last = (config: SaeConfig) =>
    trainSae({ train: data.train, id: data.train }, config).history[0];
  for (const config of configs) {
    const free = last(config), tuned = last({ ...config, tuneL0: { target: 2.5 } });
    assert(free.l0Id! > 3.5, `${config.type}: ${free.l0Id}`);
    // a mean over the last hundred steps is tuned, of codes above 0; these are after them, above 0.01
    assertClose(tuned.l0Id!, 2.5, 0.6, config.type);
    assert(tuned.gammaFactor! > 2, config.type);
    assert.equal("gammaFactor" in free, false);
  }
});

Deno.test("the decoder's bias starts at the geometric median of the first batch", async () => {
  const X = normals(8, 40, 7);
  // far off, to the one side: the mean is elsewhere
  for (let i = 0; i < 10; i++) for (let j = 0; j < 7; j++) X.data[i * 7 + j] += 50;
  const median = geometricMedian(X), pull = new Float64Array(7);
  for (let i = 0; i < 40; i++) {
    const to = Array.from(median, (v, j) => X.data[i * 7 + j] - v), size = Math.hypot(...to);
    to.forEach((v, j) => pull[j] += v / size);
  }
  // where the sum of distances is least, the unit vectors to the points add up to 0; a round of less than
  // 1e-5 leaves, with distances of 1 and more, less than 40 times that
  assertClose(pull, new Float64Array(7), 4e-4, "unit vectors to the points");
  const config = { type: "relu", width: 13, epochs: 1, batchSize: 40, seed: 1, lr: 1e-9 } as const;
  const startBias = "geometricMedian";
  const { decoderBias } = trainSae({ train: X }, { ...config, startBias }).sae.parameters;
  // float32, the batch in another order, and one step of 1e-9
  assertClose(decoderBias, median, 1e-5, "bias");
  const train = { rows: 40, cols: 7, batches: () => [X] };
  const streamed = await trainSaeStream({ train }, { ...config, startBias });
  assertClose(streamed.sae.parameters.decoderBias, median, 1e-5, "bias from a stream");
});

Deno.test("wrong options of a training are refused by name", () => {
  const refusals: [Record<string, unknown>, RegExp][] = [
    [{ conventions: "ours" }, /^TypeError: conventions must be one of paper, saelens, .* got ours/],
    [{ betas: 0.9 }, /^TypeError: betas must be two numbers, got number/],
    [{ betas: [0.9, 1] }, /^RangeError: betas must be in \[0, 1\), got 1/],
    [{ weightDecay: -1 }, /^RangeError: weightDecay .* got -1/],
    [{ lossScale: "max" }, /^TypeError: lossScale must be one of mean, sum, got max/],
    [{ decoderNorm: "none" }, /^TypeError: decoderNorm must be one of projected, .* got none/],
    [{ schedule: { warmup: -1 } }, /^RangeError: schedule\.warmup .* got -1/],
    [{ schedule: { warmpu: 1 } }, /^TypeError: .*warmpu/],
    [{ schedule: { shape: "step" } }, /^TypeError: schedule\.shape must be constant or cosine/],
    [{ schedule: { cycles: 2 } }, /^TypeError: schedule\.cycles needs shape cosine, got constant/],
    [
      { schedule: { shape: "cosine", cycles: 0 } },
      /^RangeError: schedule\.cycles must be an integer of at least 1, got 0/,
    ],
    [{ tuneL0: 5 }, /^TypeError: tuneL0 must be an object, got number/],
    [{ tuneL0: { target: 5 } }, /^TypeError: tuneL0 needs a type that has a penalty, got topk/],
    [{ type: "relu", tuneL0: { target: 0 } }, /^RangeError: tuneL0\.target .* got 0/],
    [{ type: "relu", tuneL0: { target: 5, after: -1 } }, /^RangeError: tuneL0\.after .* got -1/],
    [{ type: "relu", tuneL0: { target: 5, rate: 1 } }, /^RangeError: tuneL0\.rate .* got 1/],
    [
      { type: "relu", tuneL0: { target: 5, patience: 2 } },
      /^RangeError: tuneL0\.patience must be at most 1, got 2/,
    ],
    [{ type: "relu", tuneL0: { target: 5, step: 1 } }, /^TypeError: tuneL0 has no "step"/],
    [{ annealPower: { after: 5 } }, /^TypeError: annealPower needs type relu, got topk/],
    [{ type: "relu", annealPower: { after: -1 } }, /^RangeError: annealPower\.after .* got -1/],
    [
      { type: "relu", annealPower: { after: 5, powers: 1 } },
      /^RangeError: annealPower\.powers .* got 1/,
    ],
    [
      { type: "relu", annealPower: { after: 5, to: 1 } },
      /^RangeError: annealPower\.to must be below the first power, 1, got 1/,
    ],
    [{ type: "relu", annealPower: { start: 5 } }, /^TypeError: annealPower has no "start"/],
    [
      { type: "relu", annealPower: { after: 5 }, tuneL0: { target: 5 } },
      /^TypeError: annealPower must be left out where tuneL0 decides on the penalty's weight/,
    ],
    [{ type: "relu", penaltyPower: 0 }, /^RangeError: penaltyPower .* got 0/],
    [{ type: "relu", penaltyRoot: true }, /^TypeError: penaltyRoot needs penaltyPower, got none/],
    [{ schedule: { kvalAnneal: 0.5 } }, /^RangeError: schedule\.kvalAnneal .* got 0\.5/],
    [
      { type: "gated", schedule: { kvalAnneal: 5 } },
      /^TypeError: schedule\.kvalAnneal needs a type that chooses kval codes, got gated/,
    ],
    [
      { kval: 8, schedule: { kvalAnneal: 5 } },
      /^RangeError: kval must be at most 7, where schedule\.kvalAnneal begins, got 8/,
    ],
    [
      { deadAfter: 5, auxK: { byGroup: true } },
      /^TypeError: auxK\.byGroup needs type matryoshka, got topk/,
    ],
    [{ startBias: "mean" }, /^TypeError: startBias must be one of zero, geometricMedian, got mean/],
    [
      { startBias: "geometricMedian", initial: withSilentUnit("topk") },
      /^TypeError: startBias must be left out where initial has the bias/,
    ],
    [
      { type: "jumprelu", directThreshold: 1 },
      /^TypeError: directThreshold must be true or false, got number/,
    ],
    [
      { type: "jumprelu", steToInput: true },
      /^TypeError: steToInput needs penalty step, tanh or quadratic, got codes/,
    ],
    [
      { type: "jumprelu", penalty: "square" },
      /^TypeError: penalty must be one of codes, .* quadratic, got square/,
    ],
    [
      { type: "jumprelu", penalty: "quadratic" },
      /^RangeError: targetL0 must be at most 13, the width, for penalty quadratic, got 30/,
    ],
    [{ patience: 0.5 }, /^RangeError: patience .* got 0\.5/],
    [{ deadAfter: -1 }, /^RangeError: deadAfter .* got -1/],
    [{ resampleEvery: 5 }, /^TypeError: resampleEvery needs deadAfter, got none/],
    [{ type: "jumprelu", revival: 1 }, /^TypeError: revival needs deadAfter, got none/],
    [
      { type: "relu", annealPower: { after: 16 } }, // of 24 steps
      /^RangeError: annealPower must have at least 9 steps after 16 for 10 powers, got 8 of 24/,
    ],
    [
      { type: "batchtopk", kval: 0.05 },
      /^RangeError: kval times batchSize must be at least 1, got 0\.8/,
    ],
    [{ type: "MP", resampleEvery: 5, deadAfter: 5 }, /^TypeError: resampleEvery needs a type that/],
    [{ auxK: {} }, /^TypeError: auxK needs deadAfter, got none/],
    [{ type: "relu", auxK: {}, deadAfter: 5 }, /^TypeError: auxK needs a type that .* got relu/],
    [{ deadAfter: 5, auxK: { latents: 0 } }, /^RangeError: auxK\.latents .* got 0/],
    [{ deadAfter: 5, auxK: { weigth: 1 } }, /^TypeError: .*weigth/],
    [{ deadAftr: 5 }, /^TypeError: .*deadAftr/],
  ];
  for (const [options, message] of refusals) {
    assert.throws(() => trainSae(data, { ...base, ...options } as unknown as SaeConfig), message);
  }
  const { train } = data;
  assert.throws(
    () => trainSae({ train }, { ...base, patience: 2 }),
    /^TypeError: patience needs data\.id, got none/,
  );
});
