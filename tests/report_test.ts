import assert from "node:assert/strict";
import { markup } from "../lib/reports/html.ts";
import { genericFigure } from "../lib/reports/generic_figure.ts";
import { reportPage } from "../lib/reports/page.ts";
import { figuresOf, legendFigure } from "../lib/paper/figure_sets.ts";
import { numericsNotes, resultFiles, type Row, saveResults, seedTable } from "../lib/results.ts";
import type { Sighting } from "./fixtures/browse.ts";
import { madeUpRows } from "./made_up_rows.ts";
import {
  freshFolder,
  hasProgram,
  hasPublishedRows,
  PUBLISHED,
  runDeno,
  writeMadeUpRows,
  writeRows,
} from "./result_files.ts";

function report(folder: string, ...args: string[]) {
  return runDeno(
    ...["run", "--quiet", "--no-prompt", "--ignore-env", "--allow-read", `--allow-write=${folder}`],
    "commands/report.ts",
    ...["--out", `${folder}/figures`],
    ...args,
  );
}

/** Opens a page in Chromium and tells what it shows. */
async function browse(folder: string): Promise<{ page: string; seen: Sighting }> {
  const page = new URL(`../${folder}/figures/index.html`, import.meta.url).href;
  const profile = new URL(`../${folder}/profile`, import.meta.url).pathname;
  const { code, stdout, stderr } = await runDeno(
    ...["run", "--quiet", "--no-prompt", "--allow-run=chromium", "--allow-net=127.0.0.1"],
    ...["tests/fixtures/browse.ts", page, profile],
  );
  assert.equal(code, 0, stderr);
  return { page, seen: JSON.parse(stdout) };
}

const openable = await hasProgram("chromium");

Deno.test({
  name: "in a browser the report draws every figure, requests nothing and sorts its tables",
  ignore: !openable,
  async fn() {
    const folder = freshFolder("report-");
    writeMadeUpRows(`${folder}/results`);
    const { code, stderr } = await report(folder, "--results", `${folder}/results`);
    assert.deepEqual([code, stderr], [0, ""]);
    const { page, seen } = await browse(folder);
    assert.deepEqual(seen.requested, [page]);
    assert.deepEqual(seen.complaints, []);
    const count = Object.values(madeUpRows).flatMap(({ names }) => names).length + 1;
    assert.equal(seen.figures.length, count);
    for (const { caption, width, height, marks } of seen.figures) {
      assert(width > 200 && height > 50 && marks >= 5, caption);
      assert(caption.length > 20, "every figure has its caption");
    }
    assert.equal(seen.overflow, 0, "the page is as wide as the window");
    assert.equal(seen.narrow.overflow, 0);
    assert.equal(seen.narrow.text.length, count);
    // of 13 pixels: panels one below the other are hardly shrunk, a single one by a quarter
    for (const size of seen.narrow.text) assert(size >= 10, `text of ${size} pixels`);
    assert.deepEqual(seen.dark, { background: "rgb(255, 255, 255)", colour: "rgb(34, 34, 34)" });
    const [before, up, down] = seen.columns.map((cells) => cells.map(parseFloat));
    assert.notDeepEqual(before, up);
    assert.deepEqual(up, before.toSorted((a, b) => a - b));
    assert.deepEqual(down, before.toSorted((a, b) => b - a));
    assert.deepEqual(seen.orders, ["ascending", "descending"]);
  },
});

Deno.test({
  name: "the report of the published rows draws every figure",
  ignore: !openable || !(await hasPublishedRows()),
  async fn() {
    const folder = freshFolder("report-published-");
    const { code, stderr } = await report(folder, "--results", PUBLISHED);
    assert.deepEqual([code, stderr], [0, ""]);
    const { page, seen } = await browse(folder);
    assert.deepEqual(seen.requested, [page]);
    assert.equal(seen.figures.length, 132);
    for (const { caption, width, marks } of seen.figures) {
      assert(width > 200 && marks >= 5, caption);
    }
  },
});

