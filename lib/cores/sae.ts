/**
 * A sparse autoencoder in Wasm memory: its parameters, their gradients and the buffers for a block of
 * samples. Not public: {@link ../saes.ts} and {@link ../train_sae.ts} are its two users.
 * @module
 */
import {
  Arena,
  type Block,
  type BlockData,
  forBlocks,
  padded,
  readRows,
  type RecordFields,
  type RecordValues,
  run,
  toMatrix32,
  writeRows,
} from "../wasm/memory.ts";
import { type Matrix, type Matrix32, requireNoOverflow, zeros32 } from "../matrix.ts";
import {
  type AuxK,
  extents,
  isMatrix,
  type ParameterValue,
  type SaeParameter,
  type SaeSizes,
  type SaeVariant,
} from "./sae_variant.ts";
import { parametersOf, type SaeModel, type SaeParameters, variantOf } from "./sae_variants.ts";

/** What {@linkcode SaeWorkspace} needs to know beside the model. */
export interface SaeWorkspaceOptions {
  /** Most samples in a block. */
  rows: number;
  /** Most samples that are encoded with the same parameters: bounds MP's cache of Gram rows. */
  samples: number;
  /** Whether gradients will be computed. */
  gradients: boolean;
  /**
   * Whether to count how long units have been silent: a unit is dead when it has been for more than so
   * many training steps. Default: not counted.
   */
  deadAfter?: number;
  /** What dead units learn; needs `deadAfter`. Default: nothing. */
  auxK?: AuxK;
  /** Most codes per sample, where training has more of them than `kval`. */
  mostCodes?: number;
  /** The loss is so many times that of the kernels. Default 1. */
  lossScale?: number;
  /** Whether every code that is not 0 counts as active. Default: only those of more than 0.01, as in the paper. */
  everyCode?: boolean;
}

/**
 * The beginning of the record of the `sae_*` kernels, after which the variant's fields come; the class
 * Sae in kernels/sae_record.ts tells what each is.
 */
export const SAE_FIELDS = {
  type: "number",
  m: "number",
  w: "number",
  ldm: "number",
  ldw: "number",
  encoder: "block",
  encoderBias: "block",
  decoder: "block",
  decoderBias: "block",
  gEncoder: "block",
  gEncoderBias: "block",
  gDecoder: "block",
  gDecoderBias: "block",
  encoderT: "block",
  x: "block",
  codes: "block",
  residual: "block",
  scratch: "block",
  sums: "block",
  training: "number",
  tracked: "number",
  deadAfter: "number",
  silent: "block",
  everyCode: "number",
} as const;

/** Sums that {@linkcode SaeWorkspace.takeSums} returns. */
export interface SaeSums {
  /** Squared residuals. */
  recon: number;
  /** Penalty, without its weight. */
  penalty: number;
  /** Number of active codes; of forward passes only. */
  active: number;
  /** The loss's terms beside these, with their weights; of gradient passes only. */
  others: number;
}

/** Parameters of a model, or gradients by them, as adjacent blocks: first what is not trained. */
export class ParameterBlocks {
  /** All of them. */
  readonly all: Block;
  /** Those that are trained. */
  readonly trained: Block;
  readonly #parts: { parameter: SaeParameter; block: Block; start: number }[];
  readonly #untrained: number;
  readonly #sizes: SaeSizes;

  /** Zeros. */
  constructor(arena: Arena, parameters: readonly SaeParameter[], sizes: SaeSizes) {
    const ordered = [false, true].flatMap((trained) =>
      parameters.filter((parameter) => parameter.trained === trained)
    );
    const lengths = ordered.map((parameter) => {
      const { rows, cols } = stored(parameter, sizes);
      return rows * padded(cols);
    });
    const all = this.all = arena.f32(lengths.reduce((sum, length) => sum + length));
    let end = 0;
    this.#parts = ordered.map((parameter, i) => {
      const start = end;
      end += lengths[i];
      return { parameter, block: all.from(start, lengths[i]), start };
    });
    const first = ordered.findIndex(({ trained }) => trained);
    const untrained = lengths.slice(0, first).reduce((sum, length) => sum + length, 0);
    this.trained = all.from(untrained);
    this.#untrained = untrained;
    this.#sizes = sizes;
  }

  /** The block of a parameter; undefined when there is none of this name. */
  block(name: string): Block | undefined {
    return this.#parts.find(({ parameter }) => parameter.name === name)?.block;
  }

  /** Where the block of a trained parameter begins within `trained`. */
  place(name: string): number {
    return this.#parts.find(({ parameter }) => parameter.name === name)!.start - this.#untrained;
  }

  /** Copies parameters in. */
  write(parameters: SaeParameters): void {
    for (const { parameter, block } of this.#parts) {
      const value = parameters[parameter.name as keyof SaeParameters]!;
      if (value instanceof Float32Array) block.view.set(value);
      else if (isPerUnit(parameter)) writeRows(block, value, 0, value.rows);
      else writeColumns(block, value);
    }
  }

  /** Copies out those that there are. */
  read(): Partial<SaeParameters> {
    const values = this.#parts.map(({ parameter, block }): [string, ParameterValue] => {
      const { rows, cols } = stored(parameter, this.#sizes);
      if (!isMatrix(parameter)) return [parameter.name, block.view.slice(0, cols)];
      const read = isPerUnit(parameter) ? toMatrix32 : readColumns;
      return [parameter.name, read(block, rows, cols)];
    });
    return Object.fromEntries(values);
  }
}

