import assert from "node:assert/strict";
import {
  columnNorms,
  type Matrix,
  type Matrix32,
  normalizeColumns,
  toFloat64,
  transpose,
} from "../lib/matrix.ts";
import { ParameterBlocks } from "../lib/cores/sae.ts";
import {
  COMMON_PARAMETERS,
  requireParameter,
  type SaeParameter,
  type SaeVariant,
  takeOptions,
} from "../lib/cores/sae_variant.ts";
import { SAE_VARIANTS } from "../lib/cores/sae_variants.ts";
import { RandomState } from "../lib/random.ts";
import { Sae, SAE_TYPES, saeGradients, type SaeParameters, type SaeType } from "../lib/saes.ts";
import { Arena } from "../lib/wasm/memory.ts";
import { autodiff, type SaeCase, topMask } from "./autodiff.ts";
import { assertClose, goldenCase, toMatrix } from "./golden.ts";
import { checkBatch, STEP_CASES } from "./sae_golden.ts";

for (const name of STEP_CASES) {
  Deno.test(`${name}: codes, losses and gradients are the reference's`, () => checkBatch(name));
}

Deno.test("without relaxed SIMD the golden cases hold too", async () => {
  const url = new URL("./sae_simd_worker.ts", import.meta.url);
  const worker = new Worker(url, { type: "module" });
  const answer = await new Promise((resolve) => worker.onmessage = ({ data }) => resolve(data));
  worker.terminate();
  assert.deepEqual(answer, { backend: "simd" });
});

function normals(random: RandomState, rows: number, cols: number, sd = 1): Matrix32 {
  return { rows, cols, data: Float32Array.from(random.normal(0, sd, rows * cols)) };
}

/** An autoencoder whose biases, norms and thresholds are all away from their initial values. */
function randomSae(
  type: SaeType,
  inputDim: number,
  width: number,
  kval: number,
  seed: number,
): Sae {
  const random = new RandomState(seed);
  const parameters: SaeParameters = {
    encoder: normals(random, width, inputDim, 0.3),
    encoderBias: normals(random, 1, width, 0.1).data,
    decoder: normals(random, inputDim, width, 0.3),
    decoderBias: normals(random, 1, inputDim, 0.1).data,
  };
  if (type === "batchtopk" || type === "matryoshka") parameters.threshold = Float32Array.of(0.3);
  // thresholds around 0.3, so that they cut into the codes
  if (type === "jumprelu") {
    parameters.logThreshold = normals(random, 1, width, 0.5).data.map((v) => v - 1.2);
  }
  if (type === "gated") {
    parameters.magnitudeBias = normals(random, 1, width, 0.1).data;
    parameters.logScale = normals(random, 1, width, 0.1).data;
  }
  return new Sae({ type, kval, parameters });
}

const SHAPES = [
  // rows, inputDim, width, kval
  [1, 3, 1, 1],
  [1, 8, 16, 16],
  [5, 7, 13, 3],
  [64, 13, 29, 5],
  [64, 33, 70, 10],
];

function saeCase({ sae, X, gamma }: { sae: Sae; X: Matrix32; gamma: number }): SaeCase {
  return { type: sae.type, kval: sae.kval, parameters: sae.parameters, X, gamma };
}

// those of the others in sae_variants_test.ts
for (const type of ["relu", "topk", "jumprelu", "MP", "abstopk"] as const) {
  Deno.test(`${type}: the gradients are those of automatic differentiation`, async () => {
    const cases = SHAPES.flatMap(([rows, inputDim, width, kval]) =>
      [0, 0.05].map((gamma) => {
        const sae = randomSae(type, inputDim, width, kval, rows + width);
        return { sae, X: normals(new RandomState(7), rows, inputDim), gamma };
      })
    );
    const differentiated = await autodiff<SaeCase>("saes", cases.map(saeCase));
    cases.forEach(({ sae, X, gamma }, c) => {
      const ours = saeGradients(sae, X, { gamma });
      const expected = differentiated[c];
      const { encoder, encoderBias, decoder, decoderBias, logThreshold } = ours.gradients;
      const actual = [encoder?.data, encoderBias, decoder.data, decoderBias, logThreshold]
        .filter((array) => array !== null && array !== undefined);
      const what = `${X.rows}×${X.cols}→${sae.dictionary.cols}`;
      // both sides round to float32 after every operation: 2⁻²⁴ relative, some hundred times
      assertClose(ours.loss, expected.loss, 2e-5 * (1 + expected.loss), `${what} loss`);
      assert.equal(actual.length, expected.gradients.length);
      actual.forEach((array, i) => {
        const scale = expected.gradients[i].reduce((most, g) => Math.max(most, Math.abs(g)), 0);
        assertClose(array, expected.gradients[i], 2e-5 * scale + 1e-7, `${what} gradient ${i}`);
      });
    });
  });
}

