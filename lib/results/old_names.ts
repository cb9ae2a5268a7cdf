/**
 * The names that an older version of the reference used. It wrote most of the published phase file.
 * @module
 */

const columns: Readonly<Record<string, string>> = { n: "num_latents", m: "input_dim", r: "eps" };

const methods: Readonly<Record<string, string>> = {
  fista_sup: "fista_oracle",
  fista_unsup: "dl_fista",
  direct_unsup: "softplus_adam",
};

/**
 * A row under the names that its columns and methods have today. Values stay as they are: `eps` of
 * older rows is in base-2 logarithms, so that n, k and m alone tell where a row lies.
 *
 * @param row A row of any result file, old or new; new ones come back equal.
 * @returns A new row, its columns in the same order.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { withTodaysNames } from "./old_names.ts";
 *
 * assert.deepEqual(withTodaysNames({ method: "fista_sup", n: 50, m: 20 }), {
 *   method: "fista_oracle",
 *   num_latents: 50,
 *   input_dim: 20,
 * });
 * ```
 */
export function withTodaysNames<Value>(row: Readonly<Record<string, Value>>): Record<
  string,
  Value | string
> {
  const current: Record<string, Value | string> = {};
  for (const [column, value] of Object.entries(row)) current[columns[column] ?? column] = value;
  if (typeof current.method === "string") {
    current.method = methods[current.method] ?? current.method;
  }
  return current;
}
