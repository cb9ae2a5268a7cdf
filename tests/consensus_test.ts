import assert from "node:assert/strict";
import { consensusDictionary } from "../lib/consensus_dictionary.ts";
import { generateDatasets } from "../lib/data.ts";
import { columnNorms, fromRows, type Matrix, normalizeColumns, zeros32 } from "../lib/matrix.ts";
import { matchColumns } from "../lib/metrics.ts";
import { pathDictionary } from "../lib/path_dictionary.ts";
import { RandomState } from "../lib/random.ts";
import { refineDictionary } from "../lib/refine_dictionary.ts";

const [m, n] = [40, 60];

/** Random atoms, not of unit norm. */
function atoms(count: number, seed: number): Matrix {
  return { rows: m, cols: count, data: new RandomState(seed).normal(0, 2, m * count) };
}

/** The columns of M in another order, each times a factor; and those of `more` behind them. */
function changed(M: Matrix, seed: number, factor: (j: number) => number, more?: Matrix): Matrix {
  const random = new RandomState(seed), all = [M, ...more ? [more] : []];
  const columns = all.flatMap((part) =>
    Array.from({ length: part.cols }, (_, j) =>
      Float64Array.from(
        { length: m },
        (_, i) => factor(j) * part.data[i * part.cols + j],
      ))
  );
  const order = random.permutation(columns.length);
  const D = { rows: m, cols: columns.length, data: new Float64Array(m * columns.length) };
  order.forEach((from, j) => columns[from].forEach((value, i) => D.data[i * D.cols + j] = value));
  return D;
}

Deno.test("a consensus is what dictionaries share, whatever the order and the norms of their atoms", () => {
  const shared = atoms(30, 1), others = [2, 3, 4].map((seed) => atoms(n - 30, seed));
  const dictionaries = others.map((more, i) => changed(shared, 10 + i, (j) => 1 + i + j, more));
  const { dictionary, counts, agreement } = consensusDictionary(dictionaries);
  assert.deepEqual([...counts], new Array(30).fill(3));
  // rounding of float64 sums of 40 products
  assert(agreement.every((cosine) => Math.abs(cosine - 1) < 1e-12));
  // float32's rounding of an atom
  assert(columnNorms(dictionary).every((norm) => Math.abs(norm - 1) < 1e-6));
  const { cosines } = matchColumns(dictionary, shared);
  assert.equal(cosines.length, 30);
  assert(cosines.every((cosine) => cosine > 1 - 1e-6));
});

Deno.test("by default random dictionaries have nothing in common", () => {
  for (const [rows, cols] of [[20, 10], [50, 200], [93, 1000]]) {
    const dictionaries = [1, 2].map((seed) => ({
      rows,
      cols,
      data: new RandomState(seed).normal(0, 1, rows * cols),
    }));
    // the expected number beyond the largest that chance is expected to reach is about 1
    assert(consensusDictionary(dictionaries).counts.length <= 2);
  }
});

Deno.test("atoms that more dictionaries have come first, and `least` and `atMost` choose among them", () => {
  const all = atoms(10, 1), some = atoms(10, 2), alone = atoms(10, 3);
  const one = () => 1;
  const dictionaries = [
    changed(some, 4, one, alone),
    changed(some, 5, one, all),
    changed(some, 6, one, all),
    changed(all, 7, one),
  ];
  const found = consensusDictionary(dictionaries);
  assert.deepEqual([...found.counts], new Array(20).fill(3));
  assert.deepEqual(consensusDictionary(dictionaries, { least: 4 }).counts.length, 0);
  const union = consensusDictionary(dictionaries, { least: 1 });
  assert.deepEqual([...union.counts], [...new Array(20).fill(3), ...new Array(10).fill(1)]);
  const few = consensusDictionary(dictionaries, { atMost: 7 });
  assert.deepEqual(few.counts, found.counts.subarray(0, 7));
  for (let i = 0; i < m; i++) {
    assert.deepEqual(
      few.dictionary.data.subarray(7 * i, 7 * i + 7),
      found.dictionary.data.subarray(20 * i, 20 * i + 7),
    );
  }
});

Deno.test("each atom goes with its closest alone, and the mean is closer than its members", () => {
  // in the plane, at these degrees: 8 and 11 are close to 10, which is closer to 11
  const at = (...degrees: number[]) =>
    fromRows([Math.cos, Math.sin].map((f) => degrees.map((degree) => f(degree * Math.PI / 180))));
  const { dictionary, agreement } = consensusDictionary([at(8, 11), at(10)], { cosine: 0.9 });
  assert.equal(dictionary.cols, 1);
  const angle = Math.atan2(dictionary.data[1], dictionary.data[0]) * 180 / Math.PI;
  // float32 has some 7 digits
  assert(Math.abs(angle - 10.5) < 1e-4);
  assert(Math.abs(agreement[0] - Math.cos(0.5 * Math.PI / 180)) < 1e-12);
});