Deno.test("jumprelu: thresholds within the bandwidth of a code get pseudo-gradients", async () => {
  const sae = randomSae("jumprelu", 7, 13, 3, 5);
  const X = normals(new RandomState(8), 5, 7);
  const centred = { ...X, data: X.data.map((v, p) => v - sae.bias[p % 7]) };
  const { encoder, encoderBias, logThreshold } = sae.parameters;
  // θ_j next to unit j's pre-activation for row j mod 5, where that is positive
  for (let j = 0; j < 13; j++) {
    let pre = encoderBias[j];
    for (let l = 0; l < 7; l++) pre += centred.data[(j % 5) * 7 + l] * encoder.data[j * 7 + l];
    if (pre > 0.1) logThreshold![j] = Math.log(pre + (j % 2 === 0 ? 2e-4 : -2e-4));
  }
  const ours = saeGradients(sae, X, { gamma: 0.05 }).gradients.logThreshold!;
  const [{ gradients }] = await autodiff<SaeCase>("saes", [saeCase({ sae, X, gamma: 0.05 })]);
  const expected = gradients[4];
  assert(expected.filter((g) => g !== 0).length >= 3, "the test must reach some thresholds");
  const scale = expected.reduce((most, g) => Math.max(most, Math.abs(g)), 0);
  assertClose(ours, expected, 1e-4 * scale, "threshold gradient"); // (u − θ)/ε loses three digits
});

Deno.test("jumprelu: a threshold's logarithm is capped at 20, with no gradient beyond", () => {
  const cap = Math.fround(Math.exp(20));
  const sae = new Sae({
    type: "jumprelu",
    kval: 1,
    parameters: {
      encoder: { rows: 2, cols: 2, data: new Float32Array(4) },
      encoderBias: Float32Array.of(cap, cap), // both pre-activations are at the capped threshold
      decoder: { rows: 2, cols: 2, data: Float32Array.of(1, 0, 0, 1) },
      decoderBias: new Float32Array(2),
      logThreshold: Float32Array.of(20, 25),
    },
  });
  const X = { rows: 1, cols: 2, data: Float32Array.of(1, 1) };
  assert.deepEqual(sae.encode(X).data, Float32Array.of(0, 0));
  const [atCap, beyond] = saeGradients(sae, X).gradients.logThreshold!;
  // −(θ/ε)·g·θ with g = 2·(0 − 1)/2
  assertClose(atCap, cap * cap / 1e-3, 1e-6 * cap * cap / 1e-3, "at the cap");
  assert.equal(beyond, 0);
});

/** An autoencoder whose pre-activations are its inputs. */
function identitySae(width: number, kval: number): Sae {
  const identity = (): Matrix32 => ({
    rows: width,
    cols: width,
    data: Float32Array.from({ length: width * width }, (_, p) => p % (width + 1) === 0 ? 1 : 0),
  });
  return new Sae({
    type: "topk",
    kval,
    parameters: {
      encoder: identity(),
      encoderBias: new Float32Array(width),
      decoder: identity(),
      decoderBias: new Float32Array(width),
    },
  });
}

Deno.test("topk keeps the k largest positive values, the lowest places among equals", () => {
  const random = new RandomState(11);
  for (const width of [1, 7, 8, 64, 65, 130]) {
    const fills: [string, () => number][] = [
      ["distinct", () => random.normal(0, 1, 1)[0]],
      ["many ties", () => random.choice([-1, 0, 0.5, 2, 3], 1)[0]],
      ["all equal", () => 1.5],
      ["none positive", () => -random.uniform(0, 1, 1)[0]],
      ["huge and tiny", () => 10 ** random.uniform(-44, 38, 1)[0]],
    ];
    for (const [what, draw] of fills) {
      const X = { rows: 3, cols: width, data: Float32Array.from({ length: 3 * width }, draw) };
      for (const kval of new Set([1, Math.ceil(width / 3), width])) {
        const mask = topMask(X.data, 3, width, kval);
        const expected = X.data.map((v, p) => mask[p] ? Math.max(v, 0) : 0);
        const { data } = identitySae(width, kval).encode(X);
        assert.deepEqual(data, expected, `${what}, ${kval} of ${width}`);
      }
    }
  }
});

