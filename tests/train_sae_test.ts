import assert from "node:assert/strict";
import type { SaeState, SaeStateStore } from "../lib/cores/sae_state.ts";
import { columnNorms, fromRows, type Matrix32 } from "../lib/matrix.ts";
import { RandomState, shuffledBatches, TorchGenerator } from "../lib/random.ts";
import { Sae, SAE_TYPES } from "../lib/saes.ts";
import { type SaeConfig, type SaeData, type SaeEpoch, trainSae } from "../lib/train_sae.ts";
import { assertClose } from "./golden.ts";
import {
  checkClipping,
  checkRenorm,
  checkSteps,
  checkTraining,
  STEP_CASES,
  TRAINING_CASES,
} from "./sae_golden.ts";

for (const name of STEP_CASES) {
  Deno.test(`${name}: ten steps of AdamW lead where the reference's lead`, () => checkSteps(name));
}
for (const name of TRAINING_CASES) {
  Deno.test(`${name}: history, codes and parameters are the reference's`, () =>
    checkTraining(name));
}
Deno.test("gradients are clipped by their common norm before the projection", checkClipping);
Deno.test("the decoder is renormed after epoch 0", checkRenorm);

function normals(seed: number, rows: number, cols: number): Matrix32 {
  return { rows, cols, data: Float32Array.from(new RandomState(seed).normal(0, 1, rows * cols)) };
}
const data = { train: normals(1, 50, 7), id: normals(2, 70, 7), ood: normals(3, 5, 7) };
const base = { type: "relu", width: 13, kval: 3, epochs: 6, batchSize: 16, seed: 5 } as const;

for (const type of SAE_TYPES) {
  Deno.test(`${type}: the same seed gives the same bits`, () => {
    const [a, b] = [1, 2].map(() => trainSae(data, { ...base, type }));
    assert.deepEqual(a, b);
    const other = trainSae(data, { ...base, type, seed: 6 });
    assert.notDeepEqual(other.codesId, a.codesId);
  });

  Deno.test(`${type}: codes, reconstructions and history describe the autoencoder that is returned`, () => {
    const result = trainSae(data, { ...base, type });
    for (
      const [X, codes, recon, mse, l0] of [
        [data.id, result.codesId, result.reconId, "mseId", "l0Id"],
        [data.ood, result.codesOod, result.reconOod, "mseOod", "l0Ood"],
      ] as const
    ) {
      assert.deepEqual(result.sae.encode(X), codes);
      assert.deepEqual(result.sae.decode(codes), recon);
      const last = result.history.at(-1)!;
      let squares = 0;
      recon.data.forEach((v, p) => squares += (v - X.data[p]) ** 2);
      // the history sums the same residuals in float32 before a bias is added
      assertClose(last[mse], squares / X.data.length, 1e-6 * last[mse], mse);
      assert.equal(
        last[l0],
        codes.data.filter((c) => Math.abs(c) > Math.fround(0.01)).length / X.rows,
      );
    }
  });
}

Deno.test("MP leaves its encoder as it was, weight decay included", () => {
  const { encoder, encoderBias } = trainSae(data, { ...base, type: "MP" }).sae.parameters;
  const start = Sae.initialize({ type: "MP", inputDim: 7, width: 13, kval: 3, seed: 5 });
  assert.deepEqual(encoder, start.parameters.encoder);
  assert.deepEqual(encoderBias, start.parameters.encoderBias);
});

Deno.test("one loader shared by two trainings serves the second as skipEpochs says", () => {
  const make = () => shuffledBatches(50, 16, new TorchGenerator(9));
  const shared = make(), skipped = make();
  trainSae(data, { ...base, type: "topk", loader: shared });
  const second = trainSae(data, { ...base, loader: shared });
  skipped.skipEpochs(6);
  assert.deepEqual(trainSae(data, { ...base, loader: skipped }), second);
  assert.notDeepEqual(trainSae(data, { ...base, loader: make() }).codesId, second.codesId);
});

Deno.test("kval changes nothing for the kinds that have none, and is missed by those that have one", () => {
  const { kval, ...without } = base;
  for (const type of ["relu", "jumprelu"] as const) {
    const bare = trainSae(data, { ...without, type }), old = trainSae(data, { ...base, type });
    assert.deepEqual(bare.sae.parameters, old.sae.parameters);
    assert.deepEqual(bare.history, old.history);
    assert.deepEqual([bare.sae.kval, old.sae.kval], [undefined, kval]);
    // either form starts from the other's
    trainSae(data, { ...without, type, epochs: 1, initial: old.sae });
    trainSae(data, { ...base, type, epochs: 1, initial: bare.sae });
  }
  for (const type of ["topk", "MP", "abstopk"] as const) {
    // @ts-expect-error: these need kval
    const config: SaeConfig = { ...without, type };
    assert.throws(() => trainSae(data, config), /^TypeError: kval must be a number, got undefined/);
  }
  const initial = Sae.initialize({ type: "topk", inputDim: 7, width: 13, kval: 2, seed: 5 });
  assert.throws(
    () => trainSae(data, { ...base, type: "topk", initial }),
    /^RangeError: initial\.kval must be 3, got 2/,
  );
});

Deno.test("historyEvery chooses the entries, and changes nothing else", () => {
  const every = trainSae(data, base);
  assert.deepEqual(every.history.map(({ epoch }) => epoch), [0, 1, 2, 3, 4, 5]);
  for (const [historyEvery, epochs] of [[0, [5]], [2, [0, 2, 4, 5]], [9, [0, 5]]] as const) {
    const { history, sae } = trainSae(data, { ...base, historyEvery });
    assert.deepEqual(history, epochs.map((epoch) => every.history[epoch]));
    assert.deepEqual(sae, every.sae);
  }
});

