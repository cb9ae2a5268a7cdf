import assert from "node:assert/strict";
import { paperOptions, requireProblem } from "../lib/paper/options.ts";
import { parseCommandLine, usage } from "../lib/sweep/run_flags.ts";
import type { Experiment } from "../lib/sweep/experiment.ts";
import { decimal, listOf, oneOf } from "../lib/sweep/kinds.ts";
import { fixedOptions } from "../lib/sweep/experiment.ts";

const experiment: Pick<
  Experiment<{ n: number[]; seeds: number[]; epochs: number; lambda: number[] }>,
  "name" | "description" | "options"
> = {
  name: "exp_toy_thing",
  description: "A toy.",
  options: paperOptions({
    n: { default: [50, 100], paper: [50, 100, 500] },
    seeds: { default: [0, 1, 2] },
    epochs: { default: 500 },
    lambda: { default: [0.1, 0.2], axis: false },
  }),
};
const parse = (...args: string[]) => parseCommandLine(experiment, args);

Deno.test("without flags there are the defaults", () => {
  const { options, flags, isDefaultGrid } = parse();
  assert.deepEqual(options, { n: [50, 100], seeds: [0, 1, 2], epochs: 500, lambda: [0.1, 0.2] });
  assert.equal(flags.workers, navigator.hardwareConcurrency);
  assert.equal(flags.out, "results");
  assert.equal(flags.figures, "figures");
  assert.equal(flags.fresh, false);
  assert.equal(isDefaultGrid, true);
});

Deno.test("--paper takes the paper's values, and a flag given beside it wins", () => {
  assert.deepEqual(parse("--paper").options.n, [50, 100, 500]);
  assert.deepEqual(parse("--paper").options.seeds, [0, 1, 2]);
  assert.deepEqual(parse("--paper", "--n", "7").options.n, [7]);
  assert.equal(parse("--paper").isDefaultGrid, false);
});

Deno.test("values are read with = or a space, lists with commas, numbers with exponents", () => {
  const { options, flags } = parse(
    "--n=20,1e3",
    "--lambda",
    "1e-3, .5",
    "--shard",
    "1/3",
    "--quiet",
  );
  assert.deepEqual(options.n, [20, 1000]);
  assert.deepEqual(options.lambda, [0.001, 0.5]);
  assert.deepEqual(flags.shard, { index: 1, count: 3 });
  assert.equal(flags.quiet, true);
});

Deno.test("the model cache has a folder of its own, which can be moved or done without", () => {
  assert.equal(parse().flags.cache, ".cache");
  assert.equal(parse("--cache", "models").flags.cache, "models");
  assert.equal(parse("--no-cache").flags.noCache, true);
  assert.throws(() => parse("--cache", "models", "--no-cache"), /--cache and --no-cache exclude/);
});

Deno.test("every mistake is refused in one line that names the flag, its rule and the value", () => {
  const mistakes: [string[], RegExp][] = [
    [["--foo"], /it has no flag --foo/],
    [["--k", "3"], /it has no flag --k/],
    [["-n", "3"], /it has no flag -n/],
    [["50"], /flags only, got "50"/],
    [["--n"], /--n must be a comma-separated list.*got nothing/],
    [["--n", ""], /--n must be .*got ""/],
    [["--n", "50,"], /--n must be .*got "50,"/],
    [["--n", "50,50"], /none twice, got "50,50"/],
    [["--n", "1"], /integer of at least 2 .*got "1"/],
    [["--n", "2.5"], /integer of at least 2 .*got "2.5"/],
    [["--n", "NaN"], /--n must be .*got "NaN"/],
    [["--n", "-5"], /--n must be .*got "-5"/],
    [["--n", "0x10"], /--n must be .*got "0x10"/],
    [["--n", "2", "--n", "3"], /--n must be given once/],
    [["--seeds", "4294967296"], /--seeds .*from 0 to 4294967295/],
    [["--epochs", "0"], /--epochs must be an integer of at least 1, got "0"/],
    [["--epochs", "1,2"], /--epochs must be an integer of at least 1, got "1,2"/],
    [["--epochs", "1e999"], /--epochs must be an integer/],
    [["--lambda", "0"], /--lambda .*above 0.*got "0"/],
    [["--lambda", "NaN"], /--lambda .*got "NaN"/],
    [["--workers", "0"], /--workers must be an integer from 1 to 1024, got "0"/],
    [["--shard", "3/3"], /--shard must be I\/N with I from 0 to N − 1 and .*, got "3\/3"/],
    [["--shard", "x"], /--shard must be/],
    [["--max-seconds", "-1"], /--max-seconds must be a number above 0/],
    // a longer timer would overflow, and end the run at once
    [["--max-seconds", "2147484"], /--max-seconds must be .* at most 2147483, got "2147484"/],
    [["--shard", "0/100000000"], /--shard must be .* N at most 100000, got "0\/100000000"/],
    [["--suffix", "../x"], /--suffix must be made of letters/],
    [["--suffix", "diagnostics"], /--suffix must be .* got "diagnostics"/],
    [["--suffix", "trial."], /--suffix must be .* got "trial\."/],
    [["--out", ""], /--out must be a path, got ""/],
    [["--fresh=yes"], /--fresh takes no value, got "yes"/],
    [["--shard", "0/2", "--merge"], /--shard and --merge exclude each other/],
    [["--mixed"], /--mixed must go with --merge, got it alone/],
  ];
  for (const [args, message] of mistakes) {
    assert.throws(() => parse(...args), (error: Error) => {
      assert.equal(error.name, "UsageError");
      assert.match(error.message, message);
      assert(!error.message.includes("\n"), `${args}: more than one line`);
      return true;
    });
  }
});

