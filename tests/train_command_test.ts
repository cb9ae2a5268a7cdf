/** `deno task train`: every variant on files of one's own, resumed with the same bits, refused by name. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { withoutScale } from "../lib/cores/sae_fold.ts";
import { OWN_WEIGHTS } from "../lib/open_sae/own.ts";
import type { Matrix32 } from "../lib/matrix.ts";
import { readMatrix, writeNpy, writeSafetensors } from "../lib/matrix_file.ts";
import { openSae } from "../lib/open_sae.ts";
import type { Row } from "../lib/results.ts";
import { RandomState } from "../lib/random.ts";
import { loadSae } from "../lib/sae_file.ts";
import { Sae, SAE_TYPES, type SaeType } from "../lib/saes.ts";
import { trainSaeStream } from "../lib/train_sae_stream.ts";
import { openMatrix } from "../lib/matrix_stream.ts";
import { writeLargeNpy } from "./large_npy.ts";
import { freshFolder, killAfterEvents, link, runDeno } from "./result_files.ts";

const folder = freshFolder("train-");
const [COLS, WIDTH] = [6, 9];

/** Sparse mixtures of few directions, off the origin, as activations are. */
function activations(seed: number, rows: number): Matrix32 {
  const random = new RandomState(seed), atoms = new RandomState(0).normal(0, 1, 8 * COLS);
  const data = new Float32Array(rows * COLS).fill(2);
  for (let i = 0; i < rows; i++) {
    const [a, b] = random.permutation(8), [u, v] = random.random(2);
    for (let j = 0; j < COLS; j++) {
      data[i * COLS + j] += 3 * u * atoms[a * COLS + j] + 3 * v * atoms[b * COLS + j];
    }
  }
  return { rows, cols: COLS, data };
}

const shards = [join(folder, "part-2.npy"), join(folder, "part-10.npy")];
writeNpy(shards[0], activations(1, 150));
writeNpy(shards[1], activations(2, 90));
const DATA = shards.join();
const SMALL = ["--data", DATA, "--width", `${WIDTH}`, "--kval", "2", "--batch-size", "16"];

/** The command's line for its task, which may write below .tmp only. */
const LINE = [
  ...["run", "--quiet", "--no-prompt", "--ignore-env", "--allow-read=.", "--allow-write=.tmp"],
  "commands/train.ts",
];
const train = (...args: string[]) => runDeno(...LINE, ...args);
const bytesOf = (out: string, name = OWN_WEIGHTS) => Deno.readFileSync(join(out, name));

Deno.test("the scale of the samples goes into the weights, for every type", () => {
  const X = activations(3, 40), factor = 0.3;
  const scaled = { ...X, data: X.data.map((value) => value * factor) };
  for (const type of SAE_TYPES) {
    for (const decoderNorms of [false, true]) {
      const start = Sae.initialize({
        ...{ type, kval: 2, decoderNorms, residualThreshold: 0.5, inputDim: COLS, width: WIDTH },
        seed: 4,
      });
      const { parameters } = start;
      if (parameters.threshold) parameters.threshold[0] = 0.4;
      parameters.decoderBias.fill(0.25);
      const sae = withoutScale(start, factor);
      const [ours, theirs] = [sae.forward(X), start.forward(scaled)];
      const keepsNorms = type === "MP" || type === "pursuit";
      theirs.codes.data.forEach((code, p) => {
        const expected = keepsNorms ? code / factor : code;
        // float32 arithmetic on six dimensions, in another order of scalings
        const off = Math.abs(ours.codes.data[p] - expected);
        assert(off <= 1e-5 * (1 + Math.abs(expected)), `${type} ${p}: ${off}`);
      });
      theirs.reconstruction.data.forEach((value, p) => {
        const off = Math.abs(ours.reconstruction.data[p] - value / factor);
        assert(off <= 1e-5 * (1 + Math.abs(value / factor)), `${type} ${p}: ${off}`);
      });
      assert.equal(start.parameters.decoderBias[0], 0.25, "it stays as it is");
    }
  }
});

