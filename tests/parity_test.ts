import assert from "node:assert/strict";
import { leftOut } from "../commands/left_out.ts";
import { disagreements } from "../lib/reports/disagreements.ts";
import { compareResults, type MethodComparison } from "../lib/reports/parity.ts";
import { comparisonFigure } from "../lib/reports/parity_figure.ts";
import { comparisonText, countOutside, parityText } from "../lib/reports/parity_text.ts";
import type { Row } from "../lib/results.ts";
import { allowedDifference, toleranceOf } from "../lib/reports/tolerances.ts";

const SEEDS = [0, 1, 2];

function row(method: string, num_latents: number, seed: number, values: Row): Row {
  return {
    method,
    num_latents,
    k: 10,
    input_dim: num_latents / 2,
    width: num_latents,
    n_samples: 5000,
    seed,
    ...values,
  };
}

/** Compares one method over seeds 0, 1, 2 in one metric. */
function compareSeeds(
  method: string,
  published: number[],
  ours: number[],
  metric = "mcc_iid",
): MethodComparison {
  const rows = (values: number[]) =>
    values.map((v, seed) => row(method, 50, seed, { [metric]: v }));
  const name = "exp_vary_latents.json";
  return compareResults([{ name, rows: rows(published) }], [{ name, rows: rows(ours) }])
    .files[0].methods[0];
}

function close(actual: number, expected: number): void {
  // sums of a few numbers below 10
  assert(Math.abs(actual - expected) < 1e-14, `${actual} is not ${expected}`);
}

Deno.test("rows belong together when they agree in every shared column that is no outcome", () => {
  const published = [
    row("warm_relu", 50, 0, { n_iter: 1, mcc_iid: 0.1, best_dim: 3 }),
    row("warm_relu", 50, 0, { n_iter: 2, mcc_iid: 0.2, best_dim: 3 }),
    row("warm_relu", 50, 1, { n_iter: 1, mcc_iid: 0.3, best_dim: 3 }),
    row("cold_relu", 50, 0, { n_iter: 1, mcc_iid: 0.4, best_dim: 3 }),
  ];
  const ours = [
    // columns of ours alone, and outcomes, do not tell rows apart
    row("warm_relu", 50, 0, {
      n_iter: 2,
      mcc_iid: 0.5,
      best_dim: 9,
      acc_converged: true,
      note: "",
    }),
    row("warm_relu", 50, 2, { n_iter: 1, mcc_iid: 0.6, best_dim: 3 }),
    row("fista_oracle", 50, 0, { n_iter: 500, mcc_iid: 0.7, best_dim: 3 }),
    // another number of latents belongs to another file
    row("warm_relu", 100, 0, { n_iter: 1, mcc_iid: 0.8, best_dim: 3 }),
  ];
  const { files, values } = compareResults(
    [{ name: "exp_warmstart_encoder_n50.json", rows: published }],
    [{ name: "exp_warmstart_encoder.json", rows: ours }],
  );
  const counts = files[0].methods.map((m) => [m.method, m.matched, m.publishedOnly, m.oursOnly]);
  assert.deepEqual(counts, [
    ["warm_relu", 1, 2, 1],
    ["cold_relu", 0, 1, 0],
    ["fista_oracle", 0, 0, 1],
  ]);
  assert.deepEqual(values, [
    { method: "warm_relu", metric: "mcc_iid", published: 0.2, ours: 0.5, outside: true },
  ]);
});

Deno.test("several published files meet one file of ours, and ours may be split as well", () => {
  const rows = (n: number, value: number) =>
    SEEDS.map((seed) => row("sae_relu", n, seed, { acc_iid: value }));
  const published = [50, 100, 500].map((n) => ({
    name: `exp_frozen_decoder_n${n}.json`,
    rows: rows(n, 0.5),
  }));
  const { files } = compareResults(published, [
    { name: "exp_frozen_decoder_n100.json", rows: [...rows(100, 0.9), ...rows(500, 0.8)] },
    { name: "exp_frozen_decoder.json", rows: [...rows(50, 0.6), ...rows(100, 0.7)] },
    { name: "exp_vary_latents.json", rows: rows(50, 0) },
  ]);
  // n = 100 is in two files of ours: the one without suffix counts
  assert.deepEqual(files.map(({ methods }) => methods[0].metrics[0].ours.toFixed(3)), [
    "0.600",
    "0.700",
    "0.800",
  ]);
  assert.deepEqual(files.map(({ command }) => command), [
    "deno task exp:frozen-decoder --paper --n 50",
    "deno task exp:frozen-decoder --paper --n 100",
    "deno task exp:frozen-decoder --paper --n 500",
  ]);
});

