/**
 * The Lasso by an active-set method with certificates, on blocks of samples in Wasm memory:
 * kernels/lasso.ts tells the method.
 * @module
 */
import { type Arena, type Block, type Call, padded, run, runAll } from "../wasm/memory.ts";
import { threadCount } from "../wasm/memory.ts";
import { columnNorms, type Matrix } from "../matrix.ts";
import type { CsrMatrix } from "../csr_matrix.ts";

/** The record of the `lasso` kernels; the class Lasso in kernels/lasso_record.ts tells what each is. */
export const LASSO_FIELDS = {
  n: "number",
  m: "number",
  capacity: "number",
  rank: "number",
  nonneg: "number",
  most: "number",
  first: "number",
  later: "number",
  work: "number",
  rows: "number",
  path: "number",
  atoms: "block",
  exactAtoms: "block",
  panels: "block",
  weights: "block",
  norms: "block",
  x: "block",
  lambdas: "block",
  starts: "block",
  startColumns: "block",
  startValues: "block",
  counts: "block",
  columns: "block",
  values: "block",
  gaps: "block",
  passes: "block",
  states: "block",
  scratch: "block",
} as const;

/** Samples that go through a pass together: groups of 4, as many as keep the panels busy. */
const WORK = 24;

/** With fewer samples for each, another thread is not worth waking. */
const THREAD_ROWS = 2 * WORK;

/** Most samples of a thread between two reports of progress, and most codes that wait to be read. */
const PART_ROWS = 512, PART_CODES = 2 ** 22;

/** What is minimised, and how well. */
export interface ActiveSetSettings {
  /** Samples. */
  rows: number;
  /** Penalties per sample. */
  path: number;
  /** Factor of each atom's penalty. */
  weights?: ArrayLike<number>;
  /** Whether codes are kept at 0 or above. */
  nonneg: boolean;
  /** Largest duality gap over ½‖x‖². */
  tol: number;
  /** Most passes over the dictionary of a sample and penalty. */
  maxRounds: number;
  /** Most entries of codes to start from, in `partRows` samples. */
  startEntries: number;
}

/** A part of the samples. */
export interface Part {
  /** The first of them, in all samples. */
  start: number;
  /** The one after the last. */
  end: number;
}

/** The number of samples of a part, for all threads together. */
export function partRows(rows: number, D: Matrix, path: number): number {
  const most = Math.max(WORK, Math.min(PART_ROWS, Math.floor(PART_CODES / (capacityOf(D) * path))));
  return Math.min(rows, threadsFor(rows) * most);
}

function threadsFor(rows: number): number {
  return Math.max(1, Math.min(threadCount(), Math.floor(rows / THREAD_ROWS)));
}

/** Most atoms of a support: independent ones. */
function capacityOf(D: Matrix): number {
  return padded(Math.max(1, Math.min(D.rows, D.cols)));
}

/** Bytes of 8 atoms side by side: kernels/panels.ts tells what they are. */
function panelBytes(m: number): number {
  return 64 + 8 * m;
}

/** Sizes of the working set: large enough that few passes are needed, small enough that those pay. */
function workingSet(n: number): { first: number; later: number } {
  if (n <= 200) return { first: 32, later: 32 };
  return { first: n < 3000 ? 64 : 128, later: 64 };
}

/** The Lasso for one dictionary. */
export class ActiveSetSolver {
  readonly #settings: ActiveSetSettings;
  readonly #m: number;
  readonly #capacity: number;
  /** Samples of a part, at most. */
  readonly partRows: number;
  /** The dictionary is divided by this power of two, so that its atoms have norms of about 1. */
  readonly #scale: number;
  /** One for each thread. */
  readonly #records: Block<Int32Array>[];
  readonly #x: Block<Float64Array>;
  readonly #lambdas: Block<Float64Array>;
  readonly #starts: Block<Int32Array>;
  readonly #startColumns: Block<Int32Array>;
  readonly #startValues: Block;
  readonly #counts: Block<Int32Array>;
  readonly #columns: Block<Int32Array>;
  readonly #values: Block;
  readonly #gaps: Block<Float64Array>;
  readonly #passes: Block<Int32Array>;

