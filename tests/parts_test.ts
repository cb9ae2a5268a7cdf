/** Merging parts: whatever their order, and not whatever they were made with. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { UsageError } from "../lib/sweep/flags.ts";
import {
  describeMissing,
  experimentFiles,
  findParts,
  mergeParts,
  provenanceOf,
} from "../lib/sweep/parts.ts";
import {
  type Part,
  type Provenance,
  readProvenance,
  readResults,
  saveResults,
} from "../lib/results.ts";

const EXPERIMENT = { name: "exp_toy", options: { lambda: { default: 0.1 } } };
const OURS = provenanceOf(EXPERIMENT, { lambda: 0.1 });
const OTHERS: [string, Provenance, RegExp][] = [
  ["options", provenanceOf(EXPERIMENT, { lambda: 0.2 }), /lambda 0\.1, got 0\.2/],
  ["version", { ...OURS, version: "0.0.1" }, /version ".*", got "0\.0\.1"/],
];

function newFolder(): string {
  Deno.mkdirSync(".tmp", { recursive: true });
  return Deno.makeTempDirSync({ dir: ".tmp" });
}

const runOf = (minute: number, args: string[]) => ({
  started: `2026-01-01T00:0${minute}:00.000Z`,
  saved: `2026-01-01T00:0${minute}:30.000Z`,
  args,
  workers: 1,
  machine: {},
});

/** Writes a part with one row per seed. */
async function savePart(
  out: string,
  part: Part,
  seeds: number[],
  { provenance = OURS, mcc = 0.5, minute = 0 } = {},
): Promise<void> {
  await saveResults(experimentFiles(EXPERIMENT, { out }, part), provenance, {
    cells: seeds.map((seed) => ({
      key: { seed },
      seconds: 1,
      rows: [{ mcc_iid: mcc, method: "a", seed }],
    })),
    runs: [runOf(minute, ["--shard", `${part.index}/${part.count}`])],
  });
}

const merge = (out: string, { fresh = false, mixed = false } = {}) =>
  mergeParts(EXPERIMENT, { out, fresh, mixed }, {
    files: experimentFiles(EXPERIMENT, { out }),
    provenance: OURS,
    run: runOf(9, ["--merge"]),
  });

const merged = (out: string) => readResults(experimentFiles(EXPERIMENT, { out }), OURS);
const rowText = (out: string) => Deno.readTextFileSync(join(out, "exp_toy.json"));

Deno.test("merged rows have one order, whichever part has which cells, and merging again keeps them", async () => {
  const [one, other] = [newFolder(), newFolder()];
  await savePart(one, { index: 0, count: 2 }, [0, 3]);
  await savePart(one, { index: 1, count: 2 }, [1, 2]);
  await savePart(other, { index: 1, count: 2 }, [3, 1]);
  await savePart(other, { index: 0, count: 2 }, [2, 0]);
  await merge(one);
  await merge(other);
  assert.equal(rowText(one), rowText(other));
  assert.deepEqual(merged(one).cells.map(({ key }) => key.seed), [0, 1, 2, 3]);
  const text = rowText(one);
  await merge(one);
  assert.equal(rowText(one), text);
});

Deno.test("only the parts of the same experiment and suffix are merged", async () => {
  const out = newFolder();
  await savePart(out, { index: 0, count: 1 }, [0]);
  const suffixed = experimentFiles(EXPERIMENT, { out, suffix: "b" }, { index: 0, count: 9 });
  const foreign = experimentFiles({ name: "exp_toys" }, { out }, { index: 0, count: 9 });
  for (const { meta } of [suffixed, foreign]) Deno.writeTextFileSync(meta, "not read");
  assert.deepEqual(findParts(EXPERIMENT, { out }), [{ index: 0, count: 1 }]);
  assert.deepEqual(await merge(out), [{ index: 0, count: 1 }]);
});

Deno.test("where two splits hold the same cell with the same rows, it is there once, whatever the clock says", async () => {
  for (const minute of [1, 8]) {
    const out = newFolder();
    await savePart(out, { index: 0, count: 1 }, [0, 1], { minute: 5 });
    await savePart(out, { index: 1, count: 2 }, [1], { minute });
    await savePart(out, { index: 0, count: 2 }, [0], { minute: 6 });
    const fullest = await merge(out);
    assert.deepEqual(merged(out).cells.map(({ rows }) => rows.length), [1, 1]);
    // both splits have two cells: the finer one is told of
    assert.deepEqual(fullest, [{ index: 0, count: 2 }, { index: 1, count: 2 }]);
  }
});

