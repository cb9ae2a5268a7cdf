import assert from "node:assert/strict";
import { instantiateKernels } from "../lib/wasm/instance.ts";
import type { Backend } from "../lib/wasm/backends.ts";
import type { KernelExports } from "../lib/wasm/builds.js";
import { type Matrix, zeros } from "../lib/matrix.ts";
import { RandomState } from "../lib/random.ts";
import { AdaptiveRate, softplusAdam, type SoftplusAdamOptions } from "../lib/softplus_adam.ts";
import { assertClose, goldenCase, goldenCases, toMatrix } from "./golden.ts";

const shared = goldenCase("sparse_coding", "shared").expected;
const XId = toMatrix(shared.X_iid), XOod = toMatrix(shared.X_ood);
const inits = goldenCase("sparse_coding", "dictionary_inits").expected;
const stated = goldenCase("sparse_coding", "direct_start_stated").expected;

/** The options of a golden case. */
function optionsOf({ inputs }: ReturnType<typeof goldenCase>): SoftplusAdamOptions {
  const { lam: lambda, steps: maxSteps, initial_lr: lr, nonlinearity, start, seed } = inputs;
  const base = { numLatents: 12, lambda, maxSteps, lr, nonlinearity, historyEvery: 1 };
  if (start === "direct_start_seeded") return { ...base, seed };
  const preInit = { id: toMatrix(stated.pre_iid), ood: toMatrix(stated.pre_ood) };
  const fixedDictionary = inputs.D_init.includes("fixed");
  const dInit = toMatrix(fixedDictionary ? shared.D : inits.near_truth);
  return { ...base, preInit, dInit, fixedDictionary };
}

for (const golden of goldenCases("sparse_coding").filter((c) => c.inputs.initial_lr)) {
  const { name, expected, tol } = golden;
  Deno.test(`Softplus-Adam repeats the reference's steps: ${name}`, () => {
    const { codesId, codesOod, dictionary, history } = softplusAdam(
      XId,
      XOod,
      optionsOf(golden),
    );
    assertClose(history.map((entry) => entry.loss), expected.loss, tol.loss, "loss");
    assertClose(history.map((e) => e.lr), expected.lr_after_step, tol.lr_after_step, "lr");
    assertClose(codesId.data, expected.codes_iid.data, tol.codes_iid, "codesId");
    if (expected.codes_ood) {
      assertClose(codesOod.data, expected.codes_ood.data, tol.codes_ood, "codesOod");
    }
    if (expected.D) assertClose(dictionary.data, expected.D.data, tol.D, "dictionary");
    else assert.deepEqual(dictionary.data, toMatrix(shared.D).data);
    const parts = expected.loss_parts_steps_1_to_24;
    if (!parts) return;
    const later = history.slice(1);
    for (
      const [key, values] of [
        ["mse_iid", later.map((entry) => entry.mseId)],
        ["mse_ood", later.map((entry) => entry.mseOod)],
        ["l1_iid", later.map((entry) => entry.l1Id)],
        ["l1_ood", later.map((entry) => entry.l1Ood)],
      ] as const
    ) assertClose(values, parts[key], tol[`loss_parts_steps_1_to_24.${key}`], key);
  });
}

