import assert from "node:assert/strict";
import { MersenneTwister, RandomState, shuffledBatches, TorchGenerator } from "../lib/random.ts";
import { assertClose, goldenCases } from "./golden.ts";

const numpyCases = goldenCases("numpy_random");
const torchSeeds = goldenCases("torch_random").filter((c) => c.name.startsWith("seed_"));

/** The golden file's allowance for normal numbers: log and sqrt may differ by one unit. */
const NORMAL_TOLERANCE = 1e-15;
/** The golden file's allowance for randn: the reference evaluates log, sin, cos in float32. */
const RANDN_TOLERANCE = 2e-6;

Deno.test("the Mersenne Twister gives the reference's first numbers", () => {
  for (const { seed, expected } of numpyCases) {
    const twister = new MersenneTwister(seed);
    assert.deepEqual(Array.from({ length: 5 }, () => twister.next()), expected.raw_uint32_5);
  }
});

Deno.test("skipping draws is the same as drawing them, across the ends of blocks", () => {
  for (const count of [0, 1, 623, 624, 625, 1248, 5000]) {
    for (const before of [0, 1, 624]) {
      const drawn = new MersenneTwister(5), skipped = new MersenneTwister(5);
      for (let i = 0; i < before; i++) drawn.next(), skipped.next();
      for (let i = 0; i < count; i++) drawn.next();
      skipped.skip(count);
      for (let i = 0; i < 700; i++) assert.equal(skipped.next(), drawn.next());
    }
  }
});

Deno.test("RandomState gives NumPy's numbers for every kind of draw", () => {
  for (const { seed, expected } of numpyCases) {
    assert.deepEqual([...new RandomState(seed).random(8)], expected.random_sample_8);
    assert.deepEqual([...new RandomState(seed).uniform(0, 1, 6)], expected.uniform_0_1_6);
    assert.deepEqual([...new RandomState(seed).permutation(10)], expected.permutation_10);
    const pool = Array.from({ length: 19 }, (_, i) => i + 1);
    assert.deepEqual(
      [...new RandomState(seed).choice(pool, 5)],
      expected.choice_1_to_19_size5_noreplace,
    );

    const normals = new RandomState(seed);
    assertClose(normals.normal(0, 1, 7), expected.normal_7, NORMAL_TOLERANCE, "normal 7");
    assertClose(normals.normal(0, 1, 4), expected.normal_4_continued, NORMAL_TOLERANCE, "normal 4");

    const coins = new RandomState(seed);
    const flips = expected.binomial_n1_p05_x12.map(() => coins.binomial(1, 0.5));
    assert.deepEqual(flips, expected.binomial_n1_p05_x12);
    assert.deepEqual([...coins.random(2)], expected.random_sample_2_after_binomials);
  }
});

Deno.test("RandomState keeps its place and its spare normal through mixed calls", () => {
  for (const { seed, interleaved } of numpyCases) {
    const state = new RandomState(seed);
    for (const { call, args, out } of interleaved.calls) {
      if (call === "normal") {
        const size = [args.size].flat().reduce((a: number, b: number) => a * b, 1);
        assertClose(state.normal(args.loc, args.scale, size), out.flat(), NORMAL_TOLERANCE, call);
      } else if (call === "binomial") {
        assert.equal(state.binomial(args.n, args.p), out);
      } else if (call === "choice") {
        const pool = Array.from({ length: args.to_exclusive - args.from }, (_, i) => args.from + i);
        assert.deepEqual([...state.choice(pool, args.size)], out);
      } else {
        assert.equal(call, "uniform");
        assert.deepEqual([...state.uniform(args.low, args.high, args.size)], out);
      }
    }
  }
});

Deno.test("a shuffle above 65,536 entries keeps every entry once", () => {
  const order = new RandomState(0).permutation(100_000);
  assert.deepEqual(order.slice().sort(), Int32Array.from({ length: 100_000 }, (_, i) => i));
});

