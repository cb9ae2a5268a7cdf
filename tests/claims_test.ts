/** The paper's claims: verdicts on made-up rows, the data, the README's table, the command. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  type Claim,
  claimRows,
  type Condition,
  judgeClaims,
  type JudgedClaim,
  type Series,
} from "../lib/reports/claims.ts";
import { claimsHtml, claimsTable, claimsText } from "../lib/reports/claims_text.ts";
import { withTable } from "../lib/reports/marked_table.ts";
import { paperClaims } from "../lib/reports/paper_claims.ts";
import { otherwiseMade } from "../lib/reports/paper_options.ts";
import { readRowFiles } from "../lib/reports/row_files.ts";
import { compareResults } from "../lib/reports/parity.ts";
import { provenanceHtml } from "../lib/reports/provenance.ts";
import { readProvenance, resultFiles, type Row, saveResults } from "../lib/results.ts";
import { mergeParts } from "../lib/sweep/parts.ts";
import { experiment as lambdaSensitivity } from "../experiments/lambda_sensitivity.ts";
import { freshFolder, hasPublishedRows, PUBLISHED, runDeno, writeRows } from "./result_files.ts";

const SEEDS = [0, 1, 2];

/** Rows of a coin over three seeds, around a mean. */
function coin(n: number, mean: number, more: Row = {}): Row[] {
  return SEEDS.map((seed) => ({
    method: "coin",
    num_latents: n,
    seed,
    mcc_ood: mean + 0.125 * (seed - 1),
    ...more,
  }));
}

const at = (n: number, more: Partial<Series> = {}): Series => ({
  experiment: "exp_coins",
  method: "coin",
  metric: "mcc_ood",
  where: { num_latents: n },
  ...more,
});

function claim(cases: Condition["cases"], more: Partial<Claim> = {}): Claim {
  const conditions: Condition[] = [{
    says: "MCC of the coin",
    is: "at least",
    threshold: 0.5,
    why: "one half",
    cases,
  }];
  return { id: "coin", says: "coins land", source: "a test", figure: "coins", conditions, ...more };
}

const each = (...ns: number[]) => ns.map((n) => ({ at: `n = ${n}`, terms: [[1, at(n)] as const] }));
const judge = (rows: Row[], ...ns: number[]) =>
  judgeClaims([claim(each(...ns))], claimRows([{ name: "exp_coins.json", rows }]))[0];

Deno.test("every verdict can be reached", () => {
  assert.equal(judge([...coin(50, 0.5), ...coin(100, 0.75)], 50, 100).verdict, "holds");
  assert.equal(judge([...coin(50, 0.25), ...coin(100, 0.375)], 50, 100).verdict, "does not hold");
  assert.equal(judge([...coin(50, 0.25), ...coin(100, 0.75)], 50, 100).verdict, "holds in part");
  assert.equal(judge([], 50, 100).verdict, "not decided");
});

Deno.test("missing rows leave a claim undecided, unless what is there goes both ways", () => {
  const open = judge(coin(50, 0.75), 50, 100, 500);
  assert.equal(open.verdict, "not decided");
  assert.deepEqual(open.missing, ["deno task exp:coins --paper --n 100,500"]);
  assert.deepEqual(open.commands, ["deno task exp:coins --paper --n 50,100,500"]);
  assert.deepEqual(open.conditions[0].cases[0], { at: "n = 50", value: 0.75, holds: true });
  const both = judge([...coin(50, 0.75), ...coin(100, 0.25)], 50, 100, 500);
  assert.equal(both.verdict, "holds in part");
  assert.deepEqual(both.missing, ["deno task exp:coins --paper --n 500"]);
});

Deno.test("a mean needs the three seeds of the paper, and one row of each", () => {
  assert.equal(judge(coin(50, 0.75).slice(1), 50).verdict, "not decided");
  // a fourth seed is not the paper's, and changes nothing
  const more = [...coin(50, 0.75), { ...coin(50, 0)[0], seed: 3 }];
  assert.equal(judge(more, 50).conditions[0].cases[0].value, 0.75);
  const twice = [...coin(50, 0.75), ...coin(50, 0.75, { width: 80 })];
  assert.equal(judge(twice, 50).verdict, "not decided");
  const unfinished = coin(50, 0.75).map((row) => ({ ...row, mcc_ood: null }));
  assert.equal(judge(unfinished, 50).verdict, "not decided");
});