Deno.test("opposites are the same atom only where codes are signed", () => {
  const D = atoms(20, 1), turned = changed(D, 2, (j) => j % 2 ? -1 : 1);
  assert.equal(consensusDictionary([D, turned]).counts.length, 10);
  const { dictionary, counts } = consensusDictionary([D, turned], { signed: true });
  assert.equal(counts.length, 20);
  assert(matchColumns(dictionary, D).cosines.every((cosine) => cosine > 1 - 1e-6));
});

Deno.test("a consensus refuses what it cannot compare", () => {
  const D = atoms(4, 1), bad = consensusDictionary as (...args: unknown[]) => unknown;
  for (
    const [args, message] of [
      [[[D]], /dictionaries.length must be/],
      [[[D, fromRows([[1]])]], /dictionaries\[1\] must have 40 rows/],
      [[[D, zeros32(m, 2)]], /dictionaries\[1\] must have no zero columns, got one at 0/],
      [[[D, D], { cosine: 1.5 }], /cosine must be from 0 to 1, got 1.5/],
      [[[D, D], { least: 3 }], /least must be/],
      [[[D, D], { atMost: 0 }], /atMost must be/],
      [[[D, D], { signed: 1 }], /signed must be true or false/],
      [[[D, D], { atleast: 2 }], /atleast/],
      [[[D, null]], /dictionaries\[1\]/],
      [[D], /dictionaries must be/],
    ] as const
  ) assert.throws(() => bad(...args), message);
});

/** Samples of 200 latents, two for each. */
function scarce() {
  const { val, train, A } = generateDatasets({ seed: 0, numLatents: 200, k: 10, nSamples: 800 });
  return { X: val.Y, more: train.Y, A };
}

Deno.test("careful codes keep rare atoms of the true dictionary, which codes that go on lose", () => {
  const { X, A } = scarce();
  const kept = (D: Matrix) => matchColumns(D, A).cosines.filter((cosine) => cosine > 0.9).length;
  const refined = kept(refineDictionary(X, A));
  const rounds = pathDictionary(X, {
    ...{ numLatents: 200, dInit: A, seed: 0, lambdaStart: 0.1, lambdaEnd: 0.1, rounds: 6 },
    ...{ polish: 0, restarts: false },
  });
  // measured: 200 and 109 of 200
  assert(refined >= 195, `${refined}`);
  assert(kept(rounds.dictionary) <= 140, `${kept(rounds.dictionary)}`);
});

Deno.test("refining brings noisy atoms nearer to the true ones", () => {
  const { X, A } = scarce();
  const noise = new RandomState(1).normal(0, 0.05, A.data.length);
  const D = normalizeColumns({ ...A, data: A.data.map((value, i) => value + noise[i]) });
  const [before, after] = [D, refineDictionary(X, D)].map((M) => matchColumns(M, A).meanCosine);
  // measured: 0.933 and 0.979
  assert(before < 0.95 && after > 0.97, `${before}, ${after}`);
});

Deno.test("refining does not depend on the samples' unit, tells how far it is, and ends early", () => {
  const { X, A } = scarce();
  const told: string[] = [];
  const refined = refineDictionary(X, A, {
    rounds: 2,
    onProgress: (done, total) => told.push(`${done}/${total}`),
  });
  assert.deepEqual(told, ["1/2", "2/2"]);
  // a power of two changes no digit
  const larger = { ...X, data: X.data.map((x) => 8 * x) };
  assert.deepEqual(refineDictionary(larger, A, { rounds: 2 }), refined);
  const abort = new AbortController();
  const onProgress = () => abort.abort();
  const options = { rounds: 5, signal: abort.signal, onProgress };
  const one = refineDictionary(X, A, { ...options, partial: true });
  assert.deepEqual(one, refineDictionary(X, A, { rounds: 1 }));
  const { signal } = new AbortController();
  assert.deepEqual(refineDictionary(X, A, { rounds: 1, signal }), one);
  assert.throws(() => refineDictionary(X, A, options), { name: "AbortError" });
});

Deno.test("refining takes codes of either sign, and refuses bad input", () => {
  const { X, A } = scarce();
  const turned = { ...X, data: X.data.map((x, p) => p < X.data.length / 2 ? x : -x) };
  const signed = refineDictionary(turned, A, { nonneg: false });
  assert(
    matchColumns(signed, A).fracClose > matchColumns(refineDictionary(turned, A), A).fracClose,
  );
  const bad = refineDictionary as (...args: unknown[]) => unknown;
  for (
    const [args, message] of [
      [[zeros32(3, X.cols), A], /X must have an entry that is not 0/],
      [[X, fromRows([[1]])], /D must have/],
      [[X, zeros32(X.cols, 3)], /D must have columns of norm 1e-8 or more/],
      [[X, A, { rounds: 0 }], /rounds must be/],
      [[X, A, { lambda: 0 }], /lambda must be/],
      [[X, A, { nonneg: 1 }], /nonneg must be true or false/],
      [[X, A, { seed: -1 }], /seed must be/],
    ] as const
  ) assert.throws(() => bad(...args), message);
});
