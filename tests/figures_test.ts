import assert from "node:assert/strict";
import { linearTicks, spacedTicks, tickFormat } from "../lib/figures/axes.ts";
import { figureSets, figuresOf } from "../lib/paper/figure_sets.ts";
import type { Row } from "../lib/results.ts";
import {
  facets,
  figure,
  figureNotes,
  groupedBars,
  legend,
  lines,
  type PlotRow,
} from "../lib/figures.ts";
import { shortPath } from "../lib/figures/paths.ts";
import { RandomState } from "../lib/random.ts";
import { methodStyle } from "../lib/methods.ts";
import { settingOf } from "../lib/paper/figure_parts.ts";
import { legendFigure } from "../lib/paper/sweep_figures.ts";
import { assertSound, grid, madeUpRows, seeds } from "./made_up_rows.ts";

/** Positions of the markers of one colour in each panel, from left to right, in pixels from its corner. */
function markers(svg: string, colour: string): { x: number; y: number }[][] {
  const path = new RegExp(`<path[^>]*stroke="#ffffff"[^>]*fill="${colour}" d="([^"]*)"`, "g");
  return [...svg.matchAll(path)].map(([, outlines]) =>
    [...outlines.matchAll(/M([-\d.]+) ([-\d.]+)/g)]
      .map(([, x, y]) => ({ x: Number(x), y: Number(y) }))
      .sort((one, other) => one.x - other.x)
  );
}

Deno.test("the shortest text of a path leads through the same points", () => {
  const random = new RandomState(0);
  const place = () => Math.round(random.uniform(-12, 12, 1)[0]) / 10;
  for (let i = 0; i < 50; i++) {
    // two closed outlines of few places, so that some points lie straight above or beside the last
    const points = Array.from({ length: 12 }, () => [place(), place()]);
    const outline = (part: number[][]) => "M" + part.map((point) => point.join()).join("L") + "Z";
    const text = shortPath(outline(points.slice(0, 7)) + outline(points.slice(7)), 1);
    const found: number[][] = [];
    let [x, y] = [0, 0];
    let start = [0, 0];
    for (const [, command, steps] of text.matchAll(/([mlhvz])([^mlhvz]*)/g)) {
      const numbers = [...steps.matchAll(/-?(\d+(\.\d+)?|\.\d+)/g)].map(([number]) =>
        Number(number)
      );
      const pairs = command === "h"
        ? numbers.map((step) => [step, 0])
        : command === "v"
        ? numbers.map((step) => [0, step])
        : numbers.flatMap((step, j) => j % 2 === 0 ? [[step, numbers[j + 1]]] : []);
      for (const [dx, dy] of pairs) found.push([x += dx, y += dy]);
      if (command === "m") start = found.at(-pairs.length)!;
      if (command === "z") [x, y] = start;
    }
    assert.equal(found.length, points.length, text);
    // steps are whole tenths, so that only their sums' rounding errors show
    found.flat().forEach((value, j) => assert(Math.abs(value - points.flat()[j]) < 1e-12, text));
  }
  assert.throws(() => shortPath("M0,0C1,1", 1), /path must be of M, L, h, v, Z, got C/);
});

