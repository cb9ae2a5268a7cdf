/** `deno task learn`: the library's dictionary on files of one's own, and what is left after Ctrl-C. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { withFlags } from "../commands/activations.ts";
import { generateDatasets } from "../lib/data.ts";
import { type Matrix32, toFloat32 } from "../lib/matrix.ts";
import { readCsr, readMatrix, writeNpy } from "../lib/matrix_file.ts";
import { matchColumns } from "../lib/metrics.ts";
import { pathDictionary } from "../lib/path_dictionary.ts";
import { RandomState } from "../lib/random.ts";
import { decodeSafetensors } from "../lib/safetensors.ts";
import { freshFolder, killAfterEvents, runDeno } from "./result_files.ts";

const folder = freshFolder("learn-");
const at = (name: string) => join(folder, name);
const { val, A } = generateDatasets({ seed: 0, numLatents: 30, k: 3, nSamples: 3000 });
const X = toFloat32(val.Y), half = { rows: X.rows >> 1, cols: X.cols };
writeNpy(at("a.npy"), { ...half, data: X.data.subarray(0, half.rows * X.cols) });
writeNpy(at("b.npy"), {
  ...{ rows: X.rows - half.rows, cols: X.cols },
  data: X.data.subarray(half.rows * X.cols),
});
const DATA = ["--data", `${at("a.npy")},${at("b.npy")}`, "--quiet"];

const LINE = [
  ...["run", "--quiet", "--no-prompt", "--ignore-env", "--allow-read=.", "--allow-write=.tmp"],
  "commands/learn.ts",
];
const learn = (...args: string[]) => runDeno(...LINE, ...args);

/** A matrix without its columns' means, and these. */
function centred({ rows, cols, data }: Matrix32): { X: Matrix32; mean: Float32Array } {
  const sums = new Float64Array(cols);
  data.forEach((value, p) => sums[p % cols] += value);
  const mean = Float32Array.from(sums, (sum) => sum / rows);
  return { X: { rows, cols, data: data.map((value, p) => value - mean[p % cols]) }, mean };
}

Deno.test("dictionary, codes and history are those of the library, and the true atoms", async () => {
  const out = at("plain");
  const { code, stdout, stderr } = await learn(
    ...[...DATA, "--center", "none", "--at-most", "45", "--out", out, "--json"],
  );
  assert.deepEqual([code, stderr], [0, ""]);
  const expected = pathDictionary(X, { numLatents: "auto", atMost: 45, seed: 0 });
  const dictionary = readMatrix(join(out, "dictionary.npy"));
  assert.deepEqual(dictionary, expected.dictionary);
  assert.deepEqual(readCsr(join(out, "codes.npz")), expected.codes);
  assert(matchColumns(dictionary, A).meanCosine > 0.99);

  const summary = JSON.parse(stdout),
    history = JSON.parse(
      Deno.readTextFileSync(join(out, "history.json")),
    );
  assert.equal(history.length, expected.history.length);
  assert.equal(history.at(-1).mean_square, expected.history.at(-1)!.meanSquare);
  assert.deepEqual([summary.atoms, summary.learnedFrom, summary.finished], [30, X.rows, true]);
  assert.deepEqual(summary.signals.doubts, []);
  assert(summary.signals.explained > 0.99 && summary.signals.leastMargin > 0.5);
  for (const path of summary.written) assert(Deno.statSync(path).size > 0, path);
  assert.throws(() => Deno.statSync(join(out, "mean.npy")), Deno.errors.NotFound);
});

Deno.test("the mean is taken off and saved, and rows are drawn by the seed", async () => {
  const out = at("drawn");
  const { code, stdout, stderr } = await learn(
    ...[
      ...DATA,
      "--latents",
      "20",
      "--rows",
      "900",
      "--seed",
      "3",
      "--rounds",
      "9",
      "--polish",
      "2",
    ],
    ...["--signed", "--format", "safetensors", "--out", out, "--json"],
  );
  assert.deepEqual([code, stderr], [0, ""]);
  const chosen = new RandomState(3).permutation(X.rows).slice(0, 900).sort();
  const drawn = new Float32Array(900 * X.cols);
  chosen.forEach((row, i) =>
    drawn.set(X.data.subarray(row * X.cols, (row + 1) * X.cols), i * X.cols)
  );
  const { X: own, mean } = centred({ rows: 900, cols: X.cols, data: drawn });
  const expected = pathDictionary(own, {
    ...{ numLatents: 20, seed: 3, rounds: 9, polish: 2, nonneg: false },
  });
  const path = join(out, "dictionary.safetensors");
  const { tensors } = decodeSafetensors(Deno.readFileSync(path), path);
  assert.deepEqual(tensors.dictionary, {
    shape: [X.cols, 20],
    data: expected.dictionary.data,
  });
  assert.deepEqual(tensors.mean.data, mean);
  assert.deepEqual(readCsr(join(out, "codes.npz")), expected.codes);
  assert.deepEqual([...readMatrix(join(out, "rows.npy")).data], [...chosen]);
  assert.equal(JSON.parse(stdout).learnedFrom, 900);
});

