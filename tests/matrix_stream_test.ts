/** Rows of files that may be larger than memory: the same rows as those of whole matrices, to the bit. */
import assert from "node:assert/strict";
import { fileBytes, joined } from "../lib/formats/byte_parts.ts";
import { npyHead } from "../lib/formats/npy_parts.ts";
import { zipParts } from "../lib/formats/zip_parts.ts";
import { fromRows, type Matrix } from "../lib/matrix.ts";
import { readMatrix, writeNpy, writeSafetensors } from "../lib/matrix_file.ts";
import { type MatrixFile, openMatrix } from "../lib/matrix_stream.ts";
import { RandomState } from "../lib/random.ts";
import { freshFolder } from "./result_files.ts";

const folder = freshFolder("matrix-stream-");
const ACTIVATIONS = "tests/fixtures/activations", NPY = "tests/fixtures/npy";

/** Row blocks as one matrix. */
async function stacked(blocks: AsyncIterable<Matrix>): Promise<number[]> {
  const all: number[] = [];
  for await (const { rows, cols, data } of blocks) {
    assert.equal(data.length, rows * cols);
    for (const value of data) all.push(value);
  }
  return all;
}

function write(name: string, ...parts: Uint8Array[]): string {
  const path = `${folder}/${name}`;
  Deno.writeFileSync(path, joined(parts));
  return path;
}

const ROWS = 23, COLS = 5;
const X = new RandomState(0).normal(0, 1, ROWS * COLS);
/** The same numbers in column order. */
const columns = Float64Array.from(X, (_, p) => X[(p % ROWS) * COLS + Math.floor(p / ROWS)]);
/** The head of an array in column order: a word of the same length in the place of another. */
function fortranHead(): Uint8Array {
  const head = npyHead("<f8", [ROWS, COLS]), text = new TextEncoder();
  head.set(text.encode("True "), String.fromCharCode(...head).indexOf("False"));
  return head;
}

/** The same matrix in every format that has a way of its own to its rows. */
const FILES: [path: string, key?: string][] = [
  [write("c.npy", npyHead("<f8", [ROWS, COLS]), fileBytes(X))],
  [write("f.npy", fortranHead(), fileBytes(columns))],
  [write("h.npy", npyHead("<f2", [ROWS, COLS]), fileBytes(Float16Array.from(X)))],
  [write("b.npy", npyHead(">f8", [ROWS, COLS]), fileBytes(X).slice().reverse())],
  [`${ACTIVATIONS}/deflated.npz`, "tall"],
  [`${ACTIVATIONS}/stored.npz`, "acts"],
  [`${ACTIVATIONS}/mixed.safetensors`, "acts_bf16"],
  [`${ACTIVATIONS}/list.pt`, "1"],
  [`${NPY}/x_3d_f4.npy`],
  [write("x.csv", new TextEncoder().encode("1,2\n3,4\n5,6\n"))],
];

Deno.test("blocks, and rows anywhere, are those of the whole matrix", async () => {
  for (const [path, key] of FILES) {
    const whole = readMatrix(path, { key });
    using file = openMatrix(path, { key });
    const { rows, cols } = file;
    assert.deepEqual([rows, cols], [whole.rows, whole.cols], path);
    for (const blockRows of [1, 3, rows - 1, rows, rows + 1, undefined]) {
      assert.deepEqual(await stacked(file.blocks({ blockRows })), Array.from(whole.data), path);
    }
    const part = await stacked(file.blocks({ blockRows: 2, start: 1, end: rows - 1 }));
    assert.deepEqual(part, Array.from(whole.data.subarray(cols, (rows - 1) * cols)));
    for (let start = 0; start <= rows; start++) {
      const count = Math.min(2, rows - start);
      assert.deepEqual(file.read(start, count), {
        rows: count,
        cols,
        data: whole.data.slice(start * cols, (start + count) * cols),
      });
    }
  }
});

Deno.test("reading on and on leaves timers and signals their turn", async () => {
  for (const [path, key] of FILES) {
    using file = openMatrix(path, { key });
    let rang = false;
    const timer = setTimeout(() => rang = true, 1);
    // some hundred times as long as the timer
    for (const started = performance.now(); !rang && performance.now() - started < 500;) {
      for await (const _ of file.blocks()) if (rang) break;
    }
    clearTimeout(timer);
    assert(rang, path);
  }
});