Deno.test("every type is trained on shards, and its folder opens with the scores that are told", async () => {
  const held = readMatrix(shards[1], { rows: [66, 90] });
  let energy = 0;
  for (let j = 0; j < COLS; j++) {
    let mean = 0;
    for (let i = 0; i < 24; i++) mean += held.data[i * COLS + j] / 24;
    for (let i = 0; i < 24; i++) energy += (held.data[i * COLS + j] - mean) ** 2;
  }
  await Promise.all(SAE_TYPES.map(async (type: SaeType) => {
    const out = join(folder, type);
    const { code, stdout, stderr } = await train(
      ...[...SMALL, "--type", type, "--out", out, "--steps", "30", "--json", "--quiet"],
    );
    assert.deepEqual([code, stderr], [0, ""], type);
    const summary = JSON.parse(stdout);
    assert.deepEqual([summary.rows, summary.heldOut, summary.stepsDone, summary.finished], [
      ...[240, 24, 30, true],
    ]);
    assert.equal(summary.last.step, 30);
    assert.deepEqual(summary.files, shards);
    for (const path of summary.written) assert(Deno.statSync(path).size > 0, path);
    const names = [...Deno.readDirSync(out)].map(({ name }) => name)
      .filter((name) => !name.startsWith("."));
    assert.deepEqual(summary.written.toSorted(), names.map((name) => join(out, name)).toSorted());
    assert.deepEqual(JSON.parse(Deno.readTextFileSync(join(out, "summary.json"))), summary);
    assert.match(Deno.readTextFileSync(join(out, "loss.svg")), /^<svg/);

    const sae = openSae(out);
    assert.equal(sae.format, "Start Coding");
    const { reconstruction } = sae.forward(held);
    const error = reconstruction.data.reduce((sum, y, p) => sum + (y - held.data[p]) ** 2, 0);
    // float32 arithmetic, once on scaled samples and once with the scale in the weights
    assert(Math.abs(error / 144 - summary.last.held_out_mse) < 1e-4 * error / 144, type);
    assert(Math.abs(1 - error / energy - summary.last.held_out_explained) < 1e-4, type);
    if (type === "MP") return;
    const theirs = openSae(join(out, "sae_weights.safetensors"));
    assert.equal(theirs.width, WIDTH);
  }));
});

Deno.test("the usage names every file that a training leaves", async () => {
  const { stdout } = await train("--help");
  for (
    const name of [
      ...[OWN_WEIGHTS, "history.json", "loss.svg", "summary.json"],
      ...["checkpoint.safetensors", "norm_factor.json"],
    ]
  ) assert(stdout.includes(name), name);
});

Deno.test("the weights are those of the library on the same stream", async () => {
  const out = join(folder, "library");
  const done = await train(
    ...[...SMALL, "--out", out, "--epochs", "3", "--normalize", "none", "--seed", "7", "--quiet"],
    ...["--lr", "0.01", "--warmup", "4", "--dead-after", "5", "--start-bias", "zero"],
    ...["--log-every", "14"],
  );
  assert.equal(done.code, 0, done.stderr);
  using file = openMatrix(shards);
  const { sae } = await trainSaeStream({
    train: {
      ...{ rows: 216, cols: COLS },
      batches: (epoch, batchSize) =>
        file.shuffled({ batchSize, seed: 7, end: 216, from: { epoch, batch: 0 } }),
    },
  }, {
    ...{ type: "topk", width: WIDTH, kval: 2, conventions: "saelens", seed: 7, epochs: 3 },
    ...{ lr: 0.01, schedule: { warmup: 4 }, deadAfter: 5, batchSize: 16 },
  });
  assert.deepEqual(loadSae(join(out, OWN_WEIGHTS)).sae, sae);
  const { last } = JSON.parse(Deno.readTextFileSync(join(out, "summary.json")));
  assert.deepEqual([last.step, last.samples], [42, 648]); // the last of a pass's 14 batches has 8 rows
});

Deno.test("a training that is killed goes on by the same command, and ends with the same bits", async () => {
  const args = (out: string) => [
    ...[...SMALL, "--out", out, "--steps", "4000", "--log-every", "500", "--quiet"],
    ...["--checkpoint-every", "30", "--type", "jumprelu", "--gamma", "0.01"],
  ];
  const whole = join(folder, "whole"), killed = join(folder, "killed");
  Deno.mkdirSync(killed);
  const undisturbed = train(...args(whole));
  let kills = 0;
  for (const events of [5, 40, 90, 160]) {
    if (await killAfterEvents(killed, events, [...LINE, ...args(killed)])) kills++;
  }
  assert(kills > 1, `only ${kills} were killed`);
  const last = await train(...args(killed));
  assert.deepEqual([last.code, last.stderr], [0, ""]);
  assert.equal((await undisturbed).code, 0);
  for (const name of ["history.json", "sae_weights.safetensors", "loss.svg"]) {
    assert.deepEqual(bytesOf(killed, name), bytesOf(whole, name), name);
  }
  assert.deepEqual(loadSae(join(killed, OWN_WEIGHTS)).sae, loadSae(join(whole, OWN_WEIGHTS)).sae);

  const other = await train(...args(killed), "--lr", "0.5");
  assert.equal(other.code, 2);
  assert.match(
    other.stderr,
    /^Cannot go on from .*: its lr is 0\.0003, that of this training 0\.5; --/,
  );
  const state = join(killed, "checkpoint.safetensors"), saved = Deno.readFileSync(state);
  for (
    const damaged of [
      saved.subarray(0, 3000),
      saved.with(saved.length - 9, 77),
      saved.subarray(0, 0),
    ]
  ) {
    Deno.writeFileSync(state, damaged);
    const { code, stdout, stderr } = await train(...args(killed));
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(
      stderr,
      /^Cannot [^\n]*checkpoint\.safetensors[^\n]*; --restart begins anew[^\n]*$/,
    );
  }
  const anew = await train(...args(killed), "--lr", "0.02", "--restart");
  assert.equal(anew.code, 0, anew.stderr);
});

