import assert from "node:assert/strict";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Matrix32 } from "../lib/matrix.ts";
import { RandomState, shuffledBatches, TorchGenerator } from "../lib/random.ts";
import { SaeCheckpoint } from "../lib/sae_checkpoint.ts";
import { saveSae } from "../lib/sae_file.ts";
import { Sae, SAE_TYPES } from "../lib/saes.ts";
import { decodeSafetensors, encodeSafetensors } from "../lib/safetensors.ts";
import { startThreads } from "../lib/threads.ts";
import { sealed } from "../lib/formats/checksum.ts";
import { type SaeConfig, trainSae, trainSaes } from "../lib/train_sae.ts";
import { type SampleStream, trainSaesStream, trainSaeStream } from "../lib/train_sae_stream.ts";
import { end, newFolder, run, start } from "./campaign/processes.ts";

const folder = newFolder("checkpoint-");
let files = 0;
const newPath = () => join(folder, `${files++}.safetensors`);
const random = new RandomState(0);
const drawn = (from: number, to: number) => from + Math.floor(random.random(1)[0] * (to - from));

function normals(seed: number, rows: number, cols: number): Matrix32 {
  return { rows, cols, data: Float32Array.from(new RandomState(seed).normal(0, 1, rows * cols)) };
}
const X = normals(1, 50, 7), sets = { id: normals(2, 70, 7), ood: normals(3, 5, 7) };
const data = { train: X, ...sets };
const base = { width: 13, kval: 3, epochs: 6, batchSize: 16, seed: 5 } as const;
const newLoader = () => shuffledBatches(50, base.batchSize, new TorchGenerator(base.seed));

/** Requires the same bits, without a list of all that differ: it would be long. */
function assertSame(actual: unknown, expected: unknown, what?: string): void {
  assert(isDeepStrictEqual(actual, expected), what);
}

class Broken extends Error {}

/** A loader that breaks down after so many batches. */
function breaking(batches: number): Iterable<Int32Array> {
  const loader = newLoader();
  return {
    *[Symbol.iterator]() {
      for (const batch of loader) {
        if (batches-- === 0) throw new Broken();
        yield batch;
      }
    },
  };
}

/** Trains with a breakdown after drawn numbers of steps, again and again, until the end is reached. */
function withBreakdowns<T>(most: number, train: (loader: Iterable<Int32Array>) => T): T {
  for (let done = 0;;) {
    // what goes on has the batches of before again
    const loader = breaking(done += drawn(1, most));
    try {
      return train(loader);
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
    }
  }
}

/** What has a state of its own: schedules, dead units and what revives them, thresholds that begin late. */
const STATEFUL: Partial<Record<string, object>> = {
  relu: { resampleEvery: 3, schedule: { warmup: 5, decay: 9, shape: "cosine", gammaWarmup: 7 } },
  topk: { auxK: { relative: false }, resampleEvery: 5 },
  jumprelu: { penalty: "quadratic", targetL0: 4, revival: 0.1, tuneL0: { target: 3 } },
  batchtopk: { thresholdAfter: 7, auxK: {}, startBias: "geometricMedian" },
  matryoshka: { thresholdAfter: 11, schedule: { decay: 24 } },
  gated: { gradClip: 0.1, patience: 2, tuneL0: { target: 5, after: 6 } },
};

for (const type of SAE_TYPES) {
  Deno.test(`${type}: a training that breaks down again and again ends with the bits of one that does not`, () => {
    for (
      const [conventions, width] of [
        ["paper", 13],
        ["paper", 1003], // wide ones may have another kind of step
        ["saelens", 13],
        ["dictionary_learning", 13],
      ] as const
    ) {
      const own = { ...base, type, width, conventions, deadAfter: 2, renormEvery: 2 };
      const config = { ...own, historyEvery: 2, ...STATEFUL[type] } as SaeConfig;
      const whole = trainSae(data, { ...config, loader: newLoader() });
      const everySteps = drawn(1, 7), everyEpochs = drawn(0, 3);
      const checkpoint = new SaeCheckpoint(newPath(), { everySteps, everyEpochs });
      const resumed = withBreakdowns(
        8,
        (loader) => trainSae(data, { ...config, loader, checkpoint }),
      );
      const what = `${conventions}, ${width} units, saved every ${everySteps} steps`;
      assertSame(resumed, whole, what);
    }
  });
}

