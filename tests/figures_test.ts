import assert from "node:assert/strict";
import { formatTick, linearTicks, spacedTicks } from "../lib/axes.ts";
import { figureSets } from "../lib/figure_sets.ts";
import { facets, figure, groupedBars, legend, lines, type PlotRow } from "../lib/figures.ts";
import { methodStyle } from "../lib/methods.ts";
import { legendFigure } from "../lib/paper_figures.ts";

const types = ["relu", "topk", "jumprelu", "MP"];
const seeds = [0, 1, 2];

/** Scores that depend on method and seed, and lie within [0, 1]. */
function scores(method: string, seed: number): PlotRow {
  const keys = ["mcc_iid", "mcc_ood", "auc_iid", "auc_ood", "acc_iid", "acc_ood"];
  return Object.fromEntries(
    keys.map((key, i) => [key, 0.3 + 0.01 * (method.length + i) + 0.05 * seed]),
  );
}

/** Rows of all methods at all positions and seeds. */
function grid(methods: string[], at: PlotRow[], n = 50): PlotRow[] {
  return methods.flatMap((method) =>
    at.flatMap((place) =>
      seeds.map((seed) => ({
        ...scores(method, seed),
        method,
        num_latents: n,
        k: 10,
        input_dim: 33,
        n_samples: 5000,
        seed,
        ...place,
      }))
    )
  );
}

/**
 * Fails unless `svg` is well-formed XML (balanced tags, quoted and distinct attributes, escaped
 * text), self-contained, and free of numbers that are none. An independent small parser: the DOM
 * that draws is lenient.
 */
