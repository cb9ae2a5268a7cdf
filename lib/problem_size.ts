/**
 * How many observed dimensions a problem needs: the bound of compressed sensing, and what looks wrong
 * with a problem that stays below it.
 * @module
 */
import { requireInteger, requireOptions, requirePositive } from "./checks.ts";

/** What can look wrong with a problem that can be run all the same. */
export interface ConfigWarning {
  /** Fewer observed dimensions than the bound asks for, or less than two samples for each of them. */
  kind: "input_dim_below_minimum" | "too_few_samples";
  /** The rule and the current values. */
  message: string;
}

/** One problem, as {@linkcode validateConfig} sees it. */
export interface ProblemConfig {
  /** n: number of latents. */
  numLatents: number;
  /** k: active latents per sample. */
  k: number;
  /** m: number of observed dimensions. */
  inputDim: number;
  /** The bound on m for this n, k and c. */
  inputDimMin: number;
  /** Number of samples; null when not given. */
  nSamples: number | null;
  /** m / (k ln(n/k)), rounded to three decimals: the c that gives this m. */
  eps: number;
  /** True when there are no warnings. */
  valid: boolean;
  /** What looks wrong. */
  warnings: ConfigWarning[];
}

/**
 * ⌈c·k·ln(n/k)⌉: how many random measurements suffice, up to the constant, to recover k active ones
 * of n latents (Candès, Romberg and Tao, 2006). No checks and no lower limit.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { compressedSensingBound } from "./problem_size.ts";
 * // 2·10·ln(100/10) = 46.05…
 * assert.equal(compressedSensingBound(100, 10, 2), 47);
 * ```
 */
export function compressedSensingBound(numLatents: number, k: number, c: number): number {
  requireInteger("numLatents", numLatents, 1);
  requireInteger("k", k, 1);
  requirePositive("c", c);
  return Math.ceil(c * k * Math.log(numLatents / k));
}

/**
 * The largest k that the generator can place: setting A and setting C put latent 0 beside k − 1
 * latents of one half of the others, of which the smaller has ⌈n/2⌉ − 1.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { largestSparsity } from "./problem_size.ts";
 * assert.equal(largestSparsity(50), 25);
 * ```
 */
export function largestSparsity(numLatents: number): number {
  requireInteger("numLatents", numLatents, 1);
  return Math.ceil(numLatents / 2);
}

/**
 * The number of observed dimensions for n latents of which k are active: max(k + 1, ⌈c·k·ln(n/k)⌉).
 *
 * @param numLatents n: number of latents.
 * @param k Active latents per sample, from 1 to n − 1.
 * @param c The constant of the bound.
 * @throws {TypeError} When an argument is not a number.
 * @throws {RangeError} When n or k is no integer of at least 1, k ≥ n, c is not above 0, or the
 * bound exceeds n: no compression is left then.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { computeInputDim } from "./problem_size.ts";
 * assert.equal(computeInputDim(1000, 10), 93);
 * ```
 */
export function computeInputDim(numLatents: number, k: number, c = 2): number {
  requireInteger("numLatents", numLatents, 1);
  requireInteger("k", k, 1);
  requirePositive("c", c);
  if (k >= numLatents) {
    throw new RangeError(
      `Cannot compute the input dimension: k must be below numLatents, got k = ${k} of ${numLatents}`,
    );
  }
  const inputDim = Math.max(k + 1, compressedSensingBound(numLatents, k, c));
  if (inputDim > numLatents) {
    throw new RangeError(
      `Cannot compute the input dimension: the bound must not exceed numLatents, got ${inputDim} ` +
        `for numLatents = ${numLatents}, k = ${k}, c = ${c}`,
    );
  }
  return inputDim;
}

/**
 * m / (k ln(n/k)), rounded to three decimals: the constant of the bound that gives this m.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { computeEps } from "./problem_size.ts";
 * assert.equal(computeEps(100, 10, 47).toFixed(3), "2.041");
 * ```
 */
export function computeEps(numLatents: number, k: number, inputDim: number): number {
  return Number((inputDim / (k * Math.log(numLatents / k))).toFixed(3));
}

/**
 * Completes a problem by the bound and tells what looks wrong with it: fewer observed dimensions
 * than the bound, or fewer than two samples per observed dimension.
 *
 * @throws {RangeError} What {@linkcode computeInputDim} throws, and when `inputDim` or `nSamples` is
 * given and no integer of at least 1.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { validateConfig } from "./problem_size.ts";
 * const { warnings } = validateConfig({ numLatents: 100, k: 10, inputDim: 40 });
 * assert.equal(warnings[0].kind, "input_dim_below_minimum");
 * ```
 */
export function validateConfig(
  config: {
    numLatents: number;
    k: number;
    inputDim?: number;
    nSamples?: number | null;
    c?: number;
  },
): ProblemConfig {
  requireOptions("config", config, ["numLatents", "k", "inputDim", "nSamples", "c"]);
  const { numLatents, k, inputDim, nSamples = null, c = 2 } = config;
  const inputDimMin = computeInputDim(numLatents, k, c);
  const m = inputDim ?? inputDimMin;
  requireInteger("inputDim", m, 1);
  const warnings: ConfigWarning[] = [];
  if (m < inputDimMin) {
    warnings.push({
      kind: "input_dim_below_minimum",
      message: `inputDim should be at least the bound ${inputDimMin}, got ${m}`,
    });
  }
  if (nSamples !== null) {
    requireInteger("nSamples", nSamples, 1);
    if (nSamples < 2 * m) {
      warnings.push({
        kind: "too_few_samples",
        message: `nSamples should be at least 2 × inputDim = ${2 * m}, got ${nSamples}`,
      });
    }
  }
  return {
    numLatents,
    k,
    inputDim: m,
    inputDimMin,
    nSamples,
    eps: computeEps(numLatents, k, m),
    valid: warnings.length === 0,
    warnings,
  };
}
