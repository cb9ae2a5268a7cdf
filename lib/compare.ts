/**
 * The inference methods side by side on one dictionary.
 * @module
 */
import { INTERRUPTIBLE, type Interruptible, watch } from "./interruptible.ts";
import { requireBoolean, requireFunction, requireInstance, requireOptions } from "./checks.ts";
import { Lista } from "./lista.ts";
import { type AnyMatrix, requireAnyMatrix } from "./csr_matrix.ts";
import { lasso } from "./lasso.ts";
import { type Matrix, requireMatrix } from "./matrix.ts";
import { evaluate, type Evaluation } from "./metrics.ts";
import { meanL0, meanSquaredError } from "./reconstruction.ts";
import { refineFromSae } from "./refine.ts";
import { Sae } from "./saes.ts";
import { fista, ista } from "./sparse_coding.ts";

/** One split as `generateDatasets` makes it. */
export interface ComparedSplit {
  /** Observations, samples × m. */
  Y: Matrix;
  /** True codes, samples × latents. Left out, in both splits, where they are unknown: no MCC then. */
  Z?: Matrix;
  /** Label of each sample, 0 or 1. */
  labels: ArrayLike<number | boolean>;
}

/** Options of {@linkcode compareMethods}. */
export interface CompareOptions extends Interruptible {
  /** The shared dictionary, m × n. */
  dictionary: Matrix;
  /** Weight of the penalty, λ > 0. */
  lambda: number;
  /** Iterations of FISTA, ISTA and the refinement. Default 100. */
  nIter?: number;
  /** An autoencoder, for the methods `sae` and `sae_refined`. */
  sae?: Sae;
  /** A trained network, for the method `lista`. */
  lista?: Lista;
  /** Whether the method `lasso`, non-negative and to a gap of 1e-4, is compared too. Default false. */
  lasso?: boolean;
  /** Methods of one's own by name: each takes observations (samples × m) to codes (samples × n). */
  methods?: Readonly<Record<string, (Y: Matrix) => AnyMatrix>>;
}

/** A row of {@linkcode compareMethods}; keys as in the result files. */
export interface ComparedMethod extends Evaluation {
  /** fista, ista, lasso, sae, sae_refined, lista, or the name of one's own. */
  method: string;
  /** Mean squared error on ID with the shared dictionary, without any bias. */
  mse_iid: number;
  /** The same on OOD. */
  mse_ood: number;
  /** Mean number of codes above 0.01 in absolute value per ID sample. */
  l0_iid: number;
  /** The same on OOD. */
  l0_ood: number;
}

/** {@linkcode ComparedMethod} where the true codes are known. */
export interface FullyComparedMethod extends ComparedMethod {
  /** MCC in distribution. */
  mcc_iid: number;
  /** MCC out of distribution. */
  mcc_ood: number;
}

const COMPARE_OPTIONS = [
  ...["dictionary", "lambda", "nIter", "lasso", "sae", "lista", "methods", ...INTERRUPTIBLE],
];

/**
 * Scores inference methods on one dictionary: non-negative FISTA, ISTA, where wanted the
 * non-negative Lasso to a certified gap, and where given an autoencoder, the same refined by FISTA with its own decoder, LISTA, and methods of one's own. The mean
 * squared errors all use the shared dictionary without bias, so that an autoencoder's tells how far its
 * codes fit it.
 *
 * @param splits val (ID) and ood, as `generateDatasets` makes them.
 * @returns One row per method, in the order above.
 * @throws {TypeError} When an argument is of the wrong kind.
 * @throws {RangeError} When shapes do not fit together, a value is not finite, λ is not above 0,
 * `nIter` is no integer of at least 1, or a method of one's own has the name of another.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { compareMethods } from "./compare.ts";
 * import { generateDatasets } from "./data.ts";
 * import { fista } from "./sparse_coding.ts";
 * const { val, ood, A } = generateDatasets({ seed: 0, numLatents: 20, k: 3, nSamples: 200 });
 * const rows = compareMethods({ val, ood }, {
 *   dictionary: A,
 *   lambda: 0.1,
 *   methods: { ten_iterations: (Y) => fista(Y, A, { lambda: 0.1, nonneg: true, nIter: 10 }) },
 * });
 * assert.deepEqual(rows.map((row) => row.method), ["fista", "ista", "ten_iterations"]);
 * assert(rows[0].mse_iid < rows[2].mse_iid);
 * ```
 */
export function compareMethods(
  splits: { val: Required<ComparedSplit>; ood: Required<ComparedSplit> },
  options: CompareOptions,
): FullyComparedMethod[];
/** The same for splits whose true codes may be unknown: without them the rows have no MCC. */
export function compareMethods(
  splits: { val: ComparedSplit; ood: ComparedSplit },
  options: CompareOptions,
): ComparedMethod[];
export function compareMethods(
  splits: { val: ComparedSplit; ood: ComparedSplit },
  options: CompareOptions,
): ComparedMethod[] {
  requireOptions("splits", splits);
  requireOptions("options", options, COMPARE_OPTIONS);
  const endsAfter = watch(options);
  const { val, ood } = splits;
  const { dictionary, lambda, nIter = 100, lasso: withLasso = false, sae, lista, methods = {} } =
    options;
  for (const [name, split] of [["val", val], ["ood", ood]] as const) {
    requireOptions(name, split);
    requireMatrix(`${name}.Y`, split.Y);
  }
  requireBoolean("lasso", withLasso);
  if (sae !== undefined) requireInstance("sae", sae, Sae);
  if (lista !== undefined) requireInstance("lista", lista, Lista);
  requireMatrix("dictionary", dictionary, { rows: val.Y.cols });
  requireOptions("methods", methods);
  const encoders: Record<string, (Y: Matrix) => AnyMatrix> = {
    fista: (Y) => fista(Y, dictionary, { lambda, nIter, nonneg: true }),
    ista: (Y) => ista(Y, dictionary, { lambda, nIter }),
    ...(withLasso && { lasso: (Y) => lasso(Y, dictionary, { lambda, nonneg: true }).codes }),
    ...(sae && {
      sae: (Y) => sae.encode(Y),
      sae_refined: (Y) => refineFromSae(sae, Y, { lambda, nIter }).codes,
    }),
    ...(lista && { lista: (Y) => lista.forward(Y) }),
  };
  for (const [name, encode] of Object.entries(methods)) {
    requireFunction(`methods.${name}`, encode);
    if (Object.hasOwn(encoders, name)) {
      throw new RangeError(`methods must have names of their own, got ${name}, which is compared`);
    }
    encoders[name] = (Y) => {
      const codes = encode(Y);
      requireAnyMatrix(`codes of ${name}`, codes, { rows: Y.rows, cols: dictionary.cols });
      return codes;
    };
  }
  const rows: ComparedMethod[] = [], all = Object.entries(encoders);
  for (const [method, encode] of all) {
    const codesId = encode(val.Y), codesOod = encode(ood.Y);
    rows.push({
      method,
      ...evaluate({ codesId, codesOod, val, ood }, { null: false }),
      mse_iid: meanSquaredError(val.Y, codesId, dictionary),
      mse_ood: meanSquaredError(ood.Y, codesOod, dictionary),
      l0_iid: meanL0(codesId),
      l0_ood: meanL0(codesOod),
    });
    if (endsAfter(rows.length, all.length)) break;
  }
  return rows;
}
