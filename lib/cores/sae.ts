/**
 * A sparse autoencoder in Wasm memory: its parameters, their gradients and the buffers for a block of
 * samples. Not public: {@link ../saes.ts} and {@link ../train_sae.ts} are its two users.
 * @module
 */
import { type Arena, type Block, padded, run, toMatrix32, writeRows } from "../wasm/memory.ts";
import { transpose } from "../matrix.ts";
import type { SaeParameters, SaeType } from "../saes.ts";

/** Kind and sizes of a sparse autoencoder. */
export interface SaeShape {
  /** The kind. */
  type: SaeType;
  /** Number of observed dimensions. */
  inputDim: number;
  /** Number of units. */
  width: number;
  /** Active codes per sample of topk and MP. */
  kval: number;
}

/** What {@linkcode SaeWorkspace} needs to know beside the shape. */
export interface SaeWorkspaceOptions {
  /** Most samples in a block. */
  rows: number;
  /** Most samples that are encoded with the same parameters: bounds MP's cache of Gram rows. */
  samples: number;
  /** Whether gradients will be computed. */
  gradients: boolean;
}

/** The kernels' numbers for the types. */
const TYPE_CODES: Record<SaeType, number> = { relu: 0, topk: 1, jumprelu: 2, MP: 3 };

/** The record of the `sae_*` kernels; the class Sae in kernels/sae_record.ts tells what each is. */
export const SAE_FIELDS = {
  type: "number",
  m: "number",
  w: "number",
  k: "number",
  ldm: "number",
  ldw: "number",
  encoder: "block",
  encoderBias: "block",
  decoder: "block",
  decoderBias: "block",
  logThreshold: "block",
  gEncoder: "block",
  gEncoderBias: "block",
  gDecoder: "block",
  gDecoderBias: "block",
  gLogThreshold: "block",
  encoderT: "block",
  decoderT: "block",
  threshold: "block",
  atoms: "block",
  norms: "block",
  x: "block",
  pre: "block",
  codes: "block",
  gCodes: "block",
  residual: "block",
  scratch: "block",
  counts: "block",
  indices: "block",
  values: "block",
  gValues: "block",
  slots: "block",
  gram: "block",
  capacity: "number",
  used: "number",
  sums: "block",
} as const;

/** MP keeps up to so many floats of Gram rows beyond what one block of samples can need. */
const GRAM_FLOATS = 2 ** 25;

/** Sums that {@linkcode SaeWorkspace.takeSums} returns. */
export interface SaeSums {
  /** Squared residuals. */
  recon: number;
  /** Penalty, without its weight. */
  penalty: number;
  /** Number of codes with |code| > 0.01; of forward passes only. */
  active: number;
}

/** One array of parameters, or of gradients, as five adjacent blocks. */
export class ParameterBlocks {
  /** All five. */
  readonly all: Block;
  /** A_e, a unit per row. */
  readonly encoder: Block;
  /** b_e. */
  readonly encoderBias: Block;
  /** A_dᵀ, an atom per row. */
  readonly decoder: Block;
  /** b_d. */
  readonly decoderBias: Block;
  /** log θ; empty but for jumprelu. */
  readonly logThreshold: Block;
  /** Decoder and its bias: all that MP trains. */
  readonly decoderPart: Block;
  readonly #shape: SaeShape;

  /** Zeros. */
  constructor(arena: Arena, shape: SaeShape) {
    const { type, inputDim, width } = shape;
    const weights = width * padded(inputDim);
    const sizes = [
      weights,
      padded(width),
      weights,
      padded(inputDim),
      type === "jumprelu" ? padded(width) : 0,
    ];
    const all = arena.f32(sizes.reduce((sum, size) => sum + size));
    let offset = 0;
    const blocks = sizes.map((size) => all.from((offset += size) - size, size));
    [this.encoder, this.encoderBias, this.decoder, this.decoderBias, this.logThreshold] = blocks;
    this.all = all;
    this.decoderPart = all.from(sizes[0] + sizes[1]);
    this.#shape = shape;
  }

  /** Copies parameters in. */
  write(parameters: SaeParameters): void {
    const { width } = this.#shape;
    writeRows(this.encoder, parameters.encoder, 0, width);
    writeRows(this.decoder, transpose(parameters.decoder), 0, width);
    this.encoderBias.view.set(parameters.encoderBias);
    this.decoderBias.view.set(parameters.decoderBias);
    if (parameters.logThreshold) this.logThreshold.view.set(parameters.logThreshold);
  }