Deno.test("the old names of the phase file are today's, and its SAEs have their own width", () => {
  const old = (method: string, mcc_iid: number): Row => (
    { method, n: 50, k: 3, m: 13, r: 1.068, seed: 0, mcc_iid, best_dim: 7 }
  );
  const published = [
    old("fista_sup", 0.1),
    old("fista_unsup", 0.2),
    old("direct_unsup", 0.3),
    old("sae_relu", 0.4),
    // a row of the newer version in the same file
    {
      method: "linear_probe",
      num_latents: 50,
      k: 3,
      input_dim: 13,
      eps: 1.54,
      seed: 0,
      mcc_iid: 0.5,
    },
  ];
  const names = ["fista_oracle", "dl_fista", "softplus_adam", "sae_relu", "linear_probe"];
  const ours = names.map((method) =>
    row(method, 50, 0, { k: 3, input_dim: 13, n_samples: 2000, eps: 1.54, mcc_iid: 0.6 })
  );
  const name = "exp_phase_transition.json";
  const [file] = compareResults([{ name, rows: published }], [{ name, rows: ours }]).files;
  assert.equal(file.command, "deno task exp:phase-transition --paper");
  assert.deepEqual(
    file.methods.map(({ method, matched, metrics }) => [method, matched, metrics[0]?.published]),
    [
      ["fista_oracle", 1, 0.1],
      ["dl_fista", 1, 0.2],
      ["softplus_adam", 1, 0.3],
      ["sae_relu", 0, undefined],
      ["linear_probe", 1, 0.5],
    ],
  );
});

Deno.test("diagnostics are compared by SAE type, learning curves by epoch or round", () => {
  const type = (sae_type: string, mean_cosine: number): Row => ({
    sae_type,
    num_latents: 50,
    seed: 0,
    mean_cosine,
  });
  const curve = (at: Row, l0_iid: number): Row => ({
    method: "dl_fista",
    num_latents: 50,
    seed: 0,
    ...at,
    l0_iid,
  });
  const { files } = compareResults([
    { name: "exp_dict_quality_diagnostics_n50.json", rows: [type("relu", 0.5), type("MP", 0.6)] },
    {
      name: "exp_learning_dynamics_n50.json",
      rows: [curve({ epoch: 10 }, 1), curve({ round: 10 }, 2)],
    },
  ], [
    { name: "exp_dict_quality_diagnostics.json", rows: [type("MP", 0.61), type("relu", 0.51)] },
    {
      name: "exp_learning_dynamics.json",
      rows: [curve({ round: 10 }, 2.05), curve({ epoch: 10 }, 1.05)],
    },
  ]);
  const summary = files.map(({ methods }) =>
    methods.map(({ method, class: kind, metrics: [m] }) => [method, kind, m.compared, m.outside])
  );
  assert.deepEqual(summary, [
    [["relu", "smooth", 1, 1], ["MP", "chaotic", 1, 0]],
    // 0.05 is more than 3 % of 1, and less than 3 % of 2
    [["dl_fista", "random start", 2, 1]],
  ]);
  assert.equal(files[0].command, "deno task exp:dict-quality --paper");
});

Deno.test("means, median, largest difference and values outside are those of the rows", () => {
  const { metrics: [metric] } = compareSeeds("sae_relu", [0.5, 0.6, 0.7], [0.501, 0.6, 0.706]);
  close(metric.published, 0.6);
  close(metric.ours, 1.807 / 3);
  close(metric.median, 0.001);
  close(metric.largest, 0.006);
  assert.deepEqual([metric.metric, metric.compared, metric.outside], ["mcc_iid", 3, 1]);
  // an even number of rows: half way between the middle two
  close(compareSeeds("sae_relu", [0.5, 0.5], [0.501, 0.504]).metrics[0].median, 0.0025);
});