function assertSound(svg: string, what: string): void {
  const open: string[] = [];
  const token = /<(\/?)([a-zA-Z]+)((?:\s+[a-zA-Z:-]+[0-9]?="[^"<]*")*)\s*(\/?)>|[^<]+/gy;
  let end = 0;
  for (const match of svg.matchAll(token)) {
    end = match.index + match[0].length;
    const [text, closing, name, attributes, selfClosing] = match;
    if (name === undefined) {
      assert(!/&(?!amp;|lt;|gt;|quot;|#)/.test(text), `${what}: unescaped & in ${text}`);
      assert(open.length > 0 || text.trim() === "", `${what}: text outside the root`);
      continue;
    }
    const names = [...attributes.matchAll(/([a-zA-Z:-]+[0-9]?)="/g)].map(([, name]) => name);
    assert.equal(new Set(names).size, names.length, `${what}: repeated attribute in ${text}`);
    if (closing) assert.equal(open.pop(), name, `${what}: ${text}`);
    else if (!selfClosing) open.push(name);
  }
  assert.equal(end, svg.length, `${what}: not XML at ${svg.slice(end, end + 80)}`);
  assert.deepEqual(open, [], what);
  assert(svg.startsWith('<svg xmlns="http://www.w3.org/2000/svg" role="img"'), what);
  assert.match(svg, /<title>[^<]+<\/title><desc>[^<]+<\/desc>/);
  assert.match(svg, /<rect width="\d+" height="\d+" fill="#ffffff"\/>/);
  assert(!/NaN|Infinity|undefined|null/.test(svg), `${what}: a value is missing`);
  assert(!/<style|<script|href|url\(| id="/.test(svg), `${what}: not self-contained`);
}

/** Vertical positions of the markers of one colour, in pixels below the top of their panel. */
function markerHeights(svg: string, colour: string): number[] {
  const group = new RegExp(`<g[^>]*fill="${colour}"[^>]*aria-label="dot"[^>]*>.*?</g>`, "g");
  return [...svg.matchAll(group)].flatMap(([dots]) =>
    [...dots.matchAll(/translate\([\d.]+,([\d.]+)\)/g)].map(([, y]) => Number(y))
  );
}

Deno.test("a curve's points lie at the means over seeds", () => {
  const rows = seeds.map((seed) => ({ method: "dl_fista", x: 1, mcc_iid: 0.4 + 0.1 * seed, seed }));
  const panel = lines(rows, { x: "x", y: "mcc_iid" });
  const [{ mean, sd }] = panel.curves[0].points;
  // 0.4, 0.5, 0.6: mean 0.5, deviation 0.1·√(2/3); 1e-12 is far above rounding
  assert(Math.abs(mean - 0.5) < 1e-12);
  assert(Math.abs(sd - 0.1 * Math.sqrt(2 / 3)) < 1e-12);
  const svg = figure([panel], { title: "t", panelHeight: 220, legend: false });
  // MCC is shown on [−0.05, 1.05]: 0.5 is half way down; 0.01 is the rounding of coordinates
  const [y] = markerHeights(svg, methodStyle("dl_fista").colour);
  assert(Math.abs(y - 110) <= 0.01, `marker at ${y}`);
});

Deno.test("a bar reaches from 0 to its mean, and an error bar one deviation up and down", () => {
  const rows = [0.4, 0.6].map((mcc, seed) => ({ method: "frozen", split: "ID", mcc, seed }));
  const panel = groupedBars(rows, { x: "split", y: "mcc", yDomain: [-0.05, 1.05] });
  const svg = figure([panel], { title: "t", panelHeight: 220, legend: false });
  // 0.5 of 1.1 on 220 pixels is 100 pixels
  assert.match(
    svg,
    new RegExp(
      `fill="${methodStyle("frozen").colour}"[^>]*height="100"|` +
        `height="100"[^>]*fill="${methodStyle("frozen").colour}"`,
    ),
  );
  // mean 0.5, deviation 0.1: 0.6 and 0.4 lie 90 and 130 pixels below 1.05
  assert.match(svg, /<line(?=[^>]* y1="130")(?=[^>]* y2="90")/);
});

Deno.test("panels with the same axis label share its range", () => {
  const rows = [
    { part: "a", method: "dl_fista", x: 1, loss: 1 },
    { part: "a", method: "dl_fista", x: 2, loss: 5 },
    { part: "b", method: "dl_fista", x: 10, loss: 5 },
    { part: "b", method: "dl_fista", x: 20, loss: 100 },
  ];
  const panels = facets(rows, "part", (part) => lines(part, { x: "x", y: "loss" }));
  const svg = figure(panels, { title: "t" });
  const heights = markerHeights(svg, methodStyle("dl_fista").colour);
  assert.equal(heights.length, 4 + 1, "four points and the legend's swatch");
  assert.equal(heights[1], heights[2], "a loss of 5 in both panels");
  const own = facets(
    rows,
    "part",
    (part, value) => lines(part, { x: "x", y: "loss", yLabel: `loss ${value}` }),
  );
  const apart = markerHeights(figure(own, { title: "t" }), methodStyle("dl_fista").colour);
  assert.notEqual(apart[1], apart[2]);
});

Deno.test("equal rows in any order give equal bytes, also after other figures", () => {
  const rows = grid(["sae_relu", "fista_oracle", "mine"], [{ x: 1 }, { x: 3 }, { x: 2 }]);
  const draw = (rows: PlotRow[]) =>
    figure([lines(rows, { x: "x", y: "mcc_iid", xScale: "log" })], { title: "t" });
  const first = draw(rows);
  assert.equal(draw(rows), first);
  assert.equal(draw(rows.toReversed()), first);
  const quality = grid(["frozen_relu", "renormed_MP", "fista_oracle"], [{}]);
  const [a] = figureSets.exp_dict_quality(quality);
  const [b] = figureSets.exp_dict_quality(quality.toReversed());
  assert.equal(a.svg, b.svg);
});

Deno.test("one seed and one position make a sound picture on every scale", () => {
  for (const xScale of ["linear", "log", "symlog"] as const) {
    for (const yScale of ["linear", "log"] as const) {
      for (const [x, loss] of [[1, 1], [50, 0.003], [1000, 1e6]]) {
        const rows = [{ method: "sae_relu", x, loss, seed: 0 }];
        const panel = lines(rows, { x: "x", y: "loss", xScale, yScale });
        assertSound(figure([panel], { title: "t" }), `${xScale} ${yScale} ${x} ${loss}`);
      }
    }
  }
  const zero = [{ method: "sae_relu", x: 0, loss: 0 }];
  for (const xScale of ["linear", "symlog"] as const) {
    assertSound(figure([lines(zero, { x: "x", y: "loss", xScale })], { title: "t" }), xScale);
  }
  const bar = groupedBars([{ method: "a", x: "g", y: 0 }], { x: "x", y: "y" });
  assertSound(figure([bar], { title: "t" }), "one bar of height 0");
});

Deno.test("values that are not finite numbers are left out, and missing methods are absent", () => {
  const rows = [
    ...grid(["sae_relu", "dl_fista"], [{ x: 1 }, { x: 2 }]),
    ...[null, NaN, Infinity, "0.5", undefined].map((mcc_iid) => ({
      method: "sae_topk",
      x: 1,
      mcc_iid,
    })),
    { method: "sae_relu", x: 2, mcc_iid: NaN, seed: 3 },
  ];
  const svg = figure([lines(rows, { x: "x", y: "mcc_iid" })], { title: "t" });
  assertSound(svg, "rows with holes");
  assert(svg.includes("SAE ReLU") && svg.includes("DL-FISTA"));
  assert(!svg.includes("TopK"));
});

Deno.test("a missing bar leaves its place free in panels that share a legend", () => {
  const rows = [
    { t: "a", method: "frozen", g: "ID", y: 0.5 },
    { t: "a", method: "renormed", g: "ID", y: 0.5 },
    { t: "b", method: "renormed", g: "ID", y: 0.5 },
  ];
  const panels = facets(rows, "t", (part) => groupedBars(part, { x: "g", y: "y" }));
  const svg = figure(panels, { title: "t", legend: false });
  const bars = [...svg.matchAll(/<rect[^>]*fill="#7344ad"[^>]*>/g)].map(([bar]) => bar);
  assert.equal(bars.length, 2);
  assert.equal(bars[0], bars[1], "same place and size in both panels");
});

Deno.test("a reference is one level line over the panel, or over each group of bars", () => {
  const rows = grid(["cold", "fista_oracle"], [{ x: 1 }, { x: 2 }]);
  const panel = lines(rows, { x: "x", y: "mcc_iid", reference: ["fista_oracle"] });
  assert.deepEqual(panel.curves.map(({ style }) => style.label), ["FISTA from zero"]);
  assert.equal(panel.levels.length, 1);
  assert.notEqual(panel.levels[0].style.dash, "none");
  const split = ["ID", "OOD"].flatMap((g) => rows.map((row) => ({ ...row, g })));
  const bars = groupedBars(split, { x: "g", y: "mcc_iid", reference: ["fista_oracle"] });
  assert.deepEqual(bars.levels.map(({ group }) => group), ["ID", "OOD"]);
});

Deno.test("titles and names are escaped", () => {
  const rows = [{ method: 'a<b & "c"', x: 1, y: 1 }];
  const svg = figure([lines(rows, { x: "x", y: "y", title: "x < 1", xLabel: "p & q" })], {
    title: "<script>",
    caption: "a > b",
  });
  assertSound(svg, "escaped");
  assert(svg.includes("&lt;script&gt;"));
});

Deno.test("rows that cannot be drawn are refused with the column and the rule", () => {
  const options = { x: "num_latents", y: "mcc_iid" };
  assert.throws(() => lines([], options), /mcc_iid over num_latents: at least one row .* got 0/);
  assert.throws(
    () => lines([{ method: "sae_relu", num_latents: 50, auc: 1 }], options),
    /finite number in mcc_iid, got none among 1 rows \(columns: method, num_latents, auc\)/,
  );
  assert.throws(
    () => lines([{ method: "sae_relu", mcc_iid: 1 }], options),
    /finite num_latents is required, got none/,
  );
  assert.throws(
    () => lines([{ method: "a", num_latents: 0, mcc_iid: 1 }], { ...options, xScale: "log" }),
    /Cannot draw num_latents on a log axis: every value must be above 0, got 0/,
  );
  assert.throws(
    () => lines([{ method: "a", num_latents: 1, mcc_iid: 0 }], { ...options, yScale: "log" }),
    /Cannot draw mcc_iid on a log axis: every value must be above 0, got 0/,
  );
  assert.throws(
    () => lines([{ method: "a", x: 1, y: 1 }], { x: "x", y: "y", yScale: "log", yDomain: [0, 1] }),
    /Cannot draw y on a log axis: every value must be above 0, got 0/,
  );
  assert.throws(() => lines({} as PlotRow[], options), TypeError);
  assert.throws(() => groupedBars([], { x: "a", y: "b" }), RangeError);
  assert.throws(() => figure([], { title: "t" }), /at least one panel is required, got 0/);
  assert.throws(
    () =>
      figure([lines([{ method: "a", x: 1, y: 1 }], { x: "x", y: "y" })], {
        title: "t",
        columns: 0,
      }),
    /columns must be a positive integer, got 0/,
  );
  assert.throws(() => legend([], { title: "t" }), RangeError);
  for (const [name, draw] of Object.entries(figureSets)) {
    assert.throws(() => draw([]), /at least one row is required, got 0/, name);
    assert.throws(() => draw({} as PlotRow[]), /rows must be an array of objects/, name);
    assert.throws(() => draw([{ method: "sae_relu", num_latents: 50, k: 3, n_samples: 9 }]), {
      name: "RangeError",
    }, name);
  }
});

const base = ["linear_probe", "fista_oracle", "dl_fista", "softplus_adam"];
const perType = (...prefixes: string[]) => prefixes.flatMap((p) => types.map((t) => p + t));
const saes = perType("sae_");

/** Small made-up rows of every experiment, and the figures that they give. */
const experiments: Record<string, { rows: PlotRow[]; diagnostics?: PlotRow[]; names: string[] }> = {
  exp_vary_latents: {
    rows: grid([...base, ...saes], [{ num_latents: 50 }, { num_latents: 5000 }]),
    names: ["mcc_iid", "auc_ood", "acc_ood"].map((y) => `vary_latents_${y}`)
      .concat("appendix_vary_latents"),
  },
  exp_vary_samples: {
    rows: [
      ...grid([...base, ...saes], [{ n_samples: 100 }, { n_samples: 100_000 }], 100),
      ...grid(base, [{ n_samples: 100 }], 10_000),
    ],
    names: [100, 10_000].flatMap((n) => [
      ...["mcc_iid", "auc_ood", "acc_ood"].map((y) => `vary_samples_n${n}_${y}`),
      `appendix_vary_samples_n${n}`,
    ]),
  },
  exp_vary_sparsity: {
    rows: grid([...base, ...saes], [{ k: 2 }, { k: 100 }]),
    names: ["mcc_iid", "auc_ood", "acc_ood"].map((y) => `vary_sparsity_${y}`)
      .concat("appendix_vary_sparsity"),
  },
  exp_large_latents: {
    rows: grid([...base, ...saes, ...perType("fista+", "refined_")], [{ num_latents: 1e6 }]),
    names: [
      ...["mcc_iid", "auc_ood", "acc_ood"].map((y) => `large_latents_${y}`),
      "appendix_large_latents",
      ...["mcc_iid", "auc_ood", "acc_ood"].map((y) => `large_latents_frozen_${y}`),
    ],
  },
  exp_frozen_decoder: {
    rows: grid([...base, ...saes, ...perType("fista+", "refined_")], [{}, { num_latents: 100 }]),
    names: ["mcc_iid", "auc_ood", "acc_ood"].map((y) => `frozen_decoder_${y}`),
  },
  exp_phase_transition: {
    // old and new names side by side, as in the published file
    rows: [
      ...[3, 10].flatMap((k) =>
        [50, 200].flatMap((n) =>
          ["fista_sup", "fista_unsup", "direct_unsup", "sae_relu"].flatMap((method) =>
            [10, 20].map((m) => ({ ...scores(method, 0), method, n, k, m, r: 0.5, seed: 0 }))
          )
        )
      ),
      ...grid(["linear_probe"], [{ k: 3, delta: 0.5 }]),
    ],
    names: ["mcc_iid", "auc_ood", "acc_ood"]
      .flatMap((y) => [`phase_corners_${y}`, `phase_facets_${y}`]),
  },
  exp_dict_quality: {
    rows: [50, 100].flatMap((n) =>
      grid(["fista_oracle", ...perType("frozen_", "renormed_", "oracle_norms_")], [{}], n)
    ),
    diagnostics: [50, 100].flatMap((num_latents) =>
      types.flatMap((sae_type) =>
        seeds.map((seed) => ({
          sae_type,
          num_latents,
          seed,
          mean_cosine: 0.5 + 0.1 * seed,
          mean_angular_error: 1,
          mean_norm_ratio: 0.99,
          frac_close: 0,
        }))
      )
    ),
    names: ["dict_quality_n50", "dict_quality_n100", "dict_quality_diagnostics"],
  },
  exp_support_recovery: {
    rows: grid(["fista_oracle", ...perType("sae_", "support_lstsq_", "fista+")], [{}]),
    diagnostics: types.map((sae_type) => ({
      sae_type,
      num_latents: 50,
      seed: 0,
      ...Object.fromEntries(["iid", "ood"].flatMap((split) => [
        [`precision_${split}`, 0.2],
        [`recall_${split}`, 0.9],
        [`f1_${split}`, 0.3],
        [`pred_total_l0_${split}`, 46],
      ])),
    })),
    names: [
      "support_recovery_n50",
      "support_recovery_diagnostics_iid",
      "support_recovery_diagnostics_ood",
    ],
  },
  exp_warmstart_encoder: {
    rows: [
      ...grid(perType("warm_", "cold_"), [{ n_iter: 1 }, { n_iter: 500 }]),
      ...grid(perType("warm_"), [{ n_iter: 0 }]),
      ...grid(["fista_oracle"], [{ n_iter: 500 }]),
    ],
    names: ["mcc_iid", "auc_ood", "acc_ood"].map((y) => `warmstart_encoder_${y}_n50`),
  },
  exp_warmstart_decoder: {
    rows: grid(perType("warm_dl_", "cold_dl_"), [{ n_outer: 0 }, { n_outer: 1000 }]),
    names: ["mcc_iid", "auc_ood", "acc_ood"].map((y) => `warmstart_decoder_${y}_n50`),
  },
  exp_learning_dynamics: {
    rows: [
      ...grid(saes, Array.from({ length: 51 }, (_, i) => ({ epoch: 10 * i }))),
      ...grid(["dl_fista"], [{ round: 0 }, { round: 520 }]),
    ].map((row) => ({
      ...row,
      mean_cosine: 0.4,
      frac_close: 0,
      mean_norm_ratio: 1,
      mse_iid: 0.01,
      l0_iid: 30 + Number(row.seed),
    })),
    names: ["mean_cosine", "frac_close", "mean_norm_ratio", "mse_iid", "l0_iid"]
      .map((y) => `learning_dynamics_${y}_n50`),
  },
  exp_lambda_sensitivity: {
    rows: [
      ...grid(["fista_oracle", ...perType("frozen_")], [{ lam: 0.001 }, { lam: 2 }]),
      ...grid(saes, [{ lam: -1 }]),
    ],
    names: ["mcc_iid", "auc_ood", "acc_ood"].map((y) => `lambda_sensitivity_${y}_n50`),
  },
};

Deno.test("every experiment has its figures, all of them sound", () => {
  assert.deepEqual(Object.keys(experiments).sort(), Object.keys(figureSets).sort());
  for (const [name, { rows, diagnostics, names }] of Object.entries(experiments)) {
    const figures = figureSets[name](rows, diagnostics);
    assert.deepEqual(figures.map((figure) => figure.name), names);
    for (const { name, svg, title, caption } of figures) {
      assertSound(svg, name);
      assert(title.length > 0 && caption.length > 0);
    }
  }
  assertSound(legendFigure().svg, "legend");
});

Deno.test("a subset of methods and a single seed give the same figures with fewer curves", () => {
  for (const [name, { rows, names }] of Object.entries(experiments)) {
    const some = rows.filter(({ method, seed }) => /relu|^dl_/.test(`${method}`) && seed === 0);
    for (const { name: figureName, svg } of figureSets[name](some)) {
      assert(names.includes(figureName), figureName);
      assertSound(svg, figureName);
      assert(!svg.includes("MP"), figureName);
    }
  }
});

Deno.test("rows without a grid point or a score are refused by name", () => {
  const { rows } = experiments.exp_dict_quality;
  const lacking = rows.map(({ num_latents: _, ...row }) => row);
  assert.throws(() => figureSets.exp_dict_quality(lacking), /every row needs a finite num_latents/);
  const unscored = [{ method: "frozen_relu", num_latents: 50, seed: 0 }];
  assert.throws(() => figureSets.exp_dict_quality(unscored), /rows need one of mcc_iid, /);
});

Deno.test("drawing needs no permission", async () => {
  Deno.mkdirSync(".tmp", { recursive: true });
  const folder = Deno.makeTempDirSync({ dir: ".tmp" });
  const script = `${folder}/draw.ts`;
  const module = new URL("../lib/figures.ts", import.meta.url).href;
  Deno.writeTextFileSync(
    script,
    `import { figure, lines } from ${JSON.stringify(module)};
const rows = [1, 2].map((x) => ({ method: "dl_fista", x, mcc_iid: 0.5 }));
console.log(figure([lines(rows, { x: "x", y: "mcc_iid" })], { title: "t" }).length > 1000);\n`,
  );
  const { code, stdout, stderr } = await new Deno.Command("deno", {
    args: ["run", "--no-prompt", script],
  }).output();
  Deno.removeSync(folder, { recursive: true });
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  assert.equal(new TextDecoder().decode(stdout), "true\n");
});

Deno.test("tick labels are short and exact", () => {
  const labels = [0, 0.05, 1.005, 500, 10_000, 2_500, 2e6, 1e-4, 5e-6, -0.2].map(formatTick);
  assert.deepEqual(labels, [
    ...["0", "0.05", "1.005", "500", "10k", "2.5k", "2M", "10⁻⁴", "5·10⁻⁶", "−0.2"],
  ]);
});

Deno.test("linear ticks are inside the range, evenly spaced and neither too few nor too many", () => {
  for (const [low, high] of [[-0.05, 1.05], [0.99, 1.017], [3, 3.001], [0, 1e5], [-7, 13]]) {
    for (const count of [4, 6, 10]) {
      const ticks = linearTicks([low, high], count);
      assert(ticks.length >= Math.floor(count / 2.5) && ticks.length <= count + 1, `${ticks}`);
      // 1e-9 of the range: ticks are rounded to 12 digits
      const slack = 1e-9 * (high - low);
      assert(ticks[0] >= low - slack && ticks.at(-1)! <= high + slack);
      assert.equal(new Set(ticks.map(formatTick)).size, ticks.length, "labels tell ticks apart");
    }
  }
});

Deno.test("tick labels never touch", () => {
  const values = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
  const width = () => 25;
  for (const length of [60, 120, 230, 400]) {
    const ticks = spacedTicks(values, width, [0, 1000], "symlog", length);
    const at = ticks.map((tick) => Math.log1p(tick) / Math.log1p(1000) * length);
    for (let i = 1; i < at.length; i++) assert(at[i] - at[i - 1] >= 31, `${ticks} on ${length}`);
    assert.equal(ticks[0], 0, "the first candidate always has a place");
  }
});
