/**
 * The quantiles of the standard normal distribution.
 * @module
 */

/** Coefficients of the numerators and denominators, the highest power first: by region. */
const CENTRE = [
  [
    ...[2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457],
    ...[13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608],
  ],
  [
    ...[5226.495278852854561, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867],
    ...[5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1],
  ],
];
const TAIL = [
  [
    ...[7.7454501427834140764e-4, 2.27238449892691845833e-2, 0.24178072517745061177],
    ...[1.27045825245236838258, 3.64784832476320460504, 5.7694972214606914055],
    ...[4.6303378461565452959, 1.42343711074968357734],
  ],
  [
    ...[1.05075007164441684324e-9, 5.475938084995344946e-4, 1.51986665636164571966e-2],
    ...[0.14810397642748007459, 0.68976733498510000455, 1.6763848301838038494],
    ...[2.05319162663775882187, 1],
  ],
];
const FAR_TAIL = [
  [
    ...[2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.2426609473880784386e-3],
    ...[2.6532189526576123093e-2, 0.29656057182850489123, 1.7848265399172913358],
    ...[5.4637849111641143699, 6.6579046435011037772],
  ],
  [
    ...[2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5],
    ...[7.868691311456132591e-4, 1.48753612908506148525e-2, 0.13692988092273580531],
    ...[0.59983220655588793769, 1],
  ],
];

function rational([above, below]: number[][], r: number): number {
  let numerator = 0, denominator = 0;
  for (let i = 0; i < above.length; i++) {
    numerator = numerator * r + above[i];
    denominator = denominator * r + below[i];
  }
  return numerator / denominator;
}

/**
 * Φ⁻¹: the number below which a standard normal number lies with this probability; −∞ at 0 and ∞ at 1.
 * Relative error about 1e-15. Source: Wichura, "Algorithm AS 241" (1988).
 *
 * @param probability From 0 to 1; NaN beyond.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { normalQuantile } from "./normal_quantile.ts";
 * assert.equal(normalQuantile(0.5), 0);
 * assert.equal(normalQuantile(0.975).toFixed(12), "1.959963984540");
 * ```
 */
export function normalQuantile(probability: number): number {
  const q = probability - 0.5;
  if (Math.abs(q) <= 0.425) return q * rational(CENTRE, 0.180625 - q * q);
  const tail = q < 0 ? probability : 1 - probability;
  if (tail === 0) return q < 0 ? -Infinity : Infinity;
  const r = Math.sqrt(-Math.log(tail));
  const size = r <= 5 ? rational(TAIL, r - 1.6) : rational(FAR_TAIL, r - 5);
  return q < 0 ? -size : size;
}