Deno.test("binomial numbers have their mean and variance, on both sides of one half", () => {
  const state = new RandomState(7);
  for (const [n, p] of [[10, 0.3], [10, 0.7], [40, 0.5]]) {
    const draws = Array.from({ length: 20_000 }, () => state.binomial(n, p));
    const mean = draws.reduce((a, b) => a + b) / draws.length;
    const variance = draws.reduce((a, b) => a + (b - mean) ** 2, 0) / draws.length;
    // five standard errors: sqrt(npq / 20000) for the mean, about sqrt(2 / 20000)·npq for the variance
    const npq = n * p * (1 - p);
    assertClose(mean, n * p, 5 * Math.sqrt(npq / 20_000), "mean");
    assertClose(variance, npq, 5 * npq * Math.sqrt(2 / 20_000), "variance");
  }
  assert.equal(state.binomial(0, 0.5), 0);
  assert.equal(state.binomial(7, 1), 7);
});

Deno.test("TorchGenerator gives PyTorch's uniform and normal numbers", () => {
  for (const { seed, expected } of torchSeeds) {
    const rand = new TorchGenerator(seed).rand(5);
    assert.deepEqual([...rand], expected.rand_5.data);

    const chain = new TorchGenerator(seed);
    const sizes: [string, number][] = [["randn_7", 7], ["randn_4_continued", 4]];
    for (const [name, size] of sizes) {
      assertClose(chain.randn(size), expected[name].data, RANDN_TOLERANCE, name);
    }
    assert.deepEqual([...chain.rand(3)], expected.rand_3_continued.data);
    for (const size of [1, 16, 2]) {
      const name = `randn_${size}_continued`;
      assertClose(chain.randn(size), expected[name].data, RANDN_TOLERANCE, name);
    }

    for (const [name, size] of [["randn_16", 16], ["randn_37", 37], ["randn_3x20", 60]] as const) {
      assertClose(new TorchGenerator(seed).randn(size), expected[name].data, RANDN_TOLERANCE, name);
    }
    const after37 = new TorchGenerator(seed);
    after37.randn(37);
    const next = expected.randn_37_then_randn_3_continued.data;
    assertClose(after37.randn(3), next, RANDN_TOLERANCE, "randn 3 after 37");
  }
});

Deno.test("TorchGenerator gives PyTorch's initial weights, permutations and integers", () => {
  for (const { seed, expected } of torchSeeds) {
    for (const [rows, cols] of [[6, 4], [7, 3], [12, 8]]) {
      const golden = expected[`kaiming_uniform_${rows}x${cols}_a_sqrt5`].data;
      assert.deepEqual([...new TorchGenerator(seed).kaimingUniform(rows, cols)], golden);
    }
    const generator = new TorchGenerator(seed);
    assert.deepEqual([...generator.randperm(13)], expected.randperm_13_first.data);
    assert.deepEqual([...generator.randperm(13)], expected.randperm_13_second.data);
    assert.equal(generator.randomInt64(), BigInt(expected.int64_random_third));
    assert.deepEqual([...generator.rand(2)], expected.rand_2_fourth.data);

    const long = new TorchGenerator(seed).randperm(2500);
    assert.deepEqual([...long.subarray(0, 10)], expected.randperm_2500_first10.data);
    assert.deepEqual([...long.subarray(-5)], expected.randperm_2500_last5.data);
  }
});

Deno.test("a loader gives PyTorch's batches and leaves the generator where PyTorch leaves it", () => {
  const cases = goldenCases("torch_random").filter((c) => c.name.startsWith("dataloader_"));
  assert.equal(cases.length, 4);
  for (const { name, inputs, expected } of cases) {
    const ownGenerator = name.includes("own_generator");
    const generator = new TorchGenerator(ownGenerator ? inputs.generator_seed : inputs.manual_seed);
    const loader = shuffledBatches(inputs.n_items, inputs.batch_size, generator, { ownGenerator });
    for (const batches of expected.batches_per_epoch) {
      assert.deepEqual([...loader].map((batch) => [...batch]), batches, name);
    }
    const after = expected.rand_2_from_same_generator_afterwards ??
      expected.rand_2_from_global_generator_afterwards;
    assert.deepEqual([...generator.rand(2)], after.data, name);
  }
});

