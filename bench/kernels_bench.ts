/**
 * Dense products on the shapes of one training step and of the linear probe, and larger. What bounds
 * them: the two 128-bit FMA units, 16 flops a cycle, or 8 in float64, half of the peak that the table
 * relates them to; in float64 also the loads of a 6×4 block, each of which the engine checks.
 */
import { Arena, padded, run } from "../lib/wasm/memory.ts";

const SHAPES: [m: number, n: number, k: number][] = [
  [64, 100, 47], // encoder, n = 100
  [64, 47, 100], // decoder, n = 100
  [64, 1000, 93],
  [64, 93, 1000],
  [512, 512, 512],
];

for (const [m, n, k] of SHAPES) {
  Deno.bench(`gemm ${m}×${n}×${k} [${2 * m * n * k} flop]`, { group: "gemm" }, (b) => {
    using arena = new Arena();
    const [lda, ldb] = [padded(k), padded(n)];
    const A = arena.f32(m * lda), B = arena.f32(k * ldb), C = arena.f32(m * ldb);
    b.start();
    run("gemm_nn", m, ldb, k, A, lda, B, ldb, C, ldb);
    b.end();
  });
}

/** Panels of the linear probe at n = 100 and 1000, in float64. */
const SHAPES_64: [m: number, n: number, k: number][] = [
  [48, 100, 47],
  [48, 1000, 93],
  [480, 512, 512],
];

for (const [m, n, k] of SHAPES_64) {
  Deno.bench(`gemm64 ${m}×${n}×${k} [${2 * m * n * k} flop]`, { group: "gemm64" }, (b) => {
    using arena = new Arena();
    const A = arena.f64(m * k), B = arena.f64(k * n), C = arena.f64(m * n);
    b.start();
    run("gemm64", m, n, k, A, k, B, C, n);
    b.end();
  });
}

for (const [n, k] of [[48, 128], [96, 128]]) {
  Deno.bench(`gram64 ${n}×${n}×${k} [${n * (n + 1) * k} flop]`, { group: "gram64" }, (b) => {
    using arena = new Arena();
    const A = arena.f64(k * n), C = arena.f64(n * n);
    b.start();
    run("gram64", n, k, A, C);
    b.end();
  });
}

{
  const [rows, perRow, n] = [2500, 10, 96];
  const flop = 2 * rows * perRow * n;
  Deno.bench(`csr_product64, ${rows} rows of ${perRow}, n = ${n} [${flop} flop]`, (b) => {
    using arena = new Arena();
    const starts = arena.i32(rows + 1), columns = arena.i32(rows * perRow);
    const values = arena.f64(rows * perRow), B = arena.f64(1000 * n), C = arena.f64(rows * n);
    starts.view.forEach((_, i, view) => view[i] = i * perRow);
    columns.view.forEach((_, p, view) => view[p] = (p * 619) % 1000);
    b.start();
    run("csr_product64", rows, n, starts, columns, values, B, C);
    b.end();
  });
}