Deno.test("random starts are judged by their means over seeds", () => {
  const outside = (published: number[], ours: number[]) => {
    const { metrics: [metric] } = compareSeeds("dl_fista", published, ours);
    assert.equal(metric.compared, 1);
    return metric.outside;
  };
  // rows differ by 0.2, means agree
  assert.equal(outside([0.5, 0.6, 0.7], [0.7, 0.6, 0.5]), 0);
  assert.equal(outside([0.6, 0.6, 0.6], [0.629, 0.629, 0.629]), 0);
  assert.equal(outside([0.6, 0.6, 0.6], [0.631, 0.631, 0.631]), 1);
  // standard deviations 0.1 and 0: two standard errors are 2·0.1/√3 = 0.1155
  assert.equal(outside([0.5, 0.6, 0.7], [0.71, 0.71, 0.71]), 0);
  assert.equal(outside([0.5, 0.6, 0.7], [0.72, 0.72, 0.72]), 1);
});

Deno.test("every method of the published rows has the class that its numbers follow", () => {
  const cases: Record<string, string[]> = {
    exact: ["fista_oracle", "linear_probe"],
    smooth: ["relu", "sae_relu", "fista+relu", "warm_relu", "jumprelu", "oracle_norms_jumprelu"],
    chaotic: ["topk", "MP", "sae_MP", "refined_topk", "support_lstsq_MP", "cold_topk"],
    "random start": ["dl_fista", "softplus_adam", "warm_dl_relu", "cold_dl_MP"],
  };
  for (const [name, methods] of Object.entries(cases)) {
    for (const method of methods) assert.equal(toleranceOf(method)?.class, name, method);
  }
  assert.equal(toleranceOf("sae_relu")!.score, 2e-3);
  assert.equal(toleranceOf("sae_jumprelu")!.score, 1e-2);
  assert.equal(toleranceOf("my_relusion"), undefined);
});

Deno.test("a tolerance is in the metric's own unit", () => {
  const relu = toleranceOf("sae_relu")!;
  assert.equal(allowedDifference(relu, "mcc_ood", 0.5, 50), 0.002);
  assert.equal(allowedDifference(relu, "precision_iid", 0.5, 50), 0.002);
  assert.equal(allowedDifference(relu, "acc_ood", 0.5, 50), 0.03);
  assert.equal(allowedDifference(relu, "l0_iid", 30, 50), 0.06);
  assert.equal(allowedDifference(relu, "pred_total_l0_ood", 30, 50), 0.06);
  assert.equal(allowedDifference(relu, "mse_iid", 1e-3, 50), 2e-6);
  assert.equal(allowedDifference(relu, "frac_close", 0.5, 50), 0.022);
});

Deno.test("a method that nothing is known about is compared but not judged", () => {
  const method = compareSeeds("my_method", [0.1], [0.9]);
  assert.equal(method.class, undefined);
  close(method.metrics[0].largest, 0.8);
  assert.equal(method.metrics[0].outside, 0);
});

Deno.test("rows that cannot be told apart, or name no method, are refused with the file's name", () => {
  const name = "exp_vary_latents.json";
  const twice = [0.1, 0.2].map((mcc_iid) => row("sae_relu", 50, 0, { mcc_iid }));
  assert.throws(() => compareResults([{ name, rows: twice.slice(1) }], [{ name, rows: twice }]), {
    name: "RangeError",
    message:
      /^Cannot compare exp_vary_latents\.json: its rows must differ in .*seed, got two of .*seed 0$/,
  });
  assert.throws(() => compareResults([{ name, rows: [{ seed: 0 }] }], []), {
    name: "RangeError",
    message: /^Cannot compare exp_vary_latents\.json: every row must name its method or sae_type/,
  });
  assert.throws(() => compareResults([{ name: "rows.json", rows: twice }], []), {
    name: "RangeError",
    message: /^Cannot compare rows\.json: it must be named/,
  });
});

/** Two published files: one that we have, with one value outside, and one that we lack. */
function example() {
  const values = (method: string, mcc_iid: number, acc_iid: number) =>
    SEEDS.map((seed) => row(method, 50, seed, { mcc_iid: mcc_iid + seed / 100, acc_iid }));
  const rows = [...values("sae_relu", 0.5, 0.9), ...values("dl_fista", 0.7, 0.8)];
  const ours = rows.map((row) => ({
    ...row,
    mcc_iid: Number(row.mcc_iid) + (row.method === "dl_fista" || row.seed === 1 ? 0.01 : 0),
  }));
  return compareResults([
    { name: "exp_frozen_decoder.json", rows },
    { name: "exp_frozen_decoder_10k.json", rows: [row("sae_relu", 10_000, 0, { mcc_iid: 0.1 })] },
  ], [{ name: "exp_frozen_decoder.json", rows: ours }]);
}

