/**
 * What the training steps share that skip what is zero and write no gradients: see kernels/sae_fused.ts.
 * @module
 */
import { type Arena, type Block, type Call, padded, type RecordValues } from "../wasm/memory.ts";
import type { AdamW } from "./adamw.ts";
import type { SaeWorkspace } from "./sae.ts";
import type { SaeModel } from "./sae_variants.ts";

/** From this width on a fused step pays. */
export const FUSED_FROM_WIDTH = 1000;
/** Parts of units and samples that threads may share; the sums over units are made in these parts. */
export const CHUNKS = 8;

/** Units that a product takes at a time, as in the kernel. */
const GROUP = 5;

/** The class SaeFused in kernels/sae_fused.ts tells what each is. */
export const FUSED_FIELDS = {
  sae: "block",
  chunks: "number",
  most: "number",
  project: "number",
  rows: "number",
  settings: "block",
  meanEncoder: "block",
  squareEncoder: "block",
  meanEncoderBias: "block",
  squareEncoderBias: "block",
  meanDecoder: "block",
  squareDecoder: "block",
  meanDecoderBias: "block",
  squareDecoderBias: "block",
  panels: "block",
  zeros: "block",
  groups: "block",
  buffers: "block",
  gradients: "block",
} as const;

/** What a fused step works on. */
export interface FusedSpace {
  /** Where blocks are allocated. */
  readonly arena: Arena;
  /** The autoencoder. */
  readonly model: SaeModel;
  /** Its parameters. */
  readonly workspace: SaeWorkspace;
  /** What trains them. */
  readonly adam: AdamW;
  /** Whether the decoder's gradient loses its part along each atom. */
  readonly project: boolean;
  /** Most codes per sample, where training has more of them than `kval`. */
  readonly mostCodes?: number;
  /** Samples that come again and again, by their numbers. Default: none is known to. */
  readonly recurring?: number;
}

/** Weight of the kernels' penalty, AdamW's factor on gradients and rate, and which samples, of one step. */
export interface FusedStepOptions {
  /** The weight of the penalty. */
  readonly gamma: number;
  /** The loss is so many times that of the kernels. */
  readonly gradScale: number;
  /** Learning rate. */
  readonly lr: number;
  /** Which of those that come again each sample is. It may save time but changes nothing. Default: unknown. */
  readonly numbers?: Block<Int32Array>;
}

/** Fused steps on an autoencoder in training. */
export interface FusedSteps {
  /** Whether this step is faster than the dense one. */
  readonly pays: boolean;
  /** The part of codes that the last step found active; a dense step tells it. */
  active: number;
  /** One step on the samples `order[0 … rows − 1]` of `data`. */
  step(data: Block, order: Block<Int32Array>, rows: number, options: FusedStepOptions): void;
  /**
   * What adds the squared residuals and the active codes of samples to the sums, as a forward pass does and to the bit, but
   * leaves no codes, for as long as the weights stay as they are; undefined where a variant has no faster way than that.
   */
  readonly scorer?: () => Scorer;
}

/** Adds what the samples `order[0 … rows − 1]` of `data` give to the sums. */
export type Scorer = (data: Block, order: Block<Int32Array>, rows: number) => void;

/** Running means of gradients by a parameter and of their squares; empty where it is not trained. */
export function meansOf({ arena, workspace, adam }: FusedSpace, name: string): [Block, Block] {
  const block = workspace.parameters.block(name);
  if (!block) return [arena.f32(0), arena.f32(0)];
  const start = workspace.parameters.place(name);
  return [adam.mean.from(start, block.length), adam.meanSquare.from(start, block.length)];
}

/** The values of {@linkcode FUSED_FIELDS}. */
export function fusedValues(space: FusedSpace): RecordValues<typeof FUSED_FIELDS> {
  const { arena, model: { inputDim }, workspace, project } = space;
  const most = padded(workspace.rows);
  const [meanEncoder, squareEncoder] = meansOf(space, "encoder");
  const [meanEncoderBias, squareEncoderBias] = meansOf(space, "encoderBias");
  const [meanDecoder, squareDecoder] = meansOf(space, "decoder");
  const [meanDecoderBias, squareDecoderBias] = meansOf(space, "decoderBias");
  return {
    sae: workspace.record,
    chunks: CHUNKS,
    most,
    project: Number(project),
    rows: 0,
    settings: arena.f32(9),
    ...{ meanEncoder, squareEncoder, meanEncoderBias, squareEncoderBias },
    ...{ meanDecoder, squareDecoder, meanDecoderBias, squareDecoderBias },
    panels: arena.f32(most * inputDim),
    zeros: arena.f32(padded(inputDim)),
    groups: arena.f32(CHUNKS * GROUP * padded(inputDim)),
    buffers: arena.f32(CHUNKS * GROUP * most),
    gradients: arena.f32(CHUNKS * 3 * padded(inputDim)),
  };
}

/** A call of a kernel that takes as much as one does that works on a chunk of its record. */
export type ChunkCall = Extract<Call, [kernel: unknown, record: unknown, chunk: unknown]>;

/** A kernel's programs on a record, one for each chunk, which threads may share. */
export function chunkPrograms(kernel: ChunkCall[0], record: Block<Int32Array>): Call[][] {
  return Array.from({ length: CHUNKS }, (_, chunk) => [[kernel, record, chunk] as Call]);
}

/** The settings of a step of `rows` samples; counts it as one of AdamW. */
export function settingsOf(
  { adam }: FusedSpace,
  rows: number,
  { gamma, gradScale, lr }: FusedStepOptions,
): number[] {
  return [gamma / rows, ...adam.advance(gradScale, lr)];
}
