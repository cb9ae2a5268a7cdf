/**
 * The Lasso by an active-set method with certificates, on blocks of samples in Wasm memory:
 * kernels/lasso.ts tells the method.
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
} from "../wasm/memory.ts";
import { columnNorms, type Matrix, type Matrix32, requireNoOverflow, zeros32 } from "../matrix.ts";
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
  withGram: "number",
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
  gram: "block",
  states: "block",
  scratch: "block",
} as const;

/** Samples that go through a pass together: groups of 4, as many as keep the panels busy. */
const WORK = 24;

/** With fewer samples for each, another thread is not worth waking. */
const THREAD_ROWS = 2 * WORK;

/** Most samples of a thread between two reports of progress, and most codes that wait to be read. */
const PART_ROWS = 512, PART_CODES = 2 ** 22;

/** Checks the form of the codes that is wanted. */
export function requireOutput(output: string = "csr"): void {
  if (output !== "csr" && output !== "dense") {
    throw new RangeError(`output must be "csr" or "dense", got ${JSON.stringify(output)}`);
  }
}

/** Rows of a block of the Gram matrix. */
const GRAM_ROWS = 96;

/** What the solver is asked to do. */
export interface ActiveSetSettings {
  /** Samples. */
  rows: number;
  /** Penalties per sample. Default 1. */
  path?: number;
  /** Factor of each atom's penalty. Default 1. */
  weights?: ArrayLike<number>;
  /** Whether codes are kept at 0 or above. */
  nonneg: boolean;
  /** Most passes over the dictionary of a sample and penalty. Default: no bound. */
  maxRounds?: number;
  /** Codes to start from, or whose supports are given. */
  given?: CsrMatrix;
  /** Whether correlations are taken from a Gram matrix: for `omp`. Default false. */
  withGram?: boolean;
}

/** A part of the samples. */
export interface Part {
  /** The first of them, in all samples. */
  start: number;
  /** The one after the last. */
  end: number;
}