Deno.test("signs of failure are told: atoms of a single row", async () => {
  const random = at("random.npy");
  const data = Float32Array.from(new RandomState(5).normal(0, 1, 60 * 8));
  writeNpy(random, { rows: 60, cols: 8, data });
  const { code, stdout } = await learn(
    ...["--data", random, "--latents", "50", "--out", at("random"), "--quiet"],
  );
  assert.equal(code, 0);
  assert.match(stdout, /^Doubt: \d+ % of the atoms stand for a single row: they were not found/m);
});

Deno.test("atoms that are hardly needed are told of with the flag that may be given", async () => {
  const quick = [...DATA, "--rounds", "9", "--polish", "2", "--out", at("needless")];
  const flags: [given: string[], advised: string][] = [
    [["--latents", "60"], "--latents"],
    [["--at-most", "90", "--rows", "90"], "--at-most"],
    [["--start", at("wide.npy"), "--rows", "45"], "--start"],
  ];
  const wide = new RandomState(8).normal(0, 1, 90 * X.cols);
  writeNpy(at("wide.npy"), { rows: X.cols, cols: 90, data: wide });
  for (const [given, advised] of flags) {
    const { code, stdout } = await learn(...quick, ...given);
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`^Doubt: .* (try another|give fewer with) ${advised}\\b`, "m"));
  }
});

Deno.test("options in a message of the library become flags, words and paths stay", () => {
  const flags = { lambdaStart: {}, data: {}, rows: {}, rounds: {}, latents: {} } as never;
  const names = { numLatents: "latents" };
  const cases = [
    ["rounds must be 1", "--rounds must be 1"],
    ["X.rows must be below rows = 3", "--data.rows must be below --rows = 3"],
    [
      "it must have 3 rows with numLatents 4, got X",
      "it must have 3 rows with --latents 4, got --data",
    ],
    ["Cannot write a/lambdaStart/b: full", "Cannot write a/lambdaStart/b: full"],
    ["Cannot write lambdaStart.npy: full", "Cannot write lambdaStart.npy: full"],
    ["constructor must be lambdaStart", "constructor must be --lambda-start"],
  ];
  for (const [message, expected] of cases) assert.equal(withFlags(message, flags, names), expected);
});

Deno.test("a search that is too fast is told of, and followed by slower ones if wanted", async () => {
  const hard = generateDatasets({ seed: 0, numLatents: 200, k: 8, nSamples: 2000 });
  const data = at("hard.npy"), rounds = ["--rounds", "10"];
  writeNpy(data, toFloat32(hard.val.Y));
  const line = ["--data", data, "--center", "none", "--latents", "200", "--quiet", ...rounds];
  const found = (out: string) => {
    const { cosines } = matchColumns(readMatrix(join(out, "dictionary.npy")), hard.A);
    return cosines.filter((cosine) => cosine > 0.9).length;
  };
  const fast = await learn(...line, "--out", at("fast"));
  assert.match(
    fast.stdout,
    /^Doubt: \d+ codes of a row are more than 52 columns bear \(10\): .*more --searches/m,
  );
  assert(found(at("fast")) < 150);
  const slower = await learn(...line, "--searches", "4", "--out", at("slower"));
  assert.deepEqual([slower.code, slower.stderr], [0, ""]);
  assert.doesNotMatch(slower.stdout, /Doubt/);
  assert.equal(found(at("slower")), 200);
});

