/**
 * Wrong values of a flag, made from the rule that its usage states in words: what a reader of the rule
 * would expect to be refused, not what the parser happens to refuse.
 * @module
 */

/** No number, in whatever way: another base, another alphabet, two of them, a steered terminal. */
const NO_NUMBER = [
  ...[
    "",
    " ",
    "NaN",
    "Infinity",
    "-Infinity",
    "0x10",
    "1_000",
    "1e999",
    "１",
    "½",
    "1e",
    "e5",
    ".",
  ],
  ...["1;2", "1 2", "1.2.3", "true", "null", "--quiet", "$(1)", "1\n2", "\x1b[31m1", "\u202e1"],
  "9".repeat(400),
];

/** What no name of a file, a job or an experiment may be. */
const NO_NAME = ["", "\n", "a\nb", "\x1b[2J", "a\u2028b"];

const NO_SUFFIX = [
  ...NO_NAME,
  ...[".", "..", "a.", "a..", "/", "../x", "a/b", "a\\b", "a b", "a:b", "a*", "a?", "ä", "−", "$x"],
  ...[
    "diagnostics",
    "Diagnostics",
    "DIAGNOSTICS_2",
    "diagnostics_x",
    "diagnostics2",
    "diagnostics-",
  ],
  ...["diagnostics.x", "a.meta", "A.META", "a.part0of2", "a.Part0of2", ".part1of3", ".meta"],
  ...["con", "CON", "Con.txt", "prn", "aux", "nul", "NUL.tar.gz", "com1", "COM9.x", "lpt1", "lpt0"],
  // longer than file systems take, with what the names of result files have besides
  ...["a".repeat(256), "b".repeat(5000), "c".repeat(200)],
];

const NO_SHARE = [
  ...["", "0", "1", "/", "0/", "/2", "0/0", "1/1", "2/2", "3/2", "-1/2", "0/-2", "0/1e3", "0.5/2"],
  ...[
    "0/100001",
    "0/100000000",
    "99999999999999999999/2",
    "a/b",
    "0/2/3",
    "0 / 2",
    "NaN/2",
    "０/2",
  ],
  ...["0/2\n", "0,1/2", "\x1b[2J0/2"],
];

/** Numbers beside a range, and those of it that are none of its integers. */
function beside(rule: string): string[] {
  const whole = rule.includes("integer");
  const ends = rule.match(/ from (\S+) to (\S+)/);
  const least = ends?.[1] ?? rule.match(/at least (\S+)/)?.[1];
  const most = ends?.[2] ?? rule.match(/at most (\S+)/)?.[1];
  const above = rule.match(/above (\S+)/)?.[1], below = rule.match(/below (\S+)/)?.[1];
  const step = whole ? 1 : 1e-3;
  return [
    ...(least === undefined ? [] : [`${Number(least) - step}`, `${Number(least) - 1e9}`]),
    ...(most === undefined ? [] : [`${Number(most) + step}`, "1e15", "9007199254740991"]),
    ...(above === undefined ? [] : [above, `${Number(above) - step}`, "-1e300"]),
    ...(below === undefined ? [] : [below, "1e300"]),
    ...(whole ? ["1.5", "50.0000001", "9007199254740993", "-9007199254740993", "1e300"] : []),
  ];
}

/** Words that are nearly one of some. */
function nearly(words: readonly string[]): string[] {
  const changed = words.flatMap((word) => [
    ...[word.toUpperCase(), word.slice(0, -1), `${word}x`, ` ${word}`, `${word} `, `${word}\n`],
    ...[`"${word}"`, word.replaceAll("_", "-"), word.replaceAll("-", "_"), `${word};${word}`],
  ]);
  return [...new Set([...changed, "nothing", ...NO_NAME])].filter((text) => !words.includes(text));
}

/** A rule in words, and the values that break it. */
type Reading = [rule: RegExp, wrong: (rule: string, choices: readonly string[]) => string[]];

const READINGS: Reading[] = [
  [
    /^(an integer|a number|numbers with commas)(?! of megabytes)/,
    (rule) => [...NO_NUMBER, ...beside(rule)],
  ],
  [/^I\/N/, () => NO_SHARE],
  [/no word that the names of result files/, () => NO_SUFFIX],
  [/^made of letters, digits, dots, commas/, () => [...NO_NAME, "-x", "a b", "a;b", "ä", "$(x)"]],
  [/^a time limit/, () => [...NO_NAME, "1h", "-1", "1:2:3:4", "1-", "1-2-3", "NaN", "1.5", "1 0"]],
  [/^a number of megabytes/, () => [...NO_NAME, "16 G", "16g", "-1", "1.5G", "16GB", "NaN", "G"]],
  [/^a path that ends in/, () => ["", ".npz", "a.csv", "a.npz.", "a.NPZ", "npz"]],
  [/^a file name that ends in/, () => ["", "a", "a.csv", "a.json.", "a.JSON", "json"]],
  [/^a file that --json printed/, () => [""]],
  [/^one of /, (_, choices) => nearly(choices)],
  // any text may be a path, a command, a part of a name; whether it is there is another matter
  [
    /^(a path(?! that ends)|the folder|a command|a name|a part of a name|a comma-separated list of cases)/,
    () => [""],
  ],
];

/**
 * Texts that a flag must refuse.
 *
 * @param rule The rule of its kind.
 * @param choices The texts that there are, where they can be listed.
 * @param valid A text that one item of a list may be.
 * @throws {Error} Where the rule is one that nobody has thought of wrong values for.
 */
export function wrongValues(
  rule: string,
  { choices = [], valid }: { choices?: readonly string[]; valid: string },
): string[] {
  const [, item, alone] =
    rule.match(/^a comma-separated list, each (.*) and none twice(?:, or "(\w+)" alone)?$/) ?? [];
  if (item !== undefined || /^svg, png or/.test(rule)) {
    const wrong = item === undefined ? nearly(choices) : wrongValues(item, { choices, valid });
    const isNumber = item !== undefined && /^(an integer|a number)/.test(item);
    return [
      ...wrong,
      ...wrong.map((text) => `${valid},${text}`),
      ...wrong.slice(0, 8).map((text) => `${text},${valid}`),
      ...[",", `${valid},`, `,${valid}`, `${valid},,${valid}`, `${valid};${valid}`],
      ...(alone === undefined ? [] : [`${alone},${valid}`, `${valid},${alone}`]),
      ...[`${valid},${valid}`, ...(isNumber ? [`${valid},${valid}e0`, `${valid}, ${valid}`] : [])],
    ];
  }
  const reading = READINGS.find(([pattern]) => pattern.test(rule));
  if (!reading) throw new Error(`think of values that break this rule: ${rule}`);
  return reading[1](rule, choices);
}
