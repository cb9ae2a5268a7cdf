/**
 * The units that the path learner computes in: unit atoms, and penalties by what chance reaches.
 * @module
 */
import { requireFinite } from "../checks.ts";
import {
  columnNorms,
  type Matrix,
  type Matrix32,
  normalizeColumns,
  requireFloat32,
  toFloat32,
} from "../matrix.ts";

/** Below it float32 has fewer digits, and none from 1.4e-45 on. */
const LEAST_FLOAT32 = 2 ** -126;
/** Columns of a start have this norm at least: others are no direction in float32. */
const LEAST_NORM = 1e-8;

/**
 * A dictionary in float32, with unit columns.
 *
 * @throws {RangeError} When values are not finite in float32, or a column is no direction in it.
 */
export function unitColumns(name: string, dictionary: Matrix): Matrix32 {
  requireFloat32(name, dictionary);
  const D = toFloat32(dictionary);
  columnNorms(D).forEach((norm, j) => {
    if (norm >= LEAST_NORM) return;
    throw new RangeError(
      `${name} must have columns of norm ${LEAST_NORM} or more, got ${
        norm.toPrecision(2)
      } in column ${j}`,
    );
  });
  return normalizeColumns(D);
}

/**
 * σ·√(2 ln n), with σ the root mean square of X's entries: what products with n random atoms reach by chance.
 *
 * @throws {RangeError} When X is zero, or codes in its units would be lost in float32.
 */
export function penaltyUnit(X: Matrix, n: number, smallest: number): number {
  let sum = 0, largest = 0;
  for (let s = 0, p = 0; s < X.rows; s++) {
    let square = 0;
    for (let k = 0; k < X.cols; k++, p++) {
      square += X.data[p] * X.data[p];
      // value by value: the unit's last bit decides results'
      sum += X.data[p] * X.data[p];
    }
    largest = Math.max(largest, square);
  }
  const unit = Math.sqrt(sum / X.data.length * 2 * Math.log(Math.max(n, 2)));
  requireFinite("the sum of squares of X", unit);
  if (X.data.every((value) => value === 0)) {
    throw new RangeError("X must have an entry that is not 0, got zeros only");
  }
  // the smallest penalty, and the code for an atom that is a row
  requireHeld(smallest * unit, "a penalty of");
  requireHeld(Math.sqrt(largest), "a row of norm");
  return unit;
}

/** Requires that X's unit is one in which float32 holds a size, such as that of a code. */
export function requireHeld(size: number, what: string): void {
  const rule = size < LEAST_FLOAT32
    ? "large enough for codes in float32, which has all digits from 1.2e-38 on"
    : Math.fround(size) === Infinity
    ? "small enough for codes in float32, which ends at 3.4e38"
    : undefined;
  if (rule) throw new RangeError(`X must be ${rule}, got ${what} ${size.toPrecision(2)}`);
}
