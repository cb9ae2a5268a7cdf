import assert from "node:assert/strict";
import { join } from "node:path";
import type { Row } from "../lib/results.ts";
import {
  changedRows,
  codeScores,
  columnOf,
  formatRows,
  inTableOrder,
  isScore,
  isSetting,
  type Provenance,
  readResults,
  readRows,
  requireRows,
  type ResultFiles,
  resultFiles,
  type RunRecord,
  type SavedCell,
  saveResults,
} from "../lib/results.ts";

Deno.mkdirSync(".tmp", { recursive: true });

const provenance: Provenance = { experiment: "exp_toy", version: "1.0.0", options: { epochs: 5 } };
const run: RunRecord = {
  started: "2026-01-01T00:00:00.000Z",
  saved: "2026-01-01T00:00:01.000Z",
  args: [],
  workers: 1,
  machine: {},
};

function cell(num_latents: number, seed: number, mcc_iid = 0.5): SavedCell {
  const key = { num_latents, seed };
  return {
    key,
    seconds: 1,
    rows: [{ mcc_iid, method: "b", ...key }, { mcc_iid, method: "a", ...key }],
    diagnostics: [{ mean_cosine: 0.9, ...key }],
  };
}

function newFiles(): ResultFiles {
  return resultFiles(Deno.makeTempDirSync({ dir: ".tmp" }), "exp_toy", { diagnostics: true });
}

const save = (files: ResultFiles, ...cells: SavedCell[]) =>
  saveResults(files, provenance, { cells, runs: [run] });

const readAll = ({ rows, diagnostics }: ResultFiles) =>
  Deno.readTextFileSync(rows) + Deno.readTextFileSync(diagnostics!);

Deno.test("rows stand in key order, numbers by size, and within a cell as they were emitted", async () => {
  const files = newFiles();
  await save(files, cell(100, 0), cell(50, 1));
  await save(files, cell(50, 0));
  assert.deepEqual(
    readRows(files.rows)!.map(({ num_latents, seed, method }) => [num_latents, seed, method]),
    [[50, 0, "b"], [50, 0, "a"], [50, 1, "b"], [50, 1, "a"], [100, 0, "b"], [100, 0, "a"]],
  );
});

Deno.test("the files do not depend on the order in which cells were saved", async () => {
  const [one, other] = [newFiles(), newFiles()];
  await save(one, cell(50, 0));
  await save(one, cell(100, 1));
  await save(other, cell(100, 1), cell(50, 0));
  assert.equal(readAll(one), readAll(other));
});

Deno.test("saving the same cells twice changes nothing", async () => {
  const files = newFiles();
  await save(files, cell(50, 0), cell(50, 1));
  const [before, meta] = [readAll(files), Deno.readTextFileSync(files.meta)];
  await save(files, cell(50, 1), cell(50, 0));
  assert.equal(readAll(files), before);
  assert.equal(Deno.readTextFileSync(files.meta), meta);
});

Deno.test("a saved cell comes back as it was", async () => {
  const files = newFiles();
  const saved = cell(50, 0, 1 / 3);
  await save(files, saved);
  assert.deepEqual(readResults(files, provenance).cells, [saved]);
});

Deno.test("cells whose keys have the columns of another and more keep their own rows", async () => {
  const files = newFiles();
  const cells = [undefined, 50, 100].map((width, i): SavedCell => {
    const key = { num_latents: 50, seed: 0, ...width === undefined ? {} : { width } };
    return {
      key,
      seconds: 1,
      rows: [{ mcc_iid: i, method: "a", ...key }],
      diagnostics: [{ mean_cosine: i, ...key }],
    };
  });
  // in any order, as on a grid that is gone on with
  for (const order of [[0, 1, 2], [2, 0, 1]]) {
    for (const i of order) await save(files, cells[i]);
    assert.deepEqual(readResults(files, provenance).cells, cells);
    assert.equal(readRows(files.rows)!.length, 3);
  }
});

Deno.test("there is nothing where there is no file", () => {
  assert.deepEqual(readResults(newFiles(), provenance), { cells: [], failed: [], runs: [] });
});

