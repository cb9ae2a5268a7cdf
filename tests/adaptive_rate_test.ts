import assert from "node:assert/strict";
import { AdaptiveRate } from "../lib/adaptive_rate.ts";
import { assertClose, goldenCases } from "./golden.ts";

Deno.test("the adaptive rate follows every golden loss curve as the reference did", () => {
  for (const { name, inputs, expected } of goldenCases("sparse_coding")) {
    if (!expected.lr_after_step) continue;
    const rate = new AdaptiveRate(inputs.initial_lr);
    const rates = expected.loss.map((loss: number) => rate.step(loss));
    // the same products of doubles in the same order
    assertClose(rates, expected.lr_after_step, 0, name);
  }
});

Deno.test("the adaptive rate stays within its bounds", () => {
  const rising = new AdaptiveRate(0.9), falling = new AdaptiveRate(2e-6);
  for (let step = 0; step < 10; step++) rising.step(-step), falling.step(1);
  assert.equal(rising.rate, 1);
  assert.equal(falling.rate, 1e-6);
});

Deno.test("a loss that is no number counts as no new best", () => {
  const rate = new AdaptiveRate(0.5);
  rate.step(NaN);
  assert.equal(rate.step(NaN), 0.25);
});

Deno.test("the adaptive rate refuses factors and bounds that make no sense", () => {
  assert.throws(() => new AdaptiveRate(0), /^RangeError: lr must be .* above 0, got 0/);
  assert.throws(() => new AdaptiveRate(1, { down: -1 }), /^RangeError: down must be .* got -1/);
  assert.throws(() => new AdaptiveRate(1, { patience: 0 }), /^RangeError: patience must be/);
  assert.throws(() => new AdaptiveRate(1, { min: 2 }), /^RangeError: min must be at most max, 1/);
});
