/** Golden numbers: `tests/golden/*.json`, each case with its own measured tolerances. */
import assert from "node:assert/strict";
import type { Matrix } from "../lib/matrix.ts";

/** An array as the golden files store it. */
export interface GoldenArray {
  shape: number[];
  dtype: string;
  data: number[];
}

// deno-lint-ignore no-explicit-any -- the golden files have no common schema
export type GoldenCase = any;

const files = new Map<string, { cases: GoldenCase[] }>();

/** All cases of `tests/golden/<file>.json`. */
export function goldenCases(file: string): GoldenCase[] {
  let content = files.get(file);
  if (!content) {
    const path = new URL(`./golden/${file}.json`, import.meta.url);
    content = JSON.parse(Deno.readTextFileSync(path)) as { cases: GoldenCase[] };
    files.set(file, content);
  }
  return content.cases;
}

/** One case by name. */
export function goldenCase(file: string, name: string): GoldenCase {
  const found = goldenCases(file).find((c) => c.name === name);
  assert(found, `golden/${file}.json has no case ${name}`);
  return found;
}

/** A stored array as a matrix in its own precision (a 1-D array becomes one row). */
export function toMatrix({ shape, dtype, data }: GoldenArray): Matrix {
  const [rows, cols] = shape.length === 1 ? [1, shape[0]] : shape;
  return {
    rows,
    cols,
    data: dtype === "float32" ? Float32Array.from(data) : Float64Array.from(data),
  };
}

/** Fails unless every |actual − expected| ≤ tol; the message tells the largest difference. */
export function assertClose(
  actual: ArrayLike<number> | number,
  expected: ArrayLike<number> | number,
  tol: number,
  what: string,
): void {
  const a = typeof actual === "number" ? [actual] : actual;
  const e = typeof expected === "number" ? [expected] : expected;
  assert.equal(a.length, e.length, `${what}: length`);
  let worst = 0, at = -1;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i] - e[i]);
    if (!(difference <= worst)) [worst, at] = [difference, i];
  }
  assert(
    worst <= tol,
    `${what}: differs by ${worst} at ${at} (got ${a[at]}, expected ${e[at]}), allowed ${tol}`,
  );
}