Deno.test("several files of different kinds are one matrix, row below row", async () => {
  writeSafetensors(`${folder}/s.safetensors`, {
    tensors: { acts_bf16: { shape: [2, COLS], data: X.slice(0, 2 * COLS) } },
    metadata: {},
  });
  const paths = [`${folder}/s.safetensors`, `${ACTIVATIONS}/mixed.safetensors`];
  const key = "acts_bf16";
  const whole = paths.flatMap((path) => Array.from(readMatrix(path, { key }).data));
  using file = openMatrix(paths, { key });
  assert.equal(file.rows, 9);
  // float64, as the first file needs
  assert(file.read(3, 1).data instanceof Float64Array);
  assert.deepEqual(Array.from(file.read(1, 3).data), whole.slice(COLS, 4 * COLS));
  assert.deepEqual(await stacked(file.blocks({ blockRows: 4 })), whole);
  assert.throws(
    () => openMatrix([`${folder}/c.npy`, `${NPY}/x_i8.npy`]),
    /x_i8\.npy: it must have the 5 columns of .*c\.npy, it has 4$/,
  );
});

/** A file of `rows` rows, each of which holds its number twice. */
function numbered(rows: number): string {
  const path = `${folder}/numbered.npy`;
  writeNpy(path, {
    rows,
    cols: 2,
    data: Float32Array.from({ length: 2 * rows }, (_, p) => p >> 1),
  });
  return path;
}

Deno.test("an epoch takes every row once, in an order that follows from seed and epoch", async () => {
  for (const rows of [1, 7, 100, 103]) {
    using file = openMatrix(numbered(rows));
    for (
      const [batchSize, poolRows, blockRows] of [[8, 32, 4], [5, 10, 10], [200, 7, 1], [1, 64, 9]]
    ) {
      const options = { batchSize, poolRows, blockRows, seed: 3 };
      const batches = file.shuffled(options);
      const epochs: number[][] = [];
      for (let epoch = 0; epoch < 3; epoch++) {
        const sizes: number[] = [], seen: number[] = [];
        for await (const { rows, data } of batches) {
          sizes.push(rows);
          for (let i = 0; i < rows; i++) {
            assert.equal(data[2 * i], data[2 * i + 1]);
            seen.push(data[2 * i]);
          }
        }
        assert.deepEqual(seen.toSorted((a, b) => a - b), Array.from({ length: rows }, (_, i) => i));
        assert.equal(sizes.length, batches.batches);
        assert(sizes.slice(0, -1).every((size) => size === batchSize));
        epochs.push(seen);
      }
      assert.deepEqual(batches.state, { epoch: 3, batch: 0 });
      // the same seed again, and another
      assert.deepEqual(
        (await stacked(file.shuffled(options))).filter((_, p) => p % 2 === 0),
        epochs[0],
      );
      if (rows < 100) continue;
      assert.notDeepEqual(epochs[0], epochs[1]);
      const other = await stacked(file.shuffled({ ...options, seed: 4 }));
      assert.notDeepEqual(other.filter((_, p) => p % 2 === 0), epochs[0]);
    }
  }
});

Deno.test("every row is as likely in every place of the order", async () => {
  // one pool of 6 blocks of 2, and pools of 2 blocks: 1200 orders of 12 rows, whose first row counts
  using file = openMatrix(numbered(12));
  for (const poolRows of [12, 4]) {
    const counts = new Float64Array(12);
    const batches = file.shuffled({ batchSize: 1, poolRows, blockRows: 2, seed: 0 });
    for (let epoch = 0; epoch < 1200; epoch++) {
      let isFirst = true;
      for await (const { data } of batches) {
        if (isFirst) counts[data[0]]++;
        isFirst = false;
      }
    }
    const chiSquare = counts.reduce((sum, count) => sum + (count - 100) ** 2 / 100, 0);
    // 11 degrees of freedom: above 31.3 with probability 0.001, and the seed is fixed
    assert(chiSquare < 31.3, `${chiSquare}`);
  }
});

