/**
 * The encoder of a sparse autoencoder alone: codes of samples without their reconstruction, of any width,
 * as lists of what is active. Nearly all time goes to one product; its weights are copied into Wasm
 * memory once.
 * @module
 */
import { type Matrix32, zeros32 } from "../matrix.ts";
import { Arena, type Block, padded, run, runAll, threadCount } from "../wasm/memory.ts";

/** Samples of a group, and units of a panel, in kernels/sae_encode.ts. */
const GROUP = 5, PANEL = 8;
/** Values of a block's samples: 1 MiB stays in the second-level cache while all units pass by. */
const SAMPLE_VALUES = 2 ** 18;
/** Samples of a block, at least where there are as many, so that weights need not come faster than they can. */
const LEAST_ROWS = 40;
/** Most samples of a block. */
const MOST_ROWS = 240;
/** Most pre-activations of a block: 256 MiB. */
const PRE_VALUES = 2 ** 26;
/** Most weights that are in Wasm memory at once: 1 GiB. */
const CHUNK_VALUES = 2 ** 28;
/** Panels that a thread computes for a block at least, so that sharing pays. */
const LEAST_PANELS = 64;

/** Units whose panels are adjacent. */
export interface Chunk {
  /** First unit, a multiple of 8. */
  start: number;
  /** Number of panels. */
  panels: number;
  /** Their values, [panel][dimension][8]. */
  data: Float32Array;
}

/**
 * The weights of a width of units, as the kernel reads them: 8 units side by side, dimension by
 * dimension. Zeros at first.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { PackedUnits } from "./sae_encode.ts";
 *
 * const units = new PackedUnits(2, 3);
 * const perDimension = { rows: 1, cols: 3, data: Float32Array.of(1, 2, 3) };
 * units.setDimensions(0, perDimension);
 * units.setDimensions(1, perDimension);
 * units.setUnits(2, { rows: 1, cols: 2, data: Float32Array.of(5, 6) });
 * assert.deepEqual(units.toMatrix().data, Float32Array.of(1, 2, 5, 1, 2, 6));
 * ```
 */
export class PackedUnits {
  /** Number of dimensions. */
  readonly inputDim: number;
  /** Number of units. */
  readonly width: number;
  /** The units, in as many parts as fit Wasm memory one at a time. */
  readonly chunks: readonly Chunk[];

  /** Zeros. `chunkValues`: most values of a chunk. */
  constructor(inputDim: number, width: number, chunkValues: number = CHUNK_VALUES) {
    this.inputDim = inputDim;
    this.width = width;
    const all = padded(width) / PANEL;
    const most = Math.max(1, Math.floor(chunkValues / (inputDim * PANEL)));
    const chunks: Chunk[] = [];
    for (let first = 0; first < all; first += most) {
      const panels = Math.min(most, all - first);
      chunks.push({
        start: first * PANEL,
        panels,
        data: new Float32Array(panels * inputDim * PANEL),
      });
    }
    this.chunks = chunks;
  }

  /** Sets rows that belong to dimensions, from `first` on, each with a value per unit. */
  setDimensions(first: number, { rows, cols, data }: Matrix32): void {
    const step = this.inputDim * PANEL;
    for (const { start, panels, data: to } of this.chunks) {
      for (let i = 0; i < rows; i++) {
        const end = Math.min(cols, start + panels * PANEL);
        let q = (first + i) * PANEL;
        for (let j = start; j < end; j += PANEL, q += step) {
          const p = i * cols + j, count = Math.min(PANEL, end - j);
          for (let u = 0; u < count; u++) to[q + u] = data[p + u];
        }
      }
    }
  }

  /** Sets rows that belong to units, from `first` on, each with a value per dimension. */
  setUnits(first: number, { rows, cols, data }: Matrix32): void {
    for (let i = 0; i < rows; i++) {
      const { start, data: to } = this.#chunkOf(first + i), unit = first + i - start;
      let q = Math.floor(unit / PANEL) * cols * PANEL + unit % PANEL;
      for (let p = i * cols, end = p + cols; p < end; p++, q += PANEL) to[q] = data[p];
    }
  }

  /** Multiplies each unit by a number; rounded once. */
  scale(factors: ArrayLike<number>): void {
    for (const { start, panels, data } of this.chunks) {
      for (let panel = 0, p = 0; panel < panels; panel++) {
        for (const end = p + this.inputDim * PANEL; p < end; p++) {
          const unit = start + panel * PANEL + p % PANEL;
          if (unit < this.width) data[p] *= factors[unit];
        }
      }
    }
  }

  /** The weights as a matrix, inputDim × width. */
  toMatrix(): Matrix32 {
    const M = zeros32(this.inputDim, this.width);
    for (const { start, panels, data } of this.chunks) {
      for (let panel = 0, p = 0; panel < panels; panel++) {
        const first = start + panel * PANEL, count = Math.min(PANEL, this.width - first);
        for (let k = 0; k < this.inputDim; k++, p += PANEL) {
          for (let u = 0; u < count; u++) M.data[k * this.width + first + u] = data[p + u];
        }
      }
    }
    return M;
  }

  #chunkOf(unit: number): Chunk {
    return this.chunks.findLast(({ start }) => start <= unit)!;
  }
}

