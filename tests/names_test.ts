/** One grammar of the names of result files: what is written can be read, by everyone alike. */
import assert from "node:assert/strict";
import {
  experimentOf,
  formatResultName,
  isSuffix,
  parseResultName,
  resultFiles,
  type ResultKind,
  taskName,
} from "../lib/results.ts";

const KNOWN = ["exp_dict_quality", "exp_vary_latents", "exp_vary_latents_wide", "coin"];

Deno.test("every name that is written is read as what it was written from", () => {
  const kinds: ResultKind[] = ["rows", "diagnostics", "meta"];
  const suffixes = ["", "_trial", "_n50", "_10k", "_a.b", "_part1of2", "_diagnosed", "_wider"];
  const parts = [undefined, { index: 0, count: 1 }, { index: 12, count: 100 }];
  for (const experiment of KNOWN) {
    for (const kind of kinds) {
      for (const suffix of suffixes) {
        for (const part of parts) {
          const name = { experiment, kind, suffix, ...(part ? { part } : {}) };
          assert.deepEqual(parseResultName(formatResultName(name), KNOWN), name);
        }
      }
    }
  }
});

Deno.test("the files of a run have the names of the grammar", () => {
  const files = resultFiles("out", "exp_toy", {
    diagnostics: true,
    suffix: "_a",
    part: { index: 1, count: 4 },
  });
  assert.deepEqual(files, {
    rows: "out/exp_toy_a.part1of4.json",
    diagnostics: "out/exp_toy_diagnostics_a.part1of4.json",
    meta: "out/exp_toy_a.part1of4.meta.json",
    lock: "out/.exp_toy_a.part1of4.lock",
  });
});

Deno.test("a file belongs to the experiment of its name; trials and other files to none", () => {
  const cases: [string, string | undefined][] = [
    ["exp_dict_quality.json", "exp_dict_quality"],
    ["exp_dict_quality_n50.json", "exp_dict_quality"],
    ["exp_dict_quality_diagnostics_n10000.json", "exp_dict_quality_diagnostics"],
    ["exp_dict_quality.part0of4.json", "exp_dict_quality"],
    ["exp_dict_quality_diagnostics.part3of4.json", "exp_dict_quality_diagnostics"],
    ["exp_vary_latents_10k.json", "exp_vary_latents"],
    ["exp_vary_latents_wide_10k.json", "exp_vary_latents_wide"],
    ["exp_vary_latents_wide_trial.json", undefined],
    ["exp_dict_quality_trial.json", undefined],
    ["exp_dict_quality_epochs5.json", undefined],
    ["exp_dict_quality_diagnostics_trial.json", undefined],
    ["exp_dict_quality.meta.json", undefined],
    ["exp_dict_quality_n50.part0of4.meta.json", undefined],
    // experiments of one's own: under any name where it is known, else as exp_*
    ["coin.json", "coin"],
    ["exp_coin.json", "exp_coin"],
    ["exp_coin_diagnostics_n50.json", "exp_coin_diagnostics"],
    ["coins.json", undefined],
    ["compare.json", undefined],
    ["README.md", undefined],
    [".exp_toy.json.tmp", undefined],
  ];
  for (const [name, experiment] of cases) assert.equal(experimentOf(name, KNOWN), experiment, name);
});

Deno.test("a suffix says nothing that the name says in another place", () => {
  for (const suffix of ["b", "trial-2", "v1.2", "n50", "my_diagnostics", "part0of2"]) {
    assert(isSuffix(suffix), suffix);
    const name = formatResultName({ experiment: "exp_toy", kind: "rows", suffix: `_${suffix}` });
    assert.equal(parseResultName(name, ["exp_toy"])?.suffix, `_${suffix}`);
  }
  for (
    const suffix of [
      "",
      "../x",
      "a b",
      "é",
      "diagnostics",
      "diagnostics_b",
      "a.meta",
      "a.part0of2",
      "trial.",
      "NUL",
      "com1.a",
    ]
  ) assert(!isSuffix(suffix), suffix);
});

Deno.test("a task has the name of its experiment with a colon and dashes", () => {
  assert.equal(taskName("exp_dict_quality"), "exp:dict-quality");
});
