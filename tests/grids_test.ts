import assert from "node:assert/strict";
import {
  compressedSensingBound,
  computeInputDim,
  frozenDecoderGrid,
  type GridRow,
  largeLatentsGrid,
  largestSparsity,
  phaseGrid,
  type ProblemConfig,
  validateConfig,
  varyLatentsGrid,
  varySamplesGrid,
  varySparsityGrid,
} from "../lib/grids.ts";
import { checkDatasetOptions } from "../lib/data.ts";
import { goldenCase } from "./golden.ts";

/** The configuration under the golden file's names. */
function toGolden(config: ProblemConfig): Record<string, unknown> {
  return {
    num_latents: config.numLatents,
    k: config.k,
    input_dim: config.inputDim,
    input_dim_min: config.inputDimMin,
    n_samples: config.nSamples,
    eps: config.eps,
    valid: config.valid,
  };
}

const grids: [string, () => GridRow[]][] = [
  ["get_frozen_decoder_configs", frozenDecoderGrid],
  ["get_large_latents_configs", largeLatentsGrid],
  ["get_vary_latents_configs", varyLatentsGrid],
  ["get_vary_samples_configs", varySamplesGrid],
  ["get_vary_sparsity_configs", varySparsityGrid],
];
for (const [name, grid] of grids) {
  Deno.test(`the default grid has the reference's rows in its order: ${name}`, () => {
    const rows = grid().map((row) => ({
      ...toGolden(row),
      width: row.width,
      n_warnings: row.warnings.length,
    }));
    assert.deepEqual(rows, goldenCase("configs", name).expected);
  });
}

Deno.test("the input dimension follows the bound or is refused for the reference's reason", () => {
  const messages: Record<string, RegExp> = {
    bound_exceeds_num_latents: /the bound must not exceed numLatents, got \d+/,
    sparsity_out_of_range: /^(k|numLatents) must be an integer of at least 1|k must be below numL/,
  };
  for (const { num_latents, k, c, expected } of goldenCase("configs", "compute_input_dim").rows) {
    if (expected.error) {
      const refused = { name: "RangeError", message: messages[expected.error] };
      assert.throws(() => computeInputDim(num_latents, k, c), refused);
    } else {
      assert.equal(computeInputDim(num_latents, k, c), expected.input_dim);
    }
  }
  assert.equal(computeInputDim(1000, 10), 93);
});

Deno.test("a single problem is completed and warned about like in the reference", () => {
  for (const { inputs, expected } of goldenCase("configs", "validate_config").rows) {
    const config = validateConfig({
      numLatents: inputs.num_latents,
      k: inputs.k,
      inputDim: inputs.input_dim,
      nSamples: inputs.n_samples,
      c: inputs.c,
    });
    const { warning_kinds: kinds, ...rest } = expected;
    assert.deepEqual(toGolden(config), rest);
    assert.deepEqual(config.warnings.map(({ kind }) => kind), kinds);
  }
  const { warnings } = validateConfig({ numLatents: 100, k: 10, inputDim: 40, nSamples: 79 });
  assert.deepEqual(warnings.map(({ message }) => message), [
    "inputDim should be at least the bound 47, got 40",
    "nSamples should be at least 2 × inputDim = 80, got 79",
  ]);
});

Deno.test("a grid takes other lists and leaves out what has no problem", () => {
  const rows = varyLatentsGrid({ numLatents: [10, 50], k: [3, 10], nSamples: [20, 40], c: [1, 2] });
  assert.deepEqual(
    rows.map((row) => [row.numLatents, row.k, row.inputDim, row.nSamples].join(" ")),
    [
      ["10 3 4 20", "10 3 4 40", "10 3 8 20", "10 3 8 40"],
      ["50 3 9 20", "50 3 9 40", "50 3 17 20", "50 3 17 40"],
      ["50 10 17 20", "50 10 17 40", "50 10 33 20", "50 10 33 40"],
    ].flat(),
  );
  // the bound exceeds n for c = 4, and half of 1000 latents have no 600 active ones
  assert.deepEqual(varyLatentsGrid({ numLatents: [5], k: [1], c: [4] }), []);
  assert.deepEqual(varySparsityGrid({ k: [2, 600, 1000] }).map((row) => row.k), [2]);
});

Deno.test("every row of every default grid can be drawn, and the largest sparsity is the largest", () => {
  for (const grid of [...grids.map(([, grid]) => grid), phaseGrid]) {
    for (const { numLatents, k, inputDim, nSamples } of grid()) {
      checkDatasetOptions({ seed: 0, numLatents, k, inputDim, nSamples });
    }
  }
  for (let n = 2; n < 40; n++) {
    const options = { seed: 0, numLatents: n, nSamples: 2 };
    checkDatasetOptions({ ...options, k: largestSparsity(n) });
    assert.throws(() => checkDatasetOptions({ ...options, k: largestSparsity(n) + 1 }), RangeError);
  }
});

Deno.test("the phase grid has each (n, k, m) once, with m capped at n", () => {
  const rows = phaseGrid();
  // 3 × 3 × 9 combinations; one of (50, 5), two of (50, 10) and one of (100, 10) repeat m = n
  assert.equal(rows.length, 77);
  assert.equal(new Set(rows.map((row) => `${row.numLatents} ${row.k} ${row.inputDim}`)).size, 77);
  assert.deepEqual(rows[0], {
    numLatents: 50,
    k: 3,
    inputDim: 5,
    nSamples: 2000,
    width: 50,
    eps: 0.592,
    rho: 0.06,
    delta: 0.1,
  });
  // rows of the published file: fewer dimensions than active latents, the cap, and a thin rho
  const tags = rows.map((row) =>
    [row.numLatents, row.k, row.inputDim, row.eps, row.rho, row.delta].join(" ")
  );
  for (
    const published of [
      "50 10 9 0.559 0.2 0.18",
      "50 10 50 3.107 0.2 1",
      "200 3 13 1.032 0.015 0.065",
    ]
  ) assert(tags.includes(published), published);
  assert(rows.every((row) => row.inputDim <= row.numLatents && row.width === row.numLatents));
  assert.equal(phaseGrid({ numLatents: [50], k: [3, 50], c: [0.01] })[0].inputDim, 1);
  assert.equal(phaseGrid({ numLatents: [50], k: [3], c: [1], nSamples: [10, 20] }).length, 2);
});

Deno.test("the bound is the formula", () => {
  assert.equal(compressedSensingBound(100, 10, 2), Math.ceil(20 * Math.LN10));
  assert.deepEqual([2, 3, 50, 51].map(largestSparsity), [1, 2, 25, 26]);
});

Deno.test("bad lists and values are refused by name", () => {
  assert.throws(() => varyLatentsGrid({ k: [] }), {
    name: "RangeError",
    message: "Cannot make a grid: k must list at least one value, got none",
  });
  assert.throws(() => phaseGrid({ c: [1, NaN] }), {
    message: /^c must be a finite number above 0/,
  });
  assert.throws(() => varySamplesGrid({ nSamples: [1.5] }), {
    message: /^nSamples must be an int/,
  });
  assert.throws(() => validateConfig({ numLatents: 50, k: 3, inputDim: 0 }), {
    message: /^inputDim must be/,
  });
  assert.throws(() => computeInputDim(50, 3, 0), { message: /^c must be a finite number above 0/ });
});
