/**
 * Estimated hours in words.
 * @module
 */

/**
 * Hours as listings and tables tell them: whole from ten on, else with one decimal, and with one digit
 * below a tenth.
 *
 * @param hours A finite number, at least 0.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { inHours } from "./hours.ts";
 *
 * assert.deepEqual([12.4, 1.25, 0.013].map(inHours), ["12", "1.3", "0.01"]);
 * ```
 */
export function inHours(hours: number): string {
  return hours >= 9.95
    ? hours.toFixed(0)
    : hours >= 0.095
    ? hours.toFixed(1)
    : hours.toPrecision(1);
}
