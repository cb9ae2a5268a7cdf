import assert from "node:assert/strict";
import { join } from "node:path";
import type { Matrix, Matrix32 } from "../lib/matrix.ts";
import { writeNpy } from "../lib/matrix_file.ts";
import { openMatrix } from "../lib/matrix_stream.ts";
import { RandomState, shuffledBatches, TorchGenerator } from "../lib/random.ts";
import { SaeCheckpoint } from "../lib/sae_checkpoint.ts";
import { Sae, SAE_TYPES } from "../lib/saes.ts";
import { type SaeConfig, trainSae, trainSaes } from "../lib/train_sae.ts";
import { type SampleStream, trainSaesStream, trainSaeStream } from "../lib/train_sae_stream.ts";

function normals(seed: number, rows: number, cols: number): Matrix32 {
  return { rows, cols, data: Float32Array.from(new RandomState(seed).normal(0, 1, rows * cols)) };
}
const X = normals(1, 50, 7), sets = { id: normals(2, 70, 7), ood: normals(3, 5, 7) };
const base = { width: 13, kval: 3, epochs: 6, batchSize: 16, seed: 5 } as const;

/** The batches that trainSae draws of X with a seed, each in the same place as the one before. */
function* shuffled(epoch: number, batchSize: number, seed: number = base.seed): Generator<Matrix> {
  const loader = shuffledBatches(X.rows, batchSize, new TorchGenerator(seed));
  loader.skipEpochs(epoch);
  const data = new Float64Array(batchSize * X.cols);
  for (const batch of loader) {
    batch.forEach((row, i) => {
      data.set(X.data.subarray(row * X.cols, (row + 1) * X.cols), i * X.cols);
    });
    yield { rows: batch.length, cols: X.cols, data: data.subarray(0, batch.length * X.cols) };
    data.fill(NaN);
  }
}
const train: SampleStream = { rows: 50, cols: 7, batches: shuffled };
const asynchronous: SampleStream = {
  ...train,
  async *batches(epoch, batchSize) {
    for (const batch of shuffled(epoch, batchSize)) {
      await Promise.resolve();
      yield batch;
    }
  },
};

for (const conventions of ["paper", "saelens"] as const) {
  Deno.test(`every type learns from a stream what it learns in memory, by the conventions of ${conventions}`, async () => {
    for (const type of SAE_TYPES) {
      const config: SaeConfig = { ...base, type, conventions, schedule: { decay: 5 } };
      const inMemory = trainSae({ train: X, ...sets }, config);
      assert.deepEqual(await trainSaeStream({ train, ...sets }, config), inMemory, type);
      assert.deepEqual(await trainSaeStream({ train: asynchronous, ...sets }, config), inMemory);
    }
  });
}

const CONFIGS = SAE_TYPES.map((type, i): SaeConfig => ({
  ...{ ...base, type, width: 13 + i, epochs: 3 + i, lr: 0.001 * (1 + i), deadAfter: 1 },
  // a rate of 0.5 throws the weights about: the error does not fall for long
  ...(type === "topk" && { lr: 0.5, patience: 1, epochs: 20 }),
}));

Deno.test("autoencoders that share their batches learn what each learns alone", () => {
  const alone = CONFIGS.map((config) => trainSae({ train: X, ...sets }, config));
  assert(alone[1].history.length < 20, "one ends by its patience");
  assert.deepEqual(trainSaes({ train: X, ...sets }, CONFIGS), alone);
  // a loader's epochs are those of the training that ends last
  const loader = () => shuffledBatches(X.rows, base.batchSize, new TorchGenerator(9));
  const seeds = [1, 2].map((seed) => ({ ...base, type: "topk", seed } as const));
  const shared = loader();
  assert.deepEqual(
    trainSaes({ train: X }, seeds.map((config) => ({ ...config, loader: shared }))),
    seeds.map((config) => trainSae({ train: X }, { ...config, loader: loader() })),
  );
});

Deno.test("autoencoders that share a stream learn what each learns alone, and each batch is asked for once", async () => {
  const asked: number[] = [];
  const counted: SampleStream = {
    ...train,
    batches(epoch, batchSize) {
      asked.push(epoch);
      return shuffled(epoch, batchSize);
    },
  };
  const configs = CONFIGS.map((config, seed) => ({ ...config, seed }));
  const together = await trainSaesStream({ train: counted, ...sets }, configs);
  assert.deepEqual(asked, Array.from({ length: 11 }, (_, epoch) => epoch));
  for (const [i, config] of configs.entries()) {
    assert.deepEqual(await trainSaeStream({ train, ...sets }, config), together[i]);
  }
});

