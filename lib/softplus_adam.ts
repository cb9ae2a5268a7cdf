/**
 * Softplus-Adam: dictionary learning by gradient descent on unconstrained pre-codes.
 * @module
 */
import { AdaptiveRate } from "./adaptive_rate.ts";
import { requireFunction, requireInteger, requireOptions, requirePositive } from "./checks.ts";
import {
  Arena,
  type Block,
  type Call,
  padded,
  readRows,
  run,
  runAll,
  THREADS_FROM_LATENTS,
  toMatrix32,
} from "./wasm/memory.ts";
import {
  columnNorms,
  type Matrix,
  type Matrix32,
  normalizeColumns,
  requireMatrix,
  transpose,
  zeros32,
} from "./matrix.ts";
import { TorchGenerator } from "./random.ts";

/** State of the optimisation at one step, before the step's update. */
export interface SoftplusAdamEntry {
  /** Step, from 0. */
  step: number;
  /** mseId + mseOod + λ·(l1Id + l1Ood). */
  loss: number;
  /** Mean squared reconstruction error on the ID observations. */
  mseId: number;
  /** Mean squared reconstruction error on the OOD observations. */
  mseOod: number;
  /** Mean over all ID codes of |code|·‖atom‖. */
  l1Id: number;
  /** Mean over all OOD codes of |code|·‖atom‖. */
  l1Ood: number;
  /** Learning rate that the step's loss leads to: the rate of the next step. */
  lr: number;
}

/** Options of {@linkcode softplusAdam}. */
export interface SoftplusAdamOptions {
  /** Number of atoms, n. */
  numLatents: number;
  /** Weight of the penalty, λ > 0. */
  lambda: number;
  /** Largest number of steps. Default 50,000. */
  maxSteps?: number;
  /** Learning rate of the first step. Default 1e-3. */
  lr?: number;
  /** From pre-codes to codes. Default "softplus"; with "relu" the drawn start never moves. */
  nonlinearity?: "softplus" | "relu";
  /** Seed of the dictionary and the pre-codes that are not given. Default 0. */
  seed?: number;
  /** Initial dictionary, m × n, used as it is. Default: normal columns of unit norm. */
  dInit?: Matrix;
  /** Keeps `dInit` as it is and learns only the codes. Default false. */
  fixedDictionary?: boolean;
  /** Initial pre-codes, samples × n each. Default: normal with mean −10. */
  preInit?: { id: Matrix; ood: Matrix };
  /** The history has an entry for every so many steps, and the last. Default 50; 0: the last alone. */
  historyEvery?: number;
  /** Called at every step. */
  onStep?: (entry: SoftplusAdamEntry) => void;
}

/** What {@linkcode softplusAdam} returns. */
export interface SoftplusAdamResult {
  /** ID codes, samples × n. */
  codesId: Matrix32;
  /** OOD codes, samples × n. */
  codesOod: Matrix32;
  /** Dictionary, m × n. Its columns are not of unit norm. */
  dictionary: Matrix32;
  /** Every `historyEvery`-th step and the last one. */
  history: SoftplusAdamEntry[];
}

/** An improvement of the loss smaller than this does not put off the early stop. */
const TOLERANCE = 1e-6;
/** Steps without an improvement before the early stop … */
const PATIENCE = 5000;
/** … which comes after this step at the earliest. */
const MIN_STEPS = 10_000;

/** Bytes of codes, derivatives and gradients that a block of samples may take: an L2 cache. */
const BLOCK_BYTES = 2 ** 20;

/** Samples that go through a step together: a multiple of the 6 rows that the products take at once. */
function blockRows(numLatents: number): number {
  const fitting = Math.floor(BLOCK_BYTES / (3 * 4 * padded(numLatents)) / 6);
  return 6 * Math.min(Math.max(fitting, 6), 40);
}

/**
 * Parts of a large problem's samples and atoms that threads can work on at once. Their gradients are
 * added up in order, so that the sums depend on this number, and not on that of the threads.
 */
const LARGE_PARTS = 8;

/** Samples that go through a step together. */
interface SampleBlock {
  rows: number;
  x: Block;
  p: Block;
  m: Block;
  v: Block;
}

