/**
 * Softplus-Adam's steps on blocks of samples in Wasm memory. Internal to softplus_adam.ts, which
 * documents the method.
 * @module
 */
import {
  type Arena,
  type Block,
  type Call,
  padded,
  readRows,
  run,
  runAll,
  THREADS_FROM_LATENTS,
  toMatrix32,
} from "../wasm/memory.ts";
import { columnNorms, type Matrix, type Matrix32, transpose, zeros32 } from "../matrix.ts";

/** Bytes of codes, derivatives and gradients that a block of samples may take: an L2 cache. */
const BLOCK_BYTES = 2 ** 20;

/** Samples that go through a step together: a multiple of the 6 rows that the products take at once. */
function blockRows(numLatents: number): number {
  const fitting = Math.floor(BLOCK_BYTES / (3 * 4 * padded(numLatents)) / 6);
  return 6 * Math.min(Math.max(fitting, 6), 40);
}

/**
 * LossParts of a large problem's samples and atoms that threads can work on at once. Their gradients are
 * added up in order, so that the sums depend on this number, and not on that of the threads.
 */
const LARGE_PARTS = 8;

/** Samples that go through a step together. */
export interface SampleBlock {
  /** Number of samples. */
  rows: number;
  /** Observations, rows × padded(m). */
  x: Block;
  /** Pre-codes, rows × padded(n). */
  p: Block;
  /** Adam's first moment of the pre-codes. */
  m: Block;
  /** Adam's second moment. */
  v: Block;
}

/** Observations, pre-codes and Adam's moments of one split, in blocks of samples. */
export class CodedSplit {
  /** Number of samples. */
  readonly rows: number;
  /** The samples in turn. */
  readonly blocks: SampleBlock[] = [];
  /** Column sums of the codes. */
  readonly totals: Block<Float64Array>;

  /** Copies observations (samples × m) and pre-codes (samples × n). */
  constructor(arena: Arena, X: Matrix, P: Matrix) {
    this.rows = X.rows;
    this.totals = arena.f64(padded(P.cols));
    const x = arena.matrix(X), p = arena.matrix(P);
    const m = arena.f32(p.length), v = arena.f32(p.length);
    const size = blockRows(P.cols), strideX = padded(X.cols), strideP = padded(P.cols);
    for (let i = 0; i < X.rows; i += size) {
      const [offsetX, offsetP] = [i * strideX, i * strideP];
      this.blocks.push({
        rows: Math.min(size, X.rows - i),
        x: x.from(offsetX),
        p: p.from(offsetP),
        m: m.from(offsetP),
        v: v.from(offsetP),
      });
    }
  }

  /** The blocks of part `part` of `parts`. */
  share(part: number, parts: number): SampleBlock[] {
    const count = this.blocks.length;
    return this.blocks.slice(
      Math.floor(part * count / parts),
      Math.floor((part + 1) * count / parts),
    );
  }
}

/** Where a part of the samples leaves its work: for one block, and sums over its blocks. */
class Workspace {
  readonly codes: Block;
  readonly slopes: Block;
  readonly gradients: Block;
  readonly residuals: Block;
  readonly sums: Block;
  /** Column sums of the codes. */
  readonly totals: Block<Float64Array>;
  /** Gradient for the atoms, without its factor. */
  readonly atoms: Block;

  constructor(arena: Arena, m: number, n: number) {
    const size = blockRows(n);
    this.codes = arena.f32(size * padded(n));
    this.slopes = arena.f32(size * padded(n));
    this.gradients = arena.f32(size * padded(n));
    this.residuals = arena.f32(size * padded(m));
    this.sums = arena.f32(padded(n));
    this.totals = arena.f64(padded(n));
    this.atoms = arena.f32(n * padded(m));
  }
}

/** The scalars of an Adam step. */
export interface AdamScalars {
  /** lr / (1 − β₁ᵗ) */
  step: number;
  /** 1 / √(1 − β₂ᵗ) */
  root: number;
}

/**
 * The two parts of a split's loss: mean squared reconstruction error, and the mean over all codes of |code|·‖atom‖.
 * An array: of objects with two numbers the engine has been seen to give the first one those of the second, in one run of
 * a hundred on a busy machine, while it compiled what made them.
 */
export type LossParts = Float64Array;

/** The dictionary with its moments. */
export class SoftplusAdamModel {
  readonly #m: number;
  readonly #n: number;
  readonly #lambda: number;
  readonly #rectify: number;
  /** The dictionary twice: with atoms as rows (n × padded(m)), and as columns (m × padded(n)). */
  readonly #atoms: Block;
  readonly #dictionary: Block;
  readonly #norms: Block;
  readonly #atomsM: Block;
  readonly #atomsV: Block;
  readonly #parts: Workspace[];

