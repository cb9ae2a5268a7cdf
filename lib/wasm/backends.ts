/**
 * Which build of the kernels an engine can run.
 * @module
 */

/** The builds: with relaxed SIMD, without it, and the first for a memory that threads share. */
export type Backend = "relaxed-simd" | "simd" | "threads";

// Two smallest modules that need the feature: (func (result v128) …) with i8x16.splat, and with
// i8x16.relaxed_swizzle.
const header = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10];
const simdProbe = Uint8Array.of(...header, 8, 1, 6, 0, 65, 0, 253, 15, 11);
const relaxedProbe = Uint8Array.of(
  ...[...header, 15, 1, 13, 0, 65, 0, 253, 15, 65, 0, 253, 15, 253, 128, 2, 11],
);

/**
 * The best backend for one thread that this engine can run.
 *
 * @param validate Tells whether the engine accepts a module; replaced only by tests.
 * @throws {Error} When the engine has no WebAssembly SIMD.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { chooseBackend } from "./backends.ts";
 * assert.throws(() => chooseBackend(() => false), /must support WebAssembly SIMD/);
 * ```
 */
export function chooseBackend(
  validate: (bytes: BufferSource) => boolean = WebAssembly.validate,
): "relaxed-simd" | "simd" {
  if (validate(relaxedProbe)) return "relaxed-simd";
  if (validate(simdProbe)) return "simd";
  throw new Error(
    "Cannot load the kernels: this JavaScript engine must support WebAssembly SIMD, and it does not",
  );
}
