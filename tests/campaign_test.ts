/** The campaign of bad command lines and faults: a sample of it; the scripts try everything. */
import assert from "node:assert/strict";
import { runDeno } from "./result_files.ts";
import project from "../deno.json" with { type: "json" };
import { tryDamages } from "./campaign/damage.ts";
import { tryKills } from "./campaign/kills.ts";
import type { Findings } from "./campaign/run_misuse.ts";
import { COMMAND_MODULES, tryCommandLines } from "./campaign/command_lines.ts";

Deno.test("the campaign knows every command that a task runs", () => {
  const lines = Object.values(project.tasks).map(({ command }) => command);
  const scripts = lines.flatMap((line) => line.match(/\b(commands|bench)\/(\w+)\.ts/g) ?? [])
    .filter((path) => !COMMAND_MODULES.includes(path))
    // a bench may have its table in a module of its own
    .filter((path) => !COMMAND_MODULES.includes(path.replace(".ts", "_flags.ts")));
  assert.deepEqual(scripts, []);
});

Deno.test("a bad command line is refused in one line that names flag, rule and value", async () => {
  const { tried, faults } = await tryCommandLines(7);
  assert(tried > 4000, "a sample worth the name");
  assert.deepEqual(faults, []);
});

Deno.test("a damaged file is refused by name or read right, never silently wrong", async () => {
  const { tried, faults } = await tryDamages(16);
  assert(tried > 300, "a sample worth the name");
  assert.deepEqual(faults, []);
});

Deno.test("what stands in the way of a file, and a full disk, is told in one line", async () => {
  // pipes, links and mounts need permissions that a test has not
  const { stdout, stderr } = await runDeno(
    ...["run", "--quiet", "--no-prompt", "--no-check", "--ignore-env"],
    ...["--allow-read", "--allow-write", "--allow-run=deno,mkfifo,mount,umount"],
    ...["tests/campaign/places.ts", "23"],
  );
  assert(stdout, stderr);
  const { tried, faults }: Findings = JSON.parse(stdout);
  assert(tried > 5, "a sample worth the name");
  assert.deepEqual(faults, []);
});

Deno.test("runs that are killed lose no finished cell, and end with the files of an undisturbed one", async () => {
  const { tried, faults } = await tryKills(3, { share: 3 });
  assert(tried > 2, "a sample worth the name");
  assert.deepEqual(faults, []);
});
