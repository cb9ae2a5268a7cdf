/**
 * A line search for the strong Wolfe conditions.
 * @module
 */

/** Relative width of the bracket at which the search is content. */
const WIDTH_TOLERANCE = 0.1;
const LARGEST_STEP = 1e10;

/** Value and slope of the objective at one step along the line. */
interface Point {
  step: number;
  value: number;
  slope: number;
}

/** Constants of {@linkcode wolfeSearch}. */
export interface WolfeOptions {
  /** The value must fall by this share of what the first slope promises; 1e-3. */
  decrease?: number;
  /** The slope's size must fall to this share of the first one's; 0.9. */
  curvature?: number;
  /** Largest number of evaluations; 50. */
  maxEvaluations?: number;
}

/**
 * Finds a step with f(s) ≤ f(0) + decrease·s·f′(0) and |f′(s)| ≤ curvature·|f′(0)|, by safeguarded
 * cubic and quadratic steps in a shrinking bracket. A bracket that has shrunk to a tenth of its
 * position is accepted too.
 *
 * Source: J. Moré, D. Thuente, "Line search algorithms with guaranteed sufficient decrease", ACM
 * TOMS 20 (1994), with the constants of L-BFGS-B.
 *
 * @param evaluate Value and slope at a step.
 * @param value f(0).
 * @param slope f′(0), below 0.
 * @param step The first step to try, above 0.
 * @returns Whether a step was found; then it is the one evaluated last.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { wolfeSearch } from "./line_search.ts";
 * const parabola = (s: number): [number, number] => [(s - 2) ** 2, 2 * (s - 2)];
 * assert(wolfeSearch(parabola, 4, -4, 1)); // s = 1 is good enough
 * ```
 */
export function wolfeSearch(
  evaluate: (step: number) => [value: number, slope: number],
  value: number,
  slope: number,
  step: number,
  { decrease = 1e-3, curvature = 0.9, maxEvaluations = 50 }: WolfeOptions = {},
): boolean {
  const required = decrease * slope;
  let best: Point = { step: 0, value, slope };
  let other: Point = best; // the far end of the bracket, once there is one
  let bracketed = false;
  // until a point satisfies the first condition with a rising slope, the search minimises
  // f(s) − required·s, whose minimiser satisfies it
  let seeking = true;
  let [width, widthBefore] = [LARGEST_STEP, 2 * LARGEST_STEP];
  let [low, high] = [0, 5 * step];

  for (let evaluations = 0; evaluations < maxEvaluations; evaluations++) {
    const [f, g] = evaluate(step);
    const limit = value + step * required;
    if (f <= limit && Math.abs(g) <= -curvature * slope) return true;
    if (seeking && f <= limit && g >= 0) seeking = false;
    const exhausted = bracketed &&
      (step <= low || step >= high || high - low <= WIDTH_TOLERANCE * high);
    if (exhausted || (step === LARGEST_STEP && f <= limit && g <= required)) return true;

    const tilt = seeking && f <= best.value && f > limit ? required : 0;
    const tilted = (p: Point): Point => ({
      step: p.step,
      value: p.value - tilt * p.step,
      slope: p.slope - tilt,
    });
    const tried: Point = { step, value: f, slope: g };
    const trial = tilted(tried);
    const proposal = propose(tilted(best), tilted(other), trial, bracketed, low, high);
    bracketed = proposal.bracketed;
    step = proposal.step;
    if (trial.value > tilted(best).value) {
      other = tried;
    } else {
      if (trial.slope * tilted(best).slope < 0) other = best;
      best = tried;
    }

    if (bracketed) {
      const size = Math.abs(other.step - best.step);
      if (size >= 0.66 * widthBefore) step = best.step + 0.5 * (other.step - best.step);
      [widthBefore, width] = [width, size];
      low = Math.min(best.step, other.step);
      high = Math.max(best.step, other.step);
    } else {
      low = step + 1.1 * (step - best.step);
      high = step + 4 * (step - best.step);
    }
    step = Math.min(Math.max(step, 0), LARGEST_STEP);
    if (
      bracketed && (step <= low || step >= high || high - low <= WIDTH_TOLERANCE * high)
    ) step = best.step;
  }
  return false;
}

/**
 * The minimiser of the cubic with the values and slopes of two points, and whether it lies beyond `p`
 * as seen from `q`.
 */
function cubicStep(p: Point, q: Point): { step: number; beyond: boolean } {
  const theta = 3 * (p.value - q.value) / (q.step - p.step) + p.slope + q.slope;
  const scale = Math.max(Math.abs(theta), Math.abs(p.slope), Math.abs(q.slope));
  const discriminant = (theta / scale) ** 2 - (p.slope / scale) * (q.slope / scale);
  const root = scale * Math.sqrt(Math.max(0, discriminant));
  const gamma = q.step < p.step ? -root : root;
  const ratio = (gamma - p.slope + theta) / (2 * gamma - p.slope + q.slope);
  return { step: p.step + ratio * (q.step - p.step), beyond: ratio < 0 && root !== 0 };
}

/** The next step from the best point, the bracket's other end and the point just tried. */
function propose(
  best: Point,
  other: Point,
  tried: Point,
  bracketed: boolean,
  low: number,
  high: number,
): { step: number; bracketed: boolean } {
  const span = tried.step - best.step;
  if (tried.value > best.value) {
    // higher value: the minimum is bracketed
    const cubic = cubicStep(best, tried).step;
    const chord = (best.value - tried.value) / span + best.slope;
    const quadratic = best.step + best.slope / chord / 2 * span;
    const cubicIsCloser = Math.abs(cubic - best.step) < Math.abs(quadratic - best.step);
    return { step: cubicIsCloser ? cubic : cubic + (quadratic - cubic) / 2, bracketed: true };
  }
  // where the two slopes, taken as those of a parabola, would vanish
  const secant = tried.step - tried.slope / (tried.slope - best.slope) * span;
  if (tried.slope * best.slope < 0) {
    // the slope changed its sign: the minimum is bracketed
    const cubic = cubicStep(tried, best).step;
    const cubicIsFarther = Math.abs(cubic - tried.step) > Math.abs(secant - tried.step);
    return { step: cubicIsFarther ? cubic : secant, bracketed: true };
  }
  if (Math.abs(tried.slope) < Math.abs(best.slope)) {
    // the slope flattens: the cubic may have its minimum in this direction, or none
    const { step, beyond } = cubicStep(tried, best);
    const cubic = beyond ? step : span > 0 ? high : low;
    const cubicIsCloser = Math.abs(cubic - tried.step) < Math.abs(secant - tried.step);
    if (!bracketed) {
      const farther = cubicIsCloser ? secant : cubic;
      return { step: Math.min(Math.max(farther, low), high), bracketed };
    }
    const closer = cubicIsCloser ? cubic : secant;
    const guard = tried.step + 0.66 * (other.step - tried.step);
    return { step: span > 0 ? Math.min(guard, closer) : Math.max(guard, closer), bracketed };
  }
  // lower and no flatter
  if (bracketed) return { step: cubicStep(tried, other).step, bracketed };
  return { step: span > 0 ? high : low, bracketed };
}
