/**
 * The product of two vectors in float64.
 * @module
 */

/**
 * Σᵢ aᵢ·bᵢ, summed from the first to the last.
 *
 * @param a The first vector.
 * @param b The second, at least as long.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { dot } from "./dot.ts";
 *
 * assert.equal(dot(Float64Array.of(1, 2), Float64Array.of(3, 4)), 11);
 * ```
 */
export function dot(a: Float64Array, b: Float32Array | Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