Deno.test("an end by time or Ctrl-C leaves an autoencoder, and the same command goes on", async () => {
  const long = [...SMALL, "--steps", "400000", "--log-every", "200", "--lr", "0.001"];
  const out = join(folder, "ended");
  const timed = await train(...long, "--out", out, "--max-seconds", "1", "--json");
  assert.equal(timed.code, 3, timed.stderr);
  assert.match(timed.stderr, /Ended early: --max-seconds 1 are over\. The same command goes on/);
  const { stepsDone, finished } = JSON.parse(timed.stdout);
  assert(stepsDone < 400_000 && !finished);
  assert.equal(openSae(out).width, WIDTH);

  const child = new Deno.Command("deno", {
    args: [...LINE, ...long, "--out", out, "--json"],
    ...{ stdout: "piped", stderr: "piped" },
  }).spawn();
  using watcher = Deno.watchFs(out);
  let left = 40;
  for await (const { paths } of watcher) if ((left -= paths.length) <= 0) break;
  const second = await train(...long, "--out", out, "--restart");
  assert.deepEqual([second.code, second.stdout], [2, ""]);
  assert.match(second.stderr, /--out must be written by one process, got ".*ended" of another$/);
  child.kill("SIGINT");
  const interrupted = await child.output(), text = new TextDecoder();
  assert.equal(interrupted.code, 1, text.decode(interrupted.stderr));
  assert.match(text.decode(interrupted.stderr), /Ended early: interrupted by SIGINT/);
  assert(JSON.parse(text.decode(interrupted.stdout)).stepsDone > stepsDone);
});

Deno.test("the factor of one array of a file is not that of another", async () => {
  const data = join(folder, "two.safetensors"), out = join(folder, "of-two");
  const { rows, cols, data: a } = activations(4, 60), b = a.map((value) => 8 * value);
  writeSafetensors(data, {
    tensors: { a: { shape: [rows, cols], data: a }, b: { shape: [rows, cols], data: b } },
    metadata: {},
  });
  const factors: number[] = [];
  for (const key of ["a", "b"]) {
    const { code, stdout, stderr } = await train(
      ...["--data", data, "--key", key, "--width", "4", "--kval", "1", "--steps", "2"],
      ...["--out", out, "--restart", "--json", "--quiet"],
    );
    assert.equal(code, 0, stderr);
    factors.push(JSON.parse(stdout).normFactor);
  }
  assert.equal(factors[1], factors[0] / 8);
});

Deno.test("bad input is refused in one line that names it, before there is a folder", async () => {
  const narrow = join(folder, "narrow.npy"), bad = join(folder, "bad.npy");
  const out = join(folder, "refused"), empty = join(folder, "empty");
  Deno.mkdirSync(empty);
  writeNpy(narrow, { rows: 3, cols: 2, data: new Float32Array(6) });
  Deno.writeTextFileSync(bad, "\x93NUMPY");
  const cases: [args: string[], message: RegExp][] = [
    [
      ["--data", join(folder, "none.npy"), "--width", "4"],
      /^Cannot train: --data must be readable/,
    ],
    [["--data", bad, "--width", "4"], /--data must be readable.*bad\.npy/],
    [["--data", empty, "--width", "4"], /there is no file of activations in it/],
    [
      ["--data", `${shards[0]},${narrow}`, "--width", "4"],
      /must have the 6 columns of .*part-2\.npy/,
    ],
    [["--data", DATA, "--width", "4"], /^Cannot train: --kval must be an? .*, got undefined$/],
    [
      [...SMALL, "--aux-k-latents", "2", "--conventions", "paper"],
      /^Cannot train: --aux-k-latents needs --dead-after, got none$/,
    ],
    [[...SMALL, "--held-out", "240"], /--held-out must be below the 240 rows of --data, got 240$/],
    [[...SMALL, "--epochs", "2", "--steps", "2"], /--epochs and --steps exclude each other/],
    [[...SMALL, "--key", "acts"], /--data must be readable, .*acts/],
  ];
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = await train(...args, "--out", out);
    assert.deepEqual([code, stdout], [2, ""], stderr);
    assert.match(stderr, message);
    assert.equal(stderr.split("\n").length, 1, stderr);
  }
  assert.throws(() => Deno.statSync(out), Deno.errors.NotFound);

  const zeros = join(folder, "zeros.npy");
  writeNpy(zeros, { rows: 30, cols: 2, data: new Float32Array(60) });
  const flat = await train("--data", zeros, "--width", "4", "--kval", "1", "--out", out);
  assert.deepEqual([flat.code, flat.stderr], [
    2,
    "Cannot train: --data must hold rows that are not 0, got zeros only",
  ]);
  const diverged = await train(...SMALL, "--out", out, "--lr", "1e30", "--quiet");
  assert.equal(diverged.code, 1);
  assert.match(diverged.stderr, /^Cannot go on training: the loss must be finite/);
});

