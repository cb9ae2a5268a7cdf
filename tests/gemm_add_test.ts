import assert from "node:assert/strict";
import { instantiateKernels, RESERVED } from "../lib/wasm/instance.ts";
import type { Backend } from "../lib/wasm/backends.ts";
import type { KernelExports } from "../lib/wasm/builds.js";
import { padded } from "../lib/wasm/memory.ts";

for (const backend of ["relaxed-simd", "simd"] as Backend[]) {
  Deno.test(`the ${backend} build adds products of any row count to what is there`, async () => {
    const memory = new WebAssembly.Memory({ initial: 16, maximum: 65_536 });
    const { kernels } = await instantiateKernels(backend, memory, 0);
    const [a, b, c] = [RESERVED, 262_144, 524_288] as Parameters<KernelExports["gemm_nn_add"]>[3][];
    // 1 and 5 rows take the narrow path, 6 and 12 fill blocks, 7 and 64 share rows between blocks
    for (const m of [1, 5, 6, 7, 12, 64]) {
      for (const [n, k] of [[8, 1], [16, 13], [104, 47]]) {
        for (const transposed of [false, true]) {
          const [rows, cols] = transposed ? [k, m] : [m, k];
          const lda = padded(cols);
          // small integers, whose sums are exact in float32
          const A = new Float32Array(memory.buffer, a, rows * lda);
          const B = new Float32Array(memory.buffer, b, k * n);
          const C = new Float32Array(memory.buffer, c, (m + 1) * n);
          A.forEach((_, i) => A[i] = i % 7 - 3);
          B.forEach((_, i) => B[i] = i % 5 - 2);
          C.forEach((_, i) => C[i] = i % 11);
          const kernel = transposed ? kernels.gemm_tn_add : kernels.gemm_nn_add;
          kernel(m, n, k, a, lda, b, n, c, n);
          for (let i = 0; i < (m + 1) * n; i++) {
            const row = Math.floor(i / n);
            let sum = i % 11;
            for (let l = 0; l < k && row < m; l++) {
              sum += A[transposed ? l * lda + row : row * lda + l] * B[l * n + i % n];
            }
            assert.equal(C[i], sum, `m=${m} n=${n} k=${k} transposed=${transposed} element ${i}`);
          }
        }
      }
    }
  });
}
