/**
 * ISTA and FISTA on blocks of samples in Wasm memory: what sparse_coding.ts and
 * dictionary_learning.ts share.
 * @module
 */
import {
  type Arena,
  type Block,
  type Call,
  padded,
  run,
  runAll,
  threadCount,
  THREADS_FROM_LATENTS,
  writeRows,
} from "../wasm/memory.ts";
import type { Matrix } from "../matrix.ts";

// The numbers below were chosen by bench/sparse_coding_bench.ts, groups "sparse coding …". What half and
// double of each does to the time of 100 iterations without the preparation, as the best of many runs at
// n = 50, 100 (also signed), 1000 (also signed) and 2000:
//   MAX_GRAM          half: +12 to +15 % at 1000; double: +10 % at 2000
//   LOCAL_SHARE       half: −6 % at 50, −3 % at 100; double: +6 to +21 % up to 100
//   MOST_LOCAL        half: +3 to +9 % at 1000; double: +2 to +12 %
//   ATOMS_SHARE       half: +13 % at 2000; double: +16 %
//   MOST_ROWS         at most 4 % up to 100
//   MOST_GROUP        at most 5 % of noise at 10,000
// BLOCK_CODES bounds the block from 16,384 atoms on, LEAST_ROWS from 262,144, GROUP_CODES the group from 65,536:
// kept for their memory.

/**
 * Up to this many atoms the solver keeps their Gram matrix (at most 4 MiB, so that it stays in the
 * cache). Decided by the dictionary alone: a sample's codes must not depend on how many there are.
 */
const MAX_GRAM = 1024;

/** Samples of a thread's block: as many as have BLOCK_CODES codes, within these bounds. */
const LEAST_ROWS = 16, MOST_ROWS = 256, BLOCK_CODES = 2 ** 22;
/** Samples of a group that reads the atoms once: at most so many, with so many codes, but one at least. */
const MOST_GROUP = 16, GROUP_CODES = 2 ** 20;
/** Room for candidates, of n atoms: with their Gram matrix a half, at most so many; else a quarter. */
const LOCAL_SHARE = 1 / 2, MOST_LOCAL = 256, ATOMS_SHARE = 1 / 4;

/** The record of the `fista` kernels; the class Fista in kernels/fista_record.ts tells what each is. */
export const FISTA_FIELDS = {
  n: "number",
  m: "number",
  capacity: "number",
  group: "number",
  last: "number",
  local: "number",
  atoms: "block",
  rows: "block",
  norms: "block",
  gram: "block",
  momentum: "block",
  y: "block",
  iteration: "block",
  waiting: "block",
  residual: "block",
  correlation: "block",
  oldY: "block",
  fitted: "block",
  zeros: "block",
  newResidual: "block",
  listRows: "block",
  listValues: "block",
  index: "block",
  rowsC: "block",
  nonzero: "block",
  known: "block",
  zC: "block",
  yC: "block",
  difference: "block",
  cC: "block",
  startY: "block",
  startC: "block",
  localGram: "block",
  normsC: "block",
  nearIndex: "block",
  nearRows: "block",
  nearZ: "block",
  nearY: "block",
  nearC: "block",
  nearResidual: "block",
} as const;

/** How the solver iterates. */
export interface LassoSettings {
  /** Most iterations. */
  nIter: number;
  /** Whether codes are kept at 0 or above. */
  nonneg: boolean;
  /** Whether the iteration has FISTA's momentum. */
  accelerated: boolean;
}

/** What a thread works with. */
interface ThreadState {
  readonly record: Block<Int32Array>;
  /** The numbers of its samples in the block that has begun. */
  readonly waiting: Block<Int32Array>;
}

/** ISTA or FISTA for one dictionary at a time. */
export class LassoSolver {
  /** Most samples of one call of {@linkcode LassoSolver.start}. */
  readonly blockRows: number;
  readonly #settings: LassoSettings;
  readonly #n: number;
  readonly #atoms: Block;
  readonly #part: Block;
  readonly #y: Block;
  readonly #iteration: Block<Int32Array>;
  /** One for each thread that shares the samples. */
  readonly #threads: ThreadState[];
  #step = 0;