const FALLING: SaeConfig[] = [
  { ...base, type: "relu", gamma: 0.01, annealPower: { after: 3, powers: 5, window: 3 } },
  ...[13, 1003].map((width) => ({
    ...{ ...base, type: "topk", width, decoderNorms: true, schedule: { kvalAnneal: 15 } } as const,
  })),
  { ...base, type: "batchtopk", schedule: { kvalAnneal: 15 } },
];

for (const config of FALLING) {
  Deno.test(`${config.type} of ${config.width} units: what falls in training goes on falling`, () => {
    const whole = trainSae(data, { ...config, loader: newLoader() });
    const checkpoint = new SaeCheckpoint(newPath(), { everySteps: drawn(1, 7) });
    const resumed = withBreakdowns(
      8,
      (loader) => trainSae(data, { ...config, loader, checkpoint }),
    );
    assertSame(resumed, whole);
  });
}

Deno.test("patience goes on counting", () => {
  // a rate of 0.5 throws the weights about: the error does not fall for long
  const config = { ...base, type: "topk", lr: 0.5, epochs: 60, patience: 9 } as const;
  const whole = trainSae(data, { ...config, loader: newLoader() });
  assert(whole.history.length < 60);
  const checkpoint = new SaeCheckpoint(newPath(), { everySteps: 5 });
  const resumed = withBreakdowns(
    16,
    (loader) => trainSae(data, { ...config, loader, checkpoint }),
  );
  assertSame(resumed, whole);
});

Deno.test("trainings that share batches go on from where each is", () => {
  const configs = SAE_TYPES.map((type, i) => ({ ...base, type, epochs: 4 + i % 3, width: 13 + i }));
  const whole = trainSaes(data, configs.map((config) => ({ ...config, seed: 5 })));
  const checkpoints = configs.map((_, i) => new SaeCheckpoint(newPath(), { everySteps: 2 + i }));
  const resumed = withBreakdowns(9, (loader) =>
    trainSaes(
      data,
      configs.map((config, i) => ({ ...config, loader, checkpoint: checkpoints[i] })),
    ));
  assertSame(resumed, whole);
  const checkpoint = checkpoints[0];
  assert.throws(
    () => trainSaes(data, configs.map((config) => ({ ...config, checkpoint }))),
    /^RangeError: configs\[1\]\.checkpoint must be another than that of configs\[0\], got .*tensors/,
  );
});

/** The batches of newLoader as a stream that breaks down after so many, and tells which were asked for. */
function streamed(batches = Infinity) {
  const asked: string[] = [];
  const train: SampleStream = {
    rows: 50,
    cols: 7,
    async *batches(epoch) {
      const loader = newLoader();
      loader.skipEpochs(epoch);
      let number = 0;
      for (const indices of loader) {
        await Promise.resolve();
        asked.push(`${epoch}.${number++}`);
        if (batches-- === 0) throw new Broken();
        const rows = Array.from(indices, (i) => [...X.data.subarray(i * 7, i * 7 + 7)]);
        yield { rows: indices.length, cols: 7, data: Float32Array.from(rows.flat()) };
      }
    },
  };
  return { train, asked };
}

Deno.test("a training from a stream goes on in the middle of an epoch, without the epochs before", async () => {
  for (const type of SAE_TYPES) {
    const config = { ...base, type, conventions: "saelens", deadAfter: 2 } as const;
    const whole = await trainSaeStream({ ...sets, train: streamed().train }, config);
    const checkpoint = new SaeCheckpoint(newPath(), { everySteps: 5 });
    // the first batch is looked at beforehand; 4 batches an epoch: step 14 is in epoch 3, 10 in epoch 2
    const broken = trainSaeStream({ ...sets, train: streamed(15).train }, {
      ...config,
      checkpoint,
    });
    await assert.rejects(broken, Broken);
    const { train, asked } = streamed();
    const resumed = await trainSaeStream({ ...sets, train }, { ...config, checkpoint });
    assertSame(resumed, whole, type);
    assert.deepEqual(asked.slice(0, 4), ["0.0", "3.0", "3.1", "3.2"], "saved after epoch 2");
  }
  // and in the middle, where epochs are not saved
  const config = { ...base, type: "topk", epochs: 4 } as const;
  const whole = await trainSaeStream({ train: streamed().train }, config);
  const checkpoint = new SaeCheckpoint(newPath(), { everySteps: 5, everyEpochs: 0 });
  await assert.rejects(
    trainSaeStream({ train: streamed(15).train }, { ...config, checkpoint }),
    Broken,
  );
  const { train, asked } = streamed();
  assertSame(await trainSaeStream({ train }, { ...config, checkpoint }), whole);
  assert.deepEqual(asked.slice(0, 4), ["0.0", "2.0", "2.1", "2.2"]);
});