Deno.test("cases are weighted sums, of the best value of a column where it is asked for", () => {
  const rows = [
    ...coin(50, 0.25, { lam: 1 }),
    ...coin(50, 0.75, { lam: 2 }),
    ...coin(100, 0.5, { lam: 1 }),
  ];
  const best = (...values: number[]) => ({ best: { column: "lam", values } });
  const terms = [
    [1, at(50, best(1, 2))],
    [-0.5, at(100, best(1))],
  ] as const;
  const found = claimRows([{ name: "exp_coins.json", rows }]);
  const [judged] = judgeClaims([claim([{ at: "both", terms }])], found);
  assert.equal(judged.conditions[0].cases[0].value, 0.5);
  assert.equal(judged.verdict, "holds");
  // the best of some values is not that of all
  for (const [values, some] of [[[1, 2, 4], rows], [[1, 2], rows.slice(1)]] as const) {
    const found = claimRows([{ name: "exp_coins.json", rows: some }]);
    const terms = [[1, at(50, best(...values))]] as const;
    assert.equal(judgeClaims([claim([{ at: "best", terms }])], found)[0].verdict, "not decided");
  }
});

Deno.test("the λ that the best is of are those of the paper's grid", () => {
  const { values } = paperClaims.find(({ id }) => id === "lambda")!.conditions[0].cases[0]
    .terms[0][1].best!;
  assert.deepEqual(values, lambdaSensitivity.options.lambda.default);
});

Deno.test("what is said beside a claim does not decide it", () => {
  const conditions = claim(each(100)).conditions;
  const with_ = (n: number) =>
    judgeClaims(
      [claim(each(50), { asides: [{ says: "another coin", conditions }] })],
      claimRows([{ name: "exp_coins.json", rows: [...coin(50, 0.75), ...coin(n, 0.25)] }]),
    )[0];
  const verdicts = ({ verdict, asides }: JudgedClaim) => [verdict, ...asides.map((a) => a.verdict)];
  assert.deepEqual(verdicts(with_(100)), ["holds", "does not hold"]);
  assert.deepEqual(verdicts(with_(500)), ["holds", "not decided"]);
  assert.deepEqual(with_(500).missing, []);
  assert.deepEqual(with_(500).asides[0].missing, ["deno task exp:coins --paper --n 100"]);
});

Deno.test("rows count only where they were made as the paper's", () => {
  const usual = { epochs: 500, maxSteps: 50_000, lambda: 0.1, fistaIters: 100 };
  const cases: [Row, Record<string, unknown>, string | undefined][] = [
    [{ method: "sae_relu" }, { ...usual, epochs: 5 }, "epochs 5 instead of 500"],
    [{ sae_type: "MP" }, { ...usual, epochs: 5 }, "epochs 5 instead of 500"],
    [{ method: "linear_probe" }, { epochs: 5, maxSteps: 1, lambda: 1, fistaIters: 1 }, undefined],
    [{ method: "sae_relu" }, { ...usual, lambda: 1, fistaIters: 1, maxSteps: 1 }, undefined],
    [{ method: "fista_oracle" }, { ...usual, lambda: 1 }, "lambda 1 instead of 0.1"],
    [{ method: "fista_oracle" }, { ...usual, fistaIters: 9 }, "fistaIters 9 instead of 100"],
    [{ method: "softplus_adam" }, { ...usual, lambda: 1 }, "lambda 1 instead of 0.1"],
    [{ method: "softplus_adam", steps: 5000 }, usual, "steps 5000 instead of 50000"],
    [{ method: "dl_fista", rounds: 20 }, usual, "rounds 20 instead of 1000"],
    [{ method: "dl_fista" }, { ...usual, maxSteps: 500 }, "maxSteps 500 instead of 50000"],
    [{ method: "softplus_adam" }, { ...usual, maxSteps: 500, softplusSteps: 50_000 }, undefined],
    [{ method: "softplus_adam" }, { ...usual, softplusSteps: 70 }, "maxSteps 70 instead of 50000"],
    // columns tell what an option would
    [{ method: "dl_fista", round: 10 }, { ...usual, maxSteps: 10_000 }, undefined],
    [{ method: "warm_relu", n_iter: 5 }, { ...usual, fistaIters: 500 }, undefined],
    [{ method: "frozen_relu", lam: 2 }, { ...usual, lambda: [2] }, undefined],
  ];
  for (const [row, options, expected] of cases) {
    assert.equal(otherwiseMade(row, options), expected, JSON.stringify(row));
  }
  const rows = coin(50, 0.75).map((row) => ({ ...row, method: "dl_fista" }));
  const file = { name: "exp_coins.json", rows };
  assert.equal(claimRows([{ ...file, options: usual }]).get("exp_coins")?.length, 3);
  assert.equal(claimRows([{ ...file, options: { maxSteps: 500 } }]).get("exp_coins"), undefined);
});

