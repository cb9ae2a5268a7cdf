import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { learnDictionary, type LearnedDictionary } from "../lib/dictionary_learning.ts";
import { CacheFolder, listCache } from "../lib/paper/cache_folder.ts";
import {
  cachedDictionary,
  type DictionaryRunOptions,
  LEARNING,
} from "../lib/paper/cached_dictionary.ts";
import { Instance } from "../lib/paper/instance.ts";
import { startThreads } from "../lib/threads.ts";
import { onPlainSimd } from "./plain_simd.ts";

Deno.mkdirSync(".tmp", { recursive: true });
const newFolder = () => join(Deno.makeTempDirSync({ dir: ".tmp" }), "cache");

const setting = { numLatents: 20, k: 3, inputDim: 12, nSamples: 200, width: 20, seed: 0 };
const { observations, data: { A } } = new Instance(setting, { epochs: 1 });

/** Runs with a cache that keeps every round, and tells which rounds were done and what was noted. */
function runIn(folder: string | undefined, options: Partial<DictionaryRunOptions> = {}) {
  const rounds: number[] = [], notes: string[] = [];
  const cache = new CacheFolder(folder, { note: (line) => notes.push(line) });
  const { onRound, ...rest } = options;
  const learned = cachedDictionary({ setting, observations, A }, {
    ...{ lambda: 0.1, rounds: 25, nIter: 10, cache, keepEvery: 0, ...rest },
    onRound(done) {
      rounds.push(done);
      onRound?.(done);
    },
  });
  return { learned, rounds, notes };
}

const pathsIn = (folder: string) =>
  [...Deno.readDirSync(folder)].map(({ name }) => join(folder, name));

Deno.test("a run is what learnDictionary learns, with a record of every tenth round and the last", () => {
  const { learned: { records, ...learned } } = runIn(undefined);
  const options = { numLatents: 20, lambda: 0.1, rounds: 25, nIter: 10, seed: 0 };
  const { history, ...rest } = learnDictionary(observations.id, observations.ood, options);
  assert.deepEqual(learned, { ...rest, history, settled: false });
  assert.deepEqual(records.map(({ round }) => round), [0, 10, 20, 24]);
  assert.deepEqual(records.map(({ mseId }) => mseId), [0, 10, 20, 24].map((r) => history[r].mseId));
});

Deno.test("an interrupted run goes on where it was, and ends as one that was not", () => {
  const folder = newFolder(), whole = runIn(undefined);
  for (const until of [7, 8, 21]) {
    const broken = () =>
      runIn(folder, {
        onRound(done) {
          if (done === until) throw new Error("killed");
        },
      });
    assert.throws(broken, /killed/);
  }
  const { learned, rounds, notes } = runIn(folder);
  assert.deepEqual(rounds, [22, 23, 24, 25]);
  assert.deepEqual(learned, whole.learned);
  // and from now on it is found
  assert.deepEqual(runIn(folder), { learned, rounds: [], notes });
  assert.deepEqual(notes, []);
  assert.equal(pathsIn(folder).length, 1);
});

Deno.test("a run of more rounds begins where one of fewer ended; one of fewer leaves it alone", () => {
  const folder = newFolder();
  runIn(folder, { rounds: 14 });
  const { learned, rounds } = runIn(folder);
  assert.equal(rounds[0], 15);
  assert.deepEqual(learned, runIn(undefined).learned, "the last round of fewer is no record");
  const [path] = pathsIn(folder), bytes = Deno.readFileSync(path);
  const short = runIn(folder, { rounds: 14 });
  assert.equal(short.rounds.length, 14);
  assert.deepEqual(short.learned, runIn(undefined, { rounds: 14 }).learned);
  assert.deepEqual(Deno.readFileSync(path), bytes);
});

Deno.test("a run whose dictionary came to rest is not carried on, and does for any number of rounds above", () => {
  const folder = newFolder(), options = { lambda: 2, rounds: 40 };
  const { learned } = runIn(folder, options);
  assert(learned.history.length < 40, `${learned.history.length} rounds`);
  assert.deepEqual(learned, runIn(undefined, options).learned);
  const again = runIn(folder, { ...options, rounds: 1000 });
  assert.deepEqual([again.rounds, again.learned], [[], learned]);
  const least = learned.history.length;
  assert.equal(runIn(folder, { ...options, rounds: least }).rounds.length, least);
});

Deno.test("what nobody reads is not recorded; who reads it learns again", () => {
  const folder = newFolder();
  assert.deepEqual(runIn(folder, { history: "none" }).learned.records, []);
  assert.equal(runIn(folder, { history: "none" }).rounds.length, 0);
  const { learned, rounds } = runIn(folder);
  assert.equal(rounds.length, 25);
  assert.deepEqual(learned, runIn(undefined).learned);
  assert.equal(runIn(folder).rounds.length, 0, "it was not replaced");
  assert.equal(runIn(folder, { history: "none" }).rounds.length, 0);
});

Deno.test("runs with other options are other files, and short ones are none", () => {
  const folder = newFolder();
  for (const options of [{}, { lambda: 0.2 }, { nIter: 11 }]) runIn(folder, options);
  assert.equal(listCache(folder).length, 3);
  assert.match(
    listCache(folder)[0].name,
    /^dl_fista_n20_k3_m12_N200_s0_[0-9a-f]{16}\.safetensors$/,
  );
  const other = newFolder();
  runIn(other, { keepEvery: 60 });
  assert.deepEqual(listCache(other), []);
});

Deno.test("threads find what was learned without them, for they learn the same", async () => {
  const folder = newFolder(), { learned } = runIn(folder);
  using _threads = await startThreads(2);
  const { learned: found, rounds } = runIn(folder);
  assert.deepEqual([found, rounds], [learned, []]);
});

Deno.test("a damaged file is told of, learned again and replaced", () => {
  const folder = newFolder();
  runIn(folder);
  const [path] = pathsIn(folder), whole = Deno.readFileSync(path);
  const flipped = whole.slice();
  flipped[flipped.length - 6] ^= 1;
  for (const bytes of [whole.slice(0, -5), flipped, new Uint8Array()]) {
    Deno.writeFileSync(path, bytes);
    const { rounds, notes } = runIn(folder);
    assert.equal(rounds.length, 25);
    assert.match(notes[0], /^Learning a dictionary again instead of using .*dl_fista_n20_k3_m12/);
    assert.deepEqual(Deno.readFileSync(path), whole);
  }
});

/** Digests of small dictionaries, by LEARNING. Entries are added and stay. */
const LEARNED: Record<number, string> = { 1: "2fa1f99a67d83d70" };

Deno.test("LEARNING is raised when other dictionaries are learned", async () => {
  // the build without relaxed SIMD, whose every bit WebAssembly prescribes; more atoms than samples too
  const hash = createHash("sha256"), { id, ood } = observations;
  const few = { ...id, rows: 15, data: id.data.slice(0, 15 * id.cols) };
  for (const X of [id, few]) {
    const { dictionary, codesId } = await onPlainSimd<LearnedDictionary>(
      ...["dictionary_learning.ts", "learnDictionary"] as const,
      ...[X, ood, { numLatents: 20, lambda: 0.1, rounds: 25, nIter: 10, seed: 0 }],
    );
    for (const { data } of [dictionary, codesId]) hash.update(data);
  }
  assert.equal(
    hash.digest("hex").slice(0, 16),
    LEARNED[LEARNING],
    "other dictionaries are learned: raise LEARNING in lib/paper/cached_dictionary.ts and add the digest",
  );
});
