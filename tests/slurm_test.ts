/** Array jobs: the scripts, their submission to a stand-in, and a run on a real cluster. */
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  type ArrayJob,
  arrayScript,
  mergeScript,
  parseTaskCommand,
  shellQuote,
  submitCommand,
} from "../lib/sweep/slurm.ts";

Deno.mkdirSync(".tmp", { recursive: true });

const JOB: ArrayJob = {
  name: "exp_toy",
  folder: ".slurm",
  deno: "/usr/bin/deno",
  command: parseTaskCommand(
    "exp:toy",
    "deno run --no-prompt --allow-read=. --allow-write=results,figures experiments/toy.ts --quiet",
  ),
  args: ["--n", "50,100"],
  tasks: 4,
  resources: { cpusPerTask: 2, time: "1-00:00:00", mem: "4G" },
};

Deno.test("a task of the array becomes deno, with the permissions of the experiment's task", () => {
  const { path, text } = arrayScript(JOB);
  assert.equal(path, ".slurm/exp_toy.array.sh");
  assert(text.startsWith("#!/bin/bash\n"));
  for (
    const option of [
      "--array=0-3",
      "--cpus-per-task=2",
      "--time=1-00:00:00",
      "--mem=4G",
      "--requeue",
      "--open-mode=append",
    ]
  ) assert(text.includes(`\n#SBATCH ${option}\n`), option);
  assert.doesNotMatch(text, /undefined|partition/);
  assert(text.endsWith(
    "\nexec /usr/bin/deno run --no-prompt --allow-read=. --allow-write=results,figures " +
      "experiments/toy.ts --quiet --n 50,100 " +
      '--shard "$SLURM_ARRAY_TASK_ID/4" --workers "$SLURM_CPUS_PER_TASK"\n',
  ));
});

