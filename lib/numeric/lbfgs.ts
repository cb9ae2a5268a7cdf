/**
 * Limited-memory BFGS for smooth functions without constraints.
 * @module
 */
import { dot } from "./dot.ts";
import { wolfeSearch } from "./line_search.ts";

/** Stops when a step lowers the value by less than this share of it: 64 ulps. */
const VALUE_TOLERANCE = 64 * Number.EPSILON;

/** Options of {@linkcode minimizeLbfgs}. */
export interface LbfgsOptions {
  /** Stops when no entry of the gradient is larger than this; 1e-4. */
  tolerance?: number;
  /** Stops after this many steps; 1000. */
  maxIterations?: number;
  /** Number of step and gradient-change pairs that are kept; 10. */
  pairs?: number;
}

/** Where {@linkcode minimizeLbfgs} stopped. */
export interface LbfgsResult {
  /** The point. */
  x: Float64Array;
  /** The value there. */
  value: number;
  /** Largest size of an entry of the gradient there. */
  maxGradient: number;
  /** Steps taken. */
  iterations: number;
  /** Whether `maxGradient` is within the tolerance. */
  converged: boolean;
}

/** A kept pair: a step s, the change y of the gradient along it, and s·y. */
interface Pair {
  s: Float64Array;
  y: Float64Array;
  sy: number;
}

/**
 * Minimises a smooth function by limited-memory BFGS with a strong-Wolfe line search. It stops as
 * L-BFGS-B of the usual scientific libraries does, so that it also takes the same number of steps.
 *
 * Source: D. Liu, J. Nocedal, "On the limited memory BFGS method for large scale optimization",
 * Mathematical Programming 45 (1989).
 *
 * @param evaluate Returns the value at `x` and writes the gradient into `gradient`.
 * @param start The first point; not modified.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { minimizeLbfgs } from "./lbfgs.ts";
 * const { x } = minimizeLbfgs((x, gradient) => {
 *   gradient[0] = 2 * (x[0] - 3);
 *   return (x[0] - 3) ** 2;
 * }, new Float64Array(1));
 * assert(Math.abs(x[0] - 3) < 1e-6);
 * ```
 */
export function minimizeLbfgs(
  evaluate: (x: Float64Array, gradient: Float64Array) => number,
  start: Float64Array,
  { tolerance = 1e-4, maxIterations = 1000, pairs = 10 }: LbfgsOptions = {},
): LbfgsResult {
  let x = start.slice(), gradient = new Float64Array(x.length);
  let value = evaluate(x, gradient);
  let kept: Pair[] = [];
  let iterations = 0;
  while (iterations < maxIterations && largest(gradient) > tolerance) {
    const direction = descend(gradient, kept);
    const slope = dot(gradient, direction);
    const next = new Float64Array(x.length), nextGradient = new Float64Array(x.length);
    let nextValue = value, nextSlope = slope, taken = 0;
    const found = slope < 0 && wolfeSearch(
      (step) => {
        for (let j = 0; j < x.length; j++) next[j] = x[j] + step * direction[j];
        nextValue = evaluate(next, nextGradient);
        nextSlope = dot(nextGradient, direction);
        taken = step;
        return [nextValue, nextSlope];
      },
      value,
      slope,
      // before anything is known of the curvature, a step of length 1
      iterations === 0 ? 1 / Math.sqrt(dot(direction, direction)) : 1,
    );
    if (!found) {
      if (kept.length === 0) break;
      kept = []; // the pairs mislead: start again from the steepest descent
      continue;
    }
    iterations++;
    const fall = value - nextValue;
    const stalled = fall <= VALUE_TOLERANCE * Math.max(Math.abs(value), Math.abs(nextValue), 1);
    const sy = (nextSlope - slope) * taken;
    // a pair without curvature would make the approximate Hessian indefinite
    if (sy > Number.EPSILON * -slope * taken) {
      const s = direction.map((d) => d * taken);
      kept.push({ s, y: nextGradient.map((g, j) => g - gradient[j]), sy });
      if (kept.length > pairs) kept.shift();
    }
    [x, gradient, value] = [next, nextGradient, nextValue];
    if (stalled) break;
  }
  const maxGradient = largest(gradient);
  return { x, value, maxGradient, iterations, converged: maxGradient <= tolerance };
}

/** −H·gradient, with the approximate inverse Hessian H of the kept pairs: the two-loop recursion. */
function descend(gradient: Float64Array, kept: Pair[]): Float64Array {
  const direction = gradient.map((g) => -g);
  const weights: number[] = [];
  for (let p = kept.length - 1; p >= 0; p--) {
    const { s, y, sy } = kept[p];
    weights[p] = dot(s, direction) / sy;
    addTo(direction, -weights[p], y);
  }
  const newest = kept.at(-1);
  if (newest) {
    const scale = newest.sy / dot(newest.y, newest.y);
    for (let j = 0; j < direction.length; j++) direction[j] *= scale;
  }
  kept.forEach(({ s, y, sy }, p) => addTo(direction, weights[p] - dot(y, direction) / sy, s));
  return direction;
}

/** target += weight·x */
function addTo(target: Float64Array, weight: number, x: Float64Array): void {
  for (let j = 0; j < target.length; j++) target[j] += weight * x[j];
}

function largest(x: Float64Array): number {
  let size = 0;
  for (let j = 0; j < x.length; j++) size = Math.max(size, Math.abs(x[j]));
  return size;
}
