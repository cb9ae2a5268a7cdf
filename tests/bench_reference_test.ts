import assert from "node:assert/strict";
import { growthOptions, growthPanels } from "../bench/growth_figure.ts";
import { exponent, geometricMean, OPERATIONS } from "../bench/growth_fit.ts";
import { parseFlags } from "../bench/reference_flags.ts";
import {
  agreementOf,
  agrees,
  type Comparison,
  comparisonTable,
  formatSeconds,
  mergeComparisons,
  ratio,
  type StoredComparisons,
  wholeSeconds,
} from "../bench/reference_report.ts";
import { figure } from "../lib/figures.ts";
import { withTable } from "../lib/reports/marked_table.ts";
import { assertClose } from "./golden.ts";

const CASES = [
  { id: "step-relu-100", n: 100 },
  { id: "step-relu-1000", n: 1000 },
  { id: "step-mp-100", n: 100 },
  { id: "fista-10000", n: 10_000 },
];
const parse = (...args: string[]) => parseFlags(["--reference", "there", ...args], CASES);

const comparison: Comparison = {
  id: "train-relu-100",
  unit: "epochs",
  whole: 500,
  threads: 1,
  tried: { 1: 0.4, 2: 0.5 },
  reference: { seconds: [1.1, 0.9, 1], units: 50 },
  ours: { seconds: [2, 1, 3], units: 500 },
  agreement: { what: "mseId", difference: 1.5e-7, allowed: 1e-3 },
};

Deno.test("a case that takes hours is run only when it is named", () => {
  const cases = [...CASES, { id: "suite-100", n: 100, long: true }];
  const chosen = (...args: string[]) => parseFlags(["--reference", "there", ...args], cases).cases;
  assert.deepEqual(chosen(), CASES.map(({ id }) => id));
  assert.deepEqual(chosen("--case", "suite"), ["suite-100"]);
});

Deno.test("the fastest of the runs counts", () => {
  assert.equal(wholeSeconds({ seconds: [3, 1, 10], units: 10 }, 10), 1);
});

Deno.test("cases replace earlier ones of their names, in the order of the table", () => {
  const named = (id: string, whole: number) => ({ ...comparison, id, whole });
  assert.deepEqual(
    mergeComparisons([named("c", 1), named("a", 1)], [named("b", 2), named("c", 2)], [
      ...["a", "b", "c", "d"],
    ]),
    [named("a", 1), named("b", 2), named("c", 2)],
  );
});

Deno.test("README's table is that of the stored run, in which all results agree", () => {
  const stored: StoredComparisons = JSON.parse(Deno.readTextFileSync("bench/reference.json"));
  const table = comparisonTable(stored.comparisons);
  const readme = Deno.readTextFileSync("README.md");
  assert.equal(readme, withTable("README.md", readme, "reference", table));
  const differing = stored.comparisons.filter(({ agreement }) => !agrees(agreement));
  assert.deepEqual(differing.map(({ id }) => id), []);
});

Deno.test("the time of the whole is that of the part in proportion, but for the set-up", () => {
  assert.equal(wholeSeconds({ seconds: [2], units: 10 }, 10), 2);
  assert.equal(wholeSeconds({ seconds: [2], units: 10 }, 100), 20);
  assert.equal(wholeSeconds({ seconds: [2], units: 10, setUp: 1 }, 100), 11);
  // noise may make the set-up look longer than the work
  assert.equal(wholeSeconds({ seconds: [2], units: 10, setUp: 3 }, 100), 3);
});

Deno.test("the ratio is that of the wholes, the reference's over ours", () => {
  assert.equal(ratio(comparison), 9); // 0.9 s for 50 of 500 epochs, against 1 s
});

Deno.test("the agreement names the value that is farthest apart for what is allowed", () => {
  const reference = { codes: [1, -4], loss: 2 };
  const ours = { codes: Float32Array.of(1, -4.5), loss: 2.5 };
  const allowed = { codes: { difference: 1 }, loss: { difference: 1, relative: true } };
  // 0.5 of 1 allowed, against 0.5 / 2 of 1
  assert.deepEqual(agreementOf(ours, reference, allowed), {
    what: "codes",
    difference: 0.5,
    allowed: 1,
  });
  const strict = { ...allowed, loss: { difference: 0.2, relative: true } };
  const worst = agreementOf(ours, reference, strict);
  assert.equal(worst.what, "loss");
  assert.equal(agrees(worst), false);
});

Deno.test("values that are not numbers or not as many never agree", () => {
  const allowed = { codes: { difference: 1e9 } };
  for (const codes of [[1, NaN], [1], [NaN, 1]]) {
    assert.equal(agrees(agreementOf({ codes }, { codes: [1, 1] }, allowed)), false);
  }
});

