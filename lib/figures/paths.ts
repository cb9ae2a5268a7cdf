/**
 * The text of SVG paths, as short as the grammar allows: figures hold thousands of points, and
 * differences of neighbours take half the digits of their places.
 * @module
 */
import { round } from "./svg.ts";

/**
 * A path of straight lines by steps from point to point: places are rounded, then steps taken, so
 * that roundings do not add up.
 *
 * @param path Moves and lines to places (`M`, `L`), steps along an axis (`h`, `v`) and ends (`Z`).
 * @param digits Decimals of the places.
 * @returns The same path by `m`, `l`, `h`, `v` and `z`. Where text is put before it, the first move
 * is a step from the point where that ends.
 * @throws RangeError on any other command.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { shortPath } from "./paths.ts";
 *
 * assert.equal(shortPath("M1.04,2L3,1.5L3,4ZM9,9L8,8", 1), "m1 2 2-.5v2.5zm8 7-1-1");
 * ```
 */
export function shortPath(path: string, digits: number): string {
  let text = "";
  let last = "";
  let [x, y] = [0, 0];
  let start = [0, 0];
  const write = (command: string, ...steps: number[]) => {
    // pairs that follow a move or a line need no command of their own
    const repeated = command === last || (command === "l" && last === "m");
    const numbers = steps.map((step) => shortNumber(round(step, digits)));
    if (!repeated) text += command;
    numbers.forEach((number, i) => {
      const apart = (repeated || i > 0) && !number.startsWith("-");
      text += apart ? ` ${number}` : number;
    });
    last = command;
  };
  for (const [command, name, first, second] of path.matchAll(/([a-z])([-\d.]*)[, ]?([-\d.]*)/gi)) {
    if (name === "Z") {
      text += "z";
      last = "z";
      [x, y] = start;
      continue;
    }
    if (!/[MLhv]/.test(name)) throw new RangeError(`path must be of M, L, h, v, Z, got ${command}`);
    const toX = name === "v" ? x : round((name === "h" ? x : 0) + Number(first), digits);
    const toY = name === "h" ? y : round(name === "v" ? y + Number(first) : Number(second), digits);
    if (name === "M") {
      write("m", toX - x, toY - y);
      start = [toX, toY];
    } else if (toY === y) write("h", toX - x);
    else if (toX === x) write("v", toY - y);
    else write("l", toX - x, toY - y);
    [x, y] = [toX, toY];
  }
  return text;
}

/** A number without the zero before its point. */
function shortNumber(value: number): string {
  return String(value).replace(/^(-?)0\./, "$1.");
}
