/**
 * Argument checks shared by the public functions. Every message names the argument, the rule and
 * the current value; a wrong kind is a TypeError, a wrong value a RangeError.
 * @module
 */
import type { Matrix } from "./matrix.ts";

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

/**
 * Requires a well-formed matrix of finite values; `rows` and `cols`, where given, are required too.
 * Costs one pass over the data.
 */
export function requireMatrix(
  name: string,
  M: Matrix,
  { rows, cols }: { rows?: number; cols?: number } = {},
): void {
  if (!M || !(M.data instanceof Float32Array || M.data instanceof Float64Array)) {
    throw new TypeError(
      `${name} must be a matrix { rows, cols, data } with a Float32Array or Float64Array`,
    );
  }
  // two negative sizes, or texts, can have the right product
  requireInteger(`${name}.rows`, M.rows, 0);
  requireInteger(`${name}.cols`, M.cols, 0);
  if (M.data.length !== M.rows * M.cols) {
    throw new RangeError(
      `${name} must hold rows × cols values: ${M.rows} × ${M.cols} needs ${
        M.rows * M.cols
      }, data has ${M.data.length}`,
    );
  }
  if (rows !== undefined && M.rows !== rows) {
    throw new RangeError(`${name} must have ${rows} rows, got ${M.rows}`);
  }
  if (cols !== undefined && M.cols !== cols) {
    throw new RangeError(`${name} must have ${cols} columns, got ${M.cols}`);
  }
  const { data } = M;
  for (let p = 0; p < data.length; p++) {
    // x − x is 0 for finite x only, and far cheaper than a call of Number.isFinite
    if (data[p] - data[p] !== 0) {
      throw new RangeError(
        `${name} must be finite, got ${data[p]} at row ${Math.floor(p / M.cols)}, column ${
          p % M.cols
        }`,
      );
    }
  }
}

/** Requires finite values that stay finite when they are rounded to float32. */
export function requireFloat32(name: string, M: Matrix): void {
  if (M.data instanceof Float32Array) return;
  const bad = M.data.findIndex((value) => !Number.isFinite(Math.fround(value)));
  if (bad >= 0) {
    throw new RangeError(
      `${name} must be within float32 (up to 3.4e38), got ${M.data[bad]} at row ${
        Math.floor(bad / M.cols)
      }, column ${bad % M.cols}`,
    );
  }
}

/** Requires that the result of float32 arithmetic has not overflowed; the texts frame the message. */
export function requireNoOverflow(task: string, result: Matrix, remedy: string): void {
  const bad = result.data.findIndex((value) => value - value !== 0);
  if (bad >= 0) {
    throw new RangeError(
      `Cannot ${task}: values must stay finite in float32, got ${result.data[bad]} in row ${
        Math.floor(bad / result.cols)
      }; ${remedy}`,
    );
  }
}
