/**
 * What the values of flags can be: how a text is read, and the rule in words.
 * @module
 */
import { kindOfPath } from "../atomic_file.ts";

/** A kind of value. */
export interface Kind<Value> {
  /** Shown after the flag in the usage: `N`, `DIR`. */
  readonly placeholder: string;
  /** What a value must be, for messages: "--n must be <rule>". */
  readonly rule: string;
  /** The texts that there are, where they can be listed: for the completion of a shell. */
  readonly choices?: readonly string[];
  /** The value of a text; undefined where it breaks the rule. */
  read(text: string): Value | undefined;
}

/** Ends of a range; `above` and `below` are not part of it. */
export interface Range {
  /** Smallest value. */
  min?: number;
  /** Largest value. */
  max?: number;
  /** All values are above this one. */
  above?: number;
  /** All values are below this one. */
  below?: number;
}

/**
 * Decimal numbers, with an exponent if need be.
 *
 * @param range Which of them. Default: all finite ones.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { decimal } from "./kinds.ts";
 *
 * const share = decimal({ above: 0, max: 1 });
 * assert.equal(share.rule, "a number above 0 and at most 1");
 * assert.equal(share.read("1e-3"), 0.001);
 * assert.equal(share.read("0"), undefined);
 * ```
 */
export function decimal(range: Range = {}): Kind<number> {
  const { min = -Infinity, max = Infinity, above = -Infinity, below = Infinity } = range;
  return {
    placeholder: "X",
    rule: `a number${inWords(range)}`,
    read(text) {
      const value = numberOf(text);
      const fits = Number.isFinite(value) && value >= min && value <= max && value > above &&
        value < below;
      return fits ? value : undefined;
    },
  };
}

/**
 * Integers that a number can hold exactly.
 *
 * @param range Smallest and largest.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { integer } from "./kinds.ts";
 *
 * assert.equal(integer({ min: 1 }).rule, "an integer of at least 1");
 * assert.equal(integer({ min: 1 }).read("1e3"), 1000);
 * assert.equal(integer({ min: 1 }).read("2.5"), undefined);
 * ```
 */
export function integer(range: Pick<Range, "min" | "max"> = {}): Kind<number> {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = range;
  return {
    placeholder: "N",
    rule: `an integer${inWords(range)}`,
    read(text) {
      const value = numberOf(text);
      return Number.isInteger(value) && value >= min && value <= max ? value : undefined;
    },
  };
}

/**
 * Comma-separated lists without repetitions.
 *
 * @param item Kind of the values in the list.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { integer, listOf } from "./kinds.ts";
 *
 * assert.deepEqual(listOf(integer()).read("3,1"), [3, 1]);
 * assert.equal(listOf(integer()).read("3,3"), undefined);
 * ```
 */
export function listOf<Value>(item: Kind<Value>): Kind<Value[]> {
  return {
    placeholder: `${item.placeholder},…`,
    rule: `a comma-separated list, each ${item.rule} and none twice`,
    choices: item.choices,
    read(text) {
      const values = text.split(",").map((part) => item.read(part));
      const isList = !values.includes(undefined) && new Set(values).size === values.length;
      return isList ? values as Value[] : undefined;
    },
  };
}

/**
 * One of several words.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { oneOf } from "./kinds.ts";
 *
 * assert.equal(oneOf(["svg", "png"]).read("png"), "png");
 * assert.equal(oneOf(["svg", "png"]).rule, "one of svg, png");
 * ```
 */
export function oneOf<const Word extends string>(words: readonly Word[]): Kind<Word> {
  return {
    placeholder: "X",
    rule: `one of ${words.join(", ")}`,
    choices: words,
    read: (text) => words.find((word) => word === text),
  };
}

/**
 * Some of several words, or `none` alone for an empty list.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { someOrNone } from "./kinds.ts";
 *
 * assert.deepEqual(someOrNone(["svg", "png"]).read("png,svg"), ["png", "svg"]);
 * assert.deepEqual(someOrNone(["svg", "png"]).read("none"), []);
 * assert.equal(someOrNone(["svg", "png"]).read("none,svg"), undefined);
 * ```
 */