Deno.test("a cell with a row missing in either file is not done, and is replaced whole", async () => {
  for (const part of ["rows", "diagnostics"] as const) {
    const files = newFiles();
    await save(files, cell(50, 0), cell(50, 1));
    const whole = readAll(files);
    const path = files[part]!;
    Deno.writeTextFileSync(path, formatRows(readRows(path)!.slice(0, -1)));
    assert.deepEqual(readResults(files, provenance).cells, [cell(50, 0)]);
    await save(files, cell(50, 1));
    assert.equal(readAll(files), whole);
  }
});

Deno.test("a cell with a changed row is not done", async () => {
  const files = newFiles();
  await save(files, cell(50, 0));
  const rows = readRows(files.rows)!;
  Deno.writeTextFileSync(files.rows, formatRows([{ ...rows[0], mcc_iid: 0.9 }, rows[1]]));
  assert.deepEqual(readResults(files, provenance).cells, []);
});

Deno.test("a run killed before its rows were written left a provenance file that is no harm", async () => {
  const files = newFiles();
  await save(files, cell(50, 0));
  const whole = readAll(files);
  Deno.removeSync(files.rows);
  Deno.removeSync(files.diagnostics!);
  assert.deepEqual(readResults(files, provenance).cells, []);
  await save(files, cell(50, 0));
  assert.equal(readAll(files), whole);
});

/** Saves as a run does that is killed before its `count`-th file is put in place. */
async function saveKilled(
  files: ResultFiles,
  count: number,
  cells: SavedCell[],
  options: { replace?: boolean } = {},
): Promise<void> {
  const { renameSync } = Deno;
  let renamed = 0;
  Deno.renameSync = (...paths) => {
    if (++renamed === count) throw new Error("killed");
    renameSync(...paths);
  };
  try {
    await saveResults(files, provenance, { cells, runs: [run] }, options).catch((error: Error) =>
      assert.match(error.message, /killed$/)
    );
  } finally {
    Deno.renameSync = renameSync;
  }
}

Deno.test("runs that are killed twice, each at any file of a save, leave files that can be gone on from", async () => {
  for (const first of [1, 2, 3]) {
    // a save after a kill may write one file more
    for (const second of [1, 2, 3, 4]) {
      const files = newFiles();
      await save(files, cell(50, 0));
      await saveKilled(files, first, [cell(50, 1)]);
      await saveKilled(files, second, [cell(50, 2)]);
      assert.deepEqual(readResults(files, provenance).cells[0], cell(50, 0), `${first}, ${second}`);
      await save(files, cell(50, 3));
      assert.deepEqual(
        changedRows(join(files.rows, ".."), [
          { name: "exp_toy.json", rows: readRows(files.rows)! },
          { name: "exp_toy_diagnostics.json", rows: readRows(files.diagnostics!)! },
        ]),
        [],
      );
      await save(files, cell(50, 1), cell(50, 2));
      assert.deepEqual(
        readResults(files, provenance).cells,
        [0, 1, 2, 3].map((seed) => cell(50, seed)),
      );
    }
  }
});

Deno.test("a run that starts over and is killed at its first save leaves files that can be gone on from", async () => {
  for (const count of [1, 2, 3]) {
    const files = newFiles();
    await save(files, cell(50, 0), cell(50, 1));
    await saveKilled(files, count, [cell(100, 7)], { replace: true });
    await save(files, cell(100, 8));
    assert(readResults(files, provenance).cells.some(({ key }) => key.seed === 8));
  }
});

Deno.test("rows made with other options, by another version or experiment are refused by name", async () => {
  const files = newFiles();
  await save(files, cell(50, 0));
  const before = readAll(files);
  const others: [Provenance, RegExp][] = [
    [{ ...provenance, options: { epochs: 6 } }, /exp_toy\.json: .* made with epochs 6, got 5/],
    [{ ...provenance, options: {} }, /epochs/],
    [{ ...provenance, version: "2.0.0" }, /version "2\.0\.0", got "1\.0\.0"/],
    [{ ...provenance, experiment: "exp_x" }, /experiment "exp_x", got "exp_toy"/],
  ];
  for (const [other, message] of others) {
    assert.throws(() => readResults(files, other), { name: "RangeError", message });
    const additions = { cells: [cell(50, 1)], runs: [run] };
    await assert.rejects(saveResults(files, other, additions), { name: "RangeError", message });
  }
  assert.equal(readAll(files), before);
});

