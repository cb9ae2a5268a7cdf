import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { resultFiles, saveResults } from "../lib/results.ts";
import { assertSound, madeUpRows } from "./made_up_rows.ts";
import {
  freshFolder,
  hasPublishedRows,
  PUBLISHED,
  runDeno,
  writeMadeUpRows,
  writeRows,
} from "./result_files.ts";

/** A folder of result files and the command on it, with the permissions that its task has. */
function setUp(names?: string[]) {
  const folder = freshFolder("figures-");
  const [results, out] = [`${folder}/results`, `${folder}/figures`];
  writeMadeUpRows(results, names);
  const run = (...args: string[]) =>
    runDeno(
      ...["run", "--quiet", "--no-prompt", "--ignore-env", "--allow-read", `--allow-write=${out}`],
      "commands/figures.ts",
      ...args,
    );
  const draw = (...args: string[]) => run("--results", results, "--out", out, ...args);
  return { folder, results, out, run, draw, drawn: () => namesIn(out) };
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? [...Deno.readDirSync(folder)].map(({ name }) => name).sort() : [];
}

const allNames = Object.values(madeUpRows).flatMap(({ names }) => names);

Deno.test("figures draws every figure of all experiments, but no legend, the same bytes on every run", async () => {
  const { out, draw, drawn } = setUp();
  const first = await draw();
  assert.deepEqual([first.code, first.stderr], [0, ""]);
  assert.deepEqual(drawn(), allNames.map((name) => `${name}.svg`).sort());
  assert.deepEqual(first.stdout.split("\n").sort(), drawn().map((name) => `${out}/${name}`));
  const read = () => drawn().map((name) => Deno.readTextFileSync(`${out}/${name}`));
  const written = read();
  written.forEach((svg, i) => assertSound(svg, drawn()[i]));
  await draw();
  assert.deepEqual(read(), written);
});

Deno.test("--only draws a set, an experiment or one figure", async () => {
  const names = ["exp_vary_latents", "exp_dict_quality"];
  const cases: [string, string[]][] = [
    ["controlled", ["dict_quality_diagnostics", "dict_quality_n100", "dict_quality_n50"]],
    ["appendix", ["appendix_vary_latents"]],
    ["legend", ["legend"]],
    ["exp_dict_quality", ["dict_quality_diagnostics", "dict_quality_n100", "dict_quality_n50"]],
    ["vary-latents", madeUpRows.exp_vary_latents.names.toSorted()],
    ["vary_latents_acc_ood", ["vary_latents_acc_ood"]],
  ];
  for (const [only, expected] of cases) {
    const { draw, drawn } = setUp(names);
    const { code, stderr } = await draw("--only", only);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.deepEqual(drawn(), expected.map((name) => `${name}.svg`), only);
  }
});

Deno.test("part files and files per n count as one, and rows that two of them hold count once", async () => {
  const whole = setUp(["exp_vary_latents"]);
  await whole.draw();
  const parts = setUp([]);
  const { rows } = madeUpRows.exp_vary_latents;
  const write = (name: string, part: typeof rows) =>
    writeRows(`${parts.results}/${name}.json`, part as Parameters<typeof writeRows>[1]);
  write("exp_vary_latents", rows.filter(({ seed }) => seed === 0));
  write("exp_vary_latents.part0of2", rows.filter(({ seed }) => seed !== 2));
  write("exp_vary_latents_10k", rows.filter(({ seed }) => seed === 2));
  // another run, under a suffix of its own
  write("exp_vary_latents_trial", rows.filter(({ seed }) => seed === 1));
  const { code, stderr } = await parts.draw();
  assert.deepEqual([code, stderr], [0, ""]);
  for (const name of whole.drawn()) {
    const [a, b] = [whole, parts].map(({ out }) => Deno.readTextFileSync(`${out}/${name}`));
    assert(a === b, `${name} differs`);
  }
  const trial = Deno.readTextFileSync(`${parts.out}/vary_latents_mcc_iid_trial.svg`);
  assert(trial.includes("One seed"));
});

Deno.test("without --results the first rows of one's own replace those that ship", async () => {
  const [none, shipped, own] = ["none-", "shipped-", "own-"].map(freshFolder);
  for (const folder of [shipped, own]) {
    Deno.mkdirSync(`${folder}/results/shipped`, { recursive: true });
  }
  writeRows(`${own}/results/exp_dict_quality.json`, []);
  // a process of its own, because the folder in which one works is that of all tests at the same time
  const script = `import { defaultResultFolder } from "${new URL(
    "../lib/results.ts",
    import.meta.url,
  )}";
for (const folder of Deno.args) {
  Deno.chdir(folder);
  console.log(defaultResultFolder());
}`;
  const folders = [none, shipped, own].map((folder) => Deno.realPathSync(folder));
  const { stdout, stderr } = await runDeno("eval", script, ...folders);
  assert.deepEqual([stdout.split("\n"), stderr], [
    ["results/shipped", "results/shipped", "results"],
    "",
  ]);
});

