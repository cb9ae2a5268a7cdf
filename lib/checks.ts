/**
 * Argument checks shared by the public functions. Every message names the argument, the rule and
 * the current value; a wrong kind is a TypeError, a wrong value a RangeError.
 * @module
 */

/** The kind of a value, for messages. */
function kindOf(value: unknown): string {
  return value === null ? "null" : typeof value;
}

/**
 * Requires an object to take named values from: options, or a group of arguments.
 *
 * @throws {TypeError} When it is of another kind.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { requireOptions } from "./checks.ts";
 * requireOptions("options", {});
 * assert.throws(() => requireOptions("options", null), /options must be an object, got null/);
 * ```
 */
export function requireOptions(name: string, value: unknown): void {
  if (typeof value !== "object" || value === null) {
    throw new TypeError(`${name} must be an object, got ${kindOf(value)}`);
  }
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