Deno.test("abstopk: codes, reconstructions, loss and gradients are those of PyTorch", () => {
  const { inputs, expected } = goldenCase("sae_variants", "abstopk_saelens");
  const { W_enc, W_dec, b_enc, b_dec } = inputs.parameters, X = toMatrix(inputs.X);
  // There the norms s of the atoms are free, and pre-activations are chosen by |pre·s|. The same
  // function has unit atoms and an encoder times s; its gradients by encoder and bias are those
  // there over s, by the atoms times s.
  const atoms = toMatrix(W_dec), s = columnNorms(transpose(atoms));
  const scaled = (M: Matrix, factor: (row: number, col: number) => number) => ({
    ...M,
    data: Float32Array.from(M.data, (v, p) => v * factor(Math.floor(p / M.cols), p % M.cols)),
  });
  const sae = new Sae({
    type: "abstopk",
    kval: inputs.k,
    parameters: {
      encoder: transpose(scaled(toMatrix(W_enc), (_, unit) => s[unit])),
      encoderBias: Float32Array.from(b_enc.data, (b: number, unit) => b * s[unit]),
      decoder: transpose(scaled(atoms, (unit) => 1 / s[unit])),
      decoderBias: Float32Array.from(b_dec.data),
    },
  });
  const close = (actual: ArrayLike<number>, { data }: { data: number[] }, what: string) => {
    const scale = data.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    assertClose(actual, data, 1e-6 * scale, what); // some float32 roundings, and those of the scaling
  };
  const { codes, reconstruction } = sae.forward(X);
  close(codes.data, expected.codes, "codes");
  close(reconstruction.data, expected.reconstruction, "reconstruction");
  // there squared errors are summed over dimensions
  const { recon, gradients } = saeGradients(sae, X), m = X.cols;
  assertClose(m * recon, expected.mse_loss, 1e-6 * expected.mse_loss, "loss");
  const { W_enc: gE, W_dec: gD, b_enc: gbe, b_dec: gbd } = expected.grads_mse;
  close(scaled(transpose(gradients.encoder!), (_, unit) => m * s[unit]).data, gE, "W_enc");
  close(gradients.encoderBias!.map((g, unit) => m * s[unit] * g), gbe, "b_enc");
  close(scaled(transpose(gradients.decoder), (unit) => m / s[unit]).data, gD, "W_dec");
  close(gradients.decoderBias.map((g) => m * g), gbd, "b_dec");
});

/** Matching pursuit in float64 with a product per pick. */
function pursuit(atoms: Matrix, x: Float64Array, k: number): Float64Array {
  const { rows, cols, data } = atoms, residual = x.slice(), codes = new Float64Array(cols);
  for (let t = 0; t < k; t++) {
    let best = -1, coefficient = 0;
    for (let j = 0; j < cols; j++) {
      if (codes[j] !== 0) continue;
      let c = 0;
      for (let l = 0; l < rows; l++) c += residual[l] * data[l * cols + j];
      if (best < 0 || Math.abs(c) > Math.abs(coefficient)) [best, coefficient] = [j, c];
    }
    codes[best] = coefficient;
    for (let l = 0; l < rows; l++) residual[l] -= coefficient * data[l * cols + best];
  }
  return codes;
}

Deno.test("MP is matching pursuit on the unit-normed decoder, also up to every atom", () => {
  for (const [inputDim, width, kval] of [[6, 9, 9], [13, 29, 5], [20, 8, 3]]) {
    const sae = randomSae("MP", inputDim, width, kval, 3);
    const X = normals(new RandomState(4), 70, inputDim);
    const codes = sae.encode(X), atoms = normalizeColumns(toFloat64(sae.dictionary));
    for (let i = 0; i < X.rows; i++) {
      const x = Float64Array.from(sae.bias, (b, l) => X.data[i * inputDim + l] - b);
      // float32 roundings of values around 1, carried through up to nine picks
      const row = codes.data.subarray(i * width, (i + 1) * width);
      assertClose(row, pursuit(atoms, x, kval), 1e-5, `row ${i} of ${inputDim}→${width}`);
    }
  }
});

