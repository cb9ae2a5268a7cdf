/** What all commands have in common: usage, refusals, JSON. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { isMadeOtherwise } from "../commands/shipped.ts";
import { experiment as varySparsity } from "../experiments/vary_sparsity.ts";
import { resultFiles, saveResults } from "../lib/results.ts";
import { type Experiment, fixedOptions } from "../lib/sweep/experiment.ts";
import { parseCommandLine } from "../lib/sweep/run_flags.ts";
import { freshFolder, runDeno } from "./result_files.ts";

/** Every command that is no experiment, with a word that it needs. */
const COMMANDS: [script: string, task: string, words: string[]][] = [
  ["commands/audit.ts", "audit", []],
  ["commands/cache.ts", "cache", []],
  ["commands/claims.ts", "claims", []],
  ["commands/compare.ts", "compare", []],
  ["commands/consensus.ts", "consensus", []],
  ["commands/encode.ts", "encode", []],
  ["commands/figures.ts", "figures", []],
  ["commands/learn.ts", "learn", []],
  ["commands/report.ts", "report", []],
  ["commands/shipped.ts", "shipped", []],
  ["commands/slurm.ts", "slurm", ["exp:template"]],
  ["commands/train.ts", "train", []],
  ["bench/run.ts", "bench", []],
  ["bench/consensus.ts", "bench:consensus", []],
  ["bench/cycles.ts", "bench:cycles", []],
  ["bench/growth.ts", "bench:growth", []],
  ["bench/peers.ts", "bench:peers", []],
  ["bench/objective.ts", "bench:objective", []],
  ["bench/recovery.ts", "bench:recovery", []],
  ["bench/reference.ts", "bench:reference", []],
];

/** Runs a command that may read the checkout and write nothing. */
const run = (script: string, ...args: string[]) =>
  runDeno("run", "--quiet", "--no-prompt", "--ignore-env", "--allow-read=.", script, ...args);

for (const [script, task, words] of COMMANDS) {
  Deno.test(`${task} has a usage, and refuses what it does not know in one line`, async () => {
    const help = await run(script, "--help");
    assert.deepEqual([help.code, help.stderr], [0, ""]);
    assert(help.stdout.startsWith(`Usage: deno task ${task} `), help.stdout);
    assert.match(help.stdout, /^ {2}--help +print this text$/m);
    assert.match(help.stdout, /^Exit code: 0 /m);
    assert(help.stdout.split("\n").every((line) => line.length <= 110));

    const first = help.stdout.match(/^ {2}(--[a-z-]+) [A-Z]/m)![1];
    for (
      const [args, message] of [
        [["--no-such-flag"], /it has no flag --no-such-flag/],
        [["--\x1b[2J"], /it has no flag --\\x1b\[2J/],
        [[first, "", first, ""], /must be/],
        [[first], /got nothing$/],
      ] as const
    ) {
      const { code, stdout, stderr } = await run(script, ...words, ...args);
      assert.deepEqual([code, stdout], [2, ""], `${args}: ${stderr}`);
      assert.match(stderr, message);
      assert.equal(stderr.split("\n").length, 1, stderr);
    }
  });
}

Deno.test("the benches write nothing, tracked or not, unless they are told where", async () => {
  const before = Deno.statSync("bench/growth.json").mtime;
  const refused = await run("bench/growth.ts", "--out", "bench");
  assert.match(refused.stderr, /--out must be a folder to write to, got "bench"/);
  assert.equal(refused.code, 2);
  assert.deepEqual(Deno.statSync("bench/growth.json").mtime, before);
  const stranger = await run("bench/run.ts", "lib/matrix.ts");
  assert.match(stranger.stderr, /it takes files named \*_bench\.ts, got "lib\/matrix\.ts"/);
});

Deno.test("cache --json tells what the table tells", async () => {
  const folder = freshFolder("cache-"), cache = join(folder, "models");
  Deno.mkdirSync(cache);
  const { code, stdout, stderr } = await run("commands/cache.ts", "--cache", cache, "--json");
  assert.equal(code, 0, stderr);
  assert.deepEqual(JSON.parse(stdout), { cache, bytes: 0, removed: 0, files: [] });
});

Deno.test("shipped runs the experiments in its own process, and lists them", async () => {
  const { code, stdout, stderr } = await run(
    "commands/shipped.ts",
    "--only",
    "warmstart-decoder",
    "--list",
  );
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^index +num_latents/m);
  assert.match(stdout, /^\d+ cells, .* hours of one core; \d+ cells known, /m);
  assert.deepEqual(stderr.split("\n"), [
    "exp:warmstart-decoder --paper --n 50,100,500",
    "exp:warmstart-decoder --paper --n 5000 --suffix n5000",
    "exp:warmstart-decoder --paper --n 1000",
  ]);
});

