/**
 * jumprelu (Rajamanoharan et al., 2024): codes are pre where pre > θ, else 0, and the penalty is the
 * number of codes above θ.
 * @module
 */
import { requireNonNegative, requirePositive } from "../checks.ts";
import { padded, type RecordValues } from "../wasm/memory.ts";
import { DENSE_FIELDS, denseValues } from "./sae_dense.ts";
import { KVAL } from "./sae_support.ts";
import {
  COMMON_PARAMETERS,
  flag,
  type SaeOption,
  type SaeSpace,
  type SaeVariant,
  type VariantOptions,
} from "./sae_variant.ts";

/** Options of `jumprelu`. */
export interface JumpreluOptions {
  /** The variant. */
  readonly type: "jumprelu";
  /** Without effect: the options of every type once had it. */
  readonly kval?: number;
  /**
   * The penalty. `"codes"`, the default: the number of codes above θ, whose pseudo-gradient by θ sees the
   * codes (as in the paper's code); `"step"`: the same, seeing the pre-activations (SAELens); `"tanh"`:
   * Σ tanh(tanhScale·code·norm of its atom) (Anthropic); `"target"`: (L0/targetL0 − 1)², L0 being the mean
   * number of codes above θ of a batch (dictionary_learning); `"quadratic"`: (2/targetL0)·(L0 − targetL0)²
   * with the number of each sample, which sees the pre-activations (Gemma Scope 2; SAELens since
   * September 2026).
   */
  readonly penalty?: JumpreluPenalty;
  /** Width of the interval around θ where pseudo-gradients live. Default 1e-3. */
  readonly bandwidth?: number;
  /** The scale within tanh. Default 4. */
  readonly tanhScale?: number;
  /**
   * The number of codes per sample that penalties `"target"` and `"quadratic"` want, for the latter at most
   * the width. Default 20, for `"quadratic"` 30.
   */
  readonly targetL0?: number;
  /**
   * Weight of the mean over samples of Σ relu(θ − pre)·(norm of the atom) over dead units, which brings
   * them back. Needs `deadAfter` in training. Default 0.
   */
  readonly revival?: number;
  /** θ at the start. Default 1e-3. */
  readonly initialThreshold?: number;
  /**
   * Whether θ itself is trained, and set to 0 where it has fallen below, and not its logarithm. A step of
   * Adam changes what is trained by about the learning rate: log θ moves a small θ by that share of it
   * alone. dictionary_learning trains θ, and so does SAELens since 6.48. Default false, as in the paper.
   */
  readonly directThreshold?: boolean;
  /**
   * Whether pseudo-gradients reach the pre-activations too, and so the encoder: of a function of pre − θ they
   * are those by θ with the other sign (Anthropic; SAELens's `jumprelu_ste_to_input`). Needs penalty
   * `"step"`, `"tanh"` or `"quadratic"`. Default false.
   */
  readonly steToInput?: boolean;
}

/** What `jumprelu` may penalise; see {@linkcode JumpreluOptions}. */
export type JumpreluPenalty = "codes" | "step" | "tanh" | "target" | "quadratic";

/** In the order of their numbers in kernels/sae_jumprelu.ts. */
const PENALTIES: readonly JumpreluPenalty[] = ["codes", "step", "tanh", "target", "quadratic"];

/** The number of codes per sample that a penalty wants by default. */
function wantedL0({ penalty, targetL0 }: JumpreluOptions): number {
  return targetL0 ?? (penalty === "quadratic" ? 30 : 20);
}

/** The parameters of `jumprelu` beside the common ones. */
export interface JumpreluParameters {
  /** log θ, width values; jumprelu only, without `directThreshold`. */
  logThreshold: Float32Array;
  /** θ, width values; jumprelu with `directThreshold`. */
  threshold: Float32Array;
}

/** θ at the start where the options do not say. */
const INITIAL_THRESHOLD = 1e-3;

