import assert from "node:assert/strict";
import { meanAndSd } from "../lib/results.ts";

Deno.test("mean and standard deviation are those of the population", () => {
  // 2, 4, 4, 4, 5, 5, 7, 9: the textbook sample with mean 5 and deviation 2
  assert.deepEqual(meanAndSd([2, 4, 4, 4, 5, 5, 7, 9]), { mean: 5, sd: 2, count: 8 });
});

Deno.test("a single value has no spread", () => {
  assert.deepEqual(meanAndSd([0.25]), { mean: 0.25, sd: 0, count: 1 });
});

Deno.test("no values, and values that are not finite, are refused", () => {
  assert.throws(() => meanAndSd([]), /at least one is required, got 0/);
  assert.throws(() => meanAndSd([1, NaN]), /must be a finite number, got NaN/);
});
