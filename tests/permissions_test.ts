import assert from "node:assert/strict";
import { join } from "node:path";
import { writeNpy } from "../lib/matrix_file.ts";
import type { Command } from "../lib/sweep/command.ts";
import { flagName, type Flags } from "../lib/sweep/flags.ts";
import { placesIn } from "../lib/sweep/permissions.ts";
import { COMMAND_MODULES } from "./campaign/command_lines.ts";
import { runDeno } from "./result_files.ts";

Deno.mkdirSync(".tmp", { recursive: true });

const { tasks }: { tasks: Record<string, { command: string }> } = JSON.parse(
  Deno.readTextFileSync("deno.json"),
);

/** Runs a task as its users do, by Deno's task runner, with PERMIT as given. */
async function task(words: string[], permit?: string) {
  const { code, stdout, stderr } = await new Deno.Command("deno", {
    args: ["task", "--quiet", ...words],
    env: { NO_COLOR: "1", ...(permit !== undefined && { PERMIT: permit }) },
  }).output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

Deno.test("the tasks that name places take PERMIT", async () => {
  for (const module of COMMAND_MODULES) {
    const { command }: { command: Command<Flags> } = await import(`../${module}`);
    const names = Object.entries(command.flags).map(([key, flag]) => flagName(key, flag));
    if (placesIn(names.map((name) => `--${name}=x`)).length === 0) continue;
    assert(tasks[command.task].command.includes(" $PERMIT "), command.task);
  }
});

/** A folder that no task may write to. */
const elsewhere = () => Deno.makeTempDirSync({ dir: ".tmp", prefix: "scratch-" });

/** The PERMIT=… that a message tells to set, and the command after it. */
function advised(stderr: string): { permit: string; words: string[] } {
  const [, permit, command] = stderr.match(/Permit it: PERMIT="(.*?)" deno task (.*)\n$/) ?? [];
  assert(command, stderr);
  assert.equal(stderr.trim().split("\n").length, 1);
  return { permit, words: command.split(" ") };
}

const TINY = ["--n", "20", "--seeds", "0", "--epochs", "1", "--max-steps", "50", "--quiet"];

Deno.test("a run into folders that its task may not touch tells the command that may, and that works", async () => {
  const folder = elsewhere();
  const places = ["--out", join(folder, "rows"), "--figures", join(folder, "figures")];
  const words = ["exp:vary-latents", ...TINY, "--methods", "fista_oracle", ...places, "--no-cache"];
  const refused = await task(words);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /^Cannot run exp:vary-latents: --out must be a folder to write to/);
  const { permit, words: again } = advised(refused.stderr);
  assert.deepEqual(again, words);
  assert.equal(permit.includes(".."), false);

  const permitted = await task(again, permit);
  assert.equal(permitted.code, 0, permitted.stderr);
  assert(Deno.statSync(join(folder, "rows", "exp_vary_latents.json")).isFile);
  assert(Deno.statSync(join(folder, "figures", "vary_latents_mcc_iid.svg")).isFile);

  // the other commands on the same folder
  const figures = ["figures", "--results", join(folder, "rows"), "--out", join(folder, "again")];
  const drawn = await task(figures);
  assert.equal(drawn.code, 2);
  const { permit: narrow } = advised(drawn.stderr);
  assert.equal((await task(figures, narrow)).code, 0);
});

Deno.test("a model cache elsewhere is refused before any work, with the command", async () => {
  const cache = join(elsewhere(), "models");
  const { code, stderr } = await task(["exp:dict-quality", ...TINY.slice(0, 6), "--cache", cache]);
  assert.equal(code, 2);
  assert.equal(advised(stderr).permit, `--allow-read=${cache} --allow-write=${cache}`);
  const listed = await task(["cache", "--cache", cache]);
  assert.equal(advised(listed.stderr).words.join(" "), `cache --cache ${cache}`);
});

/** Runs a line as it stands in a shell, which the test itself may not start. */
async function shell(line: string) {
  const { code, stderr } = await runDeno(
    "eval",
    `const { code, stderr } = await new Deno.Command("sh", { args: ["-c", ${
      JSON.stringify(line)
    }] }).output(); console.error(new TextDecoder().decode(stderr)); Deno.exit(code);`,
  );
  return { code, stderr };
}

Deno.test("the command for paths with blanks, quotes and commas works as it stands, and at once", async () => {
  const data = join(elsewhere(), "acts, all.npy"), text = { rows: 20, cols: 3 };
  writeNpy(data, { ...text, data: Float32Array.from({ length: 60 }, (_, i) => Math.sin(i)) });
  for (const name of ["plain", "two words", `it's "mine" $HOME`, "a,b", "a,b c"]) {
    const out = join(elsewhere(), name, "codes.npz");
    const words = ["encode", "--data", data, "--dictionary", data, "--lambda", "1", "--quiet"];
    const refused = await task([...words, "--out", out]);
    assert.equal(refused.code, 2);
    const [, line] = refused.stderr.match(/Permit it: (.*)\n$/) ?? [];
    assert.equal(line.startsWith("PERMIT="), ["plain", "a,b", "a,b c"].includes(name), line);
    const { code, stderr } = await shell(line);
    assert.equal(code, 0, stderr);
    assert(Deno.statSync(out).isFile);
  }
});

Deno.test("what an earlier PERMIT gave is in the command for what it lacks", async () => {
  const folder = elsewhere(), rows = join(folder, "rows"), drawn = join(folder, "figures");
  const words = ["exp:vary-latents", ...TINY, "--out", rows, "--figures", drawn, "--no-cache"];
  const { stderr } = await task(words, `--allow-read=${rows} --allow-write=${rows}`);
  const both = `${rows},${drawn}`;
  assert.equal(advised(stderr).permit, `--allow-read=${both} --allow-write=${both}`);
});

Deno.test("a cluster's jobs may touch the folders that their flags name, dry runs included", async () => {
  const out = join(elsewhere(), "rows");
  const words = ["slurm", "exp:vary-latents", "--array", "2", "--dry-run", "--", "--out", out];
  // slurm itself reads the checkout, where this folder lies; what it prints must permit writing, too
  const { code, stdout } = await task(words);
  assert.equal(code, 0);
  assert.match(
    stdout,
    new RegExp(`--allow-read=${out} --allow-write=${out} experiments/vary_latents.ts`),
  );
  assert.doesNotMatch(stdout, /PERMIT/);
});

Deno.test("no task has all permissions, or all of a kind but to run what it must", () => {
  for (const [name, { command }] of Object.entries(tasks)) {
    assert.doesNotMatch(command, /(^| )(-A|--allow-all)\b/, name);
    for (const [, flag] of command.matchAll(/(--allow-(?!dirty)[a-z]+)(?=\s|$)/g)) {
      // the examples run in a folder of their own, beside the fonts that npm brings
      assert(name === "examples" && flag === "--allow-read", `${name} has ${flag}`);
    }
  }
});

Deno.test("an experiment reads the library, the experiments and its own folders only", () => {
  const experiments = Object.entries(tasks).filter(([name]) => name.startsWith("exp:"));
  assert(experiments.length >= 12);
  for (const [name, { command }] of experiments) {
    const [, read] = command.match(/--allow-read=(\S+)/)!;
    assert.equal(read, "lib,experiments,deno.json,results,figures,.cache", name);
    assert.match(command, / \$PERMIT experiments\//, name);
  }
});