/** Observations, pre-codes and Adam's moments of one split, in blocks of samples. */
class Split {
  readonly rows: number;
  readonly blocks: SampleBlock[] = [];
  /** Column sums of the codes. */
  readonly totals: Block<Float64Array>;

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
interface AdamScalars {
  /** lr / (1 − β₁ᵗ) */
  step: number;
  /** 1 / √(1 − β₂ᵗ) */
  root: number;
}

/** The two parts of a split's loss. */
interface Parts {
  mse: number;
  l1: number;
}

/** The dictionary with its moments. */
class Model {
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

  /** Allocates for a dictionary, and for a work that has `partCount` parts. */
  constructor(arena: Arena, D: Matrix, lambda: number, rectify: boolean, partCount: number) {
    const m = D.rows, n = D.cols;
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
  stepCodes(split: Split, adam: AdamScalars, learn: boolean): Parts {
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
    return { mse: squares / (split.rows * m), l1: weighted / (split.rows * n) };
  }

  /**
   * The kernels of a step for one block of samples. `index` is its place in its part, whose first
   * block begins the sums; without it the atoms get no gradient.
   */
  #blockStep(
    split: Split,
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
      [
        ...["codes_adam", rows, dn, p, moment, v, G, S, this.#norms] as const,
        ...[scale, penalty, step, root] as const,
      ],
    ];
  }

  /** One Adam step of the atoms, along the gradient that the split's pre-codes left. */
  stepAtoms(split: Split, { step, root }: AdamScalars): void {
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
      return [
        ...sums,
        [
          ...["atoms_adam", rows, dm, d, moment, v, gradient.from(at, length)] as const,
          ...[this.#norms.from(from), split.totals.from(from)] as const,
          ...[scale, penalty, step, root] as const,
        ],
        ["transpose", rows, m, d, dm, this.#dictionary.from(from), dn],
      ];
    }));
  }