/** An option that must be above 0, or at least 0. */
function number(name: keyof JumpreluOptions, rule: typeof requirePositive): SaeOption {
  return { name, optional: true, check: (value) => rule(name, value as number) };
}

const STE_TO_INPUT = flag("steToInput");

const OPTIONS: readonly SaeOption[] = [
  { ...KVAL, optional: true },
  {
    name: "penalty",
    optional: true,
    check(value, { width }, options) {
      if (!PENALTIES.includes(value as JumpreluPenalty)) {
        throw new TypeError(`penalty must be one of ${PENALTIES.join(", ")}, got ${value}`);
      }
      const wanted = wantedL0(options as JumpreluOptions);
      if (value === "quadratic" && wanted > width) {
        throw new RangeError(
          `targetL0 must be at most ${width}, the width, for penalty quadratic, got ${wanted}`,
        );
      }
    },
  },
  number("bandwidth", requirePositive),
  number("tanhScale", requirePositive),
  number("targetL0", requirePositive),
  number("revival", requireNonNegative),
  number("initialThreshold", requirePositive),
  flag("directThreshold"),
  {
    ...STE_TO_INPUT,
    check(value, sizes, options) {
      STE_TO_INPUT.check(value, sizes, options);
      const { penalty = "codes" } = options as JumpreluOptions;
      if (value && (penalty === "codes" || penalty === "target")) {
        throw new TypeError(`steToInput needs penalty step, tanh or quadratic, got ${penalty}`);
      }
    },
  },
];

/** Whether thresholds are trained themselves; false for other types. */
export function isDirect(options: VariantOptions): boolean {
  return (options as JumpreluOptions).directThreshold ?? false;
}

function initialThreshold(options: VariantOptions): number {
  return (options as JumpreluOptions).initialThreshold ?? INITIAL_THRESHOLD;
}

/** The class JumpRelu in kernels/sae_jumprelu.ts tells what each is. */
const FIELDS = {
  ...DENSE_FIELDS,
  logThreshold: "block",
  gLogThreshold: "block",
  threshold: "block",
  pre: "block",
  penalty: "number",
  settings: "block",
  active: "number",
  direct: "number",
  rowCounts: "block",
  toInput: "number",
} as const;

function values(space: SaeSpace<JumpreluOptions>): RecordValues<typeof FIELDS> {
  const { options } = space;
  const { penalty = "codes", bandwidth = 1e-3, tanhScale = 4, revival = 0 } = options;
  const direct = isDirect(options), trained = direct ? "threshold" : "logThreshold";
  const settings = space.arena.f32(4);
  // its weight is that of a term of the loss
  settings.view.set([bandwidth, tanhScale, revival / (space.lossScale ?? 1), wantedL0(options)]);
  return {
    ...denseValues(space, penalty === "tanh" || revival > 0),
    logThreshold: space.parameter(trained),
    gLogThreshold: space.gradient(trained),
    threshold: space.arena.f32(padded(space.width)),
    pre: space.arena.f32(space.rows * padded(space.width)),
    penalty: PENALTIES.indexOf(penalty),
    settings,
    active: 0,
    direct: Number(direct),
    rowCounts: space.arena.i32(space.rows),
    toInput: Number(options.steToInput ?? false),
  };
}

/** The variant `jumprelu`. */
export const jumprelu: SaeVariant<JumpreluOptions> = {
  type: "jumprelu",
  kernel: 2,
  options: OPTIONS,
  parameters: [...COMMON_PARAMETERS, {
    name: "logThreshold",
    tensor: "logthreshold",
    shape: ["width"],
    trained: true,
    isPart: (options) => !isDirect(options),
    initial: ({ width, options }) =>
      new Float32Array(width).fill(Math.log(initialThreshold(options))),
  }, {
    name: "threshold",
    tensor: "threshold",
    shape: ["width"],
    trained: true,
    isPart: isDirect,
    initial: ({ width, options }) => new Float32Array(width).fill(initialThreshold(options)),
  }],
  penalty: { gamma: 1e-4 },
  fields: FIELDS,
  values,
};