Deno.test("a folder is its shards in the order of their numbers", async () => {
  const many = join(folder, "many"), out = join(folder, "from-folder");
  Deno.mkdirSync(many);
  Deno.mkdirSync(join(many, "part-3.npy"));
  Deno.copyFileSync(shards[0], join(many, "part-2.npy"));
  // as the Hugging Face cache has them
  await link(shards[1], join(many, "part-10.npy"));
  const { code, stdout, stderr } = await train(
    ...["--data", many, "--width", "4", "--kval", "1", "--out", out, "--steps", "2", "--json"],
    "--quiet",
  );
  assert.equal(code, 0, stderr);
  const names = JSON.parse(stdout).files.map((path: string) => path.split("/").at(-1));
  assert.deepEqual(names, ["part-2.npy", "part-10.npy"]);

  const gone = join(folder, "gone.npy");
  Deno.copyFileSync(shards[0], gone);
  await link(gone, join(many, "part-4.npy"));
  Deno.removeSync(gone);
  const broken = await train("--data", many, "--width", "4", "--kval", "1", "--out", out);
  assert.equal(broken.code, 2);
  assert.match(broken.stderr, /^Cannot train: --data must be readable, got ".*part-4\.npy/);
});

Deno.test("held-out rows that are all the same have no variance to explain, which is told", async () => {
  const flags = [...SMALL, "--steps", "2", "--out", join(folder, "flat"), "--held-out", "1"];
  const { code, stdout } = await train(...flags, "--quiet");
  assert.equal(code, 0);
  assert.match(stdout, /^[\d.]+ +[\d.]+ +– +2\.000 /m);
  assert.match(stdout, /^The held-out rows do not differ: they have no variance to explain/m);
  const history = JSON.parse(Deno.readTextFileSync(join(folder, "flat", "history.json")));
  assert(
    history.every((row: Row) => Number(row.held_out_mse) > 0 && !("held_out_explained" in row)),
  );
});

Deno.test("names that count the columns, as pandas writes them, are told of and are no row", async () => {
  const path = join(folder, "pandas.csv"), { data } = activations(4, 30);
  const lines = Array.from(
    { length: 30 },
    (_, i) => data.subarray(i * COLS, (i + 1) * COLS).join(),
  );
  Deno.writeTextFileSync(path, ["0,1,2,3,4,5", ...lines].join("\n"));
  const flags = ["--data", path, "--width", "4", "--kval", "1", "--steps", "2", "--json"];
  const told = await train(...flags, "--out", join(folder, "pandas"));
  assert.equal(JSON.parse(told.stdout).rows, 30);
  const line = `The first line of ${path}, 0 to 5, is taken as names of columns; ` +
    "if it is a row, put a line of names before it";
  assert(told.stderr.split("\n").includes(line), told.stderr);
  const quiet = await train(...flags, "--out", join(folder, "pandas"), "--quiet");
  assert.deepEqual([quiet.code, quiet.stderr], [0, ""]);
});

Deno.test("a file is trained on in less memory than its size", async () => {
  const path = join(folder, "large.npy"), cols = 2304, rows = Math.round(1.2e9 / (4 * cols));
  writeLargeNpy(path, { rows, cols, markedEvery: 1000 });
  const { code, stdout, stderr } = await runDeno(
    ...[...LINE.slice(0, -1), "tests/fixtures/train_memory.ts", "--data", path, "--type", "topk"],
    ...[
      "--kval",
      "2",
      "--width",
      "8",
      "--batch-size",
      "4096",
      "--epochs",
      "1",
      "--quiet",
      "--json",
    ],
    ...["--out", join(folder, "of-large")],
  );
  Deno.removeSync(path);
  assert.equal(code, 0, stderr);
  assert.equal(JSON.parse(stdout).stepsDone, Math.ceil((rows - 2000) / 4096));
  // two pools of 128 MiB, batches of 38 MB that are not yet collected, and Deno's own 70 MB; 6 GB take no more
  assert(
    Number(stderr) > 300 && Number(stderr) < 1000,
    `${stderr} MB of memory for a file of 1200`,
  );
});