Deno.test("MP gives a sample the same codes when its Gram rows had to be dropped and remade", () => {
  // 20,000 atoms: the cache holds far fewer Gram rows than 1,000 samples pick
  const sae = randomSae("MP", 4, 20_000, 2, 1);
  const X = normals(new RandomState(2), 1000, 4), all = sae.encode(X);
  for (const i of [0, 63, 64, 500, 999]) {
    const single = sae.encode({ rows: 1, cols: 4, data: X.data.slice(4 * i, 4 * i + 4) });
    assert.deepEqual(single.data, all.data.slice(20_000 * i, 20_000 * (i + 1)));
  }
});

for (const type of SAE_TYPES) {
  Deno.test(`${type}: a sample's codes do not depend on the samples around it`, () => {
    const sae = randomSae(type, 7, 13, 3, 9), X = normals(new RandomState(3), 131, 7);
    const all = sae.encode(X).data;
    for (const [start, end] of [[0, 1], [63, 66], [60, 131]]) {
      const part = sae.encode({
        rows: end - start,
        cols: 7,
        data: X.data.slice(7 * start, 7 * end),
      });
      assert.deepEqual(part.data, all.slice(13 * start, 13 * end));
    }
  });

  Deno.test(`${type}: an initial autoencoder has unit atoms along its encoder's rows`, () => {
    const sae = Sae.initialize({ type, inputDim: 7, width: 13, kval: 3, seed: 4 });
    // a unit norm rounds to within 2⁻²³ in float32
    assertClose(columnNorms(sae.dictionary), new Float64Array(13).fill(1), 2 ** -22, "norms");
    const { encoder } = sae.parameters, [a, b] = [encoder.data[0], encoder.data[1]];
    assertClose(sae.dictionary.data[13] * a, sae.dictionary.data[0] * b, 1e-7, "direction");
    assert.equal(sae.bias.every((v) => v === 0), true);
    assert.equal(sae.parameters.logThreshold !== undefined, type === "jumprelu");
  });

  Deno.test(`${type}: no rows give no codes`, () => {
    const sae = randomSae(type, 7, 13, 3, 9);
    const { codes, reconstruction } = sae.forward({ rows: 0, cols: 7, data: new Float32Array() });
    assert.deepEqual([codes.rows, codes.cols, reconstruction.rows, reconstruction.cols], [
      0,
      13,
      0,
      7,
    ]);
  });
}

Deno.test("a variant may have a number that the kernels keep and AdamW leaves alone, and any option", () => {
  const threshold: SaeParameter = {
    name: "threshold",
    tensor: "threshold",
    shape: [],
    trained: false,
    initial: () => Float32Array.of(0.5),
  };
  const sizes = { inputDim: 3, width: 5 }, random = new RandomState(1);
  const parameters = {
    encoder: normals(random, 5, 3),
    encoderBias: normals(random, 1, 5).data,
    decoder: normals(random, 3, 5),
    decoderBias: normals(random, 1, 3).data,
    threshold: Float32Array.of(0.25),
  };
  using arena = new Arena();
  const blocks = new ParameterBlocks(arena, [...COMMON_PARAMETERS, threshold], sizes);
  blocks.write(parameters);
  assert.deepEqual(blocks.read(), parameters);
  // rows of 8: five of each weight, one of each bias, one for the number
  assert.equal(blocks.trained.length, 8 * (5 + 1 + 5 + 1));
  blocks.trained.view.fill(0);
  assert.equal(blocks.block("threshold")!.view[0], 0.25);
  assert.throws(
    () => requireParameter(threshold, Float32Array.of(1, 2), sizes),
    /^RangeError: threshold must have 1 columns, got 2/,
  );

  const groups = [2, 5];
  const grouped = {
    ...SAE_VARIANTS[1],
    options: [{ name: "groups", check: (value: unknown) => assert.deepEqual(value, [2, 5]) }],
  } as unknown as SaeVariant<{ type: "grouped"; groups: number[] }>;
  const taken = takeOptions(grouped, { type: "grouped", groups }, sizes);
  groups[0] = 3;
  assert.deepEqual(taken.groups, [2, 5]);
});