  /** Allocates for m-dimensional samples, n atoms and at most `rows` samples. */
  constructor(arena: Arena, m: number, n: number, rows: number, settings: LassoSettings) {
    this.#settings = settings;
    this.#n = n;
    const [ldm, ldn] = [padded(m), padded(n)];
    const threads = n < THREADS_FROM_LATENTS ? 1 : threadCount();
    // y, gradient and the caller's codes of a block: as much as keeps a pass over the atoms busy
    const busy = Math.max(LEAST_ROWS, Math.min(MOST_ROWS, Math.floor(BLOCK_CODES / ldn)));
    const threadRows = Math.min(Math.ceil(rows / threads), busy);
    this.blockRows = Math.min(rows, threads * threadRows);
    const local = n <= MAX_GRAM;
    const capacity = padded(
      Math.ceil(local ? Math.min(LOCAL_SHARE * n, MOST_LOCAL) : ATOMS_SHARE * n),
    );
    this.#atoms = arena.f32(ldn * ldm);
    this.#part = arena.f32(8 * ldn);
    this.#y = arena.f32(this.blockRows * ldn);
    this.#iteration = arena.i32(this.blockRows);
    const near = local ? 0 : capacity;
    const group = Math.min(
      threadRows,
      Math.max(1, Math.min(MOST_GROUP, Math.floor(GROUP_CODES / ldn))),
    );
    const maskLength = 2 * Math.ceil(capacity / 64); // a bit per candidate, in words of 64
    const addresses = arena.i32(ldn), norms = arena.f32(ldn);
    const gram = arena.f32(local ? ldn * ldn : 0);
    const momentum = arena.f32(settings.nIter), zeros = arena.f32(Math.max(ldm, ldn));
    if (settings.accelerated) momentum.view.set(momentumFactors(settings.nIter));
    this.#threads = Array.from({ length: threads }, () => {
      const waiting = arena.i32(threadRows);
      const record = arena.record(FISTA_FIELDS, {
        n: ldn,
        m: ldm,
        capacity,
        group,
        last: settings.nIter,
        local: local ? 1 : 0,
        atoms: this.#atoms,
        rows: addresses,
        norms,
        gram,
        momentum,
        y: this.#y,
        iteration: this.#iteration,
        waiting,
        residual: arena.f32(threadRows * ldm),
        correlation: arena.f32(threadRows * ldn),
        oldY: arena.f32(group * ldn),
        fitted: arena.f32(group * ldm),
        zeros,
        newResidual: arena.f32(ldm),
        listRows: arena.i32(ldn + 8),
        listValues: arena.f32(ldn + 8),
        index: arena.i32(capacity + 8),
        rowsC: arena.i32(capacity),
        nonzero: arena.i32(maskLength),
        known: arena.i32(maskLength),
        zC: arena.f32(capacity),
        yC: arena.f32(capacity),
        difference: arena.f32(capacity),
        cC: arena.f32(capacity),
        startY: arena.f32(capacity),
        startC: arena.f32(capacity),
        localGram: arena.f32(local ? capacity * capacity : 0),
        normsC: arena.f32(near),
        nearIndex: arena.i32(near + 8),
        nearRows: arena.i32(near),
        nearZ: arena.f32(near),
        nearY: arena.f32(near),
        nearC: arena.f32(near),
        nearResidual: arena.f32(local ? 0 : ldm),
      });
      return { record, waiting };
    });
  }

  /** Takes another dictionary (m×n), and the gradient's step: at most 1/L; ∞ for one of zeros. */
  setDictionary(D: Matrix, step: number): void {
    const ldm = padded(D.rows), ldn = padded(D.cols);
    for (let k = 0; k < D.rows; k += 8) {
      const rows = Math.min(8, D.rows - k);
      writeRows(this.#part, D, k, k + rows);
      run("transpose", rows, D.cols, this.#part, ldn, this.#atoms.from(k), ldm);
    }
    run("fista_prepare", this.#threads[0].record);
    this.#step = step;
  }

  /** Begins with a block of samples at the codes `z` (`rows` padded rows, at most `blockRows`). */
  start(z: Block, rows: number): void {
    const length = rows * padded(this.#n);
    this.#y.view.set(z.view.subarray(0, length));
    this.#iteration.view.fill(0);
  }

  /**
   * Takes samples of the block that has begun on with its iterations; the codes are updated in place.
   * Threads take equal shares of them.
   *
   * @param x Rows of samples, padded.
   * @param z Rows of codes, padded: those that the block began with.
   * @param samples Which rows.
   * @param goal `lambda`: the weight of the ℓ1 penalty. `end`: the iteration to go to, from all earlier
   * calls of the block up to `nIter`, the default.
   */
  iterate(
    x: Block,
    z: Block,
    samples: readonly number[],
    { lambda, end = this.#settings.nIter }: { lambda: number; end?: number },
  ): void {
    const nonneg = this.#settings.nonneg ? 1 : 0, step = this.#step;
    if (step === Infinity) {
      // A dictionary of zeros: no code is worth its penalty
      for (const s of samples) z.from(s * padded(this.#n), padded(this.#n)).view.fill(0);
      return;
    }
    const share = Math.ceil(samples.length / this.#threads.length);
    runAll(this.#threads.map(({ record, waiting }, thread): Call[] => {
      const own = samples.slice(thread * share, (thread + 1) * share);
      waiting.view.set(own);
      return [["fista", record, x, z, own.length, end, step, lambda * step, lambda, nonneg]];
    }));
  }

  /** Σ‖x − Dz‖² over rows of samples `x` and codes `z`, both padded. */
  fitError(x: Block, z: Block, rows: number): number {
    return run("fit_error", this.#threads[0].record, x, z, rows);
  }
}

/** (t_i − 1) / t_{i+1} with t_1 = 1, t_{i+1} = (1 + √(1 + 4t_i²)) / 2 (Beck and Teboulle, 2009). */
function momentumFactors(count: number): Float64Array {
  const factors = new Float64Array(count);
  for (let i = 0, t = 1; i < count; i++) {
    const next = (1 + Math.sqrt(1 + 4 * t * t)) / 2;
    factors[i] = (t - 1) / next;
    t = next;
  }
  return factors;
}
