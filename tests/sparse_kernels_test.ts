import assert from "node:assert/strict";
import { instantiateKernels, RESERVED } from "../lib/wasm/instance.ts";
import type { Backend } from "../lib/wasm/backends.ts";
import type { Pointer } from "../lib/wasm/builds.js";
import { assertClose } from "./golden.ts";

const BACKENDS: Backend[] = ["relaxed-simd", "simd"];

/** Values in (−1, 1) that repeat nowhere; about one in `every` is kept, the others are 0. */
function fill(view: Float32Array | Float64Array, seed: number, every = 1): void {
  for (let i = 0; i < view.length; i++) {
    view[i] = (i * 7 + seed) % every === 0 ? Math.sin(12.9898 * (i + 1) + 78.233 * seed) : 0;
  }
}

/** A build's exports, and blocks of a memory of its own. */
async function open(backend: Backend) {
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 64 });
  const { kernels } = await instantiateKernels(backend, memory, 0);
  let top = RESERVED;
  const place = (bytes: number) => {
    const pointer = top as Pointer;
    top += Math.ceil(bytes / 64) * 64;
    return pointer;
  };
  const f32 = (length: number) => {
    const pointer = place(4 * length);
    return { pointer, view: new Float32Array(memory.buffer, pointer, length) };
  };
  const f64 = (length: number) => {
    const pointer = place(8 * length);
    return { pointer, view: new Float64Array(memory.buffer, pointer, length) };
  };
  return { kernels, f32, f64 };
}

for (const backend of BACKENDS) {
  Deno.test(`the ${backend} build multiplies by a transposed matrix of any row count`, async () => {
    for (const [m, n, k] of [[1, 4, 1], [2, 8, 8], [5, 12, 47], [64, 104, 93], [3, 1000, 9]]) {
      const { kernels, f32 } = await open(backend);
      const ld = (k + 7) & ~7;
      const A = f32(m * ld), B = f32(n * ld), C = f32((m + 1) * n);
      fill(A.view, 1), fill(B.view, 2), C.view.fill(7);
      for (let i = 0; i < m * ld; i++) if (i % ld >= k) A.view[i] = 0;
      for (let i = 0; i < n * ld; i++) if (i % ld >= k) B.view[i] = 0;
      kernels.gemm_nt(m, n, k, A.pointer, ld, B.pointer, ld, C.pointer, n);
      const expected = Float64Array.from({ length: m * n }, (_, p) => {
        let sum = 0;
        for (let l = 0; l < k; l++) {
          sum += A.view[Math.floor(p / n) * ld + l] * B.view[(p % n) * ld + l];
        }
        return sum;
      });
      // k roundings of at most 2⁻²⁴ of a partial sum, which stays below k
      assertClose(C.view.subarray(0, m * n), expected, k * k * 2 ** -24, `${m}×${n}×${k}`);
      assert(C.view.subarray(m * n).every((value) => value === 7), "wrote past the last row");
    }
  });

  Deno.test(`the ${backend} build sums the products of sparse codes in float64`, async () => {
    for (const [samples, n, m, every] of [[1, 8, 8, 1], [9, 24, 16, 3], [40, 104, 48, 11]]) {
      const { kernels, f32, f64 } = await open(backend);
      const Z = f32(samples * n), X = f64(samples * m), G = f64(n * n), B = f64(n * m);
      const columns = f32(n), values = f64(n);
      fill(Z.view, 3, every), fill(X.view, 4);
      kernels.gram_lower(samples, Z.pointer, n, G.pointer, n, columns.pointer, values.pointer);
      kernels.codes_product(
        samples,
        Z.pointer,
        n,
        X.pointer,
        m,
        B.pointer,
        columns.pointer,
        values.pointer,
      );
      const gram = new Float64Array(n * n), product = new Float64Array(n * m);
      for (let s = 0; s < samples; s++) {
        for (let i = 0; i < n; i++) {
          const z = Z.view[s * n + i];
          for (let j = 0; j <= i; j++) gram[i * n + j] += z * Z.view[s * n + j];
          for (let k = 0; k < m; k++) product[i * m + k] += z * X.view[s * m + k];
        }
      }
      // float64 sums of 40 products below 1; a fused product rounds once less
      assertClose(G.view, gram, 1e-14, "ZᵀZ");
      assertClose(B.view, product, 1e-14, "ZᵀX");
    }
  });

  Deno.test(`the ${backend} build counts the entries above a bound in magnitude`, async () => {
    const { kernels, f32 } = await open(backend);
    const x = f32(24);
    x.view.set([0.5, -0.5, 0.01, -0.011, 0, 2, -3]);
    assert.equal(kernels.count_above(24, 0.01, x.pointer), 5);
  });
}