/** Which pre-activations are listed. */
export type Selection =
  | {
    /** What is above its unit's threshold. */
    readonly kind: "above";
    /** A number per unit. */
    readonly thresholds: Float32Array;
  }
  | {
    /** The k largest positive ones; or the k largest in magnitude, with their sign. */
    readonly kind: "largest";
    readonly k: number;
    readonly signed: boolean;
  };

/** What {@linkcode encodeSamples} encodes, and for whom. */
export interface Encoding {
  /** The units. */
  readonly units: PackedUnits;
  /** A number per unit, which its pre-activation begins with. */
  readonly bias: Float32Array;
  /** What is listed. */
  readonly selection: Selection;
  /** Number of samples. */
  readonly samples: number;
  /** Writes the values of a sample. */
  sample(index: number, into: Float32Array): void;
  /**
   * Receives the places, ascending, and values of a sample's list, valid until it returns; `undefined`
   * where a pre-activation is not finite. It must not run kernels.
   */
  take(index: number, places: Int32Array | undefined, values: Float32Array): void;
}

/**
 * Lists of pre-activations of samples, sample by sample. What a sample gives does not depend on the
 * others, nor on the number of threads.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { encodeSamples, PackedUnits } from "./sae_encode.ts";
 *
 * const units = new PackedUnits(1, 3);
 * units.setDimensions(0, { rows: 1, cols: 3, data: Float32Array.of(1, 2, -1) });
 * const lists: number[][] = [];
 * encodeSamples({
 *   units,
 *   bias: new Float32Array(3),
 *   selection: { kind: "above", thresholds: Float32Array.of(0, 5, 0) },
 *   samples: 2,
 *   sample: (index, into) => into[0] = [2, 3][index],
 *   take: (_, places, values) => lists.push([...places!], [...values]),
 * });
 * assert.deepEqual(lists, [[0], [2], [0, 1], [3, 6]]);
 * ```
 */
export function encodeSamples(encoding: Encoding): void {
  const { units, bias, selection, samples, sample, take } = encoding;
  const { inputDim, width, chunks } = units, stride = padded(width);
  if (samples === 0) return;
  const wanted = Math.max(LEAST_ROWS, Math.min(MOST_ROWS, SAMPLE_VALUES / inputDim));
  const most = Math.min(wanted, PRE_VALUES / stride, samples + GROUP - 1);
  const rows = Math.max(1, Math.floor(most / GROUP)) * GROUP;
  // rows that lie a power of two apart would share few lines of the cache
  const ldc = stride + PANEL;
  using arena = new Arena();
  const group = arena.f32(rows * inputDim), pre = arena.f32(rows * ldc);
  const start = arena.f32(stride), indices = arena.i32(stride), values = arena.f32(stride);
  const extra = arena.f32(stride);
  const weights = arena.f32(Math.max(...chunks.map(({ data }) => data.length)));
  start.view.set(bias);
  if (selection.kind === "above") extra.view.set(selection.thresholds);
  const row = new Float32Array(inputDim);
  if (chunks.length === 1) weights.view.set(chunks[0].data);
  for (let first = 0; first < samples; first += rows) {
    const count = Math.min(rows, samples - first);
    for (let i = 0; i < count; i++) {
      sample(first + i, row);
      writeSample(group.view, i, row);
    }
    const groups = Math.ceil(count / GROUP);
    for (const chunk of chunks) {
      if (chunks.length > 1) weights.view.set(chunk.data);
      multiply({ chunk, inputDim, groups, group, weights, start, pre, ldc });
    }
    for (let i = 0; i < count; i++) {
      const own = pre.from(i * ldc, stride);
      const found = selection.kind === "above"
        ? run("encode_above", stride, own, extra, indices, values)
        : run(
          ...["encode_largest", stride, selection.k, Number(selection.signed)] as const,
          ...[own, extra, indices, values] as const,
        );
      const places = found < 0 ? undefined : indices.view.subarray(0, found);
      take(first + i, places, values.view.subarray(0, Math.max(0, found)));
    }
  }
}

/** Puts a sample in its place among its group's. */
function writeSample(groups: Float32Array, index: number, row: Float32Array): void {
  let q = Math.floor(index / GROUP) * GROUP * row.length + index % GROUP;
  for (let k = 0; k < row.length; k++, q += GROUP) groups[q] = row[k];
}

/** What a chunk's product needs. */
interface ChunkProduct {
  chunk: Chunk;
  inputDim: number;
  groups: number;
  group: Block;
  weights: Block;
  start: Block;
  pre: Block;
  ldc: number;
}

/** The pre-activations of a chunk's units, shared among the threads by panels. */
function multiply(
  { chunk, inputDim, groups, group, weights, start, pre, ldc }: ChunkProduct,
): void {
  const parts = Math.max(1, Math.min(threadCount(), Math.floor(chunk.panels / LEAST_PANELS)));
  const share = Math.ceil(chunk.panels / parts);
  runAll(Array.from({ length: parts }, (_, part) => {
    const from = part * share, panels = Math.min(share, chunk.panels - from);
    const unit = chunk.start + from * PANEL;
    return [[
      ...["encode_units", groups, panels, inputDim, group] as const,
      ...[weights.from(from * inputDim * PANEL), start.from(unit), pre.from(unit), ldc] as const,
    ]];
  }));
}