Deno.test("two different results of a cell are refused by the names of their files, and nothing is merged", async () => {
  const out = newFolder();
  await savePart(out, { index: 0, count: 1 }, [0, 1], { mcc: 0.9 });
  await savePart(out, { index: 1, count: 2 }, [1], { mcc: 0.1 });
  for (const fresh of [false, true]) {
    await assert.rejects(merge(out, { fresh }), {
      name: "UsageError",
      message: /got two of seed 1, in .*part0of1\.json and .*part1of2\.json \(remove the part/,
    });
  }
  assert.throws(() => rowText(out), Deno.errors.NotFound);
});

Deno.test("parts that differ from the result files are refused, unless these are started over", async () => {
  const out = newFolder();
  await savePart(out, { index: 0, count: 1 }, [0], { mcc: 0.9 });
  await merge(out);
  const before = rowText(out);
  await savePart(out, { index: 0, count: 1 }, [0], { mcc: 0.1 });
  await assert.rejects(merge(out), {
    name: "UsageError",
    message: /got another one of seed 0 \(--fresh takes what the parts have\)/,
  });
  assert.equal(rowText(out), before);
  await merge(out, { fresh: true });
  assert.deepEqual(merged(out).cells.map(({ rows }) => rows[0].mcc_iid), [0.1]);
});

Deno.test("a finished cell counts before a failed one, and one of the run's options before a mixed one", async () => {
  const out = newFolder(), failed = [{ key: { seed: 0 }, message: "no" }];
  await savePart(out, { index: 0, count: 2 }, [0], { mcc: 0.2, provenance: OTHERS[0][1] });
  await savePart(out, { index: 0, count: 1 }, [0], { mcc: 0.9, minute: 1 });
  const late = experimentFiles(EXPERIMENT, { out }, { index: 0, count: 3 });
  await saveResults(late, OURS, { failed, runs: [runOf(8, ["--shard", "0/3"])] });
  await merge(out, { mixed: true });
  assert.deepEqual(merged(out).cells.map(({ rows }) => rows[0].mcc_iid), [0.9]);
  assert.deepEqual(merged(out).failed, []);
});

Deno.test("of two failures the one of the part that was attempted more often is told", async () => {
  const out = newFolder();
  for (const [count, attempts] of [[1, 3], [2, 2], [3, 1]]) {
    const files = experimentFiles(EXPERIMENT, { out }, { index: 0, count });
    for (let attempt = 1; attempt <= attempts; attempt++) {
      await saveResults(files, OURS, {
        failed: [{ key: { seed: 0 }, message: `attempt ${attempt}` }],
        runs: [runOf(9 - attempt, [String(attempt)])],
      });
    }
  }
  await merge(out);
  assert.deepEqual(merged(out).failed.map(({ message }) => message), ["attempt 3"]);
});

Deno.test("a part that lost its provenance file is refused by name, not taken for missing", async () => {
  const out = newFolder();
  await savePart(out, { index: 0, count: 2 }, [0]);
  await savePart(out, { index: 1, count: 2 }, [1]);
  Deno.removeSync(join(out, "exp_toy.part1of2.meta.json"));
  await assert.rejects(merge(out), {
    name: "UsageError",
    message: /part1of2\.json: .*part1of2\.meta/,
  });
});

for (const [what, provenance, message] of OTHERS) {
  Deno.test(`parts made with another ${what} are refused, unless told to mix`, async () => {
    const out = newFolder();
    await savePart(out, { index: 0, count: 2 }, [0]);
    await savePart(out, { index: 1, count: 2 }, [1], { provenance });
    const refusal = (error: Error) => error instanceof UsageError && message.test(error.message);
    await assert.rejects(merge(out), refusal);
    await assert.rejects(merge(out, { fresh: true }), refusal);
    assert.throws(() => rowText(out), Deno.errors.NotFound);

    await merge(out, { mixed: true });
    const { cells, mixed } = merged(out);
    assert.equal(cells.length, 2);
    const { version, options } = provenance;
    assert.deepEqual(mixed, [{ version, options }]);

    // the provenance file goes on saying so, once
    await merge(out, { mixed: true });
    assert.deepEqual(merged(out).mixed, [{ version, options }]);
    const meta = JSON.parse(Deno.readTextFileSync(join(out, "exp_toy.meta.json")));
    assert.deepEqual(meta.options, OURS.options);
    // and of every cell which it is, also after a save of other cells
    await saveResults(experimentFiles(EXPERIMENT, { out }), OURS, {
      cells: [{ key: { seed: 2 }, seconds: 1, rows: [{ mcc_iid: 0.5, method: "a", seed: 2 }] }],
      runs: [],
    });
    const { cells: records } = readProvenance(join(out, "exp_toy.meta.json"))!;
    assert.deepEqual(records.map(({ making }) => making), [0, 1, 0]);
  });
}

Deno.test("a file whose mixed cells were all replaced is no longer mixed", async () => {
  const out = newFolder();
  await savePart(out, { index: 0, count: 1 }, [0], { provenance: OTHERS[0][1] });
  await merge(out, { mixed: true });
  await saveResults(experimentFiles(EXPERIMENT, { out }), OURS, {
    cells: [{ key: { seed: 0 }, seconds: 1, rows: [{ mcc_iid: 0.5, method: "a", seed: 0 }] }],
    runs: [],
  });
  const meta = readProvenance(join(out, "exp_toy.meta.json"))!;
  assert.deepEqual([meta.mixed, meta.cells[0].making], [undefined, undefined]);
});

Deno.test("cells of a mixed file that does not say which is which stay undecided when others are added", async () => {
  const out = newFolder(), path = join(out, "exp_toy.meta.json");
  await savePart(out, { index: 0, count: 2 }, [0]);
  await savePart(out, { index: 1, count: 2 }, [1], { provenance: OTHERS[0][1] });
  await merge(out, { mixed: true });
  const { cells, ...meta } = readProvenance(path)!;
  const silent = cells.map(({ making: _, ...cell }) => cell);
  Deno.writeTextFileSync(path, JSON.stringify({ ...meta, cells: silent }));
  await saveResults(experimentFiles(EXPERIMENT, { out }), OURS, {
    cells: [{ key: { seed: 2 }, seconds: 1, rows: [{ mcc_iid: 0.5, method: "a", seed: 2 }] }],
    runs: [],
  });
  const after = readProvenance(path)!;
  assert.deepEqual(after.cells.map(({ making }) => making), [undefined, undefined, 0]);
  assert.deepEqual(after.mixed, meta.mixed);
});

Deno.test("another experiment's rows, and damaged parts, are refused even when told to mix", async () => {
  const out = newFolder();
  await savePart(out, { index: 0, count: 1 }, [0], {
    provenance: { ...OURS, experiment: "exp_other" },
  });
  await assert.rejects(merge(out, { mixed: true }), /experiment "exp_toy", got "exp_other"/);
  const cut = newFolder();
  await savePart(cut, { index: 0, count: 1 }, [0]);
  Deno.writeTextFileSync(join(cut, "exp_toy.part0of1.json"), "[{");
  await assert.rejects(merge(cut, { mixed: true }), {
    name: "UsageError",
    message: /part0of1\.json/,
  });
});

Deno.test("without parts, or without their folder, the merge says so", async () => {
  const out = newFolder();
  for (const folder of [out, join(out, "none")]) {
    await assert.rejects(merge(folder), {
      name: "UsageError",
      message: /^--merge must find part files \(--shard\) in .*, got none$/,
    });
  }
});

Deno.test("a part that is missing is told from one that lacks cells", () => {
  // costs that put seeds 0 and 3 into part 0, 1 and 2 into part 1
  const grid = [4, 3, 2, 1].map((cost, seed) => ({ key: { seed }, cost }));
  const [first, second] = [{ index: 0, count: 2 }, { index: 1, count: 2 }];
  assert.deepEqual(describeMissing(grid, [], [first, second]), []);
  assert.deepEqual(describeMissing(grid, [grid[3], grid[1], grid[2]], [first]), [
    "Part 0 of 2 (--shard 0/2) lacks 1 of its 2 cells",
    "Part 1 of 2 (--shard 1/2) is missing",
  ]);
});