Deno.test("of a mixed file a row counts by the options of its cell, and where none are told by all", async () => {
  const folder = freshFolder("claims-mixed-"), experiment = "exp_coins";
  const made = (lambda: number) => ({ experiment, version: "0.1.0", options: { lambda } });
  const run = { started: "", saved: "", args: [], workers: 1, machine: {} };
  for (const [index, lambda] of [0.1, 0.2].entries()) {
    const rows = coin(50, 0.5, { method: "fista_oracle" }).filter(({ seed }) => seed === index);
    const files = resultFiles(folder, experiment, { part: { index, count: 2 } });
    const cells = [{ key: { seed: index }, seconds: 1, rows }];
    await saveResults(files, made(lambda), { cells, runs: [run] });
  }
  const files = resultFiles(folder, experiment), provenance = made(0.1);
  const flags = { out: folder, fresh: false, mixed: true };
  await mergeParts({ name: experiment }, flags, { files, provenance, run });
  // the parts have served
  for (const { name } of [...Deno.readDirSync(folder)]) {
    if (name.includes("part")) Deno.removeSync(`${folder}/${name}`);
  }
  const found = () => {
    const rows = [...claimRows(readRowFiles(folder).files)];
    return rows.map(([group, rows]) => [group, rows.map(({ seed }) => seed)]);
  };
  assert.deepEqual(found(), [["exp_coins", [0]]]);
  const published = [{ name: "exp_coins.json", rows: readRowFiles(folder).files[0].rows }];
  const { missing } = compareResults(published, readRowFiles(folder).files);
  assert.deepEqual(missing.map(({ row, instead }) => [row.seed, instead]), [
    [1, "lambda 0.2 instead of 0.1"],
  ]);

  const { cells, ...meta } = readProvenance(files.meta)!;
  const page = String(provenanceHtml(
    { experiment, suffix: "", rows: [], diagnostics: [], files: ["exp_coins.json"] },
    [{ file: "exp_coins.meta.json", provenance: { ...meta, cells } }],
    (name) => name,
  ));
  assert.match(page, /<dt>Mixed<\/dt><dd>1 of the cells with version 0\.1\.0, lambda 0\.2<\/dd>/);
  const silent = cells.map(({ making: _, ...cell }) => cell);
  Deno.writeTextFileSync(files.meta, JSON.stringify({ ...meta, cells: silent }));
  assert.deepEqual(found(), []);
});

Deno.test("of two files that hold a row the one with the shorter name counts", () => {
  const rows = claimRows([
    { name: "exp_coins_n50.json", rows: [...coin(50, 0.25), ...coin(100, 0.25)] },
    { name: "exp_coins.json", rows: coin(50, 0.75) },
    { name: "exp_coins_trial.json", rows: coin(500, 1) },
  ]);
  assert.deepEqual(
    [50, 100, 500].map((n) => {
      const [judged] = judgeClaims([claim(each(n))], rows);
      return judged.conditions[0].cases[0].value;
    }),
    [0.75, 0.25, undefined],
  );
});

Deno.test("the text, the table and the page tell verdict, numbers, what is against it and what is missing", () => {
  const judged = judge([...coin(50, 0.75), ...coin(100, 0.25)], 50, 100, 500);
  const numbers =
    "MCC of the coin ≥ 0.5: 0.250 to 0.750 (1 of 2, 1 without rows; not n = 100: 0.250)";
  const text = claimsText([judged]).split("\n");
  assert.equal(text[0], "HOLDS IN PART  coin: coins land");
  for (
    const line of [
      `  ${numbers}`,
      "    why ≥ 0.5: one half",
      "  missing rows: deno task exp:coins --paper --n 500",
      "1 claims: 1 holds in part",
    ]
  ) assert(text.includes(line), line);
  assert(text.some((line) => line.startsWith("Every case is a mean over seeds 0, 1 and 2")));
  const open = judge(coin(50, 0.75), 50, 100, 500);
  const told = claimsText([open], new Map([[open.missing[0], 12.3]])).split("\n");
  assert(
    told.includes(
      "  not decided: 2 of 3 cases have no rows yet; of the others 1 bear it out, 0 do not",
    ),
  );
  assert(told.includes(`  missing rows: ${open.missing[0]} (about 12 hours of one core)`));
  assert.equal(
    claimsTable([judged], "figures").split("\n").at(-1),
    "| coins land | **holds in part** | MCC of the coin ≥ 0.5: 0.250 to 0.750 (1 of 2, 1 without rows) " +
      "| [figure](figures/coins.svg), `exp:coins` |",
  );
  const page = String(claimsHtml([{ ...judged, says: "<coins>" }]));
  assert(page.includes("&lt;coins&gt;") && page.includes(numbers) && page.includes("one half"));
});