Deno.test("several trainings from one stream go on together", async () => {
  const configs = SAE_TYPES.map((type, seed) => ({ ...base, type, seed, epochs: 3 + seed % 3 }));
  const whole = await trainSaesStream({ train: streamed().train }, configs);
  const kept = configs.map((config, i) => ({
    ...config,
    checkpoint: new SaeCheckpoint(newPath(), { everySteps: 2 + i, everyEpochs: 0 }),
  }));
  await assert.rejects(trainSaesStream({ train: streamed(10).train }, kept), Broken);
  assertSame(await trainSaesStream({ train: streamed().train }, kept), whole);
});

Deno.test("a signal saves the state, whether a partial result is wanted or not", async () => {
  const config = { ...base, type: "topk" } as const, whole = trainSae(data, config);
  for (const partial of [true, false]) {
    const checkpoint = new SaeCheckpoint(newPath(), { everyEpochs: 0 });
    const abort = new AbortController();
    const onProgress = (done: number) => done === 3 && abort.abort(new Error("enough"));
    const interrupted = { ...config, checkpoint, partial, onProgress, signal: abort.signal };
    if (partial) assert.equal(trainSae(data, interrupted).history.length, 3);
    else assert.throws(() => trainSae(data, interrupted), /^Error: enough$/);
    const seen: number[] = [];
    const onEpoch = ({ epoch }: { epoch: number }) => seen.push(epoch);
    assertSame(trainSae(data, { ...config, checkpoint, onEpoch }), whole);
    assert.deepEqual(seen, [3, 4, 5]);
  }
  // in the middle of an epoch
  const checkpoint = new SaeCheckpoint(newPath(), { everyEpochs: 0 }),
    abort = new AbortController();
  const { train } = streamed(),
    stopping: SampleStream = {
      ...train,
      async *batches(epoch, batchSize) {
        let number = 0;
        for await (const batch of train.batches(epoch, batchSize)) {
          if (epoch === 2 && number++ === 2) abort.abort(new Error("enough"));
          yield batch;
        }
      },
    };
  await assert.rejects(
    trainSaeStream({ train: stopping, ...sets }, { ...config, checkpoint, signal: abort.signal }),
    /^Error: enough$/,
  );
  assert.equal(checkpoint.load()?.progress.step, 11);
  const { sae } = await trainSaeStream({ train, ...sets }, { ...config, checkpoint });
  assertSame(sae, whole.sae);
});

Deno.test("a training that is finished gives its results again, without a step", () => {
  const config = { ...base, type: "batchtopk" } as const;
  for (const patience of [0, 1]) {
    const checkpoint = new SaeCheckpoint(newPath(), { everyEpochs: 0 });
    // a rate of 0.5 throws the weights about: the error does not fall for long
    const own = { ...config, patience, checkpoint, lr: 0.5 };
    const first = trainSae(data, own);
    const onEpoch = () => assert.fail("there is no epoch left");
    assertSame(trainSae(data, { ...own, onEpoch, loader: breaking(0) }), first);
  }
});

Deno.test("a training with threads goes on with the same bits", async () => {
  const config = { ...base, type: "relu", width: 1003, epochs: 3 } as const;
  using _threads = await startThreads(2);
  const whole = trainSae(data, { ...config, loader: newLoader() });
  const checkpoint = new SaeCheckpoint(newPath(), { everySteps: 2 });
  const resumed = withBreakdowns(
    9,
    (loader) => trainSae(data, { ...config, loader, checkpoint }),
  );
  assertSame(resumed, whole);
});

/** A checkpoint after step 10 of a training of this configuration. */
function halfway(config: SaeConfig): SaeCheckpoint {
  const checkpoint = new SaeCheckpoint(newPath(), { everySteps: 10, everyEpochs: 0 });
  assert.throws(() => trainSae(data, { ...config, checkpoint, loader: breaking(12) }), Broken);
  return checkpoint;
}

