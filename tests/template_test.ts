/** The template of an experiment of one's own: run as the README says, and served by every command. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { experiment } from "../experiments/template.ts";
import { readRows } from "../lib/results.ts";
import { freshFolder, runDeno } from "./result_files.ts";

const GRID = ["--n", "30", "--k", "3", "--seeds", "0,1", "--noise", "0,0.3"];

/** Runs a script with the permissions of a task, in `folder` for what it writes. */
function run(folder: string, script: string, ...args: string[]) {
  return runDeno(
    ...["run", "--quiet", "--no-prompt", "--allow-read=.", `--allow-write=${folder}`],
    ...[script, ...args],
  );
}

function runTemplate(folder: string, ...args: string[]) {
  const places = ["--out", join(folder, "results"), "--figures", join(folder, "figures")];
  return run(folder, "experiments/template.ts", ...places, "--no-cache", ...args);
}

Deno.test("the template's rows answer its question: noise costs, iterations pay without it", async () => {
  const folder = freshFolder("template-");
  const { code, stderr, stdout } = await runTemplate(folder, ...GRID);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^30 +0 +fista_10 /m);
  const rows = readRows(join(folder, "results", "exp_template.json"))!;
  assert.equal(rows.length, 2 * 2 * 2);
  const error = (noise: number, method: string, seed: number) =>
    Number(
      rows.find((r) => r.noise === noise && r.method === method && r.seed === seed)!.error_iid,
    );
  for (const seed of [0, 1]) {
    // 0.3 is half the smallest latent: codes must be farther off than without it
    assert(error(0.3, "fista_100", seed) > error(0, "fista_100", seed));
    assert(error(0, "fista_100", seed) < error(0, "fista_10", seed));
  }
  const svg = Deno.readTextFileSync(join(folder, "figures", "template_noise.svg"));
  assert.match(svg, /100 iterations/);

  // another noise adds cells; other iterations would be other rows, and are refused
  assert.equal((await runTemplate(folder, "--n", "30", "--k", "3", "--noise", "0.1")).code, 0);
  const refused = await runTemplate(folder, ...GRID, "--iterations", "5");
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /iterations \[5\], got \[10,100\]/);
});

Deno.test("the template's own flags stand in its usage, and have rules of their own", async () => {
  const folder = freshFolder("template-");
  const { stdout } = await runTemplate(folder, "--help");
  assert.match(
    stdout,
    /^ {2}--noise X,… +standard deviations of the noise \(default: 0,0\.05,0\.1,0\.2; /m,
  );
  assert.match(stdout, /^ {2}--iterations N,… +numbers of FISTA iterations/m);
  for (
    const [args, message] of [
      [["--noise", "-0.1"], /--noise must be a comma-separated list, each a number of at least 0 /],
      [["--iterations", "0"], /--iterations must be .* each an integer from 1 to 10000 /],
      [["--k", "50"], /--k must be below the 50 latents \(n\), got 50/],
    ] as const
  ) {
    const { code, stderr } = await runTemplate(folder, ...args);
    assert.equal(code, 2);
    assert.match(stderr, message);
  }
});

Deno.test("a cell of the template depends on its key alone, and noise on no other draw", () => {
  const options = {
    n: [20],
    k: [3],
    seeds: [0],
    lambda: 0.1,
    noise: [0, 1e-12],
    iterations: [50],
  };
  const context = { options, progress: () => {} };
  const [clean, noisy] = experiment.cells(options).map((cell) => experiment.run(cell, context));
  assert.deepEqual(clean, experiment.run(experiment.cells(options)[0], context));
  const [a, b] = [clean, noisy].map((result) =>
    Number((result as { rows: { error_iid: number }[] }).rows[0].error_iid)
  );
  // the same latents and dictionary: 1e-12 of noise is below the precision of the float32 codes
  assert(Math.abs(a - b) < 1e-6, `${a} and ${b}`);
});

Deno.test("figures, report and compare serve the template's rows, with its own figure", async () => {
  const folder = freshFolder("template-");
  assert.equal((await runTemplate(folder, ...GRID, "--no-figures")).code, 0);
  const results = join(folder, "results"), out = join(folder, "out");
  const figures = await run(folder, "commands/figures.ts", "--results", results, "--out", out);
  assert.equal(figures.code, 0, figures.stderr);
  assert.match(Deno.readTextFileSync(join(out, "template_noise.svg")), /100 iterations/);
  const own = await run(
    ...[folder, "commands/figures.ts", "--results", results, "--out", out] as const,
    ...["--only", "own", "--json"],
  );
  assert.deepEqual(JSON.parse(own.stdout).figures, [{
    name: "template_noise",
    set: "own",
    files: [join(out, "template_noise.svg")],
  }]);

  const report = await run(folder, "commands/report.ts", "--results", results, "--out", out);
  assert.equal(report.code, 0, report.stderr);
  const page = Deno.readTextFileSync(join(out, "index.html"));
  assert.match(page, /<h2 id="exp_template">Template<\/h2>[^]*template noise/);

  const compare = await run(
    ...[folder, "commands/compare.ts", "--published", results, "--results", results] as const,
    ...["--out", out, "--figures", out, "--json"],
  );
  assert.equal(compare.code, 0, compare.stderr);
  const { files, outside, written } = JSON.parse(compare.stdout);
  assert.equal(files[0].methods[0].matched, 4);
  assert.equal(outside, 0);
  assert(written.includes(join(out, "PARITY.md")));
});

Deno.test("rows of an experiment that no task runs get a figure of their scores", async () => {
  const folder = freshFolder("stranger-"),
    results = join(folder, "results"),
    out = join(folder, "out");
  Deno.mkdirSync(results);
  const rows = [1, 2, 3].flatMap((bias) =>
    ["a", "b"].map((method) => ({ heads_iid: bias / 4, method, bias, seed: 0 }))
  );
  Deno.writeTextFileSync(join(results, "exp_coin.json"), JSON.stringify(rows));
  Deno.writeTextFileSync(join(results, "exp_die.json"), JSON.stringify([{ pips_iid: 6, seed: 0 }]));
  const { code, stderr } = await run(
    folder,
    "commands/figures.ts",
    "--results",
    results,
    "--out",
    out,
  );
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(Deno.readTextFileSync(join(out, "coin.svg")), /heads_iid/);
  assert.match(Deno.readTextFileSync(join(out, "die.svg")), /pips_iid/);
  const report = await run(folder, "commands/report.ts", "--results", results, "--out", out);
  assert.equal(report.code, 0, report.stderr);
});