Deno.test("a file of rows is a stream, and a training on it goes on in the middle", async () => {
  Deno.mkdirSync(".tmp", { recursive: true });
  const folder = Deno.makeTempDirSync({ dir: ".tmp" });
  writeNpy(join(folder, "acts.npy"), X);
  using file = openMatrix(join(folder, "acts.npy"));
  let left = Infinity;
  const ofFile: SampleStream = {
    rows: file.rows,
    cols: file.cols,
    async *batches(epoch, batchSize) {
      for await (const batch of file.shuffled({ batchSize, seed: 3, from: { epoch, batch: 0 } })) {
        if (left-- === 0) throw new Error("enough");
        yield batch;
      }
    },
  };
  const config = { ...base, type: "topk" } as const;
  const whole = await trainSaeStream({ train: ofFile, ...sets }, config);
  const last = whole.history.at(-1)!;
  assert(last.trainRecon < whole.history[0].trainRecon);
  const path = join(folder, "training.safetensors");
  const kept = { ...config, checkpoint: new SaeCheckpoint(path, { everySteps: 5 }) };
  left = 15; // the first batch is looked at beforehand
  await assert.rejects(trainSaeStream({ train: ofFile, ...sets }, kept), /^Error: enough$/);
  left = Infinity;
  assert.deepEqual(await trainSaeStream({ train: ofFile, ...sets }, kept), whole);
});

/** A stream without end, which tells when it is closed. */
function endless() {
  const seen = { batches: 0, closed: false };
  const stream: SampleStream = {
    rows: 1e9,
    cols: 7,
    *batches(_, rows) {
      try {
        for (;; seen.batches++) yield { rows, cols: 7, data: X.data.subarray(0, rows * 7) };
      } finally {
        seen.closed = true;
      }
    },
  };
  return { seen, stream };
}

Deno.test("a signal ends a training from a stream after a step, and the stream is closed", async () => {
  const config = { ...base, type: "topk" } as const;
  const abort = (reason?: Error) => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason));
    return controller.signal;
  };
  const { seen, stream } = endless();
  await assert.rejects(
    trainSaeStream({ train: stream }, { ...config, signal: abort(new Error("enough")) }),
    /^Error: enough$/,
  );
  assert(seen.closed);
  const again = endless();
  const { sae, history } = await trainSaeStream(
    { train: again.stream },
    { ...config, signal: abort(), partial: true },
  );
  assert(again.seen.closed);
  assert.deepEqual(history, []);
  // the weights of as many steps as there were: the batch that came last, and those before
  const steps = again.seen.batches + 1;
  const loader = Array.from({ length: steps }, () => Array.from({ length: 16 }, (_, i) => i));
  assert.deepEqual(
    sae,
    trainSae({ train: X }, { ...config, epochs: 1, loader, renormEvery: 0 }).sae,
  );
});

Deno.test("an error of the stream ends the training, closes the stream and gives the memory back", async () => {
  const closed: number[] = [];
  const broken: SampleStream = {
    ...train,
    async *batches(epoch, batchSize) {
      try {
        yield* shuffled(epoch, batchSize);
        await Promise.resolve();
        if (epoch === 2) throw new Error("the disk is gone");
      } finally {
        closed.push(epoch);
      }
    },
  };
  const config = { ...base, type: "relu" } as const;
  await assert.rejects(trainSaeStream({ train: broken }, config), /^Error: the disk is gone$/);
  assert.deepEqual(closed, [0, 1, 2]);
  const diverging = { ...config, lr: 1e30 };
  await assert.rejects(trainSaeStream({ train: broken }, diverging), /loss must be finite/);
  const whole = await trainSaeStream({ train }, config);
  assert.deepEqual(whole, trainSae({ train: X }, config));
});

Deno.test("while a training waits for a batch others compute, but none trains from a second stream", async () => {
  const config = { ...base, type: "jumprelu" } as const;
  const sae = Sae.initialize({ type: "relu", width: 9, inputDim: 7, seed: 0 });
  const busy: SampleStream = {
    ...train,
    async *batches(epoch, batchSize) {
      for (const batch of shuffled(epoch, batchSize)) {
        await assert.rejects(
          trainSaeStream({ train }, config),
          /^Error: Cannot train from a second stream at the same time: await the first training/,
        );
        trainSae({ train: X }, { ...base, type: "topk", epochs: 1 });
        sae.encode(normals(4, 3000, 7));
        yield batch;
      }
    },
  };
  assert.deepEqual(await trainSaeStream({ train: busy }, config), trainSae({ train: X }, config));
});