Deno.test("figures answers bad usage with one line that names the flag, and exit code 2", async () => {
  const { folder, results, draw, run, drawn } = setUp(["exp_vary_latents"]);
  Deno.mkdirSync(`${folder}/empty`);
  const cases: [Promise<{ code: number; stderr: string }>, RegExp][] = [
    [draw("--only"), /--only must be a name, got nothing/],
    [
      draw("--only", "papers"),
      /--only must name a set .* an experiment \(vary-latents\).*"papers"/,
    ],
    [draw("--only", "dict-quality"), /--only must name .* got "dict-quality"/],
    [draw("--format", "jpg"), /--format must be svg, png or svg,png, got "jpg"/],
    [draw("--format", "svg,svg"), /--format must be svg, png or svg,png, got "svg,svg"/],
    [draw("--out", "x"), /--out must be given once, got it twice/],
    [draw("--colour"), /it has no flag --colour/],
    [draw("extra"), /it takes flags only, got "extra"/],
    [run("--results", `${folder}/none`), /--results must be a readable folder, got ".*none"/],
    [
      run("--results", `${folder}/empty`),
      /--results must hold rows in files named exp_\*\.json, got none/,
    ],
    [
      run("--results", results, "--out", `${results}/exp_vary_latents.json/x`),
      /--out must be a folder to write to, got/,
    ],
  ];
  for (const [result, message] of cases) {
    const { code, stderr } = await result;
    assert.equal(code, 2, stderr);
    assert.match(stderr, /^Cannot draw figures: /);
    assert.match(stderr, message);
    assert.equal(stderr.split("\n").length, 1, stderr);
  }
  assert.deepEqual(drawn(), []);
  assert.match((await run("--help")).stdout, /^Usage: deno task figures/);
});

Deno.test("a file without rows is told of and left out, whatever it would have held", async () => {
  const without = setUp(["exp_vary_latents"]);
  await without.draw();
  const { results, draw, drawn, out } = setUp(["exp_vary_latents"]);
  const empty = ["exp_dict_quality", "exp_dict_quality_diagnostics", "exp_vary_latents_n50"];
  for (const name of empty) writeRows(`${results}/${name}.json`, []);
  const { code, stderr } = await draw();
  assert.equal(code, 0, stderr);
  assert.deepEqual(
    stderr.split("\n").sort(),
    empty.map((name) => `Left out ${results}/${name}.json: it has no rows`).sort(),
  );
  assert.deepEqual(drawn(), without.drawn());
  for (const name of drawn()) {
    const [a, b] = [out, without.out].map((folder) => Deno.readTextFileSync(`${folder}/${name}`));
    assert(a === b, `${name} differs`);
  }
});

Deno.test("figures tells which rows are not those that the run left, and draws them", async () => {
  const { results, draw, drawn } = setUp([]);
  const key = { num_latents: 50, seed: 0 };
  const scores = { mcc_iid: 0.5, auc_ood: 0.8, acc_ood: 0.6 };
  const rows = [0.1, 1].map((lam) => ({ method: "frozen_relu", lam, ...scores, ...key }));
  saveResults(
    resultFiles(results, "exp_lambda_sensitivity"),
    { experiment: "exp_lambda_sensitivity", version: "1.0.0", options: {} },
    {
      cells: [{ key, seconds: 1, rows }],
      runs: [{ started: "2026", saved: "2026", args: [], workers: 1, machine: {} }],
    },
  );
  assert.deepEqual(await draw().then(({ code, stderr }) => [code, stderr]), [0, ""]);
  const before = drawn();
  writeRows(
    `${results}/exp_lambda_sensitivity.json`,
    rows.map((row) => ({ ...row, mcc_iid: 0.6 })),
  );
  const { code, stderr } = await draw();
  assert.equal(code, 0);
  assert.match(
    stderr,
    /exp_lambda_sensitivity\.json changed since the run .*: 1 of 1 cells do not/,
  );
  assert.equal(stderr.split("\n").length, 1);
  assert.deepEqual(drawn(), before);
});

Deno.test("a folder whose files have no rows at all is refused", async () => {
  const { results, draw } = setUp([]);
  writeRows(`${results}/exp_dict_quality.json`, []);
  const { code, stderr } = await draw();
  assert.equal(code, 2);
  assert.match(stderr, /^Left out .*\nCannot draw figures: --results must hold rows in files/);
});

Deno.test("a damaged or foreign file is refused by name and nothing is written", async () => {
  const row = { method: "sae_relu", num_latents: 50, seed: 0 };
  const cases: [string, RegExp][] = [
    ['[{"method": ', /got text that is not JSON/],
    ['{"rows": []}', /it must be a JSON array of flat rows/],
    ["[1]", /it must be a JSON array of flat rows/],
    [
      JSON.stringify([row]),
      /a row needs a name in method and a finite number in mcc_iid, got none/,
    ],
    [JSON.stringify([{ ...row, mcc_iid: null, auc_ood: 1 }]), /finite number in mcc_iid, got none/],
    [JSON.stringify([{ mcc_iid: 1, num_latents: 50 }]), /a row needs a name in method/],
    [JSON.stringify([{ ...row, num_latents: 0, mcc_iid: 1 }]), /must be above 0, got 0/],
  ];
  for (const [text, message] of cases) {
    const { results, draw, drawn } = setUp(["exp_dict_quality"]);
    Deno.writeTextFileSync(`${results}/exp_vary_latents.json`, text);
    const { code, stderr } = await draw();
    assert.equal(code, 2, stderr);
    assert.match(stderr, /exp_vary_latents\.json/);
    assert.match(stderr, message);
    assert.equal(stderr.split("\n").length, 1, stderr);
    assert.deepEqual(drawn(), []);
  }
});

Deno.test({
  name: "all figures of the published rows are sound",
  ignore: !(await hasPublishedRows()),
  async fn() {
    const { out, run, drawn } = setUp([]);
    const { code, stderr } = await run("--results", PUBLISHED, "--out", out);
    assert.deepEqual([code, stderr], [0, ""]);
    // six sizes of the controlled sets, two of the samples: what the paper's files hold
    assert.equal(drawn().length, 131);
    for (const name of drawn()) assertSound(Deno.readTextFileSync(`${out}/${name}`), name);
  },
});