  /**
   * Copies the dictionary and allocates for the steps of a split.
   *
   * @param learned The split whose gradients move the atoms.
   * @param loss `lambda`: weight of the penalty; `rectify`: ReLU in place of softplus.
   */
  constructor(
    arena: Arena,
    D: Matrix,
    learned: CodedSplit,
    { lambda, rectify }: { lambda: number; rectify: boolean },
  ) {
    const m = D.rows, n = D.cols;
    const partCount = n < THREADS_FROM_LATENTS ? 1 : Math.min(LARGE_PARTS, learned.blocks.length);
    this.#m = m;
    this.#n = n;
    this.#lambda = lambda;
    this.#rectify = Number(rectify);
    this.#atoms = arena.matrix(transpose(D));
    this.#dictionary = arena.matrix(D);
    this.#norms = arena.matrix({ rows: 1, cols: n, data: columnNorms(D) });
    this.#atomsM = arena.f32(this.#atoms.length);
    this.#atomsV = arena.f32(this.#atoms.length);
    this.#parts = Array.from({ length: partCount }, () => new Workspace(arena, m, n));
  }

  /**
   * One Adam step of a split's pre-codes; where `learn` is set, its gradient for the atoms is left in
   * the parts' workspaces. Returns the two parts of the loss before the step.
   */
  stepCodes(split: CodedSplit, adam: AdamScalars, learn: boolean): LossParts {
    const m = this.#m, n = this.#n;
    const results = runAll(this.#parts.map((workspace, part) => {
      workspace.totals.view.fill(0);
      return split.share(part, this.#parts.length).flatMap((block, index) =>
        this.#blockStep(split, block, workspace, adam, learn ? index : undefined)
      );
    }));
    // only the kernel that makes residuals returns a number
    let squares = 0;
    for (const value of results.flat()) squares += value ?? 0;
    const totals = split.totals.view.fill(0), norms = this.#norms.view;
    for (const workspace of this.#parts) {
      const part = workspace.totals.view;
      for (let j = 0; j < n; j++) totals[j] += part[j];
    }
    let weighted = 0;
    for (let j = 0; j < n; j++) weighted += totals[j] * norms[j];
    return Float64Array.of(squares / (split.rows * m), weighted / (split.rows * n));
  }

  /**
   * The kernels of a step for one block of samples. `index` is its place in its part, whose first
   * block begins the sums; without it the atoms get no gradient.
   */
  #blockStep(
    split: CodedSplit,
    { rows, x, p, m: moment, v }: SampleBlock,
    { codes: Z, slopes: S, gradients: G, residuals: R, sums, totals, atoms }: Workspace,
    { step, root }: AdamScalars,
    index: number | undefined,
  ): Call[] {
    const m = this.#m, n = this.#n, dm = padded(m), dn = padded(n);
    const scale = 2 / (split.rows * m), penalty = this.#lambda / (split.rows * n);
    const learn: Call[] = index === undefined
      ? []
      : [[index === 0 ? "gemm_tn" : "gemm_tn_add", n, dm, rows, Z, dn, R, dm, atoms, dm]];
    return [
      ["codes_forward", rows, dn, p, Z, S, totals, sums, this.#rectify],
      ["gemm_nn", rows, dm, n, Z, dn, this.#atoms, dm, R, dm],
      ["residual", rows, dm, R, x],
      ...learn,
      ["gemm_nn", rows, dn, m, R, dm, this.#dictionary, dn, G, dn],
      ["codes_adam", rows, dn, p, moment, v, G, S, this.#norms, scale, penalty, step, root],
    ];
  }

  /** One Adam step of the atoms, along the gradient that the split's pre-codes left. */
  stepAtoms(split: CodedSplit, { step, root }: AdamScalars): void {
    const m = this.#m, n = this.#n, dm = padded(m), dn = padded(n);
    const scale = 2 / (split.rows * m), penalty = this.#lambda / (split.rows * n);
    const count = this.#parts.length, [{ atoms: gradient }, ...others] = this.#parts;
    runAll(this.#parts.map((_, part): Call[] => {
      const from = Math.floor(part * n / count), rows = Math.floor((part + 1) * n / count) - from;
      const at = from * dm, length = rows * dm;
      const sums = others.map(({ atoms }): Call => {
        return ["axpy", length, 1, atoms.from(at, length), gradient.from(at, length)];
      });
      const [d, moment, v] = [this.#atoms, this.#atomsM, this.#atomsV].map((block) =>
        block.from(at, length)
      );
      const g = gradient.from(at, length), norms = this.#norms.from(from);
      const totals = split.totals.from(from);
      return [
        ...sums,
        ["atoms_adam", rows, dm, d, moment, v, g, norms, totals, scale, penalty, step, root],
        ["transpose", rows, m, d, dm, this.#dictionary.from(from), dn],
      ];
    }));
  }

  /** The codes of a split. */
  codes(split: CodedSplit): Matrix32 {
    const codes = zeros32(split.rows, this.#n), dn = padded(this.#n);
    const [{ codes: Z, slopes: S, totals, sums }] = this.#parts;
    let start = 0;
    for (const { rows, p } of split.blocks) {
      run("codes_forward", rows, dn, p, Z, S, totals, sums, this.#rectify);
      readRows(Z, codes, start, start += rows);
    }
    return codes;
  }

  /** A copy of the dictionary, m × n. */
  get dictionary(): Matrix32 {
    return toMatrix32(this.#dictionary, this.#m, this.#n);
  }
}