Deno.test("the report tells what was run, with links to the files", async () => {
  const folder = freshFolder("report-run-");
  Deno.mkdirSync(`${folder}/results`);
  const run = {
    started: "2026-01-02T03:04:05.000Z",
    saved: "2026-01-02T03:05:05.000Z",
    args: ["--n", "50", "--suffix", "<b>"],
    workers: 2,
    machine: { cores: 2, os: "linux", kernels: "relaxed-simd" },
  };
  const merge = { ...run, args: ["--merge"], machine: { kernels: "simd" } };
  const other = { ...run, args: ["--n", "100"], machine: { kernels: "simd", blas: "one" } };
  const key = { num_latents: 50, seed: 0 };
  await saveResults(resultFiles(`${folder}/results`, "exp_lambda_sensitivity"), {
    experiment: "exp_lambda_sensitivity",
    version: "1.2.3",
    options: { epochs: 500 },
  }, {
    cells: [{
      key,
      seconds: 90,
      rows: [{ method: "fista_oracle", lam: 0.1, mcc_iid: 0.9, auc_ood: 1, acc_ood: 1, ...key }],
    }],
    failed: [{ key: { num_latents: 100, seed: 0 }, message: "out of memory" }],
    runs: [run, merge],
  });
  writeRows(`${folder}/results/exp_dict_quality.json`, []);
  const { code, stderr } = await report(folder, "--results", `${folder}/results`);
  assert.equal(code, 0);
  assert.match(stderr, /^Left out .*exp_dict_quality\.json: it has no rows$/);
  const page = Deno.readTextFileSync(`${folder}/figures/index.html`);
  assert(!page.includes("Dict quality"));
  for (
    const part of [
      'href="../results/exp_lambda_sensitivity.json"',
      'href="../results/exp_lambda_sensitivity.meta.json"',
      "version 1.2.3",
      "epochs 500",
      "1 cells in 90 s",
      '<time datetime="2026-01-02T03:04:05.000Z">2026-01-02 03:04</time>',
      "--n 50 --suffix &lt;b&gt;",
      "2 workers on cores 2, os linux, kernels relaxed-simd",
      "out of memory",
      "These rows give no figure",
    ]
  ) assert(page.includes(part), part);
  assert(!page.includes("<dt>Changed</dt>"));
  // a merge computes nothing
  assert.deepEqual(numericsNotes([run, merge]), []);
  assert(!page.includes("<dt>Last bits</dt>"));
  assert.deepEqual(numericsNotes([run, merge, other]), [
    "Runs with several kernels (relaxed-simd, simd): the last bits of their rows differ",
    "Runs with several BLAS (none, one): the last bits of their rows differ",
  ]);
  const file = `${folder}/results/exp_lambda_sensitivity.json`;
  Deno.writeTextFileSync(file, Deno.readTextFileSync(file).replace("0.9", "0.99"));
  const changed = await report(folder, "--results", `${folder}/results`);
  assert.equal(changed.code, 0, "rows that were changed are reported all the same");
  const sentence = /exp_lambda_sensitivity\.json changed since the run .*: 1 of 1 cells/;
  assert.match(changed.stderr, sentence);
  const told = Deno.readTextFileSync(`${folder}/figures/index.html`);
  assert.match(told, /<dt>Changed<\/dt><dd>.*exp_lambda_sensitivity\.json changed since the run/);

  Deno.writeTextFileSync(`${folder}/results/exp_lambda_sensitivity.meta.json`, '{"runs": 1}');
  const damaged = await report(folder, "--results", `${folder}/results`);
  assert.equal(damaged.code, 2);
  assert.match(damaged.stderr, /\nCannot use .*exp_lambda_sensitivity\.meta\.json: [^\n]+$/);
  const usage = await report(folder, "--result", "x");
  assert.deepEqual([usage.code, usage.stderr.split("\n").length], [2, 1]);
  assert.match(usage.stderr, /^Cannot write the report: it has no flag --result/);
});

Deno.test("whatever stands in the rows, the report shows it as text", () => {
  const evil = '"><script>alert(1)</script>&';
  const rows = {
    experiment: "exp_vary_latents",
    suffix: `_${evil}`,
    rows: madeUpRows.exp_vary_latents.rows
      .map((row) => ({ ...row, method: evil }) as Record<string, string | number>),
    diagnostics: [],
    files: [`${evil}.json`],
  };
  const figures = figuresOf(rows).map(({ name, figure }) => ({ ...figure, name }));
  const page = reportPage({
    experiments: [{ rows, provenance: [], figures }],
    legend: legendFigure(),
    link: (file) => file,
  });
  assert.equal(page.match(/<script/g)!.length, 1, "the page's own");
  assert(page.includes("&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;"));
});

