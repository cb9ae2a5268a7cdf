/**
 * The options of the paper's experiments: what their flags are called, what they are for, and what
 * they can be.
 * @module
 */
import { largestSparsity } from "../problem_size.ts";
import { decimal, integer, type Kind, listOf, oneOf, someOrNone } from "../sweep/kinds.ts";
import type { OptionSpec, OptionSpecs } from "../sweep/experiment.ts";
import { UsageError } from "../sweep/flags.ts";
import { PAPER_SAE_TYPES, type PaperSaeType } from "./sae_types.ts";

/** Options that an experiment of the paper can have. */
export interface PaperOptions {
  /** Numbers of latents, `--n`. */
  n: number[];
  /** Seeds, `--seeds`. */
  seeds: number[];
  /** Active latents per sample, `--k`. */
  k: number[];
  /** Constants of the compressed-sensing bound, `--c`. */
  c: number[];
  /** Numbers of samples, `--samples`. */
  samples: number[];
  /** Numbers of observed dimensions, `--m`; empty: by the bound. */
  m: number[];
  /** Units of the autoencoders and atoms of learned dictionaries, `--width`; empty: as many as latents. */
  width: number[];
  /** Learning rate of the autoencoders, `--lr`; undefined: the paper's. */
  lr: number | undefined;
  /** Weight of the autoencoders' penalty, `--gamma`; undefined: the paper's. */
  gamma: number | undefined;
  /** Kinds of autoencoder to run, `--types`; undefined: all of the paper's. */
  types: PaperSaeType[] | undefined;
  /** Passes over the training set, `--epochs`. */
  epochs: number;
  /** Steps of the iterative learners, `--max-steps`. */
  maxSteps: number;
  /** Steps of Softplus-Adam, `--softplus-steps`; undefined: as `softplusSteps` has it. */
  softplusSteps: number | undefined;
  /** Weight or weights of the L1 norm, `--lambda`. */
  lambda: number | number[];
  /** FISTA iterations, `--fista-iters`. */
  fistaIters: number;
  /** Methods to run, `--methods`: some of those that are the default. */
  methods: string[];
}

/** The values of one option: see {@linkcode OptionSpec}. */
export type OptionValues<Value> = Pick<OptionSpec<Value>, "default" | "paper" | "axis">;

const count = integer({ min: 1 });

/** What each option is for, and the kind of one value. */
const MEANINGS: Record<
  Exclude<keyof PaperOptions, "methods">,
  { about: string; kind: Kind<number> | Kind<PaperSaeType[]> }
> = {
  n: { about: "numbers of latents", kind: integer({ min: 2 }) },
  seeds: {
    about: "seeds of the data and the weights",
    kind: integer({ min: 0, max: 2 ** 32 - 1 }),
  },
  k: { about: "active latents per sample; with 1, no combination is new OOD", kind: count },
  c: {
    about: "constants c of the bound m = ⌈c·k·ln(n/k)⌉, and at most n",
    // beyond, m is 1 or n whatever n and k are: the paper's are from 0.5 to 6
    kind: decimal({ min: 0.1, max: 10 }),
  },
  samples: { about: "numbers of samples", kind: integer({ min: 4 }) },
  m: { about: "observed dimensions (default: ⌈2k·ln(n/k)⌉)", kind: count },
  width: { about: "units of SAEs, atoms of dictionaries (default: n)", kind: count },
  lr: { about: "learning rate of SAEs (default: 5e-4)", kind: decimal({ above: 0 }) },
  gamma: { about: "weight of the penalty of SAEs (default: 1e-4)", kind: decimal({ min: 0 }) },
  types: {
    about: "types of SAE to run, or none (default: all four)",
    kind: someOrNone(PAPER_SAE_TYPES),
  },
  epochs: { about: "training passes of an SAE", kind: count },
  maxSteps: { about: "steps of the iterative learners", kind: count },
  softplusSteps: {
    about: "of Softplus-Adam (default: --max-steps, at most 5000 above n = 500)",
    kind: count,
  },
  lambda: { about: "weight λ of the L1 norm", kind: decimal({ above: 0 }) },
  fistaIters: { about: "FISTA iterations", kind: count },
};

/**
 * Options of the paper with all that their flags need. One whose default is a list takes a list.
 *
 * @param values The options that an experiment has, in the order of its usage.
 * @returns Specs for `Experiment.options`; those of an experiment's own can stand beside them.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { paperOptions } from "./options.ts";
 *
 * const { n, lambda } = paperOptions({ n: { default: [50], paper: [50, 100] }, lambda: { default: 0.1 } });
 * assert.deepEqual(n.kind?.read("50,500"), [50, 500]);
 * assert.equal(lambda.kind?.rule, "a number above 0");
 * ```
 */
export function paperOptions<Options extends Partial<PaperOptions>>(
  values: { [Name in keyof Options]: OptionValues<Options[Name]> },
): OptionSpecs<Options> {
  return withPaperFlags(values);
}

/**
 * Options of which some are the paper's: these get what their flags need, as far as they do not say it
 * themselves. The others stay as they are.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { withPaperFlags } from "./options.ts";
 *
 * const { n, noise } = withPaperFlags({ n: { default: [50] }, noise: { default: 0.1 } });
 * assert.equal(n.about, "numbers of latents");
 * assert.deepEqual(noise, { default: 0.1 });
 * ```
 */
export function withPaperFlags<Options extends object>(
  specs: OptionSpecs<Options>,
): OptionSpecs<Options> {
  const entries = Object.entries<OptionSpec<unknown>>(specs).map(([name, option]) => {
    // an option without a default says itself which methods there are
    const meaning = name === "methods" && option.default !== undefined
      ? { about: "methods to run", kind: oneOf(option.default as string[]) }
      : Object.hasOwn(MEANINGS, name)
      ? MEANINGS[name as keyof typeof MEANINGS]
      : undefined;
    if (!meaning) return [name, option];
    const { about, kind } = meaning, many = Array.isArray(option.default);
    return [name, { about, kind: many ? listOf<unknown>(kind) : kind, ...option }];
  });
  return Object.fromEntries(entries) as OptionSpecs<Options>;
}

/**
 * Refuses a grid point whose samples cannot be drawn, before any work.
 *
 * @throws {UsageError} When k is not below n, or k active latents do not fit in one half of n.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { requireProblem } from "./options.ts";
 *
 * requireProblem({ n: 50, k: 10 });
 * assert.throws(() => requireProblem({ n: 10, k: 10 }), { name: "UsageError" });
 * ```
 */
export function requireProblem({ n, k }: { n: number; k: number }): void {
  if (k >= n) throw new UsageError(`--n must be above the ${k} active latents (k), got ${n}`);
  if (k > largestSparsity(n)) {
    throw new UsageError(
      `--n must be at least ${2 * k - 1}, for k = ${k} active latents in one half, got ${n}`,
    );
  }
}