/** Copies the columns of a matrix to the rows of a block, with padding. */
export function writeColumns(block: Block, { rows, cols, data }: Matrix32): void {
  using arena = new Arena();
  const copy = arena.f32(rows * cols);
  copy.view.set(data);
  run("transpose", rows, cols, copy, cols, block, padded(rows));
}

/** The matrix whose columns are the first `rows` rows of a block, of `cols` values without the padding. */
function readColumns(block: Block, rows: number, cols: number): Matrix32 {
  using arena = new Arena();
  const copy = arena.f32(rows * cols);
  run("transpose", rows, cols, block, padded(cols), copy, rows);
  return { rows: cols, cols: rows, data: copy.view.slice() };
}

/** Whether the rows of a matrix belong to units; if not, the columns do. */
function isPerUnit({ shape }: SaeParameter): boolean {
  return shape[0] === "width";
}

/** Rows and columns in Wasm memory, where a matrix has a row per unit. */
function stored(parameter: SaeParameter, sizes: SaeSizes): { rows: number; cols: number } {
  const { rows, cols } = extents(parameter, sizes);
  return isMatrix(parameter) && !isPerUnit(parameter) ? { rows: cols, cols: rows } : { rows, cols };
}

/**
 * The autoencoder's blocks, and its kernels on them.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Sae } from "../saes.ts";
 * import { Arena, toMatrix32 } from "../wasm/memory.ts";
 * import { SaeWorkspace } from "./sae.ts";
 * const sae = Sae.initialize({ type: "relu", inputDim: 8, width: 16, seed: 0 });
 * const X = { rows: 2, cols: 8, data: new Float32Array(16).fill(0.5) };
 * using arena = new Arena();
 * const workspace = new SaeWorkspace(arena, sae, { rows: 2, samples: 2, gradients: false });
 * const data = arena.matrix(X), order = arena.i32(2);
 * order.view.set([0, 1]);
 * workspace.prepare();
 * workspace.forward(data, order, 2);
 * const codes = sae.encode(X);
 * assert.deepEqual(toMatrix32(workspace.codes, 2, 16), codes);
 * const active = codes.data.filter((code) => code > 0.01).length;
 * assert.equal(workspace.takeSums().active, active);
 * ```
 */
export class SaeWorkspace {
  /** The parameters, to be changed in place. */
  readonly parameters: ParameterBlocks;
  /** By what is trained, filled by {@linkcode SaeWorkspace.gradientsOf}; undefined when not asked for. */
  readonly gradients?: ParameterBlocks;
  /** Most samples in a block. */
  readonly rows: number;
  /** The codes of the last block of samples, rows padded to `padded(width)`. */
  readonly codes: Block;
  /** Training steps since each unit's last code that was not 0, if counted. */
  readonly silent: Block<Int32Array>;
  /** The step count above which a silent unit is dead; undefined when silence is not counted. */
  readonly deadAfter?: number;
  /** Reconstruction minus observations of the last block, scaled in gradient passes. */
  readonly residual: Block;
  /** The kernels' record. */
  readonly record: Block<Int32Array>;
  /** What {@linkcode SaeWorkspace.takeSums} takes. */
  readonly sums: Block<Float64Array>;
  readonly #counters: Block<Int32Array>[];
  readonly #width: number;
  readonly #variant: SaeVariant;
  readonly #values: Readonly<Record<string, number | Block<BlockData>>>;
  readonly #fields: readonly string[];

