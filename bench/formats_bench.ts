/**
 * Matrices from files of 82 MB (as float32; half of it in half precision), in the cache of the operating
 * system. What bounds them: fresh memory, whose pages the system clears at the first touch, for whole
 * matrices; the system's copy for blocks, whose memory is used again.
 */
import { writeAtomic } from "../lib/atomic_file.ts";
import { fileBytes } from "../lib/formats/byte_parts.ts";
import { npyHead } from "../lib/formats/npy_parts.ts";
import { zipParts } from "../lib/formats/zip_parts.ts";
import { readMatrix, writeSafetensors } from "../lib/matrix_file.ts";
import { openMatrix } from "../lib/matrix_stream.ts";

const ROWS = 20_000, COLS = 1024, shape = [ROWS, COLS];
/** Enough for a minimum: each iteration is tens of milliseconds. */
const RUNS = { n: 8, warmup: 2 };

Deno.mkdirSync(".tmp/formats_bench", { recursive: true });
const path = (name: string) => `.tmp/formats_bench/${name}`;

/** Writes the files anew: other runs may have left other ones. */
function writeFiles(): void {
  const single = Float32Array.from({ length: ROWS * COLS }, (_, p) => (p * 7919) % 1000 - 500);
  const npy = (descr: string, values: Float32Array | Float16Array) => [
    npyHead(descr, shape),
    fileBytes(values),
  ];
  // the order of columns: the same bytes under another head
  const turned = npyHead("<f4", shape);
  turned.set(
    new TextEncoder().encode("True "),
    String.fromCharCode(...turned).indexOf("False"),
  );
  writeAtomic(path("f4.npy"), npy("<f4", single));
  writeAtomic(path("f2.npy"), npy("<f2", Float16Array.from(single)));
  writeAtomic(path("f4_columns.npy"), [turned, fileBytes(single)]);
  writeAtomic(path("f4.npz"), zipParts([{ name: "acts.npy", parts: npy("<f4", single) }]));
  const tensors = { acts: { shape, data: single } };
  writeSafetensors(path("f4.safetensors"), { tensors, metadata: {} });
}
writeFiles();

for (const name of ["f4.npy", "f2.npy", "f4.npz", "f4.safetensors", "f4_columns.npy"]) {
  Deno.bench(`read ${name}`, { group: "files", ...RUNS }, () => {
    readMatrix(path(name));
  });
}
for (const name of ["f4.npy", "f2.npy"]) {
  Deno.bench(`stream ${name}`, { group: "files", ...RUNS }, async () => {
    using file = openMatrix(path(name));
    for await (const { data } of file.blocks()) if (data.length === 0) throw new Error("empty");
  });
}
Deno.bench("shuffle f4.npy", { group: "files", ...RUNS }, async () => {
  using file = openMatrix(path("f4.npy"));
  const batches = file.shuffled({ batchSize: 4096, seed: 0, poolRows: 16384 });
  for await (const { data } of batches) if (data.length === 0) throw new Error("empty");
});
Deno.bench("statistics of f4.npy", { group: "files", ...RUNS }, async () => {
  using file = openMatrix(path("f4.npy"));
  await file.statistics();
});
