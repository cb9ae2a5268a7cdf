/**
 * Rows as today's version of the reference would write them.
 * @module
 */
import { type Row, withTodaysNames } from "../results.ts";

/**
 * A row under today's names and with the width that it says nowhere: that of the phase file's, whose
 * older rows are of autoencoders of 2n units (their `best_dim` goes up to 2n − 1).
 *
 * @param row A row of ours or a published one.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { asToday } from "./todays_row.ts";
 *
 * assert.equal(asToday({ method: "sae_relu", n: 50, k: 3, m: 7 }).width, 100);
 * assert.equal(asToday({ method: "fista_sup", n: 50, k: 3, m: 7 }).width, 50);
 * assert.equal(asToday({ method: "sae_relu", num_latents: 50, k: 3, input_dim: 7 }).width, 50);
 * ```
 */
export function asToday(row: Row): Row {
  const result: Row = withTodaysNames(row);
  if (row.width === undefined && typeof result.num_latents === "number") {
    const isOlder = row.n !== undefined;
    result.width = result.num_latents * (isOlder && /^sae_/.test(String(row.method)) ? 2 : 1);
  }
  return result;
}