/** Adam on the loss as it is written, in float64, with plain loops. */
function plainSteps(
  X: Matrix[],
  P: Matrix[],
  D: Matrix,
  { lambda, lr, steps, softplus }: { lambda: number; lr: number; steps: number; softplus: boolean },
) {
  const f = (p: number) => softplus ? Math.log1p(Math.exp(p)) : Math.max(p, 0);
  const slope = (p: number) => softplus ? 1 / (1 + Math.exp(-p)) : Number(p > 0);
  const values = [...P, D].map((M) => Float64Array.from(M.data));
  const [m1, m2] = [0, 1].map(() => values.map((v) => new Float64Array(v.length)));
  const m = D.rows, n = D.cols, losses = [];
  for (let step = 1; step <= steps; step++) {
    const gradients = values.map((v) => new Float64Array(v.length));
    const atoms = values[2];
    const norms = Array.from({ length: n }, (_, j) => {
      let sum = 0;
      for (let i = 0; i < m; i++) sum += atoms[i * n + j] ** 2;
      return Math.sqrt(sum);
    });
    let loss = 0;
    for (const split of [0, 1]) {
      const rows = X[split].rows, mean = 1 / (rows * m), weight = lambda / (rows * n);
      for (let s = 0; s < rows; s++) {
        const p = values[split].subarray(s * n, (s + 1) * n), z = p.map(f);
        for (let j = 0; j < n; j++) {
          loss += weight * z[j] * norms[j];
          gradients[split][s * n + j] += weight * norms[j] * slope(p[j]);
          if (split > 0) continue;
          for (let i = 0; i < m; i++) {
            gradients[2][i * n + j] += weight * z[j] * atoms[i * n + j] / norms[j];
          }
        }
        for (let i = 0; i < m; i++) {
          let r = -X[split].data[s * m + i];
          for (let j = 0; j < n; j++) r += z[j] * atoms[i * n + j];
          loss += mean * r * r;
          for (let j = 0; j < n; j++) {
            gradients[split][s * n + j] += 2 * mean * r * atoms[i * n + j] * slope(p[j]);
            if (split === 0) gradients[2][i * n + j] += 2 * mean * r * z[j];
          }
        }
      }
    }
    losses.push(loss);
    values.forEach((v, part) => {
      for (let q = 0; q < v.length; q++) {
        const g = gradients[part][q];
        m1[part][q] = 0.9 * m1[part][q] + 0.1 * g;
        m2[part][q] = 0.999 * m2[part][q] + 0.001 * g * g;
        const size = Math.sqrt(m2[part][q] / (1 - 0.999 ** step)) + 1e-8;
        v[q] -= lr * m1[part][q] / (1 - 0.9 ** step) / size;
      }
    });
    lr *= 1.1;
  }
  return { codes: values[0].map(f), dictionary: values[2], losses };
}

for (const nonlinearity of ["softplus", "relu"] as const) {
  Deno.test(`${nonlinearity}: steps over many blocks of samples equal plain float64 loops`, () => {
    const random = new RandomState(3);
    const normal = (rows: number, cols: number, mean: number) => ({
      rows,
      cols,
      data: random.normal(mean, 1, rows * cols),
    });
    // rows, columns and atoms that are no multiples of anything; blocks hold 240 samples
    const [rows, rowsOod, m, n] = [491, 77, 5, 13];
    const X = [normal(rows, m, 0), normal(rowsOod, m, 0)];
    const P = [normal(rows, n, 0.2), normal(rowsOod, n, 0.2)], D = normal(m, n, 0);
    const plain = plainSteps(X, P, D, {
      lambda: 0.3,
      lr: 0.01,
      steps: 4,
      softplus: nonlinearity === "softplus",
    });
    const run = softplusAdam(X[0], X[1], {
      numLatents: n,
      lambda: 0.3,
      lr: 0.01,
      maxSteps: 4,
      nonlinearity,
      preInit: { id: P[0], ood: P[1] },
      dInit: D,
      historyEvery: 1,
    });
    // float32: values of size 10, 4 steps of size 0.01 whose direction is good to about 1e-4
    assertClose(run.history.map((entry) => entry.loss), plain.losses, 1e-4, "loss");
    assertClose(run.codesId.data, plain.codes, 1e-5, "codes");
    assertClose(run.dictionary.data, plain.dictionary, 1e-5, "dictionary");
  });
}