  /** The codes of a split. */
  codes(split: Split): Matrix32 {
    const codes = zeros32(split.rows, this.#n), dn = padded(this.#n);
    const [{ codes: Z, slopes: S, totals, sums }] = this.#parts;
    let start = 0;
    for (const { rows, p } of split.blocks) {
      run("codes_forward", rows, dn, p, Z, S, totals, sums, this.#rectify);
      readRows(Z, codes, start, start += rows);
    }
    return codes;
  }

  get dictionary(): Matrix32 {
    return toMatrix32(this.#dictionary, this.#m, this.#n);
  }
}

function drawnNormal(
  generator: TorchGenerator,
  rows: number,
  cols: number,
  mean: number,
): Matrix32 {
  const data = generator.randn(rows * cols);
  for (let p = 0; p < data.length; p++) data[p] += mean;
  return { rows, cols, data };
}

/**
 * Learns codes and dictionary together by Adam: the codes are Z = softplus(P) of free pre-codes P.
 * The loss, in float32, is
 * mean (X − ZDᵀ)² over ID + the same over OOD + λ·(mean z_ij‖d_j‖ over ID + the same over OOD),
 * where the OOD terms see the dictionary as a constant. The rate follows {@linkcode AdaptiveRate};
 * the run ends early after 5000 steps without an improvement by 1e-6, once past step 10,000
 * ("Stop Probing, Start Coding", arXiv 2603.28744, Softplus-Adam).
 *
 * @param XId ID observations, samples × m.
 * @param XOod OOD observations, samples × m.
 * @returns Codes and dictionary after the last step, and the history.
 * @throws {TypeError} When an argument is of the wrong kind.
 * @throws {RangeError} When shapes do not fit together, a value is not finite, λ or lr is not above 0,
 * or a count is no integer of at least 1.
 * @throws {Error} When the loss stops being finite: the rate has grown too large.
 *
 * @example
 * ```ts
 * import { softplusAdam } from "./softplus_adam.ts";
 * import { generateDatasets } from "./data.ts";
 * const { val, ood } = generateDatasets({ seed: 0, numLatents: 20, k: 3, nSamples: 100 });
 * const { codesId, dictionary } = softplusAdam(val.Y, ood.Y, {
 *   numLatents: 20,
 *   lambda: 0.1,
 *   maxSteps: 100,
 * });
 * ```
 */
export function softplusAdam(
  XId: Matrix,
  XOod: Matrix,
  options: SoftplusAdamOptions,
): SoftplusAdamResult {
  requireOptions("options", options);
  const { numLatents, lambda, maxSteps = 50_000, lr = 1e-3, nonlinearity = "softplus" } = options;
  const { seed = 0, dInit, fixedDictionary = false, preInit, historyEvery = 50, onStep } = options;
  requireMatrix("XId", XId);
  requireMatrix("XOod", XOod, { cols: XId.cols });
  requireInteger("XId.rows", XId.rows, 1);
  requireInteger("XId.cols", XId.cols, 1);
  requireInteger("XOod.rows", XOod.rows, 1);
  requireInteger("numLatents", numLatents, 1);
  requirePositive("lambda", lambda);
  requireInteger("maxSteps", maxSteps, 1);
  requireInteger("historyEvery", historyEvery, 0);
  if (onStep !== undefined) requireFunction("onStep", onStep);
  if (nonlinearity !== "softplus" && nonlinearity !== "relu") {
    throw new RangeError(`nonlinearity must be "softplus" or "relu", got ${nonlinearity}`);
  }
  if (dInit) requireMatrix("dInit", dInit, { rows: XId.cols, cols: numLatents });
  else if (fixedDictionary) {
    throw new TypeError("Cannot keep the dictionary fixed: fixedDictionary needs dInit, got none");
  }
  if (preInit) {
    requireMatrix("preInit.id", preInit.id, { rows: XId.rows, cols: numLatents });
    requireMatrix("preInit.ood", preInit.ood, { rows: XOod.rows, cols: numLatents });
  }

  const rate = new AdaptiveRate(lr);
  const generator = new TorchGenerator(seed);
  const D = dInit ?? normalizeColumns(drawnNormal(generator, XId.cols, numLatents, 0));
  const PId = preInit?.id ?? drawnNormal(generator, XId.rows, numLatents, -10);
  const POod = preInit?.ood ?? drawnNormal(generator, XOod.rows, numLatents, -10);

  using arena = new Arena();
  const id = new Split(arena, XId, PId), ood = new Split(arena, XOod, POod);
  const partCount = numLatents < THREADS_FROM_LATENTS ? 1 : Math.min(LARGE_PARTS, id.blocks.length);
  const model = new Model(arena, D, lambda, nonlinearity === "relu", partCount);
  const history: SoftplusAdamEntry[] = [];
  const { fround } = Math;
  // ReLU of pre-codes that are all negative or 0: every gradient is 0, and no step moves anything
  const still = nonlinearity === "relu" && [PId, POod].every((P) => P.data.every((p) => p <= 0));
  let best = Infinity, stale = 0, parts: Parts[] | undefined;
  for (let step = 0; step < maxSteps; step++) {
    const adam: AdamScalars = {
      step: rate.rate / (1 - 0.9 ** (step + 1)),
      root: 1 / Math.sqrt(1 - 0.999 ** (step + 1)),
    };
    if (!parts || !still) {
      parts = [model.stepCodes(id, adam, !fixedDictionary), model.stepCodes(ood, adam, false)];
      if (!fixedDictionary) model.stepAtoms(id, adam);
    }

    // Rounded like the reference's: the rate depends on which of two nearly equal losses is the less
    const [mseId, mseOod] = parts.map(({ mse }) => fround(mse));
    const [l1Id, l1Ood] = parts.map(({ l1 }) => fround(l1));
    const loss = fround(fround(mseId + mseOod) + fround(lambda * fround(l1Id + l1Ood)));
    if (!Number.isFinite(loss)) {
      throw new Error(
        `Cannot go on with Softplus-Adam: the loss must be finite, got ${loss} at step ${step} with ` +
          `the learning rate ${rate.rate}`,
      );
    }
    const entry = { step, loss, mseId, mseOod, l1Id, l1Ood, lr: rate.step(loss) };
    stale = loss < best - TOLERANCE ? 0 : stale + 1;
    if (stale === 0) best = loss;
    const last = step === maxSteps - 1 || (step > MIN_STEPS && stale >= PATIENCE);
    if (last || step % historyEvery === 0) history.push(entry);
    onStep?.(entry);
    if (last) break;
  }
  return {
    codesId: model.codes(id),
    codesOod: model.codes(ood),
    dictionary: model.dictionary,
    history,
  };
}