export function someOrNone<const Word extends string>(words: readonly Word[]): Kind<Word[]> {
  const some = listOf(oneOf(words)), none = "none";
  return {
    ...some,
    rule: `${some.rule}, or "${none}" alone`,
    choices: [...words, none],
    read: (text) => text === none ? [] : some.read(text),
  };
}

/**
 * Texts that pass a test.
 *
 * @param placeholder Shown after the flag in the usage.
 * @param rule The rule in words, as it follows "must be".
 * @param test Which texts pass. Default: all but the empty one.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { text } from "./kinds.ts";
 *
 * const memory = text("M", "a number of megabytes or one with a unit", /^\d+[KMGT]?$/);
 * assert.equal(memory.read("16G"), "16G");
 * assert.equal(memory.read("16 G"), undefined);
 * ```
 */
export function text(placeholder: string, rule: string, test: RegExp = /./s): Kind<string> {
  return { placeholder, rule, read: (text) => test.test(text) ? text : undefined };
}

/**
 * Numbers, which may be equal, with commas between.
 *
 * @param item Kind of the numbers.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { integer, numbers } from "./kinds.ts";
 *
 * assert.deepEqual(numbers(integer({ min: 1 })).read("3,3"), [3, 3]);
 * assert.equal(numbers(integer({ min: 1 })).rule, "numbers with commas between, each an integer of at least 1");
 * ```
 */
export function numbers(item: Kind<number>): Kind<number[]> {
  return {
    placeholder: `${item.placeholder},…`,
    rule: `numbers with commas between, each ${item.rule}`,
    read(text) {
      const values = text.split(",").map((part) => item.read(part));
      return values.includes(undefined) ? undefined : values as number[];
    },
  };
}

/** Yes or no, for what is not simply off by default. */
export const yesNo: Kind<boolean> = {
  ...oneOf(["yes", "no"]),
  read: (text) => text === "yes" ? true : text === "no" ? false : undefined,
};

/** Whether there is something at a path; undefined where it may not be looked at. */
function isThere(path: string): boolean | undefined {
  try {
    return kindOfPath(path) !== undefined;
  } catch (error) {
    return error instanceof Deno.errors.NotCapable ? undefined : false;
  }
}

/**
 * The paths that a text names: itself where there is such a path, or where only a path of that name can be
 * meant, since it may not be looked at and one of its parts is not there; else its parts between commas.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { pathsOf } from "./kinds.ts";
 *
 * assert.deepEqual(pathsOf("a.npy,b.npy"), ["a.npy", "b.npy"]);
 * Deno.writeTextFileSync("a,b.txt", "1 2");
 * assert.deepEqual(pathsOf("a,b.txt"), ["a,b.txt"]);
 * Deno.removeSync("a,b.txt");
 * ```
 */
export function pathsOf(text: string): string[] {
  const parts = text.split(","), whole = isThere(text);
  const isLacking = (part: string) => part !== "" && isThere(part) === false;
  return whole || whole === undefined && parts.some(isLacking) ? [text] : parts;
}

/** Files, or folders of files. */
export const paths: Kind<string[]> = {
  placeholder: "PATH,…",
  rule: "a path, or several with commas between",
  read(text) {
    const all = pathsOf(text);
    return all.includes("") ? undefined : all;
  },
};

/** Folders. */
export const folder: Kind<string> = text("DIR", "a path");

/** Files. */
export const file: Kind<string> = text("FILE", "a path");

function numberOf(text: string): number {
  return /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(text) ? Number(text) : NaN;
}

function inWords({ min, max, above, below }: Range): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  const ends = [
    ...(above === undefined ? [] : [`above ${above}`]),
    ...(min === undefined ? [] : [`of at least ${min}`]),
    ...(below === undefined ? [] : [`below ${below}`]),
    ...(max === undefined ? [] : [`at most ${max}`]),
  ];
  return ends.length > 0 ? ` ${ends.join(" and ")}` : "";
}