Deno.test("the table marks times that follow from a part, and results that differ", () => {
  const other = {
    ...comparison,
    id: "fista-100",
    unit: "samples",
    whole: 5000,
    reference: { seconds: [0.5], units: 5000 },
    ours: { seconds: [0.0625], units: 5000 },
    agreement: { what: "codesId", difference: 0.5, allowed: 0.25 },
  };
  assert.equal(
    comparisonTable([comparison, other]),
    `| case           | reference | threads | ours    | ratio | results                     | measured                   |
| -------------- | --------- | ------- | ------- | ----- | --------------------------- | -------------------------- |
| train-relu-100 | ≈ 9.00 s  | 1       | 1.00 s  | 9.00× | agree (mseId 1.5e-7 ≤ 1e-3) | reference 50 of 500 epochs |
| fista-100      | 500 ms    | 1       | 62.5 ms | 8.00× | DIFFER (codesId 0.5 > 0.25) | whole of 5000 samples      |`,
  );
});

Deno.test("durations have three digits and a unit that suits them", () => {
  assert.deepEqual([2.5e-6, 0.0125, 12.345, 7200].map(formatSeconds), [
    "2.50 µs",
    "12.5 ms",
    "12.3 s",
    "120 min",
  ]);
});

Deno.test("--case takes ids and what they begin with, and keeps the table's order", () => {
  assert.deepEqual(parse("--case", "fista,step-relu").cases, [
    "step-relu-100",
    "step-relu-1000",
    "fista-10000",
  ]);
  assert.deepEqual(parse("--case", "step-relu-100").cases, ["step-relu-100"]);
});

Deno.test("without --case all are chosen, under --quick but the large ones", () => {
  assert.equal(parse().cases.length, CASES.length);
  assert.equal(parse("--quick").cases.includes("fista-10000"), false);
  assert.deepEqual(parse("--quick", "--case", "fista").cases, ["fista-10000"]);
});

Deno.test("every mistake on the command line is told in one line that names the flag", () => {
  const mistakes: [args: string[], message: RegExp][] = [
    [[], /^--reference must be the folder of a checkout of the reference, got nothing$/],
    [
      ["--reference"],
      /^--reference must be the folder of a checkout of the reference, got nothing$/,
    ],
    [["--reference", "a", "--reference", "b"], /^--reference must be given once, got it twice$/],
    [["--reference", "a", "--frobnicate"], /^it has no flag --frobnicate/],
    [["--reference", "a", "b"], /^it takes flags only, got "b"$/],
    [["--reference", "a", "--quick=yes"], /^--quick takes no value, got "yes"$/],
    [["--reference", "a", "--quick", "--full"], /^--quick and --full exclude each other/],
    [["--reference", "a", "--repeats", "0"], /^--repeats must be an integer .* got "0"$/],
    [["--reference", "a", "--case", "step,nonsense"], /^--case must name cases .* got "nonsense"$/],
    [["--reference", "a", "--case", "step-relu-1"], /^--case must name cases/],
  ];
  for (const [args, message] of mistakes) {
    assert.throws(() => parseFlags(args, CASES), { name: "UsageError", message });
  }
});

Deno.test("an interpreter that cannot be run ends the command with exit code 2, and nothing is left behind", async () => {
  const run = (...args: string[]) =>
    new Deno.Command("deno", {
      args: [
        ...[
          "run",
          "--quiet",
          "--no-prompt",
          "--ignore-env",
          "--allow-read=.",
          "--allow-write=.tmp",
        ],
        ...["--allow-run=deno", "bench/reference.ts", ...args],
      ],
      stdout: "piped",
      stderr: "piped",
    }).output();
  const left = () =>
    [...Deno.readDirSync(".tmp")].filter(({ name }) => name.startsWith("reference_")).length;
  Deno.mkdirSync(".tmp", { recursive: true });
  const before = left();
  for (const args of [["--quick"], ["--reference", "there", "--python", "no-such-python"]]) {
    const { code, stderr } = await run(...args);
    const lines = new TextDecoder().decode(stderr).trim().split("\n");
    assert.equal(code, 2);
    assert.equal(lines.length, 1);
    assert.match(lines[0], /^Cannot compare with the reference: --(reference|python) must/);
  }
  assert.equal(left(), before);
});

Deno.test("the exponent of a power law is found exactly", () => {
  const x = [100, 200, 400, 800];
  assertClose(exponent(x, x.map((value) => 3 * value ** 1.75)), 1.75, 1e-12, "exponent");
});

Deno.test("the geometric mean is halfway on a log axis", () => {
  // logarithms and their inverse, each within a few roundings
  assertClose(geometricMean([0.001, 0.1]), 0.01, 1e-16, "two decades");
  assertClose(geometricMean([5, 5, 5]), 5, 1e-14, "a constant");
});

Deno.test("the multiply-adds of dense FISTA double with each size", () => {
  const size = { n: 400, m: 64, samples: 1000 };
  for (const axis of ["n", "m", "samples"] as const) {
    const counts = [1, 2].map((factor) =>
      OPERATIONS.fista({ ...size, [axis]: factor * size[axis] })
    );
    assert.equal(counts[1], 2 * counts[0]);
  }
});

Deno.test("the stored figure of growth is what is drawn of the stored times", () => {
  const { centre, exponents, points } = JSON.parse(Deno.readTextFileSync("bench/growth.json"));
  const drawn = growthPanels(points);
  assert.deepEqual(drawn.exponents, exponents);
  assert.equal(
    figure(drawn.panels, growthOptions(centre)),
    Deno.readTextFileSync("bench/growth.svg"),
  );
});
