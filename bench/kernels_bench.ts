/**
 * Dense products on the shapes of one training step, and larger. What bounds them: the two 128-bit
 * FMA units, 16 flops a cycle; the loads of a 6×8 block need two thirds of the load ports.
 */
import { Arena, padded, run } from "../lib/kernels.ts";

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
