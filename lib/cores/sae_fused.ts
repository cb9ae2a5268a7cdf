/**
 * The training step of wide relu and jumprelu autoencoders, which skips what is zero and writes no
 * gradients. The dense step of sae_training.ts is the faster one where most codes are active.
 * @module
 */
import { type Arena, type Block, type Call, padded, run, runAll } from "../wasm/memory.ts";
import type { AdamW } from "./adamw.ts";
import type { SaeWorkspace } from "./sae.ts";
import type { SaeModel } from "./sae_variants.ts";

/** From this width on the fused step pays. */
export const FUSED_FROM_WIDTH = 1000;
/** Above this part of active codes the dense step is faster. */
const MOST_ACTIVE = 0.5;
/** Parts of the units that threads may share; the sums over units are made in these parts. */
const CHUNKS = 8;
/** Units whose lists are made before they are used, as in the kernel. */
const TILE = 126;

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
  meanLog: "block",
  squareLog: "block",
  panels: "block",
  counts: "block",
  places: "block",
  values: "block",
  buffers: "block",
  rowCounts: "block",
  rowLists: "block",
  parts: "block",
  gradients: "block",
  totals: "block",
} as const;

/**
 * Whether there is a fused step for a model: relu and jumprelu of enough units, with the penalties that the
 * paper has.
 */
export function canFuse({ options, width }: SaeModel): boolean {
  if (width < FUSED_FROM_WIDTH) return false;
  if (options.type === "relu") return !options.decoderNorms;
  return options.type === "jumprelu" && (options.penalty ?? "codes") === "codes" &&
    !options.revival;
}

/** Fused steps on an autoencoder in training. */
export class FusedSteps {
  readonly #record: Block<Int32Array>;
  readonly #settings: Block;
  readonly #adam: AdamW;
  readonly #encode: Call[][];
  readonly #units: Call[][];
  readonly #width: number;
  #active = 1;

  /** On the parameters of a workspace and the running means of an AdamW; `project` as in the trainer. */
  constructor(
    arena: Arena,
    model: SaeModel,
    workspace: SaeWorkspace,
    adam: AdamW,
    project: boolean,
  ) {
    const { inputDim, width } = model, ldm = padded(inputDim), most = padded(workspace.rows);
    const means = (name: string): [Block, Block] => {
      const block = workspace.parameters.block(name);
      if (!block) return [arena.f32(0), arena.f32(0)];
      const start = workspace.parameters.place(name);
      return [adam.mean.from(start, block.length), adam.meanSquare.from(start, block.length)];
    };
    const [meanEncoder, squareEncoder] = means("encoder");
    const [meanEncoderBias, squareEncoderBias] = means("encoderBias");
    const [meanDecoder, squareDecoder] = means("decoder");
    const [meanDecoderBias, squareDecoderBias] = means("decoderBias");
    const [meanLog, squareLog] = means("logThreshold");
    this.#adam = adam;
    this.#width = width;
    this.#settings = arena.f32(9);
    this.#record = arena.record(FUSED_FIELDS, {
      ...{ sae: workspace.record, chunks: CHUNKS, most, project: Number(project), rows: 0 },
      ...{ settings: this.#settings, meanEncoder, squareEncoder, meanEncoderBias },
      ...{ squareEncoderBias, meanDecoder, squareDecoder, meanDecoderBias, squareDecoderBias },
      ...{ meanLog, squareLog },
      panels: arena.f32(most * inputDim),
      counts: arena.i32(width),
      places: arena.i32(width * most),
      values: arena.f32(width * most),
      buffers: arena.f32(CHUNKS * 6 * most),
      rowCounts: arena.i32(CHUNKS * most),
      rowLists: arena.f32(CHUNKS * most * TILE * 2),
      parts: arena.f32(CHUNKS * most * ldm),
      gradients: arena.f32(CHUNKS * 3 * ldm),
      totals: arena.f64(CHUNKS * 2),
    });
    const chunks = Array.from({ length: CHUNKS }, (_, chunk) => chunk);
    this.#encode = chunks.map((chunk) => [["sae_fused_encode", this.#record, chunk]]);
    this.#units = chunks.map((chunk) => [["sae_fused_units", this.#record, chunk]]);
  }

  /** Whether the last step left so few codes active that this step is the faster one. */
  get pays(): boolean {
    return this.#active <= MOST_ACTIVE;
  }

  /** Tells the part of codes that a dense step found active. */
  set active(part: number) {
    this.#active = part;
  }

  /** One step, with the kernels' weight γ of the penalty and AdamW's factor on gradients and rate. */
  step(
    data: Block,
    order: Block<Int32Array>,
    rows: number,
    { gamma, gradScale, lr }: { gamma: number; gradScale: number; lr: number },
  ): void {
    this.#settings.view.set([gamma / rows, ...this.#adam.advance(gradScale, lr)]);
    run("sae_fused_start", this.#record, data, order, rows);
    runAll(this.#encode);
    this.#active = run("sae_fused_residual", this.#record) / (rows * this.#width);
    runAll(this.#units);
    run("sae_fused_end", this.#record);
  }
}