/** The files that a learning leaves, but for the summary with its seconds. */
function filesOf(out: string): Record<string, Uint8Array> {
  const names = [...Deno.readDirSync(out)].map(({ name }) => name).toSorted();
  assert(!names.includes("learning.safetensors"), "the state is left");
  // hidden ones: the lock, and what a kill has left of a write
  const whole = names.filter((name) => name !== "summary.json" && !name.startsWith("."));
  return Object.fromEntries(whole.map((name) => [name, Deno.readFileSync(join(out, name))]));
}

Deno.test("of an earlier learning in the folder nothing is left but what is read, nor what is nobody's taken", async () => {
  const out = at("again"), quick = ["--rounds", "3", "--polish", "1", "--out", out];
  const names = () =>
    [...Deno.readDirSync(out)].map(({ name }) => name).filter((name) => name !== ".lock")
      .toSorted();
  const always = ["history.json", "history.svg", "summary.json"];
  Deno.mkdirSync(out);
  Deno.writeTextFileSync(join(out, "mine.npy"), "");
  assert.equal((await learn(...DATA, "--latents", "9", "--rows", "300", ...quick)).code, 0);
  const first = ["codes.npz", "dictionary.npy", "mean.npy", "mine.npy", "rows.npy", ...always];
  assert.deepEqual(names(), first.toSorted());
  // it starts from the dictionary that was there, and ends early: without codes
  const line = [...DATA, "--start", join(out, "dictionary.npy"), "--latents", "9", "--center"];
  const last = ["none", "--format", "safetensors", "--max-seconds", "0.4", ...quick.slice(2)];
  const { code, stderr } = await learn(...line, ...last, "--rounds", "100000");
  assert.equal(code, 3, stderr);
  const second = [
    ...["dictionary.npy", "dictionary.safetensors", "learning.safetensors", "mine.npy"],
    ...always,
  ];
  assert.deepEqual(names(), second.toSorted());
});

/** Some seconds of learning, with other values of some flags. */
const long = (flags: Record<string, string> = {}) => [
  ...DATA,
  ...Object.entries({ latents: "30", rounds: "2500", polish: "200", seed: "4", ...flags })
    .flatMap(([name, value]) => [`--${name}`, value]),
];

Deno.test("a learning that is killed goes on by the same command, and ends with the same bits", async () => {
  const whole = at("whole"), killed = at("killed"), state = join(killed, "learning.safetensors");
  Deno.mkdirSync(killed);
  const undisturbed = learn(...long(), "--out", whole);
  const rounds: number[] = [];
  // how many events a save makes, and which saves are in time, depends on the machine
  for (let events = 3; rounds.length < 2 && events < 40; events += 4) {
    const args = [...LINE, ...long(), "--out", killed];
    if (!await killAfterEvents(killed, events, args)) continue;
    // killed before the first save, between two, or within one: the state is whole or none
    try {
      const path = Deno.readFileSync(state);
      const { metadata } = decodeSafetensors(path, state);
      rounds.push(JSON.parse(metadata.progress).history.length);
    } catch (error) {
      assert(error instanceof Deno.errors.NotFound, String(error));
    }
  }
  assert(
    rounds.length > 1 && rounds.every((round, i) => round >= (rounds[i - 1] ?? 1)),
    `${rounds}`,
  );
  const last = await learn(...long().filter((flag) => flag !== "--quiet"), "--out", killed);
  assert.equal(last.code, 0);
  assert.match(last.stderr, /^Goes on after round \d+$/m);
  assert.equal((await undisturbed).code, 0);
  assert.deepEqual(filesOf(killed), filesOf(whole));
});

Deno.test("after an end by time or Ctrl-C the dictionary is there, and the same command goes on to the same bits", async () => {
  const out = at("ended"), args = [...long(), "--out", out, "--json"];
  const timed = await learn(...args, "--max-seconds", "0.4");
  assert.equal(timed.code, 3, timed.stderr);
  assert.match(
    timed.stderr,
    /^Ended early: --max-seconds 0\.4 are over\. The dictionary is saved as it is now, and the same/,
  );
  const { atoms, finished } = JSON.parse(timed.stdout);
  const { rows, cols } = readMatrix(join(out, "dictionary.npy"));
  assert.deepEqual([rows, cols, finished], [X.cols, atoms, false]);
  assert.throws(() => Deno.statSync(join(out, "codes.npz")), Deno.errors.NotFound);

  const spawned = new Deno.Command("deno", {
    args: [...LINE, ...args],
    ...{ stdout: "piped", stderr: "piped" },
  });
  using watcher = Deno.watchFs(out);
  const child = spawned.spawn();
  for await (const { paths } of watcher) if (paths.some((path) => /learning/.test(path))) break;
  const second = await learn(...args);
  assert.deepEqual([second.code, second.stdout], [2, ""]);
  assert.match(second.stderr, /--out must be written by one process, got ".*ended" of another$/);
  child.kill("SIGINT");
  const { code, stderr } = await child.output();
  assert.equal(code, 1, new TextDecoder().decode(stderr));
  assert.match(new TextDecoder().decode(stderr), /^Ended early: interrupted by SIGINT\./);
  assert.equal((await learn(...args)).code, 0);
  assert.deepEqual(filesOf(out), filesOf(at("whole")));
});