Deno.test("shipped lists every run of an experiment, and starts files over that older runs have made", async () => {
  const listed = await run("commands/shipped.ts", "--only", "sample-frontier", "--list");
  assert.deepEqual([listed.code, listed.stderr.split("\n")], [0, [
    "exp:sample-frontier --paper --n 100",
    "exp:sample-frontier --paper --n 1000 --per-atom 2.5,5 --seeds 0,1,2 --methods dl_path,dl_fista " +
    "--suffix n1000",
    "exp:sample-frontier --paper --n 300,1000 --suffix 1k --methods dl_path,dl_path_without_loo," +
    "dl_path_without_restarts,dl_path_without_both",
    "exp:sample-frontier --paper --n 300,1000 --suffix 3k --methods dl_path_least_squares",
    "exp:sample-frontier --paper --n 300 --suffix n300 --methods dl_fista,sae_relu,sae_topk," +
    "sae_jumprelu,sae_MP",
    "exp:sample-frontier --paper --n 1000 --per-atom 2.5,5 --seeds 0,1,2 --suffix 2k --methods " +
    "sae_relu,sae_topk,sae_jumprelu,sae_MP",
    "exp:sample-frontier --paper --n 1000 --per-atom 1.25,1.5,1.75,2,3,4 --seeds 0,1,2 " +
    "--suffix 8k --methods dl_fista,sae_relu,sae_topk,sae_jumprelu,sae_MP",
    "exp:sample-frontier --paper --n 5000 --per-atom 2,2.5,5 --seeds 0,1,2 --methods dl_path " +
    "--suffix 5k",
    "exp:sample-frontier --paper --n 10000 --per-atom 5 --seeds 0,1,2 --methods dl_path " +
    "--suffix 5k",
    "exp:sample-frontier --paper --n 10000 --per-atom 2.5 --seeds 0 --methods dl_path --suffix 5k",
    "exp:sample-frontier --paper --n 100,300 --suffix 4k --methods dl_path_consensus",
    "exp:sample-frontier --paper --n 100,300 --per-atom 1.25,1.5,1.75,2,2.5,3 --suffix 6k " +
    "--methods dl_path_cycles",
    "exp:sample-frontier --paper --n 1000 --per-atom 1.5,1.75,2 --suffix 6k --methods dl_path_cycles",
  ]]);

  const folder = freshFolder("shipped-"), experiment = varySparsity as unknown as Experiment;
  const isStale = (...args: string[]) => isMadeOtherwise(experiment, args, folder);
  assert.equal(isStale("--paper"), false, "there is no file");
  const options = fixedOptions(varySparsity.options, parseCommandLine(varySparsity, []).options);
  await saveResults(
    resultFiles(folder, "exp_vary_sparsity"),
    { experiment: "exp_vary_sparsity", version: "0.1.0", options },
    { cells: [{ key: { seed: 0 }, seconds: 1, rows: [{ seed: 0 }] }], runs: [] },
  );
  assert.equal(isStale(), false);
  assert.equal(isStale("--n", "1000"), false, "the grid may differ");
  assert.equal(isStale("--paper"), true, "the paper's steps are others");
  assert.equal(isStale("--paper", "--suffix", "n1000"), false, "another file");

  // what a listing tells of that file, which it leaves as it is
  const rows = `${folder}/exp_vary_sparsity.json`, before = Deno.readTextFileSync(rows);
  const listing = await run(
    ...["commands/shipped.ts", "--only", "vary-sparsity", "--list", "--out", folder] as const,
  );
  assert.equal(listing.code, 0);
  assert.deepEqual(listing.stderr.split("\n"), [
    "exp:vary-sparsity --paper --n 50 --suffix n50",
    "exp:vary-sparsity --paper",
    "Its rows were made with other options: a run would start over",
    "exp:vary-sparsity --paper --suffix n1000 --methods linear_probe,sae_relu,sae_topk," +
    "sae_jumprelu,sae_MP,fista_oracle",
  ]);
  assert.equal(listing.stdout.match(/ 0 cells known/g)?.length, 3);
  assert.equal(Deno.readTextFileSync(rows), before);
});

Deno.test("the completion of bash knows tasks, flags and the values that can be listed", async () => {
  const folder = freshFolder("completion-"), script = join(folder, "completion.bash");
  const printed = await run("commands/completion.ts", "bash");
  assert.equal(printed.code, 0, printed.stderr);
  Deno.writeTextFileSync(
    script,
    `before() { COMPREPLY=(before); }
complete -F before deno
${printed.stdout}
try() { COMP_LINE="$1"; COMP_POINT=\${#1}; COMPREPLY=(); _startcoding; echo "\${COMPREPLY[*]}"; }
try "deno task exp:dict-quality --fi"
try "deno task exp:temp"
try "deno task exp:template --noi"
try "deno task figures --format "
try "deno task exp:template --out "
try "deno ru"
`,
  );
  // a process of its own, because only it needs permission to run the shell
  const { stdout, stderr } = await runDeno(
    ...["eval", "await new Deno.Command('bash', { args: [Deno.args[0]] }).spawn().status", script],
  );
  assert.deepEqual([stdout.split("\n"), stderr], [
    ["--fista-iters --figures", "template", "--noise", "svg png", "", "before"],
    "",
  ]);
});

Deno.test("the completions of zsh and fish have every flag of every task, quoted", async () => {
  const [zsh, fish] = await Promise.all(
    ["zsh", "fish"].map((shell) => run("commands/completion.ts", shell)),
  );
  assert.match(zsh.stdout, /^ {4}exp:template\) echo '--n --k .*--noise .*--help';;$/m);
  assert.match(zsh.stdout, /^compdef _startcoding deno$/m);
  assert.match(fish.stdout, /exp:template .*-l noise -r -d 'standard deviations of the noise'$/m);
  assert.match(fish.stdout, /-d 'run the paper'\\''s grid'$/m);
  const refused = await run("commands/completion.ts", "csh");
  assert.deepEqual(
    [refused.code, refused.stderr],
    [2, 'Cannot complete: it takes one of bash, zsh, fish, got "csh"'],
  );
});
