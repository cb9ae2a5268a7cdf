import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { listCache, pruneCache } from "../lib/paper/cache_folder.ts";
import { type Model, ModelCache } from "../lib/paper/model_cache.ts";
import { PAPER_SAE_TYPES } from "../lib/paper/sae_types.ts";
import { cachedSae, datasetsOf } from "../lib/paper/trained_saes.ts";
import { TRAINING } from "../lib/cores/sae_training.ts";
import { loadSae } from "../lib/sae_file.ts";
import { Sae } from "../lib/saes.ts";
import { generateDatasets } from "../lib/data.ts";
import { shuffledBatches, TorchGenerator } from "../lib/random.ts";
import { startThreads } from "../lib/threads.ts";
import { type TrainedSae, trainSae } from "../lib/train_sae.ts";
import { spec } from "./fixtures/model_spec.ts";
import { wideTrainings } from "./fixtures/wide_trainings.ts";
import { onPlainSimd } from "./plain_simd.ts";

Deno.mkdirSync(".tmp", { recursive: true });
const newFolder = () => join(Deno.makeTempDirSync({ dir: ".tmp" }), "cache");

/** A cache that writes its notes down, and a training that is counted. */
function cacheIn(folder: string | undefined, limit?: number) {
  const notes: string[] = [];
  const cache = new ModelCache(folder, { limit, note: (line) => notes.push(line) });
  const calls = { count: 0 };
  const train = (): Model<number[]> => {
    calls.count++;
    const sae = Sae.initialize({ type: "relu", inputDim: 4, width: 6, kval: 2, seed: 0 });
    sae.parameters.decoderBias[0] = 0.1 * calls.count;
    return { sae, history: [1 / 3, calls.count] };
  };
  return { cache, notes, calls, train };
}

/** The arrays of an autoencoder. */
const weights = ({ parameters }: Sae) => {
  const { encoder, encoderBias, decoder, decoderBias, logThreshold } = parameters;
  return [encoder.data, encoderBias, decoder.data, decoderBias, logThreshold];
};

const pathsIn = (folder: string) =>
  [...Deno.readDirSync(folder)].map(({ name }) => join(folder, name));

Deno.test("a model is trained once, and comes back bit by bit, history included", () => {
  const folder = newFolder();
  const { cache, notes, calls, train } = cacheIn(folder);
  const first = cache.obtain(spec, train);
  const second = cacheIn(folder).cache.obtain(spec, train);
  assert.equal(calls.count, 1);
  assert.deepEqual(weights(second.sae), weights(first.sae));
  assert.deepEqual(second.history, first.history);
  assert.deepEqual(notes, []);
  // no lock and no temporary file stays
  assert.deepEqual(pathsIn(folder).length, 1);
});

Deno.test("without a folder every model is trained, and nothing is written", () => {
  const { cache, calls, train } = cacheIn(undefined);
  cache.obtain(spec, train);
  cache.obtain(spec, train);
  assert.equal(calls.count, 2);
});

Deno.test("each number of the specification names another model", () => {
  const folder = newFolder();
  const { cache, calls, train } = cacheIn(folder);
  cache.obtain(spec, train);
  const names = Object.keys(spec) as (keyof typeof spec)[];
  for (const name of names) {
    cache.obtain({ ...spec, [name]: name === "type" ? "topk" : Number(spec[name]) + 1 }, train);
  }
  assert.equal(calls.count, names.length + 1);
  assert.equal(listCache(folder).length, names.length + 1);
  // the order in which a specification is written down is no part of it
  cache.obtain(Object.fromEntries(Object.entries(spec).reverse()) as typeof spec, train);
  assert.equal(calls.count, names.length + 1);
});

Deno.test("a damaged file is told of, trained again and replaced", () => {
  const folder = newFolder();
  cacheIn(folder).cache.obtain(spec, cacheIn(folder).train);
  const [path] = pathsIn(folder);
  const whole = Deno.readFileSync(path);
  const changed = (change: (bytes: Uint8Array) => void) => {
    const bytes = whole.slice();
    change(bytes);
    return bytes;
  };
  const text = new TextDecoder("latin1").decode(whole);
  const damages: [string, Uint8Array][] = [
    ["cut off", whole.slice(0, -5)],
    ["empty", new Uint8Array()],
    ["one bit of a weight", changed((bytes) => bytes[bytes.length - 6] ^= 1)],
    // 1/3 in the history: still a valid file and valid JSON
    ["a digit of the history", changed((bytes) => bytes[text.indexOf("0.3333") + 3]++)],
  ];
  for (const [what, bytes] of damages) {
    Deno.writeFileSync(path, bytes);
    const { cache, notes, calls, train } = cacheIn(folder);
    const { history } = cache.obtain(spec, train);
    assert.equal(calls.count, 1, what);
    assert.equal(history[0], 1 / 3, what);
    assert.equal(notes.length, 1, what);
    assert.match(notes[0], /Training a model again instead of using .*relu_n6_k2_m4_N40_s0_e3_/);
    assert.deepEqual(Deno.readFileSync(path), whole, what);
  }
});