Deno.test("k must be below n, and k active latents must fit in one half of n", () => {
  requireProblem({ n: 19, k: 10 });
  assert.throws(
    () => requireProblem({ n: 10, k: 10 }),
    /--n must be above the 10 active .* got 10/,
  );
  assert.throws(() => requireProblem({ n: 18, k: 10 }), /--n must be at least 19, .* got 18/);
});

Deno.test("the usage names every flag that is accepted, with defaults and the paper's values", () => {
  const text = usage(experiment);
  assert.match(text, /^Usage: deno task exp:toy-thing \[flags\]/);
  assert.match(text, /--n N,… .*\(default: 50,100; --paper: 50,100,500\)/);
  for (const [flag] of text.matchAll(/(?<=^ {2})--[a-z-]+/gm)) {
    assert.throws(
      () => parse(flag, "%", flag, "%"),
      { name: "UsageError", message: /must be|flags only/ },
      `${flag} is in the usage but not accepted`,
    );
  }
});

Deno.test("the options that decide the numbers are those that span no grid", () => {
  const options = parse().options;
  assert.deepEqual(fixedOptions(experiment.options, options), { epochs: 500, lambda: [0.1, 0.2] });
});

Deno.test("an option of one's own has the flag, words and rule that it brings along", () => {
  const own = {
    name: "exp_own",
    description: "Own.",
    options: {
      noiseLevels: {
        default: [0, 0.1],
        about: "noise",
        kind: listOf(decimal({ min: 0 })),
        flag: "noise",
      },
      shape: { default: "flat", kind: oneOf(["flat", "steep"]) },
    },
  };
  const parseOwn = (...args: string[]) => parseCommandLine(own, args).options;
  assert.deepEqual(parseOwn("--noise", "0.5,1", "--shape", "steep"), {
    noiseLevels: [0.5, 1],
    shape: "steep",
  });
  assert.throws(() => parseOwn("--noise", "-1"), {
    message: /--noise must be .* each a number of at least 0 .* got "-1"/,
  });
  assert.throws(() => parseOwn("--noise-levels", "1"), {
    message: /it has no flag --noise-levels/,
  });
  assert.throws(() => parseOwn("--shape", "round"), {
    message: /--shape must be one of flat, steep/,
  });
  assert.match(usage(own), /^ {2}--noise X,… +noise \(default: 0,0\.1\)$/m);
  assert.match(usage(own), /^ {2}--shape X +shape \(default: flat\)$/m);
});

Deno.test("an option without a kind takes what its default is", () => {
  const own = {
    name: "exp_own",
    options: {
      seeds: { default: [0, 1] },
      weight: { default: 1 },
      label: { default: "a" },
      loud: { default: false },
      fair: { default: true },
    },
  };
  const parseOwn = (...args: string[]) => parseCommandLine(own, args).options;
  assert.deepEqual(
    parseOwn("--seeds", "4", "--weight", "0.5", "--label", "b c", "--loud", "--fair", "false"),
    { seeds: [4], weight: 0.5, label: "b c", loud: true, fair: false },
  );
  assert.deepEqual(parseOwn(), { seeds: [0, 1], weight: 1, label: "a", loud: false, fair: true });
  assert.throws(() => parseOwn("--weight", "heavy"), /--weight must be a number, got "heavy"/);
  assert.throws(() => parseOwn("--fair", "maybe"), /--fair must be one of true, false/);
  const empty: { name: string; options: { list: { default: number[] } } } = {
    name: "exp_own",
    options: { list: { default: [] } },
  };
  assert.throws(() => parseCommandLine(empty, []), TypeError);
});

Deno.test("an option that has the name of a flag of every run is the programmer's mistake", () => {
  assert.throws(() => parseCommandLine({ options: { out: { default: "a" } } }, []), TypeError);
  const hidden = { folder: { default: "a", flag: "out" } };
  assert.throws(() => parseCommandLine({ options: hidden }, []), TypeError);
});

Deno.test("a c beyond all that changes m is refused, not clamped", () => {
  const { options } = { options: paperOptions({ c: { default: [1, 2] } }) };
  assert.deepEqual(parseCommandLine({ options }, ["--c", "0.5,6"]).options, { c: [0.5, 6] });
  for (const c of ["0", "0.01", "11", "1e9"]) {
    assert.throws(
      () => parseCommandLine({ options }, ["--c", c]),
      /--c must be .* each a number from 0\.1 to 10 /,
    );
  }
});
