/**
 * gated (Rajamanoharan et al., 2024): one product tells which units are on, by a bias of its own, and,
 * scaled, how large their codes are.
 * @module
 */
import { padded, type RecordValues } from "../wasm/memory.ts";
import { DENSE_FIELDS, denseValues } from "./sae_dense.ts";
import {
  COMMON_PARAMETERS,
  flag,
  type SaeParameter,
  type SaeSpace,
  type SaeVariant,
  type VariantOptions,
} from "./sae_variant.ts";

/** Options of `gated`. */
export interface GatedOptions extends VariantOptions {
  /** The variant. */
  readonly type: "gated";
  /** Whether the penalty is Σ relu(π) times the norms of the atoms. Default false. */
  readonly decoderNorms?: boolean;
  /**
   * Whether the error of relu(π) as codes leaves decoder and decoder bias alone, as in the paper. SAELens
   * has false. Default true.
   */
  readonly frozenDecoder?: boolean;
}

/** The parameters of `gated` beside the common ones, of which `encoderBias` is the gates' bias. */
export interface GatedParameters {
  /** b_mag, width values: the bias of the magnitudes. */
  magnitudeBias: Float32Array;
  /** r, width values: magnitudes see the encoder times e^r. */
  logScale: Float32Array;
}

const perUnit = (name: keyof GatedParameters, tensor: string): SaeParameter => ({
  ...{ name, tensor, shape: ["width"], trained: true },
  initial: ({ width }) => new Float32Array(width),
});

/** The class Gated in kernels/sae_gated.ts tells what each is. */
const FIELDS = {
  ...DENSE_FIELDS,
  magnitudeBias: "block",
  gMagnitudeBias: "block",
  logScale: "block",
  gLogScale: "block",
  factors: "block",
  pre: "block",
  gates: "block",
  gGates: "block",
  gateResidual: "block",
  gInput: "block",
  frozen: "number",
} as const;

function values(space: SaeSpace<GatedOptions>): RecordValues<typeof FIELDS> {
  const { arena, inputDim, width, rows, gradients, parameter, gradient, options } = space;
  const { decoderNorms, frozenDecoder = true } = options;
  const stride = padded(width), backward = gradients ? rows : 0;
  return {
    ...denseValues(space, decoderNorms),
    magnitudeBias: parameter("magnitudeBias"),
    gMagnitudeBias: gradient("magnitudeBias"),
    logScale: parameter("logScale"),
    gLogScale: gradient("logScale"),
    factors: arena.f32(stride),
    pre: arena.f32(rows * stride),
    gates: arena.f32(rows * stride),
    gGates: arena.f32(backward * stride),
    gateResidual: arena.f32(backward * padded(inputDim)),
    gInput: arena.f32(stride),
    frozen: Number(frozenDecoder),
  };
}

/** The variant `gated`. */
export const gated: SaeVariant<GatedOptions> = {
  type: "gated",
  kernel: 7,
  options: [flag("decoderNorms"), flag("frozenDecoder")],
  parameters: [
    ...COMMON_PARAMETERS,
    perUnit("magnitudeBias", "bmag"),
    perUnit("logScale", "rmag"),
  ],
  penalty: { gamma: 1e-4 },
  fields: FIELDS,
  values,
};
