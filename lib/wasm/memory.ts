/**
 * The one room that touches Wasm memory. A solver opens an arena, copies its inputs into blocks,
 * runs kernels on the blocks, copies the result out and closes the arena; pointers never leave this
 * file.
 *
 * Blocks of matrices are float32, row-major, each row padded with zeros to a multiple of 8 columns
 * ({@linkcode padded}), so that kernels need no code for the edge.
 * @module
 */
import { Helpers } from "./helpers.ts";
import {
  instantiateKernels,
  type KernelInstance,
  MAX_PAGES,
  newMemory,
  PAGE,
  RESERVED,
  reservedFor,
} from "./instance.ts";
import { type Backend, chooseBackend } from "./backends.ts";
import type { KernelExports, Pointer } from "./builds.js";
import type { Matrix, Matrix32 } from "../matrix.ts";

export type { KernelExports };

const ALIGNMENT = 64; // a cache line

const backend = chooseBackend();
const alone = await instantiateKernels(backend, newMemory(backend), 0);
let { memory, kernels }: KernelInstance = alone;
let helpers: Helpers | undefined;

/** Where blocks begin. */
let bottom = RESERVED;
let top = bottom;
/** From here on nothing has been written: it is zero, and takes no memory of the machine yet. */
let untouched = bottom;

/**
 * From this many latents on, `fista`, `ista`, `learnDictionary` and `softplusAdam` share their samples
 * among the threads that there are; smaller problems are done before it pays.
 */
export const THREADS_FROM_LATENTS = 5000;

/** Element types of a {@linkcode Block}. */
export type BlockData = Float32Array | Float64Array | Int32Array;

/** The typed-array class of a {@linkcode Block}'s elements. */
export type BlockKind<T extends BlockData> = {
  new (buffer: ArrayBufferLike, offset: number, length: number): T;
};
let pointerOf: (block: Block<BlockData>) => Pointer;

/** A block of Wasm memory that lives until its arena closes. */
export class Block<T extends BlockData = Float32Array> {
  readonly #pointer: Pointer;
  readonly #kind: BlockKind<T>;
  /** Number of elements. */
  readonly length: number;

  static {
    pointerOf = (block) => block.#pointer;
  }

  /** Made by an {@linkcode Arena}. */
  constructor(
    pointer: Pointer,
    kind: BlockKind<T>,
    length: number,
  ) {
    this.#pointer = pointer;
    this.#kind = kind;
    this.length = length;
  }

  /** The block's elements. Valid until the next allocation: growing the memory detaches views. */
  get view(): T {
    return new this.#kind(memory.buffer, this.#pointer, this.length);
  }

  /** The part from `offset` on, over the same memory. */
  from(offset: number, length: number = this.length - offset): Block<T> {
    const bytes = this.view.BYTES_PER_ELEMENT * offset;
    return new Block(this.#pointer + bytes as Pointer, this.#kind, length);
  }
}

/** Columns rounded up to the kernels' multiple of 8. */
export function padded(cols: number): number {
  return (cols + 7) & ~7;
}

/**
 * The fields of a kernel's record in memory order, as its class in `kernels/` lists them: an i32 is a
 * number, a usize the address of a block.
 */
export type RecordFields = Readonly<Record<string, "number" | "block">>;

/** What a caller gives for each field of a record. */
export type RecordValues<F extends RecordFields> = {
  readonly [Name in keyof F]: { number: number; block: Block<BlockData> }[F[Name]];
};

/** Blocks that are released together; arenas nest, the innermost must close first. */
export class Arena implements Disposable {
  readonly #start: number = top;
  #end: number = top;