for (const backend of ["relaxed-simd", "simd"] as Backend[]) {
  Deno.test(`the ${backend} build's softplus and its derivative are exact to float32`, async () => {
    const memory = new WebAssembly.Memory({ initial: 40, maximum: 65_536 });
    const { kernels } = await instantiateKernels(backend, memory, 0);
    const count = 40_000;
    const at = [1, 2, 3, 4, 5].map((k) => k * 6 * 65_536);
    const [p, z, s, totals, sums] = at as Parameters<KernelExports["codes_forward"]>[2][];
    const points = new Float32Array(memory.buffer, p, count);
    for (let i = 0; i < count; i++) points[i] = (i - count / 2) * (86 / (count / 2));
    kernels.codes_forward(1, count, p, z, s, totals, sums, 0);
    const codes = new Float32Array(memory.buffer, z, count);
    const slopes = new Float32Array(memory.buffer, s, count);
    const columns = new Float64Array(memory.buffer, totals, count);
    for (let i = 0; i < count; i++) {
      const x = points[i], softplus = Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
      const slope = 1 / (1 + Math.exp(-x));
      // a few units in the last place of a relative accuracy of 6e-8
      assert(Math.abs(codes[i] - softplus) <= 5e-7 * softplus, `softplus(${x}) = ${codes[i]}`);
      assert(Math.abs(slopes[i] - slope) <= 5e-7 * slope, `softplus′(${x}) = ${slopes[i]}`);
      assert.equal(columns[i], codes[i]);
    }
  });
}

Deno.test("with relu the drawn start never moves, and the run ends itself soon after 10,000 steps", () => {
  const steps: number[] = [];
  const { codesId, codesOod, dictionary, history } = softplusAdam(XId, XOod, {
    numLatents: 12,
    lambda: 0.1,
    nonlinearity: "relu",
    onStep: ({ step }) => steps.push(step),
  });
  assert(codesId.data.every((z) => z === 0) && codesOod.data.every((z) => z === 0));
  const start = goldenCase("sparse_coding", "direct_start_seeded");
  assertClose(dictionary.data, start.expected.D_init.data, start.tol.D_init, "dictionary");
  assert.equal(steps.length, 10_002);
  assert.deepEqual(history.at(-1), { ...history[1], step: 10_001, lr: 1e-6 });
});

Deno.test("a long run lowers the loss, and the same seed repeats it bit for bit", () => {
  const options = { numLatents: 12, lambda: 0.1, maxSteps: 600, seed: 4, historyEvery: 100 };
  const first = softplusAdam(XId, XOod, options), second = softplusAdam(XId, XOod, options);
  assert.deepEqual(first, second);
  assert.deepEqual(first.history.map(({ step }) => step), [0, 100, 200, 300, 400, 500, 599]);
  assert(first.history.at(-1)!.loss < 0.5 * first.history[0].loss);
});

Deno.test("the history's loss is that of the codes and the dictionary returned one step before", () => {
  const options = { numLatents: 12, lambda: 0.2, lr: 0.1, historyEvery: 1 };
  const { codesId, dictionary } = softplusAdam(XId, XOod, { ...options, maxSteps: 30 });
  const { history } = softplusAdam(XId, XOod, { ...options, maxSteps: 31 });
  let sum = 0;
  for (let s = 0; s < XId.rows; s++) {
    for (let i = 0; i < XId.cols; i++) {
      let r = -XId.data[s * XId.cols + i];
      for (let j = 0; j < 12; j++) r += codesId.data[s * 12 + j] * dictionary.data[i * 12 + j];
      sum += r * r;
    }
  }
  // sums of 160 float32 products
  assertClose(history[30].mseId, sum / XId.data.length, 1e-6, "mseId");
});

Deno.test("a run whose loss overflows stops with the step and the rate", () => {
  const preInit = { id: zeros(20, 12), ood: zeros(20, 12) };
  const dInit = { rows: 8, cols: 12, data: new Float64Array(96).fill(1e30) };
  assert.throws(
    () => softplusAdam(XId, XOod, { numLatents: 12, lambda: 0.1, preInit, dInit }),
    /^Error: Cannot go on with Softplus-Adam: the loss must be finite, got Infinity at step 0/,
  );
});