  /** Copies the dictionary (m×n) into the arena. */
  constructor(arena: Arena, D: Matrix, settings: ActiveSetSettings) {
    const { rows, path, nonneg, maxRounds, startEntries } = settings;
    const m = padded(D.rows), n = padded(D.cols), capacity = capacityOf(D);
    const size = partRows(rows, D, path);
    this.#settings = settings;
    this.#m = D.rows;
    this.#capacity = capacity;
    this.partRows = size;
    const weights = arena.f64(n);
    const dictionary = {
      atoms: arena.f32(n * m),
      exactAtoms: arena.f64(n * m),
      panels: arena.i32((n / 8) * panelBytes(m) / 4),
      weights,
      norms: arena.f64(2),
    };
    this.#x = arena.f64(size * m);
    this.#lambdas = arena.f64(size * path);
    this.#starts = arena.i32(size + 1);
    this.#startColumns = arena.i32(startEntries);
    this.#startValues = arena.f32(startEntries);
    this.#counts = arena.i32(size * path);
    this.#columns = arena.i32(size * path * capacity);
    this.#values = arena.f32(size * path * capacity);
    this.#gaps = arena.f64(size * path);
    this.#passes = arena.i32(size * path);
    const stateBytes = run("lasso_state_bytes", m, capacity);
    const scratchBytes = run("lasso_scratch_bytes", n, m, capacity, WORK);
    this.#records = Array.from({ length: threadsFor(rows) }, () =>
      arena.record(LASSO_FIELDS, {
        n,
        m,
        capacity,
        rank: Math.min(D.rows, D.cols),
        nonneg: nonneg ? 1 : 0,
        most: maxRounds,
        ...workingSet(D.cols),
        work: WORK,
        rows: size,
        path,
        ...dictionary,
        x: this.#x,
        lambdas: this.#lambdas,
        starts: this.#starts,
        startColumns: this.#startColumns,
        startValues: this.#startValues,
        counts: this.#counts,
        columns: this.#columns,
        values: this.#values,
        gaps: this.#gaps,
        passes: this.#passes,
        states: arena.i32(WORK * stateBytes / 4),
        scratch: arena.i32(scratchBytes / 4),
      }));
    const norms = columnNorms(D).map((value, j) => value / (settings.weights?.[j] ?? 1));
    const longest = norms.reduce((most, value) => Math.max(most, value), 0);
    this.#scale = longest > 0 ? 2 ** Math.round(Math.log2(longest)) : 1;
    weights.view.fill(1);
    for (let j = 0; j < D.cols; j++) {
      weights.view[j] = this.#scale * (settings.weights?.[j] ?? 1);
    }
    const part = arena.f64(8 * n);
    for (let k = 0; k < D.rows; k += 8) {
      const height = Math.min(8, D.rows - k), view = part.view;
      for (let i = 0; i < height; i++) {
        view.set(D.data.subarray((k + i) * D.cols, (k + i + 1) * D.cols), i * n);
      }
      run("lasso_dictionary", this.#records[0], part, k, height);
    }
    run("lasso_panels", this.#records[0]);
  }

  /**
   * Solves a part of the samples.
   *
   * @param lambda The penalty of a sample (its row in X) and step of the path.
   * @param warm Codes to start from.
   */
  solve(
    X: Matrix,
    { start, end }: Part,
    lambda: (sample: number, step: number) => number,
    warm?: CsrMatrix,
  ): void {
    const { path, tol } = this.#settings, count = end - start;
    const x = this.#x.view, stride = padded(this.#m);
    for (let i = 0; i < count; i++) {
      x.set(X.data.subarray((start + i) * X.cols, (start + i + 1) * X.cols), i * stride);
    }
    const lambdas = this.#lambdas.view;
    for (let i = 0, p = 0; i < count; i++) {
      for (let step = 0; step < path; step++) {
        lambdas[p++] = lambda(start + i, step) / this.#scale;
      }
    }
    if (warm) {
      const from = warm.indptr[start], to = warm.indptr[end];
      this.#startColumns.view.set(warm.indices.subarray(from, to));
      this.#startValues.view.set(warm.data.subarray(from, to));
      const starts = this.#starts.view;
      for (let i = 0; i <= count; i++) starts[i] = warm.indptr[start + i] - from;
    }
    const threads = this.#records.length;
    runAll(
      this.#records.map((record, thread): Call[] => {
        const [first, last] = [thread, thread + 1].map((t) => Math.floor(t * count / threads));
        return [["lasso", record, first, last, tol]];
      }),
    );
  }

  /**
   * Calls `visit` for every sample of the part solved last, in order, with its codes at a step of the path: atoms
   * and values that are valid until the next call of `solve`, of which the first `count` count.
   */
  read(
    step: number,
    { start, end }: Part,
    visit: (sample: number, codes: SampleCodes) => void,
  ): void {
    const counts = this.#counts.view, gaps = this.#gaps.view, passes = this.#passes.view;
    const columns = this.#columns.view, values = this.#values.view;
    for (let i = start; i < end; i++) {
      const at = step * this.partRows + i - start, from = at * this.#capacity;
      const to = from + counts[at];
      visit(i, {
        columns: columns.subarray(from, to),
        values: values.subarray(from, to),
        gap: gaps[at],
        passes: passes[at],
      });
    }
  }
}

/** What is known of one sample at one penalty. */
export interface SampleCodes {
  /** Atoms whose codes are not 0, ascending. */
  columns: Int32Array;
  /** Their codes. */
  values: Float32Array;
  /** The duality gap over ½‖x‖². */
  gap: number;
  /** Passes over the dictionary. */
  passes: number;
}
