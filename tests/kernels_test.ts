import assert from "node:assert/strict";
import { instantiateKernels, newMemory, RESERVED } from "../lib/wasm/instance.ts";
import { type Backend, chooseBackend } from "../lib/wasm/backends.ts";
import type { KernelExports } from "../lib/wasm/builds.js";
import { Arena, padded, run, toMatrix32 } from "../lib/wasm/memory.ts";
import { FISTA_FIELDS } from "../lib/cores/fista.ts";
import { LASSO_FIELDS } from "../lib/cores/lasso.ts";
import { FUSED_GATED_FIELDS } from "../lib/cores/sae_fused_gated.ts";
import { FUSED_MP_FIELDS } from "../lib/cores/sae_fused_mp.ts";
import { FUSED_RELU_FIELDS } from "../lib/cores/sae_fused_relu.ts";
import { FUSED_TOPK_FIELDS } from "../lib/cores/sae_fused_topk.ts";
import { SAE_FIELDS } from "../lib/cores/sae.ts";
import { SAE_VARIANTS } from "../lib/cores/sae_variants.ts";
import { fromRows } from "../lib/matrix.ts";

const BACKENDS: Backend[] = ["relaxed-simd", "simd", "threads"];

/** Deterministic values in (−1, 1) that no kernel constant hides. */
function fill(view: Float32Array, seed: number): void {
  for (let i = 0; i < view.length; i++) view[i] = Math.sin(12.9898 * (i + 1) + 78.233 * seed);
}

for (const backend of BACKENDS) {
  Deno.test(`the ${backend} build multiplies matrices of any row count and inner dimension`, async () => {
    const { memory, kernels } = await instantiateKernels(backend, newMemory(backend), 0);
    type Address = Parameters<KernelExports["gemm_nn"]>[3];
    const [a, b, c] = [RESERVED, 262_144, 524_288] as Address[];
    // 1 row takes the narrow path, 5 fill a tile, the others leave 1, 2 or 4 rows over
    for (const m of [1, 5, 6, 7, 12, 64]) {
      for (const [n, k] of [[8, 1], [16, 13], [104, 47]]) {
        for (const transposed of [false, true]) {
          const [rows, cols] = transposed ? [k, m] : [m, k];
          const lda = padded(cols);
          const A = new Float32Array(memory.buffer, a, rows * lda);
          const B = new Float32Array(memory.buffer, b, k * n);
          const C = new Float32Array(memory.buffer, c, (m + 1) * n);
          fill(A, 1), fill(B, 2), C.fill(7);
          if (transposed) kernels.gemm_tn(m, n, k, a, lda, b, n, c, n);
          else kernels.gemm_nn(m, n, k, a, lda, b, n, c, n);
          for (let i = 0; i < m; i++) {
            for (let j = 0; j < n; j++) {
              let sum = 0;
              for (let l = 0; l < k; l++) {
                sum += A[transposed ? l * lda + i : i * lda + l] * B[l * n + j];
              }
              // k roundings of at most 2⁻²⁴ of a partial sum, which stays below k
              const tolerance = k * k * 2 ** -24 + 1e-9;
              assert(
                Math.abs(C[i * n + j] - sum) <= tolerance,
                `m=${m} n=${n} k=${k} transposed=${transposed} (${i}, ${j}): ${
                  C[i * n + j]
                } ≠ ${sum}`,
              );
            }
          }
          assert(C.subarray(m * n).every((value) => value === 7), "wrote past the last row");
        }
      }
    }
  });
}

Deno.test("an element of a product does not depend on the rows around it", () => {
  // k in one part, in several, and so long that rows are shared out too
  for (const [m, n, k] of [[13, 16, 29], [64, 8, 251], [67, 8, 252], [81, 16, 1003]]) {
    using arena = new Arena();
    const lda = padded(k), A = arena.f32(m * lda), B = arena.f32(k * n);
    fill(A.view, 3), fill(B.view, 4);
    const whole = arena.f32(m * n), single = arena.f32(n);
    run("gemm_nn", m, n, k, A, lda, B, n, whole, n);
    for (let i = 0; i < m; i++) {
      run("gemm_nn", 1, n, k, A.from(i * lda), lda, B, n, single, n);
      assert.deepEqual(
        single.view,
        whole.view.slice(i * n, (i + 1) * n),
        `${m}×${n}×${k}, row ${i}`,
      );
    }
  }
});

