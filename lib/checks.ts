/**
 * Argument checks shared by the public functions. Every message names the argument, the rule and
 * the current value; a wrong kind is a TypeError, a wrong value a RangeError.
 * @module
 */

/** The kind of a value, for messages. */
function kindOf(value: unknown): string {
  return value === null ? "null" : typeof value;
}

/** Changes of one letter that turn one word into another: the edit distance of Levenshtein (1966). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    row = row.reduce<number[]>((next, above, j) => {
      next.push(
        j === 0
          ? i
          : Math.min(above + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)),
      );
      return next;
    }, []);
  }
  return row[b.length];
}

/**
 * The known word nearest to one that was given, where it may be what was meant: at most a third of
 * its letters, or two, are different.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { nearest } from "./checks.ts";
 * assert.equal(nearest("nonNeg", ["lambda", "nonneg"]), "nonneg");
 * assert.equal(nearest("colour", ["lambda", "nonneg"]), undefined);
 * ```
 */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const [best] = known
    .map((name) => ({ name, distance: editDistance(word.toLowerCase(), name.toLowerCase()) }))
    .toSorted((a, b) => a.distance - b.distance);
  return best && best.distance <= Math.max(2, word.length / 3) ? best.name : undefined;
}

/**
 * Requires an object to take named values from: options, or a group of arguments. With `known`, also
 * that it has no other names: a misspelt option would be left out in silence.
 *
 * @throws {TypeError} When it is of another kind, or has another name.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { requireOptions } from "./checks.ts";
 * requireOptions("options", { lambda: 1 }, ["lambda"]);
 * assert.throws(() => requireOptions("options", null), /options must be an object, got null/);
 * assert.throws(
 *   () => requireOptions("options", { lamda: 1 }, ["lambda"]),
 *   /options has no "lamda"; did you mean "lambda"\?/,
 * );
 * ```
 */
export function requireOptions(name: string, value: unknown, known?: readonly string[]): void {
  if (typeof value !== "object" || value === null) {
    throw new TypeError(`${name} must be an object, got ${kindOf(value)}`);
  }
  const unknown = known && Object.keys(value).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  const meant = nearest(unknown, known!);
  throw new TypeError(
    `${name} has no "${unknown}"` +
      (meant ? `; did you mean "${meant}"?` : `: it takes ${known!.join(", ")}`),
  );
}

/**
 * Requires a function.
 *
 * @throws {TypeError} When it is of another kind.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { requireFunction } from "./checks.ts";
 * requireFunction("onEpoch", () => {});
 * assert.throws(() => requireFunction("onEpoch", 1), /onEpoch must be a function, got number/);
 * ```
 */
export function requireFunction(name: string, value: unknown): void {
  if (typeof value !== "function") {
    throw new TypeError(`${name} must be a function, got ${kindOf(value)}`);
  }
}

/**
 * Requires an array.
 *
 * @throws {TypeError} When it is of another kind.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { requireArray } from "./checks.ts";
 * requireArray("seeds", [0, 1]);
 * assert.throws(() => requireArray("seeds", "0,1"), /seeds must be an array, got string/);
 * ```
 */
export function requireArray(name: string, value: unknown): void {
  if (!Array.isArray(value)) throw new TypeError(`${name} must be an array, got ${kindOf(value)}`);
}

/**
 * Requires something that `for … of` can go through.
 *
 * @throws {TypeError} When it is of another kind.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { requireIterable } from "./checks.ts";
 * requireIterable("rows", new Set([1]));
 * assert.throws(() => requireIterable("rows", 1), /rows must be iterable, got number/);
 * ```
 */
export function requireIterable(name: string, value: unknown): void {
  if (typeof (value as Iterable<unknown> | null)?.[Symbol.iterator] !== "function") {
    throw new TypeError(`${name} must be iterable, got ${kindOf(value)}`);
  }
}

/**
 * Requires an instance of a class.
 *
 * @throws {TypeError} When it is of another kind.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { requireInstance } from "./checks.ts";
 * requireInstance("since", new Date(), Date);
 * assert.throws(() => requireInstance("since", 0, Date), /since must be a Date, got number/);
 * ```
 */
export function requireInstance(
  name: string,
  value: unknown,
  type: abstract new (...parameters: never) => object,
): void {
  if (!(value instanceof type)) {
    throw new TypeError(`${name} must be a ${type.name}, got ${kindOf(value)}`);
  }
}

/**
 * Requires an integer of at least `min` (and at most `max`).
 *
 * @throws {TypeError} When it is not a number.
 * @throws {RangeError} When it is another number.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { requireInteger } from "./checks.ts";
 * requireInteger("k", 3, 1);
 * assert.throws(() => requireInteger("k", 2.5, 1), /k must be an integer of at least 1, got 2.5/);
 * ```
 */
export function requireInteger(name: string, value: number, min: number, max = Infinity): void {
  if (typeof value !== "number") {
    throw new TypeError(`${name} must be a number, got ${typeof value}`);
  }
  if (!Number.isInteger(value) || value < min || value > max) {
    const rule = max === Infinity ? `of at least ${min}` : `from ${min} to ${max}`;
    throw new RangeError(`${name} must be an integer ${rule}, got ${value}`);
  }
}

/**
 * Requires a finite number above 0.
 *
 * @throws {TypeError} When it is not a number.
 * @throws {RangeError} When it is another number.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { requirePositive } from "./checks.ts";
 * requirePositive("lr", 5e-4);
 * assert.throws(() => requirePositive("lr", 0), /lr must be a finite number above 0, got 0/);
 * ```
 */
export function requirePositive(name: string, value: number): void {
  if (typeof value !== "number") {
    throw new TypeError(`${name} must be a number, got ${typeof value}`);
  }
  if (!(value > 0 && value < Infinity)) {
    throw new RangeError(`${name} must be a finite number above 0, got ${value}`);
  }
}

/**
 * Requires a finite number of at least 0.
 *
 * @throws {TypeError} When it is not a number.
 * @throws {RangeError} When it is another number.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { requireNonNegative } from "./checks.ts";
 * requireNonNegative("gamma", 0);
 * assert.throws(() => requireNonNegative("gamma", NaN), /gamma must be a finite number of at least 0, got NaN/);
 * ```
 */
export function requireNonNegative(name: string, value: number): void {
  if (typeof value !== "number") {
    throw new TypeError(`${name} must be a number, got ${typeof value}`);
  }
  if (!(value >= 0 && value < Infinity)) {
    throw new RangeError(`${name} must be a finite number of at least 0, got ${value}`);
  }
}

/**
 * Requires true or false.
 *
 * @throws {TypeError} When it is neither.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { requireBoolean } from "./checks.ts";
 * requireBoolean("nonneg", false);
 * assert.throws(() => requireBoolean("nonneg", 1), /nonneg must be true or false, got number/);
 * ```
 */
export function requireBoolean(name: string, value: unknown): void {
  if (typeof value !== "boolean") {
    throw new TypeError(`${name} must be true or false, got ${typeof value}`);
  }
}

/**
 * Requires a finite number.
 *
 * @throws {TypeError} When it is not a number.
 * @throws {RangeError} When it is another number.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { requireFinite } from "./checks.ts";
 * requireFinite("shift", -1);
 * assert.throws(() => requireFinite("shift", Infinity), /shift must be finite, got Infinity/);
 * ```
 */
export function requireFinite(name: string, value: number): void {
  if (typeof value !== "number") {
    throw new TypeError(`${name} must be a number, got ${typeof value}`);
  }
  if (!Number.isFinite(value)) throw new RangeError(`${name} must be finite, got ${value}`);
}