Deno.test("onEpoch sees every epoch, its history entry and a snapshot that stays as it is", () => {
  const seen: SaeEpoch[] = [], snapshots: Sae[] = [];
  const result = trainSae(data, {
    ...base,
    historyEvery: 2,
    onEpoch(progress) {
      seen.push(progress);
      // kernels may run in between: the training's memory is not theirs
      const snapshot = progress.snapshot();
      snapshot.encode(data.id);
      snapshots.push(snapshot);
    },
  });
  assert.deepEqual(seen.map(({ epoch }) => epoch), [0, 1, 2, 3, 4, 5]);
  assert(seen.every(({ epochs }) => epochs === 6));
  assert.deepEqual(seen.flatMap(({ entry }) => entry ?? []), result.history);
  assert.deepEqual(result, trainSae(data, { ...base, historyEvery: 2 }));
  assert.deepEqual(snapshots.at(-1), result.sae);
  assert.notDeepEqual(snapshots[0], snapshots[1]);
  // epoch 0 ends with a renorm; a unit norm rounds to within 2⁻²³ in float32
  assertClose(
    columnNorms(snapshots[0].dictionary),
    new Float64Array(13).fill(1),
    2 ** -22,
    "norms",
  );
});

Deno.test("`initial` is where training starts, and is not changed", () => {
  const initial = Sae.initialize({ type: "relu", inputDim: 7, width: 13, kval: 3, seed: 5 });
  const copy = structuredClone(initial.parameters);
  assert.deepEqual(trainSae(data, { ...base, initial }), trainSae(data, base));
  assert.deepEqual(initial.parameters, copy);
});

Deno.test("bad data and options are refused by name, before any step", () => {
  let steps = 0;
  const onEpoch = () => void steps++;
  const nan = { ...data.ood, data: data.ood.data.map((v, p) => p === 8 ? NaN : v) };
  const none = { rows: 0, cols: 7, data: new Float32Array() };
  const initial = Sae.initialize({ type: "relu", inputDim: 7, width: 12, kval: 3, seed: 5 });
  const refusals: [Partial<SaeData>, Partial<SaeConfig>, ErrorConstructor, RegExp][] = [
    [{ ood: nan }, {}, RangeError, /ood must be finite, got NaN at row 1, column 1/],
    [{ id: fromRows([[0, 0, 0, -1e39, 0, 0, 0]]) }, {}, RangeError, /id must be within float32/],
    [{ train: undefined }, {}, TypeError, /train must be a matrix/],
    [{ id: normals(1, 5, 8) }, {}, RangeError, /id must have 7 columns, got 8/],
    [{ train: none }, {}, RangeError, /train\.rows must be an integer of at least 1, got 0/],
    [{ id: none }, {}, RangeError, /id\.rows .* got 0/],
    [{}, { type: "gelu" as "relu" }, TypeError, /type must be one of .* got gelu/],
    [{}, { kval: 14 }, RangeError, /kval must be an integer from 1 to 13, got 14/],
    [{}, { width: 0 }, RangeError, /width must be an integer of at least 1, got 0/],
    [{}, { width: "13" as unknown as number }, TypeError, /width must be a number, got string/],
    [{}, { epochs: 0 }, RangeError, /epochs .* got 0/],
    [{}, { batchSize: 0 }, RangeError, /batchSize .* got 0/],
    [{}, { batchSize: 1.5 }, RangeError, /batchSize .* got 1\.5/],
    [{}, { lr: 0 }, RangeError, /lr must be a finite number above 0, got 0/],
    [{}, { gamma: -1 }, RangeError, /gamma .* got -1/],
    [{}, { gradClip: NaN }, RangeError, /gradClip .* got NaN/],
    [{}, { renormEvery: -1 }, RangeError, /renormEvery .* got -1/],
    [{}, { historyEvery: 0.5 }, RangeError, /historyEvery .* got 0\.5/],
    [{}, { seed: 2 ** 32 }, RangeError, /seed .* got 4294967296/],
    [{}, { initial }, RangeError, /initial\.width must be 13, got 12/],
    [{}, { loader: [] }, RangeError, /loader must yield at least one batch/],
    [{}, { loader: [[0], []] }, RangeError, /loader must yield batches of 1 to 16 indices, got 0/],
    [{}, { loader: [new Int32Array(17)] }, RangeError, /batches of 1 to 16 indices, got 17/],
    [{}, { loader: [[0, 50]] }, RangeError, /index .* from 0 to 49, got 50/],
  ];
  for (const [change, options, kind, message] of refusals) {
    assert.throws(
      () => trainSae({ ...data, ...change }, { ...base, ...options, onEpoch }),
      (error: Error) => error instanceof kind && message.test(error.message),
      `${message}`,
    );
  }
  assert.equal(steps, 0);
});

Deno.test("a training that diverges ends with an error that names the epoch and the rate", () => {
  assert.throws(
    () => trainSae(data, { ...base, type: "relu", lr: 1e30 }),
    /loss must be finite, got .* in epoch \d+ with lr 1e\+30/,
  );
  // what the last step did no loss has seen, and no state of it is kept
  const saved: SaeState[] = [];
  const checkpoint: SaeStateStore = {
    ...{ name: "states", everySteps: 1, everyEpochs: 1, load: () => saved.at(-1) },
    save: (state) => void saved.push(structuredClone(state)),
  };
  const oneStep = { ...base, type: "relu", lr: 1e38, epochs: 1, batchSize: 1000 } as const;
  for (const more of [{}, { checkpoint }]) {
    assert.throws(
      () => trainSae(data, { ...oneStep, ...more }),
      /^Error: Cannot go on training: the parameters must be finite, got .* in epoch 0 with lr 1e\+38/,
    );
  }
  assert.deepEqual(saved, []);
});