Deno.test("without fused multiply-adds every element is summed in order, to the bit", async () => {
  const { memory, kernels } = await instantiateKernels("simd", newMemory("simd"), 0);
  type Address = Parameters<KernelExports["gemm_nn"]>[3];
  const [a, b, c] = [RESERVED, 524_288, 786_432] as Address[];
  for (const m of [5, 8, 14, 66]) {
    for (const [n, k] of [[8, 3], [16, 47], [8, 260], [8, 761]]) {
      for (const transposed of [false, true]) {
        const lda = padded(transposed ? m : k), step = transposed ? lda : 1;
        const A = new Float32Array(memory.buffer, a, (transposed ? k : m) * lda);
        const B = new Float32Array(memory.buffer, b, k * n);
        const C = new Float32Array(memory.buffer, c, m * n);
        fill(A, 1), fill(B, 2);
        kernels[transposed ? "gemm_tn" : "gemm_nn"](m, n, k, a, lda, b, n, c, n);
        for (let i = 0; i < m; i++) {
          for (let j = 0; j < n; j++) {
            let sum = 0;
            for (let l = 0, at = transposed ? i : i * lda; l < k; l++, at += step) {
              sum = Math.fround(sum + Math.fround(A[at] * B[l * n + j]));
            }
            assert.equal(C[i * n + j], sum, `${m}×${n}×${k}, transposed ${transposed}: ${i}, ${j}`);
          }
        }
      }
    }
  }
});

Deno.test("transpose moves every element once and leaves the padding alone", () => {
  using arena = new Arena();
  for (const [m, n] of [[1, 1], [3, 9], [4, 4], [8, 5], [13, 18]]) {
    const A = arena.f32(m * padded(n)), B = arena.f32(n * padded(m));
    fill(A.view, 5), B.view.fill(-2);
    run("transpose", m, n, A, padded(n), B, padded(m));
    const [a, b] = [A.view, B.view];
    for (let j = 0; j < n; j++) {
      for (let i = 0; i < padded(m); i++) {
        assert.equal(b[j * padded(m) + i], i < m ? a[i * padded(n) + j] : -2);
      }
    }
  }
});

Deno.test("a block of a matrix is float32, padded with zeros, and comes back whole", () => {
  using arena = new Arena();
  const block = arena.matrix(fromRows([[1, 2, 0.1], [4, 5, 6]]));
  assert.deepEqual([...block.view.subarray(0, 8)], [1, 2, Math.fround(0.1), 0, 0, 0, 0, 0]);
  assert.deepEqual([...toMatrix32(block, 2, 3).data], [1, 2, Math.fround(0.1), 4, 5, 6]);
});

Deno.test("memory of a closed arena is used again, and is zero again", () => {
  {
    using arena = new Arena();
    arena.f32(1000).view.fill(3);
  }
  using arena = new Arena();
  assert(arena.f32(1000).view.every((value) => value === 0));
});

Deno.test("arenas nest like a stack: the outer one refuses to allocate or close first", () => {
  const outer = new Arena();
  const inner = new Arena();
  inner.f64(4);
  assert.throws(() => outer.i32(4), /an inner arena must be closed first/);
  assert.throws(() => outer[Symbol.dispose](), /an inner arena must be closed first/);
  inner[Symbol.dispose]();
  assert.equal(outer.i32(4).view.length, 4);
  outer[Symbol.dispose]();
});

Deno.test("more than a 32-bit address can reach is refused with the amount, and nothing is lost", () => {
  using arena = new Arena();
  const before = arena.f32(8);
  before.view.fill(1);
  assert.throws(() => arena.f64(2 ** 29), {
    name: "RangeError",
    message: /Cannot allocate 4096 MiB for the kernels: all blocks together must fit in 4 GiB/,
  });
  assert(before.view.every((value) => value === 1));
});

