/** The one reader of command lines, and the kinds of values. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { flagLines, parseFlags } from "../lib/sweep/flags.ts";
import {
  decimal,
  folder,
  integer,
  listOf,
  numbers,
  oneOf,
  paths,
  text,
  yesNo,
} from "../lib/sweep/kinds.ts";
import { commandUsage } from "../lib/sweep/command.ts";
import { printable } from "../lib/results.ts";
import { freshFolder } from "./result_files.ts";

const TABLE = {
  out: { about: "folder to write to", kind: folder, default: "results" },
  maxSteps: { about: "steps", kind: integer({ min: 1 }) },
  weight: { about: "weight of the norm", kind: decimal({ above: 0 }), flag: "lambda" },
  names: { about: "names", kind: listOf(oneOf(["a", "b"])), required: true },
  merge: { about: "merge" },
  mixed: { about: "merge what is mixed" },
  quiet: { about: "no progress" },
} as const;
const SYNTAX = { exclusive: [["merge", "quiet"]], dependent: [["mixed", "merge"]] } as const;
const parse = (...args: string[]) => parseFlags(TABLE, ["--names", "a", ...args], SYNTAX);

Deno.test("values have the types of their kinds, defaults where no flag is given, and false for switches", () => {
  const { values, given, words } = parse("--max-steps=1e2", "--lambda", " .5", "--merge");
  assert.deepEqual(values, {
    out: "results",
    maxSteps: 100,
    weight: 0.5,
    names: ["a"],
    merge: true,
    mixed: false,
    quiet: false,
  });
  assert.deepEqual([...given], ["names", "maxSteps", "weight", "merge"]);
  assert.deepEqual(words, []);
  // types: these lines fail to compile where one is wrong
  const steps: number | undefined = values.maxSteps, out: string = values.out;
  assert.deepEqual([steps, out], [100, "results"]);
});

Deno.test("a value may begin with a dash or hold an equals sign", () => {
  const { values } = parseFlags({ x: { about: "", kind: text("X", "a text") } }, ["--x", "--y=-1"]);
  assert.equal(values.x, "--y=-1");
  assert.equal(
    parseFlags({ x: { about: "", kind: text("X", "a text") } }, ["--x=a=b"]).values.x,
    "a=b",
  );
});

Deno.test("every mistake is refused in one line that names the flag, its rule and the value", () => {
  const mistakes: [string[], RegExp][] = [
    [["--foo"], /^it has no flag --foo \(--help lists those that it has\)$/],
    [["--max-step", "5"], /^it has no flag --max-step \(did you mean --max-steps\?\)$/],
    [["-quiet"], /^it has no flag -quiet \(did you mean --quiet\?\)$/],
    [["--maxSteps", "3"], /^it has no flag --maxSteps/],
    [["--weight", "3"], /^it has no flag --weight/],
    [["-o", "x"], /^it has no flag -o/],
    [["x"], /^it takes flags only, got "x"$/],
    [["-"], /^it takes flags only, got "-"$/],
    [["--"], /^it takes flags only, got "--"$/],
    [["--out"], /^--out must be a path, got nothing$/],
    [["--out="], /^--out must be a path, got ""$/],
    [["--out", "--quiet"], /^--out must be a path, got the flag --quiet in its place$/],
    [["--out", "--lambda=1"], /^--out must be a path, got the flag --lambda=1 in its place$/],
    [["--max-steps", "0"], /^--max-steps must be an integer of at least 1, got "0"$/],
    [["--names", "a"], /^--names must be given once, got it twice$/],
    [["--quiet=1"], /^--quiet takes no value, got "1"$/],
    [["--merge", "--quiet"], /^--merge and --quiet exclude each other, got both$/],
    [["--mixed"], /^--mixed must go with --merge, got it alone$/],
    // what comes from outside cannot move the cursor
    [["--out=", "--x\x1b[2J"], /got ""$/],
    [["--x\x1b[2J\n"], /^it has no flag --x\\x1b\[2J\\n \(/],
    [["--max-steps", "\u202e1"], /got "\\u202e1"$/],
  ];
  for (const [args, message] of mistakes) {
    assert.throws(() => parse(...args), { name: "UsageError", message });
  }
  assert.throws(() => parseFlags(TABLE, []), {
    name: "UsageError",
    message:
      /^--names must be a comma-separated list, each one of a, b and none twice, got nothing$/,
  });
});

Deno.test("words without dashes are taken where they are wanted, and counted", () => {
  const words = { placeholder: "FILE", rule: "one or two files", least: 1, most: 2 };
  const parsed = parseFlags({ quiet: TABLE.quiet }, ["a", "--quiet", "-"], { words });
  assert.deepEqual([parsed.words, parsed.values], [["a", "-"], { quiet: true }]);
  for (const args of [[], ["a", "b", "c"], ["a", "--"]]) {
    assert.throws(() => parseFlags({}, args, { words }), { name: "UsageError" });
  }
});

Deno.test("two flags of one name are the programmer's mistake", () => {
  const maxSteps = TABLE.maxSteps;
  assert.throws(() => parseFlags({ maxSteps, "max-steps": maxSteps }, []), TypeError);
});

Deno.test("numbers are decimal and within their range", () => {
  const cases: [string, number | undefined][] = [
    ["1", 1],
    ["+1.5e-2", 0.015],
    ["2.", 2],
    [" .5 ", 0.5],
    ["", undefined],
    [".", undefined],
    ["0x10", undefined],
    ["1_000", undefined],
    ["Infinity", undefined],
    ["1e999", undefined],
    ["NaN", undefined],
    ["１", undefined],
  ];
  for (const [text, value] of cases) assert.equal(decimal().read(text), value, text);
  const half = decimal({ min: 0, below: 1 });
  assert.equal(half.rule, "a number of at least 0 and below 1");
  assert.deepEqual(["0", "0.99", "1", "-1e-9"].map((text) => half.read(text)), [
    0,
    0.99,
    undefined,
    undefined,
  ]);
  assert.equal(integer({ min: 1, max: 9 }).rule, "an integer from 1 to 9");
  assert.equal(integer().read("9007199254740993"), undefined, "it cannot be held exactly");
});

Deno.test("the usage has one block per flag, wrapped within the width of the others", () => {
  const long = { about: "word ".repeat(40).trim(), kind: folder };
  const lines = flagLines({ long, quiet: TABLE.quiet }).split("\n");
  assert(lines.every((line) => line.length <= 100), "a line is too long");
  assert.match(lines[0], /^ {2}--long DIR {9}word/);
  assert.match(lines[1], /^ {21}word/);
  assert.equal(lines.at(-1), "  --quiet            no progress");
  const usage = commandUsage({
    task: "greet",
    action: "greet",
    about: "Greets.",
    flags: TABLE,
    closing: "Exit code: 0.",
  });
  assert.match(usage, /^Usage: deno task greet --names X,… \[flags\]\n/);
  assert.match(usage, /^ {2}--help +print this text$/m);
});

Deno.test("text stays as it is but for what steers a terminal", () => {
  assert.equal(printable("λ ≤ 0.1 – “ä” 𝑥"), "λ ≤ 0.1 – “ä” 𝑥");
  assert.equal(printable("a\r\n\tb\x07\x9b\u2066"), "a\\x0d\\n\\tb\\x07\\x9b\\u2066");
});

Deno.test("numbers may be equal, paths are several, and no is a value", () => {
  assert.deepEqual(numbers(decimal({ min: 0 })).read("1,1,0.5"), [1, 1, 0.5]);
  for (const text of ["", "1,", "1,-1", "1;1"]) {
    assert.equal(numbers(decimal({ min: 0 })).read(text), undefined, text);
  }
  assert.deepEqual(paths.read("a.npy,b c/d.npy"), ["a.npy", "b c/d.npy"]);
  const named = join(freshFolder("paths-"), "a,b.npy");
  Deno.writeTextFileSync(named, "1 2");
  assert.deepEqual(paths.read(named), [named]);
  assert.deepEqual(paths.read(`${named},c.npy`), [...named.split(","), "c.npy"]);
  // what may not be looked at is taken whole where a part lacks, so that permission is asked for it
  assert.deepEqual(paths.read("/elsewhere/a,b.npy"), ["/elsewhere/a,b.npy"]);
  assert.deepEqual(paths.read("/elsewhere/a,/elsewhere/b"), ["/elsewhere/a", "/elsewhere/b"]);
  for (const text of ["", "a,", ",a"]) assert.equal(paths.read(text), undefined, text);
  assert.deepEqual(["yes", "no", "maybe"].map((text) => yesNo.read(text)), [
    true,
    false,
    undefined,
  ]);
});