Deno.test("the report needs nothing outside itself", () => {
  const { rows, diagnostics = [] } = madeUpRows.exp_dict_quality;
  const reported = {
    experiment: "exp_dict_quality",
    suffix: "",
    rows: rows as Record<string, string | number>[],
    diagnostics: diagnostics as Record<string, string | number>[],
    files: ["exp_dict_quality.json"],
  };
  const figures = figuresOf(reported).map(({ name, figure }) => ({ ...figure, name }));
  const page = reportPage({
    experiments: [{ rows: reported, provenance: [], figures }],
    legend: legendFigure(),
    link: (file) => file,
  });
  assert.match(page, /Content-Security-Policy" content="default-src 'none';/);
  assert(!/<(link|script|img|iframe|object)[^>]*(src|href)="(?!data:)/.test(page));
  assert(!/url\(|@import/.test(page));
  const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
  assert.equal(new Set(ids).size, ids.length, "ids are distinct");
  for (const [, id] of page.matchAll(/(?:href="#|aria-labelledby=")([^"]+)"/g)) {
    assert(ids.includes(id), id);
  }
});

Deno.test("a table has one line per setting and averages over seeds", () => {
  const rows = [0, 1, 2].flatMap((seed) =>
    ["sae_relu", "fista_oracle"].map((method, i) => ({
      method,
      num_latents: 50,
      k: 10,
      mcc_iid: i + 0.1 * seed,
      best_dim: 7,
      seed,
    }))
  );
  const { settings, scores, lines } = seedTable(rows);
  assert.deepEqual([settings, scores], [["method"], ["mcc_iid"]]);
  assert.deepEqual(lines.map((line) => line.settings), [["fista_oracle"], ["sae_relu"]]);
  const { mean, sd, count } = lines[0].scores[0]!;
  // 1, 1.1, 1.2: 1e-12 is far above rounding
  assert(Math.abs(mean - 1.1) < 1e-12 && Math.abs(sd - 0.1 * Math.sqrt(2 / 3)) < 1e-12);
  assert.equal(count, 3);
});

Deno.test("of a training the last epoch or round of each seed counts", () => {
  const { settings, lines } = seedTable([
    ...[0, 10, 499].map((epoch) => ({ method: "sae_relu", epoch, mse_iid: 500 - epoch, seed: 0 })),
    ...[0, 30].map((round) => ({ method: "dl_fista", round, mse_iid: round, seed: 0 })),
    ...[0, 50].map((round) => ({ method: "dl_fista", round, mse_iid: round, seed: 1 })),
  ]);
  assert.deepEqual(settings, ["method"]);
  assert.deepEqual(lines.map(({ scores }) => scores[0]?.mean), [40, 1]);
});

Deno.test("markup escapes what it did not make itself", () => {
  const item = markup`<li title="${'"'}">${"<&"}</li>`;
  assert.equal(
    String(markup`<ul>${[item, item]}${undefined}${3}</ul>`),
    '<ul><li title="&quot;">&lt;&amp;</li><li title="&quot;">&lt;&amp;</li>3</ul>',
  );
});

Deno.test("the figure of any experiment averages over seeds, and over no other setting", () => {
  const rows = [0, 1].flatMap((seed) =>
    [0.1, 0.2, 0.3].flatMap((bias) =>
      [1, 2].map((k) => ({ method: "coin", bias, k, heads_iid: bias * k + seed, seed }))
    )
  );
  const draw = (rows: Row[]) =>
    genericFigure({ experiment: "exp_coin", suffix: "", rows, diagnostics: [], files: [] });
  const { svg, title } = draw(rows)!;
  assert.equal(title, "Coin");
  for (const part of [">coin, active latents k 1<", ">coin, active latents k 2<", ">bias<"]) {
    assert(svg.includes(part), part);
  }
  // k goes with the method: the name says it all
  const named = draw(rows.map((row) => ({ ...row, method: `coin_${row.k}` })))!;
  assert(named.svg.includes(">coin_2<") && !named.svg.includes("active latents k 2"));
  assert.equal(draw([{ method: "coin", seed: 0 }]), undefined, "there is no score");
});