Deno.test("a shuffle goes on from where it stood, to the same batches", async () => {
  using file = openMatrix(numbered(50));
  const options = { batchSize: 7, poolRows: 12, blockRows: 4, seed: 9 };
  const whole: Matrix[] = [];
  const first = file.shuffled(options);
  for (let epoch = 0; epoch < 2; epoch++) for await (const batch of first) whole.push(batch);
  for (let stop = 0; stop < whole.length; stop++) {
    const before = file.shuffled(options);
    const taken: Matrix[] = [];
    // leaves in the middle of an epoch, or at its end
    while (taken.length < stop) {
      for await (const batch of before) {
        taken.push(batch);
        if (taken.length === stop) break;
      }
    }
    const state = JSON.parse(JSON.stringify(before.state));
    const after = file.shuffled({ ...options, from: state });
    while (after.state.epoch < 2) for await (const batch of after) taken.push(batch);
    assert.deepEqual(taken, whole, `after ${stop} batches`);
  }
});

Deno.test("mean, variance and norms in one pass are those of two", async () => {
  for (const [path, key] of FILES) {
    const { rows, cols, data } = readMatrix(path, { key });
    using file = openMatrix(path, { key });
    const found = await file.statistics();
    const row = (i: number) => Array.from(data.subarray(i * cols, (i + 1) * cols));
    const all = Array.from({ length: rows }, (_, i) => row(i));
    const mean = all[0].map((_, j) => all.reduce((sum, x) => sum + x[j], 0) / rows);
    const variance = mean.map((mu, j) => all.reduce((sum, x) => sum + (x[j] - mu) ** 2, 0) / rows);
    const meanNorm = all.reduce((sum, x) => sum + Math.hypot(...x), 0) / rows;
    // sums of up to 350 float64 of about 1, in another order
    const close = (a: number, b: number) => assert(Math.abs(a - b) < 1e-12, `${path}: ${a}, ${b}`);
    mean.forEach((mu, j) => close(found.mean[j], mu));
    variance.forEach((value, j) => close(found.variance[j], value));
    close(found.meanNorm, meanNorm);
    close(found.normFactor, Math.sqrt(cols) / meanNorm);
    assert.equal(found.rows, rows);
  }
  // far from 0, where sums of squares would cancel
  writeNpy(`${folder}/far.npy`, fromRows([[1e9], [1e9 + 1], [1e9 + 2]]));
  using far = openMatrix(`${folder}/far.npy`);
  const { mean, variance } = await far.statistics();
  assert.deepEqual([mean[0], variance[0]], [1e9 + 1, 5 / 3 - 1]);
});

Deno.test("statistics tell how far they are and can be ended", async () => {
  // more than one block of 16 MiB
  const rows = 2 ** 22 + 5;
  writeNpy(`${folder}/long.npy`, { rows, cols: 1, data: new Float32Array(rows).fill(2) });
  using file = openMatrix(`${folder}/long.npy`);
  const abort = new AbortController(), told: number[] = [];
  const options = {
    signal: abort.signal,
    onProgress: (done: number, total: number) => {
      told.push(done, total);
      abort.abort();
    },
  };
  const some = await file.statistics({ ...options, partial: true });
  assert.deepEqual(told, [2 ** 22, rows]);
  assert.deepEqual([some.rows, some.mean[0], some.meanNorm], [2 ** 22, 2, 2]);
  await assert.rejects(file.statistics(options), { name: "AbortError" });
});

Deno.test("a value that is not finite ends a stream, with the file's own row", async () => {
  const bad = Float32Array.from({ length: 12 }, (_, p) => p === 9 ? NaN : p);
  const second = write("bad.npy", npyHead("<f4", [6, 2]), fileBytes(bad));
  using file = openMatrix([numbered(4), second]);
  const message = /bad\.npy: it must be finite, got NaN at row 4, column 1$/;
  let blocks = 0;
  await assert.rejects(async () => {
    for await (const _ of file.blocks({ blockRows: 3 })) blocks++;
  }, { name: "FileError", message });
  assert.equal(blocks, 2);
  await assert.rejects(stacked(file.shuffled({ batchSize: 2, seed: 0 })), { message });
  await assert.rejects(file.statistics(), { message });
  assert.throws(() => file.read(8, 1), { message });
  assert.deepEqual(file.read(9, 1), { rows: 1, cols: 2, data: Float32Array.of(10, 11) });
});

Deno.test("a stored member with another sum is refused when it has been read through", async () => {
  const parts = [npyHead("<f4", [4, 1]), fileBytes(Float32Array.of(1, 2, 3, 4))];
  const bytes = joined(zipParts([{ name: "a.npy", parts }]));
  const at = bytes.length - 22 - 46 - 5 - 4;
  bytes[at] ^= 1;
  const path = write("sum.npz", bytes);
  assert.throws(() => readMatrix(path), /sum\.npz: member a\.npy: its checksum must be/);
  using file = openMatrix(path);
  await assert.rejects(stacked(file.blocks({ blockRows: 3 })), /its checksum must be/);
});