Deno.test("the backend is relaxed SIMD, else plain SIMD, else a clear error", () => {
  assert.equal(chooseBackend(), "relaxed-simd");
  let asked = 0;
  assert.equal(chooseBackend(() => asked++ > 0), "simd");
  assert.throws(() => chooseBackend(() => false), /must support WebAssembly SIMD/);
});

Deno.test("the probe for relaxed SIMD is a valid module only because of relaxed SIMD", () => {
  const probes: Uint8Array<ArrayBuffer>[] = [];
  assert.throws(() =>
    chooseBackend((bytes) => (probes.push(bytes as Uint8Array<ArrayBuffer>), false))
  );
  assert.equal(probes.length, 2);
  for (const probe of probes) {
    assert(WebAssembly.validate(probe));
    // An opcode that no proposal defines, in place of the feature's own, must not validate
    const broken = probe.slice();
    broken[broken.lastIndexOf(253) + 1] = 255, broken[broken.lastIndexOf(253) + 2] = 127;
    assert(!WebAssembly.validate(broken));
  }
});

const kernelSource = (file: string) =>
  Deno.readTextFileSync(new URL(`../kernels/${file}.ts`, import.meta.url));

/** The file, without its ending, from which a source imports a name. */
const importedFrom = (source: string, name: string) =>
  source.match(new RegExp(`^import \\{[^}]*\\b${name}\\b[^}]*\\} from "\\./(\\w+)";`, "m"))![1];

/** The fields of an unmanaged class and of what it extends: laid out as declared, 4 bytes each. */
function declaredFields(file: string, name: string): [string, string][] {
  const source = kernelSource(file);
  const [, base, body] = source.match(
    new RegExp(`^export class ${name}(?: extends (\\w+))? \\{\n(.*?)^\\}`, "ms"),
  )!;
  const own = [...body.matchAll(/^ {2}(\w+): (\w+);/gm)].map(([, field, type]) => {
    assert(type === "i32" || type === "usize", `${field} is no field of 4 bytes: ${type}`);
    return [field, type === "i32" ? "number" : "block"] as [string, string];
  });
  return [...(base ? declaredFields(importedFrom(source, base), base) : []), ...own];
}

Deno.test("the records of solvers have the fields of their classes in the kernels, in their order", () => {
  assert.deepEqual(Object.entries(FISTA_FIELDS), declaredFields("fista_record", "Fista"));
  assert.deepEqual(Object.entries(LASSO_FIELDS), declaredFields("lasso_record", "Lasso"));
  assert.deepEqual(
    Object.entries(FUSED_GATED_FIELDS),
    declaredFields("sae_fused_gated", "FusedGated"),
  );
  assert.deepEqual(Object.entries(FUSED_MP_FIELDS), declaredFields("sae_fused_mp", "FusedMp"));
  assert.deepEqual(
    Object.entries(FUSED_RELU_FIELDS),
    declaredFields("sae_fused_relu", "FusedRelu"),
  );
  assert.deepEqual(
    Object.entries(FUSED_TOPK_FIELDS),
    declaredFields("sae_fused_topk", "FusedTopK"),
  );
});

Deno.test("every variant of the autoencoder has a class under its number, with its fields in order", () => {
  const source = kernelSource("sae_variants");
  const classes = [...source.matchAll(/case (\d+): return call<(\w+)>/g)];
  assert.deepEqual(
    classes.map(([, number]) => Number(number)),
    SAE_VARIANTS.map(({ kernel }) => kernel).toSorted((a, b) => a - b),
  );
  for (const [, number, name] of classes) {
    const { type, fields } = SAE_VARIANTS.find(({ kernel }) => kernel === Number(number))!;
    assert.deepEqual(
      Object.entries({ ...SAE_FIELDS, ...fields }),
      declaredFields(importedFrom(source, name), name),
      type,
    );
  }
});

Deno.test("a record is written in the order of its fields, in whatever order they are given", () => {
  using arena = new Arena();
  const block = arena.f32(1);
  const fields = { first: "number", second: "block", third: "number" } as const;
  const view = arena.record(fields, { third: 3, second: block, first: 1 }).view;
  assert.deepEqual([view[0], view[2]], [1, 3]);
  assert.equal(view.length, 3);
  assert(view[1] >= RESERVED, "a block is written as its address");
});