Deno.test("the terminal's tables mark what is outside and name the command for what is missing", () => {
  const { files } = example();
  assert.equal(countOutside(files), 1);
  const lines = comparisonText(files).split("\n");
  assert.equal(
    lines[0],
    "exp_frozen_decoder.json: 6 rows compared, 0 published rows without ours, 0 ours only",
  );
  assert.match(lines[2], /^ {2}sae_relu +smooth +3\/0\/0 +0 0\.01 !1 +0 0$/);
  assert.match(lines[3], /^ {2}dl_fista +random start +3\/0\/0 +0\.01 0\.01 +0 0$/);
  assert.match(
    lines[5],
    /^exp_frozen_decoder_10k\.json: 0 rows compared, 1 published .*\(deno task exp:frozen-decoder --paper --n 10000\)$/,
  );
  assert.match(lines.at(-1)!, /; 1 of 8 values outside$/);
});

Deno.test("PARITY.md has an overview of all files and a table for each that we have rows of", () => {
  const text = parityText(example().files);
  assert.match(
    text,
    /^\| exp_frozen_decoder\.json \| 6 \| 0 \| 0 \| 1 of 8 \| `deno task exp:frozen-decoder --paper --n 50` \|$/m,
  );
  assert.match(
    text,
    /^\| exp_frozen_decoder_10k\.json \| 0 \| 1 \| 0 \| 0 of 0 \| `.* --n 10000` \|$/m,
  );
  assert.deepEqual(text.match(/^## .*$/mg), ["## Overview", "## exp_frozen_decoder.json"]);
  assert.match(
    text,
    /^\| sae_relu \| smooth \| 3 \| 0\.5100 → 0\.5133 \(\+0\.0033\) \*\*1\*\* \| 0\.9000 → 0\.9000 \(0\) \|$/m,
  );
  assert.equal(text, parityText(example().files));
  // every line of a table has the fields of its header
  for (const table of text.split("\n\n").filter((part) => part.startsWith("|"))) {
    const fields = table.trim().split("\n").map((line) => line.split("|").length);
    assert.equal(new Set(fields).size, 1, table);
  }
});

Deno.test("the figure has a point for every value, and an edge around those outside", () => {
  const { values } = example();
  const svg = comparisonFigure(values);
  assert.equal(svg, comparisonFigure(values.toReversed()));
  assert(!/NaN|undefined|Infinity/.test(svg));
  assert.match(
    svg,
    /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"[^>]*><title>.+<\/title><desc>.*8 values.*1 of them/,
  );
  assert(!/https?:(?!\/\/www\.w3\.org\/2000\/svg")/.test(svg), "nothing outside itself");
  // points of a series in one path: SAE and DL-FISTA in MCC and accuracy, and the one outside
  const paths = svg.match(/<path (?=[^>]*d="M[^"]*z")(?=[^>]*fill=")(?![^>]*transform)[^>]*>/gi)!;
  assert.equal(paths.length, 4 + 1);
  const edged = paths.filter((path) => path.includes("stroke="));
  // (0.51, 0.52) in a panel of 220 pixels on [−0.05, 1.05], rounded to half pixels
  assert.match(edged.join(), / d="M112 106m/);
  assert(svg.includes(">SAE</text>") && svg.includes(">sparse coding</text>"), "the legend");
});

Deno.test("values on the same half pixel are drawn once, and other metrics do not show", () => {
  const value = {
    method: "sae_relu",
    metric: "mcc_iid",
    published: 0.5,
    ours: 0.5,
    outside: false,
  };
  const svg = comparisonFigure([value]);
  const points = (svg: string) => svg.match(/M110 110m/g)!.length;
  assert.equal(points(svg), 1);
  const more = comparisonFigure([value, { ...value, ours: 0.5001 }, {
    ...value,
    metric: "l0_iid",
  }]);
  assert.equal(points(more), 1);
});

Deno.test("least squares on more atoms than dimensions is compared, but not judged", () => {
  const tolerance = toleranceOf("support_lstsq_relu")!;
  assert.equal(tolerance.class, "ill-posed");
  assert.equal(allowedDifference(tolerance, "mcc_iid", 0.05, 50), 1);
  // ten atoms of thirty-three dimensions are well-posed, and as chaotic as the encoder that chose them
  assert.equal(toleranceOf("support_lstsq_topk")!.class, "chaotic");
});

Deno.test("an almost perfect reconstruction is held to the scale of the observations", () => {
  const tolerance = toleranceOf("sae_jumprelu")!;
  assert.equal(allowedDifference(tolerance, "mse_iid", 1e-6, 50), 1e-5);
  assert.equal(allowedDifference(tolerance, "mse_iid", 0.02, 50), 2e-4);
});

Deno.test("rows made with other steps, rounds, iterations or λ are no counterparts, and are told as such", () => {
  const rows = (more: Row = {}) =>
    SEEDS.flatMap((seed) =>
      ["dl_fista", "fista_oracle"].map((method) => row(method, 50, seed, { mcc_iid: 0.5, ...more }))
    );
  const published = [{ name: "exp_vary_latents.json", rows: rows() }];
  const compare = (ours: Row[], options?: Record<string, unknown>) => {
    const { files, missing } = compareResults(
      published,
      [{ name: "exp_vary_latents.json", rows: ours, options }],
    );
    const matched = files[0].methods.map(({ method, matched }) => [method, matched]);
    return [matched, [...new Set(missing.map(({ instead }) => instead))]];
  };
  const both = [["dl_fista", 3], ["fista_oracle", 3]];
  assert.deepEqual(compare(rows(), { maxSteps: 50_000 }), [both, []]);
  assert.deepEqual(compare(rows()), [both, []]);
  assert.deepEqual(compare(rows(), { maxSteps: 500 }), [
    [["dl_fista", 0], ["fista_oracle", 3]],
    ["maxSteps 500 instead of 50000"],
  ]);
  assert.deepEqual(compare(rows(), { fistaIters: 20 }), [
    [["dl_fista", 0], ["fista_oracle", 0]],
    ["fistaIters 20 instead of 100"],
  ]);
  assert.deepEqual(compare([]), [[["dl_fista", 0], ["fista_oracle", 0]], [undefined]]);
  // published rows that say how they were made are held against that
  const { missing } = compareResults(
    [{ ...published[0], options: { maxSteps: 500 } }],
    [{ ...published[0], options: { maxSteps: 500 } }],
  );
  assert.deepEqual(missing, []);
});

Deno.test("a training that settled earlier than the published one is told from one that is missing", () => {
  const rounds = (method: string, seed: number, ...values: number[]) =>
    values.map((round) => row(method, 50, seed, { round, l0_iid: 1 }));
  const { missing } = compareResults(
    [{
      name: "exp_learning_dynamics_n50.json",
      rows: [...rounds("dl_fista", 0, 0, 10, 20), ...rounds("dl_fista", 1, 0)],
    }],
    [{ name: "exp_learning_dynamics.json", rows: rounds("dl_fista", 0, 0) }],
  );
  assert.deepEqual(missing.map(({ row, instead }) => [row.seed, row.round, instead]), [
    [0, 10, "ours settled in an earlier round"],
    [0, 20, "ours settled in an earlier round"],
    [1, 0, undefined],
  ]);
});

Deno.test("chaotic methods are compared by their means and standard errors too", () => {
  const means = (published: number[], ours: number[], method = "sae_MP") =>
    compareSeeds(method, published, ours).metrics[0].means;
  // sd of 0.5, 0.6, 0.7 is 0.0816, its standard error 0.0816/√2; three of both: 0.245
  assert.deepEqual(means([0.5, 0.6, 0.7], [0.74, 0.84, 0.94]), { compared: 1, outside: 0 });
  assert.deepEqual(means([0.5, 0.6, 0.7], [0.75, 0.85, 0.95]), { compared: 1, outside: 1 });
  assert.deepEqual(means([0.5], [0.9]), { compared: 0, outside: 0 });
  assert.equal(means([0.5, 0.6, 0.7], [0.5, 0.6, 0.7], "sae_relu"), undefined);
  const { files } = example();
  assert.doesNotMatch(parityText(files), /## Chaotic/);
  const rows = SEEDS.map((seed) => row("sae_MP", 50, seed, { mcc_iid: seed / 10 }));
  const name = "exp_vary_latents.json";
  const text = parityText(compareResults([{ name, rows }], [{ name, rows }]).files);
  assert.match(text, /## Chaotic methods[^]*\| sae_MP \| 0 of 1 \| 0 of 0 \|/);
});

Deno.test("files that hold the same configuration under other names are held against each other", () => {
  const at = (method: string, mcc_iid: number, more: Row = {}) =>
    row(method, 50, 0, { mcc_iid, ...more });
  const found = disagreements([
    { name: "exp_vary_latents.json", rows: [at("sae_MP", 0.5), at("fista_oracle", 0.5)] },
    {
      name: "exp_warmstart_encoder_n50.json",
      rows: [
        at("warm_MP", 0.75, { n_iter: 0 }),
        at("warm_MP", 0.125, { n_iter: 1 }),
        at("cold_MP", 0.25, { n_iter: 100 }),
        at("cold_MP", 1, { n_iter: 500 }),
        // 500 iterations: another configuration
        at("fista_oracle", 0.875, { n_iter: 500 }),
      ],
    },
    {
      name: "exp_lambda_sensitivity_n50.json",
      rows: [
        at("sae_MP", 0.625, { lam: -1 }),
        at("frozen_MP", 0.375, { lam: 0.1 }),
        at("frozen_MP", 0.875, { lam: 0.5 }),
      ],
    },
    { name: "exp_phase_transition.json", rows: [at("fista_oracle", 0.875)] },
  ]);
  assert.deepEqual(found, [
    {
      method: "fista+MP",
      configurations: 1,
      scores: [{ metric: "mcc_iid", median: 0.125, largest: 0.125, outside: 1 }],
    },
    {
      method: "sae_MP",
      configurations: 1,
      // 0.5, 0.75, 0.625: distances 0.25 and twice 0.125
      scores: [{ metric: "mcc_iid", median: 0.125, largest: 0.25, outside: 3 }],
    },
  ]);
  const text = parityText([], { disagreements: found });
  assert.match(text, /\| sae_MP \| 1 \| 0\.13, 0\.25 \*\*3\*\* \|/);
});

Deno.test("what is left out is told with reason, hours and the run that makes it", async () => {
  const missing = (file: string, rows: Row[], instead?: string) =>
    rows.map((row) => ({ file, row, instead }));
  const phase = { num_latents: 50, k: 3, input_dim: 7, width: 100, eps: 0.575, seed: 0 };
  const entries = await leftOut([
    ...missing("exp_vary_samples_10k.json", [
      { ...row("softplus_adam", 10_000, 0, { input_dim: 139 }), n_samples: 10_000 },
      { ...row("linear_probe", 10_000, 0, { input_dim: 139 }), n_samples: 10_000 },
    ]),
    ...missing("exp_large_latents.json", [
      { ...row("dl_fista", 1000, 0, { input_dim: 93 }), n_samples: 1000 },
    ], "maxSteps 500 instead of 50000"),
    ...missing("exp_phase_transition.json", [{ method: "sae_relu", ...phase }]),
    ...missing("exp_learning_dynamics_n50.json", [
      row("sae_relu", 50, 0, { epoch: 0, input_dim: 33 }),
    ]),
    ...missing("exp_own.json", [{ method: "coin", num_latents: 5, seed: 0 }]),
  ]);
  assert.deepEqual(
    entries.map(({ file, rows, reason, command }) => [file, rows, reason, command]),
    [
      [
        "exp_vary_samples_10k.json",
        1,
        "cells over 2 hours on two cores: for a cluster",
        "deno task exp:vary-samples --paper --n 10000 --softplus-steps 50000",
      ],
      [
        "exp_vary_samples_10k.json",
        1,
        "not run yet",
        "deno task exp:vary-samples --paper --n 10000",
      ],
      [
        "exp_large_latents.json",
        1,
        "maxSteps 500 instead of 50000",
        "deno task exp:large-latents --paper --n 1000",
      ],
      [
        "exp_phase_transition.json",
        1,
        "not run yet (the older grid)",
        "deno task exp:phase-transition --paper --n 50 --older",
      ],
      [
        "exp_learning_dynamics_n50.json",
        1,
        "not run yet",
        "deno task exp:learning-dynamics --paper --n 50",
      ],
      ["exp_own.json", 1, "not run yet", "deno task exp:own --paper --n 5"],
    ],
  );
  const hours = entries.map(({ hours }) => hours);
  // 10,000 steps and more at n = 10,000 take hours by any estimate; a probe takes minutes at most
  assert(hours[0]! > 4 && hours[1]! < 0.5 && hours[5] === undefined, String(hours));
  const text = parityText([], { leftOut: entries });
  assert.match(
    text,
    /## What is left out[^]*\| exp_own\.json \| 1 \| coin \| not run yet \| {2}\| /,
  );
});