Deno.test("a model under another model's name is not used", () => {
  const folder = newFolder();
  const { cache, train } = cacheIn(folder);
  cache.obtain(spec, train);
  const [path] = pathsIn(folder);
  cache.obtain({ ...spec, seed: 1 }, train);
  const other = pathsIn(folder).find((p) => p !== path)!;
  Deno.copyFileSync(path, other);
  const { cache: again, notes, calls, train: retrain } = cacheIn(folder);
  again.obtain({ ...spec, seed: 1 }, retrain);
  assert.equal(calls.count, 1);
  assert.match(notes[0], /another model's/);
});

Deno.test("a folder that cannot be written to is told of, and models are trained all the same", () => {
  const file = join(Deno.makeTempDirSync({ dir: ".tmp" }), "file");
  Deno.writeTextFileSync(file, "");
  const { cache, notes, calls, train } = cacheIn(join(file, "cache"));
  cache.obtain(spec, train);
  assert.equal(calls.count, 1);
  assert.match(notes[0], /Cannot keep models in .*cache/);
});

Deno.test("a training that fails leaves nothing behind, and the lock is free", () => {
  const folder = newFolder();
  const { cache, train } = cacheIn(folder);
  assert.throws(
    () =>
      cache.obtain(spec, () => {
        throw new Error("diverged");
      }),
    /diverged/,
  );
  assert.deepEqual(pathsIn(folder), []);
  assert.deepEqual(cache.obtain(spec, train).history, [1 / 3, 1]);
});

Deno.test("the models not used for longest go first when the folder grows above its limit", () => {
  const folder = newFolder();
  const { cache, train } = cacheIn(folder);
  for (const seed of [0, 1, 2]) cache.obtain({ ...spec, seed }, train);
  const nameOf = (seed: number) =>
    listCache(folder).find(({ name }) => name.includes(`_s${seed}_`))!.name;
  [10, 20, 30].forEach((seconds, seed) => {
    Deno.utimeSync(join(folder, nameOf(seed)), seconds, seconds);
  });
  // a use makes the oldest the newest
  cache.obtain({ ...spec, seed: 0 }, train);
  assert.match(listCache(folder)[0].name, /_s0_/);

  const { size } = listCache(folder)[0];
  const removed = pruneCache(folder, 2 * size);
  assert.deepEqual(removed.map(({ name }) => name.match(/_s(\d)_/)![1]), ["1"]);
  // saving prunes as well (the clock of files is too coarse to tell this use from the save)
  Deno.utimeSync(join(folder, nameOf(0)), 10, 10);
  cacheIn(folder, size).cache.obtain({ ...spec, seed: 3 }, train);
  assert.deepEqual(listCache(folder).map(({ name }) => name.match(/_s(\d)_/)![1]), ["3"]);
  assert.deepEqual(listCache(join(folder, "nowhere")), []);
});

Deno.test("of two processes that want the same model, one trains and the other waits for it", async () => {
  const folder = newFolder();
  const start = () =>
    new Deno.Command("deno", {
      args: [
        ...[
          "run",
          "--quiet",
          "--no-prompt",
          "--no-check",
          "--allow-read=.",
          `--allow-write=${folder}`,
        ],
        ...["tests/fixtures/cache_client.ts", folder, "700"],
      ],
      stdout: "piped",
    }).output();
  const ended = await Promise.all([start(), start(), start()]);
  const said = ended.map(({ stdout }) => JSON.parse(new TextDecoder().decode(stdout)));
  assert.equal(said.reduce((sum, { trained }) => sum + trained, 0), 1, JSON.stringify(said));
  assert.equal(new Set(said.map(({ by }) => by)).size, 1);
  assert.equal(pathsIn(folder).length, 1);
});

Deno.test("a type trained alone has the weights that it has after the others, as one shared loader gives them", () => {
  const problem = { numLatents: 12, k: 3, inputDim: 8, nSamples: 75, width: 12, seed: 4 };
  const { train, val, ood } = datasetsOf(problem);
  const loader = shuffledBatches(train.Y.rows, 64, new TorchGenerator(4));
  const data = { train: train.Y, id: val.Y, ood: ood.Y };
  const epochs = 12;
  for (const type of PAPER_SAE_TYPES) {
    const { sae, history } = trainSae(data, {
      ...{ type, width: 12, kval: 3, epochs, seed: 4, loader },
    });
    const alone = cachedSae(problem, type, { epochs, cache: new ModelCache(undefined) });
    assert.deepEqual(weights(alone.sae), weights(sae));
    assert.deepEqual(alone.history.map(({ epoch }) => epoch), [0, 10, 11]);
    assert.deepEqual(
      alone.history.map(({ mseId }) => mseId),
      [0, 10, 11].map((e) => history[e].mseId),
    );
  }
});

Deno.test("a cached autoencoder gives the codes of the trained one bit by bit", () => {
  const problem = { numLatents: 12, k: 3, inputDim: 8, nSamples: 75, width: 12, seed: 4 };
  const cache = new ModelCache(newFolder());
  const { val } = datasetsOf(problem);
  for (const type of PAPER_SAE_TYPES) {
    const shares: number[] = [];
    const options = { epochs: 3, cache, onEpoch: (share: number) => shares.push(share) };
    const trained = cachedSae(problem, type, options);
    const cached = cachedSae(problem, type, options);
    assert.deepEqual(shares, [1 / 3, 2 / 3, 1]);
    assert.deepEqual(cached.sae.encode(val.Y), trained.sae.encode(val.Y));
    assert.deepEqual(cached.history, trained.history);
  }
});

Deno.test("the key names the build that trains: another one while there are threads", async () => {
  const folder = newFolder();
  const { cache, calls, train } = cacheIn(folder);
  cache.obtain(spec, train);
  {
    using _threads = await startThreads(2);
    cache.obtain(spec, train);
  }
  cache.obtain(spec, train);
  assert.equal(calls.count, 2);
  const keys = pathsIn(folder).map((path) =>
    loadSae(path).config.key as { backend: string; code: string }
  );
  for (const { backend, code } of keys) {
    const file = { threads: "kernels_shared", simd: "kernels_simd" }[backend] ?? "kernels";
    const bytes = Deno.readFileSync(`lib/wasm/${file}.wasm`);
    assert.equal(code, createHash("sha256").update(bytes).digest("hex").slice(0, 16), backend);
  }
  assert.equal(keys.filter(({ backend }) => backend === "threads").length, 1);
});

/**
 * Digests of the weights of a small training of each type, by TRAINING. Entries are added and stay:
 * models may be cached under every number that there has been.
 */
const TRAINED: Record<number, Record<string, string>> = {
  1: {
    relu: "b5829987a6c69895",
    topk: "b7d4d84d6f47cc6d",
    jumprelu: "0eb8ff1961a78020",
    MP: "47c409afe18972dc",
  },
  // relu and jumprelu of 1,000 units and more: sums in another order
  2: {
    relu: "b5829987a6c69895",
    topk: "b7d4d84d6f47cc6d",
    jumprelu: "0eb8ff1961a78020",
    MP: "47c409afe18972dc",
  },
  // 1,000 units and more: the decoder bias in parts, and relu and jumprelu dense at other activities
  3: {
    relu: "b5829987a6c69895",
    topk: "b7d4d84d6f47cc6d",
    jumprelu: "0eb8ff1961a78020",
    MP: "47c409afe18972dc",
  },
  // gated: sums in another order; choice by atoms' norms and starts of the libraries' conventions
  4: {
    relu: "b5829987a6c69895",
    topk: "b7d4d84d6f47cc6d",
    jumprelu: "0eb8ff1961a78020",
    MP: "47c409afe18972dc",
  },
};

Deno.test("TRAINING is raised when the trained weights change", async () => {
  // The build without relaxed SIMD, whose every bit WebAssembly prescribes, and no BLAS
  const { train, val, ood } = generateDatasets({ numLatents: 12, k: 3, nSamples: 150, seed: 4 });
  const data = { train: train.Y, id: val.Y, ood: ood.Y };
  const digests: Record<string, string> = {};
  for (const type of PAPER_SAE_TYPES) {
    const { sae } = await onPlainSimd<TrainedSae>("train_sae.ts", "trainSae", data, {
      ...{ type, width: 12, kval: 3, epochs: 3, seed: 4 },
    });
    const hash = createHash("sha256");
    for (const array of weights(sae)) if (array) hash.update(array);
    digests[type] = hash.digest("hex").slice(0, 16);
  }
  assert.deepEqual(
    digests,
    TRAINED[TRAINING],
    "training gives other weights: raise TRAINING in lib/cores/sae_training.ts and add an entry here " +
      `for its new number: ${JSON.stringify(digests)}`,
  );
});

/** Digests of wide trainings, under the same number as the last of TRAINED, by type and bias at the start. */
const WIDE: Record<string, string> = {
  "relu 0": "f147f0207300ed4b",
  "jumprelu 0": "6d36ba3d95f78276",
  "gated 0": "5dc3999da234dc12",
  "relu -0.7": "f9fd870c68d0552d",
  "jumprelu -0.7": "b3b8faab7315a7b7",
  "gated -0.7": "3f2e6978ea5e6ff1",
  "topk 0": "3a03b2a7a9091c6d",
  "batchtopk 0": "a668ac3ce9e7474a",
  "matryoshka 0": "0829963bfd965f91",
  "MP 0": "8461d17ccb8f29f4",
};

Deno.test("TRAINING is raised when wide trainings give other weights", async () => {
  const digests = await onPlainSimd<Record<string, string>>(
    "../tests/fixtures/wide_trainings.ts",
    "wideTrainings",
  );
  assert.deepEqual(
    digests,
    WIDE,
    "wide training gives other weights: raise TRAINING in lib/cores/sae_training.ts and put these here: " +
      JSON.stringify(digests),
  );
});

Deno.test("wide trainings give the same weights for any number of threads", async () => {
  const alone = wideTrainings();
  for (const count of [2, 3]) {
    using _threads = await startThreads(count);
    assert.deepEqual(wideTrainings(), alone);
  }
});