Deno.test("bad streams, batches and configurations are refused by name", async () => {
  const config = { ...base, type: "relu", epochs: 1 } as const;
  const of = (...batches: unknown[]) => ({ ...train, batches: () => batches });
  const nan = { ...X, rows: 2, data: X.data.slice(0, 14).fill(NaN, 9) };
  const refusals: [data: unknown, config: unknown, message: RegExp][] = [
    [null, config, /^TypeError: data must be an object, got null/],
    [{ train, val: X }, config, /^TypeError: data has no "val"/],
    [{ train: undefined }, config, /^TypeError: data\.train must be an object, got undefined/],
    [{ train: { ...train, rows: 0 } }, config, /^RangeError: data\.train\.rows .* got 0/],
    [{ train: { ...train, cols: 1.5 } }, config, /^RangeError: data\.train\.cols .* got 1\.5/],
    [{ train: X }, config, /^TypeError: data\.train\.batches must be a function, got undefined/],
    [{ train: { ...train, batches: () => 7 } }, config, /batches must return an iterable, got num/],
    [{ train, id: normals(1, 5, 8) }, config, /^RangeError: id must have 7 columns, got 8/],
    [{ train: of() }, config, /^RangeError: .* must yield at least one batch per epoch/],
    [{ train: of(7) }, config, /^TypeError: a batch must be a matrix/],
    [{ train: of(normals(1, 3, 8)) }, config, /^RangeError: a batch must have 7 columns, got 8/],
    [{ train: of(normals(1, 17, 7)) }, config, /^RangeError: a batch .* 1 to 16 samples, got 17/],
    [{ train: of(normals(1, 0, 7)) }, config, /^RangeError: a batch .* 1 to 16 samples, got 0/],
    [{ train: of(nan) }, config, /^RangeError: a batch must be finite, got NaN at row 1, column 2/],
    [{ train }, { ...config, loader: [[0]] }, /^TypeError: loader must be left out where batches/],
    [{ train }, { ...config, width: 0 }, /^RangeError: width .* got 0/],
    [{ train }, { ...config, patience: 1 }, /^TypeError: patience needs data\.id, got none/],
  ];
  for (const [data, config, message] of refusals) {
    const run = trainSaeStream(data as Parameters<typeof trainSaeStream>[0], config as SaeConfig);
    await assert.rejects(run, (error) => message.test(`${error}`), `${message}`);
  }
  await assert.rejects(
    trainSaesStream({ train }, [{ ...config }, { ...config, batchSize: 8 }]),
    /^RangeError: configs\[1\]\.batchSize must be that of configs\[0\], 16, got 8/,
  );
  await assert.rejects(
    trainSaesStream({ train }, []),
    /^TypeError: configs .* one entry, got none/,
  );
  const differ: [Partial<SaeConfig>, RegExp][] = [
    [{ seed: 6 }, /^RangeError: configs\[1\]\.seed must be that of configs\[0\], 5, where they/],
    [{ loader: [[0]] }, /^RangeError: configs\[1\]\.loader must be that of configs\[0\], got ano/],
  ];
  for (const [change, message] of differ) {
    assert.throws(() => trainSaes({ train: X }, [config, { ...config, ...change }]), message);
  }
  // nothing is left behind
  assert.deepEqual(await trainSaeStream({ train }, config), trainSae({ train: X }, config));
});

Deno.test("epochs of a stream may differ in length, and schedules go by its steps", async () => {
  // 12 steps in three epochs of four, or in epochs of five, five and two
  const all = [0, 1, 2].flatMap((epoch) => {
    const batches: Matrix[] = [];
    for (const { rows, cols, data } of shuffled(epoch, 16)) {
      batches.push({ rows, cols, data: data.slice() });
    }
    return batches;
  });
  const cut = (every: number): SampleStream => ({
    ...{ rows: 50, cols: 7, steps: 12 },
    batches: (epoch) => all.slice(epoch * every, (epoch + 1) * every),
  });
  const config: SaeConfig = {
    ...{ ...base, type: "relu", epochs: 3, renormEvery: 0 },
    schedule: { decay: 6, shape: "cosine" },
  };
  const { steps: _, ...usual } = cut(4);
  const even = await trainSaeStream({ train: usual }, config);
  const uneven = await trainSaeStream({ train: cut(5) }, config);
  assert.deepEqual(uneven.sae, even.sae);
  assert.equal(uneven.history.length, 3);
  await assert.rejects(
    () => trainSaeStream({ train: { ...train, steps: 0 } }, config),
    /data\.train\.steps must be/,
  );
});