  #allocate(bytes: number): Pointer {
    if (top !== this.#end) throw new Error("Cannot allocate: an inner arena must be closed first");
    const pointer = top;
    const end = pointer + Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    const missing = Math.ceil((end - memory.buffer.byteLength) / PAGE);
    if (missing > 0) {
      try {
        // At least a quarter more than before: growing is slow, and it detaches all views
        const wanted = Math.max(missing, memory.buffer.byteLength / PAGE >> 2);
        memory.grow(Math.min(wanted, MAX_PAGES - memory.buffer.byteLength / PAGE));
        if (end > memory.buffer.byteLength) throw new RangeError();
      } catch {
        throw new RangeError(
          `Cannot allocate ${
            Math.ceil(bytes / 2 ** 20)
          } MiB for the kernels: all blocks together ` +
            `must fit in 4 GiB, ${Math.ceil(top / 2 ** 20)} MiB are in use`,
        );
      }
    }
    top = this.#end = end;
    const used = Math.min(end, untouched) - pointer;
    if (used > 0) new Uint8Array(memory.buffer, pointer, used).fill(0);
    untouched = Math.max(untouched, end);
    return pointer as Pointer;
  }

  /** A block of float32 zeros. */
  f32(length: number): Block {
    return new Block(this.#allocate(4 * length), Float32Array, length);
  }

  /** A block of float64 zeros. */
  f64(length: number): Block<Float64Array> {
    return new Block(this.#allocate(8 * length), Float64Array, length);
  }

  /** A block of int32 zeros. */
  i32(length: number): Block<Int32Array> {
    return new Block(this.#allocate(4 * length), Int32Array, length);
  }

  /** A copy of a matrix, rounded to float32, rows padded to `padded(M.cols)`. */
  matrix(M: Matrix): Block {
    const block = this.f32(M.rows * padded(M.cols));
    writeRows(block, M, 0, M.rows);
    return block;
  }

  /** The record of numbers and addresses of a kernel that takes many: int32 in the order of `fields`. */
  record<F extends RecordFields>(fields: F, values: RecordValues<F>): Block<Int32Array> {
    const names: (keyof F)[] = Object.keys(fields);
    const block = this.i32(names.length);
    block.view.set(addresses(names.map((name) => values[name])));
    return block;
  }

  /** Releases the blocks. */
  [Symbol.dispose](): void {
    if (top !== this.#end) throw new Error("Cannot close: an inner arena must be closed first");
    top = this.#end = this.#start;
  }
}

/** Copies rows `start … end − 1` of a matrix to the beginning of a block, with padding. */
export function writeRows(block: Block, M: Matrix, start: number, end: number): void {
  const stride = padded(M.cols), view = block.view;
  for (let i = start, p = 0; i < end; i++, p += stride) {
    view.set(M.data.subarray(i * M.cols, (i + 1) * M.cols), p);
  }
}

/** Copies the first `end − start` rows of a block into rows `start … end − 1` of a matrix. */
export function readRows(block: Block, M: Matrix32, start: number, end: number): void {
  const stride = padded(M.cols), view = block.view;
  for (let i = start, p = 0; i < end; i++, p += stride) {
    M.data.set(view.subarray(p, p + M.cols), i * M.cols);
  }
}

/**
 * Goes through the rows of a matrix, at most `size` at a time: copies them to the beginning of a block,
 * then calls `visit` with the first row and the one after the last.
 */
export function forBlocks(
  M: Matrix,
  size: number,
  block: Block,
  visit: (start: number, end: number) => void,
): void {
  for (let start = 0; start < M.rows; start += size) {
    const end = Math.min(start + size, M.rows);
    writeRows(block, M, start, end);
    visit(start, end);
  }
}

/** A block's content as a new matrix, without the padding. */
export function toMatrix32(block: Block, rows: number, cols: number): Matrix32 {
  const M = { rows, cols, data: new Float32Array(rows * cols) };
  readRows(block, M, 0, rows);
  return M;
}

/** What a caller passes for a kernel's parameters: a block wherever the kernel takes an address. */
export type Arguments<P extends unknown[]> = {
  [I in keyof P]: P[I] extends Pointer ? Block<BlockData>
    : P[I];
};

/** Numbers as they are, the address of each block. */
function addresses(args: readonly unknown[]): number[] {
  return (args as (number | Block)[]).map((a) => typeof a === "number" ? a : pointerOf(a));
}

/**
 * Runs one kernel: `run("gemm_nn", m, n, k, a, lda, …)`, with blocks where the kernel takes
 * addresses.
 */
export function run<K extends keyof KernelExports>(
  kernel: K,
  ...args: Arguments<Parameters<KernelExports[K]>>
): ReturnType<KernelExports[K]> {
  return execute(kernel, args) as ReturnType<KernelExports[K]>;
}

function execute(kernel: keyof KernelExports, args: readonly unknown[]): number {
  return (kernels[kernel] as (...args: number[]) => number)(...addresses(args));
}

/** A call of a kernel: what {@linkcode run} takes. */
export type Call = {
  [K in keyof KernelExports]: [kernel: K, ...args: Arguments<Parameters<KernelExports[K]>>];
}[keyof KernelExports];

/** The build whose kernels {@linkcode run} runs now: another one while there are helpers. */
export function runningBackend(): Backend {
  return helpers ? "threads" : backend;
}

/** Threads among which {@linkcode runAll} shares its programs: this one, and helpers. */
export function threadCount(): number {
  return 1 + (helpers?.size ?? 0);
}

/**
 * Starts helpers, which share a new memory with this thread, until the returned object is disposed.
 *
 * @throws {Error} When there are helpers already, an arena is open, or a helper cannot start.
 */
export async function startHelpers(count: number): Promise<Disposable> {
  if (helpers) {
    throw new Error("Cannot start threads: those of an earlier call must be ended first");
  }
  if (typeof Worker === "undefined") {
    throw new Error("Cannot start threads: this JavaScript engine must have Worker, and has none");
  }
  if (backend !== "relaxed-simd") {
    throw new Error(
      "Cannot start threads: this JavaScript engine must support relaxed SIMD, and it does not",
    );
  }
  const shared = await instantiateKernels("threads", newMemory("threads"), 0);
  const started = await Helpers.start(shared.memory, count);
  const before = untouched;
  try {
    moveTo(shared, 1 + count, reservedFor(1 + count));
  } catch (error) {
    started[Symbol.dispose]();
    throw error;
  }
  helpers = started;
  return {
    [Symbol.dispose]() {
      moveTo(alone, 1, before);
      helpers = undefined;
      started[Symbol.dispose]();
    },
  };
}

/** Continues on another memory, of so many threads, of which nothing has been written from `from` on. */
function moveTo(instance: KernelInstance, threads: number, from: number): void {
  if (top !== bottom) throw new Error("Cannot change threads: every arena must be closed first");
  ({ memory, kernels } = instance);
  top = bottom = reservedFor(threads);
  untouched = from;
}

/**
 * Runs programs, the calls of each in turn, on all threads at once. No program may write what another
 * reads or writes; then the results do not depend on the number of threads.
 *
 * @returns The results of each program's calls.
 */
export function runAll(programs: readonly (readonly Call[])[]): number[][] {
  const threads = Math.min(threadCount(), programs.length);
  const results: number[][] = programs.map(() => []);
  const share = (thread: number) => programs.flatMap((_, p) => p % threads === thread ? [p] : []);
  const runOwn = () => {
    for (const p of share(0)) {
      results[p] = programs[p].map(([kernel, ...args]) => execute(kernel, args));
    }
  };
  if (threads <= 1) {
    runOwn();
    return results;
  }
  const names = Object.keys(kernels);
  const shares = Array.from({ length: threads - 1 }, (_, helper) => share(helper + 1));
  const orders = shares.map((own) =>
    own.flatMap((p) =>
      programs[p].map(([kernel, ...args]) => [names.indexOf(kernel), ...addresses(args)])
    )
  );
  helpers!.run(orders, runOwn).forEach((values, helper) => {
    let at = 0;
    for (const p of shares[helper]) {
      results[p] = values.slice(at, at += programs[p].length);
    }
  });
  return results;
}