Deno.test("a damaged or foreign file is refused by name and left as it is", async () => {
  const damages: [keyof ResultFiles, (text: string) => string, RegExp][] = [
    ["rows", (text) => text.slice(0, text.length / 2), /exp_toy\.json: .* text that is not JSON/],
    ["rows", () => "", /exp_toy\.json: .* text that is not JSON/],
    ["rows", () => '{"a": 1}', /exp_toy\.json: it must be a JSON array of flat rows, at the top/],
    ["rows", () => '[{"a": [1]}]', /exp_toy\.json: .* at 0\.a/],
    [
      "rows",
      () => '[{"mcc": 1, "num_latents": 9, "seed": 0}]',
      /every row .* got one of num_latents 9/,
    ],
    ["diagnostics", (text) => text.slice(5), /exp_toy_diagnostics\.json/],
    ["meta", (text) => text.slice(0, 30), /exp_toy\.meta\.json/],
    ["meta", () => "{}", /exp_toy\.meta\.json: .* provenance/],
  ];
  for (const [part, damage, message] of damages) {
    const files = newFiles();
    await save(files, cell(50, 0));
    const path = files[part]!;
    Deno.writeTextFileSync(path, damage(Deno.readTextFileSync(path)));
    const before = readAll(files);
    assert.throws(() => readResults(files, provenance), { name: "RangeError", message });
    await assert.rejects(save(files, cell(50, 1)), { name: "RangeError", message });
    assert.equal(readAll(files), before);
  }
});

Deno.test("rows without a provenance file are refused", async () => {
  const files = newFiles();
  await save(files, cell(50, 0));
  Deno.removeSync(files.meta);
  assert.throws(
    () => readResults(files, provenance),
    { name: "RangeError", message: /exp_toy\.json: .*exp_toy\.meta\.json must say how/ },
  );
});

Deno.test("starting over drops what was there, readable or not", async () => {
  const files = newFiles();
  await save(files, cell(50, 0));
  Deno.writeTextFileSync(files.rows, "not JSON");
  const other = { ...provenance, options: { epochs: 6 } };
  await saveResults(files, other, { cells: [cell(50, 1)], runs: [run] }, { replace: true });
  assert.deepEqual(readResults(files, other).cells, [cell(50, 1)]);
});

Deno.test("a failure is kept until its cell succeeds, and makes no rows file of its own", async () => {
  const files = newFiles();
  const failed = [{ key: { num_latents: 50, seed: 0 }, message: "why" }];
  await saveResults(files, provenance, { failed, runs: [run] });
  assert.deepEqual(readResults(files, provenance).failed, failed);
  assert.equal(readRows(files.rows), undefined);
  await save(files, cell(50, 0));
  assert.deepEqual(readResults(files, provenance).failed, []);
});

Deno.test("saves leave no temporary file", async () => {
  const files = newFiles();
  await save(files, cell(50, 0));
  const folder = join(files.rows, "..");
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  assert.deepEqual(names, [
    ".exp_toy.lock",
    "exp_toy.json",
    "exp_toy.meta.json",
    "exp_toy_diagnostics.json",
  ]);
});

Deno.test("the file is what a two-space pretty-printer makes, one value a line", () => {
  assert.equal(formatRows([{ a: 0.5, b: "x" }]), '[\n  {\n    "a": 0.5,\n    "b": "x"\n  }\n]\n');
});