Deno.test("bad arguments are refused by name", () => {
  const relu = new Sae({
    type: "relu",
    kval: 1,
    parameters: {
      encoder: { rows: 1, cols: 1, data: Float32Array.of(2) },
      encoderBias: new Float32Array(1),
      decoder: { rows: 1, cols: 1, data: Float32Array.of(2) },
      decoderBias: new Float32Array(1),
    },
  });
  const sae = randomSae("jumprelu", 7, 13, 3, 9), { parameters } = sae;
  const make = (change: Partial<SaeParameters>, kval = 3) =>
    new Sae({ type: "jumprelu", kval, parameters: { ...parameters, ...change } });
  const wide = normals(new RandomState(0), 2, 8), fine = normals(new RandomState(0), 2, 7);
  const broken = { ...fine, data: fine.data.map((v, p) => p === 9 ? NaN : v) };
  const refusals: [() => unknown, ErrorConstructor, RegExp][] = [
    [
      () => new Sae({ type: "gelu" as SaeType, kval: 3, parameters }),
      TypeError,
      /type must be one of relu, topk, jumprelu, MP, .* got gelu/,
    ],
    [() => make({}, 14), RangeError, /kval must be an integer from 1 to 13, got 14/],
    [() => make({}, 0), RangeError, /kval .* got 0/],
    [() => make({ decoder: parameters.encoder }), RangeError, /decoder must have 7 rows, got 13/],
    [
      () => make({ encoderBias: new Float32Array(12) }),
      RangeError,
      /encoderBias must have 13 columns, got 12/,
    ],
    [
      () => make({ decoderBias: Float32Array.of(1, 2, 3, 4, 5, 6, NaN) }),
      RangeError,
      /decoderBias must be finite, got NaN/,
    ],
    [() => make({ logThreshold: undefined }), TypeError, /logThreshold must be a Float32Array/],
    [() => sae.encode(wide), RangeError, /X must have 7 columns, got 8/],
    [() => sae.encode(broken), RangeError, /X must be finite, got NaN at row 1, column 2/],
    [() => sae.decode(wide), RangeError, /Z must have 13 columns, got 8/],
    [
      () => saeGradients(sae, fine, { gamma: -1 }),
      RangeError,
      /gamma must be a finite number of at least 0, got -1/,
    ],
    [
      () => saeGradients(sae, { rows: 0, cols: 7, data: new Float32Array() }),
      RangeError,
      /X\.rows must be an integer of at least 1, got 0/,
    ],
    [
      () => Sae.initialize({ type: "relu", inputDim: 0, width: 3, kval: 1, seed: 0 }),
      RangeError,
      /inputDim .* got 0/,
    ],
    [
      () => Sae.initialize({ type: "relu", inputDim: 3, width: 2.5, kval: 1, seed: 0 }),
      RangeError,
      /width .* got 2\.5/,
    ],
    [
      () => Sae.initialize({ type: "relu", inputDim: 3, width: 3, kval: 1, seed: -1 }),
      RangeError,
      /seed .* got -1/,
    ],
    [
      () => relu.encode({ rows: 1, cols: 1, data: Float64Array.of(1e39) }),
      RangeError,
      /^X must be within float32 .* got 1e\+39 at row 0, column 0/,
    ],
    [
      () => saeGradients(relu, { rows: 1, cols: 1, data: Float64Array.of(1e39) }),
      RangeError,
      /^X must be within float32/,
    ],
    [
      () => relu.decode({ rows: 1, cols: 1, data: Float64Array.of(-1e39) }),
      RangeError,
      /^Z must be within float32 .* got -1e\+39/,
    ],
    [
      () => relu.encode({ rows: 1, cols: 1, data: Float32Array.of(3e38) }),
      RangeError,
      /^Cannot encode X: .* got Infinity in row 0/,
    ],
    [
      () => relu.decode({ rows: 1, cols: 1, data: Float32Array.of(3e38) }),
      RangeError,
      /^Cannot decode Z: .* got Infinity in row 0/,
    ],
  ];
  for (const [call, kind, message] of refusals) {
    assert.throws(
      call,
      (error: Error) => error instanceof kind && message.test(error.message),
      `${message}`,
    );
  }
});
