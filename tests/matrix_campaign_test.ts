/** Files of matrices beyond this process: those of Python's libraries, and one larger than the memory. */
import assert from "node:assert/strict";
import { runDeno } from "./result_files.ts";

/** Runs a script of the campaign, which prints one line of JSON. */
async function outcome(permissions: string[], script: string, ...args: string[]) {
  const { stdout, stderr } = await runDeno(
    ...["run", "--quiet", "--no-prompt", "--no-check", "--ignore-env"],
    ...["--allow-read=.", "--allow-write=.tmp", ...permissions],
    ...[`tests/campaign/${script}.ts`, ...args],
  );
  assert(stdout, stderr);
  return JSON.parse(stdout);
}

const python = await outcome(["--allow-run=python3,/usr/bin/python3"], "formats_python");

Deno.test({
  name: "NumPy, SciPy and PyTorch write what we read, and read what we write",
  ignore: python.missing !== undefined,
  fn() {
    assert(python.tried > 500, "a sample worth the name");
    assert.deepEqual(python.faults, []);
  },
});

Deno.test("a file is streamed, shuffled and measured in less memory than its size, deflated too", async () => {
  for (const args of [["1000"], ["1000", "deflated"]]) {
    const { rows, peak, wrong } = await outcome([], "large_file", ...args);
    assert(rows > 1e5);
    assert.deepEqual(wrong, []);
    // two pools of 128 MiB, two blocks of 16 MiB, what is not yet collected, and Deno's own 60 MB; where
    // inflating can begin 8 MiB more
    assert(peak < 750, `${peak} MB of memory for ${args.join(" ")}`);
  }
});