Deno.test("a checkpoint of another configuration, of other data or other batches is refused by name", async () => {
  const config: SaeConfig = { ...base, type: "topk", deadAfter: 3 };
  const checkpoint = halfway(config);
  const other = (message: string) =>
    new RegExp(`^Error: Cannot go on from .*tensors: its ${message}`);
  const changes: [Partial<SaeConfig>, string][] = [
    [{ type: "relu" }, 'type is "topk", that of this training "relu"'],
    [{ kval: 4 }, "kval is 3, that of this training 4"],
    [{ width: 14 }, "width is 13, that of this training 14"],
    [{ lr: 1 }, "lr is 0.0005, that of this training 1"],
    [{ epochs: 7 }, "epochs is 6, that of this training 7"],
    [{ betas: [0.5, 0.9] }, "betas is \\[0.9,0.999\\], that of this training \\[0.5,0.9\\]"],
    [{ seed: 6 }, "seed is 5"],
    [{ schedule: { decay: 3 } }, "schedule is {}"],
    [{ deadAfter: 4 }, "deadAfter is 3"],
    [{ auxK: {} }, "auxK is not given"],
    [{ conventions: "saelens" }, "decoderNorms is not given|lr is"],
    [{ decoderNorm: "free" }, 'decoderNorm is "projected"'],
    [{ patience: 4 }, "patience is 0"],
    [{ startBias: "geometricMedian" }, 'startBias is "zero"'],
    [{ historyEvery: 2 }, "historyEvery is 1"],
    [
      { initial: Sae.initialize({ type: "topk", kval: 3, width: 13, inputDim: 7, seed: 8 }) },
      "digest of initial is",
    ],
  ];
  for (const [change, message] of changes) {
    const changed = { ...config, ...change, checkpoint } as SaeConfig;
    assert.throws(() => trainSae(data, changed), other(message), message);
  }
  const nearly = { ...X, data: X.data.with(349, X.data[349] * (1 + 2 ** -23)) };
  const more = { ...X, rows: 49, data: X.data.slice(0, 343) };
  const signs = { ...X, data: X.data.with(3, -X.data[3]).with(4, -X.data[4]) };
  for (
    const [change, message] of [
      [{ train: nearly }, "digest of train is"],
      [{ train: signs }, "digest of train is"],
      [{ train: more }, "samples per epoch is 50, that of this training 49"],
      [{ id: sets.ood }, "digest of id is"],
      [{ ood: undefined }, 'digest of ood is "[0-9a-f]{16}", that of this training not given'],
    ] as const
  ) {
    const changed = { ...data, ...change };
    assert.throws(() => trainSae(changed, { ...config, checkpoint }), other(message), message);
  }
  const loader = shuffledBatches(50, 16, new TorchGenerator(9));
  assert.throws(
    () => trainSae(data, { ...config, checkpoint, loader }),
    /Cannot go on from .*: loader must yield the batches of before, it has others in epoch 2/,
  );
  assert.throws(
    () => trainSae(data, { ...config, checkpoint, loader: [[1]] }),
    /Cannot go on from .*: loader must yield the batches of before, it has others in epoch 2/,
  );
  // a stream is known by its first batch, and by the one before the state
  const kept = new SaeCheckpoint(newPath(), { everySteps: 5, everyEpochs: 0 });
  const stream = { ...base, type: "topk", checkpoint: kept } as const;
  await assert.rejects(trainSaeStream({ train: streamed(8).train }, stream), Broken);
  const { train } = streamed();
  const shifted = (by: number): SampleStream => ({
    ...train,
    batches: (epoch, batchSize) => train.batches(epoch + by, batchSize),
  });
  await assert.rejects(trainSaeStream({ train: shifted(1) }, stream), other("digest of train is"));
  const late: SampleStream = {
    ...train,
    batches: (epoch, batchSize) => train.batches(2 * epoch, batchSize),
  };
  await assert.rejects(
    trainSaeStream({ train: late }, stream),
    /data\.train\.batches must yield the batches of before, it has others in epoch 1/,
  );
  // all of this has left it as it was
  assertSame(trainSae(data, { ...config, checkpoint }), trainSae(data, config));
});