Deno.test("rows that JSON cannot hold, or of another cell, are refused with the column", () => {
  const key = { seed: 0 };
  requireRows(key, [{ mcc: 0.5, label: null, done: true, ...key }]);
  const bad: [Row, RegExp][] = [
    [{ mcc: NaN, seed: 0 }, /mcc must be finite, got NaN/],
    [{ mcc: Infinity, seed: 0 }, /mcc must be finite, got Infinity/],
    [{ mcc: [1] as unknown as number, seed: 0 }, /mcc must be a plain value/],
    [{ mcc: 0.5, seed: 1 }, /seed must be its cell's 0, got 1/],
    [{ mcc: 0.5 }, /seed must be its cell's 0, got undefined/],
  ];
  for (const [row, message] of bad) {
    assert.throws(() => requireRows(key, [row]), { name: "RangeError", message });
  }
});

Deno.test("a reader is told which rows are not those that the run left", () => {
  const folder = Deno.makeTempDirSync({ dir: ".tmp" });
  const files = resultFiles(folder, "exp_toy", { diagnostics: true });
  const cells = [0, 1, 2].map((seed) => ({
    ...cell(50, seed),
    diagnostics: [{ sae_type: "relu", mean_cosine: 0.5, num_latents: 50, seed }],
  }));
  saveResults(files, provenance, { cells, runs: [run] });
  const named = (change: (rows: Row[]) => Row[] = (rows) => rows) => [
    { name: "exp_toy.json", rows: change(readRows(files.rows)!) },
    { name: "exp_toy_diagnostics.json", rows: readRows(files.diagnostics!)! },
  ];
  assert.deepEqual(changedRows(folder, named()), []);
  // a value, a row less, a row twice, a row of no cell, none at all
  const cases: [(rows: Row[]) => Row[], RegExp][] = [
    [(rows) => rows.map((row, i) => i === 0 ? { ...row, mcc_iid: 0.51 } : row), /: 1 of 3 cells/],
    [(rows) => rows.slice(1), /1 of 3 cells .* the first at num_latents 50, seed 0$/],
    [(rows) => [...rows, rows[0]], /: 1 of 3 cells/],
    [(rows) => [...rows, { ...rows[0], seed: 9 }], /: 1 rows belong to no cell of the run$/],
    [() => [], /: 3 of 3 cells/],
  ];
  for (const [change, message] of cases) {
    const sentences = changedRows(folder, named(change));
    assert.equal(sentences.length, 1);
    assert.match(
      sentences[0],
      /exp_toy\.json and .*exp_toy_diagnostics\.json changed since the run/,
    );
    assert.match(sentences[0], message);
  }
  assert.equal(changedRows(folder, named().slice(0, 1)).length, 1, "the diagnostics are gone");
  Deno.writeTextFileSync(files.meta, "{}");
  assert.match(
    changedRows(folder, named())[0],
    /^Cannot tell whether .*exp_toy\.meta\.json: it must/,
  );
  Deno.removeSync(files.meta);
  assert.deepEqual(changedRows(folder, named()), [], "published rows have no provenance");
});

/** The files of rows that ship; a run may have left its lock beside them. */
function shippedNames(): string[] {
  return [...Deno.readDirSync("results/shipped")].map(({ name }) => name)
    .filter((name) => !name.includes(".meta.") && !name.startsWith("."));
}

Deno.test("the rows that ship with the toolkit are those that their runs left", () => {
  const folder = "results/shipped";
  const named = shippedNames().map((name) => ({ name, rows: readRows(`${folder}/${name}`)! }));
  assert(named.length >= 12);
  assert.deepEqual(changedRows(folder, named), []);
});

Deno.test("every column of the shipped rows is in the one table of columns", () => {
  for (const name of shippedNames()) {
    const rows = readRows(`results/shipped/${name}`)!;
    for (const column of new Set(rows.flatMap(Object.keys))) {
      // a column that the table lacks comes last, and one that it knows comes before it
      assert.deepEqual(inTableOrder(["unknown", column]), [column, "unknown"], column);
      assert(!(isScore(column) && isSetting(column)), column);
    }
  }
  assert.deepEqual(codeScores.map((score) => columnOf(score).kind), codeScores.map(() => "score"));
  assert.equal(columnOf("acc_iid").chance, 0.75);
});