  /** Copies them out. */
  read(): SaeParameters {
    const { type, inputDim, width } = this.#shape;
    return {
      encoder: toMatrix32(this.encoder, width, inputDim),
      encoderBias: this.encoderBias.view.slice(0, width),
      decoder: transpose(toMatrix32(this.decoder, width, inputDim)),
      decoderBias: this.decoderBias.view.slice(0, inputDim),
      ...(type === "jumprelu" && { logThreshold: this.logThreshold.view.slice(0, width) }),
    };
  }
}

/** The autoencoder's blocks, and its kernels on them. */
export class SaeWorkspace {
  /** The parameters, to be changed in place. */
  readonly parameters: ParameterBlocks;
  /** Filled by {@linkcode SaeWorkspace.gradientsOf}; undefined when not asked for. */
  readonly gradients?: ParameterBlocks;
  /** Most samples in a block. */
  readonly rows: number;
  /** The codes of the last block of samples, rows padded to `padded(width)`. */
  readonly codes: Block;
  /** The atoms that decode: the decoder's (for MP at unit norm), one per row. */
  readonly atoms: Block;
  readonly #record: Block<Int32Array>;
  readonly #sums: Block<Float64Array>;

  /** Allocates everything and copies the parameters in. */
  constructor(
    arena: Arena,
    shape: SaeShape,
    parameters: SaeParameters,
    { rows, samples, gradients }: SaeWorkspaceOptions,
  ) {
    const { type, inputDim: m, width: w, kval: k } = shape;
    const [ldm, ldw] = [padded(m), padded(w)];
    const isMp = type === "MP", isSparse = isMp || type === "topk", isJump = type === "jumprelu";
    const none = arena.f32(0), noIndices = arena.i32(0);
    const f32 = (length: number, needed = true) => needed ? arena.f32(length) : none;
    const i32 = (length: number) => isSparse ? arena.i32(length) : noIndices;

    const p = this.parameters = new ParameterBlocks(arena, shape);
    p.write(parameters);
    const g = this.gradients = gradients ? new ParameterBlocks(arena, shape) : undefined;
    this.rows = rows;
    this.codes = f32(rows * ldw);
    this.atoms = isMp ? f32(w * ldm) : p.decoder;
    this.#sums = arena.f64(3);
    const mostPicks = Math.max(rows, Math.min(samples, GRAM_FLOATS / (ldw * k))) * (k - 1);
    const capacity = Math.min(w, Math.ceil(mostPicks));
    this.#record = arena.record(SAE_FIELDS, {
      type: TYPE_CODES[type],
      m,
      w,
      k,
      ldm,
      ldw,
      encoder: p.encoder,
      encoderBias: p.encoderBias,
      decoder: p.decoder,
      decoderBias: p.decoderBias,
      logThreshold: p.logThreshold,
      gEncoder: g?.encoder ?? none,
      gEncoderBias: g?.encoderBias ?? none,
      gDecoder: g?.decoder ?? none,
      gDecoderBias: g?.decoderBias ?? none,
      gLogThreshold: g?.logThreshold ?? none,
      encoderT: f32(m * ldw, !isMp),
      decoderT: f32(m * ldw, isMp || !isSparse),
      threshold: f32(ldw, isJump),
      atoms: this.atoms,
      norms: f32(w, isMp),
      x: f32(rows * ldm),
      pre: f32(rows * ldw, isSparse || isJump),
      codes: this.codes,
      gCodes: f32(rows * ldw, gradients && !isSparse),
      residual: f32(rows * ldm),
      scratch: f32(rows * ldm),
      counts: i32(rows),
      indices: i32(rows * k),
      values: f32(rows * k, isSparse),
      gValues: f32(rows * k, isSparse),
      slots: i32(w),
      gram: f32(capacity * ldw, isMp),
      capacity,
      used: 0,
      sums: this.#sums,
    });
  }

  /** To be called after the parameters have changed. */
  prepare(): void {
    run("sae_prepare", this.#record);
  }

  /** Codes of the samples `order[0 … rows − 1]` of `data`, left in `codes`. */
  forward(data: Block, order: Block<Int32Array>, rows: number): void {
    run("sae_forward", this.#record, data, order, rows);
  }

  /** Gradients of mean squared error + γ·penalty over these samples, left in `gradients`. */
  gradientsOf(data: Block, order: Block<Int32Array>, rows: number, gamma: number): void {
    run("sae_gradients", this.#record, data, order, rows, gamma);
  }

  /**
   * What has added up since the last call. After forward passes: squared residuals, penalty and
   * active codes, summed over samples. After gradient passes: means over each batch.
   */
  takeSums(): SaeSums {
    const view = this.#sums.view;
    const [recon, penalty, active] = view;
    view.fill(0);
    return { recon, penalty, active };
  }
}
