/**
 * What an experiment leaves out of its grid, and why.
 * @module
 */
import { type CellKey, keyInWords } from "../results.ts";

/** Work that an experiment declines at a grid point. */
export interface Declined {
  /** The method, or whatever else has no rows there. */
  what: string;
  /** The grid point. */
  key: CellKey;
  /** Why: the rule that is broken there. */
  reason: string;
}

/**
 * One line per reason: what is declined, where, and why.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { declinedLines } from "./declined.ts";
 *
 * const at = (what: string, n: number) => ({ what, key: { n, seed: 0 }, reason: "at most 7" });
 * assert.deepEqual(declinedLines([at("omp", 8), at("omp", 9), at("mp", 8), at("mp", 9)]), [
 *   "No rows of omp, mp in 2 cells (n 8, 9): at most 7",
 * ]);
 * ```
 */
export function declinedLines(declined: readonly Declined[]): string[] {
  const byWhat = Map.groupBy(declined, ({ what, reason }) => JSON.stringify([what, reason]));
  const byPlace = Map.groupBy(
    byWhat.values(),
    (group) => JSON.stringify([group[0].reason, group.map(({ key }) => key)]),
  );
  return [...byPlace.values()].map((groups) => {
    const keys = groups[0].map(({ key }) => key);
    const names = groups.map(([{ what }]) => what).join(", ");
    return `No rows of ${names} in ${inWords(keys)}: ${groups[0][0].reason}`;
  });
}

/** Some cells, told by the first column in which they differ, seeds aside. */
function inWords(keys: readonly CellKey[]): string {
  const columns = Object.keys(keys[0]).filter((column) => column !== "seed");
  const values = (column: string) => [...new Set(keys.map((key) => key[column]))];
  const varying = columns.find((column) => values(column).length > 1);
  const where = varying
    ? `${varying} ${values(varying).join(", ")}`
    : keyInWords(keys[0], keys.length > 1 ? columns : undefined);
  return `${keys.length} ${keys.length === 1 ? "cell" : "cells"} (${where})`;
}