Deno.test("skipping epochs leaves the batches that follow unchanged", () => {
  for (const ownGenerator of [true, false]) {
    for (const n of [1, 11, 12, 700]) {
      const run = shuffledBatches(n, 4, new TorchGenerator(3), { ownGenerator });
      for (let epoch = 0; epoch < 5; epoch++) Array.from(run);
      const skipped = shuffledBatches(n, 4, new TorchGenerator(3), { ownGenerator });
      skipped.skipEpochs(5);
      assert.deepEqual([...skipped], [...run]);
    }
  }
});

Deno.test("an epoch left early draws no second order", () => {
  const left = new TorchGenerator(3), full = new TorchGenerator(3);
  for (const _ of shuffledBatches(12, 4, left)) break;
  full.randomInt64();
  full.randperm(12);
  assert.deepEqual(left.rand(2), full.rand(2));
});

Deno.test("bad arguments are refused by name", () => {
  // deno-lint-ignore no-explicit-any -- the wrong kinds are the point
  const bad: any = "0";
  assert.throws(() => new RandomState(bad), {
    name: "TypeError",
    message: /^seed must be a number/,
  });
  for (const seed of [-1, 0.5, NaN, 2 ** 32]) {
    const refused = {
      name: "RangeError",
      message: /^seed must be an integer from 0 to 4294967295/,
    };
    assert.throws(() => new RandomState(seed), refused);
    assert.throws(() => new TorchGenerator(seed), refused);
  }
  const state = new RandomState(0), generator = new TorchGenerator(0);
  assert.throws(() => state.random(-1), { name: "RangeError", message: /^size/ });
  const finite = (name: string, value: string) => ({
    name: "RangeError",
    message: new RegExp(`^${name} must be .*finite.*, got ${value}$`),
  });
  assert.throws(() => state.uniform(NaN, 1, 2), finite("low", "NaN"));
  assert.throws(() => state.uniform(0, Infinity, 2), finite("high", "Infinity"));
  assert.throws(() => state.uniform(-1e308, 1e308, 2), finite("high − low", "Infinity"));
  assert.throws(() => state.uniform(bad, 1, 2), { name: "TypeError", message: /^low must be/ });
  assert.throws(() => state.normal(NaN, 1, 2), finite("mean", "NaN"));
  assert.throws(() => state.normal(0, Infinity, 2), finite("sd", "Infinity"));
  assert.throws(() => state.normal(0, -1, 2), finite("sd", "-1"));
  assert.throws(() => generator.uniform(-Infinity, 1, 2), finite("low", "-Infinity"));
  assert.throws(() => generator.uniform(0, NaN, 2), finite("high", "NaN"));
  assert.throws(() => generator.uniform(0, 1e39, 2), finite("high − low in float32", "Infinity"));
  assert.throws(() => state.choice([1, 2], 3), { message: /^Cannot choose 3 of 2 entries/ });
  assert.throws(() => state.binomial(1, 1.5), { name: "RangeError", message: /^p must be/ });
  assert.throws(() => state.binomial(100, 0.5), { message: /at most 30, got 50/ });
  assert.throws(() => generator.randperm(2 ** 28), { name: "RangeError", message: /^n must be/ });
  assert.throws(() => generator.kaimingUniform(0, 3), { message: /^rows must be/ });
  assert.throws(() => shuffledBatches(0, 4, generator), { message: /^n must be/ });
  assert.throws(() => shuffledBatches(4, 0, generator), { message: /^batchSize must be/ });
  assert.throws(() => shuffledBatches(4, 2, generator).skipEpochs(-1), { message: /^epochs must/ });
});