Deno.test("Softplus-Adam refuses bad input by the argument's name", () => {
  const good = { numLatents: 12, lambda: 0.1, maxSteps: 1 };
  const refused = (options: Partial<SoftplusAdamOptions>, message: RegExp) =>
    assert.throws(() => softplusAdam(XId, XOod, { ...good, ...options }), message);
  refused({ numLatents: 0 }, /^RangeError: numLatents must be .* at least 1, got 0/);
  refused({ lambda: 0 }, /^RangeError: lambda must be .* above 0, got 0/);
  refused({ lambda: NaN }, /^RangeError: lambda must be .* got NaN/);
  refused({ maxSteps: 0 }, /^RangeError: maxSteps must be .* got 0/);
  refused({ lr: -1 }, /^RangeError: lr must be .* got -1/);
  refused({ seed: -1 }, /^RangeError: seed must be .* got -1/);
  refused({ historyEvery: 0.5 }, /^RangeError: historyEvery must be .* got 0.5/);
  refused({ nonlinearity: "elu" as "relu" }, /^RangeError: nonlinearity must be .* got elu/);
  refused({ fixedDictionary: true }, /^TypeError: .* fixedDictionary needs dInit/);
  refused({ dInit: zeros(7, 12) }, /^RangeError: dInit must have 8 rows, got 7/);
  refused({ preInit: { id: zeros(20, 12), ood: zeros(19, 12) } }, /^RangeError: preInit.ood must/);
  assert.throws(() => softplusAdam(XId, zeros(20, 9), good), /^RangeError: XOod must have 8 col/);
  assert.throws(() => softplusAdam(zeros(0, 8), XOod, good), /^RangeError: XId.rows must/);
  const poisoned = { ...XId, data: XId.data.with(9, NaN) };
  assert.throws(
    () => softplusAdam(poisoned, XOod, good),
    /^RangeError: XId must be finite.* row 1/,
  );
});

Deno.test("the adaptive rate follows every golden loss curve as the reference did", () => {
  for (const { name, inputs, expected } of goldenCases("sparse_coding")) {
    if (!expected.lr_after_step) continue;
    const rate = new AdaptiveRate(inputs.initial_lr);
    const rates = expected.loss.map((loss: number) => rate.step(loss));
    // the same products of doubles in the same order
    assertClose(rates, expected.lr_after_step, 0, name);
  }
});

Deno.test("the adaptive rate stays within its bounds", () => {
  const rising = new AdaptiveRate(0.9), falling = new AdaptiveRate(2e-6);
  for (let step = 0; step < 10; step++) rising.step(-step), falling.step(1);
  assert.equal(rising.rate, 1);
  assert.equal(falling.rate, 1e-6);
});

Deno.test("a loss that is no number counts as no new best", () => {
  const rate = new AdaptiveRate(0.5);
  rate.step(NaN);
  assert.equal(rate.step(NaN), 0.25);
});

Deno.test("the adaptive rate refuses factors and bounds that make no sense", () => {
  assert.throws(() => new AdaptiveRate(0), /^RangeError: lr must be .* above 0, got 0/);
  assert.throws(() => new AdaptiveRate(1, { down: -1 }), /^RangeError: down must be .* got -1/);
  assert.throws(() => new AdaptiveRate(1, { patience: 0 }), /^RangeError: patience must be/);
  assert.throws(() => new AdaptiveRate(2), /^RangeError: lr must be from min, .* to max, 1, got 2/);
  assert.throws(() => new AdaptiveRate(0.1, { min: 0.2 }), /^RangeError: lr must be from min, 0.2/);
  assert.throws(() => new AdaptiveRate(1, { min: 2 }), /^RangeError: min must be at most max, 1/);
});