Deno.test("a file that becomes shorter while it is open is refused", async () => {
  const path = numbered(100);
  using file = openMatrix(path);
  Deno.truncateSync(path, 500);
  assert.throws(() => file.read(90, 5), /numbered\.npy: it has become shorter than/);
  await assert.rejects(stacked(file.blocks({ blockRows: 60 })), /it has become shorter than/);
});

Deno.test("wrong arguments are refused by name, rule and value", () => {
  using file = openMatrix(numbered(10));
  const shuffled = (options: object) => file.shuffled(options as never);
  const good = { batchSize: 2, seed: 0 };
  const cases: [() => unknown, string, RegExp][] = [
    [() => openMatrix(7 as never), "TypeError", /paths must be an array, got number/],
    [() => openMatrix([7] as never), "TypeError", /path must be a text, got number/],
    [() => openMatrix([]), "RangeError", /paths must name a file, got none/],
    [() => openMatrix("x", { rows: 1 } as never), "TypeError", /options has no "rows"/],
    [() => file.read(-1, 1), "RangeError", /start must be an integer from 0 to 10, got -1/],
    [() => file.read(9, 2), "RangeError", /count must be an integer from 0 to 1, got 2/],
    [() => file.blocks({ blockRows: 0 }), "RangeError", /blockRows must be .* at least 1, got 0/],
    [() => file.blocks({ start: 11 }), "RangeError", /start must be an integer from 0 to 10/],
    [() => file.blocks({ start: 3, end: 2 }), "RangeError", /end must be an integer from 3 to 10/],
    [() => file.blocks({ rows: 3 } as never), "TypeError", /options has no "rows"/],
    [() => shuffled({}), "TypeError", /batchSize must be a number, got undefined/],
    [() => shuffled({ batchSize: 2 }), "TypeError", /seed must be a number, got undefined/],
    [() => shuffled({ ...good, seed: -1 }), "RangeError", /seed must be an integer from 0/],
    [() => shuffled({ ...good, poolRows: 0 }), "RangeError", /poolRows must be/],
    [
      () => shuffled({ ...good, poolRows: 4, blockRows: 5 }),
      "RangeError",
      /blockRows .* to 4, got 5/,
    ],
    [() => shuffled({ ...good, from: 3 }), "TypeError", /from must be an object, got number/],
    [() => shuffled({ ...good, from: { epoch: 0, batch: 5 } }), "RangeError", /from.batch .* to 4/],
    [() => shuffled({ ...good, from: { epoch: -1, batch: 0 } }), "RangeError", /from.epoch/],
  ];
  for (const [call, name, message] of cases) assert.throws(call, { name, message });
  writeNpy(`${folder}/none.npy`, { rows: 0, cols: 3, data: new Float32Array(0) });
  using none: MatrixFile = openMatrix(`${folder}/none.npy`);
  assert.throws(() => none.shuffled(good), /Cannot shuffle rows: there are 0 × 3 values/);
});

Deno.test("a range of rows is shuffled and measured as a file of these rows alone", async () => {
  const path = write("range.npy", npyHead("<f8", [ROWS, COLS]), fileBytes(X));
  const [start, end] = [4, 19], part = `${folder}/part.npy`;
  writeNpy(part, readMatrix(path, { rows: [start, end] }));
  using whole = openMatrix(path);
  using alone = openMatrix(part);
  assert.deepEqual(
    await whole.statistics({ start, end }),
    await alone.statistics(),
  );
  const options = { batchSize: 4, seed: 3, poolRows: 6, blockRows: 2 };
  for (const from of [{ epoch: 0, batch: 0 }, { epoch: 1, batch: 2 }]) {
    const [ours, theirs] = [
      whole.shuffled({ ...options, start, end, from }),
      alone.shuffled({ ...options, from }),
    ];
    assert.equal(ours.batches, 4);
    assert.deepEqual(await stacked(ours), await stacked(theirs));
  }
  assert.throws(() => whole.shuffled({ ...options, start: 9, end: 9 }), /there are 0 × 5 values/);
  assert.throws(() => whole.shuffled({ ...options, end: 24 }), /^RangeError: end must be/);
  await assert.rejects(() => whole.statistics({ start: 23 }), /Cannot take the mean of rows/);
});
