/**
 * A file of zeros with few rows of numbers, made on the fly and larger than the memory that reading it
 * may take: streamed, shuffled and measured. Prints one line of JSON, peak in MB of resident memory:
 * `deno run --allow-read=. --allow-write=.tmp tests/campaign/large_file.ts 6000`, or `6000 deflated`.
 * @module
 */
import { openMatrix } from "../../lib/matrix_stream.ts";
import { writeLargeNpy, writeLargeNpz } from "../large_npy.ts";

/** Size of its numbers in MB, and their columns; whether they are deflated. */
const SIZE = Number(Deno.args[0] ?? 6000), COLS = 2304, IS_DEFLATED = Deno.args[1] === "deflated";
/** Rows whose every number is that of the row, from 1 on; the others are 0. */
const MARKED_EVERY = 1000;

Deno.mkdirSync(".tmp", { recursive: true });
const folder = Deno.makeTempDirSync({ dir: ".tmp", prefix: "large-" });
const path = `${folder}/large`, rows = Math.round(SIZE * 1e6 / (4 * COLS));
let peak = 0;
const sample = () => peak = Math.max(peak, Deno.memoryUsage().rss / 1e6);

/** Whether a block is what was written; the number of its first marked row among all. */
function check(data: Float32Array | Float64Array, start: number): boolean {
  sample();
  for (let i = 0; i < data.length / COLS; i++) {
    const row = start + i, value = row % MARKED_EVERY === 0 ? row + 1 : 0;
    // the first and the last: a shift by a number, or by a row, is seen
    if (data[i * COLS] !== value || data[(i + 1) * COLS - 1] !== value) return false;
  }
  return true;
}

try {
  const write = IS_DEFLATED ? writeLargeNpz : writeLargeNpy;
  write(path, { rows, cols: COLS, markedEvery: MARKED_EVERY });
  using file = openMatrix(path);
  const wrong: string[] = [], started = performance.now();
  let at = 0;
  for await (const { rows, data } of file.blocks()) {
    if (!check(data, at)) wrong.push(`block at row ${at}`);
    at += rows;
  }
  if (at !== rows) wrong.push(`${at} rows`);
  const seconds = (performance.now() - started) / 1000;
  for (let row = rows - 1; row > 0; row -= Math.ceil(rows / 50)) {
    if (!check(file.read(row, 1).data, row)) wrong.push(`row ${row}`);
  }
  // every marked row once, the shuffle's own memory among what is measured
  let sum = 0, count = 0;
  for await (const { rows, data } of file.shuffled({ batchSize: 4096, seed: 0 })) {
    sample();
    for (let i = 0; i < rows; i++) sum += data[i * COLS];
    count += rows;
  }
  let expected = 0;
  for (let row = 0; row < rows; row += MARKED_EVERY) expected += row + 1;
  if (sum !== expected || count !== rows) wrong.push(`shuffled: ${count} rows, sum ${sum}`);
  const { mean } = await file.statistics({ onProgress: sample });
  if (Math.abs(mean[COLS - 1] * rows - expected) > 1e-6 * expected) wrong.push(`mean ${mean[0]}`);
  console.log(JSON.stringify({ rows, seconds, peak: Math.round(peak), wrong }));
} finally {
  Deno.removeSync(folder, { recursive: true });
}