Deno.test("a value has as many digits as tell it from the threshold, and zero no sign", () => {
  const told = (threshold: number, mean: number) => {
    const { conditions, ...more } = claim(each(50));
    const rows = SEEDS.map((seed) => ({ ...coin(50, mean)[0], seed, mcc_ood: mean }));
    const [judged] = judgeClaims(
      [{ ...more, conditions: [{ ...conditions[0], threshold }] }],
      claimRows([{ name: "exp_coins.json", rows }]),
    );
    return claimsTable([judged], "figures").match(/coin ≥ [^:]*: (\S+) \((\d) of 1\)/)!.slice(1);
  };
  assert.deepEqual(told(0.05, 0.04997), ["0.04997", "0"]);
  assert.deepEqual(told(0.05, 0.05), ["0.050", "1"]);
  assert.deepEqual(told(0.05, 0.0494), ["0.049", "0"]);
  assert.deepEqual(told(0, -0.00004), ["−0.00004", "0"]);
  assert.deepEqual(told(-1, -0.00004), ["0.000", "1"]);
});

Deno.test("the paper's claims are told apart, have cases and thresholds with reasons, and shown figures", () => {
  assert.equal(new Set(paperClaims.map(({ id }) => id)).size, paperClaims.length);
  for (const { id, conditions, figure, asides = [] } of paperClaims) {
    assert(existsSync(`figures/shipped/${figure}.svg`), `${id}: ${figure}`);
    for (const { why, cases, says } of [{ conditions }, ...asides].flatMap((a) => a.conditions)) {
      assert(why.length > 10 && cases.length > 0, id);
      assert.equal(new Set(cases.map(({ at }) => at)).size, cases.length, `${id}: ${says}`);
    }
  }
});

