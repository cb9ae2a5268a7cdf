/** The experiment on the fewest samples that a dictionary can be learned from. */
import assert from "node:assert/strict";
import { draw, experiment, firstSamples } from "../experiments/sample_frontier.ts";
import { consensusDictionary } from "../lib/consensus_dictionary.ts";
import { matchColumns } from "../lib/metrics.ts";
import { pathDictionary } from "../lib/path_dictionary.ts";
import { refineDictionary } from "../lib/refine_dictionary.ts";

const OPTIONS = {
  ...{ n: [19], perAtom: [2.5, 5], seeds: [0, 1], epochs: 1, maxSteps: 100 },
  ...{ lambda: 0.1, fistaIters: 5, methods: ["dl_path", "dl_path_without_both", "sae_topk"] },
};

Deno.test("there is a cell for every number of latents, samples per latent and seed", () => {
  const cells = experiment.cells({ ...OPTIONS, n: [19, 40] });
  assert.equal(cells.length, 8);
  // 2.5·19 samples are rounded up
  assert.deepEqual([...new Set(cells.map(({ key }) => key.n_samples))], [48, 95, 100, 200]);
  assert(cells.every(({ cost }) => cost > 0));
  assert.throws(() => experiment.cells({ ...OPTIONS, n: [12] }), /--n must be at least 19/);
});

Deno.test("a cell has a row per method, and tells how many latents are found by their uses", async () => {
  const [cell] = experiment.cells(OPTIONS), shares: number[] = [];
  const { rows, diagnostics = [] } = await experiment.run(cell, {
    options: OPTIONS,
    progress: (share) => shares.push(share),
  });
  assert.deepEqual(rows.map(({ method }) => method), OPTIONS.methods);
  assert.deepEqual(shares, [1 / 3, 2 / 3, 1]);
  for (const row of rows) {
    for (const score of ["mcc_iid", "mcc_ood", "frac_close", "mean_cosine"]) {
      assert(
        (row[score] as number) >= 0 && (row[score] as number) <= 1,
        `${score} of ${row.method}`,
      );
    }
    assert.equal(row.n_samples, 48);
    const bins = diagnostics.filter(({ method }) => method === row.method);
    const uses = bins.map((bin) => bin.uses as number);
    assert.deepEqual(uses, uses.toSorted((a, b) => a - b));
    // 48 samples of 10 latents, latent 0 in about half of them: none is used 60 times
    assert(uses.every((bin) => bin % 5 === 0 && bin < 60));
  }
});

Deno.test("a consensus of starts runs where it is asked for; latents without an atom count as not found", async () => {
  const { methods } = experiment.options;
  const others = ["dl_path_consensus", "dl_path_cycles"];
  assert.deepEqual(methods.default.filter((method) => others.includes(method)), []);
  assert.deepEqual(methods.kind!.read(others.join()), others);
  // so few samples that starts have little in common
  const options = { ...OPTIONS, n: [60], perAtom: [2], methods: ["dl_path_consensus"] };
  const [cell, other] = experiment.cells(options);
  const { rows: [row], diagnostics = [] } = await experiment.run(cell, { options, progress() {} });
  const data = draw(cell.key), X = firstSamples(data, cell.key.n_samples);
  const learned = (seed: number) => pathDictionary(X, { numLatents: 60, seed }).dictionary;
  const found = [0, 1, 2, 3].map(learned);
  const { dictionary } = consensusDictionary(found, { atMost: 60 });
  const { cosines, fracClose } = matchColumns(refineDictionary(X, dictionary), data.A);
  assert(cosines.length < 60 && cosines.length > 5);
  assert.equal(row.frac_close, fracClose * cosines.length / 60);
  const sum = cosines.reduce((sum, cosine) => sum + cosine, 0);
  // means of 60 numbers in another order
  assert(Math.abs(row.mean_cosine as number - sum / 60) < 1e-12);
  // by uses, all latents are there
  const latents = new Map<number, number>();
  for (let j = 0; j < 60; j++) {
    let uses = 0;
    for (let s = 0; s < X.rows; s++) uses += Number(data.val.Z.data[s * 60 + j] !== 0);
    latents.set(uses - uses % 5, (latents.get(uses - uses % 5) ?? 0) + 1);
  }
  assert.deepEqual(
    diagnostics.map(({ uses }) => uses),
    [...latents.keys()].toSorted((a, b) => a - b),
  );
  const close = diagnostics.reduce(
    (sum, { uses, frac_close }) => sum + (frac_close as number) * latents.get(uses as number)!,
    0,
  );
  assert.equal(Math.round(close), Math.round(60 * (row.frac_close as number)));
  const once = experiment.cells({ ...options, methods: ["dl_path"] });
  assert(cell.cost > 3 * once[0].cost);
  assert.notDeepEqual((await experiment.run(other, { options, progress() {} })).rows[0], row);
});

Deno.test("noise is in the samples that are learned from, not in those that are scored", async () => {
  const options = { ...OPTIONS, n: [30], perAtom: [10], methods: ["dl_path"] };
  const [cell] = experiment.cells(options);
  const score = async (noise?: number) => {
    const { rows: [row] } = await experiment.run(cell, {
      options: { ...options, fistaIters: 100, noise },
      progress() {},
    });
    return row.mcc_ood as number;
  };
  const [clean, none, some, all] = [
    await score(),
    await score(0),
    await score(0.1),
    await score(3),
  ];
  assert.equal(none, clean);
  assert.notEqual(some, clean);
  // three times as much noise as signal: hardly an atom is learned
  assert(all < clean - 0.05, `${all} with noise alone, ${clean} without`);
});

Deno.test("figures per number of latents, with the counting bound", async () => {
  const scores = { mcc_iid: 0.9, mcc_ood: 0.8, frac_close: 1 };
  const rows = [50, 100].flatMap((n_samples) =>
    ["dl_path", "dl_fista"].map((method) => ({
      ...{ method, num_latents: 19, k: 10, input_dim: 13, n_samples, seed: 0, ...scores },
    }))
  );
  const diagnostics = rows.map((row) => ({ ...row, uses: 20 }));
  const figures = await experiment.figures!(rows, diagnostics);
  assert.deepEqual(figures.map(({ name }) => name), [
    "sample_frontier_n19",
    "sample_frontier_uses_n19",
  ]);
  // 19·12/3
  assert.match(figures[0].svg, /counting bound: 76/);
  const captions = figures.map(({ caption }) => caption!.replaceAll("\u00a0", " "));
  assert.match(captions[0], /^One seed; n = 19, k = 10, m = 13\./);
  assert.match(captions[1], /^In bins of 5 uses\. One seed; n = 19, k = 10, m = 13\./);
});

Deno.test("a sweep runs the path learner where it is asked for, and only there", async () => {
  const { experiment: sweep } = await import("../experiments/vary_latents.ts");
  const { methods } = sweep.options;
  assert(!methods.default.includes("dl_path"));
  assert.deepEqual(methods.kind!.read("dl_path"), ["dl_path"]);
  const options = {
    ...{ n: [19], seeds: [0], methods: ["fista_oracle", "dl_path"] },
    ...{ epochs: 1, maxSteps: 50, lambda: 0.1, fistaIters: 100 },
  };
  const [cell] = sweep.cells(options);
  const { rows: [oracle, learned] } = await sweep.run(cell, { options, progress() {} });
  assert.equal(learned.method, "dl_path");
  // far better than what training on so few dimensions (13) gives by chance, and no better than the truth
  assert(learned.mcc_iid as number <= (oracle.mcc_iid as number) + 0.05);
  assert(learned.mcc_iid as number > 0.3);
});
