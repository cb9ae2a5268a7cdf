/**
 * Rounds of dictionary learning on blocks of Wasm memory: sparse codes as lists, one Gauss–Seidel sweep over
 * the atoms. What a round is worth, and in which order they come, is decided in path_dictionary.ts.
 * @module
 */
import type { CsrMatrix } from "../csr_matrix.ts";
import { type Matrix, type Matrix32, zeros32 } from "../matrix.ts";
import { groupValues, panelValues } from "./levels.ts";
import type { RoundsState } from "./path_state.ts";
import {
  type Arena,
  type Block,
  type Call,
  padded,
  run,
  runAll,
  threadCount,
} from "../wasm/memory.ts";

/** From this many atoms on, threads share the samples. */
const THREADS_FROM_ATOMS = 1000;
/** Samples of a screening product. */
const BLOCK_ROWS = 24;
/** Samples, or atoms, of one program: the same whatever the number of threads. */
const PROGRAM_ROWS = 10 * BLOCK_ROWS;
/** Atoms whose products with a block of samples are kept at a time. */
const CHUNK_ATOMS = 256;
/** Fewest dimensions of a share of a sweep: the sums of fewer would be taken in another order. */
const SWEEP_DIMENSIONS = 32;
/** Most pairs of like atoms that a search lists. */
const MOST_PAIRS = 4096;
/** Samples that are coded without an atom at a time. */
const SPARE_ROWS = 20 * BLOCK_ROWS;

/** The record of the `path_*` kernels; the class Path in kernels/path_record.ts tells what each is. */
export const PATH_FIELDS = {
  n: "number",
  m: "number",
  ldm: "number",
  capacity: "number",
  signed: "number",
  added: "number",
  atoms: "block",
  panels: "block",
  norms: "block",
  weight: "block",
  fourth: "block",
  strength: "block",
  x: "block",
  r: "block",
  count: "block",
  column: "block",
  value: "block",
  objective: "block",
  start: "block",
  row: "block",
  entry: "block",
  sum: "block",
  products: "block",
  threshold: "block",
  groups: "block",
  rows: "block",
  settled: "block",
  best: "block",
  bestColumn: "block",
  candidate: "block",
  size: "block",
} as const;

/** How samples are coded. */
export interface Coding {
  /** Weight of the penalty. */
  lambda: number;
  /** MCP's γ > 1, or 0 for λ|z|. */
  gamma: number;
  /** Share of a sample's own part in its atoms that its codes must exceed λ by. */
  leaveOut: number;
  /** Times that atoms enter. */
  passes: number;
  /** Most atoms that enter a sample's list in one pass. */
  added: number;
  /** Most sweeps of coordinate descent after each pass. */
  sweeps: number;
}

/** Most atoms that may enter in one pass of any coding. */
export const MOST_ADDED = 20;

/** Samples and their codes, as lists of `capacity`. */
class Samples {
  readonly rows: number;
  readonly x: Block;
  readonly r: Block;
  readonly count: Block<Int32Array>;
  readonly column: Block<Int32Array>;
  readonly value: Block;
  readonly objective: Block<Float64Array>;

  constructor(arena: Arena, rows: number, ldm: number, capacity: number) {
    this.rows = rows;
    const lists = Math.max(1, rows * capacity);
    this.x = arena.f32(rows * ldm);
    this.r = arena.f32((rows + BLOCK_ROWS) * ldm);
    this.count = arena.i32(rows);
    this.column = arena.i32(lists);
    this.value = arena.f32(lists);
    this.objective = arena.f64(rows);
  }
}

/** A dictionary and samples, between rounds. */
export class PathRounds {
  #n = 0;
  /** Dimensions of a sample. */
  readonly m: number;
  /** Most codes of a sample. */
  readonly capacity: number;
  /** Whether codes may be below 0. */
  readonly signed: boolean;
  readonly #samples: Samples;
  readonly #atoms: Block;
  readonly #panels: Block<Int32Array>;
  readonly #weight: Block;
  readonly #fourth: Block;
  readonly #strength: Block;
  readonly #start: Block<Int32Array>;
  readonly #order: Block<Int32Array>;
  readonly #pairs: Block<Int32Array>[];
  /** Whether the atoms are packed as they are. */
  #packed = false;
  /** Where samples are coded without an atom. */
  readonly #spare: Samples;
  readonly #spareRecord: Block<Int32Array>;
  /** One for each thread that shares the samples. */
  readonly #records: Block<Int32Array>[];