Deno.test("the merge gets the same flags and limits, and waits for the array to succeed", () => {
  const { path, text } = mergeScript(JOB);
  assert.equal(path, ".slurm/exp_toy.merge.sh");
  assert.match(text, /^#SBATCH --time=1-00:00:00$/m);
  assert.doesNotMatch(text, /--array=|--shard|--workers/);
  assert.match(text, /experiments\/toy\.ts --quiet --n 50,100 --merge\n$/);
  assert(submitCommand(path, "7").includes("--dependency=afterok:7"));
  assert.deepEqual(submitCommand(path), ["sbatch", "--parsable", path]);
});

Deno.test("Slurm reads its options before the first command, so arguments cannot add any", () => {
  const { text } = arrayScript({ ...JOB, args: ["--out", "a\n#SBATCH --uid=0\n'; reboot"] });
  assert(text.indexOf("exec") < text.indexOf("#SBATCH --uid"));
  assert(text.includes("'a\n#SBATCH --uid=0\n'\\''; reboot'"));
});

Deno.test("names and resources that #SBATCH lines cannot hold are refused", () => {
  const refuses = (change: Partial<ArrayJob>, message: RegExp) => {
    assert.throws(() => arrayScript({ ...JOB, ...change }), { name: "RangeError", message });
    assert.throws(() => mergeScript({ ...JOB, ...change }), { name: "RangeError", message });
  };
  refuses({ name: "a b" }, /^name must be made of .*, got "a b"$/);
  refuses({ folder: "%u" }, /^folder must be/);
  refuses({ resources: { cpusPerTask: 1, partition: "a\n#SBATCH --uid=0" } }, /^partition must be/);
  refuses({ resources: { cpusPerTask: 1, qos: "" } }, /^qos must be/);
  refuses(
    { resources: { cpusPerTask: 0 } },
    /^cpusPerTask must be an integer of at least 1, got 0/,
  );
  assert.throws(() => arrayScript({ ...JOB, tasks: 1.5 }), /^RangeError: tasks must be an integer/);
});

Deno.test("only words without a meaning to the shell stay unquoted", () => {
  for (const word of ["--n", "50,100", "/usr/bin/deno", "a=b", "x@1.2"]) {
    assert.equal(shellQuote(word), word);
  }
  for (const word of ["", " ", "$HOME", "a;b", "`a`", "~", "*", "a\nb", "#", "a\\b", '"', "ä"]) {
    assert.equal(shellQuote(word), `'${word}'`);
  }
  assert.equal(shellQuote("it's"), "'it'\\''s'");
});

Deno.test("a task that needs a shell, or is no deno run, is refused", () => {
  assert.deepEqual(
    parseTaskCommand("exp:a", " deno run  -q --allow-read=. a.ts --b 1 "),
    { denoFlags: ["-q", "--allow-read=."], script: "a.ts", args: ["--b", "1"] },
  );
  for (
    const command of [
      "",
      "deno test a.ts",
      "deno run --allow-read=.",
      "deno run a.ts && rm -r b",
      'deno run a.ts "b"',
      "deno run a.ts $B",
    ]
  ) {
    assert.throws(() => parseTaskCommand("exp:a", command), {
      name: "RangeError",
      message: /^Cannot run the task exp:a on a cluster: its command must be "deno run/,
    });
  }
});

/**
 * A folder with a `deno.json` like the checkout's, whose `exp:toy` is the toy experiment.
 *
 * @param env Environment of `deno task slurm`, besides the usual one.
 */
function newCheckout(env: Record<string, string>): string {
  const folder = Deno.makeTempDirSync({ dir: ".tmp" });
  const toy = "--allow-read=../.. --allow-write=. ../../tests/fixtures/toy_experiment.ts";
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value} `).join("");
  Deno.writeTextFileSync(
    join(folder, "deno.json"),
    JSON.stringify({
      tasks: {
        "slurm": `${variables}deno run --quiet --no-prompt --ignore-env --allow-read=../.. ` +
          "--allow-write=.slurm --allow-run=sbatch ../../commands/slurm.ts",
        "exp:toy": { command: `deno run --no-prompt ${toy}` },
        "exp:echo": "echo hello",
      },
    }),
  );
  return folder;
}

/** Runs `deno task slurm` in a folder. */
async function slurm(folder: string, ...args: string[]) {
  const output = await new Deno.Command("deno", {
    args: ["task", "--quiet", "slurm", ...args],
    cwd: folder,
  }).output();
  const [stdout, stderr] = [output.stdout, output.stderr].map((bytes) =>
    new TextDecoder().decode(bytes).trim()
  );
  return { code: output.code, stdout, stderr };
}

const STAND_IN = { PATH: `${join(Deno.cwd(), "tests/fixtures/slurm")}:/usr/bin:/bin` };
const NO_SLURM = { PATH: join(Deno.cwd(), "tests/golden") };

const read = (folder: string, ...names: string[]) => Deno.readTextFileSync(join(folder, ...names));

/** The names of the files in a folder that are not hidden. */
const filesIn = (...folder: string[]) =>
  [...Deno.readDirSync(join(...folder))].map(({ name }) => name)
    .filter((name) => !name.startsWith(".")).sort();

/** The rows and diagnostics of one run without a cluster. */
async function singleRun(args: string[]): Promise<string[]> {
  const folder = Deno.makeTempDirSync({ dir: ".tmp" });
  const { success, stderr } = await new Deno.Command("deno", {
    args: [
      ...["run", "--quiet", "--no-prompt", "--allow-read=.", `--allow-write=${folder}`],
      ...["tests/fixtures/toy_experiment.ts", "--out", folder, "--no-figures", ...args],
    ],
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return rowsIn(folder);
}

const rowsIn = (folder: string) =>
  ["exp_toy.json", "exp_toy_diagnostics.json"].map((name) => read(folder, name));

Deno.test("the scripts, run in order, make the rows and figures of a single run", async () => {
  const folder = newCheckout(STAND_IN);
  // a folder whose name means something to a shell in every one of its characters
  const out = "it's $(touch oops) `touch oops`; *";
  const grid = ["--n", "20,30,40", "--seeds", "0,1"];
  const { code, stdout, stderr } = await slurm(
    folder,
    ...["exp:toy", "--array", "3", "--", ...grid, "--out", out],
  );
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^Array 41: 3 tasks for 6 cells, the longest 1\.00 times the mean$/m);
  assert.match(stdout, /^Merge 42: /m);
  assert.deepEqual(read(folder, "calls").trim().split("\n"), [
    "--parsable .slurm/exp_toy.array.sh",
    "--parsable --dependency=afterok:41 --kill-on-invalid-dep=yes .slurm/exp_toy.merge.sh",
  ]);
  assert.deepEqual(rowsIn(join(folder, out)), await singleRun(grid));
  assert.deepEqual(filesIn(folder, "figures"), ["toy_mcc.svg"]);
  assert.deepEqual(filesIn(folder).filter((name) => name === "oops"), []);
  assert.match(read(folder, ".slurm/exp_toy.array.sh.2.log"), /2 of 2 cells are known/);
});

Deno.test("--fresh starts a part over, but not when its task is requeued", async () => {
  const folder = newCheckout(STAND_IN);
  const command = ["exp:toy", "--array", "2", "--", "--fresh", "--n", "20,30", "--seeds", "0"];
  for (const _ of ["first", "second"]) {
    assert.equal((await slurm(folder, ...command)).code, 0);
    const log = read(folder, ".slurm/exp_toy.array.sh.0.log");
    assert.match(log, /1\/1 cells[^]*1 of 1 cells are known/);
    assert.equal(log.match(/are known/g)!.length, 1, log);
  }
});

Deno.test("a dry run prints both scripts and submits nothing", async () => {
  const folder = newCheckout(NO_SLURM);
  const { code, stdout, stderr } = await slurm(
    folder,
    ...["exp:toy", "--array", "40", "--partition", "long", "--dry-run", "--", "--paper"],
  );
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^#SBATCH --array=0-5$/m);
  assert.equal(stdout.match(/^#SBATCH --partition=long$/gm)!.length, 2);
  assert.match(stdout, / --paper --shard "\$SLURM_ARRAY_TASK_ID\/6" --workers /);
  assert.match(stdout, / --paper --merge$/m);
  assert.match(stderr, /^6 cells make 6 tasks at most, not 40$/m);
  assert.match(stderr, /^Nothing submitted: 6 tasks for 6 cells/m);
  assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["deno.json"]);
});

Deno.test("bad usage is refused in one line, before a script is written", async () => {
  const folder = newCheckout(STAND_IN);
  const toy = ["exp:toy", "--array", "2"];
  for (
    const [args, message] of [
      [[], /it takes one task, then flags, got ""/],
      [["exp:toy", "b", "--array", "2"], /it takes one task, .* got "exp:toy b"/],
      [["exp:other", "--array", "2"], /one of exp:toy, exp:echo, got "exp:other"/],
      [["slurm", "--array", "2"], /one of exp:toy, exp:echo, got "slurm"/],
      [["exp:echo", "--array", "2"], /its command must be "deno run/],
      [["exp:toy"], /--array must be an integer from 1 to 100000, got nothing/],
      [["exp:toy", "--array", "0"], /--array must be .* got "0"/],
      [["exp:toy", "--array", "1.5"], /--array must be .* got "1\.5"/],
      [[...toy, "--cpus-per-task", "x"], /--cpus-per-task must be .* got "x"/],
      [[...toy, "--time", "soon"], /--time must be a time limit, .* got "soon"/],
      [[...toy, "--mem", "4 G"], /--mem must be .* got "4 G"/],
      [[...toy, "--partition", "a b"], /--partition must be .* got "a b"/],
      [[...toy, "--dry-run=yes"], /--dry-run takes no value, got "yes"/],
      [[...toy, "--nodes", "2"], /it has no flag --nodes/],
      [[...toy, "--array", "4"], /--array must be given once, got it twice/],
      [[...toy, "--array=2"], /--array must be given once, got it twice/],
      [[...toy, "--dry-run", "--dry-run"], /--dry-run must be given once, got it twice/],
      [[...toy, "--", "--foo"], /it has no flag --foo/],
      [[...toy, "--", "--n", "5"], /--n must be above the 5 active latents/],
      [[...toy, "--", "--workers=2"], /must get --workers .*\(use --cpus-per-task\)/],
      [[...toy, "--", "--shard", "0/2"], /must get --shard from the scripts alone/],
    ] as const
  ) {
    const { code, stdout, stderr } = await slurm(folder, ...args);
    assert.match(stderr, message);
    assert.match(stderr, /^Cannot [^\n]*$/);
    assert.equal(stdout, "");
    assert.equal(code, 2);
  }
  assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["deno.json"]);
});

Deno.test("files that the merge would refuse are refused before anything is submitted", async () => {
  const folder = newCheckout(STAND_IN);
  const submit = (...args: string[]) =>
    slurm(folder, "exp:toy", "--array", "2", "--", "--n", "20,30", "--seeds", "0", ...args);
  assert.equal((await submit()).code, 0);

  const other = await submit("--lambda", "0.2");
  assert.match(
    other.stderr,
    /^Cannot use results\/exp_toy\.json: .* lambda 0\.2, got 0\.1 \(--fresh/,
  );
  assert.equal(other.code, 2);
  for (const { name } of Deno.readDirSync(join(folder, "results"))) {
    if (!/part|lock/.test(name)) Deno.removeSync(join(folder, "results", name));
  }
  const part = await submit("--lambda", "0.2");
  assert.match(part.stderr, /^Cannot use .*part0of2\.json: .* got 0\.1 \(remove the part/);
  assert.equal(part.code, 2);
  assert.equal(read(folder, "calls").trim().split("\n").length, 2);

  assert.equal((await submit("--lambda", "0.2", "--fresh")).code, 0);
  assert.equal((await submit("--lambda", "0.2")).code, 0);
});

Deno.test("without sbatch, or refused by it, the submission fails in one line", async () => {
  const folder = newCheckout(STAND_IN);
  const missing = await slurm(newCheckout(NO_SLURM), "exp:toy", "--array", "2");
  assert.equal(missing.stderr, "Cannot submit: Slurm's sbatch must be on the PATH, got none");
  assert.equal(missing.code, 2);

  Deno.writeTextFileSync(join(folder, "refuse"), "");
  const refused = await slurm(folder, "exp:toy", "--array", "2");
  assert.match(
    refused.stderr,
    /^Cannot submit: sbatch must accept .*array\.sh, got exit code 1 \(.*nowhere; .*failed\)$/,
  );
  assert.equal(refused.code, 2);
});

/** The clusters's process, started with what it needs and nothing else. */
const cluster = (...args: string[]) =>
  new Deno.Command("deno", {
    args: [
      ...["run", "--quiet", "--no-prompt", "--allow-sys=uid", "--allow-net=127.0.0.1"],
      "--allow-run=apt-get,slurmctld,slurmd,sinfo,squeue,scontrol,scancel",
      "--allow-read=.,/usr/sbin/slurmctld,/usr/sbin/slurmd,/usr/bin/apt-get,/run/systemd/system",
      ...["--allow-write=.tmp", "tests/fixtures/slurm/cluster.ts", ...args],
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  });

const reason = await (async () => {
  const child = cluster("install").spawn();
  child.stdin.close();
  const { code, stdout } = await child.output();
  return code === 0 ? undefined : new TextDecoder().decode(stdout).trim() || `exit code ${code}`;
})();

Deno.test({
  name: "on a real cluster, an array with a requeued task makes the rows of a single run" +
    (reason ? ` (skipped: ${reason})` : ""),
  ignore: reason !== undefined,
  async fn() {
    const folder = newCheckout({ SLURM_CONF: "slurm/slurm.conf" });
    await using running = await startCluster(folder);
    // two cells of a second and a half for each of four tasks
    const grid = ["--n", "20,30,40,50,60,70,80,90", "--seeds", "0", "--epochs", "1500"];
    const { code, stdout, stderr } = await slurm(
      folder,
      ...["exp:toy", "--array", "4", "--cpus-per-task", "1", "--", ...grid],
    );
    assert.equal(code, 0, stderr);
    const [, id] = stdout.match(/^Array (\d+): 4 tasks/)!;
    const log = `.slurm/exp_toy-${id}_2.log`;

    // between its two cells
    await waitFor(() => read(folder, "results/exp_toy.part2of4.json"), "the first save", running);
    await running.scontrol(`requeue ${id}_2`);
    await waitFor(() => assert.match(read(folder, log), /1 of 2 cells are known/), log, running);
    await waitFor(
      () => assert(filesIn(folder, ".slurm").some((name) => /merge-\d+\.log$/.test(name))),
      "the log of the merge",
      running,
    );
    const [merge] = filesIn(folder, ".slurm").filter((name) => /merge-\d+\.log$/.test(name));
    await waitFor(() => assert.match(read(folder, ".slurm", merge), /^Files:/m), merge, running);

    assert.match(read(folder, log), /interrupted by SIGTERM\. 1 of 2 cells are saved/);
    assert.deepEqual(rowsIn(join(folder, "results")), await singleRun(grid));
    assert.deepEqual(filesIn(folder, "figures"), ["toy_mcc.svg"]);
    assert.equal(
      filesIn(folder, "results").filter((name) => /part\dof4\.meta\.json$/.test(name)).length,
      4,
    );
  },
});

interface Cluster extends AsyncDisposable {
  scontrol(line: string): Promise<void>;
  logs(): string;
}

/** Starts a cluster with its files in `folder/slurm`; it ends with its scope. */
async function startCluster(folder: string): Promise<Cluster> {
  const child = cluster("run", join(folder, "slurm")).spawn();
  const writer = child.stdin.getWriter();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value } = await reader.read();
  const running = {
    async scontrol(line: string) {
      await writer.write(new TextEncoder().encode(line + "\n"));
      const { value } = await reader.read();
      assert.equal(value?.trim(), "");
    },
    logs: () =>
      filesIn(folder, ".slurm").filter((name) => name.endsWith(".log"))
        .map((name) => `${name}:\n${read(folder, ".slurm", name)}`).join("\n"),
    async [Symbol.asyncDispose]() {
      await writer.close();
      await reader.cancel();
      await child.status;
    },
  };
  if (value?.trim() === "ready") return running;
  await running[Symbol.asyncDispose]();
  return assert.fail(`the cluster did not start: ${value}`);
}

/** Waits until `condition` throws no more, for at most 20 seconds. */
async function waitFor(condition: () => void, what: string, { logs }: Cluster): Promise<void> {
  for (const end = performance.now() + 20_000;;) {
    try {
      return condition();
    } catch (error) {
      if (performance.now() > end) assert.fail(`${what}: ${(error as Error).message}\n${logs()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
