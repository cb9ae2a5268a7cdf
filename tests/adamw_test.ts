import assert from "node:assert/strict";
import { Arena, run } from "../lib/wasm/memory.ts";
import { type AdamOptions, AdamW } from "../lib/cores/adamw.ts";
import { RandomState } from "../lib/random.ts";
import { assertClose } from "./golden.ts";

/** AdamW as its paper writes it, in float64. */
function reference(
  start: Float64Array,
  gradients: Float64Array[],
  { lr, betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0 }: AdamOptions,
): Float64Array {
  const [beta1, beta2] = betas;
  return start.map((p, i) => {
    let m = 0, v = 0;
    gradients.forEach((gradient, step) => {
      const g = gradient[i], t = step + 1;
      m = beta1 * m + (1 - beta1) * g;
      v = beta2 * v + (1 - beta2) * g * g;
      p -= lr * weightDecay * p;
      p -= lr * (m / (1 - beta1 ** t)) / (Math.sqrt(v / (1 - beta2 ** t)) + eps);
    });
    return p;
  });
}

for (
  const options of [
    { lr: 1e-3 },
    { lr: 5e-4, weightDecay: 0.01 },
    { lr: 0.1, betas: [0.5, 0.9], eps: 1e-3, weightDecay: 0.3 },
  ] satisfies AdamOptions[]
) {
  Deno.test(`AdamW follows its formulas with ${JSON.stringify(options)}`, () => {
    using arena = new Arena();
    const random = new RandomState(1), n = 44;
    const parameters = arena.f32(n), gradients = arena.f32(n);
    parameters.view.set(random.normal(0, 1, n));
    const start = Float64Array.from(parameters.view);
    const adam = new AdamW(arena, parameters, gradients, options);
    const given = Array.from({ length: 20 }, (_, t) => {
      // gradients of very different size, some of them 0
      const g = Float32Array.from(random.normal(0, 10 ** (t % 5 - 3), n)).fill(0, 0, 5);
      gradients.view.set(g);
      adam.step();
      return Float64Array.from(g);
    });
    // 20 steps, each rounded to 2⁻²⁴ of a parameter of at most 4
    assertClose(parameters.view, reference(start, given, options), 20 * 2 ** -22, "parameters");
  });
}

Deno.test("a step can scale its gradients and take another learning rate", () => {
  const after = (scale: number, gradScale: number, lr: number, stepLr?: number) => {
    using arena = new Arena();
    const parameters = arena.f32(8), gradients = arena.f32(8);
    const adam = new AdamW(arena, parameters, gradients, { lr, eps: 1 });
    gradients.view.fill(3 * scale);
    adam.step(gradScale, stepLr);
    return parameters.view.slice();
  };
  assert.deepEqual(after(1, 0.25, 0.1), after(0.25, 1, 0.1));
  assert.deepEqual(after(1, 1, 0.1, 0.5), after(1, 1, 0.5));
  assert.notDeepEqual(after(1, 1, 0.1), after(1, 1, 0.5));
});

Deno.test("a parameter without gradients has no first moment in the end, and no denormal one on the way", () => {
  using arena = new Arena();
  const parameters = arena.f32(8), gradients = arena.f32(8);
  const adam = new AdamW(arena, parameters, gradients, { lr: 1e-3 });
  gradients.view.set([1, -1, 1e-3, 1e20, NaN, 1e-12, 0, 1]);
  adam.step();
  gradients.view.fill(0);
  const smallest = 2 ** -126;
  for (let step = 0; step < 2000; step++) {
    adam.step();
    const small = adam.mean.view.filter((m) => m !== 0 && Math.abs(m) < smallest);
    assert.deepEqual([...small], [], `step ${step}`);
  }
  // 0.9²⁰⁰⁰ of 1e20 is 3e-72; what is not a number is not taken for a small one
  assert.deepEqual([...adam.mean.view], [0, 0, 0, 0, NaN, 0, 0, 0]);
});

Deno.test("bad hyper-parameters are refused by name", () => {
  using arena = new Arena();
  const eight = arena.f32(8), six = arena.f32(6);
  const make = (options: AdamOptions, p = eight, g = eight) => () =>
    new AdamW(arena, p, g, options);
  assert.throws(make({ lr: 0 }), /lr must be a finite number above 0, got 0/);
  assert.throws(make({ lr: 1, eps: 0 }), /eps must be/);
  assert.throws(make({ lr: 1, weightDecay: -1 }), /weightDecay must be .* got -1/);
  assert.throws(make({ lr: 1, betas: [0.9, 1] }), /betas must be in \[0, 1\), got 1/);
  assert.throws(make({ lr: 1 }, eight, six), /same length, a multiple of 4, got 8 and 6/);
  assert.throws(make({ lr: 1 }, six, six), /a multiple of 4, got 6 and 6/);
});

Deno.test("project_rows leaves no part along the other matrix's rows of unit norm", () => {
  using arena = new Arena();
  const [rows, n] = [5, 24], random = new RandomState(2);
  const D = arena.f32(rows * n), G = arena.f32(rows * n), norms = arena.f32(rows);
  D.view.set(random.normal(0, 1, rows * n)), G.view.set(random.normal(0, 1, rows * n));
  run("normalize_rows", rows, n, 1e-8, D, D, norms);
  const before = G.view.slice();
  run("project_rows", rows, n, D, G);
  for (let i = 0; i < rows; i++) {
    let norm = 0, along = 0, alongBefore = 0;
    for (let p = i * n; p < (i + 1) * n; p++) {
      norm += D.view[p] ** 2;
      along += D.view[p] * G.view[p];
      alongBefore += D.view[p] * before[p];
    }
    assertClose(norm, 1, 1e-6, "norm"); // sums of 24 products in float32
    assertClose(along, 0, 1e-6, "projected");
    for (let p = i * n; p < (i + 1) * n; p++) {
      assertClose(G.view[p], before[p] - alongBefore * D.view[p], 1e-6, "rest");
    }
  }
});

Deno.test("normalize_rows divides by the floor where a row is shorter, and tells the divisors", () => {
  using arena = new Arena();
  const X = arena.f32(16), Y = arena.f32(16), norms = arena.f32(2);
  X.view.set([3, 4], 0), X.view.set([1e-9], 8);
  run("normalize_rows", 2, 8, 1e-8, X, Y, norms);
  assert.deepEqual(norms.view, Float32Array.of(5, 1e-8));
  assertClose(Y.view, [0.6, 0.8, 0, 0, 0, 0, 0, 0, 0.1, ...Array(7).fill(0)], 1e-7, "rows");
});

Deno.test("sum_squares adds up any number of runs in float64", () => {
  using arena = new Arena();
  for (const n of [0, 8, 256, 264, 5000]) {
    const x = arena.f32(n);
    x.view.fill(0.1);
    const expected = n * Math.fround(0.1) ** 2;
    // each lane of a run adds 32 squares in float32
    assertClose(run("sum_squares", n, x), expected, 1e-6 * expected, `${n} values`);
  }
});