  /**
   * Copies samples (N×m, times `scale`) and the first dictionary (m×n, unit columns). There is room for `mostAtoms`,
   * at least n.
   */
  constructor(
    arena: Arena,
    X: Matrix,
    D: Matrix,
    { scale, signed, capacity, mostAtoms = D.cols }: {
      scale: number;
      signed: boolean;
      capacity: number;
      mostAtoms?: number;
    },
  ) {
    const n = mostAtoms, m = this.m = X.cols, ldm = padded(m), ldn = padded(n);
    this.capacity = capacity;
    this.signed = signed;
    this.#samples = new Samples(arena, X.rows, ldm, capacity);
    const x = this.#samples.x.view;
    for (let s = 0, p = 0; s < X.rows; s++) {
      for (let k = 0; k < m; k++, p++) x[s * ldm + k] = scale * X.data[p];
    }
    this.#atoms = arena.f32((ldn + BLOCK_ROWS) * ldm);
    this.#panels = arena.i32(panelValues(ldm, ldn));
    this.#weight = arena.f32(ldn);
    this.#fourth = arena.f32(ldn);
    this.#strength = arena.f32(ldn);
    this.#start = arena.i32(ldn + 1);
    this.#order = arena.i32(n);
    const threads = n < THREADS_FROM_ATOMS ? 1 : threadCount();
    this.#pairs = Array.from(
      { length: Math.ceil(n / PROGRAM_ROWS) },
      () => arena.i32(2 * MOST_PAIRS),
    );
    const { rows: _, ...sampleBlocks } = this.#samples;
    const shared = {
      ...{ n: ldn, m, ldm, capacity, signed: signed ? 1 : 0, added: MOST_ADDED },
      ...{ atoms: this.#atoms, panels: this.#panels },
      norms: arena.f64(2 * Math.ceil(ldn / PROGRAM_ROWS)),
      ...{ weight: this.#weight, fourth: this.#fourth, strength: this.#strength },
      ...sampleBlocks,
      ...{ start: this.#start, row: arena.i32(X.rows * capacity) },
      ...{ entry: arena.f32(X.rows * capacity), sum: arena.f32(ldm) },
    };
    const scratch = () => ({
      products: arena.f32(BLOCK_ROWS * CHUNK_ATOMS),
      threshold: arena.f32(BLOCK_ROWS * capacity),
      groups: arena.i32(groupValues(ldm, BLOCK_ROWS)),
      rows: arena.i32(10 * BLOCK_ROWS),
      settled: arena.i32(BLOCK_ROWS),
      best: arena.f32(BLOCK_ROWS * MOST_ADDED),
      bestColumn: arena.i32(MOST_ADDED),
      candidate: arena.i32(BLOCK_ROWS * ldn),
      size: arena.f32(BLOCK_ROWS * ldn),
    });
    this.#spare = new Samples(arena, Math.min(X.rows, SPARE_ROWS), ldm, capacity);
    const { rows: _rows, ...spareBlocks } = this.#spare;
    this.#spareRecord = arena.record(PATH_FIELDS, { ...shared, ...spareBlocks, ...scratch() });
    this.#records = Array.from({ length: threads }, () =>
      arena.record(PATH_FIELDS, {
        ...shared,
        ...scratch(),
      }));
    this.#strength.view.fill(1);
    this.#resize(D.cols);
    this.setDictionary(D);
  }

  /** Number of atoms. */
  get n(): number {
    return this.#n;
  }

  /** Takes another dictionary of the same shape. */
  setDictionary(D: Matrix): void {
    const ldm = padded(this.m), view = this.#atoms.view;
    for (let k = 0, p = 0; k < this.m; k++) {
      for (let j = 0; j < this.n; j++, p++) view[j * ldm + k] = D.data[p];
    }
    this.#packed = false;
  }

  /** A copy of the dictionary (m×n). */
  dictionary(): Matrix32 {
    const D = zeros32(this.m, this.n), ldm = padded(this.m), view = this.#atoms.view;
    for (let k = 0, p = 0; k < this.m; k++) {
      for (let j = 0; j < this.n; j++, p++) D.data[p] = view[j * ldm + k];
    }
    return D;
  }

  /** A copy of what the next round begins with. */
  get state(): RoundsState {
    const { capacity } = this, [counts, column, value] = this.#lists;
    const total = counts.reduce((sum, count) => sum + count, 0);
    const atoms = new Int32Array(total), values = new Float32Array(total);
    let at = 0;
    counts.forEach((count, s) => {
      atoms.set(column.subarray(s * capacity, s * capacity + count), at);
      values.set(value.subarray(s * capacity, s * capacity + count), at);
      at += count;
    });
    const strength = this.#strength.view.slice(0, this.n);
    return { dictionary: this.dictionary(), strength, counts: counts.slice(), atoms, values };
  }

  /** Goes on from a state of the same samples; one from outside must have been checked. */
  set state({ dictionary, strength, counts, atoms, values }: RoundsState) {
    const { capacity } = this, [count, column, value] = this.#lists;
    this.#resize(dictionary.cols);
    this.#atoms.view.fill(0);
    this.setDictionary(dictionary);
    this.#strength.view.set(strength);
    count.set(counts);
    let at = 0;
    counts.forEach((length, s) => {
      column.set(atoms.subarray(at, at + length), s * capacity);
      value.set(values.subarray(at, at + length), s * capacity);
      at += length;
    });
  }

  /** Counts, atoms and values of the samples' codes, as the kernels have them. */
  get #lists(): [Int32Array, Int32Array, Float32Array] {
    const { count, column, value } = this.#samples;
    return [count.view, column.view, value.view];
  }

