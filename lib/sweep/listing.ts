/**
 * What `--list` prints: the cells of a grid, and how long they take.
 * @module
 */
import { alignColumns, inHours, type SavedCell } from "../results.ts";
import type { Cell } from "./experiment.ts";

/** Hours on two cores beyond which a cell is left to a cluster. */
export const LONG_HOURS = 2;

/** A grid in numbers. Hours are those of one core. */
export interface Listing {
  /** The cells, in grid order. */
  cells: {
    /** What `--only` calls it. */
    index: number;
    /** Its key columns. */
    key: Cell["key"];
    /** Its estimated cost. */
    cost: number;
    /** The hours that it took, or will take. */
    hours: number;
    /** Whether the result file has it. */
    known: boolean;
    /** Whether it takes more than {@linkcode LONG_HOURS}, and is better left to a cluster. */
    long: boolean;
  }[];
  /** Hours of the whole grid. */
  hours: number;
  /** Hours of the cells that the result file lacks. */
  hoursLeft: number;
}

/**
 * Lists a grid. The cells that are known say how long a unit of cost takes here; without any, a unit
 * counts as a second.
 *
 * @param grid All cells.
 * @param known Those that the result file has.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { listCells } from "./listing.ts";
 *
 * const grid = [{ key: { seed: 0 }, cost: 3600 }, { key: { seed: 1 }, cost: 3600 }];
 * assert.equal(listCells(grid, []).hours, 2);
 * const { hours, hoursLeft } = listCells(grid, [{ key: { seed: 0 }, seconds: 1800, rows: [] }]);
 * assert.deepEqual([hours, hoursLeft], [1, 0.5]);
 * ```
 */
export function listCells(grid: readonly Cell[], known: readonly SavedCell[]): Listing {
  const seconds = new Map(known.map((cell) => [JSON.stringify(cell.key), cell.seconds]));
  const took = ({ key }: Cell) => seconds.get(JSON.stringify(key));
  const measured = grid.filter((cell) => took(cell) !== undefined);
  const perCost = sum(measured.map((cell) => took(cell)!)) / sum(measured.map(({ cost }) => cost));
  const cells = grid.map((cell, index) => {
    const hours = (took(cell) ?? cell.cost * (perCost || 1)) / 3600;
    return {
      index,
      key: cell.key,
      cost: cell.cost,
      hours,
      known: took(cell) !== undefined,
      // two cores share what threads share; of other cells each has one
      long: hours / (cell.threaded ? 2 : 1) > LONG_HOURS,
    };
  });
  return {
    cells,
    hours: sum(cells.map(({ hours }) => hours)),
    hoursLeft: sum(cells.filter(({ known }) => !known).map(({ hours }) => hours)),
  };
}

/**
 * A listing as a table with a line of totals.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { listCells, listingText } from "./listing.ts";
 *
 * assert.equal(
 *   listingText(listCells([{ key: { seed: 0 }, cost: 3600 }], [])),
 *   "index  seed  cost     hours  known\n0      0     3.60e+3  1.0\n\n" +
 *     "1 cells, 1.0 hours of one core; 0 cells known, 1.0 hours left",
 * );
 * ```
 */
export function listingText({ cells, hours, hoursLeft }: Listing): string {
  const columns = [...new Set(cells.flatMap(({ key }) => Object.keys(key)))];
  const table = alignColumns([
    ["index", ...columns, "cost", "hours", "known"],
    ...cells.map(({ index, key, cost, hours, known, long }) => [
      String(index),
      ...columns.map((column) => String(key[column] ?? "")),
      cost.toPrecision(3),
      inHours(hours),
      known ? "yes" : long ? "long" : "",
    ]),
  ]);
  const known = cells.filter((cell) => cell.known).length;
  const long = cells.filter((cell) => cell.long && !cell.known);
  const text = `${table}\n\n${cells.length} cells, ${inHours(hours)} hours of one core; ${known} ` +
    `cells known, ${inHours(hoursLeft)} hours left`;
  return long.length === 0
    ? text
    : `${text}\n${long.length} cells are long: more than ${LONG_HOURS} hours each on two cores, ` +
      `${inHours(sum(long.map((cell) => cell.hours)))} hours of one core together; for a cluster`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