function threadsFor(rows: number): number {
  return Math.max(1, Math.min(threadCount(), Math.floor(rows / THREAD_ROWS)));
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

/** The Lasso, orthogonal matching pursuit, and codes on given supports, for one dictionary. */
export class ActiveSetSolver {
  readonly #m: number;
  readonly #path: number;
  readonly #given: CsrMatrix | undefined;
  readonly #capacity: number;
  readonly #rows: number;
  readonly #partRows: number;
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
    const { rows, path = 1, weights = [], nonneg, maxRounds = 2 ** 31 - 1, given } = settings;
    const { withGram = false } = settings;
    const m = padded(D.rows), n = padded(D.cols), rank = Math.min(D.rows, D.cols);
    const capacity = padded(Math.max(1, rank)), threads = threadsFor(rows);
    const own = Math.max(WORK, Math.min(PART_ROWS, Math.floor(PART_CODES / (capacity * path))));
    const size = Math.min(rows, threads * own);
    this.#m = D.rows;
    this.#path = path;
    this.#given = given;
    this.#capacity = capacity;
    this.#rows = rows;
    this.#partRows = size;
    const startEntries = given ? mostEntries(this.parts(), given) : 0;
    const dictionary = {
      atoms: arena.f32(n * m),
      exactAtoms: arena.f64(n * m),
      panels: arena.i32((n / 8) * panelBytes(m) / 4),
      weights: arena.f64(n),
      norms: arena.f64(2),
      gram: arena.f32(withGram ? n * n : 0),
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
    this.#records = Array.from({ length: threads }, () =>
      arena.record(LASSO_FIELDS, {
        n,
        m,
        capacity,
        rank,
        nonneg: nonneg ? 1 : 0,
        most: maxRounds,
        ...workingSet(D.cols),
        work: WORK,
        rows: size,
        path,
        withGram: withGram ? 1 : 0,
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
    const longest = columnNorms(D).reduce(
      (most, norm, j) => Math.max(most, norm / (weights[j] ?? 1)),
      0,
    );
    this.#scale = longest > 0 ? 2 ** Math.round(Math.log2(longest)) : 1;
    const scaled = dictionary.weights.view.fill(1);
    for (let j = 0; j < D.cols; j++) scaled[j] = this.#scale * (weights[j] ?? 1);
    const part = arena.f64(8 * n);
    for (let k = 0; k < D.rows; k += 8) {
      const height = Math.min(8, D.rows - k), view = part.view;
      for (let i = 0; i < height; i++) {
        view.set(D.data.subarray((k + i) * D.cols, (k + i + 1) * D.cols), i * n);
      }
      run("lasso_dictionary", this.#records[0], part, k, height);
    }
    run("lasso_panels", this.#records[0]);
    if (withGram) fillGram(dictionary.atoms, dictionary.gram, n, m);
  }

  /** The parts in which the samples are to be taken. */
  parts(): Part[] {
    const parts = [];
    for (let start = 0; start < this.#rows; start += this.#partRows) {
      parts.push({ start, end: Math.min(start + this.#partRows, this.#rows) });
    }
    return parts;
  }

  /**
   * Solves a part of the samples to relative gaps of at most `tol`.
   *
   * @param lambda The penalty of a sample (its row in X) and step of the path.
   */
  lasso(
    X: Matrix,
    part: Part,
    tol: number,
    lambda: (sample: number, step: number) => number,
  ): void {
    const lambdas = this.#lambdas.view;
    for (let i = part.start, p = 0; i < part.end; i++) {
      for (let step = 0; step < this.#path; step++) lambdas[p++] = lambda(i, step) / this.#scale;
    }
    this.#share(X, part, (record, first, last) => ["lasso", record, first, last, tol]);
  }

  /** Orthogonal matching pursuit for a part of the samples: up to k atoms, or until ‖r‖² ≤ tol·‖x‖². */
  omp(X: Matrix, part: Part, k: number, tol: number): void {
    // a support has no more atoms than that, whatever k is; the kernel counts up to 2k in 32 bits
    const most = Math.min(k, this.#capacity);
    this.#share(X, part, (record, first, last) => ["omp", record, first, last, most, tol]);
  }

  /** The best codes of a part of the samples on the given supports. */
  debias(X: Matrix, part: Part): void {
    this.#share(X, part, (record, first, last) => ["debias", record, first, last]);
  }

  /** Copies a part of the samples, and the codes that are given for it, and shares it among the threads. */
  #share(
    X: Matrix,
    { start, end }: Part,
    call: (record: Block<Int32Array>, first: number, last: number) => Call,
  ): void {
    const count = end - start, x = this.#x.view, stride = padded(this.#m);
    for (let i = 0; i < count; i++) {
      x.set(X.data.subarray((start + i) * X.cols, (start + i + 1) * X.cols), i * stride);
    }
    if (this.#given) {
      const { indptr, indices, data } = this.#given, from = indptr[start], to = indptr[end];
      this.#startColumns.view.set(indices.subarray(from, to));
      this.#startValues.view.set(data.subarray(from, to));
      const starts = this.#starts.view;
      for (let i = 0; i <= count; i++) starts[i] = indptr[start + i] - from;
    }
    const threads = this.#records.length;
    runAll(this.#records.map((record, thread) => {
      const [first, last] = [thread, thread + 1].map((t) => Math.floor(t * count / threads));
      return [call(record, first, last)];
    }));
  }

  /** Calls `visit` for every sample of the part solved last, in order, with its codes at a step of the path. */
  read(
    { start, end }: Part,
    visit: (sample: number, codes: SampleCodes) => void,
    step = 0,
  ): void {
    const counts = this.#counts.view, gaps = this.#gaps.view, passes = this.#passes.view;
    const columns = this.#columns.view, values = this.#values.view;
    for (let i = start; i < end; i++) {
      const at = step * this.#partRows + i - start, from = at * this.#capacity;
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

/** Gram ← atoms·atomsᵀ (n×n): the lower triangle by blocks of rows, the rest by symmetry. */
function fillGram(atoms: Block, gram: Block, n: number, m: number): void {
  for (let start = 0; start < n; start += GRAM_ROWS) {
    const rows = Math.min(GRAM_ROWS, n - start), own = gram.from(start * n);
    run("gemm_nt", rows, start + rows, m, atoms.from(start * m), m, atoms, m, own, n);
    run("transpose", rows, start, own, n, gram.from(start), n);
  }
}

/** Most entries that a part of the codes has. */
function mostEntries(parts: readonly Part[], { indptr }: CsrMatrix): number {
  return parts.reduce((most, { start, end }) => Math.max(most, indptr[end] - indptr[start]), 0);
}

/** What is known of one sample at one penalty; the arrays are valid until the next part is solved. */
export interface SampleCodes {
  /** Atoms whose codes are not 0, ascending. */
  columns: Int32Array;
  /** Their codes. */
  values: Float32Array;
  /** The duality gap over ½‖x‖²; of `omp` and `debias`, ‖r‖²/‖x‖². */
  gap: number;
  /** Passes over the dictionary. */
  passes: number;
}

/** The kind of matrix that an `output` of "csr" or "dense" asks for. */
export type CodesOf<Output extends "csr" | "dense"> = Output extends "dense" ? Matrix32 : CsrMatrix;

/** Gathers the codes of samples in order. */
export class CodesCollector<Output extends "csr" | "dense" = "csr"> {
  /** The gap of each sample: see {@linkcode SampleCodes}; ∞ where it has not been reached. */
  readonly gaps: Float64Array;
  /** The passes of each sample. */
  readonly passes: Int32Array;
  readonly #cols: number;
  readonly #indptr: Int32Array;
  readonly #dense: Matrix32 | undefined;
  #indices = new Int32Array(0);
  #data = new Float32Array(0);
  #count = 0;
  #next = 1;

  /** For samples × atoms. */
  constructor(rows: number, cols: number, output?: Output) {
    this.#cols = cols;
    this.#indptr = new Int32Array(rows + 1);
    this.gaps = new Float64Array(rows).fill(Infinity);
    this.passes = new Int32Array(rows);
    if (output === "dense") this.#dense = zeros32(rows, cols);
  }

  /**
   * Takes the next sample's codes.
   *
   * @throws {RangeError} When a code has overflowed float32.
   */
  readonly add = (sample: number, { columns, values, gap, passes }: SampleCodes): void => {
    const row = { rows: 1, cols: values.length, data: values };
    requireNoOverflow("code X", row, "scale X or D", sample);
    this.gaps[sample] = gap;
    this.passes[sample] = passes;
    if (this.#dense) {
      const start = sample * this.#cols;
      for (let p = 0; p < columns.length; p++) this.#dense.data[start + columns[p]] = values[p];
      return;
    }
    const end = this.#count + columns.length;
    if (end > this.#indices.length) this.#grow(end);
    this.#indices.set(columns, this.#count);
    this.#data.set(values, this.#count);
    this.#indptr[sample + 1] = this.#count = end;
    this.#next = sample + 2;
  };

  #grow(least: number): void {
    const length = Math.max(least, 2 * this.#indices.length, 1024);
    const indices = new Int32Array(length), data = new Float32Array(length);
    indices.set(this.#indices);
    data.set(this.#data);
    [this.#indices, this.#data] = [indices, data];
  }

  /** All codes. */
  get codes(): CodesOf<Output> {
    for (let i = this.#next; i < this.#indptr.length; i++) this.#indptr[i] = this.#count;
    const codes: CsrMatrix | Matrix32 = this.#dense ?? {
      rows: this.#indptr.length - 1,
      cols: this.#cols,
      indptr: this.#indptr,
      indices: this.#indices.slice(0, this.#count),
      data: this.#data.slice(0, this.#count),
    };
    return codes as CodesOf<Output>;
  }
}
