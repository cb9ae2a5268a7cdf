/** The engine under faults: every run here is a process of its own, with narrow permissions. */
import assert from "node:assert/strict";
import { listCells, listingText } from "../lib/sweep/listing.ts";
import { basename, join } from "node:path";
import { compareKeys, readRows, type Row } from "../lib/results.ts";
import { balancedShards, fittingWorkers, largestFirst } from "../lib/sweep/schedule.ts";
import { summaryTable } from "../lib/results.ts";

Deno.mkdirSync(".tmp", { recursive: true });
const newFolder = () => Deno.makeTempDirSync({ dir: ".tmp" });

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** Starts the toy experiment with results in `folder`; `writable` is all that it may write to. */
function start(
  folder: string,
  args: string[],
  { figures = join(folder, "figures"), writable = folder } = {},
): Deno.ChildProcess {
  return new Deno.Command("deno", {
    args: [
      "run",
      // a first run on a machine would tell of its downloads on stderr
      "--quiet",
      "--no-prompt",
      "--allow-read=.",
      `--allow-write=${writable}`,
      "tests/fixtures/toy_experiment.ts",
      ...["--out", folder, "--figures", figures, ...args],
    ],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function end(child: Deno.ChildProcess): Promise<Ended> {
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

const runToy = (folder: string, ...args: string[]): Promise<Ended> => end(start(folder, args));

/** Rows and diagnostics as they stand on the disk. */
const filesIn = (folder: string) =>
  ["exp_toy.json", "exp_toy_diagnostics.json"].map((name) =>
    Deno.readTextFileSync(join(folder, name))
  );

/** The cells whose rows are in the result file, which is not there before the first. */
const cellsIn = (folder: string) => [
  ...new Set(
    (readRows(join(folder, "exp_toy.json")) ?? []).map((row) => `${row.num_latents}/${row.seed}`),
  ),
];

/** Waits until a run has saved a cell; a minute later it is given up. */
async function cellSaved(folder: string): Promise<void> {
  for (let waited = 0; waited < 60_000; waited += 10) {
    if ((readRows(join(folder, "exp_toy.json")) ?? []).length > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail(`no cell was saved in ${folder}`);
}

/** Waits until the rows are being saved for the `count`-th time since the watch began. */
async function saveBegins(watcher: Deno.FsWatcher, count: number): Promise<void> {
  // each save writes to a temporary file of another name
  const saves = new Set<string>();
  for await (const { paths } of watcher) {
    for (const path of paths) if (basename(path).startsWith(".exp_toy.json.")) saves.add(path);
    if (saves.size >= count) return;
  }
}

function assertRefused({ code, stdout, stderr }: Ended, message: RegExp): void {
  assert.match(stderr, message);
  assert.equal(stderr.trim().split("\n").length, 1, `more than one line: ${stderr}`);
  assert.equal(stdout, "");
  assert.equal(code, 2);
}

Deno.test("a run writes rows, diagnostics, provenance and figures, and prints a summary", async () => {
  const folder = newFolder();
  const { code, stdout, stderr } = await runToy(folder);
  assert.equal(code, 0, stderr);
  assert.deepEqual(cellsIn(folder), ["20/0", "20/1", "40/0", "40/1"]);
  // sin(20) and sin(21): their mean and standard deviation
  assert.match(stdout, /^20 +b +0\.875 ± 0\.038$/m);
  assert.match(stdout, /exp_toy_diagnostics\.json/);
  assert.match(stderr, /4\/4 cells, 100 %/);
  // not every experiment with a larger grid is in the paper
  assert.match(stderr, /^A quick grid; the whole one: deno task exp:toy --paper$/m);
  assert.match(Deno.readTextFileSync(join(folder, "figures", "toy_mcc.svg")), /8 rows/);
  const meta = JSON.parse(Deno.readTextFileSync(join(folder, "exp_toy.meta.json")));
  assert.deepEqual(meta.options, { epochs: 1, lambda: 0.1 });
  assert.equal(meta.cells.length, 4);
  assert.equal(meta.runs[0].machine.deno, Deno.version.deno);
  assert.equal(meta.runs[0].machine.kernels, "relaxed-simd");
});

Deno.test("a merge tells where its parts were made with several builds of the kernels", async () => {
  const folder = newFolder();
  for (const part of ["0/2", "1/2"]) await runToy(folder, "--shard", part);
  const same = await runToy(folder, "--merge");
  assert.deepEqual([same.code, same.stderr], [0, ""]);
  const path = join(folder, "exp_toy.part1of2.meta.json");
  const text = Deno.readTextFileSync(path);
  Deno.writeTextFileSync(path, text.replace('"relaxed-simd"', '"simd"'));
  const other = await runToy(folder, "--merge", "--fresh");
  assert.deepEqual([other.code, other.stderr], [
    0,
    "Runs with several kernels (relaxed-simd, simd): the last bits of their rows differ\n",
  ]);
});

Deno.test("the rows do not depend on the number of workers, on shards or on earlier runs", async () => {
  const [one, four, shards, grown] = [newFolder(), newFolder(), newFolder(), newFolder()];
  await runToy(one, "--workers", "1");
  await runToy(four, "--workers", "4");
  for (const shard of ["0/3", "1/3", "2/3"]) await runToy(shards, "--shard", shard);
  const merge = await runToy(shards, "--merge");
  await runToy(grown, "--n", "40");
  await runToy(grown);
  assert.equal(merge.code, 0, merge.stderr);
  assert.deepEqual(filesIn(four), filesIn(one));
  assert.deepEqual(filesIn(shards), filesIn(one));
  assert.deepEqual(filesIn(grown), filesIn(one));
});

Deno.test("merging too early tells what is missing; merging again goes on", async () => {
  const folder = newFolder();
  assertRefused(await runToy(folder, "--merge"), /--merge must find part files .* got none/);
  await runToy(folder, "--shard", "1/2");
  const early = await runToy(folder, "--merge");
  assert.equal(early.code, 1);
  assert.match(early.stderr, /2 of 4 cells are not there yet/);
  assert.match(early.stderr, /^Part 0 of 2 \(--shard 0\/2\) is missing$/m);
  await runToy(folder, "--shard", "0/2");
  assert.equal((await runToy(folder, "--merge")).code, 0);
  const merged = filesIn(folder);
  assert.equal((await runToy(folder, "--merge")).code, 0);
  assert.deepEqual(filesIn(folder), merged);
});

Deno.test("what is there is not computed again, unless --fresh starts over", async () => {
  const folder = newFolder();
  await runToy(folder, "--n", "20");
  const second = await runToy(folder);
  assert.match(second.stderr, /2 of 4 cells are known from earlier runs/);
  assert.match(second.stderr, /2\/2 cells/);
  assert.equal(cellsIn(folder).length, 4);
  assert.match((await runToy(folder, "--fresh", "--n", "20")).stderr, /2\/2 cells/);
  assert.deepEqual(cellsIn(folder), ["20/0", "20/1"]);
});

Deno.test("a run killed again and again, in the middle of a save, ends with the files of a whole one", async () => {
  const [whole, killed] = [newFolder(), newFolder()];
  const grid = (
    latents: string,
    count: number,
  ) => ["--n", latents, "--seeds", Array.from({ length: count }, (_, seed) => seed).join()];
  let saved = 0;
  for (const saves of [1, 2, 3]) {
    // Four new cells of 40 latents first, then cells that hang: no run ends by itself, however
    // late the kill comes, and none reaches the cells of 20
    const args = [...grid("20,23,40", 4 * saves), "--workers", "2"];
    using watcher = Deno.watchFs(killed);
    const child = start(killed, args);
    const ended = end(child);
    await saveBegins(watcher, saves);
    child.kill("SIGKILL");
    assert.notEqual((await ended).code, 0);
    const rows = readRows(join(killed, "exp_toy.json"))?.length ?? 0;
    assert(rows >= saved, "a kill lost rows");
    saved = rows;
  }
  assert(saved > 0, "nothing was saved before the last kill");
  await runToy(whole, ...grid("20,40", 12));
  const last = await runToy(killed, ...grid("20,40", 12));
  assert.equal(last.code, 0, last.stderr);
  assert.deepEqual(filesIn(killed), filesIn(whole));
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`${signal} ends a run, even in a cell that hangs or when it comes again`, async () => {
    const folder = newFolder();
    const child = start(folder, ["--n", "23,50", "--seeds", "0", "--workers", "2"]);
    const ended = end(child);
    await cellSaved(folder);
    child.kill(signal);
    const again = setInterval(() => {
      try {
        child.kill(signal);
      } catch { /* it has ended */ }
    }, 2);
    // a run that goes on waits for the cell for ever: give it up, with another exit code
    const guard = setTimeout(() => child.kill("SIGKILL"), 60_000);
    const { code, stderr } = await ended.finally(() => {
      clearInterval(again);
      clearTimeout(guard);
    });
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`interrupted by ${signal}. 1 of 2 cells are saved`));
    assert.deepEqual(cellsIn(folder), ["50/0"]);
    assert.deepEqual(
      [...Deno.readDirSync(folder)].filter(({ name }) => name.endsWith(".tmp")),
      [],
    );
  });
}

Deno.test("a cell to be split has all workers' threads, the others have one each", async () => {
  const folder = newFolder();
  const { code, stderr } = await runToy(
    ...[folder, "--n", "31,50", "--seeds", "0,1", "--workers", "3"] as const,
  );
  assert.equal(code, 0, stderr);
  const rows = readRows(join(folder, "exp_toy.json"))!.filter(({ method }) => method === "b");
  assert.deepEqual(rows.map(({ mcc_iid }) => mcc_iid), [3, 3, Math.sin(50), Math.sin(51)]);
});

Deno.test("what several workers have to tell is told once", async () => {
  const folder = newFolder();
  const grid = ["--n", "37", "--seeds", "0,1,2,3", "--workers", "2", "--quiet"];
  assert.equal((await runToy(folder, ...grid)).stderr.trim(), "the cache is\\tfull");
});

Deno.test("--max-seconds saves and ends with an exit code of its own", async () => {
  const folder = newFolder();
  const { code, stderr } = await runToy(folder, "--n", "23,50", "--max-seconds", "0.6");
  assert.equal(code, 3);
  // a slow machine may reach neither of the two cells that end
  const [, saved] = stderr.match(/--max-seconds 0\.6 are over\. ([0-2]) of 4 cells are saved/)!;
  assert.equal(cellsIn(folder).length, Number(saved));
});

Deno.test("two runs at once on the same files lose no rows of each other", async () => {
  const folder = newFolder();
  const both = await Promise.all([
    runToy(folder, "--seeds", "0,1,2,3,4,5,6,7", "--workers", "2"),
    runToy(folder, "--seeds", "6,7,8,9,10,11,12", "--workers", "2"),
  ]);
  for (const { code, stderr } of both) assert.equal(code, 0, stderr);
  assert.equal(cellsIn(folder).length, 26);
  const alone = newFolder();
  await runToy(alone, "--seeds", "0,1,2,3,4,5,6,7,8,9,10,11,12");
  assert.deepEqual(filesIn(folder), filesIn(alone));
});

Deno.test("a cell that fails, yields NaN or kills its worker is reported; the rest goes on", async () => {
  const folder = newFolder();
  const grid = ["--n", "13,17,19,29,40", "--seeds", "0", "--workers", "1"];
  const { code, stderr, stdout } = await runToy(folder, ...grid);
  assert.equal(code, 1);
  assert.deepEqual(cellsIn(folder), ["40/0"]);
  assert.match(stdout, /^40 +b/m);
  assert.match(stderr, /^Failed: num_latents 13, k 5, seed 0: thirteen is unlucky$/m);
  assert.match(stderr, /^Failed: num_latents 17, k 5, seed 0: its worker ended itself$/m);
  assert.match(
    stderr,
    /^Failed: num_latents 19, k 5, seed 0: its worker died: .*out of the blue$/m,
  );
  assert.match(stderr, /^Failed: num_latents 29, k 5, seed 0: .*mcc_iid must be finite, got NaN$/m);

  const again = await runToy(folder, ...grid);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /5 of 5 cells are known/);
  assert.match(again.stderr, /4 of 5 cells failed; --retry-failed/);
  const retried = await runToy(folder, "--n", "13,40", "--seeds", "0", "--retry-failed");
  assert.match(retried.stderr, /1\/1 cells.*failed: thirteen is unlucky/);
});

Deno.test("--fresh replaces nothing when every cell fails", async () => {
  const folder = newFolder();
  await runToy(folder);
  const before = filesIn(folder);
  const { code, stderr } = await runToy(folder, "--fresh", "--n", "13");
  assert.equal(code, 1);
  assert.match(stderr, /2 of 2 cells failed/);
  assert.deepEqual(filesIn(folder), before);
});

Deno.test("a truncated or foreign file, or one of other options, is refused and left as it is", async () => {
  const folder = newFolder();
  await runToy(folder);
  const path = join(folder, "exp_toy.json");
  const whole = Deno.readTextFileSync(path);
  for (const text of [whole.slice(0, 100), '{"not": "rows"}', '[{"num_latents": 3}]']) {
    Deno.writeTextFileSync(path, text);
    assertRefused(await runToy(folder, "--n", "80"), /exp_toy\.json: .*--fresh starts over/);
    assert.equal(Deno.readTextFileSync(path), text);
  }
  Deno.writeTextFileSync(path, whole);
  assertRefused(await runToy(folder, "--lambda", "0.2"), /exp_toy\.json.* lambda 0\.2, got 0\.1/);
  assert.equal(Deno.readTextFileSync(path), whole);

  const { code } = await runToy(folder, "--lambda", "0.2", "--suffix", "b");
  assert.equal(code, 0);
  assert.equal(Deno.readTextFileSync(path), whole);
  assert.equal(readRows(join(folder, "exp_toy_b.json"))!.length, 8);
  assert(Deno.statSync(join(folder, "figures", "toy_mcc_b.svg")).isFile);
});

Deno.test("a folder that cannot be written is refused before any work", async () => {
  const folder = newFolder();
  Deno.writeTextFileSync(join(folder, "file"), "");
  const below = join(folder, "file", "below");
  assertRefused(
    await end(start(below, [], { writable: folder })),
    /--out must be a folder to write to, got ".*below"/,
  );
  assertRefused(
    await end(start(folder, [], { figures: below })),
    /--figures must be a folder to write to, got ".*below"/,
  );
  assertRefused(
    await end(start(folder, [], { writable: below })),
    /--out must be a folder to write to, .* Permit it: deno run --allow-read=\S+ --allow-write=\S+ tests\//,
  );
  assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["file"]);
});

Deno.test("bad flags and impossible grids are refused before any work", async () => {
  const folder = newFolder();
  assertRefused(await runToy(folder, "--foo"), /^Cannot run exp:toy: it has no flag --foo/);
  assertRefused(await runToy(folder, "--n", "40,5"), /--n must be above the 5 active .* got 5$/m);
  assertRefused(await runToy(folder, "--n", ","), /--n must be/);
  assertRefused(await runToy(folder, "--lambda", "NaN"), /--lambda must be .* got "NaN"/);
  assertRefused(await runToy(folder, "--only", "0,4"), /--only must list .* 0 to 3, got 4/);
  assert.deepEqual([...Deno.readDirSync(folder)], []);
});

Deno.test("--help and --list compute nothing, --only computes what it names", async () => {
  const folder = newFolder();
  assert.match((await runToy(folder, "--help")).stdout, /^Usage: deno task exp:toy/);
  const { stdout } = await runToy(folder, "--list");
  assert.match(
    stdout,
    /^index +num_latents +k +seed +cost +hours +known\n0 +20 +5 +0 +20\.0 +0\.006$/m,
  );
  // 120 seconds
  assert.match(stdout, /^4 cells, 0\.03 hours of one core; 0 cells known, 0\.03 hours left$/m);
  assert.deepEqual([...Deno.readDirSync(folder)], []);
  await runToy(folder, "--only", "3,0", "--quiet", "--no-figures");
  assert.deepEqual(cellsIn(folder), ["20/0", "40/1"]);
  assert.throws(() => Deno.statSync(join(folder, "figures")), Deno.errors.NotFound);
});

Deno.test("--list marks cells over two hours on two cores, as threads share them", () => {
  const cell = (seed: number, hours: number, threaded = false) => ({
    ...{ key: { seed }, cost: 3600 * hours, threaded },
  });
  const listing = listCells(
    [cell(0, 1.9), cell(1, 2.1), cell(2, 3.9, true), cell(3, 4.1, true)],
    [],
  );
  assert.deepEqual(listing.cells.map(({ long }) => long), [false, true, false, true]);
  const text = listingText(listing);
  assert.match(text, /^1 +1 +7\.56e\+3 +2\.1 +long$/m);
  assert.match(
    text,
    /\n2 cells are long: more than 2 hours each on two cores, 6\.2 hours of one core/,
  );
});

Deno.test("the hours of --list follow the cells that are known, but for files that cannot be used", async () => {
  const folder = newFolder();
  await runToy(folder, "--n", "20", "--epochs", "40");
  const { stdout } = await runToy(folder, "--list", "--json", "--epochs", "40");
  const { experiment, cells, hours, hoursLeft } = JSON.parse(stdout);
  assert.equal(experiment, "exp_toy");
  assert.deepEqual(cells.map(({ known }: { known: boolean }) => known), [true, true, false, false]);
  assert.deepEqual(cells[3].key, { num_latents: 40, k: 5, seed: 1 });
  const sum = (list: { hours: number }[]) => list.reduce((total, cell) => total + cell.hours, 0);
  // sums of four numbers of one size
  assert(Math.abs(sum(cells) - hours) < 1e-12 * hours);
  assert(Math.abs(sum(cells.slice(2)) - hoursLeft) < 1e-12 * hours);
  // cells of twice the cost take twice the time of the known ones, far from the 40 s of a cost in seconds
  assert(Math.abs(hoursLeft - 2 * (hours - hoursLeft)) < 1e-12 * hours);
  const other = await runToy(folder, "--list", "--epochs", "40", "--lambda", "0.2");
  assert.equal(other.code, 0);
  assert.match(other.stderr, /exp_toy\.json.* lambda 0\.2, got 0\.1/);
  assert.match(other.stdout, /0 cells known/);
});

Deno.test("--json prints the summary as data, and nothing else on stdout", async () => {
  const folder = newFolder();
  const { code, stdout } = await runToy(folder, "--json", "--n", "13,20");
  assert.equal(code, 1);
  const { experiment, cells, failed, summary, files } = JSON.parse(stdout);
  assert.equal(experiment, "exp_toy");
  assert.deepEqual(cells, { all: 4, done: 2 });
  assert.deepEqual(failed[0], {
    key: { num_latents: 13, k: 5, seed: 0 },
    message: "thirteen is unlucky",
  });
  assert.equal(summary.length, 2);
  const { mcc_iid, ...line } = summary[0];
  assert.deepEqual(line, { num_latents: 20, k: 5, method: "b" });
  assert.equal(mcc_iid.count, 2);
  // a sum of two, halved
  assert(Math.abs(mcc_iid.mean - (Math.sin(20) + Math.sin(21)) / 2) < 1e-15);
  assert(files.includes(join(folder, "exp_toy.json")));
});

Deno.test("--quiet leaves stderr empty", async () => {
  assert.equal((await runToy(newFolder(), "--quiet")).stderr, "");
});

Deno.test("keys are ordered column by column, numbers by size", () => {
  const keys = [{ n: 100, seed: 0 }, { n: 50, seed: 10 }, { n: 50, seed: 9 }];
  assert.deepEqual(keys.sort(compareKeys), [
    { n: 50, seed: 9 },
    { n: 50, seed: 10 },
    { n: 100, seed: 0 },
  ]);
});

Deno.test("cells are scheduled costliest first, equal ones in grid order", () => {
  const cells = [2, 5, 2, 9].map((cost) => ({ key: {}, cost }));
  assert.deepEqual(largestFirst(cells), [3, 1, 0, 2]);
});

Deno.test("shards share out all cells once, at nearly equal cost", () => {
  const cells = Array.from({ length: 50 }, (_, i) => ({ key: { i }, cost: 1 + (i * 7) % 13 }));
  const shards = balancedShards(cells, 4);
  assert.deepEqual(shards.flat().sort((a, b) => a - b), cells.map((_, i) => i));
  const costs = shards.map((shard) => shard.reduce((sum, i) => sum + cells[i].cost, 0));
  // the greedy rule leaves two parts at most one cell apart
  assert(Math.max(...costs) - Math.min(...costs) <= 13, `costs ${costs}`);
  assert.deepEqual(balancedShards(cells.slice(0, 1), 3), [[0], [], []]);
});

Deno.test("the summary shows key columns that vary, and no deviation for a single seed", () => {
  const rows: Row[] = [
    { mcc: 1, method: "a", num_latents: 50, k: 3, seed: 0 },
    { mcc: 2, method: "a", num_latents: 50, k: 3, seed: 1 },
    { mcc: 5, method: "a", num_latents: 60, k: 3, seed: 0 },
    { auc: 5, method: "b", num_latents: 60, k: 3, seed: 0 },
  ];
  const key = { num_latents: 50, k: 3, seed: 0 };
  assert.equal(
    summaryTable(rows, key, { by: ["method"], metrics: ["mcc"] }),
    [
      "num_latents  method  mcc",
      "50           a       1.500 ± 0.500",
      "60           a       5.000",
      "60           b",
    ].join("\n"),
  );
});

Deno.test("only as many cells run at once as fit in the memory together", () => {
  const cells = [{ memory: 5 }, { memory: 3 }, {}, { memory: 3 }].map((cell, i) => ({
    key: { i },
    cost: 1,
    ...cell,
  }));
  assert.equal(fittingWorkers(cells, 4, 11), 4);
  assert.equal(fittingWorkers(cells, 4, 10), 2);
  assert.equal(fittingWorkers(cells, 4, 5), 1);
  assert.equal(fittingWorkers(cells, 4, 4), 0);
  assert.equal(fittingWorkers(cells, 1, 5), 1);
  assert.equal(fittingWorkers([], 3, 1), 3);
  // one that is split is alone
  const split = [{ key: {}, cost: 1, memory: 5, threaded: true }];
  assert.equal(fittingWorkers([...cells, ...split], 4, 11), 4);
  assert.equal(fittingWorkers([...cells, ...split], 4, 4), 0);
});
