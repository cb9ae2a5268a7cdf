/** `deno task encode`: the library's codes, in files that Python reads, resumed with the same bytes. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fromDense, toDense } from "../lib/csr_matrix.ts";
import { joined } from "../lib/formats/byte_parts.ts";
import { csrParts } from "../lib/formats/csr_npz.ts";
import { lasso } from "../lib/lasso.ts";
import { columnNorms, type Matrix32, normalizeColumns, transpose } from "../lib/matrix.ts";
import { readCsr, readMatrix, writeNpy, writeSafetensors } from "../lib/matrix_file.ts";
import { omp } from "../lib/omp.ts";
import { openSae, saveSaeLens } from "../lib/open_sae.ts";
import { RandomState } from "../lib/random.ts";
import { saveSae } from "../lib/sae_file.ts";
import { Sae } from "../lib/saes.ts";
import { writeLargeNpy } from "./large_npy.ts";
import { freshFolder, killAfterEvents, link, runDeno } from "./result_files.ts";

const folder = freshFolder("encode-");
const [ROWS, COLS, WIDTH] = [70, 6, 11];

function normals(seed: number, rows: number, cols: number): Matrix32 {
  return { rows, cols, data: Float32Array.from(new RandomState(seed).normal(0, 1, rows * cols)) };
}
const X = normals(1, ROWS, COLS), D = normals(2, COLS, WIDTH);
const at = (name: string) => join(folder, name);
writeNpy(at("a.npy"), { ...X, rows: 40, data: X.data.subarray(0, 40 * COLS) });
writeNpy(at("b.npy"), { ...X, rows: 30, data: X.data.subarray(40 * COLS) });
writeNpy(at("D.npy"), D);
writeSafetensors(at("rows.safetensors"), {
  tensors: {
    W_dec: { shape: [WIDTH, COLS], data: transpose(D).data },
    other: { shape: [2, 2], data: new Float32Array(4) },
  },
  metadata: {},
});
const topk = Sae.initialize({ type: "topk", inputDim: COLS, width: WIDTH, kval: 3, seed: 0 });
topk.parameters.decoderBias.fill(0.3);
saveSae(at("topk.safetensors"), topk);
saveSaeLens(at("lens"), topk);
const DATA = ["--data", `${at("a.npy")},${at("b.npy")}`, "--quiet"];

const LINE = [
  ...["run", "--quiet", "--no-prompt", "--ignore-env", "--allow-read=.", "--allow-write=.tmp"],
  "commands/encode.ts",
];
const encode = (...args: string[]) => runDeno(...LINE, ...args);

Deno.test("an autoencoder's codes are those of the library, sparse or with zeros, in one block or many", async () => {
  const dense = topk.encode(X), opened = openSae(at("lens"));
  for (
    const [sae, expected] of [["topk.safetensors", dense], ["lens", opened.encode(X)]] as const
  ) {
    for (const [i, more] of [[], ["--block-rows", "7"], ["--block-rows", "64"]].entries()) {
      const out = at(`${sae}-${i}`);
      const sparse = await encode(...DATA, "--sae", at(sae), "--out", `${out}.npz`, ...more);
      assert.deepEqual([sparse.code, sparse.stderr], [0, ""]);
      assert.deepEqual(readCsr(`${out}.npz`), fromDense(expected));
      const whole = await encode(...DATA, "--sae", at(sae), "--out", `${out}.npy`, ...more);
      assert.equal(whole.code, 0, whole.stderr);
      assert.deepEqual(readMatrix(`${out}.npy`), expected);
      assert.throws(() => Deno.statSync(`${out}.npz.parts`), Deno.errors.NotFound);
    }
  }
});

Deno.test("the archive is byte for byte that of writeCsr", async () => {
  const { code } = await encode(...DATA, "--sae", at("topk.safetensors"), "--out", at("bytes.npz"));
  assert.equal(code, 0);
  const expected = joined(csrParts(fromDense(topk.encode(X))));
  assert.deepEqual(Deno.readFileSync(at("bytes.npz")), expected);
});

Deno.test("the Lasso and matching pursuit take dictionaries either way round, decoders and offsets", async () => {
  const centred = { ...X, data: X.data.map((value) => value - Math.fround(0.3)) };
  writeNpy(at("mean.npy"), { rows: 1, cols: COLS, data: new Float32Array(COLS).fill(0.3) });
  const pursued = (X: Matrix32, nonneg: boolean) => {
    const norms = columnNorms(D);
    const { codes } = omp(X, normalizeColumns(D), { k: 2, nonneg, output: "dense" });
    return { ...codes, data: codes.data.map((code, p) => code / norms[p % WIDTH]) };
  };
  const cases: [args: string[], expected: Matrix32][] = [
    [
      ["--dictionary", at("D.npy"), "--lambda", "0.5"],
      lasso(X, D, { lambda: 0.5, nonneg: true, output: "dense" }).codes,
    ],
    [
      [...["--dictionary", at("rows.safetensors"), "--dictionary-key", "W_dec"], "--method", "omp"]
        .concat("--k", "2", "--signed", "--threads", "2"),
      pursued(X, false),
    ],
    [
      ["--dictionary", at("D.npy"), "--method", "omp", "--k", "2", "--offset", at("mean.npy")],
      pursued(centred, true),
    ],
    [
      ["--sae", at("lens"), "--method", "lasso", "--lambda", "0.3", "--tol", "1e-6"],
      lasso(centred, topk.dictionary, { lambda: 0.3, nonneg: true, tol: 1e-6, output: "dense" })
        .codes,
    ],
  ];
  for (const [i, [args, expected]] of cases.entries()) {
    const out = at(`solved-${i}.npz`);
    const { code, stdout, stderr } = await encode(...DATA, ...args, "--out", out, "--json");
    assert.deepEqual([code, stderr], [0, ""], `${i}`);
    assert.deepEqual(readCsr(out), fromDense(expected), `${i}`);
    const summary = JSON.parse(stdout);
    assert.equal(summary.activePerRow, fromDense(expected).data.length / ROWS);
    if (summary.method === "lasso") assert.equal(summary.rowsAboveTolerance, 0);
    else assert(summary.residualShare > 0 && summary.residualShare < 1);
  }
});

Deno.test("pursuit chooses by what atoms explain, and its codes are of the atoms as they are", async () => {
  // one code a row, of atoms that are the longer the later they come
  const axes = Float32Array.from({ length: COLS * COLS }, (_, p) => p % (COLS + 1) === 0 ? 1 : 0);
  const skewed = axes.map((value, p) => p % COLS === 5 ? 20 : value * (p % COLS + 1));
  const rows = { rows: COLS, cols: COLS, data: axes.map((value) => 6 * value) };
  writeNpy(at("skewed.npy"), { rows: COLS, cols: COLS, data: skewed });
  writeNpy(at("axes.npy"), rows);
  for (const out of [at("skewed-codes.npz"), at("skewed-codes.npy")]) {
    const { code, stderr } = await encode(
      ...["--data", at("axes.npy"), "--dictionary", at("skewed.npy"), "--atoms", "columns"],
      ...["--method", "omp", "--k", "1", "--quiet", "--out", out],
    );
    assert.equal(code, 0, stderr);
    const Z = out.endsWith(".npz") ? toDense(readCsr(out)) : readMatrix(out);
    // the last atom, of six equal parts, is long; the others explain a row whole
    for (let i = 0; i < COLS - 1; i++) {
      const row = [...Z.data.subarray(i * COLS, (i + 1) * COLS)];
      assert.deepEqual(row, row.map((_, j) => j === i ? Math.fround(6 / (i + 1)) : 0));
    }
  }
});

Deno.test("an encoding that is killed goes on by the same command, with the same bytes", async () => {
  const big = normals(3, 600, COLS);
  writeNpy(at("big.npy"), big);
  const line = [
    ...["--data", at("big.npy"), "--dictionary", at("D.npy"), "--lambda", "0.1", "--quiet"],
    ...["--block-rows", "3"],
  ];
  const out = at("killed.npz"), whole = at("whole.npz");
  let kills = 0, before = 0;
  for (const events of [30, 90, 150]) {
    Deno.mkdirSync(`${out}.parts`, { recursive: true });
    const killed = [...LINE, ...line, "--out", out];
    if (await killAfterEvents(`${out}.parts`, events, killed)) kills++;
    const { rows } = JSON.parse(Deno.readTextFileSync(`${out}.parts/state.json`));
    assert(rows > before && rows < 600, `${rows} rows after ${before}`);
    before = rows;
  }
  assert.equal(kills, 3);
  const other = await encode(...line, "--out", out, "--signed");
  assert.equal(other.code, 2);
  assert.match(
    other.stderr,
    /^Cannot encode: --out must go on with the same data and flags.*--restart/,
  );
  const last = await encode(...line, "--out", out, "--json");
  assert.equal(last.code, 0, last.stderr);
  assert.equal(JSON.parse(last.stdout).rowsBefore, before);
  // in other blocks: a row's codes do not depend on those beside it
  assert.equal((await encode(...line.slice(0, -2), "--out", whole)).code, 0);
  assert.deepEqual(Deno.readFileSync(out), Deno.readFileSync(whole));
});

Deno.test("an encoding does not go on with another autoencoder behind the same links, or another array", async () => {
  const linked = at("linked"), other = at("other-lens");
  const tensors = Object.fromEntries(["a", "b"].map((name, i) => {
    const { rows, cols, data } = normals(7 + i, 600, COLS);
    return [name, { shape: [rows, cols], data }];
  }));
  writeSafetensors(at("two.safetensors"), { tensors, metadata: {} });
  saveSaeLens(
    other,
    Sae.initialize({ type: "topk", inputDim: COLS, width: WIDTH, kval: 3, seed: 1 }),
  );
  Deno.mkdirSync(linked);
  const linkAll = async (lens: string) => {
    for (const { name } of Deno.readDirSync(lens)) await link(join(lens, name), join(linked, name));
  };
  await linkAll(at("lens"));
  const out = at("linked.npz");
  const line = (key: string) => [
    ...["--data", at("two.safetensors"), "--sae", linked, "--key", key, "--block-rows", "3"],
    ...["--out", out, "--quiet"],
  ];
  const assertRefused = async (key: string) => {
    const { code, stderr } = await encode(...line(key));
    assert.equal(code, 2, stderr);
    assert.match(stderr, /--out must go on with the same data and flags.*--restart/);
  };
  Deno.mkdirSync(`${out}.parts`);
  assert(await killAfterEvents(`${out}.parts`, 30, [...LINE, ...line("a")]));
  await assertRefused("b");
  await linkAll(other);
  await assertRefused("a");
  // the same weights at another place
  Deno.copyFileSync(at("lens/sae_weights.safetensors"), at("copy.safetensors"));
  await linkAll(at("lens"));
  await link(at("copy.safetensors"), join(linked, "sae_weights.safetensors"));
  const last = await encode(...line("a"), "--json");
  assert.equal(last.code, 0, last.stderr);
  assert(JSON.parse(last.stdout).rowsBefore > 0);
});

Deno.test("blocks that were coded hold no memory, with threads either", async () => {
  const wide = at("wide.npy");
  // 320 MiB
  writeLargeNpy(wide, { rows: 2 ** 20, cols: 80, markedEvery: 2 ** 20 });
  saveSae(at("80.safetensors"), Sae.initialize({ type: "relu", inputDim: 80, width: 8, seed: 0 }));
  const { code, stderr } = await runDeno(
    ...[...LINE.slice(0, -1), "tests/fixtures/encode_memory.ts", "--data", wide],
    ...["--sae", at("80.safetensors"), "--threads", "2", "--out", at("wide.npz"), "--quiet"],
  );
  assert.equal(code, 0, stderr);
  // half of the rows that were read: the small arrays of each block, which are left to the engine, are below it
  assert(Number(stderr) > 16 && Number(stderr) < 168, stderr);
});

Deno.test("an end by time leaves what is done, and the same command goes on", async () => {
  const line = [
    ...["--data", at("big.npy"), "--dictionary", at("D.npy"), "--lambda", "0.1", "--json"],
    ...["--block-rows", "1", "--out", at("timed.npz"), "--quiet"],
  ];
  const timed = await encode(...line, "--max-seconds", "0.05");
  assert.equal(timed.code, 3, timed.stderr);
  assert.match(
    timed.stderr,
    /^Ended early: --max-seconds 0\.05 are over\. The same command goes on/,
  );
  const { finished, rowsDone } = JSON.parse(timed.stdout);
  assert(!finished && rowsDone < 600);
  assert.throws(() => Deno.statSync(at("timed.npz")), Deno.errors.NotFound);
});

Deno.test("bad input is refused in one line that names it", async () => {
  saveSae(at("wide.safetensors"), Sae.initialize({ type: "relu", inputDim: 9, width: 4, seed: 0 }));
  const own = ["--sae", at("topk.safetensors")], dictionary = ["--dictionary", at("D.npy")];
  const cases: [args: string[], message: RegExp][] = [
    [[], /^Cannot encode: --sae or --dictionary must be a path, got neither$/],
    [[...own, ...dictionary], /--sae and --dictionary exclude each other/],
    [dictionary, /--lambda must be given with --method lasso, got nothing$/],
    [[...dictionary, "--method", "omp"], /--k must be given with --method omp, got nothing$/],
    [[...dictionary, "--method", "sae"], /--sae must be given with --method sae, got nothing$/],
    [[...own, "--lambda", "1"], /--lambda must go with --method lasso, got --method sae$/],
    [[...own, "--signed"], /--signed must go with --method lasso or omp, got --method sae$/],
    [
      ["--sae", at("wide.safetensors")],
      /--sae must take the 6 columns of --data, got one for 9 in/,
    ],
    [["--sae", at("none")], /--sae must be an autoencoder, got ".*none"/],
    [["--sae", at("D.npy")], /--sae must be an autoencoder, got ".*D\.npy"/],
    [
      ["--dictionary", at("a.npy"), "--lambda", "1", "--atoms", "columns"],
      /--dictionary must have atoms of the 6 columns of --data, got 40 × 6 in/,
    ],
    [
      [...dictionary, "--lambda", "1", "--offset", at("D.npy")],
      /--offset must hold as many numbers/,
    ],
    [[...own, "--out", at("codes.csv")], /--out must be a path that ends in \.npz or \.npy, got/],
    [
      [...own, "--out", "lib/x/codes.npz"],
      /--out must be a folder to write to, got "lib\/x".*Permit it/,
    ],
  ];
  for (const [args, message] of cases) {
    const out = args.includes("--out") ? [] : ["--out", at("refused.npz")];
    const { code, stdout, stderr } = await encode(...DATA, ...args, ...out);
    assert.deepEqual([code, stdout], [2, ""], `${args}: ${stderr}`);
    assert.match(stderr, message);
    assert.equal(stderr.split("\n").length, 1, stderr);
  }
});
