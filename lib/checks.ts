/**
 * Argument checks shared by the public functions. Every message names the argument, the rule and
 * the current value; a wrong kind is a TypeError, a wrong value a RangeError.
 * @module
 */

/** The kind of a value, for messages. */
function kindOf(value: unknown): string {
  return value === null ? "null" : typeof value;
}

/** Requires an object to take named values from: options, or a group of arguments. */
export function requireOptions(name: string, value: unknown): void {
  if (typeof value !== "object" || value === null) {
    throw new TypeError(`${name} must be an object, got ${kindOf(value)}`);
  }
}

/** Requires a function. */
export function requireFunction(name: string, value: unknown): void {
  if (typeof value !== "function") {
    throw new TypeError(`${name} must be a function, got ${kindOf(value)}`);
  }
}

/** Requires an array. */
export function requireArray(name: string, value: unknown): void {
  if (!Array.isArray(value)) throw new TypeError(`${name} must be an array, got ${kindOf(value)}`);
}

/** Requires something that `for … of` can go through. */
export function requireIterable(name: string, value: unknown): void {
  if (typeof (value as Iterable<unknown> | null)?.[Symbol.iterator] !== "function") {
    throw new TypeError(`${name} must be iterable, got ${kindOf(value)}`);
  }
}

/** Requires an instance of a class. */
export function requireInstance(
  name: string,
  value: unknown,
  type: abstract new (...parameters: never) => object,
): void {
  if (!(value instanceof type)) {
    throw new TypeError(`${name} must be a ${type.name}, got ${kindOf(value)}`);
  }
}

/** Requires an integer of at least `min` (and at most `max`). */
export function requireInteger(name: string, value: number, min: number, max = Infinity): void {
  if (typeof value !== "number") {
    throw new TypeError(`${name} must be a number, got ${typeof value}`);
  }
  if (!Number.isInteger(value) || value < min || value > max) {
    const rule = max === Infinity ? `of at least ${min}` : `from ${min} to ${max}`;
    throw new RangeError(`${name} must be an integer ${rule}, got ${value}`);
  }
}

/** Requires a finite number above 0. */
export function requirePositive(name: string, value: number): void {
  if (typeof value !== "number") {
    throw new TypeError(`${name} must be a number, got ${typeof value}`);
  }
  if (!(value > 0 && value < Infinity)) {
    throw new RangeError(`${name} must be a finite number above 0, got ${value}`);
  }
}

/** Requires a finite number of at least 0. */
export function requireNonNegative(name: string, value: number): void {
  if (typeof value !== "number") {
    throw new TypeError(`${name} must be a number, got ${typeof value}`);
  }
  if (!(value >= 0 && value < Infinity)) {
    throw new RangeError(`${name} must be a finite number of at least 0, got ${value}`);
  }
}

/** Requires a finite number. */
export function requireFinite(name: string, value: number): void {
  if (typeof value !== "number") {
    throw new TypeError(`${name} must be a number, got ${typeof value}`);
  }
  if (!Number.isFinite(value)) throw new RangeError(`${name} must be finite, got ${value}`);
}
