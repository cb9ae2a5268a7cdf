/**
 * jumprelu (Rajamanoharan et al., 2024): codes are pre where pre > θ, else 0, and the penalty is the
 * number of codes above θ.
 * @module
 */
import { padded, type RecordValues } from "../wasm/memory.ts";
import { DENSE_FIELDS, denseValues } from "./sae_dense.ts";
import { KVAL } from "./sae_support.ts";
import { COMMON_PARAMETERS, type SaeVariant } from "./sae_variant.ts";

/** Options of `jumprelu`. */
export interface JumpreluOptions {
  /** The variant. */
  readonly type: "jumprelu";
  /** Without effect: the options of every type once had it. */
  readonly kval?: number;
}

/** The parameters of `jumprelu` beside the common ones. */
export interface JumpreluParameters {
  /** log θ, width values; jumprelu only. */
  logThreshold: Float32Array;
}

/** θ at the start. */
const INITIAL_THRESHOLD = 1e-3;

/** The class JumpRelu in kernels/sae_jumprelu.ts tells what each is. */
const FIELDS = {
  ...DENSE_FIELDS,
  logThreshold: "block",
  gLogThreshold: "block",
  threshold: "block",
  pre: "block",
} as const;

/** The variant `jumprelu`. */
export const jumprelu: SaeVariant<JumpreluOptions> = {
  type: "jumprelu",
  kernel: 2,
  options: [{ ...KVAL, optional: true }],
  parameters: [...COMMON_PARAMETERS, {
    name: "logThreshold",
    tensor: "logthreshold",
    shape: ["width"],
    trained: true,
    initial: ({ width }) => new Float32Array(width).fill(Math.log(INITIAL_THRESHOLD)),
  }],
  penalty: { gamma: 1e-4 },
  fields: FIELDS,
  values: (space): RecordValues<typeof FIELDS> => ({
    ...denseValues(space),
    logThreshold: space.parameter("logThreshold"),
    gLogThreshold: space.gradient("logThreshold"),
    threshold: space.arena.f32(padded(space.width)),
    pre: space.arena.f32(space.rows * padded(space.width)),
  }),
};