Deno.test("a curve's points lie at the means over seeds", () => {
  const rows = seeds.map((seed) => ({ method: "dl_fista", x: 1, mcc_iid: 0.4 + 0.1 * seed, seed }));
  const panel = lines(rows, { x: "x", y: "mcc_iid" });
  const [{ mean, sd }] = panel.curves[0].points;
  // 0.4, 0.5, 0.6: mean 0.5, deviation 0.1·√(2/3); 1e-12 is far above rounding
  assert(Math.abs(mean - 0.5) < 1e-12);
  assert(Math.abs(sd - 0.1 * Math.sqrt(2 / 3)) < 1e-12);
  const svg = figure([panel], { title: "t", panelHeight: 220, legend: false });
  // MCC is shown on [−0.05, 1.05]: 0.5 is half way down; 0.05 is the rounding of coordinates
  const [[{ y }]] = markers(svg, methodStyle("dl_fista").colour);
  assert(Math.abs(y - 110) <= 0.05, `marker at ${y}`);
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
  const [[, five], [alsoFive]] = markers(svg, methodStyle("dl_fista").colour);
  assert.equal(five.y, alsoFive.y, "a loss of 5 in both panels");
  const own = facets(
    rows,
    "part",
    (part, value) => lines(part, { x: "x", y: "loss", yLabel: `loss ${value}` }),
  );
  const apart = markers(figure(own, { title: "t" }), methodStyle("dl_fista").colour);
  assert.notEqual(apart[0][1].y, apart[1][0].y);
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

Deno.test("a place without a panel stays free, and its neighbours keep theirs", () => {
  const panel = (title: string) =>
    lines(grid(["dl_fista"], [{ x: 1 }, { x: 2 }]), { x: "x", y: "mcc_iid", title });
  const draw = (names: (string | undefined)[]) =>
    figure(names.map((name) => name === undefined ? undefined : panel(name)), {
      title: "t",
      columns: 2,
    });
  const [full, holed] = [draw(["a", "b", "c", "d"]), draw(["a", undefined, undefined, "d"])];
  assertSound(holed, "with holes");
  const place = (svg: string, name: string) =>
    new RegExp(`<text x="([\\d.]+)" y="([\\d.]+)"[^>]*>${name}</text>`).exec(svg)?.slice(1, 3);
  assert.deepEqual(place(holed, "a"), place(full, "a"));
  assert.equal(place(holed, "b"), undefined);
  // the row of d moves down, because a now shows its own tick labels; its column stays in order
  assert(Number(place(holed, "d")![1]) > Number(place(holed, "a")![1]));
  assert(Number(place(holed, "d")![0]) > Number(place(holed, "a")![0]));
  const ticks = (svg: string) => [...svg.matchAll(/>0\.4<\/text>/g)].length;
  assert.deepEqual([ticks(full), ticks(holed)], [2, 2], "each panel has a labelled axis beside it");
  assert.throws(() => draw([undefined]), /at least one panel is required/);
});

Deno.test("an incomplete phase grid leaves holes", () => {
  const rows = [[50, 3], [100, 3], [100, 5], [200, 10]].flatMap(([n, k]) =>
    grid(["dl_fista"], [{ k, input_dim: n / 2 }, { k, input_dim: n }], n)
  );
  const figures = figureSets.exp_phase_transition(rows);
  const headings = (svg: string) => [...svg.matchAll(/>(n\s=\s\d+, k\s=\s\d+)</g)].length;
  const [corners, facets] = figures.map(({ svg }) => svg);
  // of the corners (50, 3), (200, 3), (50, 10), (200, 10) two have rows
  assert.deepEqual([headings(corners), headings(facets)], [2, 4]);
  const x = (heading: string) =>
    Number(new RegExp(`<text x="([\\d.]+)"[^>]*>${heading}<`).exec(facets)![1]);
  const nbsp = "\u00a0";
  const of = (n: number, k: number) => x(`n${nbsp}=${nbsp}${n}, k${nbsp}=${nbsp}${k}`);
  assert.equal(of(100, 3), of(100, 5), "a column per n");
  assert(of(50, 3) < of(100, 3) && of(100, 3) < of(200, 10));
});

Deno.test("phase figures draw autoencoders of 2n and of n units apart, and what has no units in both", () => {
  const at = (method: string, more: object = {}) =>
    grid([method], [{ k: 3, input_dim: 10, ...more }, { k: 3, input_dim: 20, ...more }]);
  const rows = [...at("fista_oracle"), ...at("sae_relu"), ...at("sae_topk", { width: 100 })];
  const draw = (some: typeof rows) =>
    figureSets.exp_phase_transition(some)
      .map(({ name, caption, svg }) => [name, /SAEs of 2?n units/.exec(caption)?.[0], svg] as const)
      .filter(([name]) => name.endsWith("mcc_iid"));
  const found = draw(rows);
  assert.deepEqual(found.map(([name, units]) => [name, units]), [
    ["phase_corners_mcc_iid", "SAEs of 2n units"],
    ["phase_facets_mcc_iid", "SAEs of 2n units"],
    ["phase_corners_n_units_mcc_iid", "SAEs of n units"],
    ["phase_facets_n_units_mcc_iid", "SAEs of n units"],
  ]);
  const has = (svg: string) =>
    ["FISTA, oracle dictionary", "SAE ReLU", "SAE TopK"].map((label) => svg.includes(`>${label}<`));
  assert.deepEqual(has(found[0][2]), [true, false, true]);
  assert.deepEqual(has(found[2][2]), [true, true, false]);
  const names = (some: typeof rows) => draw(some).map(([name]) => name);
  assert.deepEqual(names(at("sae_relu")), found.slice(2).map(([name]) => name));
  assert.deepEqual(names(at("dl_fista")), found.slice(0, 2).map(([name]) => name));
  // the published autoencoders, whose rows do not say it
  const old = [10, 20].map((m) => ({ method: "sae_relu", n: 50, k: 3, m, seed: 0, mcc_iid: 0.5 }));
  const [first] = figureSets.exp_phase_transition(
    old.map((row) => ({ ...row, auc_ood: 0.5, acc_ood: 0.5 })),
  );
  assert.equal(first.name, "phase_corners_mcc_iid");
});

Deno.test("a bare figure leaves title and caption to the page, and names itself all the same", () => {
  const panel = lines(grid(["dl_fista"], [{ x: 1 }]), { x: "x", y: "mcc_iid" });
  const bare = figure([panel], { title: "Heading", caption: "Small print", bare: true });
  assertSound(bare, "bare");
  assert(bare.includes("<title>Heading</title>"));
  assert(!/<text[^>]*>(Heading|Small print)/.test(bare));
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

Deno.test("every experiment has its figures, all of them sound", () => {
  assert.deepEqual(Object.keys(madeUpRows).sort(), Object.keys(figureSets).sort());
  for (const [name, { rows, diagnostics, names }] of Object.entries(madeUpRows)) {
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
  for (const [name, { rows, names }] of Object.entries(madeUpRows)) {
    const some = rows.filter(({ method, seed }) => /relu|^dl_/.test(`${method}`) && seed === 0);
    for (const { name: figureName, svg } of figureSets[name](some)) {
      assert(names.includes(figureName), figureName);
      assertSound(svg, figureName);
      assert(!svg.includes("MP"), figureName);
    }
  }
});

Deno.test("rows without a grid point or a score are refused by name", () => {
  const { rows } = madeUpRows.exp_dict_quality;
  const lacking = rows.map(({ num_latents: _, ...row }) => row);
  assert.throws(() => figureSets.exp_dict_quality(lacking), /every row needs a finite num_latents/);
  const unscored = [{ method: "frozen_relu", num_latents: 50, seed: 0 }];
  assert.throws(() => figureSets.exp_dict_quality(unscored), /rows need one of mcc_iid, /);
  const phase = grid(["dl_fista"], [{}]).map(({ input_dim: _, ...row }) => row);
  assert.throws(() => figureSets.exp_phase_transition(phase), /every row needs a finite input_dim/);
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
    args: ["run", "--quiet", "--no-prompt", script],
  }).output();
  Deno.removeSync(folder, { recursive: true });
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  assert.equal(new TextDecoder().decode(stdout), "true\n");
});

Deno.test("the ticks of an axis are in one notation, short and exact", () => {
  const cases: [number[], string[]][] = [
    [[0, 0.05, 1.005, -0.2], ["0", "0.05", "1.005", "−0.2"]],
    [[50, 500, 1000, 10_000, 100_000], ["50", "500", "1,000", "10,000", "100,000"]],
    [[0.001, 0.1, 1, 2], ["0.001", "0.1", "1", "2"]],
    [[10, 1e4, 2e6], ["10¹", "10⁴", "2·10⁶"]],
    [[5e-6, 1e-4, 0.01, 1], ["5·10⁻⁶", "10⁻⁴", "10⁻²", "10⁰"]],
    [[-2e-4, 0, 2e-4], ["−2·10⁻⁴", "0", "2·10⁻⁴"]],
  ];
  for (const [values, labels] of cases) assert.deepEqual(values.map(tickFormat(values)), labels);
});

Deno.test("linear ticks are inside the range, evenly spaced and neither too few nor too many", () => {
  for (const [low, high] of [[-0.05, 1.05], [0.99, 1.017], [3, 3.001], [0, 1e5], [-7, 13]]) {
    for (const count of [4, 6, 10]) {
      const ticks = linearTicks([low, high], count);
      assert(ticks.length >= Math.floor(count / 2.5) && ticks.length <= count + 1, `${ticks}`);
      // 1e-9 of the range: ticks are rounded to 12 digits
      const slack = 1e-9 * (high - low);
      assert(ticks[0] >= low - slack && ticks.at(-1)! <= high + slack);
      assert.equal(
        new Set(ticks.map(tickFormat(ticks))).size,
        ticks.length,
        "labels tell ticks apart",
      );
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

Deno.test("tick labels of panels side by side never touch", () => {
  const rows = ["a", "b"].flatMap((title) =>
    [1000, 10_000].map((n) => ({ method: "fista_oracle", n, title, mcc_iid: 0.5 }))
  );
  const panels = facets(
    rows,
    "title",
    (part) => lines(part, { x: "n", y: "mcc_iid", xScale: "log" }),
  );
  const svg = figure(panels, { title: "t", columns: 2, panelWidth: 150 });
  const starts = [
    ...svg.matchAll(/<g transform="translate\(([\d.]+),[\d.]+\)" text-anchor="middle">/g),
  ]
    .map(([, x]) => Number(x));
  const at = (name: string) =>
    Number(new RegExp(`<text transform="translate\\(([\\d.]+),[^>]*>${name}</text>`).exec(svg)![1]);
  const between = starts[1] + at("1,000") - starts[0] - at("10,000");
  // the two halves in Helvetica of 13 pixels: digits of 0.556, commas of 0.278 em
  const halves = 13 * ((5 + 4) * 0.556 + 2 * 0.278) / 2, half = 13 * (5 * 0.556 + 0.278) / 2;
  assert(between - halves >= 6, `${between - halves} pixels`);
  assert(Number(/ width="(\d+)"/.exec(svg)![1]) >= starts[1] + at("10,000") + half);
});

Deno.test("at a single position markers stand side by side, in the same places in every panel", () => {
  const methods = ["fista_oracle", "dl_fista", "softplus_adam", "linear_probe"];
  const at = (ids: string[], seeds = [0, 1]) =>
    ids.flatMap((method) => seeds.map((seed) => ({ method, n: 1000, seed, mcc_iid: 0.5 })));
  const panel = (rows: PlotRow[]) => lines(rows, { x: "n", y: "mcc_iid", xScale: "log" });
  const svg = figure([panel(at(methods)), panel(at(methods.slice(1)))], {
    title: "t",
    legend: false,
  });
  const places = methods.map((id) => markers(svg, methodStyle(id).colour).map(([{ x }]) => x));
  const first = places.map(([x]) => x);
  for (let i = 1; i < first.length; i++) {
    // a marker is 7 pixels wide
    assert(first[i] - first[i - 1] >= 8, `${first}`);
  }
  for (const [here, there] of places.slice(1)) {
    assert.equal(here, there, "the first is missing there");
  }
  const bands = svg.match(/stroke-dasharray/g);
  assert.equal(bands, null, "no line of no length at the position itself");
  assert.deepEqual(figureNotes([panel(at(methods))]), [], "none lies under another");
});

Deno.test("a curve under an equal one is named in the caption, unless it shows all the same", () => {
  const curve = (method: string, values: number[], title = "a") =>
    values.map((mcc_iid, x) => ({ method, x, mcc_iid, title }));
  const notes = (rows: PlotRow[]) =>
    figureNotes(
      facets(rows, "title", (part, title) =>
        lines(part, { x: "x", y: "mcc_iid", title: String(title) })),
    );
  const values = [0.2, 0.5, 0.9];
  const near = values.map((value) => value + 0.003);
  const far = values.map((value, i) => value + (i === 1 ? 0.02 : 0));
  assert.deepEqual(notes([...curve("sae_relu", values), ...curve("sae_topk", near)]), [
    "Under an equal curve: SAE ReLU (under SAE TopK).",
  ]);
  assert.deepEqual(notes([...curve("sae_relu", values), ...curve("sae_topk", far)]), []);
  // it goes on where the other ends
  const longer = [...values, 0.9];
  assert.deepEqual(notes([...curve("sae_relu", longer), ...curve("sae_topk", values)]), []);
  // a solid line shows in the gaps of a dashed one, a wide one on both sides
  assert.deepEqual(notes([...curve("dl_fista", values), ...curve("sae_topk", values)]), []);
  assert.deepEqual(notes([...curve("cold", values), ...curve("warm", values)]), []);
  // of several panels, those in which it is so
  const both = ["a", "b"].flatMap((title) => [
    ...curve("sae_relu", values, title),
    ...curve("sae_topk", title === "a" ? values : far, title),
  ]);
  assert.deepEqual(notes(both), ["Under an equal curve: SAE ReLU (under SAE TopK in a)."]);
  // those under the same one are told together
  const three = [...curve("sae_jumprelu", values), ...curve("sae_relu", values)];
  assert.deepEqual(notes([...three, ...curve("sae_topk", values)]), [
    "Under an equal curve: SAE ReLU and SAE TopK (under SAE JumpReLU).",
  ]);
  const svg = figure([lines(curve("sae_relu", values).concat(curve("sae_topk", near)), {
    x: "x",
    y: "mcc_iid",
  })], { title: "t", caption: "Small print." });
  assert.match(svg.replace(/<[^>]+>/g, " "), /Small print\. Under an equal curve: SAE ReLU/);
});

Deno.test("a lone point under the marker of a later curve is named in the caption", () => {
  const curve = (method: string, values: number[]) =>
    values.map((mcc_iid, x) => ({ method, x, mcc_iid }));
  // the axis goes from 0 to 1: its radius of 3.4 pixels is 0.016 of 210
  const notes = (point: number, first = "dl_fista") =>
    figureNotes([lines(
      [...curve(first, [point]), ...curve("sae_relu", [0.5, 0.9])],
      { x: "x", y: "mcc_iid" },
    )]);
  assert.deepEqual(notes(0.51), ["Under a marker: DL-FISTA (under SAE ReLU)."]);
  assert.deepEqual(notes(0.53), []);
  // one that is drawn later lies above
  assert.deepEqual(notes(0.51, "sae_topk"), []);
  // told once where the curve is equal
  const equal = [...curve("sae_relu", [0.5]), ...curve("sae_topk", [0.5, 0.9])];
  assert.deepEqual(figureNotes([lines(equal, { x: "x", y: "mcc_iid" })]), [
    "Under an equal curve: SAE ReLU (under SAE TopK).",
  ]);
});

Deno.test("captions tell the seeds of a mean, and where methods have different numbers of them", () => {
  const seeds = (method: string, count: number) =>
    Array.from({ length: count }, (_, seed) => ({ method, seed, k: 2 }));
  assert.equal(settingOf(seeds("a", 1)), "One seed; k\u00a0=\u00a02.");
  const mean = (count: string) =>
    `Mean over ${count} seeds ± one standard deviation; k\u00a0=\u00a02.`;
  assert.equal(settingOf([...seeds("a", 3), ...seeds("b", 3)]), mean("3"));
  assert.equal(settingOf([...seeds("a", 3), ...seeds("b", 5)]), mean("3 to 5"));
});

Deno.test("an axis whose range is small against its values says so", () => {
  const notes = (values: number[], options = {}) =>
    figureNotes([
      lines(values.map((loss, x) => ({ method: "sae_relu", x, loss })), {
        x: "x",
        y: "loss",
        ...options,
      }),
    ]);
  assert.deepEqual(notes([0.9951, 0.9983]), [
    "A small range: loss is between 0.9951 and 0.9983.",
  ]);
  assert.deepEqual(notes([0.5, 0.9]), []);
  assert.deepEqual(notes([7, 7]), [], "a single value has no range");
  assert.deepEqual(notes([0.9951, 0.9983], { yDomain: [0, 1] }), [], "the range is given");
});

Deno.test("accuracies show what guessing gives", () => {
  const rows = [0, 1].map((x) => ({
    method: "dl_fista",
    x,
    acc_iid: 0.9,
    acc_ood: 0.8,
    mcc_iid: 1,
  }));
  const level = (y: string) => lines(rows, { x: "x", y }).levels.map(({ mean }) => mean);
  assert.deepEqual(["acc_iid", "acc_ood", "mcc_iid"].map(level), [[0.75], [0.5], []]);
  const svg = figure([lines(rows, { x: "x", y: "acc_ood" })], { title: "t", panelHeight: 126 });
  assert(svg.includes(">chance</text>"));
  // 0.5 on [0.4, 1.03] is 106 of 126 pixels down; the ticks of y are drawn elsewhere
  assert.match(svg, /<line(?=[^>]* y1="106")(?=[^>]* y2="106")/);
  const [bars] = figureSets.exp_dict_quality(
    grid(["frozen_relu", "fista_oracle"], [{}]),
  );
  assert.equal(bars.svg.match(/>chance<\/text>/g)?.length, 1, "in the legend");
});

Deno.test("methods of one's own that meet in a figure have different colours", () => {
  // the first two get the same place in the palette by their names
  const place = (id: string) => methodStyle(id).colour + methodStyle(id).marker;
  const ids = Array.from({ length: 200 }, (_, i) => `m${i}`);
  const twin = ids.find((id) => id !== "m0" && place(id) === place("m0"))!;
  const own = ["m0", twin, "mine", "x", "y", "z"];
  const rows = own.flatMap((method, i) =>
    [1, 2].map((x) => ({ method, x, mcc_iid: (x + i) / 10, part: i % 2 }))
  );
  // over all panels: no panel has all of them
  const panels = facets(rows, "part", (part) => lines(part, { x: "x", y: "mcc_iid" }));
  const svg = figure(panels, { title: "t" });
  const strokes = new Set(
    // curves alone have round joins
    [...svg.matchAll(/<g[^>]*stroke-linejoin="round"[^>]*>/g)]
      .map(([group]) => /stroke="(#\w{6})"/.exec(group)![1]),
  );
  assert.equal(strokes.size, own.length, [...strokes].join());
});

Deno.test("captions tell where learners went less far than in the paper", () => {
  const { rows } = madeUpRows.exp_vary_latents;
  const told = rows.map((row) =>
    row.method === "softplus_adam" && Number(row.num_latents) > 500 ? { ...row, steps: 5000 } : row
  );
  const captionOf = (rows: readonly PlotRow[]) =>
    figuresOf({
      ...{ experiment: "exp_vary_latents", suffix: "", diagnostics: [], files: [] },
      rows: rows as Row[],
    })[0].figure.caption.replaceAll("\u00a0", " ");
  assert.doesNotMatch(captionOf(rows), /steps/);
  assert.match(captionOf(told), / Softplus-Adam: 5000 steps at n = 5000\./);
});