  /** Codes all samples, starting at the codes that they have. */
  code({ lambda, gamma, leaveOut, passes, added, sweeps }: Coding): void {
    const coding = [lambda, gamma, leaveOut, passes, added, sweeps, -1] as const;
    if (added > 0) this.#pack();
    this.#share(this.#samples.rows, (record, first, count) => [
      "path_code",
      ...[record, first, count] as const,
      ...coding,
    ]);
  }

  /** Sweeps over the atoms, each in this order, then unit norms. */
  update(order: Int32Array, sweeps = 1): void {
    const [record] = this.#records, units = padded(this.m) / 8;
    this.#order.view.set(order);
    run("path_columns", record, this.#samples.rows);
    const most = Math.floor(8 * units / SWEEP_DIMENSIONS);
    const shares = Math.max(1, Math.min(this.#records.length, most));
    const from = (share: number) => 8 * Math.floor(units * share / shares);
    runAll(Array.from({ length: shares }, (_, share): Call[] => [[
      "path_sweep",
      ...[record, this.#order, order.length, sweeps] as const,
      ...[from(share), from(share + 1)] as const,
    ]]));
    this.#share(padded(this.n), (_, first, count) => ["path_normalize", record, first, count]);
    this.#packed = false;
  }

  /** Participation ratio (Σz²)² / Σz⁴ of each atom in its last update: its number of samples, were they equal. */
  participation(): Float64Array {
    const weight = this.#weight.view, fourth = this.#fourth.view;
    return Float64Array.from(
      { length: this.n },
      (_, j) => weight[j] > 0 ? weight[j] ** 2 / fourth[j] : 0,
    );
  }

  /** Σz² of each atom in its last update. */
  weights(): Float32Array {
    return this.#weight.view.slice(0, this.n);
  }

  /** Pairs of atoms whose cosine is beyond ±limit. */
  coherent(limit: number): [number, number][] {
    this.#pack();
    const counts = this.#share(this.n, (record, first, count) => [
      "path_coherent",
      ...[record, first, count, limit, this.#pairs[first / PROGRAM_ROWS], MOST_PAIRS] as const,
    ]);
    return counts.flatMap((count, program) => {
      const view = this.#pairs[program].view;
      return Array.from(
        { length: count },
        (_, p): [number, number] => [view[2 * p], view[2 * p + 1]],
      );
    });
  }

  /** Product of two atoms. */
  cosine(i: number, j: number): number {
    const ldm = padded(this.m), view = this.#atoms.view;
    let sum = 0;
    for (let k = 0; k < this.m; k++) sum += view[i * ldm + k] * view[j * ldm + k];
    return sum;
  }

  /** Gives atoms new directions (m values each, unit norm) and takes their codes away. */
  restart(atoms: ReadonlyMap<number, ArrayLike<number>>): void {
    const ldm = padded(this.m), view = this.#atoms.view;
    for (const [j, direction] of atoms) {
      view.set(direction, j * ldm);
      this.#strength.view[j] = 1;
    }
    this.drop((j) => atoms.has(j));
    this.#packed = false;
  }

  /** Adds atoms (m values each, unit norm), of which no sample has a code; there must be room for them. */
  add(directions: readonly ArrayLike<number>[]): void {
    const ldm = padded(this.m), first = this.#n;
    this.#resize(first + directions.length);
    directions.forEach((direction, i) => {
      this.#atoms.view.set(direction, (first + i) * ldm);
      this.#strength.view[first + i] = 1;
    });
    this.#packed = false;
  }

  /** A copy of what the last coding left of the samples, until the atoms are updated: samples×m. */
  residuals(): Float32Array {
    const { rows, r } = this.#samples, { m } = this, ldm = padded(m);
    const R = new Float32Array(rows * m);
    for (let s = 0; s < rows; s++) R.set(r.view.subarray(s * ldm, s * ldm + m), s * m);
    return R;
  }

  /** Takes the codes of some atoms away. */
  drop(which: (atom: number) => boolean): void {
    const flags = Uint8Array.from({ length: this.n }, (_, j) => which(j) ? 1 : 0);
    const count = this.#samples.count.view, column = this.#samples.column.view;
    const value = this.#samples.value.view;
    for (let s = 0; s < count.length; s++) {
      let kept = s * this.capacity;
      for (let p = kept, end = kept + count[s]; p < end; p++) {
        if (flags[column[p]]) continue;
        column[kept] = column[p];
        value[kept++] = value[p];
      }
      count[s] = kept - s * this.capacity;
    }
  }

  /** Gives an atom's codes to another one of the same direction. */
  merge(from: number, to: number): void {
    const { capacity } = this, [count, column, value] = this.#lists;
    for (let s = 0; s < count.length; s++) {
      const first = s * capacity, last = first + count[s] - 1;
      const own = column.subarray(first, last + 1), p = own.indexOf(from), q = own.indexOf(to);
      if (p < 0) continue;
      if (q < 0) {
        own[p] = to;
        continue;
      }
      value[first + q] += value[first + p];
      own[p] = column[last];
      value[first + p] = value[last];
      count[s]--;
    }
  }

  /** Samples that use each atom. */
  users(): Set<number>[] {
    const users = Array.from({ length: this.#n }, () => new Set<number>());
    const count = this.#samples.count.view, column = this.#samples.column.view;
    for (let s = 0; s < count.length; s++) {
      for (let p = s * this.capacity, end = p + count[s]; p < end; p++) users[column[p]].add(s);
    }
    return users;
  }

  /**
   * Does without an atom: its samples are coded anew without it, starting at their other codes.
   *
   * @param users Samples, among them all that use it.
   * @param coding With the penalty of the last coding of all samples.
   * @param keep Whether the samples keep the new codes.
   * @param most Samples that are coded at most: some of many, evenly among them, whose cost is scaled up.
   * @returns What it costs (rise of the samples' objectives), the sum of the magnitudes of its codes,
   * their participation ratio, and the sample with the largest, −1 where there is none.
   */
  without(
    atom: number,
    users: ReadonlySet<number>,
    { lambda, gamma, leaveOut, passes, added, sweeps }: Coding,
    keep: boolean,
    most = Infinity,
  ): { cost: number; size: number; participation: number; strongest: number } {
    const ldm = padded(this.m), { capacity } = this, from = this.#samples, to = this.#spare;
    const [count, column, value] = [from.count.view, from.column.view, from.value.view];
    const [count2, column2, value2] = [to.count.view, to.column.view, to.value.view];
    const [x, x2, objective, objective2] = [
      from.x.view,
      to.x.view,
      from.objective.view,
      to.objective.view,
    ];
    this.#pack();
    let cost = 0, size = 0, second = 0, fourth = 0, sizeOfPart = 0, strongest = -1, largest = 0;
    const uses = [...users].flatMap((s) => {
      const p = column.subarray(s * capacity, s * capacity + count[s]).indexOf(atom);
      if (p < 0) return [];
      const z = Math.abs(value[s * capacity + p]);
      size += z;
      second += z ** 2;
      fourth += z ** 4;
      if (z > largest) [strongest, largest] = [s, z];
      return { s, z };
    });
    const step = Math.ceil(uses.length / most);
    const own = uses.flatMap(({ s, z }, i) => {
      if (i % step > 0) return [];
      sizeOfPart += z;
      return s;
    });
    for (let start = 0; start < own.length; start += to.rows) {
      const part = own.slice(start, start + to.rows);
      part.forEach((s, i) => {
        x2.set(x.subarray(s * ldm, (s + 1) * ldm), i * ldm);
        let kept = i * capacity;
        for (let p = s * capacity, end = p + count[s]; p < end; p++) {
          if (column[p] === atom) continue;
          column2[kept] = column[p];
          value2[kept++] = value[p];
        }
        count2[i] = kept - i * capacity;
      });
      run(
        "path_code",
        ...[this.#spareRecord, 0, part.length, lambda, gamma, leaveOut] as const,
        ...[passes, added, sweeps, atom] as const,
      );
      part.forEach((s, i) => {
        cost += objective2[i] - objective[s];
        if (!keep) return;
        objective[s] = objective2[i];
        const p = s * capacity, p2 = i * capacity;
        count[s] = count2[i];
        column.set(column2.subarray(p2, p2 + count2[i]), p);
        value.set(value2.subarray(p2, p2 + count2[i]), p);
      });
    }
    if (step > 1) cost *= size / sizeOfPart;
    return { cost, size, participation: second > 0 ? second ** 2 / fourth : 0, strongest };
  }

  /** Makes an atom zero, so that it enters no list any more. */
  erase(atom: number): void {
    const ldm = padded(this.m);
    this.#atoms.view.fill(0, atom * ldm, (atom + 1) * ldm);
    if (this.#packed) run("path_unpack", this.#records[0], atom);
  }

  /** Atoms of a sample. */
  atomsOf(sample: number): Int32Array {
    const p = sample * this.capacity;
    return this.#samples.column.view.subarray(p, p + this.#samples.count.view[sample]);
  }

  /** Keeps only these atoms (ascending), in their order; codes of others are lost. */
  keep(atoms: readonly number[]): void {
    const kept = new Set(atoms), ldm = padded(this.m);
    this.drop((j) => !kept.has(j));
    const to = new Int32Array(this.#n);
    atoms.forEach((from, j) => to[from] = j);
    const count = this.#samples.count.view, column = this.#samples.column.view;
    for (let s = 0; s < count.length; s++) {
      for (let p = s * this.capacity, end = p + count[s]; p < end; p++) column[p] = to[column[p]];
    }
    const view = this.#atoms.view;
    const perAtom = [this.#weight.view, this.#fourth.view, this.#strength.view];
    atoms.forEach((from, j) => {
      view.copyWithin(j * ldm, from * ldm, (from + 1) * ldm);
      for (const values of perAtom) values[j] = values[from];
    });
    view.fill(0, atoms.length * ldm);
    this.#resize(atoms.length);
    this.#packed = false;
  }

  #resize(n: number): void {
    this.#n = n;
    for (const record of [...this.#records, this.#spareRecord]) record.view[0] = padded(n);
  }

  /** Mean over samples of ½‖x − Dz‖² + penalty in the last coding. */
  meanObjective(): number {
    let sum = 0;
    for (const value of this.#samples.objective.view) sum += value;
    return sum / this.#samples.rows;
  }

  /** Mean of the residuals' squared entries, until the atoms are updated. */
  meanSquare(): number {
    const { rows, r } = this.#samples, view = r.view, end = rows * padded(this.m);
    let sum = 0;
    for (let p = 0; p < end; p++) sum += view[p] ** 2;
    return sum / (rows * this.m);
  }

  /** Mean number of codes of a sample. */
  meanCount(): number {
    let sum = 0;
    for (const count of this.#samples.count.view) sum += count;
    return sum / this.#samples.rows;
  }

  /** The codes, times `scale`. */
  codes(scale: number): CsrMatrix {
    const { rows, count, column, value } = this.#samples;
    const [counts, columns, values] = [count.view, column.view, value.view];
    const indptr = new Int32Array(rows + 1);
    for (let s = 0; s < rows; s++) indptr[s + 1] = indptr[s] + counts[s];
    const indices = new Int32Array(indptr[rows]), data = new Float32Array(indptr[rows]);
    for (let s = 0, at = 0; s < rows; s++) {
      const from = s * this.capacity;
      const order = Array.from({ length: counts[s] }, (_, i) => from + i)
        .sort((p, q) => columns[p] - columns[q]);
      for (const p of order) {
        indices[at] = columns[p];
        data[at++] = scale * values[p];
      }
    }
    return { rows, cols: this.n, indptr, indices, data };
  }

  /** Packs the atoms, if they have changed. */
  #pack(): void {
    if (this.#packed) return;
    const [record] = this.#records;
    this.#share(padded(this.n), (_, first, count) => ["path_pack", record, first, count]);
    this.#packed = true;
  }

  /** Runs one kernel over `rows` rows, in programs that threads share; returns their results. */
  #share(
    rows: number,
    call: (record: Block<Int32Array>, first: number, count: number) => Call,
  ): number[] {
    const programs = Math.ceil(rows / PROGRAM_ROWS), threads = this.#records.length;
    const calls = Array.from({ length: programs }, (_, p): Call => {
      const first = p * PROGRAM_ROWS, count = Math.min(PROGRAM_ROWS, rows - first);
      return call(this.#records[p % threads], first, count);
    });
    // runAll gives program p to thread p % threads, and so its scratch; one scratch is for one thread
    return runAll(threads === 1 ? [calls] : calls.map((one) => [one])).flat();
  }
}
