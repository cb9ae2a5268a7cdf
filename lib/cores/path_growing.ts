/**
 * Which atoms a dictionary lacks: directions that several samples have in common in what it leaves of them.
 * @module
 */
import { dot } from "../numeric/dot.ts";

/** Steps towards what the samples of a direction have in common. */
const STEPS = 6;
/**
 * Participation ratio that a direction has at least: a latent of few samples has one strong one and a weaker one.
 * Pruning tells later whether that was chance.
 */
const FEWEST = 1.05;
/** A sample with less than this many λ left lacks nothing. */
const LACKING = 2;
/** Starts in vain, one after the other, after which there is nothing more to find. */
const IN_VAIN = 20;

/** What {@linkcode missingDirections} starts from. */
export interface Growing {
  /** What of a sample's product with a direction does not count. */
  lambda: number;
  /** Most directions. */
  most: number;
  /** Whether a direction of a single sample counts too. Default false. */
  alone?: boolean;
}

/**
 * Directions that samples lack. Each starts as what is left of the sample with most of it, and takes a few
 * steps of sparse coding with one atom; it counts if it has not stayed with that sample alone, or where those
 * count too.
 *
 * @param residuals Samples×m; what the directions explain is taken out.
 * @param m Dimensions of a sample.
 * @param growing See {@linkcode Growing}.
 * @returns Unit directions, and the samples that have some of them.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { missingDirections } from "./path_growing.ts";
 *
 * // two samples have the first axis in common, the third has something of its own
 * const residuals = Float32Array.of(3, 0, 0.5, 2, 0, -0.5, 0, 2.5, 0);
 * const { directions, samples } = missingDirections(residuals, 3, { lambda: 0.5, most: 9 });
 * assert(directions[0][0] > 0.99);
 * assert.deepEqual([directions.length, [...samples]], [1, [0, 1]]);
 * ```
 */
export function missingDirections(
  residuals: Float32Array,
  m: number,
  { lambda, most, alone = false }: Growing,
): { directions: Float64Array[]; samples: Set<number> } {
  const rows = Array.from(
    { length: residuals.length / m },
    (_, s) => residuals.subarray(s * m, (s + 1) * m),
  );
  const norms = Float64Array.from(rows, norm);
  const directions: Float64Array[] = [], samples = new Set<number>();
  for (let vain = 0; directions.length < most && vain < IN_VAIN;) {
    const worst = norms.indexOf(norms.reduce((most, left) => Math.max(most, left), 0));
    if (norms[worst] <= LACKING * lambda) break;
    const start = Float64Array.from(rows[worst], (value) => value / norms[worst]);
    const { direction, codes, participation } = gather(rows, norms, start, lambda);
    if (participation < FEWEST && !alone) {
      // alone with what it lacks: it draws no other direction to itself
      norms[worst] = 0;
      vain++;
      continue;
    }
    vain = 0;
    directions.push(direction);
    for (const s of codes.keys()) {
      samples.add(s);
      const product = dot(direction, rows[s]);
      for (let i = 0; i < m; i++) rows[s][i] -= product * direction[i];
      norms[s] = norm(rows[s]);
    }
  }
  return { directions, samples };
}

/**
 * What the samples that have much of a direction have in common, and their codes for it: the steps climb
 * Σ max(0, d·r − λ)², which is convex, so that there are always some.
 */
function gather(
  rows: readonly Float32Array[],
  norms: Float64Array,
  start: Float64Array,
  lambda: number,
): { direction: Float64Array; codes: Map<number, number>; participation: number } {
  let direction = start;
  const codes = new Map<number, number>();
  for (let step = 0; step < STEPS; step++) {
    codes.clear();
    const next = new Float64Array(start.length);
    rows.forEach((row, s) => {
      if (norms[s] <= lambda) return;
      const z = dot(direction, row) - lambda;
      if (z <= 0) return;
      codes.set(s, z);
      for (let i = 0; i < next.length; i++) next[i] += z * row[i];
    });
    const length = norm(next);
    direction = next.map((value) => value / length);
  }
  let second = 0, fourth = 0;
  for (const z of codes.values()) {
    second += z ** 2;
    fourth += z ** 4;
  }
  return { direction, codes, participation: second ** 2 / fourth };
}

function norm(values: Float32Array | Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value ** 2;
  return Math.sqrt(sum);
}