  /** Allocates everything and copies the model's parameters in. */
  constructor(arena: Arena, model: SaeModel, options: SaeWorkspaceOptions) {
    const variant = this.#variant = variantOf(model.options.type);
    const parameters = parametersOf(model.options);
    const { inputDim, width } = model, { rows, gradients } = options;
    const [ldm, ldw] = [padded(inputDim), padded(width)];
    const p = this.parameters = new ParameterBlocks(arena, parameters, model);
    p.write(model.parameters);
    const trained = parameters.filter((parameter) => parameter.trained);
    const g = this.gradients = gradients ? new ParameterBlocks(arena, trained, model) : undefined;
    const none = arena.f32(0);
    const parameter = (name: string) => p.block(name)!;
    const gradient = (name: string) => g?.block(name) ?? none;
    this.rows = rows;
    this.#width = width;
    this.codes = arena.f32(rows * ldw);
    this.sums = arena.f64(4);
    const deadAfter = this.deadAfter = options.deadAfter;
    this.residual = arena.f32(rows * ldm);
    this.silent = arena.i32(deadAfter === undefined ? 0 : width);
    const space = {
      ...options,
      ...{ arena, inputDim, width, options: model.options, parameter, gradient },
    };
    const shared: RecordValues<typeof SAE_FIELDS> = {
      type: variant.kernel,
      m: inputDim,
      w: width,
      ldm,
      ldw,
      encoder: parameter("encoder"),
      encoderBias: parameter("encoderBias"),
      decoder: parameter("decoder"),
      decoderBias: parameter("decoderBias"),
      gEncoder: gradient("encoder"),
      gEncoderBias: gradient("encoderBias"),
      gDecoder: gradient("decoder"),
      gDecoderBias: gradient("decoderBias"),
      encoderT: arena.f32(inputDim * ldw),
      x: arena.f32(rows * ldm),
      codes: this.codes,
      residual: this.residual,
      scratch: arena.f32(rows * ldm),
      sums: this.sums,
      training: 0,
      tracked: Number(deadAfter !== undefined),
      deadAfter: deadAfter ?? 0,
      silent: this.silent,
      everyCode: Number(options.everyCode ?? false),
    };
    const fields: RecordFields = { ...SAE_FIELDS, ...variant.fields };
    const names = this.#fields = Object.keys(fields), values = this.#values = variant.values(space);
    this.record = arena.record(fields, { ...shared, ...values });
    const places = (variant.counters ?? []).map((name) => names.indexOf(name));
    this.#counters = places.map((place) => this.record.from(place, 1));
  }

  /** Changes the number of codes per sample of a variant that can; up to `mostCodes` of the options. */
  setKval(kval: number): void {
    this.record.view[this.#fields.indexOf("k")] = Math.ceil(kval);
    this.#variant.setKval!(this.#values as Record<string, Block<BlockData>>, kval);
  }

  /** Changes the power of the penalty of a `relu` that has one. */
  setPower(power: number): void {
    (this.#values.power as Block).view[0] = power;
  }

  /** The mean penalty that the last `rows` codes of such a `relu` would have with another power. */
  penaltyAt(power: number, rows: number): number {
    return run("sae_power_penalty", this.record, rows, power);
  }

  /** The values of the variant's counters. */
  get counters(): number[] {
    return this.#counters.map(({ view }) => view[0]);
  }

  set counters(values: readonly number[]) {
    this.#counters.forEach(({ view }, i) => view[0] = values[i]);
  }

  /** To be called after the parameters have changed. */
  prepare(): void {
    run("sae_prepare", this.record);
  }

  /** Codes of the samples `order[0 … rows − 1]` of `data`, left in `codes`. */
  forward(data: Block, order: Block<Int32Array>, rows: number): void {
    run("sae_forward", this.record, data, order, rows);
  }

  /** Gradients of mean squared error + γ·penalty over these samples, left in `gradients`. */
  gradientsOf(data: Block, order: Block<Int32Array>, rows: number, gamma: number): void {
    run("sae_gradients", this.record, data, order, rows, gamma);
  }

  /**
   * The codes of all rows of `X`, samples × width. `data` and `order` are as for `forward`, of `rows` samples;
   * `order` counts up from 0.
   *
   * @throws {RangeError} When they are not finite in float32.
   */
  encode(X: Matrix, data: Block, order: Block<Int32Array>): Matrix32 {
    const codes = zeros32(X.rows, this.#width);
    forBlocks(X, this.rows, data, (start, end) => {
      this.forward(data, order, end - start);
      readRows(this.codes, codes, start, end);
    });
    requireNoOverflow("encode X", codes, "scale X or the parameters down");
    return codes;
  }

  /**
   * What has added up since the last call. After forward passes: squared residuals, penalty and
   * active codes, summed over samples. After gradient passes: means over each batch.
   */
  takeSums(): SaeSums {
    const view = this.sums.view;
    const [recon, penalty, active, others] = view;
    view.fill(0);
    return { recon, penalty, active, others };
  }
}

/** Samples that are decoded together. */
const DECODED_ROWS = 64;

/**
 * The reconstructions Z·atoms + bias, samples × inputDim, with an atom per row of `atoms`.
 *
 * @throws {RangeError} When they are not finite in float32.
 */
export function decodeBy(atoms: Block, bias: Float32Array, Z: Matrix): Matrix32 {
  const XHat = zeros32(Z.rows, bias.length), rows = Math.min(DECODED_ROWS, Z.rows);
  const ldm = padded(bias.length), ldw = padded(Z.cols);
  using arena = new Arena();
  const codes = arena.f32(rows * ldw), out = arena.f32(rows * ldm);
  forBlocks(Z, rows, codes, (start, end) => {
    run("gemm_nn", end - start, ldm, Z.cols, codes, ldw, atoms, ldm, out, ldm);
    readRows(out, XHat, start, end);
  });
  for (let p = 0; p < XHat.data.length; p++) XHat.data[p] += bias[p % bias.length];
  requireNoOverflow("decode Z", XHat, "scale Z or the parameters down");
  return XHat;
}