Deno.test("a damaged checkpoint is refused by name", () => {
  const config: SaeConfig = { ...base, type: "matryoshka" };
  const checkpoint = halfway(config), whole = Deno.readFileSync(checkpoint.name);
  const goesOn = () => trainSae(data, { ...config, checkpoint });
  const wanted = trainSae(data, config);
  for (let trial = 0; trial < 300; trial++) {
    const bytes = whole.slice(0, trial % 3 === 0 ? drawn(0, whole.length) : whole.length);
    if (trial % 3 > 0) bytes[drawn(0, bytes.length)] ^= 1 << drawn(0, 8);
    Deno.writeFileSync(checkpoint.name, bytes);
    assert.throws(goesOn, (error: Error) => error.message.includes(checkpoint.name));
  }
  /** Writes the file with changes and the right checksum. */
  function craft(change: (content: ReturnType<typeof decodeSafetensors>) => void): void {
    const content = decodeSafetensors(whole, "whole");
    change(content);
    Deno.writeFileSync(checkpoint.name, encodeSafetensors(sealed(content)));
  }
  const crafted: [Parameters<typeof craft>[0], RegExp][] = [
    [({ metadata }) => metadata.format = "x", /its metadata must say format .*training-1, got x/],
    [({ metadata }) => delete metadata.progress, /its training and its progress must be JSON/],
    [({ metadata }) => metadata.training = "{}", /its type is not given, that of this training/],
    [({ metadata }) => metadata.progress = "{}", /its progress is not whole/],
    [({ tensors }) => delete tensors.mean, /tensor mean must have \d+ values .*, got none/],
    [
      ({ tensors }) => tensors.sums = { shape: [3], data: new Float64Array(3) },
      /tensor sums must have 4 values of Float64Array, got 3 of Float64Array/,
    ],
    [
      ({ tensors }) => tensors.silent = { shape: [0], data: new Float32Array(0) },
      /tensor silent must have 0 values of Int32Array, got 0 of Float32Array/,
    ],
  ];
  for (const [change, message] of crafted) {
    craft(change);
    assert.throws(goesOn, (error: Error) => message.test(error.message), `${message}`);
  }
  saveSae(checkpoint.name, wanted.sae);
  assert.throws(goesOn, /its metadata must say format startcoding-training-1, got startcoding-sae/);
  Deno.writeFileSync(checkpoint.name, whole);
  assertSame(goesOn(), wanted);
});

Deno.test("what cannot be a checkpoint is refused before any step", () => {
  const config: SaeConfig = { ...base, type: "relu", loader: breaking(0) };
  const refusals: [unknown, RegExp][] = [
    ["here.safetensors", /^TypeError: checkpoint must be an object, got string/],
    [{ everySteps: 1, everyEpochs: 1 }, /^TypeError: checkpoint\.load must be a function/],
    [
      { ...new SaeCheckpoint("x"), everySteps: -1 },
      /^RangeError: checkpoint\.everySteps .* got -1/,
    ],
    [new SaeCheckpoint("tests"), /^FileError: Cannot read tests: it must be a file/],
  ];
  for (const [checkpoint, message] of refusals) {
    assert.throws(
      () => trainSae(data, { ...config, checkpoint } as unknown as SaeConfig),
      (error) => message.test(`${error}`),
      `${message}`,
    );
  }
  assert.throws(() => new SaeCheckpoint(7 as unknown as string), /^TypeError: path must be a text/);
  assert.throws(
    () => new SaeCheckpoint("x", { everySteps: 0.5 }),
    /^RangeError: everySteps .* 0\.5/,
  );
  const options = { every: 5 } as object;
  assert.throws(() => new SaeCheckpoint("x", options), /^TypeError: options has no "every"/);
});

Deno.test("a training that diverged is not saved", () => {
  const checkpoint = new SaeCheckpoint(newPath(), { everySteps: 1, everyEpochs: 0 });
  const config: SaeConfig = { ...base, type: "relu", lr: 1e30, checkpoint };
  assert.throws(
    () => trainSae(data, config),
    /loss must be finite, got .* in epoch 0 with lr 1e\+30/,
  );
  const { step } = checkpoint.load()!.progress;
  assert(step < 4, `saved at step ${step}`);
});

Deno.test("trainings that are killed at drawn moments end with the bits of undisturbed ones", async () => {
  const script = "tests/fixtures/resumed_training.ts";
  const undisturbed = newFolder("whole-"), killed = newFolder("killed-");
  const alone = run(script, undisturbed, "without");
  let kills = 0;
  for (let trial = 0; trial < 8; trial++) {
    using watcher = Deno.watchFs(killed);
    const child = start(script, [killed, "with"]), ended = end(child);
    let events = drawn(1, 150);
    const seen = (async () => {
      for await (const { paths } of watcher) if ((events -= paths.length) <= 0) return;
    })();
    await Promise.race([seen, ended]);
    try {
      child.kill("SIGKILL");
      kills++;
    } catch { /* it has ended by itself */ }
    if ((await ended).code === 0) break;
  }
  assert(kills > 2, `only ${kills} were killed`);
  const last = await run(script, killed, "with");
  assert.deepEqual([last.code, last.stderr], [0, ""]);
  assert.deepEqual([(await alone).code, (await alone).stderr], [0, ""]);
  const [expected, found] = [undisturbed, killed].map((where) =>
    Deno.readTextFileSync(join(where, "results.txt"))
  );
  assert.equal(found, expected);
});