Deno.test("the plateau of SAEs is judged at every δ of the older grid, on both sides of its range", () => {
  const rows = readRowFiles("results/shipped").files
    .find(({ name }) => name === "exp_phase_transition.json")!.rows;
  const older = rows.filter(({ method, width }) => method === "sae_relu" && width !== undefined);
  const grid = new Set(
    older.map((row) => `relu, n = ${row.num_latents}, k = ${row.k}, m = ${row.input_dim}`),
  );
  assert.equal(grid.size, 68);
  const { conditions } = paperClaims.find(({ id }) => id === "phase")!;
  const ends = conditions.filter(({ says }) => says.startsWith("SAE"));
  assert.deepEqual(ends.map(({ is, threshold }) => [is, threshold]), [
    ["at least", 0.2],
    ["at most", 0.5],
  ]);
  for (const { cases, why } of ends) {
    const relu = cases.map(({ at }) => at).filter((at) => at.startsWith("relu"));
    assert.deepEqual(new Set(relu), grid);
    assert.match(why, /the claim's words set it/);
  }
});

Deno.test({
  name: "on the published rows every claim is decided",
  ignore: !(await hasPublishedRows()),
  async fn() {
    const { stdout, stderr } = await runDeno(
      ...["run", "--quiet", "--no-prompt", "--ignore-env", `--allow-read=.,${PUBLISHED}`],
      ...["commands/claims.ts", "--results", PUBLISHED, "--json"],
    );
    assert.equal(stderr, "");
    const judged: JudgedClaim[] = JSON.parse(stdout);
    const open = judged.filter(({ missing }) => missing.length > 0).map(({ id }) => id);
    assert.deepEqual(open, []);
    const verdicts = Object.fromEntries(judged.map(({ id, verdict }) => [id, verdict]));
    for (const id of ["saes-fail", "norms", "probes", "dl-fails"]) {
      assert.equal(verdicts[id], "holds", id);
    }
    // by MCC, not by AUC
    assert.equal(verdicts["dl-beats-probes"], "holds in part");
  },
});

Deno.test("the README's table is that of the rows that ship: deno task claims --readme README.md", () => {
  const { files } = readRowFiles("results/shipped");
  const table = claimsTable(judgeClaims(paperClaims, claimRows(files)), "figures/shipped");
  const text = Deno.readTextFileSync("README.md");
  assert.equal(withTable("README.md", text, "claims", table), text);
});

Deno.test("a table needs its two marks, once each and in order", () => {
  for (const text of ["", "<!-- t -->\n", "<!-- /t --><!-- t -->\n", "<!-- t -->\n".repeat(2)]) {
    assert.throws(() => withTable("a.md", text, "t", ""), {
      name: "RangeError",
      message: "Cannot use a.md: it must have the marks <!-- t --> and <!-- /t --> once each",
    });
  }
});

/** The command, with permission to read the checkout and to write one folder. */
function claims(folder: string, ...args: string[]) {
  return runDeno(
    ...["run", "--quiet", "--no-prompt", "--ignore-env", "--allow-read=."],
    ...[`--allow-write=${folder}`, "commands/claims.ts", ...args],
  );
}

Deno.test("claims prints text or JSON, one claim or all, and writes the table between its marks", async () => {
  const folder = freshFolder("claims-");
  Deno.mkdirSync(`${folder}/results`);
  const rows = ["fista_oracle", "linear_probe"].flatMap((method) =>
    coin(10_000, 0.05, { method, mcc_iid: 0.05, k: 10, n_samples: 5000 })
  );
  writeRows(`${folder}/results/exp_vary_latents.json`, rows);
  const readme = `${folder}/README.md`;
  Deno.writeTextFileSync(readme, "before\n<!-- claims -->\n<!-- /claims -->\nafter\n");
  const flags = ["--results", `${folder}/results`];
  const all = await claims(folder, ...flags, "--readme", readme);
  assert.deepEqual(
    [all.code, all.stderr],
    [0, "Most claims lack rows here; the toolkit's own: --results results/shipped"],
  );
  assert.match(all.stdout, /^NOT DECIDED {2}probes: /m);
  assert.match(Deno.readTextFileSync(readme), /^before\n<!-- claims -->\n[^]*\| Linear probes /);
  for (const shipped of ["results/shipped/", join(Deno.cwd(), "results/shipped")]) {
    const { stderr } = await claims(folder, "--results", shipped, "--only", "dl-fails");
    assert.equal(stderr, "", "that folder is the toolkit's own, however it is written");
  }
  const one = await claims(folder, ...flags, "--only", "probes", "--json");
  const [judged, ...others] = JSON.parse(one.stdout);
  assert.deepEqual(
    [judged.id, judged.verdict, judged.conditions[0].cases[0].holds, others],
    ["probes", "not decided", true, []],
  );
});

Deno.test("claims answers bad usage, damaged files and missing permissions in one line", async () => {
  const folder = freshFolder("claims-bad-");
  Deno.mkdirSync(`${folder}/results`);
  const file = `${folder}/results/exp_vary_latents.json`;
  const cases: [() => void, string[], RegExp][] = [
    [() => {}, ["--results", `${folder}/no`], /--results must be a readable folder/],
    [() => {}, ["--results", `${folder}/results`], /--results must hold files named exp_\*\.json/],
    [() => {}, ["--only", "nothing"], /--only must be one of oracle, /],
    [() => {}, ["--only", "oracle", "--readme", "x"], /--only and --readme exclude each other/],
    [
      () => writeRows(file, coin(50, 0)),
      ["--results", `${folder}/results`, "--readme", "README.md"],
      /--readme must be writable, got "README\.md": /,
    ],
    [
      () => Deno.writeTextFileSync(file, "[{"),
      ["--results", `${folder}/results`],
      /^Cannot use .*exp_vary_latents\.json: /,
    ],
  ];
  const before = Deno.readTextFileSync("README.md");
  for (const [prepare, args, message] of cases) {
    prepare();
    const { code, stdout, stderr } = await claims(folder, ...args);
    assert.deepEqual([code, stdout], [2, ""], stderr);
    assert.match(stderr, message);
    assert.equal(stderr.split("\n").length, 1, stderr);
  }
  assert.equal(Deno.readTextFileSync("README.md"), before);
});
