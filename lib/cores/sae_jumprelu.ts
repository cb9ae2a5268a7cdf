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
  type SaeOption,
  type SaeSpace,
  type SaeVariant,
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
   * Σ tanh(tanhScale·code·norm of its atom) (Anthropic); `"target"`: (L0/targetL0 − 1)²
   * (dictionary_learning).
   */
  readonly penalty?: JumpreluPenalty;
  /** Width of the interval around θ where pseudo-gradients live. Default 1e-3. */
  readonly bandwidth?: number;
  /** The scale within tanh. Default 4. */
  readonly tanhScale?: number;
  /** The number of codes per sample that penalty `"target"` wants. Default 20. */
  readonly targetL0?: number;
  /**
   * Weight of the mean over samples of Σ relu(θ − pre)·(norm of the atom) over dead units, which brings
   * them back. Needs `deadAfter` in training. Default 0.
   */
  readonly revival?: number;
  /** θ at the start. Default 1e-3. */
  readonly initialThreshold?: number;
}

/** What `jumprelu` may penalise; see {@linkcode JumpreluOptions}. */
export type JumpreluPenalty = "codes" | "step" | "tanh" | "target";

/** In the order of their numbers in kernels/sae_jumprelu.ts. */
const PENALTIES: readonly JumpreluPenalty[] = ["codes", "step", "tanh", "target"];

/** The parameters of `jumprelu` beside the common ones. */
export interface JumpreluParameters {
  /** log θ, width values; jumprelu only. */
  logThreshold: Float32Array;
}

/** θ at the start where the options do not say. */
const INITIAL_THRESHOLD = 1e-3;

/** An option that must be above 0, or at least 0. */
function number(name: keyof JumpreluOptions, rule: typeof requirePositive): SaeOption {
  return { name, optional: true, check: (value) => rule(name, value as number) };
}

const OPTIONS: readonly SaeOption[] = [
  { ...KVAL, optional: true },
  {
    name: "penalty",
    optional: true,
    check(value) {
      if (PENALTIES.includes(value as JumpreluPenalty)) return;
      throw new TypeError(`penalty must be one of ${PENALTIES.join(", ")}, got ${value}`);
    },
  },
  number("bandwidth", requirePositive),
  number("tanhScale", requirePositive),
  number("targetL0", requirePositive),
  number("revival", requireNonNegative),
  number("initialThreshold", requirePositive),
];

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
} as const;

function values(space: SaeSpace<JumpreluOptions>): RecordValues<typeof FIELDS> {
  const { penalty = "codes", bandwidth = 1e-3, tanhScale = 4, targetL0 = 20, revival = 0 } =
    space.options;
  const settings = space.arena.f32(4);
  // its weight is that of a term of the loss
  settings.view.set([bandwidth, tanhScale, revival / (space.lossScale ?? 1), targetL0]);
  return {
    ...denseValues(space, penalty === "tanh" || revival > 0),
    logThreshold: space.parameter("logThreshold"),
    gLogThreshold: space.gradient("logThreshold"),
    threshold: space.arena.f32(padded(space.width)),
    pre: space.arena.f32(space.rows * padded(space.width)),
    penalty: PENALTIES.indexOf(penalty),
    settings,
    active: 0,
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
    initial({ width, options }) {
      const { initialThreshold = INITIAL_THRESHOLD } = options as JumpreluOptions;
      return new Float32Array(width).fill(Math.log(initialThreshold));
    },
  }],
  penalty: { gamma: 1e-4 },
  fields: FIELDS,
  values,
};
