/**
 * Calls every public function with wrong arguments, one wrong value in one place at a time, and
 * judges what comes of it. Runs in a worker, because a call may hang; posts a {@linkcode Verdict}
 * before and after every call, and `undefined` at the end.
 * @module
 */
/// <reference lib="deno.worker" />
import { CALLS } from "./misuse_calls.ts";

/** What came of one bad call. */
export interface Verdict {
  /** Name of the function, the place of the wrong value, and the value. */
  name: string;
  /** How many calls there were to this one, those left out among them. */
  count: number;
  /** What is wrong with the outcome; absent where the call was refused in our words or went well. */
  fault?: string;
}

/** Words of the engine: an error that says them was not foreseen. */
const ENGINE = new RegExp(
  [
    ...["cannot read propert", "cannot set propert", "is not a function", "is not iterable"],
    ...["invalid (typed )?array", "array buffer", "cannot destructure", "cannot convert"],
    ...["is not defined", "cannot mix", "out of bounds", "unreachable", "maximum call stack"],
    ...["offset is out", "invalid length", "is not a constructor", "undefined is", "null is"],
    ...["reduce of empty", "memory access", "detached", "a symbol value", "a bigint value"],
  ].join("|"),
  "i",
);

const matrix = (rows: number, cols: number, data: unknown) => ({ rows, cols, data });

/** What no argument of a numerical library should be, by how it is shown. */
const WRONG: [string, unknown][] = [
  ["undefined", undefined],
  ["null", null],
  ["NaN", NaN],
  ["Infinity", Infinity],
  ["-1", -1],
  ["0", 0],
  ["0.5", 0.5],
  ["2**53", 2 ** 53],
  ['"x"', "x"],
  ["true", true],
  ["[]", []],
  ["{}", {}],
  ["() => 1", () => 1],
  ["10n", 10n],
  ["Float32Array(0)", new Float32Array(0)],
  ["matrix of a plain array", matrix(2, 2, [1, 2, 3, 4])],
  ["matrix of 2**53 × 0", matrix(2 ** 53, 0, new Float32Array(0))],
  ["matrix of -1 × -1", matrix(-1, -1, new Float32Array(1))],
  ["matrix with too few values", matrix(3, 3, new Float32Array(8))],
  ["matrix of NaN", matrix(8, 4, new Float64Array(32).fill(NaN))],
  ["matrix of 1e300", matrix(8, 4, new Float64Array(32).fill(1e300))],
  ["empty matrix", matrix(0, 0, new Float64Array(0))],
  ["matrix of 1 × 1", matrix(1, 1, Float64Array.of(1))],
];

/** Whole numbers that are merely large: work that was asked for. */
const ENDLESS = /\.(epochs|maxSteps|rounds|nIter|nSteps|patience) = 2\*\*53$/;

/** These pass a matrix on as it is, NaN included, and need not look at its values. */
const FAITHFUL = /^(transpose|firstRows|toFloat32|toFloat64|columnNorms|normalizeColumns), /;

interface Place {
  show: string;
  /** Whether what is put there is an option that does not exist, which must be refused. */
  unknown?: boolean;
  put(args: unknown[], value: unknown): void;
}

/** The places of a call where a value can be wrong: each argument, and each of its own properties. */
function placesOf(args: unknown[]): Place[] {
  return args.flatMap((arg, index): Place[] => [
    { show: `argument ${index}`, put: (args, value) => args[index] = value },
    ...(typeof arg === "object" && arg !== null && Object.getPrototypeOf(arg) === Object.prototype
      ? [
        ...Object.keys(arg).map((key) => ({
          show: `argument ${index}.${key}`,
          put: (args: unknown[], value: unknown) =>
            args[index] = { ...args[index] as object, [key]: value },
        })),
        {
          show: `argument ${index}.unheardOf`,
          unknown: isOptions(arg),
          put: (args: unknown[], value: unknown) =>
            args[index] = { ...args[index] as object, unheardOf: value },
        },
      ]
      : []),
  ]);
}

/** Whether an object is a bag of options, not a matrix, a split of data, or a result of ours. */
function isOptions(arg: object): boolean {
  return !["data", "indptr", "val", "train", "parameters", "coefficients", "cosines"]
    .some((key) => key in arg);
}

/** Whether a result holds a value that is no number, in itself or one or two levels down. */
function holdsNaN(value: unknown, depth = 3): boolean {
  if (typeof value === "number") return Number.isNaN(value);
  if (value instanceof Float32Array || value instanceof Float64Array) {
    return value.some(Number.isNaN);
  }
  if (typeof value !== "object" || value === null || depth === 0) return false;
  return Object.values(value).some((part) => holdsNaN(part, depth - 1));
}

function judge(work: () => unknown, { name, unknown }: { name: string; unknown?: boolean }) {
  try {
    if (holdsNaN(work()) && !FAITHFUL.test(name)) return "gives NaN";
    return unknown ? "takes an option that does not exist" : undefined;
  } catch (error) {
    if (!(error instanceof Error)) return `throws ${typeof error}`;
    if (ENGINE.test(error.message)) return `the engine's words: ${error.message}`;
    if (error.message.includes("\n")) return `more than one line: ${error.message}`;
    return undefined;
  }
}

self.onmessage = ({ data: { share, from } }: MessageEvent<{ share: number; from: number }>) => {
  let count = 0;
  for (const [name, { call, args }] of Object.entries(CALLS)) {
    for (const { show, put, unknown } of placesOf(args())) {
      for (const [shown, value] of unknown ? WRONG.slice(0, 1) : WRONG) {
        // an even sample of all calls, the same every time
        if (count++ % share !== 0 || count <= from) continue;
        const verdict: Verdict = { name: `${name}, ${show} = ${shown}`, count };
        if (ENDLESS.test(verdict.name)) continue;
        const bad = args();
        put(bad, value);
        self.postMessage(verdict);
        self.postMessage({
          ...verdict,
          fault: judge(() => call(...bad as never[]), { name: verdict.name, unknown }),
          ended: true,
        });
      }
    }
  }
  self.postMessage(undefined);
};