Deno.test("a state that is damaged, or of another learning, is refused by name and left alone", async () => {
  const out = at("states"), state = join(out, "learning.safetensors");
  assert.equal((await learn(...long(), "--out", out, "--max-seconds", "0.3")).code, 3);
  const bytes = Deno.readFileSync(state);
  const refused = async (message: RegExp, flags: Record<string, string> = {}) => {
    const before = Deno.readFileSync(state);
    const { code, stdout, stderr } = await learn(...long(flags), "--out", out);
    assert.deepEqual([code, stdout], [2, ""], stderr);
    assert.match(stderr, message);
    assert.match(
      stderr,
      /^Cannot go on from .*learning\.safetensors: [^\n]*; --restart begins anew, /,
    );
    assert.deepEqual(Deno.readFileSync(state), before);
  };
  await refused(/its seed is 4, that of this learning 5/, { seed: "5" });
  await refused(/its rounds is 2500, that of this learning 9/, { rounds: "9" });
  await refused(/its digest of X is /, { center: "none" });
  await refused(/its number of samples is 1500, that of this learning 700/, { rows: "700" });
  const damaged = [
    bytes.subarray(0, bytes.length - 5),
    bytes.with(bytes.length - 50, bytes.at(-50)! ^ 4),
    new Uint8Array(0),
  ];
  for (const one of damaged) {
    Deno.writeFileSync(state, one);
    await refused(/as safetensors: |its checksum must be that of its content/);
  }
  const anew = await learn(...long({ rounds: "3", polish: "1" }), "--out", out, "--restart");
  assert.deepEqual([anew.code, anew.stderr], [0, ""]);
  filesOf(out);
});

Deno.test("bad input is refused in one line that names it", async () => {
  writeNpy(at("D.npy"), { rows: 3, cols: 2, data: new Float32Array(6).fill(1) });
  writeNpy(at("narrow.npy"), { rows: X.cols, cols: 2, data: X.data.slice(0, 2 * X.cols) });
  writeNpy(at("zeros.npy"), { rows: 30, cols: 2, data: new Float32Array(60) });
  writeNpy(at("same.npy"), { rows: 30, cols: 2, data: new Float32Array(60).fill(1) });
  const out = ["--out", at("refused")];
  const cases: [args: string[], message: RegExp][] = [
    [[...DATA, "--latents", "0"], /--latents must be an integer of at least 1, or auto, got "0"/],
    [[...DATA, "--latents", "5", "--at-most", "9"], /--at-most must go with --latents auto, got/],
    [
      [...DATA, "--start", at("D.npy")],
      /--start must have the \d+ columns of --data as rows, got 3 × 2/,
    ],
    [
      [...DATA, "--lambda-start", "1", "--lambda-end", "2"],
      /--lambda-end must be at most --lambda-start = 1, got 2/,
    ],
    [
      [...DATA, "--searches", "2", "--polish", "0"],
      /--polish must be at least 1 with --searches = 2, got 0/,
    ],
    [
      [...DATA, "--latents", "5", "--start", at("narrow.npy")],
      /--start must have at least --latents = 5 columns, got 2/,
    ],
    [
      ["--data", at("same.npy"), "--quiet"],
      /--data must have rows that differ where --center takes their mean off, got 30 × the same/,
    ],
    [["--data", at("zeros.npy"), "--quiet"], /--data must have an entry that is not 0/],
    [["--data", at("none.npy")], /--data must be readable/],
  ];
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = await learn(...args, ...out);
    assert.deepEqual([code, stdout], [2, ""], `${args}: ${stderr}`);
    assert.match(stderr, message);
    assert.equal(stderr.split("\n").length, 1, stderr);
  }
});
